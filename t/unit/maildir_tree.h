/* An account in a temporary directory, for tests of folders. */
#ifndef T_UNIT_MAILDIR_TREE_H
#define T_UNIT_MAILDIR_TREE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "maildir/account.h"
#include "maildir/maildir.h"
#include "maildir/util.h"

struct tree {
	char path[200];
	int fd; /* the root, a descriptor of the test's own */
	struct maildir *md;
};

__attribute__((unused)) static void
tree_reopen(struct tree *t)
{
	static const struct maildir_options options = {
	    .hostname = "host", .keywords = true, .lock_seconds = 0};

	maildir_close(t->md);
	t->md = maildir_open(
	    open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), &options);
	assert_non_null(t->md);
}

/* A directory with cur, new and tmp, as it is called in the root. */
__attribute__((unused)) static void
tree_folder(struct tree *t, const char *dir)
{
	static const char *const subdirs[] = {"", "/cur", "/new", "/tmp"};
	char path[600];
	size_t i;

	for (i = 0; i < 4; i++) {
		(void)snprintf(path, sizeof path, "%s%s", dir, subdirs[i]);
		if (mkdirat(t->fd, path, 0700) == -1 && errno != EEXIST)
			fail_msg("mkdir %s: %s", path, strerror(errno));
	}
}

__attribute__((unused)) static void
tree_make(struct tree *t)
{
	const char *tmp = getenv("TMPDIR");

	memset(t, 0, sizeof *t);
	(void)snprintf(t->path, sizeof t->path, "%s/imapd-tree.XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	assert_non_null(mkdtemp(t->path));
	t->fd = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(t->fd != -1);
	tree_folder(t, ".");
	tree_reopen(t);
}

__attribute__((unused)) static void
tree_remove(struct tree *t)
{
	size_t budget = SIZE_MAX;

	maildir_close(t->md);
	(void)close(t->fd);
	assert_int_equal(account_remove(AT_FDCWD, t->path, &budget), 0);
}

__attribute__((unused)) static void
tree_write_bytes(struct tree *t, const char *name, const void *p, size_t n)
{
	int fd;

	fd =
	    openat(t->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd == -1)
		fail_msg("%s: %s", name, strerror(errno));
	assert_int_equal(util_write(fd, p, n), 0);
	assert_int_equal(close(fd), 0);
}

__attribute__((unused)) static void
tree_write(struct tree *t, const char *name, const char *text)
{
	tree_write_bytes(t, name, text, strlen(text));
}

__attribute__((unused)) static int
tree_has(struct tree *t, const char *name)
{
	struct stat st;

	return fstatat(t->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

__attribute__((unused)) static void
tree_file_is(struct tree *t, const char *name, const char *want)
{
	char *text;
	size_t n;

	if (util_read_file(t->fd, name, 1 << 20, &text, &n) == -1)
		fail_msg("%s: %s", name, strerror(errno));
	assert_string_equal(text, want);
	assert_int_equal(n, strlen(want));
	free(text);
}

/* The number of entries in a directory whose names begin so. */
__attribute__((unused)) static size_t
tree_count(struct tree *t, const char *dir, const char *prefix)
{
	struct dirent *e;
	size_t n = 0;
	DIR *d;

	d = fdopendir(openat(t->fd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	assert_non_null(d);
	while ((e = readdir(d)) != NULL)
		n += strncmp(e->d_name, prefix, strlen(prefix)) == 0;
	(void)closedir(d);
	return n;
}

/* The path of the only such entry. */
__attribute__((unused)) static void
tree_find(struct tree *t, const char *dir, const char *prefix, char out[300])
{
	struct dirent *e;
	DIR *d;

	assert_int_equal(tree_count(t, dir, prefix), 1);
	d = fdopendir(openat(t->fd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		if (strncmp(e->d_name, prefix, strlen(prefix)) == 0)
			(void)snprintf(
			    out, 300, "%.40s/%.255s", dir, e->d_name);
	}
	(void)closedir(d);
}

#endif
