/*
 * A worker's connections in clear: the commands before login, the questions to
 * auth and spawner, the hand-over to sessions, notices, limits and ends.
 * Master, auth, spawner, watch and sessions are played by the test
 * (net_house.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "t/unit/net_house.h"

/* A conversation: what is said, and the lines that come back. */
static void
talk(int fd, const char *text, const char *first, const char *second)
{
	say(fd, text);
	if (first != NULL)
		assert_string_equal(line(fd), first);
	if (second != NULL)
		assert_string_equal(line(fd), second);
}

static void
over(int fd, uint64_t conn)
{
	assert_string_equal(line(fd), "EOF");
	(void)close(fd);
	expect_conn(h.master, BOOT_MASTER, IPC_CLOSED, conn);
}

static void
simple_commands_are_answered(void **state)
{
	int fd = knock(1);

	(void)state;
	greeted(fd);
	talk(fd, "a NOOP\r\n", "a OK NOOP completed", NULL);
	say(fd, "b capability\r\n");
	assert_non_null(strstr(line(fd), "* CAPABILITY IMAP4rev1"));
	assert_string_equal(line(fd), "b OK CAPABILITY completed");
	/* RFC 2971; every byte on its own. */
	for (const char *p = "c ID (\"name\" \"x\")\r\n"; *p != '\0'; p++) {
		say_n(fd, p, 1);
		turn();
	}
	assert_string_equal(line(fd), "* ID NIL");
	assert_string_equal(line(fd), "c OK ID completed");
	assert_string_equal(
	    logged("ID, "), "ID, ip=[::ffff:192.0.2.1], port=[4711], name=x");
	talk(fd, "d LOGOUT\r\n", "* BYE Corkboard IMAP server shutting down",
	    "d OK LOGOUT completed");
	assert_non_null(strstr(logged("LOGOUT, "),
	    "LOGOUT, ip=[::ffff:192.0.2.1], port=[4711], rcvd="));
	over(fd, 1);
}

static void
id_tells_what_the_setting_names(void **state)
{
	int fd;

	(void)state;
	h.boot.set.id_fields = 1;
	house_settle();
	fd = knock(1);
	greeted(fd);
	talk(fd, "a ID NIL\r\n",
	    "* ID (\"name\" \"Corkboard IMAP\" \"version\" \"" VERSION "\")",
	    "a OK ID completed");
	(void)close(fd);
}

static void
starttls_is_not_offered_without_a_certificate(void **state)
{
	int fd = knock(1);
	const char *text = line(fd);

	(void)state;
	assert_null(strstr(text, "STARTTLS"));
	talk(fd, "a STARTTLS\r\n", "a BAD STARTTLS is not available.", NULL);
	(void)close(fd);
	fd = knock_with(2, IPC_CLIENT_TLS, "");
	assert_string_equal(line(fd), "EOF");
	(void)logged("no certificate");
	(void)close(fd);
}

static void
the_third_bad_command_is_the_last(void **state)
{
	int fd = knock(1);

	(void)state;
	greeted(fd);
	say(fd, "a FETCH 1 ALL\r\nb\r\nc OK\r\nd NOOP\r\n");
	assert_string_equal(
	    line(fd), "a BAD Error in IMAP command received by server.");
	assert_string_equal(line(fd), "b BAD Command expected after the tag.");
	assert_string_equal(
	    line(fd), "c BAD Error in IMAP command received by server.");
	assert_string_equal(
	    line(fd), "* BYE [ALERT] Too many protocol errors.");
	over(fd, 1);
}

static void
another_protocol_is_closed_without_an_echo(void **state)
{
	static const char *const junk[] = {"GET / HTTP/1.1\r\nHost: x\r\n",
	    "EHLO me\r\n", "SSH-2.0-x\r\n", "\x16\x03\x01\x02"};

	(void)state;
	for (uint64_t i = 0; i < sizeof(junk) / sizeof(junk[0]); i++) {
		int fd = knock(i + 1);

		greeted(fd);
		say(fd, junk[i]);
		over(fd, i + 1);
	}
}

static void
too_long_a_line_ends_the_connection(void **state)
{
	char text[9000];
	int fd = knock(1);

	(void)state;
	greeted(fd);
	memset(text, 'x', sizeof(text));
	say_n(fd, text, sizeof(text));
	assert_string_equal(line(fd), "* BYE [ALERT] Command line too long.");
	over(fd, 1);
}

