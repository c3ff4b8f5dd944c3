/*
 * Sessions. A client with a ticket gets the lingering session of its account,
 * if this worker has one, else a new one: START with one end of a fresh
 * channel, then SERVE with the stream once the spawner has said STARTED. A
 * parked one comes back by RESUME in the same way; wake.c chooses its session.
 *
 * A lingering session may give up in the moment that we choose it. Its kernel
 * tells: a channel that is closed with our SERVE unread says ECONNRESET, one
 * closed after reading it does not. Where it leaves in order it says so itself
 * (LEAVE), whatever lies in its channel. Only then is a client given to another
 * session, so nothing is ever executed twice.
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
#include "worker/net/park.h"
#include "worker/net/relay.h"
#include "worker/net/roster.h"
#include "worker/net/tell.h"
#include "worker/net/wake.h"

#define RETRY_MS 30000u /* for the spawner's second answer */

static int ask_new(struct worker *, struct client *);
static struct lease *make(struct worker *, struct account *, int);
static int send_start(struct worker *, struct client *, int);
static void start_new(struct worker *, struct client *);
static void woken(struct worker *, struct client *, bool, uint32_t);
static int started(struct worker *, struct client *);
static void refused(
    struct worker *, struct client *, uint32_t, uint32_t, uint32_t);
static void limit_reached(struct worker *, struct client *, uint32_t, uint32_t);
static void forget_start(struct worker *, struct lease *);
static void serve(struct worker *, struct client *);
static int send_serve(struct client *, int);
static void give_up(struct worker *, struct client *);
static void deny(struct worker *, struct client *);
static int receive(struct worker *, struct lease *, struct ipc_msg *);
static int ended(struct worker *, struct lease *, struct ipc_msg *);
static void let_go(struct worker *, struct client *, uint32_t);
static void linger(struct worker *, struct lease *);
static void lost(struct worker *, struct lease *, bool);
static void died(struct worker *, struct client *);
static void give_back(struct worker *, struct lease *, struct client *);
static bool was_unread(const struct lease *);
static void detach(struct lease *);

void
lease_start(struct worker *w, struct client *c)
{
	uint8_t id[16];
	struct lease *k = NULL;

	client_enter(c, CLIENT_STARTING);
	c->fresh = false;
	if (c->account == NULL &&
	    ticket_account(c->ticket, c->nticket, id) == 0)
		c->account = account_get(w, id);
	if (c->account == NULL) {
		deny(w, c);
		return;
	}
	if ((k = account_idle(c->account)) == NULL) {
		start_new(w, c);
		return;
	}
	lease_enter(k, LEASE_STARTING);
	k->client = c;
	c->lease = k;
	if (send_start(w, c, -1) == -1) {
		detach(k);
		linger(w, k);
		deny(w, c);
	}
}

static void
start_new(struct worker *w, struct client *c)
{
	if (ask_new(w, c) == -1)
		deny(w, c);
	else
		c->fresh = true;
}

/* A session to be, for this client. 0 or -1. */
static int
ask_new(struct worker *w, struct client *c)
{
	struct lease *k;
	int pair[2], r;

	if (ipc_pair(pair) == -1)
		return -1;
	if ((k = make(w, c->account, pair[0])) == NULL) {
		(void)close(pair[1]);
		return -1;
	}
	if ((r = send_start(w, c, pair[1])) == -1) {
		lease_close(w, k);
	} else {
		k->client = c;
		c->lease = k;
	}
	(void)close(pair[1]);
	return r;
}

