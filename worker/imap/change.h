/*
 * The only caller of what changes mail: does the deed, then posts the folder
 * to the board through the worker, so that who waits there looks. The tagged
 * OK comes after both. Errors are those of maildir.h.
 */
#ifndef IMAP_CHANGE_H
#define IMAP_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "maildir/maildir.h"
#include "worker/imap/state.h"

/* Folders. */
int change_create(struct session *, const char *folder, uint32_t use);
int change_delete(struct session *, const char *folder);
int change_rename(struct session *, const char *from, const char *to);
int change_subscribe(struct session *, const char *line, bool on);

/* Messages of the selected folder, by rising UIDs; see maildir.h. */
int change_store(struct session *, const uint32_t *uids, size_t n,
    const struct mailbox_change *, bool *changed);
/* Into the trash instead, where IMAP_MOVE_EXPUNGE_TO_TRASH says so. */
int change_expunge(struct session *, const uint32_t *uids, size_t n);
/*
 * Removes files of a folder whose ctime is before that, max at most. How many,
 * or -1.
 */
ssize_t change_empty(
    struct session *, const char *folder, time_t before, unsigned max);

struct change_copy {
	const uint32_t *uids;
	size_t n;
	const char *dest; /* a folder of the store */
	bool move;
	uint32_t *copies; /* out: [n] new UIDs, 0: the source had vanished */
	uint32_t uidvalidity; /* out */
};
int change_copy(struct session *, struct change_copy *);

/* The post alone, for the files of change. */
void change_post(struct session *, uint64_t dev, uint64_t ino, uint64_t stamp);
void change_post_selected(struct session *);
void change_post_folder(struct session *, const char *folder);

/* Begins an APPEND; NULL with errno. Nothing is seen before change_deliver. */
struct delivery *change_deliver_open(struct session *, const char *folder);
/* Files what an APPEND has collected for the folder. */
int change_deliver(struct session *, const char *folder, struct delivery *,
    uint32_t *uids, uint32_t *uidvalidity);

#endif
