/*
 * IDLE (RFC 2177). The order is law: enter the mask (WATCH, GO), look once
 * more, wait. What changes after the mask was entered rings; what changed
 * before is seen by the look. Every 60 s it looks for itself, in case that
 * everything else has failed.
 */
#include "worker/imap/idle.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "shm/ipc.h"
#include "shm/log.h"
#include "worker/imap/command.h"
#include "worker/imap/note.h"
#include "worker/imap/notify.h"
#include "worker/imap/out.h"
#include "worker/imap/parking.h"
#include "worker/imap/session_control.h"
#include "worker/imap/view.h"

#define SLOW_LOOK 60   /* s */
#define GO_WAIT   2000 /* ms that a worker has to answer WATCH */
#define SETTLE    1    /* s after a wake-up: stamps then too young to trust */
#define LINE_MAX  65536u

/* The line that ends IDLE, as far as it has come. */
struct idle_line {
	char text[8];
	size_t n; /* may be beyond text */
};

static void idle(struct command *);
static void wait_line(struct session *, struct idle_line *);
static bool can_park(const struct session *, const struct idle_line *);
static uint64_t patience(
    const struct session *, const struct idle_line *, time_t, bool);
static void look(struct session *);
static bool take_line(struct session *, struct idle_line *);
static int worker_watch(struct session *);
static void put_identity(struct session *, struct ipc_put *);
static bool wait_go(struct session *);

void
cmd_idle(struct command *c)
{
	struct session *s = c->s;

	if (!command_parsed(c))
		return;
	(void)snprintf(
	    s->client.idle_tag, sizeof(s->client.idle_tag), "%s", c->tag);
	wire_str(&s->wire, s->set->enhancedidle != 0
			       ? "+ entering ENHANCED idle mode\r\n"
			       : "+ entering idle mode\r\n");
	(void)wire_flush(&s->wire);
	idle(c);
}

void
idle_resume(struct session *s)
{
	struct command c = {.s = s, .tag = s->client.idle_tag};

	/* The worker's watch has been there all the time. */
	s->client.waits =
	    s->client.state == SESSION_SELECTED && s->client.notify == NULL;
	if (s->client.newsonly) {
		if (s->client.looked)
			view_report(s, VIEW_EXPUNGE | VIEW_FLAGS);
		else
			look(s);
		if (!session_alive(s) || park_client(s, 0))
			return;
		if (s->client.newsonly)
			control_stay(s);
	}
	idle(&c);
}

/* From the watch to the end, or until it is parked. */
static void
idle(struct command *c)
{
	struct session *s = c->s;
	struct idle_line line = {.n = 0};
	char tag[SESSION_TAG_MAX];

	s->client.waits = false;
	notify_rejoin(s);
	if (s->client.state == SESSION_SELECTED && s->client.notify == NULL &&
	    (s->set->enhancedidle != 0 || park_on(s))) {
		s->client.waits = idle_watch(s) == 0;
		if (!s->client.waits)
			log_line(LOG_LEVEL_WARN,
			    "IDLE without notices, only the slow look user=%s",
			    s->account->user);
	}
	note_send(s, NULL);
	wait_line(s, &line);
	if (s->client.state == SESSION_PARKED)
		return;
	if (s->client.waits)
		idle_unwatch(s);
	s->client.waits = false;
	(void)snprintf(tag, sizeof(tag), "%s", s->client.idle_tag);
	c->tag = tag;
	s->client.idle_tag[0] = '\0';
	note_send(s, NULL);
	if (!session_alive(s))
		return;
	if (line.n != 4 || strncasecmp(line.text, "DONE", 4) != 0) {
		command_bad(c, "Expected DONE.");
		return;
	}
	if (s->client.state != SESSION_SELECTED || view_look(s, false) == 0)
		out_tagged(c, OUT_OK, NULL, "IDLE completed");
}

int
idle_watch(struct session *s)
{
	s->news.changed = false;
	if (s->control == -1)
		return idle_shell_watch(s);
	return worker_watch(s);
}

void
idle_unwatch(struct session *s)
{
	struct ipc_put m;

	if (s->control == -1) {
		idle_shell_unwatch(s);
		return;
	}
	ipc_begin(&m, IPC_UNWATCH);
	put_identity(s, &m);
	(void)ipc_send_wait(s->control, &m, NULL, 0, GO_WAIT);
}

