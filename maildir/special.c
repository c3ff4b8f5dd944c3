/*
 * The special-use file. Small (a handful of lines), so it is read whole, and
 * replaced whole and durably; nothing is written when nothing changes. A file
 * with lines that cannot be understood is set aside before the first write.
 */
#include "maildir/special.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maildir/account.h"
#include "maildir/maildir.h"
#include "maildir/name.h"
#include "maildir/private.h"
#include "maildir/util.h"

#define SPECIAL_FILE "special-use"
#define SPECIAL_SIZE (8 * 1024 * 1024) /* bytes of that file at most */

static const struct {
	const char *word;
	uint32_t use;
} words[] = {
    {"All", MAILDIR_USE_ALL},
    {"Archive", MAILDIR_USE_ARCHIVE},
    {"Drafts", MAILDIR_USE_DRAFTS},
    {"Flagged", MAILDIR_USE_FLAGGED},
    {"Junk", MAILDIR_USE_JUNK},
    {"Sent", MAILDIR_USE_SENT},
    {"Trash", MAILDIR_USE_TRASH},
};
#define NWORDS (sizeof words / sizeof words[0])

static int parse_line(struct special *, char *);
static bool parse_uses(char *, uint32_t *);
static size_t find(const struct special *, const char *);
static bool is_at(const struct special *, size_t, const char *);
static void drop(struct special *, size_t);
static int load(struct maildir *, int, struct special *, int *);
static int save(struct maildir *, int, const struct special *, int);
static int compare(const void *, const void *);

void
special_done(struct special *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		free(s->lines[i].folder);
	free(s->lines);
	s->lines = NULL;
	s->n = 0;
}

int
special_parse(struct special *s, const char *text, size_t n)
{
	char *copy, *line, *rest;
	int r, bad = 0;

	if (memchr(text, '\0', n) != NULL)
		return 1;
	copy = malloc(n + 1);
	if (copy == NULL)
		return -1;
	memcpy(copy, text, n);
	copy[n] = '\0';
	rest = copy;
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (*line == '\0')
			continue;
		r = parse_line(s, line);
		if (r == -1) {
			free(copy);
			return -1;
		}
		bad += r;
	}
	free(copy);
	return bad;
}

/* 0: taken; 1: not understood; -1: no memory. */
static int
parse_line(struct special *s, char *line)
{
	uint32_t use;
	char *tab;

	tab = strchr(line, '\t');
	if (tab == NULL)
		return 1;
	*tab = '\0';
	if (*line == '\0' || name_check(line) == -1 ||
	    !parse_uses(tab + 1, &use))
		return 1;
	return special_set(s, line, use);
}

static bool
parse_uses(char *text, uint32_t *out)
{
	uint32_t use = 0;
	char *word;
	size_t i;

	while ((word = strsep(&text, " ")) != NULL) {
		for (i = 0; i < NWORDS; i++) {
			if (strcmp(word, words[i].word) == 0)
				break;
		}
		if (i == NWORDS)
			return false;
		use |= words[i].use;
	}
	*out = use;
	return true;
}

char *
special_print(const struct special *s, size_t *n)
{
	const char *sep;
	char *text = NULL;
	size_t i, k;
	FILE *f;

	f = open_memstream(&text, n);
	if (f == NULL)
		return NULL;
	for (i = 0; i < s->n; i++) {
		(void)fputs(s->lines[i].folder, f);
		sep = "\t";
		for (k = 0; k < NWORDS; k++) {
			if ((s->lines[i].use & words[k].use) == 0)
				continue;
			(void)fprintf(f, "%s%s", sep, words[k].word);
			sep = " ";
		}
		(void)fputc('\n', f);
	}
	k = (size_t)ferror(f);
	if (fclose(f) != 0 || k != 0) {
		free(text);
		return NULL;
	}
	return text;
}

uint32_t
special_get(const struct special *s, const char *folder)
{
	size_t at = find(s, folder);

	return is_at(s, at, folder) ? s->lines[at].use : 0;
}

