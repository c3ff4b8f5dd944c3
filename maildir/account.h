/*
 * Our own directory in an account's root: corkboard/, made at first need, mode
 * 0700. Its flock orders all that changes folders, subscriptions, special uses
 * and the high-water mark. Under it lie
 *	uidvalidity	the highest UIDVALIDITY given (highwater.h)
 *	special-use	what CREATE (USE) said (special.h)
 *	rename		the intent of a RENAME at work (intent.h)
 *	building.*	folders under construction
 *	removing.*	folders that are deleted already, being emptied
 */
#ifndef MAILDIR_ACCOUNT_H
#define MAILDIR_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>

#define ACCOUNT_DIR      "corkboard"
#define ACCOUNT_BUILDING "building."
#define ACCOUNT_REMOVING "removing."
#define ACCOUNT_NAME_MAX 128 /* room for a name that account_name makes */

struct maildir;

/* Opens corkboard/ as it is, unlocked. ENOENT: there is none yet. */
int account_look(struct maildir *);
/*
 * Opens corkboard/, made and synced if needed, and locks it. Closing the
 * descriptor (the caller's) unlocks. -1: EBUSY if the lock was not had in
 * options.lock_seconds, or as the system says.
 */
int account_lock(struct maildir *);
/* A fresh name in corkboard/ that begins with prefix. */
void account_name(char name[ACCOUNT_NAME_MAX], const char *prefix);
/*
 * Puts a broken control file out of the way as NAME.broken.TIME and queues a
 * notice that says why. 0 or -1.
 */
int account_set_aside(
    struct maildir *, int dirfd, const char *name, const char *why);
/*
 * Removes what name is, with all in it, following no symlink; *budget entries
 * at most (counted down). 0; -1 with EAGAIN if the budget is used up.
 */
int account_remove(int dirfd, const char *name, size_t *budget);
/*
 * Renames without replacing, across two directories. EEXIST if newname is
 * there, whatever it is.
 */
int account_move(int fromfd, const char *name, int tofd, const char *newname);
/* Removes what crashes left in corkboard/, a bounded piece of it. */
void account_clean(struct maildir *);

#endif
