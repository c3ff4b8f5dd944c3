/*
 * The index, made safe to use:
 *
 * - It is trusted only with a stamp of this version, this boot and its own
 *   inode: nothing is synced, so after a power cut it is worth nothing, and a
 *   copy of a live one is broken. Each value carries a sum.
 * - Before each transaction its files are compared with their paths: who
 *   removes or replaces them finds everybody on the new ones. Both are made
 *   together, under a lock, so that two processes never use one data file with
 *   two lock files.
 * - What goes wrong inside of LMDB (an error, a failed assertion, a fault in
 *   the map because the file was cut off or is garbage) jumps out of the
 *   transaction; the index is dropped and the mail is served without it.
 * - A process that holds LMDB's lock and is stopped would stop all others: who
 *   waits for it 30 s is ended by SIGALRM.
 * - It is not used on a network file system, nor where another user can write.
 */
#include "maildir/index_open.h"

#include <errno.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "maildir/fault.h"
#include "maildir/private.h"
#include "maildir/sum.h"
#include "maildir/util.h"

#define INDEX_MAP     (sizeof(size_t) > 4 ? (size_t)1 << 36 : (size_t)1 << 29)
#define INDEX_READERS 1024
#define INDEX_WAIT    30  /* s for LMDB's lock */
#define LINE          64  /* bytes that memory is read by */
#define EXPECTED      512 /* of a record, most are smaller */

struct index_txn {
	struct index *ix;
	MDB_txn *txn;
	MDB_cursor *cursor;
	unsigned char prefix[INDEX_KEY_MAX];
	size_t nprefix;
	bool write;
	int (*fn)(struct index_txn *, void *);
	void *arg;
};

static int run(
    struct maildir *, bool, int (*)(struct index_txn *, void *), void *);
static int open_inside(struct index *);
static int transact_inside(struct index *);
static int abort_inside(struct index *);
static int close_inside(struct index *);
static int guarded(struct index *, int (*)(struct index *));
static void enter(void *);
static void on_assert(MDB_env *, const char *);
static _Noreturn void leave(struct index *, const char *);
static void check(struct index_txn *, int);
static bool take(struct index_txn *, MDB_val *, MDB_val *, struct index_bytes *,
    struct index_bytes *);
static void expect_below(const void *);
static uint64_t sum(const void *, size_t, const void *, size_t);

int
index_new(struct maildir *md)
{
	if ((md->index = calloc(1, sizeof(*md->index))) == NULL)
		return -1;
	md->index->dirfd = -1;
	return 0;
}

void
index_free(struct maildir *md)
{
	if (md->index == NULL)
		return;
	index_env_close(md->index);
	util_close(md->index->dirfd);
	free(md->index);
	md->index = NULL;
}

bool
index_hopeful(const struct maildir *md)
{
	return md->index != NULL && md->index->retry <= index_now();
}

int
index_read(struct maildir *md, int (*fn)(struct index_txn *, void *), void *arg)
{
	return run(md, false, fn, arg);
}

int
index_write(
    struct maildir *md, int (*fn)(struct index_txn *, void *), void *arg)
{
	return run(md, true, fn, arg);
}

static int
run(struct maildir *md, bool write, int (*fn)(struct index_txn *, void *),
    void *arg)
{
	struct index *ix = md->index;
	int r;

	if (ix == NULL || ix->retry > index_now()) {
		errno = ENOTSUP;
		return -1;
	}
	if (!index_is_current(md) && index_prepare(md) == -1)
		return -1;
	r = index_transact(ix, write, fn, arg);
	if (r == -1 && ix->why != NULL) {
		index_fail(md, ix->why);
		errno = EIO;
	} else if (r != -1) {
		ix->failures = 0;
	}
	return r;
}

int
index_env_open(struct index *ix)
{
	return guarded(ix, open_inside);
}

