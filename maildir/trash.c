/*
 * Emptying folders by age. Sessions that have such a folder open find the files
 * gone as if another program had removed them.
 */
#include "maildir/trash.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "maildir/filename.h"
#include "maildir/mailbox.h"
#include "maildir/usage.h"

struct empty {
	const struct maildir_empty *what;
	struct usage usage;
	const char *sub; /* "cur" or "new" */
	unsigned removed;
};

static int empty_dir(struct empty *, int);
static int empty_files(struct empty *, DIR *);
static bool is_old(const struct empty *, int, const char *, struct stat *);
static int remove_file(struct empty *, int, const char *, const struct stat *);

int
mailbox_file(
    const struct mailbox *mb, uint32_t uid, char out[static TRASH_PATH_MAX])
{
	char file[FILENAME_MAX_LEN + 1];
	size_t i = entry_by_uid(mb, uid);
	int fd;

	if (i == NOWHERE) {
		errno = ENOENT;
		return -1;
	}
	fd = entry_file(mb, i, file);
	(void)snprintf(out, TRASH_PATH_MAX, "%s/%s",
	    fd == mb->newfd ? "new" : "cur", file);
	return 0;
}

ssize_t
maildir_empty(struct maildir *md, const struct maildir_empty *what)
{
	static const char *const subs[] = {"cur", "new"};
	struct empty e = {.what = what};
	int fd, subfd, r = 0;
	size_t i;

	if ((fd = maildir_folder_fd(md, what->folder)) == -1)
		return -1;
	usage_begin(&e.usage, md, usage_counts(md, what->folder));
	for (i = 0; i < 2 && r == 0; i++) {
		e.sub = subs[i];
		if ((subfd = util_open_dir(fd, subs[i], false)) == -1)
			r = -1;
		else
			r = empty_dir(&e, subfd);
	}
	util_close(fd);
	usage_end(&e.usage);
	return r == -1 ? -1 : (ssize_t)e.removed;
}

/* Takes fd over. */
static int
empty_dir(struct empty *e, int fd)
{
	DIR *d = fdopendir(fd);
	int r, saved;

	if (d == NULL) {
		util_close(fd);
		return -1;
	}
	r = empty_files(e, d);
	saved = errno;
	(void)closedir(d);
	errno = saved;
	return r;
}

static int
empty_files(struct empty *e, DIR *d)
{
	struct dirent *entry;
	struct stat st;

	while (e->removed < e->what->max) {
		errno = 0;
		if ((entry = readdir(d)) == NULL)
			return errno == 0 ? 0 : -1;
		if (entry->d_name[0] == '.' ||
		    !is_old(e, dirfd(d), entry->d_name, &st))
			continue;
		if (remove_file(e, dirfd(d), entry->d_name, &st) == -1)
			return -1;
	}
	return 0;
}

static bool
is_old(const struct empty *e, int fd, const char *name, struct stat *st)
{
	uint64_t number = filename_number(name);

	/* No file is older than its name, if that begins with a time. */
	if (number > (uint64_t)e->what->before &&
	    number <= (uint64_t)time(NULL))
		return false;
	return fstatat(fd, name, st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(st->st_mode) && st->st_ctime < e->what->before;
}

static int
remove_file(struct empty *e, int fd, const char *name, const struct stat *st)
{
	char path[TRASH_PATH_MAX];
	int64_t size = usage_name_size(name);

	if (unlinkat(fd, name, 0) == -1)
		return errno == ENOENT ? 0 : -1;
	e->removed++;
	usage_sub(&e->usage,
	    size == -1 ? (uint64_t)st->st_size : (uint64_t)size,
	    filename_flags(name + filename_base(name, strlen(name))));
	(void)snprintf(path, sizeof(path), "%s/%s", e->sub, name);
	if (e->what->removed != NULL)
		e->what->removed(e->what->arg, path);
	return 0;
}
