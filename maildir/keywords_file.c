/*
 * Keywords on disk, in Courier's form (its README.imapkeywords):
 *
 * :list            names, one a line; an empty line; "BASE:N N ..." a message
 * BASE             an update: the whole set, a name a line; empty means none
 * .N.BASE          an update that was merged into :list at time N * 300; it
 *                  still counts more than :list
 *
 * An update file is fsynced before its rename, because an empty one says
 * "none": a crash must not turn a set into the empty one. :list likewise, and
 * the directory is synced before any update that it replaces is unlinked.
 */
#include "maildir/keywords.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "maildir/util.h"

#define UPDATE_BYTES ((size_t)1 << 20)

struct text {
	char *p;
	size_t n, room;
};

struct parse { /* of a :list */
	struct keywords *k;
	uint16_t *numbers; /* ours by the file's */
	size_t n;
	bool odd;
};

static int parse_names(struct parse *, const char **, const char *);
static int parse_message(
    struct parse *, const char *, const char *, struct kwline *);
static int text_add(struct text *, const char *, size_t);
static int text_names(struct text *, const struct keywords *,
    const struct kwlines *, uint16_t **);
static int text_message(struct text *, const struct keywords *,
    const struct kwline *, const uint16_t *);
static int put_file(int, int, const struct text *, const char *);
static int merge_new(struct keywords *, int, int, const struct kwlines *);
static int keep_line(void *, const struct kwline *);
static void undo_updates(int, const struct kwlines *, size_t);

int
keywords_list_read(int kwfd, char **out, size_t *n)
{
	*out = NULL;
	*n = 0;
	if (util_read_file(kwfd, KEYWORDS_LIST, KEYWORDS_BYTES, out, n) == -1)
		return errno == ENOENT ? 0 : -1;
	return 0;
}

int
keywords_list_parse(struct keywords *k, const char *text, size_t n,
    int (*fn)(void *, const struct kwline *), void *arg)
{
	struct parse parse = {k, NULL, 0, false};
	const char *p = text, *end = text + n, *lf;
	struct kwline line;
	int r;

	r = parse_names(&parse, &p, end);
	for (; r == 0 && p < end; p = lf + 1) {
		if ((lf = memchr(p, '\n', (size_t)(end - p))) == NULL) {
			parse.odd = true;
			break;
		}
		if (lf == p)
			continue;
		if ((r = parse_message(&parse, p, lf, &line)) == 1)
			r = fn(arg, &line);
	}
	free(parse.numbers);
	if (r != 0)
		return -1;
	return parse.odd ? 1 : 0;
}

static int
parse_names(struct parse *parse, const char **at, const char *end)
{
	const char *p = *at, *lf;
	size_t room = 0;
	void *v;
	int number;

	for (; p < end; p = lf + 1) {
		if ((lf = memchr(p, '\n', (size_t)(end - p))) == NULL) {
			parse->odd = true;
			p = end;
			break;
		}
		if (lf == p) {
			p++;
			break;
		}
		if (parse->n == room) {
			room = room == 0 ? 32 : room * 2;
			v = reallocarray(
			    parse->numbers, room, sizeof(uint16_t));
			if (v == NULL)
				return -1;
			parse->numbers = v;
		}
		number = keywords_number(parse->k, p, (size_t)(lf - p), false);
		if (number == -1)
			return -1;
		parse->numbers[parse->n++] = (uint16_t)number;
	}
	*at = p;
	return 0;
}

/* 1: a message; 0: nothing of use; -1. */
static int
parse_message(
    struct parse *parse, const char *p, const char *lf, struct kwline *line)
{
	uint16_t set[512];
	const char *colon;
	size_t n = 0, v;

	/* 6.x was seen to write empty names: they mean nobody. */
	if ((colon = memchr(p, ':', (size_t)(lf - p))) == p)
		return 0;
	if (colon == NULL || memchr(p, '\0', (size_t)(lf - p)) != NULL) {
		parse->odd = true;
		return 0;
	}
	line->base = p;
	line->len = (size_t)(colon - p);
	for (p = colon + 1; p < lf;) {
		if (*p == ' ') {
			p++;
			continue;
		}
		for (v = 0; p < lf && *p >= '0' && *p <= '9' && v < 65536; p++)
			v = v * 10 + (size_t)(*p - '0');
		if ((p < lf && *p != ' ') || v >= parse->n ||
		    n == sizeof(set) / sizeof(*set)) {
			parse->odd = true;
			while (p < lf && *p != ' ')
				p++;
			continue;
		}
		set[n++] = parse->numbers[v];
	}
	line->set = keywords_set(parse->k, set, n);
	return line->set == UINT32_MAX ? -1 : 1;
}

