/*
 * A folder of Dovecot's. Keywords are written first, the UID list last: as long
 * as there is no list a crash only means that all of it is done again.
 *
 * dovecot-uidlist, version 3: "3 V<uidvalidity> N<next> G<guid>", then a line a
 * message: "UID [LETTER<value> ...] :NAME". It is appended to, so N may lie
 * below the last UID. dovecot-keywords: "NUMBER KEYWORD" a line; number 0 is
 * the letter 'a' in the names of this folder's messages, 25 is 'z'.
 */
#include "maildir/import_dovecot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "maildir/filename.h"
#include "maildir/private.h"
#include "maildir/scan.h"
#include "maildir/util.h"

#define LOOKS    5 /* at directories whose entries move meanwhile */
#define HEAD_MAX 512

struct gather { /* messages that have letters */
	struct keywords kw;
	int numbers[DOVECOT_LETTERS];
	struct kwlines lines; /* each base is memory of its own */
	char **bases;         /* the same ones, to be freed */
	size_t n, room;
};

static const char *number(const char *, const char *, uint32_t *);
static bool header(const char *, const char *, uint32_t *, uint32_t *);
static bool line(const char *, const char *, struct uidline *);
static int by_uid(const void *, const void *);
static void sort(struct uidlines *);
static int import_keywords(struct maildir *, int);
static int read_own(
    struct maildir *, int, const char *, size_t, char **, size_t *);
static int gather(struct gather *, int);
static int gather_dirs(struct gather *, int, int, bool *);
static int take_file(void *, const char *, size_t);
static int add_file(struct gather *, const char *, size_t, uint32_t);
static void forget(struct gather *);
static int write_keywords(struct gather *, int);
static int import_uids(struct maildir *, int);

