/*
 * One question of a worker: how it is read from ASK, and the messages that
 * answer it. What happens in between is desk.c's.
 */
#ifndef AUTH_REQUEST_H
#define AUTH_REQUEST_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include "auth/sasl.h"
#include "auth/standing.h"
#include "auth/ticket.h"
#include "shm/ipc.h"
#include "shm/settings.h"

enum request_state {
	REQUEST_WAITING, /* for a place with whom it asks */
	REQUEST_ASKED,   /* the PAM process or a forked child works on it */
	REQUEST_DECIDED, /* the answer is known and is sent when it is due */
};

enum request_work {
	REQUEST_WORK_NONE,
	REQUEST_WORK_PAM,
	REQUEST_WORK_HASH,
	REQUEST_WORK_DAEMON,
};

enum request_rank {      /* who is served first */
	REQUEST_KNOWN,   /* this account came in from there lately */
	REQUEST_NEW,     /* nothing is known of the address */
	REQUEST_SUSPECT, /* failures came from there lately */
};

struct request {
	TAILQ_ENTRY(request) entry;
	enum request_state state;
	enum request_work work; /* waited for or under way */
	int worker;             /* -1: nobody waits for the answer any more */
	uint64_t id;            /* with PAM and the pool */
	uint64_t begun;         /* ms */
	uint64_t due; /* ms: DECIDED, the answer; else the end of waiting */
	uint64_t source, name; /* ids of pacing */
	enum request_rank rank;
	unsigned module; /* index of the one that is asked */
	uint8_t modules[4];
	char secret[PASSWORD_TEXT]; /* what the password is compared with */
	bool decoy;                 /* only for the time it takes */
	bool yes;
	enum ipc_no why;
	struct owner owner; /* candidate; final once yes */
	bool recheck;       /* nobody's question but ours: auth/recheck.h */
	uint8_t print[STANDING_PRINT]; /* of the entry in userdb */
	uint64_t ended; /* s: when this account's clients were ended last */

	/* from ASK */
	uint64_t conn;
	uint32_t flags;                 /* IPC_ASK_* */
	unsigned view;                  /* listener: 0 PORT, 1 SSLPORT */
	char service[SETTINGS_SERVICE]; /* by the local port */
	char rhost[64];
	uint8_t address[16];
	unsigned bits; /* of it that count in pacing */
	bool paced;    /* failures count for the address too */
	struct sasl_login login;
	char user[SASL_NAME]; /* canonical; "": what came can be no login */
};

/*
 * Reads ASK of r->worker into *r, whose other fields stay as they are. 0, or -1
 * if the message is not what it has to be (the worker's fault).
 */
int request_read(
    struct request *r, const struct settings *, const struct ipc_msg *);
/* Makes YES with a sealed ticket. -1 if it cannot be sealed. */
int request_put_yes(const struct request *, const struct ticket *,
    const uint8_t key[TICKET_KEY], struct ipc_put *);
/* Makes NO. */
void request_put_no(const struct request *, enum ipc_no, struct ipc_put *);

#endif
