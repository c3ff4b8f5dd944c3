/*
 * Charsets to UTF-8 by iconv. The converters stay open in a small table, and so
 * does the knowledge that a name is unknown: mail names the same few again and
 * again. Private to text.
 */
#ifndef IMAP_TEXT_CHARSET_H
#define IMAP_TEXT_CHARSET_H

#include <stdbool.h>
#include <stddef.h>

#include "maildir/mime.h"
#include "worker/imap/buf.h"

struct text_charset;

/*
 * Loads what mail mostly uses, so that a process forked from this one finds it
 * without loading code: every charset of one byte, the common ones of more.
 */
void text_charset_warm(void);
/* By name, no case; "" is UTF-8. NULL: unknown. Valid until the next call. */
struct text_charset *text_charset_find(const char *name, size_t n);
/*
 * That of a part, RFC 2045 5. NULL: nothing is to be converted, it is UTF-8, or
 * unknown, of which ASCII at least can be read.
 */
struct text_charset *text_charset_of(const struct mime_part *);
/* Its bytes are UTF-8 (or ASCII) as they are. */
bool text_charset_is_utf8(const struct text_charset *);
/* A new text begins. */
void text_charset_begin(struct text_charset *);
struct text_input {
	const char *p;
	size_t n;
	bool last; /* nothing comes behind it */
};
/*
 * Converts in and appends it; moves in past what was taken: a character that is
 * not complete waits for more, unless last. What is no character becomes
 * U+FFFD; the number of those is returned. Not for is_utf8.
 */
size_t text_charset_run(
    struct text_charset *, struct buf *, struct text_input *in);

#endif
