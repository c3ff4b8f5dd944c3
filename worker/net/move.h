/*
 * After an upgrade: parked clients of a worker of the old generation are
 * offered, through the master, to the workers of the new one. Who is not parked
 * now is offered when it is; who has TLS or COMPRESS stays.
 */
#ifndef NET_MOVE_H
#define NET_MOVE_H

#include "worker/net/client.h"

/* MOVE and MOVED from the master; -1: malformed. */
int move_begin(struct worker *, struct ipc_msg *);
int move_answered(struct worker *, struct ipc_msg *);
/* In CLIENT_PARKED, with nothing under way: offers it, if that may be. */
void move_offer(struct worker *, struct client *);
/* Goes on with those that could not be offered before: once a tick. */
void move_tick(struct worker *);
/* ms until then, -1: there is nothing to be done. */
int move_patience(const struct worker *);

#endif
