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

#define END_WAIT 10000 /* ms for room in the channel */

static bool root_is_gone(const struct session *);
static int take_serve(
    struct session *, struct ipc_msg *, struct control_serve *);
static void take_news(struct session *, struct ipc_msg *);
static int wait_channel(int, unsigned);

int
control_next(struct session *s, unsigned seconds, struct control_serve *out)
{
	time_t end = session_clock() + (time_t)seconds;
	struct ipc_msg msg = {0};
	time_t now;
	int r;

	while ((now = session_clock()) <= end) {
		/* Unread, the SERVE goes to a session of the new Maildir. */
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
		if (r == 1 && msg.type == IPC_SERVE)
			return take_serve(s, &msg, out);
		if (r == 1 && msg.type == IPC_SHUTDOWN)
			return 0;
		/* Late news of the client before is no longer of use. */
		if (r == -1 &&
		    wait_channel(s->control, (unsigned)(end - now)) == 0)
			return 0;
	}
	return 0;
}

/* The Maildir was deleted, or could not be opened when we were born. */
static bool
root_is_gone(const struct session *s)
{
	struct stat st;

	return s->account->rootfd == -1 ||
	       (fstat(s->account->rootfd, &st) == 0 && st.st_nlink == 0);
}

void
control_free(struct control_serve *m)
{
	free(m->tag);
	free(m->input);
	memset(m, 0, sizeof(*m));
	m->fd = -1;
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
	if (msg->type == IPC_GO)
		s->news.go = true;
	else if (msg->type == IPC_CHANGED)
		s->news.changed = true;
	else if (msg->type == IPC_STREAM && !s->news.stream) {
		s->news.stream = true;
		s->news.stream_fd = ipc_take_fd(msg, 0);
	} else if (msg->type == IPC_SHUTDOWN && s->news.end == NEWS_NONE)
		s->news.end = NEWS_SHUTDOWN;
	else if (msg->type == IPC_SERVE) {
		/* One client at a time: the worker has lost count. */
		log_line(LOG_LEVEL_ERR, "second client while serving one");
		s->news.end = NEWS_ORPHAN;
	}
}

static int
take_serve(struct session *s, struct ipc_msg *msg, struct control_serve *out)
{
	struct client *c = &s->client;
	char tag[SESSION_TAG_MAX], user[SESSION_MAX_NAME];
	const uint8_t *input;
	struct ipc_get g;

	memset(c, 0, sizeof(*c));
	memset(out, 0, sizeof(*out));
	ipc_open(&g, msg);
	c->conn = ipc_get_u64(&g);
	c->flags = ipc_get_u32(&g);
	ipc_get_str(&g, tag, sizeof(tag));
	ipc_get_str(&g, user, sizeof(user));
	ipc_get_str(&g, c->peer, sizeof(c->peer));
	c->port = ipc_get_u32(&g);
	(void)ipc_get_u32(&g);
	input = ipc_get_bytes(&g, &out->ninput, WIRE_READ_AHEAD);
	out->fd = ipc_take_fd(msg, 0);
	if (ipc_done(&g) == 0 && out->fd != -1) {
		out->tag = strdup(tag);
		out->input = malloc(out->ninput + 1);
	}
	if (out->tag == NULL || out->input == NULL) {
		log_line(LOG_LEVEL_ERR, "bad message from worker: SERVE");
		if (out->fd != -1)
			(void)close(out->fd);
		control_free(out);
		return -1;
	}
	if (out->ninput > 0)
		memcpy(out->input, input, out->ninput);
	c->since = session_clock();
	return 1;
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
