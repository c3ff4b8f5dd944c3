/*
 * The master: listens, admits, hands sockets to workers; starts, watches,
 * reloads and stops the others. It reads no byte of a client and opens no
 * mailbox.
 */
#ifndef MASTER_MASTER_H
#define MASTER_MASTER_H

#include "shm/settings.h"

/*
 * Runs the server with settings that were loaded and checked. ready: a
 * descriptor that gets one byte once all children are there (taken over), or
 * -1. Returns the exit status when it has been stopped.
 */
int master_run(const struct settings *, int privileged, int ready);
/*
 * The same for a master that executed itself anew: with the sockets, children
 * and connections that h names.
 */
struct handover;
int master_inherit(
    const struct settings *, int privileged, const struct handover *h);

#endif
