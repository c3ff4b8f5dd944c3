/*
 * The desk where questions are answered: the life of each ASK from the worker's
 * message to YES or NO. Never blocks; what may block is asked of the PAM
 * process or of a forked child. Refusals wait for their time here.
 */
#ifndef AUTH_DESK_H
#define AUTH_DESK_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/known.h"
#include "auth/pace.h"
#include "auth/pool.h"
#include "auth/queue.h"
#include "auth/standing.h"
#include "auth/ticket.h"
#include "auth/userdb.h"
#include "shm/boot.h"
#include "shm/ipc.h"

#define DESK_REQUESTS    2048   /* in hand at most; of a worker, half */
#define DESK_KNOWN_FAILS 6      /* so many failures, and who is known is not */
#define DESK_WAIT_MS     5000   /* longest wait of a suspect for a place */
#define DESK_NEW_WAIT_MS 12000  /* ... and of others */
#define DESK_PAM_MS      35000  /* the PAM process has given up by then */
#define DESK_HASH_MS     30000  /* longest time of a password hash */
#define DESK_DAEMON_MS   50000  /* and of a question to authdaemond */
#define DESK_PLAIN_MS    600000 /* an old authdaemond is tried anew after */

struct desk_worker {
	int channel; /* -1: none */
	uint64_t incarnation;
	bool full;         /* an answer found no room: wait for POLLOUT */
	uint32_t refusals; /* that it had too many in hand */
};

struct desk {
	const struct boot *boot;
	struct desk_worker worker[BOOT_WORKERS];
	int pam; /* channel, -1: none */
	struct userdb *userdb;
	char userdb_path[SETTINGS_PATH]; /* that is open */
	struct pace *addresses, *names;
	struct known *known;       /* good logins of the last 30 days */
	struct standing *standing; /* who was let in, and how (recheck.h) */
	bool by_userdb;            /* ... some by userdb */
	uint64_t look;             /* ms: of userdb, for them */
	unsigned looked;           /* at this reading of it */
	bool rechecking;           /* one is in hand */
	struct pool hash, daemon;
	uint64_t plain_until; /* ms: authdaemond knows no metadata */
	bool has_key;
	uint8_t key[TICKET_KEY];
	uint64_t serial; /* of tickets and questions: rises over restarts */
	struct desk_requests requests;
	unsigned nrequests;
};

/* Begins with no channel and no key. 0, or -1 without memory. */
int desk_init(struct desk *, const struct boot *);
void desk_done(struct desk *);
/* After SETTINGS: opens another userdb where the path has changed. */
void desk_settings(struct desk *);

/* A worker's channel (owned from now on) and incarnation. */
void desk_worker(struct desk *, unsigned number, int fd, uint64_t incarnation);
/* A worker has gone: its questions are forgotten. */
void desk_drop_worker(struct desk *, unsigned number);
/*
 * ASK or FORGET of a worker. -1 if it is malformed or breaks the rules: the
 * caller drops that worker.
 */
int desk_message(struct desk *, unsigned number, const struct ipc_msg *);

/* The channel to the PAM process (owned), -1: it has gone. */
void desk_pam(struct desk *, int fd);
/* ANSWER of the PAM process. -1 if it is malformed. */
int desk_pam_answer(struct desk *, const struct ipc_msg *);

/* A re-check, taken over; recheck_settled hears the answer. */
void desk_ask_again(struct desk *, struct request *);

/* Does what is due: ended children, overdue questions, answers to be sent. */
void desk_tick(struct desk *, uint64_t now);
/* When desk_tick has to be called next without an event; UINT64_MAX: never. */
uint64_t desk_next(const struct desk *);

#endif
