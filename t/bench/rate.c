/*
 * Figures per second: logins, pipelined commands, durable APPENDs, and the
 * bare system calls of an APPEND to compare with.
 */
#include "t/bench/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEPTH  100  /* commands in flight */
#define LETTER 4096 /* octets of an appended message */
#define MOST   1000000
#define LOCK   "../tmp/courier.lock"

static void note_time(double);
static void login_ready(struct conn *);
static void login_line(struct conn *, const char *, size_t);
static void rate_ended(struct conn *);
static void pipe_one(const char *);
static void pipe_fill(struct conn *, unsigned long);
static void pipe_ready(struct conn *);
static void pipe_line(struct conn *, const char *, size_t);
static void append_ready(struct conn *);
static void append_line(struct conn *, const char *, size_t);
static void append_begin(struct conn *);
static void raw_some(const char *, bool);
static void raw_child(unsigned long *, int, bool);
static bool raw_once(int, int, unsigned long, bool);
static bool raw_lock(int, unsigned long);
static struct conn *clients_open(int);
static void rate_print(const char *, const struct meter *, double);

static double *times;
static size_t ntimes;
static unsigned long failures;
static char letter[LETTER + 2];
static bool pipe_noop;

static void
note_time(double t)
{
	if (times == NULL && (times = calloc(MOST, sizeof(*times))) == NULL) {
		fail("no memory");
	}
	if (ntimes < MOST) {
		times[ntimes++] = t;
	}
}

static struct conn *
clients_open(int n)
{
	struct conn *c = calloc((size_t)n, sizeof(*c));
	int i;

	if (c == NULL) {
		fail("no memory");
	}
	for (i = 0; i < n; i++) {
		if (!conn_open(
			&c[i], options()->first + i % options()->users)) {
			fail("connect: %s", strerror(errno));
		}
	}
	return c;
}

/* NAME xCLIENTS: so many per second, CPU of each, in the note the latency. */
static void
rate_print(const char *name, const struct meter *m, double seconds)
{
	struct figure f = {.unit = "/s", .peak_mb = m->peak};
	double n = ntimes > 0 ? (double)ntimes : 1;
	char note[128];

	qsort(times, ntimes, sizeof(*times), compare_doubles);
	(void)snprintf(note, sizeof(note), "p50 %.2f p99 %.2f ms%s",
	    quantile(times, ntimes, .5) * 1e3,
	    quantile(times, ntimes, .99) * 1e3, failures > 0 ? ", FAILED" : "");
	f.value = (double)ntimes / seconds;
	f.cpu_ms = m->cpu * 1e3 / n;
	f.note = note;
	figure_print(&f, "%s x%d", name, options()->clients);
	if (failures > 0) {
		(void)fprintf(
		    stderr, "bench: %s: %lu failed\n", name, failures);
	}
}

void
rate_login(void)
{
	static const struct conn_ops ops = {
	    login_ready, login_line, rate_ended};
	int i, k = options()->clients;
	struct meter m;
	struct conn *c;
	double begin;

	conn_begin(&ops);
	meter_begin(&m);
	begin = now();
	c = clients_open(k);
	while (now() < begin + options()->seconds) {
		conn_step(100);
		for (i = 0; i < options()->clients; i++) {
			if (c[i].state == CONN_DEAD &&
			    !conn_open(&c[i],
				options()->first + k++ % options()->users)) {
				fail("connect: %s", strerror(errno));
			}
		}
	}
	begin = now() - begin;
	meter_end(&m);
	rate_print(options()->tls ? "login tls" : "login plain", &m, begin);
}

static void
login_ready(struct conn *c)
{
	conn_say(c, "b LOGOUT");
}

static void
login_line(struct conn *c, const char *line, size_t n)
{
	if (n > 2 && line[0] == 'b') {
		note_time(now() - c->since);
		conn_close(c);
	}
}

static void
rate_ended(struct conn *c)
{
	if (c->step != 99) {
		failures++;
	}
}

void
rate_pipe(void)
{
	pipe_noop = true;
	pipe_one("NOOP");
	pipe_noop = false;
	pipe_one("FETCH n (UID FLAGS)");
}

