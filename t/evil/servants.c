/*
 * The evil worker. Plays the master and, one after the other, workers that have
 * been taken over, before the real auth, spawner and watch, each executed from
 * the build folder as the master would: every message of the list that a worker
 * may send, wrong in each way, and every one that it may not. The offender must
 * lose its channel and be named to the master; the servant must live, answer an
 * honest worker, and hold no descriptor more than before. Prints TAP.
 *
 *     servants FOLDER-OF-PROGRAMS FOLDER-FOR-A-MAILDIR
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "auth/ticket.h"
#include "master/settings.h"
#include "master/spawn.h"
#include "shm/board.h"
#include "shm/ipc.h"

#define WAIT_MS 5000
#define MANY    253 /* descriptors: what the kernel takes with one message */

struct servant {
	enum boot_role role;
	const char *program, *option;
	pid_t pid;
	int channel; /* the master's end */
	int files;   /* open in it, before anything happened */
};

static struct servant servants[] = {
    {BOOT_AUTH, "imapd-auth", "auth", 0, -1, 0},
    {BOOT_SPAWNER, "imapd-master", "--role", 0, -1, 0},
    {BOOT_WATCH, "imapd-master", "--role", 0, -1, 0},
};
#define SERVANTS (sizeof(servants) / sizeof(servants[0]))

static const struct rule {
	const char *name;
	enum boot_role from, to;
	int fds;
	size_t max;
} rules[] = {{"NONE", BOOT_ANY, BOOT_ANY, 0, 0},
#define RULE(name, from, to, fds, max)                                         \
	{#name, BOOT_##from, BOOT_##to, fds, max},
    IPC_LIST(RULE)};

static struct boot boot;
static struct ipc_msg msg;
static const uint8_t key[TICKET_KEY] = "thirty-two bytes of a ticket key";
static uint64_t incarnation = 100;
static int n, bad, board, bells[BOOT_WORKERS], logs[2];
static char what[128];

static void
ok(bool good, const char *name)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++n, name);
	bad += good ? 0 : 1;
	(void)fflush(stdout);
}

static int
files(pid_t pid)
{
	char path[32];
	int count = 0;
	DIR *d;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	d = opendir(path);
	while (d != NULL && readdir(d) != NULL)
		count++;
	if (d != NULL)
		(void)closedir(d);
	return count;
}

static bool
lives(const struct servant *s)
{
	return waitpid(s->pid, NULL, WNOHANG) == 0;
}

/* 1 with msg, 0 at the end, -1 when nothing came in time. */
static int
await(int channel, enum boot_role me, enum boot_role from, int ms)
{
	struct pollfd p = {.fd = channel, .events = POLLIN};
	int r;

	if (poll(&p, 1, ms) != 1)
		return -1;
	r = ipc_recv(channel, me, from, &msg);
	return r == -1 ? 0 : r;
}

/* A new worker that the servant is told of; its end of the channel. */
static int
introduce(struct servant *s, uint32_t number)
{
	struct ipc_put put;
	int pair[2];

	if (ipc_pair(pair) == -1)
		exit(99);
	ipc_begin(&put, IPC_PEER);
	ipc_put_u32(&put, BOOT_WORKER);
	ipc_put_u32(&put, number);
	ipc_put_u64(&put, ++incarnation);
	if (ipc_send_wait(s->channel, &put, &pair[1], 1, WAIT_MS) == -1)
		exit(99);
	(void)close(pair[1]);
	return pair[0];
}

static void
store(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

/* As it comes: no check of ours stands in the way. */
static void
fling(int channel, uint32_t type, uint32_t claimed, size_t len, int nfds)
{
	static uint8_t bytes[8 + IPC_BODY_MAX + 64];
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int) * MANY)];
	} control;
	struct iovec iov = {bytes, 8 + len};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c;
	int fds[MANY];

	memset(bytes, 0xa5, sizeof(bytes));
	store(bytes, type);
	store(bytes + 4, claimed);
	if (nfds > 0) {
		for (int i = 0; i < nfds; i++)
			fds[i] = logs[0];
		memset(&control, 0, sizeof(control));
		h.msg_control = control.space;
		h.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)nfds);
		c = CMSG_FIRSTHDR(&h);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)nfds);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * (size_t)nfds);
	}
	if (sendmsg(channel, &h, MSG_NOSIGNAL) == -1 && errno != EPIPE)
		printf("# sendmsg: %s\n", strerror(errno));
}

