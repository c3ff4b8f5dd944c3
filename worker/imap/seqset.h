/* Sequence sets and UID sets: RFC 3501 "sequence-set", RFC 5182 "$". */
#ifndef IMAP_SEQSET_H
#define IMAP_SEQSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/limits.h"
#include "worker/imap/arena.h"
#include "worker/imap/buf.h"

struct seqset_range {
	uint32_t lo, hi; /* 0 stands for "*" */
};
struct seqset {
	bool saved; /* "$": the saved search result */
	size_t n;
	const struct seqset_range *r; /* as written, in the arena */
};

/*
 * Parses p[n], all of it, into *out (arena). 0; -1: not a sequence set, or
 * more than SEQSET_RANGES_MAX ranges.
 */
int seqset_parse(struct arena *, const char *p, size_t n, struct seqset *out);
/*
 * Resolves "*" to max, orders, and merges: rising, disjoint ranges in the
 * arena. max 0 (empty mailbox): an empty set. NULL with *n = 0 when empty.
 */
const struct seqset_range *seqset_resolve(
    struct arena *, const struct seqset *, uint32_t max, size_t *n);
/* Prints rising numbers as a set: 1:3,5. n > 0; SEQSET_TEXT bytes each at most.
 */
#define SEQSET_TEXT sizeof("4294967295")
void seqset_print(struct buf *, const uint32_t *numbers, size_t n);

#endif
