/*
 * What a client gave, made into a login name and a password: the mechanisms
 * PLAIN (RFC 4616), LOGIN, EXTERNAL (RFC 4422 appendix A) and IMAP's LOGIN
 * command, and the rules for names. The worker has decoded base64 already.
 */
#ifndef AUTH_SASL_H
#define AUTH_SASL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/password.h"
#include "shm/settings.h"

#define SASL_NAME 256 /* bytes of a name, terminator included */

struct sasl_input {
	const char *mechanism; /* LOGIN, PLAIN, AUTH-LOGIN, EXTERNAL */
	bool cert;             /* the asker may vouch for a certificate */
	const uint8_t *a, *b;  /* as in ASK, see shm/ipc.h */
	size_t alen, blen;
};

struct sasl_login {
	char user[SASL_NAME];            /* as given, not yet canonical */
	char password[PASSWORD_MAX + 1]; /* the caller wipes it */
	bool external;                   /* no password: a certificate */
};

/*
 * Interprets the pieces. 0: *out is filled; user and password are not empty and
 * without NUL (user at least; EXTERNAL has no password). -1: refused as if the
 * password were wrong; out->user then holds what could be read of a name, for
 * the log.
 */
int sasl_read(const struct sasl_input *, struct sasl_login *out);
/*
 * The canonical login: DEFDOMAIN appended where COURIER's rule says so. 0, or
 * -1 if the name is not allowed or too long; out is then empty.
 */
int sasl_canonical(
    const struct settings *, const char *user, char out[SASL_NAME]);
/*
 * Whether a login name is allowed: 1 to 255 bytes of valid UTF-8, no control
 * character, no '/', not "." or "..", and no comma, which would break the log
 * lines that others read.
 */
bool sasl_is_name(const char *name);

#endif
