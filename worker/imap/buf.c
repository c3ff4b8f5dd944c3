/*
 * A growing buffer of bytes for the wire (buf.h). It doubles, so a long answer
 * costs linear time, and it never passes its ceiling: a failed buffer keeps
 * what it held and takes nothing more. Strings: RFC 3501 section 9, RFC 6855.
 */
#include "worker/imap/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "worker/imap/utf7.h"

#define BUF_ROOM_MIN   256
#define BUF_QUOTED_MAX 1024 /* longer strings go as literals */

static inline bool has_room(struct buf *, size_t);
static bool buf_grow(struct buf *, size_t);
static bool quotable(const char *, size_t, bool, bool *);
static bool is_atom(const char *, size_t);
static bool is_atom_char(unsigned char);
static void put_quoted(struct buf *, const char *, size_t, bool);
static void put_literal(struct buf *, const char *, size_t);

void
buf_init(struct buf *b, size_t max)
{
	memset(b, 0, sizeof(*b));
	b->max = max;
}

void
buf_done(struct buf *b)
{
	free(b->p);
	buf_init(b, b->max);
}

bool
buf_reserve(struct buf *b, size_t n)
{
	size_t most = b->max - b->n;

	return has_room(b, n < most ? n : most);
}

void
buf_clear(struct buf *b)
{
	b->n = 0;
	b->failed = false;
}

void
buf_bytes(struct buf *b, const void *p, size_t n)
{
	if (n == 0 || !has_room(b, n))
		return;
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

void
buf_str(struct buf *b, const char *s)
{
	buf_bytes(b, s, strlen(s));
}

void
buf_char(struct buf *b, char c)
{
	if (!has_room(b, 1))
		return;
	b->p[b->n++] = c;
}

void
buf_num(struct buf *b, uint64_t v)
{
	char s[20];
	size_t i;

	i = sizeof(s);
	do {
		s[--i] = (char)('0' + v % 10);
		v /= 10;
	} while (v != 0);
	buf_bytes(b, s + i, sizeof(s) - i);
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	/* One byte more: vsnprintf ends the string. */
	if (n < 0 || !has_room(b, (size_t)n)) {
		b->failed = true;
		return;
	}
	va_start(ap, fmt);
	(void)vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
}

void
buf_string(struct buf *b, const char *p, size_t n, bool utf8)
{
	bool pairs;

	if (quotable(p, n, utf8, &pairs))
		put_quoted(b, p, n, pairs);
	else
		put_literal(b, p, n);
}

void
buf_nstring(struct buf *b, const char *p, size_t n, bool utf8)
{
	if (p == NULL)
		buf_str(b, "NIL");
	else
		buf_string(b, p, n, utf8);
}

void
buf_astring(struct buf *b, const char *p, size_t n, bool utf8)
{
	if (is_atom(p, n))
		buf_bytes(b, p, n);
	else
		buf_string(b, p, n, utf8);
}

/* For n bytes and a terminator that only buf_printf writes. */
static inline bool
has_room(struct buf *b, size_t n)
{
	if (!b->failed && b->room - b->n > n)
		return true;
	return buf_grow(b, n);
}

static bool
buf_grow(struct buf *b, size_t n)
{
	size_t room;
	char *p;

	if (b->failed)
		return false;
	if (n > b->max - b->n) {
		b->failed = true;
		return false;
	}
	room = b->room < BUF_ROOM_MIN ? BUF_ROOM_MIN : b->room;
	while (room - b->n <= n && room <= SIZE_MAX / 2)
		room *= 2;
	/* So that who has room is below the ceiling. */
	if (room > b->max)
		room = b->max + 1;
	if (room - b->n <= n || (p = realloc(b->p, room)) == NULL) {
		b->failed = true;
		return false;
	}
	b->p = p;
	b->room = room;
	return true;
}

/*
 * Whether it can be a quoted string, and whether with pairs in it. 8-bit bytes
 * must be UTF-8 (RFC 6855 section 3). Each byte of an ENVELOPE comes here.
 */
static bool
quotable(const char *p, size_t n, bool utf8, bool *pairs)
{
	bool eight = false;
	size_t i;

	*pairs = false;
	if (n > BUF_QUOTED_MAX)
		return false;
	for (i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if ((c > '"' && c < 0x80 && c != '\\') || c == ' ')
			continue;
		if (c == '\0' || c == '\r' || c == '\n')
			return false;
		eight |= c >= 0x80;
		*pairs |= c == '"' || c == '\\';
	}
	return !eight || (utf8 && utf8_valid(p, n));
}

/* NIL would be read as the nstring NIL by clients that guess. */
static bool
is_atom(const char *p, size_t n)
{
	size_t i;

	if (n == 0 || n > BUF_QUOTED_MAX ||
	    (n == 3 && strncasecmp(p, "NIL", 3) == 0))
		return false;
	for (i = 0; i < n; i++)
		if (!is_atom_char((unsigned char)p[i]))
			return false;
	return true;
}

/* ATOM-CHAR, or the "]" of an astring. */
static bool
is_atom_char(unsigned char c)
{
	switch (c) {
	case '(':
	case ')':
	case '{':
	case '%':
	case '*':
	case '"':
	case '\\':
		return false;
	default:
		return c > 0x20 && c < 0x7f;
	}
}

static void
put_quoted(struct buf *b, const char *p, size_t n, bool pairs)
{
	size_t i, from = 0;

	buf_char(b, '"');
	for (i = 0; pairs && i < n; i++) {
		if (p[i] != '"' && p[i] != '\\')
			continue;
		buf_bytes(b, p + from, i - from);
		buf_char(b, '\\');
		from = i;
	}
	buf_bytes(b, p + from, n - from);
	buf_char(b, '"');
}

/* A literal's octets are CHAR8, which is not NUL: 0x80 stands for it. */
static void
put_literal(struct buf *b, const char *p, size_t n)
{
	size_t i, at;

	buf_char(b, '{');
	buf_num(b, n);
	buf_str(b, "}\r\n");
	at = b->n;
	buf_bytes(b, p, n);
	if (b->failed || memchr(p, '\0', n) == NULL)
		return;
	for (i = at; i < b->n; i++)
		if (b->p[i] == '\0')
			b->p[i] = (char)0x80;
}
