/*
 * One message's bytes. Small files are read (a map costs more than it saves),
 * large ones are mapped, so that looking at a header touches only its pages.
 */
#include "worker/imap/content.h"

#include <sys/mman.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "worker/imap/header.h"

#define CONTENT_READ_MAX 262144u /* bytes; larger files are mapped */
#define READ_STEP        8192    /* bytes of a header */

static int read_all(struct content *, int, size_t);
static int map_all(struct content *, int, size_t);
static int reserve(struct content *, size_t);
static int read_header(struct content *, int);
static size_t header_size(const char *, size_t);
static bool find_end(const char *, size_t, size_t *);
static void guard_install(void);
static void guard_fault(int, siginfo_t *, void *);

/* The map of now, for the handler; a session has one at a time. */
static struct {
	volatile uintptr_t from, to;
	uintptr_t page;       /* 0: no handler yet */
	struct sigaction was; /* who was there before */
} guard;

void
content_init(struct content *c)
{
	memset(c, 0, sizeof(*c));
	buf_init(&c->picked, 2u * MIME_HEADER_MAX);
}

void
content_done(struct content *c)
{
	content_close(c);
	free(c->heap);
	buf_done(&c->picked);
	content_init(c);
}

int
content_open(struct content *c, struct mailbox *box, uint32_t uid)
{
	struct message_file f;
	int result, err;

	content_close(c);
	if (mailbox_message(box, uid, &f) == -1)
		return -1;
	result = f.size > CONTENT_READ_MAX ? map_all(c, f.fd, (size_t)f.size)
					   : read_all(c, f.fd, (size_t)f.size);
	err = errno;
	(void)close(f.fd);
	errno = err;
	if (result == -1)
		return -1;
	c->date = f.date;
	c->header = header_size(c->p, c->n);
	c->whole = true;
	return 0;
}

int
content_open_header(
    struct content *c, struct mailbox *box, uint32_t uid, bool fields)
{
	struct message_file f;
	int result, err;

	content_close(c);
	c->kept =
	    fields && mailbox_kept(box, uid, MAILBOX_HEADER, &c->p, &c->n);
	c->header = c->n;
	if (c->kept)
		return 0;
	if (mailbox_message(box, uid, &f) == -1)
		return -1;
	result = read_header(c, f.fd);
	err = errno;
	(void)close(f.fd);
	errno = err;
	if (result == -1)
		return -1;
	c->date = f.date;
	content_keep_header(c, box, uid);
	return 0;
}

void
content_keep_header(struct content *c, struct mailbox *box, uint32_t uid)
{
	const char *p;
	size_t n;

	if (c->kept || mailbox_kept(box, uid, MAILBOX_HEADER, &p, &n))
		return;
	buf_clear(&c->picked);
	header_pick(&c->picked, c->p, c->header);
	if (!c->picked.failed && c->picked.n <= HEADER_KEPT_MAX)
		mailbox_keep(
		    box, uid, MAILBOX_HEADER, c->picked.p, c->picked.n);
}

void
content_close(struct content *c)
{
	mime_free(c->mime);
	mime_free(c->head);
	c->mime = c->head = NULL;
	if (c->mapped != 0) {
		guard.from = guard.to = 0;
		(void)munmap((void *)(uintptr_t)c->p, c->mapped);
	}
	c->mapped = 0;
	c->p = NULL;
	c->n = c->header = 0;
	c->whole = c->kept = false;
}

const struct mime *
content_mime(struct content *c)
{
	if (c->mime == NULL)
		c->mime = mime_parse(c->p, c->n);
	return c->mime;
}

const struct mime *
content_head(struct content *c)
{
	if (c->head == NULL)
		c->head = mime_parse(c->p, c->header);
	return c->head;
}

/* A file that is shorter than it was is what it is now. */
static int
read_all(struct content *c, int fd, size_t n)
{
	size_t got = 0;
	ssize_t r;

	if (reserve(c, n + 1) == -1)
		return -1;
	while (got < n) {
		r = pread(fd, c->heap + got, n - got, (off_t)got);
		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			return -1;
		if (r == 0)
			break;
		got += (size_t)r;
	}
	c->p = c->heap;
	c->n = got;
	return 0;
}

static int
reserve(struct content *c, size_t room)
{
	char *p;

	if (c->room >= room)
		return 0;
	p = realloc(c->heap, room);
	if (p == NULL)
		return -1;
	c->heap = p;
	c->room = room;
	return 0;
}

/* Up to its empty line, in steps; of more than the limit the first part. */
static int
read_header(struct content *c, int fd)
{
	size_t n = 0, line = 0;
	bool found = false;
	ssize_t got;

	do {
		if (reserve(c, n + READ_STEP + n / 2) == -1)
			return -1;
		got = pread(fd, c->heap + n, READ_STEP, (off_t)n);
		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1)
			return -1;
		n += (size_t)got;
		found = find_end(c->heap, n, &line);
	} while (!found && got != 0 && n < MIME_HEADER_MAX);
	c->p = c->heap;
	c->n = c->header = found ? header_size(c->heap, n) : n;
	return 0;
}

/* Is the empty line in p[n]? *line: the last line that was begun so far. */
static bool
find_end(const char *p, size_t n, size_t *line)
{
	const char *lf;

	for (;;) {
		lf = memchr(p + *line, '\n', n - *line);
		if (lf == NULL)
			return false;
		if (lf == p + *line || (lf == p + *line + 1 && lf[-1] == '\r'))
			return true;
		*line = (size_t)(lf - p) + 1;
	}
}

static int
map_all(struct content *c, int fd, size_t n)
{
	void *p;

	guard_install();
	p = mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return -1;
	c->p = p;
	c->n = c->mapped = n;
	guard.from = (uintptr_t)p;
	guard.to = guard.from + n;
	return 0;
}

/* Up to and with the first empty line; all of it if there is none. */
static size_t
header_size(const char *p, size_t n)
{
	const char *lf;
	size_t at = 0;

	while (at < n) {
		if (p[at] == '\n')
			return at + 1;
		if (p[at] == '\r' && at + 1 < n && p[at + 1] == '\n')
			return at + 2;
		lf = memchr(p + at, '\n', n - at);
		if (lf == NULL)
			break;
		at = (size_t)(lf - p) + 1;
	}
	return n;
}

static void
guard_install(void)
{
	struct sigaction sa;

	if (guard.page != 0)
		return;
	guard.page = (uintptr_t)sysconf(_SC_PAGESIZE);
	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = guard_fault;
	sa.sa_flags = SA_SIGINFO | SA_NODEFER;
	(void)sigemptyset(&sa.sa_mask);
	(void)sigaction(SIGBUS, &sa, &guard.was);
}

/*
 * Lays zeros over the page that the file no longer has; what is not a message's
 * is for who was there before (the index has a handler as well).
 */
static void
guard_fault(int sig, siginfo_t *info, void *context)
{
	uintptr_t at = (uintptr_t)info->si_addr;

	(void)context;
	if (at >= guard.from && at < guard.to &&
	    mmap((void *)(at & ~(guard.page - 1)), guard.page, PROT_READ,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED)
		return;
	if ((guard.was.sa_flags & SA_SIGINFO) != 0) {
		guard.was.sa_sigaction(sig, info, context);
		return;
	}
	(void)sigaction(sig, &guard.was, NULL);
	(void)raise(sig);
}
