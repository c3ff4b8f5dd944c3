/*
 * The table of commands and what is the same for all of them: state, look at
 * the folder before, arguments read to their end, bad ones counted. RFC 3501
 * section 6 (after login), RFC 2177, 2342, 2971, 3691, 4315, 5161, 5256, 6851,
 * 10022.
 *
 * A new command: one row here, one prototype in command.h, one function in a
 * cmd_*.c that takes its arguments from c->p, asks command_parsed(), does the
 * work and ends with exactly one out_tagged() or out_errno().
 */
#include "worker/imap/command.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "worker/imap/out.h"
#include "worker/imap/view.h"

#define AUTH     (1u << SESSION_AUTH)
#define SELECTED (1u << SESSION_SELECTED)
#define ANY      (AUTH | SELECTED)

#define UID    1u  /* may have the UID prefix */
#define LOOK   2u  /* the folder is looked at before it runs */
#define SEQ    4u  /* no EXPUNGE while it is answered, RFC 3501 7.4.1 */
#define STREAM 8u  /* its last literal is still in the stream */
#define NEED   16u /* the folder's messages: a glance is not enough */

struct command_row {
	const char *name;
	unsigned states;
	unsigned flags;
	void (*run)(struct command *);
};

static const struct command_row rows[] = {
    {"APPEND", ANY, STREAM | LOOK, cmd_append},
    {"AUTHENTICATE", 0, 0, NULL},
    {"CAPABILITY", ANY, 0, cmd_capability},
    {"CHECK", SELECTED, 0, cmd_check},
    {"CLOSE", SELECTED, LOOK, cmd_close},
    {"COMPRESS", ANY, 0, cmd_compress},
    {"COPY", SELECTED, UID | LOOK | NEED, cmd_copy},
    {"CREATE", ANY, 0, cmd_create},
    {"DELETE", ANY, 0, cmd_delete},
    {"ENABLE", ANY, 0, cmd_enable},
    {"ESEARCH", ANY, LOOK | NEED, cmd_esearch},
    {"EXAMINE", ANY, 0, cmd_examine},
    {"EXPUNGE", SELECTED, UID | LOOK | NEED, cmd_expunge},
    {"FETCH", SELECTED, UID | LOOK | NEED | SEQ, cmd_fetch},
    {"GETQUOTA", ANY, 0, cmd_getquota},
    {"GETQUOTAROOT", ANY, 0, cmd_getquotaroot},
    {"ID", ANY, 0, cmd_id},
    {"IDLE", ANY, 0, cmd_idle},
    {"LIST", ANY, 0, cmd_list},
    {"LOGIN", 0, 0, NULL},
    {"LOGOUT", ANY, 0, cmd_logout},
    {"LSUB", ANY, 0, cmd_lsub},
    {"MOVE", SELECTED, UID | LOOK | NEED, cmd_move},
    {"NAMESPACE", ANY, 0, cmd_namespace},
    {"NOOP", ANY, LOOK, cmd_noop},
    {"NOTIFY", ANY, 0, cmd_notify},
    {"RENAME", ANY, 0, cmd_rename},
    {"SEARCH", SELECTED, UID | LOOK | NEED | SEQ, cmd_search},
    {"SELECT", ANY, 0, cmd_select},
    {"SETQUOTA", ANY, 0, cmd_setquota},
    {"SORT", SELECTED, UID | LOOK | NEED | SEQ, cmd_sort},
    {"STARTTLS", 0, 0, NULL},
    {"STATUS", ANY, LOOK, cmd_status},
    {"STORE", SELECTED, UID | LOOK | NEED | SEQ, cmd_store},
    {"SUBSCRIBE", ANY, 0, cmd_subscribe},
    {"THREAD", SELECTED, UID | LOOK | NEED | SEQ, cmd_thread},
    {"UIDBATCHES", SELECTED, LOOK | NEED | SEQ, cmd_uidbatches},
    {"UNSELECT", SELECTED, 0, cmd_unselect},
    {"UNSUBSCRIBE", ANY, 0, cmd_unsubscribe},
};

static const struct command_row *find_row(const char *, bool);
static void refuse_literal(struct command *);
static void bad(struct command *, const char *, size_t);

void
command_run(struct session *s, const struct reader_command *text)
{
	struct parse p;
	struct command c = {.s = s, .text = text, .p = &p, .tag = "*"};
	const char *name;

	parse_init(&p, s->arena, text, s->client.utf8);
	p.rev2 = s->client.rev2;
	if (parse_head(&p, &c.tag, &name, &c.uid) == -1) {
		command_bad(&c, "Expected a tag and a command.");
		return;
	}
	c.row = find_row(name, c.uid);
	if (c.row == NULL) {
		command_bad(&c, "Unknown command.");
		return;
	}
	if ((c.row->states & 1u << s->client.state) == 0) {
		command_bad(&c, c.row->states == SELECTED
				    ? "No mailbox is selected."
				    : "Not possible after login.");
		return;
	}
	if (s->set->disablethreadsort != 0 &&
	    (c.row->run == cmd_sort || c.row->run == cmd_thread)) {
		out_tagged(&c, OUT_NO, NULL,
		    "This command is disabled by the system administrator.");
		return;
	}
	if ((c.row->flags & LOOK) != 0 && s->client.state == SESSION_SELECTED &&
	    (view_look_once(s) == -1 ||
		((c.row->flags & NEED) != 0 && view_need(s) == -1)))
		return;
	c.row->run(&c);
	assert((c.row->flags & STREAM) != 0 || !text->stream);
}

void
command_refuse(struct session *s, const char *tag, const char *why)
{
	struct command c = {.s = s, .tag = tag};

	bad(&c, why, 0);
}

bool
command_parsed(struct command *c)
{
	if (parse_done(c->p) == 0) {
		c->s->client.bad = 0;
		return true;
	}
	if (c->p->cannot) {
		refuse_literal(c);
		out_tagged(c, OUT_NO, "CANNOT",
		    "Invalid mailbox name: not in modified UTF-7.");
		return false;
	}
	bad(c, c->p->limit ? "[LIMIT] Too much of something" : c->p->why,
	    c->p->why_at + 1);
	return false;
}

void
command_bad(struct command *c, const char *why)
{
	bad(c, why, 0);
}

const char *
command_name(const struct command *c)
{
	return c->row->name;
}

bool
command_tells_expunge(const struct command *c)
{
	/* RFC 3501 7.4.1: the UID forms do not count as FETCH and so on. */
	return c->row == NULL || (c->row->flags & SEQ) == 0 || c->uid;
}

static const struct command_row *
find_row(const char *name, bool uid)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcasecmp(rows[i].name, name) == 0)
			return !uid || (rows[i].flags & UID) != 0 ? &rows[i]
								  : NULL;
	return NULL;
}

/* The message that a bad APPEND brings along must not be read as commands. */
static void
refuse_literal(struct command *c)
{
	if (c->text != NULL && c->text->stream)
		append_discard(c);
}

static void
bad(struct command *c, const char *why, size_t byte)
{
	struct session *s = c->s;

	refuse_literal(c);
	if (byte > 0)
		out_tagged(c, OUT_BAD, NULL, "%s (at byte %zu)", why, byte);
	else
		out_tagged(c, OUT_BAD, NULL, "%s", why);
	if (++s->client.bad >= SESSION_BAD_MAX)
		session_bye(s, IPC_END_PROTOCOL,
		    "[ALERT] Too many bad commands in a row.");
}
