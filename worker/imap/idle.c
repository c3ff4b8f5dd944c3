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
#include "worker/imap/notify.h"
#include "worker/imap/out.h"
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

static void idle(struct session *, struct idle_line *);
static unsigned next_look(const struct session *, time_t, bool);
static void look(struct session *);
static bool take_line(struct session *, struct idle_line *);
static int worker_watch(struct session *);
static void put_identity(struct session *, struct ipc_put *);
static bool wait_go(struct session *);

void
cmd_idle(struct command *c)
{
	struct session *s = c->s;
	bool enhanced = s->set->enhancedidle != 0;
	struct idle_line line = {.n = 0};
	bool watched = false;

	if (!command_parsed(c))
		return;
	(void)snprintf(
	    s->client.idle_tag, sizeof(s->client.idle_tag), "%s", c->tag);
	wire_str(&s->wire, enhanced ? "+ entering ENHANCED idle mode\r\n"
				    : "+ entering idle mode\r\n");
	(void)wire_flush(&s->wire);
	if (enhanced && s->client.state == SESSION_SELECTED &&
	    s->client.notify == NULL) {
		watched = idle_watch(s) == 0;
		if (!watched)
			log_line(LOG_LEVEL_WARN,
			    "IDLE without notices, only the slow look user=%s",
			    s->account->user);
	}
	idle(s, &line);
	if (watched)
		idle_unwatch(s);
	s->client.idle_tag[0] = '\0';
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

/* Until a whole line has come, or the client is gone. */
static void
idle(struct session *s, struct idle_line *line)
{
	time_t end = session_clock() + (time_t)s->set->inactivity_timeout;
	bool settle = false;

	/* SHUTDOWN may have come together with GO. */
	session_obey(s);
	look(s);
	while (session_alive(s)) {
		switch (wire_wait(&s->wire, next_look(s, end, settle))) {
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
			else
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

static unsigned
next_look(const struct session *s, time_t end, bool settle)
{
	time_t now = session_clock(), left = end > now ? end - now : 0;
	time_t every = s->set->enhancedidle != 0 ? SLOW_LOOK
						 : (time_t)s->set->idle_timeout;

	if (settle)
		every = SETTLE;
	if (every < 1)
		every = 1;
	return (unsigned)(left < every ? left : every);
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
