/*
 * Before login: answers what the little grammar has cut, asks auth, and says
 * what auth said. A connection has three bad commands and three failed logins,
 * and nothing it said in clear survives STARTTLS.
 */
#include "worker/net/gate.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/utsname.h>

#include <bsd/string.h>

#include "auth/ticket.h"
#include "shm/log.h"
#include "worker/net/lease.h"
#include "worker/net/roster.h"
#include "worker/net/tell.h"

static bool command(struct worker *, struct client *);
static bool junk(const struct client *);
static void obey(struct worker *, struct client *, struct login_command *);
static void bad(struct worker *, struct client *, const char *, const char *);
static void starttls(struct worker *, struct client *);
static void id(struct worker *, struct client *, struct login_command *);
static void id_claim(struct client *, const struct login_command *);
static bool may_login(struct worker *, struct client *);
static void login(struct worker *, struct client *, struct login_command *);
static void authenticate(
    struct worker *, struct client *, const struct login_command *);
static bool response(struct worker *, struct client *);
static void sasl(struct worker *, struct client *, const char *, size_t);
static void prompt(struct client *, const char *);
static void external(struct worker *, struct client *, const uint8_t *, size_t);
static void ask(struct worker *, struct client *, const char *,
    struct login_text, struct login_text);
static int yes(struct worker *, struct client *, struct ipc_get *);
static void failed(struct worker *, struct client *, const char *);
static const char *method(const struct gate *);

struct gate *
gate_new(uint64_t login_by)
{
	struct gate *gate = calloc(1, sizeof(*gate));

	if (gate == NULL)
		return NULL;
	gate->first = true;
	gate->login_by = login_by;
	login_begin(&gate->cut);
	return gate;
}

void
gate_free(struct gate *gate)
{
	if (gate == NULL)
		return;
	free(gate->name);
	free(gate->refusal);
	free(gate);
}

void
gate_run(struct worker *w, struct client *c)
{
	unsigned turn = 0;
	bool more = true;

	while (more && turn++ < GATE_TURN && c->nout < CLIENT_SAY) {
		if (c->state == CLIENT_COMMAND)
			more = command(w, c);
		else if (c->state == CLIENT_SASL)
			more = response(w, c);
		else
			more = false;
	}
	if (c->state >= CLIENT_SERVED)
		return;
	if (client_flush(w, c) == -1) {
		client_end(w, c);
		return;
	}
	if (c->state == CLIENT_HANDSHAKE)
		client_ready(w, c, 0);
	if (c->state != CLIENT_COMMAND && c->state != CLIENT_SASL)
		return;
	if (more)
		client_again(w, c);
	else if (c->eof) /* what is left is no whole command */
		client_bye(w, c, NULL);
}

/* One command of the buffer; false: none is complete, or nothing may follow. */
static bool
command(struct worker *w, struct client *c)
{
	struct gate *gate = c->gate;
	struct login_command cmd;
	enum login_event ev;
	size_t used;

	if (c->nin == 0)
		return false;
	if (gate->first && junk(c)) {
		client_end(w, c); /* another protocol: echo nothing */
		return false;
	}
	ev = login_next(&gate->cut, c->in, c->nin, &used);
	switch (ev) {
	case LOGIN_MORE:
		client_eat(c, used);
		return false;
	case LOGIN_PROMPT:
		client_say(c, "+ OK\r\n");
		return true;
	case LOGIN_COMMAND:
		if (login_parse(&gate->cut, c->in, &cmd) == -1)
			bad(w, c, gate->cut.tag, cmd.why);
		else
			obey(w, c, &cmd);
		login_wipe(&cmd);
		break;
	case LOGIN_BAD:
		bad(w, c, gate->cut.tag, gate->cut.why);
		break;
	case LOGIN_BYE:
		client_say(c, "* BYE [ALERT] %s\r\n", gate->cut.why);
		client_bye(w, c, NULL);
		return false;
	}
	gate->first = false;
	if (c->state == CLIENT_GONE)
		return false;
	/* STARTTLS has thrown everything away already. */
	client_eat(c, used < c->nin ? used : c->nin);
	login_begin(&gate->cut);
	return c->state == CLIENT_COMMAND || c->state == CLIENT_SASL;
}

