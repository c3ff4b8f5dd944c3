/*
 * Who has a place: the clients of each account, in the order in which they
 * came, counted over all workers; and newcomers that wait until an older one,
 * which is parked, has given up its place for them. Only a worker knows who is
 * parked: the oldest is asked first, then the next. The spawner's.
 */
#ifndef MASTER_PLACES_H
#define MASTER_PLACES_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/ticket.h"

#define PLACES_WAITING 64   /* newcomers at a time; of an account, half */
#define PLACES_WAIT_MS 2000 /* until somebody has gone */

struct newcomer { /* START, as it was checked */
	uint32_t worker;
	uint64_t conn;
	struct owner owner;
	int control;  /* the session's end, -1: it needs none */
	bool instead; /* only in another's place, whatever the limit */
};

enum places_verdict {
	PLACES_TAKEN,
	PLACES_FULL, /* *count clients are there */
	PLACES_NONE, /* no memory, or the connection has a place already */
};

/* Whether that connection has a place. */
bool places_have(uint32_t worker, uint64_t conn);
/* ... and it is this account's. */
bool places_have_owner(
    uint32_t worker, uint64_t conn, const struct owner *owner);
/* Counts a client of the account, of at most limit. */
enum places_verdict places_take(uint32_t worker, uint64_t conn,
    const struct owner *owner, uint32_t limit, uint32_t *count);
/* It has gone, or never came. Nothing for one that is not known. */
void places_leave(uint32_t worker, uint64_t conn);
/* A worker has gone, with all its clients and newcomers. */
void places_drop(uint32_t worker);

/*
 * The newcomer waits, its descriptor is taken over. *now: ms, rising. 0; -1: it
 * cannot (too many wait, no memory), nothing was taken.
 */
int places_wait(const struct newcomer *, uint64_t now);
/* To be asked to give up its place: false, nobody now. Once for each. */
bool places_ask(uint32_t *worker, uint64_t *conn);
/* The asked one is not parked. */
void places_kept(uint32_t worker, uint64_t conn);
/*
 * A newcomer whose waiting is over, its descriptor the caller's: granted, or
 * there is nobody left to ask, or it has waited too long. False: none is.
 */
bool places_next(
    uint64_t now, struct newcomer *out, bool *granted, uint32_t *count);
/* ms until places_next may have one; -1: nobody waits. */
int places_patience(uint64_t now);

#endif
