/*
 * How much one process may have logged: so many lines at once, and then so many
 * a minute; lines about clients, in Courier's form, by the thousand. What is
 * more is counted. Pure: who sends and the time are passed in.
 */
#ifndef MASTER_LOGFLOW_H
#define MASTER_LOGFLOW_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "shm/limits.h"

#define LOGFLOW_TELL_MS 10000 /* after the first that is dropped */

enum logflow_kind {
	LOGFLOW_CLIENTS, /* a line in Courier's form */
	LOGFLOW_OWN,     /* what a process says of itself */
	LOGFLOW_KINDS
};

/* Whether this process may have one more line; now: ms, rising. */
bool logflow_take(pid_t, enum logflow_kind, uint64_t now);
/*
 * A process of which lines were dropped that have not been told, for
 * LOGFLOW_TELL_MS; they are by this. False: there is none now.
 */
bool logflow_dropped(uint64_t now, pid_t *, unsigned long *lines);
/* ms until logflow_dropped may have one; -1: nothing is to be told. */
int logflow_wait(uint64_t now);

#endif