static int
open_inside(struct index *ix)
{
	const unsigned flags = MDB_NOSYNC | MDB_NOMETASYNC | MDB_NOTLS;
	char path[64];
	MDB_txn *txn;
	int rc, dead;

	/* The directory may have any name by now. */
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", ix->dirfd);
	if ((rc = mdb_env_create(&ix->env)) != 0) {
		ix->env = NULL;
		leave(ix, mdb_strerror(rc));
	}
	if ((rc = mdb_env_set_mapsize(ix->env, INDEX_MAP)) != 0 ||
	    (rc = mdb_env_set_maxreaders(ix->env, INDEX_READERS)) != 0 ||
	    (rc = mdb_env_set_assert(ix->env, on_assert)) != 0 ||
	    (rc = mdb_env_set_userctx(ix->env, ix)) != 0 ||
	    (rc = mdb_env_open(ix->env, path, flags, 0600)) != 0 ||
	    (rc = mdb_reader_check(ix->env, &dead)) != 0 ||
	    (rc = mdb_txn_begin(ix->env, NULL, MDB_RDONLY, &txn)) != 0)
		leave(ix, mdb_strerror(rc));
	rc = mdb_dbi_open(txn, NULL, 0, &ix->dbi);
	mdb_txn_abort(txn);
	if (rc != 0)
		leave(ix, mdb_strerror(rc));
	return 0;
}

int
index_transact(struct index *ix, bool write,
    int (*fn)(struct index_txn *, void *), void *arg)
{
	struct index_txn txn = {.ix = ix, .write = write, .fn = fn, .arg = arg};
	unsigned left = 0;
	int r;

	ix->why = NULL;
	ix->txn = &txn;
	if (write)
		left = alarm(INDEX_WAIT);
	r = guarded(ix, transact_inside);
	if (ix->txn->txn != NULL)
		(void)guarded(ix, abort_inside);
	if (write)
		(void)alarm(left);
	ix->txn = NULL;
	return r;
}

static int
transact_inside(struct index *ix)
{
	struct index_txn *txn = ix->txn;
	MDB_txn *commit;
	int r;

	check(txn, mdb_txn_begin(
		       ix->env, NULL, txn->write ? 0 : MDB_RDONLY, &txn->txn));
	r = txn->fn(txn, txn->arg);
	if (r != 0 || !txn->write)
		return r;
	if (txn->cursor != NULL)
		mdb_cursor_close(txn->cursor);
	txn->cursor = NULL;
	/* Freed by a commit whatever comes of it. */
	commit = txn->txn;
	txn->txn = NULL;
	check(txn, mdb_txn_commit(commit));
	return 0;
}

static int
abort_inside(struct index *ix)
{
	struct index_txn *txn = ix->txn;
	MDB_txn *t = txn->txn;

	txn->txn = NULL;
	if (txn->cursor != NULL)
		mdb_cursor_close(txn->cursor);
	txn->cursor = NULL;
	mdb_txn_abort(t);
	return 0;
}

static int
close_inside(struct index *ix)
{
	MDB_env *env = ix->env;

	ix->env = NULL;
	mdb_env_close(env);
	return 0;
}

void
index_env_close(struct index *ix)
{
	const char *why = ix->why;

	if (ix->env != NULL)
		(void)guarded(ix, close_inside);
	ix->why = why;
}

/* ---- inside of a transaction ---- */

static int
guarded(struct index *ix, int (*fn)(struct index *))
{
	ix->result = -1;
	ix->inside = fn;
	if (!fault_guard(enter, ix) && ix->why == NULL)
		ix->why = "a fault in its map";
	return ix->result;
}

static void
enter(void *arg)
{
	struct index *ix = arg;

	ix->result = ix->inside(ix);
}

static void
on_assert(MDB_env *env, const char *text)
{
	(void)text;
	leave(mdb_env_get_userctx(env), "it contradicts itself");
}

static _Noreturn void
leave(struct index *ix, const char *why)
{
	ix->why = why;
	fault_leave();
}

_Noreturn void
index_distrust(struct index_txn *txn, const char *why)
{
	leave(txn->ix, why);
}

static void
check(struct index_txn *txn, int rc)
{
	if (rc != 0)
		leave(txn->ix, mdb_strerror(rc));
}

bool
index_get(struct index_txn *txn, const void *key, size_t nkey,
    struct index_bytes *out)
{
	MDB_val k = {nkey, (void *)(uintptr_t)key}, v;
	int rc;

