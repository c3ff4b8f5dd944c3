/* The auth process over userdb, as its peers see it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "t/unit/auth_house.h"

static void
a_right_password_brings_a_ticket_at_once(void **state)
{
	uint64_t first;
	struct reply r;

	(void)state;
	boot.set.auth_floor_ms = 60000;
	begin();
	ask(1, (struct ask){.conn = 77, .user = "anna"});
	r = answer(1, 5000);
	assert_int_equal(r.type, IPC_YES);
	assert_int_equal(r.conn, 77);
	assert_string_equal(r.user, "anna");
	assert_string_equal(r.ticket.owner.user, "anna");
	assert_int_equal(r.ticket.owner.uid, 1000);
	assert_int_equal(r.ticket.owner.gid, 100);
	assert_int_equal(r.ticket.owner.ngroups, 0);
	assert_string_equal(r.ticket.owner.home, "/home/anna");
	assert_string_equal(r.ticket.owner.maildir, "/home/anna/Maildir");
	assert_string_equal(r.ticket.owner.options, "");
	assert_int_equal(r.ticket.worker, 63);
	assert_int_equal(r.ticket.incarnation, 71);
	assert_int_equal(r.ticket.conn, 77);
	assert_true(r.ticket.time <= (uint64_t)time(NULL) &&
		    r.ticket.time + 5 > (uint64_t)time(NULL));
	first = r.ticket.serial;
	ask(0, (struct ask){.conn = 1, .user = "anna"});
	r = answer(0, 5000);
	assert_true(r.ticket.serial > first);
	assert_int_equal(r.ticket.worker, 0);
	assert_int_equal(r.ticket.incarnation, 70);
}

static void
the_maildir_is_the_accounts_or_the_listeners(void **state)
{
	static const struct {
		const char *user;
		uint32_t port;
		const char *want;
	} cases[] = {
	    {"anna", 143, "/home/anna/Maildir"},
	    {"anna", 993, "/home/anna/SSL"},
	    {"mail", 143, "/h/M"},
	    {"abs", 993, "/var/x"},
	};
	struct reply r;

	(void)state;
	begin();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ask(0, (struct ask){.conn = i,
			   .user = cases[i].user,
			   .port = cases[i].port});
		r = answer(0, 5000);
		assert_int_equal(r.type, IPC_YES);
		assert_string_equal(r.ticket.owner.maildir, cases[i].want);
	}
	r = login("mail", "secret");
	assert_string_equal(r.ticket.owner.options, "x=1,disableshared=1");
}

static void
every_refusal_looks_and_lasts_the_same(void **state)
{
	static const struct {
		const char *user, *password, *mechanism;
	} cases[] = {
	    {"anna", "wrong", "LOGIN"},
	    {"anna", "", "LOGIN"},
	    {"slow", "wrong", "LOGIN"},
	    {"nobody", "secret", "LOGIN"},
	    {"none", "secret", "LOGIN"},
	    {"root", "secret", "LOGIN"},
	    {"low", "secret", "LOGIN"},
	    {"", "secret", "LOGIN"},
	    {"a/b", "secret", "LOGIN"},
	    {"..", "secret", "AUTH-LOGIN"},
	    {"an\tna", "secret", "LOGIN"},
	    {"\xff", "secret", "LOGIN"},
	    {"anna", "secret", "CRAM-MD5"},
	    {"anna", "secret", "PLAIN"},
	    {"", "anna", "EXTERNAL"},
	};
	char peer[32];
	uint64_t begun, took;
	struct reply r;

	(void)state;
	boot.set.auth_floor_ms = FLOOR;
	begin();
	/* Slow at their own times, so all at once: from an address each. */
	begun = child_now();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)snprintf(peer, sizeof(peer), "2001:db8:0:%zx::1", i);
		ask((int)(i % 2), (struct ask){.conn = i,
				      .user = cases[i].user,
				      .password = cases[i].password,
				      .mechanism = cases[i].mechanism,
				      .peer = peer});
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		r = answer((int)(i % 2), 5000);
		took = child_now() - begun;
		if (r.type != IPC_NO || r.why != IPC_NO_FAILED)
			fail_msg("case %zu", i);
		/* anna failed before: her second refusal takes longer. */
		if (took < FLOOR || took > 4 * FLOOR)
			fail_msg("case %zu took %d ms", i, (int)took);
	}
}

