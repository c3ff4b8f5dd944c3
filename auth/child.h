/*
 * What auth and the PAM process have in common as children of the master: how
 * they begin, and the messages that it sends to both.
 */
#ifndef AUTH_CHILD_H
#define AUTH_CHILD_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/boot.h"
#include "shm/ipc.h"

struct child {
	struct boot *boot;
	bool stopping;
	uint64_t stop_at; /* ms: gone by then, once stopping */
};

struct child_peer { /* from PEER; fd is the receiver's */
	int fd;
	uint32_t role, number;
	uint64_t incarnation;
};

/* Milliseconds that only rise. */
uint64_t child_now(void);
/*
 * Signals that the terminal sends to the whole group are the master's to act
 * on; the jail; HELLO. -1: logged, do not go on.
 */
int child_begin(struct child *, struct boot *);
/*
 * SETTINGS and STOP: 1 if it was one of them and well formed, 0 if it is
 * another message, -1 if it was malformed.
 */
int child_message(struct child *, struct ipc_msg *);
/* Takes a PEER apart. 0, or -1 (malformed, nothing to close). */
int child_peer(struct ipc_msg *, struct child_peer *out);
/* The poll timeout until a time in ms; -1 for UINT64_MAX. */
int child_timeout(uint64_t until, uint64_t now);

#endif
