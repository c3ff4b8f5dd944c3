/* Records of parked clients: what is taken prints as the very same bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "worker/imap/park_record.h"

#define MUST(cond)                                                             \
	do {                                                                   \
		if (!(cond))                                                   \
			abort();                                               \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(16u << 20);
	struct park_record r;
	struct buf b;

	MUST(arena != NULL);
	buf_init(&b, 16u << 20);
	if (park_parse(arena, data, size, &r) == 0) {
		park_print(&b, &r);
		MUST(!b.failed && b.n == size);
		MUST(memcmp(b.p, data, size) == 0);
	}
	buf_done(&b);
	arena_free(arena);
	return 0;
}
