/*
 * States of a RENAME, told by what a crash leaves:
 *	1 no intent, nothing moved		it never was
 *	2 intent, some moved			rolled forward by the next
 *	3 intent, all moved, root synced	special uses follow, intent goes
 *	4 no intent, all moved			done
 * An intent that comes back because its removal was not yet durable finds no
 * directory with its inodes under the old names.
 */
#include "maildir/folder_intent.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "maildir/account.h"
#include "maildir/name.h"
#include "maildir/private.h"
#include "maildir/special.h"
#include "maildir/util.h"

#define INTENT_FILE "rename"
#define INTENT_SIZE (16 * 1024 * 1024) /* bytes of that file at most */
#define INTENT_HEAD "rename 1"
#define INTENT_END  "end"

static const char *field(const char **, const char *);
static int parse_moves(struct intent *, const char *, const char *);
static int move(struct maildir *, const struct move *);
static int move_back(struct maildir *, const struct intent *, size_t);
static int roll_forward(struct maildir *, int, const struct intent *);
static int finish(struct maildir *, int, const struct intent *);

void
intent_done(struct intent *in)
{
	size_t i;

	for (i = 0; i < in->n; i++) {
		free(in->moves[i].from);
		free(in->moves[i].to);
	}
	free(in->moves);
	free(in->from);
	free(in->to);
	*in = (struct intent){0};
}

int
intent_add(struct intent *in, uint64_t ino, const char *from, const char *to)
{
	struct move *moves, m;
	size_t size;

	if (in->n == in->size) {
		size = in->size == 0 ? 16 : in->size * 2;
		moves = reallocarray(in->moves, size, sizeof *moves);
		if (moves == NULL)
			return -1;
		in->moves = moves;
		in->size = size;
	}
	m = (struct move){ino, strdup(from), strdup(to)};
	if (m.from == NULL || m.to == NULL) {
		free(m.from);
		free(m.to);
		return -1;
	}
	in->moves[in->n++] = m;
	return 0;
}

char *
intent_print(const struct intent *in, size_t *n)
{
	const struct move *m;
	char *text = NULL;
	size_t i;
	bool bad;
	FILE *f;

	f = open_memstream(&text, n);
	if (f == NULL)
		return NULL;
	(void)fprintf(
	    f, "%s%c%s%c%s%c", INTENT_HEAD, 0, in->from, 0, in->to, 0);
	for (i = 0; i < in->n; i++) {
		m = &in->moves[i];
		(void)fprintf(f, "%" PRIu64 "%c%s%c%s%c", m->ino, 0, m->from, 0,
		    m->to, 0);
	}
	(void)fprintf(f, "%s%c", INTENT_END, 0);
	bad = ferror(f) != 0;
	if (fclose(f) != 0 || bad) {
		free(text);
		return NULL;
	}
	return text;
}

int
intent_parse(struct intent *in, const char *text, size_t n)
{
	const char *end = text + n, *head, *from, *to;

	*in = (struct intent){0};
	head = field(&text, end);
	from = field(&text, end);
	to = field(&text, end);
	if (to == NULL || strcmp(head, INTENT_HEAD) != 0 ||
	    name_check(from) == -1 || name_check(to) == -1) {
		errno = EINVAL;
		return -1;
	}
	in->from = strdup(from);
	in->to = strdup(to);
	if (in->from != NULL && in->to != NULL &&
	    parse_moves(in, text, end) == 0)
		return 0;
	intent_done(in);
	return -1;
}

static int
parse_moves(struct intent *in, const char *p, const char *end)
{
	const char *number, *from, *to;
	uint64_t ino;
	char *stop;

	for (;;) {
		number = field(&p, end);
		if (number == NULL)
			break;
		if (strcmp(number, INTENT_END) == 0 && p == end)
			return 0;
		from = field(&p, end);
		to = field(&p, end);
		if (to == NULL || *from == '\0' || *to == '\0' ||
		    name_check(from) == -1 || name_check(to) == -1)
			break;
		errno = 0;
		ino = strtoull(number, &stop, 10);
		if (*number < '0' || *number > '9' || *stop != '\0' ||
		    errno != 0)
			break;
		if (intent_add(in, ino, from, to) == -1)
			return -1;
	}
	errno = EINVAL;
	return -1;
}

