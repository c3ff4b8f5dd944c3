/*
 * The master's sockets in the file system, for programs of this machine: the
 * notify socket (given to watch) and the control socket.
 */
#ifndef MASTER_LOCAL_H
#define MASTER_LOCAL_H

#include <sys/types.h>

/*
 * A bound socket of SOCK_DGRAM (with the senders' credentials) or
 * SOCK_SEQPACKET (listening); gid (gid_t)-1: as is. One that a dead server left
 * is replaced, one of a living server is not: EADDRINUSE. The descriptor, never
 * waiting, or -1 with errno. path "": -1 with ENOENT.
 */
int local_open(const char *path, int type, mode_t mode, gid_t gid);
/* Removes the name, unless path is "". */
void local_remove(const char *path);

#endif
