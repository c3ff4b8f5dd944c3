/*
 * imapctl's commands on a running server: who, kick, stats. Asked through the
 * control socket; each returns imapctl's exit status (1: no server, not
 * allowed, nobody found) and prints what it does.
 */
#ifndef MASTER_CTL_SERVER_H
#define MASTER_CTL_SERVER_H

#include <stdbool.h>

/* socket NULL: IMAP_CONTROLSOCKET of the environment, else the default. */
int ctl_who(const char *socket, bool json);
/* A login name, or the number of a connection. */
int ctl_kick(const char *socket, const char *what);
/* prometheus: in the text form of Prometheus (version 0.0.4). */
int ctl_stats(const char *socket, bool prometheus);

#endif
