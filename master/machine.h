/*
 * What the server asks of its machine for all processes, and the lines of the
 * log about what is refused: nothing is weaker than meant without being told.
 */
#ifndef MASTER_MACHINE_H
#define MASTER_MACHINE_H

#include <stdbool.h>

#include "shm/settings.h"

/* Open files for MAXDAEMONS; workers inherit it. At start and at a reload. */
void machine_files(const struct settings *);
/* The master is the last to be killed when memory is short. */
void machine_oom(bool privileged);
/*
 * Shuts the master in (jail_master, and its filter as root) and finds out what
 * of the sandbox this machine has for the others. 0, -1: it is not to start,
 * and why is on stderr: its own jail failed, or SANDBOX is "required" and
 * something is not to be had.
 */
int machine_sandbox(const struct settings *, bool privileged);
/* A line for each thing that was refused, and for a sandbox that is off. */
void machine_tell(void);

#endif
