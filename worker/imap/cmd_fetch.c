/*
 * FETCH and UID FETCH: RFC 3501 6.4.5, 6.4.8, 7.4.2; BINARY: RFC 3516;
 * PARTIAL: RFC 9394 3.3. Per message: everything that can fail is done first
 * (prepare), then \Seen is set, then the line is written, so that no line is
 * ever left half.
 */
#include <errno.h>
#include <string.h>

#include "shm/log.h"
#include "worker/imap/change.h"
#include "worker/imap/command.h"
#include "worker/imap/condstore.h"
#include "worker/imap/fetch.h"
#include "worker/imap/out.h"
#include "worker/imap/view.h"

#define LOOK_ALIVE 64 /* messages between two looks at the wire */

static void check_items(struct command *, const struct parse_fetch *);
static int cut_set(
    struct fetch *, const struct parse_partial *, struct view_set *);
static void tell_vanished(struct fetch *, const struct parse_fetch *);
static void fetch_all(struct fetch *, const struct view_set *);
static void fetch_one(struct fetch *);
static void set_seen(struct fetch *);
static void tell(struct fetch *, bool);

void
cmd_fetch(struct command *c)
{
	struct parse_fetch request;
	struct view_set set;
	struct fetch f = {.c = c, .s = c->s};

	memset(&request, 0, sizeof(request));
	parse_fetch(c->p, &request);
	check_items(c, &request);
	if (!command_parsed(c))
		return;
	if (view_resolve(c->s, &request.set, c->uid, &set) == -1) {
		command_bad(c, "Invalid message sequence number");
		return;
	}
	if (request.partial.lo != 0 &&
	    cut_set(&f, &request.partial, &set) == -1)
		return;
	f.uids = c->uid;
	f.since = request.changedsince;
	if (!fetch_plan(&f, &request)) {
		out_errno(c, ENOMEM, "FETCH failed.");
		return;
	}
	if (f.since != 0 || (f.need & FETCH_NUMBER) != 0)
		condstore_enable(c->s);
	if (request.vanished)
		tell_vanished(&f, &request);
	content_init(&f.content);
	fetch_all(&f, &set);
	content_done(&f.content);
	if (!session_alive(c->s))
		return;
	if (f.err != 0)
		out_errno(c, f.err, "FETCH could not read all messages.");
	else if (f.unknown_cte)
		out_tagged(c, OUT_NO, "UNKNOWN-CTE",
		    "FETCH found an unknown transfer encoding.");
	else
		out_tagged(c, OUT_OK, f.vanished ? "EXPUNGEISSUED" : NULL,
		    "FETCH completed.");
}

void
fetch_tell(struct session *s, const struct parse_fetch *request, uint32_t from,
    uint32_t to)
{
	const struct seqset_range r = {from, to};
	const struct view_set set = {&r, 1, to - from + 1};
	struct fetch f = {.s = s, .uids = true};

	if (!fetch_plan(&f, request))
		return;
	f.need &= ~FETCH_SEEN;
	content_init(&f.content);
	fetch_all(&f, &set);
	content_done(&f.content);
}

/* What only an index can answer is refused, not guessed. */
static void
check_items(struct command *c, const struct parse_fetch *request)
{
	const struct client *client = &c->s->client;
	bool numbers = request->changedsince != 0;
	size_t i;

	if (request->partial.lo != 0 && !c->uid)
		parse_fail(c->p, "FETCH modifier not supported");
	/* RFC 7162 3.2.6 */
	if (request->vanished && (!c->uid || !client->qresync))
		parse_fail(c->p, "VANISHED needs UID FETCH and QRESYNC");
	for (i = 0; i < request->nitems; i++)
		numbers |= request->items[i].what == PARSE_FETCH_MODSEQ;
	if (numbers && !condstore_usable(c->s))
		parse_fail(c->p, "the mailbox is NOMODSEQ");
}

/* RFC 9394 3.3: of the messages there are, those in this range of places. */
static int
cut_set(
    struct fetch *f, const struct parse_partial *partial, struct view_set *set)
{
	uint64_t lo = partial->lo, hi = partial->hi, at = 0;
	struct seqset_range *r;
	size_t i, n = 0;

	r = arena_array(f->s->arena, set->n, sizeof(*r));
	if (r == NULL) {
		out_errno(f->c, ENOMEM, "FETCH failed.");
		return -1;
	}
	if (partial->last) {
		lo = hi > set->count ? 1 : set->count - hi + 1;
		hi =
		    partial->lo > set->count ? 0 : set->count - partial->lo + 1;
	}
	/* The messages of a range have the places at + 1 to at + width. */
	for (i = 0; i < set->n; i++) {
		uint64_t width = (uint64_t)set->r[i].hi - set->r[i].lo + 1;
		uint64_t from = lo > at ? lo - at : 1;
		uint64_t to = hi > at ? hi - at : 0;

		if (to > width)
			to = width;
		if (from <= to)
			r[n++] = (struct seqset_range){
			    set->r[i].lo + (uint32_t)from - 1,
			    set->r[i].lo + (uint32_t)to - 1};
		at += width;
	}
	set->r = r;
	set->n = n;
	return 0;
}

