/*
 * Reading a directory of messages with getdents64 and a buffer that holds all
 * of it: one call, one truth. Sub-directories, FIFOs, sockets, symlinks and dot
 * files are passed over, and preserved by being so.
 */
#include "maildir/scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "maildir/filename.h"

#define BUFFER_MIN ((size_t)64 << 10)

static size_t buffer_size(const struct stat *, size_t);
static int read_all(int, char *, size_t, struct scan *);
static bool is_message(int, const struct dirent64 *);
static int64_t age_ms(const struct timespec *, const struct timespec *);

/* What scan_read hands down to each buffer. */
struct sink {
	bool dots;
	int (*fn)(void *, const char *, size_t);
	void *arg;
};

static int deliver(int, const char *, size_t, const struct sink *);

int
scan_read(int fd, size_t bytes, struct scan *scan,
    int (*fn)(void *, const char *, size_t), void *arg)
{
	const struct sink sink = {scan->dots, fn, arg};
	struct stat st;
	char *buf;
	size_t size;
	int n;

	(void)clock_gettime(CLOCK_REALTIME, &scan->began);
	if (fstat(fd, &st) == -1 || lseek(fd, 0, SEEK_SET) == -1)
		return -1;
	stamp_of(&st, &scan->before);
	scan->young = scan_wait_ms(&scan->before, &scan->began) > 0;
	scan->calls = 0;
	scan->bytes = 0;
	size = buffer_size(&st, bytes);
	if ((buf = malloc(size)) == NULL)
		return -1;
	while ((n = read_all(fd, buf, size, scan)) > 0)
		if (deliver(fd, buf, (size_t)n, &sink) == -1) {
			n = -1;
			break;
		}
	free(buf);
	if (n == -1 || fstat(fd, &st) == -1)
		return -1;
	stamp_of(&st, &scan->after);
	return 0;
}

/* Room for all of it: by what is known of the names, and the file system's. */
static size_t
buffer_size(const struct stat *st, size_t bytes)
{
	size_t size = BUFFER_MIN + bytes;

	if (st->st_size > 0 && (size_t)st->st_size < SCAN_BUFFER_MAX &&
	    size < (size_t)st->st_size * 2)
		size = (size_t)st->st_size * 2;
	return size > SCAN_BUFFER_MAX ? SCAN_BUFFER_MAX : size;
}

static int
read_all(int fd, char *buf, size_t size, struct scan *scan)
{
	ssize_t n;

	while ((n = getdents64(fd, buf, size)) == -1 && errno == EINTR)
		;
	if (n > 0) {
		scan->calls++;
		scan->bytes += (size_t)n;
	}
	if (n == -1 && errno == ENOENT)
		errno = ESTALE; /* the directory itself was removed */
	return (int)n;
}

static int
deliver(int fd, const char *buf, size_t n, const struct sink *sink)
{
	const struct dirent64 *d;
	size_t at, len;

	for (at = 0; at < n; at += d->d_reclen) {
		d = (const void *)(buf + at);
		if ((d->d_name[0] == '.' && !sink->dots) || !is_message(fd, d))
			continue;
		len = strlen(d->d_name);
		if (len > FILENAME_MAX_LEN)
			continue;
		if (sink->fn(sink->arg, d->d_name, len) != 0)
			return -1;
	}
	return 0;
}

static bool
is_message(int fd, const struct dirent64 *d)
{
	struct stat st;

	if (d->d_type != DT_UNKNOWN)
		return d->d_type == DT_REG;
	return fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(st.st_mode);
}

bool
scan_proves_absence(const struct scan *scan)
{
	if (scan->calls <= 1)
		return true;
	return !scan->young && stamp_equal(&scan->before, &scan->after);
}

bool
scan_is_settled(const struct scan *scan)
{
	return !scan->young && stamp_equal(&scan->before, &scan->after);
}

unsigned
scan_wait_ms(const struct stamp *stamp, const struct timespec *now)
{
	int64_t age, m, limit = SCAN_YOUNG_MS;

	if (stamp->mtime.tv_nsec == 0 && stamp->ctime.tv_nsec == 0)
		limit = SCAN_COARSE_MS;
	age = age_ms(&stamp->ctime, now);
	m = age_ms(&stamp->mtime, now);
	/* mtime can be set to anything, also to the far future: then ctime
	 * alone decides. A ctime in the future is another host's clock. */
	if (m >= 0 && m < age)
		age = m;
	if (age < -SCAN_COARSE_MS || age >= limit)
		return 0;
	return (unsigned)(limit - age);
}

static int64_t
age_ms(const struct timespec *then, const struct timespec *now)
{
	return ((int64_t)now->tv_sec - then->tv_sec) * 1000 +
	       (now->tv_nsec - then->tv_nsec) / 1000000;
}
