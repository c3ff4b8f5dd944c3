/*
 * The folders that watch holds: references by worker and number, inotify,
 * posts, and the slow check. A folder is known by device and inode number of
 * its directory.
 */
#ifndef MASTER_WATCHED_H
#define MASTER_WATCHED_H

#include <stddef.h>
#include <stdint.h>

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>

#include "shm/board.h"
#include "shm/boot.h"

#define WATCHED_DIRS 3 /* new, cur, courierimapkeywords */

enum watched_tell { /* kinds of complaints, each at most every ten minutes */
	WATCHED_FILES,
	WATCHED_WATCHES,
	WATCHED_OVERFLOW,
	WATCHED_NO_INOTIFY,
	WATCHED_TELLS
};

struct watched_folder;
struct watched_mark;
struct watched_ref;
RB_HEAD(watched_tree, watched_folder);
RB_HEAD(watched_refs, watched_ref);
RB_HEAD(watched_marks, watched_mark);
TAILQ_HEAD(watched_queue, watched_folder);

struct watched {
	struct board *board;   /* lent */
	const int *bells;      /* lent */
	int inotify;           /* -1: none, or not wanted */
	bool enhanced;         /* IMAP_ENHANCEDIDLE */
	uint32_t every;        /* s between slow checks */
	size_t nfolders, most; /* most: as RLIMIT_NOFILE allows */
	struct watched_tree all;
	struct watched_refs refs;
	size_t nrefs[BOOT_WORKERS]; /* a worker's: most of them, too */
	struct watched_marks marks;
	struct watched_queue again; /* posted once more, by rising due */
	uint64_t slow;              /* ms: the next slow check */
	bool sweeping;              /* one is under way ... */
	bool force;                 /* ... that posts every folder */
	bool full;                  /* ... in which no watch could be added */
	uint64_t dev, ino;          /* ... as far as here */
	uint64_t told[WATCHED_TELLS];
};

struct watched_ask {
	uint64_t dev, ino;
	uint64_t number;       /* the worker's for it */
	uint64_t stamp;        /* as of the session's last look */
	int fds[WATCHED_DIRS]; /* -1: that directory is not there */
};

/*
 * Before the jail. files: descriptors that may be open. No inotify is no error:
 * there is the slow check.
 */
void watched_init(struct watched *, struct board *, const int *bells,
    const struct settings *, size_t files);
void watched_settings(struct watched *, const struct settings *);
/*
 * One more reference to the folder; its descriptors are taken over (closed if
 * not needed, or on failure). Posts if the stamp is not the one asked with. 0;
 * -1 with errno: EINVAL (not three directories of that folder, or not the root
 * of that account, opened for reading; a number in use), EMFILE, ENOMEM.
 */
int watched_add(struct watched *, unsigned worker, struct watched_ask *);
/* The reference of this number, if there is one; the last one ends the watch.
 */
void watched_drop(struct watched *, unsigned worker, uint64_t number);
/* All of a worker that is gone. */
void watched_drop_worker(struct watched *, unsigned worker);
/* inotify is readable. */
void watched_read(struct watched *);
/* What is due by now. */
void watched_turn(struct watched *);
/* ms until watched_turn has work. */
int watched_wait(const struct watched *);
/* Compares the stamps of all folders now, in slices; force: posts them all. */
void watched_sweep(struct watched *, bool force);

#endif