/* The channel ends, and the master hears who it was. */
static bool
gone(struct servant *s, int channel, uint32_t number)
{
	struct ipc_get g;
	int r;

	while ((r = await(channel, BOOT_WORKER, s->role, WAIT_MS)) == 1)
		ipc_drop(&msg);
	(void)close(channel);
	if (r != 0) {
		printf("# %s: the channel stays open\n", what);
		return false;
	}
	if (await(s->channel, BOOT_MASTER, s->role, WAIT_MS) != 1 ||
	    msg.type != IPC_BLAME) {
		printf("# %s: nobody is blamed\n", what);
		return false;
	}
	ipc_open(&g, &msg);
	if (ipc_get_u32(&g) == number && ipc_get_u64(&g) == incarnation &&
	    ipc_done(&g) == 0)
		return true;
	printf("# %s: somebody else is blamed\n", what);
	return false;
}

static bool
offend(struct servant *s, uint32_t type, uint32_t claimed, size_t len, int nfds)
{
	int channel = introduce(s, 5);

	(void)snprintf(what, sizeof(what),
	    "%s: type %u (%s), %zu bytes, %d fds", boot_role_name(s->role),
	    type, ipc_name(type), len, nfds);
	fling(channel, type, claimed, len, nfds);
	return gone(s, channel, 5) && lives(s);
}

/* Everything that the list says, broken. */
static bool
every_message(struct servant *s)
{
	const struct rule *r;
	bool good = true;

	for (uint32_t t = 1; t < IPC_TYPES; t++) {
		uint32_t max = (uint32_t)rules[t].max;

		r = &rules[t];
		if ((r->from != BOOT_ANY && r->from != BOOT_WORKER) ||
		    (r->to != BOOT_ANY && r->to != s->role)) {
			/* The wrong role. */
			good = offend(s, t, 0, 0, 0) && good;
			good = offend(s, t, 16, 16, r->fds) && good;
			continue;
		}
		good = offend(s, t, max + 1, max + 1, 0) && good;
		good = offend(s, t, 0, 0, 0) && good;
		good = offend(s, t, 3, 3, 0) && good;
		good = offend(s, t, max, max, 0) && good;
		good = offend(s, t, 60, 60, r->fds + 1) && good;
		good = offend(s, t, 60, 60, MANY) && good;
	}
	return good;
}

static bool
every_frame(struct servant *s)
{
	bool good = true;

	good = offend(s, 0, 0, 0, 0) && good;
	good = offend(s, IPC_TYPES, 0, 0, 0) && good;
	good = offend(s, UINT32_MAX, 0, 0, 0) && good;
	good = offend(s, IPC_FORGET, 7, 8, 0) && good;
	good = offend(s, IPC_FORGET, 9, 8, 0) && good;
	good = offend(s, IPC_FORGET, UINT32_MAX, 8, 0) && good;
	good =
	    offend(s, IPC_ASK, IPC_BODY_MAX + 60, IPC_BODY_MAX + 60, 0) && good;
	return good;
}

static void
start_one(struct servant *s, const char *programs)
{
	char path[512];
	int pair[2];
	struct spawn spawn = {.program = path,
	    .option = s->option,
	    .boot = &boot,
	    .log = logs[1],
	    .board = s->role == BOOT_WATCH ? board : -1,
	    .bells = s->role == BOOT_WATCH ? bells : NULL};

	(void)snprintf(path, sizeof(path), "%s/%s", programs, s->program);
	boot.role = s->role;
	if (ipc_pair(pair) == -1)
		exit(99);
	spawn.parent = pair[1];
	s->pid = spawn_start(&spawn);
	(void)close(pair[1]);
	s->channel = pair[0];
	if (s->pid == -1 ||
	    await(s->channel, BOOT_MASTER, s->role, 20000) != 1 ||
	    msg.type != IPC_HELLO) {
		printf("Bail out! %s does not start\n", s->program);
		exit(1);
	}
}

