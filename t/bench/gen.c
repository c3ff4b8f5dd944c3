/*
 * The mail that is measured with: message i of a pool is the same on every
 * machine. Plain text, alternatives, base64 attachments and forwarded
 * messages of 2 to 20 KB, half of them replies, some with encoded subjects;
 * every 500th subject has the word that SEARCH looks for. A pool is written
 * once; folders are hard links into it.
 */
#include "t/bench/bench.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BEGIN 1600000000 /* the date of the first message */

struct dice {
	uint64_t state;
};

struct letter {
	long i;
	long parent; /* -1: a new thread */
	time_t date;
	size_t size; /* of its text, about */
	const char *who;
	char mark[32]; /* between its parts */
};

static uint32_t roll(struct dice *, uint32_t);
static const char *pick(struct dice *, const char *const *, size_t);
static void write_letter(FILE *, long);
static void write_trace(FILE *, struct dice *, const struct letter *);
static void write_head(FILE *, struct dice *, const struct letter *);
static void write_subject(FILE *, struct dice *, const struct letter *);
static void write_body(FILE *, struct dice *, const struct letter *);
static void write_two(FILE *, struct dice *, const struct letter *);
static void write_document(FILE *, struct dice *, const struct letter *);
static void write_forward(FILE *, struct dice *, const struct letter *);
static void write_text(FILE *, struct dice *, size_t);
static void write_base64(FILE *, struct dice *, size_t);
static void write_date(FILE *, time_t);
static int is_message(const struct dirent *);
static void make(const char *, const char *);
static void link_all(const char *, struct dirent **, int);
static int list_pool(struct dirent ***);

static const char *const words[] = {"meeting", "report", "invoice", "project",
    "server", "update", "question", "schedule", "review", "contract", "budget",
    "travel", "order", "delivery", "status", "release", "patch", "holiday",
    "lunch", "agenda", "minutes", "draft", "account", "payment", "the", "a",
    "of", "and", "to", "in", "is", "that", "for", "it", "with", "as", "was",
    "on", "be", "at", "by", "this", "from", "or", "have", "an", "they", "which",
    "one", "we", "you", "were", "all", "their", "more", "about", "when", "them",
    "some", "these", "so", "people", "time", "my"};
static const char *const names[] = {"Anna", "Bert", "Carla", "Dmitri", "Elif",
    "Farid", "Grace", "Hiro", "Ines", "Jens", "Kofi", "Lena", "Marek", "Nadia",
    "Olu", "Petra"};
static const char *const flags[] = {"S", "S", "S", "S", "RS", "", "FS", "S"};
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

void
gen_pool(void)
{
	char path[1024], name[128];
	struct timespec t[2] = {{0, 0}, {0, 0}};
	char *text;
	size_t size;
	FILE *f, *mem;
	long i;

	(void)mkdir(options()->maildir, 0755);
	for (i = 0; i < options()->n; i++) {
		mem = open_memstream(&text, &size);
		if (mem == NULL) {
			fail("no memory");
		}
		write_letter(mem, i);
		if (fclose(mem) != 0) {
			fail("no memory");
		}
		t[0].tv_sec = t[1].tv_sec = BEGIN + i * 700;
		(void)snprintf(name, sizeof(name),
		    "%ld.M%06ldP%ld.bench,S=%zu:2,%s", BEGIN + i * 700,
		    i % 1000000, 1000 + i % 7, size, flags[i % COUNT(flags)]);
		(void)snprintf(
		    path, sizeof(path), "%s/%s", options()->maildir, name);
		f = fopen(path, "we");
		if (f == NULL || fwrite(text, 1, size, f) != size ||
		    fchown(fileno(f), options()->owner, (gid_t)-1) == -1 ||
		    fchmod(fileno(f), 0644) == -1 || fclose(f) != 0 ||
		    utimensat(AT_FDCWD, path, t, 0) == -1) {
			fail("%s: %s", path, strerror(errno));
		}
		free(text);
	}
}

