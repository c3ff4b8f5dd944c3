/*
 * What the files of worker/net share: the worker's own state, its event
 * sources, and its channels to the other processes. Private to this room.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>

#include "shm/board.h"
#include "shm/boot.h"
#include "shm/ipc.h"

#define NET_SCRATCH 65536u /* bytes moved for one client in one tick */
#define NET_CAPS    1024u  /* bytes of a capability list */

enum source_kind {
	SOURCE_PEER,
	SOURCE_CLIENT,
	SOURCE_RELAY,
	SOURCE_LEASE,
	SOURCE_BELL,
};

/*
 * What epoll points at: the first member of the struct that owns it, so that
 * kind tells which struct it is. fd -1: closed, perhaps awaiting its free.
 */
struct source {
	int fd;
	uint32_t events; /* registered with epoll, 0: not at all */
	enum source_kind kind;
	SLIST_ENTRY(source) grave;
};

struct owed { /* a small message that found no room in the channel */
	enum ipc_type type;
	uint64_t a, b;
};

struct peer { /* a channel to master, auth, spawner or watch */
	struct source src;
	enum boot_role role;
	struct owed *owed;
	size_t first, nowed, room;
};

struct account;
struct client;
struct lease;
struct folder;
struct parked;
RB_HEAD(account_tree, account);
struct deflate_packer;
RB_HEAD(client_tree, client);
RB_HEAD(folder_tree, folder);
RB_HEAD(parked_tree, parked);
TAILQ_HEAD(account_list, account);
TAILQ_HEAD(client_list, client);
TAILQ_HEAD(lease_list, lease);
TAILQ_HEAD(parked_list, parked);
SLIST_HEAD(source_list, source);

enum worker_state {
	WORKER_RUNNING,
	WORKER_STOPPING, /* graceful: waits for its sessions, until stop_by */
	WORKER_DONE,
};

struct move {             /* parked clients to the new generation: move.c */
	uint32_t version; /* of the records that it takes; 0: none move */
	unsigned offered; /* clients that wait for their MOVED */
	uint64_t next;    /* those below have been looked at ... */
	bool more;        /* ... and others are left */
	uint64_t pause;   /* ms: not before */
};

struct worker {
	enum worker_state state;
	int epoll;
	uint64_t now;   /* ms, CLOCK_MONOTONIC, read once a tick */
	uint64_t swept; /* when deadlines were looked at last */
	uint64_t stop_by;
	struct boot boot;  /* .set: STARTTLS off while there is no key */
	uint32_t starttls; /* what the settings said of it */
	struct peer master, auth, spawner, watch;
	struct source bell;
	const int *bells; /* lent */
	struct board *board;
	struct conntab *table;         /* NULL: none was given; roster.h */
	struct tls_context *tls;       /* NULL: no certificate */
	struct deflate_packer *packer; /* NULL: nobody had COMPRESS yet */
	struct client_tree clients;
	struct client_list early; /* those with a deadline */
	struct client_list again; /* input left from the last tick */
	struct lease_list leases;
	struct account_tree accounts;
	struct account_list hungry; /* they wait for a session */
	size_t nhungry;
	unsigned starting;          /* STARTs for parked clients under way */
	struct parked_tree resting; /* parked clients by their time-out */
	struct parked_list held;    /* news held back, in the order of due */
	struct parked_list slow;    /* to be looked at, likewise */
	struct folder_tree folders;
	struct move move;
	struct source_list grave; /* freed at the end of the tick */
	uint64_t serial;          /* of sessions' channels */
	uint64_t watches;         /* numbers given to folders */
	unsigned refusing;        /* TLS clients that only hear a refusal */
	unsigned nclients, nfull; /* nfull: when there was no more room, or 0 */
	bool told_full;
	char caps[2][2][NET_CAPS]; /* before login: [TLS][EXTERNAL] */
	char scratch[NET_SCRATCH];
};

/*
 * Wants exactly these events of s from now on; 0: takes it out of epoll. A
 * source kept for its errors only is given EPOLLHUP. 0, or -1 with errno.
 */
int loop_want(struct worker *, struct source *s, uint32_t events);
/* Out of epoll, closed, and its owner freed when the tick ends. */
void loop_bury(struct worker *, struct source *);

/* The channel to a role, or NULL if this worker has none. */
struct peer *peer_of(struct worker *, enum boot_role);
/* From now on through fd (taken over). What was asked before is lost. */
int peer_open(struct worker *, struct peer *, int fd);
/* The channel has ended: those who wait for it hear NO [UNAVAILABLE]. */
void peer_lost(struct worker *, struct peer *);
/*
 * Sends at once or not at all: -1 if there is no channel, no room, or something
 * is still owed (order is kept). The descriptors stay the caller's.
 */
int peer_send(struct peer *, struct ipc_put *, const int *fds, int nfds);
/*
 * A message of one or two numbers (CLOSED, LOGGEDIN, FORGET, ENDED, UNWATCH;
 * WATCH, whose descriptors the folder has): sent now, or as soon as there is
 * room. Lost only with the channel.
 */
void peer_owe(
    struct worker *, struct peer *, enum ipc_type, uint64_t a, uint64_t b);
void peer_ready(struct worker *, struct peer *, uint32_t events);
void peer_done(struct peer *);

/* Takes over new settings; capability lists are made again. */
void worker_settle(struct worker *, const struct settings *);
/* Stops: fast, or gracefully within so many seconds. */
void worker_stop(struct worker *, bool fast, uint32_t seconds);

#endif
