/*
 * A client that has a session hears BYE from it, which ends what it is doing
 * first; the others hear it from us.
 */
#include "worker/net/kick.h"

#include <string.h>
#include <sys/socket.h>

#include "worker/net/lease.h"
#include "worker/net/roster.h"
#include "worker/net/tell.h"

static void kick(struct worker *, struct client *);

int
kick_take(struct worker *w, struct ipc_msg *msg)
{
	struct client *c, *next;
	char user[256];
	struct ipc_get g;
	uint64_t conn;

	ipc_open(&g, msg);
	conn = ipc_get_u64(&g);
	ipc_get_str(&g, user, sizeof(user));
	if (ipc_done(&g) == -1)
		return -1;
	RB_FOREACH_SAFE (c, client_tree, &w->clients, next)
		if (conn != 0 ? c->conn == conn
			      : c->user != NULL && strcmp(c->user, user) == 0)
			kick(w, c);
	return 0;
}

static void
kick(struct worker *w, struct client *c)
{
	if (c->state >= CLIENT_CLOSING)
		return;
	roster_count(w, CONNTAB_KICKED, 1);
	/* Whoever has it by now, its connection is over. */
	if (c->state == CLIENT_MOVING) {
		(void)shutdown(c->src.fd, SHUT_RDWR);
		return;
	}
	if (c->state == CLIENT_PARKED || c->state == CLIENT_WAKING ||
	    c->state == CLIENT_INHERITED) {
		struct tell_end end = {.why = IPC_END_SHUTDOWN,
		    .headers = c->past.headers,
		    .body = c->past.body,
		    .received = c->past.received,
		    .sent = c->past.sent};

		tell_end(w, c, &end);
	}
	/* One that is next in a session's queue is ended by us. */
	if (c->state == CLIENT_SERVED && c->lease != NULL &&
	    c->lease->client == c)
		lease_shutdown(w, c->lease, IPC_SHUTDOWN_KICK);
	else if (c->state == CLIENT_HANDSHAKE)
		client_end(w, c);
	else
		client_bye(w, c,
		    "* BYE [ALERT] Disconnected by the "
		    "administrator.\r\n");
}

int
kick_evict(struct worker *w, struct ipc_msg *msg)
{
	struct client *c;
	struct ipc_get g;
	uint64_t conn;

	ipc_open(&g, msg);
	conn = ipc_get_u64(&g);
	if (ipc_done(&g) == -1)
		return -1;
	c = client_find(w, conn);
	if (c == NULL || c->state >= CLIENT_STARTING)
		return 0;
	if (c->state < CLIENT_COMMAND)
		client_end(w, c);
	else
		client_bye(w, c,
		    "* BYE [ALERT] Too many connections without login, "
		    "please try again.\r\n");
	return 0;
}
