/*
 * Sequence sets: RFC 3501 section 9 "sequence-set", RFC 5182 "$". Numbers are
 * nz-number: no zero, no leading zero, 32 bits. Every size is linear in the
 * text, apart from one sort.
 */
#include "worker/imap/seqset.h"

#include <stdlib.h>

static size_t count_ranges(const char *, size_t);
static size_t read_range(const char *, size_t, struct seqset_range *);
static size_t read_number(const char *, size_t, uint32_t *);
static int by_start(const void *, const void *);
static size_t merge(struct seqset_range *, size_t);
static void print_range(struct buf *, uint32_t lo, uint32_t hi);

int
seqset_parse(struct arena *arena, const char *p, size_t n, struct seqset *out)
{
	size_t count = count_ranges(p, n), at = 0;
	struct seqset_range *r;

	if (n == 1 && p[0] == '$') {
		*out = (struct seqset){.saved = true};
		return 0;
	}
	if (n == 0 || count > SEQSET_RANGES_MAX)
		return -1;
	r = arena_array(arena, count, sizeof(*r));
	if (r == NULL)
		return -1;
	for (size_t i = 0; i < count; i++) {
		size_t used = read_range(p + at, n - at, &r[i]);

		at += used;
		if (used == 0 || (at < n && p[at] != ','))
			return -1;
		at++;
	}
	*out = (struct seqset){.n = count, .r = r};
	return 0;
}

const struct seqset_range *
seqset_resolve(
    struct arena *arena, const struct seqset *set, uint32_t max, size_t *n)
{
	struct seqset_range *r = NULL;

	*n = 0;
	if (max == 0 || set->n == 0)
		return NULL;
	r = arena_array(arena, set->n, sizeof(*r));
	if (r == NULL)
		return NULL;
	for (size_t i = 0; i < set->n; i++) {
		uint32_t lo = set->r[i].lo == 0 ? max : set->r[i].lo;
		uint32_t hi = set->r[i].hi == 0 ? max : set->r[i].hi;

		/* RFC 3501: 2:4 and 4:2 are equivalent; so is *:4. */
		r[i].lo = lo < hi ? lo : hi;
		r[i].hi = lo < hi ? hi : lo;
	}
	qsort(r, set->n, sizeof(*r), by_start);
	*n = merge(r, set->n);
	return r;
}

void
seqset_print(struct buf *b, const uint32_t *numbers, size_t n)
{
	size_t first = 0;

	for (size_t i = 1; i <= n; i++) {
		if (i < n && numbers[i] == numbers[i - 1] + 1)
			continue;
		if (first > 0)
			buf_char(b, ',');
		print_range(b, numbers[first], numbers[i - 1]);
		first = i;
	}
}

static size_t
count_ranges(const char *p, size_t n)
{
	size_t count = 1;

	for (size_t i = 0; i < n; i++)
		count += p[i] == ',';
	return count;
}

/* seq-number or seq-range. Bytes used, 0: neither. */
static size_t
read_range(const char *p, size_t n, struct seqset_range *r)
{
	size_t used = read_number(p, n, &r->lo), more;

	r->hi = r->lo;
	if (used == 0 || used == n || p[used] != ':')
		return used;
	used++;
	more = read_number(p + used, n - used, &r->hi);
	return more == 0 ? 0 : used + more;
}

static size_t
read_number(const char *p, size_t n, uint32_t *out)
{
	uint64_t v = 0;
	size_t i = 0;

	if (n > 0 && p[0] == '*') {
		*out = 0;
		return 1;
	}
	if (n > 0 && p[0] == '0')
		return 0;
	for (; i < n && p[i] >= '0' && p[i] <= '9'; i++) {
		v = v * 10 + (uint64_t)(p[i] - '0');
		if (v > UINT32_MAX)
			return 0;
	}
	*out = (uint32_t)v;
	return i;
}

static int
by_start(const void *a, const void *b)
{
	const struct seqset_range *x = a, *y = b;

	return (x->lo > y->lo) - (x->lo < y->lo);
}

/* Joins what overlaps or touches in r[n], which is sorted. The new count. */
static size_t
merge(struct seqset_range *r, size_t n)
{
	size_t last = 0;

	for (size_t i = 1; i < n; i++) {
		if (r[last].hi == UINT32_MAX || r[i].lo <= r[last].hi + 1) {
			if (r[i].hi > r[last].hi)
				r[last].hi = r[i].hi;
		} else {
			r[++last] = r[i];
		}
	}
	return last + 1;
}

static void
print_range(struct buf *b, uint32_t lo, uint32_t hi)
{
	buf_num(b, lo);
	if (hi == lo)
		return;
	buf_char(b, ':');
	buf_num(b, hi);
}