	rc = mdb_get(txn->txn, txn->ix->dbi, &k, &v);
	if (rc == MDB_NOTFOUND)
		return false;
	check(txn, rc);
	return take(txn, &k, &v, NULL, out);
}

void
index_put(struct index_txn *txn, const void *key, size_t nkey,
    const void *value, size_t n)
{
	MDB_val k = {nkey, (void *)(uintptr_t)key}, v = {n + 8, NULL};
	uint64_t h = sum(key, nkey, value, n);

	if (n > INDEX_VALUE_MAX)
		leave(txn->ix, "a value is too large");
	check(txn, mdb_put(txn->txn, txn->ix->dbi, &k, &v, MDB_RESERVE));
	memcpy(v.mv_data, &h, 8);
	memcpy((char *)v.mv_data + 8, value, n);
}

void
index_del(struct index_txn *txn, const void *key, size_t nkey)
{
	MDB_val k = {nkey, (void *)(uintptr_t)key};
	int rc;

	rc = mdb_del(txn->txn, txn->ix->dbi, &k, NULL);
	if (rc != MDB_NOTFOUND)
		check(txn, rc);
}

bool
index_seek(struct index_txn *txn, const void *key, size_t nkey, size_t nprefix,
    struct index_bytes *k, struct index_bytes *v)
{
	MDB_val mk = {nkey, (void *)(uintptr_t)key}, mv;
	int rc;

	if (nkey > INDEX_KEY_MAX || nprefix > nkey)
		leave(txn->ix, "a key is too long");
	memcpy(txn->prefix, key, nprefix);
	txn->nprefix = nprefix;
	if (txn->cursor == NULL)
		check(
		    txn, mdb_cursor_open(txn->txn, txn->ix->dbi, &txn->cursor));
	rc = mdb_cursor_get(txn->cursor, &mk, &mv, MDB_SET_RANGE);
	if (rc == MDB_NOTFOUND)
		return false;
	check(txn, rc);
	return take(txn, &mk, &mv, k, v);
}

bool
index_next(struct index_txn *txn, struct index_bytes *k, struct index_bytes *v)
{
	MDB_val mk, mv;
	int rc;

	rc = mdb_cursor_get(txn->cursor, &mk, &mv, MDB_NEXT);
	if (rc == MDB_NOTFOUND)
		return false;
	check(txn, rc);
	return take(txn, &mk, &mv, k, v);
}

/* k NULL: not a walk. Faults on garbage are the guard's. */
static bool
take(struct index_txn *txn, MDB_val *mk, MDB_val *mv, struct index_bytes *k,
    struct index_bytes *v)
{
	uint64_t h;

	if (k != NULL && (mk->mv_size < txn->nprefix ||
			     memcmp(mk->mv_data, txn->prefix, txn->nprefix)))
		return false;
	if (mk->mv_size > INDEX_KEY_MAX || mv->mv_size < 8 ||
	    mv->mv_size > INDEX_VALUE_MAX + 8)
		leave(txn->ix, "a value has no sense");
	if (k != NULL)
		expect_below(mk->mv_data);
	memcpy(&h, mv->mv_data, 8);
	if (h != sum(mk->mv_data, mk->mv_size, (char *)mv->mv_data + 8,
		     mv->mv_size - 8))
		leave(txn->ix, "a value has a wrong sum");
	if (k != NULL) {
		k->p = mk->mv_data;
		k->n = mk->mv_size;
	}
	v->p = (char *)mv->mv_data + 8;
	v->n = mv->mv_size - 8;
	return true;
}

/*
 * LMDB lays what comes in order one below the other in a page, so this is what
 * a walk will read next, and the machine does not guess it: it waited for
 * memory in each record. A hint; nothing is touched.
 */
static void
expect_below(const void *p)
{
	uintptr_t at = (uintptr_t)p, i;

	for (i = LINE; i <= EXPECTED; i += LINE)
		__builtin_prefetch((const void *)(at - i));
}

static uint64_t
sum(const void *key, size_t nkey, const void *p, size_t n)
{
	return sum_add(sum_add(0, key, nkey), p, n);
}

time_t
index_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return t.tv_sec;
}