/* Until a whole line has come, or the client is gone or parked. */
static void
wait_line(struct session *s, struct idle_line *line)
{
	time_t begin = session_clock();
	time_t end = begin + (time_t)s->set->inactivity_timeout;
	bool settle = false;

	/* SHUTDOWN may have come together with GO. */
	session_obey(s);
	look(s);
	while (session_alive(s)) {
		switch (
		    wire_wait_ms(&s->wire, patience(s, line, end, settle))) {
		case WIRE_INPUT:
			if (take_line(s, line))
				return;
			break;
		case WIRE_CONTROL:
			session_control(s);
			session_obey(s);
			settle = s->news.changed;
			if (s->news.changed)
				look(s);
			break;
		case WIRE_LATE:
			settle = false;
			if (session_clock() >= end)
				session_bye(s, IPC_END_TIMEOUT,
				    "Disconnected for inactivity.");
			else if (!can_park(s, line) ||
				 !park_client(s, session_clock() - begin))
				look(s);
			break;
		case WIRE_GONE:
			if (s->wire.state != WIRE_EOF)
				break;
			s->client.why = IPC_END_DISCONNECTED;
			session_enter(s, SESSION_LOGOUT);
			break;
		}
	}
}

/* Without a watch only the session itself sees what changes. */
static bool
can_park(const struct session *s, const struct idle_line *line)
{
	return line->n == 0 && park_possible(s) &&
	       (s->client.waits || s->client.notify != NULL ||
		   s->client.state != SESSION_SELECTED);
}

/* ms */
static uint64_t
patience(const struct session *s, const struct idle_line *line, time_t end,
    bool settle)
{
	time_t now = session_clock(), left = end > now ? end - now : 0;
	time_t every = s->set->enhancedidle != 0 ? SLOW_LOOK
						 : (time_t)s->set->idle_timeout;

	if (can_park(s, line) && left > 0)
		return s->set->park_linger > 0 ? SESSION_IDLE_LINGER : 0;
	if (settle)
		every = SETTLE;
	else if (park_on(s) && !s->client.keeps && every > SESSION_PARK_AGAIN)
		every = SESSION_PARK_AGAIN;
	if (every < 1)
		every = 1;
	return (uint64_t)(left < every ? left : every) * 1000;
}

static void
look(struct session *s)
{
	s->news.changed = false;
	if (s->client.notify != NULL)
		notify_look(s, true);
	else if (s->client.state == SESSION_SELECTED &&
		 view_look(s, false) == 0)
		view_report(s, VIEW_EXPUNGE | VIEW_FLAGS);
}

/* What follows the line is the next command's. */
static bool
take_line(struct session *s, struct idle_line *line)
{
	const char *p;
	size_t i, n;

	p = wire_peek(&s->wire, &n);
	for (i = 0; i < n && p[i] != '\n'; i++) {
		if (line->n < sizeof(line->text))
			line->text[line->n] = p[i];
		line->n++;
	}
	wire_eat(&s->wire, i < n ? i + 1 : n);
	if (line->n > LINE_MAX)
		session_bye(s, IPC_END_PROTOCOL, "[TOOBIG] Line too long.");
	if (i == n)
		return false;
	if (line->n > 0 && line->n <= sizeof(line->text) &&
	    line->text[line->n - 1] == '\r')
		line->n--;
	return true;
}

/* WATCH, then GO, then the caller's look, then the wait. */
static int
worker_watch(struct session *s)
{
	struct ipc_put m;
	uint64_t stamp;
	int fds[3], result, i;

	if (mailbox_watch(s->client.view->mailbox, fds, &stamp) == -1)
		return -1;
	s->news.go = false;
	s->news.heard = 0;
	ipc_begin(&m, IPC_WATCH);
	put_identity(s, &m);
	ipc_put_u64(&m, stamp);
	result = ipc_send_wait(s->control, &m, fds, 3, GO_WAIT);
	for (i = 0; i < 3; i++)
		(void)close(fds[i]);
	if (result == -1)
		return -1;
	if (wait_go(s))
		return 0;
	idle_unwatch(s);
	return -1;
}

static void
put_identity(struct session *s, struct ipc_put *m)
{
	uint64_t dev, ino;

	mailbox_identity(s->client.view->mailbox, &dev, &ino);
	ipc_put_u64(m, dev);
	ipc_put_u64(m, ino);
}

static bool
wait_go(struct session *s)
{
	struct pollfd p = {.fd = s->control, .events = POLLIN};
	time_t end = session_clock() + GO_WAIT / 1000;

	while (
	    !s->news.go && s->news.end == NEWS_NONE && session_clock() <= end) {
		if (poll(&p, 1, GO_WAIT) > 0)
			session_control(s);
	}
	return s->news.go;
}
