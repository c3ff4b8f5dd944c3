/*
 * The write lock of a folder. flock orders our own processes and costs nothing;
 * the dot-lock keeps Courier away. Because the dot-lock is only ever asked for
 * by who holds the flock, no two of ours meet over a stale one.
 *
 * Courier's dot-lock: tmp/courier.lock is a link to a file that holds
 * "PID:HOSTNAME" without a line end. A dead or our own pid of this host is
 * stale at once, and so is any that took it before this boot; other content
 * after 120 seconds.
 */
#include "maildir/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "maildir/util.h"

#define DOT_LOCK  "tmp/courier.lock"
#define DOT_STALE 120       /* seconds, of a lock whose owner cannot be asked */
#define NAP_FIRST 50000L    /* ns */
#define NAP_LAST  1000000L  /* ns, of flock: held for milliseconds at most */
#define NAP_DOT   50000000L /* ns, of the dot-lock */

enum owner {
	OWNER_LIVES,
	OWNER_GONE,
	OWNER_UNKNOWN
};

struct wait { /* naps that grow, up to a deadline */
	struct timespec until;
	long nap, longest;
};

static void wait_begin(struct wait *, unsigned, long);
static int wait_nap(struct wait *);
static int make_own(int, char *, size_t);
static int link_own(int, const char *);
static bool is_stale(int, struct stat *);
static time_t uptime(void);
static enum owner owner_of(const char *);
static void steal(int, const struct stat *);

int
lock_take(struct lock *lock, int dirfd, unsigned seconds)
{
	struct wait wait;

	wait_begin(&wait, seconds, NAP_LAST);
	lock->dotted = false;
	lock->dirfd = dirfd;
	while (flock(dirfd, LOCK_EX | LOCK_NB) == -1) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK) {
			/* NFS cannot flock a directory: the dot-lock alone. */
			lock->flocked = false;
			return 0;
		}
		if (wait_nap(&wait) == -1) {
			lock->dirfd = -1;
			return -1;
		}
	}
	lock->flocked = true;
	return 0;
}

static void
wait_begin(struct wait *wait, unsigned seconds, long longest)
{
	(void)clock_gettime(CLOCK_MONOTONIC, &wait->until);
	wait->until.tv_sec += (time_t)seconds;
	wait->nap = NAP_FIRST;
	wait->longest = longest;
}

static int
wait_nap(struct wait *wait)
{
	struct timespec now, nap = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec > wait->until.tv_sec ||
	    (now.tv_sec == wait->until.tv_sec &&
		now.tv_nsec >= wait->until.tv_nsec)) {
		errno = EBUSY;
		return -1;
	}
	nap.tv_nsec = wait->nap;
	(void)nanosleep(&nap, NULL);
	wait->nap =
	    wait->nap * 2 > wait->longest ? wait->longest : wait->nap * 2;
	return 0;
}

int
lock_dot(struct lock *lock, unsigned seconds)
{
	char own[UTIL_TEMP_MAX + 32];
	struct stat st;
	struct wait wait;
	int r;

	if (lock->dotted)
		return 0;
	if (make_own(lock->dirfd, own, sizeof(own)) == -1)
		return -1;
	wait_begin(&wait, seconds, NAP_DOT);
	while ((r = link_own(lock->dirfd, own)) == 0) {
		if (is_stale(lock->dirfd, &st))
			steal(lock->dirfd, &st);
		if ((r = wait_nap(&wait)) == -1)
			break;
	}
	util_unlink(lock->dirfd, own);
	if (r == -1)
		return -1;
	lock->dotted = true;
	return 0;
}

static int
make_own(int dirfd, char *own, size_t size)
{
	char temp[UTIL_TEMP_MAX], host[256] = "", text[300];
	int fd, n;

	(void)gethostname(host, sizeof(host) - 1);
	n = snprintf(text, sizeof(text), "%ld:%s", (long)getpid(), host);
	util_temp_name(temp, sizeof(temp));
	(void)snprintf(own, size, "tmp/%s_courierlock", temp);
	fd = openat(dirfd, own,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd == -1)
		return -1;
	if (util_write(fd, text, (size_t)n) == -1) {
		util_close(fd);
		util_unlink(dirfd, own);
		return -1;
	}
	if (close(fd) == -1) {
		util_unlink(dirfd, own);
		return -1;
	}
	return 0;
}

/* 1: the lock is ours; 0: somebody else's; -1. */
static int
link_own(int dirfd, const char *own)
{
	struct stat st;

	if (linkat(dirfd, own, dirfd, DOT_LOCK, 0) == 0)
		return 1;
	if (errno != EEXIST && errno != ENOENT && errno != EIO)
		return -1;
	/* On NFS an answer may be lost: the link count decides. */
	if (fstatat(dirfd, own, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	return st.st_nlink == 2 ? 1 : 0;
}

static bool
is_stale(int dirfd, struct stat *st)
{
	char text[300];
	ssize_t n;
	time_t now;
	int fd;

	if ((fd = util_open_regular(dirfd, DOT_LOCK, st)) == -1)
		return false;
	n = util_pread(fd, text, sizeof(text) - 1, 0);
	(void)close(fd);
	if (n == -1)
		return false;
	text[n] = '\0';
	now = time(NULL);
	switch (owner_of(text)) {
	case OWNER_LIVES:
		/* Of another boot: the number is somebody else's now. */
		return st->st_mtime < now - uptime() - DOT_STALE;
	case OWNER_GONE:
		return true;
	case OWNER_UNKNOWN:
		break;
	}
	return now - st->st_mtime >= DOT_STALE ||
	       st->st_mtime - now >= DOT_STALE;
}

static time_t
uptime(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec;
}

static enum owner
owner_of(const char *text)
{
	char host[256] = "", *end;
	long pid;

	errno = 0;
	pid = strtol(text, &end, 10);
	if (errno != 0 || *end != ':' || pid <= 0 || pid > INT32_MAX)
		return OWNER_UNKNOWN;
	(void)gethostname(host, sizeof(host) - 1);
	if (strcmp(end + 1, host) != 0)
		return OWNER_UNKNOWN;
	if (pid == (long)getpid())
		return OWNER_GONE; /* recycled: we would hold the flock */
	if (kill((pid_t)pid, 0) == -1 && errno == ESRCH)
		return OWNER_GONE;
	return OWNER_LIVES;
}

/*
 * Removes the lock that was looked at, not one that was made since: it is moved
 * aside first, and given back if it turns out to be another one.
 */
static void
steal(int dirfd, const struct stat *seen)
{
	char temp[UTIL_TEMP_MAX], aside[UTIL_TEMP_MAX + 8];
	struct stat st;

	util_temp_name(temp, sizeof(temp));
	(void)snprintf(aside, sizeof(aside), "tmp/%s", temp);
	if (renameat(dirfd, DOT_LOCK, dirfd, aside) == -1)
		return;
	if (fstatat(dirfd, aside, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    (st.st_ino != seen->st_ino || st.st_mtime != seen->st_mtime) &&
	    linkat(dirfd, aside, dirfd, DOT_LOCK, 0) == -1 && errno != EEXIST)
		return;
	util_unlink(dirfd, aside);
}

void
lock_drop(struct lock *lock)
{
	int saved = errno;

	if (lock->dirfd == -1)
		return;
	if (lock->dotted)
		(void)unlinkat(lock->dirfd, DOT_LOCK, 0);
	if (lock->flocked)
		(void)flock(lock->dirfd, LOCK_UN);
	lock->dirfd = -1;
	lock->dotted = false;
	errno = saved;
}
