/*
 * Switching COMPRESS on (RFC 4978) under a session's client: COMPRESS comes
 * from the session, STREAM goes back.
 */
#ifndef NET_COMPRESS_H
#define NET_COMPRESS_H

#include "worker/net/lease.h"

/* IPC_COMPRESS; its descriptor is taken. 0; -1: it breaks the rules. */
int compress_start(struct worker *, struct lease *, struct ipc_msg *);
/*
 * Downwards is drained, the OK is with the client: from the next byte on it is
 * compressed both ways. 1; -1: the client is lost, its stream closed.
 */
int compress_switch(struct worker *, struct client *);
/* The client was lost on the way there: its session hears of it. */
void compress_fail(struct client *);

#endif
