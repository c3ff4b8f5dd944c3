/*
 * From when on an account's tickets count: the spawner refuses those that were
 * sealed up to the second in which an administrator ended the account's
 * connections. A captured worker that has kept one gets nothing for it.
 */
#ifndef MASTER_NOTBEFORE_H
#define MASTER_NOTBEFORE_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/ipc.h"

#define NOTBEFORE_MOST                                                         \
	1024 /* accounts; the oldest one's time is for all then */

/* NOTBEFORE from the master; what is malformed changes nothing. */
void notbefore_take(struct ipc_msg *);
/* user "": tickets of all accounts. */
void notbefore_set(const char *user, uint64_t time);
/* Tells a new spawner all that was set here. 0, or -1 with errno. */
int notbefore_tell(int channel);
/* The i-th entry (the first is that of all accounts, ""); false: none. */
bool notbefore_each(size_t i, const char **user, uint64_t *time);
/* Whether a ticket of this account, sealed at that time (s), is void. */
bool notbefore_voids(const char *user, uint64_t sealed);

#endif
