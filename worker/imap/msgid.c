/*
 * Message-IDs (msgid.h). RFC 5256: <"a"@b> is <a@b>. What stands around them,
 * as in "your message of Monday <a@b>", is passed over; blanks and folds inside
 * are what broken mailers make of long ones, and are left out.
 */
#include "worker/imap/msgid.h"

#include <string.h>

static bool take_id(struct buf *, const char *, size_t, size_t *);
static void take_quoted(struct buf *, const char *, size_t, size_t *);

bool
msgid_next(struct buf *b, const char *value, size_t n, size_t *at)
{
	const char *p;
	size_t start = b->n;

	while (*at < n) {
		p = memchr(value + *at, '<', n - *at);
		if (p == NULL)
			break;
		*at = (size_t)(p - value) + 1;
		if (take_id(b, value, n, at))
			return true;
		b->n = start;
	}
	*at = n;
	return false;
}

/*
 * After the "<". msg-id = id-left "@" id-right. At a second "<" it stops in
 * front of it, for that may begin a better one.
 */
static bool
take_id(struct buf *b, const char *v, size_t n, size_t *at)
{
	size_t start = b->n, sign = 0;

	while (*at < n && v[*at] != '<') {
		char c = v[(*at)++];

		switch (c) {
		case '>':
			return sign > start + 1 && b->n > sign;
		case '"':
			take_quoted(b, v, n, at);
			break;
		case ' ':
		case '\t':
		case '\r':
		case '\n':
			break;
		case '@':
			buf_char(b, c);
			sign = b->n;
			break;
		default:
			buf_char(b, c);
			break;
		}
	}
	return false;
}

/* After the first quote: up to and with the last. */
static void
take_quoted(struct buf *b, const char *v, size_t n, size_t *at)
{
	while (*at < n && v[*at] != '"') {
		if (v[*at] == '\\' && *at + 1 < n)
			++*at;
		if (v[*at] != '\r' && v[*at] != '\n')
			buf_char(b, v[*at]);
		++*at;
	}
	if (*at < n)
		++*at;
}
