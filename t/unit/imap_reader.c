/*
 * The reader: every case is fed whole, byte by byte and split at every
 * position, and must tell the same each time. Limits at -1, 0, +1.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "worker/imap/reader.h"

#define ARENA_MAX 4194304u

struct rig {
	struct reader *reader;
	struct wire wire;
	struct arena *arena;
	int client;
	struct buf told; /* what happened, as a text */
	bool bye;
};

static void
rig_open(struct rig *g, size_t arena_max)
{
	int sv[2];

	memset(g, 0, sizeof(*g));
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	g->client = sv[1];
	assert_int_equal(wire_init(&g->wire, sv[0], sv[0], -1, NULL, 0), 0);
	g->reader = reader_new();
	g->arena = arena_new(arena_max);
	assert_non_null(g->reader);
	assert_non_null(g->arena);
	buf_init(&g->told, 4u << 20);
}

static void
rig_close(struct rig *g)
{
	close(g->wire.in);
	close(g->client);
	wire_done(&g->wire);
	reader_free(g->reader);
	arena_free(g->arena);
	buf_done(&g->told);
}

static void
tell_bytes(struct buf *b, const char *p, size_t n)
{
	if (n > 100)
		buf_printf(b, "%zu bytes", n);
	else
		buf_bytes(b, p, n);
}

static void
tell_output(struct rig *g)
{
	char got[4096];
	ssize_t n;

	while ((n = recv(g->client, got, sizeof(got), MSG_DONTWAIT)) > 0)
		for (ssize_t i = 0; i < n; i++)
			if (got[i] == '+')
				buf_str(&g->told, "+ ");
}

static void
tell_command(struct rig *g, const char *tag, const struct reader_command *cmd)
{
	buf_printf(&g->told, "%s<", tag);
	tell_bytes(&g->told, cmd->text, cmd->n);
	assert_int_equal(cmd->text[cmd->n], '\0');
	for (size_t i = 0; i < cmd->nlit; i++) {
		const struct reader_literal *l = &cmd->lit[i];

		assert_int_equal(cmd->text[l->at], '{');
		assert_int_equal(cmd->text[l->end - 1], '}');
		buf_printf(&g->told, "|%s%s", l->binary ? "~" : "",
		    l->nonsync ? "+" : "");
		if (l->p == NULL)
			buf_printf(&g->told, "stream %u", (unsigned)l->n);
		else
			tell_bytes(&g->told, l->p, (size_t)l->n);
	}
	buf_str(&g->told, "> ");
}

/* Runs the reader over what the wire holds. left: of a streamed literal. */
static void
pump(struct rig *g, uint64_t *left)
{
	struct reader_command cmd = {0};
	const char *tag = NULL, *why = NULL;
	enum reader_result result;

	for (;;) {
		size_t n;

		(void)wire_peek(&g->wire, &n);
		if (*left > 0) {
			size_t eat = n < *left ? n : (size_t)*left;

			wire_eat(&g->wire, eat);
			*left -= eat;
			if (*left > 0)
				return;
		}
		arena_reset(g->arena);
		result = reader_next(
		    g->reader, &g->wire, g->arena, &cmd, &tag, &why);
		tell_output(g);
		switch (result) {
		case READER_MORE:
			return;
		case READER_COMMAND:
			tell_command(g, tag, &cmd);
			if (cmd.stream) {
				*left = cmd.lit[cmd.nlit - 1].n;
				reader_append(g->reader);
			}
			break;
		case READER_BAD:
			buf_printf(&g->told, "%s BAD(%s) ", tag, why);
			break;
		case READER_BYE:
			buf_printf(&g->told, "%s BYE(%s) ", tag, why);
			g->bye = true;
			return;
		}
	}
}

static void
feed(struct rig *g, const char *p, size_t n, uint64_t *left)
{
	while (n > 0 && !g->bye) {
		struct wire *w = &g->wire;
		size_t room = WIRE_READ_AHEAD - w->rlen;
		size_t take = n < room ? n : room;

		memcpy(w->rbuf + w->rlen, p, take);
		w->rlen += take;
		p += take;
		n -= take;
		pump(g, left);
	}
}

