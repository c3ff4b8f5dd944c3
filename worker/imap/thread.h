/*
 * THREAD: messages in their order of sequence in, threads out. RFC 5256
 * (ORDEREDSUBJECT, REFERENCES), draft-ietf-morg-inthread (REFS). Linear memory,
 * near-linear time, and no recursion: a thread may be as deep as it likes.
 */
#ifndef IMAP_THREAD_H
#define IMAP_THREAD_H

#include <stddef.h>
#include <stdint.h>

#include "worker/imap/buf.h"
#include "worker/imap/keys.h"
#include "worker/imap/parse_sort.h"

struct thread;

struct thread *thread_new(enum parse_thread_algorithm); /* NULL: no memory */
void thread_free(struct thread *);
/* What it must know of a message: KEYS_* bits. */
unsigned thread_wants(enum parse_thread_algorithm);
/* Adds the next message; number is what is printed. 0; -1: no memory. */
int thread_add(struct thread *, uint32_t number, const struct keys *);
/* Makes the threads of all that was added. 0; -1: no memory. */
int thread_finish(struct thread *);
/* Appends RFC 5256 "1*thread-list"; nothing if there are none. */
void thread_print(const struct thread *, struct buf *);

#endif
