/*
 * Who makes processes crash again and again has to wait: an account whose
 * sessions do (the spawner's), an address whose connections workers do that
 * crash before the login (the master's). After HOLDOFF_CRASHES, none more than
 * a minute after the one before, nobody is let in for a second, after each
 * further one twice as long, a minute at most; ten quiet minutes are forgotten.
 */
#ifndef MASTER_HOLDOFF_H
#define MASTER_HOLDOFF_H

#include <stdbool.h>
#include <stdint.h>

#include "master/admit.h"
#include "shm/limits.h"

#define HOLDOFF_ID       16     /* bytes of an account or an address */
#define HOLDOFF_RUN_MS   60000  /* crashes so close to each other count */
#define HOLDOFF_QUIET_MS 600000 /* then all is forgotten */

/*
 * Whether a process that ended so has crashed. Signals that somebody sends,
 * an administrator or a kernel without memory, say nothing of a client.
 */
bool holdoff_crashed(int status);
/* A crash of id's at now (ms, rising); name is for the log. */
void holdoff_crash(
    const uint8_t id[HOLDOFF_ID], const char *name, uint64_t now);
/* ms until id is let in, 0: now. */
uint64_t holdoff_left(const uint8_t id[HOLDOFF_ID], uint64_t now);
/*
 * A worker has crashed: one of its clients that have not logged in may have
 * done it, and counts, by its address; those of TRUSTED_NETS do not.
 */
void holdoff_suspect(const struct admit *, unsigned worker, uint64_t now);

#endif
