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
#include "t/evil/wrong.h"

#define WAIT_MS 5000

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

static int
await(int channel, enum boot_role me, enum boot_role from, int ms)
{
	return wrong_await(channel, me, from, &msg, ms);
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
offend(struct servant *s, const struct wrong *w)
{
	int channel = introduce(s, 5);

	(void)snprintf(what, sizeof(what),
	    "%s: type %u (%s), %zu bytes, %d fds", boot_role_name(s->role),
	    w->type, ipc_name(w->type), w->len, w->nfds);
	if (wrong_send(channel, w, logs[0]) == -1 && errno != EPIPE)
		printf("# sendmsg: %s\n", strerror(errno));
	return gone(s, channel, 5) && lives(s);
}

/* Everything that the list says, broken, and broken frames. */
static bool
every_message(struct servant *s)
{
	struct wrong w;
	bool good = true;

	for (unsigned i = 0; wrong_nth(BOOT_WORKER, s->role, i, &w); i++)
		good = offend(s, &w) && good;
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
	    "an honest worker afterwards", "no descriptor is left behind"};
	char name[96];
	bool good[3];

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
		good[1] = honest(s, argv[2]);
		if (s->role == BOOT_SPAWNER)
			ok(bad_tickets(s, argv[2]),
			    "spawner: tickets that give no right");
		good[2] = no_leak(s);
		for (int k = 0; k < 3; k++) {
			(void)snprintf(name, sizeof(name), "%s: %s",
			    boot_role_name(s->role), kinds[k]);
			ok(good[k], name);
		}
		(void)close(s->channel);
	}
	printf("1..%d\n", n);
	return bad == 0 ? 0 : 1;
}
