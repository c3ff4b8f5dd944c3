/*
 * The view of a parked client: what is written down of it, and how it is made
 * anew from the messages that are there and those that were expunged since.
 * Number and sum of its UIDs must be what they were; else it is not the same
 * view, and nobody guesses.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/imap/parking.h"
#include "worker/imap/view.h"

struct list { /* rising UIDs in the arena */
	uint32_t *uids;
	size_t n;
};

static int put_recent(struct session *, struct park_list *);
static struct mailbox *open_box(struct session *, const struct park_record *);
static int again(struct session *, const struct park_record *);
static int rebuild(struct session *, const struct park_record *);
static int find_gone(
    struct session *, const struct park_record *, struct list *);
static int merge(
    struct view *, const struct park_record *, const struct list *);
static int find_changed(
    struct session *, const struct park_record *, struct list *);
static int keep(struct view_pending *, const struct list *);
static int restore_rest(struct session *, const struct park_record *);
static uint32_t *chosen(
    const struct view *, const struct park_list *, size_t *);
static bool is_in(const struct park_list *, size_t *, uint32_t);
static int by_uid(const void *, const void *);

int
view_record(struct session *s, struct park_record *r)
{
	const struct client *c = &s->client;
	const struct view *v = c->view;
	size_t i;

	if (view_need(s) == -1)
		return -1;
	r->known = mailbox_modseq(v->mailbox);
	if (r->known == 0) /* no index, no history to come back by */
		return -1;
	r->selected = true;
	r->readonly = v->readonly;
	r->numbers = v->numbers;
	r->folder = v->folder;
	mailbox_identity(v->mailbox, &r->dev, &r->ino);
	r->uidvalidity = mailbox_uidvalidity(v->mailbox);
	r->n = (uint32_t)v->n;
	r->told_max = v->told_max;
	r->safe = v->safe;
	for (i = 0; i < v->n; i++)
		r->sum += park_hash(v->uids[i]);
	r->keywords = (const char *const *)v->told;
	r->nkeywords = v->ntold;
	if (park_ranges(s->arena, v->gone.uids, v->gone.n, &r->gone) == -1 ||
	    park_ranges(s->arena, v->changed.uids, v->changed.n, &r->changed) ==
		-1 ||
	    park_ranges(s->arena, c->saved, c->nsaved, &r->saved) == -1 ||
	    park_ranges(s->arena, v->copied, v->ncopied, &r->copied) == -1)
		return -1;
	return put_recent(s, &r->recent);
}

/* Those not told yet, too: this client was the first to see them. */
static int
put_recent(struct session *s, struct park_list *out)
{
	const struct message *m;
	uint32_t *uids;
	size_t i, n, k = 0;

	m = mailbox_messages(s->client.view->mailbox, &n);
	for (i = 0; i < n; i++)
		k += m[i].recent;
	if ((uids = arena_array(s->arena, k, sizeof(*uids))) == NULL)
		return -1;
	for (i = k = 0; i < n; i++)
		if (m[i].recent)
			uids[k++] = m[i].uid;
	return park_ranges(s->arena, uids, k, out);
}

int
view_restore(struct session *s, const struct park_record *r)
{
	struct view *v = calloc(1, sizeof(*v));
	uint64_t dev = 0, ino = 0;
	int err = ESTALE;
	size_t i;

	if (v == NULL)
		return -1;
	v->readonly = r->readonly;
	v->told_max = r->told_max;
	v->numbers = r->numbers;
	v->safe = r->safe;
	(void)snprintf(v->folder, sizeof(v->folder), "%s", r->folder);
	if ((v->mailbox = open_box(s, r)) == NULL) {
		err = errno;
		goto fail;
	}
	mailbox_identity(v->mailbox, &dev, &ino);
	if (dev != r->dev || ino != r->ino ||
	    mailbox_uidvalidity(v->mailbox) != r->uidvalidity ||
	    mailbox_modseq(v->mailbox) == 0)
		goto fail;
	for (i = 0; i < r->recent.n; i++)
		mailbox_recent_set(
		    v->mailbox, r->recent.r[i].lo, r->recent.r[i].hi);
	s->client.view = v;
	if ((rebuild(s, r) == 0 || again(s, r) == 0) &&
	    restore_rest(s, r) == 0) {
		session_enter(s, SESSION_SELECTED);
		return 0;
	}
	err = errno;
fail:
	s->client.view = NULL;
	view_close(v);
	errno = err;
	return -1;
}

static struct mailbox *
open_box(struct session *s, const struct park_record *r)
{
	struct mailbox *box = kept_take(s, r);
	struct mailbox_diff d;

	/* Another session may have told of what this one has not seen yet. */
	if (box != NULL &&
	    (s->client.looked || mailbox_sync(box, false, &d) == 0))
		return box;
	mailbox_close(box);
	box = mailbox_open(s->maildir, r->folder, r->readonly);
	if (box != NULL && mailbox_readonly(box) && !r->readonly) {
		mailbox_close(box);
		box = NULL;
		errno = ESTALE;
	}
	return box;
}

/* It may have been told of what nobody has posted yet: one look more. */
static int
again(struct session *s, const struct park_record *r)
{
	struct view *v = s->client.view;
	struct mailbox_diff d;

	if (!s->client.looked || v->gone.n + v->changed.n > 0)
		return -1;
	s->client.looked = false;
	free(v->uids);
	v->uids = NULL;
	v->n = v->room = 0;
	return mailbox_sync(v->mailbox, false, &d) == -1 ? -1 : rebuild(s, r);
}

