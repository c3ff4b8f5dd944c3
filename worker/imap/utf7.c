/*
 * Names of mailboxes. A name has one form only: utf7_decode takes nothing that
 * utf7_encode would not give (RFC 3501 5.1.3), so no two spellings mean one
 * mailbox. UTF-8 as RFC 3629 has it: shortest form, no surrogates.
 */
#include "worker/imap/utf7.h"

#include <stdint.h>
#include <string.h>

struct out { /* where the result goes; full once it did not fit */
	char *p;
	size_t n, size;
	bool full;
};

struct bits { /* modified base64, in or out */
	uint32_t acc;
	unsigned n;
};

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

static bool is_direct(uint32_t);
static size_t decode_shifted(const char *, size_t, struct out *);
static bool put_unit(struct out *, uint32_t unit, uint32_t *high);
static int value_of(char);
static void encode_char(struct out *, uint32_t, struct bits *);
static void encode_unit(struct out *, uint32_t, struct bits *);
static void encode_end(struct out *, struct bits *);
static int done(struct out *);
static void put(struct out *, char);
static void put_utf8(struct out *, uint32_t);
static size_t get_utf8(const char *, size_t, uint32_t *);

int
utf7_decode(const char *in, size_t n, char *out, size_t size)
{
	struct out o = {.p = out, .size = size};
	bool shifted = false; /* a base64 run ended just here */
	size_t i = 0;

	while (i < n) {
		size_t used;

		if (!is_direct((unsigned char)in[i]))
			return -1;
		if (in[i] != '&') {
			put(&o, in[i++]);
			shifted = false;
			continue;
		}
		if (i + 1 < n && in[i + 1] == '-') {
			put(&o, '&');
			i += 2;
			shifted = false;
			continue;
		}
		if (shifted) /* two runs where one would do */
			return -1;
		used = decode_shifted(in + i + 1, n - i - 1, &o);
		if (used == 0)
			return -1;
		i += used + 1;
		shifted = true;
	}
	return done(&o);
}

int
utf7_encode(const char *in, size_t n, char *out, size_t size)
{
	struct out o = {.p = out, .size = size};
	struct bits bits = {0};
	bool shifted = false;
	size_t i = 0;

	while (i < n) {
		uint32_t c;
		size_t used = get_utf8(in + i, n - i, &c);

		if (used == 0)
			return -1;
		i += used;
		if (!is_direct(c)) {
			if (!shifted)
				put(&o, '&');
			shifted = true;
			encode_char(&o, c, &bits);
			continue;
		}
		if (shifted)
			encode_end(&o, &bits);
		shifted = false;
		put(&o, (char)c);
		if (c == '&')
			put(&o, '-');
	}
	if (shifted)
		encode_end(&o, &bits);
	return done(&o);
}

bool
utf8_valid(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n) {
		uint32_t c;
		size_t used = get_utf8(p + i, n - i, &c);

		if (used == 0)
			return false;
		i += used;
	}
	return true;
}

/* RFC 3501 5.1.3: these stand for themselves and must do so ("&" as "&-"). */
static bool
is_direct(uint32_t c)
{
	return c >= 0x20 && c <= 0x7e;
}

/*
 * A run of modified base64 and its "-". Bytes used, 0: not valid: characters
 * that need no shift, half characters, bits left over, no end.
 */
static size_t
decode_shifted(const char *in, size_t n, struct out *o)
{
	struct bits bits = {0};
	uint32_t high = 0;
	size_t i;

	for (i = 0; i < n && in[i] != '-'; i++) {
		int v = value_of(in[i]);

		if (v == -1)
			return 0;
		bits.acc = (bits.acc << 6 | (uint32_t)v) & 0xfffff;
		bits.n += 6;
		if (bits.n < 16)
			continue;
		bits.n -= 16;
		if (!put_unit(o, bits.acc >> bits.n & 0xffff, &high))
			return 0;
	}
	if (i == 0 || i == n || high != 0)
		return 0;
	if (bits.n >= 6 || (bits.acc & ((1u << bits.n) - 1)) != 0)
		return 0;
	return i + 1;
}

/* One unit of UTF-16; high keeps the first half of a pair. */
static bool
put_unit(struct out *o, uint32_t unit, uint32_t *high)
{
	bool low = unit >= 0xdc00 && unit <= 0xdfff;

	if (low != (*high != 0))
		return false;
	if (low) {
		put_utf8(o, 0x10000 + ((*high & 0x3ff) << 10) + (unit & 0x3ff));
		*high = 0;
		return true;
	}
	if (unit >= 0xd800 && unit <= 0xdbff) {
		*high = unit;
		return true;
	}
	if (unit == 0 || is_direct(unit))
		return false;
	put_utf8(o, unit);
	return true;
}

static int
value_of(char c)
{
	const char *at = c == '\0' ? NULL : strchr(alphabet, c);

	return at == NULL ? -1 : (int)(at - alphabet);
}

static void
encode_char(struct out *o, uint32_t c, struct bits *bits)
{
	if (c < 0x10000) {
		encode_unit(o, c, bits);
		return;
	}
	c -= 0x10000;
	encode_unit(o, 0xd800 | c >> 10, bits);
	encode_unit(o, 0xdc00 | (c & 0x3ff), bits);
}

static void
encode_unit(struct out *o, uint32_t unit, struct bits *bits)
{
	bits->acc = (bits->acc & 0x3f) << 16 | unit;
	bits->n += 16;
	while (bits->n >= 6) {
		bits->n -= 6;
		put(o, alphabet[bits->acc >> bits->n & 0x3f]);
	}
}

static void
encode_end(struct out *o, struct bits *bits)
{
	if (bits->n > 0)
		put(o, alphabet[bits->acc << (6 - bits->n) & 0x3f]);
	put(o, '-');
	*bits = (struct bits){0};
}

/* Terminates; the length, or -1 if it did not fit. */
static int
done(struct out *o)
{
	if (o->full || o->n >= o->size)
		return -1;
	o->p[o->n] = '\0';
	return (int)o->n;
}

static void
put(struct out *o, char c)
{
	if (o->n < o->size)
		o->p[o->n++] = c;
	else
		o->full = true;
}

static void
put_utf8(struct out *o, uint32_t c)
{
	if (c < 0x80) {
		put(o, (char)c);
		return;
	}
	if (c < 0x800) {
		put(o, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			put(o, (char)(0xe0 | c >> 12));
		} else {
			put(o, (char)(0xf0 | c >> 18));
			put(o, (char)(0x80 | (c >> 12 & 0x3f)));
		}
		put(o, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	put(o, (char)(0x80 | (c & 0x3f)));
}

/* RFC 3629: one character of p[n]. Its length, 0: not well-formed, or NUL. */
static size_t
get_utf8(const char *p, size_t n, uint32_t *out)
{
	static const uint32_t least[] = {0, 1, 0x80, 0x800, 0x10000};
	unsigned char lead = (unsigned char)p[0];
	uint32_t c;
	size_t len;

	if (lead < 0x80) {
		*out = lead;
		return lead != 0;
	}
	len = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
	if (lead < 0xc2 || lead > 0xf4 || len > n)
		return 0;
	c = lead & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if (((unsigned char)p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | ((unsigned char)p[i] & 0x3fu);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*out = c;
	return len;
}
