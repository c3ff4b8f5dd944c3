/*
 * Folding (text_fold.h). Text is cut into clusters, a character and the marks
 * that follow it: only inside one does normalisation join or reorder anything,
 * so each is folded on its own. ASCII goes eight bytes at a time, the letters
 * of two bytes by a table that fills itself, most others are as they were.
 */
#include "worker/imap/text_fold.h"

#include <stdint.h>
#include <string.h>

#include <utf8proc.h>

#include "worker/imap/text.h"

#define FOLD_OPTIONS                                                           \
	(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT |                \
	    UTF8PROC_CASEFOLD | UTF8PROC_IGNORE)
#define CLUSTER_MAX 32   /* code points; a longer one is cut */
#define EXPAND_MAX  640  /* code points that a cluster may become */
#define TABLE_SIZE  2048 /* code points of one or two bytes */
#define REPLACEMENT "\xef\xbf\xbd"

struct fold_entry {
	unsigned char known, n;
	char bytes[6];
};

static struct fold_entry fold_table[TABLE_SIZE];

static size_t ascii_run(const char *, size_t);
static void fold_ascii(struct buf *, const char *, size_t);
static size_t fold_cluster(struct buf *, const char *, size_t, bool);
static size_t take_char(const char *, size_t, bool, int32_t *);
static void fold_char(struct buf *, const char *, size_t, int32_t);
static void fold_slow(struct buf *, const char *, size_t);
static bool is_same(int32_t);
static bool is_joining(int32_t);

void
text_fold(struct buf *b, const char *p, size_t n)
{
	(void)text_fold_some(b, p, n, true);
}

size_t
text_fold_some(struct buf *b, const char *p, size_t n, bool last)
{
	size_t at, run, used;

	at = 0;
	while (at < n) {
		run = ascii_run(p + at, n - at);
		/*
		 * A mark may join the last one. Nothing below U+0300, whose
		 * first byte is CC, is a mark.
		 */
		if (run > 0 &&
		    (at + run == n ? !last
				   : (unsigned char)p[at + run] >= 0xcc))
			run--;
		fold_ascii(b, p + at, run);
		at += run;
		if (at == n)
			break;
		used = fold_cluster(b, p + at, n - at, last);
		if (used == 0)
			break;
		at += used;
	}
	return at;
}

static size_t
ascii_run(const char *p, size_t n)
{
	uint64_t w;
	size_t i;

	for (i = 0; n - i >= sizeof(w); i += sizeof(w)) {
		memcpy(&w, p + i, sizeof(w));
		if ((w & UINT64_C(0x8080808080808080)) != 0)
			break;
	}
	while (i < n && (unsigned char)p[i] < 0x80)
		i++;
	return i;
}

/* Eight letters at once: the sums carry into a byte's top bit, no further. */
static void
fold_ascii(struct buf *b, const char *p, size_t n)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t w, upper;
	char *q;
	size_t i;

	buf_bytes(b, p, n);
	if (b->failed || n == 0)
		return;
	q = b->p + b->n - n;
	for (i = 0; n - i >= sizeof(w); i += sizeof(w)) {
		memcpy(&w, q + i, sizeof(w));
		upper = (w + ones * (0x80 - 'A')) & ~(w + ones * (0x7f - 'Z'));
		w |= (upper & (ones * 0x80)) >> 2;
		memcpy(q + i, &w, sizeof(w));
	}
	for (; i < n; i++)
		if (q[i] >= 'A' && q[i] <= 'Z')
			q[i] = (char)(q[i] | 0x20);
}

/* How much was taken; 0: more may belong to it. */
static size_t
fold_cluster(struct buf *b, const char *p, size_t n, bool last)
{
	int32_t c, mark;
	size_t len, at;
	int count;

	at = len = take_char(p, n, last, &c);
	if (len == 0)
		return 0;
	for (count = 1; count < CLUSTER_MAX; count++) {
		size_t more;

		if (at == n) {
			if (last)
				break;
			return 0;
		}
		more = take_char(p + at, n - at, last, &mark);
		if (more == 0)
			return 0;
		if (!is_joining(mark))
			break;
		at += more;
	}
	if (at == len || c == -1)
		fold_char(b, p, len, c);
	if (at > len && c == -1)
		fold_slow(b, p + len, at - len);
	else if (at > len)
		fold_slow(b, p, at);
	return at;
}

/* The length of a character, *c -1 for a bad byte; 0: not complete. */
static size_t
take_char(const char *p, size_t n, bool last, int32_t *c)
{
	unsigned char lead = (unsigned char)p[0];
	utf8proc_ssize_t len;
	size_t want;

	want = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	if (n < want && !last)
		return 0;
	len =
	    utf8proc_iterate((const unsigned char *)p, (utf8proc_ssize_t)n, c);
	if (len > 0)
		return (size_t)len;
	*c = -1;
	return 1;
}

static void
fold_char(struct buf *b, const char *p, size_t n, int32_t c)
{
	struct fold_entry *e;
	size_t from;

	if (c == -1) {
		buf_str(b, REPLACEMENT);
		return;
	}
	if (c >= TABLE_SIZE) {
		if (is_same(c))
			buf_bytes(b, p, n);
		else
			fold_slow(b, p, n);
		return;
	}
	e = &fold_table[c];
	if (e->known) {
		buf_bytes(b, e->bytes, e->n);
		return;
	}
	from = b->n;
	fold_slow(b, p, n);
	if (b->failed || b->n - from > sizeof(e->bytes))
		return;
	e->n = (unsigned char)(b->n - from);
	if (e->n > 0)
		memcpy(e->bytes, b->p + from, e->n);
	e->known = 1;
}

static void
fold_slow(struct buf *b, const char *p, size_t n)
{
	int32_t out[EXPAND_MAX + 1];
	utf8proc_ssize_t len;

	len = utf8proc_decompose((const unsigned char *)p, (utf8proc_ssize_t)n,
	    out, EXPAND_MAX, FOLD_OPTIONS);
	if (len >= 0 && len <= EXPAND_MAX)
		len = utf8proc_reencode(out, len, FOLD_OPTIONS);
	else
		len = -1;
	if (len < 0)
		buf_bytes(b, p, n);
	else
		buf_bytes(b, out, (size_t)len);
}

/* A character of three bytes or more that folding leaves alone. */
static bool
is_same(int32_t c)
{
	const utf8proc_property_t *prop = utf8proc_get_property(c);

	return prop->decomp_seqindex == UINT16_MAX &&
	       prop->casefold_seqindex == UINT16_MAX && !prop->ignorable;
}

/* Marks, the later letters of a Hangul syllable, halfwidth sound marks. */
static bool
is_joining(int32_t c)
{
	const utf8proc_property_t *prop;

	if (c < 0x300)
		return false;
	if ((c >= 0x1160 && c <= 0x11ff) || (c >= 0xd7b0 && c <= 0xd7ff) ||
	    c == 0xff9e || c == 0xff9f)
		return true;
	prop = utf8proc_get_property(c);
	return prop->category == UTF8PROC_CATEGORY_MN ||
	       prop->category == UTF8PROC_CATEGORY_MC ||
	       prop->category == UTF8PROC_CATEGORY_ME;
}
