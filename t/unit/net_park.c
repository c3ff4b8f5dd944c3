/*
 * Parked clients: the two steps, what the worker answers itself, how they come
 * back, and that nothing is lost or done twice. The rest of the house is the
 * test's.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/syscall.h>
#include <time.h>

#include "t/unit/net_parked.h"
#include "worker/net/likewise.h"

static uint64_t hurry; /* s that the clock is ahead */

/* A minute is too long for a test. */
int
clock_gettime(clockid_t clock, struct timespec *t)
{
	int result = (int)syscall(SYS_clock_gettime, clock, t);

	t->tv_sec += (time_t)hurry;
	return result;
}

static void
a_command_goes_back_with_the_record(void **state)
{
	struct resumed r;

	(void)state;
	park(IPC_PARK_SELECTED, 0, "");
	assert_silent(fd);
	say(fd, "a NOOP\r\nb NOOP\r\n");
	expect_resume(&r);
	assert_int_equal(r.conn, 5);
	assert_int_equal(r.flags, 0);
	assert_int_equal(r.bad, 3);
	assert_string_equal(r.tag, "");
	assert_string_equal(r.input, "a NOOP\r\nb NOOP\r\n");
	/* What comes now is the session's to read, and comes once. */
	say(fd, "c NOOP\r\n");
	turns(3);
	assert_string_equal(line(r.stream), "c NOOP");
	(void)close(r.stream);
	session_end(control, 5, IPC_END_LOGOUT);
	assert_string_equal(line(fd), "EOF");
	/* Both stays are one connection in the log. */
	assert_string_equal(logged("LOGOUT, "),
	    "LOGOUT, user=anna, ip=[::ffff:192.0.2.1], port=[4711], "
	    "headers=110, body=220, rcvd=346, sent=440, time=0");
}

static void
the_worker_answers_noop_where_nothing_is_selected(void **state)
{
	struct resumed r;

	(void)state;
	park(0, 0, "");
	say(fd, "a1 noop\r\na2 NOOP\r\n");
	assert_string_equal(line(fd), "a1 OK NOOP completed");
	assert_string_equal(line(fd), "a2 OK NOOP completed");
	expect_none(control, BOOT_SESSION);
	say(fd, "a3 NOOP\r\na4 NOOP x\r\n");
	assert_string_equal(line(fd), "a3 OK NOOP completed");
	expect_resume(&r);
	assert_string_equal(r.input, "a4 NOOP x\r\n");
	assert_int_equal(r.bad, 0);
	(void)close(r.stream);
}

/* In as many turns as its answers need room: site/compress counts the bursts.
 */
static void
a_pipeline_is_answered_whole(void **state)
{
	static const char answer[] = "a OK NOOP completed\r\n";
	const size_t want = 900 * (sizeof(answer) - 1);
	char text[8 * 900 + 1], got[32768];
	size_t i, n = 0;

	(void)state;
	park(0, 0, "");
	for (i = 0; i < sizeof(text) - 1; i += 8)
		(void)strcpy(text + i, "a NOOP\r\n");
	say(fd, text);
	for (i = 0; i < TURNS && n < want; i++) {
		ssize_t r = recv(fd, got + n, sizeof(got) - n, MSG_DONTWAIT);

		n += r > 0 ? (size_t)r : 0;
		turn();
	}
	assert_int_equal(n, want);
	for (i = 0; i < want; i += sizeof(answer) - 1)
		assert_memory_equal(got + i, answer, sizeof(answer) - 1);
	expect_none(control, BOOT_SESSION);
	/* A long tag is for the session. */
	memset(text, 'a', 200);
	(void)strcpy(text + 200, " NOOP\r\n");
	say(fd, text);
	expect_type(IPC_RESUME);
}

static void
the_worker_ends_an_idle_without_news(void **state)
{
	struct resumed r;

	(void)state;
	park(IPC_PARK_SELECTED, 7, "i1");
	say(fd, "DO");
	assert_silent(fd);
	say(fd, "ne\r\n");
	assert_string_equal(line(fd), "i1 OK IDLE completed");
	expect_folder(h.watch, BOOT_WATCH, IPC_UNWATCH, 7);
	say(fd, "a NOOP\r\n");
	expect_resume(&r);
	assert_string_equal(r.tag, "");
	assert_string_equal(r.input, "a NOOP\r\n");
	(void)close(r.stream);
}

