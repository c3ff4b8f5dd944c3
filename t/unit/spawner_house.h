/*
 * The house around a spawner for its tests: a real template and real spares
 * under it; master, auth and workers are played by the test. Included after
 * cmocka.h.
 */
#ifndef T_UNIT_SPAWNER_HOUSE_H
#define T_UNIT_SPAWNER_HOUSE_H

#include <bsd/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "auth/ticket.h"
#include "master/holdoff.h"
#include "master/landlock.h"
#include "master/settings.h"
#include "master/spare.h"
#include "master/spawner.h"
#include "shm/ipc.h"
#include "shm/log.h"
#define MAYBE __attribute__((unused))
#define OWNER 65530

static struct boot boot;
static struct ticket ticket;
static uint8_t key[TICKET_KEY] = "thirty-two bytes of a ticket key";
static uint8_t old_key[TICKET_KEY] = "the key of the generation before";
static char dir[64];
static pid_t spawner;
static uint32_t yields; /* IMAP_PARK_YIELD */
static int master, workers[2];
static struct ipc_msg msg;

struct report { /* what a session says of itself, on its control channel */
	char user[256];
	uid_t uid;
	gid_t gid;
	int ngroups, rootfd, rooterr, dumpable, nnp, escaped, other;
	mode_t umask;
	pid_t pid;
};

/* The test's session: reports, then waits for the end of its control. */
MAYBE static int
serve(const struct settings *set, const struct owner *owner, int rootfd,
    int rooterr, int control)
{
	struct report r = {.uid = getuid(),
	    .gid = getgid(),
	    .ngroups = getgroups(0, NULL),
	    .rootfd = rootfd,
	    .rooterr = rooterr,
	    .dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0),
	    .nnp = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0),
	    .pid = getpid()};
	char byte;

	(void)set;
	snprintf(r.user, sizeof(r.user), "%s", owner->user);
	r.umask = umask(0);
	r.escaped = setuid(0) == 0 && r.uid != 0;
	r.other = open("/etc/passwd", O_RDONLY | O_CLOEXEC) != -1;
	send(control, &r, sizeof(r), MSG_NOSIGNAL);
	while (recv(control, &byte, 1, 0) == -1 && errno == EINTR)
		continue;
	return 0;
}

MAYBE static pid_t
start_template(const struct boot *b, int channel)
{
	static const struct spare_work work = {serve};
	int mine;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	/* As after exec: only its own end is left. */
	mine = fcntl(channel, F_DUPFD, 200);
	for (int fd = 6; fd < 200; fd++)
		close(fd);
	_exit(template_run(b, mine, &work));
}

MAYBE static void
await(int channel, enum boot_role from, enum boot_role me)
{
	struct pollfd p = {.fd = channel, .events = POLLIN};
	int n;

	if (poll(&p, 1, 5000) != 1)
		fail_msg("no message");
	n = ipc_recv(channel, me, from, &msg);
	if (n != 1)
		fail_msg("channel: %d", n);
}

MAYBE static void
add_worker(uint32_t number, uint64_t incarnation, int *channel)
{
	struct ipc_put put;
	int pair[2];

	assert_int_equal(ipc_pair(pair), 0);
	ipc_begin(&put, IPC_PEER);
	ipc_put_u32(&put, BOOT_WORKER);
	ipc_put_u32(&put, number);
	ipc_put_u64(&put, incarnation);
	assert_int_equal(ipc_send(master, &put, &pair[1], 1), 0);
	close(pair[1]);
	*channel = pair[0];
}

MAYBE static void
send_keys(bool heir)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_KEY);
	ipc_put_bytes(&put, key, sizeof(key));
	if (heir)
		ipc_put_bytes(&put, old_key, sizeof(old_key));
	assert_int_equal(ipc_send(master, &put, NULL, 0), 0);
}

MAYBE static int
begin(int privileged)
{
	int up[2];

	snprintf(dir, sizeof(dir), "/tmp/master_spawner.XXXXXX");
	if (mkdtemp(dir) == NULL || ipc_pair(up) == -1)
		return -1;
	settings_default(&boot.set);
	boot.magic = BOOT_MAGIC;
	boot.version = IPC_VERSION;
	boot.size = sizeof(boot);
	boot.role = BOOT_SPAWNER;
	boot.privileged = (uint32_t)privileged;
	boot.set.spares = 2;
	boot.set.maxperuser = 3;
	boot.set.park_yield = yields;
	if (privileged != 0 && chown(dir, OWNER, OWNER) == -1)
		return -1;
	spawner = fork();
	if (spawner == 0) {
		close(up[0]);
		_exit(spawner_run(&boot, up[1], start_template));
	}
	close(up[1]);
	master = up[0];
	await(master, BOOT_SPAWNER, BOOT_MASTER);
	assert_int_equal(msg.type, IPC_HELLO);
	add_worker(0, 70, &workers[0]);
	add_worker(1, 71, &workers[1]);
	memset(&ticket, 0, sizeof(ticket));
	snprintf(ticket.owner.user, sizeof(ticket.owner.user), "alice");
	snprintf(ticket.owner.maildir, sizeof(ticket.owner.maildir), "%s", dir);
	ticket.owner.uid = privileged != 0 ? OWNER : getuid();
	ticket.owner.gid = privileged != 0 ? OWNER : getgid();
	ticket.time = (uint64_t)time(NULL);
	ticket.worker = 0;
	ticket.incarnation = 70;
	ticket.conn = 5;
	return 0;
}

