/*
 * The master between old workers and new ones: who becomes the heir of an
 * offered client, who hears what of it, and that a full worker is passed over.
 * The test plays the children; those that break the rules are killed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/brood.h"
#include "master/drain.h"
#include "master/settings.h"
#include "shm/log.h"

#define OLD     0 /* numbers of workers */
#define NEW     5
#define OTHER   6
#define SPAWNER 3 /* its place among the servants */

static struct brood b;
static int ends[BROOD_MAX]; /* of the children, by place */
static struct ipc_msg msg;
static uint64_t conns[IPC_MOVE_MOST + 2];

static struct child *
worker(unsigned number)
{
	return &b.v[BROOD_SERVANTS + number];
}

static void
be_born(int place, enum boot_role role, uint32_t number, bool old)
{
	int pair[2];
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			(void)pause();
	assert_int_equal(ipc_pair(pair), 0);
	b.v[place] = (struct child){.pid = pid,
	    .role = role,
	    .number = number,
	    .incarnation = 100 + (uint64_t)place,
	    .channel = pair[0],
	    .log = -1,
	    .table = -1,
	    .hello = true,
	    .old = old,
	    .retired = old};
	ends[place] = pair[1];
}

/* A client of the old worker. */
static uint64_t
client(bool logged_in)
{
	static struct admit_ask ask = {.now = 1};
	struct admit_answer answer;

	ask.addr[0] = 0x20;
	ask.addr[1]++;
	admit_enter(b.admit, &b.boot.set, &ask, &answer);
	assert_int_equal(answer.verdict, ADMIT_OK);
	assert_int_equal(
	    admit_give(b.admit, answer.conn, BOOT_WORKERS, OLD), 0);
	if (logged_in)
		assert_int_equal(admit_login(b.admit, answer.conn, OLD), 0);
	return answer.conn;
}

static int
setup(void **state)
{
	(void)state;
	memset(&b, 0, sizeof(b));
	memset(ends, -1, sizeof(ends));
	for (int i = 0; i < BROOD_MAX; i++)
		b.v[i].channel = b.v[i].log = b.v[i].table = -1;
	settings_default(&b.boot.set);
	b.admit = admit_new();
	b.ready = b.heir = true;
	b.drain = DRAIN_CLIENTS;
	b.drain_until = UINT64_MAX;
	be_born(SPAWNER, BOOT_SPAWNER, 0, false);
	be_born(BROOD_SERVANTS + OLD, BOOT_WORKER, OLD, true);
	be_born(BROOD_SERVANTS + NEW, BOOT_WORKER, NEW, false);
	for (size_t i = 0; i < IPC_MOVE_MOST + 2; i++)
		conns[i] = client(true);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	ipc_drop(&msg);
	for (int i = 0; i < BROOD_MAX; i++) {
		if (b.v[i].pid != 0) {
			(void)kill(b.v[i].pid, SIGKILL);
			(void)waitpid(b.v[i].pid, NULL, 0);
			(void)close(b.v[i].channel);
		}
		if (ends[i] != -1)
			(void)close(ends[i]);
	}
	admit_free(b.admit);
	return 0;
}

static void
tell(unsigned number, enum ipc_type type, uint64_t value)
{
	struct ipc_put put;

	ipc_begin(&put, type);
	ipc_put_u64(&put, value);
	assert_int_equal(
	    ipc_send(ends[BROOD_SERVANTS + number], &put, NULL, 0), 0);
	brood_hear(&b, worker(number));
}

/* What is behind the number is the workers' own. */
static void
offer(unsigned number, uint64_t conn, int fd)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_OFFER);
	ipc_put_u64(&put, conn);
	ipc_put_str(&put, "as it is");
	assert_int_equal(ipc_send(ends[BROOD_SERVANTS + number], &put, &fd,
			     fd == -1 ? 0 : 1),
	    0);
	brood_hear(&b, worker(number));
}

static bool
told(int place, enum boot_role me, enum ipc_type type, struct ipc_get *g)
{
	if (ipc_recv(ends[place], me, BOOT_MASTER, &msg) != 1)
		return false;
	assert_string_equal(ipc_name(msg.type), ipc_name(type));
	ipc_open(g, &msg);
	return true;
}

