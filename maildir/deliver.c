/*
 * Messages on their way into a folder (RFC 3501 6.3.11, RFC 3502). Each is
 * written to tmp/ and fsynced when its last byte is there; the commit renames
 * all of them, syncs their directory and appends their UID lines: n + 2 syncs
 * for n messages. Whatever fails, nothing of them stays.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "maildir/filename.h"
#include "maildir/mailbox.h"
#include "maildir/target.h"
#include "maildir/usage.h"

#define BUFFER 65536

enum cr { /* what was the last byte, as long as it is not written */
	CR_NONE,
	CR_ONE,
	CR_AFTER_CR
};

struct item {
	char temp[FILENAME_MAX_LEN + 1];
	char file[FILENAME_MAX_LEN + 1]; /* "" until it is complete */
	uint32_t set;
	uint8_t flags;
};

struct delivery {
	struct target target;
	struct usage usage; /* of complete messages */
	struct item *v;
	size_t n, room;
	int fd; /* of the last one, while it is written */
	time_t date;
	enum cr cr;
	size_t fill;
	char buf[BUFFER];
};

static int check_space(int, uint64_t);
static int load_names(struct delivery *);
static int ignore_line(void *, const struct kwline *);
static struct item *add_item(struct delivery *);
static int put(struct delivery *, const char *, size_t);
static int flush(struct delivery *);
static int put_after_cr(struct delivery *, char);
static int finish_file(struct delivery *, struct stat *);
static void abandon_last(struct delivery *);
static int file_all(struct delivery *, struct uidline *);
static void tell_index(struct delivery *, const struct uidline *);
static int move_all(struct delivery *, size_t *);
static int list_keywords(struct delivery *, struct kwlines *);
static void forget(struct delivery *);

struct delivery *
delivery_open(struct maildir *md, const char *folder)
{
	struct delivery *d;

	if ((d = malloc(sizeof(*d))) == NULL)
		return NULL;
	memset(d, 0, offsetof(struct delivery, buf));
	d->fd = -1;
	usage_begin(&d->usage, md, usage_counts(md, folder));
	if (target_open(&d->target, md, folder) == -1 || load_names(d) == -1) {
		int saved = errno;

		delivery_close(d);
		errno = saved;
		return NULL;
	}
	return d;
}

/* The keywords that the folder has: they count for the limit. */
static int
load_names(struct delivery *d)
{
	char *text;
	size_t n;
	int kwfd, r = 0;

	kwfd = util_open_dir(d->target.dirfd, KEYWORDS_DIR, false);
	if (kwfd == -1)
		return 0;
	if (keywords_list_read(kwfd, &text, &n) == 0 && text != NULL) {
		r = keywords_list_parse(
		    &d->target.kw, text, n, ignore_line, NULL);
		free(text);
	}
	util_close(kwfd);
	return r == -1 ? -1 : 0;
}

static int
ignore_line(void *arg, const struct kwline *line)
{
	(void)arg;
	(void)line;
	return 0;
}

int
delivery_begin(struct delivery *d, uint64_t size, time_t date, uint8_t flags,
    const char *const *keywords, size_t nkeywords)
{
	struct usage would = d->usage;
	struct item *item;
	uint32_t set = 0;

	abandon_last(d);
	usage_add(&would, size, flags);
	if (usage_room(&would) == -1 ||
	    check_space(d->target.tmpfd, size) == -1)
		return -1;
	if (d->target.md->options.keywords && nkeywords > 0) {
		set = target_set(&d->target, keywords, nkeywords, true);
		if (set == UINT32_MAX)
			return -1;
	}
	if ((item = add_item(d)) == NULL)
		return -1;
	d->fd = target_temp(&d->target, item->temp, sizeof(item->temp));
	if (d->fd == -1)
		return -1;
	d->n++;
	item->file[0] = '\0';
	item->set = set;
	item->flags = flags & MESSAGE_FLAGS;
	d->date = date;
	d->cr = CR_NONE;
	d->fill = 0;
	return 0;
}