/* Told when input[n] comes as first bytes, then in pieces of step. */
static char *
run(const char *input, size_t n, size_t first, size_t step)
{
	struct rig g;
	uint64_t left = 0;
	char *told;

	rig_open(&g, ARENA_MAX);
	feed(&g, input, first, &left);
	for (size_t at = first; at < n; at += step)
		feed(&g, input + at, n - at < step ? n - at : step, &left);
	buf_char(&g.told, '\0');
	assert_false(g.told.failed);
	told = strdup(g.told.p);
	rig_close(&g);
	return told;
}

static void
tells_n(const char *input, size_t n, const char *want)
{
	char *whole = run(input, n, n, 1);

	assert_string_equal(whole, want);
	free(whole);
}

static void
tells(const char *input, size_t n, const char *want)
{
	char *got = run(input, n, 0, 1);

	tells_n(input, n, want);
	assert_string_equal(got, want);
	free(got);
	for (size_t i = 1; i < n; i++) {
		got = run(input, n, i, n);
		assert_string_equal(got, want);
		free(got);
	}
}

struct reader_case {
	const char *in, *want;
};

static void
check(const struct reader_case *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		tells(c[i].in, strlen(c[i].in), c[i].want);
}

#define TELLS(in, want) tells(in, sizeof(in) - 1, want)
#define CHECK(table)    check(table, sizeof(table) / sizeof(table[0]))

static void
lines_end_in_crlf_or_lf(void **state)
{
	static const struct reader_case cases[] = {
	    {"a NOOP\r\n", "a<a NOOP> "},
	    {"a NOOP\nb NOOP\r\n", "a<a NOOP> b<b NOOP> "},
	    {"\r\n\nDONE\r\n", "*<> *<> DONE<DONE> "},
	    {"a NOOP", ""},
	    {"a NOOP\r", ""},
	    {"a \r NOOP\r\r\n", "a<a \r NOOP\r> "},
	    {"a X {3}\nabc\nb Y {1}\r\n.\n",
		"+ a<a X {3}|abc> + b<b Y {1}|.> "},
	};

	(void)state;
	CHECK(cases);
}

static void
tags_are_seen(void **state)
{
	static const struct reader_case cases[] = {
	    {"a.1]~ NOOP\r\n", "a.1]~<a.1]~ NOOP> "},
	    {"a+ NOOP\r\n", "*<a+ NOOP> "},
	    {"a\r\n", "a<a> "},
	    {" a NOOP\r\n", "*< a NOOP> "},
	    {"\xc3\xa4 NOOP\r\n", "*<\xc3\xa4 NOOP> "},
	};

	(void)state;
	CHECK(cases);
}

static void
literals_are_collected(void **state)
{
	static const struct reader_case cases[] = {
	    {"a LOGIN {2}\r\nme {3}\r\n\r\n!\r\n",
		"+ + a<a LOGIN {2} {3}|me|\r\n!> "},
	    {"a LOGIN {2+}\r\nme {3+}\r\n{1}\r\n",
		"a<a LOGIN {2+} {3+}|+me|+{1}> "},
	    {"a X {0}\r\n\r\n", "+ a<a X {0}|> "},
	    {"a X {0+}\r\n{0}\r\n y\r\n", "+ a<a X {0+}{0} y|+|> "},
	    {"a X ~{2+}\r\nme\r\n", "a<a X ~{2+}|~+me> "},
	    {"a X ~{2}\r\nme\r\n", "+ a<a X ~{2}|~me> "},
	    {"a X {1}\r\n{\r\nb NOOP\r\n", "+ a<a X {1}|{> b<b NOOP> "},
	    {"a X {1}\r\nx5}\r\n", "+ a<a X {1}5}|x> "},
	};

	(void)state;
	CHECK(cases);
}

static void
a_brace_elsewhere_is_no_literal(void **state)
{
	static const struct reader_case cases[] = {
	    {"a X {3} \r\n", "a<a X {3} > "},
	    {"a X {1+}x\r\n", "a<a X {1+}x> "},
	    {"a X {5\r\n", "a<a X {5> "},
	    {"a X {a}\r\n", "a<a X {a}> "},
	    {"a X }\r\n", "a<a X }> "},
	    {"5}\r\n", "5}<5}> "},
	    {"+}\r\n", "*<+}> "},
	};

	(void)state;
	CHECK(cases);
}

