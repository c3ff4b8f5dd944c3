/*
 * A record is read back from the table when one of its fields changes: the
 * worker is its only writer, and keeps no second copy of 20,000 folder names.
 */
#include "worker/net/roster.h"

#include <bsd/string.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "worker/net/flow.h"

static void put(
    struct worker *, const struct client *, const struct conntab_entry *);
static uint32_t state_of(const struct client *, const struct conntab_entry *);
static uint32_t state_told(uint32_t);
static const struct login_text *field(
    const struct login_command *, const char *);

int
roster_open(struct worker *w, struct ipc_msg *msg)
{
	struct ipc_get g;
	struct client *c;

	ipc_open(&g, msg);
	(void)ipc_get_u32(&g);
	(void)ipc_get_u32(&g);
	if (ipc_done(&g) == -1 || msg->nfds != 1)
		return -1;
	roster_close(w);
	w->table = conntab_map(msg->fds[0], true);
	RB_FOREACH (c, client_tree, &w->clients)
		roster_enter(w, c);
	return w->table != NULL ? 0 : -1;
}

void
roster_close(struct worker *w)
{
	struct client *c;

	RB_FOREACH (c, client_tree, &w->clients)
		c->place = 0;
	conntab_unmap(w->table);
	w->table = NULL;
}

void
roster_enter(struct worker *w, struct client *c)
{
	struct conntab_entry e = {
	    .conn = c->conn, .since = (uint64_t)time(NULL)};

	roster_count(w, CONNTAB_CONNECTIONS, 1);
	roster_adopt(w, c, &e);
}

void
roster_adopt(
    struct worker *w, struct client *c, const struct conntab_entry *was)
{
	uint32_t at;

	if (w->table == NULL)
		return;
	at = conntab_take(w->table);
	if (at == CONNTAB_NONE) {
		roster_count(w, CONNTAB_UNLISTED, 1);
		return;
	}
	c->place = at + 1;
	put(w, c, was);
}

bool
roster_entry(struct worker *w, const struct client *c, struct conntab_entry *e)
{
	return w->table != NULL && c->place != 0 &&
	       conntab_read(w->table, c->place - 1, e) == 1;
}

/* With what the client itself knows. */
static void
put(struct worker *w, const struct client *c, const struct conntab_entry *was)
{
	struct conntab_entry e = *was;

	e.state = state_of(c, &e);
	/* Behind a balancer it becomes known later. */
	(void)strlcpy(e.addr, c->peer, sizeof(e.addr));
	e.port = c->peer_port;
	e.flags = (uint16_t)((c->tls != NULL ? CONNTAB_TLS : 0) |
			     (c->listener == 1 ? CONNTAB_SSLPORT : 0) |
			     (c->deflate != NULL ? CONNTAB_COMPRESS : 0));
	if (c->received > e.in)
		e.in = c->received;
	if (c->sent > e.out)
		e.out = c->sent;
	if (c->login != 0 && e.login == 0) {
		e.login = (uint64_t)time(NULL);
		if (c->user != NULL)
			(void)strlcpy(e.user, c->user, sizeof(e.user));
	}
	conntab_write(w->table, c->place - 1, &e);
}

/* What a session told of itself (now) holds as long as it serves. */
static uint32_t
state_of(const struct client *c, const struct conntab_entry *e)
{
	switch (c->state) {
	case CLIENT_SERVED:
		if (e->state > CONNTAB_AUTH && e->state < CONNTAB_PARKED)
			return e->state;
		return e->folder[0] != '\0' ? CONNTAB_SELECTED : CONNTAB_AUTH;
	case CLIENT_PARKED:
	case CLIENT_WAKING:
	case CLIENT_MOVING:
	case CLIENT_INHERITED:
		return CONNTAB_PARKED;
	case CLIENT_CLOSING:
	case CLIENT_FLUSHED:
	case CLIENT_GONE:
		return CONNTAB_CLOSING;
	case CLIENT_BORN:
	case CLIENT_BEHIND:
	case CLIENT_NAMED:
	case CLIENT_HANDSHAKE:
	case CLIENT_COMMAND:
	case CLIENT_SASL:
	case CLIENT_ASKED:
	case CLIENT_STARTING:
	case CLIENT_STATES:
		break;
	}
	return CONNTAB_LOGIN;
}

void
roster_update(struct worker *w, const struct client *c)
{
	struct conntab_entry e;

	if (roster_entry(w, c, &e))
		put(w, c, &e);
}

void
roster_leave(struct worker *w, struct client *c)
{
	struct conntab_entry e;

	if (roster_entry(w, c, &e)) {
		roster_count(w, CONNTAB_RECEIVED,
		    e.in > c->received ? e.in : c->received);
		roster_count(
		    w, CONNTAB_SENT, e.out > c->sent ? e.out : c->sent);
		conntab_release(w->table, c->place - 1);
	}
	c->place = 0;
}

/* "Device" is what tells two telephones apart: its model, else its program. */
void
roster_id(
    struct worker *w, const struct client *c, const struct login_command *cmd)
{
	static const char *const keys[] = {"device", "name", "os"};
	const struct login_text *t = NULL;
	struct conntab_entry e;

	if (!roster_entry(w, c, &e))
		return;
	for (size_t i = 0; i < 3 && t == NULL; i++)
		t = field(cmd, keys[i]);
	if (t == NULL)
		return;
	(void)snprintf(e.device, sizeof(e.device), "%.*s",
	    (int)(t->n < sizeof(e.device) ? t->n : sizeof(e.device)), t->p);
	put(w, c, &e);
}

static const struct login_text *
field(const struct login_command *cmd, const char *name)
{
	for (unsigned i = 0; i < cmd->npairs; i++)
		if (cmd->key[i].n == strlen(name) && cmd->value[i].n > 0 &&
		    strncasecmp(cmd->key[i].p, name, cmd->key[i].n) == 0)
			return &cmd->value[i];
	return NULL;
}

int
roster_note(struct worker *w, const struct client *c, struct ipc_msg *msg)
{
	char folder[IPC_NOTE_TEXT], device[IPC_NOTE_TEXT];
	struct conntab_entry e;
	uint64_t conn, in, out;
	struct ipc_get g;
	uint32_t state;

	ipc_open(&g, msg);
	conn = ipc_get_u64(&g);
	state = ipc_get_u32(&g);
	in = ipc_get_u64(&g);
	out = ipc_get_u64(&g);
	ipc_get_str(&g, folder, sizeof(folder));
	ipc_get_str(&g, device, sizeof(device));
	if (ipc_done(&g) == -1 || state > IPC_NOTE_IDLE)
		return -1;
	if (c == NULL || c->conn != conn || !roster_entry(w, c, &e))
		return 0;
	e.state = state_told(state);
	/* A session that has resumed it counts from there. */
	if (in > e.in)
		e.in = in;
	if (out > e.out)
		e.out = out;
	(void)strlcpy(e.folder, folder, sizeof(e.folder));
	if (device[0] != '\0')
		(void)strlcpy(e.device, device, sizeof(e.device));
	put(w, c, &e);
	return 0;
}

static uint32_t
state_told(uint32_t state)
{
	static const uint32_t states[] = {
	    CONNTAB_AUTH, CONNTAB_SELECTED, CONNTAB_IDLE};

	return states[state];
}

void
roster_count(struct worker *w, enum conntab_counter which, uint64_t add)
{
	if (w->table != NULL)
		conntab_count(w->table, which, add);
}