/* Better refused before the client has sent it. */
static int
check_space(int fd, uint64_t size)
{
	struct statvfs st;
	uint64_t blocks;

	if (fstatvfs(fd, &st) == -1 || st.f_frsize == 0)
		return 0;
	blocks = geteuid() == 0 ? st.f_bfree : st.f_bavail;
	if (size / st.f_frsize < blocks || size == 0)
		return 0;
	errno = ENOSPC;
	return -1;
}

static struct item *
add_item(struct delivery *d)
{
	struct item *v;
	size_t room;

	if (d->n == d->room) {
		room = d->room == 0 ? 1 : d->room * 2;
		if ((v = reallocarray(d->v, room, sizeof(*v))) == NULL)
			return NULL;
		d->v = v;
		d->room = room;
	}
	return &d->v[d->n];
}

int
delivery_write(struct delivery *d, const void *bytes, size_t n)
{
	const char *p = bytes, *cr;
	size_t span;

	if (d->fd == -1) {
		errno = EINVAL;
		return -1;
	}
	while (n > 0) {
		if (d->cr != CR_NONE) {
			if (put_after_cr(d, *p) == -1)
				return -1;
			if (*p == '\r' || *p == '\n') {
				p++;
				n--;
				continue;
			}
		}
		cr = memchr(p, '\r', n);
		span = cr == NULL ? n : (size_t)(cr - p);
		if (put(d, p, span) == -1)
			return -1;
		if (cr != NULL) {
			d->cr = CR_ONE;
			span++;
		}
		p += span;
		n -= span;
	}
	return 0;
}

/*
 * A CR waits for the byte c after it. CRLF becomes LF; but the second CR of
 * CR CR LF stays, or the message would be served with one CR less.
 */
static int
put_after_cr(struct delivery *d, char c)
{
	enum cr was = d->cr;

	d->cr = c == '\r' ? CR_AFTER_CR : CR_NONE;
	if (c == '\n')
		return was == CR_ONE ? put(d, "\n", 1) : put(d, "\r\n", 2);
	return put(d, "\r", 1);
}

static int
put(struct delivery *d, const char *p, size_t n)
{
	size_t part;

	while (n > 0) {
		if (d->fill == sizeof(d->buf) && flush(d) == -1)
			return -1;
		part = sizeof(d->buf) - d->fill;
		if (part > n)
			part = n;
		memcpy(d->buf + d->fill, p, part);
		d->fill += part;
		p += part;
		n -= part;
	}
	return 0;
}

static int
flush(struct delivery *d)
{
	size_t n = d->fill;

	d->fill = 0;
	return util_write(d->fd, d->buf, n);
}

int
delivery_end(struct delivery *d)
{
	char base[FILENAME_MAX_LEN + 1], info[FILENAME_MAX_LEN * 3];
	struct item *item;
	struct stat st;

	if (d->fd == -1) {
		errno = EINVAL;
		return -1;
	}
	item = &d->v[d->n - 1];
	if (finish_file(d, &st) == -1 ||
	    filename_info("", item->flags, info, sizeof(info)) == -1) {
		abandon_last(d);
		return -1;
	}
	filename_unique(d->target.md->hostname, &st, base, sizeof(base));
	(void)snprintf(
	    item->file, sizeof(item->file), "%.240s%.12s", base, info);
	usage_add(&d->usage, (uint64_t)st.st_size, item->flags);
	d->fd = -1;
	/* Where its size was not known when it began. */
	return usage_room(&d->usage);
}

/* Not fdatasync: the mtime is the INTERNALDATE and must last. */
static int
finish_file(struct delivery *d, struct stat *st)
{
	struct timespec times[2] = {{0}};
	int fd = d->fd;

	if ((d->cr != CR_NONE && put(d, "\r", 1) == -1) || flush(d) == -1)
		return -1;
	times[0].tv_nsec = UTIME_NOW;
	times[1].tv_sec = d->date;
	if (d->date != 0 && futimens(fd, times) == -1)
		return -1;
	if (util_fsync(fd) == -1 || fstat(fd, st) == -1)
		return -1;
	d->fd = -1;
	if (close(fd) == 0)
		return 0;
	util_unlink(d->target.tmpfd, d->v[d->n - 1].temp);
	d->n--;
	return -1;
}