static void
what_is_not_done_is_for_the_session(void **state)
{
	struct resumed r;

	(void)state;
	park(IPC_PARK_SELECTED, 7, "i1");
	say(fd, "DONE x\r\n");
	expect_resume(&r);
	assert_string_equal(r.tag, "i1");
	assert_string_equal(r.input, "DONE x\r\n");
	assert_int_equal(r.flags, 0);
	(void)close(r.stream);
}

static void
a_post_wakes_for_news_and_once(void **state)
{
	uint32_t slot = board_slot(h.map, 9, 7);
	struct resumed r;

	(void)state;
	park(IPC_PARK_SELECTED, 7, "i1");
	board_post(h.map, slot, 1, h.bells);
	expect_resume(&r);
	assert_int_equal(r.flags, IPC_RESUME_NEWS);
	assert_string_equal(r.tag, "i1");
	assert_int_equal(r.ninput, 0);
	/* DONE meanwhile is not the session's: it reads nothing. */
	say(fd, "DONE\r\n");
	turns(3);
	(void)close(r.stream);
	send_park(5, IPC_PARK_SELECTED, 7, 0, "i1");
	assert_string_equal(line(fd), "i1 OK IDLE completed");
	expect_none(control, BOOT_SESSION);
}

/* Posted while the session looked: it may have looked too early. */
static void
a_post_during_a_look_wakes_again(void **state)
{
	uint32_t slot = board_slot(h.map, 9, 7);
	struct resumed r;

	(void)state;
	park(IPC_PARK_SELECTED, 7, "i1");
	board_post(h.map, slot, 1, h.bells);
	expect_resume(&r);
	(void)close(r.stream);
	board_post(h.map, slot, 2, h.bells);
	turns(3);
	send_park(5, IPC_PARK_SELECTED, 7, 0, "i1");
	expect_resume(&r);
	(void)close(r.stream);
	send_park(5, IPC_PARK_SELECTED, 7, 0, "i1");
	expect_none(control, BOOT_SESSION);
}

/* CHANGED was on its way when the session said PARK. */
static void
a_changed_that_was_not_heard_wakes(void **state)
{
	struct resumed r;

	(void)state;
	session_folder(control, IPC_WATCH, 7, 3);
	expect_folder(control, BOOT_SESSION, IPC_GO, 7);
	send_wish(5, 0);
	expect_type(IPC_GO);
	board_post(h.map, board_slot(h.map, 9, 7), 1, h.bells);
	turns(3);
	(void)close(served.stream);
	send_park(5, IPC_PARK_SELECTED, 7, 0, "i1");
	expect_folder(control, BOOT_SESSION, IPC_CHANGED, 7);
	expect_resume(&r);
	(void)close(r.stream);
}

static void
without_a_session_one_is_started_with_the_ticket(void **state)
{
	struct started start;
	struct resumed r;

	(void)state;
	park(IPC_PARK_SELECTED, 0, "");
	(void)close(control);
	turns(3);
	say(fd, "a NOOP\r\n");
	expect_start(&start);
	assert_int_equal(start.conn, 5);
	assert_int_equal(start.fresh, 1);
	control = start.control;
	/* No session now: it is asked for again. */
	spawner_refused(5, IPC_REFUSED_UNAVAILABLE, 0, 0);
	(void)close(control);
	expect_start(&start);
	control = start.control;
	spawner_started(5);
	expect_resume(&r);
	assert_string_equal(r.input, "a NOOP\r\n");
	(void)close(r.stream);
}

static void
a_lingering_session_that_gave_up_costs_nothing(void **state)
{
	struct started start;
	struct resumed r;
	int old = control;

	(void)state;
	park(IPC_PARK_SELECTED, 0, "");
	say(fd, "a NOOP\r\n");
	turns(3); /* RESUME is in the channel, unread */
	(void)close(old);
	expect_start(&start);
	control = start.control;
	spawner_started(5);
	expect_resume(&r);
	assert_string_equal(r.input, "a NOOP\r\n");
	(void)close(r.stream);
}

/* One more of the account, by the session that lingers; parked as well. */
static int
another(uint64_t conn, uint64_t ino, const char *tag)
{
	struct started start;
	struct asked q;
	int other = knock(conn);

	greeted(other);
	say(other, "t1 LOGIN anna secret\r\n");
	expect_ask(&q);
	auth_yes(conn, "anna");
	expect_start(&start);
	assert_int_equal(start.fresh, 0);
	spawner_started(conn);
	expect_serve(control, &served);
	session_folder(control, IPC_WATCH, ino, 3);
	expect_folder(control, BOOT_SESSION, IPC_GO, ino);
	send_wish(conn, 0);
	expect_type(IPC_GO);
	(void)close(served.stream);
	send_park(conn, IPC_PARK_SELECTED, ino, 0, tag);
	return other;
}

