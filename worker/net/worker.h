/*
 * The door of worker/net: one process of the pool. An event loop over its
 * clients: greeting, TLS, the grammar before login, relays, and the notices of
 * the board. It opens no file, names no user and sees no mailbox.
 */
#ifndef NET_WORKER_H
#define NET_WORKER_H

#include "shm/boot.h"

struct worker;

/*
 * A worker on its channel to the master. *boot is copied. parent: taken over;
 * boardfd: stays the caller's and may be closed afterwards; bells: BOOT_WORKERS
 * eventfds, lent for the worker's life. Clears this worker's place on the
 * board. NULL with errno. HELLO is the caller's to say, and so is the jail.
 */
struct worker *worker_new(
    const struct boot *boot, int parent, int boardfd, const int *bells);
/*
 * Waits at most ms milliseconds (-1: for ever) and serves what is ready. false:
 * it was told to stop, or its master has gone, and everybody has been seen off.
 */
bool worker_tick(struct worker *, int ms);
/* Closes everything. NULL is accepted. */
void worker_free(struct worker *);

#endif
