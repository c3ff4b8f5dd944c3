/*
 * Template and spares. The template (program imapd, started by the spawner)
 * holds a session's code warm and forks spares; a spare becomes the session of
 * an account when the spawner says so.
 */
#ifndef MASTER_SPARE_H
#define MASTER_SPARE_H

#include "auth/ticket.h"
#include "shm/boot.h"

/* What a spare does once it is the owner: rootfd and rooterr as in session.h.
 */
struct spare_work {
	int (*serve)(const struct settings *, const struct owner *, int rootfd,
	    int rooterr, int control);
};

/*
 * The template: forks a spare for each FORK on parent, reports what it reaps,
 * and ends when the spawner has gone and the last session with it. Returns the
 * exit status, or, in a spare, that of the session.
 */
int template_run(
    const struct boot *, int parent, const struct spare_work *work);
/*
 * Becomes the owner for good: groups, uid, no capabilities, none to be had
 * again, not dumpable. Without privilege only what needs none. 0, or -1 with
 * errno: then the process must end.
 */
int spare_become(const struct owner *, bool privileged);

#endif
