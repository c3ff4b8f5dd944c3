/*
 * Digests (digest.h). The table has open addressing and is at most half full;
 * the digest itself says where to begin, it is as good as random.
 */
#include "worker/imap/digest.h"

#include <bsd/stdlib.h>
#include <endian.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_MIN 64

#define ROTL(x, b) ((x) << (b) | (x) >> (64 - (b)))

static void rounds(uint64_t[4], int);
static int grow(struct digest_table *);
static struct digest_slot *find(struct digest_table *, const struct digest *);
static uint32_t tag_of(const struct digest *);

/* Made at first use: after the template was forked, so every session's own. */
static struct {
	uint64_t k[2];
	bool made;
} key;

struct digest
digest_of(const void *p, size_t n)
{
	const unsigned char *at = p;
	uint64_t v[4], m;
	struct digest d;
	size_t left;

	if (!key.made)
		arc4random_buf(key.k, sizeof(key.k));
	key.made = true;
	v[0] = key.k[0] ^ UINT64_C(0x736f6d6570736575);
	v[1] = key.k[1] ^ UINT64_C(0x646f72616e646f6d) ^ 0xee;
	v[2] = key.k[0] ^ UINT64_C(0x6c7967656e657261);
	v[3] = key.k[1] ^ UINT64_C(0x7465646279746573);
	for (left = n; left >= sizeof(m); left -= sizeof(m)) {
		memcpy(&m, at, sizeof(m));
		m = le64toh(m);
		v[3] ^= m;
		rounds(v, 2);
		v[0] ^= m;
		at += sizeof(m);
	}
	m = 0;
	if (left > 0)
		memcpy(&m, at, left);
	m = le64toh(m) | (uint64_t)n << 56;
	v[3] ^= m;
	rounds(v, 2);
	v[0] ^= m;
	v[2] ^= 0xee;
	rounds(v, 4);
	d.a = v[0] ^ v[1] ^ v[2] ^ v[3];
	v[1] ^= 0xdd;
	rounds(v, 4);
	d.b = v[0] ^ v[1] ^ v[2] ^ v[3];
	return d;
}

void
digest_done(struct digest_table *t)
{
	free(t->digests);
	free(t->slots);
	memset(t, 0, sizeof(*t));
}

uint32_t
digest_number(struct digest_table *t, const struct digest *d)
{
	struct digest_slot *slot;

	if (2 * t->n >= t->room && grow(t) == -1)
		return DIGEST_NONE;
	slot = find(t, d);
	if (slot->number == DIGEST_NONE) {
		t->digests[t->n] = *d;
		*slot = (struct digest_slot){(uint32_t)t->n++, tag_of(d)};
	}
	return slot->number;
}

static void
rounds(uint64_t v[4], int n)
{
	while (n-- > 0) {
		v[0] += v[1];
		v[1] = ROTL(v[1], 13) ^ v[0];
		v[0] = ROTL(v[0], 32);
		v[2] += v[3];
		v[3] = ROTL(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = ROTL(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = ROTL(v[1], 17) ^ v[2];
		v[2] = ROTL(v[2], 32);
	}
}

static int
grow(struct digest_table *t)
{
	struct digest_table bigger = {
	    .room = t->room == 0 ? TABLE_MIN : 2 * t->room,
	    .probes = t->probes};
	struct digest *digests;
	size_t i, at;

	if (bigger.room / 2 > DIGEST_NONE)
		return -1;
	digests = reallocarray(t->digests, bigger.room / 2, sizeof(*digests));
	if (digests == NULL)
		return -1;
	t->digests = bigger.digests = digests;
	bigger.slots = reallocarray(NULL, bigger.room, sizeof(*bigger.slots));
	if (bigger.slots == NULL)
		return -1;
	memset(bigger.slots, 0xff, bigger.room * sizeof(*bigger.slots));
	for (i = 0; i < t->n; i++) {
		at = (size_t)digests[i].a & (bigger.room - 1);
		while (bigger.slots[at].number != DIGEST_NONE)
			at = (at + 1) & (bigger.room - 1);
		bigger.slots[at] =
		    (struct digest_slot){(uint32_t)i, tag_of(&digests[i])};
	}
	bigger.n = t->n;
	free(t->slots);
	*t = bigger;
	return 0;
}

/* Its slot, or the free one where it belongs. */
static struct digest_slot *
find(struct digest_table *t, const struct digest *d)
{
	size_t i = (size_t)d->a & (t->room - 1);
	const struct digest *there;

	t->probes++;
	for (; t->slots[i].number != DIGEST_NONE; i = (i + 1) & (t->room - 1)) {
		t->probes++;
		if (t->slots[i].tag != tag_of(d))
			continue;
		there = &t->digests[t->slots[i].number];
		if (there->a == d->a && there->b == d->b)
			break;
	}
	return &t->slots[i];
}

static uint32_t
tag_of(const struct digest *d)
{
	return (uint32_t)d->b;
}
