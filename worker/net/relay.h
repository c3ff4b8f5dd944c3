/*
 * Between a client under TLS or COMPRESS and its session: bytes both ways,
 * bounded, with back pressure and half-closing. The session sees a plain
 * stream.
 */
#ifndef NET_RELAY_H
#define NET_RELAY_H

#include "worker/net/client.h"

struct relay_half { /* bytes that could not be handed on at once */
	char *p;
	size_t at, n;
};

enum relay_flow {
	RELAY_OPEN,
	RELAY_ENDING, /* its source has ended, bytes are left */
	RELAY_SHUT,
};

struct relay {
	struct source src; /* the worker's end of the stream */
	struct client *client;
	struct relay_half up, down; /* to the session; to the client */
	enum relay_flow upward, downward;
	bool finish;          /* the session is done: RELAY_SHUT once drained */
	bool moved;           /* the session's end has been given bytes */
	bool heard;           /* the client may have sent something */
	struct deflate *next; /* COMPRESS begins once downwards is drained */
	bool dry;             /* ... as far as the stream goes */
};

/* On our end of a stream, taken over. -1 with errno. */
int relay_new(struct worker *, struct client *, int fd);
void relay_ready(struct worker *, struct relay *, uint32_t events);
/*
 * Moves what can be moved and registers for the rest. 1: goes on; 0: everything
 * the session wrote is with the client (after relay_finish); -1: the client is
 * broken and the stream closed.
 */
int relay_pump(struct worker *, struct client *);
/*
 * COMPRESS: the session's end of the stream has come back to us, empty; fd is
 * our end of a new one, taken over.
 */
void relay_restream(struct worker *, struct client *, int fd);
/* What waits for the session is nobody's any more. */
void relay_forget_up(struct relay *);
/* The session is done: no more upwards, drain downwards. */
void relay_finish(struct client *);
/* Closes it; freed when the tick ends. */
void relay_end(struct worker *, struct client *);
void relay_free(struct relay *);

#endif
