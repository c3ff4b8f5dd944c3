/*
 * The channels to master, auth, spawner and watch: sending with order kept,
 * receiving, and what follows when one ends.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shm/log.h"
#include "worker/net/behind.h"
#include "worker/net/certline.h"
#include "worker/net/client.h"
#include "worker/net/gate.h"
#include "worker/net/inherit.h"
#include "worker/net/kick.h"
#include "worker/net/lease.h"
#include "worker/net/move.h"
#include "worker/net/net.h"
#include "worker/net/notice.h"
#include "worker/net/park.h"
#include "worker/net/roster.h"
#include "worker/net/ticketkey.h"
#include "worker/net/tls.h"

#define TURN           16 /* messages of one peer in one tick */
#define ORPHAN_SECONDS 8  /* without a master: gone within ten */

static int send_owed(struct worker *, struct peer *, const struct owed *);
static void pay(struct worker *, struct peer *);
static int remember(struct peer *, struct owed);
static int lost_message(struct worker *, const struct ipc_msg *);
static int receive(struct worker *, struct peer *, struct ipc_msg *);
static int from_master(struct worker *, struct ipc_msg *);
static int take_peer(struct worker *, struct ipc_msg *);
static int take_certs(struct worker *, struct ipc_msg *);
static int take_tickets(struct ipc_msg *);
static void tell_certificates(const struct tls_context *, time_t now);
static int take_settings(struct worker *, struct ipc_msg *);
static int take_stop(struct worker *, struct ipc_msg *);
static void fail_waiting(struct worker *, enum client_state);

struct peer *
peer_of(struct worker *w, enum boot_role role)
{
	struct peer *all[] = {&w->master, &w->auth, &w->spawner, &w->watch};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i]->role == role)
			return all[i];
	return NULL;
}

int
peer_open(struct worker *w, struct peer *p, int fd)
{
	if (p->src.fd != -1)
		peer_lost(w, p);
	p->src.fd = fd;
	p->src.events = 0;
	if (loop_want(w, &p->src, EPOLLIN) == -1) {
		peer_lost(w, p);
		return -1;
	}
	if (p == &w->watch)
		notice_again(w);
	return 0;
}

void
peer_lost(struct worker *w, struct peer *p)
{
	if (p->src.fd == -1)
		return;
	(void)loop_want(w, &p->src, 0);
	(void)close(p->src.fd);
	p->src.fd = -1;
	p->first = p->nowed = 0;
	if (p->role == BOOT_AUTH)
		fail_waiting(w, CLIENT_ASKED);
	else if (p->role == BOOT_SPAWNER) {
		fail_waiting(w, CLIENT_STARTING);
		inherit_forlorn(w);
		lease_forlorn(w);
	} else if (p->role == BOOT_MASTER)
		worker_stop(w, false, ORPHAN_SECONDS);
}

/* Nobody will answer them: they may try again. */
static void
fail_waiting(struct worker *w, enum client_state state)
{
	struct client *c, *next;

	RB_FOREACH_SAFE (c, client_tree, &w->clients, next) {
		if (c->state != state)
			continue;
		c->counted = false;
		if (c->lease != NULL)
			lease_leave(w, c);
		if (c->gate != NULL)
			gate_unavailable(w, c);
		else
			client_end(w, c);
	}
}

int
peer_send(struct peer *p, struct ipc_put *put, const int *fds, int nfds)
{
	if (p->src.fd == -1 || p->nowed > 0)
		return -1;
	return ipc_send(p->src.fd, put, fds, nfds);
}

void
peer_owe(struct worker *w, struct peer *p, enum ipc_type type, uint64_t a,
    uint64_t b)
{
	struct owed owed = {type, a, b};

	if (p->src.fd == -1)
		return;
	if (p->nowed == 0 && send_owed(w, p, &owed) == 0)
		return;
	if (remember(p, owed) == -1 ||
	    loop_want(w, &p->src, EPOLLIN | EPOLLOUT) == -1)
		log_line(LOG_LEVEL_ERR, "a message %s is lost", ipc_name(type));
}

