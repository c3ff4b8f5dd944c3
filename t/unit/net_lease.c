/*
 * Clients and their sessions: the hand-over, lingering, crashes, refusals, and
 * the notices of the board. Everybody but the worker is played by the test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "t/unit/net_house.h"
#include "worker/net/notice.h"

static void
over(int fd, uint64_t conn)
{
	assert_string_equal(line(fd), "EOF");
	(void)close(fd);
	expect_conn(h.master, BOOT_MASTER, IPC_CLOSED, conn);
}

static void
a_login_ends_in_a_session(void **state)
{
	struct served s;
	int fd = knock(5), control;

	(void)state;
	greeted(fd);
	control = log_in(fd, 5, "anna", &s);
	assert_int_equal(s.conn, 5);
	assert_int_equal(s.flags, 0);
	assert_string_equal(s.tag, "t1");
	assert_string_equal(s.user, "anna");
	assert_string_equal(s.peer, "192.0.2.1");
	assert_int_equal(s.peer_port, 4711);
	assert_int_equal(s.ninput, 0);
	assert_string_equal(logged("LOGIN, "),
	    "LOGIN, user=anna, ip=[::ffff:192.0.2.1], port=[4711], "
	    "protocol=IMAP");
	/* The session's stream is the client itself, and the worker is off it.
	 */
	say(s.stream, "t1 OK LOGIN Ok.\r\n");
	assert_string_equal(line(fd), "t1 OK LOGIN Ok.");
	say(fd, "t2 LOGOUT\r\n");
	turns(3);
	assert_string_equal(line(s.stream), "t2 LOGOUT");
	(void)close(s.stream);
	session_end(control, 5, IPC_END_LOGOUT);
	over(fd, 5);
	expect_conn(h.spawner, BOOT_SPAWNER, IPC_ENDED, 5);
	assert_string_equal(logged("LOGOUT, "),
	    "LOGOUT, user=anna, ip=[::ffff:192.0.2.1], port=[4711], "
	    "headers=10, body=20, rcvd=30, sent=40, time=0");
	(void)close(control);
}

static void
pipelined_commands_go_along_unread(void **state)
{
	static char text[80000];
	struct started start;
	struct served s;
	struct asked q;
	int fd = knock(5);

	(void)state;
	greeted(fd);
	say(fd, "a CAPABILITY\r\nb LOGIN anna pw\r\nc SELECT INBOX\r\n");
	expect_ask(&q);
	say(fd, "d NOOP\r\n");
	turns(3);
	auth_yes(5, "anna");
	expect_start(&start);
	say(fd, "e NOOP\r\n");
	turns(3);
	spawner_started(5);
	expect_serve(start.control, &s);
	assert_string_equal(s.input, "c SELECT INBOX\r\nd NOOP\r\ne NOOP\r\n");
	assert_string_equal(s.tag, "b");
	(void)close(fd);
	(void)close(s.stream);
	(void)close(start.control);
	turns(3);
	/* No more than 64 kB are read ahead. */
	fd = knock(6);
	say(fd, "a LOGIN anna pw\r\n");
	memset(text, 'x', sizeof(text));
	say_n(fd, text, sizeof(text));
	expect_conn(h.master, BOOT_MASTER, IPC_LOGGEDIN, 5);
	expect_conn(h.spawner, BOOT_SPAWNER, IPC_ENDED, 5);
	expect_ask(&q);
	turns(3);
	auth_yes(6, "anna");
	expect_start(&start);
	spawner_started(6);
	expect_serve(start.control, &s);
	assert_int_equal(s.ninput, 65536);
	assert_int_equal(
	    recv(s.stream, text, sizeof(text), MSG_DONTWAIT), 80000 - 65536);
	(void)close(s.stream);
	(void)close(start.control);
	(void)close(fd);
}

static void
input_of_a_half_closed_client_is_served(void **state)
{
	struct started start;
	struct served s;
	struct asked q;
	int fd = knock(5);

	(void)state;
	say(fd, "b LOGIN anna pw\r\nc NOOP\r\n");
	(void)shutdown(fd, SHUT_WR);
	expect_ask(&q);
	turns(3);
	auth_yes(5, "anna");
	expect_start(&start);
	spawner_started(5);
	expect_serve(start.control, &s);
	assert_string_equal(s.input, "c NOOP\r\n");
	(void)close(s.stream);
	(void)close(start.control);
	(void)close(fd);
	/* Half a command is nobody's. */
	fd = knock(6);
	greeted(fd);
	say(fd, "a NOOP\r\nb NO");
	(void)shutdown(fd, SHUT_WR);
	assert_string_equal(line(fd), "a OK NOOP completed");
	assert_string_equal(line(fd), "EOF");
	(void)close(fd);
}

