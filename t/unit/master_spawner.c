/*
 * The spawner, with a real template and real spares under it: what it gives for
 * a ticket, and what it refuses. The test plays master, auth and workers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <bsd/unistd.h>
#include <cmocka.h>
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
static int
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

static pid_t
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

static void
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

static void
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

static void
send_keys(bool heir)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_KEY);
	ipc_put_bytes(&put, key, sizeof(key));
	if (heir)
		ipc_put_bytes(&put, old_key, sizeof(old_key));
	assert_int_equal(ipc_send(master, &put, NULL, 0), 0);
}

static int
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

static int
setup(void **state)
{
	(void)state;
	if (begin(0) == -1)
		return -1;
	send_keys(false);
	return 0;
}

/* After an upgrade. */
static int
setup_heir(void **state)
{
	(void)state;
	if (begin(0) == -1)
		return -1;
	send_keys(true);
	return 0;
}

static int
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

static int
setup_without_key(void **state)
{
	(void)state;
	return begin(0);
}

static int
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
static void
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

static void
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
static void
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

static int
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

static void
ended(int worker, uint64_t conn)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_ENDED);
	ipc_put_u64(&put, conn);
	assert_int_equal(ipc_send(workers[worker], &put, NULL, 0), 0);
}

static void
a_ticket_brings_a_session_of_its_account(void **state)
{
	struct report r;
	int control;

	(void)state;
	boot.set.umask = 022;
	control = wants_session(0, 5, &r);
	assert_string_equal(r.user, "alice");
	assert_int_not_equal(r.rootfd, -1);
	assert_int_equal(r.nnp, 1);
	assert_int_equal(r.dumpable, 0);
	assert_int_equal(r.umask, 022);
	if (landlock_version() >= 2)
		assert_int_equal(r.other, 0); /* not its Maildir */
	close(control);
}

static void
a_missing_maildir_is_the_sessions_to_tell(void **state)
{
	struct report r;

	(void)state;
	strcat(ticket.owner.maildir, "/gone");
	close(wants_session(0, 5, &r));
	assert_int_equal(r.rootfd, -1);
	assert_int_equal(r.rooterr, ENOENT);
}

static void
a_session_is_its_owner_and_cannot_go_back(void **state)
{
	struct report r;

	(void)state;
	if (geteuid() != 0)
		skip();
	ticket.owner.ngroups = 2;
	ticket.owner.groups[0] = 65000;
	ticket.owner.groups[1] = 65001;
	close(wants_session(0, 5, &r));
	assert_int_equal(r.uid, OWNER);
	assert_int_equal(r.gid, OWNER);
	assert_int_equal(r.ngroups, 2);
	assert_int_equal(r.escaped, 0);
	assert_int_equal(r.dumpable, 0);
	assert_int_not_equal(r.rootfd, -1);
}

static void
root_and_uids_below_minuid_are_refused(void **state)
{
	static const struct {
		uint32_t uid;
		bool refused;
	} cases[] = {{0, true}, {499, true}, {500, false}, {501, false}};
	struct report r;
	uint64_t conn = 5;

	(void)state;
	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < 4; i++) {
		ticket.owner.uid = cases[i].uid;
		ticket.conn = ++conn;
		if (cases[i].refused)
			wants_refusal(0, conn, IPC_REFUSED_TICKET);
		else {
			close(wants_session(0, conn, &r));
			assert_int_equal(r.uid, cases[i].uid);
		}
	}
}

static void
a_ticket_is_for_one_worker_one_life_one_connection(void **state)
{
	(void)state;
	wants_refusal(0, 6, IPC_REFUSED_TICKET);
	is_dropped(0);
	wants_refusal(1, 5, IPC_REFUSED_TICKET);
	is_dropped(1);
	ticket.incarnation = 69;
	wants_refusal(0, 5, IPC_REFUSED_TICKET);
	is_dropped(0);
}

static void
a_ticket_has_an_age(void **state)
{
	static const struct {
		int age;
		bool refused;
	} cases[] = {{TICKET_AGE - 2, false}, {TICKET_AGE + 1, true},
	    {-4, false}, {-10, true}};
	struct report r;
	uint64_t conn = 5;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		ticket.time = (uint64_t)(time(NULL) - cases[i].age);
		ticket.conn = ++conn;
		if (cases[i].refused)
			wants_refusal(0, conn, IPC_REFUSED_TICKET);
		else {
			close(wants_session(0, conn, &r));
			ended(0, conn);
		}
	}
}