/* 0: done, or never to be; -1: no room now. */
static int
send_owed(struct worker *w, struct peer *p, const struct owed *owed)
{
	struct ipc_put put;
	int r;

	if (owed->type == IPC_WATCH) {
		r = notice_tell(w, owed->a, owed->b);
	} else {
		ipc_begin(&put, owed->type);
		ipc_put_u64(&put, owed->a);
		r = ipc_send(p->src.fd, &put, NULL, 0);
	}
	/* A broken channel tells by itself, and takes its debts along. */
	return r == -1 && errno == EAGAIN ? -1 : 0;
}

static void
pay(struct worker *w, struct peer *p)
{
	while (p->nowed > 0) {
		if (send_owed(w, p, &p->owed[p->first]) == -1)
			return;
		p->first++;
		p->nowed--;
	}
	p->first = 0;
	(void)loop_want(w, &p->src, EPOLLIN);
}

static int
remember(struct peer *p, struct owed owed)
{
	struct owed *more;
	size_t room;

	/* Where half is paid, or each of many would move all of them. */
	if (p->first + p->nowed == p->room && p->first > p->nowed) {
		memmove(
		    p->owed, p->owed + p->first, p->nowed * sizeof(*p->owed));
		p->first = 0;
	}
	if (p->first + p->nowed == p->room) {
		room = p->room > 0 ? p->room * 2 : 64;
		more = reallocarray(p->owed, room, sizeof(*more));
		if (more == NULL)
			return -1;
		p->owed = more;
		p->room = room;
	}
	p->owed[p->first + p->nowed++] = owed;
	return 0;
}

void
peer_ready(struct worker *w, struct peer *p, uint32_t events)
{
	struct ipc_msg msg = {.nfds = 0};
	int fd = p->src.fd, r = 1;

	if ((events & EPOLLOUT) != 0)
		pay(w, p);
	/* The channel may be replaced by what comes through it. */
	for (int i = 0; i < TURN && r == 1 && p->src.fd == fd; i++) {
		r = ipc_recv(fd, BOOT_WORKER, p->role, &msg);
		if (r == 1 && receive(w, p, &msg) == -1) {
			log_line(LOG_LEVEL_ERR, "bad message %s from %s",
			    ipc_name(msg.type), boot_role_name(p->role));
			r = p->role == BOOT_MASTER ? 1 : 0;
		} else if (r == -1 && errno != EAGAIN) {
			log_line(LOG_LEVEL_ERR, "bad frame %s from %s",
			    ipc_name(msg.type), boot_role_name(p->role));
			r = p == &w->master ? lost_message(w, &msg) : 0;
		}
	}
	ipc_drop(&msg);
	if (r == 0 && p->src.fd == fd)
		peer_lost(w, p);
}

/*
 * Out of descriptors a client's socket is lost on its way, and its message
 * looks malformed. That must not cost the other clients: the master hears that
 * this one has gone. 1: the channel goes on.
 */
static int
lost_message(struct worker *w, const struct ipc_msg *msg)
{
	struct ipc_get g;
	uint64_t conn;

	if (msg->type != IPC_CLIENT && msg->type != IPC_INHERIT)
		return 1;
	ipc_open(&g, msg);
	conn = ipc_get_u64(&g);
	if (!g.failed && client_find(w, conn) == NULL)
		peer_owe(w, &w->master, IPC_CLOSED, conn, 0);
	return 1;
}

static int
receive(struct worker *w, struct peer *p, struct ipc_msg *msg)
{
	int r;

	switch (p->role) {
	case BOOT_MASTER:
		return from_master(w, msg);
	case BOOT_AUTH:
		if (msg->type != IPC_YES && msg->type != IPC_NO)
			return -1;
		r = gate_answer(w, msg);
		ipc_wipe(); /* a ticket */
		return r;
	case BOOT_SPAWNER:
		if (msg->type == IPC_YIELD)
			return park_yield(w, msg);
		if (msg->type == IPC_RESEALED) {
			r = inherit_sealed(w, msg);
			ipc_wipe();
			return r;
		}
		if (msg->type != IPC_STARTED && msg->type != IPC_REFUSED)
			return -1;
		return lease_answer(w, msg);
	default:
		return -1; /* watch has nothing to say to us */
	}
}

