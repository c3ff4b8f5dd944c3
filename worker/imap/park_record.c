/*
 * The record of a parked client. Numbers are written seven bits at a time, the
 * lowest first, in as few bytes as will do; a list of UIDs as its length and
 * then, for each range, the distance from the one before and its width less
 * one. There is one way only to write a record, and the parser takes no other.
 */
#include "worker/imap/park_record.h"

#include <string.h>

#define SELECTED  1u
#define READONLY  2u
#define UTF8      4u
#define CONDSTORE 8u
#define QRESYNC   16u
#define NUMBERS   32u
#define REV2      64u
#define FLAGS     127u

struct cursor { /* fails for good at the first lie */
	const uint8_t *p, *end;
	struct arena *arena;
	bool failed;
};

static void put_number(struct buf *, uint64_t);
static void put_bytes(struct buf *, const void *, size_t);
static void put_list(struct buf *, const struct park_list *);
static void get_folder(struct cursor *, struct park_record *);
static void get_keywords(struct cursor *, struct park_record *);
static struct park_list get_list(struct cursor *);
static const char *get_text(struct cursor *, size_t);
static const uint8_t *get_bytes(struct cursor *, size_t, size_t *);
static uint32_t get_small(struct cursor *);
static uint64_t get_number(struct cursor *);

