/*
 * The door of worker/imap: a session serves one client at a time, straight
 * code. With a worker it is handed clients over a control channel (shm/ipc.h:
 * SERVE, RESUME, PARK, END, POST, WATCH and so on); from a shell it serves its
 * own standard input and output (PREAUTH).
 */
#ifndef IMAP_SESSION_H
#define IMAP_SESSION_H

#include "shm/settings.h"

struct session_account {     /* whose mail; all lent for the session's life */
	const char *user;    /* canonical login name */
	const char *options; /* Courier's account options, "" if none */
	int rootfd;  /* the Maildir's root, opened; -1: could not be opened */
	int rooterr; /* errno then */
	const char *path;     /* where it was opened; NULL: does not matter */
	const char *indexdir; /* of its index, NULL: in the Maildir */
	const char *home;     /* looked at for its sticky bit; NULL: not */
};

/*
 * Loads what sessions load at need: time zone and character sets. In the
 * process that they are forked from; a session may not load code.
 */
void session_warm(void);
/*
 * Serves client after client of one account until the channel ends or nobody
 * comes for set->linger seconds. Takes rootfd over. Returns the exit status.
 */
int session_serve(const struct settings *set,
    const struct session_account *account, int control);
/*
 * imapd ./Maildir: PREAUTH on descriptors 0 and 1 (COURIER 2.4). Waits on an
 * inotify descriptor of its own while in IDLE. Returns the exit status.
 */
int session_shell(
    const struct settings *set, const struct session_account *account);
#endif
