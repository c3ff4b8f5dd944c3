/*
 * Clients in IDLE, and how soon each hears of a change.
 */
#include "t/bench/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define FLIGHT 64   /* clients logging in at a time */
#define LOST   200  /* so many lost ones: the server has no more to give */
#define SIZE   3000 /* octets of a message that comes */
#define WAIT   10.0 /* seconds after which a notice counts as missed */

enum quiet_step {
	QUIET_SELECT,
	QUIET_ASKED,
	QUIET_IDLE,
	QUIET_ACTOR
};
enum quiet_event {
	BY_STORE,
	BY_APPEND,
	BY_DELIVERY,
	EVENTS
};

struct waves {
	double *all, *first, *last;
	size_t n, rounds;
	unsigned long missed;
};

static void quiet_ready(struct conn *);
static void quiet_line(struct conn *, const char *, size_t);
static void quiet_ended(struct conn *);
static bool is_news(const char *);
static bool memory_is_short(void);
static void actor_open(struct conn *);
static double act(struct conn *, enum quiet_event, size_t);
static void wake_round(struct conn *, enum quiet_event, size_t, struct waves *);
static void wake_print(enum quiet_event, struct waves *, const struct meter *);

static int idling, gone;
static const char *enough; /* why no more are opened */
static double *heard;      /* when this round's watchers had their line */
static size_t nheard;
static unsigned round_now;
static const char *const news[EVENTS] = {" FETCH ", " EXISTS", " EXISTS"};
static const char *const event_names[EVENTS] = {"store", "append", "deliver"};
static enum quiet_event waiting_for;

static void
quiet_ready(struct conn *c)
{
	if (c->step != QUIET_ACTOR) {
		conn_say(c, "s SELECT INBOX");
	}
}

static void
quiet_line(struct conn *c, const char *line, size_t n)
{
	if (c->step == QUIET_SELECT && n > 4 && strncmp(line, "s OK", 4) == 0) {
		c->step = QUIET_ASKED;
		conn_say(c, "i IDLE");
	} else if (c->step <= QUIET_ASKED && n > 4 && line[0] != '*' &&
		   line[0] != '+') {
		if (gone++ == 0) {
			(void)fprintf(stderr, "bench: answer: %s\n", line);
		}
		conn_close(c);
	} else if (c->step == QUIET_ASKED && line[0] == '+') {
		c->step = QUIET_IDLE;
		idling++;
	} else if (c->step == QUIET_IDLE && c->sent != round_now &&
		   is_news(line)) {
		c->sent = round_now;
		heard[nheard++] = now();
	} else if (c->step == QUIET_ACTOR && n > 2 && line[1] == ' ' &&
		   line[0] != '*') {
		c->done++;
		c->status = line[0] == '+' ? '+' : line[2];
	}
}

static bool
is_news(const char *line)
{
	return round_now > 0 && line[0] == '*' &&
	       strstr(line, news[waiting_for]) != NULL;
}

static void
quiet_ended(struct conn *c)
{
	if (c->step == QUIET_IDLE) {
		idling--;
	}
	gone++;
}

struct conn *
quiet_open(int n, bool one, int k)
{
	static const struct conn_ops ops = {
	    quiet_ready, quiet_line, quiet_ended};
	struct conn *c = calloc((size_t)n + 1, sizeof(*c));
	int opened = 0;
	double end = now() + 1200;

	heard = calloc((size_t)n + 1, sizeof(*heard));
	if (c == NULL || heard == NULL) {
		fail("no memory");
	}
	conn_begin(&ops);
	while (idling + gone < (enough == NULL ? n : opened) && now() < end) {
		while (enough == NULL && opened < n &&
		       opened - idling - gone < FLIGHT) {
			if (gone > LOST) {
				enough = "it takes no more";
			} else if (memory_is_short()) {
				enough = "memory is short";
			} else if (!conn_open(&c[opened],
				       options()->first +
					   (one ? 0
						: (k + opened) %
						       options()->users))) {
				enough = strerror(errno);
			} else {
				opened++;
			}
		}
		conn_step(200);
	}
	if (idling + gone < n && enough == NULL) {
		enough = "its time is over";
	}
	return c;
}

const char *
quiet_count(int *in, int *lost)
{
	*in = idling;
	*lost = gone;
	return enough;
}

/* A tenth is left to the machine. */
static bool
memory_is_short(void)
{
	char line[128];
	double all = 0, left = 0;
	FILE *f = fopen("/proc/meminfo", "re");

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		(void)sscanf(line, "MemTotal: %lf", &all);
		(void)sscanf(line, "MemAvailable: %lf", &left);
	}
	if (f != NULL) {
		(void)fclose(f);
	}
	return left < all / 10;
}

void
quiet_settle(double seconds)
{
	double end = now() + seconds;

	while (now() < end) {
		conn_step(50);
	}
}

