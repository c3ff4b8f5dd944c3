/*
 * Records in shared memory. Writer: odd number, bytes, even number; reader:
 * copies between two looks at an even number that is the same. The bytes are
 * copied as relaxed atomic words, so that a torn copy is a matter of the
 * numbers and never undefined.
 */
#include "shm/conntab.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAGIC 0x636f6e6e30303031u /* "conn0001" */
#define TRIES 100                 /* of a reader while a record changes */
#define WORDS (sizeof(struct conntab_entry) / sizeof(uint64_t))

struct record {
	_Atomic uint64_t seq; /* odd: being written */
	_Atomic uint64_t word[WORDS];
};

struct header {
	uint64_t magic;
	uint32_t records;
	uint32_t size;         /* of one */
	_Atomic uint32_t used; /* no record from here on was ever taken */
	uint32_t unused;
	_Atomic uint64_t count[CONNTAB_COUNTS];
};

#define HEADER 4096

static_assert(sizeof(struct conntab_entry) % sizeof(uint64_t) == 0, "words");
static_assert(sizeof(struct header) <= HEADER, "header fits its page");

struct conntab {
	struct header *h;
	struct record *v;
	uint32_t records;
	size_t size;
	/* the writer's */
	uint32_t used;
	uint32_t *free; /* given back */
	uint32_t nfree, room;
};

static size_t table_size(uint32_t);
static void terminate(struct conntab_entry *);

int
conntab_create(uint32_t records)
{
	struct header h = {.magic = MAGIC, .size = sizeof(struct record)};
	int fd, e;

	if (records > CONNTAB_MOST)
		records = CONNTAB_MOST;
	h.records = records;
	fd = memfd_create("imapd-connections", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd == -1)
		return -1;
	if (fchmod(fd, 0600) == 0 &&
	    ftruncate(fd, (off_t)table_size(records)) == 0 &&
	    pwrite(fd, &h, sizeof(h), 0) == (ssize_t)sizeof(h) &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW) ==
		0)
		return fd;
	e = errno;
	(void)close(fd);
	errno = e;
	return -1;
}

int
conntab_reopen(int fd)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC);
}

struct conntab *
conntab_map(int fd, bool writer)
{
	int prot = PROT_READ | (writer ? PROT_WRITE : 0);
	struct conntab *t;
	struct stat st;
	void *p;

	if (fstat(fd, &st) == -1)
		return NULL;
	if (st.st_size < HEADER) {
		errno = EPROTO;
		return NULL;
	}
	p = mmap(NULL, (size_t)st.st_size, prot, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return NULL;
	t = calloc(1, sizeof(*t));
	if (t == NULL) {
		(void)munmap(p, (size_t)st.st_size);
		return NULL;
	}
	t->h = p;
	t->size = (size_t)st.st_size;
	t->records = t->h->records;
	t->v = (struct record *)(void *)((char *)p + HEADER);
	if (t->h->magic == MAGIC && t->h->size == sizeof(struct record) &&
	    t->records <= CONNTAB_MOST && t->size == table_size(t->records))
		return t;
	conntab_unmap(t);
	errno = EPROTO;
	return NULL;
}

void
conntab_unmap(struct conntab *t)
{
	if (t == NULL)
		return;
	(void)munmap(t->h, t->size);
	free(t->free);
	free(t);
}

uint32_t
conntab_take(struct conntab *t)
{
	if (t->nfree > 0)
		return t->free[--t->nfree];
	if (t->used == t->records)
		return CONNTAB_NONE;
	atomic_store_explicit(&t->h->used, t->used + 1, memory_order_relaxed);
	return t->used++;
}

void
conntab_write(struct conntab *t, uint32_t at, const struct conntab_entry *entry)
{
	struct record *r = &t->v[at];
	uint64_t words[WORDS], seq;

	assert(at < t->records);
	memcpy(words, entry, sizeof(words));
	seq = atomic_load_explicit(&r->seq, memory_order_relaxed);
	atomic_store_explicit(&r->seq, seq | 1, memory_order_relaxed);
	/* Who sees a new word sees the odd number, too. */
	atomic_thread_fence(memory_order_release);
	for (size_t i = 0; i < WORDS; i++)
		atomic_store_explicit(
		    &r->word[i], words[i], memory_order_relaxed);
	atomic_store_explicit(&r->seq, (seq | 1) + 1, memory_order_release);
}

void
conntab_release(struct conntab *t, uint32_t at)
{
	static const struct conntab_entry none;
	uint32_t room = t->room > 0 ? t->room * 2 : 64, *more;

	conntab_write(t, at, &none);
	if (t->nfree == t->room) {
		more = reallocarray(t->free, room, sizeof(*more));
		if (more == NULL)
			return; /* one place less */
		t->free = more;
		t->room = room;
	}
	t->free[t->nfree++] = at;
}

void
conntab_count(struct conntab *t, enum conntab_counter which, uint64_t add)
{
	atomic_fetch_add_explicit(
	    &t->h->count[which], add, memory_order_relaxed);
}

uint32_t
conntab_used(const struct conntab *t)
{
	uint32_t used = atomic_load_explicit(&t->h->used, memory_order_relaxed);

	return used < t->records ? used : t->records;
}

int
conntab_read(const struct conntab *t, uint32_t at, struct conntab_entry *out)
{
	uint64_t words[WORDS], before, after;
	const struct record *r = &t->v[at];

	if (at >= t->records)
		return 0;
	for (int n = 0; n < TRIES; n++) {
		before = atomic_load_explicit(&r->seq, memory_order_acquire);
		for (size_t i = 0; i < WORDS; i++)
			words[i] = atomic_load_explicit(
			    &r->word[i], memory_order_relaxed);
		atomic_thread_fence(memory_order_acquire);
		after = atomic_load_explicit(&r->seq, memory_order_relaxed);
		if (before != after || (before & 1) != 0)
			continue;
		memcpy(out, words, sizeof(*out));
		terminate(out);
		return out->state != CONNTAB_FREE &&
		       out->state < CONNTAB_STATES;
	}
	return 0;
}

static void
terminate(struct conntab_entry *e)
{
	e->user[sizeof(e->user) - 1] = '\0';
	e->addr[sizeof(e->addr) - 1] = '\0';
	e->device[sizeof(e->device) - 1] = '\0';
	e->folder[sizeof(e->folder) - 1] = '\0';
}

uint64_t
conntab_counter(const struct conntab *t, enum conntab_counter which)
{
	return atomic_load_explicit(&t->h->count[which], memory_order_relaxed);
}

static size_t
table_size(uint32_t records)
{
	return HEADER + (size_t)records * sizeof(struct record);
}