static void
bad_numbers_are_refused(void **state)
{
	static const struct reader_case cases[] = {
	    {"a X {}\r\nb NOOP\r\n", "a BAD(Bad literal) b<b NOOP> "},
	    {"a X {+}\r\nb NOOP\r\n", "a BAD(Bad literal) b<b NOOP> "},
	    {"a X {-1}\r\nb NOOP\r\n", "a BAD(Bad literal) b<b NOOP> "},
	    {"a X {-1+}\r\nb NOOP\r\n", "a BAD(Bad literal) b<b NOOP> "},
	    {"a X {01}\r\nb NOOP\r\n", "a BAD(Bad literal) b<b NOOP> "},
	    {"a X {00}\r\nb NOOP\r\n", "a BAD(Bad literal) b<b NOOP> "},
	    /* it is clear what it sends: one byte */
	    {"a X {01+}\r\nx\r\nb NOOP\r\n", "a BAD(Bad literal) b<b NOOP> "},
	    {"a X {4294967296}\r\nb NOOP\r\n",
		"a BAD([TOOBIG] Literal too large) b<b NOOP> "},
	    {"a X {9223372036854775808}\r\nb NOOP\r\n",
		"a BAD(Bad literal) b<b NOOP> "},
	    {"a X {99999999999999999999}\r\nb NOOP\r\n",
		"a BAD(Bad literal) b<b NOOP> "},
	    {"a X {18446744073709551617}\r\nb NOOP\r\n",
		"a BAD(Bad literal) b<b NOOP> "},
	    {"a X {18446744073709551617+}\r\nb NOOP\r\n",
		"a BYE([TOOBIG] Literal too large) "},
	    {"a X {99999999999999999999+}\r\nb NOOP\r\n",
		"a BYE([TOOBIG] Literal too large) "},
	};

	(void)state;
	CHECK(cases);
}

static void
append_streams_its_messages(void **state)
{
	static const struct reader_case cases[] = {
	    {"a APPEND x {3}\r\nabc\r\nb NOOP\r\n",
		"a<a APPEND x {3}|stream 3> a<> b<b NOOP> "},
	    {"a append x (\\Seen) {3+}\r\nabc\r\nb NOOP\r\n",
		"a<a append x (\\Seen) {3+}|+stream 3> a<> b<b NOOP> "},
	    {"a Append {3}\r\nbox {3}\r\nabc\r\n",
		"+ a<a Append {3} {3}|box|stream 3> a<> "},
	    {"a APPEND {3+}\r\nbox {0+}\r\n\r\n",
		"a<a APPEND {3+} {0+}|+box|+stream 0> a<> "},
	    {"a APPEND x {3}\r\nabc (\\Seen) {2+}\r\nde ~{1}\r\nf\r\n",
		"a<a APPEND x {3}|stream 3> a< (\\Seen) {2+}|+stream 2> "
		"a< ~{1}|~stream 1> a<> "},
	    {"a APPEND x UTF8 (~{3}\r\nabc)\r\n",
		"a<a APPEND x UTF8 (~{3}|~stream 3> a<)> "},
	    {"a APPEND x {65537+}\r\n",
		"a<a APPEND x {65537+}|+stream 65537> "},
	    {"a APPENDX x {3}\r\nabc\r\n", "+ a<a APPENDX x {3}|abc> "},
	    {"a XAPPEND x {3}\r\nabc\r\n", "+ a<a XAPPEND x {3}|abc> "},
	    {"a+ APPEND x {3+}\r\nabc\r\n", "*<a+ APPEND x {3+}|+abc> "},
	    {" APPEND x {3+}\r\nabc\r\n", "*< APPEND x {3+}|+abc> "},
	    {"a APPEND x {03}\r\nb NOOP\r\n", "a BAD(Bad literal) b<b NOOP> "},
	};

	(void)state;
	CHECK(cases);
}

