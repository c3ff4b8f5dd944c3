/*
 * Texts by their digests: 128 bits under a key that this process made and
 * nobody knows, so that no message can be written to collide with another. Two
 * equal digests count as the same text. And a table that numbers them.
 */
#ifndef IMAP_DIGEST_H
#define IMAP_DIGEST_H

#include <stddef.h>
#include <stdint.h>

struct digest {
	uint64_t a, b;
};

/* SipHash-2-4 with 128 bits (Aumasson, Bernstein 2012) under our key. */
struct digest digest_of(const void *p, size_t n);

#define DIGEST_NONE UINT32_MAX

struct digest_slot {
	uint32_t number; /* DIGEST_NONE: free */
	uint32_t tag;    /* of the digest, which lies elsewhere in memory */
};

struct digest_table {
	struct digest *digests;    /* by number; owned */
	struct digest_slot *slots; /* owned */
	size_t n, room;            /* room of slots: a power of 2, or 0 */
	uint64_t probes;           /* slots looked at, for tests */
};

/* It begins as zeros. */
void digest_done(struct digest_table *);
/*
 * The number of a digest: a new one gets the next, which is table.n, from 0.
 * DIGEST_NONE: no memory.
 */
uint32_t digest_number(struct digest_table *, const struct digest *);

#endif
