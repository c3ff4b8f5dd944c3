/*
 * The write lock of a folder: flock on its directory, and where asked Courier's
 * dot-lock tmp/courier.lock as well. Held for milliseconds, never while waiting
 * for a client; gone with a killed process.
 */
#ifndef MAILDIR_LOCK_H
#define MAILDIR_LOCK_H

#include <stdbool.h>

struct lock {
	int dirfd;    /* of the folder; the caller's, -1: not held */
	bool flocked; /* else the file system knows no flock */
	bool dotted;
};

/*
 * Waits for the lock on the folder open at dirfd, at most that many seconds.
 * Each holder needs a descriptor of its own (not a dup). 0, or -1 with EBUSY.
 */
int lock_take(struct lock *, int dirfd, unsigned seconds);
/*
 * Adds Courier's lock to one that is held. The host is gethostname's. 0; -1:
 * EBUSY, or what forbids to make a file in tmp/. Twice is fine.
 */
int lock_dot(struct lock *, unsigned seconds);
/* Gives up what is held; errno stays. Not held is fine. */
void lock_drop(struct lock *);

#endif
