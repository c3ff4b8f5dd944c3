/*
 * courierimapuiddb, written: appended in place and synced, or replaced. The
 * order of writes and the states that a crash leaves are told in uidlist.c.
 */
#include "maildir/uidlist.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct text {
	char *p;
	size_t n, room;
};

static int make_ours(struct uidlist *, size_t);
static bool is_wide_enough(const struct uidlist *, size_t);
static int reserve(struct uidlist *, size_t);
static int write_next(struct uidlist *, uint32_t);
static int write_lines(struct uidlist *, const struct text *);
static int text_add(struct text *, const struct uidline *);
static void keep_backup(struct uidlist *);

int
uidlist_append(struct uidlist *list, struct uidline *add, size_t n)
{
	struct text text = {0};
	struct stat st;
	size_t i;
	int r = -1;

	if (n == 0)
		return 0;
	if (n >= UIDLIST_LIMIT || list->next > UIDLIST_LIMIT - n) {
		errno = EOVERFLOW;
		return -1;
	}
	if (make_ours(list, n) == -1)
		return -1;
	for (i = 0; i < n; i++) {
		add[i].uid = list->next + (uint32_t)i;
		if (text_add(&text, &add[i]) == -1)
			goto out;
	}
	if (reserve(list, n) == -1 || write_lines(list, &text) == -1)
		goto out;
	list->end += text.n;
	list->next += (uint32_t)n;
	list->max = list->next - 1;
	if (fstat(list->fd, &st) == 0)
		stamp_of(&st, &list->stamp);
	r = 0;
out:
	free(text.p);
	return r;
}

/* State 1 of the essay, from any other that has a UIDVALIDITY. */
static int
make_ours(struct uidlist *list, size_t n)
{
	struct uidlines lines;
	uint32_t next = list->next;
	int r;

	if (list->fd == -1 || list->uidvalidity == 0) {
		errno = EINVAL;
		return -1;
	}
	if (list->fixed && !list->broken && !list->poisoned &&
	    is_wide_enough(list, n)) {
		errno = list->why_not;
		return list->why_not == 0 ? 0 : -1;
	}
	util_close(list->fd);
	list->fd = -1; /* so that all of it is read */
	if (uidlist_read(list, &lines) == -1)
		return -1;
	if (list->fd == -1 || list->uidvalidity == 0) {
		uidlines_free(&lines);
		errno = EAGAIN; /* gone since: whoever did it holds no lock */
		return -1;
	}
	if (next < list->next)
		next = list->next;
	r = uidlist_create(list, list->uidvalidity, next, lines.v, lines.n);
	uidlines_free(&lines);
	return r;
}

/* A header that begins with 0 must have room for it. */
static bool
is_wide_enough(const struct uidlist *list, size_t n)
{
	return list->width == UIDLIST_WIDE ||
	       (uint64_t)list->next + n + UIDLIST_RESERVE < UIDLIST_BIG;
}

static int
reserve(struct uidlist *list, size_t n)
{
	uint64_t last = (uint64_t)list->next + n - 1, mark;
	int saved;

	if (last < list->reserved)
		return 0;
	mark = last + UIDLIST_RESERVE;
	if (mark > UIDLIST_LIMIT)
		mark = UIDLIST_LIMIT;
	if (write_next(list, (uint32_t)mark) == -1)
		return -1;
	if (util_fdatasync(list->fd) == -1) {
		saved = errno;
		list->poisoned = true;
		/* Nobody else may take it for reserved. */
		if (write_next(list, list->reserved) == 0)
			errno = saved;
		return -1;
	}
	list->reserved = (uint32_t)mark;
	return 0;
}

static int
write_next(struct uidlist *list, uint32_t next)
{
	char digits[16];

	(void)snprintf(digits, sizeof(digits), "%0*lu", (int)list->width,
	    (unsigned long)next);
	return util_pwrite(list->fd, digits, list->width, (off_t)list->digits);
}

static int
write_lines(struct uidlist *list, const struct text *text)
{
	struct stat st;
	int saved;

	if (fstat(list->fd, &st) == -1)
		return -1;
	/* A torn last line: nobody was told its UID. */
	if ((uint64_t)st.st_size > list->end &&
	    ftruncate(list->fd, (off_t)list->end) == -1)
		return -1;
	if (util_pwrite(list->fd, text->p, text->n, (off_t)list->end) == 0) {
		if (util_fdatasync(list->fd) == 0)
			return 0;
		list->poisoned = true;
	}
	saved = errno;
	if (ftruncate(list->fd, (off_t)list->end) == -1)
		list->poisoned = true;
	errno = saved;
	return -1;
}

static int
text_add(struct text *text, const struct uidline *line)
{
	size_t need = text->n + line->len + 16, room;
	char *p;
	int n;

	if (need > text->room) {
		room = need > text->room * 2 ? need + 4096 : text->room * 2;
		if ((p = realloc(text->p, room)) == NULL)
			return -1;
		text->p = p;
		text->room = room;
	}
	n = snprintf(text->p + text->n, text->room - text->n, "%lu ",
	    (unsigned long)line->uid);
	text->n += (size_t)n;
	memcpy(text->p + text->n, line->name, line->len);
	text->n += line->len;
	text->p[text->n++] = '\n';
	return 0;
}

int
uidlist_create(struct uidlist *list, uint32_t uidvalidity, uint32_t next,
    const struct uidline *lines, size_t n)
{
	const struct uidline last = {".", 1, next - 1};
	struct uidlines unused;
	struct text text;
	uint64_t mark = (uint64_t)next + UIDLIST_RESERVE;
	size_t i;
	int r = -1;

	text.room = 64 + n * 64;
	if ((text.p = malloc(text.room)) == NULL)
		return -1;
	if (mark > UIDLIST_LIMIT)
		mark = UIDLIST_LIMIT;
	text.n = (size_t)snprintf(text.p, text.room, "1 %lu %0*lu\n",
	    (unsigned long)uidvalidity,
	    mark < UIDLIST_BIG ? UIDLIST_WIDTH : UIDLIST_WIDE,
	    (unsigned long)mark);
	for (i = 0; i < n; i++)
		if (text_add(&text, &lines[i]) == -1)
			goto out;
	/* No message holds the highest UID: a line without a message does. */
	if (next > 1 && (n == 0 || lines[n - 1].uid < next - 1) &&
	    text_add(&text, &last) == -1)
		goto out;
	if (list->broken) {
		if (util_set_aside(list->dirfd, UIDLIST_FILE, UIDLIST_FILE,
			list->aside, sizeof(list->aside)) == -1)
			goto out;
	} else
		keep_backup(list);
	if (util_replace_file(list->dirfd, UIDLIST_FILE, text.p, text.n) == -1)
		goto out;
	util_close(list->fd);
	list->fd = -1;
	r = uidlist_read(list, &unused);
	uidlines_free(&unused);
out:
	free(text.p);
	return r;
}

/* The list before this one, one generation; losing it loses nothing. */
static void
keep_backup(struct uidlist *list)
{
	util_unlink(list->dirfd, UIDLIST_BACKUP);
	if (linkat(list->dirfd, UIDLIST_FILE, list->dirfd, UIDLIST_BACKUP, 0) ==
	    -1)
		errno = 0;
}
