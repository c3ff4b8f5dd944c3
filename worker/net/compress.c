/*
 * COMPRESS is switched on between two bytes, RFC 4978 section 3. The session
 * has written its OK and gives its stream back, with the bytes that it read too
 * far. What it wrote before is sent as it is; what the client sent behind the
 * command's line is compressed already, wherever it is now: read too far by the
 * session, unread in its stream, kept by the relay, or not read at all. (A
 * client may send nothing before it has read the OK; one that sends text is
 * dropped for bad data, and never has it run.) Then the session gets a new
 * stream and cannot tell that anything changed.
 */
#include "worker/net/compress.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shm/log.h"
#include "worker/net/deflate.h"
#include "worker/net/relay.h"
#include "worker/net/tell.h"

static struct deflate *begin(
    struct worker *, struct client *, struct ipc_get *, int);
static int give_unread(struct worker *, struct deflate *, int);
static void lost(struct worker *, struct client *);
static int send_stream(struct client *, int);

int
compress_start(struct worker *w, struct lease *k, struct ipc_msg *msg)
{
	struct client *c = k->client;
	struct deflate *d;
	struct ipc_get g;
	uint64_t conn;
	int fd = ipc_take_fd(msg, 0);

	ipc_open(&g, msg);
	conn = ipc_get_u64(&g);
	if (fd == -1 || k->state != LEASE_SERVING || c == NULL ||
	    c->conn != conn || c->deflate != NULL ||
	    (c->relay != NULL && c->relay->next != NULL)) {
		if (fd != -1)
			(void)close(fd);
		return -1;
	}
	k->unread = false; /* it has seen its client */
	d = begin(w, c, &g, fd);
	(void)close(fd);
	if (ipc_done(&g) == -1) {
		deflate_free(d);
		return -1;
	}
	if (d == NULL) {
		tell_deflate(c, "too much was sent before the OK");
		lost(w, c);
	} else if (c->relay != NULL) {
		c->relay->next = d;
		client_ready(w, c, 0);
	} else if (c->tls == NULL) {
		c->deflate = d;
		(void)compress_switch(w, c);
	} else { /* TLS was broken meanwhile */
		deflate_free(d);
		compress_fail(c);
	}
	return 0;
}

/* With all that has come behind the command so far; NULL: too much. */
static struct deflate *
begin(struct worker *w, struct client *c, struct ipc_get *g, int fd)
{
	struct deflate *d = deflate_new();
	struct relay *r = c->relay;
	const uint8_t *p;
	size_t n;
	int bad;

	p = ipc_get_bytes(g, &n, DEFLATE_AHEAD);
	if (d == NULL)
		return NULL;
	bad = n > 0 ? deflate_give(d, p, n) : 0;
	if (bad == 0 && r != NULL)
		bad = give_unread(w, d, fd);
	if (bad == 0 && r != NULL && r->up.n > 0)
		bad = deflate_give(d, r->up.p + r->up.at, r->up.n);
	if (r != NULL)
		relay_forget_up(r);
	if (bad == 0)
		return d;
	deflate_free(d);
	return NULL;
}

/* A relayed stream: nobody else reads the session's end of it any more. */
static int
give_unread(struct worker *w, struct deflate *d, int fd)
{
	ssize_t n;

	for (;;) {
		n = recv(fd, w->scratch, sizeof(w->scratch), MSG_DONTWAIT);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return 0;
		if (deflate_give(d, w->scratch, (size_t)n) == -1)
			return -1;
	}
}

int
compress_switch(struct worker *w, struct client *c)
{
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1) {
		lost(w, c);
		return -1;
	}
	if (c->relay == NULL) {
		c->eof = false; /* it is seen again */
		if (relay_new(w, c, pair[0]) == -1) {
			(void)close(pair[1]);
			lost(w, c);
			return -1;
		}
	} else {
		c->deflate = c->relay->next;
		c->relay->next = NULL;
		relay_restream(w, c, pair[0]);
	}
	r = send_stream(c, pair[1]);
	(void)close(pair[1]);
	if (r == -1) {
		lost(w, c);
		return -1;
	}
	return relay_pump(w, c);
}

/* Its session hears of it, ends, and says END. */
static void
lost(struct worker *w, struct client *c)
{
	compress_fail(c);
	relay_end(w, c);
	(void)loop_want(w, &c->src, 0);
	(void)shutdown(c->src.fd, SHUT_RDWR);
}

void
compress_fail(struct client *c)
{
	(void)send_stream(c, -1);
}

static int
send_stream(struct client *c, int fd)
{
	struct ipc_put put;

	if (c->lease == NULL)
		return -1;
	ipc_begin(&put, IPC_STREAM);
	ipc_put_u64(&put, c->conn);
	return ipc_send(c->lease->src.fd, &put, &fd, fd != -1);
}
