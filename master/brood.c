/*
 * The master's children. A place in the table is a process; servants have one
 * each, workers the place of their number. What one role's deaths delay is only
 * that role's next start.
 */
#include "master/brood.h"

#include <errno.h>
#include <linux/sockios.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "master/drain.h"
#include "master/holdoff.h"
#include "master/notbefore.h"
#include "master/role.h"
#include "master/spawn.h"
#include "shm/board.h"
#include "shm/conntab.h"
#include "shm/log.h"

#define SOON    10000 /* ms: a death so soon after the start delays the next */
#define SLICE   256   /* messages of one child per round */
#define REFUSED ADMIT_REFUSE /* clients that only hear a refusal */

static const enum boot_role servants[BROOD_SERVANTS] = {
    BOOT_LOG, BOOT_PAM, BOOT_AUTH, BOOT_SPAWNER, BOOT_WATCH};

static void start_workers(struct brood *, bool external, uint64_t now);
static struct child *free_number(struct brood *, bool external);
static bool may_start(const struct brood *, enum boot_role, uint64_t now);
static int start_child(struct brood *, struct child *, enum boot_role);
static int exec_child(struct brood *, struct child *, int parent, int log);
static void introduce(struct brood *, struct child *);
static void give_key(struct brood *, struct child *);
static void give_table(struct brood *, struct child *);
static void give_log(struct brood *, struct child *);
static void give_tickets(struct brood *, struct child *);
static void send_peer(
    struct brood *, struct child *to, const struct child *about, int fd);
static void hear_one(struct brood *, struct child *, struct ipc_msg *);
static void offend(const struct child *, const char *what);
static void take_blame(
    const struct brood *, const struct child *, struct ipc_msg *);
static void take_hello(struct child *, struct ipc_msg *);
static void take_conn(struct brood *, struct child *, struct ipc_msg *);
static struct child *child_of(struct brood *, pid_t);
static void tell_death(const struct child *, int status, bool expected);
static void throttle(struct brood *, const struct child *, uint64_t now);
static bool of_role(const struct child *, enum boot_role);
static bool is_behind(const struct child *);