static void
an_append_that_is_not_taken_up_ends_there(void **state)
{
	static const char in[] = "a APPEND x {3}\r\nb NOOP\r\n";
	struct reader_command cmd = {0};
	const char *tag, *why;
	struct rig g;

	(void)state;
	rig_open(&g, ARENA_MAX);
	memcpy(g.wire.rbuf, in, sizeof(in) - 1);
	g.wire.rlen = sizeof(in) - 1;
	assert_int_equal(
	    reader_next(g.reader, &g.wire, g.arena, &cmd, &tag, &why),
	    READER_COMMAND);
	assert_true(cmd.stream);
	assert_false(reader_busy(g.reader));
	assert_int_equal(
	    reader_next(g.reader, &g.wire, g.arena, &cmd, &tag, &why),
	    READER_COMMAND);
	assert_string_equal(tag, "b");
	assert_false(cmd.stream);
	rig_close(&g);
}

static void
nul_is_refused(void **state)
{
	(void)state;
	TELLS("a N\0P\r\nb X\r\n", "a BAD(NUL in command) b<b X> ");
	TELLS("\0\r\n", "* BAD(NUL in command) ");
	TELLS("a \0{3}\r\nb X\r\n", "a BAD(NUL in command) b<b X> ");
	TELLS("a \0{3+}\r\nb X c\r\nb X\r\n", "a BAD(NUL in command) b<b X> ");
	TELLS("a X {1}\r\nx\0\r\n", "+ a BAD(NUL in command) ");
}

static char *
repeat(char c, size_t n)
{
	char *p = malloc(n + 1);

	assert_non_null(p);
	memset(p, c, n);
	p[n] = '\0';
	return p;
}

/* head, then fill bytes of c, then tail. */
static void
long_case(const char *head, size_t fill, const char *tail, const char *want)
{
	struct buf in;
	char *x = repeat('1', fill), *got;

	buf_init(&in, 64u << 20);
	buf_str(&in, head);
	buf_bytes(&in, x, fill);
	buf_str(&in, tail);
	assert_false(in.failed);
	tells_n(in.p, in.n, want);
	got = run(in.p, in.n, 0, 1009);
	assert_string_equal(got, want);
	free(got);
	for (size_t i = in.n < 140 ? 0 : in.n - 140; i < in.n; i += 3) {
		got = run(in.p, in.n, i, in.n);
		assert_string_equal(got, want);
		free(got);
	}
	free(x);
	buf_done(&in);
}

#define TOO_LONG "a BAD([TOOBIG] Command line too long) "

static void
the_line_has_a_limit(void **state)
{
	const size_t max = READER_LINE_MAX;

	(void)state;
	long_case("a ", max - 3, "\r\nb X\r\n", "a<65535 bytes> b<b X> ");
	long_case("a ", max - 2, "\r\nb X\r\n", "a<65536 bytes> b<b X> ");
	long_case("a ", max - 1, "\r\nb X\r\n", TOO_LONG "b<b X> ");
	long_case("a ", max - 2, "\nb X\r\n", "a<65536 bytes> b<b X> ");
	long_case("a ", max - 1, "\nb X\r\n", TOO_LONG "b<b X> ");
	long_case("a ", max, "\nb X\r\n", TOO_LONG "b<b X> ");
	long_case("a ", max - 2, "\r\r\nb X\r\n", TOO_LONG "b<b X> ");
	/* lines after literals count together */
	long_case("a {1+}\r\n", max - 6, "\r\n", "a<65535 bytes|+1> ");
	long_case("a {1+}\r\n", max - 5, "\r\n", "a<65536 bytes|+1> ");
	long_case("a {1+}\r\n", max - 4, "\r\n", TOO_LONG);
	long_case(
	    "", max + 1, "\r\n", "* BAD([TOOBIG] Command line too long) ");
}

