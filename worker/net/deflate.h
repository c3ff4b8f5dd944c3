/*
 * COMPRESS=DEFLATE (RFC 4978): raw deflate (RFC 1951) in both directions. The
 * only file with zlib. What it costs and why outgoing bursts share nothing is
 * said in deflate.c.
 */
#ifndef NET_DEFLATE_H
#define NET_DEFLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "shm/limits.h"

struct deflate;        /* what one client sends */
struct deflate_packer; /* what all clients of a worker are sent */

enum deflate_result {
	DEFLATE_OK,     /* some bytes came out */
	DEFLATE_MORE,   /* none, compressed ones are needed */
	DEFLATE_BROKEN, /* the stream cannot go on: deflate_why */
};

/* A stream at its beginning. NULL: out of memory. */
struct deflate *deflate_new(void);
void deflate_free(struct deflate *);
/*
 * Takes n compressed bytes, copied. -1: out of memory, or more than
 * DEFLATE_AHEAD would be kept (errno ENOBUFS).
 */
int deflate_give(struct deflate *, const void *p, size_t n);
/*
 * At most room bytes of text into out; *got of them with DEFLATE_OK, else 0.
 * One call does no more than room bytes' work, and what was given.
 */
enum deflate_result deflate_unpack(
    struct deflate *, void *out, size_t room, size_t *got);
/* More can come out without more being given. */
bool deflate_pending(const struct deflate *);
/* Why it is broken, for the log. */
const char *deflate_why(const struct deflate *);
/*
 * The client is quiet: between two blocks on a byte's edge only the history is
 * kept, 32 kB at most; elsewhere everything stays. The stream goes on with the
 * next deflate_give. Bytes that are kept now.
 */
size_t deflate_rest(struct deflate *);

/* NULL: out of memory. Held by the worker, 330 kB. */
struct deflate_packer *deflate_packer_new(void);
void deflate_packer_free(struct deflate_packer *);
/*
 * A burst of n bytes (DEFLATE_BURST at most) as whole bytes that the client can
 * read at once. *out is lent until the next call. Their number, or 0 if zlib
 * failed.
 */
size_t deflate_pack(
    struct deflate_packer *, const void *p, size_t n, const char **out);

#endif
