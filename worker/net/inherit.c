/*
 * The old worker may have been taken over: its word is no more than a client's
 * address, times and record, each bounded. Whose client it is only the new
 * ticket says: until it is there nothing of an account is touched.
 */
#include "worker/net/inherit.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "auth/ticket.h"
#include "shm/log.h"
#include "worker/net/lease.h"
#include "worker/net/park.h"
#include "worker/net/room.h"
#include "worker/net/roster.h"
#include "worker/net/wake.h"

#define SEAL_MS 30000u /* for the spawner's answer */

struct bequest { /* INHERIT, beyond what the client has room for */
	uint32_t listener, peer_port, local_port, flags, bad;
	uint64_t deadline;
	char user[256], tag[1024];
	const uint8_t *ticket, *record;
	size_t nticket, nrecord;
	struct conntab_entry entry;
};

static struct client *read_client(struct worker *, struct ipc_msg *);
static void read_all(struct ipc_get *, struct client *, struct bequest *);
static int fill(struct worker *, struct client *, const struct bequest *);
static bool is_address(const char *);
static int ask(struct worker *, struct client *);
static int take_ticket(struct client *, const uint8_t *, size_t);

int
inherit_take(struct worker *w, struct ipc_msg *msg)
{
	struct ipc_get g;
	struct client *c;
	uint64_t conn;

	ipc_open(&g, msg);
	conn = ipc_get_u64(&g);
	if (msg->nfds != 1 || client_find(w, conn) != NULL)
		return -1;
	if ((c = read_client(w, msg)) == NULL) {
		log_line(LOG_LEVEL_ERR, "a client of an old worker is lost");
		peer_owe(w, &w->master, IPC_CLOSED, conn, 0);
		return 0;
	}
	if (w->state != WORKER_RUNNING) {
		client_stop(w, c, false);
	} else if (ask(w, c) == -1) {
		park_late(w, c);
	} else {
		c->counted = true;
		client_deadline(w, c, SEAL_MS);
	}
	return 0;
}

/* NULL: malformed, or no memory. */
static struct client *
read_client(struct worker *w, struct ipc_msg *msg)
{
	static struct bequest b;
	struct client *c = calloc(1, sizeof(*c));
	struct ipc_get g;

	if (c == NULL)
		return NULL;
	c->src.kind = SOURCE_CLIENT;
	c->src.fd = -1;
	memset(&b, 0, sizeof(b));
	ipc_open(&g, msg);
	read_all(&g, c, &b);
	if (ipc_done(&g) == -1 || fill(w, c, &b) == -1) {
		client_free(c);
		return NULL;
	}
	c->src.fd = ipc_take_fd(msg, 0);
	(void)RB_INSERT(client_tree, &w->clients, c);
	room_taken(w, c->src.fd);
	client_enter(c, CLIENT_INHERITED);
	b.entry.conn = c->conn;
	b.entry.login = (uint64_t)time(NULL) - (w->now - c->login) / 1000;
	roster_adopt(w, c, &b.entry);
	return c;
}

static void
read_all(struct ipc_get *g, struct client *c, struct bequest *b)
{
	struct conntab_entry *e = &b->entry;

	c->conn = ipc_get_u64(g);
	b->ticket = ipc_get_bytes(g, &b->nticket, TICKET_MAX);
	ipc_get_str(g, b->user, sizeof(b->user));
	(void)strlcpy(e->user, b->user, sizeof(e->user));
	b->listener = ipc_get_u32(g);
	ipc_get_str(g, c->peer, sizeof(c->peer));
	b->peer_port = ipc_get_u32(g);
	ipc_get_str(g, c->local, sizeof(c->local));
	b->local_port = ipc_get_u32(g);
	c->news = ipc_get_u32(g) != 0; /* until it is sealed: it waits */
	e->since = ipc_get_u64(g);
	e->in = ipc_get_u64(g);
	e->out = ipc_get_u64(g);
	c->login = ipc_get_u64(g);
	b->deadline = ipc_get_u64(g);
	c->past.headers = ipc_get_u64(g);
	c->past.body = ipc_get_u64(g);
	c->past.received = ipc_get_u64(g);
	c->past.sent = ipc_get_u64(g);
	ipc_get_str(g, e->device, sizeof(e->device));
	ipc_get_str(g, e->folder, sizeof(e->folder));
	b->flags = ipc_get_u32(g);
	b->bad = ipc_get_u32(g);
	ipc_get_str(g, b->tag, sizeof(b->tag));
	b->record = ipc_get_bytes(g, &b->nrecord, IPC_RECORD_MAX);
}