static void
a_forged_ticket_is_refused(void **state)
{
	(void)state;
	key[0] ^= 1;
	wants_refusal(0, 5, IPC_REFUSED_TICKET);
	is_dropped(0);
	key[0] ^= 1;
}

static void
without_a_key_no_ticket_is_good(void **state)
{
	struct report r;

	(void)state;
	wants_refusal(0, 5, IPC_REFUSED_TICKET);
	send_keys(false);
	/* Whom the spawner hears of after the key it serves with it. */
	close(workers[1]);
	add_worker(1, 72, &workers[1]);
	ticket.worker = 1;
	ticket.incarnation = 72;
	close(wants_session(1, 5, &r));
}

static void
maxperuser_counts_clients_of_an_account(void **state)
{
	struct ipc_get get;
	struct report r;
	int control;

	(void)state;
	for (ticket.conn = 1; ticket.conn <= 2; ticket.conn++)
		close(wants_session(0, ticket.conn, &r));
	/* The third has a session already: counted, nothing started. */
	show(0, 3, false, NULL);
	assert_int_equal(msg.type, IPC_STARTED);
	ticket.conn = 4;
	show(0, 4, true, &control);
	close(control);
	assert_int_equal(msg.type, IPC_REFUSED);
	ipc_open(&get, &msg);
	ipc_get_u64(&get);
	assert_int_equal(ipc_get_u32(&get), IPC_REFUSED_LIMIT);
	assert_int_equal(ipc_get_u32(&get), 3);
	assert_int_equal(ipc_get_u32(&get), 3);
	/* Another account is not concerned; one that ends makes place. */
	strcpy(ticket.owner.user, "bob");
	ticket.conn = 5;
	close(wants_session(0, 5, &r));
	strcpy(ticket.owner.user, "alice");
	ended(0, 3);
	ticket.conn = 6;
	close(wants_session(0, 6, &r));
	ticket.conn = 7;
	wants_refusal(0, 7, IPC_REFUSED_LIMIT);
}

static void
answers(int worker, enum ipc_type type, uint64_t conn)
{
	struct ipc_put put;

	ipc_begin(&put, type);
	ipc_put_u64(&put, conn);
	assert_int_equal(ipc_send(workers[worker], &put, NULL, 0), 0);
}

static void
is_told(enum ipc_type type, uint64_t conn)
{
	struct ipc_get get;

	assert_string_equal(ipc_name(msg.type), ipc_name(type));
	ipc_open(&get, &msg);
	assert_int_equal(ipc_get_u64(&get), conn);
}

static void
a_parked_client_makes_place_across_workers(void **state)
{
	struct report r;
	int control;

	(void)teardown(state);
	yields = 1;
	assert_int_equal(setup(state), 0);
	yields = 0;
	ticket.conn = 1;
	close(wants_session(0, 1, &r));
	ticket.worker = 1;
	ticket.incarnation = 71;
	ticket.conn = 2;
	close(wants_session(1, 2, &r));
	ticket.worker = 0;
	ticket.incarnation = 70;
	ticket.conn = 3;
	close(wants_session(0, 3, &r));
	ticket.conn = 4;
	show(0, 4, true, &control);
	is_told(IPC_YIELD, 1);
	answers(0, IPC_KEPT, 1);
	await(workers[1], BOOT_SPAWNER, BOOT_WORKER);
	is_told(IPC_YIELD, 2);
	answers(1, IPC_ENDED, 2);
	await(workers[0], BOOT_SPAWNER, BOOT_WORKER);
	is_told(IPC_STARTED, 4);
	assert_int_equal(recv(control, &r, sizeof(r), 0), sizeof(r));
	close(control);
	/* Nobody is parked. */
	ticket.conn = 5;
	show(0, 5, true, &control);
	for (uint64_t conn = 1; conn <= 4; conn++) {
		if (conn == 2)
			continue;
		is_told(IPC_YIELD, conn);
		answers(0, IPC_KEPT, conn);
		await(workers[0], BOOT_SPAWNER, BOOT_WORKER);
	}
	is_told(IPC_REFUSED, 5);
	close(control);
}

