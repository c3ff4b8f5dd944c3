/*
 * Between index.c, which alone knows LMDB, and index_open.c, which knows which
 * files it may be given.
 */
#ifndef MAILDIR_INDEX_OPEN_H
#define MAILDIR_INDEX_OPEN_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "maildir/index.h"

struct MDB_env;

struct index {
	struct MDB_env *env; /* NULL: not open */
	unsigned dbi;
	int dirfd; /* of its directory, -1: not open */
	dev_t dev;
	ino_t data, lock; /* inodes of what is open */
	off_t size;       /* the least that the file can be */
	bool locked;      /* index_lock is ours */
	bool told;        /* why it is not used was told */
	bool inspect;     /* only what is there; nothing is made or dropped */
	bool old;         /* it is whole, but not for here and now */
	unsigned failures;
	time_t retry; /* monotonic; not tried before */
	const char *why;
	int (*inside)(struct index *); /* under the guard, and its result */
	int result;
	struct index_txn *txn; /* under way */
};

/* ---- index.c ---- */

/* LMDB on the files in ix->dirfd. 0 or -1, ix->why says why. */
int index_env_open(struct index *);
void index_env_close(struct index *);
/* index_read and index_write, on what is open. */
int index_transact(struct index *, bool write,
    int (*fn)(struct index_txn *, void *), void *arg);
time_t index_now(void);

/* ---- index_open.c ---- */

/* Are the files that are open those at their paths, and whole? */
bool index_is_current(struct maildir *);
/* Opens what is there, or makes it. 0 or -1, then told once. */
int index_prepare(struct maildir *);
/* Drops it; told once, tried again at once or, after some, in a while. */
void index_fail(struct maildir *, const char *why);

#endif