int
brood_init(struct brood *b)
{
	uint32_t conns = b->boot.set.view[0].maxdaemons;

	conns += b->boot.set.view[1].maxdaemons;
	for (int i = 0; i < BOOT_WORKERS; i++) {
		b->bells[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (b->bells[i] == -1)
			return -1;
	}
	b->new_certs = -1;
	b->boot.magic = BOOT_MAGIC;
	b->boot.version = IPC_VERSION;
	b->boot.size = sizeof(b->boot);
	if (getrandom(b->key, sizeof(b->key), 0) != sizeof(b->key) ||
	    getrandom(b->boot.board_key, sizeof(b->boot.board_key), 0) !=
		sizeof(b->boot.board_key))
		return -1;
	b->board = board_create(board_slots(conns));
	return b->board == -1 ? -1 : 0;
}

void
brood_start(struct brood *b, uint64_t now)
{
	if (b->stopping)
		return;
	if (tickets_turn(&b->tickets, b->boot.set.tls_ticket_time, now))
		for (int i = BROOD_SERVANTS; i < BROOD_OLD; i++)
			give_tickets(b, &b->v[i]);
	for (int i = 0; i < BROOD_SERVANTS; i++)
		if (b->v[i].pid == 0 && may_start(b, servants[i], now))
			start_child(b, &b->v[i], servants[i]);
	start_workers(b, false, now);
	if (b->boot.set.tls_external != 0)
		start_workers(b, true, now);
}

/* Workers for EXTERNAL are apart: auth believes no other about certificates. */
static void
start_workers(struct brood *b, bool external, uint64_t now)
{
	uint32_t want = external ? 1 : b->boot.set.workers, have = 0;
	struct child *c;

	for (int i = BROOD_SERVANTS; i < BROOD_OLD; i++)
		if (b->v[i].pid != 0 && !b->v[i].retired &&
		    b->v[i].external == external)
			have++;
	for (; have < want && may_start(b, BOOT_WORKER, now); have++) {
		c = free_number(b, external);
		if (c == NULL || start_child(b, c, BOOT_WORKER) == -1)
			return;
	}
}

static struct child *
free_number(struct brood *b, bool external)
{
	uint32_t from = external ? BOOT_WORKERS_CERT : 0;
	uint32_t to = external ? BOOT_WORKERS : BOOT_WORKERS_CERT;

	for (uint32_t i = from; i < to; i++)
		if (b->v[BROOD_SERVANTS + i].pid == 0) {
			b->v[BROOD_SERVANTS + i].number = i;
			b->v[BROOD_SERVANTS + i].external = external;
			return &b->v[BROOD_SERVANTS + i];
		}
	return NULL;
}

static bool
may_start(const struct brood *b, enum boot_role role, uint64_t now)
{
	return now >= b->throttle[role].retry;
}

int
brood_wait(const struct brood *b, uint64_t now)
{
	uint64_t retry, first = b->tickets.due > now ? b->tickets.due : now;

	if (b->stopping)
		return -1;
	if (b->drain != DRAIN_NONE) { /* who was killed will be reaped */
		retry = b->drain_until > now ? b->drain_until : now + 100;
		first = retry < first ? retry : first;
	}
	for (int i = 0; i < BOOT_ROLES; i++) {
		retry = b->throttle[i].retry;
		if (retry > now && retry < first)
			first = retry;
	}
	return (int)(first - now);
}

static int
start_child(struct brood *b, struct child *c, enum boot_role role)
{
	int channel[2] = {-1, -1}, log[2] = {-1, -1};
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	*c = (struct child){.role = role,
	    .number = c->number,
	    .external = c->external,
	    .channel = -1,
	    .log = -1,
	    .table = -1,
	    .incarnation = ++b->incarnations,
	    .started =
		(uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000};
	if (ipc_pair(channel) == 0 && (role == BOOT_LOG || log_pair(log) == 0))
		/* The logger's is the reading end of our own log channel. */
		c->pid = exec_child(
		    b, c, channel[1], role == BOOT_LOG ? b->log : log[1]);
	if (channel[1] != -1)
		close(channel[1]);
	if (log[1] != -1)
		close(log[1]);
	if (c->pid <= 0) {
		log_line(LOG_LEVEL_ERR, "cannot start %s: %s",
		    boot_role_name(role), strerror(errno));
		if (channel[0] != -1)
			close(channel[0]);
		if (log[0] != -1)
			close(log[0]);
		c->pid = 0;
		b->throttle[role].retry = c->started + 1000;
		return -1;
	}
	c->channel = channel[0];
	c->log = log[0];
	introduce(b, c);
	return 0;
}

static int
exec_child(struct brood *b, struct child *c, int parent, int log)
{
	const struct role *role = role_find(c->role);
	char path[4096];
	struct spawn spawn = {.program = path,
	    .option = role->option,
	    .boot = &b->boot,
	    .parent = parent,
	    .log = log,
	    .board = role->board ? b->board : -1,
	    .bells = role->board ? b->bells : NULL};
	pid_t pid;

	if (spawn_path(role->program, path, sizeof(path)) == -1)
		return -1;
	b->boot.role = c->role;
	b->boot.number = c->role == BOOT_WORKER ? c->number : 0;
	b->boot.incarnation = c->incarnation;
	pid = spawn_start(&spawn);
	b->boot.role = BOOT_MASTER;
	return pid;
}

/* What a newborn is told first, and the others about it. */
static void
introduce(struct brood *b, struct child *c)
{
	struct ipc_put put;
	int pair[2];

	give_key(b, c);
	give_tickets(b, c);
	if (c->role == BOOT_WORKER && b->certs != -1) {
		brood_send_certs(b, c, b->certs, !b->told);
		b->told = true;
	}
	give_log(b, c);
	if (c->role == BOOT_SPAWNER && notbefore_tell(c->channel) == -1)
		kill(c->pid, SIGKILL);
	if (c->role == BOOT_WORKER)
		give_table(b, c);
	if (c->role == BOOT_WATCH && b->local != -1) {
		ipc_begin(&put, IPC_LOCAL);
		brood_send(b, c, &put, b->local);
	}
	for (int i = 0; i < BROOD_MAX; i++) {
		struct child *other = &b->v[i];

		if (other->pid == 0 || other == c || other->old ||
		    !role_peers(c->role, other->role))
			continue;
		if (ipc_pair(pair) == -1) {
			log_line(LOG_LEVEL_ERR, "channel between %s and %s: %s",
			    boot_role_name(c->role),
			    boot_role_name(other->role), strerror(errno));
			kill(c->pid, SIGKILL); /* another try, later */
			return;
		}
		send_peer(b, c, other, pair[0]);
		send_peer(b, other, c, pair[1]);
		close(pair[0]);
		close(pair[1]);
	}
}

static void
give_key(struct brood *b, struct child *c)
{
	struct ipc_put put;

	if (!role_find(c->role)->key)
		return;
	ipc_begin(&put, IPC_KEY);
	ipc_put_bytes(&put, b->key, sizeof(b->key));
	if (c->role == BOOT_SPAWNER && b->drain != DRAIN_NONE)
		ipc_put_bytes(&put, b->moves.key, sizeof(b->moves.key));
	brood_send(b, c, &put, -1);
	ipc_wipe();
}

/* To whoever is a worker, of the old generation too: all resume with all. */
static void
give_tickets(struct brood *b, struct child *c)
{
	struct ipc_put put;

	if (c->pid == 0 || c->role != BOOT_WORKER)
		return;
	tickets_put(&b->tickets, &put);
	brood_send(b, c, &put, -1);
	ipc_wipe();
}

/* Of so many records as there may be clients in all. */
static void
give_table(struct brood *b, struct child *c)
{
	const struct settings_view *view = b->boot.set.view;
	struct ipc_put put;

	c->table =
	    conntab_create(view[0].maxdaemons + view[1].maxdaemons + REFUSED);
	if (c->table == -1) {
		log_line(
		    LOG_LEVEL_ERR, "connection table: %s", strerror(errno));
		return;
	}
	ipc_begin(&put, IPC_TABLE);
	ipc_put_u32(&put, c->number);
	ipc_put_u32(&put, 0);
	brood_send(b, c, &put, c->table);
}

/* The reading ends of log channels outlive a logger: we keep a copy. */
static void
give_log(struct brood *b, struct child *c)
{
	struct child *logger = &b->v[0];

	if (logger->pid == 0)
		return;
	if (c != logger) {
		send_peer(b, logger, c, c->log);
		return;
	}
	for (int i = 1; i < BROOD_MAX; i++)
		if (b->v[i].pid != 0)
			send_peer(b, logger, &b->v[i], b->v[i].log);
}

static void
send_peer(struct brood *b, struct child *to, const struct child *about, int fd)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_PEER);
	ipc_put_u32(&put, about->role);
	ipc_put_u32(&put, about->role == BOOT_WORKER ? about->number : 0);
	ipc_put_u64(&put, about->incarnation);
	brood_send(b, to, &put, fd);
}