static int
rebuild(struct session *s, const struct park_record *r)
{
	struct view *v = s->client.view;
	struct list gone = {NULL, 0}, changed = {NULL, 0};
	const struct message *m;
	uint64_t sum = 0;
	size_t i, n;

	if (find_gone(s, r, &gone) == -1 || merge(v, r, &gone) == -1)
		return -1;
	for (i = 0; i < v->n; i++)
		sum += park_hash(v->uids[i]);
	if (v->n != r->n || sum != r->sum) {
		errno = ESTALE;
		return -1;
	}
	if (find_changed(s, r, &changed) == -1 || keep(&v->gone, &gone) == -1 ||
	    keep(&v->changed, &changed) == -1)
		return -1;
	m = mailbox_messages(v->mailbox, &n);
	v->added = n > 0 && m[n - 1].uid > v->told_max;
	return 0;
}

/* Of the view, and no longer there: as it knew, and as the history knows. */
static int
find_gone(struct session *s, const struct park_record *r, struct list *out)
{
	struct mailbox *box = s->client.view->mailbox;
	const uint32_t *past;
	size_t i, k = 0, n, npast;
	uint64_t uid;

	if (mailbox_vanished_since(box, r->known, &past, &npast) != 1) {
		errno = ESTALE;
		return -1;
	}
	n = r->n;
	if ((out->uids = arena_array(s->arena, n + npast, 4)) == NULL) {
		errno = ENOMEM;
		return -1;
	}
	for (i = 0; i < npast; i++)
		if (past[i] <= r->told_max)
			out->uids[k++] = past[i];
	for (i = 0; i < r->gone.n; i++)
		for (uid = r->gone.r[i].lo; uid <= r->gone.r[i].hi; uid++) {
			if (mailbox_find(box, (uint32_t)uid) != NULL)
				continue;
			if (n-- == 0 || uid > r->told_max) {
				errno = ESTALE; /* more than it had */
				return -1;
			}
			out->uids[k++] = (uint32_t)uid;
		}
	qsort(out->uids, k, sizeof(*out->uids), by_uid);
	for (i = 0; i < k; i++)
		if (out->n == 0 || out->uids[out->n - 1] != out->uids[i])
			out->uids[out->n++] = out->uids[i];
	return 0;
}

/* What is there, up to the highest told, and what is gone, in one order. */
static int
merge(struct view *v, const struct park_record *r, const struct list *gone)
{
	const struct message *m;
	size_t n, i = 0, g = 0;

	m = mailbox_messages(v->mailbox, &n);
	while (n > 0 && m[n - 1].uid > r->told_max)
		n--;
	if (n + gone->n != r->n) {
		errno = ESTALE;
		return -1;
	}
	v->room = r->n > 0 ? r->n : 1;
	if ((v->uids = calloc(v->room, sizeof(*v->uids))) == NULL)
		return -1;
	while (i < n || g < gone->n)
		if (g == gone->n || (i < n && m[i].uid < gone->uids[g]))
			v->uids[v->n++] = m[i++].uid;
		else
			v->uids[v->n++] = gone->uids[g++];
	return 0;
}

static int
find_changed(struct session *s, const struct park_record *r, struct list *out)
{
	const struct message *m;
	size_t n, i, at = 0;
	bool pending;

	m = mailbox_messages(s->client.view->mailbox, &n);
	if ((out->uids = arena_array(s->arena, n, sizeof(*out->uids))) ==
	    NULL) {
		errno = ENOMEM;
		return -1;
	}
	for (i = 0; i < n && m[i].uid <= r->told_max; i++) {
		pending = is_in(&r->changed, &at, m[i].uid);
		if (pending || m[i].modseq > r->known)
			out->uids[out->n++] = m[i].uid;
	}
	return 0;
}

static int
keep(struct view_pending *p, const struct list *list)
{
	if (list->n == 0)
		return 0;
	p->uids = calloc(list->n, sizeof(*p->uids));
	if (p->uids == NULL)
		return -1;
	memcpy(p->uids, list->uids, list->n * sizeof(*p->uids));
	p->n = p->room = list->n;
	return 0;
}

static int
restore_rest(struct session *s, const struct park_record *r)
{
	struct client *c = &s->client;
	struct view *v = c->view;
	size_t i;

	c->saved = chosen(v, &r->saved, &c->nsaved);
	v->copied = chosen(v, &r->copied, &v->ncopied);
	v->told = calloc(r->nkeywords + 1, sizeof(*v->told));
	if (c->saved == NULL || v->copied == NULL || v->told == NULL)
		return -1;
	for (i = 0; i < r->nkeywords; i++) {
		if ((v->told[i] = strdup(r->keywords[i])) == NULL)
			return -1;
		v->ntold++;
	}
	return 0;
}

/* Those of the view that are in the list; heap, NULL: no memory. */
static uint32_t *
chosen(const struct view *v, const struct park_list *list, size_t *n)
{
	uint32_t *uids;
	size_t i, at = 0, k = 0;

	for (i = 0; i < v->n; i++)
		k += is_in(list, &at, v->uids[i]);
	if ((uids = calloc(k + 1, sizeof(*uids))) == NULL)
		return NULL;
	for (i = at = k = 0; i < v->n; i++)
		if (is_in(list, &at, v->uids[i]))
			uids[k++] = v->uids[i];
	*n = k;
	return uids;
}

/* Asked for rising UIDs; *at: the range to begin with. */
static bool
is_in(const struct park_list *list, size_t *at, uint32_t uid)
{
	while (*at < list->n && list->r[*at].hi < uid)
		++*at;
	return *at < list->n && list->r[*at].lo <= uid;
}

static int
by_uid(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}
