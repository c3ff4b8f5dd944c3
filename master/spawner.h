/*
 * The spawner: checks a worker's ticket and lets a spare become a session of
 * its owner. It parses nothing but fixed frames.
 */
#ifndef MASTER_SPAWNER_H
#define MASTER_SPAWNER_H

#include <sys/types.h>

#include "shm/boot.h"

/* The role's entry: descriptors as in enum boot_fd. Returns the exit status. */
int spawner_serve(const struct boot *);
/*
 * The same with its parts named: parent is the channel to the master;
 * start_template makes a process that takes FORK messages on channel (which
 * stays the caller's) and returns its pid, or -1 with errno. Ends when the
 * master has gone or says STOP.
 */
int spawner_run(const struct boot *, int parent,
    pid_t (*start_template)(const struct boot *, int channel));

#endif
