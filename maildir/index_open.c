/*
 * Which files the index is, and whether they may be believed: its directory,
 * its stamp, the lock under which it is made, and its end.
 */
#include "maildir/index_open.h"

#include <sys/file.h>
#include <sys/vfs.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "maildir/account.h"
#include "maildir/lock.h"
#include "maildir/modseq.h"
#include "maildir/private.h"
#include "maildir/util.h"

#define INDEX_DIR     "index"
#define INDEX_DATA    "data.mdb"
#define INDEX_LOCK    "lock.mdb"
#define INDEX_GUARD   "modseq.lock"
#define INDEX_VERSION 5
#define INDEX_RETRY   60 /* s after three failures */
#define BOOT_ID       "/proc/sys/kernel/random/boot_id"
#define BOOT_MAX      64

struct stamp_record {
	uint32_t version, page;
	uint64_t dev, ino;
	char boot[BOOT_MAX];
};

static const uint32_t network[] = {0x6969 /* nfs */, 0x517b /* smb */,
    0xff534d42 /* cifs */, 0xfe534d42 /* smb2 */, 0x00c36400 /* ceph */,
    0x5346414f, 0x6b414653 /* afs */, 0x7461636f /* ocfs2 */,
    0x01161970 /* gfs2 */, 0x65735546 /* fuse */, 0x01021997 /* 9p */,
    0x73757245 /* coda */, 0x0bd00bd0 /* lustre */, 0x47504653 /* gpfs */,
    0x20030528 /* pvfs2 */, 0x19830326 /* beegfs */, 0x786f4256 /* vboxsf */};

static int open_dir(struct maildir *);
static bool is_network(int);
static bool is_private(const struct stat *);
static int open_files(struct maildir *);
static bool are_fit(const struct index *);
static int make_files(struct maildir *);
static int open_env(struct index *);
static int check_stamp(struct maildir *);
static int write_stamp(struct maildir *);
static int make_stamp(struct maildir *, struct stamp_record *);
static int compare_stamp(struct index_txn *, void *);
static int begin_new(struct index_txn *, void *);
static void drop_files(struct index *);

bool
index_is_current(struct maildir *md)
{
	struct index *ix = md->index;
	struct stat data, lock;

	if (ix->env == NULL)
		return false;
	if (md->options.indexdir == NULL
		? fstatat(md->rootfd, ACCOUNT_DIR "/" INDEX_DIR "/" INDEX_DATA,
		      &data, AT_SYMLINK_NOFOLLOW) == -1 ||
		      fstatat(md->rootfd,
			  ACCOUNT_DIR "/" INDEX_DIR "/" INDEX_LOCK, &lock,
			  AT_SYMLINK_NOFOLLOW) == -1
		: fstatat(ix->dirfd, INDEX_DATA, &data, AT_SYMLINK_NOFOLLOW) ==
			  -1 ||
		      fstatat(ix->dirfd, INDEX_LOCK, &lock,
			  AT_SYMLINK_NOFOLLOW) == -1)
		return false;
	if (data.st_ino != ix->data || data.st_dev != ix->dev ||
	    lock.st_ino != ix->lock || data.st_size < ix->size)
		return false;
	ix->size = data.st_size; /* LMDB never makes it shorter */
	return true;
}

int
index_prepare(struct maildir *md)
{
	struct index *ix = md->index;
	int fd, r;

	index_env_close(ix);
	util_close(ix->dirfd);
	ix->dirfd = -1;
	ix->why = NULL;
	if (index_lock(md, &fd) == -1) {
		index_fail(md, strerror(errno));
		return -1;
	}
	if ((r = open_dir(md)) == 0)
		r = ix->inspect ? open_files(md) : make_files(md);
	if (r == -1)
		index_fail(md, ix->why == NULL ? strerror(errno) : ix->why);
	index_unlock(md, fd);
	errno = ENOTSUP;
	return r;
}

