/*
 * States: CLIENTS, until the time is up or the last worker has gone; STOPPING,
 * the workers have said BYE; SERVANTS, who served them are told to end. The old
 * logger goes as soon as the new one has all its sources.
 */
#include "master/drain.h"

#include <signal.h>
#include <string.h>

#include "shm/log.h"

#define SERVANTS_MS 3000 /* that old servants have to stop */
#define MORE_MS     2000 /* that workers have beyond STOP_TIMEOUT */

static bool is_old(const struct child *, enum boot_role);
static void tell(struct brood *, enum boot_role, bool fast, uint32_t seconds);
static void kill_all(struct brood *, enum boot_role);
static unsigned count(const struct brood *, enum boot_role);
static unsigned clients(const struct brood *);

void
drain_inherit(
    struct brood *b, const struct child *children, size_t n, uint64_t now)
{
	size_t servants = BROOD_OLD;
	struct ipc_put put;

	for (size_t i = 0; i < n; i++)
		if (children[i].role == BOOT_WORKER)
			b->v[BROOD_SERVANTS + children[i].number] = children[i];
		else if (servants < BROOD_MAX)
			b->v[servants++] = children[i];
	b->heir = true;
	b->drain = DRAIN_CLIENTS;
	b->drain_until = now + b->boot.set.drain_timeout * UINT64_C(1000);
	/* The notify socket is the new watch's; the old one has inotify. */
	for (int i = BROOD_OLD; i < BROOD_MAX; i++)
		if (is_old(&b->v[i], BOOT_WATCH)) {
			ipc_begin(&put, IPC_LOCAL);
			brood_send(b, &b->v[i], &put, -1);
		}
	for (int i = BROOD_SERVANTS; i < BROOD_OLD; i++)
		if (b->v[i].pid != 0)
			drain_end_retired(b, &b->v[i]);
}

void
drain_end_retired(struct brood *b, struct child *c)
{
	struct ipc_put put;

	if (admit_load(b->admit, c->number) > 0)
		return;
	ipc_begin(&put, IPC_STOP);
	ipc_put_u32(&put, 1);
	ipc_put_u32(&put, 1);
	brood_send(b, c, &put, -1);
}

/* Without auth, spawner or watch the old workers are no use to anybody. */
void
drain_died(struct brood *b, const struct child *c)
{
	moves_died(b, c);
	if (c->old && c->role != BOOT_WORKER && c->role != BOOT_LOG &&
	    b->drain == DRAIN_CLIENTS)
		b->drain_orphans = true;
}

void
drain_turn(struct brood *b, uint64_t now)
{
	bool late;

	if (b->drain == DRAIN_NONE)
		return;
	if (b->drain == DRAIN_CLIENTS && !b->ready) /* nobody else is there */
		b->drain_until = now + b->boot.set.drain_timeout * 1000u;
	late = now >= b->drain_until ||
	       (b->drain == DRAIN_CLIENTS && b->ready && b->drain_orphans);
	if (b->v[0].hello && b->v[0].pid != 0)
		tell(b, BOOT_LOG, true, 1);
	if (b->drain == DRAIN_CLIENTS && late) {
		log_line(LOG_LEVEL_NOTICE,
		    "the old workers' time is up, %u clients are sent away",
		    clients(b));
		tell(b, BOOT_WORKER, false, b->boot.set.stop_timeout);
		b->drain = DRAIN_STOPPING;
		b->drain_until =
		    now + b->boot.set.stop_timeout * 1000u + MORE_MS;
	} else if (b->drain == DRAIN_STOPPING && late)
		kill_all(b, BOOT_WORKER);
	if (b->drain < DRAIN_SERVANTS && count(b, BOOT_WORKER) == 0) {
		tell(b, BOOT_ANY, true, 1);
		b->drain = DRAIN_SERVANTS;
		b->drain_until = now + SERVANTS_MS;
	} else if (b->drain == DRAIN_SERVANTS && late)
		kill_all(b, BOOT_ANY);
	if (b->drain == DRAIN_SERVANTS && count(b, BOOT_ANY) == 0) {
		log_line(LOG_LEVEL_NOTICE, "the old processes have gone");
		b->drain = DRAIN_NONE;
		explicit_bzero(&b->moves, sizeof(b->moves));
	}
}

static bool
is_old(const struct child *c, enum boot_role role)
{
	return c->pid != 0 && c->old && (role == BOOT_ANY || c->role == role);
}

/* To stop, once: who was told has hello taken away. */
static void
tell(struct brood *b, enum boot_role role, bool fast, uint32_t seconds)
{
	struct ipc_put put;

	for (int i = 0; i < BROOD_MAX; i++) {
		if (!is_old(&b->v[i], role) || !b->v[i].hello)
			continue;
		b->v[i].hello = false;
		ipc_begin(&put, IPC_STOP);
		ipc_put_u32(&put, fast);
		ipc_put_u32(&put, seconds);
		brood_send(b, &b->v[i], &put, -1);
	}
}

static void
kill_all(struct brood *b, enum boot_role role)
{
	for (int i = 0; i < BROOD_MAX; i++)
		if (is_old(&b->v[i], role))
			kill(b->v[i].pid, SIGKILL);
}

static unsigned
count(const struct brood *b, enum boot_role role)
{
	unsigned n = 0;

	for (int i = 0; i < BROOD_MAX; i++)
		n += is_old(&b->v[i], role);
	return n;
}

static unsigned
clients(const struct brood *b)
{
	unsigned n = 0;

	for (int i = 0; i < BROOD_MAX; i++)
		if (is_old(&b->v[i], BOOT_WORKER))
			n += admit_load(b->admit, b->v[i].number);
	return n;
}
