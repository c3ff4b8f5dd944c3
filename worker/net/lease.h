/*
 * A session lent to a client, as its worker sees it: the control channel, the
 * account it is for, and the client it serves. A session's bad message costs
 * that session.
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

struct lease {
	struct source src;
	enum lease_state state;
	bool reused;  /* has served before */
	bool unread;  /* SERVE was sent, and it may not have been read */
	bool dropped; /* it has not: the channel was closed over it */
	bool owes;    /* CHANGED found no room */
	uint8_t account[16];
	uint64_t id; /* tells sessions of one account apart */
	struct client *client;
	struct folder *folder; /* that it idles on */
	uint64_t told;         /* the board's counter when it looked last */
	RB_ENTRY(lease) byaccount;
	TAILQ_ENTRY(lease) all, watching;
};

int lease_compare(const struct lease *, const struct lease *);
RB_PROTOTYPE(lease_tree, lease, byaccount, lease_compare)

/* The client has its ticket: ask the spawner. */
void lease_start(struct worker *, struct client *);
/* STARTED and REFUSED; -1: malformed. */
int lease_answer(struct worker *, struct ipc_msg *);
void lease_ready(struct worker *, struct lease *, uint32_t events);
/* The client has gone: the session has nobody to serve. */
void lease_leave(struct worker *, struct lease *);
/* Tells it that its folder has changed. */
void lease_changed(struct worker *, struct lease *);
/* Tells it to say BYE and END: IPC_SHUTDOWN_*. */
void lease_shutdown(struct worker *, struct lease *, uint32_t why);
void lease_close(struct worker *, struct lease *);
void lease_free(struct lease *);

#endif
