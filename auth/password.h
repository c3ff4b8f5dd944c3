/*
 * Password texts as userdb holds them: crypt(3) in all its methods, and
 * {CRYPT}, {MD5}, {MD5RAW}, {SHA}, {SHA256}, {SHA512}, {SSHA}. Compared in
 * constant time. Nothing here logs or keeps a password.
 */
#ifndef AUTH_PASSWORD_H
#define AUTH_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#include "shm/limits.h"

#define PASSWORD_TEXT 512 /* bytes of a password text, terminator included */

/* Makes ready what verifying needs, before a jail is entered. */
void password_warm(void);
/* Whether the text's scheme is one of ours: a crypt text or a known {NAME}. */
bool password_is_known(const char *text);
/* Whether verifying takes milliseconds: not to be done in an event loop. */
bool password_is_slow(const char *text);
/*
 * 1: this is the password of that text. 0: it is not, or the text is none that
 * any password fits ("", "!", "*", broken base64). -1 with errno: it could not
 * be computed (memory), which says nothing about the password.
 */
int password_verify(const char *text, const char *password);
/*
 * Makes a text for a new password with a fresh salt. scheme: a name of
 * password_schemes, NULL for the best. 0 or -1 with errno: EINVAL for an
 * unknown scheme or a password that crypt(3) cannot take.
 */
int password_make(
    const char *scheme, const char *password, char out[PASSWORD_TEXT]);
/* The names that password_make knows, separated by blanks, best first. */
const char *password_schemes(void);

#endif