int
brood_send(struct brood *b, struct child *c, struct ipc_put *put, int fd)
{
	bool many = put->type == IPC_CLIENT || put->type == IPC_EVICT;
	int ret;

	(void)b;
	if (c->pid == 0 || c->channel == -1) {
		errno = EPIPE;
		return -1;
	}
	if (many && !brood_has_room(c, 3)) {
		errno = EAGAIN;
		return -1;
	}
	ret = ipc_send(c->channel, put, &fd, fd == -1 ? 0 : 1);
	if (ret == -1 && errno == EAGAIN && !many) {
		log_line(LOG_LEVEL_ERR,
		    "%s %d does not read its channel, it is killed",
		    boot_role_name(c->role), (int)c->pid);
		kill(c->pid, SIGKILL);
		errno = EAGAIN;
	}
	return ret;
}

bool
brood_has_room(const struct child *c, int quarters)
{
	int unread, all;
	socklen_t n = sizeof(all);

	return ioctl(c->channel, SIOCOUTQ, &unread) == -1 ||
	       getsockopt(c->channel, SOL_SOCKET, SO_SNDBUF, &all, &n) == -1 ||
	       unread < all / 4 * quarters;
}

void
brood_hear(struct brood *b, struct child *c)
{
	static struct ipc_msg msg;
	int n = 0;

	for (int i = 0; i < SLICE && c->channel != -1; i++) {
		n = ipc_recv(c->channel, BOOT_MASTER, c->role, &msg);
		if (n != 1)
			break;
		hear_one(b, c, &msg);
	}
	if (c->channel == -1 || n == 1 || (n == -1 && errno == EAGAIN))
		return;
	if (n == -1) {
		log_line(LOG_LEVEL_ERR, "%s %d: bad message: %s",
		    boot_role_name(c->role), (int)c->pid, strerror(errno));
		kill(c->pid, SIGKILL);
	}
	/* Its end comes as SIGCHLD; who only closes the channel is helped. */
	close(c->channel);
	c->channel = -1;
	if (!b->stopping && !c->retired)
		kill(c->pid, SIGKILL);
}

