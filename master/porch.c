/*
 * Accepting and refusing. A refused client reads one BYE line with the reason:
 * on PORT the master writes it, without waiting; on SSLPORT a worker does,
 * inside TLS, for a bounded number at a time.
 */
#include "master/porch.h"

#include <arpa/inet.h>
#include <bsd/stdlib.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shm/log.h"

#define ROUND     64    /* accepted at a time from one socket */
#define PAUSE     1000  /* ms without accept after EMFILE */
#define TELL_MORE 60000 /* ms between two lines about the same trouble */
#define TELL_DENY 1000  /* ms between two lines about who is denied */

static void trouble(struct porch *, uint64_t now);
static void greet(struct porch *, const struct listener *,
    const struct listen_peer *, uint64_t now);
static void deny(struct porch *, const struct listener *,
    const struct listen_peer *, uint64_t now);
static void crowded(struct porch *, unsigned view, uint64_t now);
static int hand_over(struct porch *, const struct listener *,
    const struct listen_peer *, uint64_t conn, uint32_t flags,
    const char *refusal);
static void say_refusal(
    const struct admit_answer *, const char *peer, char *out, size_t size);
static void log_refusal(
    unsigned view, const struct admit_answer *, const char *peer);
static void refuse(struct porch *, const struct listener *,
    const struct listen_peer *, const char *why);

void
porch_accept(struct porch *p, size_t i, uint64_t now)
{
	const struct settings *set = &p->brood->boot.set;
	struct listen_peer peer;

	for (int n = 0; n < ROUND; n++) {
		if (listen_accept(&p->listeners.v[i], set, &peer) == -1) {
			if (errno != EAGAIN)
				trouble(p, now);
			return;
		}
		greet(p, &p->listeners.v[i], &peer, now);
		close(peer.fd);
	}
}

static void
trouble(struct porch *p, uint64_t now)
{
	p->pause = now + PAUSE;
	if (p->told != 0 && now < p->told + TELL_MORE)
		return;
	p->told = now;
	log_line(LOG_LEVEL_ERR, "accept: %s, waiting", strerror(errno));
}

static void
greet(struct porch *p, const struct listener *listener,
    const struct listen_peer *peer, uint64_t now)
{
	const struct settings *set = &p->brood->boot.set;
	struct admit_ask ask = {
	    .view = listener->view, .now = now, .chance = arc4random()};
	struct access_rule rule;
	struct admit_answer answer;
	char why[256];
	uint32_t flags;

	access_find(p->access, peer->addr, peer->local_port,
	    set->view[listener->view].accesslocal != 0, &rule);
	if (rule.deny) {
		deny(p, listener, peer, now);
		return;
	}
	ask.maxperip = rule.maxperip;
	memcpy(ask.addr, peer->addr, sizeof(ask.addr));
	admit_enter(p->brood->admit, set, &ask, &answer);
	if (answer.verdict != ADMIT_OK) {
		if (answer.tell)
			log_refusal(listener->view, &answer, peer->peer);
		say_refusal(&answer, peer->peer, why, sizeof(why));
		refuse(p, listener, peer, why);
		return;
	}
	crowded(p, listener->view, now);
	flags = (listener->view == 1 ? IPC_CLIENT_TLS : 0) |
		(answer.trusted ? IPC_CLIENT_TRUST : 0);
	if (hand_over(p, listener, peer, answer.conn, flags, "") == 0)
		return;
	admit_undo(p->brood->admit, answer.conn);
	refuse(p, listener, peer, "No process is free, please try again later");
	log_courier((int)listener->view, LOG_LEVEL_ERR,
	    "no worker takes clients, ip=[%s], port=[%u]", peer->peer,
	    peer->peer_port);
}

/* Closed without a word, or with that of -denymsg. */
static void
deny(struct porch *p, const struct listener *listener,
    const struct listen_peer *peer, uint64_t now)
{
	const char *why = p->brood->boot.set.view[listener->view].denymsg;
	char more[32] = "";

	if (why[0] != '\0')
		refuse(p, listener, peer, why);
	if (p->deny != 0 && now < p->deny + TELL_DENY) {
		p->denied++;
		return;
	}
	p->deny = now;
	if (p->denied > 0)
		snprintf(more, sizeof(more), ", more=%u", p->denied);
	p->denied = 0;
	log_courier((int)listener->view, LOG_LEVEL_INFO,
	    "Denied by IMAPACCESSFILE, ip=[%s], port=[%u]%s", peer->peer,
	    peer->peer_port, more);
}

/* Courier warns at nine tenths, once a minute at most. */
static void
crowded(struct porch *p, unsigned view, uint64_t now)
{
	uint32_t count = admit_count(p->brood->admit, view);
	const struct settings_view *set = &p->brood->boot.set.view[view];
	uint32_t limit = set->maxdaemons - set->maxdaemons / 10;

	if (set->warn != 0)
		limit = set->warn;
	if (count < limit || (count == 1 && set->warn == 0) ||
	    (p->crowd[view] != 0 && now < p->crowd[view] + TELL_MORE))
		return;
	p->crowd[view] = now;
	log_courier((int)view, LOG_LEVEL_WARN, "%u active connections.", count);
}

