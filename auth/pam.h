/*
 * PAM: the question that auth asks, the answer it gets, and the process
 * between. Both structs are of fixed size and travel as bytes in QUESTION and
 * ANSWER. pam.c is the only file that includes PAM.
 */
#ifndef AUTH_PAM_H
#define AUTH_PAM_H

#include <stdint.h>

#include "auth/password.h"
#include "auth/sasl.h"
#include "auth/ticket.h"
#include "shm/settings.h"

#define PAM_PROMPTS 32 /* messages of a conversation at most */

enum pam_kind {
	PAM_PASSWORD, /* authenticate, then the account's state */
	PAM_ACCOUNT,  /* only the account's state: a certificate was proved */
};

enum pam_verdict {
	PAM_IS_RIGHT = 1,   /* the account's data are filled */
	PAM_IS_WRONG,       /* wrong password, no such account, locked */
	PAM_IS_EXPIRED,     /* right password, expired account or password */
	PAM_IS_UNAVAILABLE, /* it cannot be said */
	PAM_VERDICTS
};

struct pam_question {
	uint64_t id;
	uint32_t kind; /* enum pam_kind */
	char user[SASL_NAME];
	char password[PASSWORD_MAX + 1];
	char rhost[64];
	char service[SETTINGS_SERVICE]; /* "": PAMSERVICE */
};

struct pam_answer {
	uint64_t id;                           /* of the question */
	uint32_t verdict;                      /* enum pam_verdict */
	uint32_t code;                         /* what PAM said, for the log */
	uint32_t uid, gid, ngroups, allgroups; /* ngroups of them travel */
	uint32_t groups[TICKET_GROUPS];
	char user[SASL_NAME]; /* as the modules left it */
	char home[TICKET_TEXT];
};

/*
 * Loads the service's modules and the name service into this process, so that
 * children forked from it find them loaded. Calls no module.
 */
void pam_warm(const struct settings *);
/*
 * Asks PAM, in a process of its own: modules may block, crash and change what
 * they like. Always fills *out.
 */
void pam_ask(const struct settings *, const struct pam_question *,
    struct pam_answer *out);
/* What a code of PAM means, for the log. */
const char *pam_text(uint32_t code);

#endif
