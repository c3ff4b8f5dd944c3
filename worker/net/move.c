/*
 * While a client is offered nobody reads its socket: what it says meanwhile
 * waits in the kernel for whoever has it next. Its folder stays in our list, so
 * that one that comes back has missed nothing; one that has moved is looked at
 * by a session of the new generation as soon as that watches its folder.
 */
#include "worker/net/move.h"

#include "worker/net/flow.h"
#include "worker/net/park.h"
#include "worker/net/roster.h"

#define SLICE    256u  /* clients looked at in a tick */
#define PAUSE_MS 1000u /* after one that found no heir */

static bool may_move(const struct worker *, const struct client *);
static int send_offer(struct worker *, const struct client *);
static void put_connection(
    struct ipc_put *, const struct client *, const struct conntab_entry *);

int
move_begin(struct worker *w, struct ipc_msg *msg)
{
	struct ipc_get g;

	ipc_open(&g, msg);
	w->move.version = ipc_get_u32(&g);
	if (ipc_done(&g) == -1)
		return -1;
	w->move.more = true;
	return 0;
}

void
move_offer(struct worker *w, struct client *c)
{
	if (!may_move(w, c))
		return;
	if (w->move.offered == IPC_MOVE_MOST || w->now < w->move.pause ||
	    send_offer(w, c) == -1) {
		w->move.next = 0;
		w->move.more = true;
		return;
	}
	w->move.offered++;
	park_lend(w, c);
	client_enter(c, CLIENT_MOVING);
	client_wait(w, c);
}

static bool
may_move(const struct worker *w, const struct client *c)
{
	const struct parked *p = c->parked;

	return w->move.version != 0 && w->state == WORKER_RUNNING &&
	       c->state == CLIENT_PARKED && p->rests && !flow_is_wrapped(c) &&
	       c->relay == NULL && c->nin == 0 && c->nout == 0 && !c->eof &&
	       !p->full && p->nrecord > 0 && p->record[0] == w->move.version;
}

static int
send_offer(struct worker *w, const struct client *c)
{
	const struct parked *p = c->parked;
	struct conntab_entry e = {.conn = c->conn};
	struct ipc_put put;

	(void)roster_entry(w, c, &e);
	ipc_begin(&put, IPC_OFFER);
	put_connection(&put, c, &e);
	ipc_put_u64(&put, p->deadline);
	ipc_put_u64(&put, c->past.headers);
	ipc_put_u64(&put, c->past.body);
	ipc_put_u64(&put, c->past.received);
	ipc_put_u64(&put, c->past.sent);
	ipc_put_str(&put, e.device);
	ipc_put_str(&put, e.folder);
	ipc_put_u32(&put, p->flags);
	ipc_put_u32(&put, p->bad);
	ipc_put_str(&put, p->tag != NULL ? p->tag : "");
	ipc_put_bytes(&put, p->record, p->nrecord);
	return peer_send(&w->master, &put, &c->src.fd, 1);
}

static void
put_connection(
    struct ipc_put *put, const struct client *c, const struct conntab_entry *e)
{
	ipc_put_u64(put, c->conn);
	ipc_put_bytes(put, c->ticket, c->nticket);
	ipc_put_str(put, c->user);
	ipc_put_u32(put, c->listener);
	ipc_put_str(put, c->peer);
	ipc_put_u32(put, c->peer_port);
	ipc_put_str(put, c->local);
	ipc_put_u32(put, c->local_port);
	ipc_put_u32(put, c->parked->folder != NULL);
	ipc_put_u64(put, e->since);
	ipc_put_u64(put, e->in);
	ipc_put_u64(put, e->out);
	ipc_put_u64(put, c->login);
}

int
move_answered(struct worker *w, struct ipc_msg *msg)
{
	struct client *c;
	struct ipc_get g;
	uint32_t taken;

	ipc_open(&g, msg);
	c = client_find(w, ipc_get_u64(&g));
	taken = ipc_get_u32(&g);
	if (ipc_done(&g) == -1)
		return -1;
	w->move.offered -= w->move.offered > 0;
	if (taken == 0)
		w->move.pause = w->now + PAUSE_MS;
	if (c == NULL || c->state != CLIENT_MOVING)
		return 0; /* it was told to stop meanwhile */
	if (taken != 0) {
		client_end(w, c);
		return 0;
	}
	client_enter(c, CLIENT_PARKED);
	park_settle(w, c);
	return 0;
}

void
move_tick(struct worker *w)
{
	struct client key = {.conn = w->move.next}, *c, *after;

	if (move_patience(w) != 0)
		return;
	c = RB_NFIND(client_tree, &w->clients, &key);
	w->move.more = false;
	for (unsigned n = 0; c != NULL && !w->move.more; c = after) {
		if (n++ == SLICE) {
			w->move.next = c->conn;
			w->move.more = true;
			return;
		}
		after = RB_NEXT(client_tree, &w->clients, c);
		move_offer(w, c);
	}
	w->move.next = 0;
}

int
move_patience(const struct worker *w)
{
	const struct move *m = &w->move;

	/* The answer that makes room wakes us. */
	if (!m->more || m->offered == IPC_MOVE_MOST ||
	    w->state != WORKER_RUNNING)
		return -1;
	return m->pause > w->now ? (int)(m->pause - w->now) : 0;
}