static void
a_dead_workers_clients_are_not_counted(void **state)
{
	struct report r;

	(void)state;
	ticket.worker = 1;
	ticket.incarnation = 71;
	for (ticket.conn = 1; ticket.conn <= 3; ticket.conn++)
		close(wants_session(1, ticket.conn, &r));
	ticket.conn = 4;
	wants_refusal(1, 4, IPC_REFUSED_LIMIT);
	close(workers[1]);
	add_worker(1, 72, &workers[1]);
	ticket.incarnation = 72;
	close(wants_session(1, 4, &r));
}

/* Parked and woken, it counts as before, and its ticket has no age. */
static void
a_counted_connection_gets_another_session(void **state)
{
	struct report r;

	(void)state;
	close(wants_session(0, 5, &r));
	close(wants_session(0, 5, &r));
	ticket.time -= TICKET_AGE + 100;
	close(wants_session(0, 5, &r));
	ended(0, 5);
	wants_refusal(0, 5, IPC_REFUSED_TICKET);
	ticket.time += TICKET_AGE + 100;
	close(wants_session(0, 5, &r));
}

/* ... but not as another account's. */
static void
a_counted_connection_stays_its_accounts(void **state)
{
	struct report r;

	(void)state;
	close(wants_session(0, 5, &r));
	strcpy(ticket.owner.user, "bob");
	wants_refusal(0, 5, IPC_REFUSED_UNAVAILABLE);
}

/* Worker 40 of the old generation has offered it to ours of that number. */
static void
send_heir(uint64_t conn, uint32_t to)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_HEIR);
	ipc_put_u64(&put, conn);
	ipc_put_u32(&put, 40);
	ipc_put_u64(&put, 33);
	ipc_put_u32(&put, to);
	ipc_put_u64(&put, 70 + to);
	assert_int_equal(ipc_send(master, &put, NULL, 0), 0);
}

/* Shows the ticket as an old one; what came is in "ticket" if it was taken. */
static bool
reseal(int worker, uint64_t conn, const uint8_t *with)
{
	uint8_t sealed[TICKET_MAX];
	size_t len = ticket_seal(&ticket, with, sealed, sizeof(sealed));
	const uint8_t *got;
	struct ipc_put put;
	struct ipc_get get;
	char user[256];

	ipc_begin(&put, IPC_RESEAL);
	ipc_put_u64(&put, conn);
	ipc_put_bytes(&put, sealed, len);
	assert_int_equal(ipc_send(workers[worker], &put, NULL, 0), 0);
	await(workers[worker], BOOT_SPAWNER, BOOT_WORKER);
	assert_int_equal(msg.type, IPC_RESEALED);
	ipc_open(&get, &msg);
	assert_int_equal(ipc_get_u64(&get), conn);
	ipc_get_str(&get, user, sizeof(user));
	got = ipc_get_bytes(&get, &len, TICKET_MAX);
	assert_int_equal(ipc_done(&get), 0);
	if (len == 0)
		return false;
	assert_string_equal(user, ticket.owner.user);
	assert_int_equal(ticket_open(got, len, key, &ticket), 0);
	return true;
}

/* As the old auth has sealed it, hours ago. */
static void
old_ticket(uint64_t conn)
{
	ticket.time = (uint64_t)time(NULL) - 7200;
	ticket.worker = 40;
	ticket.incarnation = 33;
	ticket.conn = conn;
}

static void
an_inherited_ticket_is_sealed_again(void **state)
{
	uint64_t when;
	struct report r;

	(void)state;
	old_ticket(5);
	when = ticket.time;
	send_heir(5, 1);
	assert_true(reseal(1, 5, old_key));
	assert_int_equal(ticket.worker, 1);
	assert_int_equal(ticket.incarnation, 71);
	assert_int_equal(ticket.conn, 5);
	assert_int_equal(ticket.time, when); /* imapctl kick voids it still */
	assert_string_equal(ticket.owner.maildir, dir);
	close(wants_session(1, 5, &r));
	assert_string_equal(r.user, "alice");
}

