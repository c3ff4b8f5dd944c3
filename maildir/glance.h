/*
 * Part of the door (maildir.h includes it): a folder of which only the counts
 * are needed, at first or at all.
 */
#ifndef MAILDIR_GLANCE_H
#define MAILDIR_GLANCE_H

#include <stdbool.h>
#include <stdint.h>

struct maildir;
struct mailbox;

/*
 * As mailbox_open, but what the index knows of the folder is taken from there
 * without reading it, so that the cost does not grow with it; mailbox_counts
 * are those of now. Messages are there after mailbox_load only, or a look that
 * had to read: those of then, with what is news to be told by the next sync.
 * -1, ESTALE: what was there then can no longer be told. All calls that change
 * anything, and mailbox_sync if there is news, load by themselves.
 */
struct mailbox *mailbox_glance(
    struct maildir *, const char *folder, bool readonly);
int mailbox_load(struct mailbox *);

struct mailbox_counts {
	uint32_t messages, recent, unseen, deleted;
	uint32_t first_unseen; /* its sequence number, 0: none */
};
/* Loaded or not. */
void mailbox_counts(const struct mailbox *, struct mailbox_counts *);

#endif
