/*
 * Parking and coming back. A client parks between commands and in IDLE, with
 * nothing of it read and unanswered. One that was only woken for news needs no
 * WISH: the worker has not let anything through to it.
 */
#include "worker/imap/parking.h"

#include <errno.h>
#include <string.h>

#include "shm/log.h"
#include "worker/imap/change.h"
#include "worker/imap/notify.h"
#include "worker/imap/reader.h"
#include "worker/imap/session_control.h"
#include "worker/imap/view.h"

static bool is_quiet(struct session *);
static bool pay(struct session *);
static int print(struct session *, struct control_park *);
static bool hand_over(struct session *, struct control_park *);
static bool holds_for_others(const struct session *, const struct buf *);
static bool refuse(struct session *, const char *);
static bool blocked(void *);

bool
park_on(const struct session *s)
{
	return s->control != -1 && s->set->park != 0;
}

bool
park_possible(const struct session *s)
{
	return park_on(s) && !s->client.keeps && notify_parks(s) &&
	       s->news.end == NEWS_NONE &&
	       session_clock() >= s->client.parkable;
}

bool
park_client(struct session *s, time_t quiet)
{
	struct control_park p = {.quiet = quiet};
	bool may, parked;

	if (!park_possible(s))
		return false;
	buf_init(&p.record, IPC_RECORD_MAX);
	buf_init(&p.said, IPC_SAID_MAX);
	if (s->client.newsonly)
		buf_bytes(&p.said, s->wire.obuf.p, s->wire.obuf.n);
	may = is_quiet(s) && pay(s);
	parked = may && print(s, &p) == 0 && hand_over(s, &p);
	buf_done(&p.record);
	buf_done(&p.said);
	if (!may)
		return false;
	if (!parked) {
		/* What has just happened is told first, and then at once. */
		if (!s->news.changed)
			s->client.parkable =
			    session_clock() + SESSION_PARK_AGAIN;
		if (s->client.newsonly)
			control_stay(s);
		return false;
	}
	if (s->client.view != NULL)
		kept_leave(s);
	session_enter(s, SESSION_PARKED);
	return true;
}

static bool
is_quiet(struct session *s)
{
	return wire_flush(&s->wire) == 0 && wire_is_quiet(&s->wire) &&
	       !reader_busy(s->reader);
}

/* One look more, if one is owed; where news are told, what it finds is. */
static bool
pay(struct session *s)
{
	bool idle = s->client.idle_tag[0] != '\0';
	bool notifies = s->client.notify != NULL;

	if (s->client.state != SESSION_SELECTED)
		return true;
	/* Many may be woken at once: the debt is paid when all have been. */
	if (!s->client.newsonly && mailbox_owes(s->client.view->mailbox) &&
	    view_look(s, true) == -1)
		return false;
	if (notifies)
		notify_tell_selected(s, idle);
	else if (idle)
		view_report(s, VIEW_EXPUNGE | VIEW_FLAGS);
	else
		return true;
	return session_alive(s) && wire_flush(&s->wire) == 0;
}

/* -1: too large, or no change numbers to come back by. */
static int
print(struct session *s, struct control_park *p)
{
	const struct client *c = &s->client;
	struct park_record r = {.utf8 = c->utf8,
	    .rev2 = c->rev2,
	    .condstore = c->condstore,
	    .qresync = c->qresync};
	struct buf notify;

	if (c->state == SESSION_SELECTED && view_record(s, &r) == -1)
		return -1;
	buf_init(&notify, NOTIFY_STATE_MAX);
	s->client.keeps =
	    c->notify != NULL && notify_print(c->notify, &notify) == -1;
	r.notify = (const uint8_t *)notify.p;
	r.nnotify = notify.n;
	if (!s->client.keeps) {
		park_print(&p->record, &r);
		s->client.keeps = p->record.failed;
	}
	/* A message is \Recent to one client only. */
	p->likewise = r.selected && r.recent.n == 0 && r.nnotify == 0;
	buf_done(&notify);
	return s->client.keeps ? -1 : 0;
}

