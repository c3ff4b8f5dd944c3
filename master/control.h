/*
 * The control socket: administrators (root, the user that the master runs as,
 * members of IMAPADMINGROUP) ask who is connected and end connections. A few at
 * a time, with a deadline; nothing here waits, so nobody's login does.
 */
#ifndef MASTER_CONTROL_H
#define MASTER_CONTROL_H

#include <poll.h>
#include <stdint.h>

#include "master/brood.h"

#define CONTROL_PEERS 4    /* at a time; more wait in the socket's queue */
#define CONTROL_MS    5000 /* that one has */
#define CONTROL_POLL  (1 + CONTROL_PEERS)

struct control {
	struct brood *brood;
	int fd;           /* listening, -1: none */
	uint64_t started; /* CLOCK_REALTIME, s */
	struct control_peer {
		int fd;         /* -1: free */
		uint64_t until; /* ms */
		uint32_t uid;
	} peers[CONTROL_PEERS];
};

void control_init(struct control *, struct brood *);
void control_close(struct control *);
/* Fills CONTROL_POLL places; control_turn is given them back. */
void control_poll(const struct control *, struct pollfd *);
void control_turn(struct control *, const struct pollfd *, uint64_t now);
/* ms until control_turn has work, -1: none. */
int control_wait(const struct control *, uint64_t now);

#endif
