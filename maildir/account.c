/*
 * The corkboard: lock, names, removal of trees, and cleaning up after crashes.
 * What is left there is never a folder and never the only copy of a message
 * that was not deleted: building.* were not acknowledged, removing.* were.
 */
#include "maildir/account.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "maildir/lock.h"
#include "maildir/private.h"
#include "maildir/util.h"

#define REMOVE_DEPTH 16   /* a folder has 2 levels; strangers may have more */
#define REMOVE_TRIES 4    /* passes over a directory that stays not empty */
#define CLEAN_BUDGET 5000 /* entries that opening an account removes */
#define LITTER_AGE   (36 * 3600) /* as Courier and qmail: tmp files die then */

static int remove_any(int, const char *, unsigned, size_t *);
static int remove_dir(int, const char *, unsigned, size_t *);
static int empty_dir(DIR *, unsigned, size_t *, bool *);
static bool is_dots(const char *);
static bool is_litter(int, const char *, bool);

int
account_look(struct maildir *md)
{
	return util_open_dir(md->rootfd, ACCOUNT_DIR, false);
}

int
account_lock(struct maildir *md)
{
	struct lock lock;
	struct stat st;
	int fd;

	for (;;) {
		fd = account_look(md);
		if (fd == -1 && errno == ENOENT) {
			fd = util_open_dir(md->rootfd, ACCOUNT_DIR, true);
			/* what lies in it is as durable as its own name */
			if (fd != -1 && util_fsync(md->rootfd) == -1)
				goto fail;
		}
		if (fd == -1)
			return -1;
		if (lock_take(&lock, fd, md->options.lock_seconds) == -1)
			goto fail;
		/* somebody may have removed it while we waited */
		if (fstat(fd, &st) == -1)
			goto fail;
		if (st.st_nlink > 0)
			return fd;
		(void)close(fd);
	}
fail:
	util_close(fd);
	return -1;
}

void
account_name(char name[ACCOUNT_NAME_MAX], const char *prefix)
{
	char unique[80];

	util_temp_name(unique, sizeof unique);
	(void)snprintf(name, ACCOUNT_NAME_MAX, "%s%s", prefix, unique);
}

int
account_set_aside(
    struct maildir *md, int dirfd, const char *name, const char *why)
{
	char aside[ACCOUNT_NAME_MAX];
	long long now = (long long)time(NULL);
	unsigned i;

	for (i = 0; i < 100; i++) {
		(void)snprintf(
		    aside, sizeof aside, "%s.broken.%lld", name, now + i);
		if (account_move(dirfd, name, dirfd, aside) == 0) {
			maildir_note(md, "%s is broken (%s), kept as %s", name,
			    why, aside);
			return 0;
		}
		if (errno != EEXIST)
			return -1;
	}
	return -1;
}

int
account_move(int fromfd, const char *name, int tofd, const char *newname)
{
	struct stat st;

	if (renameat2(fromfd, name, tofd, newname, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	/* a file system without that flag; our lock keeps our own kind out */
	if (fstatat(tofd, newname, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	return errno == ENOENT ? renameat(fromfd, name, tofd, newname) : -1;
}

int
account_remove(int dirfd, const char *name, size_t *budget)
{
	return remove_any(dirfd, name, REMOVE_DEPTH, budget);
}

static int
remove_any(int dirfd, const char *name, unsigned depth, size_t *budget)
{
	if (*budget == 0) {
		errno = EAGAIN;
		return -1;
	}
	if (unlinkat(dirfd, name, 0) == 0) {
		--*budget;
		return 0;
	}
	if (errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -1;
	if (depth == 0) {
		errno = ELOOP;
		return -1;
	}
	return remove_dir(dirfd, name, depth, budget);
}

static int
remove_dir(int dirfd, const char *name, unsigned depth, size_t *budget)
{
	unsigned tries;
	DIR *d;
	int fd, save, r = -1;
	bool moved = true;

	fd = util_open_dir(dirfd, name, false);
	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	d = fdopendir(fd);
	if (d == NULL) {
		util_close(fd);
		return -1;
	}
	/* a directory that shrinks while it is read may hide entries */
	for (tries = 0; moved && tries < REMOVE_TRIES; tries++) {
		rewinddir(d);
		if (empty_dir(d, depth - 1, budget, &moved) == -1)
			break;
		r = unlinkat(dirfd, name, AT_REMOVEDIR);
		if (r == 0 || errno == ENOENT) {
			r = 0;
			break;
		}
	}
	save = errno;
	(void)closedir(d);
	errno = save;
	return r;
}

static int
empty_dir(DIR *d, unsigned depth, size_t *budget, bool *moved)
{
	struct dirent *e;

	*moved = false;
	for (errno = 0; (e = readdir(d)) != NULL; errno = 0) {
		if (is_dots(e->d_name))
			continue;
		if (remove_any(dirfd(d), e->d_name, depth, budget) == -1)
			return -1;
		*moved = true;
	}
	return errno == 0 ? 0 : -1;
}

static bool
is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

void
account_clean(struct maildir *md)
{
	size_t budget = CLEAN_BUDGET;
	struct dirent *e;
	bool locked;
	DIR *d;
	int fd;

	fd = account_look(md);
	if (fd == -1)
		return;
	d = fdopendir(fd);
	if (d == NULL) {
		(void)close(fd);
		return;
	}
	/* who builds holds the lock: without it building.* may be alive */
	locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
	while ((e = readdir(d)) != NULL) {
		if (is_litter(fd, e->d_name, locked) &&
		    account_remove(fd, e->d_name, &budget) == -1 &&
		    errno != EAGAIN)
			maildir_note(md, "cannot remove %s/%s: %s", ACCOUNT_DIR,
			    e->d_name, strerror(errno));
	}
	(void)closedir(d);
}

/* Left-over of a crash? Temporary files of others may be alive: by age. */
static bool
is_litter(int dirfd, const char *name, bool locked)
{
	struct stat st;
	size_t n;

	if (strncmp(name, ACCOUNT_REMOVING, strlen(ACCOUNT_REMOVING)) == 0)
		return true;
	if (strncmp(name, ACCOUNT_BUILDING, strlen(ACCOUNT_BUILDING)) == 0)
		return locked;
	n = strspn(name, "0123456789");
	if (n == 0 || strncmp(name + n, ".M", 2) != 0)
		return false;
	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(st.st_mode) && st.st_ctime < time(NULL) - LITTER_AGE;
}