/* A message that was begun and not ended. */
static void
abandon_last(struct delivery *d)
{
	if (d->fd == -1)
		return;
	util_close(d->fd);
	d->fd = -1;
	util_unlink(d->target.tmpfd, d->v[--d->n].temp);
}

size_t
delivery_count(const struct delivery *d)
{
	return d->fd == -1 ? d->n : d->n - 1;
}

int
delivery_commit(struct delivery *d, uint32_t *uids, uint32_t *uidvalidity)
{
	struct uidline *lines;
	size_t i;
	int r = -1, saved;

	abandon_last(d);
	if (d->n == 0) {
		errno = EINVAL;
		return -1;
	}
	if ((lines = calloc(d->n, sizeof(*lines))) != NULL &&
	    target_lock(&d->target) == 0) {
		r = file_all(d, lines);
		target_unlock(&d->target);
	}
	saved = errno;
	for (i = 0; r == 0 && i < d->n; i++)
		uids[i] = lines[i].uid;
	if (r == 0) {
		*uidvalidity = d->target.list.uidvalidity;
		d->n = 0;
		usage_end(&d->usage);
	}
	forget(d);
	free(lines);
	errno = saved;
	return r;
}

/* Under the lock: rename, sync the directory, keywords, UID lines. */
static int
file_all(struct delivery *d, struct uidline *lines)
{
	struct target *t = &d->target;
	struct kwlines keywords = {0};
	size_t i, moved = 0;

	if (move_all(d, &moved) == -1 || util_fsync(t->curfd) == -1 ||
	    list_keywords(d, &keywords) == -1 ||
	    keywords_file_new(&t->kw, t->dirfd, &keywords) == -1)
		goto undo;
	for (i = 0; i < d->n; i++) {
		lines[i].name = d->v[i].file;
		lines[i].len =
		    (uint16_t)filename_base(d->v[i].file, strlen(d->v[i].file));
	}
	if (uidlist_append(&t->list, lines, d->n) == 0) {
		tell_index(d, lines);
		free(keywords.v);
		return 0;
	}
	keywords_file_undo(t->dirfd, &keywords);
undo:
	free(keywords.v);
	while (moved-- > 0)
		util_unlink(t->curfd, d->v[moved].file);
	return -1;
}

static void
tell_index(struct delivery *d, const struct uidline *lines)
{
	struct history_new *v = calloc(d->n, sizeof(*v));
	size_t i;

	for (i = 0; v != NULL && i < d->n; i++) {
		v[i].uid = lines[i].uid;
		v[i].set = d->v[i].set;
		v[i].flags = d->v[i].flags;
		v[i].file = d->v[i].file;
		v[i].nbase = lines[i].len;
	}
	if (v != NULL)
		target_filed(&d->target, v, d->n);
	free(v);
}

/*
 * Into cur/ at once: what lies in new/ gets another UID from Courier, if that
 * is the first to open the folder. \Recent is in the index (mailbox_recent.c).
 */
static int
move_all(struct delivery *d, size_t *moved)
{
	struct target *t = &d->target;
	struct item *item;

	for (; *moved < d->n; (*moved)++) {
		item = &d->v[*moved];
		if (rename_only(t->tmpfd, item->temp, t->curfd, item->file) ==
		    -1)
			return -1;
	}
	return 0;
}

static int
list_keywords(struct delivery *d, struct kwlines *lines)
{
	struct item *item;

	for (item = d->v; item < d->v + d->n; item++)
		if (item->set != 0 &&
		    kwlines_add(lines, item->file,
			filename_base(item->file, strlen(item->file)),
			item->set) == -1)
			return -1;
	return 0;
}

/* Messages that were not filed leave nothing. */
static void
forget(struct delivery *d)
{
	while (d->n > 0)
		util_unlink(d->target.tmpfd, d->v[--d->n].temp);
}

void
delivery_close(struct delivery *d)
{
	if (d == NULL)
		return;
	abandon_last(d);
	forget(d);
	free(d->v);
	target_close(&d->target);
	free(d);
}
