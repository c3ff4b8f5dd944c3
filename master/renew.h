/*
 * Replacement after an upgrade: the installed programs are looked at, tried in
 * a process of their own with all that they would be handed, and only then
 * executed in our place. Whatever is wrong with them, the running server stays
 * as it was.
 */
#ifndef MASTER_RENEW_H
#define MASTER_RENEW_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "master/handover.h"
#include "master/note.h"
#include "shm/settings.h"

#define RENEW_MS 30000 /* that a trial may take */

/* A hash of what the files of our programs are like. */
uint64_t renew_look(void);
/*
 * Starts the trial: the new imapd-master with --takeover-test. Its pid, to be
 * reaped by the caller; status 0: it would do. -1 with errno.
 */
pid_t renew_try(const struct handover *);
/* Becomes the new program. Returns only if that failed, -1 with errno. */
int renew_exec(const struct handover *);

/* The new program's side of the trial: what it would not start with is noted.
 */
int renew_check(const struct handover *, struct settings *, struct notes *);

#endif
