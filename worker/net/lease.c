/*
 * Sessions. A client with a ticket gets the lingering session of its account,
 * if this worker has one, else a new one: START with one end of a fresh
 * channel, then SERVE with the stream once the spawner has said STARTED.
 *
 * A lingering session may give up in the moment that we choose it. Its kernel
 * tells: a channel that is closed with our SERVE unread says ECONNRESET, one
 * closed after reading it does not. Only in the first case is the client given
 * to another session, so nothing is ever executed twice.
 */
#include "worker/net/lease.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auth/ticket.h"
#include "shm/log.h"
#include "worker/net/compress.h"
#include "worker/net/flow.h"
#include "worker/net/follow.h"
#include "worker/net/gate.h"
#include "worker/net/notice.h"
#include "worker/net/relay.h"
#include "worker/net/tell.h"

#define RETRY_MS 30000u /* for the spawner's second answer */

static struct lease *find_lingering(struct worker *, const uint8_t[16]);
static struct lease *make(struct worker *, int);
static int send_start(struct worker *, struct client *, int);
static void start_new(struct worker *, struct client *);
static int started(struct worker *, struct client *);
static void refused(
    struct worker *, struct client *, uint32_t, uint32_t, uint32_t);
static void serve(struct worker *, struct client *);
static int send_serve(struct client *, int);
static int open_stream(struct worker *, struct client *, int *);
static void give_up(struct worker *, struct client *);
static void deny(struct worker *, struct client *);
static int receive(struct worker *, struct lease *, struct ipc_msg *);
static int ended(struct worker *, struct lease *, struct ipc_msg *);
static void let_go(struct worker *, struct client *, uint32_t);
static void linger(struct worker *, struct lease *);
static void lost(struct worker *, struct lease *, bool);
static bool was_unread(const struct lease *);
static void detach(struct lease *);
static void enter(struct worker *, struct lease *, enum lease_state);

RB_GENERATE(lease_tree, lease, byaccount, lease_compare)

int
lease_compare(const struct lease *a, const struct lease *b)
{
	int r = memcmp(a->account, b->account, sizeof(a->account));

	if (r != 0)
		return r;
	return a->id < b->id ? -1 : a->id > b->id;
}

void
lease_start(struct worker *w, struct client *c)
{
	uint8_t account[16];
	struct lease *k = NULL;

	client_enter(c, CLIENT_STARTING);
	c->fresh = false;
	if (ticket_account(c->ticket, c->nticket, account) == 0)
		k = find_lingering(w, account);
	if (k == NULL) {
		start_new(w, c);
		return;
	}
	enter(w, k, LEASE_STARTING);
	k->client = c;
	c->lease = k;
	if (send_start(w, c, -1) == -1) {
		detach(k);
		linger(w, k);
		deny(w, c);
	}
}

static struct lease *
find_lingering(struct worker *w, const uint8_t account[16])
{
	struct lease key = {0}, *k;

	memcpy(key.account, account, sizeof(key.account));
	k = RB_NFIND(lease_tree, &w->lingering, &key);
	if (k == NULL || memcmp(k->account, account, 16) != 0)
		return NULL;
	return k;
}

static void
start_new(struct worker *w, struct client *c)
{
	struct lease *k = NULL;
	int pair[2];

	if (ipc_pair(pair) == -1) {
		deny(w, c);
		return;
	}
	if ((k = make(w, pair[0])) == NULL) {
		(void)close(pair[1]);
		deny(w, c);
		return;
	}
	if (ticket_account(c->ticket, c->nticket, k->account) == -1 ||
	    send_start(w, c, pair[1]) == -1) {
		lease_close(w, k);
		deny(w, c);
	} else {
		k->client = c;
		c->lease = k;
		c->fresh = true;
	}
	(void)close(pair[1]);
}

/* Takes fd over. */
static struct lease *
make(struct worker *w, int fd)
{
	struct lease *k = calloc(1, sizeof(*k));

	if (k == NULL) {
		(void)close(fd);
		return NULL;
	}
	k->src.kind = SOURCE_LEASE;
	k->src.fd = fd;
	k->state = LEASE_STARTING;
	k->id = ++w->serial;
	TAILQ_INSERT_TAIL(&w->leases, k, all);
	if (loop_want(w, &k->src, EPOLLIN) == -1) {
		lease_close(w, k);
		return NULL;
	}
	return k;
}

