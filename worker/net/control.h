/*
 * A session as its worker sees it: the control channel, the account it is for,
 * and the client it serves. A session's bad message costs that session.
 */
#ifndef NET_CONTROL_H
#define NET_CONTROL_H

#include "worker/net/client.h"

enum control_state {
	CONTROL_STARTING, /* reserved for a client, START is under way */
	CONTROL_SERVING,
	CONTROL_LINGERING, /* free for a client of the same account */
	CONTROL_GONE,
};

struct control {
	struct source src;
	enum control_state state;
	bool reused;  /* has served before */
	bool unread;  /* SERVE was sent, and it may not have been read */
	bool dropped; /* it has not: the channel was closed over it */
	bool owes;    /* CHANGED found no room */
	uint8_t account[16];
	uint64_t id; /* tells sessions of one account apart */
	struct client *client;
	struct folder *folder; /* that it idles on */
	uint64_t told;         /* the board's counter when it looked last */
	RB_ENTRY(control) byaccount;
	TAILQ_ENTRY(control) all, watching;
};

int control_compare(const struct control *, const struct control *);
RB_PROTOTYPE(control_tree, control, byaccount, control_compare)

/* The client has its ticket: ask the spawner. */
void control_start(struct worker *, struct client *);
/* STARTED and REFUSED; -1: malformed. */
int control_answer(struct worker *, struct ipc_msg *);
void control_ready(struct worker *, struct control *, uint32_t events);
/* The client has gone: the session has nobody to serve. */
void control_leave(struct worker *, struct control *);
/* Tells it that its folder has changed. */
void control_changed(struct worker *, struct control *);
/* Tells it to say BYE and END. */
void control_shutdown(struct worker *, struct control *, bool fast);
void control_close(struct worker *, struct control *);
void control_free(struct control *);

#endif
