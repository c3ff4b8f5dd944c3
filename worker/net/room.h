/* Whether there is room for more clients under RLIMIT_NOFILE. */
#ifndef NET_ROOM_H
#define NET_ROOM_H

#include "worker/net/net.h"

/*
 * A client has come, with this descriptor. At three quarters of the limit the
 * master is told (FULL) to give us no more, and the log; a client may need as
 * many again for its relay, session and folder.
 */
void room_taken(struct worker *, int fd);
/* One has gone: with an eighth of them gone there is room again. */
void room_given(struct worker *);

#endif
