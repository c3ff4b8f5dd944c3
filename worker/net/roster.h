/*
 * This worker's part of the connection table (shm/conntab.h): what imapctl who
 * shows. Without a table, or without a place in it, nothing happens.
 */
#ifndef NET_ROSTER_H
#define NET_ROSTER_H

#include "shm/conntab.h"
#include "worker/net/client.h"
#include "worker/net/login.h"

/* IPC_TABLE from the master; -1: malformed. */
int roster_open(struct worker *, struct ipc_msg *);
void roster_close(struct worker *);
/* The connection has come; its state, user or bytes are others; it is gone. */
void roster_enter(struct worker *, struct client *);
void roster_update(struct worker *, const struct client *);
void roster_leave(struct worker *, struct client *);
/* What the table has of it; false: nothing. */
bool roster_entry(
    struct worker *, const struct client *, struct conntab_entry *);
/* One that was in another worker's table, as it was there. */
void roster_adopt(
    struct worker *, struct client *, const struct conntab_entry *);
/* An ID before login. */
void roster_id(
    struct worker *, const struct client *, const struct login_command *);
/* IPC_NOTE of its session; -1: malformed. */
int roster_note(struct worker *, const struct client *, struct ipc_msg *);
void roster_count(struct worker *, enum conntab_counter, uint64_t add);

#endif