static void
uids_below_the_limit_are_refused_with_a_line_of_their_own(void **state)
{
	(void)state;
	begin();
	assert_int_equal(login("root", "secret").why, IPC_NO_FAILED);
	assert_true(logged("user=root ip=[192.0.2.1]: right password, but "
			   "uid 0 is refused"));
	assert_int_equal(login("low", "secret").type, IPC_NO);
	assert_true(logged("uid 99 is refused"));
	assert_int_equal(login("edge", "secret").type, IPC_YES);
}

static void
account_options_count_after_the_password(void **state)
{
	struct reply r;

	(void)state;
	begin();
	r = login("off", "secret");
	assert_int_equal(r.type, IPC_NO);
	assert_int_equal(r.why, IPC_NO_DISABLED);
	assert_int_equal(login("off", "wrong").why, IPC_NO_FAILED);
	r = login("tls", "secret");
	assert_int_equal(r.type, IPC_NO);
	assert_int_equal(r.why, IPC_NO_INSECURE);
	ask(0, (struct ask){.conn = 1, .user = "tls", .flags = IPC_ASK_TLS});
	assert_int_equal(answer(0, 5000).type, IPC_YES);
}

static void
external_comes_only_from_workers_that_may(void **state)
{
	struct ask q = {.conn = 1,
	    .user = "",
	    .password = "anna",
	    .mechanism = "EXTERNAL",
	    .flags = IPC_ASK_CERT | IPC_ASK_TLS};

	(void)state;
	begin();
	ask(1, q);
	assert_int_equal(answer(1, 5000).type, IPC_YES);
	/* The same words of a worker that serves no such listener. */
	ask(0, q);
	assert_int_equal(answer(0, 5000).why, IPC_NO_FAILED);
	q.password = "nobody";
	ask(1, q);
	assert_int_equal(answer(1, 5000).why, IPC_NO_FAILED);
	q.password = "anna";
	q.flags = IPC_ASK_TLS;
	ask(1, q);
	assert_int_equal(answer(1, 5000).type, IPC_NO);
}

static void
the_last_number_without_certificates_is_below_the_bound(void **state)
{
	struct ask q = {.conn = 1,
	    .user = "",
	    .password = "anna",
	    .mechanism = "EXTERNAL",
	    .flags = IPC_ASK_CERT | IPC_ASK_TLS};

	(void)state;
	begin();
	for (uint32_t n = BOOT_WORKERS_CERT - 1; n < BOOT_WORKERS; n++) {
		shut(&h.worker[0]);
		h.worker[0] = give_peer(BOOT_WORKER, n, 80 + n);
		ask(0, q);
		assert_int_equal(answer(0, 5000).type,
		    n < BOOT_WORKERS_CERT ? IPC_NO : IPC_YES);
	}
}

static void
slow_hashes_do_not_hold_up_the_others(void **state)
{
	struct reply r;

	(void)state;
	assert_int_equal(auth_userdb_set(file, "slow",
			     &(struct auth_field){
				 "systempw", "$5$rounds=1000000$saltsalt$x"},
			     1, (char[256]){0}),
	    0);
	begin();
	ask(0, (struct ask){.conn = 1, .user = "slow"});
	ask(0, (struct ask){.conn = 2, .user = "anna"});
	r = answer(0, 5000);
	assert_int_equal(r.conn, 2);
	assert_int_equal(r.type, IPC_YES);
	r = answer(0, 10000);
	assert_int_equal(r.conn, 1);
	assert_int_equal(r.why, IPC_NO_FAILED);
}

static void
a_slow_hash_lets_its_owner_in(void **state)
{
	struct reply r;

	(void)state;
	begin();
	r = login("slow", "secret");
	assert_int_equal(r.type, IPC_YES);
	assert_int_equal(r.ticket.owner.uid, 1002);
	assert_int_equal(login("slow", "Secret").why, IPC_NO_FAILED);
}

