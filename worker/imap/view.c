/*
 * The client's picture of a folder. Between two looks nothing moves here: a
 * message that the store has lost keeps its number until its EXPUNGE may be
 * told, one that came gets its number when its EXISTS is told.
 */
#include "worker/imap/view.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shm/log.h"
#include "worker/imap/out.h"

#define LOOK_SHARED 100 /* ms that a look before a command may be old */

static struct mailbox *open_box(struct session *, const char *, bool *);
static int first_need(struct session *, const struct mailbox_diff *);
static int gone_or_not(struct session *, int);
static int note(struct session *, const struct mailbox_diff *);
static int take_added(struct view *);
static size_t lower_bound(const uint32_t *, size_t, uint32_t);
static int reserve(uint32_t **, size_t *, size_t);
static int pend(
    const struct view *, struct view_pending *, const uint32_t *, size_t);
static void report_expunges(struct session *);
static void report_flags(struct session *, uint32_t, unsigned);
static int resolve_saved(struct session *, struct view_set *);
static int resolve_uids(
    struct session *, const struct seqset *, struct view_set *);

struct view *
view_open(struct session *s, const char *folder, bool readonly)
{
	struct mailbox_counts counts;
	struct view *v;
	int err;

	v = calloc(1, sizeof(*v));
	if (v == NULL)
		return NULL;
	v->readonly = readonly;
	(void)snprintf(v->folder, sizeof(v->folder), "%s", folder);
	v->mailbox = open_box(s, folder, &v->readonly);
	if (v->mailbox == NULL) {
		err = errno;
		view_close(v);
		errno = err;
		return NULL;
	}
	mailbox_counts(v->mailbox, &counts);
	v->glance = counts.messages > 0;
	v->n = counts.messages;
	v->told_max = mailbox_uidnext(v->mailbox) - 1;
	v->safe = mailbox_modseq(v->mailbox);
	v->numbers = v->safe != 0;
	return v;
}

/* Mail that this account may read and not change is shown read-only. */
static struct mailbox *
open_box(struct session *s, const char *folder, bool *readonly)
{
	struct mailbox *box;

	box = mailbox_glance(s->maildir, folder, *readonly);
	if (box == NULL && !*readonly && (errno == EACCES || errno == EROFS))
		box = mailbox_glance(s->maildir, folder, true);
	if (box != NULL)
		*readonly = mailbox_readonly(box);
	return box;
}

int
view_need(struct session *s)
{
	struct view *v = s->client.view;
	struct mailbox_diff d, none = {0};

	if (!v->glance)
		return 0;
	if (mailbox_load(v->mailbox) == -1)
		return gone_or_not(s, errno == ESTALE ? ESTALE : ENOENT);
	if (mailbox_sync(v->mailbox, false, &d) == 0)
		return note(s, &d);
	/* What a look would tell can wait. */
	return gone_or_not(s, errno) == -1 ? -1 : note(s, &none);
}

/* What was told is what was there, or has vanished since. */
static int
first_need(struct session *s, const struct mailbox_diff *d)
{
	struct view *v = s->client.view;
	const struct message *m;
	size_t n, i = 0, k = 0, told = v->n;

	if (reserve(&v->uids, &v->room, told) == -1)
		log_fatal("out of memory");
	m = mailbox_messages(v->mailbox, &n);
	v->glance = false;
	v->n = 0;
	while ((i < n && m[i].uid <= v->told_max) ||
	       (k < d->nvanished && d->vanished[k] <= v->told_max)) {
		if (v->n == told)
			return gone_or_not(s, ESTALE);
		if (k < d->nvanished && (i == n || d->vanished[k] < m[i].uid))
			v->uids[v->n++] = d->vanished[k++];
		else
			v->uids[v->n++] = m[i++].uid;
	}
	return v->n == told ? 0 : gone_or_not(s, ESTALE);
}

void
view_close(struct view *v)
{
	if (v == NULL)
		return;
	if (v->mailbox != NULL)
		mailbox_close(v->mailbox);
	free(v->uids);
	free(v->gone.uids);
	free(v->changed.uids);
	free(v->told_flags);
	free(v->copied);
	view_forget_keywords(v);
	free(v);
}

uint32_t
view_uid(const struct view *v, uint32_t seq)
{
	assert(seq >= 1 && seq <= v->n && !v->glance);
	return v->uids[seq - 1];
}

uint32_t
view_seq(const struct view *v, uint32_t uid)
{
	size_t i;

	assert(!v->glance);
	i = lower_bound(v->uids, v->n, uid);
	return i < v->n && v->uids[i] == uid ? (uint32_t)i + 1 : 0;
}