MAYBE static int
setup(void **state)
{
	(void)state;
	if (begin(0) == -1)
		return -1;
	send_keys(false);
	return 0;
}

/* After an upgrade. */
MAYBE static int
setup_heir(void **state)
{
	(void)state;
	if (begin(0) == -1)
		return -1;
	send_keys(true);
	return 0;
}

MAYBE static int
setup_root(void **state)
{
	(void)state;
	if (geteuid() != 0)
		return 0;
	if (begin(1) == -1)
		return -1;
	send_keys(false);
	return 0;
}

MAYBE static int
setup_without_key(void **state)
{
	(void)state;
	return begin(0);
}

MAYBE static int
teardown(void **state)
{
	(void)state;
	if (spawner == 0)
		return 0;
	ipc_drop(&msg);
	close(master);
	close(workers[0]);
	close(workers[1]);
	waitpid(spawner, NULL, 0);
	spawner = 0;
	rmdir(dir);
	return 0;
}

/* Shows the ticket; *control is our end if fresh. */
MAYBE static void
show(int worker, uint64_t conn, bool fresh, int *control)
{
	uint8_t sealed[TICKET_MAX];
	size_t len = ticket_seal(&ticket, key, sealed, sizeof(sealed));
	struct ipc_put put;
	int pair[2] = {-1, -1};

	if (fresh)
		assert_int_equal(ipc_pair(pair), 0);
	ipc_begin(&put, IPC_START);
	ipc_put_u64(&put, conn);
	ipc_put_u32(&put, fresh);
	ipc_put_bytes(&put, sealed, len);
	assert_int_equal(
	    ipc_send(workers[worker], &put, &pair[1], fresh ? 1 : 0), 0);
	if (fresh) {
		close(pair[1]);
		*control = pair[0];
	}
	await(workers[worker], BOOT_SPAWNER, BOOT_WORKER);
}

MAYBE static void
wants_refusal(int worker, uint64_t conn, uint32_t why)
{
	struct ipc_get get;
	int control;

	show(worker, conn, true, &control);
	close(control);
	assert_int_equal(msg.type, IPC_REFUSED);
	ipc_open(&get, &msg);
	assert_int_equal(ipc_get_u64(&get), conn);
	assert_int_equal(ipc_get_u32(&get), why);
}

/* It has broken the rules: dropped, and the master knows; a new one comes. */
MAYBE static void
is_dropped(int worker)
{
	struct ipc_get get;
	char byte;

	assert_int_equal(recv(workers[worker], &byte, 1, 0), 0);
	close(workers[worker]);
	await(master, BOOT_SPAWNER, BOOT_MASTER);
	assert_int_equal(msg.type, IPC_BLAME);
	ipc_open(&get, &msg);
	assert_int_equal(ipc_get_u32(&get), worker);
	assert_int_equal(ipc_get_u64(&get), 70 + worker);
	assert_int_equal(ipc_done(&get), 0);
	add_worker((uint32_t)worker, 70 + (uint64_t)worker, &workers[worker]);
}

MAYBE static int
wants_session(int worker, uint64_t conn, struct report *r)
{
	struct pollfd p = {.events = POLLIN};
	struct ipc_get get;
	int control;

	show(worker, conn, true, &control);
	assert_int_equal(msg.type, IPC_STARTED);
	ipc_open(&get, &msg);
	assert_int_equal(ipc_get_u64(&get), conn);
	assert_int_equal(ipc_done(&get), 0);
	p.fd = control;
	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_int_equal(recv(control, r, sizeof(*r), 0), sizeof(*r));
	return control;
}

MAYBE static void
ended(int worker, uint64_t conn)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_ENDED);
	ipc_put_u64(&put, conn);
	assert_int_equal(ipc_send(workers[worker], &put, NULL, 0), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define HEIR(f) cmocka_unit_test_setup_teardown(f, setup_heir, teardown)
#define ROOT(f) cmocka_unit_test_setup_teardown(f, setup_root, teardown)

/* What every main does first. */
static void
house(int argc, char **argv)
{
	int null = open("/dev/null", O_RDWR);

	setproctitle_init(argc, argv, environ);
	/*
	 * The session here asks the kernel what a real one may not ask: as
	 * under valgrind there is no filter (t/unit/shm_filter.c tries those).
	 */
	setenv("LD_PRELOAD", "/vgpreload_none", 1);
	/* The places of a child's inherited descriptors, the log's among them.
	 */
	while (null != -1 && null <= BOOT_FD_LOG)
		null = open("/dev/null", O_RDWR);
	log_init(BOOT_FD_LOG, "test");
	signal(SIGPIPE, SIG_IGN);
}

#endif
