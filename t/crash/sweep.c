/*
 * driver sweep OP BASE SITE FAULT STEP: lets an operation meet a fault at every
 * STEP-th of the calls that can, each time on a fresh copy of the site, and has
 * the judge compare. With CRASH_IMAPD set the operation is a session's command.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "t/crash/crash.h"
#include "t/crash/run.h"

struct fault {
	const char *name;
	enum shim_class class;
	unsigned what;
	bool always; /* at each call, one run */
};

static const struct fault faults[] = {
    {"kill", SHIM_CHANGE, SHIM_KILL, false},
    {"ENOSPC", SHIM_FAIL, ENOSPC, false},
    {"EDQUOT", SHIM_FAIL, EDQUOT, false},
    {"EIO", SHIM_FAIL, EIO, false},
    {"EROFS", SHIM_FAIL, EROFS, false},
    {"EINTR", SHIM_WAIT, EINTR, false},
    {"look-EIO", SHIM_LOOK, EIO, false},
    {"look-ESTALE", SHIM_LOOK, ESTALE, false},
    {"look-EACCES", SHIM_LOOK, EACCES, false},
    {"look-EMFILE", SHIM_LOOK, EMFILE, false},
    {"memory", SHIM_ALLOC, ENOMEM, false},
    {"storm", SHIM_WAIT, EINTR, true},
    {"short", SHIM_WAIT, SHIM_SHORT, true},
};

static const struct fault *
fault_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		if (strcmp(faults[i].name, name) == 0)
			return &faults[i];
	}
	die("no fault %s", name);
}

/* A fresh run; 1 if a signal ended it that was not the fault. */
static int
try(const struct run *r, struct shim_count *count)
{
	int sig = run_fresh(r, count);

	if (sig == 0 || (r->what == SHIM_KILL && sig == SIGKILL))
		return 0;
	(void)printf("# %s: ended by signal %d at call %u\n", r->op, sig, r->n);
	return 1;
}

int
sweep(struct run *r, const char *name, unsigned step)
{
	const struct fault *f = fault_find(name);
	struct shim_count count;
	unsigned all, at, runs = 0;
	char label[100];
	int bad = 0, ended;

	r->class = SHIM_CLASSES;
	bad += try(r, &count);
	bad += run_judge(r, "without a fault");
	all = f->always ? 1 : count.n[f->class];
	r->class = f->class;
	r->what = f->what;
	/* where it begins differs by operation, so that all see all */
	for (r->n = f->always ? 0 : 1 + (unsigned)strlen(r->op) % step;
	     r->n <= all && bad < 20; r->n += step) {
		ended = try(r, &count);
		runs++;
		at = r->n;
		/* A look more or less: the last call that there was. */
		for (int i = 0;
		     i < 20 && !f->always && !count.done &&
		     count.n[f->class] > 0 && count.n[f->class] < r->n;
		     i++) {
			r->n = count.n[f->class];
			ended = try(r, &count);
		}
		if (!f->always && !count.done) {
			(void)printf("# %s %u: not met\n", name, r->n);
			bad++;
		}
		(void)snprintf(
		    label, sizeof(label), "%s at call %u", name, r->n);
		bad += ended + run_judge(r, label);
		r->n = at;
		if (f->always)
			break;
	}
	(void)printf("= %u of %u\n", runs, all);
	if (all == 0 && !f->always) {
		(void)printf("# there was no such call\n");
		bad++;
	}
	return bad;
}