bool
import_dovecot_wanted(int dirfd)
{
	struct stat st;

	/* where only our list was lost, Dovecot's is too old to be true */
	return fstatat(dirfd, UIDLIST_FILE, &st, AT_SYMLINK_NOFOLLOW) == -1 &&
	       errno == ENOENT &&
	       fstatat(dirfd, UIDLIST_BACKUP, &st, AT_SYMLINK_NOFOLLOW) == -1 &&
	       errno == ENOENT &&
	       fstatat(dirfd, DOVECOT_UIDLIST, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

int
import_dovecot_folder(struct maildir *md, int dirfd)
{
	if (!import_dovecot_wanted(dirfd))
		return 0;
	if (import_keywords(md, dirfd) == -1)
		return -1;
	return import_uids(md, dirfd);
}

uint32_t
import_dovecot_uidvalidity(int dirfd)
{
	char head[HEAD_MAX];
	uint32_t uidvalidity = 0, next;
	struct stat st;
	const char *lf;
	ssize_t n;
	int fd;

	if ((fd = util_open_regular(dirfd, DOVECOT_UIDLIST, &st)) == -1)
		return 0;
	n = util_pread(fd, head, sizeof(head), 0);
	(void)close(fd);
	if (n <= 0 || (lf = memchr(head, '\n', (size_t)n)) == NULL ||
	    !header(head, lf, &uidvalidity, &next))
		return 0;
	return uidvalidity;
}

int
import_dovecot_uids(const char *text, size_t n, uint32_t *uidvalidity,
    uint32_t *next, struct uidlines *out)
{
	const char *p, *lf, *end = text + n;
	uint32_t told;
	size_t room = 0;
	void *v;

	memset(out, 0, sizeof(*out));
	if ((lf = memchr(text, '\n', n)) == NULL ||
	    !header(text, lf, uidvalidity, &told))
		return 0;
	/* a last line without its end was being written, nobody knows it */
	for (p = lf + 1; (lf = memchr(p, '\n', (size_t)(end - p))) != NULL;
	     p = lf + 1) {
		if (out->n == room) {
			room = room == 0 ? 64 : room * 2;
			v = reallocarray(out->v, room, sizeof(*out->v));
			if (v == NULL) {
				free(out->v);
				memset(out, 0, sizeof(*out));
				return -1;
			}
			out->v = v;
		}
		if (line(p, lf, &out->v[out->n]))
			out->n++;
	}
	sort(out);
	*next = told;
	if (out->n > 0 && out->v[out->n - 1].uid >= *next)
		*next = out->v[out->n - 1].uid + 1;
	out->whole = true;
	return 1;
}

/* A number; what follows it, NULL if it is none or too large. */
static const char *
number(const char *p, const char *end, uint32_t *out)
{
	const char *first = p;
	uint64_t v = 0;

	for (; p < end && *p >= '0' && *p <= '9'; p++)
		if ((v = v * 10 + (uint64_t)(*p - '0')) > UINT32_MAX)
			return NULL;
	*out = (uint32_t)v;
	return p == first ? NULL : p;
}

static bool
header(const char *p, const char *end, uint32_t *uidvalidity, uint32_t *next)
{
	const char *q;
	uint32_t v = 0, value = 0;

	if (end - p < 2 || p[0] != '3' || p[1] != ' ')
		return false;
	*next = 1;
	for (p += 2; p < end; p = q + 1) {
		if ((q = memchr(p, ' ', (size_t)(end - p))) == NULL)
			q = end;
		if (p == q || (*p != 'V' && *p != 'N'))
			continue; /* G is the folder's GUID */
		if (number(p + 1, q, &v) != q)
			return false;
		if (*p == 'V')
			value = v;
		else
			*next = v;
	}
	if (value == 0 || *next == 0 || *next > UIDLIST_LIMIT)
		return false;
	*uidvalidity = value;
	return true;
}

static bool
line(const char *p, const char *end, struct uidline *out)
{
	const char *q;

	if ((p = number(p, end, &out->uid)) == NULL || p == end || *p != ' ' ||
	    out->uid == 0 || out->uid >= UIDLIST_LIMIT)
		return false;
	for (p++; p < end && *p != ':'; p = q + 1) /* W, S, P, G, O, ... */
		if ((q = memchr(p, ' ', (size_t)(end - p))) == NULL)
			return false;
	if (p >= end)
		return false;
	p++;
	/* flags that it was seen with are not part of the name */
	end = p + filename_base(p, (size_t)(end - p));
	if (p == end || end - p > FILENAME_MAX_LEN || *p == '.' ||
	    memchr(p, '/', (size_t)(end - p)) != NULL ||
	    memchr(p, '\0', (size_t)(end - p)) != NULL)
		return false;
	out->name = p;
	out->len = (uint16_t)(end - p);
	return true;
}

/* By UID, then as they stand in the file: of two the first one counts. */
static int
by_uid(const void *a, const void *b)
{
	const struct uidline *x = a, *y = b;

	if (x->uid != y->uid)
		return x->uid < y->uid ? -1 : 1;
	return x->name < y->name ? -1 : x->name > y->name;
}

static void
sort(struct uidlines *lines)
{
	size_t i, n;

	if (lines->n < 2)
		return;
	qsort(lines->v, lines->n, sizeof(*lines->v), by_uid);
	for (i = n = 1; i < lines->n; i++)
		if (lines->v[i].uid != lines->v[n - 1].uid)
			lines->v[n++] = lines->v[i];
	lines->n = n;
}

int
import_dovecot_letters(struct keywords *kw, const char *text, size_t n,
    int numbers[static DOVECOT_LETTERS])
{
	const char *p, *lf, *end = text + n;
	uint32_t letter;
	int i;

	for (i = 0; i < DOVECOT_LETTERS; i++)
		numbers[i] = -1;
	for (p = text; (lf = memchr(p, '\n', (size_t)(end - p))) != NULL;
	     p = lf + 1) {
		p = number(p, lf, &letter);
		if (p == NULL || *p != ' ' || letter >= DOVECOT_LETTERS ||
		    lf - p < 2 || memchr(p, '\0', (size_t)(lf - p)) != NULL)
			continue;
		numbers[letter] =
		    keywords_number(kw, p + 1, (size_t)(lf - p) - 1, false);
		if (numbers[letter] == -1)
			return -1;
	}
	return 0;
}

static int
import_keywords(struct maildir *md, int dirfd)
{
	struct gather g = {0};
	char *text;
	size_t n;
	int r;

	r = read_own(
	    md, dirfd, DOVECOT_KEYWORDS, DOVECOT_KEYWORDS_BYTES, &text, &n);
	if (r != 1)
		return r;
	if ((r = keywords_init(&g.kw)) == 0 &&
	    (r = import_dovecot_letters(&g.kw, text, n, g.numbers)) == 0 &&
	    (r = gather(&g, dirfd)) == 0)
		r = write_keywords(&g, dirfd);
	free(text);
	forget(&g);
	free(g.lines.v);
	free(g.bases);
	keywords_done(&g.kw);
	return r;
}

/* 1; 0: there is none of use, the admin is told if one is there; -1. */
static int
read_own(struct maildir *md, int dirfd, const char *name, size_t max,
    char **text, size_t *n)
{
	if (util_read_file(dirfd, name, max, text, n) == 0)
		return 1;
	if (errno == ENOENT)
		return 0;
	if (errno != EINVAL && errno != EFBIG && errno != ELOOP)
		return -1;
	maildir_note(md, "%s is not imported: %s", name, strerror(errno));
	return 0;
}

/* All names of messages; a look that others interfered with is repeated. */
static int
gather(struct gather *g, int dirfd)
{
	int newfd, curfd, i, r = -1;
	bool proof = false;

	newfd = util_open_dir(dirfd, "new", false);
	curfd = util_open_dir(dirfd, "cur", false);
	for (i = 0; newfd != -1 && curfd != -1 && !proof && i < LOOKS; i++) {
		if (i > 0)
			(void)usleep(SCAN_YOUNG_MS * 1000);
		if ((r = gather_dirs(g, newfd, curfd, &proof)) == -1)
			break;
	}
	util_close(newfd);
	util_close(curfd);
	return r;
}

static int
gather_dirs(struct gather *g, int newfd, int curfd, bool *proof)
{
	struct scan in_new = {0}, in_cur = {0};

	forget(g);
	if (scan_read(newfd, 0, &in_new, take_file, g) == -1 ||
	    scan_read(curfd, 0, &in_cur, take_file, g) == -1)
		return -1;
	*proof = scan_proves_absence(&in_new) && scan_proves_absence(&in_cur);
	return 0;
}

static int
take_file(void *arg, const char *name, size_t len)
{
	struct gather *g = arg;
	uint16_t members[DOVECOT_LETTERS];
	size_t base = filename_base(name, len), n = 0;
	const char *p = name + base;
	uint32_t set;

	if (base == 0 || strncmp(p, ":2,", 3) != 0)
		return 0;
	for (p += 3; *p != '\0' && *p != ','; p++)
		if (*p >= 'a' && *p <= 'z' && g->numbers[*p - 'a'] != -1 &&
		    n < DOVECOT_LETTERS)
			members[n++] = (uint16_t)g->numbers[*p - 'a'];
	if (n == 0)
		return 0;
	if ((set = keywords_set(&g->kw, members, n)) == UINT32_MAX)
		return -1;
	return add_file(g, name, base, set);
}

static int
add_file(struct gather *g, const char *base, size_t len, uint32_t set)
{
	size_t room;
	void *p;

	if (g->n == g->room) {
		room = g->room == 0 ? 64 : g->room * 2;
		if ((p = reallocarray(g->bases, room, sizeof(*g->bases))) ==
		    NULL)
			return -1;
		g->bases = p;
		g->room = room;
	}
	if ((g->bases[g->n] = strndup(base, len)) == NULL)
		return -1;
	return kwlines_add(&g->lines, g->bases[g->n++], len, set);
}

static void
forget(struct gather *g)
{
	int saved = errno;

	while (g->n > 0)
		free(g->bases[--g->n]);
	g->lines.n = 0;
	errno = saved;
}

static int
write_keywords(struct gather *g, int dirfd)
{
	int kwfd, r;

	if (g->lines.n == 0)
		return 0;
	if (keywords_file_new(&g->kw, dirfd, &g->lines) == -1 ||
	    (kwfd = util_open_dir(dirfd, KEYWORDS_DIR, false)) == -1)
		return -1;
	r = util_fsync(kwfd); /* the folder is synced with the list */
	util_close(kwfd);
	return r;
}

static int
import_uids(struct maildir *md, int dirfd)
{
	struct uidlist list;
	struct uidlines lines;
	uint32_t uidvalidity, next;
	char *text;
	size_t n;
	int r;

	r = read_own(
	    md, dirfd, DOVECOT_UIDLIST, DOVECOT_UIDLIST_BYTES, &text, &n);
	if (r != 1)
		return r;
	r = import_dovecot_uids(text, n, &uidvalidity, &next, &lines);
	if (r == 0)
		maildir_note(
		    md, "%s is not imported: no version 3", DOVECOT_UIDLIST);
	if (r == 1) {
		uidlist_init(&list, dirfd);
		if (uidlist_create(
			&list, uidvalidity, next, lines.v, lines.n) == -1)
			r = -1;
		/* says that it was done; if not, the next rewrite does */
		else if (linkat(dirfd, UIDLIST_FILE, dirfd, UIDLIST_BACKUP,
			     0) == -1)
			errno = 0;
		uidlist_done(&list);
	}
	uidlines_free(&lines);
	free(text);
	return r;
}