static void
without_a_key_nobody_comes_in(void **state)
{
	(void)state;
	begin_without_key();
	assert_int_equal(login("anna", "secret").why, IPC_NO_UNAVAILABLE);
	assert_int_equal(login("anna", "wrong").why, IPC_NO_FAILED);
	give_key();
	assert_int_equal(login("anna", "secret").type, IPC_YES);
}

static void
an_unreadable_userdb_is_unavailable(void **state)
{
	(void)state;
	begin();
	assert_int_equal(login("anna", "secret").type, IPC_YES);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(mkfifo(file, 0600), 0);
	assert_int_equal(login("anna", "secret").why, IPC_NO_UNAVAILABLE);
	assert_true(logged("neither a file nor a directory"));
	assert_int_equal(unlink(file), 0);
	assert_int_equal(login("anna", "secret").why, IPC_NO_FAILED);
	write_userdb();
	assert_int_equal(login("anna", "secret").type, IPC_YES);
}

static void
a_broken_line_is_logged_with_file_and_line(void **state)
{
	char want[300];
	FILE *f = fopen(file, "a");

	(void)state;
	fputs("broken\thome=x\n", f);
	fclose(f);
	begin();
	assert_int_equal(login("anna", "secret").type, IPC_YES);
	(void)snprintf(want, sizeof(want), "%s:12: home must be", file);
	assert_true(logged(want));
}

static void
a_forgotten_question_is_not_answered(void **state)
{
	struct ipc_put m;
	uint64_t begun;

	(void)state;
	boot.set.auth_floor_ms = FLOOR;
	begin();
	ask(0, (struct ask){.conn = 5, .user = "anna", .password = "wrong"});
	ipc_begin(&m, IPC_FORGET);
	ipc_put_u64(&m, 5);
	assert_int_equal(ipc_send(h.worker[0], &m, NULL, 0), 0);
	/* One that is not known is no fault. */
	ipc_begin(&m, IPC_FORGET);
	ipc_put_u64(&m, 6);
	assert_int_equal(ipc_send(h.worker[0], &m, NULL, 0), 0);
	assert_int_equal(answer(0, 2 * FLOOR).type, IPC_NONE);
	/* But it counted: the next one waits longer. */
	begun = child_now();
	assert_int_equal(login("anna", "wrong").why, IPC_NO_FAILED);
	assert_true(child_now() - begun >= FLOOR * 3 / 2);
}

static void
send_broken(int i)
{
	struct ipc_put m;
	int fds[2] = {-1, -1};

	ipc_begin(&m, i == 0 ? IPC_LOGGEDIN : i == 6 ? IPC_FORGET : IPC_ASK);
	ipc_put_u64(&m, 9);
	if (i >= 2 && i != 6) {
		ipc_put_u32(&m, 0);
		ipc_put_str(&m, i == 3 ? "Imap!" : "imap");
		ipc_put_str(&m, i == 4 ? "somewhere" : "::1");
		ipc_put_u32(&m, 143);
		ipc_put_str(&m, "LOGIN");
		ipc_put_str(&m, "");
		ipc_put_str(&m, "anna");
		ipc_put_str(&m, "secret");
	}
	if (i == 2 || i == 6)
		ipc_put_u32(&m, 0); /* left over */
	if (i == 5)
		assert_int_equal(pipe(fds), 0);
	/* Only the receiver's list can refuse what ours lets us send. */
	if (i == 5) {
		close(fds[0]);
		close(fds[1]);
		assert_int_equal(
		    send(h.worker[0], "garbage", 7, MSG_NOSIGNAL), 7);
		return;
	}
	assert_int_equal(ipc_send(h.worker[0], &m, NULL, 0), 0);
}

static void
a_bad_message_costs_its_worker_only(void **state)
{
	(void)state;
	begin();
	for (int i = 0; i < 7; i++) {
		send_broken(i);
		assert_true(readable(h.worker[0], 2000));
		if (answer(0, 0).type != IPC_NONE)
			fail_msg("case %d", i);
		assert_true(logged("worker 0 dropped"));
		shut(&h.worker[0]);
		ask(1, (struct ask){.conn = 1, .user = "anna"});
		assert_int_equal(answer(1, 5000).type, IPC_YES);
		h.worker[0] = give_peer(BOOT_WORKER, 0, 80 + (uint64_t)i);
		assert_int_equal(login("anna", "secret").type, IPC_YES);
	}
}

