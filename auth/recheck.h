/*
 * Whether accounts that were let in still may be. An account whose userdb entry
 * has changed (another password, uid, mailbox, options) or has gone, and one
 * that its module refuses at two re-checks in a row (once a day: AUTH_RECHECK),
 * has its clients ended and its tickets voided: KICK to the master. What cannot
 * be said changes nothing.
 */
#ifndef AUTH_RECHECK_H
#define AUTH_RECHECK_H

#include "auth/desk.h"
#include "auth/module.h"
#include "auth/request.h"

#define RECHECK_LOOK_MS                                                        \
	3000                /* between looks at userdb, AUTH_RECHECK at most   \
			     */
#define RECHECK_WAIT_S  600 /* after one that failed, or could not be made */
#define RECHECK_KICK_MS 200 /* a login waits so long for its account's KICK */
#define RECHECK_AT_ONCE 32  /* accounts ended in one go, and ... */
#define RECHECK_GO_MS   100 /* ... until the next: workers must keep up */

/* What counts of an account's entry in userdb, to be compared later. */
void recheck_print(const struct userdb_account *, const char *service,
    uint8_t print[STANDING_PRINT]);
/*
 * A login that was said yes to: its account is remembered, and earlier clients
 * are ended if it was another entry that let them in.
 */
void recheck_in(struct desk *, struct request *);
/* Looks at userdb if it is time, and begins the re-check that is due. */
void recheck_tick(struct desk *, uint64_t now);
/* When recheck_tick has to be called next (ms); UINT64_MAX: never. */
uint64_t recheck_next(const struct desk *);
/* What the module said of a request of recheck_tick's. */
void recheck_settled(struct desk *, const struct request *, enum outcome);

#endif
