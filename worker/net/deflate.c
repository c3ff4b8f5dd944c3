/*
 * COMPRESS=DEFLATE, RFC 4978.
 *
 * Outgoing. Each burst (what a session has written when we look, 64 kB at most)
 * is compressed by itself: no history before it, a sync flush after it. So one
 * packer serves all clients of a worker (windowBits 15, memLevel 8: 268 kB, and
 * 66 kB for its result), a client has no outgoing state at all, parked or not,
 * and what an attacker wrote into one answer cannot be compared with the
 * secrets of another by their length, as CRIME did and CVE-2026-40203 again
 * across commands. Inside one burst the two may still meet: a FETCH of both by
 * one command, or commands that the client itself sent without waiting. RFC
 * 4978 section 3 lets the sender flush as it likes.
 *
 * Incoming. The client chooses its window, up to 32 kB, so windowBits is 15:
 * 7 kB of zlib's and 32 kB of window once bytes have come. Text comes out in
 * pieces of the caller's room, so that limits of commands and literals count
 * text and a bomb is only a fast client. One that yields nothing for
 * DEFLATE_BARREN compressed bytes (empty blocks) is broken. When the client is
 * quiet deflate_rest keeps only the history that there is: after a login, a
 * SELECT and an IDLE that is some hundred bytes.
 */
#include "worker/net/deflate.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ZLIB_CONST /* next_in is const */
#include <zlib.h>

#define RAW       (-MAX_WBITS) /* no header, no sum, RFC 4978 section 3 */
#define LEVEL     3            /* half the time of 6, 6 % more bytes of text */
#define MEM_LEVEL 8
/* zlib's own bound for these parameters, and the flush. */
#define PACKED (DEFLATE_BURST + (DEFLATE_BURST >> 8) + 64)

#define TYPE_EDGE 128 /* data_type: between two blocks, no bits left over */

struct deflate {
	z_stream z;
	bool live; /* z is inflate's; else only history is kept */
	bool full; /* the last room was filled: more may be in z */
	bool ended;
	const char *why; /* NULL: not broken */
	size_t barren;
	unsigned char *in; /* given and not used: n from at on */
	size_t at, n;
	unsigned char *history; /* while resting */
	unsigned nhistory;
};

struct deflate_packer {
	z_stream z;
	char out[PACKED];
};

static int wake(struct deflate *);
static enum deflate_result fail(struct deflate *, const char *);
static void used_up(struct deflate *);

struct deflate *
deflate_new(void)
{
	return calloc(1, sizeof(struct deflate));
}

void
deflate_free(struct deflate *d)
{
	if (d == NULL)
		return;
	if (d->live)
		(void)inflateEnd(&d->z);
	used_up(d);
	if (d->history != NULL)
		explicit_bzero(d->history, d->nhistory);
	free(d->history);
	free(d);
}

int
deflate_give(struct deflate *d, const void *p, size_t n)
{
	unsigned char *more;

	if (n == 0)
		return 0;
	if (n > DEFLATE_AHEAD - d->n) {
		errno = ENOBUFS;
		return -1;
	}
	if ((more = malloc(d->n + n)) == NULL)
		return -1;
	if (d->n > 0)
		memcpy(more, d->in + d->at, d->n);
	memcpy(more + d->n, p, n);
	free(d->in);
	d->in = more;
	d->at = 0;
	d->n += n;
	return 0;
}

