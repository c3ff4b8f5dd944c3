/*
 * The session's side of its control channel: SERVE and END, and the news that
 * comes between them (GO, CHANGED, SHUTDOWN). The worker is not believed more
 * than the list in shm/ipc.h allows.
 */
#include "worker/imap/session_control.h"

#include <sys/stat.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shm/log.h"
#include "worker/imap/idle.h"
#include "worker/imap/note.h"
#include "worker/imap/notify.h"
#include "worker/imap/parking.h"

#define END_WAIT 10000 /* ms for room in the channel */

static bool root_is_gone(const struct session *);
static unsigned patience(const struct session *, time_t);
static int take(struct session *, struct ipc_msg *, struct control_serve **);
static void read_serve(struct ipc_get *, struct control_serve *);
static void read_resume(struct ipc_get *, struct control_serve *);
static uint8_t *copy(struct ipc_get *, size_t *, size_t);
static void take_early(struct session *, struct ipc_msg *);
static void take_news(struct session *, struct ipc_msg *);
static void give_back(struct session *, struct control_serve *);
static void send_conn(struct session *, enum ipc_type, uint64_t);
static int wait_channel(int, unsigned);

int
control_next(struct session *s, unsigned seconds, struct control_serve **out)
{
	time_t end = session_clock() + (time_t)seconds, now;
	struct ipc_msg msg = {0};
	int r;

	if ((*out = STAILQ_FIRST(&s->queue)) != NULL) {
		STAILQ_REMOVE_HEAD(&s->queue, next);
		return 1;
	}
	while ((now = session_clock()) <= end) {
		/* Unread, it goes to a session of the new Maildir. */
		if (s->lingers && root_is_gone(s))
			return 0;
		r = ipc_recv(s->control, BOOT_SESSION, BOOT_WORKER, &msg);
		if (r == 0)
			return 0;
		if (r == -1 && errno != EAGAIN && errno != EINTR) {
			log_line(LOG_LEVEL_ERR, "control channel: %s",
			    strerror(errno));
			return -1;
		}
		if (r == 1 && (msg.type == IPC_SERVE || msg.type == IPC_RESUME))
			return take(s, &msg, out);
		if (r == 1 && msg.type == IPC_SHUTDOWN)
			return 0;
		/* Late news of the client before is no longer of use. */
		if (r == 1 ||
		    wait_channel(s->control, patience(s, end - now)) != 0)
			continue;
		if (patience(s, end - now) >= (unsigned)(end - now))
			return 0;
		kept_settle(s);
	}
	return 0;
}

/* A folder that is left open may owe a look. */
static unsigned
patience(const struct session *s, time_t left)
{
	return kept_owes(s) && left > 1 ? 1 : (unsigned)left;
}

/*
 * The Maildir was deleted, or another one lies in its place, or it could not be
 * opened when we were born.
 */
static bool
root_is_gone(const struct session *s)
{
	const struct session_account *a = s->account;
	struct stat st, now;

	if (a->rootfd == -1)
		return true;
	if (fstat(a->rootfd, &st) == -1)
		return false;
	if (a->path == NULL || stat(a->path, &now) == -1)
		return st.st_nlink == 0 || (a->path != NULL && errno == ENOENT);
	return now.st_dev != st.st_dev || now.st_ino != st.st_ino;
}

void
control_leave(struct session *s)
{
	struct ipc_put m;

	ipc_begin(&m, IPC_LEAVE);
	(void)ipc_send_wait(s->control, &m, NULL, 0, END_WAIT);
}

void
control_free(struct control_serve *m)
{
	if (m == NULL)
		return;
	free(m->tag);
	free(m->record);
	free(m->input);
	if (m->fd != -1)
		(void)close(m->fd);
	free(m);
}

int
control_end(struct session *s)
{
	const struct client *c = &s->client;
	struct ipc_put m;

	if (s->news.end == NEWS_ORPHAN)
		return 0;
	ipc_begin(&m, IPC_END);
	ipc_put_u64(&m, c->conn);
	ipc_put_u32(&m, (uint32_t)c->why);
	ipc_put_u64(&m, c->header_bytes);
	ipc_put_u64(&m, c->body_bytes);
	ipc_put_u64(&m, s->wire.received);
	ipc_put_u64(&m, s->wire.sent);
	return ipc_send_wait(s->control, &m, NULL, 0, END_WAIT);
}

