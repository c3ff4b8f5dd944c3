/*
 * Modified UTF-7 to UTF-8, strictly: a name that is not in its one canonical
 * form is not taken for this encoding at all. Pure.
 */
#include "maildir/name_utf7.h"

#include <stdint.h>
#include <string.h>

struct out { /* full once something did not fit */
	char *p;
	size_t n, size;
	bool full;
};

static size_t decode_run(const char *, size_t, struct out *);
static bool put_unit(struct out *, uint32_t, uint32_t *);
static int value_of(char);
static void put_utf8(struct out *, uint32_t);
static void put(struct out *, uint32_t);

int
name_decode(const char *in, size_t n, char *out, size_t size)
{
	struct out o = {.p = out, .size = size};
	bool after_run = false;
	size_t i, used;

	for (i = 0; i < n; i += used) {
		used = 1;
		if (in[i] < ' ' || in[i] > '~')
			return -1;
		if (in[i] != '&') {
			put(&o, (unsigned char)in[i]);
			after_run = false;
			continue;
		}
		if (i + 1 < n && in[i + 1] == '-') {
			put(&o, '&');
			used = 2;
			after_run = false;
			continue;
		}
		/* two runs where one would do are not canonical */
		if (after_run ||
		    (used = decode_run(in + i + 1, n - i - 1, &o)) == 0)
			return -1;
		used++;
		after_run = true;
	}
	if (o.full || o.n >= size)
		return -1;
	out[o.n] = '\0';
	return (int)o.n;
}

/* Base64 and its "-". Bytes used; 0: not valid. */
static size_t
decode_run(const char *in, size_t n, struct out *o)
{
	uint32_t bits = 0, high = 0;
	unsigned nbits = 0;
	size_t i;
	int v;

	for (i = 0; i < n && in[i] != '-'; i++) {
		if ((v = value_of(in[i])) == -1)
			return 0;
		bits = (bits << 6 | (uint32_t)v) & 0xfffff;
		nbits += 6;
		if (nbits < 16)
			continue;
		nbits -= 16;
		if (!put_unit(o, bits >> nbits & 0xffff, &high))
			return 0;
	}
	/* at least a character, no half one, and zeros for the rest */
	if (i == 0 || i == n || high != 0 || nbits >= 6 ||
	    (bits & ((1u << nbits) - 1)) != 0)
		return 0;
	return i + 1;
}

/* One unit of UTF-16; *high keeps the first of a pair. */
static bool
put_unit(struct out *o, uint32_t unit, uint32_t *high)
{
	bool low = unit >= 0xdc00 && unit <= 0xdfff;

	if (low != (*high != 0))
		return false;
	if (low) {
		put_utf8(o, 0x10000 + ((*high & 0x3ff) << 10) + (unit & 0x3ff));
		*high = 0;
	} else if (unit >= 0xd800 && unit <= 0xdbff) {
		*high = unit;
	} else if (unit == 0 || (unit >= ' ' && unit <= '~')) {
		return false; /* stands for itself, so must be written so */
	} else {
		put_utf8(o, unit);
	}
	return true;
}

static int
value_of(char c)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz0123456789+,";
	const char *at = c == '\0' ? NULL : strchr(alphabet, c);

	return at == NULL ? -1 : (int)(at - alphabet);
}

static void
put_utf8(struct out *o, uint32_t c)
{
	if (c < 0x80) {
		put(o, c);
		return;
	}
	if (c >= 0x10000)
		put(o, 0xf0 | c >> 18);
	if (c >= 0x800)
		put(o, c >= 0x10000 ? 0x80 | (c >> 12 & 0x3f) : 0xe0 | c >> 12);
	put(o, c >= 0x800 ? 0x80 | (c >> 6 & 0x3f) : 0xc0 | c >> 6);
	put(o, 0x80 | (c & 0x3f));
}

static void
put(struct out *o, uint32_t c)
{
	if (o->n < o->size)
		o->p[o->n++] = (char)c;
	else
		o->full = true;
}

bool
name_is_unconverted(const char *name, char *out, size_t size)
{
	bool found = false;
	size_t len, n = 0;
	int r;

	/* by levels: a parent may be converted and its child not */
	for (;; name += len + 1) {
		len = strcspn(name, ".");
		r = -1;
		if (memchr(name, '&', len) != NULL)
			r = name_decode(name, len, out + n, size - n);
		if (r == -1) {
			if (len >= size - n)
				return false;
			memcpy(out + n, name, len);
			r = (int)len;
		} else
			found = true;
		n += (size_t)r;
		if (n + 1 > size)
			return false;
		out[n++] = name[len] == '.' ? '.' : '\0';
		if (name[len] == '\0')
			return found;
	}
}
