/*
 * The mark is read and written under the account's lock and replaced durably
 * before a value is used. A missing or broken mark is made anew from what the
 * folders have.
 */
#include "maildir/highwater.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "maildir/account.h"
#include "maildir/import_dovecot.h"
#include "maildir/name.h"
#include "maildir/private.h"
#include "maildir/util.h"

#define MARK_FILE "uidvalidity"
#define MARK_SIZE 64         /* bytes of that file at most */
#define MARK_TOP  4294900000 /* above it no folder's value raises the mark */
#define BASE      1000000000 /* Courier 4.10 and later subtract it */

static int get_mark(struct maildir *, int, uint32_t *, bool *);
static int read_mark(int, uint32_t *);
static int write_mark(int, uint32_t);
static int ask_folders(struct maildir *, uint32_t *);
static bool to_number(const char *, const char **, uint32_t *);

uint32_t
highwater_next(uint32_t mark, time_t now)
{
	uint32_t next;

	if (mark == UINT32_MAX)
		return 0;
	next = mark + 1;
	now -= BASE;
	if (now > (time_t)next && now < (time_t)MARK_TOP)
		next = (uint32_t)now;
	return next;
}

uint32_t
highwater_take(struct maildir *md, int corkfd)
{
	uint32_t mark, next;
	bool kept;

	if (get_mark(md, corkfd, &mark, &kept) == -1)
		return 0;
	next = highwater_next(mark, time(NULL));
	if (next == 0) {
		errno = EOVERFLOW;
		return 0;
	}
	return write_mark(corkfd, next) == 0 ? next : 0;
}

int
highwater_raise(struct maildir *md, int corkfd, uint32_t value)
{
	uint32_t mark;
	bool kept;

	if (value == 0 || value > MARK_TOP)
		return 0;
	if (get_mark(md, corkfd, &mark, &kept) == -1)
		return -1;
	if (kept && value <= mark)
		return 0;
	/* without a file the mark came from a folder that may go now */
	return write_mark(corkfd, value > mark ? value : mark);
}

/* *kept: it is in the file, not only what the folders have now. */
static int
get_mark(struct maildir *md, int corkfd, uint32_t *mark, bool *kept)
{
	*kept = read_mark(corkfd, mark) == 0;
	if (*kept)
		return 0;
	if (errno == EINVAL || errno == EFBIG) {
		if (account_set_aside(md, corkfd, MARK_FILE, "no number") == -1)
			return -1;
	} else if (errno != ENOENT) {
		return -1;
	}
	return ask_folders(md, mark);
}

static int
read_mark(int corkfd, uint32_t *mark)
{
	const char *end;
	uint32_t value;
	char *text;
	bool good;
	size_t n;

	if (util_read_file(corkfd, MARK_FILE, MARK_SIZE, &text, &n) == -1)
		return -1;
	good = to_number(text, &end, &value) && end[0] == '\n' &&
	       end == text + n - 1;
	free(text);
	if (!good) {
		errno = EINVAL;
		return -1;
	}
	*mark = value;
	return 0;
}

static int
write_mark(int corkfd, uint32_t mark)
{
	char text[16];
	int n;

	n = snprintf(text, sizeof text, "%lu\n", (unsigned long)mark);
	return util_replace_file(corkfd, MARK_FILE, text, (size_t)n);
}

/* The highest value that any directory has that may be a folder. */
static int
ask_folders(struct maildir *md, uint32_t *mark)
{
	uint32_t high, value;
	struct dirent *e;
	DIR *d;
	int fd;

	fd = util_open_dir(md->rootfd, ".", false);
	if (fd == -1)
		return -1;
	d = fdopendir(fd);
	if (d == NULL) {
		util_close(fd);
		return -1;
	}
	high = highwater_of(fd, ".");
	for (errno = 0; (e = readdir(d)) != NULL; errno = 0) {
		if (name_of_dir(e->d_name) == NULL)
			continue;
		value = highwater_of(fd, e->d_name);
		if (value > high && value <= MARK_TOP)
			high = value;
	}
	if (errno != 0) {
		(void)closedir(d);
		return -1;
	}
	*mark = high <= MARK_TOP ? high : 0;
	return closedir(d);
}

uint32_t
highwater_of(int rootfd, const char *dir)
{
	char head[64];
	const char *p;
	uint32_t version, value = 0;
	struct stat st;
	ssize_t n;
	int dirfd, fd;

	dirfd = util_open_dir(rootfd, dir, false);
	if (dirfd == -1)
		return 0;
	fd = util_open_regular(dirfd, "courierimapuiddb", &st);
	if (fd == -1 && errno == ENOENT)
		value = import_dovecot_uidvalidity(dirfd);
	(void)close(dirfd);
	if (fd == -1)
		return value;
	n = read(fd, head, sizeof head - 1);
	(void)close(fd);
	if (n <= 0)
		return 0;
	head[n] = '\0';
	/* "1 UIDVALIDITY UIDNEXT" */
	if (!to_number(head, &p, &version) || version != 1 || *p++ != ' ' ||
	    !to_number(p, &p, &value))
		return 0;
	return value;
}

/* Decimal digits that fit; *end is what follows them. */
static bool
to_number(const char *p, const char **end, uint32_t *value)
{
	uint64_t v = 0;
	const char *q;

	for (q = p; *q >= '0' && *q <= '9'; q++) {
		v = v * 10 + (uint64_t)(*q - '0');
		if (v > UINT32_MAX)
			return false;
	}
	if (q == p)
		return false;
	*end = q;
	*value = (uint32_t)v;
	return true;
}
