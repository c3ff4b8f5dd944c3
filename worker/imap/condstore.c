/*
 * What was expunged since a change number is told from tombstones. Where they
 * do not reach back so far, all that is not there is told as vanished: the
 * client's list of known UIDs and its match data keep that short.
 */
#include "worker/imap/condstore.h"

#include <stdio.h>

#include "worker/imap/out.h"
#include "worker/imap/view.h"

struct list { /* "* VANISHED (EARLIER) " and ranges */
	struct session *s;
	bool any;
};

static void put_range(struct list *, uint32_t, uint32_t);
static void put_known(struct list *, const uint32_t *, size_t,
    const struct seqset_range *, size_t, uint32_t);
static void put_gaps(
    struct list *, const struct seqset_range *, size_t, uint32_t);
static void gaps_of(struct list *, uint32_t, uint32_t);
static uint32_t matched(struct session *, const struct parse_select *);
static bool step(const struct seqset_range *, size_t, size_t *, uint32_t *);
static bool in_ranges(const struct seqset_range *, size_t, uint32_t);
static void tell_changed(
    struct session *, uint64_t, const struct seqset_range *, size_t);

void
condstore_enable(struct session *s)
{
	if (s->client.condstore)
		return;
	s->client.condstore = true;
	if (s->client.state == SESSION_SELECTED && condstore_usable(s))
		condstore_tell(s);
}

bool
condstore_usable(const struct session *s)
{
	return mailbox_modseq(s->client.view->mailbox) != 0;
}

void
condstore_tell(struct session *s)
{
	uint64_t highest = mailbox_modseq(s->client.view->mailbox);

	if (highest == 0)
		out_line(s, "OK [NOMODSEQ] No change numbers");
	else
		out_line(s, "OK [HIGHESTMODSEQ %llu] Ok",
		    (unsigned long long)(s->client.view->safe < highest
					     ? s->client.view->safe
					     : highest));
}

const char *
condstore_code(struct session *s)
{
	struct view *v = s->client.view;
	uint64_t highest = mailbox_modseq(v->mailbox);
	char *text;

	if (!s->client.qresync || highest == 0 || v->gone.n == 0)
		return NULL;
	if ((text = arena_alloc(s->arena, 64)) == NULL)
		return NULL;
	(void)snprintf(
	    text, 64, "HIGHESTMODSEQ %llu", (unsigned long long)highest);
	return text;
}

void
condstore_vanished(struct session *s, uint64_t since,
    const struct seqset_range *r, size_t n, uint32_t above)
{
	struct list list = {s, false};
	const uint32_t *uids;
	size_t nuids;

	if (mailbox_vanished_since(
		s->client.view->mailbox, since, &uids, &nuids) == 1)
		put_known(&list, uids, nuids, r, n, above);
	else
		put_gaps(&list, r, n, above);
	if (list.any)
		buf_str(&s->line, "\r\n");
	out_send(s);
}

static void
put_range(struct list *list, uint32_t lo, uint32_t hi)
{
	struct buf *b = &list->s->line;

	buf_str(b, list->any ? "," : "* VANISHED (EARLIER) ");
	list->any = true;
	buf_num(b, lo);
	if (hi == lo)
		return;
	buf_char(b, ':');
	buf_num(b, hi);
}

/* RFC 7162 3.2.10.1: what the client has in its picture is not told so. */
static void
put_known(struct list *list, const uint32_t *uids, size_t n,
    const struct seqset_range *r, size_t nr, uint32_t above)
{
	const struct view *v = list->s->client.view;
	uint32_t lo = 0, hi = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		if (uids[i] <= above || !in_ranges(r, nr, uids[i]) ||
		    view_seq(v, uids[i]) != 0)
			continue;
		if (lo != 0 && uids[i] == hi + 1) {
			hi = uids[i];
			continue;
		}
		if (lo != 0)
			put_range(list, lo, hi);
		lo = hi = uids[i];
	}
	if (lo != 0)
		put_range(list, lo, hi);
}

static void
put_gaps(
    struct list *list, const struct seqset_range *r, size_t n, uint32_t above)
{
	uint32_t max = mailbox_uidnext(list->s->client.view->mailbox) - 1;
	uint32_t lo, hi;
	size_t i;

