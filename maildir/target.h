/*
 * A folder that messages are filed into, by APPEND, COPY and MOVE: its
 * directories, and between lock and unlock its UID list. Nothing of a view is
 * needed for that, so the cost does not grow with the folder.
 */
#ifndef MAILDIR_TARGET_H
#define MAILDIR_TARGET_H

#include "maildir/history_file.h"
#include "maildir/keywords.h"
#include "maildir/lock.h"
#include "maildir/name.h"
#include "maildir/private.h"
#include "maildir/uidlist.h"

struct target {
	struct maildir *md;
	char folder[NAME_DIR_MAX];
	bool looked; /* for a list that was lost */
	int dirfd, tmpfd, newfd, curfd;
	struct lock lock;
	struct uidlist list;
	struct keywords kw; /* of what is filed */
	struct history_file history;
};

/* Opens a folder. 0, -1 with ENOENT. */
int target_open(struct target *, struct maildir *, const char *folder);
void target_close(struct target *);
/*
 * Takes its lock and reads what is needed to give UIDs; makes a missing list. 0
 * or -1, then unlocked; ENOENT: the folder has gone, or has another name now.
 */
int target_lock(struct target *);
void target_unlock(struct target *);
/* What was filed and has its UIDs goes into the index. */
void target_filed(struct target *, const struct history_new *, size_t n);
/*
 * A new file in tmp/ for writing; its name to out. The descriptor (the
 * caller's), or -1.
 */
int target_temp(struct target *, char *out, size_t);
/* The set of these keywords by name; UINT32_MAX: ENOMEM, EMLINK, EINVAL. */
uint32_t target_set(
    struct target *, const char *const *names, size_t n, bool limited);

#endif
