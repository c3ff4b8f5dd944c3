/*
 * COMPRESS=DEFLATE (RFC 4978) on the client's side: small windows outwards, so
 * that ten thousand clients fit into one program.
 */
#include "t/bench/bench.h"

#include <stdlib.h>
#include <zlib.h>

#define OUT_BITS 9 /* raw, 512 bytes */
#define OUT_MEM  1
#define PIECE    (64 * 1024)

struct squeeze {
	z_stream in, out;
};

struct squeeze *
squeeze_new(void)
{
	struct squeeze *s = calloc(1, sizeof(*s));

	if (s == NULL || inflateInit2(&s->in, -MAX_WBITS) != Z_OK ||
	    deflateInit2(&s->out, 1, Z_DEFLATED, -OUT_BITS, OUT_MEM,
		Z_DEFAULT_STRATEGY) != Z_OK) {
		fail("no memory for COMPRESS");
	}
	return s;
}

void
squeeze_free(struct squeeze *s)
{
	if (s == NULL) {
		return;
	}
	(void)inflateEnd(&s->in);
	(void)deflateEnd(&s->out);
	free(s);
}

void
squeeze_out(struct squeeze *s, const char *text, size_t n,
    void (*put)(struct conn *, const char *, size_t), struct conn *c)
{
	static char piece[PIECE];

	s->out.next_in = (z_const Bytef *)(uintptr_t)text;
	s->out.avail_in = (uInt)n;
	do {
		s->out.next_out = (Bytef *)piece;
		s->out.avail_out = sizeof(piece);
		(void)deflate(&s->out, Z_SYNC_FLUSH);
		put(c, piece, sizeof(piece) - s->out.avail_out);
	} while (s->out.avail_out == 0);
}

void
squeeze_give(struct squeeze *s, const char *from, size_t n)
{
	s->in.next_in = (z_const Bytef *)(uintptr_t)from;
	s->in.avail_in = (uInt)n;
}

size_t
squeeze_take(struct squeeze *s, char *to, size_t size)
{
	int r;

	s->in.next_out = (Bytef *)to;
	s->in.avail_out = (uInt)size;
	r = inflate(&s->in, Z_SYNC_FLUSH);
	if (r != Z_OK && r != Z_BUF_ERROR && r != Z_STREAM_END) {
		fail("what came is not DEFLATE");
	}
	return size - s->in.avail_out;
}