static int
text_add(struct text *text, const char *p, size_t n)
{
	size_t room;
	char *to;

	if (text->n + n > text->room) {
		room = (text->n + n + 64) * 2;
		if ((to = realloc(text->p, room)) == NULL)
			return -1;
		text->p = to;
		text->room = room;
	}
	memcpy(text->p + text->n, p, n);
	text->n += n;
	return 0;
}

int
keywords_list_aside(struct keywords *k, int dirfd)
{
	return util_set_aside(dirfd, KEYWORDS_DIR "/" KEYWORDS_LIST,
	    KEYWORDS_DIR, k->aside, sizeof(k->aside));
}

int
keywords_list_write(
    const struct keywords *k, int dirfd, int kwfd, const struct kwlines *lines)
{
	struct text text = {0};
	uint16_t *numbers = NULL;
	size_t i;
	int r = -1;

	if (text_names(&text, k, lines, &numbers) == -1)
		goto out;
	for (i = 0; i < lines->n; i++)
		if (text_message(&text, k, &lines->v[i], numbers) == -1)
			goto out;
	r = put_file(dirfd, kwfd, &text, KEYWORDS_LIST);
	if (r == 0)
		r = util_fsync(kwfd);
out:
	free(numbers);
	free(text.p);
	return r;
}

/* The names in use, and an empty line; *out: their numbers in the file. */
static int
text_names(struct text *text, const struct keywords *k,
    const struct kwlines *lines, uint16_t **out)
{
	const uint16_t *members;
	uint16_t *numbers, n = 0;
	size_t i, j, count;
	bool *used;
	int r = -1;

	numbers = calloc(k->nnames + 1, sizeof(*numbers));
	*out = numbers;
	used = calloc(k->nsets + k->nnames + 1, sizeof(*used));
	if (numbers == NULL || used == NULL)
		goto out;
	for (i = 0; i < lines->n; i++) {
		if (used[k->nnames + lines->v[i].set])
			continue;
		used[k->nnames + lines->v[i].set] = true;
		count = keywords_members(k, lines->v[i].set, &members);
		for (j = 0; j < count; j++)
			used[members[j]] = true;
	}
	for (i = 0; i < k->nnames; i++) {
		if (!used[i])
			continue;
		numbers[i] = n++;
		if (text_add(text, k->names[i], strlen(k->names[i])) == -1 ||
		    text_add(text, "\n", 1) == -1)
			goto out;
	}
	r = text_add(text, "\n", 1);
out:
	free(used);
	return r;
}

static int
text_message(struct text *text, const struct keywords *k,
    const struct kwline *line, const uint16_t *numbers)
{
	const uint16_t *members;
	char number[16];
	size_t i, n;
	int len;

	if ((n = keywords_members(k, line->set, &members)) == 0)
		return 0;
	if (text_add(text, line->base, line->len) == -1)
		return -1;
	for (i = 0; i < n; i++) {
		len = snprintf(number, sizeof(number), "%c%u",
		    i == 0 ? ':' : ' ', (unsigned)numbers[members[i]]);
		if (text_add(text, number, (size_t)len) == -1)
			return -1;
	}
	return text_add(text, "\n", 1);
}

/* tmp in the folder, fsync, rename into the directory. */
static int
put_file(int dirfd, int kwfd, const struct text *text, const char *name)
{
	char temp[UTIL_TEMP_MAX];

	if (util_write_temp(dirfd, text->p, text->n, temp) == -1)
		return -1;
	if (renameat(dirfd, temp, kwfd, name) == -1) {
		util_unlink(dirfd, temp);
		return -1;
	}
	return 0;
}

