/*
 * The tree of names that LIST and LSUB speak of: folders that exist, parents
 * that do not, subscriptions; sorted so that a parent stands right before all
 * that is below it. Lives in the command's arena.
 */
#ifndef IMAP_FOLDERS_H
#define IMAP_FOLDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/imap/state.h"

struct folders_entry {
	const char *name;   /* of the namespace, UTF-8; n bytes of it count */
	const char *folder; /* of the store; NULL: does not exist */
	size_t n;
	uint32_t use; /* MAILDIR_USE_*, of CREATE and of the settings */
	bool subscribed;
	bool children;     /* something below exists */
	bool match;        /* for the caller: its name is asked for */
	bool below_hidden; /* subscribed below, and does not match */
};

struct folders {
	struct folders_entry *entries;
	size_t n;
};

/* Gathers all of it. 0 or -1 with errno. */
int folders_gather(struct session *, struct folders *out);
/* Fills children and below_hidden from match. */
void folders_relate(struct folders *);
/* The attribute of a single special use ("\\Sent"), NULL if there is none. */
const char *folders_use_name(uint32_t bit);

#endif