static uint32_t
roll(struct dice *d, uint32_t below)
{
	uint64_t z = (d->state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (uint32_t)((z ^ (z >> 31)) % below);
}

static const char *
pick(struct dice *d, const char *const *list, size_t n)
{
	return list[roll(d, (uint32_t)n)];
}

static void
write_letter(FILE *f, long i)
{
	struct dice d = {(uint64_t)i * 1000003u + 17};
	struct letter m;
	double x;

	m.i = i;
	m.date = BEGIN + i * 700;
	m.parent = i > 40 && roll(&d, 2) == 0 ? i - 1 - (long)roll(&d, 39) : -1;
	m.who = pick(&d, names, COUNT(names));
	x = roll(&d, 1000) / 1000.0;
	m.size = (size_t)(1500 + 17500 * pow(x, 2.2));
	(void)snprintf(
	    m.mark, sizeof(m.mark), "=_b%ld_%08x", i, roll(&d, UINT32_MAX));
	write_trace(f, &d, &m);
	write_head(f, &d, &m);
	write_body(f, &d, &m);
}

static void
write_trace(FILE *f, struct dice *d, const struct letter *m)
{
	uint32_t k, n = 2 + roll(d, 3);

	(void)fprintf(f, "Return-Path: <%s@example.org>\n", m->who);
	(void)fputs("Delivered-To: someone@example.net\n", f);
	for (k = 0; k < n; k++) {
		(void)fprintf(f,
		    "Received: from mx%u.example.org (mx%u.example.org "
		    "[192.0.2.%u])\n\tby mail.example.net (Postfix) with "
		    "ESMTPS id %08X\n\tfor <someone@example.net>; ",
		    k, k, roll(d, 255), roll(d, UINT32_MAX));
		write_date(f, m->date);
		(void)fputc('\n', f);
	}
	(void)fputs("DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=s1;\n"
		    "\tb=",
	    f);
	write_base64(f, d, 128);
}

static void
write_head(FILE *f, struct dice *d, const struct letter *m)
{
	const char *who;
	uint32_t k, n;

	(void)fprintf(f,
	    "From: %s Example <%s@example.org>\n"
	    "To: Some One <someone@example.net>\nDate: ",
	    m->who, m->who);
	write_date(f, m->date);
	write_subject(f, d, m);
	(void)fprintf(f,
	    "\nMessage-ID: <m%ld@example.org>\nMIME-Version: 1.0\n"
	    "X-Mailer: bench/1.0\n",
	    m->i);
	if (roll(d, 10) < 4) {
		(void)fputs("Cc: ", f);
		for (k = 0, n = 1 + roll(d, 4); k < n; k++) {
			who = pick(d, names, COUNT(names));
			(void)fprintf(f, "%s%s <%s@example.com>",
			    k == 0 ? "" : ", ", who, who);
		}
		(void)fputc('\n', f);
	}
	if (m->parent >= 0) {
		(void)fprintf(f,
		    "In-Reply-To: <m%ld@example.org>\n"
		    "References: <m%ld@example.org>\n",
		    m->parent, m->parent);
	}
}

static void
write_subject(FILE *f, struct dice *d, const struct letter *m)
{
	uint32_t k, n = 2 + roll(d, 6);

	(void)fputs("\nSubject: ", f);
	if (m->parent >= 0) {
		(void)fprintf(f, "Re: topic %ld ", m->parent / 40);
	}
	if (roll(d, 12) == 0) {
		(void)fputs("=?utf-8?B?w6TDtsO8IHNjaMO2bg==?= ", f);
	}
	for (k = 0; k < n; k++) {
		(void)fprintf(
		    f, "%s%s", k == 0 ? "" : " ", pick(d, words, COUNT(words)));
	}
	if (m->i % 500 == 7) {
		(void)fputs(" needleword", f);
	}
}

static void
write_body(FILE *f, struct dice *d, const struct letter *m)
{
	uint32_t kind = roll(d, 100);

	if (kind < 35) {
		(void)fputs("Content-Type: text/plain; charset=utf-8\n"
			    "Content-Transfer-Encoding: 8bit\n\n",
		    f);
		write_text(f, d, m->size);
	} else if (kind < 75) {
		write_two(f, d, m);
	} else if (kind < 95) {
		write_document(f, d, m);
	} else {
		write_forward(f, d, m);
	}
}

static void
write_two(FILE *f, struct dice *d, const struct letter *m)
{
	(void)fprintf(f,
	    "Content-Type: multipart/alternative; boundary=\"%s\"\n\n--%s\n"
	    "Content-Type: text/plain; charset=utf-8\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n",
	    m->mark, m->mark);
	write_text(f, d, m->size / 3);
	(void)fprintf(f,
	    "\n--%s\nContent-Type: text/html; charset=utf-8\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n"
	    "<html><body><p class=3D\"b\">sch=C3=B6n ",
	    m->mark);
	write_text(f, d, m->size / 2);
	(void)fprintf(f, "</p></body></html>\n--%s--\n", m->mark);
}

static void
write_document(FILE *f, struct dice *d, const struct letter *m)
{
	(void)fprintf(f,
	    "Content-Type: multipart/mixed; boundary=\"%s\"\n\n--%s\n"
	    "Content-Type: text/plain; charset=us-ascii\n\n",
	    m->mark, m->mark);
	write_text(f, d, m->size / 4);
	(void)fprintf(f,
	    "\n--%s\nContent-Type: application/pdf; name=\"doc%ld.pdf\"\n"
	    "Content-Disposition: attachment; filename=\"doc%ld.pdf\"\n"
	    "Content-Transfer-Encoding: base64\n\n",
	    m->mark, m->i, m->i);
	write_base64(f, d, m->size / 2);
	(void)fprintf(f, "\n--%s--\n", m->mark);
}

static void
write_forward(FILE *f, struct dice *d, const struct letter *m)
{
	(void)fprintf(f,
	    "Content-Type: multipart/mixed; boundary=\"%s\"\n\n--%s\n"
	    "Content-Type: text/plain\n\n",
	    m->mark, m->mark);
	write_text(f, d, m->size / 4);
	(void)fprintf(f,
	    "\n--%s\nContent-Type: message/rfc822\n\n"
	    "From: other@example.com\nTo: %s@example.org\n"
	    "Subject: forwarded %ld\nDate: ",
	    m->mark, m->who, m->i);
	write_date(f, m->date - 5000);
	(void)fprintf(f,
	    "\nMessage-ID: <f%ld@example.com>\n"
	    "Content-Type: text/plain\n\n",
	    m->i);
	write_text(f, d, m->size / 2);
	(void)fprintf(f, "\n--%s--\n", m->mark);
}

static void
write_text(FILE *f, struct dice *d, size_t size)
{
	size_t n = 0, line = 0;
	const char *w;

	while (n < size) {
		w = pick(d, words, COUNT(words));
		(void)fputs(w, f);
		line++;
		(void)fputc(line % 11 == 0 ? '\n' : ' ', f);
		n += strlen(w) + 1;
	}
	(void)fputc('\n', f);
}

static void
write_base64(FILE *f, struct dice *d, size_t size)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop"
				  "qrstuvwxyz0123456789+/";
	size_t i;

	for (i = 0; i < size * 4 / 3 / 4 * 4; i++) {
		(void)fputc(set[roll(d, 64)], f);
		if (i % 76 == 75 && size > 128) {
			(void)fputc('\n', f);
		}
	}
	(void)fputc('\n', f);
}