/* Both lie unread in the channel of a session that leaves: neither is lost. */
static void
a_session_that_leaves_has_touched_nobody(void **state)
{
	uint32_t slot = board_slot(h.map, 9, 7);
	struct started start;
	struct resumed r;
	struct ipc_put put;
	int old = control, other;

	(void)state;
	h.boot.set.linger = 1;
	house_settle();
	park(IPC_PARK_SELECTED, 7, "i1");
	park_record = OTHER; /* or the one would speak for the other */
	other = another(6, 7, "i2");
	board_post(h.map, slot, 1, h.bells);
	turns(3);
	ipc_begin(&put, IPC_LEAVE);
	assert_int_equal(ipc_send(old, &put, NULL, 0), 0);
	(void)close(old);
	expect_start(&start);
	assert_int_equal(start.fresh & IPC_START_NEW, IPC_START_NEW);
	control = start.control;
	spawner_started(start.conn);
	expect_resume(&r);
	(void)close(r.stream);
	send_park(r.conn, IPC_PARK_SELECTED, 7, 0, r.tag);
	assert_int_equal(r.conn, start.conn);
	expect_resume(&r);
	assert_int_equal(r.conn, 5 + 6 - start.conn);
	(void)close(r.stream);
	send_park(r.conn, IPC_PARK_SELECTED, 7, 0, r.tag);
	say(fd, "DONE\r\n");
	assert_string_equal(line(fd), "i1 OK IDLE completed");
	say(other, "DONE\r\n");
	assert_string_equal(line(other), "i2 OK IDLE completed");
	(void)close(other);
}

static void
post(void)
{
	board_post(h.map, board_slot(h.map, 9, 7), 1, h.bells);
}

/* The session has told conn, and whoever knew the same hears it as well. */
static void
tell(uint64_t conn, const char *tag)
{
	park_said = "* 9 EXISTS\r\n";
	park_record = OTHER;
	send_park(conn, IPC_PARK_SELECTED, 7, 0, tag);
	park_said = NULL;
}

static void
what_one_is_told_others_hear_who_knew_the_same(void **state)
{
	struct resumed r;
	int other;

	(void)state;
	park(IPC_PARK_SELECTED, 7, "i1");
	other = another(6, 7, "i2");
	post();
	expect_resume(&r);
	assert_int_equal(r.conn, 5);
	(void)close(r.stream);
	expect_none(control, BOOT_SESSION);
	tell(5, "i1");
	assert_string_equal(line(other), "* 9 EXISTS");
	expect_none(control, BOOT_SESSION);
	assert_silent(fd); /* the session itself has told it */
	/* It knows more now, and is told of what comes next. */
	post();
	expect_resume(&r);
	assert_memory_equal(r.record, OTHER, 3);
	(void)close(r.stream);
	tell(r.conn, r.tag);
	say(other, "DONE\r\n");
	if (r.conn == 5)
		assert_string_equal(line(other), "* 9 EXISTS");
	assert_string_equal(line(other), "i2 OK IDLE completed");
	(void)close(other);
}

/* The words are of before the second post: nobody misses what came after. */
static void
who_hears_what_another_is_told_is_woken_for_what_came_since(void **state)
{
	struct resumed r;
	int other;

	(void)state;
	park(IPC_PARK_SELECTED, 7, "i1");
	other = another(6, 7, "i2");
	post();
	expect_resume(&r);
	(void)close(r.stream);
	post();
	turns(3);
	tell(5, "i1");
	assert_string_equal(line(other), "* 9 EXISTS");
	expect_resume(&r);
	assert_int_equal(r.flags, IPC_RESUME_NEWS);
	(void)close(r.stream);
	expect_none(control, BOOT_SESSION);
	tell(r.conn, r.tag);
	assert_string_equal(line(r.conn == 5 ? other : fd), "* 9 EXISTS");
	expect_none(control, BOOT_SESSION);
	(void)close(other);
}