/* RFC 7162 3.2.6: before the first FETCH. */
static void
tell_vanished(struct fetch *f, const struct parse_fetch *request)
{
	uint32_t max = mailbox_uidnext(f->s->client.view->mailbox) - 1;
	const struct seqset_range *r;
	size_t n;

	if (request->set.saved || max == 0)
		return;
	r = seqset_resolve(f->s->arena, &request->set, max, &n);
	if (r != NULL)
		condstore_vanished(f->s, request->changedsince, r, n, 0);
}

static void
fetch_all(struct fetch *f, const struct view_set *set)
{
	const struct message *m;
	uint32_t seq;
	size_t i, n = 0;

	for (i = 0; i < set->n; i++)
		for (seq = set->r[i].lo; seq <= set->r[i].hi; seq++) {
			if (++n % LOOK_ALIVE == 0 && !session_alive(f->s))
				return;
			m = view_message(f->s->client.view, seq);
			if (m == NULL) {
				f->vanished = true;
				continue;
			}
			if (m->modseq <= f->since && f->since != 0)
				continue;
			f->m = *m;
			f->seq = seq;
			f->uid = m->uid;
			fetch_one(f);
		}
	out_send(f->s);
}

/* A message that cannot be read is left out: nothing is made up for it. */
static void
fetch_one(struct fetch *f)
{
	int prepared = fetch_prepare(f);
	bool seen;

	/* RFC 3516 4.3: it fails the request, in the end. */
	f->unknown_cte |= prepared == 1;
	if (prepared == 1)
		return;
	if (prepared == -1) {
		if (errno == ENOENT) {
			f->vanished = true;
			return;
		}
		f->err = errno;
		log_line(LOG_LEVEL_ERR,
		    "message cannot be read user=%s "
		    "uid=%u: %s",
		    f->s->account->user, f->uid, strerror(errno));
		return;
	}
	seen = (f->need & FETCH_SEEN) != 0 &&
	       (f->m.flags & MESSAGE_SEEN) == 0 && !f->s->client.view->readonly;
	if (seen)
		set_seen(f);
	/* A keyword is named before it is used, whoever brought it. */
	if (seen || (f->need & FETCH_FLAGS) != 0)
		view_report_keywords(f->s, false);
	tell(f, seen);
}

/* A folder where that cannot be done is read all the same. */
static void
set_seen(struct fetch *f)
{
	const struct mailbox_change seen = {
	    .op = MAILBOX_ADD, .flags = MESSAGE_SEEN};
	const struct message *m;
	bool changed = false;

	if (change_store(f->s, &f->uid, 1, &seen, &changed) == -1)
		log_line(LOG_LEVEL_WARN, "\\Seen not set user=%s uid=%u: %s",
		    f->s->account->user, f->uid, strerror(errno));
	m = mailbox_find(f->s->client.view->mailbox, f->uid);
	if (m != NULL)
		f->m = *m;
}

static void
tell(struct fetch *f, bool seen)
{
	struct buf *b = &f->s->line;
	bool blank = false;
	size_t i;

	buf_str(b, "* ");
	buf_num(b, f->seq);
	buf_str(b, " FETCH (");
	/* RFC 3501 6.4.8: always part of an answer to a UID command. */
	if (f->uids) {
		buf_str(b, "UID ");
		buf_num(b, f->uid);
		blank = true;
	}
	for (i = 0; i < f->nitems; i++) {
		if (f->uids && f->items[i].what == PARSE_FETCH_UID)
			continue;
		if (blank)
			buf_char(b, ' ');
		fetch_put_item(f, i, &seen);
		blank = true;
	}
	if (f->since != 0 && (f->need & FETCH_NUMBER) == 0)
		view_put_modseq(f->s, &f->m); /* RFC 7162 3.1.4.1 */
	else if (seen && f->s->client.condstore &&
		 (f->need & FETCH_NUMBER) == 0)
		view_put_modseq(f->s, &f->m);
	if (seen) { /* RFC 3501 6.4.5: the change SHOULD be in the answer */
		buf_char(b, ' ');
		fetch_put_flags(f);
	}
	buf_str(b, ")\r\n");
	if (b->n >= WIRE_OUT / 2)
		out_send(f->s);
}