static void
write_date(FILE *f, time_t when)
{
	char text[64];
	struct tm tm;

	(void)gmtime_r(&when, &tm);
	(void)strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S +0000", &tm);
	(void)fputs(text, f);
}

static int
is_message(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

/* A folder PATH/SUB of the mail's owner. */
static void
make(const char *path, const char *sub)
{
	char name[1024];

	(void)snprintf(name, sizeof(name), "%s/%s", path, sub);
	if ((mkdir(name, 0700) == -1 && errno != EEXIST) ||
	    chown(name, options()->owner, options()->owner) == -1) {
		fail("%s: %s", name, strerror(errno));
	}
}

static int
list_pool(struct dirent ***list)
{
	int n = scandir(options()->pool, list, is_message, alphasort);

	if (n <= 0) {
		fail("%s: %s", options()->pool,
		    n == 0 ? "empty" : strerror(errno));
	}
	return n;
}

/* Links the first n of the pool into MAILDIR/cur. */
static void
link_all(const char *maildir, struct dirent **list, int n)
{
	int from = open(options()->pool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int i, to;
	char name[1100];

	make(maildir, "");
	make(maildir, "cur");
	make(maildir, "new");
	make(maildir, "tmp");
	(void)snprintf(name, sizeof(name), "%s/cur", maildir);
	to = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (from == -1 || to == -1) {
		fail("%s: %s", name, strerror(errno));
	}
	for (i = 0; i < n; i++) {
		if (linkat(from, list[i]->d_name, to, list[i]->d_name, 0) ==
		    -1) {
			fail("%s: %s", list[i]->d_name, strerror(errno));
		}
	}
	(void)close(from);
	(void)close(to);
}

void
gen_fill(void)
{
	struct dirent **list;
	int n = list_pool(&list);

	if (options()->n < n) {
		n = (int)options()->n;
	}
	link_all(options()->maildir, list, n);
}

void
gen_tree(void)
{
	struct dirent **list;
	char path[1024];
	FILE *f;
	int i, n = list_pool(&list);

	for (i = 1; i <= options()->n; i++) {
		(void)snprintf(
		    path, sizeof(path), "%s/.f%04d", options()->maildir, i);
		link_all(path, list, n < 20 ? n : 20);
		(void)snprintf(path, sizeof(path), "%s/.f%04d/maildirfolder",
		    options()->maildir, i);
		f = fopen(path, "we");
		if (f == NULL ||
		    fchown(fileno(f), options()->owner, (gid_t)-1) == -1 ||
		    fclose(f) != 0) {
			fail("%s: %s", path, strerror(errno));
		}
	}
}

void
gen_big(void)
{
	struct dice d = {1};
	struct letter m = {0, -1, BEGIN, 2000, "Anna", "=_big"};
	char path[1024];
	FILE *f;

	make(options()->maildir, "");
	make(options()->maildir, "cur");
	make(options()->maildir, "new");
	make(options()->maildir, "tmp");
	(void)snprintf(path, sizeof(path), "%s/cur/%d.M1P1.bench:2,S",
	    options()->maildir, BEGIN);
	f = fopen(path, "we");
	if (f == NULL) {
		fail("%s: %s", path, strerror(errno));
	}
	write_head(f, &d, &m);
	m.size = (size_t)options()->n * 2000000 * 3 / 4;
	write_document(f, &d, &m);
	if (fchown(fileno(f), options()->owner, (gid_t)-1) == -1 ||
	    fclose(f) != 0) {
		fail("%s: %s", path, strerror(errno));
	}
}

/* Links share their pages: without this the first server would pay for all. */
void
gen_warm(void)
{
	static char buf[65536];
	struct dirent **list;
	char path[1024];
	int i, fd, n = list_pool(&list);

	for (i = 0; i < n; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", options()->pool,
		    list[i]->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		while (fd != -1 && read(fd, buf, sizeof(buf)) > 0) {
			continue;
		}
		(void)close(fd);
	}
}