static void
pipe_one(const char *name)
{
	static const struct conn_ops ops = {pipe_ready, pipe_line, rate_ended};
	struct figure f = {.unit = "/s"};
	struct meter m = {0, 0};
	struct conn *c;
	unsigned long before;
	double begin;

	conn_begin(&ops);
	c = clients_open(1);
	for (begin = now(); c->step == 0 && now() < begin + 30;) {
		conn_step(100);
	}
	meter_begin(&m);
	begin = now();
	before = c->done;
	while (now() < begin + options()->seconds && c->state == CONN_READY) {
		conn_step(100);
	}
	begin = now() - begin;
	meter_end(&m);
	before = c->done - before;
	f.value = (double)before / begin;
	f.cpu_ms = m.cpu * 1e3 / (before > 0 ? (double)before : 1);
	f.peak_mb = m.peak;
	f.note = c->state == CONN_READY ? NULL : "FAILED";
	figure_print(&f, "%s, %d deep", name, DEPTH);
	c->step = 99;
	conn_close(c);
	free(c);
}

static void
pipe_ready(struct conn *c)
{
	conn_say(c, "s SELECT INBOX");
}

static void
pipe_fill(struct conn *c, unsigned long n)
{
	char text[DEPTH * 48];
	size_t len = 0;
	unsigned long seq;

	for (; n > 0; n--) {
		seq = 1 + c->sent++ % (unsigned long)options()->n;
		len += (size_t)(pipe_noop
				    ? snprintf(text + len, sizeof(text) - len,
					  "p NOOP\r\n")
				    : snprintf(text + len, sizeof(text) - len,
					  "p FETCH %lu (UID FLAGS)\r\n", seq));
	}
	conn_put(c, text, len);
}

/* Never more than DEPTH in flight, filled up by halves. */
static void
pipe_line(struct conn *c, const char *line, size_t n)
{
	if (n < 2 || line[1] != ' ') {
		return;
	}
	if (line[0] == 's' && c->step == 0) {
		c->step = 1;
		pipe_fill(c, DEPTH);
	} else if (line[0] == 'p') {
		c->done++;
		if (line[2] != 'O') {
			fail("answer: %s", line);
		}
		if (c->sent - c->done == DEPTH / 2) {
			pipe_fill(c, DEPTH / 2);
		}
	}
}

void
rate_append(void)
{
	static const struct conn_ops ops = {
	    append_ready, append_line, rate_ended};
	int i, ready;
	struct meter m;
	struct conn *c;
	double begin;

	letter_make(letter, LETTER);
	conn_begin(&ops);
	c = clients_open(options()->clients);
	begin = now();
	do {
		conn_step(100);
		for (i = ready = 0; i < options()->clients; i++) {
			ready += c[i].step == 1;
		}
	} while (ready < options()->clients && now() < begin + 30);
	ntimes = 0;
	meter_begin(&m);
	begin = now();
	for (i = 0; i < options()->clients; i++) {
		if (c[i].state == CONN_READY) {
			append_begin(&c[i]);
		}
	}
	while (now() < begin + options()->seconds) {
		conn_step(100);
	}
	begin = now() - begin;
	meter_end(&m);
	rate_print("append 4 KB", &m, begin);
}

static void
append_ready(struct conn *c)
{
	c->step = 1;
}

static void
append_begin(struct conn *c)
{
	c->since = now();
	/* A synchronising literal: not every peer knows the other kind. */
	conn_say(c, "a APPEND INBOX (\\Seen) {%d}", LETTER);
}

static void
append_line(struct conn *c, const char *line, size_t n)
{
	if (line[0] == '+') {
		conn_put(c, letter, sizeof(letter));
	} else if (n > 4 && line[0] == 'a') {
		if (line[2] != 'O') {
			fail("answer: %s", line);
		}
		note_time(now() - c->since);
		append_begin(c);
	}
}