static int
from_master(struct worker *w, struct ipc_msg *msg)
{
	int r;

	switch (msg->type) {
	case IPC_CLIENT:
		return client_accept(w, msg);
	case IPC_ADMITTED:
		return behind_admitted(w, msg);
	case IPC_PEER:
		return take_peer(w, msg);
	case IPC_CERTS:
		return take_certs(w, msg);
	case IPC_TICKETS:
		return take_tickets(msg);
	case IPC_SETTINGS:
		return take_settings(w, msg);
	case IPC_TABLE:
		return roster_open(w, msg);
	case IPC_KICK:
		return kick_take(w, msg);
	case IPC_EVICT:
		return kick_evict(w, msg);
	case IPC_MOVE:
		return move_begin(w, msg);
	case IPC_MOVED:
		return move_answered(w, msg);
	case IPC_INHERIT:
		r = inherit_take(w, msg);
		ipc_wipe(); /* a ticket */
		return r;
	case IPC_STOP:
		return take_stop(w, msg);
	default:
		return -1;
	}
}

static int
take_peer(struct worker *w, struct ipc_msg *msg)
{
	struct peer *p;
	struct ipc_get g;
	uint32_t role;

	ipc_open(&g, msg);
	role = ipc_get_u32(&g);
	(void)ipc_get_u32(&g);
	(void)ipc_get_u64(&g);
	if (ipc_done(&g) == -1 || msg->nfds != 1)
		return -1;
	if (role == BOOT_MASTER || role >= BOOT_ROLES ||
	    (p = peer_of(w, (enum boot_role)role)) == NULL)
		return -1;
	return peer_open(w, p, ipc_take_fd(msg, 0));
}

/* Running connections keep the context that they began with. */
static int
take_certs(struct worker *w, struct ipc_msg *msg)
{
	char why[256] = "";
	struct tls_context *tls;
	struct settings set = w->boot.set;
	struct ipc_put put;
	struct ipc_get g;
	uint32_t tell;

	ipc_open(&g, msg);
	tell = ipc_get_u32(&g);
	if (ipc_done(&g) == -1 || msg->nfds != 1)
		return -1;
	tls = tls_load(msg->fds[0], why, sizeof(why));
	if (tls != NULL && tell != 0)
		tell_certificates(tls, time(NULL));
	if (tls != NULL) {
		tls_forget(w->tls);
		w->tls = tls;
		set.starttls = w->starttls;
		worker_settle(w, &set);
	}
	ipc_begin(&put, IPC_CERTS_OK);
	ipc_put_u32(&put, tls != NULL);
	ipc_put_str(&put, why);
	if (peer_send(&w->master, &put, NULL, 0) == -1)
		log_line(LOG_LEVEL_WARN, "certificates: no answer sent");
	return 0;
}

static int
take_tickets(struct ipc_msg *msg)
{
	const uint8_t *keys;
	struct ipc_get g;
	size_t n;

	ipc_open(&g, msg);
	keys = ipc_get_bytes(&g, &n, 2 * TICKETKEY_SIZE);
	if (ipc_done(&g) == -1 || n != 2 * TICKETKEY_SIZE)
		return -1;
	ticketkey_set(keys);
	ipc_wipe();
	return 0;
}

/* An admin reads here what clients will see, and what runs out. */
static void
tell_certificates(const struct tls_context *tls, time_t now)
{
	struct tls_certificate c;
	char text[CERTLINE_MAX];

	for (size_t i = 0; tls_certificate(tls, i, &c); i++)
		log_line(
		    certline(&c, now, text) ? LOG_LEVEL_WARN : LOG_LEVEL_NOTICE,
		    "%s", text);
}

static int
take_settings(struct worker *w, struct ipc_msg *msg)
{
	struct boot boot;

	if (msg->nfds != 1 || msg->len != 0 ||
	    boot_read(ipc_take_fd(msg, 0), &boot) == -1)
		return -1;
	worker_settle(w, &boot.set);
	return 0;
}

static int
take_stop(struct worker *w, struct ipc_msg *msg)
{
	struct ipc_get g;
	uint32_t fast, seconds;

	ipc_open(&g, msg);
	fast = ipc_get_u32(&g);
	seconds = ipc_get_u32(&g);
	if (ipc_done(&g) == -1)
		return -1;
	worker_stop(w, fast != 0, seconds);
	return 0;
}

void
peer_done(struct peer *p)
{
	if (p->src.fd != -1)
		(void)close(p->src.fd);
	p->src.fd = -1;
	free(p->owed);
	p->owed = NULL;
}