static void
wants_moved(uint64_t conn, uint32_t taken)
{
	struct ipc_get g;

	assert_true(told(BROOD_SERVANTS + OLD, BOOT_WORKER, IPC_MOVED, &g));
	assert_int_equal(ipc_get_u64(&g), conn);
	assert_int_equal(ipc_get_u32(&g), taken);
	assert_int_equal(ipc_done(&g), 0);
}

static void
wants_nothing(int place, enum boot_role me)
{
	assert_int_equal(ipc_recv(ends[place], me, BOOT_MASTER, &msg), -1);
	assert_int_equal(errno, EAGAIN);
}

static void
wants_inherit(unsigned number, uint64_t conn)
{
	struct ipc_get g;
	char text[16];

	assert_true(
	    told(BROOD_SERVANTS + (int)number, BOOT_WORKER, IPC_INHERIT, &g));
	assert_int_equal(ipc_get_u64(&g), conn);
	ipc_get_str(&g, text, sizeof(text));
	assert_string_equal(text, "as it is");
	assert_int_equal(ipc_done(&g), 0);
	assert_int_equal(msg.nfds, 1);
	ipc_drop(&msg);
}

/* Within 20 s, or not within the tenth of a second that a kill takes. */
static bool
was_killed(int place, bool expected)
{
	int status;

	for (int i = 0; i < (expected ? 10000 : 50); i++) {
		if (waitpid(b.v[place].pid, &status, WNOHANG) > 0) {
			b.v[place].pid = 0;
			return WIFSIGNALED(status);
		}
		usleep(2000);
	}
	return false;
}

static void
old_workers_are_told_what_new_sessions_take(void **state)
{
	struct ipc_get g;

	(void)state;
	moves_begin(&b);
	assert_true(told(BROOD_SERVANTS + OLD, BOOT_WORKER, IPC_MOVE, &g));
	assert_int_equal(ipc_get_u32(&g), IPC_RECORD_VERSION);
	assert_int_equal(ipc_done(&g), 0);
	wants_nothing(BROOD_SERVANTS + NEW, BOOT_WORKER);
	b.drain = DRAIN_NONE;
	moves_begin(&b); /* no generation before: nobody moves */
	wants_nothing(BROOD_SERVANTS + OLD, BOOT_WORKER);
}

static void
an_offered_client_gets_an_heir(void **state)
{
	struct ipc_get g;
	uint64_t conn = conns[0];
	uint32_t before = admit_load(b.admit, OLD);

	(void)state;
	offer(OLD, conn, ends[SPAWNER]);
	assert_true(told(SPAWNER, BOOT_SPAWNER, IPC_HEIR, &g));
	assert_int_equal(ipc_get_u64(&g), conn);
	assert_int_equal(ipc_get_u32(&g), OLD);
	assert_int_equal(ipc_get_u64(&g), worker(OLD)->incarnation);
	assert_int_equal(ipc_get_u32(&g), NEW);
	assert_int_equal(ipc_get_u64(&g), worker(NEW)->incarnation);
	assert_int_equal(ipc_done(&g), 0);
	wants_inherit(NEW, conn);
	assert_int_equal(admit_load(b.admit, OLD), before - 1);
	assert_int_equal(admit_load(b.admit, NEW), 1);
	/* Its old worker has it no more, and lets go when it is settled. */
	wants_nothing(BROOD_SERVANTS + OLD, BOOT_WORKER);
	tell(OLD, IPC_CLOSED, conn);
	assert_int_equal(admit_load(b.admit, NEW), 1);
	tell(NEW, IPC_SETTLED, conn);
	wants_moved(conn, 1);
	tell(NEW, IPC_SETTLED, conn); /* once */
	wants_nothing(BROOD_SERVANTS + OLD, BOOT_WORKER);
	tell(NEW, IPC_CLOSED, conn);
	assert_int_equal(admit_load(b.admit, NEW), 0);
}

static void
only_its_own_clients_that_are_logged_in(void **state)
{
	uint64_t early = client(false), others = client(true);

	(void)state;
	assert_int_equal(admit_give(b.admit, others, OLD, OTHER), 0);
	offer(OLD, early, ends[SPAWNER]);
	wants_moved(early, 0);
	offer(OLD, others, ends[SPAWNER]);
	wants_moved(others, 0);
	offer(OLD, 1, ends[SPAWNER]);
	wants_moved(1, 0);
	wants_nothing(SPAWNER, BOOT_SPAWNER);
	wants_nothing(BROOD_SERVANTS + NEW, BOOT_WORKER);
	assert_int_equal(admit_load(b.admit, OTHER), 1);
}

