/*
 * Keywords of a folder: names with numbers, sets of numbers with a number of
 * their own (0 is the empty set), and the files of courierimapkeywords/ that
 * hold them. Numbers last as long as the struct; the files have their own.
 */
#ifndef MAILDIR_KEYWORDS_H
#define MAILDIR_KEYWORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEYWORDS_DIR   "courierimapkeywords"
#define KEYWORDS_LIST  ":list"
#define KEYWORDS_BYTES ((size_t)256 << 20) /* of :list */
#define KEYWORDS_MERGE 16 /* more changed messages: :list is rewritten */

struct kwset {
	uint32_t first; /* in members */
	uint32_t n;
};

struct keywords {
	char **names;
	size_t nnames;
	uint16_t *members; /* of all sets */
	size_t nmembers, members_room;
	struct kwset *sets;
	size_t nsets, sets_room;
	uint32_t *table; /* sets by their content, number + 1; 0: empty */
	size_t table_size;
	char aside[64]; /* a broken :list was kept under this name; the caller
			   may tell and clear it */
};

struct kwline { /* a message and its set */
	const char *base;
	size_t len;
	uint32_t set;
};

struct kwlines {
	struct kwline *v;
	size_t n, room;
};

/* ---- keywords.c: in memory ---- */

int keywords_init(struct keywords *);
void keywords_done(struct keywords *);
/*
 * The number of a name (no case; the first spelling stays), which is added if
 * new. -1: ENOMEM; with limited also EMLINK (MAILDIR_KEYWORDS_MAX are there),
 * EINVAL and ENAMETOOLONG. Without, what may not be in one becomes '_'.
 */
int keywords_number(struct keywords *, const char *, size_t len, bool limited);
/*
 * The set of these numbers, which get sorted. UINT32_MAX: ENOMEM.
 */
uint32_t keywords_set(struct keywords *, uint16_t *, size_t n);
/* Its members, rising; the count. */
size_t keywords_members(
    const struct keywords *, uint32_t set, const uint16_t **);
int kwlines_add(struct kwlines *, const char *base, size_t len, uint32_t set);

/* ---- keywords_file.c: on disk; kwfd is the directory's descriptor ---- */

/* Reads the text of :list (NUL-terminated); *out NULL and 0 if there is none.
 */
int keywords_list_read(int kwfd, char **out, size_t *n);
/*
 * Takes a text of :list apart: fn for each message that is named. 0; 1 if some
 * of it makes no sense; -1.
 */
int keywords_list_parse(struct keywords *, const char *text, size_t n,
    int (*fn)(void *, const struct kwline *), void *arg);
/* Keeps a broken :list beside the directory, see aside. 0 or -1. */
int keywords_list_aside(struct keywords *, int dirfd);
/*
 * Replaces :list, durable: temporary file in the folder dirfd, fsync, rename,
 * fsync of kwfd. Names that no message has are left out.
 */
int keywords_list_write(
    const struct keywords *, int dirfd, int kwfd, const struct kwlines *);
/* Writes a message's whole set as its update file: fsync, then rename. */
int keywords_update_write(
    const struct keywords *, int dirfd, int kwfd, const struct kwline *);
/* Reads an update file. The set, UINT32_MAX with errno. */
uint32_t keywords_update_read(struct keywords *, int kwfd, const char *name);
/*
 * Keywords for messages that are only just being filed in a folder: update
 * files for few, :list with them added for many. 0 or -1; then no update file
 * of theirs is left.
 */
int keywords_file_new(struct keywords *, int dirfd, const struct kwlines *);
/* The messages were not filed after all: their update files go. */
void keywords_file_undo(int dirfd, const struct kwlines *);
/*
 * Looks at the name of a file in the directory: the base name it is for and the
 * age of an aged one (".N.BASE"; UINT64_MAX if it is pending). false: neither.
 */
bool keywords_update_name(const char *name, const char **base, uint64_t *age);

#endif
