/*
 * The move of parked clients at an upgrade: what a worker of the old generation
 * offers and what it keeps, what one of the new takes and what it makes of it.
 * Either is the same worker here; the rest of the house is the test's.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <time.h>

#include "t/unit/net_parked.h"

#define OFFERED  4242 /* a client that the old generation had */
#define OLD_SEAL "the old generation's ticket"

static uint8_t body[IPC_OFFER_MAX]; /* of the last OFFER */
static size_t nbody;
static int sock; /* that came with it */

static void
send_move(uint32_t version)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_MOVE);
	ipc_put_u32(&put, version);
	assert_int_equal(ipc_send(h.master, &put, NULL, 0), 0);
	turns(2);
}

static uint64_t
expect_offer(void)
{
	struct ipc_msg msg;
	struct ipc_get g;

	do
		assert_true(heard(h.master, BOOT_MASTER, &msg));
	while (msg.type == IPC_CLOSED || msg.type == IPC_LOGGEDIN);
	assert_string_equal(ipc_name(msg.type), "OFFER");
	memcpy(body, msg.body, msg.len);
	nbody = msg.len;
	sock = ipc_take_fd(&msg, 0);
	assert_int_not_equal(sock, -1);
	ipc_open(&g, &msg);
	return ipc_get_u64(&g);
}

static void
send_moved(uint64_t conn, uint32_t taken)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_MOVED);
	ipc_put_u64(&put, conn);
	ipc_put_u32(&put, taken);
	assert_int_equal(ipc_send(h.master, &put, NULL, 0), 0);
	turns(2);
}

static void
who_is_parked_is_offered_and_goes(void **state)
{
	(void)state;
	park(IPC_PARK_SELECTED, 7, "i1");
	expect_none(h.master, BOOT_MASTER);
	send_move(IPC_RECORD_VERSION);
	assert_int_equal(expect_offer(), 5);
	/* Nobody here reads what it says now. */
	say(fd, "DONE\r\na NOOP\r\n");
	assert_silent(fd);
	assert_string_equal(line(sock), "DONE");
	assert_string_equal(line(sock), "a NOOP");
	house_swallow();
	send_moved(5, 1);
	/* Its connection is another's, and no end of it is told. */
	expect_conn(h.spawner, BOOT_SPAWNER, IPC_ENDED, 5);
	expect_folder(h.watch, BOOT_WATCH, IPC_UNWATCH, 7);
	expect_none(h.master, BOOT_MASTER);
	assert_silent(fd);
	say(sock, "a OK\r\n");
	assert_string_equal(line(fd), "a OK");
	(void)close(sock);
	assert_string_equal(line(fd), "EOF");
}

static void
one_that_nobody_takes_stays_and_misses_nothing(void **state)
{
	struct resumed r;

	(void)state;
	park(IPC_PARK_SELECTED, 7, "i1");
	send_move(IPC_RECORD_VERSION);
	assert_int_equal(expect_offer(), 5);
	(void)close(sock);
	board_post(h.map, board_slot(h.map, 9, 7), 1, h.bells);
	turns(3);
	expect_none(control, BOOT_SESSION);
	send_moved(5, 0);
	expect_resume(&r);
	assert_int_equal(r.flags, IPC_RESUME_NEWS);
	(void)close(r.stream);
	send_park(5, IPC_PARK_SELECTED, 7, 0, "i1");
	/* Not at once again: there may be no room for long. */
	expect_none(h.master, BOOT_MASTER);
	assert_int_equal(expect_offer(), 5); /* a second later */
	send_moved(5, 0);
	(void)close(sock);
	say(fd, "DONE\r\n");
	assert_string_equal(line(fd), "i1 OK IDLE completed");
}

static void
who_parks_later_is_offered_then(void **state)
{
	(void)state;
	send_move(IPC_RECORD_VERSION);
	expect_none(h.master, BOOT_MASTER);
	park(0, 0, "");
	assert_int_equal(expect_offer(), 5);
	(void)close(sock);
}

static void
another_layout_stays(void **state)
{
	(void)state;
	park(0, 0, "");
	send_move(IPC_RECORD_VERSION + 1);
	expect_none(h.master, BOOT_MASTER);
	say(fd, "a NOOP\r\n");
	assert_string_equal(line(fd), "a OK NOOP completed");
	expect_none(h.master, BOOT_MASTER);
}

