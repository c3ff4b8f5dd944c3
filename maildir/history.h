/*
 * What the index knows of a folder: per message its state and the number of
 * its last change, tombstones of those that were expunged, the highest number,
 * counts, and what the directories looked like when all that was true. Brought
 * to what the disk says whenever a look has found what that is, and in the same
 * step as an own change; always under the folder's lock. Read without it.
 */
#ifndef MAILDIR_HISTORY_H
#define MAILDIR_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTORY_HOURS 24      /* that a tombstone is kept at least, */
#define HISTORY_KEEP  10000   /* and so many of them however old, */
#define HISTORY_MAX   1000000 /* and never more */
#define HISTORY_LOGS  256     /* changes whose UIDs are listed, */
#define HISTORY_LISTS 1024    /* if they are no more than these */

struct keywords;
struct mailbox;
struct stamp;

enum history_scope {
	HISTORY_DIRTY, /* entries with ENTRY_DIRTY, and mb->buried */
	HISTORY_ALL,   /* the whole picture, which was just looked at */
	HISTORY_PROOF  /* and what it does not have is not there */
};

/*
 * Takes over into the index: what differs from it gets a new number, what does
 * not the one it has. A picture that was level with the index is compared only
 * where it was touched, whatever the scope. Without an index that works the
 * picture has no numbers.
 */
void history_update(struct mailbox *, enum history_scope);

enum history_follow {
	HISTORY_LEVEL, /* the picture is what the index says, or has no part
			  in it */
	HISTORY_LOST   /* the index does not know the folder (any more): the
			  disk must be looked at, all of it */
};
/*
 * Brings the picture to what the index says: others of this account have
 * changed the folder, or there is no picture yet. What is news is marked as
 * such. With a first glance (mailbox.h) before, the picture is what the caller
 * saw then and what came since; ESTALE: that can no longer be told. The
 * folder's lock need not be held. -1: ENOMEM, ESTALE.
 */
int history_follow(struct mailbox *);
/*
 * The first glance: counts and state, no picture. list: the stamp of the UID
 * file as of now. false: the index does not know the folder so.
 */
bool history_glance(struct mailbox *, const struct stamp *list);
/* Has nothing happened in the index since the picture or the glance? */
bool history_is_level(struct mailbox *);
/* No numbers from here on. */
void history_without(struct mailbox *);
/*
 * The names of a set as the index has them: in an order that no session
 * decides, a blank behind each. The caller's; NULL: ENOMEM.
 */
char *history_keywords(const struct keywords *, uint32_t set);
/*
 * The numbers of n messages as the index has them, 0 for one that it does not
 * know. 0 or -1: no index.
 */
int history_modseqs(
    struct mailbox *, const uint32_t *uids, size_t n, uint64_t *out);

#endif
