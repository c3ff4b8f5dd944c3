/*
 * A client with NOTIFY. The order is IDLE's: enter the mask of the account's
 * slot (WATCH, GO), look, wait. Whatever changes in the account posts that
 * slot: sessions with each change of theirs, watch for the Maildir's root and
 * the folders that it watches; the rest is seen by the slow look. Parked, the
 * client waits there still, and what it was told travels in its record.
 */
#include "worker/imap/notify.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "worker/imap/command.h"
#include "worker/imap/out.h"
#include "worker/imap/parking.h"
#include "worker/imap/session_control.h"
#include "worker/imap/view.h"

#define KEPT_MAX  (1u << 20)
#define WORK_MAX  (64u << 20)
#define SLOW_LOOK 60  /* s */
#define SETTLE    1   /* s after news: stamps then too young to trust */
#define APART     100 /* ms between two looks, however much happens */

static bool is_time(struct session *);
static void overflow(struct session *);
static time_t slow(const struct session *);

struct notify *
notify_new(const char *text, size_t n)
{
	struct reader_command cmd = {.n = n};
	struct notify *y = calloc(1, sizeof(*y));
	struct parse p;

	if (y == NULL)
		return NULL;
	y->kept = arena_new(KEPT_MAX);
	y->work = arena_new(WORK_MAX);
	if (y->kept == NULL || y->work == NULL)
		goto fail;
	/* What is parsed points into its text. */
	cmd.text = arena_text(y->kept, text, n);
	if (cmd.text == NULL)
		goto fail;
	parse_init(&p, y->kept, &cmd, true);
	parse_notify(&p, &y->set);
	if (parse_done(&p) == 0)
		return y;
	errno = EINVAL;
fail:
	arena_free(y->kept);
	arena_free(y->work);
	free(y);
	return NULL;
}

void
notify_free(struct session *s)
{
	struct notify *y = s->client.notify;

	if (y == NULL)
		return;
	s->client.notify = NULL;
	notify_drop(y);
}

void
notify_drop(struct notify *y)
{
	if (y == NULL)
		return;
	notify_boxes_free(y->boxes, y->n);
	arena_free(y->kept);
	arena_free(y->work);
	free(y);
}

void
notify_start(struct session *s, struct notify *y, bool status)
{
	if (s->client.notify != NULL)
		notify_unwait(s);
	notify_free(s);
	s->client.notify = y;
	s->client.keeps = false;
	if (!y->set.set)
		return;
	(void)notify_wait(s);
	s->news.changed = false;
	arena_reset(y->work);
	if (notify_boxes(s, status ? NOTIFY_STATUS : NOTIFY_FIRST) == -1)
		overflow(s);
	else
		notify_follow(s);
	y->again = session_clock() + SETTLE;
}

void
notify_look(struct session *s, bool idle)
{
	struct notify *y = s->client.notify;
	struct arena *mine = s->arena;

	if (y == NULL || !y->set.set || !is_time(s))
		return;
	s->news.changed = false;
	/* A long wait is one command's: what it needs must not add up. */
	arena_reset(y->work);
	s->arena = y->work;
	if (s->client.state == SESSION_SELECTED && view_look(s, false) == 0)
		notify_tell_selected(s, idle);
	if (session_alive(s)) {
		if (notify_boxes(s, NOTIFY_NEWS) == -1)
			overflow(s);
		else
			notify_follow(s);
	}
	s->arena = mine;
	y->looked = wire_clock();
	session_obey(s); /* the look may have read of the end */
}

/*
 * The first notice comes at once, those of a burst together. A client that says
 * something meanwhile is served first; what was to be told stays to be told.
 */
static bool
is_time(struct session *s)
{
	struct pollfd p = {.fd = s->wire.in, .events = POLLIN};
	int64_t left = s->client.notify->looked + APART - wire_clock();

	if (left <= 0 || wire_flush(&s->wire) == -1 ||
	    poll(&p, 1, left > APART ? APART : (int)left) == 0)
		return true;
	s->news.changed = true;
	return false;
}

/*
 * RFC 5465 5.1 to 5.3, 6.1: with SELECTED-DELAYED an EXPUNGE waits for a
 * command that may tell it, or for IDLE.
 */
void
notify_tell_selected(struct session *s, bool idle)
{
	const struct notify_group *g = notify_selected(&s->client.notify->set);
	struct view *v = s->client.view;
	unsigned how = VIEW_UID;
	uint32_t told = v->told_max, first;

	if (g == NULL || (g->events & NOTIFY_NEW) == 0)
		return;
	if (g->filter == NOTIFY_SELECTED || idle)
		how |= VIEW_EXPUNGE;
	if ((g->events & NOTIFY_FLAGS) == 0)
		how |= VIEW_HOLD;
	if (g->fetch.nitems == 0)
		how |= VIEW_FLAGS;
	view_report(s, how);
	first = (uint32_t)v->n;
	while (first > 0 && !v->glance && view_uid(v, first) > told)
		first--;
	if (g->fetch.nitems > 0 && first < v->n)
		fetch_tell(s, &g->fetch, first + 1, (uint32_t)v->n);
}

/* RFC 5465 5.8: from now on it is as after NOTIFY NONE. */
static void
overflow(struct session *s)
{
	struct notify *y = s->client.notify;

	out_line(
	    s, "OK [NOTIFICATIONOVERFLOW] Too many mailboxes to notify of");
	notify_unwait(s);
	y->set = (struct parse_notify){.set = false};
	notify_boxes_free(y->boxes, y->n);
	y->boxes = NULL;
	y->n = 0;
}

void
notify_turn(struct session *s)
{
	struct notify *y = s->client.notify;
	bool stirred = s->news.changed;

	if (y == NULL || !y->set.set || !session_alive(s) ||
	    (!stirred && session_clock() < y->again))
		return;
	notify_look(s, false);
	if (s->news.changed) /* not yet: the client has said something */
		return;
	y->again = session_clock() + (stirred ? SETTLE : slow(s));
}

static time_t
slow(const struct session *s)
{
	if (s->set->enhancedidle != 0 || s->set->idle_timeout > SLOW_LOOK)
		return SLOW_LOOK;
	return s->set->idle_timeout > 0 ? (time_t)s->set->idle_timeout : 1;
}

unsigned
notify_patience(const struct session *s, unsigned seconds)
{
	const struct notify *y = s->client.notify;
	time_t now = session_clock(), left;

	if (y == NULL || !y->set.set)
		return seconds;
	left = y->again > now ? y->again - now : 0;
	return (time_t)seconds < left ? seconds : (unsigned)left;
}

void
notify_resume(struct session *s)
{
	if (s->client.newsonly && s->client.notify != NULL) {
		notify_look(s, false);
		if (!session_alive(s) || park_client(s, 0))
			return;
	}
	if (s->client.newsonly)
		control_stay(s);
	notify_rejoin(s);
}