static bool
junk(const struct client *c)
{
	const char *nl = memchr(c->in, '\n', c->nin);
	size_t n = nl != NULL ? (size_t)(nl - c->in) : c->nin;

	if (n > 0 && c->in[n - 1] == '\r')
		n--;
	return n > 0 && login_junk(c->in, n, nl != NULL);
}

static void
obey(struct worker *w, struct client *c, struct login_command *cmd)
{
	const char *tag = c->gate->cut.tag;
	bool cert = (c->flags & IPC_CLIENT_CERT) != 0;

	switch (cmd->verb) {
	case LOGIN_VERB_CAPABILITY:
		client_say(c,
		    "* CAPABILITY %s\r\n%s OK CAPABILITY completed\r\n",
		    w->caps[c->tls != NULL][cert], tag);
		break;
	case LOGIN_VERB_NOOP:
		client_say(c, "%s OK NOOP completed\r\n", tag);
		break;
	case LOGIN_VERB_LOGOUT:
		client_say(c,
		    "* BYE Corkboard IMAP server shutting down\r\n"
		    "%s OK LOGOUT completed\r\n",
		    tag);
		tell_logout(c);
		client_bye(w, c, NULL);
		break;
	case LOGIN_VERB_STARTTLS:
		starttls(w, c);
		break;
	case LOGIN_VERB_ID:
		id(w, c, cmd);
		break;
	case LOGIN_VERB_LOGIN:
		login(w, c, cmd);
		break;
	case LOGIN_VERB_AUTHENTICATE:
		authenticate(w, c, cmd);
		break;
	}
}

static void
bad(struct worker *w, struct client *c, const char *tag, const char *why)
{
	client_say(c, "%s BAD %s\r\n", tag, why);
	if (++c->gate->bad >= GATE_BAD_MAX)
		client_bye(w, c, "* BYE [ALERT] Too many protocol errors.\r\n");
}

/* RFC 3501 6.2.1; what came with the command is thrown away, never used. */
static void
starttls(struct worker *w, struct client *c)
{
	const char *tag = c->gate->cut.tag;

	if (c->tls != NULL || w->tls == NULL || w->boot.set.starttls == 0) {
		bad(w, c, tag, "STARTTLS is not available.");
		return;
	}
	client_say(c, "%s OK Begin SSL/TLS negotiation now.\r\n", tag);
	client_eat(c, c->nin);
	gate_forget(c);
	c->tls_later = true;
	client_enter(c, CLIENT_HANDSHAKE);
	client_deadline(w, c, w->boot.set.handshake_timeout * 1000u);
}

void
gate_forget(struct client *c)
{
	struct gate *gate = c->gate;

	free(gate->name);
	gate->name = NULL;
	gate->nname = 0;
	gate->mech = LOGIN_MECH_NONE;
	gate->claimed[0] = '\0';
	login_begin(&gate->cut);
}

/* RFC 2971; IMAP_ID_FIELDS: 1 version, 2 system, 4 its release. */
static void
id(struct worker *w, struct client *c, struct login_command *cmd)
{
	int32_t fields = w->boot.set.id_fields;
	struct utsname u;

	/* Who says it again and again shall not crowd out others' lines. */
	if (cmd->npairs > 0 && c->gate->ids++ < GATE_IDS_TOLD)
		tell_id(c, cmd);
	roster_id(w, c, cmd);
	if ((c->flags & IPC_CLIENT_TRUST) != 0)
		id_claim(c, cmd);
	if (fields < 0 || uname(&u) == -1) {
		client_say(c, "* ID NIL\r\n");
	} else {
		client_say(c, "* ID (\"name\" \"Corkboard IMAP\"");
		if ((fields & 1) != 0)
			client_say(c, " \"version\" \"%s\"", VERSION);
		if ((fields & 2) != 0)
			client_say(c, " \"os\" \"%s\"", u.sysname);
		if ((fields & 4) != 0)
			client_say(c, " \"os-version\" \"%s\"", u.release);
		client_say(c, ")\r\n");
	}
	client_say(c, "%s OK ID completed\r\n", c->gate->cut.tag);
}

