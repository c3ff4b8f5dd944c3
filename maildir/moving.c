/*
 * Conversion of names, and new UIDVALIDITY values, for a whole Maildir.
 *
 * A name is converted level by level, so that a tree in which both encodings
 * were at work comes out right, and the deepest folders go first: when a folder
 * is renamed nothing below it is left that has an unconverted level. A crash
 * leaves some renamed, each with all of its messages; doing it again finishes.
 */
#include "maildir/moving.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "maildir/account.h"
#include "maildir/folder.h"
#include "maildir/highwater.h"
#include "maildir/import_dovecot.h"
#include "maildir/lock.h"
#include "maildir/name.h"
#include "maildir/name_utf7.h"
#include "maildir/private.h"
#include "maildir/uidlist.h"
#include "maildir/util.h"

#define SUBSCRIBED       "courierimapsubscribed"
#define SUBSCRIBED_BYTES (16 * 1024 * 1024)
#define INBOX_DOT        "INBOX."
#define LINE_MAX_BYTES   1024
#define NAME_ROOM        (2 * LINE_MAX_BYTES)
#define BASE             1000000000 /* as in highwater.c */

static int names_of_folders(
    struct maildir *, bool, const struct moving_report *);
static int one_folder(
    struct maildir *, bool, const char *, const struct moving_report *);
static int may_be_renamed(struct maildir *, const char *);
static int subscriptions(struct maildir *, bool, const struct moving_report *);
static int convert_lines(
    struct maildir *, bool, const char *, size_t, const struct moving_report *);
static const char *converted(struct maildir *, const char *, bool, char *);
static int renew(struct maildir *, const char *, uint32_t *);
static int renew_locked(struct maildir *, int, uint32_t *);
static uint32_t above(struct maildir *, uint32_t);

int
maildir_names(
    struct maildir *md, bool convert, const struct moving_report *report)
{
	int folders, lines;

	if ((folders = names_of_folders(md, convert, report)) == -1 ||
	    (lines = subscriptions(md, convert, report)) == -1)
		return -1;
	return folders == 1 || lines == 1;
}

static int
names_of_folders(
    struct maildir *md, bool convert, const struct moving_report *report)
{
	char **names;
	ssize_t n, i;
	int r = 0;

	if ((names = folder_names(md, &n)) == NULL)
		return -1;
	/* by bytes a folder comes before all below it */
	for (i = n - 1; i >= 0; i--)
		r |= one_folder(md, convert, names[i], report);
	folder_names_free(names, n);
	return r;
}

/* 0: it is not, or no longer, unconverted. */
static int
one_folder(struct maildir *md, bool convert, const char *name,
    const struct moving_report *report)
{
	char to[NAME_ROOM];
	struct moving m = {.kind = MOVING_FOLDER, .from = name, .to = to};

	if (!name_is_unconverted(name, to, sizeof(to)))
		return 0;
	m.error = may_be_renamed(md, to);
	if (m.error == 0 && convert && maildir_rename(md, name, to) == -1)
		m.error = errno;
	report->tell(report->arg, &m);
	return !convert || m.error != 0;
}

/* 0, or what stands in the way. */
static int
may_be_renamed(struct maildir *md, const char *to)
{
	char dir[NAME_DIR_MAX];

	if (name_check_new(to) == -1)
		return errno;
	name_to_dir(dir, to);
	return folder_is_at(md->rootfd, dir) == 1 ? EEXIST : 0;
}

static int
subscriptions(
    struct maildir *md, bool convert, const struct moving_report *report)
{
	char *text;
	size_t n;
	int fd = -1, r = -1;

	if (convert && (fd = account_lock(md)) == -1)
		return -1;
	if (util_read_file(
		md->rootfd, SUBSCRIBED, SUBSCRIBED_BYTES, &text, &n) == 0) {
		r = convert_lines(md, convert, text, n, report);
		free(text);
	} else if (errno == ENOENT)
		r = 0;
	util_close(fd);
	return r;
}

