/*
 * Whose ticket of the generation before may be sealed again, and for whom: what
 * the master has vouched for (HEIR), each used once. The spawner's.
 */
#ifndef MASTER_HEIRS_H
#define MASTER_HEIRS_H

#include <stdint.h>

#include "auth/ticket.h"
#include "master/moves.h"
#include "shm/ipc.h"

/* HEIR from the master; the oldest beyond MOVES_MOST is forgotten. */
void heirs_take(struct ipc_msg *);
/*
 * The ticket that worker "to" (*t says which: number, incarnation, connection)
 * has inherited: opened with the old generation's key and made the heir's, all
 * but its seal; its time is as it was. NULL, or why it cannot be.
 */
const char *heirs_open(const uint8_t *sealed, size_t len,
    const uint8_t key[TICKET_KEY], struct ticket *t);

#endif
