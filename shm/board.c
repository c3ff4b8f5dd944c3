/*
 * The board. Three facts make it safe without locks:
 *
 *  1. A slot's counter only rises; a slot's mask bit is written by its worker
 *     alone, with atomic or and and.
 *  2. Poster: raises the counter, then reads the mask. Sleeper: enters the
 * mask, then reads the counter. Both pairs are store-then-load across two
 *     processes, so all four accesses are sequentially consistent: nothing
 *     weaker forbids that each misses the other.
 *  3. The same once more for waiting: poster sets the dirty bit, then exchanges
 *     the awake flag; the worker clears the awake flag, then looks at its dirty
 *     bits. A worker that found nothing and sleeps has its flag cleared, so the
 *     next poster rings. One that died in between has not: the master does.
 *
 * Tried with 200,000 wakes across two processes: hush, look, wait loses none;
 * look before hush loses some within the first thousands.
 *
 * Dirty bits are a bitmap per worker with a summary word per 64 words, so that
 * taking them costs by what is dirty, not by the size of the board. Nothing
 * read from the board is used as an index without a mask.
 */
#include "shm/board.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <assert.h>
#include <bsd/stdlib.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "shm/boot.h"

#define BOARD_MAGIC  0x626f617264303031u /* "board001" */
#define SLOTS_MIN    65536u
#define SLOTS_MAX    (1u << 22)
#define SUMMARY_BITS (64u * 64u) /* slots that one summary bit's word spans */

struct slot {
	_Atomic uint64_t counter;
	_Atomic uint64_t mask; /* a bit per worker */
	_Atomic uint64_t stamp;
	uint64_t unused;
};

struct header {
	uint64_t magic;
	uint32_t slots;
	uint32_t workers;
	_Atomic uint32_t awake[BOOT_WORKERS];
	char pad[4096 - 16 - 4 * BOOT_WORKERS];
};

static_assert(sizeof(struct slot) == 32, "slot layout");
static_assert(sizeof(struct header) == 4096, "header layout");
static_assert(BOOT_WORKERS == 64, "one mask bit per worker");

struct board {
	struct header *h;
	struct slot *slot;
	_Atomic uint64_t *dirty;   /* [worker][slots / 64] */
	_Atomic uint64_t *summary; /* [worker][slots / 4096] */
	uint32_t slots;
	uint64_t key[2];
	size_t size;
};

static size_t board_size(uint32_t);
static void mark(struct board *, unsigned, uint32_t);
static uint64_t siphash(const uint64_t[2], uint64_t, uint64_t);
static uint64_t fnv64(uint64_t, uint64_t);

uint32_t
board_slots(uint32_t maxdaemons)
{
	uint32_t n = SLOTS_MIN;

	while (n < SLOTS_MAX && n / 4 < maxdaemons)
		n *= 2;
	return n;
}

int
board_create(uint32_t slots)
{
	struct header h = {
	    .magic = BOARD_MAGIC, .slots = slots, .workers = BOOT_WORKERS};
	char name[32];
	int fd, e;

	(void)snprintf(
	    name, sizeof(name), "/imapd-%08x%08x", arc4random(), arc4random());
	fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd == -1)
		return -1;
	/* Unlinked at once: two instances or a crash leave nothing behind. */
	(void)shm_unlink(name);
	if (ftruncate(fd, (off_t)board_size(slots)) == 0 &&
	    pwrite(fd, &h, sizeof(h), 0) == (ssize_t)sizeof(h))
		return fd;
	e = errno;
	(void)close(fd);
	errno = e;
	return -1;
}

struct board *
board_map(int fd, const uint64_t key[2])
{
	struct board *b;
	struct stat st;
	char *p;

	if (fstat(fd, &st) == -1)
		return NULL;
	if (st.st_size < (off_t)sizeof(struct header)) {
		errno = EPROTO;
		return NULL;
	}
	p = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED,
	    fd, 0);
	if (p == MAP_FAILED)
		return NULL;
	b = calloc(1, sizeof(*b));
	if (b == NULL) {
		(void)munmap(p, (size_t)st.st_size);
		return NULL;
	}
	b->h = (struct header *)(void *)p;
	b->size = (size_t)st.st_size;
	b->slots = b->h->slots;
	b->key[0] = key[0];
	b->key[1] = key[1];
	if (b->h->magic != BOARD_MAGIC || b->slots < SLOTS_MIN ||
	    b->slots > SLOTS_MAX || (b->slots & (b->slots - 1)) != 0 ||
	    b->size != board_size(b->slots)) {
		board_unmap(b);
		errno = EPROTO;
		return NULL;
	}
	b->slot = (struct slot *)(void *)(p + sizeof(struct header));
	b->dirty = (_Atomic uint64_t *)(void *)(b->slot + b->slots);
	b->summary = b->dirty + (size_t)BOOT_WORKERS * (b->slots / 64);
	return b;
}

