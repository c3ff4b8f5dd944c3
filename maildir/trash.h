/*
 * Other ways for messages to go than an expunge: into the trash folder, or by
 * their age (Courier's IMAP_MOVE_EXPUNGE_TO_TRASH, IMAP_EMPTYTRASH).
 */
#ifndef MAILDIR_TRASH_H
#define MAILDIR_TRASH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define TRASH_PATH_MAX 260 /* "cur/" or "new/" and a file's name, and NUL */

struct mailbox;
struct maildir;

struct mailbox_trash {
	const uint32_t *uids; /* rising */
	size_t n;
	const char *folder; /* the trash, which exists */
	/* if not NULL: uids[k] is now this file below the trash, "cur/..." */
	void (*moved)(void *arg, size_t k, const char *file);
	void *arg;
};
/*
 * Moves messages into the trash as mailbox_copy does, all or none, but without
 * the flags \Deleted and \Draft. They leave mailbox_messages. 0 or -1.
 */
int mailbox_trash(struct mailbox *, const struct mailbox_trash *);
/*
 * A message's file below the folder ("cur/NAME:2,S") as far as it is known. 0,
 * or -1 with ENOENT.
 */
int mailbox_file(
    const struct mailbox *, uint32_t uid, char out[static TRASH_PATH_MAX]);

struct maildir_empty {
	const char *folder;
	time_t before; /* files whose ctime is older */
	unsigned max;  /* so many at most */
	void (*removed)(void *arg, const char *file); /* NULL, or each one */
	void *arg;
};
/*
 * Removes the files of a folder's cur/ and new/ that are that old. Nothing is
 * synced: what comes back is old again. How many, or -1.
 */
ssize_t maildir_empty(struct maildir *, const struct maildir_empty *);

#endif
