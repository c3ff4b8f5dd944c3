/*
 * Courier's authdaemond as a module: one question over its socket, and what the
 * answer says. Blocks up to its time-outs, so it is asked in a child of its
 * own. A site with LDAP or SQL keeps Courier's authlib this way.
 */
#ifndef AUTH_AUTHDAEMON_H
#define AUTH_AUTHDAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/sasl.h"
#include "auth/ticket.h"

#define AUTHDAEMON_MAX        8192 /* bytes of a body or an answer: below */
#define AUTHDAEMON_REQUEST    (AUTHDAEMON_MAX + 256)
#define AUTHDAEMON_CONNECT_MS 10000u
#define AUTHDAEMON_WRITE_MS   10000u
#define AUTHDAEMON_READ_MS    30000u

enum authdaemon_verdict {
	AUTHDAEMON_RIGHT = 1,   /* the account's data are filled */
	AUTHDAEMON_WRONG,       /* FAIL, or what cannot be asked there */
	AUTHDAEMON_UNAVAILABLE, /* anything else: why says what */
	AUTHDAEMON_VERDICTS
};

struct authdaemon_question { /* all texts are lent */
	const char *socket;  /* path */
	const char *service; /* imap, or AUTHSERVICE<port> */
	const char *user, *password;
	const char *rhost; /* the client's address, "" if none */
	bool external;     /* a certificate was proved: no password */
	bool plain;        /* without metadata: the daemon knows none */
	uint32_t connect_ms, write_ms, read_ms;
};

struct authdaemon_answer {
	uint32_t verdict; /* enum authdaemon_verdict */
	uint32_t plain;   /* 1: this daemon understood only without metadata */
	uint32_t uid, gid, ngroups;
	uint32_t groups[TICKET_GROUPS];
	char user[SASL_NAME]; /* ADDRESS */
	char sysname[128];    /* USERNAME: decides uid and groups, not gid */
	char home[TICKET_TEXT];
	char maildir[TICKET_TEXT]; /* "": not said */
	char options[TICKET_TEXT];
	char why[96]; /* UNAVAILABLE: for the log */
};

/*
 * Asks, at most three times as long as its time-outs. Where the daemon closes
 * at once without a word the question is put again without metadata, which
 * authlib knows since 0.71 only. Always fills *out.
 */
void authdaemon_ask(
    const struct authdaemon_question *, struct authdaemon_answer *out);
/*
 * The bytes of a question. Their number, or 0 if it holds control characters or
 * is too long to be asked.
 */
size_t authdaemon_request(
    const struct authdaemon_question *, char out[AUTHDAEMON_REQUEST]);
/* Takes the bytes of an answer apart. Always fills *out; asks nobody. */
void authdaemon_read(const char *text, size_t n, struct authdaemon_answer *out);

#endif
