/* The little grammar before login: cutter, parser, junk, base64. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/net/login.h"

#define ROOM 65536

struct run { /* what a stream of bytes came to */
	char events[256];
	size_t n, most; /* bytes of events; most bytes kept at a time */
	enum login_event last;
	struct login_command cmd;
};

static void
note(struct run *r, const char *text)
{
	r->n += (size_t)snprintf(
	    r->events + r->n, sizeof(r->events) - r->n, "%s ", text);
}

/* Feeds text in pieces of "step" bytes, as gate.c does with its buffer. */
static void
feed(struct run *r, const char *text, size_t len, size_t step)
{
	char *buf = malloc(ROOM);
	struct login_cut cut;
	size_t have = 0, at = 0, used, n;

	memset(r, 0, sizeof(*r));
	login_begin(&cut);
	while (r->last != LOGIN_BYE) {
		r->last =
		    have > 0 ? login_next(&cut, buf, have, &used) : LOGIN_MORE;
		if (have == 0)
			used = 0;
		if (r->last == LOGIN_COMMAND)
			note(r,
			    login_parse(&cut, buf, &r->cmd) == 0 ? "ok" : "no");
		if (r->last == LOGIN_BAD)
			note(r, cut.tag[0] == '*' ? "BAD*" : "BAD");
		if (r->last == LOGIN_BYE)
			note(r, "BYE");
		if (r->last == LOGIN_PROMPT)
			note(r, "+");
		have -= used;
		memmove(buf, buf + used, have);
		if (r->last == LOGIN_COMMAND || r->last == LOGIN_BAD)
			login_begin(&cut);
		if (r->last != LOGIN_MORE)
			continue;
		if (at == len)
			break;
		n = len - at < step ? len - at : step;
		memcpy(buf + have, text + at, n);
		at += n;
		have += n;
		if (have > r->most)
			r->most = have;
	}
	free(buf);
}

static void
check(const char *text, size_t len, const char *events)
{
	struct run r;

	for (size_t step = 1; step <= len; step += step < 40 ? 1 : len) {
		feed(&r, text, len, step);
		if (strcmp(r.events, events) != 0)
			fail_msg("%.60s step %zu: got %s, not %s", text, step,
			    r.events, events);
		assert_true(r.most < 20000);
	}
	feed(&r, text, len, len);
	assert_string_equal(r.events, events);
}