static void
hear_one(struct brood *b, struct child *c, struct ipc_msg *msg)
{
	switch (msg->type) {
	case IPC_HELLO:
		take_hello(c, msg);
		return;
	case IPC_CLOSED:
	case IPC_LOGGEDIN:
	case IPC_FULL:
		take_conn(b, c, msg);
		return;
	case IPC_NAMED:
		if (b->named(b->named_arg, c, msg) == -1)
			offend(c, ipc_name(msg->type));
		return;
	case IPC_CERTS_OK:
		if (brood_hear_certs(b, c, msg) == -1)
			offend(c, ipc_name(msg->type));
		return;
	case IPC_OFFER:
	case IPC_SETTLED:
		if (moves_hear(b, c, msg) == -1)
			offend(c, ipc_name(msg->type));
		return;
	case IPC_BLAME:
		take_blame(b, c, msg);
		return;
	case IPC_KICK:
		if (brood_hear_kick(b, c, msg) == -1)
			offend(c, ipc_name(msg->type));
		return;
	default:
		offend(c, ipc_name(msg->type));
		return;
	}
}

/* It sent what it must not: it is ended and another one started. */
static void
offend(const struct child *c, const char *what)
{
	log_line(LOG_LEVEL_ERR,
	    "%s %d (number %u) broke the rules, it is "
	    "killed: %s",
	    boot_role_name(c->role), (int)c->pid, c->number, what);
	kill(c->pid, SIGKILL);
}

/* A worker may not name another one; a servant saw it do so. */
static void
take_blame(const struct brood *b, const struct child *c, struct ipc_msg *msg)
{
	struct ipc_get get;
	uint32_t number;
	uint64_t incarnation;

	ipc_open(&get, msg);
	number = ipc_get_u32(&get);
	incarnation = ipc_get_u64(&get);
	if (ipc_done(&get) == -1 || c->role == BOOT_WORKER) {
		offend(c, "BLAME");
		return;
	}
	for (int i = BROOD_SERVANTS; i < BROOD_MAX; i++)
		if (b->v[i].pid != 0 && b->v[i].number == number &&
		    b->v[i].incarnation == incarnation)
			offend(&b->v[i], boot_role_name(c->role));
}

static void
take_hello(struct child *c, struct ipc_msg *msg)
{
	struct ipc_get get;
	uint32_t version, role;

	ipc_open(&get, msg);
	version = ipc_get_u32(&get);
	role = ipc_get_u32(&get);
	if (ipc_done(&get) == 0 && version == IPC_VERSION && role == c->role &&
	    !c->hello) {
		c->hello = true;
		return;
	}
	log_line(LOG_LEVEL_ERR,
	    "%s %d speaks version %u, not %u: after an upgrade a restart is "
	    "needed",
	    boot_role_name(c->role), (int)c->pid, version, IPC_VERSION);
	kill(c->pid, SIGKILL);
}

