/*
 * One connection, from accept to close: buffers, interest in epoll, the table
 * of states, and the orderly end. What is said before login is gate.c's, what
 * happens after it the session's.
 *
 *   BORN -> HANDSHAKE -> COMMAND <-> SASL -> ASKED -> STARTING -> SERVED
 *                           ^------------------'---------'
 *   SERVED -> PARKED <-> WAKING -> SERVED
 *   PARKED -> MOVING -> GONE, BORN -> INHERITED -> PARKED (move.c)
 *   any of them -> CLOSING -> FLUSHED -> GONE
 *   BORN -> BEHIND -> NAMED -> as BORN (behind a balancer: behind.c)
 *
 * Every call on the socket uses MSG_DONTWAIT: its flags are shared with
 * whoever holds it. A connection ends by shutdown before close: closing our
 * copy alone would leave it open while a session has one.
 */
#include "worker/net/client.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bsd/string.h>

#include "shm/log.h"
#include "worker/net/behind.h"
#include "worker/net/deflate.h"
#include "worker/net/flow.h"
#include "worker/net/follow.h"
#include "worker/net/gate.h"
#include "worker/net/lease.h"
#include "worker/net/park.h"
#include "worker/net/relay.h"
#include "worker/net/room.h"
#include "worker/net/roster.h"
#include "worker/net/tell.h"
#include "worker/net/wake.h"

#define INPUT_STEP   2048u /* room made for one read */
#define REFUSING_MAX 50u   /* TLS clients at a time that hear a refusal */
#define REFUSE_MS    5000u
#define STALL_MS     10000u /* at the end: it takes no bytes */
#define LINGER_MS    2000u  /* all said: the client may close first */

static struct client *accept_read(struct ipc_msg *, char *, size_t);
static void handshake(struct worker *, struct client *);
static void handshaken(struct worker *, struct client *);
static void commands(struct worker *, struct client *);
static void await(struct worker *, struct client *, uint32_t);
static void served(struct worker *, struct client *);
static void flushed(struct worker *, struct client *);
static int make_room(struct client *);
static int read_some(struct client *, size_t *);
static int end_of(struct client *, enum tls_result);

#define FROM(s) (1u << CLIENT_##s)
static const unsigned legal[CLIENT_STATES] = {
    [CLIENT_BEHIND] = FROM(BORN),
    [CLIENT_NAMED] = FROM(BEHIND),
    [CLIENT_HANDSHAKE] = FROM(BORN) | FROM(NAMED) | FROM(COMMAND),
    [CLIENT_COMMAND] = FROM(BORN) | FROM(NAMED) | FROM(HANDSHAKE) | FROM(SASL) |
		       FROM(ASKED) | FROM(STARTING) | FROM(COMMAND),
    [CLIENT_SASL] = FROM(COMMAND) | FROM(SASL),
    [CLIENT_ASKED] = FROM(COMMAND) | FROM(SASL),
    [CLIENT_STARTING] = FROM(ASKED) | FROM(STARTING) | FROM(SERVED),
    [CLIENT_SERVED] = FROM(STARTING) | FROM(WAKING),
    [CLIENT_PARKED] =
	FROM(SERVED) | FROM(WAKING) | FROM(MOVING) | FROM(INHERITED),
    [CLIENT_WAKING] = FROM(PARKED) | FROM(SERVED),
    [CLIENT_MOVING] = FROM(PARKED),
    [CLIENT_INHERITED] = FROM(BORN),
    [CLIENT_CLOSING] = FROM(BORN) | FROM(BEHIND) | FROM(NAMED) |
		       FROM(HANDSHAKE) | FROM(COMMAND) | FROM(SASL) |
		       FROM(ASKED) | FROM(STARTING) | FROM(SERVED) |
		       FROM(PARKED) | FROM(WAKING) | FROM(INHERITED),
    [CLIENT_FLUSHED] = FROM(CLOSING),
    [CLIENT_GONE] = ~FROM(GONE),
};

RB_GENERATE(client_tree, client, byconn, client_compare)

int
client_compare(const struct client *a, const struct client *b)
{
	return a->conn < b->conn ? -1 : a->conn > b->conn;
}

void
client_enter(struct client *c, enum client_state state)
{
	assert((legal[state] & 1u << c->state) != 0);
	c->state = state;
}

struct client *
client_find(struct worker *w, uint64_t conn)
{
	struct client key = {.conn = conn};

	return RB_FIND(client_tree, &w->clients, &key);
}

