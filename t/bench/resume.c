/*
 * What it costs to go on after a rest: commands of a client that is at work,
 * and the same behind the DONE of an IDLE, of a few seconds (ours is parked,
 * its session lingers) and of more (there is none any more).
 */
#include "t/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>

#define BUSY   20  /* rounds of a client that is at work */
#define SHORT  5.0 /* seconds of IDLE */
#define LONG   14.0
#define ROUNDS 20

static void rounds(
    struct conn *, const char *command, const char *name, double idle, int);
static double one(struct conn *, const char *command, double idle);

void
resume(void)
{
	int few = options()->clients < ROUNDS ? options()->clients : ROUNDS;
	char fetch[64];
	struct conn c;

	(void)snprintf(
	    fetch, sizeof(fetch), "FETCH %ld (UID FLAGS)", options()->n);
	talk_open(&c, options()->first);
	(void)talk(&c, "SELECT INBOX");
	(void)talk(&c, "NOOP");
	rounds(&c, "NOOP", "NOOP", 0, BUSY);
	rounds(&c, fetch, "FETCH", 0, BUSY);
	rounds(&c, "NOOP", "NOOP", SHORT, few);
	rounds(&c, fetch, "FETCH", SHORT, few);
	rounds(&c, "NOOP", "NOOP", LONG, few);
	rounds(&c, fetch, "FETCH", LONG, few);
	talk_close(&c);
}

static void
rounds(
    struct conn *c, const char *command, const char *name, double idle, int n)
{
	struct figure f = {.unit = "ms"};
	double took[ROUNDS], cpu = 0;
	struct meter m;
	char note[64];
	int i;

	for (i = 0; i < n; i++) {
		if (idle > 0) {
			(void)talk(c, "NOOP");
			conn_say(c, "i IDLE");
			for (double end = now() + idle; now() < end;) {
				conn_step(50);
			}
		}
		meter_begin(&m);
		took[i] = one(c, command, idle);
		if (c->status != 'O') {
			fail("%s failed", command);
		}
		meter_end(&m);
		cpu += m.cpu;
		if (m.peak > f.peak_mb) {
			f.peak_mb = m.peak;
		}
	}
	qsort(took, (size_t)n, sizeof(took[0]), compare_doubles);
	f.value = quantile(took, (size_t)n, .5) * 1e3;
	f.cpu_ms = cpu * 1e3 / n;
	(void)snprintf(note, sizeof(note), "most %.2f", took[n - 1] * 1e3);
	f.note = note;
	if (idle > 0) {
		figure_print(&f, "%s after %.0f s of IDLE, of %ld", name, idle,
		    options()->n);
	} else {
		figure_print(&f, "%s at work, of %ld", name, options()->n);
	}
}

/* Seconds until its tagged answer. */
static double
one(struct conn *c, const char *command, double idle)
{
	double begin = now();

	if (idle == 0) {
		return talk(c, "%s", command);
	}
	if (c->status == 'X') {
		return 0;
	}
	c->status = 0;
	conn_say(c, "DONE\r\nt %s", command);
	while (c->status == 0 && now() < begin + BENCH_STEP) {
		conn_step(1000);
	}
	return now() - begin;
}