static void
take_conn(struct brood *b, struct child *c, struct ipc_msg *msg)
{
	struct ipc_get get;
	uint64_t conn;

	ipc_open(&get, msg);
	conn = ipc_get_u64(&get);
	if (ipc_done(&get) == -1) {
		offend(c, ipc_name(msg->type));
		return;
	}
	if (msg->type == IPC_CLOSED)
		moves_settled(b, c, conn);
	if (msg->type == IPC_FULL)
		c->full = conn != 0;
	else if ((msg->type == IPC_CLOSED
			 ? admit_leave(b->admit, conn, c->number)
			 : admit_login(b->admit, conn, c->number)) == -1 &&
		 log_rare(&c->strays))
		log_line(LOG_LEVEL_WARN, "worker %u: %s of no client of its",
		    c->number, ipc_name(msg->type));
	if (c->retired)
		drain_end_retired(b, c);
}

void
brood_last_words(struct brood *b, pid_t pid)
{
	struct child *c = child_of(b, pid);

	if (c != NULL && c->channel != -1)
		brood_hear(b, c);
}

static struct child *
child_of(struct brood *b, pid_t pid)
{
	for (int i = 0; i < BROOD_MAX; i++)
		if (b->v[i].pid == pid)
			return &b->v[i];
	return NULL;
}

void
brood_reap(struct brood *b, pid_t pid, int status, uint64_t now)
{
	struct child *c = child_of(b, pid);

	if (c == NULL)
		return;
	tell_death(c, status, b->stopping || c->retired);
	if (c->channel != -1)
		close(c->channel);
	if (c->log != -1)
		close(c->log);
	if (c->role == BOOT_WORKER) {
		if (holdoff_crashed(status))
			holdoff_suspect(b->admit, c->number, now);
		admit_drop(b->admit, c->number);
	}
	if (role_find(c->role)->board)
		board_ring(b->bells);
	if (!b->ready && !c->old)
		b->failed = true;
	drain_died(b, c);
	if (!b->stopping && !c->retired)
		throttle(b, c, now);
	if (c->table != -1)
		close(c->table);
	c->pid = 0;
	c->channel = c->log = c->table = -1;
}

