/*
 * STATUS (RFC 3501 6.3.10, RFC 7162
 * HIGHESTMODSEQ, RFC 8438 SIZE, RFC 9051 DELETED, RFC 7889
 * APPENDLIMIT, RFC 8474 MAILBOXID); the items of a folder are also what
 * LIST-STATUS wants.
 */
#include "worker/imap/cmd_status.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "worker/imap/condstore.h"
#include "worker/imap/namespace.h"
#include "worker/imap/objectid.h"
#include "worker/imap/out.h"
#include "worker/imap/view.h"

static int get_status(
    struct session *, const char *, bool, struct mailbox_status *);
static void selected_status(struct session *, struct mailbox_status *);
static void put_item(struct buf *, const char *, uint64_t);

void
cmd_status(struct command *c)
{
	struct session *s = c->s;
	char folder[SESSION_MAX_NAME];
	const char *name;
	unsigned items;

	parse_space(c->p);
	name = parse_mailbox(c->p);
	parse_space(c->p);
	items = parse_status_items(c->p);
	if (!command_parsed(c))
		return;
	if (namespace_folder(s->set, name, folder, sizeof(folder)) == -1 ||
	    status_tell(s, folder, items) == -1)
		out_errno(c,
		    errno == EINVAL || errno == ENAMETOOLONG ? ENOENT : errno,
		    "STATUS failed");
	else
		out_tagged(c, OUT_OK, NULL, "STATUS Completed.");
}

int
status_tell(struct session *s, const char *folder, unsigned items)
{
	struct mailbox_status st;
	struct buf *b = &s->line, id;

	if (get_status(s, folder, (items & PARSE_STATUS_SIZE) != 0, &st) == -1)
		return -1;
	buf_init(&id, 64);
	if ((items & PARSE_STATUS_MAILBOXID) != 0 &&
	    objectid_folder(s, folder, st.uidvalidity, &id) == -1) {
		buf_done(&id);
		return -1;
	}
	if ((items & PARSE_STATUS_HIGHESTMODSEQ) != 0)
		condstore_enable(s);
	buf_str(b, "* STATUS ");
	out_mailbox(s, b, folder);
	buf_str(b, " (");
	if ((items & PARSE_STATUS_MESSAGES) != 0)
		put_item(b, "MESSAGES", st.messages);
	if ((items & PARSE_STATUS_RECENT) != 0)
		put_item(b, "RECENT", st.recent);
	if ((items & PARSE_STATUS_UIDNEXT) != 0)
		put_item(b, "UIDNEXT", st.uidnext);
	if ((items & PARSE_STATUS_UIDVALIDITY) != 0)
		put_item(b, "UIDVALIDITY", st.uidvalidity);
	if ((items & PARSE_STATUS_UNSEEN) != 0)
		put_item(b, "UNSEEN", st.unseen);
	if ((items & PARSE_STATUS_DELETED) != 0)
		put_item(b, "DELETED", st.deleted);
	if ((items & PARSE_STATUS_SIZE) != 0)
		put_item(b, "SIZE", st.size);
	/* RFC 7162 3.1.7: 0 where there are no change numbers. */
	if ((items & PARSE_STATUS_HIGHESTMODSEQ) != 0)
		put_item(b, "HIGHESTMODSEQ", st.modseq);
	if ((items & PARSE_STATUS_APPENDLIMIT) != 0)
		put_item(b, "APPENDLIMIT", s->set->append_limit);
	buf_bytes(b, id.p, id.n);
	b->failed = b->failed || id.failed;
	buf_done(&id);
	if (b->p != NULL && b->n > 0 && b->p[b->n - 1] == ' ')
		b->n--;
	buf_str(b, ")\r\n");
	out_send(s);
	return 0;
}

/*
 * The folder that is selected is answered from the session's own knowledge,
 * where \Recent is this session's; sizes only the store can sum up.
 */
static int
get_status(
    struct session *s, const char *folder, bool size, struct mailbox_status *st)
{
	bool selected = s->client.state == SESSION_SELECTED &&
			strcmp(folder, s->client.view->folder) == 0;

	memset(st, 0, sizeof(*st));
	if ((!selected || size) &&
	    maildir_status(s->maildir, folder, size, st) == -1)
		return -1;
	if (selected)
		selected_status(s, st);
	return 0;
}

static void
selected_status(struct session *s, struct mailbox_status *st)
{
	const struct mailbox *box = s->client.view->mailbox;
	const struct message *m;
	size_t i, n;

	m = mailbox_messages(box, &n);
	st->messages = (uint32_t)n;
	st->recent = st->unseen = st->deleted = 0;
	for (i = 0; i < n; i++) {
		st->recent += m[i].recent;
		st->unseen += (m[i].flags & MESSAGE_SEEN) == 0;
		st->deleted += (m[i].flags & MESSAGE_DELETED) != 0;
	}
	st->uidnext = mailbox_uidnext(box);
	st->modseq = mailbox_modseq(box);
	st->uidvalidity = mailbox_uidvalidity(box);
}

static void
put_item(struct buf *b, const char *name, uint64_t value)
{
	buf_str(b, name);
	buf_char(b, ' ');
	buf_num(b, value);
	buf_char(b, ' ');
}