/* What was read becomes the client's, within bounds. 0, -1. */
static int
fill(struct worker *w, struct client *c, const struct bequest *b)
{
	uint64_t all = w->boot.set.inactivity_timeout * UINT64_C(1000);
	struct parked *p;

	if (b->listener > 1 || b->peer_port > UINT16_MAX ||
	    b->local_port > UINT16_MAX || b->bad > UINT16_MAX ||
	    (b->flags & ~IPC_PARK_FLAGS) != 0 || b->nticket == 0 ||
	    !is_address(c->peer) || !is_address(c->local))
		return -1;
	c->listener = (uint8_t)b->listener;
	c->peer_port = (uint16_t)b->peer_port;
	c->local_port = (uint16_t)b->local_port;
	if (c->login == 0 || c->login > w->now)
		c->login = w->now;
	c->born = c->login;
	c->inherited = true;
	c->user = strdup(b->user);
	if ((p = calloc(1, sizeof(*p) + b->nrecord)) == NULL)
		return -1;
	c->parked = p;
	p->client = c;
	p->credit = PARK_CREDIT;
	p->flags = (uint16_t)b->flags;
	p->bad = (uint16_t)b->bad;
	p->deadline = b->deadline < w->now + all ? b->deadline : w->now + all;
	p->nrecord = (uint32_t)b->nrecord;
	if (b->nrecord > 0)
		memcpy(p->record, b->record, b->nrecord);
	if (b->tag[0] != '\0' && (p->tag = strdup(b->tag)) == NULL)
		return -1;
	return c->user != NULL ? take_ticket(c, b->ticket, b->nticket) : -1;
}

/* It is written to the log as it stands. */
static bool
is_address(const char *text)
{
	return text[strspn(text, "0123456789abcdefABCDEF.:")] == '\0';
}

static int
take_ticket(struct client *c, const uint8_t *ticket, size_t n)
{
	uint8_t *p = malloc(n);

	if (p == NULL)
		return -1;
	memcpy(p, ticket, n);
	free(c->ticket);
	c->ticket = p;
	c->nticket = n;
	return 0;
}

static int
ask(struct worker *w, struct client *c)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_RESEAL);
	ipc_put_u64(&put, c->conn);
	ipc_put_bytes(&put, c->ticket, c->nticket);
	return peer_send(&w->spawner, &put, NULL, 0);
}

int
inherit_sealed(struct worker *w, struct ipc_msg *msg)
{
	const uint8_t *ticket;
	uint8_t id[16];
	char user[256];
	struct ipc_get g;
	struct client *c;
	size_t n;

	ipc_open(&g, msg);
	c = client_find(w, ipc_get_u64(&g));
	ipc_get_str(&g, user, sizeof(user));
	ticket = ipc_get_bytes(&g, &n, TICKET_MAX);
	if (ipc_done(&g) == -1)
		return -1;
	if (c == NULL || c->state != CLIENT_INHERITED)
		return 0; /* it owes its ENDED already */
	c->counted = n > 0;
	if (n == 0 || strcmp(user, c->user) != 0 ||
	    take_ticket(c, ticket, n) == -1 ||
	    ticket_account(c->ticket, n, id) == -1 ||
	    (c->account = account_get(w, id)) == NULL) {
		park_late(w, c);
		return 0;
	}
	client_deadline(w, c, 0);
	client_enter(c, CLIENT_PARKED);
	roster_update(w, c);
	if (c->news) {
		wake_client(w, c, false);
		return 0;
	}
	inherit_settled(w, c);
	park_settle(w, c);
	return 0;
}

void
inherit_settled(struct worker *w, struct client *c)
{
	if (!c->inherited)
		return;
	c->inherited = false;
	peer_owe(w, &w->master, IPC_SETTLED, c->conn, 0);
}

void
inherit_forlorn(struct worker *w)
{
	struct client *c, *next;

	RB_FOREACH_SAFE (c, client_tree, &w->clients, next)
		if (c->state == CLIENT_INHERITED)
			park_late(w, c);
}