/* Takes fd over. */
static struct lease *
make(struct worker *w, struct account *a, int fd)
{
	struct lease *k = calloc(1, sizeof(*k));

	if (k == NULL) {
		(void)close(fd);
		return NULL;
	}
	k->src.kind = SOURCE_LEASE;
	k->src.fd = fd;
	k->state = LEASE_STARTING;
	TAILQ_INIT(&k->behind);
	TAILQ_INSERT_TAIL(&w->leases, k, all);
	k->account = account_get(w, a->id);
	a->nleases++;
	TAILQ_INSERT_TAIL(&a->leases, k, crew);
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
	uint32_t flags = fd != -1 ? IPC_START_NEW : 0;

	/* Beyond MAXPERIP: once, when it logs in. */
	if ((c->flags & IPC_CLIENT_EXTRA) != 0 && c->login == 0)
		flags |= IPC_START_INSTEAD;
	ipc_begin(&put, IPC_START);
	ipc_put_u64(&put, c->conn);
	ipc_put_u32(&put, flags);
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
	if (c != NULL && c->state == CLIENT_WAKING && c->lease != NULL) {
		woken(w, c, msg->type == IPC_STARTED, why);
		return 0;
	}
	/* A client that has gone owes its ENDED already. */
	if (c == NULL || c->state != CLIENT_STARTING)
		return 0;
	if (msg->type == IPC_STARTED)
		return started(w, c);
	c->counted = false;
	if (c->lease != NULL)
		lease_leave(w, c);
	refused(w, c, why, count, limit);
	return 0;
}

/* The answer for a parked client. */
static void
woken(struct worker *w, struct client *c, bool ok, uint32_t why)
{
	struct lease *k = c->lease;

	detach(k);
	forget_start(w, k);
	if (ok && lease_resume(w, k, c) == 0)
		return;
	lease_close(w, k);
	if (!ok && why == IPC_REFUSED_TICKET) {
		log_line(LOG_LEVEL_ERR,
		    "the spawner refused a ticket: conn=%llu",
		    (unsigned long long)c->conn);
		park_late(w, c);
		return;
	}
	wake_again(w, c);
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
		limit_reached(w, c, count, limit);
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
limit_reached(
    struct worker *w, struct client *c, uint32_t count, uint32_t limit)
{
	tell_refused(c, c->user, "limit");
	if ((c->flags & IPC_CLIENT_EXTRA) != 0 && count < limit) {
		client_say(c,
		    "%s NO [LIMIT] Too many connections from your address."
		    "\r\n* BYE [ALERT] Too many connections from your "
		    "address, and none of this account is parked.\r\n",
		    c->tag);
		client_bye(w, c, NULL);
		return;
	}
	log_line(LOG_LEVEL_WARN,
	    "MAXPERUSER reached: user=%s count=%u limit=%u ip=%s", c->user,
	    count, limit, c->peer);
	client_say(c,
	    "%s NO [LIMIT] Too many connections for this account.\r\n"
	    "* BYE [ALERT] Too many connections for this account (%u, limit "
	    "%u).\r\n",
	    c->tag, count, limit);
	client_bye(w, c, NULL);
}

int
lease_wake(struct worker *w, struct client *c)
{
	if (ask_new(w, c) == -1)
		return -1;
	c->lease->wakes = true;
	w->starting++;
	return 0;
}

static void
forget_start(struct worker *w, struct lease *k)
{
	w->starting -= k->wakes;
	k->wakes = false;
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
	if (lease_stream(w, c, &stream) == -1) {
		give_up(w, c);
		return;
	}
	client_enter(c, CLIENT_SERVED);
	client_deadline(w, c, 0);
	r = send_serve(c, stream);
	if (flow_is_wrapped(c))
		(void)close(stream);
	lease_enter(k, LEASE_SERVING);
	lease_begin(w, k);
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
		roster_count(w, CONNTAB_LOGINS, 1);
		gate_free(c->gate);
		c->gate = NULL;
	}
	roster_update(w, c);
	if (!k->reused) /* a second session would need the input again */
		client_eat(c, c->nin);
	if (c->relay != NULL)
		client_ready(w, c, 0);
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

	/* Asked in any case: a pending error hides what was said before it. */
	if (was_unread(k) && k->unread)
		k->dropped = true;
	if ((events & EPOLLOUT) != 0 && k->owes) {
		k->owes = false;
		k->changes--;
		(void)loop_want(w, &k->src, EPOLLIN);
		lease_changed(w, k);
	}
	if ((events & ~(uint32_t)EPOLLOUT) == 0)
		return;
	r = ipc_recv(k->src.fd, BOOT_WORKER, BOOT_SESSION, &msg);
	if (r == -1 && errno == EAGAIN)
		return;
	if (r == 1) {
		k->spoke = w->now;
		r = receive(w, k, &msg);
		ipc_drop(&msg);
	}
	if (r == -1)
		log_line(LOG_LEVEL_ERR,
		    "bad message %s from a session: "
		    "closed",
		    ipc_name(msg.type));
	if (r == -1 || r == 0 || k->leaves)
		lost(w, k,
		    k->leaves || (k->dropped && r == 0 && k->nbehind == 0));
}

