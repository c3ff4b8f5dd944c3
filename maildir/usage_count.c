/*
 * Counting a Maildir for its quota: cur/ and new/ of all folders but the trash.
 * Where a directory changes meanwhile the count is taken once more; a second
 * time it is left at that: who changes it adds a line of its own.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "maildir/filename.h"
#include "maildir/name.h"
#include "maildir/private.h"
#include "maildir/usage.h"
#include "maildir/util.h"

struct count {
	struct maildir *md;
	int64_t bytes, messages;
	struct timespec began;
	bool moved; /* something changed since */
};

static int count_all(struct count *);
static int count_folders(struct count *, DIR *);
static int count_folder(struct count *, int);
static int count_dir(struct count *, int);
static int count_files(struct count *, DIR *);
static int count_file(struct count *, int, const struct dirent *);
static DIR *open_stream(int, const char *);

int
usage_count(struct maildir *md, int64_t *bytes, int64_t *messages)
{
	struct count c = {.md = md, .moved = true};
	int tries;

	for (tries = 0; c.moved && tries < 2; tries++) {
		c.bytes = c.messages = 0;
		c.moved = false;
		(void)clock_gettime(CLOCK_REALTIME_COARSE, &c.began);
		if (count_all(&c) == -1)
			return -1;
	}
	*bytes = c.bytes;
	*messages = c.messages;
	return 0;
}

static int
count_all(struct count *c)
{
	DIR *d;
	int r;

	if (count_folder(c, c->md->rootfd) == -1 ||
	    (d = open_stream(c->md->rootfd, ".")) == NULL)
		return -1;
	r = count_folders(c, d);
	(void)closedir(d);
	return r;
}

static int
count_folders(struct count *c, DIR *d)
{
	const char *folder;
	struct dirent *e;
	int fd, r;

	for (errno = 0; (e = readdir(d)) != NULL; errno = 0) {
		folder = name_of_dir(e->d_name);
		if (folder == NULL || !usage_counts(c->md, folder))
			continue;
		fd = util_open_dir(c->md->rootfd, e->d_name, false);
		if (fd == -1) {
			/* files, symlinks, what has gone meanwhile */
			if (errno == ENOTDIR || errno == ELOOP ||
			    errno == ENOENT)
				continue;
			return -1;
		}
		r = count_folder(c, fd);
		util_close(fd);
		if (r == -1)
			return -1;
	}
	return errno == 0 ? 0 : -1;
}

static int
count_folder(struct count *c, int dirfd)
{
	static const char *const subdirs[] = {"cur", "new"};
	size_t i;
	int fd, r;

	for (i = 0; i < 2; i++) {
		fd = util_open_dir(dirfd, subdirs[i], false);
		if (fd == -1 &&
		    (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
			continue;
		if (fd == -1)
			return -1;
		r = count_dir(c, fd);
		util_close(fd);
		if (r == -1)
			return -1;
	}
	return 0;
}

static int
count_dir(struct count *c, int dirfd)
{
	struct stat st;
	DIR *d;
	int r;

	if ((d = open_stream(dirfd, ".")) == NULL)
		return -1;
	r = count_files(c, d);
	(void)closedir(d);
	if (r == -1 || fstat(dirfd, &st) == -1)
		return -1;
	c->moved |= st.st_mtim.tv_sec > c->began.tv_sec ||
		    (st.st_mtim.tv_sec == c->began.tv_sec &&
			st.st_mtim.tv_nsec > c->began.tv_nsec);
	return 0;
}

static int
count_files(struct count *c, DIR *d)
{
	struct dirent *e;

	for (errno = 0; (e = readdir(d)) != NULL; errno = 0)
		if (e->d_name[0] != '.' &&
		    (e->d_type == DT_REG || e->d_type == DT_UNKNOWN) &&
		    count_file(c, dirfd(d), e) == -1)
			return -1;
	return errno == 0 ? 0 : -1;
}

static int
count_file(struct count *c, int dirfd, const struct dirent *e)
{
	int64_t size = usage_name_size(e->d_name);
	const char *info =
	    e->d_name + filename_base(e->d_name, strlen(e->d_name));
	struct stat st;

	if ((filename_flags(info) & MESSAGE_DELETED) != 0)
		return 0;
	if (size == -1 || e->d_type == DT_UNKNOWN) {
		if (fstatat(dirfd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == -1)
			return errno == ENOENT ? 0 : -1;
		if (!S_ISREG(st.st_mode))
			return 0;
		if (size == -1)
			size = st.st_size;
	}
	/* A name may say anything. */
	if (__builtin_add_overflow(c->bytes, size, &c->bytes))
		c->bytes = INT64_MAX;
	c->messages++;
	return 0;
}

static DIR *
open_stream(int dirfd, const char *name)
{
	int fd = util_open_dir(dirfd, name, false);
	DIR *d;

	if (fd == -1)
		return NULL;
	if ((d = fdopendir(fd)) == NULL)
		util_close(fd);
	return d;
}
