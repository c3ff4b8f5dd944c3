/* A client's side of COMPRESS=DEFLATE (RFC 4978), by zlib alone. */
#include "t/talk.h"

#include <stdlib.h>

#define ZLIB_CONST
#include <zlib.h>

struct talk_deflate {
	z_stream out, in;
};

struct talk_deflate *
talk_deflate_new(void)
{
	struct talk_deflate *z = talk_must(calloc(1, sizeof(*z)));

	if (deflateInit2(&z->out, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) !=
		Z_OK ||
	    inflateInit2(&z->in, -15) != Z_OK) {
		free(z);
		return NULL;
	}
	return z;
}

void
talk_deflate_free(struct talk_deflate *z)
{
	if (z == NULL)
		return;
	(void)deflateEnd(&z->out);
	(void)inflateEnd(&z->in);
	free(z);
}

char *
talk_deflate(struct talk_deflate *z, const char *p, size_t *n)
{
	size_t room = *n + *n / 100 + 128;
	char *out = talk_must(malloc(room));

	z->out.next_in = (const Bytef *)p;
	z->out.avail_in = (unsigned)*n;
	z->out.next_out = (Bytef *)out;
	z->out.avail_out = (unsigned)room;
	(void)deflate(&z->out, Z_SYNC_FLUSH);
	*n = room - z->out.avail_out;
	return out;
}

ssize_t
talk_inflate(struct talk_deflate *z, const char *p, size_t n, char **text)
{
	size_t room = 65536, got = 0;
	char *out = talk_must(malloc(room));
	int r = Z_OK;

	z->in.next_in = (const Bytef *)p;
	z->in.avail_in = (unsigned)n;
	do {
		if (room - got < 32768)
			out = talk_must(realloc(out, room *= 2));
		z->in.next_out = (Bytef *)out + got;
		z->in.avail_out = (unsigned)(room - got);
		r = inflate(&z->in, Z_SYNC_FLUSH);
		got = room - z->in.avail_out;
	} while (r == Z_OK && (z->in.avail_in > 0 || z->in.avail_out == 0));
	if (r != Z_OK && r != Z_BUF_ERROR) {
		free(out);
		return -1;
	}
	*text = out;
	return (ssize_t)got;
}
