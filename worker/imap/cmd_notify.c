/* NOTIFY (RFC 5465): the command. */
#include <errno.h>
#include <stdio.h>

#include "shm/capability.h"
#include "worker/imap/command.h"
#include "worker/imap/condstore.h"
#include "worker/imap/notify.h"
#include "worker/imap/out.h"

static void check_items(struct command *, const struct parse_notify *);
static struct notify *keep(struct command *, const struct parse_notify *);

void
cmd_notify(struct command *c)
{
	struct parse_notify request;
	struct session *s = c->s;
	struct notify *y;

	parse_notify(c->p, &request);
	check_items(c, &request);
	if (!command_parsed(c))
		return;
	if (s->control == -1) {
		command_bad(c, "NOTIFY is not possible from a shell.");
		return;
	}
	if (!capability_has(s->set, "NOTIFY")) {
		out_tagged(c, OUT_NO, NULL,
		    "This command is disabled by the system administrator.");
		return;
	}
	/* RFC 5465 3.1: what could have been asked for. */
	if ((request.events & NOTIFY_UNKNOWN) != 0) {
		char code[128];

		(void)snprintf(
		    code, sizeof(code), "BADEVENT (%s)", parse_notify_events());
		out_tagged(c, OUT_NO, code, "There is no such event here.");
		return;
	}
	if ((y = keep(c, &request)) == NULL)
		return;
	notify_start(s, y, request.status);
	out_tagged(c, OUT_OK, NULL, "NOTIFY completed");
}

/* As FETCH itself refuses them. */
static void
check_items(struct command *c, const struct parse_notify *n)
{
	const struct notify_group *g = notify_selected(n);

	for (size_t i = 0; g != NULL && i < g->fetch.nitems; i++)
		switch (g->fetch.items[i].what) {
		case PARSE_FETCH_EMAILID:
		case PARSE_FETCH_THREADID:
		case PARSE_FETCH_SAVEDATE:
		case PARSE_FETCH_PREVIEW:
			parse_fail(c->p, "FETCH item not supported");
			break;
		case PARSE_FETCH_MODSEQ: /* RFC 7162 3.1 */
			if (c->p->why == NULL)
				condstore_enable(c->s);
			break;
		default:
			break;
		}
}

/* In its printed form, as it is parked; NULL: answered. */
static struct notify *
keep(struct command *c, const struct parse_notify *request)
{
	struct notify *y = NULL;
	struct buf b;

	buf_init(&b, NOTIFY_TEXT_MAX);
	parse_notify_print(&b, request);
	if (!b.failed && (y = notify_new(b.p, b.n)) == NULL && errno == ENOMEM)
		out_errno(c, ENOMEM, "NOTIFY failed.");
	else if (y == NULL)
		out_tagged(c, OUT_NO, "LIMIT", "The NOTIFY set is too large.");
	buf_done(&b);
	return y;
}