static void
a_lingering_session_serves_its_account_again(void **state)
{
	struct started start;
	struct served s;
	struct asked q;
	int fd = knock(1), control;

	(void)state;
	greeted(fd);
	control = log_in(fd, 1, "anna", &s);
	(void)close(s.stream);
	session_end(control, 1, IPC_END_LOGOUT);
	expect_conn(h.master, BOOT_MASTER, IPC_CLOSED, 1);
	expect_conn(h.spawner, BOOT_SPAWNER, IPC_ENDED, 1);
	(void)close(fd);
	/* Another account gets its own. */
	fd = knock(2);
	greeted(fd);
	(void)close(log_in(fd, 2, "ben", &s));
	(void)close(s.stream);
	(void)close(fd);
	expect_conn(h.spawner, BOOT_SPAWNER, IPC_ENDED, 2);
	expect_conn(h.master, BOOT_MASTER, IPC_CLOSED, 2);
	fd = knock(3);
	greeted(fd);
	say(fd, "x LOGIN anna pw\r\n");
	expect_ask(&q);
	auth_yes(3, "anna");
	expect_start(&start);
	assert_int_equal(start.fresh, 0);
	spawner_started(3);
	expect_serve(control, &s);
	assert_int_equal(s.conn, 3);
	assert_string_equal(s.tag, "x");
	(void)close(s.stream);
	(void)close(fd);
	(void)close(control);
}

/* It read nothing, so nothing is executed twice. */
static void
a_session_that_gave_up_over_its_client_is_replaced(void **state)
{
	struct started start;
	struct served s;
	struct asked q;
	int fd = knock(1), control;

	(void)state;
	greeted(fd);
	control = log_in(fd, 1, "anna", &s);
	(void)close(s.stream);
	session_end(control, 1, IPC_END_LOGOUT);
	expect_conn(h.master, BOOT_MASTER, IPC_CLOSED, 1);
	expect_conn(h.spawner, BOOT_SPAWNER, IPC_ENDED, 1);
	(void)close(fd);
	fd = knock(2);
	greeted(fd);
	say(fd, "x LOGIN anna pw\r\ny NOOP\r\n");
	expect_ask(&q);
	auth_yes(2, "anna");
	expect_start(&start);
	assert_int_equal(start.fresh, 0);
	spawner_started(2);
	expect_conn(h.master, BOOT_MASTER, IPC_LOGGEDIN, 2);
	(void)close(control); /* SERVE is in it, unread */
	expect_conn(h.spawner, BOOT_SPAWNER, IPC_ENDED, 2);
	expect_start(&start);
	assert_int_equal(start.fresh, 1);
	spawner_started(2);
	expect_serve(start.control, &s);
	assert_string_equal(s.input, "y NOOP\r\n");
	say(s.stream, "x OK\r\n");
	assert_string_equal(line(fd), "x OK");
	expect_none(h.master, BOOT_MASTER); /* logged in once */
	(void)close(s.stream);
	(void)close(start.control);
	(void)close(fd);
}

static void
a_session_that_gave_up_before_its_client_is_replaced(void **state)
{
	struct started start;
	struct served s;
	struct asked q;
	int fd = knock(1), control;

	(void)state;
	control = log_in(fd, 1, "anna", &s);
	(void)close(s.stream);
	session_end(control, 1, IPC_END_LOGOUT);
	expect_conn(h.spawner, BOOT_SPAWNER, IPC_ENDED, 1);
	(void)close(fd);
	fd = knock(2);
	greeted(fd);
	say(fd, "x LOGIN anna pw\r\n");
	expect_ask(&q);
	auth_yes(2, "anna");
	expect_start(&start);
	assert_int_equal(start.fresh, 0);
	(void)close(control);
	turns(3);
	spawner_started(2);
	expect_conn(h.spawner, BOOT_SPAWNER, IPC_ENDED, 2);
	expect_start(&start);
	assert_int_equal(start.fresh, 1);
	spawner_started(2);
	expect_serve(start.control, &s);
	(void)close(s.stream);
	(void)close(start.control);
	(void)close(fd);
}

