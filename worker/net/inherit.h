/*
 * The heir's side of a move: a parked client of a worker of the old generation
 * arrives, its ticket is sealed again by our spawner, then it is parked here,
 * or goes to a session that watches its folder from now on.
 */
#ifndef NET_INHERIT_H
#define NET_INHERIT_H

#include "worker/net/client.h"

/* INHERIT from the master; -1: malformed. What the old worker says is checked.
 */
int inherit_take(struct worker *, struct ipc_msg *);
/* RESEALED from the spawner; -1: malformed. */
int inherit_sealed(struct worker *, struct ipc_msg *);
/* It is with a session: who had it before hears of it. */
void inherit_settled(struct worker *, struct client *);
/* The spawner has gone: nobody will seal for those who wait. */
void inherit_forlorn(struct worker *);

#endif
