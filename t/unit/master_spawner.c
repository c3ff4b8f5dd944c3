/* The spawner: what it gives for a ticket, what it refuses, what it outlives.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "t/unit/spawner_house.h"

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
	    TEST(malformed_messages_cost_only_their_sender),
	    TEST(a_dead_template_is_replaced_and_its_sessions_live),
	    TEST(crashes_hold_the_account_off_and_no_other),
	    TEST(a_reload_reaches_new_sessions_only),
	    TEST(sessions_outlive_a_dead_spawner),
	};

	house(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