enum deflate_result
deflate_unpack(struct deflate *d, void *out, size_t room, size_t *got)
{
	size_t used;
	int r;

	*got = 0;
	if (d->why != NULL)
		return DEFLATE_BROKEN;
	if (d->ended)
		return fail(d, "the client ended its stream");
	if (!deflate_pending(d) || room == 0)
		return DEFLATE_MORE;
	if (!d->live && wake(d) == -1)
		return fail(d, "out of memory");
	d->z.next_in = d->in + d->at;
	d->z.avail_in = (unsigned)d->n;
	d->z.next_out = out;
	d->z.avail_out = (unsigned)room;
	r = inflate(&d->z, Z_SYNC_FLUSH);
	used = d->n - d->z.avail_in;
	*got = room - d->z.avail_out;
	d->at += used;
	d->n -= used;
	d->full = d->z.avail_out == 0;
	d->ended = r == Z_STREAM_END;
	if (d->n == 0)
		used_up(d);
	if (r != Z_OK && r != Z_BUF_ERROR && r != Z_STREAM_END) {
		*got = 0; /* nothing of a piece that is not whole */
		return fail(d, d->z.msg != NULL ? d->z.msg : "bad data");
	}
	if (*got > 0) {
		d->barren = 0;
		return DEFLATE_OK;
	}
	d->barren += used;
	if (d->barren > DEFLATE_BARREN)
		return fail(d, "too much that yields nothing");
	return d->ended ? fail(d, "the client ended its stream") : DEFLATE_MORE;
}

static enum deflate_result
fail(struct deflate *d, const char *why)
{
	d->why = why;
	return DEFLATE_BROKEN;
}

static int
wake(struct deflate *d)
{
	memset(&d->z, 0, sizeof(d->z));
	if (inflateInit2(&d->z, RAW) != Z_OK)
		return -1;
	d->live = true;
	if (d->history == NULL)
		return 0;
	if (inflateSetDictionary(&d->z, d->history, d->nhistory) != Z_OK)
		return -1;
	explicit_bzero(d->history, d->nhistory);
	free(d->history);
	d->history = NULL;
	d->nhistory = 0;
	return 0;
}

static void
used_up(struct deflate *d)
{
	free(d->in);
	d->in = NULL;
	d->at = d->n = 0;
}

bool
deflate_pending(const struct deflate *d)
{
	return d->n > 0 || d->full;
}

const char *
deflate_why(const struct deflate *d)
{
	return d->why != NULL ? d->why : "";
}

size_t
deflate_rest(struct deflate *d)
{
	unsigned n = 0;

	if (!d->live)
		return sizeof(*d) + d->n + d->nhistory;
	if (deflate_pending(d) || d->ended || d->why != NULL ||
	    d->z.data_type != TYPE_EDGE ||
	    inflateGetDictionary(&d->z, NULL, &n) != Z_OK)
		return sizeof(*d) + d->n + (7u << 10) + (1u << MAX_WBITS);
	/* No history: it begins anew, which is the same. */
	if (n > 0) {
		if ((d->history = malloc(n)) == NULL)
			return sizeof(*d) + (7u << 10) + (1u << MAX_WBITS);
		(void)inflateGetDictionary(&d->z, d->history, &n);
		d->nhistory = n;
	}
	(void)inflateEnd(&d->z);
	d->live = false;
	return sizeof(*d) + n;
}

struct deflate_packer *
deflate_packer_new(void)
{
	struct deflate_packer *k = calloc(1, sizeof(*k));

	if (k != NULL && deflateInit2(&k->z, LEVEL, Z_DEFLATED, RAW, MEM_LEVEL,
			     Z_DEFAULT_STRATEGY) != Z_OK) {
		free(k);
		return NULL;
	}
	return k;
}

void
deflate_packer_free(struct deflate_packer *k)
{
	if (k == NULL)
		return;
	(void)deflateEnd(&k->z);
	explicit_bzero(k->out, sizeof(k->out));
	free(k);
}

size_t
deflate_pack(
    struct deflate_packer *k, const void *p, size_t n, const char **out)
{
	assert(n <= DEFLATE_BURST);
	*out = k->out;
	if (n == 0 || deflateReset(&k->z) != Z_OK)
		return 0;
	k->z.next_in = p;
	k->z.avail_in = (unsigned)n;
	k->z.next_out = (Bytef *)k->out;
	k->z.avail_out = sizeof(k->out);
	/* Room left after a flush: all of it is out. */
	if (deflate(&k->z, Z_SYNC_FLUSH) != Z_OK || k->z.avail_in > 0 ||
	    k->z.avail_out == 0)
		return 0;
	return sizeof(k->out) - k->z.avail_out;
}
