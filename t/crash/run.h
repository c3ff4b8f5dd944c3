/*
 * One operation run in a program of its own, by the library (this program) or
 * by IMAP commands (a session), with a fault if wanted.
 */
#ifndef T_CRASH_RUN_H
#define T_CRASH_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "t/crash/shim.h"

struct run {
	const char *self;  /* this program */
	const char *imapd; /* NULL: by the library */
	const char *op, *base, *site;
	const char *said;   /* file for what it said, as the judge reads it */
	const char *log;    /* SHIM_LOG, NULL: none */
	const char *prefix; /* words to run it with, such as "strace -f" */
	enum shim_class class; /* SHIM_CLASSES: no fault */
	unsigned n, what;
	bool power; /* for the judge */
};

/*
 * Runs it to its end on the site as it is; the calls it made to *count. The
 * signal that ended it, 0: none.
 */
int run_once(const struct run *, struct shim_count *count);
/* Runs it on a fresh copy of base. */
int run_fresh(const struct run *, struct shim_count *count);
/* The judge in a process of its own; its complaints, printed. */
int run_judge(const struct run *, const char *label);
/* The commands of an operation; talks with a session over fd. */
void wire_talk(int fd, const char *op, const char *said);
/* Lays out what strangers did before the operation. */
void run_strangers(const char *op, const char *site);

#endif
