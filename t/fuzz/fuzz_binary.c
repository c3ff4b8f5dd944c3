/*
 * Messages with NULs: what is made has none, needs nothing more, and its text
 * by BINARY is the text that came, unless it is a multipart.
 */
#include <stdlib.h>
#include <string.h>

#include "worker/imap/binary.h"
#include "worker/imap/body.h"

#define MUST(cond)                                                             \
	do {                                                                   \
		if (!(cond))                                                   \
			abort();                                               \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
same_text(const char *from, size_t n, const struct buf *made)
{
	const uint32_t one = 1;
	const struct parse_section part = {.part = &one, .nparts = 1};
	struct arena *arena = arena_new(64u << 20);
	struct mime *a = mime_parse(from, n), *b = mime_parse(made->p, made->n);
	struct body_slice x = {0}, y = {0};

	MUST(arena != NULL && a != NULL && b != NULL);
	if (mime_root(a)->kind == MIME_LEAF &&
	    mime_root(b)->kind == MIME_LEAF) {
		MUST(body_binary(arena, from, a, &part, &x) == 0);
		MUST(body_binary(arena, made->p, b, &part, &y) == 0);
		MUST(x.n == y.n && memcmp(x.p, y.p, x.n) == 0);
	}
	mime_free(a);
	mime_free(b);
	arena_free(arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *msg = (const char *)data;
	struct buf out, again;

	buf_init(&out, 4 * size + (1u << 20));
	buf_init(&again, 8 * size + (1u << 20));
	switch (binary_convert(msg, size, &out)) {
	case BINARY_MADE:
		MUST(memchr(out.p, '\0', out.n) == NULL);
		MUST(binary_convert(out.p, out.n, &again) == BINARY_AS_IS);
		same_text(msg, size, &out);
		break;
	case BINARY_AS_IS:
		MUST(out.n == 0 && memchr(msg, '\0', size) == NULL);
		break;
	case BINARY_UNFIT:
		MUST(memchr(msg, '\0', size) != NULL);
		break;
	case BINARY_MEMORY:
		break;
	}
	buf_done(&out);
	buf_done(&again);
	return 0;
}