static void
half_a_line_stays_until_it_is_whole(void **state)
{
	(void)state;
	park(IPC_PARK_SELECTED, 7, "i1");
	say(fd, "DO");
	turns(3);
	send_move(IPC_RECORD_VERSION);
	expect_none(h.master, BOOT_MASTER);
	say(fd, "NE\r\n");
	assert_string_equal(line(fd), "i1 OK IDLE completed");
	assert_int_equal(expect_offer(), 5);
	(void)close(sock);
}

/* IPC_MOVE_MOST at a time, and the next for each answer. */
static void
so_many_are_offered_at_a_time(void **state)
{
	static int ends[IPC_MOVE_MOST + 2];
	struct served more;
	bool seen[IPC_MOVE_MOST + 2] = {false};
	struct ipc_put put;
	uint64_t conn;
	int c;

	(void)state;
	park(0, 0, "");
	for (uint64_t i = 0; i < IPC_MOVE_MOST + 1; i++) {
		ends[i] = knock(100 + i);
		greeted(ends[i]);
		c = log_in(ends[i], 100 + i, i == 0 ? "ben" : "cleo", &more);
		ipc_begin(&put, IPC_WISH);
		ipc_put_u64(&put, 100 + i);
		ipc_put_u64(&put, 0);
		ipc_put_u64(&put, 0);
		assert_int_equal(ipc_send(c, &put, NULL, 0), 0);
		(void)close(control);
		control = c;
		expect_type(IPC_GO);
		(void)close(more.stream);
		send_park(100 + i, 0, 0, 0, "");
		/* A fresh session for each: the house knows no other. */
		(void)close(control);
		control = -1;
		turns(2);
	}
	house_swallow();
	send_move(IPC_RECORD_VERSION);
	for (int i = 0; i < IPC_MOVE_MOST; i++) {
		conn = expect_offer();
		(void)close(sock);
		conn = conn == 5 ? IPC_MOVE_MOST + 1 : conn - 100;
		assert_false(seen[conn]);
		seen[conn] = true;
	}
	expect_none(h.master, BOOT_MASTER);
	send_moved(5, 1);
	conn = expect_offer();
	assert_false(seen[conn - 100]);
	expect_none(h.master, BOOT_MASTER);
	send_moved(conn, 1);
	conn = expect_offer();
	assert_false(seen[conn - 100]);
	(void)close(sock);
	send_moved(conn, 1);
	expect_none(h.master, BOOT_MASTER);
	for (int i = 0; i < IPC_MOVE_MOST + 1; i++)
		(void)close(ends[i]);
}

static void
a_stop_in_the_middle_ends_nothing(void **state)
{
	(void)state;
	park(0, 0, "");
	send_move(IPC_RECORD_VERSION);
	assert_int_equal(expect_offer(), 5);
	stop_worker(1, 1);
	turns(3);
	assert_false(h.alive);
	assert_silent(fd);
	say(sock, "* still there\r\n");
	assert_string_equal(line(fd), "* still there");
	(void)close(sock);
}

static void
a_kick_in_the_middle_ends_it_wherever_it_is(void **state)
{
	struct ipc_put put;

	(void)state;
	park(0, 0, "");
	send_move(IPC_RECORD_VERSION);
	assert_int_equal(expect_offer(), 5);
	ipc_begin(&put, IPC_KICK);
	ipc_put_u64(&put, 5);
	ipc_put_str(&put, "");
	assert_int_equal(ipc_send(h.master, &put, NULL, 0), 0);
	assert_string_equal(line(fd), "EOF");
	(void)close(sock);
}

/* ---- the heir ---- */

struct will { /* INHERIT */
	const char *user, *peer, *tag;
	uint32_t waits, flags, bad, port;
	uint64_t login, deadline;
	size_t record;
};

static uint64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static struct will
will(void)
{
	struct will v = {.user = "anna",
	    .peer = "192.0.2.9",
	    .tag = "i9",
	    .waits = 1,
	    .flags = IPC_PARK_SELECTED,
	    .bad = 2,
	    .port = 4711,
	    .login = now_ms() - 3000,
	    .deadline = now_ms() + 60000,
	    .record = 3};

	return v;
}