static void
give_key(const struct servant *s)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_KEY);
	ipc_put_bytes(&put, key, sizeof(key));
	(void)ipc_send(s->channel, &put, NULL, 0);
}

static size_t
seal(const struct ticket *t, const uint8_t *with, uint8_t *out)
{
	return ticket_seal(t, with, out, TICKET_MAX);
}

static void
send_start(int channel, uint64_t conn, const uint8_t *sealed, size_t len)
{
	struct ipc_put put;
	int pair[2];

	if (ipc_pair(pair) == -1)
		exit(99);
	ipc_begin(&put, IPC_START);
	ipc_put_u64(&put, conn);
	ipc_put_u32(&put, 1);
	ipc_put_bytes(&put, sealed, len);
	(void)ipc_send(channel, &put, &pair[1], 1);
	(void)close(pair[0]);
	(void)close(pair[1]);
}

static void
good_ticket(struct ticket *t, const char *dir, uint32_t number, uint64_t conn)
{
	memset(t, 0, sizeof(*t));
	(void)snprintf(t->owner.user, sizeof(t->owner.user), "anna");
	(void)snprintf(t->owner.home, sizeof(t->owner.home), "%s", dir);
	(void)snprintf(t->owner.maildir, sizeof(t->owner.maildir), "%s", dir);
	t->owner.uid = boot.privileged != 0 ? 65530 : getuid();
	t->owner.gid = t->owner.uid;
	t->time = (uint64_t)time(NULL);
	t->serial = 1;
	t->worker = number;
	t->incarnation = incarnation;
	t->conn = conn;
}

/* What a worker without a right may show as one; E5, E6. */
static bool
bad_tickets(struct servant *s, const char *dir)
{
	static const char *const names[] = {"forged", "altered", "another conn",
	    "another worker", "another incarnation", "replayed by another",
	    "uid 0", "below MINUID", "old", "of tomorrow", "cut short", "none"};
	uint8_t sealed[TICKET_MAX], other[TICKET_KEY] = {1};
	struct ticket t;
	bool good = true;
	size_t len;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int channel = introduce(s, 5);

		(void)snprintf(what, sizeof(what), "ticket: %s", names[i]);
		good_ticket(&t, dir, 5, 7);
		if (i == 2)
			t.conn = 8;
		if (i == 3)
			t.worker = 6;
		if (i == 4 || i == 5)
			t.incarnation = incarnation - 1;
		if (i == 6)
			t.owner.uid = 0;
		if (i == 7)
			t.owner.uid = 1;
		if (i == 8)
			t.time -= 3600;
		if (i == 9)
			t.time += 86400;
		len = seal(&t, i == 0 ? other : key, sealed);
		if (i == 1)
			sealed[len - 1] ^= 1;
		if (i == 10)
			len--;
		if (i == 11)
			len = 0;
		/* Only root's spawner has a uid to refuse. */
		if ((i == 6 || i == 7) && boot.privileged == 0) {
			(void)close(channel);
			continue;
		}
		send_start(channel, 7, sealed, len);
		if (await(channel, BOOT_WORKER, s->role, WAIT_MS) != 1 ||
		    msg.type != IPC_REFUSED) {
			printf("# %s: not refused\n", what);
			good = false;
		}
		/* Auth has given these; the others are a crime. */
		if (i >= 6 && i <= 9)
			(void)close(channel);
		else
			good = gone(s, channel, 5) && good;
	}
	return good && lives(s);
}

