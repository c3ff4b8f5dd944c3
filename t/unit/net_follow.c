/*
 * NOTIFY's side of a worker: the account's slot, and the folders that watch is
 * asked to watch for a client.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "t/unit/net_house.h"

static void
follow(int control, bool first, uint64_t ino, int nfds)
{
	int fds[3] = {h.board, h.board, h.board};
	struct ipc_put put;

	ipc_begin(&put, IPC_FOLLOW);
	ipc_put_u32(&put, first);
	ipc_put_u64(&put, 9);
	ipc_put_u64(&put, ino);
	ipc_put_u64(&put, 5);
	assert_int_equal(ipc_send(control, &put, fds, nfds), 0);
}

static void
watch_account(int control, uint64_t ino)
{
	struct ipc_put put;
	struct ipc_msg msg;

	ipc_begin(&put, IPC_WATCH);
	ipc_put_u64(&put, 9 | BOARD_ACCOUNT);
	ipc_put_u64(&put, ino);
	ipc_put_u64(&put, 0);
	assert_int_equal(ipc_send(control, &put, NULL, 0), 0);
	assert_true(heard(control, BOOT_SESSION, &msg));
	assert_int_equal(msg.type, IPC_GO);
}

static uint32_t
account_slot(uint64_t ino)
{
	return board_slot(h.map, 9 | BOARD_ACCOUNT, ino);
}

static void
an_account_is_woken_and_its_inbox_is_another(void **state)
{
	struct served s;
	int fd = knock(1), control;
	struct ipc_msg msg;

	(void)state;
	greeted(fd);
	control = log_in(fd, 1, "anna", &s);
	watch_account(control, 42);
	/* Watch has nothing to watch there. */
	expect_none(h.watch, BOOT_WATCH);
	board_post(h.map, board_slot(h.map, 9, 42), 1, h.bells);
	expect_none(control, BOOT_SESSION);
	board_post(h.map, account_slot(42), 0, h.bells);
	assert_true(heard(control, BOOT_SESSION, &msg));
	assert_int_equal(msg.type, IPC_CHANGED);
	(void)close(control);
	(void)close(s.stream);
	(void)close(fd);
}

static void
what_is_followed_is_watched_until_the_client_goes(void **state)
{
	struct served s;
	int fd = knock(1), control;

	(void)state;
	greeted(fd);
	control = log_in(fd, 1, "anna", &s);
	watch_account(control, 42);
	follow(control, true, 50, 3);
	expect_folder(h.watch, BOOT_WATCH, IPC_WATCH, 50);
	follow(control, false, 51, 2); /* no keywords yet */
	expect_folder(h.watch, BOOT_WATCH, IPC_WATCH, 51);
	/* A folder stirs: its followers wait at the account's slot. */
	board_post(h.map, board_slot(h.map, 9, 50), 1, h.bells);
	expect_none(control, BOOT_SESSION);
	/* A new watch process hears of them. */
	house_peer(BOOT_WATCH, &h.watch);
	for (int i = 0; i < 2; i++) {
		struct ipc_msg msg;

		assert_true(heard(h.watch, BOOT_WATCH, &msg));
		assert_int_equal(msg.type, IPC_WATCH);
		ipc_drop(&msg);
	}
	/* Others instead. */
	follow(control, true, 52, 3);
	expect_folder(h.watch, BOOT_WATCH, IPC_UNWATCH, 50);
	expect_folder(h.watch, BOOT_WATCH, IPC_UNWATCH, 51);
	expect_folder(h.watch, BOOT_WATCH, IPC_WATCH, 52);
	/* None. */
	follow(control, true, 0, 0);
	expect_folder(h.watch, BOOT_WATCH, IPC_UNWATCH, 52);
	follow(control, true, 53, 3);
	expect_folder(h.watch, BOOT_WATCH, IPC_WATCH, 53);
	session_end(control, 1, IPC_END_LOGOUT);
	expect_folder(h.watch, BOOT_WATCH, IPC_UNWATCH, 53);
	(void)close(control);
	(void)close(s.stream);
	(void)close(fd);
}

/* One folder of two clients, one in IDLE there: the last one ends it. */
static void
followers_and_idle_clients_are_counted_together(void **state)
{
	struct served s, t;
	int fd = knock(1), other = knock(2), a, b;

	(void)state;
	greeted(fd);
	greeted(other);
	a = log_in(fd, 1, "anna", &s);
	b = log_in(other, 2, "anna", &t);
	follow(a, true, 50, 3);
	expect_folder(h.watch, BOOT_WATCH, IPC_WATCH, 50);
	session_folder(b, IPC_WATCH, 50, 3);
	expect_folder(b, BOOT_SESSION, IPC_GO, 50);
	expect_none(h.watch, BOOT_WATCH);
	session_end(a, 1, IPC_END_LOGOUT);
	expect_none(h.watch, BOOT_WATCH);
	session_folder(b, IPC_UNWATCH, 50, 0);
	expect_folder(h.watch, BOOT_WATCH, IPC_UNWATCH, 50);
	(void)close(a);
	(void)close(b);
	(void)close(s.stream);
	(void)close(t.stream);
	(void)close(fd);
	(void)close(other);
}

/* 64 folders are taken, one more costs the session. */
static void
a_client_follows_so_many(void **state)
{
	struct served s;
	int fd = knock(1), control;

	(void)state;
	greeted(fd);
	control = log_in(fd, 1, "anna", &s);
	for (uint64_t i = 0; i < 64; i++) {
		follow(control, i == 0, 100 + i, 2);
		expect_folder(h.watch, BOOT_WATCH, IPC_WATCH, 100 + i);
	}
	expect_none(control, BOOT_SESSION);
	follow(control, false, 200, 2);
	(void)logged("bad message FOLLOW from a session: closed");
	(void)close(control);
	(void)close(s.stream);
	(void)close(fd);
}

static void
what_is_no_folder_costs_the_session(void **state)
{
	struct served s;
	int fd, control;

	(void)state;
	for (uint64_t conn = 1; conn <= 2; conn++) {
		fd = knock(conn);
		greeted(fd);
		control = log_in(fd, conn, "anna", &s);
		if (conn == 1)
			follow(control, true, 50, 1);
		else
			session_folder(control, IPC_FOLLOW, 50, 2);
		(void)logged("bad message FOLLOW from a session: closed");
		(void)close(control);
		(void)close(s.stream);
		(void)close(fd);
		expect_conn(h.master, BOOT_MASTER, IPC_CLOSED, conn);
		expect_conn(h.spawner, BOOT_SPAWNER, IPC_ENDED, conn);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    HOUSE(an_account_is_woken_and_its_inbox_is_another),
	    HOUSE(what_is_followed_is_watched_until_the_client_goes),
	    HOUSE(followers_and_idle_clients_are_counted_together),
	    HOUSE(a_client_follows_so_many),
	    HOUSE(what_is_no_folder_costs_the_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
