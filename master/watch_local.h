/*
 * The local notify socket: any program of this machine may say that a folder
 * has changed, with a descriptor of its directory that it opened for reading
 * (shm/stir.h is their side). Each uid has WATCH_LOCAL_RATE posts a second;
 * beyond that its posts are merged until the second is over.
 */
#ifndef MASTER_WATCH_LOCAL_H
#define MASTER_WATCH_LOCAL_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/board.h"

#define WATCH_LOCAL_RATE   100 /* posts a second and uid */
#define WATCH_LOCAL_USERS  64  /* uids counted at a time, others share one */
#define WATCH_LOCAL_MERGED 256 /* folders of one uid that wait, merged */

struct watch_local_user {
	bool used;
	uint32_t uid;
	uint64_t since; /* ms: this second's begin */
	unsigned count;
	unsigned nslots; /* that wait */
	uint32_t slots[WATCH_LOCAL_MERGED];
	uint64_t stamps[WATCH_LOCAL_MERGED];
};

struct watch_local {
	int fd; /* -1: none */
	struct board *board;
	const int *bells;
	struct watch_local_user users[WATCH_LOCAL_USERS]; /* 0: the others */
	bool lost; /* more than could be merged: look at all folders */
};

void watch_local_init(struct watch_local *, struct board *, const int *bells);
/* The socket, taken over; -1: none any more. */
void watch_local_open(struct watch_local *, int fd);
/* It is readable. */
void watch_local_read(struct watch_local *);
/* Posts what has waited; true: watch must look at all its folders. */
bool watch_local_turn(struct watch_local *);
/* ms until watch_local_turn has work, -1: none waits. */
int watch_local_wait(const struct watch_local *);

#endif