/* Mostly picture and store agree, and the number is the place. */
const struct message *
view_message(const struct view *v, uint32_t seq)
{
	const struct message *m;
	uint32_t uid = view_uid(v, seq);
	size_t n;

	m = mailbox_messages(v->mailbox, &n);
	if (seq <= n && m[seq - 1].uid == uid)
		return &m[seq - 1];
	return mailbox_find(v->mailbox, uid);
}

int
view_resolve(
    struct session *s, const struct seqset *set, bool uid, struct view_set *out)
{
	const struct view *v = s->client.view;
	const struct seqset_range *r;
	struct seqset_range *clipped;
	size_t i;

	memset(out, 0, sizeof(*out));
	if (set->saved)
		return resolve_saved(s, out);
	if (uid)
		return resolve_uids(s, set, out);
	/*
	 * RFC 9051 section 9: a number beyond the last message is BAD. Where
	 * "*" is the one end (5:* of 3 messages, 1:* of none) it is clipped.
	 */
	for (i = 0; i < set->n; i++)
		if (set->r[i].lo != 0 && set->r[i].hi != 0 &&
		    (set->r[i].lo > v->n || set->r[i].hi > v->n)) {
			errno = EDOM;
			return -1;
		}
	if (v->n == 0 || set->n == 0)
		return 0;
	r = seqset_resolve(s->arena, set, (uint32_t)v->n, &out->n);
	clipped = arena_array(s->arena, out->n, sizeof(*clipped));
	if (r == NULL || clipped == NULL) {
		errno = ENOMEM;
		return -1;
	}
	for (i = 0; i < out->n; i++) {
		clipped[i] = r[i];
		if (clipped[i].hi > v->n)
			clipped[i].hi = (uint32_t)v->n;
		if (clipped[i].lo > clipped[i].hi)
			clipped[i].lo = clipped[i].hi;
		out->count += clipped[i].hi - clipped[i].lo + 1;
	}
	out->r = clipped;
	return 0;
}

uint32_t *
view_uids(const struct view *v, struct arena *a, const struct view_set *set)
{
	uint32_t *uids, seq;
	size_t i, n = 0;

	uids = arena_array(a, set->count, sizeof(*uids));
	if (uids == NULL)
		return NULL;
	for (i = 0; i < set->n; i++)
		for (seq = set->r[i].lo; seq <= set->r[i].hi; seq++)
			uids[n++] = view_uid(v, seq);
	assert(n == set->count);
	return uids;
}

int
view_look(struct session *s, bool force)
{
	struct mailbox_diff d;

	if (mailbox_sync(s->client.view->mailbox, force, &d) == -1)
		return gone_or_not(s, errno);
	return note(s, &d);
}

int
view_look_once(struct session *s)
{
	struct view *v = s->client.view;
	const struct wire *w = &s->wire;
	uint64_t received = w->was_received + w->received;
	int64_t now = wire_clock();

	if (v->look.at != 0 && v->look.received == received &&
	    now - v->look.at < LOOK_SHARED)
		return 0;
	v->look.received = received;
	v->look.at = now;
	return view_look(s, false);
}

static int
gone_or_not(struct session *s, int error)
{
	if (error != ESTALE && error != ENOENT) {
		log_line(LOG_LEVEL_ERR, "look failed user=%s: %s",
		    s->account->user, strerror(error));
		return 0;
	}
	/* RFC 2180 3.3: sequence numbers of nothing help nobody. */
	session_bye(
	    s, IPC_END_PROTOCOL, "Selected mailbox was deleted or replaced.");
	return -1;
}

static int
note(struct session *s, const struct mailbox_diff *d)
{
	struct view *v = s->client.view;

	if (v->glance &&
	    (d->nadded > 0 || d->nvanished > 0 || d->nchanged > 0 ||
		mailbox_loaded(v->mailbox)) &&
	    first_need(s, d) == -1)
		return -1;
	v->added |= d->nadded > 0;
	view_settle_flags(v);
	if (pend(v, &v->gone, d->vanished, d->nvanished) == -1 ||
	    pend(v, &v->changed, d->changed, d->nchanged) == -1) {
		session_bye(s, IPC_END_PROTOCOL, "[LIMIT] Out of memory.");
		return -1;
	}
	return 0;
}

void
view_gone(struct view *v, const uint32_t *uids, const bool *which, size_t n)
{
	uint32_t *list;
	size_t i, count = 0;

	list = calloc(n + 1, sizeof(*list));
	for (i = 0; list != NULL && i < n; i++)
		if (which[i])
			list[count++] = uids[i];
	if (list == NULL || pend(v, &v->gone, list, count) == -1)
		log_fatal("out of memory");
	free(list);
}

