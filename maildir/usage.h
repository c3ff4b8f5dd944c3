/*
 * What an operation of the store changes in maildirsize. Messages count unless
 * they are in the trash folder or have the flag T; their size is what ",S=" in
 * the name says, else what stat says. Where there is no maildirsize, or the
 * folder is the trash, all of this does nothing. No line is synced: one lost
 * in a crash is found by the next count, which is synced for the limits' sake.
 */
#ifndef MAILDIR_USAGE_H
#define MAILDIR_USAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mailbox;
struct mailbox_change;
struct maildir;

#define USAGE_FILE "maildirsize"

struct usage {
	struct maildir *md;
	bool on;
	int64_t bytes, messages;
};

/* Do messages of this folder count: it is not the trash? */
bool usage_counts(const struct maildir *, const char *folder);
/* Begins; counts: the folder's. */
void usage_begin(struct usage *, struct maildir *, bool counts);
/* A message with these flags comes or goes. */
void usage_add(struct usage *, uint64_t size, uint8_t flags);
void usage_sub(struct usage *, uint64_t size, uint8_t flags);
/* Is there room for what was added? 0, or -1 with EDQUOT. */
int usage_room(const struct usage *);
/* The deed is done: writes the line. Keeps errno. */
void usage_end(struct usage *);
/* Folders came, went or got other names: counts again. Keeps errno. */
void usage_recount(struct maildir *);
/* The size in a message's name; -1: none there. */
int64_t usage_name_size(const char *file);

/* ---- usage_count.c ---- */

/* Counts all that counts. 0 or -1. */
int usage_count(struct maildir *, int64_t *bytes, int64_t *messages);

/* ---- usage_mailbox.c: messages of an open folder, by index ---- */

/* The message is about to go. */
void usage_take(struct usage *, const struct mailbox *, size_t i);
/* Its flags were old and are others now. */
void usage_flags(struct usage *, const struct mailbox *, size_t i, uint8_t old);
/* Is there room for those that lose \Deleted by a change? 0, or -1: EDQUOT. */
int usage_undelete(const struct usage *, const struct mailbox *,
    const uint32_t *uids, size_t n, const struct mailbox_change *);

#endif
