/*
 * Clients behind a balancer: the header, the master's word, the deadlines. The
 * master is played by the test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "t/unit/net_house.h"
#include "worker/net/net.h"

#define HEADER "PROXY TCP4 198.51.100.9 192.0.2.2 5000 1143\r\n"

static int
up(void **state)
{
	int ret = house_up(state);

	h.boot.set.view[0].haproxy_timeout = 1;
	house_settle();
	return ret;
}

static void
admit(uint64_t conn, uint32_t flags, const char *refusal)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_ADMITTED);
	ipc_put_u64(&put, conn);
	ipc_put_u32(&put, flags);
	ipc_put_str(&put, refusal);
	assert_int_equal(ipc_send(h.master, &put, NULL, 0), 0);
	turn();
}

/* The master hears of an address that ends in "last". */
static void
expect_named(uint64_t conn, uint8_t last, uint32_t port, uint32_t local)
{
	struct ipc_msg msg;
	struct ipc_get g;
	const uint8_t *p;
	size_t n;

	assert_true(heard(h.master, BOOT_MASTER, &msg));
	assert_int_equal(msg.type, IPC_NAMED);
	ipc_open(&g, &msg);
	assert_int_equal(ipc_get_u64(&g), conn);
	p = ipc_get_bytes(&g, &n, 16);
	assert_int_equal(n, 16);
	assert_int_equal(p[10] & p[11], 0xff);
	assert_int_equal(p[15], last);
	assert_int_equal(ipc_get_u32(&g), port);
	assert_int_equal(ipc_get_u32(&g), local);
	assert_int_equal(ipc_done(&g), 0);
}

static void
the_header_comes_before_the_greeting(void **state)
{
	int fd = knock_with(1, IPC_CLIENT_PROXY, "");

	(void)state;
	assert_silent(fd);
	for (const char *p = HEADER; *p != '\0'; p++) {
		say_n(fd, p, 1);
		turn();
	}
	say(fd, "a NOOP\r\n"); /* with the header's last bytes */
	expect_named(1, 9, 5000, 1143);
	assert_silent(fd);
	admit(1, 0, "");
	greeted(fd);
	assert_string_equal(line(fd), "a OK NOOP completed");
	say(fd, "b LOGOUT\r\n");
	assert_string_equal(
	    line(fd), "* BYE Corkboard IMAP server shutting down");
	assert_non_null(strstr(logged("LOGOUT, "),
	    "LOGOUT, ip=[::ffff:198.51.100.9], port=[5000]"));
	(void)close(fd);
}

static void
a_balancer_may_speak_for_itself(void **state)
{
	int fd = knock_with(1, IPC_CLIENT_PROXY, "");

	(void)state;
	say(fd, "PROXY UNKNOWN\r\n");
	expect_named(1, 1, 4711, 143);
	admit(1, 0, "");
	greeted(fd);
	(void)close(fd);
}

static void
the_master_may_refuse(void **state)
{
	int fd = knock_with(1, IPC_CLIENT_PROXY, "");

	(void)state;
	say(fd, HEADER);
	expect_named(1, 9, 5000, 1143);
	admit(1, IPC_CLIENT_REFUSE, "so many");
	assert_string_equal(line(fd), "* BYE [ALERT] so many");
	assert_string_equal(line(fd), "EOF");
	(void)close(fd);
	expect_conn(h.master, BOOT_MASTER, IPC_CLOSED, 1);
	fd = knock_with(2, IPC_CLIENT_PROXY, "");
	say(fd, HEADER);
	expect_named(2, 9, 5000, 1143);
	admit(2, IPC_CLIENT_REFUSE, "");
	assert_string_equal(line(fd), "EOF");
	(void)close(fd);
	expect_conn(h.master, BOOT_MASTER, IPC_CLOSED, 2);
}

static void
other_bytes_are_no_header(void **state)
{
	int fd = knock_with(1, IPC_CLIENT_PROXY, "");

	(void)state;
	say(fd, "a LOGIN demo demo\r\n");
	assert_string_equal(line(fd), "EOF");
	assert_string_equal(logged("PROXY header"),
	    "ip=[::ffff:192.0.2.1], port=[4711], PROXY header: malformed");
	(void)close(fd);
	expect_conn(h.master, BOOT_MASTER, IPC_CLOSED, 1);
	fd = knock_with(2, IPC_CLIENT_PROXY, "");
	say(fd, "PROXY TCP4 192.0.");
	(void)shutdown(fd, SHUT_WR);
	assert_string_equal(line(fd), "EOF");
	(void)logged("PROXY header: connection ended");
	(void)close(fd);
}

static void
a_slow_header_is_not_waited_for(void **state)
{
	int fd = knock_with(1, IPC_CLIENT_PROXY, "");

	(void)state;
	say(fd, "PROXY ");
	assert_string_equal(line(fd), "EOF");
	(void)logged("PROXY header: timed out");
	(void)close(fd);
}

static void
an_answer_for_nobody_is_passed_over(void **state)
{
	int fd;

	(void)state;
	admit(99, 0, "");
	fd = knock(1);
	greeted(fd);
	admit(1, IPC_CLIENT_REFUSE, "not asked for");
	assert_silent(fd);
	(void)close(fd);
}

static void
a_stop_does_not_wait_for_headers(void **state)
{
	int one = knock_with(1, IPC_CLIENT_PROXY, "");
	int two = knock_with(2, IPC_CLIENT_PROXY, "");

	(void)state;
	say(two, HEADER);
	expect_named(2, 9, 5000, 1143);
	worker_stop(h.w, false, 5);
	assert_string_equal(line(one), "EOF");
	assert_string_equal(line(two), "EOF");
	(void)close(one);
	(void)close(two);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, up, house_down)
	const struct CMUnitTest tests[] = {
	    T(the_header_comes_before_the_greeting),
	    T(a_balancer_may_speak_for_itself),
	    T(the_master_may_refuse),
	    T(other_bytes_are_no_header),
	    T(a_slow_header_is_not_waited_for),
	    T(an_answer_for_nobody_is_passed_over),
	    T(a_stop_does_not_wait_for_headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