static void
who_knew_something_else_hears_it_from_a_session(void **state)
{
	struct resumed r;
	int other;

	(void)state;
	park(IPC_PARK_SELECTED, 7, "i1");
	park_record = OTHER;
	other = another(6, 7, "i2");
	post();
	for (int i = 0; i < 2; i++) {
		expect_resume(&r);
		(void)close(r.stream);
		tell(r.conn, r.tag);
	}
	expect_none(control, BOOT_SESSION);
	assert_silent(fd);
	assert_silent(other);
	(void)close(other);
}

static void
who_waits_for_another_folder_hears_nothing_of_this(void **state)
{
	struct resumed r;
	int other;

	(void)state;
	park(IPC_PARK_SELECTED, 7, "i1");
	other = another(6, 8, "i2");
	post();
	expect_resume(&r);
	assert_int_equal(r.conn, 5);
	(void)close(r.stream);
	board_post(h.map, board_slot(h.map, 9, 8), 1, h.bells);
	turns(3);
	tell(5, "i1");
	expect_resume(&r);
	assert_int_equal(r.conn, 6);
	(void)close(r.stream);
	assert_silent(other);
	(void)close(other);
}

/* As where a message is \Recent to the first of them. */
static void
what_is_for_one_alone_no_other_hears(void **state)
{
	struct resumed r;
	int other;

	(void)state;
	park(IPC_PARK_SELECTED, 7, "i1");
	other = another(6, 7, "i2");
	post();
	expect_resume(&r);
	(void)close(r.stream);
	send_park(5, IPC_PARK_SELECTED, 7, 0, "i1");
	expect_resume(&r);
	assert_int_equal(r.conn, 6);
	(void)close(r.stream);
	assert_silent(other);
	(void)close(other);
}

/* What it says meanwhile is looked at when it has heard the news. */
static void
who_ends_its_idle_hears_the_news_first(void **state)
{
	struct resumed r;
	int other;

	(void)state;
	park(IPC_PARK_SELECTED, 7, "i1");
	other = another(6, 7, "i2");
	post();
	expect_resume(&r);
	(void)close(r.stream);
	say(other, "DONE\r\n");
	turns(3);
	tell(5, "i1");
	assert_string_equal(line(other), "* 9 EXISTS");
	assert_string_equal(line(other), "i2 OK IDLE completed");
	(void)close(other);
}

/* So many that the worker does not tell all of them in one go. */
static void
a_crowd_is_told_some_at_a_time(void **state)
{
	enum {
		CROWD = LIKEWISE_MOST + 3
	};
	struct resumed r;
	int other[CROWD];

	(void)state;
	park(IPC_PARK_SELECTED, 7, "i");
	for (int i = 0; i < CROWD; i++)
		other[i] = another(100 + (uint64_t)i, 7, "i");
	post();
	expect_resume(&r);
	assert_int_equal(r.conn, 5);
	(void)close(r.stream);
	tell(5, "i");
	expect_resume(&r);
	assert_int_equal(r.conn, 100 + LIKEWISE_MOST);
	assert_memory_equal(r.record, RECORD, 3);
	(void)close(r.stream);
	tell(r.conn, "i");
	expect_none(control, BOOT_SESSION);
	for (int i = 0; i < CROWD; i++) {
		if (i != LIKEWISE_MOST)
			assert_string_equal(line(other[i]), "* 9 EXISTS");
		assert_silent(other[i]);
		(void)close(other[i]);
	}
}

static void
the_end_of_a_parked_client_is_logged(void **state)
{
	(void)state;
	park(IPC_PARK_SELECTED, 7, "i1");
	(void)shutdown(fd, SHUT_WR);
	assert_string_equal(line(fd), "EOF");
	assert_string_equal(logged("DISCONNECTED, "),
	    "DISCONNECTED, user=anna, ip=[::ffff:192.0.2.1], port=[4711], "
	    "headers=100, body=200, rcvd=300, sent=400, time=0");
	expect_folder(h.watch, BOOT_WATCH, IPC_UNWATCH, 7);
	expect_conn(h.spawner, BOOT_SPAWNER, IPC_ENDED, 5);
}

static void
its_time_out_goes_on_while_it_is_parked(void **state)
{
	(void)state;
	h.boot.set.inactivity_timeout = 1; /* it was silent for so long */
	house_settle();
	park(IPC_PARK_SELECTED, 7, "i1");
	assert_string_equal(line(fd), "* BYE Disconnected for inactivity.");
	assert_string_equal(line(fd), "EOF");
	assert_non_null(logged("TIMEOUT, user=anna"));
}

