/*
 * SELECT, EXAMINE, CLOSE (RFC 3501 6.3.1, 6.3.2, 6.4.2), UNSELECT (RFC 3691),
 * EXPUNGE and UID EXPUNGE (RFC 3501 6.4.3, RFC 4315); QRESYNC: RFC 7162 3.2.5;
 * IMAP4rev2: RFC 9051 6.3.2; MAILBOXID: RFC 8474 4.2.
 */
#include <errno.h>

#include "worker/imap/change.h"
#include "worker/imap/cmd_list.h"
#include "worker/imap/command.h"
#include "worker/imap/condstore.h"
#include "worker/imap/namespace.h"
#include "worker/imap/objectid.h"
#include "worker/imap/out.h"
#include "worker/imap/view.h"

static void open_folder(struct command *, bool);
static void tell_folder(struct session *);
static void tell_first_unseen(struct session *);
static void leave(struct session *);
static int expunge(struct command *, const struct view_set *);

void
cmd_select(struct command *c)
{
	open_folder(c, false);
}

void
cmd_examine(struct command *c)
{
	open_folder(c, true);
}

/* RFC 3501 6.4.2: removes what is \Deleted, silently, unless read-only. */
void
cmd_close(struct command *c)
{
	const struct view *v = c->s->client.view;
	int err = 0;

	if (!command_parsed(c))
		return;
	if (!v->readonly && expunge(c, NULL) == -1)
		err = errno;
	leave(c->s);
	if (err != 0)
		out_errno(c, err, "CLOSE could not expunge all messages.");
	else
		out_tagged(c, OUT_OK, NULL, "mailbox closed.");
}

void
cmd_unselect(struct command *c)
{
	if (!command_parsed(c))
		return;
	leave(c->s);
	out_tagged(c, OUT_OK, NULL, "UNSELECT completed.");
}

void
cmd_expunge(struct command *c)
{
	struct view_set set;
	struct seqset uids;

	if (c->uid) {
		parse_space(c->p);
		parse_seqset(c->p, &uids);
	}
	if (!command_parsed(c))
		return;
	if (c->s->client.view->readonly) {
		out_tagged(
		    c, OUT_NO, NULL, "Cannot expunge read-only mailbox.");
		return;
	}
	if ((c->uid && view_resolve(c->s, &uids, true, &set) == -1) ||
	    expunge(c, c->uid ? &set : NULL) == -1)
		out_errno(c, errno, "EXPUNGE failed.");
	else
		out_tagged(
		    c, OUT_OK, condstore_code(c->s), "EXPUNGE completed.");
}

static void
open_folder(struct command *c, bool readonly)
{
	struct session *s = c->s;
	char folder[SESSION_MAX_NAME];
	struct view *v = NULL;
	struct parse_select params = {0};
	const char *name;

	parse_space(c->p);
	name = parse_mailbox(c->p);
	parse_select(c->p, &params);
	if (params.qresync && !s->client.qresync)
		parse_fail(c->p, "QRESYNC was not enabled");
	if (!command_parsed(c))
		return;
	/* RFC 3501 6.3.1: also when the new one cannot be opened. */
	if (s->client.state == SESSION_SELECTED) {
		leave(s);
		out_line(s, "OK [CLOSED] The folder before is closed");
	}
	s->client.condstore |= params.condstore;
	if (namespace_folder(s->set, name, folder, sizeof(folder)) == 0)
		v = view_open(s, folder, readonly);
	if (v == NULL) {
		if (errno == ENOENT || errno == EINVAL || errno == ENAMETOOLONG)
			out_errno(c, ENOENT,
			    "Mailbox does not exist, or must be subscribed "
			    "to.");
		else
			out_errno(c, errno, "Unable to open this mailbox.");
		return;
	}
	s->client.view = v;
	session_enter(s, SESSION_SELECTED);
	tell_folder(s);
	if (s->client.rev2 && list_tell_one(s, name) == -1) {
		out_errno(c, errno, "Unable to open this mailbox.");
		return;
	}
	if (params.qresync)
		condstore_resync(s, &params);
	out_tagged(c, OUT_OK, v->readonly ? "READ-ONLY" : "READ-WRITE", "Ok");
}

/* Courier's order, then what Courier leaves out. */
static void
tell_folder(struct session *s)
{
	const struct view *v = s->client.view;
	uint64_t dev, inode;

	view_report_keywords(s, true);
	view_report_counts(s);
	out_line(s, "OK [UIDVALIDITY %u] Ok", mailbox_uidvalidity(v->mailbox));
	out_line(s, "OK [UIDNEXT %u] Ok", mailbox_uidnext(v->mailbox));
	if (!s->client.rev2)
		tell_first_unseen(s);
	mailbox_identity(v->mailbox, &dev, &inode);
	buf_str(&s->line, "* OK [");
	objectid_mailbox(&s->line, mailbox_uidvalidity(v->mailbox), inode);
	buf_str(&s->line, "] Ok\r\n");
	condstore_tell(s);
}

static void
tell_first_unseen(struct session *s)
{
	const struct message *m;
	size_t i, n;

	m = mailbox_messages(s->client.view->mailbox, &n);
	for (i = 0; i < n; i++)
		if ((m[i].flags & MESSAGE_SEEN) == 0) {
			out_line(s, "OK [UNSEEN %u] Ok",
			    view_seq(s->client.view, m[i].uid));
			return;
		}
}

static void
leave(struct session *s)
{
	view_close(s->client.view);
	s->client.view = NULL;
	/* RFC 5182 2.1: SELECT and its like empty "$". */
	s->client.nsaved = 0;
	session_enter(s, SESSION_AUTH);
}

/* What the client knows to be \Deleted, or those of a set. 0 or -1. */
static int
expunge(struct command *c, const struct view_set *set)
{
	const struct view *v = c->s->client.view;
	struct seqset_range all = {1, (uint32_t)v->n};
	const struct view_set whole = {&all, v->n > 0, v->n};
	const struct message *m;
	uint32_t *uids, seq;
	size_t i, n = 0;

	if (set == NULL)
		set = &whole;
	uids = arena_array(c->s->arena, set->count, sizeof(*uids));
	if (uids == NULL) {
		errno = ENOMEM;
		return -1;
	}
	for (i = 0; i < set->n; i++)
		for (seq = set->r[i].lo; seq <= set->r[i].hi; seq++) {
			m = view_message(v, seq);
			if (m != NULL && (m->flags & MESSAGE_DELETED) != 0)
				uids[n++] = m->uid;
		}
	return n == 0 ? 0 : change_expunge(c->s, uids, n);
}