int
keywords_update_write(
    const struct keywords *k, int dirfd, int kwfd, const struct kwline *line)
{
	const uint16_t *members;
	struct text text = {0};
	char name[256];
	size_t i, n;
	int r = -1;

	if (line->len >= sizeof(name)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(name, line->base, line->len);
	name[line->len] = '\0';
	n = keywords_members(k, line->set, &members);
	for (i = 0; i < n; i++)
		if (text_add(&text, k->names[members[i]],
			strlen(k->names[members[i]])) == -1 ||
		    text_add(&text, "\n", 1) == -1)
			goto out;
	r = put_file(dirfd, kwfd, &text, name);
out:
	free(text.p);
	return r;
}

uint32_t
keywords_update_read(struct keywords *k, int kwfd, const char *name)
{
	uint16_t set[512];
	const char *p, *end;
	uint32_t r = UINT32_MAX;
	char *text;
	size_t size, n = 0, len;
	int number;

	if (util_read_file(kwfd, name, UPDATE_BYTES, &text, &size) == -1)
		return UINT32_MAX;
	for (p = text, end = text + size; p < end; p += len + 1) {
		len = strcspn(p, "\n");
		if (len == 0)
			continue;
		if (n == sizeof(set) / sizeof(*set))
			break;
		if ((number = keywords_number(k, p, len, false)) == -1)
			goto out;
		set[n++] = (uint16_t)number;
	}
	r = keywords_set(k, set, n);
out:
	free(text);
	return r;
}

bool
keywords_update_name(const char *name, const char **base, uint64_t *age)
{
	uint64_t n = 0;

	if (*name == ':')
		return false;
	*age = UINT64_MAX;
	if (*name == '.') {
		if (name[1] < '0' || name[1] > '9')
			return false;
		for (name++; *name >= '0' && *name <= '9'; name++)
			if ((n = n * 10 + (uint64_t)(*name - '0')) >=
			    UINT64_MAX / 16)
				return false;
		if (*name++ != '.')
			return false;
		*age = n;
	}
	*base = name;
	return *name != '\0' && *name != '.' && strchr(name, ':') == NULL;
}

int
keywords_file_new(struct keywords *k, int dirfd, const struct kwlines *lines)
{
	size_t i = 0;
	int kwfd, r = 0;

	if (lines->n == 0)
		return 0;
	if ((kwfd = util_open_dir(dirfd, KEYWORDS_DIR, true)) == -1)
		return -1;
	if (lines->n > KEYWORDS_MERGE)
		r = merge_new(k, dirfd, kwfd, lines);
	else
		for (; r == 0 && i < lines->n; i++)
			r = keywords_update_write(k, dirfd, kwfd, &lines->v[i]);
	if (r == -1)
		undo_updates(kwfd, lines, i);
	util_close(kwfd);
	return r;
}

/* What is in :list stays, lines of messages that nobody knows included. */
static int
merge_new(struct keywords *k, int dirfd, int kwfd, const struct kwlines *add)
{
	struct kwlines lines = {0};
	char *text;
	size_t i, n;
	int r;

	if (keywords_list_read(kwfd, &text, &n) == -1)
		return -1;
	r = keywords_list_parse(
	    k, text == NULL ? "" : text, n, keep_line, &lines);
	if (r == 1)
		r = keywords_list_aside(k, dirfd);
	for (i = 0; r == 0 && i < add->n; i++)
		r = kwlines_add(
		    &lines, add->v[i].base, add->v[i].len, add->v[i].set);
	if (r == 0)
		r = keywords_list_write(k, dirfd, kwfd, &lines);
	free(lines.v);
	free(text);
	return r;
}

static int
keep_line(void *arg, const struct kwline *line)
{
	return kwlines_add(arg, line->base, line->len, line->set);
}

void
keywords_file_undo(int dirfd, const struct kwlines *lines)
{
	int kwfd, saved = errno;

	kwfd = util_open_dir(dirfd, KEYWORDS_DIR, false);
	if (kwfd != -1)
		undo_updates(kwfd, lines, lines->n);
	util_close(kwfd);
	errno = saved;
}

static void
undo_updates(int kwfd, const struct kwlines *lines, size_t n)
{
	char name[256];
	size_t i;

	for (i = 0; i < n; i++) {
		(void)snprintf(name, sizeof(name), "%.*s", (int)lines->v[i].len,
		    lines->v[i].base);
		util_unlink(kwfd, name);
	}
}