int
client_accept(struct worker *w, struct ipc_msg *msg)
{
	char refusal[256];
	struct client *c = accept_read(msg, refusal, sizeof(refusal));

	if (c == NULL)
		return -1;
	c->src.fd = ipc_take_fd(msg, 0);
	if (RB_INSERT(client_tree, &w->clients, c) != NULL) {
		(void)close(c->src.fd);
		client_free(c);
		return -1;
	}
	room_taken(w, c->src.fd);
	c->born = w->now;
	c->gate = gate_new(w->now + w->boot.set.login_timeout * 1000u);
	if (c->gate != NULL && (c->flags & IPC_CLIENT_REFUSE) != 0)
		c->gate->refusal = strdup(refusal);
	if ((c->flags & IPC_CLIENT_PROXY) == 0)
		tell_connection(c);
	roster_enter(w, c);
	if (c->gate == NULL)
		client_end(w, c);
	else if ((c->flags & IPC_CLIENT_PROXY) != 0 &&
		 w->state == WORKER_RUNNING)
		behind_start(w, c);
	else
		client_begin(w, c);
	return 0;
}

/* NULL: malformed, or out of memory. */
static struct client *
accept_read(struct ipc_msg *msg, char *refusal, size_t size)
{
	struct client *c = calloc(1, sizeof(*c));
	struct ipc_get g;
	uint32_t listener, peer_port, local_port;

	if (c == NULL)
		return NULL;
	c->src.kind = SOURCE_CLIENT;
	c->src.fd = -1;
	ipc_open(&g, msg);
	c->conn = ipc_get_u64(&g);
	listener = ipc_get_u32(&g);
	c->flags = ipc_get_u32(&g);
	ipc_get_str(&g, c->peer, sizeof(c->peer));
	peer_port = ipc_get_u32(&g);
	ipc_get_str(&g, c->local, sizeof(c->local));
	local_port = ipc_get_u32(&g);
	ipc_get_str(&g, refusal, size);
	if (ipc_done(&g) == -1 || msg->nfds != 1 || listener > 1 ||
	    peer_port > UINT16_MAX || local_port > UINT16_MAX) {
		free(c);
		return NULL;
	}
	c->listener = (uint8_t)listener;
	c->peer_port = (uint16_t)peer_port;
	c->local_port = (uint16_t)local_port;
	return c;
}

void
client_begin(struct worker *w, struct client *c)
{
	bool refuse = (c->flags & IPC_CLIENT_REFUSE) != 0;

	if (w->state != WORKER_RUNNING) {
		client_stop(w, c, (c->flags & IPC_CLIENT_TLS) != 0);
		return;
	}
	if ((c->flags & IPC_CLIENT_TLS) == 0) {
		client_greet(w, c);
		return;
	}
	if (refuse && w->refusing >= REFUSING_MAX) {
		client_end(w, c);
		return;
	}
	if (w->tls == NULL) {
		tell_tls(c, "no certificate");
		client_end(w, c);
		return;
	}
	c->refusing = refuse;
	w->refusing += refuse;
	client_enter(c, CLIENT_HANDSHAKE);
	client_deadline(
	    w, c, refuse ? REFUSE_MS : w->boot.set.handshake_timeout * 1000u);
	handshake(w, c);
}

void
client_greet(struct worker *w, struct client *c)
{
	bool tls = c->tls != NULL;
	bool external = (c->flags & IPC_CLIENT_CERT) != 0;

	if ((c->flags & IPC_CLIENT_REFUSE) != 0) {
		client_say(c, "* BYE [ALERT] %s\r\n",
		    c->gate->refusal != NULL ? c->gate->refusal : "");
		client_bye(w, c, NULL);
		return;
	}
	client_enter(c, CLIENT_COMMAND);
	client_deadline(w, c, 0);
	client_say(c, "* OK [CAPABILITY %s] Corkboard IMAP ready.\r\n",
	    w->caps[tls][external]);
	if (client_flush(w, c) == -1)
		client_end(w, c);
	else if (tls)
		commands(w, c); /* the handshake may have read ahead */
	else
		client_wait(w, c);
}

