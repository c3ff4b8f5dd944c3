/*
 * The reader: whatever the bytes and however they are cut, it tells the same,
 * never holds more than its limits, and always moves on. The first byte of the
 * input says how large the pieces are.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "worker/imap/reader.h"

#define MUST(cond)                                                             \
	do {                                                                   \
		if (!(cond))                                                   \
			abort();                                               \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

struct run {
	struct reader *reader;
	struct wire wire;
	struct arena *arena;
	struct buf told;
	uint64_t left; /* of a streamed literal */
	bool bye;
};

static void
tell(struct run *r, const struct reader_command *cmd)
{
	MUST(cmd->n <= READER_LINE_MAX && cmd->nlit <= READER_LITERALS_MAX);
	MUST(cmd->text[cmd->n] == '\0');
	buf_bytes(&r->told, cmd->text, cmd->n);
	for (size_t i = 0; i < cmd->nlit; i++) {
		const struct reader_literal *l = &cmd->lit[i];

		MUST(l->at < l->end && l->end <= cmd->n);
		MUST(cmd->text[l->at] == '{' && cmd->text[l->end - 1] == '}');
		MUST((l->p == NULL) == (cmd->stream && i == cmd->nlit - 1));
		if (l->p != NULL)
			buf_bytes(&r->told, l->p, (size_t)l->n);
	}
	if (cmd->stream) {
		r->left = cmd->lit[cmd->nlit - 1].n;
		reader_append(r->reader);
	}
}

/* One result; false: nothing more for now. */
static bool
step(struct run *r)
{
	struct reader_command cmd = {0};
	const char *tag, *why;
	enum reader_result result;
	size_t n, eat;

	(void)wire_peek(&r->wire, &n);
	eat = n < r->left ? n : (size_t)r->left;
	wire_eat(&r->wire, eat);
	r->left -= eat;
	if (r->left > 0)
		return false;
	arena_reset(r->arena);
	result = reader_next(r->reader, &r->wire, r->arena, &cmd, &tag, &why);
	if (result == READER_MORE) {
		(void)wire_peek(&r->wire, &n);
		MUST(n == 0);
		return false;
	}
	buf_printf(&r->told, "\n%d %s ", (int)result, tag);
	if (result == READER_COMMAND)
		tell(r, &cmd);
	else
		buf_str(&r->told, why);
	r->bye = result == READER_BYE;
	return !r->bye;
}

static void
run(struct run *r, const uint8_t *data, size_t size, size_t piece)
{
	static int null = -1;

	if (null == -1)
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
	memset(r, 0, sizeof(*r));
	r->reader = reader_new();
	r->arena = arena_new(1u << 20);
	MUST(r->reader != NULL && r->arena != NULL);
	MUST(wire_init(&r->wire, null, null, -1, NULL, 0) == 0);
	buf_init(&r->told, 64u << 20);
	while (size > 0 && !r->bye) {
		size_t n = size < piece ? size : piece;

		memcpy(r->wire.rbuf + r->wire.rlen, data, n);
		r->wire.rlen += n;
		data += n;
		size -= n;
		while (step(r))
			;
	}
	wire_done(&r->wire);
	reader_free(r->reader);
	arena_free(r->arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run whole, cut;

	if (size == 0)
		return 0;
	run(&whole, data + 1, size - 1, WIRE_READ_AHEAD);
	run(&cut, data + 1, size - 1, (size_t)data[0] % 61 + 1);
	MUST(whole.bye == cut.bye && whole.told.n == cut.told.n);
	MUST(whole.told.n == 0 ||
	     memcmp(whole.told.p, cut.told.p, whole.told.n) == 0);
	buf_done(&whole.told);
	buf_done(&cut.told);
	return 0;
}
