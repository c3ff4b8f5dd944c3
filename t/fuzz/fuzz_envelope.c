/*
 * The filter in front of imapd-deliver: however the bytes are cut, the same
 * comes out; nothing comes out that did not go in; what has no line to drop
 * comes out whole; and what came out passes a second time unchanged, but for a
 * "From " line that stood behind one.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "master/envelope.h"

struct text {
	char *p;
	size_t n, room;
};

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static int
put(void *arg, const char *p, size_t n)
{
	struct text *t = arg;

	assert(t->n + n <= t->room);
	memcpy(t->p + t->n, p, n);
	t->n += n;
	return 0;
}

static void
filter(struct text *out, const char *p, size_t n, bool drop, size_t step)
{
	const struct envelope_sink sink = {put, out};
	struct envelope e;
	size_t at, k;

	out->n = 0;
	envelope_begin(&e, drop);
	for (at = 0; at < n; at += k) {
		k = n - at < step ? n - at : step;
		assert(envelope_feed(&e, p + at, k, &sink) == 0);
	}
	assert(envelope_end(&e, &sink) == 0);
}

static void
is_part_of(const struct text *part, const char *p, size_t n)
{
	size_t i, k = 0;

	for (i = 0; i < n && k < part->n; i++)
		if (p[i] == part->p[k])
			k++;
	assert(k == part->n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *p = (const char *)data;
	struct text a = {malloc(n + 1), 0, n}, b = {malloc(n + 1), 0, n};

	assert(a.p != NULL && b.p != NULL);
	for (int drop = 0; drop < 2; drop++) {
		filter(&a, p, n, drop != 0, n + 1);
		is_part_of(&a, p, n);
		for (size_t step = 1; step < 20; step += 6) {
			filter(&b, p, n, drop != 0, step);
			assert(a.n == b.n && memcmp(a.p, b.p, a.n) == 0);
		}
		if (drop == 0 && (n < 5 || memcmp(p, "From ", 5) != 0))
			assert(a.n == n);
		filter(&b, a.p, a.n, drop != 0, 7);
		if (a.n < 5 || memcmp(a.p, "From ", 5) != 0)
			assert(a.n == b.n && memcmp(a.p, b.p, a.n) == 0);
	}
	free(a.p);
	free(b.p);
	return 0;
}
