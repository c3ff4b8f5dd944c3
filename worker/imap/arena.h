/*
 * Memory of one command: zeroed, with a ceiling, given back all at once. Reset
 * stands at the top of the session's loop, so no error path can skip it. Never
 * holds secrets.
 */
#ifndef IMAP_ARENA_H
#define IMAP_ARENA_H

#include <stddef.h>

struct arena;

/* max: bytes that one command may take. NULL: ENOMEM. */
struct arena *arena_new(size_t max);
void arena_free(struct arena *);
/* n zeroed bytes, aligned for any type, until the next reset. NULL: ceiling. */
void *arena_alloc(struct arena *, size_t n);
/* The same for count things of size, without overflow. */
void *arena_array(struct arena *, size_t count, size_t size);
/* A terminated copy of p[n]. */
char *arena_text(struct arena *, const char *p, size_t n);
/* Everything given out is void; poisoned under AddressSanitizer. */
void arena_reset(struct arena *);

#endif
