/*
 * ID (RFC 2971): who we are as far as IMAP_ID_FIELDS allows, and a log line in
 * Courier's form of who the client says it is.
 */
#include <sys/utsname.h>

#include <stdio.h>
#include <string.h>

#include "shm/log.h"
#include "worker/imap/command.h"
#include "worker/imap/note.h"
#include "worker/imap/out.h"
#include "worker/imap/parse_id.h"

/* Bits of IMAP_ID_FIELDS. */
#define ID_VERSION    1
#define ID_OS         2
#define ID_OS_VERSION 4

static void answer(struct session *);
static void put_pair(struct buf *, const char *, const char *);
static void log_client(struct session *, const struct parse_id *);
static void put_logged(struct buf *, const struct parse_text *);

void
cmd_id(struct command *c)
{
	struct parse_id id;

	parse_id(c->p, &id);
	if (!command_parsed(c))
		return;
	/* Who says it again and again shall not crowd out others' lines. */
	if (id.npairs > 0 && c->s->client.ids++ < SESSION_IDS_TOLD)
		log_client(c->s, &id);
	note_send(c->s, &id);
	answer(c->s);
	out_tagged(c, OUT_OK, NULL, "ID completed");
}

static void
answer(struct session *s)
{
	int32_t bits = s->set->id_fields;
	struct utsname os;

	buf_str(&s->line, "* ID (\"name\" \"Corkboard IMAP\"");
	if (bits > 0 && (bits & ID_VERSION) != 0)
		put_pair(&s->line, "version", VERSION);
	if (bits > 0 && uname(&os) == 0) {
		if ((bits & ID_OS) != 0)
			put_pair(&s->line, "os", os.sysname);
		if ((bits & ID_OS_VERSION) != 0)
			put_pair(&s->line, "os-version", os.release);
	}
	buf_str(&s->line, ")\r\n");
	out_send(s);
}

static void
put_pair(struct buf *b, const char *name, const char *value)
{
	buf_char(b, ' ');
	buf_string(b, name, strlen(name), false);
	buf_char(b, ' ');
	buf_string(b, value, strlen(value), false);
}

static void
log_client(struct session *s, const struct parse_id *id)
{
	struct client *c = &s->client;
	char user[SESSION_MAX_NAME];
	struct buf b;
	size_t i;

	buf_init(&b, LOG_LINE_MAX);
	for (i = 0; i < id->npairs && !b.failed; i++) {
		buf_str(&b, ", ");
		put_logged(&b, &id->pairs[2 * i]);
		buf_char(&b, '=');
		put_logged(&b, &id->pairs[2 * i + 1]);
	}
	/* On the port of implicit TLS the line is imapd-ssl's. */
	log_courier(
	    (c->flags & (IPC_SERVE_TLS | IPC_SERVE_STARTTLS)) == IPC_SERVE_TLS,
	    LOG_LEVEL_INFO, "ID, user=%s, ip=[%s], port=[%u]%.*s",
	    log_text(user, sizeof(user), s->account->user), c->peer, c->port,
	    (int)b.n, b.n > 0 ? b.p : "");
	buf_done(&b);
}

/* A comma or a bracket would look like another field of the line. */
static void
put_logged(struct buf *b, const struct parse_text *t)
{
	size_t i;

	if (t->p == NULL) {
		buf_str(b, "NIL");
		return;
	}
	for (i = 0; i < t->n; i++) {
		char ch = t->p[i];

		buf_char(b, ch < ' ' || ch > '~' || strchr(",[]=", ch) != NULL
				? '.'
				: ch);
	}
}
