/*
 * The mailboxes that are not selected: two pictures are compared, the one of
 * the last look and one of now, and the difference is told. LIST lines for
 * names and subscriptions (RFC 5465 5.4, 5.5), STATUS lines for messages (5.1
 * to 5.3). What a mailbox is follows from its directory's identity, so that a
 * RENAME is seen as one whoever made it.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "worker/imap/folders.h"
#include "worker/imap/notify.h"
#include "worker/imap/out.h"
#include "worker/imap/view.h"

#define SLICE 16 /* mailboxes between two looks at who waits */

static bool is_wanted(struct session *, enum notify_how);
static ssize_t take_picture(struct session *, struct notify_box **);
static int fill_box(
    struct session *, const struct folders_entry *, struct notify_box *);
static int by_name(const void *, const void *);
static struct notify_box *find(struct notify_box *, size_t, const char *);
static void compare(struct session *, struct notify_box *, size_t);
static void take_over(
    struct session *, struct notify_box *, struct notify_box *);
static struct notify_box *find_moved(
    struct notify *, const struct notify_box *);
static void tell_new(struct session *, struct notify_box *);
static void tell_gone(struct session *, struct notify_box *);
static void tell_if(struct session *, const struct notify_box *, unsigned);
static void tell_list(
    struct session *, const struct notify_box *, const char *);
static void look_box(struct session *, struct notify_box *, enum notify_how);
static bool is_news(
    const struct mailbox_status *, const struct mailbox_status *, unsigned);
static void tell_status(struct session *, const struct notify_box *, unsigned);
static void put_item(struct buf *, const char *, uint64_t);

int
notify_boxes(struct session *s, enum notify_how how)
{
	struct notify *y = s->client.notify;
	struct notify_box *now;
	ssize_t n = take_picture(s, &now);
	bool hurried = false;

	if (n == -1)
		return -1;
	if (how == NOTIFY_NEWS)
		compare(s, now, (size_t)n);
	for (ssize_t i = 0; i < n; i++) {
		if (i % SLICE == SLICE - 1)
			hurried |= is_wanted(s, how);
		if (hurried)
			now[i].young = true; /* next time */
		else
			look_box(s, &now[i], how);
	}
	s->news.changed |= hurried;
	notify_boxes_free(y->boxes, y->n);
	y->boxes = now;
	y->n = (size_t)n;
	return 0;
}

/*
 * Thousands of folders that nobody ever opened take their time: the client that
 * says something and the end of the server do not wait for it.
 */
static bool
is_wanted(struct session *s, enum notify_how how)
{
	struct pollfd p = {.fd = s->wire.in, .events = POLLIN};

	session_control(s);
	return s->news.end != NEWS_NONE ||
	       (how == NOTIFY_NEWS && poll(&p, 1, 0) > 0);
}

void
notify_boxes_free(struct notify_box *boxes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(boxes[i].name);
		free(boxes[i].folder);
	}
	free(boxes);
}

/* How many; -1: too many, or no memory, or the store cannot say. */
static ssize_t
take_picture(struct session *s, struct notify_box **out)
{
	struct folders f;
	struct notify_box *boxes;
	size_t n = 0;

	if (folders_gather(s, &f) == -1)
		return -1;
	folders_relate(&f);
	boxes = calloc(f.n + 1, sizeof(*boxes));
	if (boxes == NULL)
		return -1;
	for (size_t i = 0; i < f.n; i++) {
		const struct folders_entry *e = &f.entries[i];

		if (e->folder == NULL && !e->subscribed)
			continue;
		if (n == NOTIFY_BOXES_MAX ||
		    fill_box(s, e, &boxes[n++]) == -1) {
			notify_boxes_free(boxes, n);
			return -1;
		}
	}
	qsort(boxes, n, sizeof(*boxes), by_name);
	*out = boxes;
	return (ssize_t)n;
}