/* The text up to the next NUL, NULL if there is none any more. */
static const char *
field(const char **p, const char *end)
{
	const char *start = *p, *nul;

	nul = memchr(start, '\0', (size_t)(end - start));
	if (nul == NULL) {
		*p = end;
		return NULL;
	}
	*p = nul + 1;
	return start;
}

bool
intent_is_left(int corkfd)
{
	struct stat st;

	return fstatat(corkfd, INTENT_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

int
intent_write(int corkfd, const struct intent *in)
{
	char *text;
	size_t n;
	int r;

	text = intent_print(in, &n);
	if (text == NULL)
		return -1;
	r = util_replace_file(corkfd, INTENT_FILE, text, n);
	if (r == -1) /* what is refused must not be done by the next */
		util_unlink(corkfd, INTENT_FILE);
	free(text);
	return r;
}

int
intent_carry_out(struct maildir *md, int corkfd, const struct intent *in)
{
	size_t i;
	int save;

	for (i = 0; i < in->n; i++) {
		if (move(md, &in->moves[i]) == -1)
			break;
	}
	if (i == in->n && util_fsync(md->rootfd) == 0)
		return finish(md, corkfd, in);
	save = errno;
	if (move_back(md, in, i) == 0)
		(void)unlinkat(corkfd, INTENT_FILE, 0);
	errno = save;
	return -1;
}

/* Moves a directory if it is the one meant. */
static int
move(struct maildir *md, const struct move *m)
{
	char from[NAME_DIR_MAX], to[NAME_DIR_MAX];
	struct stat st;

	name_to_dir(from, m->from);
	name_to_dir(to, m->to);
	if (fstatat(md->rootfd, from, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISDIR(st.st_mode) || st.st_ino != m->ino)
		return 0;
	return account_move(md->rootfd, from, md->rootfd, to);
}

/* Undoes the first n moves, the last one first. */
static int
move_back(struct maildir *md, const struct intent *in, size_t n)
{
	struct move back;
	int r = 0;

	while (n-- > 0) {
		back.ino = in->moves[n].ino;
		back.from = in->moves[n].to;
		back.to = in->moves[n].from;
		if (move(md, &back) == -1)
			r = -1;
	}
	return r;
}

static int
finish(struct maildir *md, int corkfd, const struct intent *in)
{
	/* if this fails the intent stays, and the next one tries again */
	if (special_store_rename(md, corkfd, in->from, in->to) == -1) {
		maildir_note(md, "special uses of %s not moved to %s: %s",
		    in->from, in->to, strerror(errno));
		return 0;
	}
	if (unlinkat(corkfd, INTENT_FILE, 0) == -1)
		maildir_note(md, "%s/%s not removed: %s", ACCOUNT_DIR,
		    INTENT_FILE, strerror(errno));
	return 0;
}

int
intent_settle(struct maildir *md, int corkfd)
{
	struct intent in;
	char *text;
	size_t n;
	int r;

	if (util_read_file(corkfd, INTENT_FILE, INTENT_SIZE, &text, &n) == -1) {
		if (errno == ENOENT)
			return 0;
		if (errno != EINVAL && errno != EFBIG)
			return -1;
		return account_set_aside(
		    md, corkfd, INTENT_FILE, "not a file, or too large");
	}
	r = intent_parse(&in, text, n);
	free(text);
	if (r == -1) {
		if (errno != EINVAL)
			return -1;
		return account_set_aside(
		    md, corkfd, INTENT_FILE, "not understood");
	}
	r = roll_forward(md, corkfd, &in);
	intent_done(&in);
	return r;
}

static int
roll_forward(struct maildir *md, int corkfd, const struct intent *in)
{
	const struct move *m;

	for (m = in->moves; m < in->moves + in->n; m++) {
		if (move(md, m) == 0)
			continue;
		if (errno != EEXIST && errno != ENOTEMPTY)
			return -1;
		maildir_note(md, "rename of %s to %s left undone: %s is there",
		    m->from, m->to, m->to);
	}
	if (util_fsync(md->rootfd) == -1)
		return -1;
	return finish(md, corkfd, in);
}
