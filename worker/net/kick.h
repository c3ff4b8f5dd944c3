/*
 * The master ends connections of this worker: IPC_KICK, the administrator's,
 * and IPC_EVICT, the oldest without a login making place for newcomers.
 */
#ifndef NET_KICK_H
#define NET_KICK_H

#include "worker/net/client.h"

/* -1: malformed. */
int kick_take(struct worker *, struct ipc_msg *);
int kick_evict(struct worker *, struct ipc_msg *);

#endif
