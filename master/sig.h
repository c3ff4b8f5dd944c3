/*
 * Signals as descriptors: nothing is done in a handler. The master waits for
 * them in its loop; its children ignore what a terminal sends to the group.
 */
#ifndef MASTER_SIG_H
#define MASTER_SIG_H

/*
 * Blocks SIGHUP, SIGTERM, SIGINT, SIGCHLD and ignores SIGPIPE; the signalfd, or
 * -1 with errno.
 */
int sig_open(void);
/* A signalfd for SIGCHLD alone, for the template. */
int sig_open_child(void);
/* The next signal that came, 0 if there is none. */
int sig_next(int fd);
/* In a forked child before exec: ignored and default signals, none blocked. */
void sig_child(void);

#endif
