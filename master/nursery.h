/*
 * Template and spares, as the spawner sees them. Spares are forked ahead by the
 * template, one for each used. The BECOME message for one may be sent before it
 * was even forked: it waits in the channel. After a reload there is a new
 * template, executed from the installed file; the old one ends after its last
 * session. An account whose sessions crash again and again is held off, and one
 * that has more of them than its clients can need gets no further one: whoever
 * shows its ticket, and however often.
 */
#ifndef MASTER_NURSERY_H
#define MASTER_NURSERY_H

#include <bsd/sys/tree.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "auth/ticket.h"
#include "shm/boot.h"
#include "shm/limits.h"

#define NURSERY_SPARES 64

struct living;
struct crew;
RB_HEAD(living_tree, living);
RB_HEAD(crew_tree, crew);

struct spare {
	int channel;
	uint64_t serial;
};

struct nursery {
	const struct boot *boot; /* the spawner's */
	pid_t (*start)(const struct boot *, int channel);
	pid_t template;
	int channel;      /* to the template, -1: none */
	uint64_t retry;   /* ms: when to start one again */
	uint64_t started; /* ms */
	unsigned failures;
	struct spare spares[NURSERY_SPARES];
	uint32_t nspares;
	uint64_t serial;           /* of the last spare */
	struct living_tree living; /* sessions of this template */
	struct crew_tree crews;    /* ... how many of each account */
};

/* Its first template is started by start, with an end of the channel. */
void nursery_open(struct nursery *, const struct boot *,
    pid_t (*start)(const struct boot *, int channel));
/* Spares go; sessions stay, and the template until the last has gone. */
void nursery_close(struct nursery *);
/* Settings have changed: sessions are born with the new ones from now on. */
void nursery_renew(struct nursery *, uint64_t now);
/* Hears the template, whose channel is readable. */
void nursery_hear(struct nursery *, uint64_t now);
/* Buries templates, starts one if there is none, and asks for spares. */
void nursery_turn(struct nursery *, uint64_t now);
/* ms until nursery_turn may have work. */
int nursery_wait(const struct nursery *, uint64_t now);
/*
 * A session of this account at its end of a control channel, which stays the
 * caller's. 0, or -1 with errno: EUSERS, it has too many already.
 */
int nursery_become(struct nursery *, const struct owner *, int control);
/* Whether sessions of this account have crashed and it gets none now. */
bool nursery_held(const struct owner *, uint64_t now);

#endif
