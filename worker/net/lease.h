/*
 * A session lent to clients, as its worker sees it: the control channel, the
 * account it is for, the client it serves, and those that it serves next. A
 * session's bad message costs that session.
 */
#ifndef NET_LEASE_H
#define NET_LEASE_H

#include "worker/net/client.h"

enum lease_state {
	LEASE_STARTING, /* reserved for a client, START is under way */
	LEASE_SERVING,
	LEASE_LINGERING, /* free for a client of the same account */
	LEASE_GONE,
};

#define LEASE_POSTS 16u /* folders that it has posted last */

struct lease {
	struct source src;
	enum lease_state state;
	bool reused;  /* has served before */
	bool unread;  /* SERVE was sent, and it may not have been read */
	bool dropped; /* it has not: the channel was closed over it */
	bool silent;  /* it has said nothing of its client yet */
	bool leaves;  /* LEAVE: none of its clients was touched */
	bool owes;    /* CHANGED found no room */
	bool wakes;   /* in STARTING: for a parked client */
	bool wished;  /* GO was the answer to its WISH */
	bool news;    /* it only tells news, to its client and those behind */
	bool hurried; /* it knows that others wait */
	struct account *account;
	struct client *client;
	struct client_list behind; /* in its channel, in this order */
	unsigned nbehind;
	unsigned ghosts;       /* clients that ended while it had them */
	uint64_t since;        /* ms: it has this client */
	uint64_t spoke;        /* ms: its last message */
	uint64_t written;      /* by it, as its WISH said */
	uint32_t changes;      /* CHANGED sent since its last WATCH */
	struct folder *folder; /* that it idles on */
	uint64_t told;         /* the board's counter when it looked last */
	uint64_t posts;        /* ms: as far ahead are its posts, NOTICE_STEP */
	uint32_t posted[LEASE_POSTS]; /* slots, and one: the last, in a ring */
	unsigned nposted;
	TAILQ_ENTRY(lease) all, watching, crew;
};

/* The client has its ticket: ask the spawner. */
void lease_start(struct worker *, struct client *);
/* STARTED and REFUSED; -1: malformed. */
int lease_answer(struct worker *, struct ipc_msg *);
void lease_ready(struct worker *, struct lease *, uint32_t events);
/*
 * A session of its own for a waking client, or its place in one's channel. 0;
 * -1: not now, and nothing has happened.
 */
int lease_wake(struct worker *, struct client *);
int lease_resume(struct worker *, struct lease *, struct client *);
/*
 * *stream: what the session gets. The client's own socket leaves our epoll: a
 * session reads it alone. -1 with errno.
 */
int lease_stream(struct worker *, struct client *, int *stream);
/* The turn of its client begins. */
void lease_begin(struct worker *, struct lease *);
/* The only setter of its state. */
void lease_enter(struct lease *, enum lease_state);
/* Its client is no longer its own: the next one, or none. */
void lease_next(struct worker *, struct lease *);
/* STAY for a client behind: it was not touched. 0; -1: there is none such. */
int lease_return(struct worker *, struct lease *, uint64_t conn);
/* A word about a client that has ended meanwhile: true, it is over. */
bool lease_ghost(struct lease *);
/* Tells it once that others wait. */
void lease_hurry(struct lease *);
/* The spawner has gone: what it was asked for parked clients is asked anew. */
void lease_forlorn(struct worker *);
/* The client has gone: the session may have nobody to serve. */
void lease_leave(struct worker *, struct client *);
/* Tells it that its folder has changed. */
void lease_changed(struct worker *, struct lease *);
/* Tells it to say BYE and END: IPC_SHUTDOWN_*. */
void lease_shutdown(struct worker *, struct lease *, uint32_t why);
void lease_close(struct worker *, struct lease *);
void lease_free(struct lease *);

#endif
