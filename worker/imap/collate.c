/*
 * RFC 5051 section 2: each character becomes its titlecase, and that is
 * decomposed (compatibility included) as far as it goes.
 */
#include "worker/imap/collate.h"

#include <utf8proc.h>

#define PIECES 32 /* one character becomes 18 at most */

static void put_wide(struct buf *, utf8proc_int32_t);

void
collate_put(struct buf *b, const char *p, size_t n)
{
	const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)p, *end;
	utf8proc_int32_t c;
	utf8proc_ssize_t len;

	if (n == 0) /* p may be NULL */
		return;
	end = at + n;
	while (at < end) {
		if (*at < 0x80) {
			buf_char(b,
			    (char)(*at >= 'a' && *at <= 'z' ? *at - 32 : *at));
			at++;
			continue;
		}
		len = utf8proc_iterate(at, end - at, &c);
		if (len <= 0) {
			buf_char(b, (char)*at);
			at++;
			continue;
		}
		put_wide(b, utf8proc_totitle(c));
		at += len;
	}
}

static void
put_wide(struct buf *b, utf8proc_int32_t c)
{
	utf8proc_int32_t pieces[PIECES];
	utf8proc_uint8_t bytes[4];
	utf8proc_ssize_t i, n;
	int boundary = 0;

	n = utf8proc_decompose_char(c, pieces, PIECES,
	    (utf8proc_option_t)(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT),
	    &boundary);
	if (n < 0 || n > PIECES) {
		pieces[0] = c;
		n = 1;
	}
	for (i = 0; i < n; i++)
		buf_bytes(
		    b, bytes, (size_t)utf8proc_encode_char(pieces[i], bytes));
}
