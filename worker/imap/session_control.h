/* The control channel between a session and its worker (shm/ipc.h). */
#ifndef IMAP_SESSION_CONTROL_H
#define IMAP_SESSION_CONTROL_H

#include "worker/imap/state.h"

struct control_serve { /* SERVE or RESUME */
	STAILQ_ENTRY(control_serve) next;
	struct client client; /* as far as the message tells */
	int fd;               /* the client's stream; its own */
	bool resume;
	char *tag;       /* of the LOGIN that is still to be answered */
	uint8_t *record; /* of RESUME */
	size_t nrecord;
	uint8_t *input; /* bytes that the worker had read already */
	size_t ninput;
};

struct control_park { /* PARK */
	struct buf record;
	uint64_t dev, ino; /* the folder it wants news of, or 0 */
	time_t quiet;      /* s */
	struct buf said;   /* to one that was only woken for news */
	bool likewise;     /* the same holds for others with its record */
};

/*
 * Waits for the next client. 1: *out is the caller's; 0: none came in time, or
 * the channel has ended; -1: the worker broke the rules.
 */
int control_next(
    struct session *, unsigned seconds, struct control_serve **out);
void control_free(struct control_serve *);
/*
 * The session ends, and has served whom it has read of: those that lie in the
 * channel are untouched, and the worker may give them to another.
 */
void control_leave(struct session *);
/* Tells the worker that the session is done with the client. 0 or -1. */
int control_end(struct session *);
/*
 * WISH: may the client be parked? True: the worker has said GO, and waits for
 * control_park or control_stay.
 */
bool control_wish(struct session *);
/* The client is the worker's. */
int control_park(struct session *, const struct control_park *);
/*
 * The session goes on with its client, after GO or RESUME_NEWS. Those who wait
 * behind it are given back.
 */
void control_stay(struct session *);

#endif