static void
a_new_session_that_never_looked_is_no_login(void **state)
{
	struct started start;
	struct asked q;
	int fd = knock(2);

	(void)state;
	greeted(fd);
	say(fd, "x LOGIN anna pw\r\n");
	expect_ask(&q);
	auth_yes(2, "anna");
	expect_start(&start);
	spawner_started(2);
	expect_conn(h.master, BOOT_MASTER, IPC_LOGGEDIN, 2);
	(void)close(start.control);
	assert_non_null(strstr(line(fd), "x NO [UNAVAILABLE]"));
	assert_non_null(strstr(line(fd), "* BYE Temporary problem"));
	expect_conn(h.spawner, BOOT_SPAWNER, IPC_ENDED, 2);
	over(fd, 2);
}

static void
a_crashed_session_costs_its_client_alone(void **state)
{
	struct served s, t;
	int fd = knock(1), other = knock(2), control, second;

	(void)state;
	greeted(fd);
	greeted(other);
	control = log_in(fd, 1, "anna", &s);
	second = log_in(other, 2, "ben", &t);
	(void)close(s.stream);
	(void)close(control);
	assert_string_equal(line(fd), "EOF");
	expect_conn(h.spawner, BOOT_SPAWNER, IPC_ENDED, 1);
	expect_conn(h.master, BOOT_MASTER, IPC_CLOSED, 1);
	assert_non_null(strstr(logged("DISCONNECTED, "),
	    "DISCONNECTED, user=anna, ip=[::ffff:192.0.2.1], port=[4711], "
	    "headers=0, body=0"));
	say(t.stream, "hello\r\n");
	assert_string_equal(line(other), "hello");
	(void)close(t.stream);
	(void)close(second);
	(void)close(other);
	(void)close(fd);
}

static void
every_end_has_its_log_line(void **state)
{
	static const struct {
		uint32_t why;
		const char *text;
	} t[] = {
	    {IPC_END_LOGOUT, "LOGOUT, user="},
	    {IPC_END_DISCONNECTED, "DISCONNECTED, user="},
	    {IPC_END_TIMEOUT, "TIMEOUT, user="},
	    {IPC_END_SHUTDOWN,
		"NOTICE: Disconnected during shutdown by signal, user="},
	    {IPC_END_PROTOCOL, "DISCONNECTED, user="},
	};
	struct served s;

	(void)state;
	h.boot.set.linger = 0;
	house_settle();
	for (uint64_t i = 0; i < 5; i++) {
		int fd = knock(i), control = log_in(fd, i, "anna", &s);
		const char *text;

		greeted(fd);
		say(s.stream, "* BYE\r\n");
		(void)close(s.stream);
		session_end(control, i, t[i].why);
		assert_string_equal(line(fd), "* BYE");
		assert_string_equal(line(fd), "EOF");
		text = logged(t[i].text);
		assert_ptr_equal(strstr(text, t[i].text), text);
		(void)close(fd);
		(void)close(control);
		expect_conn(h.master, BOOT_MASTER, IPC_CLOSED, i);
		expect_conn(h.spawner, BOOT_SPAWNER, IPC_ENDED, i);
	}
}

