/*
 * A Maildir in a temporary directory for the tests of the store, and counters
 * and faults for the syncs: the test's own fsync, fdatasync and syncfs stand
 * in front of libc's.
 */
#ifndef T_UNIT_MAILDIR_STORE_H
#define T_UNIT_MAILDIR_STORE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* before cmocka.h */
#include <setjmp.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "maildir/maildir.h"

#ifndef TREE_SYNC
#define TREE_SYNC 1 /* 0: only counted */
#endif

static char tree[512];        /* the Maildir's path */
static unsigned syncs;        /* since tree_syncs was last asked */
static unsigned fail_sync_at; /* 1: the next one gives EIO */

int fsync(int fd);
int fdatasync(int fd);
int syncfs(int fd);

static inline int
count_sync(void)
{
	syncs++;
	if (fail_sync_at > 0 && --fail_sync_at == 0) {
		errno = EIO;
		return -1;
	}
	return 0;
}

static inline int
really_sync(long call, int fd)
{
	return TREE_SYNC ? (int)syscall(call, fd) : 0;
}

int
fsync(int fd)
{
	return count_sync() == -1 ? -1 : really_sync(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
	return count_sync() == -1 ? -1 : really_sync(SYS_fdatasync, fd);
}

int
syncfs(int fd)
{
	return count_sync() == -1 ? -1 : really_sync(SYS_syncfs, fd);
}

static inline unsigned
tree_syncs(void)
{
	unsigned n = syncs;

	syncs = 0;
	return n;
}

/* A path in the tree; four may be in use at a time. */
static inline const char *
at(const char *path)
{
	static char out[4][1200];
	static int i;

	i = (i + 1) % 4;
	(void)snprintf(out[i], sizeof(out[i]), "%s/%s", tree, path);
	return out[i];
}

static inline void
tree_mkdir(const char *path)
{
	assert_int_equal(mkdir(at(path), 0700), 0);
}

static inline void
tree_write(const char *path, const char *text)
{
	int fd = open(at(path), O_CREAT | O_TRUNC | O_WRONLY, 0644);

	if (fd == -1)
		fail_msg("%s: %s", path, strerror(errno));
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
}

static inline void
tree_folder(const char *name)
{
	static const char *const subs[] = {"", "/cur", "/new", "/tmp"};
	char path[300];
	size_t i;

	for (i = 0; i < 4; i++) {
		(void)snprintf(path, sizeof(path), "%s%s", name, subs[i]);
		tree_mkdir(path);
	}
	(void)snprintf(path, sizeof(path), "%s/maildirfolder", name);
	tree_write(path, "");
}

static inline int
tree_setup(void **state)
{
	const char *dir = getenv("TMPDIR");

	(void)state;
	(void)snprintf(tree, sizeof(tree), "%s/corkboard.XXXXXX",
	    dir == NULL ? "/tmp" : dir);
	if (mkdtemp(tree) == NULL)
		return -1;
	tree_mkdir("cur");
	tree_mkdir("new");
	tree_mkdir("tmp");
	syncs = fail_sync_at = 0;
	return 0;
}

static inline int
tree_remove_one(
    const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline int
tree_teardown(void **state)
{
	(void)state;
	return nftw(tree, tree_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The text of a file, "" if there is none; two may be in use at a time. */
static inline const char *
tree_read(const char *path)
{
	static char out[2][65536];
	static int i;
	ssize_t n = 0;
	int fd;

	i = !i;
	if ((fd = open(at(path), O_RDONLY)) != -1) {
		n = read(fd, out[i], sizeof(out[i]) - 1);
		(void)close(fd);
	}
	out[i][n < 0 ? 0 : n] = '\0';
	return out[i];
}

static inline bool
tree_has(const char *path)
{
	struct stat st;

	return lstat(at(path), &st) == 0;
}

/* Names in a directory that contain a text ("": all but . and ..). */
static inline unsigned
tree_count(const char *path, const char *part)
{
	DIR *dir = opendir(at(path));
	struct dirent *d;
	unsigned n = 0;

	if (dir == NULL)
		return 0;
	while ((d = readdir(dir)) != NULL)
		n += strcmp(d->d_name, ".") != 0 &&
		     strcmp(d->d_name, "..") != 0 &&
		     strstr(d->d_name, part) != NULL;
	(void)closedir(dir);
	return n;
}

/* A name there that contains a text; two may be in use at a time. */
static inline const char *
tree_name(const char *path, const char *part)
{
	static char out[2][300];
	static int i;
	DIR *dir = opendir(at(path));
	struct dirent *d;

	i = !i;
	out[i][0] = '\0';
	while (dir != NULL && (d = readdir(dir)) != NULL)
		if (d->d_name[0] != '.' && strstr(d->d_name, part) != NULL)
			(void)snprintf(out[i], sizeof(out[i]), "%s", d->d_name);
	if (dir != NULL)
		(void)closedir(dir);
	return out[i];
}

static inline int
tree_fd(const char *path)
{
	int fd = open(at(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_not_equal(fd, -1);
	return fd;
}

static inline struct maildir *
tree_open(bool uselocks)
{
	const struct maildir_options options = {.hostname = "host.example",
	    .uselocks = uselocks,
	    .keywords = true,
	    .umask = 022,
	    .lock_seconds = 1,
	    .trash = "Trash"};
	struct maildir *md = maildir_open(tree_fd(""), &options);

	assert_non_null(md);
	return md;
}

/* With an index, to be closed by the test. */
static inline struct maildir *
tree_open_index(void)
{
	const struct maildir_options options = {.hostname = "host.example",
	    .keywords = true,
	    .umask = 022,
	    .lock_seconds = 5,
	    .index = true};
	struct maildir *md = maildir_open(tree_fd(""), &options);

	assert_non_null(md);
	return md;
}

/* The same with an index, in place of one without. */
static inline void
tree_use_index(struct maildir **md)
{
	const struct maildir_options options = {.hostname = "host.example",
	    .keywords = true,
	    .umask = 022,
	    .lock_seconds = 1,
	    .index = true};

	maildir_close(*md);
	*md = maildir_open(tree_fd(""), &options);
	assert_non_null(*md);
}

/* Time stamps get old enough to be trusted. */
static inline void
tree_settle(void)
{
	(void)usleep(25000);
}

#endif
