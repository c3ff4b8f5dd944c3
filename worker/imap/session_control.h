/* The control channel between a session and its worker (shm/ipc.h). */
#ifndef IMAP_SESSION_CONTROL_H
#define IMAP_SESSION_CONTROL_H

#include "worker/imap/state.h"

struct control_serve {  /* what SERVE brings beside struct client */
	int fd;         /* the client's stream; the caller's */
	char *tag;      /* of the LOGIN that is still to be answered */
	uint8_t *input; /* bytes that the worker had read already */
	size_t ninput;
};

/*
 * Waits for the next client. 1: *out and s->client are filled; 0: none came in
 * time, or the channel has ended; -1: the worker broke the rules.
 */
int control_next(struct session *, unsigned seconds, struct control_serve *out);
void control_free(struct control_serve *);
/* Tells the worker that the session is done with the client. 0 or -1. */
int control_end(struct session *);

#endif