static bool
hand_over(struct session *s, struct control_park *p)
{
	const struct client *c = &s->client;

	/* The worker has been in the mask since WATCH. */
	if (c->notify != NULL && notify_place(s, &p->dev, &p->ino) == -1)
		return false;
	if (c->notify != NULL)
		notify_follow(s);
	else if (c->idle_tag[0] != '\0' && c->waits)
		mailbox_identity(c->view->mailbox, &p->dev, &p->ino);
	if (!c->newsonly && !control_wish(s))
		return false;
	/* A late CHANGED of what it waits for no more is nobody's. */
	if (p->ino == 0)
		s->news.changed = false;
	if (s->news.changed || !wire_is_quiet(&s->wire)) {
		control_stay(s);
		return false;
	}
	p->likewise = p->likewise && holds_for_others(s, &p->said);
	return control_park(s, p) == 0;
}

/* Is that all that it was told? Then it follows from its record and the folder.
 */
static bool
holds_for_others(const struct session *s, const struct buf *said)
{
	return s->client.newsonly && !said->failed && s->wire.sent == said->n;
}

bool
park_restore(struct session *s, const uint8_t *record, size_t n)
{
	struct client *c = &s->client;
	struct park_record r;
	bool known = c->counter != 0;
	const char *why;

	if (c->newsonly) {
		s->wire.blocked = blocked;
		s->wire.blocked_arg = s;
	}
	if (park_parse(s->arena, record, n, &r) == -1 ||
	    (r.nnotify > 0 && (c->notify = notify_parse(
				   s->set, r.notify, r.nnotify)) == NULL)) {
		log_line(LOG_LEVEL_ERR, "bad record of a parked client user=%s",
		    s->account->user);
		return refuse(s, "Its state is lost, please come again.");
	}
	c->utf8 = r.utf8;
	c->rev2 = r.rev2;
	c->condstore = r.condstore;
	c->qresync = r.qresync;
	/* Of the account's slot: it says nothing of the folder that is kept. */
	if (c->notify != NULL)
		c->counter = 0;
	if (!r.selected || (why = view_restore(s, &r)) == NULL) {
		notify_back(s, known);
		return true;
	}
	log_line(errno == ENOENT ? LOG_LEVEL_INFO : LOG_LEVEL_NOTICE,
	    "a parked client cannot come back: user=%s: %s", s->account->user,
	    why);
	return refuse(s, "Selected mailbox was deleted or replaced.");
}

static bool
refuse(struct session *s, const char *why)
{
	session_bye(s, IPC_END_PROTOCOL, why);
	return false;
}

/* It takes no bytes: nobody shall wait behind it. */
static bool
blocked(void *arg)
{
	struct session *s = arg;

	if (s->client.newsonly)
		control_stay(s);
	session_control(s);
	return s->news.end != NEWS_ORPHAN;
}

/* ---- the folder that is left open ---- */

void
kept_leave(struct session *s)
{
	struct view *v = s->client.view;

	if (s->kept.box != NULL)
		kept_drop(s);
	s->kept.box = v->mailbox;
	s->kept.readonly = v->readonly;
	s->kept.counter = s->client.newsonly ? s->client.counter : 0;
	memcpy(s->kept.folder, v->folder, sizeof(s->kept.folder));
	v->mailbox = NULL;
	/* Its own are in the record; what is found from now on is the next's.
	 */
	mailbox_recent_clear(s->kept.box);
}

struct mailbox *
kept_take(struct session *s, const struct park_record *r)
{
	struct mailbox *box = s->kept.box;

	if (box == NULL || s->kept.readonly != r->readonly ||
	    strcmp(s->kept.folder, r->folder) != 0)
		return NULL;
	s->kept.box = NULL;
	/* Nobody has posted since it was looked at: it is as it was. */
	s->client.looked = s->client.newsonly && s->client.counter != 0 &&
			   s->kept.counter == s->client.counter;
	return box;
}

bool
kept_owes(const struct session *s)
{
	return s->kept.box != NULL && mailbox_owes(s->kept.box);
}

void
kept_settle(struct session *s)
{
	struct mailbox_diff d;
	uint64_t dev, ino;

	if (!kept_owes(s) || mailbox_sync(s->kept.box, true, &d) == -1 ||
	    d.nadded + d.nchanged + d.nvanished == 0)
		return;
	mailbox_identity(s->kept.box, &dev, &ino);
	change_post(s, dev, ino, mailbox_stamp(s->kept.box));
}

void
kept_drop(struct session *s)
{
	if (s->kept.box == NULL)
		return;
	kept_settle(s);
	mailbox_close(s->kept.box);
	s->kept.box = NULL;
}
