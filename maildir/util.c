/*
 * Small helpers over system calls: whole files in, whole files out and durable.
 * Every result is looked at, EINTR retried, short writes continued.
 */
#include "maildir/util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int make_temp(int dirfd, char *, size_t);

void
stamp_of(const struct stat *st, struct stamp *out)
{
	out->dev = st->st_dev;
	out->ino = st->st_ino;
	out->size = (uint64_t)st->st_size;
	out->mtime = st->st_mtim;
	out->ctime = st->st_ctim;
}

bool
stamp_equal(const struct stamp *a, const struct stamp *b)
{
	return a->ino == b->ino && a->dev == b->dev && a->size == b->size &&
	       a->mtime.tv_sec == b->mtime.tv_sec &&
	       a->mtime.tv_nsec == b->mtime.tv_nsec &&
	       a->ctime.tv_sec == b->ctime.tv_sec &&
	       a->ctime.tv_nsec == b->ctime.tv_nsec;
}

int
util_write(int fd, const void *p, size_t n)
{
	const char *from = p;
	ssize_t r;

	while (n > 0) {
		if ((r = write(fd, from, n)) == -1) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		from += r;
		n -= (size_t)r;
	}
	return 0;
}

int
util_pwrite(int fd, const void *p, size_t n, off_t at)
{
	const char *from = p;
	ssize_t r;

	while (n > 0) {
		if ((r = pwrite(fd, from, n, at)) == -1) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		from += r;
		at += r;
		n -= (size_t)r;
	}
	return 0;
}

ssize_t
util_pread(int fd, void *p, size_t n, off_t at)
{
	char *to = p;
	size_t done = 0;
	ssize_t r;

	while (done < n) {
		r = pread(fd, to + done, n - done, at + (off_t)done);
		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			return -1;
		if (r == 0)
			break;
		done += (size_t)r;
	}
	return (ssize_t)done;
}

int
util_fsync(int fd)
{
	int r;

	while ((r = fsync(fd)) == -1 && errno == EINTR)
		;
	return r;
}

int
util_fdatasync(int fd)
{
	int r;

	while ((r = fdatasync(fd)) == -1 && errno == EINTR)
		;
	return r;
}

void
util_close(int fd)
{
	int saved = errno;

	if (fd != -1)
		(void)close(fd);
	errno = saved;
}

void
util_unlink(int dirfd, const char *name)
{
	int saved = errno;

	(void)unlinkat(dirfd, name, 0);
	errno = saved;
}

int
util_open_regular(int dirfd, const char *name, struct stat *st)
{
	int fd;

	fd = openat(dirfd, name,
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd == -1)
		return -1;
	if (fstat(fd, st) == -1) {
		util_close(fd);
		return -1;
	}
	if (!S_ISREG(st->st_mode)) {
		(void)close(fd);
		errno = EINVAL;
		return -1;
	}
	return fd;
}

int
util_read_file(int dirfd, const char *name, size_t max, char **out, size_t *n)
{
	struct stat st;
	char *p = NULL;
	size_t size;
	ssize_t r;
	int fd;

	if ((fd = util_open_regular(dirfd, name, &st)) == -1)
		return -1;
	if (st.st_size < 0 || (uint64_t)st.st_size > max) {
		errno = EFBIG;
		goto fail;
	}
	size = (size_t)st.st_size;
	if ((p = malloc(size + 1)) == NULL)
		goto fail;
	if ((r = util_pread(fd, p, size, 0)) == -1)
		goto fail;
	p[r] = '\0';
	(void)close(fd);
	*out = p;
	*n = (size_t)r;
	return 0;
fail:
	util_close(fd);
	free(p);
	return -1;
}

int
util_write_temp(
    int dirfd, const void *p, size_t n, char name[static UTIL_TEMP_MAX])
{
	int fd;

	if ((fd = make_temp(dirfd, name, UTIL_TEMP_MAX)) == -1)
		return -1;
	if (util_write(fd, p, n) == -1 || util_fsync(fd) == -1) {
		util_close(fd);
		util_unlink(dirfd, name);
		return -1;
	}
	if (close(fd) == -1) {
		util_unlink(dirfd, name);
		return -1;
	}
	return 0;
}

/* A new empty file in dirfd/tmp, or in dirfd itself; its path in name. */
static int
make_temp(int dirfd, char *name, size_t size)
{
	const int how = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	char temp[UTIL_TEMP_MAX - 4];
	int fd, i;

	for (i = 0; i < 10; i++) {
		util_temp_name(temp, sizeof(temp));
		(void)snprintf(name, size, "tmp/%s", temp);
		fd = openat(dirfd, name, how, 0666);
		if (fd == -1 && (errno == ENOENT || errno == ENOTDIR)) {
			(void)snprintf(name, size, "%s", temp);
			fd = openat(dirfd, name, how, 0666);
		}
		if (fd != -1 || errno != EEXIST)
			return fd;
	}
	return -1;
}

int
util_replace_file(int dirfd, const char *name, const void *p, size_t n)
{
	char temp[UTIL_TEMP_MAX];

	if (util_write_temp(dirfd, p, n, temp) == -1)
		return -1;
	if (renameat(dirfd, temp, dirfd, name) == -1) {
		util_unlink(dirfd, temp);
		return -1;
	}
	return util_fsync(dirfd);
}

int
util_set_aside(
    int dirfd, const char *name, const char *as, char *aside, size_t size)
{
	char *p;
	size_t n;
	int i, r;

	for (i = 0; i < 100; i++) {
		(void)snprintf(aside, size,
		    i == 0 ? "%s.broken.%lld" : "%s.broken.%lld.%d", as,
		    (long long)time(NULL), i);
		if (linkat(dirfd, name, dirfd, aside, 0) == 0)
			return 0;
		if (errno != EEXIST)
			break;
	}
	/* A file system without hard links: a copy is as good. */
	if (util_read_file(dirfd, name, SIZE_MAX / 2, &p, &n) == -1)
		return -1;
	r = util_replace_file(dirfd, aside, p, n);
	free(p);
	return r;
}

int
util_open_dir(int dirfd, const char *name, bool make)
{
	const int how = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd;

	fd = openat(dirfd, name, how);
	if (fd != -1 || errno != ENOENT || !make)
		return fd;
	if (mkdirat(dirfd, name, 0700) == -1 && errno != EEXIST)
		return -1;
	return openat(dirfd, name, how);
}

void
util_temp_name(char *name, size_t size)
{
	static atomic_uint serial;
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)snprintf(name, size, "%lld.M%ldP%ld_corkboard%u",
	    (long long)now.tv_sec, now.tv_nsec / 1000, (long)getpid(),
	    atomic_fetch_add(&serial, 1));
}
