/*
 * The house around a worker for its tests: master, auth, spawner, watch and
 * sessions are played by the test, over real channels; the worker's loop is
 * turned by hand in the same process. Included after cmocka.h.
 */
#ifndef T_UNIT_NET_HOUSE_H
#define T_UNIT_NET_HOUSE_H

#include <sys/eventfd.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "auth/ticket.h"
#include "shm/board.h"
#include "shm/ipc.h"
#include "shm/log.h"
#include "worker/net/worker.h"

#define MAYBE       __attribute__((unused))
#define TURNS       1000 /* of 2 ms: what has not come by then never comes */
#define WORKER      3    /* its number */
#define INCARNATION 77

static struct house {
	struct boot boot;
	struct worker *w;
	bool alive; /* the worker's last turn said go on */
	int master, auth, spawner, watch, log;
	int board, bells[BOOT_WORKERS];
	struct board *map;
} h;

struct asked { /* an ASK, copied */
	uint64_t conn;
	uint32_t flags, port;
	char service[16], peer[64], mech[16], claimed[64];
	char a[16384], b[16384];
	size_t na, nb;
};

struct started { /* a START */
	uint64_t conn;
	uint32_t fresh;
	int control; /* the session's end, or -1 */
};

struct served { /* a SERVE */
	uint64_t conn;
	uint32_t flags, peer_port, local_port;
	char tag[256], user[256], peer[64];
	char input[70000];
	size_t ninput;
	int stream;
};

static MAYBE void
house_peer(enum boot_role role, int *mine)
{
	struct ipc_put put;
	int pair[2];

	if (*mine != -1)
		(void)close(*mine);
	assert_int_equal(ipc_pair(pair), 0);
	ipc_begin(&put, IPC_PEER);
	ipc_put_u32(&put, role);
	ipc_put_u32(&put, 0);
	ipc_put_u64(&put, 1);
	assert_int_equal(ipc_send(h.master, &put, &pair[1], 1), 0);
	(void)close(pair[1]);
	*mine = pair[0];
}

/* One turn of the loop, at most 2 ms. */
static MAYBE void
turn(void)
{
	if (h.alive)
		h.alive = worker_tick(h.w, 2);
}

static MAYBE void
turns(int n)
{
	while (n-- > 0)
		turn();
}

static MAYBE int
house_up(void **state)
{
	int pair[2];

	(void)state;
	memset(&h, 0, sizeof(h));
	h.auth = h.spawner = h.watch = -1;
	h.boot.magic = BOOT_MAGIC;
	h.boot.version = IPC_VERSION;
	h.boot.size = sizeof(h.boot);
	h.boot.role = BOOT_WORKER;
	h.boot.number = WORKER;
	h.boot.incarnation = INCARNATION;
	h.boot.board_key[0] = 1;
	h.boot.set.login_timeout = 60;
	h.boot.set.handshake_timeout = 15;
	h.boot.set.stop_timeout = 10;
	h.boot.set.linger = 5;
	h.boot.set.starttls = 1;
	h.boot.set.id_fields = -1;
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	h.log = pair[0];
	log_init(pair[1], "worker");
	for (int i = 0; i < BOOT_WORKERS; i++)
		h.bells[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	h.board = board_create(board_slots(1));
	h.map = board_map(h.board, h.boot.board_key);
	assert_non_null(h.map);
	assert_int_equal(ipc_pair(pair), 0);
	h.master = pair[0];
	h.w = worker_new(&h.boot, pair[1], h.board, h.bells);
	assert_non_null(h.w);
	h.alive = true;
	house_peer(BOOT_AUTH, &h.auth);
	house_peer(BOOT_SPAWNER, &h.spawner);
	house_peer(BOOT_WATCH, &h.watch);
	turn();
	return 0;
}

static MAYBE int
house_down(void **state)
{
	const int fds[] = {
	    h.master, h.auth, h.spawner, h.watch, h.log, h.board};

	(void)state;
	worker_free(h.w);
	board_unmap(h.map);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] != -1)
			(void)close(fds[i]);
	for (int i = 0; i < BOOT_WORKERS; i++)
		(void)close(h.bells[i]);
	log_init(-1, "worker");
	return 0;
}

/* New settings, as after a reload. */
static MAYBE void
house_settle(void)
{
	struct ipc_put put;
	int fd = boot_write(&h.boot);

	assert_int_not_equal(fd, -1);
	ipc_begin(&put, IPC_SETTINGS);
	assert_int_equal(ipc_send(h.master, &put, &fd, 1), 0);
	(void)close(fd);
	turn();
}

