/*
 * The keys of TLS session tickets (RFC 5077, 8446 4.6.1): made here, the same
 * for all workers, so that a client resumes with any of them; changed every
 * TLS_TICKET_TIME seconds, and good for one such time more. So a ticket, or a
 * key, that was stolen is worth nothing after two of them.
 */
#ifndef MASTER_TICKETS_H
#define MASTER_TICKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/ipc.h"

#define TICKETS_KEY 80 /* bytes of a key: name 16, cipher 32, digest 32 */

struct tickets {
	uint8_t keys[2][TICKETS_KEY]; /* in use, the one before */
	uint64_t due;                 /* ms: time for the next; 0: none yet */
	uint32_t seconds;             /* that due was made with */
};

/* Makes new keys if it is time. True: workers must hear of them. */
bool tickets_turn(struct tickets *, uint32_t seconds, uint64_t now);
/* Fills the message for a worker; ipc_wipe after it is sent. */
void tickets_put(const struct tickets *, struct ipc_put *);

#endif
