/*
 * The small commands of any state: CAPABILITY, NOOP, LOGOUT, CHECK (RFC 3501
 * 6.1, 6.4.1), ENABLE (RFC 5161, 6855, 7162, 9051), NAMESPACE (RFC 2342).
 */
#include <strings.h>

#include "shm/capability.h"
#include "worker/imap/command.h"
#include "worker/imap/condstore.h"
#include "worker/imap/out.h"
#include "worker/imap/view.h"

#define CAPABILITY_MAX 2048

void
cmd_capability(struct command *c)
{
	enum capability_stage stage = CAPABILITY_MAIL;
	char words[CAPABILITY_MAX];

	if (!command_parsed(c))
		return;
	if (c->s->control == -1)
		stage = CAPABILITY_SHELL;
	else if ((c->s->client.flags & IPC_SERVE_TLS) != 0)
		stage = CAPABILITY_MAIL_TLS;
	capability_print(c->s->set, stage, false, words, sizeof(words));
	out_line(c->s, "CAPABILITY %s", words);
	out_tagged(c, OUT_OK, NULL, "CAPABILITY completed");
}

void
cmd_noop(struct command *c)
{
	if (command_parsed(c))
		out_tagged(c, OUT_OK, NULL, "NOOP completed");
}

void
cmd_check(struct command *c)
{
	if (command_parsed(c) && view_look(c->s, true) == 0)
		out_tagged(c, OUT_OK, NULL, "CHECK completed");
}

void
cmd_logout(struct command *c)
{
	if (!command_parsed(c))
		return;
	session_bye(
	    c->s, IPC_END_LOGOUT, "Corkboard IMAP server shutting down");
	out_tagged(c, OUT_OK, NULL, "LOGOUT completed");
}

/* RFC 5161 3.1: unknown words are no error, only what took effect is named. */
void
cmd_enable(struct command *c)
{
	struct session *s = c->s;
	bool utf8 = false, some = false, condstore = false, qresync = false;
	bool rev2 = false;
	struct parse_text word;

	while (!parse_end(c->p)) {
		parse_space(c->p);
		word = parse_atom(c->p);
		if (word.p == NULL)
			break;
		some = true;
		if (word.n == 11 &&
		    strncasecmp(word.p, "UTF8=ACCEPT", word.n) == 0)
			utf8 = capability_has(s->set, "UTF8=ACCEPT");
		else if (word.n == 9 &&
			 strncasecmp(word.p, "CONDSTORE", word.n) == 0)
			condstore = capability_has(s->set, "CONDSTORE");
		else if (word.n == 7 &&
			 strncasecmp(word.p, "QRESYNC", word.n) == 0)
			qresync = capability_has(s->set, "QRESYNC");
		else if (word.n == 9 &&
			 strncasecmp(word.p, "IMAP4rev2", word.n) == 0)
			rev2 = capability_has(s->set, "IMAP4rev2");
	}
	if (!some)
		parse_fail(c->p, "Expected a capability");
	if (!command_parsed(c))
		return;
	utf8 = utf8 && !s->client.utf8;
	s->client.utf8 |= utf8;
	condstore = condstore && !s->client.condstore;
	qresync = qresync && !s->client.qresync;
	rev2 = rev2 && !s->client.rev2;
	s->client.rev2 |= rev2;
	out_line(s, "ENABLED%s%s%s%s", utf8 ? " UTF8=ACCEPT" : "",
	    condstore ? " CONDSTORE" : "", qresync ? " QRESYNC" : "",
	    rev2 ? " IMAP4rev2" : "");
	if (condstore || qresync)
		condstore_enable(s);
	s->client.qresync |= qresync;
	out_tagged(c, OUT_OK, NULL, "Options enabled");
}

void
cmd_namespace(struct command *c)
{
	if (!command_parsed(c))
		return;
	out_line(c->s, "NAMESPACE ((\"%s\" \".\")) NIL NIL",
	    c->s->set->namespace_prefix != 0 ? "INBOX." : "");
	out_tagged(c, OUT_OK, NULL, "NAMESPACE completed.");
}
