/*
 * Sequence sets: what is taken prints as a set that is taken too, and resolves
 * to rising, disjoint ranges.
 */
#include "t/unit/imap_command.h"

#define MUST(cond)                                                             \
	do {                                                                   \
		if (!(cond))                                                   \
			abort();                                               \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_ranges(struct arena *arena, const struct seqset *set, uint32_t max)
{
	const struct seqset_range *r;
	size_t n;

	r = seqset_resolve(arena, set, max, &n);
	MUST((n == 0) == (max == 0 || set->saved));
	for (size_t i = 0; i < n; i++) {
		MUST(r[i].lo > 0 && r[i].lo <= r[i].hi);
		MUST(i == 0 || r[i].lo > (uint64_t)r[i - 1].hi + 1);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(16u << 20);
	struct seqset set, again;
	char *in = malloc(size + 1);
	struct buf b;

	MUST(arena != NULL && in != NULL);
	memcpy(in, data, size);
	buf_init(&b, 16u << 20);
	if (seqset_parse(arena, in, size, &set) == 0) {
		print_set(&b, &set);
		MUST(!b.failed && b.n <= size);
		MUST(seqset_parse(arena, b.p, b.n, &again) == 0);
		MUST(again.n == set.n && again.saved == set.saved);
		for (size_t i = 0; i < set.n; i++)
			MUST(again.r[i].lo == set.r[i].lo &&
			     again.r[i].hi == set.r[i].hi);
		check_ranges(arena, &set, 0);
		check_ranges(arena, &set, 1);
		check_ranges(arena, &set, 1000);
		check_ranges(arena, &set, UINT32_MAX);
	}
	buf_done(&b);
	free(in);
	arena_free(arena);
	return 0;
}