/* A trusted webmail says for whom it comes; an address or nothing. */
static void
id_claim(struct client *c, const struct login_command *cmd)
{
	static const char key[] = "x-originating-ip";
	char text[sizeof(c->gate->claimed)];
	struct in6_addr any;

	for (unsigned i = 0; i < cmd->npairs; i++) {
		if (cmd->key[i].n != sizeof(key) - 1 ||
		    strncasecmp(cmd->key[i].p, key, sizeof(key) - 1) != 0 ||
		    cmd->value[i].n >= sizeof(text))
			continue;
		(void)snprintf(text, sizeof(text), "%.*s", (int)cmd->value[i].n,
		    cmd->value[i].p != NULL ? cmd->value[i].p : "");
		if (inet_pton(AF_INET, text, &any) == 1 ||
		    inet_pton(AF_INET6, text, &any) == 1)
			(void)strlcpy(
			    c->gate->claimed, text, sizeof(c->gate->claimed));
	}
}

/* RFC 3501 6.2.3: LOGINDISABLED means it, for AUTHENTICATE too. */
static bool
may_login(struct worker *w, struct client *c)
{
	if (c->tls != NULL || w->boot.set.tls_required == 0)
		return true;
	client_say(c, "%s NO [PRIVACYREQUIRED] STARTTLS required\r\n",
	    c->gate->cut.tag);
	return false;
}

static void
login(struct worker *w, struct client *c, struct login_command *cmd)
{
	if (!may_login(w, c))
		return;
	c->asked_plus = false;
	c->gate->mech = LOGIN_MECH_NONE;
	ask(w, c, "LOGIN", cmd->a, cmd->b);
}

static void
authenticate(
    struct worker *w, struct client *c, const struct login_command *cmd)
{
	if (cmd->mech == LOGIN_MECH_NONE ||
	    (cmd->mech == LOGIN_MECH_EXTERNAL &&
		(c->tls == NULL || (c->flags & IPC_CLIENT_CERT) == 0))) {
		client_say(c, "%s NO Unsupported authentication mechanism.\r\n",
		    c->gate->cut.tag);
		if (++c->gate->bad >= GATE_BAD_MAX)
			client_bye(w, c,
			    "* BYE [ALERT] Too many protocol errors.\r\n");
		return;
	}
	if (!may_login(w, c))
		return;
	free(c->tag);
	if ((c->tag = strdup(c->gate->cut.tag)) == NULL) {
		client_end(w, c);
		return;
	}
	free(c->gate->name);
	c->gate->name = NULL;
	c->asked_plus = true;
	c->gate->mech = cmd->mech;
	client_enter(c, CLIENT_SASL);
	if (cmd->a.p != NULL)
		sasl(w, c, cmd->a.p, cmd->a.n);
	else
		prompt(c, cmd->mech == LOGIN_MECH_LOGIN ? "Username:" : "");
}

/* A line of the SASL exchange in the buffer. */
static bool
response(struct worker *w, struct client *c)
{
	size_t n, used;

	if (c->nin == 0)
		return false;
	switch (login_line(c->in, c->nin, &n, &used)) {
	case LOGIN_COMMAND:
		break;
	case LOGIN_BYE:
		client_bye(w, c, "* BYE [ALERT] SASL response too long.\r\n");
		return false;
	case LOGIN_MORE:
	case LOGIN_PROMPT:
	case LOGIN_BAD:
		return false;
	}
	if (n == 1 && c->in[0] == '*') {
		client_enter(c, CLIENT_COMMAND);
		bad(w, c, c->tag, "Authentication cancelled.");
	} else {
		sasl(w, c, c->in, n);
	}
	if (c->state == CLIENT_GONE)
		return false;
	client_eat(c, used);
	return c->state == CLIENT_COMMAND || c->state == CLIENT_SASL;
}