static void
a_stop_says_bye_to_the_parked(void **state)
{
	(void)state;
	park(IPC_PARK_SELECTED, 0, "");
	stop_worker(0, 5);
	assert_string_equal(
	    line(fd), "* BYE Corkboard IMAP server shut down by signal.");
	assert_string_equal(line(fd), "EOF");
	assert_non_null(logged("shutdown by signal, user=anna"));
}

static void
send_yield(uint64_t conn)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_YIELD);
	ipc_put_u64(&put, conn);
	assert_int_equal(ipc_send(h.spawner, &put, NULL, 0), 0);
	turns(2);
}

static void
a_parked_client_gives_up_its_place(void **state)
{
	(void)state;
	send_yield(5); /* a session has it */
	expect_conn(h.spawner, BOOT_SPAWNER, IPC_KEPT, 5);
	send_yield(99); /* gone */
	expect_conn(h.spawner, BOOT_SPAWNER, IPC_KEPT, 99);
	park(IPC_PARK_SELECTED, 0, "");
	send_yield(5);
	assert_non_null(strstr(line(fd), "* BYE [ALERT] Too many connections"));
	/* Before the client has read that. */
	expect_conn(h.spawner, BOOT_SPAWNER, IPC_ENDED, 5);
	(void)logged("the oldest parked connection gives way: user=anna");
}

/* Beyond MAXPERIP: it asks for another's place, once. */
static void
an_extra_client_takes_anothers_place(void **state)
{
	struct started start;
	struct asked q;
	int other;

	(void)state;
	other = knock_with(6, IPC_CLIENT_EXTRA, "");
	greeted(other);
	say(other, "a LOGIN bob pw\r\n");
	expect_ask(&q);
	auth_yes(6, "bob");
	expect_start(&start);
	assert_int_equal(start.fresh, IPC_START_NEW | IPC_START_INSTEAD);
	(void)close(start.control);
	spawner_refused(6, IPC_REFUSED_LIMIT, 1, 9);
	assert_non_null(strstr(line(other), "a NO [LIMIT]"));
	assert_string_equal(line(other),
	    "* BYE [ALERT] Too many connections from your address, and none of "
	    "this account is parked.");
	(void)close(other);
}

static void
who_parks_without_a_wish_is_dropped(void **state)
{
	(void)state;
	send_park(5, 0, 0, 0, "");
	assert_non_null(logged("bad message PARK from a session"));
	assert_string_equal(line(fd), "EOF");
}

static void
a_folder_that_nobody_watches_is_no_folder(void **state)
{
	(void)state;
	send_wish(5, 0);
	expect_type(IPC_GO);
	send_park(5, IPC_PARK_SELECTED, 7, 0, "i1");
	assert_non_null(logged("bad message PARK from a session"));
}

/* ---- NOTIFY: it waits at its account's slot ---- */

static uint32_t
account_slot(void)
{
	return board_slot(h.map, 9 | BOARD_ACCOUNT, 7);
}

/* PARK of a client with NOTIFY. */
static void
send_notify_park(uint32_t flags, const char *tag)
{
	park_dev = 9 | BOARD_ACCOUNT;
	send_park(5, flags, 7, 0, tag);
	park_dev = 9;
}

static void
park_notify(uint32_t flags, const char *tag)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_WATCH);
	ipc_put_u64(&put, 9 | BOARD_ACCOUNT);
	ipc_put_u64(&put, 7);
	ipc_put_u64(&put, 0);
	assert_int_equal(ipc_send(control, &put, &h.board, 1), 0);
	expect_type(IPC_GO);
	send_wish(5, 0);
	expect_type(IPC_GO);
	(void)close(served.stream);
	send_notify_park(flags, tag);
}

/* Until the worker's clock has gone on so far. */
static void
pass_time(uint64_t ms)
{
	uint64_t end = h.w->now + ms;

	while (h.w->now < end)
		turns(1);
}

