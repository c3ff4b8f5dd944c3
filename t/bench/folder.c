/*
 * Single commands over a large folder, one after the other by one client:
 * each with its time and the server's CPU and peak. A command that a server
 * refuses is a line with a note and no value.
 */
#include "t/bench/bench.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void talk_ready(struct conn *);
static void talk_line(struct conn *, const char *, size_t);
static void talk_ended(struct conn *);
static void again(struct conn *);
static void step(struct conn *, const char *, const char *, ...)
    __attribute__((format(printf, 3, 4)));
static void step_done(struct conn *, const char *, double, struct meter *);
static void opens(struct conn *);
static void fetches(struct conn *);
static void searches(struct conn *);
static void changes(struct conn *, const char *);
static void raw_copy(int, struct dirent **, int);
static void raw_figure(const char *, double);

static char prefix[64];
static bool known;

static const struct conn_ops talk_ops = {talk_ready, talk_line, talk_ended};

static void
talk_ready(struct conn *c)
{
	c->status = 'O';
}

static void
talk_line(struct conn *c, const char *line, size_t n)
{
	static const char wanted[] = "* NAMESPACE ((\"";
	const char *end;

	if (line[0] == 't' && line[1] == ' ') {
		c->status = line[2];
		return;
	}
	c->lines++;
	if (n > 8 && strcmp(line + n - 7, " EXISTS") == 0) {
		c->exists = strtoul(line + 2, NULL, 10);
	} else if (n > 10 && memmem(line, n < 24 ? n : 24, " FETCH (", 8)) {
		c->fetched++;
	} else if (strncmp(line, wanted, sizeof(wanted) - 1) == 0) {
		line += sizeof(wanted) - 1;
		end = strchr(line, '"');
		if (end != NULL && end - line < (long)sizeof(prefix)) {
			memcpy(prefix, line, (size_t)(end - line));
			prefix[end - line] = '\0';
		}
	}
}

static void
talk_ended(struct conn *c)
{
	c->status = 'X';
}

void
talk_open(struct conn *c, int user)
{
	double end = now() + 30;

	conn_begin(&talk_ops);
	if (!conn_open(c, user)) {
		fail("connect: %s", strerror(errno));
	}
	while (c->status == 0 && now() < end) {
		conn_step(100);
	}
	if (c->status != 'O') {
		fail("cannot log in");
	}
}

double
talk(struct conn *c, const char *format, ...)
{
	char command[900];
	double begin, end;
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(command, sizeof(command), format, ap);
	va_end(ap);
	c->lines = c->fetched = 0;
	c->octets = 0;
	if (c->status == 'X') {
		return 0;
	}
	c->status = 0;
	begin = now();
	end = begin + BENCH_STEP;
	conn_say(c, "t %s", command);
	while (c->status == 0 && now() < end) {
		conn_step(1000);
	}
	if (c->status == 0) {
		fail("no answer in %.0f seconds to %s", BENCH_STEP, command);
	}
	return now() - begin;
}

void
talk_close(struct conn *c)
{
	(void)talk(c, "LOGOUT");
	conn_close(c);
}

const char *
talk_prefix(struct conn *c)
{
	if (!known) {
		(void)talk(c, "NAMESPACE");
		known = true;
	}
	return prefix;
}

/* A new connection of the same user. */
static void
again(struct conn *c)
{
	int user = c->user;

	if (c->status != 'X') {
		talk_close(c);
	}
	talk_open(c, user);
}

static void
step(struct conn *c, const char *name, const char *format, ...)
{
	char command[900];
	struct meter m;
	double t;
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(command, sizeof(command), format, ap);
	va_end(ap);
	meter_begin(&m);
	t = talk(c, "%s", command);
	meter_end(&m);
	step_done(c, name, t, &m);
}

static void
step_done(struct conn *c, const char *name, double t, struct meter *m)
{
	struct figure f = {t * 1e3, "ms", m->cpu * 1e3, m->peak, NULL};
	char note[80];

	if (c->status != 'O') {
		(void)snprintf(note, sizeof(note), "not done: %s",
		    c->status == 'X'   ? "connection ended"
		    : c->status == 'B' ? "BAD"
				       : "NO");
		f.value = -1;
		f.note = note;
		if (c->status == 'X') {
			again(c);
			(void)talk(c, "SELECT INBOX");
		}
	} else if (c->fetched > 0) {
		(void)snprintf(note, sizeof(note), "%lu lines, %.1f MB",
		    c->fetched, (double)c->octets / 1e6);
		f.note = note;
	}
	figure_print(&f, "%s", name);
}