static void
sasl(struct worker *w, struct client *c, const char *line, size_t n)
{
	struct gate *gate = c->gate;
	uint8_t text[LOGIN_SASL_MAX / 4 * 3];
	long got = login_base64(line, n, text, sizeof(text));
	struct login_text a = {(char *)text, got > 0 ? (size_t)got : 0};
	struct login_text user = {gate->name, gate->nname};
	char *name = gate->name;

	if (got == -1) {
		client_enter(c, CLIENT_COMMAND);
		free(gate->name);
		gate->name = NULL;
		bad(w, c, c->tag, "Invalid base64.");
	} else if (gate->mech == LOGIN_MECH_PLAIN) {
		ask(w, c, "PLAIN", a, (struct login_text){NULL, 0});
	} else if (gate->mech == LOGIN_MECH_EXTERNAL) {
		external(w, c, text, a.n);
	} else if (gate->name == NULL) {
		gate->name = malloc(a.n + 1);
		if (gate->name == NULL) {
			client_end(w, c);
		} else {
			memcpy(gate->name, text, a.n);
			gate->nname = a.n;
			prompt(c, "Password:");
		}
	} else {
		gate->name = NULL;
		ask(w, c, "AUTH-LOGIN", user, a);
		free(name);
	}
	explicit_bzero(text, a.n);
}

/* The prompts of the LOGIN mechanism are fixed, so is their base64. */
static void
prompt(struct client *c, const char *text)
{
	if (text[0] == 'U')
		client_say(c, "+ VXNlcm5hbWU6\r\n");
	else if (text[0] == 'P')
		client_say(c, "+ UGFzc3dvcmQ6\r\n");
	else
		client_say(c, "+ \r\n");
}

/* RFC 4422 appendix A: the name is the certificate's, or nobody's. */
static void
external(struct worker *w, struct client *c, const uint8_t *id, size_t n)
{
	struct login_text a = {(const char *)id, n}, b;
	char name[256];

	if (tls_peer_name(c->tls, name, sizeof(name)) == -1) {
		client_enter(c, CLIENT_COMMAND);
		tell_failed(c, "", "EXTERNAL");
		failed(w, c, "NO [AUTHENTICATIONFAILED] Login failed.");
		return;
	}
	b = (struct login_text){name, strlen(name)};
	ask(w, c, "EXTERNAL", a, b);
}

static void
ask(struct worker *w, struct client *c, const char *mech, struct login_text a,
    struct login_text b)
{
	uint32_t flags = 0;
	struct ipc_put put;
	int sent;

	if (!c->asked_plus) {
		free(c->tag);
		c->tag = strdup(c->gate->cut.tag);
		if (c->tag == NULL) {
			client_end(w, c);
			return;
		}
	}
	if (c->tls != NULL)
		flags |= IPC_ASK_TLS;
	if ((c->flags & IPC_CLIENT_TRUST) != 0)
		flags |= IPC_ASK_TRUST;
	if ((c->flags & IPC_CLIENT_CERT) != 0)
		flags |= IPC_ASK_CERT;
	ipc_begin(&put, IPC_ASK);
	ipc_put_u64(&put, c->conn);
	ipc_put_u32(&put, flags);
	ipc_put_str(&put, "imap");
	ipc_put_str(&put, c->peer);
	ipc_put_u32(&put, c->local_port);
	ipc_put_str(&put, mech);
	ipc_put_str(&put, c->gate->claimed);
	ipc_put_bytes(&put, a.p, a.n);
	ipc_put_bytes(&put, b.p, b.n);
	client_enter(c, CLIENT_ASKED);
	sent = peer_send(&w->auth, &put, NULL, 0);
	ipc_wipe(); /* the password, as far as it is ours */
	if (sent == -1)
		gate_unavailable(w, c);
}