void
letter_make(char *to, size_t n)
{
	static const char head[] =
	    "From: Bench Sender <sender@example.org>\r\n"
	    "To: someone@example.net\r\nSubject: bench message\r\n"
	    "Date: Mon, 02 Feb 2026 10:00:00 +0000\r\n"
	    "Message-ID: <bench@example.org>\r\nMIME-Version: 1.0\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n\r\n";
	size_t i;

	memcpy(to, head, sizeof(head) - 1);
	for (i = sizeof(head) - 1; i < n; i++) {
		to[i] = (char)('a' + i % 26);
		if (i % 72 == 71 && i + 6 < n) {
			to[i - 1] = '\r';
			to[i] = '\n';
		}
	}
	memcpy(to + n - 2, "\r\n\r\n", 4);
}

/*
 * What a durable APPEND cannot do without: create, write, fsync, rename,
 * fsync of the directory, a line appended, fdatasync. By so many processes,
 * each in a folder of its own. And the same with Courier's lock around what
 * comes after the first fsync, as with IMAP_USELOCKS=1.
 */
void
raw_append(void)
{
	letter_make(letter, LETTER);
	raw_some("append 4 KB", false);
	raw_some("append 4 KB, Courier's lock", true);
}

static void
raw_some(const char *name, bool locked)
{
	int i, n = options()->clients;
	unsigned long *count, sum = 0;
	struct figure f = {.unit = "/s", .cpu_ms = -1};
	pid_t pid;

	count = mmap(NULL, (size_t)n * sizeof(*count), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (count == MAP_FAILED) {
		fail("no memory");
	}
	for (i = 0; i < n; i++) {
		pid = fork();
		if (pid == -1) {
			fail("fork: %s", strerror(errno));
		}
		if (pid == 0) {
			raw_child(&count[i], i, locked);
			_exit(0);
		}
	}
	while (wait(NULL) > 0) {
		continue;
	}
	for (i = 0; i < n; i++) {
		sum += count[i];
	}
	f.value = (double)sum / options()->seconds;
	figure_print(&f, "%s x%d", name, n);
	(void)munmap(count, (size_t)n * sizeof(*count));
}

static void
raw_child(unsigned long *count, int i, bool locked)
{
	double end = now() + options()->seconds;
	char path[1024];
	int dir, list;

	(void)snprintf(path, sizeof(path), "%s/%d", options()->maildir, i);
	(void)mkdir(path, 0700);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1 || (mkdirat(dir, "tmp", 0700) == -1 && errno != EEXIST) ||
	    (mkdirat(dir, "cur", 0700) == -1 && errno != EEXIST)) {
		fail("%s: %s", path, strerror(errno));
	}
	list = openat(
	    dir, "list", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	(void)close(dir);
	(void)snprintf(path, sizeof(path), "%s/%d/cur", options()->maildir, i);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (dir != -1 && list != -1 && now() < end) {
		if (!raw_once(dir, list, *count, locked)) {
			fail("%s: %s", path, strerror(errno));
		}
		(*count)++;
	}
}

static bool
raw_once(int cur, int list, unsigned long k, bool locked)
{
	char name[64], tmp[80], line[80];
	int fd, n;

	(void)snprintf(
	    name, sizeof(name), "%lu.%s:2,S", k, locked ? "locked" : "raw");
	(void)snprintf(tmp, sizeof(tmp), "../tmp/%lu", k);
	n = snprintf(line, sizeof(line), "%lu %s\n", k, name);
	fd = openat(cur, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1 || write(fd, letter, LETTER) != LETTER ||
	    fsync(fd) == -1 || close(fd) == -1 ||
	    (locked && !raw_lock(cur, k))) {
		return false;
	}
	return renameat(cur, tmp, cur, name) == 0 && fsync(cur) == 0 &&
	       write(list, line, (size_t)n) == n && fdatasync(list) == 0 &&
	       (!locked || unlinkat(cur, LOCK, 0) == 0);
}

/* As Courier takes it, for who comes alone. */
static bool
raw_lock(int cur, unsigned long k)
{
	static const char id[] = "12345:bench";
	const ssize_t n = sizeof(id) - 1;
	char own[80];
	int fd;

	(void)snprintf(own, sizeof(own), "../tmp/%lu_courierlock", k);
	fd = openat(cur, own, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return fd != -1 && write(fd, id, (size_t)n) == n && close(fd) == 0 &&
	       linkat(cur, own, cur, LOCK, 0) == 0 &&
	       unlinkat(cur, own, 0) == 0;
}