static void
a_literal_is_asked_for_within_its_limit(void **state)
{
	struct asked q;
	int fd = knock(1);

	(void)state;
	greeted(fd);
	talk(fd, "a LOGIN {1025}\r\n", "a BAD Literal too large.", NULL);
	talk(fd, "b LOGIN {4}\r\n", "+ OK", NULL);
	talk(fd, "anna {3}\r\n", "+ OK", NULL);
	say(fd, "p w\r\n");
	expect_ask(&q);
	assert_string_equal(q.mech, "LOGIN");
	assert_string_equal(q.a, "anna");
	assert_string_equal(q.b, "p w");
	assert_string_equal(q.peer, "192.0.2.1");
	assert_int_equal(q.port, 143);
	assert_int_equal(q.flags, 0);
	(void)close(fd);
}

static void
a_wrong_password_is_refused_three_times(void **state)
{
	struct asked q;
	int fd = knock(7);

	(void)state;
	greeted(fd);
	for (int i = 0; i < 3; i++) {
		/* The second half waits until the first is answered. */
		say(fd, "a LOGIN anna wrong\r\nb NOOP\r\n");
		expect_ask(&q);
		assert_silent(fd);
		auth_no(7, IPC_NO_FAILED, "anna,[x]");
		assert_string_equal(
		    line(fd), "a NO [AUTHENTICATIONFAILED] Login failed.");
		assert_string_equal(logged("LOGIN FAILED"),
		    "LOGIN FAILED, user=anna..x., ip=[::ffff:192.0.2.1], "
		    "port=[4711]");
		if (i < 2)
			assert_string_equal(line(fd), "b OK NOOP completed");
	}
	assert_string_equal(line(fd), "* BYE [ALERT] Too many failed logins.");
	over(fd, 7);
}

static void
each_refusal_has_its_own_words(void **state)
{
	static const struct {
		uint32_t why;
		const char *text, *next;
	} t[] = {
	    {IPC_NO_UNAVAILABLE,
		"a NO [UNAVAILABLE] Temporary problem, please try again "
		"later",
		NULL},
	    {IPC_NO_EXPIRED, "a NO [EXPIRED] Account or password has expired.",
		NULL},
	    {IPC_NO_DISABLED, "* BYE IMAP access disabled for this account.",
		"EOF"},
	    {IPC_NO_INSECURE,
		"* BYE IMAP access disabled via insecure connection.", "EOF"},
	};
	struct asked q;

	(void)state;
	for (uint64_t i = 0; i < 4; i++) {
		int fd = knock(i);

		greeted(fd);
		say(fd, "a LOGIN anna right\r\n");
		expect_ask(&q);
		auth_no(i, t[i].why, "anna");
		assert_string_equal(line(fd), t[i].text);
		if (t[i].next != NULL)
			assert_string_equal(line(fd), t[i].next);
		(void)close(fd);
	}
}

static void
authenticate_takes_its_exchanges(void **state)
{
	struct asked q;
	int fd = knock(1);

	(void)state;
	greeted(fd);
	talk(fd, "a AUTHENTICATE PLAIN\r\n", "+ ", NULL);
	say(fd, "AGFubmEAcHc=\r\n");
	expect_ask(&q);
	assert_string_equal(q.mech, "PLAIN");
	assert_int_equal(q.na, 8);
	assert_memory_equal(q.a, "\0anna\0pw", 8);
	auth_no(1, IPC_NO_FAILED, "anna");
	assert_string_equal(
	    line(fd), "a NO [AUTHENTICATIONFAILED] Login failed.");
	assert_string_equal(logged("LOGIN FAILED"),
	    "LOGIN FAILED, method=PLAIN, ip=[::ffff:192.0.2.1], port=[4711]");
	talk(fd, "b AUTHENTICATE LOGIN\r\n", "+ VXNlcm5hbWU6", NULL);
	talk(fd, "YW5uYQ==\r\n", "+ UGFzc3dvcmQ6", NULL);
	say(fd, "cHc=\r\n");
	expect_ask(&q);
	assert_string_equal(q.mech, "AUTH-LOGIN");
	assert_string_equal(q.a, "anna");
	assert_string_equal(q.b, "pw");
	auth_no(1, IPC_NO_UNAVAILABLE, "");
	assert_non_null(strstr(line(fd), "b NO [UNAVAILABLE]"));
	/* RFC 4959 */
	talk(fd, "c AUTHENTICATE LOGIN YW5uYQ==\r\n", "+ UGFzc3dvcmQ6", NULL);
	talk(fd, "*\r\n", "c BAD Authentication cancelled.", NULL);
	/* The cancelled name is forgotten. */
	talk(fd, "d AUTHENTICATE LOGIN\r\n", "+ VXNlcm5hbWU6", NULL);
	talk(fd, "YmVu\r\n", "+ UGFzc3dvcmQ6", NULL);
	talk(fd, "c*\r\n", "d BAD Invalid base64.", NULL);
	say(fd, "e AUTHENTICATE PLAIN =\r\n");
	expect_ask(&q);
	assert_int_equal(q.na, 0);
	(void)close(fd);
}