static void
commands_are_cut_and_parsed(void **state)
{
	static const struct {
		const char *text, *events;
	} t[] = {
	    {"a NOOP\r\n", "ok "},
	    {"a noop\n", "ok "},
	    {"a NOOP\r\nb CAPABILITY\r\nc LOGOUT\r\n", "ok ok ok "},
	    {"a NOOP \r\n", "no "},
	    {"a STARTTLS\r\n", "ok "},
	    {"a STARTTLS x\r\n", "no "},
	    {"a STARTTLS \r\n", "no "},
	    {"a {8}\r\nSTARTTLS\r\n", "+ no "},
	    {"a LOGIN u p\r\n", "ok "},
	    {"a LOGIN \"u\" \"p\\\\\\\"x\"\r\n", "ok "},
	    {"a LOGIN \"u\" \"p\\x\"\r\n", "no "},
	    {"a LOGIN \"u p\r\n", "no "},
	    {"a LOGIN u\r\n", "no "},
	    {"a LOGIN u p q\r\n", "no "},
	    {"a LOGIN  u p\r\n", "no "},
	    {"a LOGIN {1}\r\nu {1}\r\np\r\n", "+ + ok "},
	    {"a LOGIN {1+}\r\nu {1+}\r\np\r\n", "ok "},
	    {"a LOGIN {0+}\r\n {0+}\r\n\r\n", "ok "},
	    {"a LOGIN \"x {3+}\r\nabc\" y\r\n", "no "},
	    {"a SELECT INBOX\r\n", "no "},
	    {"* NOOP\r\n", "no "},
	    {" NOOP\r\n", "no "},
	    {"\r\n", "no "},
	    {"a+ NOOP\r\n", "no "},
	    {"a\r\n", "no "},
	    {"a LOGIN {5 p\r\n", "no "},
	    {"a LOGIN {} p\r\n", "no "},
	    {"a LOGIN {}\r\n", "no "},
	    {"a LOGIN {-1}\r\n", "no "},
	    {"a LOGIN {1+}x\r\n", "no "},
	    {"a AUTHENTICATE PLAIN\r\n", "ok "},
	    {"a AUTHENTICATE PLAIN =\r\n", "ok "},
	    {"a AUTHENTICATE PLAIN AGEAYg==\r\n", "ok "},
	    {"a AUTHENTICATE PLAIN \r\n", "no "},
	    {"a AUTHENTICATE PLAIN a b\r\n", "no "},
	    {"a AUTHENTICATE PLAIN {4+}\r\nQQ==\r\n", "no "},
	    {"a AUTHENTICATE\r\n", "no "},
	    {"a AUTHENTICATE \"PLAIN\"\r\n", "no "},
	    {"a ID NIL\r\n", "ok "},
	    {"a ID ()\r\n", "ok "},
	    {"a ID (\"name\" \"x\" \"v\" NIL)\r\n", "ok "},
	    {"a ID ((\"name\" \"x\"))\r\n", "no "},
	    {"a ID (\"name\")\r\n", "no "},
	    {"a ID (\"name\" \"x\"\r\n", "no "},
	    {"a ID (NIL \"x\")\r\n", "no "},
	    {"a ID (name \"x\")\r\n", "no "},
	    {"a NOOP\r\r\n", "no "},
	    {"a LOGIN u \"p\rq\"\r\n", "no "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		check(t[i].text, strlen(t[i].text), t[i].events);
}

static void
literals_hold_at_their_edges(void **state)
{
	static const struct {
		const char *head;
		size_t n;
		const char *tail, *events;
	} t[] = {
	    {"a LOGIN {1023+}\r\n", 1023, " p\r\n", "ok "},
	    {"a LOGIN {1024+}\r\n", 1024, " p\r\n", "ok "},
	    /* LITERAL-: swallowed, the command after it is not lost */
	    {"a LOGIN {1025+}\r\n", 1025, " p\r\nb NOOP\r\n", "BAD ok "},
	    {"a LOGIN {4095+}\r\n", 4095, " p\r\nb NOOP\r\n", "BAD ok "},
	    {"a LOGIN {4096+}\r\n", 4096, " p\r\nb NOOP\r\n", "BAD ok "},
	    {"a LOGIN {4097+}\r\n", 0, "", "BYE "},
	    {"a LOGIN {1024}\r\n", 1024, " p\r\n", "+ ok "},
	    /* refused before it is sent: nothing follows */
	    {"a LOGIN {1025}\r\n", 0, "b NOOP\r\n", "BAD ok "},
	    {"a LOGIN {4294967296}\r\n", 0, "b NOOP\r\n", "BAD ok "},
	    {"a LOGIN {99999999999999999999}\r\n", 0, "b NOOP\r\n", "BAD ok "},
	    {"a LOGIN {99999999999999999999+}\r\n", 0, "", "BYE "},
	    {"a LOGIN {01}\r\n", 0, "b NOOP\r\n", "BAD ok "},
	    {"a LOGIN {01+}\r\n", 0, "", "BYE "},
	    {"{1025+}\r\n", 1025, "\r\nb NOOP\r\n", "BAD* ok "},
	};
	char *text = malloc(ROOM);

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		size_t n = strlen(t[i].head);

		memcpy(text, t[i].head, n);
		memset(text + n, 'x', t[i].n);
		/* What it holds must never be executed. */
		if (t[i].n > 20)
			memcpy(text + n, "\r\nx LOGOUT\r\n", 12);
		n += t[i].n;
		memcpy(text + n, t[i].tail, strlen(t[i].tail));
		check(text, n + strlen(t[i].tail), t[i].events);
	}
	free(text);
}

static void
literals_are_counted_and_summed(void **state)
{
	char *text = malloc(ROOM);
	char fill[1025];
	size_t n;

	(void)state;
	memset(fill, 'x', sizeof(fill) - 1);
	fill[1024] = '\0';
	/* Four of 1,024 bytes are the sum; a fifth, even empty, is too many. */
	n = (size_t)sprintf(text,
	    "a ID ({3+}\r\nabc {1024+}\r\n%s {3+}\r\nabd {1024+}\r\n%s)\r\n",
	    fill, fill);
	check(text, n, "ok ");
	n = (size_t)sprintf(text,
	    "a X {1024+}\r\n%s{1024+}\r\n%s{1024+}\r\n%s{1024+}\r\n%s\r\n",
	    fill, fill, fill, fill);
	check(text, n, "no ");
	n = (size_t)sprintf(
	    text, "a X {0+}\r\n{0+}\r\n{0+}\r\n{0+}\r\n{0+}\r\n\r\n");
	check(text, n, "BAD ");
	n = (size_t)sprintf(text, "a X {0}\r\n{0}\r\n{0}\r\n{0}\r\n{0}\r\n");
	check(text, n, "+ + + + BAD ");
	n = (size_t)sprintf(text, "a X ");
	for (int i = 0; i < 50; i++)
		n += (size_t)sprintf(text + n, "{1024+}\r\n%s", fill);
	check(text, n, "BYE ");
	free(text);
}

static void
a_line_is_bounded(void **state)
{
	char *text = malloc(ROOM);
	struct run r;
	size_t n;

	(void)state;
	for (int over = -1; over <= 1; over++) {
		n = (size_t)((int)LOGIN_LINE_MAX + over);
		memset(text, 'x', n);
		memcpy(text, "a LOGIN u ", 10);
		memcpy(text + n, "\r\n", 2);
		feed(&r, text, n + 2, 997);
		assert_string_equal(r.events, over > 0 ? "BYE " : "ok ");
		feed(&r, text, n + 2, n + 2);
		assert_string_equal(r.events, over > 0 ? "BYE " : "ok ");
		/* Only an ID may be longer (RFC 2971). */
		n = (size_t)((int)LOGIN_ID_MAX + over);
		memset(text, 'x', n);
		memcpy(text, "a ID ", 5);
		memcpy(text + n, "\r\n", 2);
		feed(&r, text, n + 2, 997);
		assert_string_equal(r.events, over > 0 ? "BYE " : "no ");
	}
	/* No end of line in sight: it does not wait for one. */
	memset(text, '(', ROOM);
	feed(&r, text, LOGIN_LINE_MAX + 2, 1000);
	assert_string_equal(r.events, "BYE ");
	free(text);
}

static void
a_tag_is_bounded(void **state)
{
	char text[LOGIN_TAG_MAX + 16];
	struct run r;

	(void)state;
	for (unsigned n = LOGIN_TAG_MAX - 1; n <= LOGIN_TAG_MAX + 1; n++) {
		memset(text, 't', n);
		strcpy(text + n, " NOOP\r\n");
		feed(&r, text, strlen(text), 10);
		assert_string_equal(
		    r.events, n > LOGIN_TAG_MAX ? "no " : "ok ");
	}
}

static void
mechanisms_and_initial_responses_are_told_apart(void **state)
{
	struct run r;

	(void)state;
	feed(&r, "a authenticate login =\r\n", 24, 24);
	assert_int_equal(r.cmd.mech, LOGIN_MECH_LOGIN);
	assert_non_null(r.cmd.a.p);
	assert_int_equal(r.cmd.a.n, 0);
	feed(&r, "a authenticate login\r\n", 22, 22);
	assert_null(r.cmd.a.p);
	feed(&r, "a authenticate CRAM-MD5\r\n", 25, 25);
	assert_int_equal(r.cmd.mech, LOGIN_MECH_NONE);
}

static void
values_are_what_was_sent(void **state)
{
	static const char text[] = "a LOGIN {3+}\r\n\"x\\ \"q\\\"\\\\\"\r\n";
	struct login_command cmd;
	struct login_cut cut;
	size_t used;

	(void)state;
	login_begin(&cut);
	assert_int_equal(
	    login_next(&cut, text, sizeof(text) - 1, &used), LOGIN_COMMAND);
	assert_int_equal(used, sizeof(text) - 1);
	assert_int_equal(login_parse(&cut, text, &cmd), 0);
	assert_int_equal(cmd.a.n, 3);
	assert_memory_equal(cmd.a.p, "\"x\\", 3);
	assert_int_equal(cmd.b.n, 3);
	assert_memory_equal(cmd.b.p, "q\"\\", 3);
	login_wipe(&cmd);
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(cmd.store[i], 0);
}

/* RELIABILITY A8: every byte at every position of a command's parts. */
static void
any_byte_anywhere_is_harmless(void **state)
{
	static const char *const t[] = {"ab LOGIN us pw\r\n",
	    "ab LOGIN \"us\" \"pw\"\r\n", "ab LOGIN {2+}\r\nus {2+}\r\npw\r\n",
	    "ab ID (\"n\" \"v\")\r\n", "ab CAPABILITY\r\n",
	    "ab AUTHENTICATE PLAIN QQ==\r\n"};
	char text[64];
	struct run r;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		for (size_t at = 0; at + 2 < strlen(t[i]); at++)
			for (int byte = 0; byte < 256; byte++) {
				strcpy(text, t[i]);
				text[at] = (char)byte;
				feed(&r, text, strlen(t[i]), 7);
				if (byte == 0)
					assert_null(strstr(r.events, "ok"));
			}
}

static void
id_holds_thirty_pairs(void **state)
{
	char *text = malloc(ROOM);
	struct run r;
	size_t n;

	(void)state;
	for (int pairs = 29; pairs <= 31; pairs++) {
		n = (size_t)sprintf(text, "a ID (");
		for (int i = 0; i < pairs; i++)
			n += (size_t)sprintf(
			    text + n, "%s\"k%d\" \"v\"", i > 0 ? " " : "", i);
		n += (size_t)sprintf(text + n, ")\r\n");
		feed(&r, text, n, 100);
		assert_string_equal(r.events, pairs > 30 ? "no " : "ok ");
	}
	for (int key = 29; key <= 31; key++) {
		n = (size_t)sprintf(text, "a ID (\"%0*d\" \"v\")\r\n", key, 0);
		feed(&r, text, n, n);
		assert_string_equal(r.events, key > 30 ? "no " : "ok ");
	}
	for (int value = 1023; value <= 1025; value++) {
		n = (size_t)sprintf(
		    text, "a ID (\"k\" \"%0*d\")\r\n", value, 0);
		feed(&r, text, n, n);
		assert_string_equal(r.events, value > 1024 ? "no " : "ok ");
	}
	free(text);
}

static void
sasl_lines_are_bounded(void **state)
{
	char *text = malloc(ROOM);
	size_t n, used;

	(void)state;
	for (size_t len = LOGIN_SASL_MAX - 1; len <= LOGIN_SASL_MAX + 1;
	     len++) {
		memset(text, 'A', len);
		assert_int_equal(login_line(text, len, &n, &used),
		    len > LOGIN_SASL_MAX ? LOGIN_BYE : LOGIN_MORE);
		memcpy(text + len, "\r\nx", 3);
		assert_int_equal(login_line(text, len + 3, &n, &used),
		    len > LOGIN_SASL_MAX ? LOGIN_BYE : LOGIN_COMMAND);
		if (len <= LOGIN_SASL_MAX) {
			assert_int_equal(n, len);
			assert_int_equal(used, len + 2);
		}
	}
	assert_int_equal(login_line("\n", 1, &n, &used), LOGIN_COMMAND);
	assert_int_equal(n, 0);
	assert_int_equal(used, 1);
	free(text);
}

static void
other_protocols_are_known(void **state)
{
	static const char *const junk[] = {"GET / HTTP/1.1", "POST /x HTTP/1.0",
	    "HEAD / HTTP/1.1", "EHLO me", "ehlo [::1]", "SSH-2.0-OpenSSH_9",
	    "Host: x", "PRI * HTTP/2.0", "QUIT",
	    "PROXY TCP4 1.2.3.4 5.6.7.8 1 2", "\x01\x02\x03\x04",
	    "\x16\x03\x01"};
	static const char *const fine[] = {"a NOOP", "GET NOOP", "a GET /",
	    "post login u p", "a LOGIN \"\xc3\xa9\" \"\xc3\xa4\"", "x:y NOOP",
	    "\xff NOOP", "a\x01 NOOP"};

	(void)state;
	for (size_t i = 0; i < sizeof(junk) / sizeof(junk[0]); i++)
		if (!login_junk(junk[i], strlen(junk[i]), true))
			fail_msg("taken: %s", junk[i]);
	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
		if (login_junk(fine[i], strlen(fine[i]), true))
			fail_msg("refused: %s", fine[i]);
	assert_true(login_junk("\x16", 1, false));
	assert_false(login_junk("GET", 3, false));
}

static void
base64_is_strict(void **state)
{
	static const struct {
		const char *in;
		long n;
		const char *out;
	} t[] = {
	    {"", 0, ""},
	    {"QQ==", 1, "A"},
	    {"QUI=", 2, "AB"},
	    {"QUJD", 3, "ABC"},
	    {"QUJDRA==", 4, "ABCD"},
	    {"AAAA", 3, "\0\0\0"},
	    {"+/+/", 3, "\xfb\xff\xbf"},
	    {"=", -1, ""},
	    {"Q", -1, ""},
	    {"QQ=", -1, ""},
	    {"Q===", -1, ""},
	    {"====", -1, ""},
	    {"QQ=Q", -1, ""},
	    {"QQ==QQ==", -1, ""},
	    {"Q Q=", -1, ""},
	    {"QUJ\t", -1, ""},
	    {"Q\xffJD", -1, ""},
	};
	uint8_t out[8];

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		long n = login_base64(t[i].in, strlen(t[i].in), out, 8);

		if (n != t[i].n)
			fail_msg("%s: %ld", t[i].in, n);
		if (n > 0)
			assert_memory_equal(out, t[i].out, (size_t)n);
	}
	assert_int_equal(login_base64("QUJD", 4, out, 3), 3);
	assert_int_equal(login_base64("QUJD", 4, out, 2), -1);
	assert_int_equal(login_base64("Q\0JD", 4, out, 8), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(commands_are_cut_and_parsed),
	    cmocka_unit_test(literals_hold_at_their_edges),
	    cmocka_unit_test(literals_are_counted_and_summed),
	    cmocka_unit_test(a_line_is_bounded),
	    cmocka_unit_test(a_tag_is_bounded),
	    cmocka_unit_test(mechanisms_and_initial_responses_are_told_apart),
	    cmocka_unit_test(values_are_what_was_sent),
	    cmocka_unit_test(any_byte_anywhere_is_harmless),
	    cmocka_unit_test(id_holds_thirty_pairs),
	    cmocka_unit_test(sasl_lines_are_bounded),
	    cmocka_unit_test(other_protocols_are_known),
	    cmocka_unit_test(base64_is_strict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