static int
open_dir(struct maildir *md)
{
	struct index *ix = md->index;
	struct stat st;
	const bool make = !ix->inspect;
	int cork;

	if (md->options.indexdir != NULL) {
		ix->dirfd = util_open_dir(AT_FDCWD, md->options.indexdir, make);
	} else {
		if ((cork = account_look(md)) == -1)
			return -1;
		ix->dirfd = util_open_dir(cork, INDEX_DIR, make);
		util_close(cork);
	}
	if (ix->dirfd == -1 || fstat(ix->dirfd, &st) == -1)
		return -1;
	if (!is_private(&st))
		ix->why = "another user can write it";
	else if (is_network(ix->dirfd))
		ix->why = "it would lie on a network file system";
	return ix->why == NULL ? 0 : -1;
}

static bool
is_private(const struct stat *st)
{
	return st->st_uid == geteuid() && (st->st_mode & 022) == 0;
}

/* What a map of a file shows there is not what another host wrote. */
static bool
is_network(int fd)
{
	struct statfs fs;
	size_t i;

	if (fstatfs(fd, &fs) == -1)
		return true;
	for (i = 0; i < sizeof(network) / sizeof(network[0]); i++)
		if ((uint32_t)fs.f_type == network[i])
			return true;
	return false;
}

/* Under the lock: nobody else opens or makes one now. */
static int
open_files(struct maildir *md)
{
	struct index *ix = md->index;

	ix->old = false;
	if (!are_fit(ix))
		return -1;
	if (open_env(ix) == 0 && check_stamp(md) == 0)
		return 0;
	if (ix->why == NULL) {
		ix->why = "it is of another boot, version or file";
		ix->old = true;
	}
	index_env_close(ix);
	return -1;
}

static bool
are_fit(const struct index *ix)
{
	struct stat data, lock;

	return fstatat(ix->dirfd, INDEX_DATA, &data, AT_SYMLINK_NOFOLLOW) ==
		   0 &&
	       fstatat(ix->dirfd, INDEX_LOCK, &lock, AT_SYMLINK_NOFOLLOW) ==
		   0 &&
	       S_ISREG(data.st_mode) && S_ISREG(lock.st_mode) &&
	       is_private(&data) && is_private(&lock);
}

/* What cannot be believed makes room for a new one. */
static int
make_files(struct maildir *md)
{
	struct index *ix = md->index;
	int tries;

	if (open_files(md) == 0)
		return 0;
	for (tries = 0; tries < 2; tries++) {
		drop_files(ix);
		ix->why = NULL;
		if (open_env(ix) == 0 && write_stamp(md) == 0)
			return 0;
		index_env_close(ix);
	}
	drop_files(ix);
	return -1;
}