static int
fill_box(
    struct session *s, const struct folders_entry *e, struct notify_box *box)
{
	box->name = strndup(e->name, e->n);
	box->subscribed = e->subscribed;
	box->children = e->children;
	box->left = true;
	if (box->name == NULL)
		return -1;
	/* Deleted a moment ago: the next look says so. */
	if (e->folder == NULL || maildir_identity(s->maildir, e->folder,
				     &box->dev, &box->ino, &box->stamp) == -1)
		return 0;
	box->folder = strdup(e->folder);
	return box->folder != NULL ? 0 : -1;
}

static int
by_name(const void *a, const void *b)
{
	const struct notify_box *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static struct notify_box *
find(struct notify_box *boxes, size_t n, const char *name)
{
	struct notify_box key;

	memset(&key, 0, sizeof(key));
	key.name = (char *)(uintptr_t)name;
	if (n == 0)
		return NULL;
	return bsearch(&key, boxes, n, sizeof(key), by_name);
}

/* What is like before is taken over; what is not is told. */
static void
compare(struct session *s, struct notify_box *now, size_t n)
{
	struct notify *y = s->client.notify;
	struct notify_box *old;
	size_t i;

	for (i = 0; i < y->n; i++)
		y->boxes[i].left = true;
	for (i = 0; i < n; i++) {
		old = find(y->boxes, y->n, now[i].name);
		if (old != NULL &&
		    (old->folder == NULL) == (now[i].folder == NULL))
			take_over(s, &now[i], old);
	}
	for (i = 0; i < n; i++)
		if (now[i].left)
			tell_new(s, &now[i]);
	for (i = 0; i < y->n; i++)
		if (y->boxes[i].left && find(now, n, y->boxes[i].name) == NULL)
			tell_gone(s, &y->boxes[i]);
}

/* The same name, and there as before. */
static void
take_over(struct session *s, struct notify_box *box, struct notify_box *old)
{
	old->left = box->left = false;
	box->told = old->told;
	box->young =
	    old->young || old->stamp != box->stamp || old->ino != box->ino;
	if (old->subscribed != box->subscribed)
		tell_if(s, box, NOTIFY_SUBS);
}

/* The mailbox that had this directory under another name. */
static struct notify_box *
find_moved(struct notify *y, const struct notify_box *box)
{
	for (size_t i = 0; i < y->n; i++) {
		struct notify_box *old = &y->boxes[i];

		if (old->left && old->folder != NULL && old->ino == box->ino &&
		    old->dev == box->dev)
			return old;
	}
	return NULL;
}

/* Created or renamed; or deleted and still subscribed. RFC 5465 5.4. */
static void
tell_new(struct session *s, struct notify_box *box)
{
	struct notify *y = s->client.notify;
	struct notify_box *old = find(y->boxes, y->n, box->name);
	unsigned events = notify_events(&y->set, box->name, box->subscribed);

	box->young = true;
	if (box->folder == NULL) {
		tell_if(s, box, old != NULL ? NOTIFY_NAME : NOTIFY_SUBS);
		return;
	}
	old = find_moved(y, box);
	if (old != NULL) {
		old->left = false;
		box->told = old->told;
		events |= notify_events(&y->set, old->name, old->subscribed);
	}
	if ((events & NOTIFY_NAME) != 0)
		tell_list(s, box, old != NULL ? old->name : NULL);
	else if (box->subscribed)
		tell_if(s, box, NOTIFY_SUBS);
}

/* Neither there nor subscribed any more. */
static void
tell_gone(struct session *s, struct notify_box *old)
{
	unsigned event = old->folder != NULL ? NOTIFY_NAME : NOTIFY_SUBS;

	if (old->folder == NULL && !old->subscribed)
		return;
	free(old->folder);
	old->folder = NULL;
	old->subscribed = false;
	tell_if(s, old, event);
}

/* A filter "subscribed" holds what was or is subscribed, RFC 5465 6.4. */
static void
tell_if(struct session *s, const struct notify_box *box, unsigned event)
{
	unsigned events = notify_events(&s->client.notify->set, box->name,
	    box->subscribed || event == NOTIFY_SUBS);

	if ((events & event) != 0)
		tell_list(s, box, NULL);
}

static void
tell_list(struct session *s, const struct notify_box *box, const char *old)
{
	struct buf *b = &s->line;

	buf_str(b, "* LIST (");
	if (box->folder == NULL)
		buf_str(b, "\\NonExistent ");
	if (box->subscribed)
		buf_str(b, "\\Subscribed ");
	buf_str(b, box->children ? "\\HasChildren" : "\\HasNoChildren");
	buf_str(b, ") \".\" ");
	out_name(s, b, box->name);
	if (old != NULL) { /* RFC 5465 5.4, of RFC 5258's extended items */
		buf_str(b, " (\"OLDNAME\" (");
		out_name(s, b, old);
		buf_str(b, "))");
	}
	buf_str(b, "\r\n");
	out_send(s);
}

static void
look_box(struct session *s, struct notify_box *box, enum notify_how how)
{
	struct notify *y = s->client.notify;
	unsigned events =
	    notify_events(&y->set, box->name, box->subscribed) & NOTIFY_MESSAGE;
	struct mailbox_status before = box->told;
	bool known = before.uidvalidity != 0, news;
	const struct notify_box *old;

	if (box->folder == NULL || events == 0 ||
	    (how == NOTIFY_NEWS && known && !box->young))
		return;
	if (maildir_status(s->maildir, box->folder, false, &box->told) == -1) {
		box->told = before;
		return;
	}
	/* A stamp that stood still since the look before is to be trusted. */
	old = how == NOTIFY_NEWS ? find(y->boxes, y->n, box->name) : NULL;
	box->young = old == NULL || old->stamp != box->stamp;
	/* One that comes into the set is told; of a new one its LIST is. */
	news = known ? is_news(&before, &box->told, events)
		     : !box->left || box->told.messages > 0;
	if (!notify_is_open(s, box) &&
	    (how == NOTIFY_STATUS || (how == NOTIFY_NEWS && news)))
		tell_status(s, box, events);
}

bool
notify_is_open(const struct session *s, const struct notify_box *box)
{
	uint64_t dev, ino;

	if (s->client.state != SESSION_SELECTED || box->folder == NULL)
		return false;
	mailbox_identity(s->client.view->mailbox, &dev, &ino);
	return dev == box->dev && ino == box->ino;
}

static bool
is_news(const struct mailbox_status *a, const struct mailbox_status *b,
    unsigned events)
{
	if (a->messages != b->messages || a->uidnext != b->uidnext ||
	    a->uidvalidity != b->uidvalidity)
		return true;
	return (events & NOTIFY_FLAGS) != 0 &&
	       (a->modseq != b->modseq || a->unseen != b->unseen ||
		   a->deleted != b->deleted);
}

/*
 * One line for all that happened. RFC 5465 5.1 and 5.3: HIGHESTMODSEQ for those
 * who have CONDSTORE or ask for flags; UNSEEN is what others make of them.
 */
static void
tell_status(struct session *s, const struct notify_box *box, unsigned events)
{
	const struct mailbox_status *st = &box->told;
	struct buf *b = &s->line;

	buf_str(b, "* STATUS ");
	out_name(s, b, box->name);
	buf_str(b, " (");
	put_item(b, "MESSAGES", st->messages);
	put_item(b, " UIDNEXT", st->uidnext);
	put_item(b, " UIDVALIDITY", st->uidvalidity);
	if ((events & NOTIFY_FLAGS) != 0)
		put_item(b, " UNSEEN", st->unseen);
	if (s->client.condstore ||
	    ((events & NOTIFY_FLAGS) != 0 && st->modseq != 0))
		put_item(b, " HIGHESTMODSEQ", st->modseq);
	buf_str(b, ")\r\n");
	out_send(s);
}

static void
put_item(struct buf *b, const char *name, uint64_t value)
{
	buf_str(b, name);
	buf_char(b, ' ');
	buf_num(b, value);
}