/* To the least loaded worker, or the next if that one takes nothing. */
static int
hand_over(struct porch *p, const struct listener *listener,
    const struct listen_peer *peer, uint64_t conn, uint32_t flags,
    const char *refusal)
{
	bool external =
	    (p->brood->boot.set.tls_external >> listener->view & 1) != 0;
	struct child *worker;
	struct ipc_put put;
	uint64_t skip = 0;

	if (external)
		flags |= IPC_CLIENT_CERT;
	while ((worker = brood_worker(p->brood, external, skip)) != NULL) {
		ipc_begin(&put, IPC_CLIENT);
		ipc_put_u64(&put, conn);
		ipc_put_u32(&put, listener->view);
		ipc_put_u32(&put, flags);
		ipc_put_str(&put, peer->peer);
		ipc_put_u32(&put, peer->peer_port);
		ipc_put_str(&put, peer->local);
		ipc_put_u32(&put, peer->local_port);
		ipc_put_str(&put, refusal);
		if (brood_send(p->brood, worker, &put, peer->fd) == 0) {
			admit_give(p->brood->admit, conn, worker->number);
			return 0;
		}
		skip |= UINT64_C(1) << worker->number;
	}
	return -1;
}

static void
refuse(struct porch *p, const struct listener *listener,
    const struct listen_peer *peer, const char *why)
{
	char line[320];
	uint64_t conn;
	int n;

	if (listener->view == 1) {
		conn = admit_refuse(p->brood->admit);
		if (conn != 0 &&
		    hand_over(p, listener, peer, conn,
			IPC_CLIENT_TLS | IPC_CLIENT_REFUSE, why) == -1)
			admit_undo(p->brood->admit, conn);
		return;
	}
	n = snprintf(line, sizeof(line), "* BYE [ALERT] %s\r\n", why);
	/* Who takes no bytes learns nothing. */
	(void)send(peer->fd, line, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)shutdown(peer->fd, SHUT_WR);
}

static void
say_refusal(
    const struct admit_answer *a, const char *peer, char *out, size_t size)
{
	switch (a->verdict) {
	case ADMIT_OK:
	case ADMIT_NO_MEMORY:
		snprintf(out, size, "No memory, please try again later");
		return;
	case ADMIT_DAEMONS:
		snprintf(out, size,
		    "Maximum number of connections reached "
		    "(%u connections, limit %u)",
		    a->count, a->limit);
		return;
	case ADMIT_PERIP:
		snprintf(out, size,
		    "Maximum connection limit reached for %s "
		    "(%u connections, limit %u)",
		    peer, a->count, a->limit);
		return;
	case ADMIT_PERC:
		snprintf(out, size,
		    "Maximum connection limit reached for the network of %s "
		    "(%u connections, limit %u)",
		    peer, a->count, a->limit);
		return;
	case ADMIT_RATE:
		snprintf(out, size,
		    "Too many connections in a short time from %s "
		    "(limit %u a minute)",
		    peer, a->limit);
		return;
	case ADMIT_UNAUTH:
	case ADMIT_UNAUTH_PERIP:
		snprintf(out, size,
		    "Too many connections without login "
		    "(%u connections, limit %u)",
		    a->count, a->limit);
		return;
	}
}

/* Courier's lines (COURIER 5.4), our fields at the end. */
static void
log_refusal(unsigned view, const struct admit_answer *a, const char *peer)
{
	char net[INET6_ADDRSTRLEN + 8], tail[192];

	if (inet_ntop(AF_INET6, a->net, net, INET6_ADDRSTRLEN) == NULL)
		net[0] = '\0';
	if (a->bits != 128)
		snprintf(net + strlen(net), 8, "/%u", a->bits);
	snprintf(tail, sizeof(tail), "address=[%s], count=%u, limit=%u%s", net,
	    a->count, a->limit, a->untold > 0 ? ", more=" : "");
	if (a->untold > 0)
		snprintf(tail + strlen(tail), 16, "%u", a->untold);
	switch (a->verdict) {
	case ADMIT_OK:
		return;
	case ADMIT_NO_MEMORY:
		log_courier(
		    (int)view, LOG_LEVEL_ERR, "no memory, ip=[%s]", peer);
		return;
	case ADMIT_DAEMONS:
		log_courier((int)view, LOG_LEVEL_ALERT,
		    "%u maximum active connections., %s", a->count, tail);
		return;
	case ADMIT_PERIP:
	case ADMIT_PERC:
		log_courier((int)view, LOG_LEVEL_ALERT,
		    "Maximum connection limit reached for %s, %s", peer, tail);
		return;
	case ADMIT_RATE:
		log_courier((int)view, LOG_LEVEL_WARN,
		    "Too many connections a minute from %s, %s", peer, tail);
		return;
	case ADMIT_UNAUTH:
	case ADMIT_UNAUTH_PERIP:
		log_courier((int)view, LOG_LEVEL_WARN,
		    "Too many connections without login, ip=[%s], %s", peer,
		    tail);
		return;
	}
}