/* The client's end. */
static int
bequeath(const struct will *v)
{
	static uint8_t record[IPC_RECORD_MAX + 1] = RECORD;
	struct ipc_put put;
	int pair[2];

	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	ipc_begin(&put, IPC_INHERIT);
	ipc_put_u64(&put, OFFERED);
	ipc_put_bytes(&put, OLD_SEAL, sizeof(OLD_SEAL));
	ipc_put_str(&put, v->user);
	ipc_put_u32(&put, 0);
	ipc_put_str(&put, v->peer);
	ipc_put_u32(&put, v->port);
	ipc_put_str(&put, "192.0.2.2");
	ipc_put_u32(&put, 143);
	ipc_put_u32(&put, v->waits);
	for (uint64_t i = 1; i <= 3; i++) /* since, in, out */
		ipc_put_u64(&put, i);
	ipc_put_u64(&put, v->login);
	ipc_put_u64(&put, v->deadline);
	for (uint64_t i = 1; i <= 4; i++)
		ipc_put_u64(&put, 1000 * i);
	ipc_put_str(&put, "phone");
	ipc_put_str(&put, "INBOX");
	ipc_put_u32(&put, v->flags);
	ipc_put_u32(&put, v->bad);
	ipc_put_str(&put, v->tag);
	ipc_put_bytes(&put, record, v->record);
	assert_int_equal(ipc_send(h.master, &put, &pair[1], 1), 0);
	(void)close(pair[1]);
	turns(2);
	return pair[0];
}

static void
expect_reseal(void)
{
	const uint8_t *p;
	struct ipc_msg msg;
	struct ipc_get g;
	size_t n;

	assert_true(heard(h.spawner, BOOT_SPAWNER, &msg));
	assert_string_equal(ipc_name(msg.type), "RESEAL");
	ipc_open(&g, &msg);
	assert_int_equal(ipc_get_u64(&g), OFFERED);
	p = ipc_get_bytes(&g, &n, TICKET_MAX);
	assert_int_equal(n, sizeof(OLD_SEAL));
	assert_memory_equal(p, OLD_SEAL, n);
	assert_int_equal(ipc_done(&g), 0);
}

static void
send_resealed(const char *user, bool granted)
{
	static const uint8_t key[TICKET_KEY] =
	    "0123456789abcdef0123456789abcde";
	static struct ticket t;
	uint8_t sealed[TICKET_MAX];
	struct ipc_put put;

	memset(&t, 0, sizeof(t));
	(void)strlcpy(t.owner.user, user, sizeof(t.owner.user));
	(void)strlcpy(t.owner.maildir, "/m", sizeof(t.owner.maildir));
	t.owner.uid = t.owner.gid = 1000;
	ipc_begin(&put, IPC_RESEALED);
	ipc_put_u64(&put, OFFERED);
	ipc_put_str(&put, user);
	ipc_put_bytes(&put, sealed,
	    granted ? ticket_seal(&t, key, sealed, sizeof(sealed)) : 0);
	assert_int_equal(ipc_send(h.spawner, &put, NULL, 0), 0);
	turns(2);
}

static void
an_heir_watches_for_it_from_now_on(void **state)
{
	struct will v = will();
	struct started start;
	struct resumed r;
	int mine, was;

	(void)state;
	mine = bequeath(&v);
	/* Whatever the old worker claims: not before the spawner has said so.
	 */
	say(mine, "DONE\r\n");
	expect_reseal();
	expect_none(control, BOOT_SESSION);
	expect_none(h.master, BOOT_MASTER);
	send_resealed("anna", true);
	expect_start(&start); /* anna's session here is at work */
	was = control;
	control = start.control;
	spawner_started(OFFERED);
	expect_resume(&r);
	assert_int_equal(r.conn, OFFERED);
	assert_int_equal(r.flags, 0); /* it looks for itself, and watches */
	assert_int_equal(r.bad, 2);
	assert_string_equal(r.tag, "i9");
	expect_conn(h.master, BOOT_MASTER, IPC_SETTLED, OFFERED);
	assert_string_equal(line(r.stream), "DONE");
	(void)close(r.stream);
	session_end(control, OFFERED, IPC_END_LOGOUT);
	assert_string_equal(line(mine), "EOF");
	assert_string_equal(logged("LOGOUT, "),
	    "LOGOUT, user=anna, ip=[::ffff:192.0.2.9], port=[4711], "
	    "headers=1010, body=2020, rcvd=3030, sent=4040, time=3");
	(void)close(mine);
	(void)close(was);
}

