/* IPC_KICK: the administrator ends connections of this worker. */
#ifndef NET_KICK_H
#define NET_KICK_H

#include "worker/net/client.h"

/* -1: malformed. */
int kick_take(struct worker *, struct ipc_msg *);

#endif