void
client_ready(struct worker *w, struct client *c, uint32_t events)
{
	switch (c->state) {
	case CLIENT_BEHIND:
		behind_ready(w, c);
		break;
	case CLIENT_NAMED: /* only an end wakes it */
		client_end(w, c);
		break;
	case CLIENT_HANDSHAKE:
		handshake(w, c);
		break;
	case CLIENT_COMMAND:
	case CLIENT_SASL:
		commands(w, c);
		break;
	case CLIENT_ASKED:
	case CLIENT_STARTING:
		await(w, c, events);
		break;
	case CLIENT_SERVED:
	case CLIENT_CLOSING:
		/* Without an event of its own it comes from its relay. */
		if (events != 0 && c->relay != NULL)
			c->relay->heard = true;
		served(w, c);
		break;
	case CLIENT_PARKED:
		park_ready(w, c, events);
		break;
	case CLIENT_WAKING:
		wake_ready(w, c, events);
		break;
	case CLIENT_FLUSHED:
		flushed(w, c);
		break;
	case CLIENT_MOVING:
	case CLIENT_INHERITED:
	case CLIENT_BORN:
	case CLIENT_GONE:
	case CLIENT_STATES:
		break;
	}
}

static void
handshake(struct worker *w, struct client *c)
{
	enum tls_result r;
	int flushed_all;

	if (c->tls == NULL) { /* STARTTLS: the OK goes in clear */
		flushed_all = client_flush(w, c);
		if (flushed_all == 0) {
			client_wait(w, c);
			return;
		}
		if (flushed_all == 1)
			c->tls = tls_new(w->tls, c->src.fd,
			    (c->flags & IPC_CLIENT_CERT) != 0, c->local);
		if (c->tls == NULL) {
			client_end(w, c);
			return;
		}
	}
	r = tls_handshake(c->tls);
	if (r == TLS_OK) {
		handshaken(w, c);
		return;
	}
	c->want = r == TLS_WANT_WRITE ? EPOLLOUT : EPOLLIN;
	if (r == TLS_WANT_READ || r == TLS_WANT_WRITE) {
		client_wait(w, c);
		return;
	}
	tell_tls(c, r == TLS_EOF ? "connection ended" : tls_why(c->tls));
	client_end(w, c);
}

static void
handshaken(struct worker *w, struct client *c)
{
	c->want = 0;
	if (!c->tls_later) {
		client_greet(w, c);
		return;
	}
	client_enter(c, CLIENT_COMMAND);
	client_deadline(w, c, 0);
	commands(w, c);
}

/* Before login: what was said goes out before more is read. */
static void
commands(struct worker *w, struct client *c)
{
	int r = client_flush(w, c);

	if (r == 1)
		r = client_read(w, c) == -1 ? -1 : 1;
	if (r == -1) {
		client_end(w, c);
		return;
	}
	if (r == 1)
		gate_run(w, c);
	if (c->state == CLIENT_COMMAND || c->state == CLIENT_SASL)
		client_wait(w, c);
}

/*
 * Auth or the spawner are at it. What comes is kept for the session. An end is
 * no reason to give up: the input of a half-closed client is served.
 */
static void
await(struct worker *w, struct client *c, uint32_t events)
{
	if ((events & (EPOLLERR | EPOLLHUP)) != 0 || client_flush(w, c) == -1 ||
	    client_read(w, c) == -1)
		client_end(w, c);
	else
		client_wait(w, c);
}

/* The relay, and at the end what is left to say. */
static void
served(struct worker *w, struct client *c)
{
	int r = 1;

	if (c->relay != NULL)
		r = relay_pump(w, c);
	if (r == -1 && c->state == CLIENT_CLOSING) {
		client_end(w, c);
		return;
	}
	if (c->state != CLIENT_CLOSING || (c->relay != NULL && r != 0))
		return;
	relay_end(w, c);
	r = client_flush(w, c);
	if (r == -1)
		client_end(w, c);
	else if (r == 1)
		client_flushed(w, c);
	else
		client_wait(w, c);
}

void
client_deadline(struct worker *w, struct client *c, uint64_t ms)
{
	c->deadline = ms > 0 ? w->now + ms : 0;
	if (c->gate != NULL && c->state < CLIENT_SERVED &&
	    (ms == 0 || c->deadline > c->gate->login_by))
		c->deadline = c->gate->login_by;
	if (c->is_early == (c->deadline > 0))
		return;
	c->is_early = c->deadline > 0;
	if (c->is_early)
		TAILQ_INSERT_TAIL(&w->early, c, early);
	else
		TAILQ_REMOVE(&w->early, c, early);
}

void
client_late(struct worker *w, struct client *c)
{
	switch (c->state) {
	case CLIENT_COMMAND:
	case CLIENT_SASL:
	case CLIENT_ASKED:
	case CLIENT_STARTING:
		if (c->nout == 0) { /* else it takes no bytes: no use */
			client_bye(
			    w, c, "* BYE Disconnected for inactivity.\r\n");
			return;
		}
		break;
	case CLIENT_HANDSHAKE:
		tell_tls(c, "timed out");
		break;
	case CLIENT_PARKED: /* it takes no bytes */
	case CLIENT_WAKING: /* no session for it */
	case CLIENT_INHERITED:
		park_late(w, c);
		return;
	case CLIENT_BEHIND:
		tell_trouble(c, "PROXY header: timed out");
		break;
	case CLIENT_NAMED:
	case CLIENT_BORN:
	case CLIENT_SERVED:
	case CLIENT_MOVING:
	case CLIENT_CLOSING:
	case CLIENT_FLUSHED:
	case CLIENT_GONE:
	case CLIENT_STATES:
		break;
	}
	client_end(w, c);
}