int
special_set(struct special *s, const char *folder, uint32_t use)
{
	size_t at = find(s, folder);
	struct special_line *lines;
	char *copy;

	if (is_at(s, at, folder)) {
		s->lines[at].use = use;
		if (use == 0)
			drop(s, at);
		return 0;
	}
	if (use == 0)
		return 0;
	copy = strdup(folder);
	if (copy == NULL)
		return -1;
	lines = reallocarray(s->lines, s->n + 1, sizeof *lines);
	if (lines == NULL) {
		free(copy);
		return -1;
	}
	s->lines = lines;
	memmove(lines + at + 1, lines + at, (s->n - at) * sizeof *lines);
	lines[at].folder = copy;
	lines[at].use = use;
	s->n++;
	return 0;
}

int
special_rename(struct special *s, const char *from, const char *to)
{
	char name[2 * NAME_DIR_MAX];
	bool changed = false;
	char *copy;
	size_t i, k;

	for (i = 0; i < s->n; i++) {
		if (strcmp(s->lines[i].folder, from) != 0 &&
		    !name_is_below(s->lines[i].folder, from))
			continue;
		(void)snprintf(name, sizeof name, "%s%s", to,
		    s->lines[i].folder + strlen(from));
		copy = strdup(name);
		if (copy == NULL)
			return -1;
		for (k = 0; k < s->n; k++) {
			if (k != i && strcmp(s->lines[k].folder, name) == 0)
				s->lines[k].use = 0;
		}
		free(s->lines[i].folder);
		s->lines[i].folder = copy;
		changed = true;
	}
	for (i = s->n; i-- > 0;) {
		if (s->lines[i].use == 0)
			drop(s, i);
	}
	if (changed)
		qsort(s->lines, s->n, sizeof *s->lines, compare);
	return changed;
}

/* Where the folder is, or would be. */
static size_t
find(const struct special *s, const char *folder)
{
	size_t low = 0, high = s->n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (strcmp(s->lines[mid].folder, folder) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool
is_at(const struct special *s, size_t at, const char *folder)
{
	return at < s->n && strcmp(s->lines[at].folder, folder) == 0;
}

static void
drop(struct special *s, size_t at)
{
	free(s->lines[at].folder);
	s->n--;
	memmove(
	    s->lines + at, s->lines + at + 1, (s->n - at) * sizeof *s->lines);
}

static int
compare(const void *a, const void *b)
{
	const struct special_line *x = a, *y = b;

	return strcmp(x->folder, y->folder);
}

int
special_load(struct maildir *md, int corkfd, struct special *s)
{
	int bad;

	if (load(md, corkfd, s, &bad) == -1)
		return -1;
	if (bad > 0)
		maildir_note(md, "%s/%s: %d lines not understood", ACCOUNT_DIR,
		    SPECIAL_FILE, bad);
	return 0;
}

static int
load(struct maildir *md, int corkfd, struct special *s, int *bad)
{
	char *text;
	size_t n;

	*s = (struct special){0};
	*bad = 0;
	if (util_read_file(corkfd, SPECIAL_FILE, SPECIAL_SIZE, &text, &n) ==
	    -1) {
		if (errno == ENOENT)
			return 0;
		if (errno != EINVAL && errno != EFBIG)
			return -1;
		return account_set_aside(
		    md, corkfd, SPECIAL_FILE, "not a file, or too large");
	}
	*bad = special_parse(s, text, n);
	free(text);
	if (*bad != -1)
		return 0;
	special_done(s);
	return -1;
}

static int
save(struct maildir *md, int corkfd, const struct special *s, int bad)
{
	char *text;
	size_t n;
	int r;

	if (bad > 0 && account_set_aside(md, corkfd, SPECIAL_FILE,
			   "lines not understood") == -1)
		return -1;
	text = special_print(s, &n);
	if (text == NULL)
		return -1;
	r = util_replace_file(corkfd, SPECIAL_FILE, text, n);
	free(text);
	return r;
}

int
special_store(struct maildir *md, int corkfd, const char *folder, uint32_t use)
{
	struct special s;
	int r = 0, bad;

	if (load(md, corkfd, &s, &bad) == -1)
		return -1;
	if (special_get(&s, folder) != use) {
		r = special_set(&s, folder, use);
		if (r == 0)
			r = save(md, corkfd, &s, bad);
	}
	special_done(&s);
	return r;
}

int
special_store_rename(
    struct maildir *md, int corkfd, const char *from, const char *to)
{
	struct special s;
	int r, bad;

	if (load(md, corkfd, &s, &bad) == -1)
		return -1;
	r = special_rename(&s, from, to);
	if (r > 0)
		r = save(md, corkfd, &s, bad);
	special_done(&s);
	return r;
}
