/*
 * What a session waits for while its client is in IDLE (RFC 2177): a wake-up
 * from the board through the worker, or from an inotify descriptor of its own
 * where there is no worker.
 */
#ifndef IMAP_IDLE_H
#define IMAP_IDLE_H

#include "worker/imap/state.h"

/*
 * Begins to watch the selected folder; -1: only the slow check is left. The
 * caller looks at the folder after it.
 */
int idle_watch(struct session *);
void idle_unwatch(struct session *);

/* The same for a session of a shell; its descriptor stands in for control. */
int idle_shell_watch(struct session *);
void idle_shell_unwatch(struct session *);
/* Empties it into news.changed. */
void idle_shell_read(struct session *);

/*
 * A client that was parked in IDLE: tells what is new and parks again, or goes
 * on with its IDLE to the end.
 */
void idle_resume(struct session *);

#endif