void
client_again(struct worker *w, struct client *c)
{
	if (c->is_again)
		return;
	c->is_again = true;
	TAILQ_INSERT_TAIL(&w->again, c, again);
}

void
client_wait(struct worker *w, struct client *c)
{
	uint32_t events = 0;

	switch (c->state) {
	case CLIENT_BEHIND:
		events = EPOLLIN;
		break;
	case CLIENT_NAMED:
		events = EPOLLHUP;
		break;
	case CLIENT_HANDSHAKE:
		events = c->nout > 0 ? EPOLLOUT : c->want;
		break;
	case CLIENT_COMMAND:
	case CLIENT_SASL:
		events = c->nout > 0 ? EPOLLOUT | c->want : EPOLLIN;
		break;
	case CLIENT_ASKED:
	case CLIENT_STARTING:
		events = EPOLLHUP;
		if (!c->eof && c->nin < CLIENT_INPUT)
			events = EPOLLIN;
		if (c->nout > 0)
			events |= EPOLLOUT | c->want;
		break;
	case CLIENT_PARKED:
		events = park_events(c);
		break;
	case CLIENT_WAKING:
		events = EPOLLHUP;
		break;
	case CLIENT_CLOSING:
		events = EPOLLOUT | c->want;
		break;
	case CLIENT_FLUSHED:
		events = EPOLLIN;
		break;
	case CLIENT_MOVING:
	case CLIENT_INHERITED: /* nothing, and no end, until it is settled */
		break;
	case CLIENT_BORN:
	case CLIENT_SERVED:
	case CLIENT_GONE:
	case CLIENT_STATES:
		return;
	}
	if (loop_want(w, &c->src, events) == -1)
		client_end(w, c);
	/* epoll knows nothing of bytes that are decrypted already. */
	else if ((events & EPOLLIN) != 0 && !c->eof &&
		 c->state != CLIENT_HANDSHAKE && flow_pending(c))
		client_again(w, c);
}

int
client_read(struct worker *w, struct client *c)
{
	size_t got = 0;
	int r;

	(void)w;
	if (c->eof || c->nin >= CLIENT_INPUT)
		return 0;
	if (make_room(c) == -1)
		return -1;
	r = read_some(c, &got);
	c->nin += got;
	c->received += got;
	if (c->nin == 0) { /* a quiet client keeps no buffer */
		free(c->in);
		c->in = NULL;
		c->room = 0;
	}
	return r;
}

static int
make_room(struct client *c)
{
	size_t room = c->room > 0 ? c->room * 2 : INPUT_STEP;
	char *p;

	if (c->room - c->nin >= INPUT_STEP / 2)
		return 0;
	if (room > CLIENT_INPUT + INPUT_STEP)
		room = CLIENT_INPUT + INPUT_STEP;
	/* May hold a password: the old copy is wiped, not only freed. */
	if ((p = malloc(room)) == NULL)
		return -1;
	if (c->nin > 0) {
		memcpy(p, c->in, c->nin);
		explicit_bzero(c->in, c->nin);
	}
	free(c->in);
	c->in = p;
	c->room = room;
	return 0;
}

static int
read_some(struct client *c, size_t *got)
{
	size_t n = c->room - c->nin;

	if (n > CLIENT_INPUT - c->nin)
		n = CLIENT_INPUT - c->nin;
	return end_of(c, flow_read(c, c->in + c->nin, n, got));
}

static int
end_of(struct client *c, enum tls_result r)
{
	switch (r) {
	case TLS_OK:
		return 1;
	case TLS_EOF:
		c->eof = true;
		return 0;
	case TLS_WANT_READ:
	case TLS_WANT_WRITE:
		return 0;
	case TLS_ERROR:
		flow_tell(c);
		break;
	}
	return -1;
}

void
client_eat(struct client *c, size_t n)
{
	assert(n <= c->nin);
	if (n == 0)
		return;
	memmove(c->in, c->in + n, c->nin - n);
	explicit_bzero(c->in + c->nin - n, n);
	c->nin -= n;
	if (c->nin == 0) {
		free(c->in);
		c->in = NULL;
		c->room = 0;
	}
}

