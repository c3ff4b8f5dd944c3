/*
 * The door of the gatehouse: the two processes that say who may come in, and
 * the editing of userdb for imapctl. Tickets have their own door, ticket.h.
 */
#ifndef AUTH_AUTH_H
#define AUTH_AUTH_H

#include <stddef.h>

#include "shm/boot.h"

/*
 * The auth process: answers ASK of the workers until the master's channel ends
 * or STOP comes. *boot stays the callee's: SETTINGS replaces it. Returns the
 * exit status.
 */
int auth_main(struct boot *boot);
/* The PAM process: answers QUESTION of auth. As auth_main. */
int pam_main(struct boot *boot);

struct auth_field { /* of an account in userdb */
	const char *name;
	const char *value; /* NULL: the field is taken away */
};

/*
 * Editing a userdb file: under a lock, into a new file beside it (mode 0600,
 * the old one's owner), synced, renamed, the directory synced. All other lines
 * keep every byte. Return 0, or -1 with the reason in why[size].
 *
 * set: changes fields of an account, or adds it; the line must be whole after
 * it (home, uid, gid). A file that is not there is made.
 * password: a new password text, made with scheme (NULL: the best), for imappw
 * if the account has it, else systempw. ENOENT's text if there is no account.
 * delete: takes the account's line away.
 */
int auth_userdb_set(const char *file, const char *login,
    const struct auth_field *, size_t n, char why[static 256]);
int auth_userdb_password(const char *file, const char *login,
    const char *password, const char *scheme, char why[static 256]);
int auth_userdb_delete(
    const char *file, const char *login, char why[static 256]);
/* The schemes that auth_userdb_password knows, best first, by blanks. */
const char *auth_userdb_schemes(void);

#endif
