/*
 * Clients in IDLE: what each costs, and how soon each hears of a change.
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
static struct conn *quiet_open(int, bool);
static void quiet_settle(double);
static void quiet_before(void);
static double available(void);
static void actor_open(struct conn *);
static double act(struct conn *, enum quiet_event, size_t);
static void wake_round(struct conn *, enum quiet_event, size_t, struct waves *);
static void wake_print(enum quiet_event, struct waves *, const struct meter *);

static int idling, gone;
static double *heard; /* when this round's watchers had their line */
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

/* All clients in IDLE; of one user, or spread over the users. */
static struct conn *
quiet_open(int n, bool one)
{
	static const struct conn_ops ops = {
	    quiet_ready, quiet_line, quiet_ended};
	struct conn *c = calloc((size_t)n + 1, sizeof(*c));
	int opened = 0;
	double end = now() + 600;

	heard = calloc((size_t)n + 1, sizeof(*heard));
	if (c == NULL || heard == NULL) {
		fail("no memory");
	}
	conn_begin(&ops);
	while (idling + gone < n && now() < end) {
		while (opened < n && opened - idling - gone < FLIGHT) {
			if (!conn_open(&c[opened],
				options()->first +
				    (one ? 0 : opened % options()->users))) {
				fail("connect: %s", strerror(errno));
			}
			opened++;
		}
		conn_step(200);
	}
	return c;
}

static void
quiet_settle(double seconds)
{
	double end = now() + seconds;

	while (now() < end) {
		conn_step(50);
	}
}

/* Until the processes of earlier clients have gone. */
static void
quiet_before(void)
{
	int i, was = -1, processes = 0;

	for (i = 0; i < 30 && was != processes; i++) {
		was = processes;
		pause_for(2);
		(void)meter_pss(&processes);
	}
}

static double
available(void)
{
	char line[128];
	double kb = 0;
	FILE *f = fopen("/proc/meminfo", "re");

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, "MemAvailable:", 13) == 0) {
			kb = atof(line + 13);
		}
	}
	if (f != NULL) {
		(void)fclose(f);
	}
	return kb;
}

/*
 * The growth of PSS over all processes per client; in the note the drop of
 * free memory (kernel and the client's side included) and the CPU while
 * nothing happens.
 */
void
quiet_memory(void)
{
	struct figure f = {.unit = "kB"};
	double pss, free_before, idle;
	int before, after, n = options()->clients;
	struct meter m, still;
	struct conn *c;
	char note[160];

	quiet_before();
	pss = meter_pss(&before);
	free_before = available();
	meter_begin(&m);
	c = quiet_open(n, false);
	meter_end(&m);
	n = idling > 0 ? idling : 1;
	f.cpu_ms = m.cpu * 1e3 / n;
	f.peak_mb = m.peak;
	quiet_settle(8);
	free_before = (free_before - available()) / n;
	pss = (meter_pss(&after) - pss) / n;
	meter_begin(&still);
	idle = now();
	quiet_settle(options()->seconds);
	idle = now() - idle;
	meter_end(&still);
	f.value = pss;
	(void)snprintf(note, sizeof(note),
	    "%d in IDLE, %d lost, processes %d to %d, free memory %.0f kB, "
	    "CPU at rest %.2f %%",
	    idling, gone, before, after, free_before, still.cpu * 100 / idle);
	f.note = note;
	figure_print(&f, "quiet client, %s, of %d",
	    options()->tls ? "tls" : "plain", options()->clients);
	for (n = 0; n < options()->clients; n++) {
		conn_close(&c[n]);
	}
	free(c);
}

void
quiet_wake(void)
{
	size_t i, w = (size_t)options()->clients, r = (size_t)options()->n;
	struct conn *c = quiet_open(options()->clients, true);
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