/* 1; -1: it breaks the rules. */
static int
receive(struct worker *w, struct lease *k, struct ipc_msg *msg)
{
	int r = -1;

	/* These may be of a look that it owes, or of the client before. */
	if (msg->type != IPC_LEAVE && msg->type != IPC_POST &&
	    msg->type != IPC_UNWATCH)
		k->silent = false;
	switch (msg->type) {
	case IPC_END:
		r = ended(w, k, msg);
		break;
	case IPC_LEAVE:
		k->leaves = k->client == NULL || k->silent;
		r = msg->len == 0 ? 0 : -1;
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
	case IPC_NOTE:
		r = roster_note(w, k->client, msg);
		break;
	case IPC_WISH:
		r = park_wish(w, k, msg);
		break;
	case IPC_STAY:
		r = park_stay(w, k, msg);
		break;
	case IPC_PARK:
		r = park_take(w, k, msg);
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
	if (ipc_done(&g) == -1 || end.why > IPC_END_PROTOCOL)
		return -1;
	if (k->state != LEASE_SERVING || c == NULL || c->conn != conn)
		return lease_ghost(k) ? 0 : -1;
	end.headers += c->past.headers;
	end.body += c->past.body;
	end.received += c->past.received;
	end.sent += c->past.sent;
	tell_end(w, c, &end);
	relay_resume(w, c);
	lease_next(w, k);
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

void
lease_next(struct worker *w, struct lease *k)
{
	notice_leave(w, k);
	detach(k);
	k->client = TAILQ_FIRST(&k->behind);
	if (k->client == NULL) {
		linger(w, k);
		return;
	}
	TAILQ_REMOVE(&k->behind, k->client, next);
	k->nbehind--;
	lease_begin(w, k);
	wake_run(w, k->account);
}

/*
 * Nobody of its account waits: it does, but not while others need its place,
 * nor beside enough of its kind.
 */
static void
linger(struct worker *w, struct lease *k)
{
	k->reused = true;
	k->unread = k->dropped = k->news = false;
	if (w->state != WORKER_RUNNING) {
		lease_close(w, k);
		return;
	}
	lease_enter(k, LEASE_LINGERING);
	wake_run(w, k->account);
	if (k->state == LEASE_LINGERING &&
	    (w->boot.set.linger == 0 || w->starting == WAKE_STARTS ||
		account_nidle(k->account) > WAKE_SPARES))
		lease_close(w, k);
}

/*
 * The channel has ended without END. unread: its SERVE was never looked at; it
 * serves them in their order, so those behind it are untouched anyway.
 */
static void
lost(struct worker *w, struct lease *k, bool unread)
{
	struct client *c = k->client;
	bool reused = k->reused, moved;

	if (c != NULL)
		detach(k);
	lease_close(w, k);
	if (c == NULL)
		return;
	/* Its REFUSED may be on the way; a STARTED will find no session. */
	if (c->state == CLIENT_STARTING)
		return;
	if (c->state == CLIENT_WAKING) {
		wake_again(w, c);
		return;
	}
	moved = c->relay != NULL && c->relay->moved;
	if (!unread) {
		died(w, c);
		return;
	}
	relay_end(w, c);
	if (c->parked != NULL) {
		if (moved)
			park_over(w, c, IPC_END_DISCONNECTED);
		else
			wake_again(w, c);
		return;
	}
	client_enter(c, CLIENT_STARTING);
	client_deadline(w, c, RETRY_MS);
	if (reused && !moved)
		(void)started(w, c);
	else
		give_up(w, c);
	client_wait(w, c);
}

static void
died(struct worker *w, struct client *c)
{
	struct tell_end end = {.why = IPC_END_DISCONNECTED,
	    .headers = c->past.headers,
	    .body = c->past.body,
	    .received = c->past.received,
	    .sent = c->past.sent};

	log_line(LOG_LEVEL_ERR, "session died: conn=%llu user=%s",
	    (unsigned long long)c->conn, c->user);
	if (c->parked == NULL) {
		end.received = c->received;
		end.sent = c->sent;
	}
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
lease_leave(struct worker *w, struct client *c)
{
	struct lease *k = c->lease;

	if (c != k->client) {
		TAILQ_REMOVE(&k->behind, c, next);
		k->nbehind--;
		k->ghosts++;
		c->lease = NULL;
		return;
	}
	detach(k);
	if (k->state == LEASE_STARTING && k->reused)
		linger(w, k);
	else
		lease_close(w, k);
}

int
lease_return(struct worker *w, struct lease *k, uint64_t conn)
{
	struct client *c;

	TAILQ_FOREACH (c, &k->behind, next)
		if (c->conn == conn)
			break;
	if (c == NULL)
		return lease_ghost(k) ? 0 : -1;
	k->news = false; /* it is busy otherwise */
	give_back(w, k, c);
	return 0;
}

static void
give_back(struct worker *w, struct lease *k, struct client *c)
{
	TAILQ_REMOVE(&k->behind, c, next);
	k->nbehind--;
	c->lease = NULL;
	relay_end(w, c);
	wake_again(w, c);
}

bool
lease_ghost(struct lease *k)
{
	if (k->ghosts == 0)
		return false;
	k->ghosts--;
	return true;
}

void
lease_hurry(struct lease *k)
{
	struct ipc_put put;

	if (k->state != LEASE_SERVING || k->hurried)
		return;
	ipc_begin(&put, IPC_WANTED);
	k->hurried = ipc_send(k->src.fd, &put, NULL, 0) == 0;
}

void
lease_forlorn(struct worker *w)
{
	struct lease *k, *next;
	struct client *c;

	TAILQ_FOREACH_SAFE (k, &w->leases, all, next) {
		if (!k->wakes)
			continue;
		c = k->client;
		detach(k);
		lease_close(w, k);
		wake_again(w, c);
	}
}

static void
detach(struct lease *k)
{
	k->client->lease = NULL;
	k->client = NULL;
}

void
lease_enter(struct lease *k, enum lease_state state)
{
	assert(k->state != LEASE_GONE);
	k->state = state;
}

void
lease_changed(struct worker *w, struct lease *k)
{
	struct ipc_put put;

	if (k->folder == NULL || k->owes)
		return;
	roster_count(w, CONNTAB_WAKES, 1);
	ipc_begin(&put, IPC_CHANGED);
	ipc_put_u64(&put, k->folder->dev);
	ipc_put_u64(&put, k->folder->ino);
	k->changes++;
	if (ipc_send(k->src.fd, &put, NULL, 0) == 0 || errno != EAGAIN)
		return; /* a broken channel tells by itself */
	k->owes = loop_want(w, &k->src, EPOLLIN | EPOLLOUT) == 0;
}

void
lease_shutdown(struct worker *w, struct lease *k, uint32_t why)
{
	struct ipc_put put;

	(void)w;
	ipc_begin(&put, IPC_SHUTDOWN);
	ipc_put_u32(&put, why);
	(void)ipc_send(k->src.fd, &put, NULL, 0);
}

void
lease_close(struct worker *w, struct lease *k)
{
	if (k->state == LEASE_GONE)
		return;
	assert(k->client == NULL);
	notice_leave(w, k);
	forget_start(w, k);
	lease_enter(k, LEASE_GONE);
	TAILQ_REMOVE(&w->leases, k, all);
	TAILQ_REMOVE(&k->account->leases, k, crew);
	k->account->nleases--;
	while (!TAILQ_EMPTY(&k->behind))
		give_back(w, k, TAILQ_FIRST(&k->behind));
	account_put(w, k->account);
	loop_bury(w, &k->src);
}

void
lease_free(struct lease *k)
{
	free(k);
}