static int
send_start(struct worker *w, struct client *c, int fd)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_START);
	ipc_put_u64(&put, c->conn);
	ipc_put_u32(&put, fd != -1);
	ipc_put_bytes(&put, c->ticket, c->nticket);
	if (peer_send(&w->spawner, &put, &fd, fd != -1) == -1)
		return -1;
	c->counted = true;
	return 0;
}

int
lease_answer(struct worker *w, struct ipc_msg *msg)
{
	uint32_t why = 0, count = 0, limit = 0;
	struct client *c;
	struct ipc_get g;

	ipc_open(&g, msg);
	c = client_find(w, ipc_get_u64(&g));
	if (msg->type == IPC_REFUSED) {
		why = ipc_get_u32(&g);
		count = ipc_get_u32(&g);
		limit = ipc_get_u32(&g);
	}
	if (ipc_done(&g) == -1)
		return -1;
	/* A client that has gone owes its ENDED already. */
	if (c == NULL || c->state != CLIENT_STARTING)
		return 0;
	if (msg->type == IPC_STARTED)
		return started(w, c);
	c->counted = false;
	if (c->lease != NULL)
		lease_leave(w, c->lease);
	refused(w, c, why, count, limit);
	return 0;
}

static int
started(struct worker *w, struct client *c)
{
	if (c->lease != NULL) {
		serve(w, c);
		return 0;
	}
	if (c->fresh) { /* a new session that died at once: no third */
		give_up(w, c);
		return 0;
	}
	/* The lingering session gave up meanwhile: take back, ask anew. */
	peer_owe(w, &w->spawner, IPC_ENDED, c->conn, 0);
	c->counted = false;
	start_new(w, c);
	return 0;
}

static void
refused(struct worker *w, struct client *c, uint32_t why, uint32_t count,
    uint32_t limit)
{
	switch (why) {
	case IPC_REFUSED_LIMIT:
		log_line(LOG_LEVEL_WARN,
		    "MAXPERUSER reached: user=%s count=%u limit=%u ip=%s",
		    c->user, count, limit, c->peer);
		tell_refused(c, c->user, "limit");
		client_say(c,
		    "%s NO [LIMIT] Too many connections for this account.\r\n"
		    "* BYE [ALERT] Too many connections for this account (%u, "
		    "limit %u).\r\n",
		    c->tag, count, limit);
		client_bye(w, c, NULL);
		break;
	case IPC_REFUSED_TICKET:
		log_line(LOG_LEVEL_ERR,
		    "the spawner refused a ticket: conn=%llu",
		    (unsigned long long)c->conn);
		client_say(c,
		    "%s NO [UNAVAILABLE] Temporary problem, please "
		    "try again later\r\n* BYE Temporary problem, please try "
		    "again later\r\n",
		    c->tag);
		client_bye(w, c, NULL);
		break;
	case IPC_REFUSED_UNAVAILABLE:
	default:
		deny(w, c);
	}
}

static void
serve(struct worker *w, struct client *c)
{
	struct lease *k = c->lease;
	int stream, r;

	/* What we said comes first; who does not take it gets no session. */
	if (client_flush(w, c) != 1) {
		client_end(w, c);
		return;
	}
	if (open_stream(w, c, &stream) == -1) {
		give_up(w, c);
		return;
	}
	client_enter(c, CLIENT_SERVED);
	client_deadline(w, c, 0);
	r = send_serve(c, stream);
	if (flow_is_wrapped(c))
		(void)close(stream);
	enter(w, k, LEASE_SERVING);
	k->unread = true;
	if (r == -1) {
		/* Its channel is broken: was_unread finds out how. */
		lost(w, k, true);
		return;
	}
	if (c->login == 0) {
		c->login = w->now;
		tell_login(c);
		peer_owe(w, &w->master, IPC_LOGGEDIN, c->conn, 0);
		gate_free(c->gate);
		c->gate = NULL;
	}
	if (!k->reused) /* a second session would need the input again */
		client_eat(c, c->nin);
	if (c->relay != NULL)
		client_ready(w, c, 0);
}

/*
 * *stream: what the session gets. The client's own socket leaves our epoll: a
 * session reads it alone. -1 with errno.
 */
static int
open_stream(struct worker *w, struct client *c, int *stream)
{
	int pair[2];

	if (!flow_is_wrapped(c)) {
		*stream = c->src.fd;
		return loop_want(w, &c->src, 0);
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1)
		return -1;
	if (relay_new(w, c, pair[0]) == -1) {
		(void)close(pair[1]);
		return -1;
	}
	*stream = pair[1];
	return 0;
}