void
quiet_wake(void)
{
	size_t i, w = (size_t)options()->clients, r = (size_t)options()->n;
	struct conn *c = quiet_open(options()->clients, true, 0);
	struct waves v;
	struct meter m;
	enum quiet_event e;

	actor_open(&c[w]);
	v.all = calloc(w * r, sizeof(double));
	v.first = calloc(r, sizeof(double));
	v.last = calloc(r, sizeof(double));
	if (v.all == NULL || v.first == NULL || v.last == NULL) {
		fail("no memory");
	}
	quiet_settle(2);
	for (e = BY_STORE; e < EVENTS; e++) {
		if (e == BY_DELIVERY && options()->maildir == NULL) {
			continue;
		}
		v.n = v.rounds = 0;
		v.missed = 0;
		meter_begin(&m);
		for (i = 0; i < r && v.missed < 2 * w + 2; i++) {
			wake_round(&c[w], e, i, &v);
		}
		meter_end(&m);
		wake_print(e, &v, &m);
	}
}

static void
actor_open(struct conn *c)
{
	double end = now() + 30;

	if (!conn_open(c, options()->first)) {
		fail("connect: %s", strerror(errno));
	}
	c->step = QUIET_ACTOR;
	while (c->state != CONN_READY && now() < end) {
		conn_step(100);
	}
	conn_say(c, "s SELECT INBOX");
	while (c->done == 0 && now() < end) {
		conn_step(100);
	}
	if (c->status != 'O') {
		fail("the actor cannot SELECT");
	}
}

/* Does it; the time from which the watchers' notices are counted. */
static double
act(struct conn *c, enum quiet_event e, size_t i)
{
	static char letter[SIZE + 2];
	unsigned long before = c->done;
	double begin, end = now() + WAIT;

	if (e == BY_DELIVERY) {
		return deliver(options()->maildir, SIZE);
	}
	if (e == BY_STORE) {
		begin = now();
		conn_say(c, "p STORE %zu %cFLAGS.SILENT (\\Draft)", 1 + i / 2,
		    i % 2 == 0 ? '+' : '-');
		return begin;
	}
	letter_make(letter, SIZE);
	conn_say(c, "p APPEND INBOX {%d}", SIZE);
	while (c->done == before && now() < end) {
		conn_step(100);
	}
	if (c->status != '+') {
		fail("APPEND was refused");
	}
	begin = now();
	conn_put(c, letter, sizeof(letter));
	return begin;
}

static void
wake_round(struct conn *actor, enum quiet_event e, size_t i, struct waves *v)
{
	double begin, end;
	size_t k;

	waiting_for = e;
	nheard = 0;
	round_now++;
	begin = act(actor, e, i);
	end = begin + WAIT;
	while (nheard < (size_t)idling && now() < end) {
		conn_step(100);
	}
	for (k = 0; k < nheard; k++) {
		v->all[v->n++] = heard[k] - begin;
	}
	v->missed += (unsigned long)idling - nheard;
	if (nheard > 0) {
		v->first[v->rounds] = heard[0] - begin;
		v->last[v->rounds++] = heard[nheard - 1] - begin;
	}
	quiet_settle(0.2);
}

static void
wake_print(enum quiet_event e, struct waves *v, const struct meter *m)
{
	struct figure f = {.unit = "ms", .peak_mb = m->peak};
	char note[128];

	qsort(v->all, v->n, sizeof(double), compare_doubles);
	qsort(v->first, v->rounds, sizeof(double), compare_doubles);
	qsort(v->last, v->rounds, sizeof(double), compare_doubles);
	f.cpu_ms = m->cpu * 1e3 / (v->rounds > 0 ? (double)v->rounds : 1);
	(void)snprintf(note, sizeof(note),
	    "first %.2f last %.2f p99 %.2f max %.2f, %lu missed",
	    quantile(v->first, v->rounds, .5) * 1e3,
	    quantile(v->last, v->rounds, .5) * 1e3,
	    quantile(v->all, v->n, .99) * 1e3,
	    v->n > 0 ? v->all[v->n - 1] * 1e3 : 0, v->missed);
	f.value = quantile(v->all, v->n, .5) * 1e3;
	f.note = note;
	figure_print(
	    &f, "wake of %d by %s, p50", options()->clients, event_names[e]);
}

double
deliver(const char *maildir, size_t n)
{
	static unsigned long count;
	char from[1024], to[1024];
	struct timeval t;
	double begin;
	FILE *f;
	size_t i;

	(void)gettimeofday(&t, NULL);
	count++;
	(void)snprintf(from, sizeof(from), "%s/tmp/%ld.M%06ldP%ldQ%lu.deliver",
	    maildir, (long)t.tv_sec, (long)t.tv_usec, (long)getpid(), count);
	(void)snprintf(to, sizeof(to), "%s/new/%ld.M%06ldP%ldQ%lu.deliver",
	    maildir, (long)t.tv_sec, (long)t.tv_usec, (long)getpid(), count);
	f = fopen(from, "we");
	if (f == NULL) {
		fail("%s: %s", from, strerror(errno));
	}
	(void)fputs("From: b@example.org\nSubject: delivered\n"
		    "Date: Mon, 02 Feb 2026 10:00:00 +0000\n\n",
	    f);
	for (i = 0; i < n / 32; i++) {
		(void)fputs("thirty-two octets make one line\n", f);
	}
	if (fchown(fileno(f), options()->owner, options()->owner) == -1 ||
	    fflush(f) != 0 || fsync(fileno(f)) == -1 || fclose(f) != 0) {
		fail("%s: %s", from, strerror(errno));
	}
	begin = now();
	if (rename(from, to) == -1) {
		fail("%s: %s", to, strerror(errno));
	}
	return begin;
}
