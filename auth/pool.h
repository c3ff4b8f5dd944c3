/*
 * One forked child per question, a few at once: for work that may block, crash
 * or never end (PAM modules, slow password hashes). A child's answer counts
 * only if it wrote exactly one well-formed record and then exited with 0. It is
 * killed after its time, with its process group; a grandchild that keeps the
 * pipe open holds nobody up.
 */
#ifndef AUTH_POOL_H
#define AUTH_POOL_H

#include <sys/types.h>

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#define POOL_MAX    16    /* children at once */
#define POOL_RECORD 4064u /* bytes of a record at most */

struct pool_job {
	pid_t pid; /* 0: free */
	int pidfd, pipe;
	uint64_t id, deadline;
};

struct pool {
	struct pool_job job[POOL_MAX];
	unsigned running;
	size_t size; /* of a record */
	uint32_t ms; /* a child's time */
};

enum pool_end {
	POOL_NONE,
	POOL_ANSWER,
	POOL_FAILED
};

void pool_init(struct pool *, size_t size, uint32_t ms);
/*
 * Forks a child for a question. It calls work, which fills the record and
 * returns 0, or -1 for no answer at all; it has no descriptor but its pipe
 * (number 3) and 0, 1, 2. 0; -1 with errno: EAGAIN if all places are taken, or
 * what fork and its kin say.
 */
int pool_start(struct pool *, uint64_t id,
    int (*work)(const void *question, void *record), const void *question,
    uint64_t now_ms);
/* What to poll for, POOL_MAX entries at most; how many were filled. */
size_t pool_poll(const struct pool *, struct pollfd *);
/* When the next child's time is over, UINT64_MAX if none runs. */
uint64_t pool_deadline(const struct pool *);
/*
 * Takes one child that has ended, killing what is over time: POOL_ANSWER with
 * its record, POOL_FAILED, or POOL_NONE when no more has ended.
 */
enum pool_end pool_take(
    struct pool *, uint64_t now_ms, uint64_t *id, void *record);
/* Kills and forgets all children. */
void pool_stop(struct pool *);

#endif