static int
send_serve(struct client *c, int stream)
{
	struct ipc_put put;
	uint32_t flags = 0;

	if (c->tls != NULL)
		flags |= IPC_SERVE_TLS;
	if (c->tls_later)
		flags |= IPC_SERVE_STARTTLS;
	if (c->asked_plus)
		flags |= IPC_SERVE_AUTH;
	if (c->deflate != NULL)
		flags |= IPC_SERVE_COMPRESS;
	ipc_begin(&put, IPC_SERVE);
	ipc_put_u64(&put, c->conn);
	ipc_put_u32(&put, flags);
	ipc_put_str(&put, c->tag);
	ipc_put_str(&put, c->user);
	ipc_put_str(&put, c->peer);
	ipc_put_u32(&put, c->peer_port);
	ipc_put_u32(&put, c->local_port);
	ipc_put_bytes(&put, c->in, c->nin);
	return ipc_send(c->lease->src.fd, &put, &stream, 1);
}

/* No session after all: nothing was done for the client, so it may retry. */
static void
give_up(struct worker *w, struct client *c)
{
	struct lease *k = c->lease;

	if (c->counted)
		peer_owe(w, &w->spawner, IPC_ENDED, c->conn, 0);
	c->counted = false;
	if (k != NULL) {
		detach(k);
		lease_close(w, k);
	}
	deny(w, c);
}

static void
deny(struct worker *w, struct client *c)
{
	struct tell_end end = {.why = IPC_END_DISCONNECTED};

	if (c->gate != NULL) {
		gate_unavailable(w, c);
		return;
	}
	/* Its login was told to the log already: no second one. */
	tell_end(w, c, &end);
	client_say(c,
	    "%s NO [UNAVAILABLE] Temporary problem, please try again later\r\n"
	    "* BYE Temporary problem, please try again later\r\n",
	    c->tag);
	client_bye(w, c, NULL);
}

void
lease_ready(struct worker *w, struct lease *k, uint32_t events)
{
	struct ipc_msg msg = {.nfds = 0};
	int r;

	if (k->unread && !k->dropped)
		k->dropped = was_unread(k);
	if ((events & EPOLLOUT) != 0 && k->owes) {
		k->owes = false;
		(void)loop_want(w, &k->src, EPOLLIN);
		lease_changed(w, k);
	}
	if ((events & ~(uint32_t)EPOLLOUT) == 0)
		return;
	r = ipc_recv(k->src.fd, BOOT_WORKER, BOOT_SESSION, &msg);
	if (r == -1 && errno == EAGAIN)
		return;
	if (r == 1) {
		r = receive(w, k, &msg);
		ipc_drop(&msg);
	}
	if (r == -1)
		log_line(LOG_LEVEL_ERR,
		    "bad message %s from a session: "
		    "closed",
		    ipc_name(msg.type));
	if (r == -1 || r == 0)
		lost(w, k, k->dropped && r == 0);
}

/* 1; -1: it breaks the rules. */
static int
receive(struct worker *w, struct lease *k, struct ipc_msg *msg)
{
	int r = -1;

	switch (msg->type) {
	case IPC_END:
		r = ended(w, k, msg);
		break;
	case IPC_POST:
		r = notice_post(w, k, msg);
		break;
	case IPC_WATCH:
		k->unread = false; /* it has seen its client */
		r = notice_watch(w, k, msg);
		break;
	case IPC_UNWATCH:
		r = notice_unwatch(w, k, msg);
		break;
	case IPC_FOLLOW:
		r = follow_take(w, k, msg);
		break;
	case IPC_COMPRESS:
		r = compress_start(w, k, msg);
		break;
	default:
		break;
	}
	return r == 0 ? 1 : -1;
}

static int
ended(struct worker *w, struct lease *k, struct ipc_msg *msg)
{
	struct client *c = k->client;
	struct tell_end end;
	struct ipc_get g;
	uint64_t conn;

	ipc_open(&g, msg);
	conn = ipc_get_u64(&g);
	end.why = ipc_get_u32(&g);
	end.headers = ipc_get_u64(&g);
	end.body = ipc_get_u64(&g);
	end.received = ipc_get_u64(&g);
	end.sent = ipc_get_u64(&g);
	if (ipc_done(&g) == -1 || k->state != LEASE_SERVING || c == NULL ||
	    c->conn != conn || end.why > IPC_END_PROTOCOL)
		return -1;
	notice_leave(w, k);
	tell_end(w, c, &end);
	detach(k);
	linger(w, k);
	let_go(w, c, end.why);
	return 0;
}