static void
a_line_too_long_is_swallowed_with_its_literals(void **state)
{
	const size_t max = READER_LINE_MAX;

	(void)state;
	long_case(
	    "a ", max, " {6+}\r\nc X\r\n!\r\nb X\r\n", TOO_LONG "b<b X> ");
	long_case("a ", max, " {6}\r\nb X\r\n", TOO_LONG "b<b X> ");
	long_case("a ", max - 7, " {6+}\r\nc X\r\n!\r\nb X\r\n",
	    "a<65536 bytes|+c X\r\n!> b<b X> ");
	long_case(
	    "a ", max - 6, " {6+}\r\nc X\r\n!\r\nb X\r\n", TOO_LONG "b<b X> ");
	long_case("a ", max, " {65537+}\r\nb X\r\n",
	    "a BYE([TOOBIG] Literal too large) ");
	/* digits that hide where the number begins */
	long_case(
	    "a {", max, "+}\r\nb X\r\n", "a BYE([TOOBIG] Literal too large) ");
	long_case("a {", max, "}\r\nb X\r\n", TOO_LONG "b<b X> ");
	long_case(
	    "a {", 60, "+}\r\nb X\r\n", "a BYE([TOOBIG] Literal too large) ");
}

static void
endless_input_ends_the_connection(void **state)
{
	char *x = repeat('x', 65536);
	uint64_t left = 0;
	struct rig g;
	int i;

	(void)state;
	rig_open(&g, ARENA_MAX);
	feed(&g, "a ", 2, &left);
	for (i = 0; i < 300 && !g.bye; i++)
		feed(&g, x, 65536, &left);
	assert_true(g.bye);
	assert_in_range(i, 256, 259);
	assert_true(g.wire.rlen <= WIRE_READ_AHEAD);
	feed(&g, "\r\nb X\r\n", 7, &left);
	g.bye = false;
	pump(&g, &left); /* dead for good */
	assert_true(g.bye);
	buf_char(&g.told, '\0');
	assert_string_equal(g.told.p, "a BYE([TOOBIG] Command line too long) "
				      "a BYE([TOOBIG] Command line too long) ");
	rig_close(&g);
	free(x);
}

static void
one_literal_has_a_limit(void **state)
{
	(void)state;
	long_case("a X {65535+}\r\n", 65535, "\r\nb X\r\n",
	    "a<a X {65535+}|+65535 bytes> b<b X> ");
	long_case("a X {65536+}\r\n", 65536, "\r\nb X\r\n",
	    "a<a X {65536+}|+65536 bytes> b<b X> ");
	long_case("a X {65537+}\r\n", 65537, "\r\nb X\r\n",
	    "a BYE([TOOBIG] Literal too large) ");
	long_case("a X {65536}\r\n", 65536, "\r\nb X\r\n",
	    "+ a<a X {65536}|65536 bytes> b<b X> ");
	long_case("a X {65537}\r\nb X", 0, "\r\n",
	    "a BAD([TOOBIG] Literal too large) b<b X> ");
}

static void
literals_have_a_sum(void **state)
{
	struct buf in;
	char *x = repeat('x', 65536);

	(void)state;
	buf_init(&in, 1u << 20);
	for (int extra = 0; extra <= 1; extra++) {
		buf_clear(&in);
		buf_str(&in, "a X");
		for (int i = 0; i < 4; i++) {
			buf_str(&in, " {65536+}\r\n");
			buf_bytes(&in, x, 65536);
		}
		if (extra)
			buf_str(&in, " {1+}\r\nx");
		buf_str(&in, " y\r\nb X\r\n");
		tells_n(in.p, in.n,
		    extra ? "a BAD([TOOBIG] Literals too large) b<b X> "
			  : "a<a X {65536+} {65536+} {65536+} {65536+} y"
			    "|+65536 bytes|+65536 bytes|+65536 bytes"
			    "|+65536 bytes> b<b X> ");
	}
	free(x);
	buf_done(&in);
}

static void
literals_are_counted(void **state)
{
	struct buf in;

	(void)state;
	buf_init(&in, 1u << 20);
	for (unsigned n = 99; n <= 101; n++) {
		char *got;

		buf_clear(&in);
		buf_str(&in, "a X");
		for (unsigned i = 0; i < n; i++)
			buf_str(&in, " {1+}\r\nx");
		buf_str(&in, "\r\nb X\r\n");
		got = run(in.p, in.n, in.n, 1);
		if (n <= READER_LITERALS_MAX)
			assert_null(strstr(got, "BAD"));
		else
			assert_string_equal(
			    got, "a BAD([TOOBIG] Too many literals) b<b X> ");
		assert_non_null(strstr(got, "b<b X> "));
		free(got);
	}
	buf_done(&in);
}