/* A client at 192.0.2.1; returns its end. */
static MAYBE int
knock_with(uint64_t conn, uint32_t flags, const char *refusal)
{
	struct ipc_put put;
	int pair[2];

	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	ipc_begin(&put, IPC_CLIENT);
	ipc_put_u64(&put, conn);
	ipc_put_u32(&put, (flags & IPC_CLIENT_TLS) != 0);
	ipc_put_u32(&put, flags);
	ipc_put_str(&put, "192.0.2.1");
	ipc_put_u32(&put, 4711);
	ipc_put_str(&put, "192.0.2.2");
	ipc_put_u32(&put, 143);
	ipc_put_str(&put, refusal);
	assert_int_equal(ipc_send(h.master, &put, &pair[1], 1), 0);
	(void)close(pair[1]);
	turn();
	return pair[0];
}

static MAYBE int
knock(uint64_t conn)
{
	return knock_with(conn, 0, "");
}

static MAYBE void
say_n(int fd, const char *p, size_t n)
{
	ssize_t r;

	while (n > 0) {
		r = send(fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (r == -1) {
			assert_int_equal(errno, EAGAIN);
			turn();
			continue;
		}
		p += r;
		n -= (size_t)r;
	}
}

static MAYBE void
say(int fd, const char *text)
{
	say_n(fd, text, strlen(text));
}

/* The next line, without CRLF; "EOF" at the end, "" if none comes. */
static MAYBE const char *
line(int fd)
{
	static char text[4096];
	size_t n = 0;
	ssize_t r;

	for (int i = 0; i < TURNS && n + 1 < sizeof(text);) {
		r = recv(fd, text + n, 1, MSG_DONTWAIT);
		if (r == 0 || (r == -1 && errno == ECONNRESET))
			return "EOF";
		if (r == -1) {
			turn();
			i++;
			continue;
		}
		if (text[n++] != '\n')
			continue;
		text[n - (n > 1 && text[n - 2] == '\r' ? 2 : 1)] = '\0';
		return text;
	}
	return "";
}

/* Nothing comes within a few turns. */
static MAYBE void
assert_silent(int fd)
{
	char c;

	turns(6);
	assert_int_equal(recv(fd, &c, 1, MSG_DONTWAIT | MSG_PEEK), -1);
	assert_int_equal(errno, EAGAIN);
}

static MAYBE void
greeted(int fd)
{
	const char *text = line(fd);

	assert_ptr_equal(strstr(text, "* OK [CAPABILITY IMAP4rev1"), text);
	assert_non_null(strstr(text, "] Corkboard IMAP ready."));
}

/* One message to a role that the test plays; false: none came. */
static MAYBE bool
heard(int fd, enum boot_role me, struct ipc_msg *msg)
{
	int r;

	memset(msg, 0, sizeof(*msg));
	for (int i = 0; i < TURNS; i++) {
		r = ipc_recv(fd, me, BOOT_WORKER, msg);
		if (r == 1)
			return true;
		if (r == 0 || errno != EAGAIN)
			return false;
		turn();
	}
	return false;
}

/* A message that is only a connection's number. */
static MAYBE void
expect_conn(int fd, enum boot_role me, enum ipc_type type, uint64_t conn)
{
	struct ipc_msg msg;
	struct ipc_get g;

	assert_true(heard(fd, me, &msg));
	assert_string_equal(ipc_name(msg.type), ipc_name(type));
	ipc_open(&g, &msg);
	assert_int_equal(ipc_get_u64(&g), conn);
	assert_int_equal(ipc_done(&g), 0);
}

/* What the worker told its master and the log meanwhile is of no interest. */
static MAYBE void
house_swallow(void)
{
	struct ipc_msg msg = {.nfds = 0};
	char text[4096];

	while (ipc_recv(h.master, BOOT_MASTER, BOOT_WORKER, &msg) == 1)
		;
	while (recv(h.log, text, sizeof(text), MSG_DONTWAIT) > 0)
		;
}

static MAYBE void
expect_none(int fd, enum boot_role me)
{
	struct ipc_msg msg = {.nfds = 0};

	turns(6);
	assert_int_equal(ipc_recv(fd, me, BOOT_WORKER, &msg), -1);
	assert_int_equal(errno, EAGAIN);
}

static MAYBE void
expect_ask(struct asked *q)
{
	struct ipc_msg msg;
	struct ipc_get g;
	const uint8_t *p;

	memset(q, 0, sizeof(*q));
	do
		assert_true(heard(h.auth, BOOT_AUTH, &msg));
	while (msg.type == IPC_FORGET); /* of clients before */
	assert_int_equal(msg.type, IPC_ASK);
	ipc_open(&g, &msg);
	q->conn = ipc_get_u64(&g);
	q->flags = ipc_get_u32(&g);
	ipc_get_str(&g, q->service, sizeof(q->service));
	ipc_get_str(&g, q->peer, sizeof(q->peer));
	q->port = ipc_get_u32(&g);
	ipc_get_str(&g, q->mech, sizeof(q->mech));
	ipc_get_str(&g, q->claimed, sizeof(q->claimed));
	p = ipc_get_bytes(&g, &q->na, sizeof(q->a) - 1);
	if (q->na > 0)
		memcpy(q->a, p, q->na);
	p = ipc_get_bytes(&g, &q->nb, sizeof(q->b) - 1);
	if (q->nb > 0)
		memcpy(q->b, p, q->nb);
	assert_int_equal(ipc_done(&g), 0);
	assert_string_equal(q->service, "imap");
}

static MAYBE void
auth_yes(uint64_t conn, const char *user)
{
	static const uint8_t key[TICKET_KEY] =
	    "0123456789abcdef0123456789abcde";
	static struct ticket t;
	uint8_t sealed[TICKET_MAX];
	struct ipc_put put;
	size_t n;

	memset(&t, 0, sizeof(t));
	(void)strlcpy(t.owner.user, user, sizeof(t.owner.user));
	(void)strlcpy(t.owner.maildir, "/m", sizeof(t.owner.maildir));
	t.owner.uid = t.owner.gid = 1000;
	t.worker = WORKER;
	t.incarnation = INCARNATION;
	t.conn = conn;
	n = ticket_seal(&t, key, sealed, sizeof(sealed));
	assert_true(n > 0);
	ipc_begin(&put, IPC_YES);
	ipc_put_u64(&put, conn);
	ipc_put_str(&put, user);
	ipc_put_bytes(&put, sealed, n);
	assert_int_equal(ipc_send(h.auth, &put, NULL, 0), 0);
}

static MAYBE void
auth_no(uint64_t conn, uint32_t why, const char *user)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_NO);
	ipc_put_u64(&put, conn);
	ipc_put_u32(&put, why);
	ipc_put_str(&put, user);
	assert_int_equal(ipc_send(h.auth, &put, NULL, 0), 0);
}

