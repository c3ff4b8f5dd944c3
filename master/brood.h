/*
 * The master's children: started, introduced to each other, heard, replaced
 * when they die. A dead worker's number is given again only when its process is
 * gone.
 */
#ifndef MASTER_BROOD_H
#define MASTER_BROOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "master/admit.h"
#include "master/moves.h"
#include "master/tickets.h"
#include "shm/boot.h"
#include "shm/ipc.h"

#define BROOD_SERVANTS 5 /* log, pam, auth, spawner, watch */
#define BROOD_OLD      (BROOD_SERVANTS + BOOT_WORKERS) /* its servants */
#define BROOD_MAX      (BROOD_OLD + BROOD_SERVANTS)

struct child {
	pid_t pid; /* 0: this place is free */
	enum boot_role role;
	uint32_t number; /* of a worker */
	uint64_t incarnation;
	int channel;      /* -1: it has closed its end */
	int log;          /* reading end of its log channel, for a new logger */
	int table;        /* a worker's connection table, -1: none */
	uint64_t started; /* ms */
	uint32_t strays;  /* its words that were told in the log */
	bool full;        /* no more clients: it nears RLIMIT_NOFILE */
	bool hello;
	bool tls;      /* it has taken its certificates */
	bool retired;  /* gets no more clients, ends after its last */
	bool external; /* serves the listeners with EXTERNAL */
	bool old;      /* of the generation before, which drains */
};

enum brood_certs { /* what became of certificates that are being tried */
	BROOD_CERTS_NONE,
	BROOD_CERTS_TRYING,
	BROOD_CERTS_GOOD,
	BROOD_CERTS_BAD,
};

struct throttle {          /* of one role */
	unsigned failures; /* deaths in a row soon after the start */
	uint64_t retry;    /* ms: not before */
};

struct brood {
	struct boot boot; /* settings of the children; role and number vary */
	struct admit *admit;
	/* a worker tells the address of a client behind a balancer; -1:
	 * malformed */
	int (*named)(void *, struct child *, struct ipc_msg *);
	void *named_arg;
	/* servants, workers by number, servants of the old generation */
	struct child v[BROOD_MAX];
	struct throttle throttle[BOOT_ROLES];
	uint8_t key[32];
	struct tickets tickets;
	int board;
	int bells[BOOT_WORKERS];
	int certs;     /* memfd, -1: no TLS */
	int new_certs; /* being tried after a reload, -1 */
	bool told;     /* what certs are stands in the log */
	int log;       /* our own log channel, the reading end */
	int local;     /* the notify socket, -1: none */
	uint64_t incarnations;
	bool stopping; /* nobody is replaced */
	bool failed;   /* somebody died before all were ready */
	bool ready;    /* all were ready once */
	bool heir;     /* there is an old generation, or was: never give up */
	enum brood_drain {
		DRAIN_NONE,     /* no old generation */
		DRAIN_CLIENTS,  /* it keeps its clients */
		DRAIN_STOPPING, /* its workers were told to stop */
		DRAIN_SERVANTS, /* they have gone */
	} drain;
	uint64_t drain_until; /* ms: the end of this state */
	struct moves moves;   /* of its parked clients to the new workers */
	bool drain_orphans;   /* one of its servants has died */
};

/*
 * Makes board, bells, key; b->boot, ->admit, ->certs, ->log and ->local are
 * set by the caller before. 0, or -1 with errno.
 */
int brood_init(struct brood *);
/* Starts whoever is missing and may be started by now. */
void brood_start(struct brood *, uint64_t now);
/* ms until brood_start has work, -1: none waits. */
int brood_wait(const struct brood *, uint64_t now);
/* Hears a child whose channel is readable. */
void brood_hear(struct brood *, struct child *);
/* A process is a zombie: hears what it said before. */
void brood_last_words(struct brood *, pid_t);
/* ... and has been reaped. */
void brood_reap(struct brood *, pid_t, int status, uint64_t now);
/* All are there, have said HELLO and, with TLS, taken their certificates. */
bool brood_ready(const struct brood *);
/* Hands the settings in b->boot to all. */
void brood_settings(struct brood *);
/*
 * Hands new certificates (taken over; -1: none) to all workers for a try. Ask
 * brood_certs for the outcome, then settle: good ones stay, for bad ones the
 * old ones are handed out again.
 */
void brood_try_certs(struct brood *, int fd);
enum brood_certs brood_certs(const struct brood *, char *why, size_t size);
void brood_settle_certs(struct brood *, bool good);
/* To a worker; tell: it writes to the log what they are. */
void brood_send_certs(struct brood *, struct child *, int fd, bool tell);
/* CERTS_OK of a worker; -1: malformed. */
int brood_hear_certs(const struct brood *, struct child *, struct ipc_msg *);
/* The servant of that role, of the new generation. */
struct child *brood_servant(struct brood *, enum boot_role);
/* IPC_KICK to all workers, and NOTBEFORE first if it is a user's. */
void brood_kick(struct brood *, uint64_t conn, const char *user);
/* KICK from a child: an account may not stay, says auth. -1: not its word. */
int brood_hear_kick(struct brood *, const struct child *, struct ipc_msg *);
/* Tells all of a role (BOOT_ANY: everybody) to stop. */
void brood_stop(struct brood *, enum boot_role, bool fast, uint32_t seconds);
void brood_kill(struct brood *, enum boot_role);
/* How many of a role (BOOT_ANY: of all) live. */
unsigned brood_count(const struct brood *, enum boot_role);
/*
 * The worker with the fewest clients that is ready for one, of those that serve
 * EXTERNAL listeners or not; NULL if there is none. skip: numbers to pass over.
 */
struct child *brood_worker(struct brood *, bool external, uint64_t skip);
/*
 * As ipc_send; a child that does not read its channel is killed. Clients, who
 * may be many, leave a quarter of the room for other words (EAGAIN).
 */
int brood_send(struct brood *, struct child *, struct ipc_put *, int fd);
/* Whether less than so many quarters of its channel are taken. */
bool brood_has_room(const struct child *, int quarters);

#endif