void
view_told_flags(struct view *v, uint32_t uid)
{
	struct view_pending *p = &v->changed;
	size_t i;

	if (p->n == 0)
		return;
	i = lower_bound(p->uids, p->n, uid);
	if (i == p->n || p->uids[i] != uid)
		return;
	if (v->told_flags == NULL &&
	    (v->told_flags = calloc(p->n, sizeof(*v->told_flags))) == NULL)
		return; /* told twice */
	v->told_flags[i] = true;
}

/* Takes them out at once: one by one would move the rest for each. */
void
view_settle_flags(struct view *v)
{
	struct view_pending *p = &v->changed;
	size_t i, n = 0;

	if (v->told_flags == NULL)
		return;
	for (i = 0; i < p->n; i++)
		if (!v->told_flags[i])
			p->uids[n++] = p->uids[i];
	p->n = n;
	free(v->told_flags);
	v->told_flags = NULL;
}

void
view_report(struct session *s, unsigned how)
{
	struct view *v = s->client.view;
	size_t i, before = v->n;
	bool counts = false;

	view_report_keywords(s, false);
	if ((how & VIEW_EXPUNGE) != 0 && v->gone.n > 0) {
		report_expunges(s);
		before = v->n;
		counts = true;
	}
	if (v->added) {
		if (take_added(v) == -1)
			log_fatal("out of memory");
		counts |= v->n > before;
	}
	if (counts)
		view_report_counts(s);
	view_settle_flags(v);
	if ((how & VIEW_HOLD) == 0) {
		for (i = 0; i < v->changed.n; i++)
			report_flags(s, view_seq(v, v->changed.uids[i]), how);
		v->changed.n = 0;
	}
	/* What was held back may be older than what was told. */
	if (v->gone.n == 0 && v->changed.n == 0)
		v->safe = mailbox_modseq(v->mailbox);
	if ((how & VIEW_FLAGS) != 0)
		for (i = before; i < v->n; i++)
			report_flags(s, (uint32_t)i + 1, how);
	out_send(s);
}

void
view_report_counts(struct session *s)
{
	struct view *v = s->client.view;

	buf_str(&s->line, "* ");
	buf_num(&s->line, v->n);
	buf_str(&s->line, " EXISTS\r\n");
	if (s->client.rev2) /* RFC 9051 has no RECENT */
		return;
	buf_str(&s->line, "* ");
	buf_num(&s->line, view_recent(v));
	buf_str(&s->line, " RECENT\r\n");
}

size_t
view_recent(const struct view *v)
{
	const struct message *m;
	struct mailbox_counts counts;
	size_t i, n, recent = 0;

	if (v->glance) {
		mailbox_counts(v->mailbox, &counts);
		return counts.recent;
	}
	m = mailbox_messages(v->mailbox, &n);
	for (i = 0; i < n && m[i].uid <= v->told_max; i++)
		recent += m[i].recent;
	return recent;
}

/*
 * Numbers what the store has beyond the highest UID told. UIDs rise, so nothing
 * is ever put in between.
 */
static int
take_added(struct view *v)
{
	const struct message *m;
	size_t n, i, lo = 0, hi;

	m = mailbox_messages(v->mailbox, &n);
	hi = n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (m[mid].uid <= v->told_max)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (reserve(&v->uids, &v->room, v->n + (n - lo)) == -1)
		return -1;
	for (i = lo; i < n; i++)
		v->uids[v->n++] = m[i].uid;
	if (n > lo)
		v->told_max = m[n - 1].uid;
	v->added = false;
	return 0;
}

static size_t
lower_bound(const uint32_t *a, size_t n, uint32_t x)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (a[mid] < x)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int
reserve(uint32_t **a, size_t *room, size_t need)
{
	size_t want = *room + *room / 2;
	uint32_t *p;

	if (need <= *room)
		return 0;
	if (want < need)
		want = need;
	if (want < 16)
		want = 16;
	p = reallocarray(*a, want, sizeof(*p));
	if (p == NULL)
		return -1;
	*a = p;
	*room = want;
	return 0;
}

/* Merges rising UIDs into a list, those that the client knows of. */
static int
pend(const struct view *v, struct view_pending *p, const uint32_t *uids,
    size_t n)
{
	uint32_t *merged = NULL;
	size_t i = 0, k = 0, room = 0, total = 0;

	if (n == 0)
		return 0;
	if (reserve(&merged, &room, p->n + n) == -1)
		return -1;
	while (i < p->n || k < n) {
		if (k == n || (i < p->n && p->uids[i] < uids[k])) {
			merged[total++] = p->uids[i++];
			continue;
		}
		if (i < p->n && p->uids[i] == uids[k])
			i++;
		if (view_seq(v, uids[k]) != 0)
			merged[total++] = uids[k];
		k++;
	}
	free(p->uids);
	p->uids = merged;
	p->n = total;
	p->room = room;
	return 0;
}