static void
the_spawner_may_refuse(void **state)
{
	struct started start;
	struct asked q;
	int fd = knock(1);

	(void)state;
	greeted(fd);
	say(fd, "a LOGIN anna pw\r\n");
	expect_ask(&q);
	auth_yes(1, "anna");
	expect_start(&start);
	(void)close(start.control);
	spawner_refused(1, IPC_REFUSED_UNAVAILABLE, 0, 0);
	assert_non_null(strstr(line(fd), "a NO [UNAVAILABLE]"));
	say(fd, "b LOGIN anna pw\r\n");
	expect_ask(&q);
	auth_yes(1, "anna");
	expect_start(&start);
	(void)close(start.control);
	spawner_refused(1, IPC_REFUSED_LIMIT, 20, 20);
	assert_string_equal(
	    line(fd), "b NO [LIMIT] Too many connections for this account.");
	assert_string_equal(line(fd),
	    "* BYE [ALERT] Too many connections for this account (20, limit "
	    "20).");
	(void)logged("MAXPERUSER reached: user=anna count=20 limit=20");
	over(fd, 1);
	/* What was refused is not counted. */
	expect_none(h.spawner, BOOT_SPAWNER);
	fd = knock(2);
	greeted(fd);
	say(fd, "a LOGIN anna pw\r\n");
	expect_ask(&q);
	auth_yes(2, "anna");
	expect_start(&start);
	(void)close(start.control); /* the new session died at once */
	turns(2);
	spawner_started(2);
	assert_non_null(strstr(line(fd), "a NO [UNAVAILABLE]"));
	expect_conn(h.spawner, BOOT_SPAWNER, IPC_ENDED, 2);
	(void)close(fd);
}

static void
bad_messages_cost_their_session(void **state)
{
	static const int cases = 6;
	struct ipc_put put;
	struct served s;

	(void)state;
	for (int i = 0; i < cases; i++) {
		uint64_t conn = (uint64_t)i + 1;
		int fd = knock(conn), control = log_in(fd, conn, "anna", &s);

		greeted(fd);
		switch (i) {
		case 0: /* another's client */
			session_end(control, conn + 100, IPC_END_LOGOUT);
			break;
		case 1: /* no such reason */
			session_end(control, conn, 99);
			break;
		case 2: /* too short */
			ipc_begin(&put, IPC_POST);
			ipc_put_u64(&put, 1);
			assert_int_equal(ipc_send(control, &put, NULL, 0), 0);
			break;
		case 3: /* too long */
			ipc_begin(&put, IPC_UNWATCH);
			for (int k = 0; k < 3; k++)
				ipc_put_u64(&put, 1);
			assert_int_equal(ipc_send(control, &put, NULL, 0), 0);
			break;
		case 4: /* the spawner's word */
			ipc_begin(&put, IPC_STARTED);
			ipc_put_u64(&put, conn);
			assert_int_equal(ipc_send(control, &put, NULL, 0), 0);
			break;
		default: /* noise */
			assert_int_equal(send(control, "x", 1, 0), 1);
		}
		(void)close(s.stream);
		assert_string_equal(line(fd), "EOF");
		expect_conn(h.spawner, BOOT_SPAWNER, IPC_ENDED, conn);
		expect_conn(h.master, BOOT_MASTER, IPC_CLOSED, conn);
		(void)close(fd);
		(void)close(control);
	}
}

static void
a_change_wakes_who_idles_on_the_folder(void **state)
{
	struct served s, t;
	int fd = knock(1), other = knock(2), a, b;

	(void)state;
	greeted(fd);
	greeted(other);
	a = log_in(fd, 1, "anna", &s);
	b = log_in(other, 2, "anna", &t);
	session_folder(a, IPC_WATCH, 42, 3);
	expect_folder(a, BOOT_SESSION, IPC_GO, 42);
	expect_folder(h.watch, BOOT_WATCH, IPC_WATCH, 42);
	session_folder(b, IPC_POST, 42, 0);
	expect_folder(a, BOOT_SESSION, IPC_CHANGED, 42);
	/* A stranger's post, through the board. */
	board_post(h.map, board_slot(h.map, 9, 42), 1, h.bells);
	expect_folder(a, BOOT_SESSION, IPC_CHANGED, 42);
	/* Another folder is none of its business. */
	session_folder(b, IPC_POST, 43, 0);
	expect_none(a, BOOT_SESSION);
	/* A second one on the folder: watch knows it already. */
	session_folder(b, IPC_WATCH, 42, 3);
	expect_folder(b, BOOT_SESSION, IPC_GO, 42);
	expect_none(h.watch, BOOT_WATCH);
	session_folder(a, IPC_UNWATCH, 42, 0);
	expect_none(h.watch, BOOT_WATCH);
	board_post(h.map, board_slot(h.map, 9, 42), 1, h.bells);
	expect_folder(b, BOOT_SESSION, IPC_CHANGED, 42);
	expect_none(a, BOOT_SESSION);
	/* Its end is the last one's. */
	(void)close(b);
	expect_folder(h.watch, BOOT_WATCH, IPC_UNWATCH, 42);
	(void)close(a);
	(void)close(s.stream);
	(void)close(t.stream);
	(void)close(fd);
	(void)close(other);
}