void
folder_all(void)
{
	struct conn c;
	const char *box;

	talk_open(&c, options()->first);
	box = talk_prefix(&c);
	again(&c);
	opens(&c);
	fetches(&c);
	searches(&c);
	changes(&c, box);
	again(&c);
	step(&c, "SELECT after expunge", "SELECT INBOX");
	talk_close(&c);
}

static void
opens(struct conn *c)
{
	int i;

	step(c, "SELECT first", "SELECT INBOX");
	if (c->exists != (unsigned long)options()->n) {
		(void)fprintf(stderr, "bench: %lu messages, not %ld\n",
		    c->exists, options()->n);
	}
	pause_for(3); /* time stamps are trusted only after a while */
	again(c);
	(void)talk(c, "SELECT INBOX");
	pause_for(3);
	for (i = 0; i < 3; i++) {
		again(c);
		step(c, "SELECT settled", "SELECT INBOX");
	}
	(void)talk(c, "STORE 1 +FLAGS.SILENT (\\Flagged)");
	again(c);
	step(c, "SELECT after own STORE", "SELECT INBOX");
	(void)talk(c, "APPEND INBOX {14+}\r\nSubject: x\r\n\r\n");
	again(c);
	step(c, "SELECT after APPEND", "SELECT INBOX");
	if (options()->maildir != NULL) {
		again(c);
		(void)deliver(options()->maildir, 4000);
		step(c, "SELECT after delivery", "SELECT INBOX");
	}
}

static void
fetches(struct conn *c)
{
	static const char all[] =
	    "FETCH 1:* (ENVELOPE BODYSTRUCTURE INTERNALDATE RFC822.SIZE)";
	long middle = options()->n / 2;
	int i;

	for (i = 0; i < 2; i++) {
		step(c, "FETCH 1:* (UID FLAGS)", "FETCH 1:* (UID FLAGS)");
	}
	step(c, "FETCH 1:* (ENVELOPE ...) first", "%s", all);
	step(c, "FETCH 1:* (ENVELOPE ...) again", "%s", all);
	again(c);
	step(c, "STATUS (SIZE)", "STATUS INBOX (SIZE)");
	(void)talk(c, "SELECT INBOX");
	for (i = 0; i < 2; i++) {
		step(c, "FETCH of 1,000 BODY.PEEK[]",
		    "FETCH %ld:%ld (BODY.PEEK[])", middle, middle + 999);
	}
}

static void
searches(struct conn *c)
{
	step(c, "SEARCH SUBJECT first", "SEARCH SUBJECT needleword");
	step(c, "SEARCH SUBJECT again", "SEARCH SUBJECT needleword");
	step(c, "SEARCH TEXT (absent)", "SEARCH TEXT zyxabsent");
	step(c, "SEARCH UNSEEN", "SEARCH UNSEEN");
	step(c, "SORT (DATE) first", "SORT (DATE) UTF-8 ALL");
	step(c, "SORT (DATE) again", "SORT (DATE) UTF-8 ALL");
	step(c, "THREAD REFERENCES", "THREAD REFERENCES UTF-8 ALL");
}

static void
changes(struct conn *c, const char *box)
{
	long k = options()->n / 10;

	step(c, "STORE 1:* +FLAGS", "STORE 1:* +FLAGS (\\Answered)");
	(void)talk(c, "CREATE %sBenchCopy", box);
	step(c, "COPY of a tenth", "COPY 1:%ld %sBenchCopy", k, box);
	step(c, "STORE \\Deleted of a tenth",
	    "STORE 1:%ld +FLAGS.SILENT (\\Deleted)", k);
	step(c, "EXPUNGE of a tenth", "EXPUNGE");
	(void)talk(c, "DELETE %sBenchCopy", box);
}

void
folder_status(void)
{
	struct conn c;
	struct meter m;
	const char *box;
	double t;
	long i;
	int again_too;

	talk_open(&c, options()->first);
	box = talk_prefix(&c);
	for (again_too = 0; again_too < 3; again_too++) {
		meter_begin(&m);
		for (i = 1, t = 0; i <= options()->n && c.status != 'X'; i++) {
			t += talk(&c,
			    "STATUS %sf%04ld (MESSAGES UNSEEN UIDNEXT)", box,
			    i);
		}
		meter_end(&m);
		step_done(&c,
		    again_too > 0 ? "STATUS of all folders, again"
				  : "STATUS of all folders, first",
		    t, &m);
		pause_for(3);
	}
	talk_close(&c);
}

