/*
 * What a RENAME is about to do: corkboard/rename, durable before the first
 * directory moves and removed after the last. Whoever finds it rolls forward.
 * Each move names the directory's inode, so that doing it twice, or after
 * somebody made a new folder of the old name, does no harm.
 *
 * Fields end with a NUL, as names may hold any other byte:
 *	"rename 1"  FROM  TO  { INODE  FROM  TO }...  "end"
 */
#ifndef MAILDIR_FOLDER_INTENT_H
#define MAILDIR_FOLDER_INTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct maildir;

struct move {
	uint64_t ino; /* of the directory */
	char *from, *to;
};

struct intent { /* {0} is an empty one; intent_done frees it */
	char *from, *to;
	struct move *moves;
	size_t n, size;
};

void intent_done(struct intent *);
/* Adds a move; the names are copied. 0 or -1 (ENOMEM). */
int intent_add(struct intent *, uint64_t ino, const char *from, const char *to);
/* The file's text, the caller's to free, and its length. NULL: ENOMEM. */
char *intent_print(const struct intent *, size_t *n);
/* Into *in (empty before). 0; -1 with EINVAL or ENOMEM, *in then empty. */
int intent_parse(struct intent *in, const char *text, size_t n);

/* Is there an intent? */
bool intent_is_left(int corkfd);
/*
 * All below want the account's lock. Writes the file, durable. 0 or -1.
 */
int intent_write(int corkfd, const struct intent *);
/*
 * Moves each directory that still is where it was; syncs the root; takes the
 * special uses along; removes the file. 0. -1: a move or the sync failed; what
 * was moved was moved back and the file removed, as far as that went.
 */
int intent_carry_out(struct maildir *, int corkfd, const struct intent *);
/*
 * Finishes what a crash interrupted, if there is an intent. A move whose new
 * name was taken meanwhile is left with a notice. 0 or -1.
 */
int intent_settle(struct maildir *, int corkfd);

#endif