void
board_unmap(struct board *b)
{
	if (b == NULL)
		return;
	(void)munmap(b->h, b->size);
	free(b);
}

uint32_t
board_slot(const struct board *b, uint64_t dev, uint64_t ino)
{
	return (uint32_t)siphash(b->key, dev, ino) & (b->slots - 1);
}

uint64_t
board_counter(const struct board *b, uint32_t slot)
{
	/* Sequentially consistent: after board_enter, see fact 2. */
	return atomic_load(&b->slot[slot & (b->slots - 1)].counter);
}

uint64_t
board_stamp(const struct board *b, uint32_t slot)
{
	return atomic_load_explicit(
	    &b->slot[slot & (b->slots - 1)].stamp, memory_order_relaxed);
}

void
board_begin(struct board *b, unsigned worker)
{
	uint64_t bit = UINT64_C(1) << worker;
	size_t i;

	assert(worker < BOOT_WORKERS);
	for (i = 0; i < b->slots; i++)
		if ((atomic_load_explicit(
			 &b->slot[i].mask, memory_order_relaxed) &
			bit) != 0)
			atomic_fetch_and(&b->slot[i].mask, ~bit);
	for (i = 0; i < b->slots / 64; i++)
		atomic_store_explicit(&b->dirty[worker * (b->slots / 64) + i],
		    0, memory_order_relaxed);
	for (i = 0; i < b->slots / SUMMARY_BITS; i++)
		atomic_store_explicit(
		    &b->summary[worker * (b->slots / SUMMARY_BITS) + i], 0,
		    memory_order_relaxed);
	atomic_store(&b->h->awake[worker], 0);
}

void
board_enter(struct board *b, uint32_t slot, unsigned worker)
{
	assert(worker < BOOT_WORKERS);
	/* Sequentially consistent: before the look at the counter, fact 2. */
	atomic_fetch_or(
	    &b->slot[slot & (b->slots - 1)].mask, UINT64_C(1) << worker);
}

void
board_leave(struct board *b, uint32_t slot, unsigned worker)
{
	assert(worker < BOOT_WORKERS);
	atomic_fetch_and(
	    &b->slot[slot & (b->slots - 1)].mask, ~(UINT64_C(1) << worker));
}

void
board_post(struct board *b, uint32_t slot, uint64_t stamp, const int *bells)
{
	struct slot *s = &b->slot[slot & (b->slots - 1)];
	uint64_t mask, one = 1;
	unsigned w;

	atomic_store_explicit(&s->stamp, stamp, memory_order_relaxed);
	/* Both sequentially consistent: counter, then mask; fact 2. */
	atomic_fetch_add(&s->counter, 1);
	mask = atomic_load(&s->mask);
	while (mask != 0) {
		w = (unsigned)__builtin_ctzll(mask);
		mask &= mask - 1;
		mark(b, w, slot & (b->slots - 1));
		/* Dirty bit, then awake flag; fact 3. */
		if (atomic_exchange(&b->h->awake[w], 1) == 0)
			(void)!write(bells[w], &one, sizeof(one));
	}
}

void
board_ring(const int *bells)
{
	uint64_t one = 1;

	for (int w = 0; w < BOOT_WORKERS; w++)
		(void)!write(bells[w], &one, sizeof(one));
}

size_t
board_take(
    struct board *b, unsigned worker, int bell, uint32_t *slots, size_t max)
{
	size_t nsum = b->slots / SUMMARY_BITS, nword = b->slots / 64, i, n = 0;
	_Atomic uint64_t *sum = b->summary + worker * nsum;
	_Atomic uint64_t *dirty = b->dirty + worker * nword;
	uint64_t words, bits, ring;
	unsigned w, bit;