/* The session has no more for its client: what it wrote must still arrive. */
static void
let_go(struct worker *w, struct client *c, uint32_t why)
{
	if (c->src.events == 0 && flow_is_wrapped(c) && c->relay == NULL) {
		client_end(w, c); /* it was broken before */
		return;
	}
	/* Plain, and nothing of the client's is unread: no reset to fear. */
	if (!flow_is_wrapped(c) &&
	    (why == IPC_END_LOGOUT || why == IPC_END_DISCONNECTED)) {
		client_end(w, c);
		return;
	}
	if (c->relay != NULL)
		relay_finish(c);
	client_bye(w, c, NULL);
}

static void
linger(struct worker *w, struct lease *k)
{
	k->reused = true;
	k->unread = k->dropped = false;
	if (w->state != WORKER_RUNNING || w->boot.set.linger == 0)
		lease_close(w, k);
	else
		enter(w, k, LEASE_LINGERING);
}

/* The channel has ended without END. unread: SERVE was never looked at. */
static void
lost(struct worker *w, struct lease *k, bool unread)
{
	struct client *c = k->client;
	struct tell_end end = {.why = IPC_END_DISCONNECTED};
	bool reused = k->reused, moved;

	if (c != NULL)
		detach(k);
	lease_close(w, k);
	if (c == NULL)
		return;
	/* Its REFUSED may be on the way; a STARTED will find no session. */
	if (c->state == CLIENT_STARTING)
		return;
	moved = c->relay != NULL && c->relay->moved;
	if (unread) {
		relay_end(w, c);
		client_enter(c, CLIENT_STARTING);
		client_deadline(w, c, RETRY_MS);
		if (reused && !moved)
			(void)started(w, c);
		else
			give_up(w, c);
		client_wait(w, c);
		return;
	}
	log_line(LOG_LEVEL_ERR, "session died: conn=%llu user=%s",
	    (unsigned long long)c->conn, c->user);
	end.received = c->received;
	end.sent = c->sent;
	tell_end(w, c, &end);
	client_end(w, c);
}

static bool
was_unread(const struct lease *k)
{
	int error = 0;
	socklen_t n = sizeof(error);

	return getsockopt(k->src.fd, SOL_SOCKET, SO_ERROR, &error, &n) == 0 &&
	       error == ECONNRESET;
}

void
lease_leave(struct worker *w, struct lease *k)
{
	detach(k);
	if (k->state == LEASE_STARTING && k->reused)
		linger(w, k);
	else
		lease_close(w, k);
}

static void
detach(struct lease *k)
{
	k->client->lease = NULL;
	k->client = NULL;
}

static void
enter(struct worker *w, struct lease *k, enum lease_state state)
{
	assert(k->state != LEASE_GONE);
	if (k->state == LEASE_LINGERING)
		RB_REMOVE(lease_tree, &w->lingering, k);
	k->state = state;
	if (state == LEASE_LINGERING)
		(void)RB_INSERT(lease_tree, &w->lingering, k);
}

void
lease_changed(struct worker *w, struct lease *k)
{
	struct ipc_put put;

	if (k->folder == NULL || k->owes)
		return;
	ipc_begin(&put, IPC_CHANGED);
	ipc_put_u64(&put, k->folder->dev);
	ipc_put_u64(&put, k->folder->ino);
	if (ipc_send(k->src.fd, &put, NULL, 0) == 0 || errno != EAGAIN)
		return; /* a broken channel tells by itself */
	k->owes = loop_want(w, &k->src, EPOLLIN | EPOLLOUT) == 0;
}

void
lease_shutdown(struct worker *w, struct lease *k, bool fast)
{
	struct ipc_put put;

	(void)w;
	ipc_begin(&put, IPC_SHUTDOWN);
	ipc_put_u32(&put, fast);
	(void)ipc_send(k->src.fd, &put, NULL, 0);
}

void
lease_close(struct worker *w, struct lease *k)
{
	if (k->state == LEASE_GONE)
		return;
	assert(k->client == NULL);
	notice_leave(w, k);
	enter(w, k, LEASE_GONE);
	TAILQ_REMOVE(&w->leases, k, all);
	loop_bury(w, &k->src);
}

void
lease_free(struct lease *k)
{
	free(k);
}
