/*
 * What the index knows of a folder: per message its state and the number of
 * its last change, tombstones of those that were expunged, the highest number.
 * Brought to what the disk says whenever a look has proved what that is, and
 * in the same step as an own change; always under the folder's lock.
 */
#ifndef MAILDIR_HISTORY_H
#define MAILDIR_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTORY_HOURS 24      /* that a tombstone is kept at least, */
#define HISTORY_KEEP  10000   /* and so many of them however old, */
#define HISTORY_MAX   1000000 /* and never more */

struct mailbox;

enum history_scope {
	HISTORY_DIRTY, /* entries with ENTRY_DIRTY */
	HISTORY_ALL,   /* the whole picture, which was just looked at */
	HISTORY_PROOF  /* and what it does not have is not there */
};

struct history_gone { /* what this session has just unlinked; rising */
	const uint32_t *uids;
	const bool *gone;
	size_t n;
};

/*
 * Compares and takes over: what differs from the index gets a new number, what
 * does not the one it has. gone may be NULL. Without an index that works the
 * picture has no numbers.
 */
void history_update(
    struct mailbox *, enum history_scope, const struct history_gone *);
/* Did others change the folder through the index since this picture? */
bool history_moved(struct mailbox *);
/*
 * The numbers of n messages as the index has them, 0 for one that it does not
 * know. 0 or -1: no index.
 */
int history_modseqs(
    struct mailbox *, const uint32_t *uids, size_t n, uint64_t *out);

#endif