static void
who_waits_for_nothing_needs_no_session(void **state)
{
	struct will v = will();
	int mine;

	(void)state;
	v.waits = 0;
	v.flags = 0;
	v.tag = "";
	mine = bequeath(&v);
	expect_reseal();
	send_resealed("anna", true);
	expect_conn(h.master, BOOT_MASTER, IPC_SETTLED, OFFERED);
	say(mine, "a NOOP\r\n");
	assert_string_equal(line(mine), "a OK NOOP completed");
	expect_none(h.spawner, BOOT_SPAWNER);
	(void)close(mine);
	expect_conn(h.spawner, BOOT_SPAWNER, IPC_ENDED, OFFERED);
	expect_conn(h.master, BOOT_MASTER, IPC_CLOSED, OFFERED);
}

static void
a_refused_ticket_ends_it(void **state)
{
	struct will v = will();
	int mine;

	(void)state;
	mine = bequeath(&v);
	expect_reseal();
	send_resealed("", false);
	assert_non_null(strstr(line(mine), "* BYE [UNAVAILABLE]"));
	assert_string_equal(line(mine), "EOF");
	(void)close(mine);
	expect_conn(h.master, BOOT_MASTER, IPC_CLOSED, OFFERED);
	expect_none(h.spawner, BOOT_SPAWNER); /* it was not counted */
}

/* The old worker's word against the ticket's. */
static void
another_name_than_the_tickets_ends_it(void **state)
{
	struct will v = will();
	int mine;

	(void)state;
	v.user = "ben";
	mine = bequeath(&v);
	expect_reseal();
	send_resealed("anna", true);
	assert_non_null(strstr(line(mine), "* BYE [UNAVAILABLE]"));
	(void)close(mine);
	expect_conn(h.spawner, BOOT_SPAWNER, IPC_ENDED, OFFERED);
}

static void
without_a_spawner_it_ends(void **state)
{
	struct will v = will();
	int mine;

	(void)state;
	mine = bequeath(&v);
	expect_reseal();
	house_peer(BOOT_SPAWNER, &h.spawner);
	assert_non_null(strstr(line(mine), "* BYE [UNAVAILABLE]"));
	(void)close(mine);
}

/* A day is the most that it may claim. */
static void
its_time_is_at_most_what_a_client_has(void **state)
{
	struct will v = will();
	int mine;

	(void)state;
	v.waits = 0;
	v.deadline = UINT64_MAX;
	v.login = UINT64_MAX;
	h.boot.set.inactivity_timeout = 1;
	house_settle();
	mine = bequeath(&v);
	expect_reseal();
	send_resealed("anna", true);
	assert_string_equal(line(mine), "* BYE Disconnected for inactivity.");
	assert_non_null(strstr(logged("TIMEOUT, user=anna"), "time=1"));
	(void)close(mine);
}

static void
what_an_old_worker_makes_up_costs_its_client(void **state)
{
	struct will v[7];
	int mine;

	(void)state;
	for (size_t i = 0; i < 7; i++)
		v[i] = will();
	v[0].peer = "1.2.3.4] user=[root";
	v[1].flags = IPC_PARK_FLAGS + 1;
	v[2].bad = UINT16_MAX + 1;
	v[3].port = UINT16_MAX + 1;
	v[4].record = IPC_RECORD_MAX + 1;
	v[5].peer = "1111111111222222222233333333334444444444555555";
	v[6].record = IPC_RECORD_MAX; /* this one may */
	for (size_t i = 0; i < 7; i++) {
		mine = bequeath(&v[i]);
		if (i == 6) {
			expect_reseal();
		} else {
			assert_string_equal(line(mine), "EOF");
			expect_conn(h.master, BOOT_MASTER, IPC_CLOSED, OFFERED);
			expect_none(h.spawner, BOOT_SPAWNER);
		}
		(void)close(mine);
	}
	/* It is still at work. */
	send_wish(5, 0);
	expect_type(IPC_GO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    PARK(who_is_parked_is_offered_and_goes),
	    PARK(one_that_nobody_takes_stays_and_misses_nothing),
	    PARK(who_parks_later_is_offered_then),
	    PARK(another_layout_stays),
	    PARK(half_a_line_stays_until_it_is_whole),
	    PARK(so_many_are_offered_at_a_time),
	    PARK(a_stop_in_the_middle_ends_nothing),
	    PARK(a_kick_in_the_middle_ends_it_wherever_it_is),
	    PARK(an_heir_watches_for_it_from_now_on),
	    PARK(who_waits_for_nothing_needs_no_session),
	    PARK(a_refused_ticket_ends_it),
	    PARK(another_name_than_the_tickets_ends_it),
	    PARK(without_a_spawner_it_ends),
	    PARK(its_time_is_at_most_what_a_client_has),
	    PARK(what_an_old_worker_makes_up_costs_its_client),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
