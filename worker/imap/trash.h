/*
 * Courier's magic trash and what belongs to it: which folder it is, messages
 * that an expunge does not take there because they were copied before, folders
 * emptied by age at login and logout, and the log of deletions.
 */
#ifndef IMAP_TRASH_H
#define IMAP_TRASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/imap/state.h"
#include "worker/imap/view.h"

#define TRASH_RUN_MAX 10000 /* files that one login or logout removes */

/* Is this folder the trash (IMAP_TRASHFOLDERNAME)? */
bool trash_is(const struct session *, const char *folder);
/* Is it the trash, or the trash below it: not to be deleted, not renamed? */
bool trash_is_at_or_below(const struct session *, const char *folder);
/* Do expunged messages of the selected folder go to the trash? */
bool trash_wanted(const struct session *);

/* Remembers that these messages of the view have been copied elsewhere. */
void trash_copied(struct view *, const uint32_t *uids, size_t n);
bool trash_was_copied(const struct view *, uint32_t uid);

/*
 * Removes what IMAP_EMPTYTRASH says, TRASH_RUN_MAX files at most. For login and
 * logout of a client: not when one is parked or comes back.
 */
void trash_empty(struct session *);

/*
 * The line of IMAP_LOG_DELETIONS, if it is on: file is a path below the folder
 * ("cur/..."). moved, if not NULL: the path below the trash where it is now.
 */
void trash_log(const struct session *, const char *folder, const char *file,
    const char *moved);

#endif
