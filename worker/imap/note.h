/*
 * What a session tells its worker of itself for the connection table, that an
 * administrator reads with imapctl who. Nothing waits for it, nothing depends
 * on it. From a shell nothing is told.
 */
#ifndef IMAP_NOTE_H
#define IMAP_NOTE_H

#include <stdbool.h>

#include "shm/ipc.h"
#include "worker/imap/parse_id.h"
#include "worker/imap/state.h"

/* State, folder and bytes as they are now; id: what the client says it is. */
void note_send(struct session *, const struct parse_id *id);
/* Whether a SHUTDOWN is an administrator's for this client alone. */
bool note_is_kick(const struct ipc_msg *);

#endif