static MAYBE void
expect_start(struct started *s)
{
	struct ipc_msg msg;
	struct ipc_get g;
	size_t n;

	assert_true(heard(h.spawner, BOOT_SPAWNER, &msg));
	assert_int_equal(msg.type, IPC_START);
	ipc_open(&g, &msg);
	s->conn = ipc_get_u64(&g);
	s->fresh = ipc_get_u32(&g);
	assert_non_null(ipc_get_bytes(&g, &n, TICKET_MAX));
	assert_int_equal(ipc_done(&g), 0);
	s->control = ipc_take_fd(&msg, 0);
	assert_int_equal(s->control != -1, (s->fresh & IPC_START_NEW) != 0);
}

static MAYBE void
spawner_started(uint64_t conn)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_STARTED);
	ipc_put_u64(&put, conn);
	assert_int_equal(ipc_send(h.spawner, &put, NULL, 0), 0);
}

static MAYBE void
spawner_refused(uint64_t conn, uint32_t why, uint32_t count, uint32_t limit)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_REFUSED);
	ipc_put_u64(&put, conn);
	ipc_put_u32(&put, why);
	ipc_put_u32(&put, count);
	ipc_put_u32(&put, limit);
	assert_int_equal(ipc_send(h.spawner, &put, NULL, 0), 0);
}

