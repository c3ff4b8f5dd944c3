/*
 * A parked client goes back to a session: its record, the bytes that were read
 * meanwhile, and the stream.
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "worker/net/flow.h"
#include "worker/net/inherit.h"
#include "worker/net/lease.h"
#include "worker/net/park.h"
#include "worker/net/relay.h"
#include "worker/net/roster.h"

static int send_resume(struct lease *, const struct client *, int);

int
lease_resume(struct worker *w, struct lease *k, struct client *c)
{
	int stream, r, err;

	if (lease_stream(w, c, &stream) == -1)
		return -1;
	park_served(w, c); /* before it can look */
	r = send_resume(k, c, stream);
	err = errno;
	if (flow_is_wrapped(c))
		(void)close(stream);
	if (r == -1) {
		relay_end(w, c);
		client_wait(w, c);
		if (err != EAGAIN && k->client == NULL)
			lease_close(w, k);
		return -1;
	}
	client_enter(c, CLIENT_SERVED);
	roster_update(w, c);
	inherit_settled(w, c);
	client_deadline(w, c, 0);
	c->lease = k;
	if (k->client == NULL) {
		k->client = c;
		lease_begin(w, k);
		k->unread = true;
		lease_enter(k, LEASE_SERVING);
	} else {
		TAILQ_INSERT_TAIL(&k->behind, c, next);
		k->nbehind++;
	}
	if (c->relay != NULL) {
		if (c->news)
			c->relay->paused = true;
		client_ready(w, c, 0);
	}
	return 0;
}

/* The turn of its client begins. */
void
lease_begin(struct worker *w, struct lease *k)
{
	k->since = w->now;
	k->news = k->client->news;
	k->silent = true;
	k->wished = k->hurried = false;
	k->changes = 0;
}

static int
send_resume(struct lease *k, const struct client *c, int stream)
{
	const struct parked *p = c->parked;
	struct ipc_put put;
	uint32_t flags = c->news ? IPC_RESUME_NEWS : 0;

	if (c->tls != NULL)
		flags |= IPC_SERVE_TLS;
	if (c->tls_later)
		flags |= IPC_SERVE_STARTTLS;
	if (c->deflate != NULL)
		flags |= IPC_SERVE_COMPRESS;
	ipc_begin(&put, IPC_RESUME);
	ipc_put_u64(&put, c->conn);
	ipc_put_u32(&put, flags);
	ipc_put_str(&put, c->peer);
	ipc_put_u32(&put, c->peer_port);
	ipc_put_u32(&put, p->bad);
	ipc_put_u64(&put, p->folder != NULL ? p->told : 0);
	ipc_put_str(&put, p->tag != NULL ? p->tag : "");
	ipc_put_bytes(&put, p->record, p->nrecord);
	ipc_put_bytes(&put, c->in, c->nin);
	return ipc_send(k->src.fd, &put, &stream, 1);
}

int
lease_stream(struct worker *w, struct client *c, int *stream)
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