static uint64_t
posts_of(uint64_t first, uint64_t last)
{
	uint64_t n = 0;

	for (uint64_t ino = first; ino <= last; ino++)
		n += board_counter(h.map, board_slot(h.map, 9, ino)) > 0;
	return n;
}

/* Whoever waits anywhere would be woken for nothing, all the time. */
static void
a_session_cannot_post_all_folders(void **state)
{
	struct served s;
	int fd = knock(1), control;

	(void)state;
	greeted(fd);
	control = log_in(fd, 1, "anna", &s);
	for (uint64_t ino = 1; ino <= 4 * NOTICE_BURST; ino++) {
		session_folder(control, IPC_POST, ino, 0);
		turns(1);
	}
	turns(3);
	/* Some of them have one slot; and time goes by. */
	assert_in_range(posts_of(1, NOTICE_BURST), NOTICE_BURST, NOTICE_BURST);
	assert_in_range(
	    posts_of(1, 4 * NOTICE_BURST), NOTICE_BURST, 2 * NOTICE_BURST);
	/* A little later one more, and what it has changed of late always. */
	usleep(3 * NOTICE_STEP * 1000);
	for (uint64_t i = 0; i < 10; i++) {
		session_folder(control, IPC_POST, 99999, 0);
		turns(2);
		assert_int_equal(
		    board_counter(h.map, board_slot(h.map, 9, 99999)), i + 1);
	}
	(void)close(control);
	(void)close(s.stream);
	(void)close(fd);
}

/* It may be made up, and only watch can see that. */
static void
what_an_account_says_of_a_folder_is_its_own(void **state)
{
	struct served s, t;
	int fd = knock(1), other = knock(2), a, b;
	uint64_t numbers[2];
	struct ipc_msg msg;
	struct ipc_get g;

	(void)state;
	a = log_in(fd, 1, "anna", &s);
	b = log_in(other, 2, "ben", &t);
	for (int i = 0; i < 2; i++) {
		session_folder(i == 0 ? b : a, IPC_WATCH, 42, 3 - i);
		expect_folder(i == 0 ? b : a, BOOT_SESSION, IPC_GO, 42);
		assert_true(heard(h.watch, BOOT_WATCH, &msg));
		assert_int_equal(msg.type, IPC_WATCH);
		assert_int_equal(msg.nfds, 3 - i);
		ipc_open(&g, &msg);
		for (int skip = 0; skip < 3; skip++)
			(void)ipc_get_u64(&g);
		numbers[i] = ipc_get_u64(&g);
		ipc_drop(&msg);
	}
	assert_int_not_equal(numbers[0], numbers[1]);
	session_folder(b, IPC_UNWATCH, 42, 0);
	assert_true(heard(h.watch, BOOT_WATCH, &msg));
	assert_int_equal(msg.type, IPC_UNWATCH);
	ipc_open(&g, &msg);
	assert_int_equal(ipc_get_u64(&g), numbers[0]);
	/* The worker is in the slot's mask as before. */
	board_post(h.map, board_slot(h.map, 9, 42), 1, h.bells);
	expect_folder(a, BOOT_SESSION, IPC_CHANGED, 42);
	(void)close(a);
	(void)close(b);
	(void)close(s.stream);
	(void)close(t.stream);
	(void)close(fd);
	(void)close(other);
}

static void
a_new_watch_hears_of_every_folder(void **state)
{
	struct served s, t;
	int fd = knock(1), other = knock(2), a, b;
	struct ipc_msg msg;

	(void)state;
	a = log_in(fd, 1, "anna", &s);
	b = log_in(other, 2, "anna", &t);
	session_folder(a, IPC_WATCH, 42, 2);
	expect_folder(a, BOOT_SESSION, IPC_GO, 42);
	expect_folder(h.watch, BOOT_WATCH, IPC_WATCH, 42);
	house_peer(BOOT_WATCH, &h.watch);
	assert_true(heard(h.watch, BOOT_WATCH, &msg));
	assert_int_equal(msg.type, IPC_WATCH);
	assert_int_equal(msg.nfds, 2);
	ipc_drop(&msg);
	/* A folder for keywords has been made meanwhile. */
	session_folder(b, IPC_WATCH, 42, 3);
	expect_folder(b, BOOT_SESSION, IPC_GO, 42);
	expect_folder(h.watch, BOOT_WATCH, IPC_UNWATCH, 42);
	assert_true(heard(h.watch, BOOT_WATCH, &msg));
	assert_int_equal(msg.nfds, 3);
	ipc_drop(&msg);
	(void)close(a);
	(void)close(b);
	(void)close(s.stream);
	(void)close(t.stream);
	(void)close(fd);
	(void)close(other);
}