static MAYBE void
expect_serve(int control, struct served *s)
{
	struct ipc_msg msg;
	struct ipc_get g;
	const uint8_t *p;

	memset(s, 0, sizeof(*s));
	assert_true(heard(control, BOOT_SESSION, &msg));
	assert_int_equal(msg.type, IPC_SERVE);
	ipc_open(&g, &msg);
	s->conn = ipc_get_u64(&g);
	s->flags = ipc_get_u32(&g);
	ipc_get_str(&g, s->tag, sizeof(s->tag));
	ipc_get_str(&g, s->user, sizeof(s->user));
	ipc_get_str(&g, s->peer, sizeof(s->peer));
	s->peer_port = ipc_get_u32(&g);
	s->local_port = ipc_get_u32(&g);
	p = ipc_get_bytes(&g, &s->ninput, sizeof(s->input) - 1);
	if (s->ninput > 0)
		memcpy(s->input, p, s->ninput);
	assert_int_equal(ipc_done(&g), 0);
	s->stream = ipc_take_fd(&msg, 0);
	assert_int_not_equal(s->stream, -1);
}

/* From "LOGIN" to SERVE: the client at fd is now the session's. */
static MAYBE int
log_in(int fd, uint64_t conn, const char *user, struct served *s)
{
	struct started start;
	struct asked q;
	char text[300];

	(void)snprintf(text, sizeof(text), "t1 LOGIN %s secret\r\n", user);
	say(fd, text);
	expect_ask(&q);
	assert_int_equal(q.conn, conn);
	auth_yes(conn, user);
	expect_start(&start);
	assert_int_equal(start.fresh, 1);
	spawner_started(conn);
	expect_serve(start.control, s);
	expect_conn(h.master, BOOT_MASTER, IPC_LOGGEDIN, conn);
	return start.control;
}

static MAYBE void
session_end(int control, uint64_t conn, uint32_t why)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_END);
	ipc_put_u64(&put, conn);
	ipc_put_u32(&put, why);
	ipc_put_u64(&put, 10);
	ipc_put_u64(&put, 20);
	ipc_put_u64(&put, 30);
	ipc_put_u64(&put, 40);
	assert_int_equal(ipc_send(control, &put, NULL, 0), 0);
}

/* A message with a folder's identity and more numbers. */
static MAYBE void
session_folder(int control, enum ipc_type type, uint64_t ino, int nfds)
{
	int fds[3] = {h.board, h.board, h.board};
	struct ipc_put put;

	ipc_begin(&put, type);
	ipc_put_u64(&put, 9);
	ipc_put_u64(&put, ino);
	if (type != IPC_UNWATCH)
		ipc_put_u64(&put, 5);
	assert_int_equal(ipc_send(control, &put, fds, nfds), 0);
}

/* A message with a folder's identity; to watch, UNWATCH has the number of
 * WATCH. */
static MAYBE void
expect_folder(int fd, enum boot_role me, enum ipc_type type, uint64_t ino)
{
	static uint64_t called[4096];
	uint64_t number;
	struct ipc_msg msg;
	struct ipc_get g;

	assert_true(heard(fd, me, &msg));
	assert_string_equal(ipc_name(msg.type), ipc_name(type));
	ipc_open(&g, &msg);
	if (me == BOOT_WATCH && type == IPC_UNWATCH) {
		number = ipc_get_u64(&g);
		assert_in_range(number, 1, 4095);
		assert_int_equal(called[number], ino);
	} else {
		assert_int_equal(ipc_get_u64(&g), 9);
		assert_int_equal(ipc_get_u64(&g), ino);
	}
	if (me == BOOT_WATCH && type == IPC_WATCH) {
		(void)ipc_get_u64(&g);
		number = ipc_get_u64(&g);
		assert_in_range(number, 1, 4095);
		called[number] = ino;
	}
	if (me == BOOT_WATCH)
		assert_int_equal(ipc_done(&g), 0);
	ipc_drop(&msg);
}

/* The next log line that holds text; fails if there is none. */
static MAYBE const char *
logged(const char *text)
{
	static char entry[LOG_LINE_MAX + 8];
	ssize_t n;

	turns(2);
	for (;;) {
		n = recv(h.log, entry, sizeof(entry) - 1, MSG_DONTWAIT);
		if (n < 0) {
			fail_msg("not logged: %s", text);
			return "";
		}
		entry[n] = '\0';
		if (strstr(entry, text) != NULL)
			return entry + 2;
	}
}

static MAYBE void
stop_worker(uint32_t fast, uint32_t seconds)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_STOP);
	ipc_put_u32(&put, fast);
	ipc_put_u32(&put, seconds);
	assert_int_equal(ipc_send(h.master, &put, NULL, 0), 0);
}

#define HOUSE(test) cmocka_unit_test_setup_teardown(test, house_up, house_down)

#endif
