/*
 * A growing buffer of bytes for the wire. Running out of memory or past its
 * ceiling makes it fail for good: appends do nothing, the caller asks once.
 */
#ifndef IMAP_BUF_H
#define IMAP_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char *p; /* owned */
	size_t n, room, max;
	bool failed;
};

/* An empty one that may grow to max bytes. */
void buf_init(struct buf *, size_t max);
void buf_done(struct buf *);
/*
 * Takes the memory for n bytes more, or up to the ceiling: appending them
 * cannot fail for want of it. false: there is none, and it has failed.
 */
bool buf_reserve(struct buf *, size_t n);
/* Empties it, keeps its memory, forgets a failure. */
void buf_clear(struct buf *);
void buf_bytes(struct buf *, const void *, size_t);
void buf_str(struct buf *, const char *);
void buf_char(struct buf *, char);
void buf_num(struct buf *, uint64_t);
void buf_printf(struct buf *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/*
 * RFC 3501 "string": quoted if it can be, else a literal; "nstring": NIL for
 * p == NULL; "astring": an atom if it can be. utf8: the client enabled
 * UTF8=ACCEPT, so 8-bit bytes may stand in a quoted string.
 */
void buf_string(struct buf *, const char *p, size_t n, bool utf8);
void buf_nstring(struct buf *, const char *p, size_t n, bool utf8);
void buf_astring(struct buf *, const char *p, size_t n, bool utf8);

#endif
