/*
 * When a long command tells that it still works, and how: RFC 9585. Pure: the
 * time is passed in.
 */
#ifndef IMAP_PROGRESS_H
#define IMAP_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "worker/imap/buf.h"

#define PROGRESS_MS 5000 /* before the first line, and between two */
#define PROGRESS_CLOSED_MS                                                     \
	2000 /* the same where it finds out about a client                     \
	      */

struct progress {
	int64_t told; /* ms of some steady clock; at first when it began */
	bool unknown; /* how far it is cannot be said */
};

/*
 * Is a line due? closed: the client has closed its half, so that only a line to
 * it finds out whether anybody listens. If so, counts it as told.
 */
bool progress_due(struct progress *, int64_t now, bool closed);
/* Appends the line; done < goal, else the numbers are left out. */
void progress_print(struct buf *, const struct progress *, const char *tag,
    uint32_t done, uint32_t goal);

#endif
