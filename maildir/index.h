/*
 * The index of an account: an LMDB environment in corkboard/index, keys to
 * values with a sum over both. Disposable: what is wrong with it, it is thrown
 * away and made anew, and nothing is lost but time. The only door to LMDB.
 */
#ifndef MAILDIR_INDEX_H
#define MAILDIR_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INDEX_KEY_MAX   64
#define INDEX_VALUE_MAX 131072

struct maildir;
struct index;     /* md->index; NULL: none is wanted */
struct index_txn; /* one transaction under way */

struct index_bytes {
	const void *p; /* lent until the transaction's next write or its end */
	size_t n;
};

/* Makes md->index, not opened yet. 0 or -1: ENOMEM. */
int index_new(struct maildir *);
void index_free(struct maildir *);
/* Can it be used, as far as is known without trying? */
bool index_hopeful(const struct maildir *);

/*
 * Runs fn in a transaction: what it wrote is committed if it returns 0 and
 * taken back if not. Returns what fn did. -1: there is no usable index, or it
 * failed (it is dropped then, a later call makes a new one); what fn did before
 * that is void, and fn may have been left in the middle, so it must keep what
 * it allocates where its caller finds it. Never called from inside fn.
 */
int index_read(
    struct maildir *, int (*fn)(struct index_txn *, void *), void *arg);
int index_write(
    struct maildir *, int (*fn)(struct index_txn *, void *), void *arg);

/* For fn: errors never return, they end the transaction. */
bool index_get(
    struct index_txn *, const void *key, size_t nkey, struct index_bytes *);
/* Neither key nor value may lie in the index, where a write moves them. */
void index_put(struct index_txn *, const void *key, size_t nkey,
    const void *value, size_t n);
void index_del(struct index_txn *, const void *key, size_t nkey);
/*
 * The first entry at or behind the key whose first nprefix bytes are the
 * key's; then the next. A write in between: seek again.
 */
bool index_seek(struct index_txn *, const void *key, size_t nkey,
    size_t nprefix, struct index_bytes *k, struct index_bytes *v);
bool index_next(
    struct index_txn *, struct index_bytes *k, struct index_bytes *v);
/* The index is of no use: ends the transaction and drops it. */
_Noreturn void index_distrust(struct index_txn *, const char *why);

/* For index_is_there and reading: nothing is made or dropped from here on. */
void index_inspect(struct maildir *, bool on);
enum index_state {
	INDEX_NONE,
	INDEX_USED,
	INDEX_OLD,   /* whole, but of another boot, version or file */
	INDEX_BROKEN /* *why says in what way, but for INDEX_USED, _NONE */
};
int index_is_there(struct maildir *, const char **why);
/* Why the last call failed. */
const char *index_why(const struct maildir *);
/* Removes it; whoever uses it finds out. 0 or -1. */
int index_drop(struct maildir *);

/*
 * The lock for making a new index and for the mark of change numbers; held
 * over syncs, taken before a transaction, never inside one. *fd -1 if this
 * account has it already. 0 or -1.
 */
int index_lock(struct maildir *, int *fd);
void index_unlock(struct maildir *, int fd);

#endif