void
session_control(struct session *s)
{
	static struct ipc_msg msg;
	int r;

	if (s->control == -1) {
		idle_shell_read(s);
		return;
	}
	while ((r = ipc_recv(s->control, BOOT_SESSION, BOOT_WORKER, &msg)) == 1)
		take_news(s, &msg);
	if (r == 0 || (errno != EAGAIN && errno != EINTR))
		s->news.end = NEWS_ORPHAN;
}

static void
take_news(struct session *s, struct ipc_msg *msg)
{
	switch (msg->type) {
	case IPC_GO:
		s->news.go = true;
		break;
	case IPC_STAY:
		s->news.stay = true;
		break;
	case IPC_CHANGED:
		s->news.changed = true;
		s->news.heard++;
		break;
	case IPC_WANTED:
		s->news.wanted = true;
		break;
	case IPC_RESUME:
		take_early(s, msg);
		break;
	case IPC_STREAM:
		if (s->news.stream)
			break;
		s->news.stream = true;
		s->news.stream_fd = ipc_take_fd(msg, 0);
		break;
	case IPC_SHUTDOWN:
		if (s->news.end == NEWS_NONE)
			s->news.end =
			    note_is_kick(msg) ? NEWS_KICKED : NEWS_SHUTDOWN;
		break;
	case IPC_SERVE:
		/* One login at a time: the worker has lost count. */
		log_line(LOG_LEVEL_ERR, "second client while serving one");
		s->news.end = NEWS_ORPHAN;
		break;
	default:
		break;
	}
}

/* While news are told others may come behind; from a longer work they go. */
static void
take_early(struct session *s, struct ipc_msg *msg)
{
	struct control_serve *m;

	if (take(s, msg, &m) == -1)
		s->news.end = NEWS_ORPHAN;
	else if (s->client.newsonly)
		STAILQ_INSERT_TAIL(&s->queue, m, next);
	else
		give_back(s, m);
}

static void
give_back(struct session *s, struct control_serve *m)
{
	send_conn(s, IPC_STAY, m->client.conn);
	control_free(m);
}

static void
send_conn(struct session *s, enum ipc_type type, uint64_t conn)
{
	struct ipc_put m;

	ipc_begin(&m, type);
	ipc_put_u64(&m, conn);
	if (ipc_send_wait(s->control, &m, NULL, 0, END_WAIT) == -1)
		s->news.end = NEWS_ORPHAN;
}

void
control_stay(struct session *s)
{
	struct control_serve *m;

	s->client.newsonly = false;
	send_conn(s, IPC_STAY, s->client.conn);
	while ((m = STAILQ_FIRST(&s->queue)) != NULL) {
		STAILQ_REMOVE_HEAD(&s->queue, next);
		give_back(s, m);
	}
}

bool
control_wish(struct session *s)
{
	struct pollfd p = {.fd = s->control, .events = POLLIN};
	time_t end = session_clock() + SESSION_GO_WAIT / 1000;
	struct ipc_put m;

	s->news.go = s->news.stay = false;
	ipc_begin(&m, IPC_WISH);
	ipc_put_u64(&m, s->client.conn);
	ipc_put_u64(&m, s->wire.received - s->wire.was_received);
	ipc_put_u64(&m, s->wire.sent - s->wire.was_sent);
	if (ipc_send_wait(s->control, &m, NULL, 0, SESSION_GO_WAIT) == -1)
		return false;
	while (!s->news.go && !s->news.stay && s->news.end == NEWS_NONE &&
	       session_clock() <= end)
		if (poll(&p, 1, SESSION_GO_WAIT) > 0)
			session_control(s);
	if (s->news.go && s->news.end == NEWS_NONE)
		return true;
	if (!s->news.stay && s->news.end != NEWS_ORPHAN)
		control_stay(s);
	return false;
}

