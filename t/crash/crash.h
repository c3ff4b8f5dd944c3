/*
 * What the crash tests' files share: the messages of the fixture, each made
 * from its number so that every byte of it can be checked, and the calls that
 * stop the program when something is wrong.
 */
#ifndef T_CRASH_CRASH_H
#define T_CRASH_CRASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "maildir/maildir.h"

#define INBOX_MESSAGES 20 /* numbers and UIDs 1 to 20 */
#define CRASH_SOME                                                             \
	{                                                                      \
		3, 5, 20                                                       \
	}            /* those that an op works on */
#define NEW_ID   101 /* the first number of a message that an op adds */
#define PROBE_ID 900 /* numbers of messages that the judge adds */

/* Ends the program: "Bail out! ...: errno". */
void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
struct maildir *crash_open(const char *path);
/* The text of message id with LF line ends; the caller's to free. */
char *crash_text(unsigned id, size_t *n);
/* The number of the message with exactly these bytes; 0: it is none. */
unsigned crash_id(const char *text, size_t n);
/* Adds n messages from number id on; 0 or -1. */
int crash_deliver(struct maildir *, const char *folder, unsigned id, unsigned n,
    uint8_t flags, uint32_t *uids, uint32_t *uidvalidity);

/*
 * Compares a site after op (cut off or not) with the one before: what was said
 * (the driver's output) must be true, and nothing else lost. The number of
 * complaints, each printed as a "# " line. power: it was a power cut, which may
 * undo a STORE (nothing of it is synced), but nothing else that was told.
 */
int judge(const char *op, const char *before, const char *after,
    const char *said, bool power);

struct run;
/* sweep.c, cut.c: the number of complaints, printed likewise. */
int sweep(struct run *, const char *fault, unsigned step);
int cut(struct run *, unsigned step);

#endif
