/*
 * Accounts that have clients here, and which session serves the next of their
 * parked clients. One session serves many, one after the other; how many are
 * started at a time is bounded, whoever wakes.
 */
#ifndef NET_WAKE_H
#define NET_WAKE_H

#include "worker/net/lease.h"

#define WAKE_STARTS   8u   /* sessions asked for at a time, of parked clients */
#define WAKE_PIPE     16u  /* clients in the channel of one session */
#define WAKE_BUSY_MS  50u  /* so long with one client: others get another */
#define WAKE_FRESH    200u /* ms since a session spoke: it is not leaving */
#define WAKE_SESSIONS 4u   /* of an account before its clients must wait */
#define WAKE_SPARES   2u   /* of an account without a client */
#define WAKE_PATIENCE 30000u /* ms to get a session, then BYE */

struct account {
	RB_ENTRY(account) byid;
	uint8_t id[16];
	unsigned users; /* clients and sessions that point here */
	unsigned nleases;
	struct lease_list leases;
	struct client_list waking; /* first come, first served */
	bool is_hungry;
	TAILQ_ENTRY(account) hungry;
};

int account_compare(const struct account *, const struct account *);
RB_PROTOTYPE(account_tree, account, byid, account_compare)

/* The account of this id, made if need be, with one user more. NULL: ENOMEM. */
struct account *account_get(struct worker *, const uint8_t id[16]);
/* One user less; the last one frees it. NULL is fine. */
void account_put(struct worker *, struct account *);
/* A session of it without a client, or NULL; how many there are. */
struct lease *account_idle(const struct account *);
unsigned account_nidle(const struct account *);

/* A parked client wants a session; news: only to be told what is new. */
void wake_client(struct worker *, struct client *, bool news);
/* Epoll has something of it while it waits. */
void wake_ready(struct worker *, struct client *, uint32_t events);
/* It was on its way to a session that is no more, and has not been served. */
void wake_again(struct worker *, struct client *);
/* It waits no more. */
void wake_leave(struct client *);
/* Gives waiting clients of the account to sessions, as far as there are any. */
void wake_run(struct worker *, struct account *);
/* The same for all who wait: once a tick. */
void wake_tick(struct worker *);
/* ms until wake_tick is wanted, -1: nobody waits. */
int wake_patience(const struct worker *);

#endif
