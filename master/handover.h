/*
 * What a master hands to the one that it becomes by executing itself anew: its
 * sockets, its children, the connections that they have. A text in a memfd,
 * read by the new program, which may be another version: what it does not know
 * it refuses, in a trial before anything is at stake.
 */
#ifndef MASTER_HANDOVER_H
#define MASTER_HANDOVER_H

#include <stdint.h>

#include "master/brood.h"
#include "master/listen.h"
#include "master/note.h"

/*
 * Of this text, and of the messages between a master and its children: the new
 * master hears the old one's children (CLOSED, LOGGEDIN, STOP, KICK, OFFER).
 */
#define HANDOVER_VERSION 3

struct handover {
	char config[SETTINGS_PATH], pidfile[SETTINGS_PATH];
	uint32_t foreground;
	int lock;            /* PIDFILE.lock */
	int log[2];          /* the master's log channel: reading, writing */
	int notify, control; /* sockets, -1: none */
	uint64_t started;    /* CLOCK_REALTIME, s */
	uint64_t incarnations;
	uint8_t key[32]; /* of its tickets */
	struct listeners listeners;
	struct child children[BROOD_MAX];
	size_t nchildren;
	struct admit *admit; /* the connections */
};

/* The text in a memfd, with what notbefore.h holds; or -1 with errno. */
int handover_write(const struct handover *);
/*
 * Reads it (fd stays the caller's), makes out->admit, sets notbefore.h's. 0;
 * -1: notes say what it does not understand. The descriptors in it are numbers
 * of this process if it was executed by the writer.
 */
int handover_read(int fd, struct handover *out, struct notes *);
/* Lets all of its descriptors survive an exec (on), or not. 0, -1. */
int handover_keep(const struct handover *, bool on);

#endif