static void
one_connection_asks_one_question_at_a_time(void **state)
{
	(void)state;
	begin();
	ask(0, (struct ask){.conn = 5, .user = "anna", .password = "wrong"});
	/* Another worker's connection 5 is another connection. */
	ask(1, (struct ask){.conn = 5, .user = "anna"});
	assert_int_equal(answer(1, 5000).type, IPC_YES);
	ask(0, (struct ask){.conn = 5, .user = "anna"});
	assert_int_equal(answer(0, 2000).type, IPC_NONE);
	assert_true(logged("worker 0 dropped"));
}

static void
settings_change_without_a_restart(void **state)
{
	static struct boot fresh;
	struct ipc_put m;
	int fd;

	(void)state;
	begin();
	assert_int_equal(login("edge", "secret").type, IPC_YES);
	fresh = boot;
	fresh.set.minuid = 101;
	fd = boot_write(&fresh);
	assert_true(fd >= 0);
	ipc_begin(&m, IPC_SETTINGS);
	assert_int_equal(ipc_send(h.master, &m, &fd, 1), 0);
	close(fd);
	(void)usleep(20000);
	assert_int_equal(login("edge", "secret").type, IPC_NO);
	/* A struct that is none changes nothing and harms nobody. */
	fd = open("/dev/null", O_RDONLY);
	ipc_begin(&m, IPC_SETTINGS);
	assert_int_equal(ipc_send(h.master, &m, &fd, 1), 0);
	close(fd);
	assert_true(logged("SETTINGS from the master is broken"));
	assert_int_equal(login("anna", "secret").type, IPC_YES);
}

static void
it_ends_when_told_and_with_its_master(void **state)
{
	struct ipc_put m;

	(void)state;
	boot.set.auth_floor_ms = 500;
	begin();
	ask(0, (struct ask){.conn = 5, .user = "anna", .password = "wrong"});
	(void)usleep(20000);
	ipc_begin(&m, IPC_STOP);
	ipc_put_u32(&m, 0);
	ipc_put_u32(&m, 10);
	assert_int_equal(ipc_send(h.master, &m, NULL, 0), 0);
	/* What is in hand is answered first. */
	assert_int_equal(answer(0, 2000).why, IPC_NO_FAILED);
	assert_true(has_exited(2000));
	shut(&h.master);
	begin();
	ask(0, (struct ask){.conn = 5, .user = "anna", .password = "wrong"});
	(void)usleep(20000);
	ipc_begin(&m, IPC_STOP);
	ipc_put_u32(&m, 1);
	ipc_put_u32(&m, 10);
	assert_int_equal(ipc_send(h.master, &m, NULL, 0), 0);
	assert_true(has_exited(450));
	/* teardown closes the master's end of the third. */
	shut(&h.master);
	begin();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_right_password_brings_a_ticket_at_once),
	    T(the_maildir_is_the_accounts_or_the_listeners),
	    T(every_refusal_looks_and_lasts_the_same),
	    T(uids_below_the_limit_are_refused_with_a_line_of_their_own),
	    T(account_options_count_after_the_password),
	    T(external_comes_only_from_workers_that_may),
	    T(the_last_number_without_certificates_is_below_the_bound),
	    T(slow_hashes_do_not_hold_up_the_others),
	    T(a_slow_hash_lets_its_owner_in),
	    T(without_a_key_nobody_comes_in),
	    T(an_unreadable_userdb_is_unavailable),
	    T(a_broken_line_is_logged_with_file_and_line),
	    T(a_forgotten_question_is_not_answered),
	    T(a_bad_message_costs_its_worker_only),
	    T(one_connection_asks_one_question_at_a_time),
	    T(settings_change_without_a_restart),
	    T(it_ends_when_told_and_with_its_master),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
