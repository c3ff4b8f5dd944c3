/*
 * The log process: takes finished lines from all the others over bounded
 * channels and writes them to syslog, or to stderr in the foreground. It waits
 * for nobody: lines that find no room are counted, and the count is told. So
 * are those that a process sends beyond its measure (logflow.h), so that
 * nobody's flood costs another's lines; and only the master and workers have
 * lines in any form that they like, which programs read to ban addresses.
 */
#ifndef MASTER_LOGGER_H
#define MASTER_LOGGER_H

#include "shm/boot.h"

#define LOGGER_QUEUE   16384 /* lines kept while the sink takes none ... */
#define LOGGER_SHARE   4096  /* ... and so many from one channel */
#define LOGGER_SOURCES 256

/* The role's entry: descriptors as in enum boot_fd. Returns the exit status. */
int logger_serve(const struct boot *);
/*
 * The same with its parts named: parent is the channel to the master, first the
 * first source, devlog the path of syslog's socket. It ends after STOP, or when
 * the master and all sources have gone (10 s after the master at most).
 */
int logger_run(const struct boot *, int parent, int first, const char *devlog);

#endif
