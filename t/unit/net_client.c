/*
 * A worker's connections in clear: the commands before login, the questions to
 * auth, limits, deadlines and stops. Everybody else is played by the test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/resource.h>

#include "t/unit/net_house.h"
#include "worker/net/client.h"

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

/* IPC_EVICT: for a newcomer, unless it has come further than that. */
static void
the_oldest_makes_place_until_it_has_logged_in(void **state)
{
	int fd = knock(1), asked = knock(2), starting = knock(3);
	struct ipc_put put;
	struct asked q;
	struct started s;

	(void)state;
	greeted(fd);
	greeted(asked);
	greeted(starting);
	say(starting, "a LOGIN anna geheim\r\n");
	expect_ask(&q);
	auth_yes(3, "anna");
	expect_start(&s);
	say(asked, "a LOGIN anna geheim\r\n");
	expect_ask(&q);
	for (uint64_t conn = 1; conn <= 4; conn++) {
		ipc_begin(&put, IPC_EVICT);
		ipc_put_u64(&put, conn);
		assert_int_equal(ipc_send(h.master, &put, NULL, 0), 0);
	}
	talk(fd, "",
	    "* BYE [ALERT] Too many connections without login, "
	    "please try again.",
	    NULL);
	over(fd, 1);
	expect_conn(h.auth, BOOT_AUTH, IPC_FORGET, 2);
	assert_non_null(strstr(line(asked), "* BYE [ALERT] Too many"));
	over(asked, 2);
	assert_silent(starting);
	(void)close(starting);
	(void)close(s.control);
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
	auth_no(1, IPC_NO_FAILED, "anna");
	assert_string_equal(logged("LOGIN FAILED"),
	    "LOGIN FAILED, user=anna, ip=[::ffff:192.0.2.1], port=[4711], "
	    "client=[::ffff:203.0.113.9]");
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

/* While auth thinks so much is read, and the rest waits in the kernel. */
static void
reading_ahead_of_a_login_stops(void **state)
{
	static char ahead[CLIENT_INPUT + 1];
	struct asked q;

	(void)state;
	memset(ahead, 'x', sizeof(ahead));
	house_settle();
	for (size_t n = CLIENT_INPUT - 1; n <= CLIENT_INPUT + 1; n++) {
		uint64_t conn = n - CLIENT_INPUT + 2;
		int fd = knock(conn);

		greeted(fd);
		say(fd, "a LOGIN anna pw\r\n");
		expect_ask(&q);
		say_n(fd, ahead, n);
		turns(10);
		assert_int_equal(client_find(h.w, conn)->nin,
		    n < CLIENT_INPUT ? n : CLIENT_INPUT);
		(void)close(fd);
		turns(3);
	}
}

/* Who reads no answers: one beyond the bound is the last that is made. */
static void
answers_before_login_are_bounded(void **state)
{
	char all[64 * 14 + 1] = "";
	struct client *c;
	int fd = knock(1);

	(void)state;
	for (int i = 0; i < 64; i++)
		(void)strlcat(all, "a CAPABILITY\r\n", sizeof(all));
	greeted(fd);
	c = client_find(h.w, 1);
	for (int i = 0; i < 1000 && c->nout == 0; i++) {
		(void)send(fd, all, strlen(all), MSG_DONTWAIT | MSG_NOSIGNAL);
		turn();
	}
	turns(20);
	assert_in_range(c->nout, CLIENT_SAY, CLIENT_SAY + 1000);
	(void)close(fd);
	turns(3);
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

/* RELIABILITY B14: the next client waits in vain, those who are here do not. */
static void
out_of_descriptors_only_the_newcomer_is_lost(void **state)
{
	struct rlimit had, none;
	struct ipc_put put;
	int fd = knock(1), pair[2], dummy;

	(void)state;
	greeted(fd);
	assert_int_equal(ipc_pair(pair), 0);
	ipc_begin(&put, IPC_CLIENT);
	ipc_put_u64(&put, 2);
	ipc_put_u32(&put, 0);
	ipc_put_u32(&put, 0);
	ipc_put_str(&put, "192.0.2.1");
	ipc_put_u32(&put, 4711);
	ipc_put_str(&put, "192.0.2.2");
	ipc_put_u32(&put, 143);
	ipc_put_str(&put, "");
	assert_int_equal(ipc_send(h.master, &put, &pair[1], 1), 0);
	dummy = dup(fd);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &had), 0);
	none = had;
	none.rlim_cur = (rlim_t)dummy;
	(void)close(dummy);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	turns(3);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &had), 0);
	(void)close(pair[0]);
	(void)close(pair[1]);
	expect_conn(h.master, BOOT_MASTER, IPC_CLOSED, 2);
	talk(fd, "a NOOP\r\n", "a OK NOOP completed", NULL);
	(void)close(fd);
	fd = knock(3);
	greeted(fd);
	(void)close(fd);
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

/* What the master hears until it is that, and no client of it is lost. */
static uint64_t
hears_full(void)
{
	struct ipc_msg msg;
	struct ipc_get g;

	do
		assert_true(heard(h.master, BOOT_MASTER, &msg));
	while (msg.type != IPC_FULL);
	ipc_open(&g, &msg);
	return ipc_get_u64(&g);
}

static void
near_its_limit_of_files_it_says_so(void **state)
{
	struct rlimit was, low;
	int fds[400], n = 0, gone = 0, lowest = dup(0);

	(void)state;
	(void)close(lowest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	low = was;
	low.rlim_cur = ((rlim_t)lowest + 40) / 3 * 4; /* at lowest + 40 */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	/* Two of ours to a client; its own has the higher number. */
	for (; n < 19; n++)
		greeted(fds[n] = knock(1 + (uint64_t)n));
	expect_none(h.master, BOOT_MASTER);
	for (; n < 24; n++)
		greeted(fds[n] = knock(1 + (uint64_t)n));
	assert_int_equal(hears_full(), 1);
	(void)logged("no more clients, ");
	expect_none(h.master, BOOT_MASTER);
	for (; gone < 8; gone++)
		(void)close(fds[gone]);
	assert_int_equal(hears_full(), 0);
	while (gone < n)
		(void)close(fds[gone++]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    HOUSE(simple_commands_are_answered),
	    HOUSE(the_oldest_makes_place_until_it_has_logged_in),
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
	    HOUSE(a_dead_auth_or_spawner_is_a_temporary_problem),
	    HOUSE(a_client_that_left_is_forgotten),
	    HOUSE(reading_ahead_of_a_login_stops),
	    HOUSE(answers_before_login_are_bounded),
	    HOUSE(a_refused_client_reads_why),
	    HOUSE(a_graceful_stop_lets_sessions_finish),
	    HOUSE(a_stop_has_a_deadline_and_may_be_fast),
	    HOUSE(without_a_master_it_says_bye_and_goes),
	    HOUSE(out_of_descriptors_only_the_newcomer_is_lost),
	    HOUSE(near_its_limit_of_files_it_says_so),
	    HOUSE(thousands_come_and_go_without_a_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
