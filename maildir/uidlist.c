/*
 * courierimapuiddb, read. Its first line is "1 UIDVALIDITY NEXT", each other
 * one "UID NAME", the name without flags.
 *
 * What can be found on disk, and what it means:
 *
 * 1. NEXT has ten digits (from 1,000,000,000 on eleven) and begins with 0: the
 *    list is ours. NEXT is then a reservation, raised by 64 and more and synced
 * before any line carries a UID at or beyond it. The next UID is that of the
 * highest line + 1: every UID ever told has a line that was synced before, for
 * a line is only ever dropped by a rewrite, and a rewrite keeps the highest UID
 * by a line with the name "." where no message holds it. To Courier NEXT is
 * what it says: it goes on from there, a gap, never a UID twice.
 * 2. NEXT is written otherwise: Courier's. It is exact, and lines above it
 *    count more. The next writer rewrites the list once, into state 1.
 * 3. The last line has no line end: a crash tore it, nobody was told its UID.
 *    It is not read, and cut off by the next writer.
 * 4. Lines out of order: sorted. A UID twice: the first line has it, the other
 *    message gets a new one. A line that is none: passed over. In these cases
 *    the next writer keeps the old file as courierimapuiddb.broken.TIME (a hard
 *    link, so that there is never no list) and replaces it, and the next UID is
 *    the larger of NEXT and the highest line + 1.
 * 5. The first line makes no sense: there is no list; it is set aside in the
 *    same way, and UIDVALIDITY is a new one.
 * 6. It cannot be opened or read: an error. Never taken as "no list".
 *
 * Crashes of a writer (uidlist_write.c): after the header was raised, a gap at
 * most; while lines are written, state 3, or lines of which none was told;
 * while the list is replaced, the old or the new one, whole. The descriptor of
 * the file last read stays open: its inode number cannot be given away, so an
 * equal one means the same file and only its tail need be read.
 */
#include "maildir/uidlist.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEADER_MAX 256  /* bytes of the first line that are looked at */
#define TAIL       4096 /* bytes that uidlist_peek looks at */
#define NAME_LIMIT 255

struct header {
	uint32_t uidvalidity, next;
	unsigned digits, width; /* where NEXT begins, and its length */
	unsigned len;           /* bytes of the line */
	bool fixed;
};

static int open_list(struct uidlist *);
static int read_whole(struct uidlist *, struct uidlines *);
static int read_tail(struct uidlist *, const struct stat *, struct uidlines *);
static int peek_tail(struct uidlist *, const struct stat *);
static bool parse_header(const char *, size_t, struct header *);
static const char *parse_number(const char *, const char *, uint32_t *);
static int parse_lines(
    struct uidlist *, struct uidlines *, size_t from, size_t to);
static bool parse_line(const char *, const char *, struct uidline *);
static int add_line(struct uidlines *, size_t *, const struct uidline *);
static void sort_lines(struct uidlist *, struct uidlines *);
static int by_uid(const void *, const void *);
static void set_next(struct uidlist *);

void
uidlist_init(struct uidlist *list, int dirfd)
{
	memset(list, 0, sizeof(*list));
	list->dirfd = dirfd;
	list->fd = -1;
}

void
uidlist_done(struct uidlist *list)
{
	util_close(list->fd);
	list->fd = -1;
}

void
uidlines_free(struct uidlines *lines)
{
	free(lines->v);
	free(lines->text);
	memset(lines, 0, sizeof(*lines));
}

