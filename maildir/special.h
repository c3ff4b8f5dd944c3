/*
 * Special uses that CREATE (USE) gave (RFC 6154): corkboard/special-use, lines
 * of "folder TAB uses", sorted by folder; the uses are words without their
 * backslash, separated by blanks.
 */
#ifndef MAILDIR_SPECIAL_H
#define MAILDIR_SPECIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPECIAL_ALL_USES 127u /* the MAILDIR_USE_* bits */

struct maildir;

struct special_line {
	char *folder;
	uint32_t use;
};

struct special { /* {0} is an empty one; special_done frees it */
	struct special_line *lines;
	size_t n;
};

void special_done(struct special *);
/*
 * Reads lines into *s (empty before). The number of lines that could not be
 * understood and are not in it, or -1 (ENOMEM).
 */
int special_parse(struct special *s, const char *text, size_t n);
/* The file's text, the caller's to free, its length in *n. NULL: ENOMEM. */
char *special_print(const struct special *, size_t *n);
/* Uses of a folder; 0 if it has none. */
uint32_t special_get(const struct special *, const char *folder);
/* Sets them; 0 removes the line. 0 or -1 (ENOMEM). */
int special_set(struct special *, const char *folder, uint32_t use);
/*
 * from and all below it are called to; lines that had the new names go. true
 * if anything changed, -1 for ENOMEM.
 */
int special_rename(struct special *, const char *from, const char *to);

/*
 * Reads the file (none is an empty one). Broken lines are left out, with a
 * notice. 0 or -1.
 */
int special_load(struct maildir *, int corkfd, struct special *);
/* Under the account's lock, durable: one folder's uses; 0 removes them. */
int special_store(
    struct maildir *, int corkfd, const char *folder, uint32_t use);
/* The same for a rename; doing it twice is no error. */
int special_store_rename(
    struct maildir *, int corkfd, const char *from, const char *to);

#endif
