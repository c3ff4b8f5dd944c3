/*
 * The modules of AUTHMODULES, asked one at a time: what each says of a request,
 * and how its slow work is begun. Waiting, pacing and answering are desk.c's.
 */
#ifndef AUTH_MODULE_H
#define AUTH_MODULE_H

#include "auth/authdaemon.h"
#include "auth/desk.h"
#include "auth/pam.h"
#include "auth/request.h"

enum outcome { /* what a module says */
	RIGHT, /* r->owner is filled */
	WRONG, /* the next one is asked */
	EXPIRED,
	UNAVAILABLE,
	LATER
};

/* What a child answers of a password hash. */
#define MODULE_HASH_RIGHT 0x52494748u
#define MODULE_HASH_WRONG 0x57524f4eu

/*
 * Asks the request's current module. LATER: it needs r->work, for which there
 * may be no place yet. What is UNAVAILABLE has been logged.
 */
enum outcome module_ask(struct desk *, struct request *);
/*
 * Begins r->work; the PAM process or a child answers with r->id. 0, or -1 with
 * errno.
 */
int module_start(struct desk *, const struct request *, uint64_t now);
/* What the PAM process, or authdaemond, answered. */
enum outcome module_pam(
    struct desk *, struct request *, const struct pam_answer *);
enum outcome module_daemon(
    struct desk *, struct request *, const struct authdaemon_answer *);

#endif