static int
open_env(struct index *ix)
{
	struct stat data, lock;

	if (index_env_open(ix) == -1)
		return -1;
	if (fstatat(ix->dirfd, INDEX_DATA, &data, AT_SYMLINK_NOFOLLOW) == -1 ||
	    fstatat(ix->dirfd, INDEX_LOCK, &lock, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	ix->dev = data.st_dev;
	ix->data = data.st_ino;
	ix->lock = lock.st_ino;
	ix->size = data.st_size;
	return 0;
}

static int
check_stamp(struct maildir *md)
{
	struct stamp_record want;

	if (make_stamp(md, &want) == -1)
		return -1;
	return index_transact(md->index, false, compare_stamp, &want) == 0 ? 0
									   : -1;
}

static int
write_stamp(struct maildir *md)
{
	return index_transact(md->index, true, begin_new, md) == 0 ? 0 : -1;
}

static int
make_stamp(struct maildir *md, struct stamp_record *out)
{
	struct stat st;
	char *text;
	size_t n;

	memset(out, 0, sizeof(*out));
	out->version = INDEX_VERSION;
	out->page = (uint32_t)sysconf(_SC_PAGESIZE);
	if (fstatat(md->index->dirfd, INDEX_DATA, &st, AT_SYMLINK_NOFOLLOW) ==
	    -1)
		return -1;
	out->dev = st.st_dev;
	out->ino = st.st_ino;
	if (md->options.boot != NULL) {
		(void)snprintf(
		    out->boot, sizeof(out->boot), "%s", md->options.boot);
		return 0;
	}
	if (util_read_file(AT_FDCWD, BOOT_ID, BOOT_MAX - 1, &text, &n) == -1) {
		md->index->why = "the boot's id cannot be read";
		return -1;
	}
	memcpy(out->boot, text, n);
	free(text);
	return 0;
}

static int
compare_stamp(struct index_txn *txn, void *arg)
{
	const struct stamp_record *want = arg;
	struct index_bytes v;

	return index_get(txn, "V", 1, &v) && v.n == sizeof(*want) &&
		       memcmp(v.p, want, v.n) == 0
		   ? 0
		   : 1;
}

static int
begin_new(struct index_txn *txn, void *arg)
{
	struct maildir *md = arg;
	struct stamp_record stamp;

	if (make_stamp(md, &stamp) == -1 || modseq_begin(md, txn) == -1)
		return 1;
	index_put(txn, "V", 1, &stamp, sizeof(stamp));
	return 0;
}

void
index_fail(struct maildir *md, const char *why)
{
	struct index *ix = md->index;
	int fd, saved = errno;

	if (ix->inspect) {
		index_env_close(ix);
		ix->why = why;
		return;
	}
	if (!ix->told)
		maildir_note(
		    md, "the index is not used, or made anew: %s", why);
	ix->told = true;
	if (ix->env != NULL) {
		if (index_is_current(md) && index_lock(md, &fd) == 0) {
			if (index_is_current(md))
				drop_files(ix);
			index_unlock(md, fd);
		}
		index_env_close(ix);
	}
	if (++ix->failures >= 3)
		ix->retry = index_now() + INDEX_RETRY;
	errno = saved;
}

static void
drop_files(struct index *ix)
{
	util_unlink(ix->dirfd, INDEX_DATA);
	util_unlink(ix->dirfd, INDEX_LOCK);
}

int
index_lock(struct maildir *md, int *fd)
{
	struct lock lock;
	int cork, saved;

	*fd = -1;
	if (md->index->locked)
		return 0;
	cork = account_look(md);
	if (cork == -1 && errno == ENOENT)
		cork = account_lock(md); /* makes it */
	if (cork == -1)
		return -1;
	*fd = openat(
	    cork, INDEX_GUARD, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	saved = errno;
	util_close(cork);
	errno = saved;
	if (*fd == -1)
		return -1;
	if (lock_take(&lock, *fd, md->options.lock_seconds) == -1) {
		util_close(*fd);
		return -1;
	}
	md->index->locked = true;
	return 0;
}

void
index_unlock(struct maildir *md, int fd)
{
	if (fd == -1)
		return;
	md->index->locked = false;
	util_close(fd);
}

void
index_inspect(struct maildir *md, bool on)
{
	index_env_close(md->index);
	md->index->inspect = on;
	md->index->failures = 0;
	md->index->retry = 0;
}

int
index_is_there(struct maildir *md, const char **why)
{
	struct index *ix = md->index;
	struct stat st;

	if (index_is_current(md))
		return INDEX_USED;
	util_close(ix->dirfd);
	ix->why = NULL;
	ix->dirfd = -1;
	if (open_dir(md) == -1 ||
	    fstatat(ix->dirfd, INDEX_DATA, &st, AT_SYMLINK_NOFOLLOW) == -1) {
		*why = ix->why;
		if (*why == NULL && errno == ENOENT)
			return INDEX_NONE;
	} else if (index_prepare(md) == 0) {
		return INDEX_USED;
	}
	if ((*why = ix->why) == NULL)
		*why = strerror(errno);
	return ix->old ? INDEX_OLD : INDEX_BROKEN;
}

int
index_drop(struct maildir *md)
{
	struct index *ix = md->index;
	bool inspects = ix->inspect;
	int fd, r;

	if (index_lock(md, &fd) == -1)
		return -1;
	index_env_close(ix);
	util_close(ix->dirfd);
	ix->dirfd = -1;
	ix->why = NULL;
	ix->inspect = true; /* no directory for it is made */
	if ((r = open_dir(md)) == 0) {
		drop_files(ix);
		r = faccessat(ix->dirfd, INDEX_DATA, F_OK, AT_EACCESS) == 0;
	} else if (errno == ENOENT) {
		r = 0;
	}
	ix->inspect = inspects;
	index_unlock(md, fd);
	return r == 0 ? 0 : -1;
}

const char *
index_why(const struct maildir *md)
{
	return md->index->why == NULL ? strerror(errno) : md->index->why;
}