static void
a_deaf_session_owes_its_notice(void **state)
{
	struct served s;
	int fd = knock(1), control = log_in(fd, 1, "anna", &s);
	struct ipc_msg msg;
	unsigned n = 0;

	(void)state;
	session_folder(control, IPC_WATCH, 42, 3);
	expect_folder(control, BOOT_SESSION, IPC_GO, 42);
	for (int i = 0; i < 2000; i++) {
		board_post(h.map, board_slot(h.map, 9, 42), 1, h.bells);
		(void)worker_tick(h.w, 0);
	}
	while (heard(control, BOOT_SESSION, &msg)) {
		assert_int_equal(msg.type, IPC_CHANGED);
		if (++n == 2000)
			break;
		if (n > 100 &&
		    poll(&(struct pollfd){control, POLLIN, 0}, 1, 0) == 0)
			break;
	}
	turns(3);
	/* It hears of a later change as well. */
	while (ipc_recv(control, BOOT_SESSION, BOOT_WORKER, &msg) == 1)
		;
	board_post(h.map, board_slot(h.map, 9, 42), 1, h.bells);
	expect_folder(control, BOOT_SESSION, IPC_CHANGED, 42);
	(void)close(control);
	(void)close(s.stream);
	(void)close(fd);
}

/* RELIABILITY E6: each gets the session that its own password opened. */
static void
interleaved_logins_are_not_mixed_up(void **state)
{
	struct started one, two;
	struct served s;
	struct asked q;
	int a = knock(1), b = knock(2);

	(void)state;
	greeted(a);
	greeted(b);
	say(a, "a LOGIN anna pw\r\na LOGIN ben pw\r\n");
	say(b, "b LOGIN ben pw\r\n");
	expect_ask(&q);
	assert_string_equal(q.a, q.conn == 1 ? "anna" : "ben");
	expect_ask(&q);
	assert_string_equal(q.a, q.conn == 1 ? "anna" : "ben");
	auth_yes(2, "ben");
	auth_yes(1, "anna");
	expect_start(&two);
	expect_start(&one);
	assert_int_equal(two.conn, 2);
	spawner_started(1);
	spawner_started(2);
	spawner_started(2); /* once is enough */
	expect_serve(one.control, &s);
	assert_string_equal(s.user, "anna");
	assert_string_equal(s.input, "a LOGIN ben pw\r\n");
	(void)close(s.stream);
	expect_serve(two.control, &s);
	assert_string_equal(s.user, "ben");
	(void)close(s.stream);
	(void)close(one.control);
	(void)close(two.control);
	(void)close(a);
	(void)close(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    HOUSE(a_login_ends_in_a_session),
	    HOUSE(pipelined_commands_go_along_unread),
	    HOUSE(input_of_a_half_closed_client_is_served),
	    HOUSE(a_lingering_session_serves_its_account_again),
	    HOUSE(a_session_that_gave_up_over_its_client_is_replaced),
	    HOUSE(a_session_that_gave_up_before_its_client_is_replaced),
	    HOUSE(a_new_session_that_never_looked_is_no_login),
	    HOUSE(a_crashed_session_costs_its_client_alone),
	    HOUSE(every_end_has_its_log_line),
	    HOUSE(the_spawner_may_refuse),
	    HOUSE(bad_messages_cost_their_session),
	    HOUSE(a_change_wakes_who_idles_on_the_folder),
	    HOUSE(a_session_cannot_post_all_folders),
	    HOUSE(what_an_account_says_of_a_folder_is_its_own),
	    HOUSE(a_new_watch_hears_of_every_folder),
	    HOUSE(a_deaf_session_owes_its_notice),
	    HOUSE(interleaved_logins_are_not_mixed_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
