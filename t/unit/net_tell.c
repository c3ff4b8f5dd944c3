/*
 * The log lines of a connection, byte for byte: fail2ban, logcheck and logwatch
 * know them by their words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "t/unit/net_tls.h"

#define AT "ip=[::ffff:192.0.2.1], port=[4711]"

/* The level digit of the last line that logged() found, before its ident. */
static int
level(const char *entry)
{
	return entry[-2] - '0';
}

static void
a_visit_without_login(void **state)
{
	const char *entry;
	int fd = knock(1);

	(void)state;
	entry = logged("Connection, ");
	assert_string_equal(entry, "Connection, " AT);
	assert_int_equal(level(entry), 7);
	greeted(fd);
	say(fd, "a LOGOUT\r\n");
	(void)line(fd);
	(void)line(fd);
	entry = logged("LOGOUT, ");
	assert_ptr_equal(
	    strstr(entry, "LOGOUT, " AT ", rcvd=10, sent="), entry);
	assert_int_equal(level(entry), 6);
	(void)close(fd);
	entry = logged("Disconnected, ");
	assert_string_equal(entry, "Disconnected, " AT ", time=0");
	assert_int_equal(level(entry), 7);
}

static void
a_visit_in_tls(void **state)
{
	struct speaker s;
	const char *entry;

	(void)state;
	arrive(&s, 1);
	assert_string_equal(logged("Connection, "), "Connection, " AT);
	(void)SSL_shutdown(s.ssl);
	speaker_off(&s);
	assert_string_equal(logged("Disconnected, "),
	    "Disconnected, " AT ", time=0, starttls=1");
	/* Without a close_notify. */
	arrive(&s, 2);
	speaker_off(&s);
	entry = logged("Unexpected");
	assert_string_equal(entry, "Unexpected SSL connection shutdown., " AT);
	assert_int_equal(level(entry), 7);
}

static void
broken_tls(void **state)
{
	static const char junk[] = "\x17\x03\x03\x00\x10 no record at all ";
	struct served served;
	struct speaker s;
	int control;

	(void)state;
	arrive(&s, 1);
	say_n(s.fd, junk, sizeof(junk) - 1);
	assert_string_equal(logged("couriertls: read"),
	    "ip=[::ffff:192.0.2.1], couriertls: read: "
	    "decryption failed or bad record mac");
	speaker_off(&s);
	expect_conn(h.master, BOOT_MASTER, IPC_CLOSED, 1);
	/* And after login, when a session has the client. */
	arrive(&s, 2);
	control = tls_log_in(&s, 2, &served);
	say_n(s.fd, junk, sizeof(junk) - 1);
	(void)logged("ip=[::ffff:192.0.2.1], couriertls: read: decryption");
	(void)close(served.stream);
	(void)close(control);
	speaker_off(&s);
}

static void
failed_logins(void **state)
{
	static const struct {
		const char *say, *user, *line;
		bool method;
	} t[] = {
	    {"a LOGIN x y\r\n", "anna", "LOGIN FAILED, user=anna, " AT, false},
	    {"a LOGIN x y\r\n", "a\tb, ip=[203.0.113.1]",
		"LOGIN FAILED, user=a.b. ip=.203.0.113.1., " AT, false},
	    {"a AUTHENTICATE PLAIN AGEAYg==\r\n", "anna",
		"LOGIN FAILED, method=PLAIN, " AT, true},
	};
	const char *entry;
	struct asked q;
	int fd;

	(void)state;
	for (uint64_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		fd = knock(i);
		greeted(fd);
		say(fd, t[i].say);
		expect_ask(&q);
		auth_no(i, IPC_NO_FAILED, t[i].user);
		entry = logged("LOGIN FAILED, ");
		assert_string_equal(entry, t[i].line);
		assert_int_equal(level(entry), 6);
		(void)close(fd);
		expect_conn(h.master, BOOT_MASTER, IPC_CLOSED, i);
	}
}

static void
logins_and_their_ends(void **state)
{
	static const struct {
		uint32_t why;
		const char *begin;
	} t[] = {{IPC_END_LOGOUT, "LOGOUT, "},
	    {IPC_END_DISCONNECTED, "DISCONNECTED, "},
	    {IPC_END_TIMEOUT, "TIMEOUT, "},
	    {IPC_END_SHUTDOWN,
		"NOTICE: Disconnected during shutdown by signal, "},
	    {IPC_END_PROTOCOL, "DISCONNECTED, "}};
	struct served served;
	char want[256];
	const char *entry;
	int fd, control;

	for (uint64_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		fd = knock(i);
		greeted(fd);
		control = log_in(fd, i, "anna", &served);
		entry = logged("LOGIN, ");
		assert_string_equal(
		    entry, "LOGIN, user=anna, " AT ", protocol=IMAP");
		assert_int_equal(level(entry), 6);
		session_end(control, i, t[i].why);
		entry = logged("headers=");
		(void)snprintf(
		    want, sizeof(want), "%suser=anna, " AT, t[i].begin);
		assert_ptr_equal(strstr(entry, want), entry);
		assert_int_equal(level(entry), 6);
		(void)close(served.stream);
		(void)close(fd);
		(void)close(control);
		assert_int_equal(house_down(state), 0);
		assert_int_equal(house_up(state), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    HOUSE(a_visit_without_login),
	    TLS(a_visit_in_tls),
	    TLS(broken_tls),
	    HOUSE(failed_logins),
	    HOUSE(logins_and_their_ends),
	};

	return cmocka_run_group_tests(tests, make_cert, drop_cert);
}
