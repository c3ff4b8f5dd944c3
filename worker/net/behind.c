/*
 * Behind a balancer: BEHIND while the header is read, NAMED while the master
 * decides. Who speaks anything else, or too slowly, is closed without a word:
 * it is not a mail client that could read one.
 */
#include "worker/net/behind.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "worker/net/gate.h"
#include "worker/net/proxy.h"
#include "worker/net/tell.h"

#define NAMED_MS 10000u /* the master is asked */

static void end(struct worker *, struct client *, const char *why);
static int take(struct client *, int want);
static void named(struct worker *, struct client *);
static void address(const char *, uint8_t out[16]);

void
behind_start(struct worker *w, struct client *c)
{
	c->in = calloc(1, PROXY_MAX);
	if (c->in == NULL) {
		client_end(w, c);
		return;
	}
	c->room = PROXY_MAX;
	client_enter(c, CLIENT_BEHIND);
	client_deadline(
	    w, c, w->boot.set.view[c->listener].haproxy_timeout * 1000u);
	behind_ready(w, c);
}

void
behind_ready(struct worker *w, struct client *c)
{
	int want, r = 1;

	while ((want = proxy_wants((uint8_t *)c->in, c->nin)) > 0 && r == 1)
		r = take(c, want);
	if (want == 0)
		named(w, c);
	else if (want == -1)
		end(w, c, "PROXY header: malformed");
	else if (r == -1)
		end(w, c, "PROXY header: connection ended");
	else
		client_wait(w, c);
}

static void
end(struct worker *w, struct client *c, const char *why)
{
	tell_trouble(c, why);
	client_end(w, c);
}

/* Some of the bytes that belong to the header: 1; 0 none now; -1 the end. */
static int
take(struct client *c, int want)
{
	ssize_t r;

	do
		r = recv(c->src.fd, c->in + c->nin, (size_t)want, MSG_DONTWAIT);
	while (r == -1 && errno == EINTR);
	if (r > 0)
		c->nin += (size_t)r;
	if (r == -1 && errno == EAGAIN)
		return 0;
	return r > 0 ? 1 : -1;
}

/* From here on all lines have the client's own address. */
static void
named(struct worker *w, struct client *c)
{
	struct proxy_origin o = {.known = false};
	char balancer[sizeof(c->peer)];
	struct ipc_put put;

	if (proxy_parse((uint8_t *)c->in, c->nin, &o) == -1) {
		end(w, c, "PROXY header: malformed");
		return;
	}
	client_eat(c, c->nin);
	if (!o.known) /* it counts as the balancer's own */
		address(c->peer, o.peer);
	memcpy(balancer, c->peer, sizeof(balancer));
	if (o.known) {
		c->peer_port = o.peer_port;
		c->local_port = o.local_port;
		(void)inet_ntop(AF_INET6, o.peer, c->peer, sizeof(c->peer));
		(void)inet_ntop(AF_INET6, o.local, c->local, sizeof(c->local));
	}
	tell_proxied(c, balancer);
	client_enter(c, CLIENT_NAMED);
	client_deadline(w, c, NAMED_MS);
	ipc_begin(&put, IPC_NAMED);
	ipc_put_u64(&put, c->conn);
	ipc_put_bytes(&put, o.peer, sizeof(o.peer));
	ipc_put_u32(&put, c->peer_port);
	ipc_put_u32(&put, c->local_port);
	if (peer_send(&w->master, &put, NULL, 0) == -1)
		client_end(w, c);
	else
		client_wait(w, c);
}

static void
address(const char *text, uint8_t out[16])
{
	char mapped[64];

	(void)snprintf(mapped, sizeof(mapped), "%s%s",
	    strchr(text, ':') != NULL ? "" : "::ffff:", text);
	(void)inet_pton(AF_INET6, mapped, out);
}

int
behind_admitted(struct worker *w, struct ipc_msg *msg)
{
	char refusal[256];
	struct client *c;
	struct ipc_get g;
	uint64_t conn;
	uint32_t flags;

	ipc_open(&g, msg);
	conn = ipc_get_u64(&g);
	flags = ipc_get_u32(&g);
	ipc_get_str(&g, refusal, sizeof(refusal));
	if (ipc_done(&g) == -1)
		return -1;
	c = client_find(w, conn);
	if (c == NULL || c->state != CLIENT_NAMED)
		return 0; /* it has gone meanwhile */
	c->flags |=
	    flags & (IPC_CLIENT_REFUSE | IPC_CLIENT_TRUST | IPC_CLIENT_EXTRA);
	if ((c->flags & IPC_CLIENT_REFUSE) != 0) {
		if (refusal[0] == '\0') { /* denied without a word */
			client_end(w, c);
			return 0;
		}
		c->gate->refusal = strdup(refusal);
	}
	client_begin(w, c);
	return 0;
}