static void
an_inherited_ticket_must_be_vouched_for(void **state)
{
	struct ipc_put put;

	(void)state;
	old_ticket(5);
	assert_false(reseal(0, 5, old_key)); /* nobody has said so */
	send_heir(5, 1);
	assert_false(reseal(0, 5, old_key)); /* of another worker */
	assert_false(reseal(1, 6, old_key)); /* of another connection */
	send_heir(6, 1);
	assert_false(reseal(1, 6, old_key)); /* sealed for another one */
	ticket.worker = 41;
	assert_false(reseal(1, 5, old_key)); /* who offered it had no right */
	old_ticket(5);
	assert_false(reseal(1, 5, old_key)); /* and each word holds once */
	send_heir(5, 1);
	ticket.incarnation = 34;
	assert_false(reseal(1, 5, old_key));
	old_ticket(5);
	send_heir(5, 1);
	assert_false(reseal(1, 5, key)); /* ours are not theirs */
	send_heir(5, 1);
	ipc_begin(&put, IPC_NOTBEFORE);
	ipc_put_str(&put, "alice");
	ipc_put_u64(&put, ticket.time);
	assert_int_equal(ipc_send(master, &put, NULL, 0), 0);
	assert_false(reseal(1, 5, old_key)); /* it was ended meanwhile */
	ticket.time++;
	send_heir(5, 1);
	assert_true(reseal(1, 5, old_key)); /* the worker is still there */
	/* The old key opens nothing but that. */
	old_ticket(7);
	ticket.worker = 1;
	ticket.incarnation = 71;
	ticket.time = (uint64_t)time(NULL);
	memcpy(key, old_key, sizeof(key));
	wants_refusal(1, 7, IPC_REFUSED_TICKET);
	memcpy(key, "thirty-two bytes of a ticket key", sizeof(key));
	is_dropped(1);
}

/* Those who were let in stay in, and count. */
static void
an_inherited_client_counts_whatever_the_limit(void **state)
{
	struct report r;

	(void)state;
	for (uint64_t i = 1; i <= 4; i++) {
		old_ticket(i);
		send_heir(i, 0);
		assert_true(reseal(0, i, old_key));
	}
	ticket.time = (uint64_t)time(NULL);
	ticket.conn = 9;
	wants_refusal(0, 9, IPC_REFUSED_LIMIT);
	ended(0, 1);
	ended(0, 2);
	close(wants_session(0, 9, &r));
}

static void
malformed_messages_cost_only_their_sender(void **state)
{
	struct ipc_put put;
	struct report r;

	(void)state;
	ipc_begin(&put, IPC_START); /* fresh, but no descriptor */
	ipc_put_u64(&put, 5);
	ipc_put_u32(&put, 1);
	ipc_put_bytes(&put, "x", 1);
	assert_int_equal(ipc_send(workers[0], &put, NULL, 0), 0);
	await(workers[0], BOOT_SPAWNER, BOOT_WORKER);
	assert_int_equal(msg.type, IPC_REFUSED);
	is_dropped(0);
	ended(0, 99);               /* of nobody: it may have gone meanwhile */
	ipc_begin(&put, IPC_ENDED); /* too short */
	assert_int_equal(ipc_send(workers[0], &put, NULL, 0), 0);
	is_dropped(0);
	/* Not a message for a spawner: this worker is dropped. */
	ipc_begin(&put, IPC_ASK);
	assert_int_equal(ipc_send(workers[0], &put, NULL, 0), 0);
	assert_int_equal(recv(workers[0], &r, 1, 0), 0);
	ticket.worker = 1;
	ticket.incarnation = 71;
	close(wants_session(1, 5, &r));
}

static void
a_dead_template_is_replaced_and_its_sessions_live(void **state)
{
	struct pollfd p = {.events = POLLIN};
	struct report one, two;
	char cmd[64], line[32] = "";
	int first, second;
	FILE *f;

	(void)state;
	first = wants_session(0, 5, &one);
	snprintf(cmd, sizeof(cmd), "ps -o ppid= -p %d", (int)one.pid);
	f = popen(cmd, "r");
	assert_non_null(fgets(line, sizeof(line), f));
	pclose(f);
	kill((pid_t)strtol(line, NULL, 10), SIGKILL);
	usleep(50000);
	ticket.conn = 6;
	second = wants_session(0, 6, &two);
	assert_int_not_equal(one.pid, two.pid);
	p.fd = first;
	assert_int_equal(poll(&p, 1, 100), 0); /* still there */
	close(first);
	close(second);
}

/* A session of connection conn, and its end. */
static void
kill_session(int signal, uint64_t conn)
{
	struct pollfd p = {.events = POLLIN};
	struct report r;

	ticket.conn = conn;
	p.fd = wants_session(0, conn, &r);
	kill(r.pid, signal);
	assert_int_equal(poll(&p, 1, 5000), 1);
	close(p.fd);
	usleep(100000); /* the template reaps it, and tells */
}