	for (i = 0; i < n; i++) {
		lo = r[i].lo > above ? r[i].lo : above + 1;
		hi = r[i].hi < max ? r[i].hi : max;
		if (lo <= hi)
			gaps_of(list, lo, hi);
	}
}

/* What no message of the picture has. */
static void
gaps_of(struct list *list, uint32_t lo, uint32_t hi)
{
	const struct view *v = list->s->client.view;
	size_t a = 0, b = v->n, mid;
	uint32_t uid;

	while (a < b) {
		mid = a + (b - a) / 2;
		if (v->uids[mid] < lo)
			a = mid + 1;
		else
			b = mid;
	}
	for (; a < v->n && v->uids[a] <= hi; a++) {
		uid = v->uids[a];
		if (uid > lo)
			put_range(list, lo, uid - 1);
		lo = uid + 1;
	}
	if (lo <= hi && lo != 0)
		put_range(list, lo, hi);
}

void
condstore_resync(struct session *s, const struct parse_select *p)
{
	const struct view *v = s->client.view;
	struct seqset_range all = {1, UINT32_MAX};
	const struct seqset_range *r = &all;
	size_t n = 1;

	/* RFC 7162 3.2.5: of another UIDVALIDITY nothing is known. */
	if (!condstore_usable(s) ||
	    p->uidvalidity != mailbox_uidvalidity(v->mailbox))
		return;
	if (p->has_known)
		r = seqset_resolve(s->arena, &p->known, UINT32_MAX, &n);
	if (r == NULL)
		return;
	condstore_vanished(s, p->modseq, r, n, p->match ? matched(s, p) : 0);
	tell_changed(s, p->modseq, r, n);
}

/*
 * RFC 7162 3.2.5.2: up to the last pair that is as the client has it nothing
 * was expunged, for nothing is ever put in between.
 */
static uint32_t
matched(struct session *s, const struct parse_select *p)
{
	const struct view *v = s->client.view;
	const struct seqset_range *seqs, *uids;
	size_t nseqs, nuids, i = 0, j = 0;
	uint32_t seq = 0, uid = 0, last = 0;

	seqs = seqset_resolve(s->arena, &p->seqs, UINT32_MAX, &nseqs);
	uids = seqset_resolve(s->arena, &p->uids, UINT32_MAX, &nuids);
	while (step(seqs, nseqs, &i, &seq) && step(uids, nuids, &j, &uid)) {
		if (seq > v->n || view_uid(v, seq) != uid)
			break;
		last = uid;
	}
	return last;
}

/* The number after *at in the ranges from *i on. */
static bool
step(const struct seqset_range *r, size_t n, size_t *i, uint32_t *at)
{
	if (*i < n && *at == r[*i].hi)
		++*i;
	if (*i == n)
		return false;
	*at = *at < r[*i].lo ? r[*i].lo : *at + 1;
	return true;
}

static bool
in_ranges(const struct seqset_range *r, size_t n, uint32_t uid)
{
	size_t lo = 0, hi = n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (uid < r[mid].lo)
			hi = mid;
		else if (uid > r[mid].hi)
			lo = mid + 1;
		else
			return true;
	}
	return false;
}

static void
tell_changed(
    struct session *s, uint64_t since, const struct seqset_range *r, size_t n)
{
	const struct view *v = s->client.view;
	const struct message *m;
	uint32_t seq;

	for (seq = 1; seq <= v->n; seq++) {
		m = view_message(v, seq);
		if (m == NULL || m->modseq <= since || !in_ranges(r, n, m->uid))
			continue;
		buf_str(&s->line, "* ");
		buf_num(&s->line, seq);
		buf_str(&s->line, " FETCH (UID ");
		buf_num(&s->line, m->uid);
		buf_str(&s->line, " FLAGS (");
		out_flags(s, m);
		buf_char(&s->line, ')');
		view_put_modseq(s, m);
		buf_str(&s->line, ")\r\n");
		if (s->line.n >= WIRE_OUT)
			out_send(s);
	}
	out_send(s);
}