/* Lines that need nothing keep their bytes. */
static int
convert_lines(struct maildir *md, bool convert, const char *text, size_t n,
    const struct moving_report *report)
{
	char from[LINE_MAX_BYTES], to[NAME_ROOM], *out = NULL;
	struct moving m = {.kind = MOVING_SUBSCRIPTION, .from = from, .to = to};
	const char *p, *lf, *put, *end = text + n;
	size_t size = 0, len, changed = 0;
	FILE *f;
	int r;

	if ((f = open_memstream(&out, &size)) == NULL)
		return -1;
	for (p = text; p < end; p += len) {
		lf = memchr(p, '\n', (size_t)(end - p));
		len = lf == NULL ? (size_t)(end - p) : (size_t)(lf - p);
		put = NULL;
		if (len < sizeof(from)) {
			memcpy(from, p, len);
			from[len] = '\0';
			put = converted(md, from, convert, to);
		}
		if (put != NULL) {
			report->tell(report->arg, &m);
			changed++;
			(void)fputs(put, f);
		} else
			(void)fwrite(p, 1, len, f);
		if (lf != NULL) {
			(void)fputc('\n', f);
			len++;
		}
	}
	r = ferror(f) != 0 ? -1 : 0;
	if (fclose(f) != 0)
		r = -1;
	if (r == 0 && convert && changed > 0)
		r = util_replace_file(md->rootfd, SUBSCRIBED, out, size);
	free(out);
	return r == 0 && !convert && changed > 0 ? 1 : r;
}

/*
 * The line in UTF-8, NULL if it stays. While its folder has the old name the
 * line must have it, too: when converting it is looked for.
 */
static const char *
converted(struct maildir *md, const char *line, bool convert, char *to)
{
	char dir[NAME_DIR_MAX];

	if (!name_is_unconverted(line, to, NAME_ROOM) || !name_is_shown(to))
		return NULL;
	if (convert && strncmp(line, INBOX_DOT, strlen(INBOX_DOT)) == 0 &&
	    name_check(line + strlen(INBOX_DOT)) == 0) {
		name_to_dir(dir, line + strlen(INBOX_DOT));
		if (folder_is_at(md->rootfd, dir) == 1)
			return NULL;
	}
	return to;
}

int
maildir_restored(struct maildir *md, const struct moving_report *report)
{
	struct moving m = {.kind = MOVING_UIDVALIDITY};
	char **names;
	ssize_t n, i;
	int r = 0;

	if ((names = folder_names(md, &n)) == NULL)
		return -1;
	for (i = 0; i < n; i++) {
		m.from = names[i];
		m.uidvalidity = 0;
		m.error = renew(md, names[i], &m.uidvalidity) == -1 ? errno : 0;
		report->tell(report->arg, &m);
		r |= m.error != 0;
	}
	folder_names_free(names, n);
	return r;
}

static int
renew(struct maildir *md, const char *folder, uint32_t *uidvalidity)
{
	struct lock lock;
	int fd, r;

	if ((fd = maildir_folder_fd(md, folder)) == -1)
		return -1;
	if ((r = lock_take(&lock, fd, md->options.lock_seconds)) == 0) {
		if ((!md->options.uselocks && lock.flocked) ||
		    (r = lock_dot(&lock, md->options.lock_seconds)) == 0)
			r = renew_locked(md, fd, uidvalidity);
		lock_drop(&lock);
	}
	util_close(fd);
	return r;
}

static int
renew_locked(struct maildir *md, int dirfd, uint32_t *uidvalidity)
{
	struct uidlist list;
	struct uidlines lines;
	uint32_t value;
	int r = -1;

	/* so that the keywords come along */
	if (import_dovecot_folder(md, dirfd) == -1)
		return -1;
	uidlist_init(&list, dirfd);
	if (uidlist_read(&list, &lines) == -1)
		return -1;
	if ((value = above(md, list.uidvalidity)) != 0)
		r = uidlist_create(&list, value,
		    list.uidvalidity == 0 ? 1 : list.next, lines.v, lines.n);
	if (r == 0)
		*uidvalidity = value;
	uidlines_free(&lines);
	uidlist_done(&list);
	return r;
}

/*
 * A value that the folder never had. The high-water mark may have been lost
 * with the rest, so a value beyond Courier's base (Dovecot's are the plain time
 * of day) might be given a second time by counting on from it: then the plain
 * time is the base. 0 with errno.
 */
static uint32_t
above(struct maildir *md, uint32_t old)
{
	time_t now = time(NULL);
	uint32_t value = 0;
	int fd, r;

	if ((fd = account_lock(md)) == -1)
		return 0;
	r = highwater_raise(md, fd, old);
	if (r == 0 && now > BASE && now < UINT32_MAX &&
	    old >= (uint32_t)(now - BASE))
		r = highwater_raise(md, fd, (uint32_t)now - 1);
	if (r == 0)
		value = highwater_take(md, fd);
	util_close(fd);
	return value;
}