bool
uidlist_moved(const struct uidlist *list)
{
	struct stamp stamp;
	struct stat st;

	if (fstatat(list->dirfd, UIDLIST_FILE, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return list->fd != -1 || errno != ENOENT;
	stamp_of(&st, &stamp);
	return list->fd == -1 || !stamp_equal(&stamp, &list->stamp);
}

int
uidlist_read(struct uidlist *list, struct uidlines *out)
{
	struct stat st;
	int r;

	memset(out, 0, sizeof(*out));
	if (list->fd != -1 && !uidlist_moved(list))
		return 0;
	if (fstatat(list->dirfd, UIDLIST_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    list->fd != -1 && st.st_ino == list->stamp.ino &&
	    st.st_dev == list->stamp.dev) {
		if ((r = read_tail(list, &st, out)) != 1)
			return r;
	}
	if ((r = open_list(list)) != 1) {
		out->whole = true;
		return r;
	}
	return read_whole(list, out);
}

/* 1: open; 0: there is none; -1. */
static int
open_list(struct uidlist *list)
{
	const int how = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	struct stat st;
	int fd;

	list->why_not = 0;
	fd = openat(list->dirfd, UIDLIST_FILE, O_RDWR | how);
	if (fd == -1 && (errno == EACCES || errno == EROFS || errno == EPERM)) {
		list->why_not = errno;
		fd = openat(list->dirfd, UIDLIST_FILE, O_RDONLY | how);
	}
	if (fd == -1 && errno != ENOENT)
		return -1;
	if (fd != -1 && (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))) {
		(void)close(fd);
		errno = EIO;
		return -1;
	}
	if (list->fd != -1)
		(void)close(list->fd);
	list->fd = fd;
	list->uidvalidity = list->reserved = 0;
	list->fixed = list->broken = list->poisoned = false;
	list->max = 0;
	list->end = 0;
	return fd == -1 ? 0 : 1;
}

static int
read_whole(struct uidlist *list, struct uidlines *out)
{
	struct header h;
	struct stat st;
	char *text;
	ssize_t n;

	if (fstat(list->fd, &st) == -1)
		return -1;
	if (st.st_size < 0 || (uint64_t)st.st_size > UIDLIST_BYTES) {
		errno = EFBIG;
		return -1;
	}
	if ((text = malloc((size_t)st.st_size + 1)) == NULL)
		return -1;
	if ((n = util_pread(list->fd, text, (size_t)st.st_size, 0)) == -1) {
		free(text);
		return -1;
	}
	stamp_of(&st, &list->stamp);
	list->stamp.size = (uint64_t)n;
	out->whole = true;
	out->text = text;
	if (!parse_header(text, (size_t)n, &h)) {
		list->broken = n > 0;
		return 0;
	}
	list->uidvalidity = h.uidvalidity;
	list->reserved = h.next;
	list->digits = h.digits;
	list->width = h.width;
	list->fixed = h.fixed;
	if (parse_lines(list, out, h.len, (size_t)n) == -1) {
		uidlines_free(out);
		return -1;
	}
	sort_lines(list, out);
	list->max = out->n == 0 ? 0 : out->v[out->n - 1].uid;
	set_next(list);
	return 0;
}

/* The first line, with or without its line end. */
static bool
parse_header(const char *text, size_t n, struct header *h)
{
	const char *p = text, *end, *next;

	end = memchr(text, '\n', n < HEADER_MAX ? n : HEADER_MAX);
	h->len = (unsigned)(end == NULL ? n : (size_t)(end - text) + 1);
	if (end == NULL && n >= HEADER_MAX)
		return false;
	if (end == NULL)
		end = text + n;
	if (end - p < 2 || p[0] != '1' || p[1] != ' ')
		return false;
	p = parse_number(p + 1, end, &h->uidvalidity);
	if (p == NULL || p == end || *p != ' ' || h->uidvalidity == 0)
		return false;
	if ((next = parse_number(p, end, &h->next)) == NULL ||
	    (next != end && *next != ' ' && *next != '\r'))
		return false;
	while (*p == ' ')
		p++;
	h->digits = (unsigned)(p - text);
	h->width = (unsigned)(next - p);
	h->fixed = next == end && h->len > (unsigned)(end - text) &&
		   (h->width == UIDLIST_WIDTH || h->width == UIDLIST_WIDE) &&
		   *p == '0';
	return h->next <= UIDLIST_LIMIT;
}

/* A number after blanks; what follows it, or NULL. */
static const char *
parse_number(const char *p, const char *end, uint32_t *out)
{
	uint64_t v = 0;

	while (p < end && *p == ' ')
		p++;
	if (p == end || *p < '0' || *p > '9')
		return NULL;
	for (; p < end && *p >= '0' && *p <= '9'; p++)
		if ((v = v * 10 + (uint64_t)(*p - '0')) > UINT32_MAX)
			return NULL;
	*out = (uint32_t)v;
	return p;
}

/* The complete lines of text[from..to); list->end moves behind the last. */
static int
parse_lines(struct uidlist *list, struct uidlines *out, size_t from, size_t to)
{
	struct uidline line;
	const char *p, *end;
	size_t room = out->n;

	list->end += from;
	for (p = out->text + from;; p = end + 1) {
		end = memchr(p, '\n', (size_t)(out->text + to - p));
		if (end == NULL)
			break;
		list->end += (uint64_t)(end + 1 - p);
		if (end == p)
			continue;
		if (!parse_line(p, end, &line))
			list->broken = true;
		else if (add_line(out, &room, &line) == -1)
			return -1;
	}
	return 0;
}

static bool
parse_line(const char *p, const char *end, struct uidline *line)
{
	const char *colon;

	if (*p == ' ' || (p = parse_number(p, end, &line->uid)) == NULL)
		return false;
	if (p == end || *p++ != ' ' || line->uid == 0 ||
	    line->uid >= UIDLIST_LIMIT)
		return false;
	/* Courier takes a name with its flags, too. */
	colon = memchr(p, ':', (size_t)(end - p));
	if (colon != NULL)
		end = colon;
	if (end == p || end - p > NAME_LIMIT ||
	    memchr(p, '\0', (size_t)(end - p)) != NULL ||
	    memchr(p, '/', (size_t)(end - p)) != NULL)
		return false;
	line->name = p;
	line->len = (uint16_t)(end - p);
	return true;
}

static int
add_line(struct uidlines *out, size_t *room, const struct uidline *line)
{
	struct uidline *v;

	if (out->n == *room) {
		*room = *room == 0 ? 64 : *room * 2;
		if ((v = reallocarray(out->v, *room, sizeof(*v))) == NULL)
			return -1;
		out->v = v;
	}
	out->v[out->n++] = *line;
	return 0;
}

static void
sort_lines(struct uidlist *list, struct uidlines *out)
{
	size_t i, n;

	for (i = 1; i < out->n; i++)
		if (out->v[i].uid <= out->v[i - 1].uid)
			break;
	if (i >= out->n)
		return;
	list->broken = true;
	qsort(out->v, out->n, sizeof(*out->v), by_uid);
	for (i = n = 1; i < out->n; i++)
		if (out->v[i].uid != out->v[n - 1].uid)
			out->v[n++] = out->v[i];
	out->n = n;
}

/* By UID, then as they stand in the file. */
static int
by_uid(const void *a, const void *b)
{
	const struct uidline *x = a, *y = b;

	if (x->uid != y->uid)
		return x->uid < y->uid ? -1 : 1;
	return x->name < y->name ? -1 : x->name > y->name;
}

static void
set_next(struct uidlist *list)
{
	list->next = uidlist_next(list);
}

uint32_t
uidlist_next(const struct uidlist *list)
{
	uint32_t next = list->max + 1;

	if ((!list->fixed || list->broken) && list->reserved > next)
		next = list->reserved;
	return next;
}

/* What was appended to a list of ours. 0; 1: read all of it; -1. */
static int
read_tail(struct uidlist *list, const struct stat *st, struct uidlines *out)
{
	uint64_t end = list->end;
	struct header h;
	char head[HEADER_MAX];
	size_t size;
	ssize_t n;

	if (!list->fixed || list->broken || list->poisoned ||
	    (uint64_t)st->st_size < end ||
	    (uint64_t)st->st_size > UIDLIST_BYTES)
		return 1;
	if ((n = util_pread(list->fd, head, sizeof(head), 0)) == -1)
		return -1;
	if (!parse_header(head, (size_t)n, &h) || !h.fixed ||
	    h.uidvalidity != list->uidvalidity || h.digits != list->digits ||
	    h.width != list->width)
		return 1;
	size = (size_t)((uint64_t)st->st_size - end);
	if ((out->text = malloc(size + 1)) == NULL)
		return -1;
	n = util_pread(list->fd, out->text, size, (off_t)end);
	if (n == -1 || parse_lines(list, out, 0, (size_t)n) == -1) {
		uidlines_free(out);
		list->end = end;
		return -1;
	}
	sort_lines(list, out);
	if (list->broken || (out->n > 0 && out->v[0].uid <= list->max)) {
		uidlines_free(out);
		return 1;
	}
	list->reserved = h.next;
	if (out->n > 0)
		list->max = out->v[out->n - 1].uid;
	set_next(list);
	stamp_of(st, &list->stamp);
	return 0;
}

int
uidlist_peek(struct uidlist *list)
{
	struct uidlines lines = {0};
	struct stat st;
	int r;

	if (list->fd == -1 || uidlist_moved(list)) {
		if ((r = open_list(list)) != 1)
			return r;
		if (fstat(list->fd, &st) == -1)
			return -1;
		if ((r = peek_tail(list, &st)) != 1)
			return r;
		list->end = 0;
		list->broken = false;
		r = read_whole(list, &lines);
		uidlines_free(&lines);
		return r;
	}
	return 0;
}

/* The end of a big list of ours tells all. 0; 1: read all of it; -1. */
static int
peek_tail(struct uidlist *list, const struct stat *st)
{
	struct uidlines lines = {0};
	struct header h;
	char text[TAIL];
	const char *lf;
	ssize_t n;

	if (st->st_size <= TAIL)
		return 1;
	if ((n = util_pread(list->fd, text, HEADER_MAX, 0)) == -1)
		return -1;
	if (!parse_header(text, (size_t)n, &h) || !h.fixed)
		return 1;
	list->end = (uint64_t)st->st_size - TAIL;
	n = util_pread(list->fd, text, TAIL, (off_t)list->end);
	if (n == -1)
		return -1;
	if (n < TAIL || (lf = memchr(text, '\n', TAIL)) == NULL)
		return 1;
	lines.text = text;
	if (parse_lines(list, &lines, (size_t)(lf + 1 - text), TAIL) == -1) {
		free(lines.v);
		return -1;
	}
	sort_lines(list, &lines);
	n = (ssize_t)lines.n;
	list->max = n == 0 ? 0 : lines.v[n - 1].uid;
	free(lines.v);
	if (n == 0 || list->broken)
		return 1;
	list->uidvalidity = h.uidvalidity;
	list->reserved = h.next;
	list->digits = h.digits;
	list->width = h.width;
	list->fixed = true;
	set_next(list);
	stamp_of(st, &list->stamp);
	return 0;
}
