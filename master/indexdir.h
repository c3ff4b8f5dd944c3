/*
 * INDEXDIR: an account's index outside its Maildir, in INDEXDIR/UID/HASH. The
 * hash is of the owner's uid and Maildir, so accounts that share a uid do not
 * share an index, and a changed option does not lose one.
 */
#ifndef MASTER_INDEXDIR_H
#define MASTER_INDEXDIR_H

#include <stdbool.h>
#include <stddef.h>

#include "auth/ticket.h"
#include "shm/settings.h"

/* Writes the account's path. true; false: INDEXDIR is unset, or too long. */
bool indexdir_path(
    const struct settings *, const struct owner *, char *out, size_t size);
/*
 * Makes it, as the spawner: UID is ours, mode 0711, HASH the owner's, mode
 * 0700. privileged: give it away. Nothing below a directory that another user
 * can write is followed. 0, also where INDEXDIR is unset; -1 with errno: EPERM
 * for a directory that is not as it should be.
 */
int indexdir_make(
    const struct settings *, const struct owner *, bool privileged);

#endif
