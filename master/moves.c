/*
 * OFFER, HEIR, INHERIT, SETTLED, MOVED. Who has offered a client keeps its
 * socket until MOVED, so that one that cannot be placed stays where it is; from
 * INHERIT on it is the heir's, whatever becomes of either.
 */
#include "master/moves.h"

#include <stdbool.h>

#include "master/brood.h"
#include "master/drain.h"

static int take_offer(
    struct brood *, struct child *, const struct ipc_msg *, uint64_t);
static unsigned offered(const struct moves *, const struct child *);
static struct child *place(
    struct brood *, const struct child *, const struct ipc_msg *, uint64_t);
static int tell_heir(
    struct brood *, const struct child *, const struct child *, uint64_t conn);
static void enter(
    struct moves *, const struct child *, const struct child *, uint64_t conn);
static void answer(struct brood *, struct child *, uint64_t conn, bool taken);
static void end(struct brood *, struct move *);

void
moves_begin(struct brood *b)
{
	struct ipc_put put;

	if (b->drain != DRAIN_CLIENTS)
		return;
	for (int i = BROOD_SERVANTS; i < BROOD_OLD; i++) {
		if (b->v[i].pid == 0 || !b->v[i].old || !b->v[i].hello)
			continue;
		ipc_begin(&put, IPC_MOVE);
		ipc_put_u32(&put, IPC_RECORD_VERSION);
		(void)brood_send(b, &b->v[i], &put, -1);
	}
}

int
moves_hear(struct brood *b, struct child *c, struct ipc_msg *msg)
{
	struct ipc_get get;
	uint64_t conn;

	ipc_open(&get, msg);
	conn = ipc_get_u64(&get);
	if (get.failed || conn == 0)
		return -1;
	if (msg->type == IPC_OFFER)
		return take_offer(b, c, msg, conn);
	moves_settled(b, c, conn);
	return ipc_done(&get);
}

static int
take_offer(
    struct brood *b, struct child *c, const struct ipc_msg *msg, uint64_t conn)
{
	struct child *to = NULL;

	if (msg->nfds != 1 || !c->old || offered(&b->moves, c) >= IPC_MOVE_MOST)
		return -1;
	if (!b->stopping && b->ready)
		to = place(b, c, msg, conn);
	if (to == NULL)
		answer(b, c, conn, false);
	else
		enter(&b->moves, c, to, conn);
	/* Its last one may have gone. */
	drain_end_retired(b, c);
	return 0;
}

static unsigned
offered(const struct moves *m, const struct child *c)
{
	unsigned n = 0;

	for (size_t i = 0; i < MOVES_MOST; i++)
		n += m->v[i].conn != 0 && m->v[i].from == c->number &&
		     m->v[i].from_incarnation == c->incarnation;
	return n;
}

/* The heir, which has it; NULL: nobody. */
static struct child *
place(struct brood *b, const struct child *c, const struct ipc_msg *msg,
    uint64_t conn)
{
	struct child *to = brood_worker(b, false, 0);

	if (to == NULL || !brood_has_room(to, 2) ||
	    admit_give(b->admit, conn, c->number, to->number) == -1)
		return NULL;
	if (tell_heir(b, c, to, conn) == 0 &&
	    ipc_forward(to->channel, IPC_INHERIT, msg) == 0)
		return to;
	(void)admit_give(b->admit, conn, to->number, c->number);
	return NULL;
}

/* Before the heir can ask. */
static int
tell_heir(struct brood *b, const struct child *from, const struct child *to,
    uint64_t conn)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_HEIR);
	ipc_put_u64(&put, conn);
	ipc_put_u32(&put, from->number);
	ipc_put_u64(&put, from->incarnation);
	ipc_put_u32(&put, to->number);
	ipc_put_u64(&put, to->incarnation);
	return brood_send(b, brood_servant(b, BOOT_SPAWNER), &put, -1);
}

static void
enter(struct moves *m, const struct child *from, const struct child *to,
    uint64_t conn)
{
	struct move *v = m->v;

	while (v->conn != 0) /* there is room for all that may be offered */
		v++;
	*v = (struct move){.conn = conn,
	    .from = from->number,
	    .to = to->number,
	    .from_incarnation = from->incarnation,
	    .to_incarnation = to->incarnation};
	m->n++;
}

static void
answer(struct brood *b, struct child *c, uint64_t conn, bool taken)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_MOVED);
	ipc_put_u64(&put, conn);
	ipc_put_u32(&put, taken);
	(void)brood_send(b, c, &put, -1);
}

void
moves_settled(struct brood *b, const struct child *c, uint64_t conn)
{
	for (size_t i = 0; b->moves.n > 0 && i < MOVES_MOST; i++)
		if (b->moves.v[i].conn == conn && conn != 0 &&
		    b->moves.v[i].to == c->number &&
		    b->moves.v[i].to_incarnation == c->incarnation)
			end(b, &b->moves.v[i]);
}

void
moves_died(struct brood *b, const struct child *c)
{
	for (size_t i = 0; b->moves.n > 0 && i < MOVES_MOST; i++)
		if (b->moves.v[i].conn != 0 && c->role == BOOT_WORKER &&
		    b->moves.v[i].to == c->number &&
		    b->moves.v[i].to_incarnation == c->incarnation)
			end(b, &b->moves.v[i]);
}

/* It is no longer the old worker's, which may have ended meanwhile. */
static void
end(struct brood *b, struct move *v)
{
	struct child *from = &b->v[BROOD_SERVANTS + v->from];

	if (from->pid != 0 && from->incarnation == v->from_incarnation)
		answer(b, from, v->conn, true);
	v->conn = 0;
	b->moves.n--;
}
