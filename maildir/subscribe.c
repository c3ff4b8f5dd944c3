/*
 * courierimapsubscribed: one text a line, shared with Courier, which rewrites
 * it as it finds it. Lines that we do not touch keep their bytes, their order
 * and even their missing last line end. Replaced whole: a file in tmp/,
 * fsynced, renamed, the root synced; nothing is written if nothing changes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "maildir/account.h"
#include "maildir/name.h"
#include "maildir/private.h"
#include "maildir/util.h"

#define SUBSCRIBED      "courierimapsubscribed"
#define SUBSCRIBED_SIZE (16 * 1024 * 1024) /* bytes of that file at most */
#define LINE_SIZE       1024               /* bytes of a line to be added */

static int change(struct maildir *, const char *, bool);
static int load(struct maildir *, char **, size_t *);
static size_t line_length(const char *, size_t);
static size_t count_lines(const char *, size_t);
static bool is_line(const char *, size_t, const char *);
static bool has_line(const char *, size_t, const char *);
static char *add_line(const char *, size_t *, const char *);
static char *remove_line(const char *, size_t *, const char *);
static int replace(
    struct maildir *, const char *, size_t, const char *, size_t);

ssize_t
maildir_subscriptions(struct maildir *md, const char *const **out)
{
	char *text, *p, **lines;
	size_t n, left, len, count = 0;

	if (load(md, &text, &n) == -1)
		return -1;
	/* one piece of memory: the pointers, then the text */
	lines = malloc((count_lines(text, n) + 1) * sizeof *lines + n + 1);
	if (lines == NULL) {
		free(text);
		return -1;
	}
	p = (char *)(lines + count_lines(text, n) + 1);
	memcpy(p, text, n);
	p[n] = '\0';
	free(text);
	for (left = n; left > 0; p += len + 1, left -= len + 1) {
		len = line_length(p, left);
		p[len] = '\0';
		if (len > 0 && strlen(p) == len && name_is_shown(p))
			lines[count++] = p;
		if (len == left)
			break;
	}
	free(md->subscriptions);
	md->subscriptions = lines;
	md->nsubscriptions = count;
	*out = (const char *const *)lines;
	return (ssize_t)count;
}

int
maildir_subscribe(struct maildir *md, const char *line, bool on)
{
	int fd, r;

	if (line[0] == '\0' || strchr(line, '\n') != NULL ||
	    (on && !name_is_shown(line))) {
		errno = EINVAL;
		return -1;
	}
	if (on && strlen(line) > LINE_SIZE) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = account_lock(md);
	if (fd == -1)
		return -1;
	r = change(md, line, on);
	util_close(fd);
	return r;
}

static int
change(struct maildir *md, const char *line, bool on)
{
	char *text, *now = NULL;
	size_t n, nnow;
	int r, save;

	if (load(md, &text, &n) == -1)
		return -1;
	r = has_line(text, n, line) == on ? 0 : -1;
	if (r == -1) {
		nnow = n;
		now = on ? add_line(text, &nnow, line)
			 : remove_line(text, &nnow, line);
	}
	if (now != NULL)
		r = replace(md, text, n, now, nnow);
	save = errno;
	free(text);
	free(now);
	errno = save;
	return r;
}

/* The file's bytes, none if it is missing. */
static int
load(struct maildir *md, char **text, size_t *n)
{
	if (util_read_file(md->rootfd, SUBSCRIBED, SUBSCRIBED_SIZE, text, n) ==
	    0)
		return 0;
	if (errno == EINVAL || errno == EFBIG) {
		if (account_set_aside(md, md->rootfd, SUBSCRIBED,
			"not a file, or too large") == -1)
			return -1;
	} else if (errno != ENOENT) {
		return -1;
	}
	*n = 0;
	*text = calloc(1, 1);
	return *text == NULL ? -1 : 0;
}

static size_t
line_length(const char *p, size_t left)
{
	const char *end;

	end = memchr(p, '\n', left);
	return end == NULL ? left : (size_t)(end - p);
}

static size_t
count_lines(const char *p, size_t n)
{
	size_t i, count = n > 0 && p[n - 1] != '\n';

	for (i = 0; i < n; i++)
		count += p[i] == '\n';
	return count;
}

static bool
is_line(const char *p, size_t len, const char *line)
{
	return len == strlen(line) && memcmp(p, line, len) == 0;
}

static bool
has_line(const char *p, size_t left, const char *line)
{
	size_t len;

	for (; left > 0; p += len + 1, left -= len + 1) {
		len = line_length(p, left);
		if (is_line(p, len, line))
			return true;
		if (len == left)
			break;
	}
	return false;
}

/* The text with a line more. NULL: EMLINK or ENOMEM. */
static char *
add_line(const char *text, size_t *n, const char *line)
{
	size_t len = strlen(line), old = *n;
	char *all;

	if (count_lines(text, old) >= MAILDIR_FOLDERS_MAX) {
		errno = EMLINK;
		return NULL;
	}
	all = malloc(old + len + 2);
	if (all == NULL)
		return NULL;
	memcpy(all, text, old);
	if (old > 0 && all[old - 1] != '\n')
		all[old++] = '\n';
	memcpy(all + old, line, len);
	all[old + len] = '\n';
	*n = old + len + 1;
	return all;
}

/* The text without all such lines. NULL: ENOMEM. */
static char *
remove_line(const char *text, size_t *n, const char *line)
{
	size_t left, len, kept = 0;
	const char *p = text;
	char *all;
	bool drop;

	all = malloc(*n + 1);
	if (all == NULL)
		return NULL;
	for (left = *n; left > 0; p += len, left -= len) {
		len = line_length(p, left);
		drop = is_line(p, len, line);
		len += len < left; /* with its line end */
		if (drop)
			continue;
		memcpy(all + kept, p, len);
		kept += len;
	}
	*n = kept;
	return all;
}

static int
replace(struct maildir *md, const char *old, size_t nold, const char *now,
    size_t nnow)
{
	int save;

	if (util_replace_file(md->rootfd, SUBSCRIBED, now, nnow) == 0)
		return 0;
	/* it may have come as far as the last sync: what is refused is undone
	 */
	save = errno;
	(void)util_replace_file(md->rootfd, SUBSCRIBED, old, nold);
	errno = save;
	return -1;
}
