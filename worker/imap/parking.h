/*
 * Parking: a quiet client's state goes to the worker as a record, and comes
 * back with it. Whatever cannot be brought back exactly ends with BYE.
 */
#ifndef IMAP_PARKING_H
#define IMAP_PARKING_H

#include "worker/imap/park_record.h"
#include "worker/imap/state.h"

/* Is parking on here at all (IMAP_PARK, and there is a worker)? */
bool park_on(const struct session *);
/* Can this client be parked, and is it time to try? */
bool park_possible(const struct session *);
/*
 * Hands the client to the worker, if it is quiet; so many seconds it has said
 * nothing. Pays what the store owes first. True: it is SESSION_PARKED; false:
 * the session goes on.
 */
bool park_client(struct session *, time_t quiet);
/* The state of a record becomes the client's. False: it has been told BYE. */
bool park_restore(struct session *, const uint8_t *record, size_t n);

/* view_park.c: the view's part of it. 0; -1: it has no numbers, no memory. */
int view_record(struct session *, struct park_record *out);
/* NULL; else in words why not, with errno: ENOENT, the folder is gone. */
const char *view_restore(struct session *, const struct park_record *);

/*
 * The folder of the last parked client is left open for the next one.
 * kept_leave takes the view's, kept_take gives it if it is the one.
 */
void kept_leave(struct session *);
struct mailbox *kept_take(struct session *, const struct park_record *);
/* Does it owe a look? */
bool kept_owes(const struct session *);
/* Pays it; what it finds is posted. */
void kept_settle(struct session *);
void kept_drop(struct session *);

#endif