int
gate_answer(struct worker *w, struct ipc_msg *msg)
{
	struct client *c;
	struct ipc_get g;
	char user[256];
	uint32_t why;

	ipc_open(&g, msg);
	c = client_find(w, ipc_get_u64(&g));
	/* It may have gone, or given up, while the answer was under way. */
	if (c != NULL && c->state != CLIENT_ASKED)
		c = NULL;
	if (msg->type == IPC_YES)
		return yes(w, c, &g);
	why = ipc_get_u32(&g);
	ipc_get_str(&g, user, sizeof(user));
	if (ipc_done(&g) == -1)
		return -1;
	if (c != NULL)
		gate_no(w, c, why, user);
	return 0;
}

static int
yes(struct worker *w, struct client *c, struct ipc_get *g)
{
	char user[256];
	const uint8_t *ticket;
	size_t n;

	ipc_get_str(g, user, sizeof(user));
	ticket = ipc_get_bytes(g, &n, TICKET_MAX);
	if (ipc_done(g) == -1 || n == 0)
		return -1;
	if (c == NULL)
		return 0;
	free(c->user);
	free(c->ticket);
	c->user = strdup(user);
	c->ticket = malloc(n);
	c->nticket = c->ticket != NULL ? n : 0;
	if (c->user == NULL || c->ticket == NULL) {
		gate_unavailable(w, c);
		return 0;
	}
	memcpy(c->ticket, ticket, n);
	lease_start(w, c);
	return 0;
}

void
gate_no(struct worker *w, struct client *c, uint32_t why, const char *user)
{
	const char *say = NULL, *bye = NULL, *reason = NULL;

	switch (why) {
	case IPC_NO_UNAVAILABLE:
		gate_unavailable(w, c);
		return;
	case IPC_NO_EXPIRED:
		reason = "expired";
		say = "NO [EXPIRED] Account or password has expired.";
		break;
	case IPC_NO_DISABLED:
		reason = "disabled";
		bye = "* BYE IMAP access disabled for this account.\r\n";
		break;
	case IPC_NO_INSECURE:
		reason = "insecure";
		bye = "* BYE IMAP access disabled via insecure connection."
		      "\r\n";
		break;
	case IPC_NO_FAILED:
	default:
		say = "NO [AUTHENTICATIONFAILED] Login failed.";
	}
	if (reason != NULL)
		tell_refused(c, user, reason);
	else
		tell_failed(c, user, method(c->gate));
	if (bye != NULL) {
		client_bye(w, c, bye);
		return;
	}
	client_enter(c, CLIENT_COMMAND);
	failed(w, c, say);
	if (c->state == CLIENT_COMMAND)
		client_ready(w, c, EPOLLIN);
}

static void
failed(struct worker *w, struct client *c, const char *say)
{
	client_say(c, "%s %s\r\n", c->tag, say);
	roster_count(w, CONNTAB_FAILED, 1);
	if (++c->gate->failed >= GATE_FAILED_MAX)
		client_bye(w, c, "* BYE [ALERT] Too many failed logins.\r\n");
}

void
gate_unavailable(struct worker *w, struct client *c)
{
	client_enter(c, CLIENT_COMMAND);
	failed(
	    w, c, "NO [UNAVAILABLE] Temporary problem, please try again later");
	/* Not from inside gate_run: its caller goes on by itself. */
	if (c->state == CLIENT_COMMAND)
		client_again(w, c);
}

static const char *
method(const struct gate *gate)
{
	switch (gate->mech) {
	case LOGIN_MECH_NONE:
		break;
	case LOGIN_MECH_PLAIN:
		return "PLAIN";
	case LOGIN_MECH_LOGIN:
		return "LOGIN";
	case LOGIN_MECH_EXTERNAL:
		return "EXTERNAL";
	}
	return NULL;
}