static void
external_is_nobodys_without_its_listener(void **state)
{
	int fd = knock(1);

	(void)state;
	greeted(fd);
	talk(fd, "a AUTHENTICATE EXTERNAL =\r\n",
	    "a NO Unsupported authentication mechanism.", NULL);
	(void)close(fd);
	fd = knock_with(2, IPC_CLIENT_CERT, "");
	greeted(fd);
	talk(fd, "a AUTHENTICATE EXTERNAL =\r\n",
	    "a NO Unsupported authentication mechanism.", NULL);
	talk(fd, "a AUTHENTICATE CRAM-MD5\r\n",
	    "a NO Unsupported authentication mechanism.", NULL);
	(void)close(fd);
}

static void
sasl_responses_hold_at_their_edge(void **state)
{
	char text[8300];
	struct asked q;

	(void)state;
	for (int n = 8188; n <= 8196; n += 4) {
		int fd = knock((uint64_t)n);

		greeted(fd);
		talk(fd, "a AUTHENTICATE PLAIN\r\n", "+ ", NULL);
		memset(text, 'A', (size_t)n);
		strcpy(text + n, "\r\n");
		say(fd, text);
		if (n <= 8192) {
			expect_ask(&q);
			assert_int_equal(q.na, n / 4 * 3);
		} else {
			assert_string_equal(
			    line(fd), "* BYE [ALERT] SASL response too long.");
		}
		(void)close(fd);
		turns(2);
	}
}

static void
tls_required_means_no_login_in_clear(void **state)
{
	int fd;

	(void)state;
	h.boot.set.tls_required = 1;
	house_settle();
	fd = knock(1);
	assert_non_null(strstr(line(fd), "LOGINDISABLED"));
	talk(fd, "a LOGIN anna pw\r\n",
	    "a NO [PRIVACYREQUIRED] STARTTLS required", NULL);
	talk(fd, "b AUTHENTICATE PLAIN AGEAYg==\r\n",
	    "b NO [PRIVACYREQUIRED] STARTTLS required", NULL);
	expect_none(h.auth, BOOT_AUTH);
	(void)close(fd);
}

