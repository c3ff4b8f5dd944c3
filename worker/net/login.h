/*
 * The little grammar before login (RFC 3501 6.1, 6.2, 9; RFC 2971; RFC 4959;
 * RFC 7888): cuts whole commands out of the bytes so far, and parses them. No
 * sockets and no memory of its own beyond the structs; every length is bounded.
 */
#ifndef NET_LOGIN_H
#define NET_LOGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/limits.h"

struct login_literal {
	size_t at;   /* offset of its "{" */
	size_t from; /* offset of its first byte */
	size_t n;
};

struct login_cut {   /* between two calls of login_next; zeroed: a new one */
	size_t from; /* where the line at hand begins */
	size_t seen; /* bytes looked at */
	size_t line; /* bytes of lines so far, literals not counted */
	size_t sum;  /* bytes of literals so far */
	size_t skip; /* bytes of the literal at hand still to come */
	size_t end;  /* of the command's text, without CRLF */
	unsigned nlit;
	bool refused; /* swallow the rest, then BAD */
	const char *why;
	struct login_literal lit[LOGIN_LITERALS_MAX];
	char tag[LOGIN_TAG_MAX + 1]; /* "*" while none was seen */
};

enum login_event {
	LOGIN_MORE,    /* not complete */
	LOGIN_PROMPT,  /* say "+ OK", then call again */
	LOGIN_COMMAND, /* buf[0 .. cut->end) is a command for login_parse */
	LOGIN_BAD,     /* refused: answer cut->tag BAD cut->why, go on */
	LOGIN_BYE,     /* refused, and the connection must end: cut->why */
};

/* Before each command. */
void login_begin(struct login_cut *);
/*
 * Looks at buf[len], all the input that has not been dropped. *used bytes of it
 * are to be dropped now: before the next call, or for LOGIN_COMMAND after the
 * command has been parsed.
 */
enum login_event login_next(
    struct login_cut *, const char *buf, size_t len, size_t *used);
/*
 * The same for a SASL response: LOGIN_COMMAND for a line of *n bytes, MORE, or
 * BYE when it is too long.
 */
enum login_event login_line(
    const char *buf, size_t len, size_t *n, size_t *used);

enum login_verb {
	LOGIN_VERB_CAPABILITY,
	LOGIN_VERB_NOOP,
	LOGIN_VERB_LOGOUT,
	LOGIN_VERB_STARTTLS,
	LOGIN_VERB_ID,
	LOGIN_VERB_LOGIN,
	LOGIN_VERB_AUTHENTICATE,
};
enum login_mech {
	LOGIN_MECH_NONE, /* one that we do not know */
	LOGIN_MECH_PLAIN,
	LOGIN_MECH_LOGIN,
	LOGIN_MECH_EXTERNAL,
};

struct login_text { /* lent: lies in the command's store; NULL: NIL, none */
	const char *p;
	size_t n;
};

struct login_command {
	enum login_verb verb;
	enum login_mech mech;
	struct login_text a; /* LOGIN: user; AUTHENTICATE: initial response */
	struct login_text b; /* LOGIN: password */
	unsigned npairs;     /* of ID */
	struct login_text key[LOGIN_PAIRS_MAX], value[LOGIN_PAIRS_MAX];
	const char *why; /* after a failure */
	size_t nstore;
	char store[LOGIN_ID_MAX + LOGIN_LITERALS_SUM];
};

/*
 * Parses the command that login_next has cut. 0; -1: out->why says what is
 * wrong. Holds a password afterwards: wipe it with login_wipe.
 */
int login_parse(
    const struct login_cut *, const char *buf, struct login_command *out);
void login_wipe(struct login_command *);
/*
 * Whether a connection's first bytes are of another protocol: HTTP, SMTP, SSH,
 * a TLS handshake on the plain port, noise. n > 0; whole: the line is complete.
 */
bool login_junk(const char *line, size_t n, bool whole);
/* Strict base64 (RFC 4648 4) into out[size]; its length, or -1. */
long login_base64(const char *in, size_t n, uint8_t *out, size_t size);

#endif