/* splitmix64: sums of it tell sets of UIDs apart. */
uint64_t
park_hash(uint32_t uid)
{
	uint64_t h = uid * UINT64_C(0x9e3779b97f4a7c15);

	h = (h ^ (h >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	h = (h ^ (h >> 27)) * UINT64_C(0x94d049bb133111eb);
	return h ^ (h >> 31);
}

int
park_ranges(
    struct arena *a, const uint32_t *uids, size_t n, struct park_list *out)
{
	struct seqset_range *r = arena_array(a, n, sizeof(*r));
	size_t i, k = 0;

	if (n > 0 && r == NULL)
		return -1;
	for (i = 0; i < n; i++) {
		if (k > 0 && uids[i] <= r[k - 1].hi)
			continue;
		if (k > 0 && uids[i] == r[k - 1].hi + 1)
			r[k - 1].hi = uids[i];
		else
			r[k++] = (struct seqset_range){uids[i], uids[i]};
	}
	out->r = r;
	out->n = k;
	return 0;
}

void
park_print(struct buf *b, const struct park_record *r)
{
	unsigned flags = 0;
	size_t i;

	flags |= r->selected ? SELECTED : 0;
	flags |= r->utf8 ? UTF8 : 0;
	flags |= r->rev2 ? REV2 : 0;
	flags |= r->condstore ? CONDSTORE : 0;
	flags |= r->qresync ? QRESYNC : 0;
	flags |= r->selected && r->readonly ? READONLY : 0;
	flags |= r->selected && r->numbers ? NUMBERS : 0;
	buf_char(b, PARK_VERSION);
	buf_char(b, (char)flags);
	put_bytes(b, r->notify, r->nnotify);
	if (!r->selected)
		return;
	put_bytes(b, r->folder, strlen(r->folder));
	put_number(b, r->dev);
	put_number(b, r->ino);
	put_number(b, r->uidvalidity);
	put_number(b, r->n);
	put_number(b, r->told_max);
	put_number(b, r->sum);
	put_number(b, r->known);
	put_number(b, r->safe);
	put_list(b, &r->gone);
	put_list(b, &r->changed);
	put_list(b, &r->recent);
	put_list(b, &r->saved);
	put_list(b, &r->copied);
	put_number(b, r->nkeywords);
	for (i = 0; i < r->nkeywords; i++)
		put_bytes(b, r->keywords[i], strlen(r->keywords[i]));
}

static void
put_number(struct buf *b, uint64_t v)
{
	for (; v > 127; v >>= 7)
		buf_char(b, (char)(uint8_t)(v | 128));
	buf_char(b, (char)v);
}

static void
put_bytes(struct buf *b, const void *p, size_t n)
{
	put_number(b, n);
	if (n > 0)
		buf_bytes(b, p, n);
}

/* Ranges that touch would be one: between two of them lies a number. */
static void
put_list(struct buf *b, const struct park_list *list)
{
	uint32_t last = 0;
	size_t i;

	put_number(b, list->n);
	for (i = 0; i < list->n; i++) {
		put_number(b, list->r[i].lo - last);
		put_number(b, list->r[i].hi - list->r[i].lo);
		last = list->r[i].hi;
	}
}

int
park_parse(struct arena *a, const uint8_t *p, size_t n, struct park_record *out)
{
	struct cursor c = {.p = p, .end = p + n, .arena = a};
	struct park_record r = {0};
	unsigned flags;

	if (n < 2 || p[0] != PARK_VERSION)
		return -1;
	flags = p[1];
	c.p += 2;
	r.selected = (flags & SELECTED) != 0;
	r.readonly = (flags & READONLY) != 0;
	r.utf8 = (flags & UTF8) != 0;
	r.rev2 = (flags & REV2) != 0;
	r.condstore = (flags & CONDSTORE) != 0;
	r.qresync = (flags & QRESYNC) != 0;
	r.numbers = (flags & NUMBERS) != 0;
	if ((flags & ~FLAGS) != 0 ||
	    (!r.selected && (flags & (READONLY | NUMBERS)) != 0))
		return -1;
	r.notify = get_bytes(&c, PARK_NOTIFY_MAX, &r.nnotify);
	if (r.selected)
		get_folder(&c, &r);
	if (c.failed || c.p != c.end)
		return -1;
	*out = r;
	return 0;
}

static void
get_folder(struct cursor *c, struct park_record *r)
{
	r->folder = get_text(c, PARK_FOLDER_MAX);
	r->dev = get_number(c);
	r->ino = get_number(c);
	r->uidvalidity = get_small(c);
	r->n = get_small(c);
	r->told_max = get_small(c);
	r->sum = get_number(c);
	r->known = get_number(c);
	r->safe = get_number(c);
	r->gone = get_list(c);
	r->changed = get_list(c);
	r->recent = get_list(c);
	r->saved = get_list(c);
	r->copied = get_list(c);
	get_keywords(c, r);
	if (r->uidvalidity == 0 || r->known == 0 || r->n > r->told_max)
		c->failed = true;
}

static void
get_keywords(struct cursor *c, struct park_record *r)
{
	const char **names;
	uint64_t n = get_number(c);
	size_t i;

	if (c->failed || n > PARK_KEYWORDS_MAX ||
	    (names = arena_array(c->arena, (size_t)n, sizeof(*names))) ==
		NULL) {
		c->failed = true;
		return;
	}
	for (i = 0; i < n && !c->failed; i++)
		names[i] = get_text(c, PARK_KEYWORD_MAX);
	r->keywords = names;
	r->nkeywords = (size_t)n;
}

static struct park_list
get_list(struct cursor *c)
{
	struct park_list list = {NULL, 0};
	struct seqset_range *r = NULL;
	uint64_t n = get_number(c), lo, hi = 0;
	size_t i;

	/* Two bytes a range at least. */
	if (!c->failed && n <= (uint64_t)(c->end - c->p) / 2)
		r = arena_array(c->arena, (size_t)n, sizeof(*r));
	if (r == NULL) {
		c->failed = true;
		return list;
	}
	for (i = 0; i < n && !c->failed; i++) {
		lo = hi + get_small(c);
		c->failed |= lo < (i == 0 ? 1 : hi + 2);
		hi = lo + get_small(c);
		c->failed |= hi > UINT32_MAX;
		r[i] = (struct seqset_range){(uint32_t)lo, (uint32_t)hi};
	}
	list.r = r;
	list.n = (size_t)n;
	return list;
}

/* Fewer than max bytes without a NUL, terminated. */
static const char *
get_text(struct cursor *c, size_t max)
{
	size_t n;
	const uint8_t *p = get_bytes(c, max - 1, &n);
	const char *text = NULL;

	if (!c->failed && (n == 0 || memchr(p, '\0', n) == NULL))
		text = arena_text(c->arena, n > 0 ? (const char *)p : "", n);
	c->failed |= text == NULL;
	return text;
}

static const uint8_t *
get_bytes(struct cursor *c, size_t max, size_t *n)
{
	uint64_t len = get_number(c);
	const uint8_t *p = c->p;

	*n = 0;
	if (c->failed || len > max || len > (uint64_t)(c->end - c->p)) {
		c->failed = true;
		return NULL;
	}
	c->p += len;
	*n = (size_t)len;
	return p;
}

static uint32_t
get_small(struct cursor *c)
{
	uint64_t v = get_number(c);

	c->failed |= v > UINT32_MAX;
	return c->failed ? 0 : (uint32_t)v;
}

/* At most ten bytes, the last not 0 but in a number of one. */
static uint64_t
get_number(struct cursor *c)
{
	uint64_t v = 0, bits;
	unsigned shift;

	for (shift = 0; shift < 64 && !c->failed; shift += 7) {
		if (c->p == c->end)
			break;
		bits = *c->p & 127u;
		if (shift == 63 && bits > 1)
			break;
		v |= bits << shift;
		if ((*c->p++ & 128) != 0)
			continue;
		if (bits == 0 && shift > 0)
			break;
		return v;
	}
	c->failed = true;
	return 0;
}
