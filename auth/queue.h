/*
 * Places for slow questions, and who gets the next one: who is known before who
 * is new, and both before who failed lately, so that guessing slows only the
 * guesser. Pure: it looks at the list of requests and changes nothing.
 */
#ifndef AUTH_QUEUE_H
#define AUTH_QUEUE_H

#include <stdbool.h>

#include "auth/request.h"
#include "shm/limits.h"

/* and of password hashes, each */
#define QUEUE_KEPT      4  /* of them only for who is known */
#define QUEUE_USER_WAIT 64 /* ... for one user; as many more if known */
#define QUEUE_ADDR_WAIT 32 /* ... and from one address not trusted */

TAILQ_HEAD(desk_requests, request);

/* Whether a waiting request may have a place now. */
bool queue_may_start(const struct desk_requests *, const struct request *);
/* The waiting request that is next to have a place; NULL: none may now. */
struct request *queue_next(const struct desk_requests *);
/*
 * Whether r, in the list and WAITING already, may go on waiting: 1; 0 if
 * another, *out, gives up its wait for it; -1 if not.
 */
int queue_enter(const struct desk_requests *, const struct request *r,
    struct request **out);

#endif