int
control_park(struct session *s, const struct control_park *p)
{
	const struct client *c = &s->client;
	uint32_t flags = c->view != NULL ? IPC_PARK_SELECTED : 0;
	struct ipc_put m;

	if (c->notify != NULL && c->notify->slow)
		flags |= IPC_PARK_SLOW;
	ipc_begin(&m, IPC_PARK);
	ipc_put_u64(&m, c->conn);
	ipc_put_u32(&m, flags);
	ipc_put_u64(&m, p->dev);
	ipc_put_u64(&m, p->ino);
	ipc_put_u32(&m, s->news.heard);
	ipc_put_u32(&m, c->bad);
	ipc_put_u32(&m, p->quiet > 0 ? (uint32_t)p->quiet : 0);
	ipc_put_u64(&m, c->header_bytes);
	ipc_put_u64(&m, c->body_bytes);
	ipc_put_u64(&m, s->wire.received);
	ipc_put_u64(&m, s->wire.sent);
	ipc_put_str(&m, c->idle_tag);
	ipc_put_bytes(&m, p->record.p, p->record.n);
	ipc_put_u32(&m, p->likewise);
	ipc_put_bytes(&m, p->said.p, p->likewise ? p->said.n : 0);
	return ipc_send_wait(s->control, &m, NULL, 0, END_WAIT);
}

/* 1, or -1: malformed. */
static int
take(struct session *s, struct ipc_msg *msg, struct control_serve **out)
{
	struct control_serve *m = calloc(1, sizeof(*m));
	const char *name = ipc_name(msg->type);
	struct ipc_get g;

	(void)s;
	if (m == NULL)
		log_fatal("out of memory");
	m->fd = ipc_take_fd(msg, 0);
	m->resume = msg->type == IPC_RESUME;
	ipc_open(&g, msg);
	m->client.conn = ipc_get_u64(&g);
	m->client.flags = ipc_get_u32(&g);
	m->client.since = session_clock();
	if (m->resume)
		read_resume(&g, m);
	else
		read_serve(&g, m);
	if (ipc_done(&g) == -1 || m->fd == -1) {
		log_line(LOG_LEVEL_ERR, "bad message from worker: %s", name);
		control_free(m);
		return -1;
	}
	*out = m;
	return 1;
}

static void
read_serve(struct ipc_get *g, struct control_serve *m)
{
	char tag[SESSION_TAG_MAX], user[SESSION_MAX_NAME];

	ipc_get_str(g, tag, sizeof(tag));
	ipc_get_str(g, user, sizeof(user));
	ipc_get_str(g, m->client.peer, sizeof(m->client.peer));
	m->client.port = ipc_get_u32(g);
	(void)ipc_get_u32(g);
	m->input = copy(g, &m->ninput, WIRE_READ_AHEAD);
	if ((m->tag = strdup(tag)) == NULL)
		log_fatal("out of memory");
}

static void
read_resume(struct ipc_get *g, struct control_serve *m)
{
	struct client *c = &m->client;

	ipc_get_str(g, c->peer, sizeof(c->peer));
	c->port = ipc_get_u32(g);
	c->bad = ipc_get_u32(g);
	c->counter = ipc_get_u64(g);
	ipc_get_str(g, c->idle_tag, sizeof(c->idle_tag));
	m->record = copy(g, &m->nrecord, IPC_RECORD_MAX);
	m->input = copy(g, &m->ninput, WIRE_READ_AHEAD);
	c->newsonly = (c->flags & IPC_RESUME_NEWS) != 0;
}

static uint8_t *
copy(struct ipc_get *g, size_t *n, size_t max)
{
	const uint8_t *from = ipc_get_bytes(g, n, max);
	uint8_t *p = malloc(*n + 1);

	if (p == NULL)
		log_fatal("out of memory");
	if (*n > 0)
		memcpy(p, from, *n);
	return p;
}

/* 1: something is there; 0: nothing came in time. */
static int
wait_channel(int fd, unsigned seconds)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int n;

	do
		n = poll(
		    &p, 1, (int)(seconds > 86400 ? 86400 : seconds) * 1000);
	while (n == -1 && errno == EINTR);
	return n > 0;
}
