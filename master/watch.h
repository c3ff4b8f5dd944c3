/*
 * The watch process: one inotify instance for the whole host. What programs do
 * in a watched folder that know nothing of the board ends up on the board. It
 * opens nothing and names nothing: it is given directory descriptors.
 */
#ifndef MASTER_WATCH_H
#define MASTER_WATCH_H

#include "shm/boot.h"

/* The role's entry: descriptors as in enum boot_fd. Returns the exit status. */
int watch_serve(const struct boot *);
/*
 * The same with its parts named: parent is the channel to the master, boardfd
 * the board, bells the BOOT_WORKERS eventfds. Ends when the master has gone or
 * says STOP.
 */
int watch_run(const struct boot *, int parent, int boardfd, const int *bells);

#endif
