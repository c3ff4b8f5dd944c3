/*
 * Clients that stay in IDLE: what each costs once their server has come to
 * rest. They are held by as many processes as the limit of open files asks for.
 */
#include "t/bench/bench.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOLDERS 64
#define SPARE   100   /* descriptors of a holder that are no client */
#define LIFE    1800  /* seconds that it lives at most */
#define STILL   12    /* seconds without a process more or less: at rest */
#define RESTING 120.0 /* seconds after which it is measured all the same */

struct report { /* from a holder */
	int idling, lost;
	char why[64]; /* there are no more, or "" */
};

struct held {
	pid_t pid[HOLDERS];
	int n;
	int leash; /* they end when it is closed */
	struct report sum;
};

static void open_all(struct held *, int);
static int most_of_one(void);
static void holder(int, int, int, int) __attribute__((noreturn));
static void end_all(struct held *);
static int rest(void);
static double available(void);
static void report(struct held *);

void
held_memory(void)
{
	struct held h;

	report(&h);
	end_all(&h);
}

void
held_hold(void)
{
	struct held h;
	sigset_t term;
	int sig;

	(void)sigemptyset(&term);
	(void)sigaddset(&term, SIGTERM);
	report(&h);
	(void)sigprocmask(SIG_BLOCK, &term, NULL);
	(void)sigwait(&term, &sig);
	end_all(&h);
}

/*
 * The growth of PSS over all processes per client; in the note the drop of
 * free memory (kernel and the client's side included). Then the CPU of a minute
 * in which nothing happens.
 */
static void
report(struct held *h)
{
	struct figure f = {.unit = "kB"}, idle = {.unit = "ms/min"};
	const char *how = options()->tls
			      ? options()->squeezed ? "tls, compress" : "tls"
			  : options()->squeezed ? "compress"
						: "plain";
	int before = rest(), after, n;
	double pss = meter_pss(&after), had = available(), began;
	struct meter m;
	char note[256];

	meter_begin(&m);
	open_all(h, options()->clients);
	meter_end(&m);
	n = h->sum.idling > 0 ? h->sum.idling : 1;
	f.cpu_ms = m.cpu * 1e3 / n;
	f.peak_mb = m.peak;
	after = rest();
	had = (had - available()) / n;
	f.value = h->sum.idling > 0 ? (meter_pss(&after) - pss) / n : -1;
	(void)snprintf(note, sizeof(note),
	    "%d in IDLE, %d lost%s%s, processes %d to %d, free memory %.1f kB",
	    h->sum.idling, h->sum.lost, h->sum.why[0] != '\0' ? ", " : "",
	    h->sum.why, before, after, had);
	f.note = note;
	figure_print(&f, "quiet client, %s, of %d", how, options()->clients);
	meter_begin(&m);
	began = now();
	pause_for(options()->seconds);
	meter_end(&m);
	idle.value =
	    h->sum.idling > 0 ? m.cpu * 1e3 * 60 / (now() - began) : -1;
	idle.cpu_ms = -1;
	(void)snprintf(note, sizeof(note), "over %.0f s", now() - began);
	idle.note = note;
	figure_print(&idle, "CPU of %d in IDLE, %s", options()->clients, how);
}

/* Until no session lingers; the processes that are there. */
static int
rest(void)
{
	int n = meter_processes(), was = n, still = 0;
	double end = now() + RESTING;

	while (still < STILL && now() < end) {
		pause_for(1);
		n = meter_processes();
		still = n == was ? still + 1 : 0;
		was = n;
	}
	return n;
}

static double
available(void)
{
	char line[128];
	double kb = 0;
	FILE *f = fopen("/proc/meminfo", "re");

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		(void)sscanf(line, "MemAvailable: %lf", &kb);
	}
	if (f != NULL) {
		(void)fclose(f);
	}
	return kb;
}

/* All holders have reported when it returns. */
static void
open_all(struct held *h, int clients)
{
	int each = most_of_one(), begun = 0, n, tell[2], leash[2];
	struct report r;

	memset(h, 0, sizeof(*h));
	if (pipe(tell) == -1 || pipe(leash) == -1) {
		fail("pipe: %s", strerror(errno));
	}
	for (; h->n < HOLDERS && begun < clients; h->n++, begun += n) {
		n = clients - begun < each ? clients - begun : each;
		h->pid[h->n] = fork();
		if (h->pid[h->n] == -1) {
			fail("fork: %s", strerror(errno));
		}
		if (h->pid[h->n] == 0) {
			(void)close(tell[0]);
			(void)close(leash[1]);
			holder(n, begun, tell[1], leash[0]);
		}
	}
	(void)close(leash[0]);
	(void)close(tell[1]);
	h->leash = leash[1];
	/* They are less than PIPE_BUF: whole. One that failed says nothing. */
	while (read(tell[0], &r, sizeof(r)) == (ssize_t)sizeof(r)) {
		h->sum.idling += r.idling;
		h->sum.lost += r.lost;
		if (r.why[0] != '\0') {
			memcpy(h->sum.why, r.why, sizeof(r.why));
		}
	}
	(void)close(tell[0]);
}

static int
most_of_one(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1) {
		fail("getrlimit: %s", strerror(errno));
	}
	return (int)limit.rlim_cur - SPARE;
}

/*
 * Opens n clients, says so, and reads what they are told until the leash ends;
 * 0: all are still there.
 */
static void
holder(int n, int k, int tell, int leash)
{
	struct pollfd end = {leash, POLLIN, 0};
	struct report r = {0, 0, ""};
	const char *why;

	(void)signal(SIGTERM, SIG_IGN); /* timeout(1) tells the whole group */
	(void)alarm(LIFE);
	(void)quiet_open(n, false, k);
	why = quiet_count(&r.idling, &r.lost);
	if (why != NULL) {
		(void)snprintf(r.why, sizeof(r.why), "%s", why);
	}
	if (write(tell, &r, sizeof(r)) != (ssize_t)sizeof(r)) {
		_exit(1);
	}
	(void)close(tell);
	while (poll(&end, 1, 0) == 0) {
		conn_step(500);
	}
	n = r.idling;
	(void)quiet_count(&r.idling, &r.lost);
	_exit(r.idling == n ? 0 : 1);
}

/* None of them may have been lost since. */
static void
end_all(struct held *h)
{
	int status, lost = 0;

	(void)close(h->leash);
	for (int i = 0; i < h->n; i++) {
		if (waitpid(h->pid[i], &status, 0) != h->pid[i] ||
		    status != 0) {
			lost++;
		}
	}
	if (lost > 0) {
		fail("clients were lost while they were quiet");
	}
}
