/*
 * Parked clients: a record and a socket, no process. The worker answers what
 * needs none, ends them when they go or their time is up, and wakes them when
 * they say more or their folder stirs.
 */
#ifndef NET_PARK_H
#define NET_PARK_H

#include "worker/net/notice.h"

#define PARK_CREDIT 20u    /* notices at once, before their rate is bounded */
#define PARK_SLOW   60000u /* ms between two looks for IPC_PARK_SLOW */

struct parked {
	struct client *client;
	RB_ENTRY(parked) resting;     /* while parked: by deadline */
	TAILQ_ENTRY(parked) held;     /* likewise: if due is not 0 */
	TAILQ_ENTRY(parked) slowly;   /* likewise: if look is not 0 */
	TAILQ_ENTRY(parked) infolder; /* if folder is not NULL */
	struct folder *folder;        /* whose news it waits for */
	uint64_t told;                /* the board's counter at its last look */
	uint64_t deadline;            /* ms: of the client's silence */
	uint64_t noticed;             /* ms: when it was woken for news last */
	uint64_t due;                 /* ms: news are held until then */
	uint64_t look;  /* ms: there may be news that none tells */
	bool rests;     /* it is in the lists of the parked */
	bool stirred;   /* there may be news */
	bool full;      /* ... and its socket takes no bytes */
	uint8_t credit; /* notices before the rate is bounded */
	uint16_t flags; /* IPC_PARK_* */
	uint16_t bad;   /* bad commands in a row */
	uint32_t nrecord;
	char *tag; /* of its IDLE, NULL: in none */
	uint8_t record[];
};

int parked_compare(const struct parked *, const struct parked *);
RB_PROTOTYPE(parked_tree, parked, resting, parked_compare)

/* WISH, STAY and PARK from a session; -1: it breaks the rules. */
int park_wish(struct worker *, struct lease *, struct ipc_msg *);
int park_stay(struct worker *, struct lease *, struct ipc_msg *);
int park_take(struct worker *, struct lease *, struct ipc_msg *);

/* In CLIENT_PARKED: its socket or relay has something, what it waits for. */
void park_ready(struct worker *, struct client *, uint32_t events);
uint32_t park_events(const struct client *);
/* Its folder's counter has moved. */
void park_stirred(struct worker *, struct parked *);
/* It is with a session, up to date as of this counter. */
void park_served(struct worker *, struct client *);
/* Nothing can be done for it: BYE. */
void park_late(struct worker *, struct client *);
/* The end of a parked or waking client, with its line in the log. */
void park_over(struct worker *, struct client *, enum ipc_end);
/* The same, with a last word ("* BYE ...\r\n"). */
void park_bye(struct worker *, struct client *, enum ipc_end, const char *text);
/*
 * YIELD: a parked client gives up its place to a new one of its account; any
 * other is KEPT. -1: malformed.
 */
int park_yield(struct worker *, struct ipc_msg *);
/* In CLIENT_PARKED from now on: into the lists, and what has happened. */
void park_settle(struct worker *, struct client *);
/*
 * For a waking client: the record and the counter of another of its folder, in
 * place of its own. 0; -1: no memory, and nothing has happened.
 */
int park_renew(struct worker *, struct client *, const struct parked *);
/* Out of the lists again while it is offered to others, its folder is kept. */
void park_lend(struct worker *, struct client *);
/* Out of every list, its folder too; the record stays. */
void park_leave(struct worker *, struct client *);
void park_free(struct parked *);

/* Those whose time is up, and news that were held back: once a tick. */
void park_tick(struct worker *);
/* ms until then, -1: nobody is parked. */
int park_patience(const struct worker *);

#endif
