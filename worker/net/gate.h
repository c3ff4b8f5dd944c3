/*
 * The commands before login, and the questions to auth. RFC 3501 6.1 and 6.2,
 * RFC 2971, RFC 4959.
 */
#ifndef NET_GATE_H
#define NET_GATE_H

#include "shm/limits.h"
#include "worker/net/client.h"
#include "worker/net/login.h"

#define GATE_TURN 64u /* commands of one client in one tick */

struct gate {
	struct login_cut cut;
	enum login_mech mech; /* the exchange at hand */
	unsigned bad, failed;
	unsigned ids;      /* with something in it */
	bool first;        /* no command was complete yet */
	uint64_t login_by; /* ms: absolute, from accept */
	char *name;        /* AUTHENTICATE LOGIN's user, base64 decoded */
	size_t nname;
	char *refusal;    /* IPC_CLIENT_REFUSE */
	char claimed[46]; /* x-originating-ip of a trusted peer */
};

struct gate *gate_new(uint64_t login_by);
void gate_free(struct gate *);
/* Serves the commands that are complete in the client's buffer. */
void gate_run(struct worker *, struct client *);
/* After STARTTLS: nothing heard in clear is remembered (RFC 3501 6.2.1). */
void gate_forget(struct client *);
/* auth said no, or could not be asked. why: IPC_NO_*. */
void gate_no(struct worker *, struct client *, uint32_t why, const char *user);
/* A login failed for the server's own reasons: try again later. */
void gate_unavailable(struct worker *, struct client *);
/* Messages from auth; -1: malformed. */
int gate_answer(struct worker *, struct ipc_msg *);

#endif
