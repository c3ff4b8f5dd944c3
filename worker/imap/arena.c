/*
 * Memory of one command (arena.h): a list of chunks, the newest first. The
 * first chunk outlives a reset, so that a session of small commands never
 * calls malloc. Under AddressSanitizer what is not given out is poisoned.
 */
#include "worker/imap/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define ARENA_ASAN 1
#endif
#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(p, n)   __asan_poison_memory_region((p), (n))
#define UNPOISON(p, n) __asan_unpoison_memory_region((p), (n))
#else
#define POISON(p, n)   ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

#define ARENA_CHUNK 16384

struct chunk {
	struct chunk *older;
	size_t room, used;
	alignas(max_align_t) char bytes[];
};

struct arena {
	struct chunk *newest; /* its oldest is the one that stays */
	size_t max, taken;
};

static struct chunk *chunk_new(size_t);
static void chunk_free(struct chunk *);

struct arena *
arena_new(size_t max)
{
	struct arena *a;

	a = calloc(1, sizeof(*a));
	if (a == NULL)
		return NULL;
	a->max = max;
	a->newest = chunk_new(ARENA_CHUNK);
	if (a->newest == NULL) {
		free(a);
		return NULL;
	}
	return a;
}

void
arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	arena_reset(a);
	chunk_free(a->newest);
	free(a);
}

void *
arena_alloc(struct arena *a, size_t n)
{
	const size_t align = alignof(max_align_t);
	struct chunk *c;
	size_t need;
	void *p;

	if (n == 0)
		n = 1;
	if (n > SIZE_MAX / 2)
		return NULL;
	need = (n + align - 1) / align * align;
	if (need > a->max - a->taken)
		return NULL;
	c = a->newest;
	if (need > c->room - c->used) {
		c = chunk_new(need > ARENA_CHUNK ? need : ARENA_CHUNK);
		if (c == NULL)
			return NULL;
		c->older = a->newest;
		a->newest = c;
	}
	p = c->bytes + c->used;
	c->used += need;
	a->taken += need;
	UNPOISON(p, n);
	return p;
}

void *
arena_array(struct arena *a, size_t count, size_t size)
{
	if (size != 0 && count > SIZE_MAX / size)
		return NULL;
	return arena_alloc(a, count * size);
}

char *
arena_text(struct arena *a, const char *p, size_t n)
{
	char *s;

	if (n == SIZE_MAX || (s = arena_alloc(a, n + 1)) == NULL)
		return NULL;
	if (n > 0)
		memcpy(s, p, n);
	return s;
}

void
arena_reset(struct arena *a)
{
	struct chunk *c;

	while ((c = a->newest)->older != NULL) {
		a->newest = c->older;
		chunk_free(c);
	}
	UNPOISON(c->bytes, c->room);
	memset(c->bytes, 0, c->used);
	POISON(c->bytes, c->room);
	c->used = 0;
	a->taken = 0;
}

/* Zeroed: calloc has fresh pages for nothing. */
static struct chunk *
chunk_new(size_t room)
{
	struct chunk *c;

	if (room > SIZE_MAX - sizeof(*c))
		return NULL;
	c = calloc(1, sizeof(*c) + room);
	if (c == NULL)
		return NULL;
	c->room = room;
	POISON(c->bytes, room);
	return c;
}

static void
chunk_free(struct chunk *c)
{
	UNPOISON(c->bytes, c->room);
	free(c);
}
