/*
 * Saying to a running server that a folder has changed: the sender's side of
 * the local notify socket (master/watch_local.h). For who has no worker: a
 * session from a shell, a delivery agent, imapctl.
 */
#ifndef SHM_STIR_H
#define SHM_STIR_H

/* The socket of a server with default settings. */
#define STIR_SOCKET "/run/imapd.notify"

/*
 * The fact is on disk: posts the folder whose directory dirfd is, opened for
 * reading and still the caller's. path: the socket. Never waits. 0; -1 with
 * errno: ENOENT or ECONNREFUSED if no server is there, EAGAIN if it has too
 * much to do (it sees by itself then what has changed).
 */
int stir_send(const char *path, int dirfd);

#endif