/* IPC_FULL: near its RLIMIT_NOFILE. */
static void
a_full_worker_is_passed_over(void **state)
{
	(void)state;
	assert_ptr_equal(brood_worker(&b, false, 0), worker(NEW));
	tell(NEW, IPC_FULL, 1);
	assert_null(brood_worker(&b, false, 0));
	offer(OLD, conns[0], ends[SPAWNER]);
	wants_moved(conns[0], 0);
	be_born(BROOD_SERVANTS + OTHER, BOOT_WORKER, OTHER, false);
	/* Even where the other has more clients. */
	assert_int_equal(admit_give(b.admit, conns[1], OLD, OTHER), 0);
	assert_ptr_equal(brood_worker(&b, false, 0), worker(OTHER));
	tell(NEW, IPC_FULL, 0);
	assert_ptr_equal(brood_worker(&b, false, 0), worker(NEW));
	offer(OLD, conns[0], ends[SPAWNER]);
	wants_inherit(NEW, conns[0]);
}

static void
the_end_of_an_heir_or_its_client_is_an_answer(void **state)
{
	pid_t pid = worker(NEW)->pid;

	(void)state;
	offer(OLD, conns[0], ends[SPAWNER]);
	offer(OLD, conns[1], ends[SPAWNER]);
	wants_nothing(BROOD_SERVANTS + OLD, BOOT_WORKER);
	tell(NEW, IPC_CLOSED, conns[0]);
	wants_moved(conns[0], 1);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	brood_reap(&b, pid, SIGKILL, 1);
	wants_moved(conns[1], 1);
	assert_int_equal(admit_load(b.admit, NEW), 0);
}

static void
more_than_so_many_at_a_time_break_the_rules(void **state)
{
	(void)state;
	for (int i = 0; i < IPC_MOVE_MOST; i++)
		offer(OLD, conns[i], ends[SPAWNER]);
	tell(NEW, IPC_SETTLED, conns[0]); /* one has been answered */
	wants_moved(conns[0], 1);
	offer(OLD, conns[IPC_MOVE_MOST], ends[SPAWNER]);
	assert_false(was_killed(BROOD_SERVANTS + OLD, false));
	offer(OLD, conns[IPC_MOVE_MOST + 1], ends[SPAWNER]);
	assert_true(was_killed(BROOD_SERVANTS + OLD, true));
}

static void
a_new_worker_has_nothing_to_offer(void **state)
{
	(void)state;
	offer(NEW, conns[0], ends[SPAWNER]);
	assert_true(was_killed(BROOD_SERVANTS + NEW, true));
}

static void
without_a_socket_it_is_no_offer(void **state)
{
	(void)state;
	offer(OLD, conns[0], -1);
	assert_true(was_killed(BROOD_SERVANTS + OLD, true));
}

/* Nobody has to say that it is empty. */
static void
an_old_worker_ends_after_its_last_client(void **state)
{
	struct ipc_get g;
	int last = IPC_MOVE_MOST + 1;

	(void)state;
	for (int i = 0; i < last; i++)
		tell(OLD, IPC_CLOSED, conns[i]);
	wants_nothing(BROOD_SERVANTS + OLD, BOOT_WORKER);
	offer(OLD, conns[last], ends[SPAWNER]);
	assert_true(told(BROOD_SERVANTS + OLD, BOOT_WORKER, IPC_STOP, &g));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(old_workers_are_told_what_new_sessions_take),
	    TEST(an_offered_client_gets_an_heir),
	    TEST(only_its_own_clients_that_are_logged_in),
	    TEST(a_full_worker_is_passed_over),
	    TEST(the_end_of_an_heir_or_its_client_is_an_answer),
	    TEST(more_than_so_many_at_a_time_break_the_rules),
	    TEST(a_new_worker_has_nothing_to_offer),
	    TEST(without_a_socket_it_is_no_offer),
	    TEST(an_old_worker_ends_after_its_last_client),
	};

	log_init(open("/dev/null", O_WRONLY | O_CLOEXEC), "test");
	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
