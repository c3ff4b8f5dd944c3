/*
 * The header of one part: which of its fields matter to MIME, their tokens and
 * parameters. Private to mime. RFC 2045 5.1, 6.1, 2183, 3282, 2557, 1864.
 */
#ifndef MAILDIR_MIME_HEADER_H
#define MAILDIR_MIME_HEADER_H

#include "maildir/mime.h"

/* Memory of one tree: given back all at once. */
struct mime_pool {
	struct mime_block *blocks; /* newest first */
	char *p;
	size_t room;
	bool failed; /* for good: ENOMEM */
};

/* Begins with p[n], aligned for pointers, which the caller owns. */
void mime_pool_init(struct mime_pool *, char *p, size_t n);
void mime_pool_done(struct mime_pool *);
/* n zeroed bytes. NULL: ENOMEM, remembered. */
void *mime_pool_alloc(struct mime_pool *, size_t n);

/*
 * Fills in what the header hdr[n] says about the part: type (a default where
 * it says nothing that can be understood; digest makes it message/rfc822),
 * parameters, encoding and the rest.
 */
void mime_header_read(struct mime_pool *, const char *hdr, size_t n,
    bool digest, struct mime_part *);
/* Makes it another type, without parameters. Both strings are constants. */
void mime_header_retype(
    struct mime_part *, const char *type, const char *subtype);
/* No case. */
bool mime_text_is(const struct mime_text *, const char *word);

#endif