static void
crashes_hold_the_account_off_and_no_other(void **state)
{
	uint64_t conn = 10;
	struct ipc_get get;
	struct report r;
	int control;

	(void)state;
	/* What an administrator or the kernel without memory does. */
	for (int i = 0; i < HOLDOFF_CRASHES; i++)
		kill_session(SIGKILL, conn++ % 3 + 1);
	for (int i = 0; i < HOLDOFF_CRASHES; i++)
		kill_session(SIGABRT, (uint64_t)i + 1);
	/* Parked: it keeps its place, and waits, once the death is known. */
	ticket.conn = 3;
	for (int i = 0; i < 100; i++) {
		show(0, 3, true, &control);
		close(control);
		if (msg.type == IPC_REFUSED)
			break;
		usleep(1000);
	}
	assert_int_equal(msg.type, IPC_REFUSED);
	ipc_open(&get, &msg);
	assert_int_equal(ipc_get_u64(&get), 3);
	assert_int_equal(ipc_get_u32(&get), IPC_REFUSED_UNAVAILABLE);
	snprintf(ticket.owner.user, sizeof(ticket.owner.user), "bob");
	ticket.conn = 4;
	close(wants_session(0, 4, &r));
	snprintf(ticket.owner.user, sizeof(ticket.owner.user), "alice");
	/* Whom a session of the account serves that is there already. */
	ticket.conn = 3;
	show(0, 3, false, NULL);
	assert_int_equal(msg.type, IPC_STARTED);
	usleep((HOLDOFF_FIRST + 100) * 1000);
	close(wants_session(0, 3, &r));
}

static void
a_reload_reaches_new_sessions_only(void **state)
{
	struct pollfd p = {.events = POLLIN};
	struct ipc_put put;
	struct report r;
	int old, fd;

	(void)state;
	old = wants_session(0, 5, &r);
	boot.set.umask = 077;
	fd = boot_write(&boot);
	ipc_begin(&put, IPC_SETTINGS);
	assert_int_equal(ipc_send(master, &put, &fd, 1), 0);
	close(fd);
	usleep(50000);
	ticket.conn = 6;
	close(wants_session(0, 6, &r));
	assert_int_equal(r.umask, 077);
	p.fd = old;
	assert_int_equal(poll(&p, 1, 100), 0);
	close(old);
}

static void
sessions_outlive_a_dead_spawner(void **state)
{
	struct pollfd p = {.events = POLLIN};
	struct report r;
	int control;

	(void)state;
	control = wants_session(0, 5, &r);
	kill(spawner, SIGKILL);
	p.fd = control;
	assert_int_equal(poll(&p, 1, 200), 0);
	close(control);
	for (int i = 0; i < 100 && kill(r.pid, 0) == 0; i++)
		usleep(20000);
	assert_int_equal(kill(r.pid, 0), -1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define HEIR(f) cmocka_unit_test_setup_teardown(f, setup_heir, teardown)
#define ROOT(f) cmocka_unit_test_setup_teardown(f, setup_root, teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_ticket_brings_a_session_of_its_account),
	    TEST(a_missing_maildir_is_the_sessions_to_tell),
	    ROOT(a_session_is_its_owner_and_cannot_go_back),
	    ROOT(root_and_uids_below_minuid_are_refused),
	    TEST(a_ticket_is_for_one_worker_one_life_one_connection),
	    TEST(a_ticket_has_an_age),
	    TEST(a_forged_ticket_is_refused),
	    cmocka_unit_test_setup_teardown(
		without_a_key_no_ticket_is_good, setup_without_key, teardown),
	    TEST(maxperuser_counts_clients_of_an_account),
	    TEST(a_parked_client_makes_place_across_workers),
	    TEST(a_dead_workers_clients_are_not_counted),
	    TEST(a_counted_connection_gets_another_session),
	    TEST(a_counted_connection_stays_its_accounts),
	    HEIR(an_inherited_ticket_is_sealed_again),
	    HEIR(an_inherited_ticket_must_be_vouched_for),
	    HEIR(an_inherited_client_counts_whatever_the_limit),
	    TEST(malformed_messages_cost_only_their_sender),
	    TEST(a_dead_template_is_replaced_and_its_sessions_live),
	    TEST(crashes_hold_the_account_off_and_no_other),
	    TEST(a_reload_reaches_new_sessions_only),
	    TEST(sessions_outlive_a_dead_spawner),
	};
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
	return cmocka_run_group_tests(tests, NULL, NULL);
}