static void
the_account_wakes_between_commands_and_ten_times_a_second(void **state)
{
	struct resumed r;

	(void)state;
	park_notify(IPC_PARK_SELECTED, "");
	board_post(h.map, board_slot(h.map, 9, 7), 1, h.bells);
	expect_none(control, BOOT_SESSION); /* INBOX is not the account */
	board_post(h.map, account_slot(), 0, h.bells);
	expect_resume(&r);
	assert_int_equal(r.flags, IPC_RESUME_NEWS);
	assert_int_not_equal(r.counter, 0);
	assert_string_equal(r.tag, "");
	(void)close(r.stream);
	send_notify_park(IPC_PARK_SELECTED, "");
	/* The next one has to wait for its time. */
	board_post(h.map, account_slot(), 0, h.bells);
	turns(3);
	expect_none(control, BOOT_SESSION);
	pass_time(110);
	expect_resume(&r);
	(void)close(r.stream);
}

/* What is new in the selected folder only a session can tell it. */
static void
an_idle_with_notify_ends_with_a_session_where_a_folder_is_selected(void **state)
{
	struct resumed r;

	(void)state;
	park_notify(IPC_PARK_SELECTED, "i1");
	say(fd, "DONE\r\n");
	expect_resume(&r);
	assert_int_equal(r.flags, 0);
	assert_string_equal(r.tag, "i1");
	(void)close(r.stream);
	send_wish(5, 6);
	expect_type(IPC_GO);
	/* Where none is, the worker ends it, and the client waits on. */
	send_notify_park(0, "i2");
	say(fd, "DONE\r\n");
	assert_string_equal(line(fd), "i2 OK IDLE completed");
	board_post(h.map, account_slot(), 0, h.bells);
	expect_resume(&r);
	assert_string_equal(r.tag, "");
	(void)close(r.stream);
}

static void
one_who_is_not_told_of_all_is_woken_slowly(void **state)
{
	struct resumed r;

	(void)state;
	park_notify(IPC_PARK_SLOW, "");
	turns(3);
	expect_none(control, BOOT_SESSION);
	assert_true(park_patience(h.w) > 50000);
	hurry = PARK_SLOW / 1000 - 2;
	turns(3);
	expect_none(control, BOOT_SESSION);
	hurry = PARK_SLOW / 1000;
	expect_resume(&r);
	assert_int_equal(r.flags, IPC_RESUME_NEWS);
	(void)close(r.stream);
	send_notify_park(0, ""); /* now it is */
	hurry = 3 * PARK_SLOW / 1000;
	turns(3);
	expect_none(control, BOOT_SESSION);
	hurry = 0;
}

static void
a_flag_that_is_none_costs_the_session(void **state)
{
	(void)state;
	send_wish(5, 0);
	expect_type(IPC_GO);
	send_park(5, IPC_PARK_FLAGS + 1, 0, 0, "");
	assert_non_null(logged("bad message PARK from a session"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    PARK(a_command_goes_back_with_the_record),
	    PARK(the_worker_answers_noop_where_nothing_is_selected),
	    PARK(a_pipeline_is_answered_whole),
	    PARK(the_worker_ends_an_idle_without_news),
	    PARK(what_is_not_done_is_for_the_session),
	    PARK(a_post_wakes_for_news_and_once),
	    PARK(a_post_during_a_look_wakes_again),
	    PARK(a_changed_that_was_not_heard_wakes),
	    PARK(without_a_session_one_is_started_with_the_ticket),
	    PARK(a_lingering_session_that_gave_up_costs_nothing),
	    PARK(a_session_that_leaves_has_touched_nobody),
	    PARK(what_one_is_told_others_hear_who_knew_the_same),
	    PARK(who_hears_what_another_is_told_is_woken_for_what_came_since),
	    PARK(who_knew_something_else_hears_it_from_a_session),
	    PARK(who_waits_for_another_folder_hears_nothing_of_this),
	    PARK(what_is_for_one_alone_no_other_hears),
	    PARK(who_ends_its_idle_hears_the_news_first),
	    PARK(a_crowd_is_told_some_at_a_time),
	    PARK(the_end_of_a_parked_client_is_logged),
	    PARK(its_time_out_goes_on_while_it_is_parked),
	    PARK(a_stop_says_bye_to_the_parked),
	    PARK(a_parked_client_gives_up_its_place),
	    PARK(an_extra_client_takes_anothers_place),
	    PARK(who_parks_without_a_wish_is_dropped),
	    PARK(a_folder_that_nobody_watches_is_no_folder),
	    PARK(the_account_wakes_between_commands_and_ten_times_a_second),
	    PARK(
		an_idle_with_notify_ends_with_a_session_where_a_folder_is_selected),
	    PARK(one_who_is_not_told_of_all_is_woken_slowly),
	    PARK(a_flag_that_is_none_costs_the_session),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
