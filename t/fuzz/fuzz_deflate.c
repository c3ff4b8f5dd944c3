/*
 * What a client sends under COMPRESS: however it is split, and wherever the
 * stream rests, the same text comes of it and the same end. The first byte says
 * how large the pieces and the room are.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "worker/net/deflate.h"

#define MUST(cond)                                                             \
	do {                                                                   \
		if (!(cond))                                                   \
			abort();                                               \
	} while (0)
#define TEXT_MAX (1u << 20) /* compared; a bomb is given up after that */

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static char text[2][TEXT_MAX];

/* How many bytes came; *broken: how it ended. */
static size_t
run(const uint8_t *p, size_t size, size_t step, char *out, bool *broken)
{
	struct deflate *d = deflate_new();
	enum deflate_result r = DEFLATE_MORE;
	size_t at = 0, n, got, all = 0, room = step * 16;

	MUST(d != NULL);
	while (r != DEFLATE_BROKEN && all < TEXT_MAX && at < size) {
		n = size - at < step ? size - at : step;
		MUST(deflate_give(d, p + at, n) == 0);
		at += n;
		do {
			n = TEXT_MAX - all < room ? TEXT_MAX - all : room;
			r = deflate_unpack(d, out + all, n, &got);
			MUST((got > 0) == (r == DEFLATE_OK) && got <= n);
			all += got;
		} while (r == DEFLATE_OK && all < TEXT_MAX);
		MUST(r != DEFLATE_MORE || !deflate_pending(d));
		MUST(r != DEFLATE_BROKEN || deflate_why(d)[0] != '\0');
		MUST(deflate_rest(d) < (64u << 10) + DEFLATE_AHEAD);
	}
	*broken = r == DEFLATE_BROKEN;
	deflate_free(d);
	return all;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool broken[2];
	size_t n[2];

	if (size < 2 || size > 4096)
		return 0;
	n[0] = run(data + 1, size - 1, 1, text[0], &broken[0]);
	n[1] = run(data + 1, size - 1, data[0] + 1u, text[1], &broken[1]);
	/* A larger room may lose what stood before the break in one piece. */
	MUST(broken[0] == broken[1] || n[0] >= TEXT_MAX || n[1] >= TEXT_MAX);
	MUST(broken[0] ? n[1] <= n[0] : n[0] == n[1]);
	MUST(memcmp(text[0], text[1], n[0] < n[1] ? n[0] : n[1]) == 0);
	return 0;
}