	assert(worker < BOOT_WORKERS);
	/* Hush first, then look: what comes in between rings again; fact 3. */
	(void)!read(bell, &ring, sizeof(ring));
	atomic_store(&b->h->awake[worker], 0);
	for (i = 0; i < nsum; i++) {
		if (atomic_load(&sum[i]) == 0)
			continue;
		words = atomic_exchange(&sum[i], 0);
		while (words != 0) {
			w = (unsigned)__builtin_ctzll(words);
			bits = n + 64 <= max
				   ? atomic_exchange(&dirty[i * 64 + w], 0)
				   : 0;
			if (n + 64 > max) { /* for the next call */
				atomic_fetch_or(&sum[i], words);
				return n;
			}
			words &= words - 1;
			while (bits != 0) {
				bit = (unsigned)__builtin_ctzll(bits);
				bits &= bits - 1;
				slots[n++] =
				    (uint32_t)((i * 64 + w) * 64 + bit);
			}
		}
	}
	return n;
}

uint64_t
board_stamp_dirs(const int fds[3])
{
	struct stat st[3];

	for (int i = 0; i < 3; i++)
		if (fds[i] == -1 || fstat(fds[i], &st[i]) == -1)
			st[i] = (struct stat){0};
	return board_stamp_stats(st);
}

uint64_t
board_stamp_stats(const struct stat st[3])
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (int i = 0; i < 3; i++) {
		h = fnv64(h, (uint64_t)st[i].st_mtim.tv_sec);
		h = fnv64(h, (uint64_t)st[i].st_mtim.tv_nsec);
		h = fnv64(h, (uint64_t)st[i].st_ctim.tv_sec);
		h = fnv64(h, (uint64_t)st[i].st_ctim.tv_nsec);
	}
	return h;
}

static size_t
board_size(uint32_t slots)
{
	return sizeof(struct header) + slots * sizeof(struct slot) +
	       (size_t)BOOT_WORKERS * (slots / 64) * 8 +
	       (size_t)BOOT_WORKERS * (slots / SUMMARY_BITS) * 8;
}

/* Dirty bit first, then its summary bit: who sees the summary finds it. */
static void
mark(struct board *b, unsigned worker, uint32_t slot)
{
	atomic_fetch_or(&b->dirty[worker * (b->slots / 64) + slot / 64],
	    UINT64_C(1) << (slot % 64));
	atomic_fetch_or(&b->summary[worker * (b->slots / SUMMARY_BITS) +
				    slot / SUMMARY_BITS],
	    UINT64_C(1) << (slot / 64 % 64));
}

/* SipHash-2-4 (Aumasson, Bernstein 2012) of two words. */
static uint64_t
siphash(const uint64_t key[2], uint64_t a, uint64_t c)
{
	uint64_t v0 = key[0] ^ UINT64_C(0x736f6d6570736575);
	uint64_t v1 = key[1] ^ UINT64_C(0x646f72616e646f6d);
	uint64_t v2 = key[0] ^ UINT64_C(0x6c7967656e657261);
	uint64_t v3 = key[1] ^ UINT64_C(0x7465646279746573);
	const uint64_t m[3] = {a, c, UINT64_C(16) << 56};
	int i, r, rounds;

#define ROTL(x, n) ((x) << (n) | (x) >> (64 - (n)))
	for (i = 0; i < 4; i++) {
		rounds = i < 3 ? 2 : 4;
		if (i < 3)
			v3 ^= m[i];
		else
			v2 ^= 0xff;
		for (r = 0; r < rounds; r++) {
			v0 += v1;
			v1 = ROTL(v1, 13) ^ v0;
			v0 = ROTL(v0, 32);
			v2 += v3;
			v3 = ROTL(v3, 16) ^ v2;
			v0 += v3;
			v3 = ROTL(v3, 21) ^ v0;
			v2 += v1;
			v1 = ROTL(v1, 17) ^ v2;
			v2 = ROTL(v2, 32);
		}
		if (i < 3)
			v0 ^= m[i];
	}
#undef ROTL
	return v0 ^ v1 ^ v2 ^ v3;
}

static uint64_t
fnv64(uint64_t h, uint64_t v)
{
	int i;

	for (i = 0; i < 8; i++) {
		h ^= v & 0xff;
		h *= UINT64_C(0x100000001b3);
		v >>= 8;
	}
	return h;
}
