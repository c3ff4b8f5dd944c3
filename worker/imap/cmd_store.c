/* STORE and UID STORE: RFC 3501 6.4.6, 6.4.8; UNCHANGEDSINCE: RFC 7162 3.1.3.
 */
#include <errno.h>
#include <string.h>

#include "worker/imap/change.h"
#include "worker/imap/command.h"
#include "worker/imap/condstore.h"
#include "worker/imap/out.h"
#include "worker/imap/view.h"

struct done { /* what became of a STORE */
	bool silent;
	const bool *changed, *failed; /* failed NULL: unconditional */
};

static void check_flags(struct command *, const struct parse_store *);
static bool keywords_fit(const struct parse_flags *);
static bool tell(
    struct command *, const uint32_t *, size_t, const struct done *);
static char *modified(struct command *, const uint32_t *, const bool *, size_t);

void
cmd_store(struct command *c)
{
	static const enum mailbox_op ops[] = {
	    [PARSE_STORE_REPLACE] = MAILBOX_REPLACE,
	    [PARSE_STORE_ADD] = MAILBOX_ADD,
	    [PARSE_STORE_REMOVE] = MAILBOX_REMOVE,
	};
	struct session *s = c->s;
	struct mailbox_change change;
	struct parse_store store;
	struct view_set set;
	uint32_t *uids;
	char *code;
	bool *changed;
	struct done done;
	int err = 0;

	memset(&store, 0, sizeof(store));
	parse_store(c->p, &store);
	check_flags(c, &store);
	if (!command_parsed(c))
		return;
	if (view_resolve(s, &store.set, c->uid, &set) == -1) {
		command_bad(c, "Invalid message sequence number");
		return;
	}
	if (s->client.view->readonly) {
		out_tagged(
		    c, OUT_NO, NULL, "Current box is selected READ-ONLY.");
		return;
	}
	if (!keywords_fit(&store.flags)) {
		out_tagged(c, OUT_NO, "LIMIT", "A keyword is too long.");
		return;
	}
	change = (struct mailbox_change){.op = ops[store.op],
	    .flags = store.flags.flags,
	    .keywords = store.flags.keywords,
	    .nkeywords = store.flags.nkeywords};
	if (s->set->keywords == 0)
		change.nkeywords = 0;
	uids = view_uids(s->client.view, s->arena, &set);
	changed = arena_array(s->arena, set.count, sizeof(*changed));
	if (store.unchanged) {
		change.unchangedsince = store.unchangedsince;
		change.failed =
		    arena_array(s->arena, set.count, sizeof(*change.failed));
		condstore_enable(s);
	}
	if (uids == NULL || changed == NULL ||
	    (store.unchanged && change.failed == NULL))
		err = ENOMEM;
	else if (set.count > 0 &&
		 change_store(s, uids, set.count, &change, changed) == -1)
		err = errno;
	if (err != 0) {
		if (changed != NULL && uids != NULL)
			(void)tell(c, uids, set.count,
			    &(struct done){false, changed, change.failed});
		out_errno(c, err, "STORE failed.");
		return;
	}
	view_name_keywords(s, change.keywords, change.nkeywords);
	/*
	 * RFC 2180 4.2.2: the others are stored and told, then NO: a client
	 * that asked for a FETCH of each must know that some have none. RFC
	 * 3501 6.4.8: a UID that is not there is no error.
	 */
	done = (struct done){store.silent, changed, change.failed};
	code = modified(c, uids, change.failed, set.count);
	if (tell(c, uids, set.count, &done) && !c->uid)
		out_tagged(c, OUT_NO, code != NULL ? code : "EXPUNGEISSUED",
		    "STORE: some of the messages have been deleted.");
	else
		out_tagged(c, OUT_OK, code, "STORE completed.");
}

static void
check_flags(struct command *c, const struct parse_store *store)
{
	/* RFC 3501 2.3.2: \Recent cannot be altered by the client. */
	if (store->flags.recent)
		parse_fail(c->p, "\\Recent cannot be stored");
	if (store->unchanged && !condstore_usable(c->s))
		parse_fail(c->p, "the mailbox is NOMODSEQ");
}

static bool
keywords_fit(const struct parse_flags *flags)
{
	size_t i;

	for (i = 0; i < flags->nkeywords; i++)
		if (strlen(flags->keywords[i]) > MAILDIR_KEYWORD_LEN)
			return false;
	return true;
}

/*
 * One FETCH per message, also where nothing changed. New keywords are named
 * first. Returns whether a message had vanished.
 */
static bool
tell(struct command *c, const uint32_t *uids, size_t n, const struct done *done)
{
	struct session *s = c->s;
	struct view *v = s->client.view;
	struct buf *b = &s->line;
	const struct message *m;
	bool vanished = false;
	size_t i;

	view_report_keywords(s, false);
	for (i = 0; i < n; i++) {
		m = mailbox_find(v->mailbox, uids[i]);
		vanished |= m == NULL;
		if (m == NULL || (done->failed != NULL && done->failed[i]))
			continue;
		/* RFC 7162 3.1.3: who is silent still tells the number. */
		if (done->silent &&
		    (!s->client.condstore || m->modseq == 0 ||
			(!done->changed[i] && done->failed == NULL)))
			continue;
		buf_str(b, "* ");
		buf_num(b, view_seq(v, uids[i]));
		buf_str(b, " FETCH (");
		if (c->uid || s->client.qresync) {
			buf_str(b, "UID ");
			buf_num(b, uids[i]);
			if (!done->silent)
				buf_char(b, ' ');
		}
		if (!done->silent) {
			buf_str(b, "FLAGS (");
			out_flags(s, m);
			buf_char(b, ')');
			view_told_flags(v, uids[i]);
		}
		if (s->client.condstore)
			view_put_modseq(s, m);
		buf_str(b, ")\r\n");
		if (b->n >= WIRE_OUT)
			out_send(s);
	}
	out_send(s);
	return vanished;
}

/* "MODIFIED set" in the arena, NULL if none failed; UIDs of a UID STORE. */
static char *
modified(struct command *c, const uint32_t *uids, const bool *failed, size_t n)
{
	const struct view *v = c->s->client.view;
	uint32_t *numbers;
	struct buf b;
	char *text = NULL;
	size_t i, k = 0;

	numbers = arena_array(c->s->arena, n, sizeof(*numbers));
	if (failed == NULL || numbers == NULL)
		return NULL;
	for (i = 0; i < n; i++)
		if (failed[i])
			numbers[k++] = c->uid ? uids[i] : view_seq(v, uids[i]);
	if (k == 0)
		return NULL;
	buf_init(&b, SESSION_LINE_MAX);
	buf_str(&b, "MODIFIED ");
	seqset_print(&b, numbers, k);
	buf_char(&b, '\0');
	if (!b.failed && (text = arena_alloc(c->s->arena, b.n)) != NULL)
		memcpy(text, b.p, b.n);
	buf_done(&b);
	return text;
}
