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

#include "master/holdoff.h"
#include "shm/log.h"

#define ROUND     64    /* accepted at a time from one socket */
#define PAUSE     1000  /* ms without accept after EMFILE */
#define TELL_MORE 60000 /* ms between two lines about the same trouble */
#define TELL_DENY 1000  /* ms between two lines about who is denied */

struct named { /* a client whose address a balancer has told */
	uint64_t now, conn;
	uint8_t addr[16];
	char peer[INET6_ADDRSTRLEN];
	uint32_t port, local_port;
	struct admit_answer answer;
	bool refused;
	char why[256]; /* of a refusal; "": without a word */
};

static void trouble(struct porch *, uint64_t now);
static void greet(struct porch *, const struct listener *,
    const struct listen_peer *, uint64_t now);
static bool held(const struct admit_answer *, uint64_t now);
static bool evict(struct porch *, const struct admit_answer *);
static void deny(struct porch *, const struct listener *,
    const struct listen_peer *, uint64_t now);
static bool is_behind(const struct settings_view *, const struct listen_peer *);
static void tell_denied(struct porch *, unsigned view, const char *peer,
    unsigned port, uint64_t now);
static int named_read(struct named *, struct ipc_msg *);
static int named_decide(struct porch *, const struct child *, struct named *);
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

	ask.behind = is_behind(&set->view[listener->view], peer);
	if (!ask.behind) {
		access_find(p->access, peer->addr, peer->local_port,
		    set->view[listener->view].accesslocal != 0, &rule);
		if (rule.deny) {
			deny(p, listener, peer, now);
			return;
		}
		ask.maxperip = rule.maxperip;
	}
	memcpy(ask.addr, peer->addr, sizeof(ask.addr));
	admit_enter(p->brood->admit, set, &ask, &answer);
	if (!ask.behind && held(&answer, now)) {
		admit_undo(p->brood->admit, answer.conn);
		answer.verdict = ADMIT_HELD;
	} else if (!evict(p, &answer)) {
		admit_undo(p->brood->admit, answer.conn);
		answer.verdict = ADMIT_UNAUTH;
	}
	if (answer.tell)
		log_refusal(listener->view, &answer, peer->peer);
	if (answer.verdict != ADMIT_OK) {
		say_refusal(&answer, peer->peer, why, sizeof(why));
		/* A handshake, too, may be what a worker crashes at. */
		if (answer.verdict != ADMIT_HELD || listener->view == 0)
			refuse(p, listener, peer, why);
		return;
	}
	crowded(p, listener->view, now);
	flags = (listener->view == 1 ? IPC_CLIENT_TLS : 0) |
		(answer.trusted ? IPC_CLIENT_TRUST : 0) |
		(answer.extra ? IPC_CLIENT_EXTRA : 0) |
		(ask.behind ? IPC_CLIENT_PROXY : 0);
	if (hand_over(p, listener, peer, answer.conn, flags, "") == 0)
		return;
	admit_undo(p->brood->admit, answer.conn);
	refuse(p, listener, peer, "No process is free, please try again later");
	if (p->alone != 0 && now < p->alone + TELL_MORE)
		return;
	p->alone = now;
	log_courier((int)listener->view, LOG_LEVEL_ERR,
	    "no worker takes clients, ip=[%s], port=[%u]", peer->peer,
	    peer->peer_port);
}

/* Admitted, but workers that served its address have crashed. */
static bool
held(const struct admit_answer *answer, uint64_t now)
{
	return answer->verdict == ADMIT_OK && !answer->trusted &&
	       holdoff_left(answer->net, now) > 0;
}

/* Who makes place for the newcomer, if anybody must. False: it cannot be told.
 */
static bool
evict(struct porch *p, const struct admit_answer *answer)
{
	struct child *c = &p->brood->v[BROOD_SERVANTS + answer->evict_worker];
	struct ipc_put put;

	if (answer->evict == 0)
		return true;
	ipc_begin(&put, IPC_EVICT);
	ipc_put_u64(&put, answer->evict);
	if (brood_send(p->brood, c, &put, -1) == -1)
		return false;
	admit_evict(p->brood->admit, answer->evict);
	return true;
}

/* Whether TCPDOPTS -haproxy names the place where this one came in. */
static bool
is_behind(const struct settings_view *view, const struct listen_peer *peer)
{
	struct in6_addr ours, theirs;
	const struct settings_listen *l;
	char text[INET6_ADDRSTRLEN + 8];

	for (uint32_t i = 0; i < view->nhaproxy; i++) {
		l = &view->haproxy[i];
		if (l->port != peer->local_port)
			continue;
		if (strcmp(l->addr, "0") == 0)
			return true;
		snprintf(text, sizeof(text), "%s%.45s",
		    strchr(l->addr, ':') == NULL ? "::ffff:" : "", l->addr);
		if (inet_pton(AF_INET6, text, &ours) == 1 &&
		    inet_pton(AF_INET6, peer->local, &theirs) == 1 &&
		    memcmp(&ours, &theirs, sizeof(ours)) == 0)
			return true;
	}
	return false;
}

