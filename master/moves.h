/*
 * Parked clients of the old generation move to the new one: its workers offer
 * them, one of ours becomes the heir of each, our spawner is told whose ticket
 * it may seal again. We vouch for numbers only: which worker has offered which
 * connection of its own, and who has it now.
 */
#ifndef MASTER_MOVES_H
#define MASTER_MOVES_H

#include <stdint.h>

#include "shm/boot.h"
#include "shm/ipc.h"

#define MOVES_MOST (BOOT_WORKERS * IPC_MOVE_MOST)

struct brood;
struct child;

struct move {          /* under way */
	uint64_t conn; /* 0: none */
	uint32_t from; /* numbers, and who has them */
	uint32_t to;
	uint64_t from_incarnation, to_incarnation;
};

struct moves {
	uint8_t key[32]; /* of the old generation's tickets */
	unsigned n;
	struct move v[MOVES_MOST];
};

/* All are ready: tells the old workers to offer what they may. */
void moves_begin(struct brood *);
/* OFFER or SETTLED of a worker; -1: it breaks the rules. */
int moves_hear(struct brood *, struct child *, struct ipc_msg *);
/* The heir has the client, or had it until it went. */
void moves_settled(struct brood *, const struct child *, uint64_t conn);
/* A process has died, as an heir perhaps. */
void moves_died(struct brood *, const struct child *);

#endif