void
folder_stream(void)
{
	struct figure f = {.unit = "MB/s"};
	struct meter m;
	struct conn c;
	double t;
	int i;

	talk_open(&c, options()->first);
	(void)talk(&c, "SELECT INBOX");
	for (i = 0; i < 3; i++) {
		meter_begin(&m);
		t = talk(&c, "FETCH 1 (BODY.PEEK[])");
		meter_end(&m);
		f.value = c.status == 'O' ? (double)c.octets / t / 1e6 : -1;
		f.cpu_ms = m.cpu * 1e3;
		f.peak_mb = m.peak;
		figure_print(&f, "one body of %ld MB, %s", options()->n,
		    options()->tls ? "tls" : "plain");
	}
	talk_close(&c);
}

static void
raw_figure(const char *name, double t)
{
	struct figure f = {t * 1e3, "ms", -1, 0, NULL};

	figure_print(&f, "%s", name);
}

/* The system calls of STORE, COPY and EXPUNGE alone, on links like the rest. */
void
raw_folder(void)
{
	char name[1024], to[1100];
	struct dirent **list;
	int i, n, fd;
	double t;

	gen_fill();
	(void)snprintf(name, sizeof(name), "%s/cur", options()->maildir);
	fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	n = scandir(name, &list, NULL, alphasort);
	if (fd == -1 || n < 3) {
		fail("%s: %s", name, strerror(errno));
	}
	t = now();
	for (i = 2; i < n; i++) {
		(void)snprintf(to, sizeof(to), "%s.", list[i]->d_name);
		if (renameat(fd, list[i]->d_name, fd, to) == -1) {
			fail("rename: %s", strerror(errno));
		}
	}
	raw_figure("STORE 1:* +FLAGS", now() - t);
	raw_copy(fd, list, n / 10);
	t = now();
	for (i = 2; i < 2 + (n - 2) / 10; i++) {
		(void)snprintf(to, sizeof(to), "%s.", list[i]->d_name);
		if (renameat(fd, to, fd, list[i]->d_name) == -1) {
			fail("rename: %s", strerror(errno));
		}
	}
	raw_figure("STORE \\Deleted of a tenth", now() - t);
	t = now();
	for (i = 2; i < 2 + (n - 2) / 10; i++) {
		if (unlinkat(fd, list[i]->d_name, 0) == -1) {
			fail("unlink: %s", strerror(errno));
		}
	}
	if (fsync(fd) == -1) {
		fail("fsync: %s", strerror(errno));
	}
	raw_figure("EXPUNGE of a tenth", now() - t);
	(void)close(fd);
}

/* As many links in another folder, both their directory and a list synced. */
static void
raw_copy(int fd, struct dirent **list, int n)
{
	char name[1024], from[300];
	FILE *uids;
	double t;
	int i, to;

	(void)snprintf(name, sizeof(name), "%s/copy", options()->maildir);
	if (mkdir(name, 0700) == -1) {
		fail("%s: %s", name, strerror(errno));
	}
	to = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)snprintf(name, sizeof(name), "%s/list", options()->maildir);
	if (to == -1 || (uids = fopen(name, "we")) == NULL) {
		fail("%s: %s", name, strerror(errno));
	}
	t = now();
	for (i = 2; i < 2 + n; i++) {
		(void)snprintf(from, sizeof(from), "%s.", list[i]->d_name);
		if (linkat(fd, from, to, list[i]->d_name, 0) == -1) {
			fail("link: %s", strerror(errno));
		}
	}
	if (fsync(to) == -1) {
		fail("fsync: %s", strerror(errno));
	}
	for (i = 2; i < 2 + n; i++) {
		(void)fprintf(uids, "%d %s\n", i, list[i]->d_name);
	}
	if (fflush(uids) == EOF || fdatasync(fileno(uids)) == -1) {
		fail("%s: %s", name, strerror(errno));
	}
	raw_figure("COPY of a tenth", now() - t);
	(void)fclose(uids);
	(void)close(to);
}