int
porch_named(
    struct porch *p, struct child *worker, struct ipc_msg *msg, uint64_t now)
{
	struct named n = {.now = now};
	struct ipc_put put;
	uint32_t flags = 0;

	if (named_read(&n, msg) == -1)
		return -1;
	if (named_decide(p, worker, &n) == -1) {
		/* It may cross a word of ours. */
		if (log_rare(&worker->strays))
			log_line(LOG_LEVEL_WARN,
			    "worker %u: %s of no client of its", worker->number,
			    ipc_name(IPC_NAMED));
		return 0;
	}
	if (n.refused)
		flags = IPC_CLIENT_REFUSE;
	else
		flags = (n.answer.trusted ? IPC_CLIENT_TRUST : 0) |
			(n.answer.extra ? IPC_CLIENT_EXTRA : 0);
	ipc_begin(&put, IPC_ADMITTED);
	ipc_put_u64(&put, n.conn);
	ipc_put_u32(&put, flags);
	ipc_put_str(&put, n.why);
	(void)brood_send(p->brood, worker, &put, -1); /* a deaf one is killed */
	return 0;
}

static int
named_read(struct named *n, struct ipc_msg *msg)
{
	struct ipc_get get;
	const uint8_t *addr;
	size_t size;

	ipc_open(&get, msg);
	n->conn = ipc_get_u64(&get);
	addr = ipc_get_bytes(&get, &size, sizeof(n->addr));
	n->port = ipc_get_u32(&get);
	n->local_port = ipc_get_u32(&get);
	if (ipc_done(&get) == -1 || size != sizeof(n->addr))
		return -1;
	memcpy(n->addr, addr, sizeof(n->addr));
	if (inet_ntop(AF_INET6, n->addr, n->peer, sizeof(n->peer)) == NULL)
		n->peer[0] = '\0';
	return 0;
}

/* As greet does it for others, but the socket is the worker's by now. */
static int
named_decide(struct porch *p, const struct child *worker, struct named *n)
{
	const struct settings *set = &p->brood->boot.set;
	struct admit_ask ask = {.now = n->now};
	struct access_rule rule;
	int view = admit_view(p->brood->admit, n->conn);

	if (view == -1)
		return -1;
	access_find(p->access, n->addr, (uint16_t)n->local_port,
	    set->view[view].accesslocal != 0, &rule);
	ask.maxperip = rule.maxperip;
	memcpy(ask.addr, n->addr, sizeof(ask.addr));
	if (admit_name(p->brood->admit, set, &ask, n->conn, worker->number,
		&n->answer) == -1)
		return -1;
	if (held(&n->answer, n->now))
		n->answer.verdict = ADMIT_HELD;
	n->refused = rule.deny || n->answer.verdict != ADMIT_OK;
	if (rule.deny) {
		snprintf(n->why, sizeof(n->why), "%s", set->view[view].denymsg);
		tell_denied(p, (unsigned)view, n->peer, n->port, n->now);
	} else if (n->refused) {
		if (n->answer.tell)
			log_refusal((unsigned)view, &n->answer, n->peer);
		say_refusal(&n->answer, n->peer, n->why, sizeof(n->why));
	}
	return 0;
}

/* Closed without a word, or with that of -denymsg. */
static void
deny(struct porch *p, const struct listener *listener,
    const struct listen_peer *peer, uint64_t now)
{
	const char *why = p->brood->boot.set.view[listener->view].denymsg;

	if (why[0] != '\0')
		refuse(p, listener, peer, why);
	tell_denied(p, listener->view, peer->peer, peer->peer_port, now);
}

static void
tell_denied(struct porch *p, unsigned view, const char *peer, unsigned port,
    uint64_t now)
{
	char more[32] = "";

	if (p->deny != 0 && now < p->deny + TELL_DENY) {
		p->denied++;
		return;
	}
	p->deny = now;
	if (p->denied > 0)
		snprintf(more, sizeof(more), ", more=%u", p->denied);
	p->denied = 0;
	log_courier((int)view, LOG_LEVEL_INFO,
	    "Denied by IMAPACCESSFILE, ip=[%s], port=[%u]%s", peer, port, more);
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
			(void)admit_give(p->brood->admit, conn, BOOT_WORKERS,
			    worker->number);
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
	case ADMIT_HELD:
		snprintf(
		    out, size, "Temporary problem, please try again later");
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
	case ADMIT_HELD: /* told when it began */
		return;
	case ADMIT_OK:
		log_courier((int)view, LOG_LEVEL_WARN,
		    "Too many connections without login, the oldest make "
		    "place, ip=[%s], %s",
		    peer, tail);
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
