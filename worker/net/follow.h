/*
 * The folders that a client with NOTIFY (RFC 5465) hears of through the slot of
 * its account: watch is asked to watch them, what stirs there posts the
 * account. They stay the client's also while it is parked.
 */
#ifndef NET_FOLLOW_H
#define NET_FOLLOW_H

#include "worker/net/lease.h"

#define FOLLOW_MAX 64u /* folders of one client; its session asks for fewer */

/* IPC_FOLLOW; its descriptors are taken. 0; -1: it breaks the rules. */
int follow_take(struct worker *, struct lease *, struct ipc_msg *);
/* It follows nothing any more. */
void follow_end(struct worker *, struct client *);

#endif
