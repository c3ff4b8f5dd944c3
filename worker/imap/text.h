/*
 * Text as people search it: encoded words (RFC 2047), charsets (iconv),
 * transfer encodings undone, and Unicode case folding (utf8proc, NFKC
 * casefold), so that "strasse" finds "Straße". Substrings, RFC 3501 6.4.4.
 */
#ifndef IMAP_TEXT_H
#define IMAP_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "maildir/mime.h"
#include "worker/imap/arena.h"
#include "worker/imap/buf.h"

struct text_needle {
	const char *p; /* folded UTF-8, in the arena */
	size_t n;      /* 0 matches everything that is there */
};

/* 1: a charset that SEARCH can take, 0: not. */
int text_charset_known(const char *charset);
/*
 * The search string in[n] in a charset ("": US-ASCII or UTF-8). 0; -1: cannot
 * be converted.
 */
int text_needle(struct arena *, const char *charset, const char *in, size_t n,
    struct text_needle *out);
/* Decodes a raw header value to UTF-8 (unfolded, encoded words undone). */
void text_header_decode(struct buf *, const char *value, size_t n);
/* Folds UTF-8 (bad bytes become U+FFFD) and appends it. */
void text_fold(struct buf *, const char *p, size_t n);
/* Whether a raw header value contains the needle, decoded and folded. */
bool text_header_has(const char *value, size_t n, const struct text_needle *);
/*
 * The same for a field. Addresses (From, Sender, Reply-To, To, Cc, Bcc) match
 * as the envelope shows them too, without comments and blanks inside.
 */
bool text_field_has(const struct mime_text *name, const struct mime_text *value,
    const struct text_needle *);
/*
 * Appends each form in which a field is searched, folded: the value, and each
 * address as the envelope shows it. A form is its length, a size_t as the
 * machine has it, and its bytes.
 */
void text_field_forms(
    struct buf *, const struct mime_text *name, const struct mime_text *value);
/*
 * Whether the message has it: in the header fields (all of them and of its
 * parts) if headers, and in the decoded text parts. BODY: headers false.
 * interrupted(arg) is asked now and then; true gives up with false.
 */
bool text_message_has(const char *msg, const struct mime *, bool headers,
    const struct text_needle *, bool (*interrupted)(void *), void *arg);
/* RFC 5322 date of a raw Date: value, as UTC seconds; false: none. */
bool text_date(const char *value, size_t n, long long *utc, int *zone_minutes);

#endif
