/*
 * What the files of this room share about one account: the root's descriptor,
 * the options, and the few calls that folders (maildir.c) and messages
 * (mailbox.c) make into each other.
 */
#ifndef MAILDIR_PRIVATE_H
#define MAILDIR_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "maildir/maildir.h"

#define MAILDIR_NOTICES 16  /* kept until taken; more only raise a count */
#define MAILDIR_NOTICE  512 /* bytes of one */

#define MAILDIR_PURGES 16 /* folders whose last purge is remembered */

struct maildir_purge { /* of a folder's tmp/; for mailbox.c */
	uint64_t dev, ino;
	time_t at;
};

struct index;       /* index.c alone knows it */
struct folder_list; /* what maildir_list lends; maildir.c alone knows it */

struct maildir {
	int rootfd;     /* the account's root, O_RDONLY */
	char *hostname; /* never NULL, already fit for a file name */
	char *trash;    /* NULL: none */
	struct maildir_options options; /* .hostname, .trash point there */

	/* notices not yet taken, oldest first; a ring */
	char notices[MAILDIR_NOTICES][MAILDIR_NOTICE];
	unsigned nnotices, first_notice;
	unsigned long lost_notices; /* came when the ring was full */
	bool quota_told;            /* what is wrong with maildirsize */
	char lent_notice[MAILDIR_NOTICE];

	struct maildir_purge purges[MAILDIR_PURGES];
	struct index *index;         /* NULL: not wanted */
	bool told_numbers;           /* that there are none */
	struct folder_list *folders; /* for maildir.c */
	char **subscriptions;        /* lent by maildir_subscriptions */
	size_t nsubscriptions;
};

/* ---- maildir.c ---- */

/*
 * Opens the directory of a folder ("" the root, else ".name"), for reading,
 * never through a symlink. The descriptor (the caller's), or -1: ENOENT, EINVAL
 * and ENAMETOOLONG for a name, ELOOP or ENOTDIR for what is no directory.
 */
int maildir_folder_fd(struct maildir *, const char *folder);
/*
 * Queues a notice for the admin (maildir_notice). Text that comes from the disk
 * is made printable by vis(3) here.
 */
void maildir_note(struct maildir *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/*
 * A UIDVALIDITY that this account never used: max(high-water mark + 1, now -
 * 1,000,000,000). The mark (corkboard/uidvalidity) is synced before it is
 * returned. 0 with errno if that failed.
 */
uint32_t maildir_new_uidvalidity(struct maildir *);

/* ---- mailbox.c ---- */

/*
 * Writes the UID file of a folder under construction, durable when it returns
 * (file and directory synced). 0 or -1.
 */
int mailbox_init_folder(int dirfd, uint32_t uidvalidity);

/* ---- folder_list.c ---- */

/*
 * The names that maildir_list has now, the caller's own: while it goes through
 * them it may list, make and rename. NULL with errno. Free them with their
 * number.
 */
char **folder_names(struct maildir *, ssize_t *n);
void folder_names_free(char **names, ssize_t n);

#endif