static void
what_a_refused_literal_holds_is_never_run(void **state)
{
	static const struct reader_case cases[] = {
	    {"a X {02+}\r\nb DELETE INBOX\r\n", "a BAD(Bad literal) "},
	    {"a X {013+}\r\nb X\r\nc {9+}\r\n\r\nd X\r\n",
		"a BAD(Bad literal) d<d X> "},
	    {"a X {02+}\r\nxx {9}\r\nd X\r\n", "a BAD(Bad literal) d<d X> "},
	};

	(void)state;
	CHECK(cases);
}

static void
a_command_beyond_the_arena_is_refused(void **state)
{
	struct rig g;
	uint64_t left = 0;
	char *x = repeat('x', 60000);

	(void)state;
	rig_open(&g, 16384);
	feed(&g, "a ", 2, &left);
	feed(&g, x, 60000, &left);
	feed(&g, "\r\nb X\r\na APPEND ", 16, &left);
	feed(&g, x, 60000, &left);
	feed(&g, " {5}\r\nb APPEND ", 15, &left);
	feed(&g, x, 60000, &left);
	feed(&g, " {5+}\r\n", 7, &left);
	buf_char(&g.told, '\0');
	assert_string_equal(g.told.p,
	    "a BAD([TOOBIG] Command too large) b<b X> "
	    "a BAD([TOOBIG] Command too large) "
	    "b BYE([TOOBIG] Command too large) ");
	rig_close(&g);
	free(x);
}

static void
busy_from_the_first_byte_to_the_last(void **state)
{
	static const char in[] = "a X {1}\r\nx\r\n";
	uint64_t left = 0;
	struct rig g;

	(void)state;
	rig_open(&g, ARENA_MAX);
	assert_false(reader_busy(g.reader));
	for (size_t i = 0; i < sizeof(in) - 1; i++) {
		feed(&g, in + i, 1, &left);
		assert_int_equal(reader_busy(g.reader), i < sizeof(in) - 2);
	}
	feed(&g, "a APPEND x {1}\r\n", 16, &left);
	assert_true(reader_busy(g.reader));
	feed(&g, "x\r", 2, &left);
	assert_true(reader_busy(g.reader));
	feed(&g, "\n", 1, &left);
	assert_false(reader_busy(g.reader));
	rig_close(&g);
	reader_free(NULL);
}

static void
a_literal_has_its_time(void **state)
{
	(void)state;
	assert_int_equal(reader_patience(0), APPEND_GRACE);
	assert_int_equal(reader_patience(APPEND_RATE - 1), APPEND_GRACE);
	assert_int_equal(reader_patience(APPEND_RATE), APPEND_GRACE + 1);
	assert_int_equal(reader_patience(APPEND_RATE + 1), APPEND_GRACE + 1);
	assert_true(reader_patience(UINT64_MAX) > APPEND_GRACE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_end_in_crlf_or_lf),
	    cmocka_unit_test(tags_are_seen),
	    cmocka_unit_test(literals_are_collected),
	    cmocka_unit_test(a_brace_elsewhere_is_no_literal),
	    cmocka_unit_test(bad_numbers_are_refused),
	    cmocka_unit_test(append_streams_its_messages),
	    cmocka_unit_test(an_append_that_is_not_taken_up_ends_there),
	    cmocka_unit_test(nul_is_refused),
	    cmocka_unit_test(the_line_has_a_limit),
	    cmocka_unit_test(a_line_too_long_is_swallowed_with_its_literals),
	    cmocka_unit_test(endless_input_ends_the_connection),
	    cmocka_unit_test(one_literal_has_a_limit),
	    cmocka_unit_test(literals_have_a_sum),
	    cmocka_unit_test(literals_are_counted),
	    cmocka_unit_test(what_a_refused_literal_holds_is_never_run),
	    cmocka_unit_test(a_command_beyond_the_arena_is_refused),
	    cmocka_unit_test(busy_from_the_first_byte_to_the_last),
	    cmocka_unit_test(a_literal_has_its_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
