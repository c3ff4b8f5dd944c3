/*
 * The relay of a wrapped client. Bytes go through the worker's scratch buffer;
 * only what the other side does not take at once is kept, and then its source
 * is not read. At most NET_SCRATCH bytes each way in one tick, so that one
 * client's download does not keep the others waiting.
 */
#include "worker/net/relay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "worker/net/compress.h"
#include "worker/net/deflate.h"
#include "worker/net/flow.h"

#define RELAY_READS 32u /* TLS records or chunks in one tick: may be tiny */

static int upward(struct worker *, struct client *);
static int downward(struct worker *, struct client *);
static bool is_drained(const struct relay *);
static int keep(struct relay_half *, const char *, size_t);
static int to_session(struct relay *, const char *, size_t);
static int to_client(struct worker *, struct client *, const char *, size_t);
static int flush_up(struct relay *);
static int flush_down(struct client *);
static void eaten(struct relay_half *, size_t);
static void lost(struct worker *, struct client *);
static void interest(struct worker *, struct client *);

int
relay_new(struct worker *w, struct client *c, int fd)
{
	struct relay *r = calloc(1, sizeof(*r));

	if (r == NULL) {
		(void)close(fd);
		return -1;
	}
	r->src.kind = SOURCE_RELAY;
	r->src.fd = fd;
	r->client = c;
	r->heard = true;
	c->relay = r;
	c->want = 0;
	if (c->eof)
		r->upward = RELAY_ENDING;
	(void)w;
	return 0;
}

void
relay_ready(struct worker *w, struct relay *r, uint32_t events)
{
	(void)events;
	if (r->client != NULL)
		client_ready(w, r->client, 0);
}

int
relay_pump(struct worker *w, struct client *c)
{
	struct relay *r = c->relay;

	c->want = 0;
	if (upward(w, c) == -1 || downward(w, c) == -1) {
		lost(w, c);
		return -1;
	}
	if (r->finish && r->downward == RELAY_SHUT)
		return 0;
	if (is_drained(r))
		return 0;
	if (r->dry && r->down.n == 0)
		return compress_switch(w, c);
	interest(w, c);
	return c->relay != NULL ? 1 : -1;
}

static bool
is_drained(const struct relay *r)
{
	return r->drain && r->taken == r->written && r->down.n == 0;
}

/* -1: the client is broken. What the session does not take any more is lost. */
static int
upward(struct worker *w, struct client *c)
{
	struct relay *r = c->relay;
	size_t budget = NET_SCRATCH, got;
	enum tls_result t;

	/* What comes behind COMPRESS is compressed: it waits. */
	if (r->next != NULL || flush_up(r) == 0)
		return 0;
	for (unsigned i = 0; i < RELAY_READS && budget > 0; i++) {
		if (!r->heard || r->paused || r->upward != RELAY_OPEN ||
		    r->up.n > 0)
			break;
		t = flow_read(c, w->scratch, budget, &got);
		if (t == TLS_ERROR)
			return -1;
		r->heard = t == TLS_OK;
		if (t == TLS_WANT_WRITE)
			c->want |= EPOLLOUT;
		if (t == TLS_EOF)
			r->upward = RELAY_ENDING;
		if (t != TLS_OK)
			break;
		if (got == 0)
			continue;
		c->received += got;
		budget -= got;
		r->moved = true;
		r->given += got;
		if (to_session(r, w->scratch, got) == -1)
			return -1;
	}
	if (r->upward == RELAY_ENDING && r->up.n == 0 && !r->paused) {
		(void)shutdown(r->src.fd, SHUT_WR);
		r->upward = RELAY_SHUT;
	}
	return 0;
}

static int
downward(struct worker *w, struct client *c)
{
	struct relay *r = c->relay;
	ssize_t n;
	int f = flush_down(c);

	if (f != 1)
		return f;
	if (is_drained(r))
		return 0;
	if (r->downward == RELAY_OPEN) {
		do
			n = recv(r->src.fd, w->scratch, sizeof(w->scratch),
			    MSG_DONTWAIT);
		while (n == -1 && errno == EINTR);
		if (n > 0) {
			r->taken += (uint64_t)n;
			return to_client(w, c, w->scratch, (size_t)n);
		}
		if (n == 0 && r->drain)
			return -1; /* it wrote less than it said */
		if (n == 0 && r->paused)
			return 0; /* its PARK is in the other channel */
		if (r->next != NULL) {
			r->dry = true;
			return 0;
		}
		/* Nothing more comes after END: empty is as good as ended. */
		if (n == 0 || errno != EAGAIN || r->finish)
			r->downward = RELAY_ENDING;
	}
	if (r->downward == RELAY_ENDING) {
		flow_close(c);
		(void)shutdown(c->src.fd, SHUT_WR);
		r->downward = RELAY_SHUT;
	}
	return 0;
}

