/*
 * From account data to struct owner, whatever module they come from: where the
 * Maildir is, what the options say. Pure.
 */
#ifndef AUTH_OWNER_H
#define AUTH_OWNER_H

#include <stdbool.h>

#include "auth/authdaemon.h"
#include "auth/pam.h"
#include "auth/ticket.h"
#include "auth/userdb.h"

/*
 * Fills *out from an account. maildirpath: MAILDIRPATH of the listener, for
 * accounts that name no Maildir. 0, or -1 if a path does not fit.
 */
int owner_from_userdb(
    const struct userdb_account *, const char *maildirpath, struct owner *out);
int owner_from_pam(
    const struct pam_answer *, const char *maildirpath, struct owner *out);
int owner_from_daemon(const struct authdaemon_answer *, const char *maildirpath,
    struct owner *out);
/*
 * Adds DEFAULTOPTIONS: those whose names the account's options do not have. 0,
 * or -1 if they do not fit.
 */
int owner_defaults(struct owner *, const char *defaults);
/*
 * Courier's truth of an account option: a number that is not 0, or a word that
 * begins with t or y. A name without a value is true too: who writes
 * "disableimap" means it.
 */
bool owner_option(const struct owner *, const char *name);

#endif