void
client_bye(struct worker *w, struct client *c, const char *text)
{
	if (text != NULL)
		client_say(c, "%s", text);
	if (c->state == CLIENT_ASKED)
		peer_owe(w, &w->auth, IPC_FORGET, c->conn, 0);
	if (c->state == CLIENT_WAKING)
		wake_leave(c);
	if (c->lease != NULL)
		lease_leave(w, c);
	park_leave(w, c);
	client_enter(c, CLIENT_CLOSING);
	client_deadline(w, c, STALL_MS);
	served(w, c);
}

/*
 * A close with unread input makes TCP reset the connection, and the client may
 * lose our last words: so it gets a moment to read them and close first.
 */
void
client_flushed(struct worker *w, struct client *c)
{
	flow_close(c);
	(void)shutdown(c->src.fd, SHUT_WR);
	client_enter(c, CLIENT_FLUSHED);
	client_deadline(w, c, LINGER_MS);
	flushed(w, c);
}

static void
flushed(struct worker *w, struct client *c)
{
	ssize_t r;

	do
		r = recv(
		    c->src.fd, w->scratch, sizeof(w->scratch), MSG_DONTWAIT);
	while (r == -1 && errno == EINTR);
	if (r == 0 || (r == -1 && errno != EAGAIN))
		client_end(w, c);
	else
		client_wait(w, c);
}

void
client_end(struct worker *w, struct client *c)
{
	bool moved = c->state == CLIENT_MOVING;

	if (c->state == CLIENT_GONE)
		return;
	if (c->state == CLIENT_ASKED)
		peer_owe(w, &w->auth, IPC_FORGET, c->conn, 0);
	if (c->state == CLIENT_WAKING)
		wake_leave(c);
	client_enter(c, CLIENT_GONE);
	roster_leave(w, c);
	room_given(w);
	if (c->login == 0)
		tell_disconnected(w, c);
	w->refusing -= c->refusing;
	client_deadline(w, c, 0);
	if (c->is_again) {
		TAILQ_REMOVE(&w->again, c, again);
		c->is_again = false;
	}
	relay_end(w, c);
	follow_end(w, c);
	if (c->lease != NULL)
		lease_leave(w, c);
	park_leave(w, c);
	account_put(w, c->account);
	c->account = NULL;
	/* One that moves is another worker's, and so is its connection. */
	if (c->src.fd != -1 && !moved)
		(void)shutdown(c->src.fd, SHUT_RDWR);
	RB_REMOVE(client_tree, &w->clients, c);
	if (c->counted)
		peer_owe(w, &w->spawner, IPC_ENDED, c->conn, 0);
	if (!moved)
		peer_owe(w, &w->master, IPC_CLOSED, c->conn, 0);
	loop_bury(w, &c->src);
}

void
client_free(struct client *c)
{
	tls_free(c->tls);
	deflate_free(c->deflate);
	gate_free(c->gate);
	client_eat(c, c->nin);
	free(c->in);
	free(c->out);
	free(c->tag);
	free(c->user);
	if (c->ticket != NULL)
		explicit_bzero(c->ticket, c->nticket);
	free(c->ticket);
	park_free(c->parked);
	free(c);
}

void
client_stop(struct worker *w, struct client *c, bool fast)
{
	static const char text[] =
	    "* BYE Corkboard IMAP server shut down by signal.\r\n";
	struct tell_end end = {
	    .why = IPC_END_SHUTDOWN, .received = c->received, .sent = c->sent};

	if (c->state == CLIENT_MOVING) {
		client_end(w, c);
		return;
	}
	if (c->state == CLIENT_PARKED || c->state == CLIENT_WAKING ||
	    c->state == CLIENT_INHERITED) {
		end.received = c->past.received;
		end.sent = c->past.sent;
		end.headers = c->past.headers;
		end.body = c->past.body;
		tell_end(w, c, &end);
	}
	if (c->state == CLIENT_SERVED && !fast) {
		lease_shutdown(w, c->lease, IPC_SHUTDOWN_STOP);
		return;
	}
	if (c->state == CLIENT_SERVED) {
		lease_shutdown(w, c->lease, IPC_SHUTDOWN_FAST);
		tell_end(w, c, &end);
		client_end(w, c);
		return;
	}
	if (fast || c->state == CLIENT_BEHIND || c->state == CLIENT_NAMED ||
	    c->state == CLIENT_HANDSHAKE)
		client_end(w, c);
	else if (c->state < CLIENT_CLOSING)
		client_bye(w, c, text);
}