/* 0; -1: out of memory. */
static int
to_session(struct relay *r, const char *p, size_t n)
{
	ssize_t put;

	do
		put = send(r->src.fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (put == -1 && errno == EINTR);
	if (put == -1 && errno != EAGAIN) {
		r->upward = RELAY_SHUT; /* it reads no more; it may write */
		return 0;
	}
	if (put == (ssize_t)n)
		return 0;
	if (put == -1)
		put = 0;
	return keep(&r->up, p + put, n - (size_t)put);
}

/* 0; -1: broken, or out of memory. */
static int
to_client(struct worker *w, struct client *c, const char *p, size_t n)
{
	struct relay *r = c->relay;
	enum tls_result t = TLS_OK;
	size_t put;

	if ((p = flow_pack(w, c, p, &n)) == NULL)
		return -1;
	while (n > 0 && (t = flow_write(c, p, n, &put)) == TLS_OK) {
		c->sent += put;
		p += put;
		n -= put;
	}
	if (n == 0)
		return 0;
	if (t == TLS_ERROR || t == TLS_EOF)
		return -1;
	c->want |= t == TLS_WANT_READ ? EPOLLIN : EPOLLOUT;
	return keep(&r->down, p, n);
}

static int
keep(struct relay_half *half, const char *p, size_t n)
{
	half->p = malloc(n);
	if (half->p == NULL)
		return -1;
	memcpy(half->p, p, n);
	half->at = 0;
	half->n = n;
	return 0;
}

/* 1: nothing is left; 0: the session's buffer is full. */
static int
flush_up(struct relay *r)
{
	ssize_t put;

	if (r->up.n == 0)
		return 1;
	do
		put = send(r->src.fd, r->up.p + r->up.at, r->up.n,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	while (put == -1 && errno == EINTR);
	if (put == -1 && errno != EAGAIN) {
		r->upward = RELAY_SHUT;
		put = (ssize_t)r->up.n;
	}
	eaten(&r->up, put > 0 ? (size_t)put : 0);
	return r->up.n == 0;
}

/* 1: nothing is left; 0: the client takes no more now; -1: broken. */
static int
flush_down(struct client *c)
{
	struct relay *r = c->relay;
	enum tls_result t = TLS_OK;
	size_t put;

	while (r->down.n > 0) {
		t = flow_write(c, r->down.p + r->down.at, r->down.n, &put);
		if (t != TLS_OK)
			break;
		c->sent += put;
		eaten(&r->down, put);
	}
	if (t == TLS_ERROR || t == TLS_EOF)
		return -1;
	if (t != TLS_OK)
		c->want |= t == TLS_WANT_READ ? EPOLLIN : EPOLLOUT;
	return t == TLS_OK;
}

static void
eaten(struct relay_half *half, size_t n)
{
	half->at += n;
	half->n -= n;
	if (half->n > 0)
		return;
	free(half->p);
	*half = (struct relay_half){NULL, 0, 0};
}

/*
 * A source is out of epoll while nothing is wanted of it: the hang-up of one
 * whose bytes cannot go anywhere yet would be told again and again.
 */
static void
interest(struct worker *w, struct client *c)
{
	struct relay *r = c->relay;
	uint32_t up = c->want, stream = 0;

	if (r->upward == RELAY_OPEN && r->up.n == 0 && !r->paused &&
	    r->next == NULL)
		up |= EPOLLIN;
	if (r->up.n > 0)
		stream |= EPOLLOUT;
	if (r->downward == RELAY_OPEN && r->down.n == 0)
		stream |= EPOLLIN;
	if (loop_want(w, &c->src, up) == -1 ||
	    loop_want(w, &r->src, stream) == -1) {
		lost(w, c);
		return;
	}
	if (r->upward == RELAY_OPEN && r->up.n == 0 && !r->paused &&
	    r->next == NULL && flow_pending(c))
		client_again(w, c);
	/* After END or COMPRESS all is there, and no event is owed for it. */
	if ((r->finish || r->next != NULL) && r->downward == RELAY_OPEN &&
	    r->down.n == 0)
		client_again(w, c);
}

/* The session sees the end of its stream, does what it must, and says END. */
static void
lost(struct worker *w, struct client *c)
{
	flow_tell(c);
	if (c->relay->next != NULL)
		compress_fail(c);
	relay_end(w, c);
	(void)loop_want(w, &c->src, 0);
	(void)shutdown(c->src.fd, SHUT_RDWR);
}

bool
relay_pause(struct worker *w, struct client *c, uint64_t taken)
{
	struct relay *r = c->relay;

	if (r->upward != RELAY_OPEN || r->up.n > 0 || r->given != taken ||
	    r->next != NULL)
		return false;
	r->paused = true;
	interest(w, c);
	return c->relay != NULL;
}

void
relay_resume(struct worker *w, struct client *c)
{
	struct relay *r = c->relay;

	if (r == NULL || !r->paused)
		return;
	r->paused = false;
	r->heard = true;
	client_ready(w, c, 0);
}

void
relay_drain(struct client *c, uint64_t written)
{
	struct relay *r = c->relay;

	r->drain = r->paused = true;
	r->written = written;
}

void
relay_restream(struct worker *w, struct client *c, int fd)
{
	struct relay *r = c->relay;

	(void)loop_want(w, &r->src, 0);
	(void)close(r->src.fd);
	r->src.fd = fd;
	r->given = r->taken = 0;
	r->heard = true;
	r->dry = false;
	/* An end that was seen before is seen again, behind what is kept. */
	r->upward = RELAY_OPEN;
}

void
relay_finish(struct client *c)
{
	struct relay *r = c->relay;

	r->finish = true;
	r->upward = RELAY_SHUT;
	relay_forget_up(r);
}

void
relay_forget_up(struct relay *r)
{
	eaten(&r->up, r->up.n);
}

void
relay_end(struct worker *w, struct client *c)
{
	struct relay *r = c->relay;

	if (r == NULL)
		return;
	c->relay = NULL;
	r->client = NULL;
	loop_bury(w, &r->src);
}

void
relay_free(struct relay *r)
{
	free(r->up.p);
	free(r->down.p);
	deflate_free(r->next);
	free(r);
}
