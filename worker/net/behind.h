/*
 * Clients behind a balancer (TCPDOPTS -haproxy): their PROXY header is read
 * here, byte for byte and no further, and the master decides whether the
 * address in it may come in.
 */
#ifndef NET_BEHIND_H
#define NET_BEHIND_H

#include "worker/net/client.h"

/* A fresh connection with IPC_CLIENT_PROXY: its header is awaited. */
void behind_start(struct worker *, struct client *);
/* The socket is readable, in the state BEHIND. */
void behind_ready(struct worker *, struct client *);
/* IPC_ADMITTED arrived. -1: malformed. */
int behind_admitted(struct worker *, struct ipc_msg *);

#endif
