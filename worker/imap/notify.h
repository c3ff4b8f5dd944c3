/*
 * NOTIFY (RFC 5465): what the client of now wants to hear of, and what it was
 * told of each mailbox. Look and tell; the waiting is the session's.
 */
#ifndef IMAP_NOTIFY_H
#define IMAP_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "maildir/maildir.h"
#include "shm/limits.h"
#include "worker/imap/arena.h"
#include "worker/imap/parse_notify.h"
#include "worker/imap/state.h"

#define NOTIFY_FOLLOW_MAX 32 /* folders that watch watches for a client */

struct notify_box {        /* a mailbox as it was told */
	char *name;        /* of the namespace, UTF-8; owned */
	char *folder;      /* of the store, owned; NULL: does not exist */
	uint64_t dev, ino; /* its identity */
	uint64_t stamp;    /* of the last look */
	bool young;        /* the stamp had moved then: not to be trusted */
	bool subscribed;
	bool children;
	bool left; /* while two pictures are compared: nothing is like it */
	struct mailbox_status told;
};

struct notify {
	struct arena *kept; /* what set points into */
	struct arena *work; /* of one look */
	struct parse_notify set;
	struct notify_box *boxes; /* by name */
	size_t n;
	bool waits;     /* the worker tells us of the account's slot */
	bool stays;     /* parked, it waited at the slot of this very Maildir */
	bool slow;      /* more folders than are watched for a client */
	time_t again;   /* monotonic: when it must be looked at next */
	int64_t looked; /* monotonic ms: the end of the last look */
	uint64_t followed[NOTIFY_FOLLOW_MAX][2]; /* dev, ino */
	size_t nfollowed;
};

/* A set from its printed form. NULL: it is none (EINVAL), or ENOMEM. */
struct notify *notify_new(const char *text, size_t n);
/* Frees one that is no client's. NULL is fine. */
void notify_drop(struct notify *);
/* Forgets the client's set, if there is one; the worker is not told. */
void notify_free(struct session *);
/*
 * The client's set becomes this one, taken over: waits at the account's slot,
 * then takes the first picture; status: told as STATUS lines.
 */
void notify_start(struct session *, struct notify *, bool status);

/*
 * Between two commands or in IDLE: tells what is new since the last look. Does
 * nothing for a client without NOTIFY.
 */
void notify_look(struct session *, bool idle);
/* The same if the worker has said that there is cause, or if it is time. */
void notify_turn(struct session *);
/* What a look at the selected folder has found. */
void notify_tell_selected(struct session *, bool idle);
/* At most so many seconds may pass until notify_turn. */
unsigned notify_patience(const struct session *, unsigned seconds);

/*
 * As bytes, for the record of a parked client. -1: it does not fit, the client
 * must keep its session.
 */
int notify_print(const struct notify *, struct buf *out);
/* What notify_print printed. NULL: it is not that, or no memory. */
struct notify *notify_parse(const struct settings *, const uint8_t *, size_t);
/* Will the client hear of all that it asked for while it is parked? */
bool notify_parks(const struct session *);
/*
 * Before it is parked: where its worker waits for it, 0 and 0 if it asked for
 * nothing. -1: the Maildir is gone.
 */
int notify_place(struct session *, uint64_t *dev, uint64_t *ino);
/*
 * It has come back; known: to a session of the worker that it was parked with,
 * which follows for it what it followed.
 */
void notify_back(struct session *, bool known);
/* ... and is served on: waits at the account's slot, and looks once more. */
void notify_rejoin(struct session *);
/* ... for news, outside of IDLE: tells them and parks, or is served on. */
void notify_resume(struct session *);

/* ---- for the files of notify ---- */

enum notify_how {
	NOTIFY_FIRST,  /* take the picture */
	NOTIFY_STATUS, /* ... and tell STATUS of each */
	NOTIFY_NEWS,   /* tell what is new */
};
/* The mailboxes that are not selected. 0; -1: too many, or no memory. */
int notify_boxes(struct session *, enum notify_how);
void notify_boxes_free(struct notify_box *, size_t n);
/*
 * Is it the selected one, whatever name it was opened by? RFC 5465 6.1: that is
 * told by the SELECTED filters alone.
 */
bool notify_is_open(const struct session *, const struct notify_box *);
/* Enters the mask; -1: only the slow look. */
int notify_wait(struct session *);
void notify_unwait(struct session *);
/* Has watch watch the folders of now, as many as may be. */
void notify_follow(struct session *);

#endif