/* An honest worker is served: each servant by a question of its own kind. */
static bool
honest(struct servant *s, const char *dir)
{
	int channel = introduce(s, 9), r;
	uint8_t sealed[TICKET_MAX];
	struct ipc_put put;
	struct ticket t;
	bool good;

	if (s->role == BOOT_AUTH) {
		ipc_begin(&put, IPC_ASK);
		ipc_put_u64(&put, 3);
		ipc_put_u32(&put, 0);
		ipc_put_str(&put, "imap");
		ipc_put_str(&put, "192.0.2.1");
		ipc_put_u32(&put, 143);
		ipc_put_str(&put, "LOGIN");
		ipc_put_str(&put, "");
		ipc_put_bytes(&put, "nobody", 6);
		ipc_put_bytes(&put, "wrong", 5);
		(void)ipc_send(channel, &put, NULL, 0);
		good = await(channel, BOOT_WORKER, s->role, 20000) == 1 &&
		       msg.type == IPC_NO;
	} else if (s->role == BOOT_SPAWNER) {
		good_ticket(&t, dir, 9, 3);
		send_start(channel, 3, sealed, seal(&t, key, sealed));
		good = await(channel, BOOT_WORKER, s->role, 20000) == 1 &&
		       msg.type == IPC_STARTED;
	} else {
		/* Watch answers nothing: it must only keep the channel. */
		ipc_begin(&put, IPC_UNWATCH);
		ipc_put_u64(&put, 1);
		ipc_put_u64(&put, 2);
		(void)ipc_send(channel, &put, NULL, 0);
		good = await(channel, BOOT_WORKER, s->role, 300) == -1;
	}
	(void)close(channel);
	/* Nobody is blamed for closing. */
	r = await(s->channel, BOOT_MASTER, s->role, 300);
	return good && r == -1 && lives(s);
}

static bool
no_leak(struct servant *s)
{
	int now = 0;

	/* Sessions that ended are reaped in time. */
	for (int i = 0; i < 50; i++) {
		now = files(s->pid);
		if (now <= s->files)
			return true;
		(void)poll(NULL, 0, 100);
	}
	printf("# %s: %d descriptors, not %d\n", boot_role_name(s->role), now,
	    s->files);
	return false;
}

static void
setting_up(const char *dir)
{
	uint64_t hash[2] = {1, 2};

	settings_default(&boot.set);
	boot.magic = BOOT_MAGIC;
	boot.version = IPC_VERSION;
	boot.size = sizeof(boot);
	boot.privileged = geteuid() == 0;
	boot.set.imap_uid = boot.set.imap_gid = 65531;
	boot.set.auth_uid = boot.set.auth_gid = 65532;
	boot.set.auth_floor_ms = 1;
	boot.set.spares = 2;
	boot.set.log_stderr = 0;
	(void)snprintf(
	    boot.set.userdb, sizeof(boot.set.userdb), "%s/userdb", dir);
	boot.set.authmodules[0] = SETTINGS_AUTH_USERDB;
	boot.set.authmodules[1] = SETTINGS_AUTH_NONE;
	boot.board_key[0] = hash[0];
	board = board_create(65536);
	for (int i = 0; i < BOOT_WORKERS; i++)
		bells[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (board == -1 || ipc_pair(logs) == -1)
		exit(99);
}

int
main(int argc, char **argv)
{
	static const char *const kinds[] = {"every message of the list, wrong",
	    "broken frames", "an honest worker afterwards",
	    "no descriptor is left behind"};
	char name[96];
	bool good[4];

	if (argc != 3)
		return 99;
	(void)signal(SIGPIPE, SIG_IGN);
	setting_up(argv[2]);
	for (size_t i = 0; i < SERVANTS; i++) {
		struct servant *s = &servants[i];

		start_one(s, argv[1]);
		give_key(s);
		(void)honest(s, argv[2]);
		(void)poll(NULL, 0, 1500);
		s->files = files(s->pid);
		good[0] = every_message(s);
		good[1] = every_frame(s);
		good[2] = honest(s, argv[2]);
		if (s->role == BOOT_SPAWNER)
			ok(bad_tickets(s, argv[2]),
			    "spawner: tickets that give no right");
		good[3] = no_leak(s);
		for (int k = 0; k < 4; k++) {
			(void)snprintf(name, sizeof(name), "%s: %s",
			    boot_role_name(s->role), kinds[k]);
			ok(good[k], name);
		}
		(void)close(s->channel);
	}
	printf("1..%d\n", n);
	return bad == 0 ? 0 : 1;
}