static void
tell_death(const struct child *c, int status, bool expected)
{
	const char *name = boot_role_name(c->role);

	if (WIFSIGNALED(status))
		log_line(LOG_LEVEL_ERR,
		    "%s %d (number %u) died of signal %d (%s)", name,
		    (int)c->pid, c->number, WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else if (!expected || WEXITSTATUS(status) != 0)
		log_line(LOG_LEVEL_ERR,
		    "%s %d (number %u) ended with status %d", name, (int)c->pid,
		    c->number, WEXITSTATUS(status));
}

/* At once after the first death; then 1, 2, 4 ... 60 s while they die soon. */
static void
throttle(struct brood *b, const struct child *c, uint64_t now)
{
	struct throttle *t = &b->throttle[c->role];
	uint64_t wait;

	if (now - c->started >= SOON)
		t->failures = 0;
	wait = t->failures == 0 ? 0 : UINT64_C(1000) << (t->failures - 1);
	if (wait > 60000)
		wait = 60000;
	/* Without any there is no house: the last one comes back soon. */
	if (wait > 1000 && c->role == BOOT_WORKER &&
	    brood_worker(b, c->external, UINT64_C(1) << c->number) == NULL)
		wait = 1000;
	if (t->failures < 7)
		t->failures++;
	t->retry = now + wait;
	if (wait > 0)
		log_line(LOG_LEVEL_WARN, "next %s in %u s",
		    boot_role_name(c->role), (unsigned)(wait / 1000));
}

bool
brood_ready(const struct brood *b)
{
	uint32_t workers = 0, want = b->boot.set.workers, old = 0;

	/* Two generations of 32 workers: two numbers are missing for a time. */
	for (int i = BROOD_SERVANTS; i < BROOD_OLD; i++)
		old += b->v[i].pid != 0 && b->v[i].old && !b->v[i].external;
	if (want + old > BOOT_WORKERS_CERT)
		want = BOOT_WORKERS_CERT - old;
	want += b->boot.set.tls_external != 0 ? 1 : 0;
	for (int i = 0; i < BROOD_MAX; i++) {
		const struct child *c = &b->v[i];

		if (i < BROOD_SERVANTS && (c->pid == 0 || !c->hello))
			return false;
		if (i >= BROOD_SERVANTS && c->pid != 0 && c->hello && !c->old &&
		    (b->certs == -1 || c->tls))
			workers++;
	}
	return workers >= want;
}

void
brood_settings(struct brood *b)
{
	struct ipc_put put;
	int fd;

	for (int i = 0; i < BROOD_MAX; i++) {
		struct child *c = &b->v[i];

		if (c->pid == 0 || c->old)
			continue;
		b->boot.role = c->role;
		b->boot.number = c->role == BOOT_WORKER ? c->number : 0;
		b->boot.incarnation = c->incarnation;
		fd = boot_write(&b->boot);
		if (fd == -1) {
			log_line(
			    LOG_LEVEL_ERR, "settings: %s", strerror(errno));
			break;
		}
		ipc_begin(&put, IPC_SETTINGS);
		brood_send(b, c, &put, fd);
		close(fd);
	}
	b->boot.role = BOOT_MASTER;
}

struct child *
brood_servant(struct brood *b, enum boot_role role)
{
	for (int i = 0; i < BROOD_SERVANTS; i++)
		if (servants[i] == role)
			return &b->v[i];
	return NULL;
}

void
brood_stop(struct brood *b, enum boot_role role, bool fast, uint32_t seconds)
{
	struct ipc_put put;

	for (int i = 0; i < BROOD_MAX; i++) {
		if (!of_role(&b->v[i], role))
			continue;
		ipc_begin(&put, IPC_STOP);
		ipc_put_u32(&put, fast ? 1 : 0);
		ipc_put_u32(&put, seconds);
		brood_send(b, &b->v[i], &put, -1);
	}
}

void
brood_kill(struct brood *b, enum boot_role role)
{
	for (int i = 0; i < BROOD_MAX; i++)
		if (of_role(&b->v[i], role)) {
			log_line(LOG_LEVEL_WARN, "%s %d is killed",
			    boot_role_name(b->v[i].role), (int)b->v[i].pid);
			kill(b->v[i].pid, SIGKILL);
		}
}

unsigned
brood_count(const struct brood *b, enum boot_role role)
{
	unsigned n = 0;

	for (int i = 0; i < BROOD_MAX; i++)
		if (of_role(&b->v[i], role))
			n++;
	return n;
}

static bool
of_role(const struct child *c, enum boot_role role)
{
	return c->pid != 0 && (role == BOOT_ANY || c->role == role);
}

struct child *
brood_worker(struct brood *b, bool external, uint64_t skip)
{
	struct child *best = NULL;
	bool best_behind = false, behind;

	for (int i = BROOD_SERVANTS; i < BROOD_OLD; i++) {
		struct child *c = &b->v[i];

		if (c->pid == 0 || !c->hello || c->retired ||
		    c->channel == -1 || c->full || c->external != external ||
		    (skip >> c->number & 1) != 0)
			continue;
		behind = is_behind(c);
		if (best == NULL || (best_behind && !behind) ||
		    (best_behind == behind &&
			admit_load(b->admit, c->number) <
			    admit_load(b->admit, best->number))) {
			best = c;
			best_behind = behind;
		}
	}
	return best;
}

/* Whether messages to it lie unread: it may be stopped, or have too much. */
static bool
is_behind(const struct child *c)
{
	int unread = 0;

	return ioctl(c->channel, SIOCOUTQ, &unread) == 0 && unread > 0;
}
