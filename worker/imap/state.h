/*
 * What a session knows: what lasts for the process (struct session) and what
 * belongs to the client of now (struct client: all of it could be written out
 * when the client is parked). Private to this room.
 */
#ifndef IMAP_STATE_H
#define IMAP_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <bsd/sys/queue.h>

#include "maildir/maildir.h"
#include "shm/ipc.h"
#include "shm/limits.h"
#include "shm/settings.h"
#include "worker/imap/arena.h"
#include "worker/imap/buf.h"
#include "worker/imap/reader.h"
#include "worker/imap/session.h"
#include "worker/imap/wire.h"

#define SESSION_LINE_MAX    (64u << 20) /* one response without its literals */
#define SESSION_QUIET       2  /* s without input: look at the folder once */
#define SESSION_ADDRESS     64 /* bytes of an address as text */
#define SESSION_TAG_MAX     1024
#define SESSION_MAX_NAME    1024 /* bytes of a mailbox name */
#define SESSION_FIRST_WAIT  30   /* s for the first SERVE */
#define SESSION_IDLE_LINGER 200  /* ms in IDLE before it parks */
#define SESSION_PARK_AGAIN  5    /* s until parking is tried again */
#define SESSION_GO_WAIT     2000 /* ms that a worker has for GO */

/* RFC 3501 section 3, after login. */
enum session_state {
	SESSION_AUTH,
	SESSION_SELECTED,
	SESSION_LOGOUT,
	SESSION_PARKED /* the worker has it */
};

struct view;
struct control_serve;
STAILQ_HEAD(control_list, control_serve);
struct notify;

struct client {
	enum session_state state;
	struct view *view;     /* the selected folder; NULL in SESSION_AUTH */
	bool utf8;             /* UTF8=ACCEPT is enabled, RFC 6855 */
	bool rev2;             /* IMAP4rev2 is, RFC 9051 */
	bool condstore;        /* MODSEQ belongs to each news, RFC 7162 3.1 */
	bool qresync;          /* VANISHED and UID as well, 3.2.3; then both */
	struct notify *notify; /* RFC 5465; NULL: never asked */
	uint32_t *saved;       /* UIDs of "$", RFC 5182; heap */
	size_t nsaved;
	char idle_tag[SESSION_TAG_MAX]; /* of a running IDLE, else "" */
	unsigned bad;                   /* bad commands in a row */
	unsigned ids;                   /* IDs with something in them */
	enum ipc_end why;               /* in SESSION_LOGOUT */
	uint64_t conn;
	unsigned flags; /* IPC_SERVE_* */
	char peer[SESSION_ADDRESS];
	uint32_t port;
	uint64_t header_bytes, body_bytes; /* sent by FETCH */
	time_t since;                      /* monotonic: session begun */
	bool waits;       /* in IDLE: the worker watches its folder */
	bool newsonly;    /* woken to be told what is new, IPC_RESUME_NEWS */
	uint64_t counter; /* the board's, when it was woken; 0: none */
	bool looked;      /* its folder was looked at for another since then */
	bool keeps;       /* its state is too large to be parked */
	time_t parkable;  /* monotonic: not to be tried before */
};

/* A folder left open for the next client of it. */
struct session_kept {
	struct mailbox *box; /* or NULL */
	char folder[SESSION_MAX_NAME];
	bool readonly;
	uint64_t counter; /* the board's before its last look for news; or 0 */
};

/* What came over the control channel and waits to be looked at. */
struct session_news {
	bool go;        /* IPC_GO: the worker is in the mask */
	bool stay;      /* IPC_STAY: not now */
	bool changed;   /* IPC_CHANGED or inotify */
	bool wanted;    /* IPC_WANTED: others wait */
	uint32_t heard; /* IPC_CHANGED since the last WATCH */
	bool stream;    /* IPC_STREAM: the new one, -1 if the client is lost */
	int stream_fd;
	enum {
		NEWS_NONE,
		NEWS_SHUTDOWN, /* IPC_SHUTDOWN */
		NEWS_KICKED,   /* ... by an administrator */
		NEWS_ORPHAN    /* the channel has ended */
	} end;
};

struct session {
	const struct settings *set;
	const struct session_account *account;
	struct maildir *maildir; /* NULL: see rooterr */
	int rooterr;
	bool foreign;          /* the Maildir belongs to somebody else */
	bool lingers;          /* has served; the next may have a fresh one */
	int control;           /* to the worker; -1: from a shell */
	struct arena *arena;   /* of the command */
	struct arena *scratch; /* of one message inside a command */
	struct reader *reader;
	struct wire wire;
	struct buf line; /* the response under construction */
	struct session_news news;
	unsigned served; /* commands since the control channel was looked at */
	struct control_list queue; /* RESUMEs that came early */
	struct session_kept kept;
	struct client client;
};

/* The only setter of client.state: asserts that the step is legal. */
void session_enter(struct session *, enum session_state);
/* "* BYE text" and SESSION_LOGOUT for this reason. */
void session_bye(struct session *, enum ipc_end why, const char *text);
/*
 * Ends the client without a word when the wire is no longer open. Returns
 * whether it may go on.
 */
bool session_alive(struct session *);
/* Reads what the control channel holds into news; never waits. */
void session_control(struct session *);
/* Acts on news.end: BYE, if there is cause. */
void session_obey(struct session *);
/* Monotonic seconds. */
time_t session_clock(void);

#endif