static void
only_a_trusted_peer_says_for_whom_it_comes(void **state)
{
	static const char text[] =
	    "a ID (\"x-originating-ip\" \"203.0.113.9\")\r\n"
	    "b LOGIN anna pw\r\n";
	struct asked q;
	int fd = knock_with(1, IPC_CLIENT_TRUST, "");

	(void)state;
	say(fd, text);
	expect_ask(&q);
	assert_string_equal(q.claimed, "203.0.113.9");
	assert_int_equal(q.flags, IPC_ASK_TRUST);
	(void)close(fd);
	fd = knock(2);
	say(fd, text);
	expect_ask(&q);
	assert_string_equal(q.claimed, "");
	(void)close(fd);
	fd = knock_with(3, IPC_CLIENT_TRUST, "");
	say(fd, "a ID (\"x-originating-ip\" \"root\")\r\nb LOGIN a b\r\n");
	expect_ask(&q);
	assert_int_equal(q.conn, 3);
	assert_string_equal(q.claimed, "");
	(void)close(fd);
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
a_dead_auth_or_spawner_is_a_temporary_problem(void **state)
{
	struct started start;
	struct asked q;
	int fd = knock(1);

	(void)state;
	greeted(fd);
	say(fd, "a LOGIN anna pw\r\n");
	expect_ask(&q);
	(void)close(h.auth);
	h.auth = -1;
	assert_non_null(strstr(line(fd), "a NO [UNAVAILABLE]"));
	talk(fd, "b LOGIN anna pw\r\n",
	    "b NO [UNAVAILABLE] Temporary problem, please try again later",
	    NULL);
	house_peer(BOOT_AUTH, &h.auth);
	turns(2);
	(void)close(fd);
	fd = knock(2);
	greeted(fd);
	say(fd, "a LOGIN anna pw\r\n");
	expect_ask(&q);
	auth_yes(2, "anna");
	expect_start(&start);
	house_peer(BOOT_SPAWNER, &h.spawner); /* restarted: the old is gone */
	assert_non_null(strstr(line(fd), "a NO [UNAVAILABLE]"));
	assert_int_equal(recv(start.control, &q, 1, MSG_DONTWAIT), 0);
	(void)close(start.control);
	(void)close(fd);
	expect_none(h.spawner, BOOT_SPAWNER);
}

static void
a_client_that_left_is_forgotten(void **state)
{
	struct started start;
	struct asked q;
	int fd, other;

	(void)state;
	h.boot.set.login_timeout = 1;
	house_settle();
	fd = knock(1);
	other = knock(2);
	greeted(fd);
	greeted(other);
	say(fd, "a LOGIN anna pw\r\n");
	expect_ask(&q);
	say(other, "a LOGIN anna pw\r\n");
	expect_ask(&q);
	auth_yes(2, "anna");
	expect_start(&start);
	/* The deadline is absolute; auth is told. */
	assert_string_equal(line(fd), "* BYE Disconnected for inactivity.");
	expect_conn(h.auth, BOOT_AUTH, IPC_FORGET, 1);
	auth_yes(1, "anna"); /* crossed it on the way */
	over(fd, 1);
	/* The other one's session was asked for: what is started is ended. */
	assert_string_equal(line(other), "* BYE Disconnected for inactivity.");
	(void)close(other);
	expect_conn(h.spawner, BOOT_SPAWNER, IPC_ENDED, 2);
	spawner_started(2);
	expect_none(h.spawner, BOOT_SPAWNER);
	assert_int_equal(recv(start.control, &q, 1, MSG_DONTWAIT), 0);
	(void)close(start.control);
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
	struct ipc_msg msg;

	(void)state;
	greeted(fd);
	greeted(other);
	a = log_in(fd, 1, "anna", &s);
	b = log_in(other, 2, "ben", &t);
	session_folder(a, IPC_WATCH, 42, 3);
	expect_folder(a, BOOT_SESSION, IPC_GO, 42);
	assert_true(heard(h.watch, BOOT_WATCH, &msg));
	assert_int_equal(msg.type, IPC_WATCH);
	assert_int_equal(msg.nfds, 3);
	ipc_drop(&msg);
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

static void
a_new_watch_hears_of_every_folder(void **state)
{
	struct served s, t;
	int fd = knock(1), other = knock(2), a, b;
	struct ipc_msg msg;

	(void)state;
	a = log_in(fd, 1, "anna", &s);
	b = log_in(other, 2, "ben", &t);
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

static void
a_refused_client_reads_why(void **state)
{
	int fd = knock_with(1, IPC_CLIENT_REFUSE, "Too many connections.");

	(void)state;
	assert_string_equal(line(fd), "* BYE [ALERT] Too many connections.");
	over(fd, 1);
}

static void
a_graceful_stop_lets_sessions_finish(void **state)
{
	struct ipc_msg msg;
	struct served s;
	int fd = knock(1), quiet = knock(2), control;

	(void)state;
	greeted(fd);
	greeted(quiet);
	control = log_in(fd, 1, "anna", &s);
	stop_worker(0, 5);
	assert_string_equal(
	    line(quiet), "* BYE Corkboard IMAP server shut down by signal.");
	assert_true(heard(control, BOOT_SESSION, &msg));
	assert_int_equal(msg.type, IPC_SHUTDOWN);
	assert_true(h.alive);
	(void)close(knock(3)); /* too late */
	say(s.stream, "* BYE\r\n");
	(void)close(s.stream);
	session_end(control, 1, IPC_END_SHUTDOWN);
	assert_string_equal(line(fd), "* BYE");
	(void)close(fd);
	(void)close(quiet);
	for (int i = 0; i < TURNS && h.alive; i++)
		turn();
	assert_false(h.alive);
	(void)close(control);
}

static void
a_stop_has_a_deadline_and_may_be_fast(void **state)
{
	struct served s;
	int fd = knock(1), control = log_in(fd, 1, "anna", &s);

	(void)state;
	greeted(fd);
	stop_worker(0, 0);
	for (int i = 0; i < TURNS && h.alive; i++)
		turn();
	assert_false(h.alive);
	(void)logged(
	    "NOTICE: Disconnected during shutdown by signal, user=anna");
	(void)close(s.stream);
	(void)close(control);
	assert_string_equal(line(fd), "EOF");
	(void)close(fd);
}

static void
without_a_master_it_says_bye_and_goes(void **state)
{
	int fd = knock(1);

	(void)state;
	greeted(fd);
	(void)close(h.master);
	h.master = -1;
	assert_string_equal(
	    line(fd), "* BYE Corkboard IMAP server shut down by signal.");
	assert_string_equal(line(fd), "EOF");
	(void)close(fd);
	for (int i = 0; i < TURNS && h.alive; i++)
		turn();
	assert_false(h.alive);
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

static void
thousands_come_and_go_without_a_trace(void **state)
{
	char last[32], text[32];
	int fd;

	(void)state;
	fd = open("/dev/null", O_RDONLY);
	(void)snprintf(last, sizeof(last), "%d", fd);
	(void)close(fd);
	for (uint64_t i = 1; i <= 1500; i++) {
		fd = knock(i);
		say(fd, i % 3 == 0 ? "a AUTHENTICATE LOGIN YQ==\r\n"
				   : "a LOGIN {3}\r\n");
		(void)worker_tick(h.w, 0);
		(void)close(fd);
		if (i % 100 == 0) {
			turn();
			struct ipc_msg msg = {.nfds = 0};
			while (ipc_recv(h.master, BOOT_MASTER, BOOT_WORKER,
				   &msg) == 1)
				;
		}
	}
	turns(3);
	fd = open("/dev/null", O_RDONLY);
	(void)snprintf(text, sizeof(text), "%d", fd);
	(void)close(fd);
	assert_string_equal(text, last);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    HOUSE(simple_commands_are_answered),
	    HOUSE(id_tells_what_the_setting_names),
	    HOUSE(starttls_is_not_offered_without_a_certificate),
	    HOUSE(the_third_bad_command_is_the_last),
	    HOUSE(another_protocol_is_closed_without_an_echo),
	    HOUSE(too_long_a_line_ends_the_connection),
	    HOUSE(a_literal_is_asked_for_within_its_limit),
	    HOUSE(a_wrong_password_is_refused_three_times),
	    HOUSE(each_refusal_has_its_own_words),
	    HOUSE(authenticate_takes_its_exchanges),
	    HOUSE(external_is_nobodys_without_its_listener),
	    HOUSE(sasl_responses_hold_at_their_edge),
	    HOUSE(tls_required_means_no_login_in_clear),
	    HOUSE(only_a_trusted_peer_says_for_whom_it_comes),
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
	    HOUSE(a_dead_auth_or_spawner_is_a_temporary_problem),
	    HOUSE(a_client_that_left_is_forgotten),
	    HOUSE(bad_messages_cost_their_session),
	    HOUSE(a_change_wakes_who_idles_on_the_folder),
	    HOUSE(a_new_watch_hears_of_every_folder),
	    HOUSE(a_deaf_session_owes_its_notice),
	    HOUSE(a_refused_client_reads_why),
	    HOUSE(a_graceful_stop_lets_sessions_finish),
	    HOUSE(a_stop_has_a_deadline_and_may_be_fast),
	    HOUSE(without_a_master_it_says_bye_and_goes),
	    HOUSE(interleaved_logins_are_not_mixed_up),
	    HOUSE(thousands_come_and_go_without_a_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
