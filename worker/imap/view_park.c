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
static const char *lost(int, const char *);
static const char *open_box(struct session *, const struct park_record *);
static struct mailbox *open_named(struct session *, const struct park_record *);
static bool find_moved(struct session *, const struct park_record *);
static bool is_it(const struct park_record *, uint64_t, uint64_t);
static const char *is_other(const struct mailbox *, const struct park_record *);
static const char *again(
    struct session *, const struct park_record *, const char *);
static const char *rebuild(struct session *, const struct park_record *);
static const char *find_gone(
    struct session *, const struct park_record *, struct list *);
static const char *merge(
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
	struct view *v = c->view;
	size_t i;

	if (view_need(s) == -1)
		return -1;
	view_settle_flags(v);
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

const char *
view_restore(struct session *s, const struct park_record *r)
{
	struct view *v = calloc(1, sizeof(*v));
	const char *why;
	size_t i;
	int err;

	if (v == NULL)
		return lost(ENOMEM, "no memory");
	s->client.view = v;
	v->readonly = r->readonly;
	v->told_max = r->told_max;
	v->numbers = r->numbers;
	v->safe = r->safe;
	(void)snprintf(v->folder, sizeof(v->folder), "%s", r->folder);
	if ((why = open_box(s, r)) != NULL ||
	    (why = is_other(v->mailbox, r)) != NULL)
		goto fail;
	for (i = 0; i < r->recent.n; i++)
		mailbox_recent_set(
		    v->mailbox, r->recent.r[i].lo, r->recent.r[i].hi);
	if ((why = rebuild(s, r)) != NULL && (why = again(s, r, why)) != NULL)
		goto fail;
	if (restore_rest(s, r) == -1) {
		why = lost(ENOMEM, "no memory");
		goto fail;
	}
	session_enter(s, SESSION_SELECTED);
	return NULL;
fail:
	err = errno;
	s->client.view = NULL;
	view_close(v);
	errno = err;
	return why;
}

static const char *
lost(int error, const char *why)
{
	errno = error;
	return why;
}

static const char *
open_box(struct session *s, const struct park_record *r)
{
	struct mailbox *box = kept_take(s, r);
	struct mailbox_diff d;

	/* Another session may have told of what this one has not seen yet. */
	if (box == NULL ||
	    (!s->client.looked && mailbox_sync(box, false, &d) == -1)) {
		mailbox_close(box);
		box = open_named(s, r);
	}
	s->client.view->mailbox = box;
	if (box == NULL)
		return strerror(errno);
	if (mailbox_readonly(box) && !r->readonly)
		return lost(ESTALE, "it can only be read");
	return NULL;
}

/* By its name, or by the one that it was given meanwhile. */
static struct mailbox *
open_named(struct session *s, const struct park_record *r)
{
	struct view *v = s->client.view;
	struct mailbox *box;
	uint64_t dev = 0, ino = 0;

	box = mailbox_open(s->maildir, v->folder, r->readonly);
	if (box != NULL)
		mailbox_identity(box, &dev, &ino);
	if ((box == NULL && errno != ENOENT) || is_it(r, dev, ino) ||
	    !find_moved(s, r))
		return box;
	mailbox_close(box);
	return mailbox_open(s->maildir, v->folder, r->readonly);
}

/* Then v->folder is its name. errno is left alone where it is not found. */
static bool
find_moved(struct session *s, const struct park_record *r)
{
	struct view *v = s->client.view;
	const struct folder_info *list;
	uint64_t dev, ino, stamp;
	ssize_t n;
	int err = errno;

	n = maildir_list(s->maildir, &list);
	for (ssize_t i = 0; i < n; i++)
		if (maildir_identity(
			s->maildir, list[i].name, &dev, &ino, &stamp) == 0 &&
		    is_it(r, dev, ino)) {
			(void)snprintf(
			    v->folder, sizeof(v->folder), "%s", list[i].name);
			return true;
		}
	errno = err;
	return false;
}

static bool
is_it(const struct park_record *r, uint64_t dev, uint64_t ino)
{
	return dev == r->dev && ino == r->ino;
}

static const char *
is_other(const struct mailbox *box, const struct park_record *r)
{
	uint64_t dev, ino;

	mailbox_identity(box, &dev, &ino);
	if (!is_it(r, dev, ino))
		return lost(ESTALE, "another folder has its name");
	if (mailbox_uidvalidity(box) != r->uidvalidity)
		return lost(ESTALE, "another UIDVALIDITY");
	if (mailbox_modseq(box) == 0)
		return lost(ESTALE, "no index");
	return NULL;
}

/* It may have been told of what nobody has posted yet: one look more. */
static const char *
again(struct session *s, const struct park_record *r, const char *why)
{
	struct view *v = s->client.view;
	struct mailbox_diff d;

	if (!s->client.looked || v->gone.n + v->changed.n > 0)
		return why;
	s->client.looked = false;
	free(v->uids);
	v->uids = NULL;
	v->n = v->room = 0;
	if (mailbox_sync(v->mailbox, false, &d) == -1)
		return strerror(errno);
	return rebuild(s, r);
}

static const char *
rebuild(struct session *s, const struct park_record *r)
{
	struct view *v = s->client.view;
	struct list gone = {NULL, 0}, changed = {NULL, 0};
	const struct message *m;
	const char *why;
	uint64_t sum = 0;
	size_t i, n;

	if ((why = find_gone(s, r, &gone)) != NULL ||
	    (why = merge(v, r, &gone)) != NULL)
		return why;
	for (i = 0; i < v->n; i++)
		sum += park_hash(v->uids[i]);
	if (sum != r->sum)
		return lost(ESTALE, "other messages than were told");
	if (find_changed(s, r, &changed) == -1 || keep(&v->gone, &gone) == -1 ||
	    keep(&v->changed, &changed) == -1)
		return lost(ENOMEM, "no memory");
	m = mailbox_messages(v->mailbox, &n);
	v->added = n > 0 && m[n - 1].uid > v->told_max;
	return NULL;
}

/* Of the view, and no longer there: as it knew, and as the history knows. */
static const char *
find_gone(struct session *s, const struct park_record *r, struct list *out)
{
	struct mailbox *box = s->client.view->mailbox;
	const uint32_t *past;
	size_t i, k = 0, n, npast;
	uint64_t uid;

	if (mailbox_vanished_since(box, r->known, &past, &npast) != 1)
		return lost(ESTALE, "the history is shorter");
	n = r->n;
	if ((out->uids = arena_array(s->arena, n + npast, 4)) == NULL)
		return lost(ENOMEM, "no memory");
	for (i = 0; i < npast; i++)
		if (past[i] <= r->told_max)
			out->uids[k++] = past[i];
	for (i = 0; i < r->gone.n; i++)
		for (uid = r->gone.r[i].lo; uid <= r->gone.r[i].hi; uid++) {
			if (mailbox_find(box, (uint32_t)uid) != NULL)
				continue;
			if (n-- == 0 || uid > r->told_max)
				return lost(ESTALE, "more gone than was told");
			out->uids[k++] = (uint32_t)uid;
		}
	qsort(out->uids, k, sizeof(*out->uids), by_uid);
	for (i = 0; i < k; i++)
		if (out->n == 0 || out->uids[out->n - 1] != out->uids[i])
			out->uids[out->n++] = out->uids[i];
	return NULL;
}

/* What is there, up to the highest told, and what is gone, in one order. */
static const char *
merge(struct view *v, const struct park_record *r, const struct list *gone)
{
	const struct message *m;
	size_t n, i = 0, g = 0;

	m = mailbox_messages(v->mailbox, &n);
	while (n > 0 && m[n - 1].uid > r->told_max)
		n--;
	if (n + gone->n != r->n)
		return lost(ESTALE, n + gone->n < r->n
					? "fewer messages than were told"
					: "more messages than were told");
	v->room = r->n > 0 ? r->n : 1;
	if ((v->uids = calloc(v->room, sizeof(*v->uids))) == NULL)
		return lost(ENOMEM, "no memory");
	while (i < n || g < gone->n)
		if (g == gone->n || (i < n && m[i].uid < gone->uids[g]))
			v->uids[v->n++] = m[i++].uid;
		else
			v->uids[v->n++] = gone->uids[g++];
	return NULL;
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