/* Each line counts with those before it already applied, RFC 3501 7.4.1. */
static void
report_expunges(struct session *s)
{
	struct view *v = s->client.view;
	bool vanished = s->client.qresync && v->numbers;
	size_t from, kept, g = 0;

	if (vanished) { /* RFC 7162 3.2.10.2 */
		buf_str(&s->line, "* VANISHED ");
		seqset_print(&s->line, v->gone.uids, v->gone.n);
		buf_str(&s->line, "\r\n");
	}
	for (from = kept = 0; from < v->n; from++) {
		if (g < v->gone.n && v->gone.uids[g] == v->uids[from]) {
			view_told_flags(v, v->uids[from]);
			if (!vanished) {
				buf_str(&s->line, "* ");
				buf_num(&s->line, kept + 1);
				buf_str(&s->line, " EXPUNGE\r\n");
			}
			g++;
		} else {
			v->uids[kept++] = v->uids[from];
		}
	}
	v->n = kept;
	v->gone.n = 0;
}

void
view_put_modseq(struct session *s, const struct message *m)
{
	struct view *v = s->client.view;

	if (m->modseq == 0)
		return;
	if (s->line.n > 0 && s->line.p[s->line.n - 1] != '(')
		buf_char(&s->line, ' ');
	buf_str(&s->line, "MODSEQ (");
	buf_num(&s->line, m->modseq);
	buf_char(&s->line, ')');
	if (v->sent < m->modseq)
		v->sent = m->modseq;
}

void
view_report_modseq(struct session *s)
{
	struct view *v = s->client.view;

	/* RFC 7162 section 6: else it would believe the highest it saw. */
	if (v->sent > v->safe && v->safe != 0)
		out_line(s, "OK [HIGHESTMODSEQ %llu] Not all is told yet",
		    (unsigned long long)v->safe);
	v->sent = 0;
}

static void
report_flags(struct session *s, uint32_t seq, unsigned how)
{
	struct view *v = s->client.view;
	const struct message *m;

	m = seq == 0 ? NULL : view_message(v, seq);
	if (m == NULL)
		return;
	buf_str(&s->line, "* ");
	buf_num(&s->line, seq);
	buf_str(&s->line, " FETCH (");
	/* RFC 7162 3.2.3, RFC 9051 7.5.2. */
	if (s->client.qresync || s->client.rev2 || (how & VIEW_UID) != 0) {
		buf_str(&s->line, "UID ");
		buf_num(&s->line, m->uid);
		buf_char(&s->line, ' ');
	}
	buf_str(&s->line, "FLAGS (");
	out_flags(s, m);
	buf_char(&s->line, ')');
	if (s->client.condstore)
		view_put_modseq(s, m);
	buf_str(&s->line, ")\r\n");
	if (s->line.n >= WIRE_OUT)
		out_send(s);
}

/* "$" holds UIDs: what was expunged since is no longer in it, RFC 5182 2.1. */
static int
resolve_saved(struct session *s, struct view_set *out)
{
	const struct client *c = &s->client;
	struct seqset_range *r;
	uint32_t seq;
	size_t i;

	r = arena_array(s->arena, c->nsaved, sizeof(*r));
	if (r == NULL) {
		errno = ENOMEM;
		return -1;
	}
	for (i = 0; i < c->nsaved; i++) {
		seq = view_seq(c->view, c->saved[i]);
		if (seq == 0)
			continue;
		if (out->n > 0 && r[out->n - 1].hi + 1 == seq)
			r[out->n - 1].hi = seq;
		else
			r[out->n++] = (struct seqset_range){seq, seq};
		out->count++;
	}
	out->r = r;
	return 0;
}

/* UIDs that are not there are no error, RFC 3501 6.4.8. */
static int
resolve_uids(struct session *s, const struct seqset *set, struct view_set *out)
{
	const struct view *v = s->client.view;
	const struct seqset_range *u;
	struct seqset_range *r;
	size_t i, n, lo, hi;

	if (v->n == 0 || set->n == 0)
		return 0;
	u = seqset_resolve(s->arena, set, v->uids[v->n - 1], &n);
	r = arena_array(s->arena, n, sizeof(*r));
	if (u == NULL || r == NULL) {
		errno = ENOMEM;
		return -1;
	}
	for (i = 0; i < n; i++) {
		lo = lower_bound(v->uids, v->n, u[i].lo);
		hi = u[i].hi == UINT32_MAX
			 ? v->n
			 : lower_bound(v->uids, v->n, u[i].hi + 1);
		if (lo >= hi)
			continue;
		r[out->n++] =
		    (struct seqset_range){(uint32_t)lo + 1, (uint32_t)hi};
		out->count += hi - lo;
	}
	out->r = r;
	return 0;
}
