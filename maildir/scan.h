/*
 * Reading a directory of messages, and what such a reading proves. readdir may
 * miss a file that is renamed meanwhile: only a reading that was one system
 * call (the kernel holds the directory for so long), or one during which the
 * directory's time stamp stood still and was old enough to be trusted, proves
 * that what it did not see is not there.
 */
#ifndef MAILDIR_SCAN_H
#define MAILDIR_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "maildir/util.h"

#define SCAN_YOUNG_MS   20   /* a younger stamp may hide a change */
#define SCAN_COARSE_MS  2000 /* the same without sub-second stamps */
#define SCAN_BUFFER_MAX ((size_t)32 << 20)

struct scan {
	struct stamp before, after;
	struct timespec began;
	size_t bytes;   /* that the entries took */
	unsigned calls; /* that brought entries */
	bool young;     /* the stamp was too young to be trusted */
	bool dots;      /* set before: names that begin with a dot, too */
};

/*
 * Calls fn for each entry that can be a message: a regular file, no dot file
 * (unless scan->dots).
 * The name is lent for the call, NUL-terminated. A result other than 0 of fn
 * ends the reading with -1. bytes is a guess at what the names take. 0 or -1:
 * then nothing is proved at all.
 */
int scan_read(int fd, size_t bytes, struct scan *,
    int (*fn)(void *, const char *name, size_t len), void *arg);
/* Is what was not seen not there? */
bool scan_proves_absence(const struct scan *);
/* May the directory be taken as known until its stamp moves? */
bool scan_is_settled(const struct scan *);
/* Milliseconds until the stamp is old enough; 0: it is. */
unsigned scan_wait_ms(const struct stamp *, const struct timespec *now);

#endif
