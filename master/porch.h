/*
 * Accepting: who comes in at the listening sockets is admitted and handed to a
 * worker, or told why not.
 */
#ifndef MASTER_PORCH_H
#define MASTER_PORCH_H

#include <stdbool.h>
#include <stdint.h>

#include "master/access.h"
#include "master/brood.h"
#include "master/listen.h"

struct porch {
	struct brood *brood;
	struct listeners listeners;
	struct access *access; /* IMAPACCESSFILE, NULL: everybody may */
	uint64_t pause;        /* ms: no accept before; EMFILE */
	uint64_t told;         /* ms: last line about EMFILE */
	uint64_t alone;        /* ms: last line about no worker to be had */
	uint64_t crowd[2];     /* ms: last line about 90 % of MAXDAEMONS */
	uint64_t deny;         /* ms: last line about who was denied */
	uint32_t denied;       /* ... and how many have come since */
};

/* Accepts what waits at listener i, some at a time. */
void porch_accept(struct porch *, size_t i, uint64_t now);
/*
 * IPC_NAMED of a worker: decides about the address, and answers. 0, or -1: it
 * is malformed.
 */
int porch_named(struct porch *, struct child *, struct ipc_msg *, uint64_t now);

#endif
