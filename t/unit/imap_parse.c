/*
 * The cursor, its primitives, and the small commands: heads, strings, numbers,
 * mailboxes, dates, flags, STORE, ID.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "t/unit/imap_command.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* "a X " and arg: the cursor stands at the arg. */
static void
arg_begin(struct command *c, const char *arg, size_t n, bool utf8)
{
	static char in[70000];

	memcpy(in, "a X ", 4);
	memcpy(in + 4, arg, n);
	memcpy(in + 4 + n, "\r\n", 2);
	command_begin(c, in, n + 6, utf8);
	assert_true(c->read);
	parse_space(&c->p);
}

static void
heads(void **state)
{
	static const struct {
		const char *in, *tag, *name;
		int result;
		bool uid;
	} cases[] = {
	    {"a NOOP", "a", "NOOP", 0, false},
	    {"a noop x", "a", "noop", 0, false},
	    {"a]~.1 X{", "a]~.1", "X", 0, false},
	    {"a UID FETCH 1 FLAGS", "a", "FETCH", 0, true},
	    {"a uid x", "a", "x", 0, true},
	    {"a UIDX", "a", "UIDX", 0, false},
	    {"a UID", "a", NULL, -1, false},
	    {"a UID ", "a", NULL, -1, false},
	    {"a UID  FETCH", "a", NULL, -1, false},
	    {"", "*", NULL, -1, false},
	    {"a", "a", NULL, -1, false},
	    {"a ", "a", NULL, -1, false},
	    {"a  NOOP", "a", NULL, -1, false},
	    {" a NOOP", "*", NULL, -1, false},
	    {"a+ NOOP", "*", NULL, -1, false},
	    {"+ NOOP", "*", NULL, -1, false},
	    {"* NOOP", "*", NULL, -1, false},
	    {"a(b NOOP", "*", NULL, -1, false},
	    {"\"a\" NOOP", "*", NULL, -1, false},
	    {"\xc3\xa4 NOOP", "*", NULL, -1, false},
	    {"a (", "a", NULL, -1, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct arena *arena = arena_new(65536);
		struct reader_command cmd = {
		    .text = cases[i].in, .n = strlen(cases[i].in)};
		const char *tag = NULL, *name = NULL;
		struct parse p;
		bool uid = false;

		parse_init(&p, arena, &cmd, false);
		HOLDS(parse_head(&p, &tag, &name, &uid) == cases[i].result,
		    cases[i].in);
		HOLDS(strcmp(tag, cases[i].tag) == 0, cases[i].in);
		HOLDS(uid == cases[i].uid, cases[i].in);
		if (cases[i].name != NULL)
			HOLDS(strcmp(name, cases[i].name) == 0, cases[i].in);
		else
			HOLDS(p.why != NULL, cases[i].in);
		arena_free(arena);
	}
}

static void
a_failed_cursor_is_empty_and_remembers_the_first_reason(void **state)
{
	struct command c;

	(void)state;
	arg_begin(&c, "one two", 7, false);
	assert_int_equal(parse_number(&c.p), 0);
	assert_string_equal(c.p.why, "expected a number");
	assert_int_equal(c.p.why_at, 4);
	assert_true(parse_end(&c.p));
	assert_false(parse_is(&c.p, 'o'));
	assert_false(parse_take(&c.p, 'o'));
	assert_false(parse_word(&c.p, "one"));
	assert_null(parse_atom(&c.p).p);
	assert_null(parse_astring(&c.p).p);
	assert_string_equal(parse_mailbox(&c.p), "");
	parse_fail(&c.p, "another");
	assert_string_equal(c.p.why, "expected a number");
	assert_int_equal(parse_done(&c.p), -1);
	assert_false(c.p.limit);
	command_end(&c);
}

static void
the_end_may_have_one_space(void **state)
{
	static const struct {
		const char *in;
		int result;
	} cases[] = {{"one", 0}, {"one ", 0}, {"one  ", -1}, {"one two", -1},
	    {"one)", -1}, {"one {1+}\r\nx", -1}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct command c;

		arg_begin(&c, cases[i].in, strlen(cases[i].in), false);
		assert_int_equal(parse_atom(&c.p).n, 3);
		assert_int_equal(parse_done(&c.p), cases[i].result);
		command_end(&c);
	}
}

static void
words_are_whole_atoms_in_any_case(void **state)
{
	struct command c;

	(void)state;
	arg_begin(&c, "Flags.Silent) \"x\"", 17, false);
	assert_false(parse_word(&c.p, "FLAGS"));
	assert_false(parse_word(&c.p, "FLAGS.SILENTX"));
	assert_true(parse_word(&c.p, "FLAGS.SILENT"));
	parse_expect(&c.p, ')');
	parse_space(&c.p);
	parse_expect(&c.p, '{');
	assert_string_equal(c.p.why, "unexpected character");
	command_end(&c);
}

enum text_kind {
	ATOM,
	ASTRING,
	STRING,
	NSTRING
};

/* want NULL: refused; "NIL" of an nstring: absent. */
static void
check_text(enum text_kind kind, const char *in, size_t n, const char *want)
{
	struct parse_text t = {0};
	struct command c;

	arg_begin(&c, in, n, false);
	switch (kind) {
	case ATOM:
		t = parse_atom(&c.p);
		break;
	case ASTRING:
		t = parse_astring(&c.p);
		break;
	case STRING:
		t = parse_string(&c.p);
		break;
	case NSTRING:
		t = parse_nstring(&c.p);
		break;
	}
	HOLDS(parse_done(&c.p) == (want != NULL ? 0 : -1), in);
	if (want != NULL) {
		HOLDS(t.n == strlen(want), in);
		HOLDS(t.n == 0 || memcmp(t.p, want, t.n) == 0, in);
	}
	command_end(&c);
}

static void
strings(void **state)
{
	static const struct {
		enum text_kind kind;
		const char *in, *want;
	} cases[] = {
	    {ATOM, "abc-1[}~+", "abc-1[}~+"},
	    {ATOM, "a]", NULL},
	    {ATOM, "a%", NULL},
	    {ATOM, "a*", NULL},
	    {ATOM, "a\\", NULL},
	    {ATOM, "a\x7f", NULL},
	    {ATOM, "\xc3\xa4", NULL},
	    {ATOM, "\"a\"", NULL},
	    {ATOM, "{1+}\r\na", NULL},
	    {ASTRING, "a]b", "a]b"},
	    {ASTRING, "\"\"", ""},
	    {ASTRING, "\"a b(\"", "a b("},
	    {ASTRING, "\"a\\\\b\\\"\"", "a\\b\""},
	    {ASTRING, "\"a\\b\"", NULL},
	    {ASTRING, "\"a\\", NULL},
	    {ASTRING, "\"a\\\"", NULL},
	    {ASTRING, "\"a", NULL},
	    {ASTRING, "\"", NULL},
	    {ASTRING, "\"a\rb\"", NULL},
	    {ASTRING, "\"a\"b", NULL},
	    {ASTRING, "\"\xc3\xa4\"", "\xc3\xa4"},
	    {ASTRING, "\"\xe4\"", NULL},
	    {ASTRING, "", NULL},
	    {ASTRING, "NIL", "NIL"},
	    {ASTRING, "{0+}\r\n", ""},
	    {ASTRING, "{3+}\r\n\r\n\xff", "\r\n\xff"},
	    {ASTRING, "~{1+}\r\na", NULL},
	    {ASTRING, "a{1+}\r\nb", NULL},
	    {ASTRING, "{1+}\r\nab", NULL},
	    {ASTRING, "\"a{1+}\r\nb\"", NULL}, /* no quote across lines */
	    {ASTRING, "\"a\\{1+}\r\nb\"", NULL},
	    {STRING, "abc", NULL},
	    {STRING, "\"abc\"", "abc"},
	    {STRING, "{1+}\r\na", "a"},
	    {NSTRING, "nil", ""},
	    {NSTRING, "NILX", NULL},
	    {NSTRING, "\"NIL\"", "NIL"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check_text(cases[i].kind, cases[i].in, strlen(cases[i].in),
		    cases[i].want);
	check_text(ASTRING, "{2+}\r\n\0x", 8, NULL);
}

static void
numbers(void **state)
{
	static const struct {
		const char *in;
		bool ok32, ok64;
		uint64_t value;
	} cases[] = {
	    {"0", true, true, 0},
	    {"007", true, true, 7},
	    {"4294967295", true, true, UINT32_MAX},
	    {"4294967296", false, true, 4294967296},
	    {"9223372036854775807", false, true, INT64_MAX},
	    {"9223372036854775808", false, false, 0},
	    {"18446744073709551616", false, false, 0},
	    {"99999999999999999999", false, false, 0},
	    {"", false, false, 0},
	    {"-1", false, false, 0},
	    {"+1", false, false, 0},
	    {"1x", false, false, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct command c;
		uint64_t v;

		arg_begin(&c, cases[i].in, strlen(cases[i].in), false);
		v = parse_number(&c.p);
		HOLDS((parse_done(&c.p) == 0) == cases[i].ok32, cases[i].in);
		if (cases[i].ok32)
			HOLDS(v == cases[i].value, cases[i].in);
		command_end(&c);
		arg_begin(&c, cases[i].in, strlen(cases[i].in), false);
		v = parse_number64(&c.p);
		HOLDS((parse_done(&c.p) == 0) == cases[i].ok64, cases[i].in);
		if (cases[i].ok64)
			HOLDS(v == cases[i].value, cases[i].in);
		command_end(&c);
	}
}

static void
mailboxes(void **state)
{
	static const struct {
		const char *in;
		bool utf8;
		const char *want;
	} cases[] = {
	    {"INBOX.Sent", false, "INBOX.Sent"},
	    {"inbox", false, "INBOX"},
	    {"\"iNbOx\"", false, "INBOX"},
	    {"{5+}\r\ninbox", false, "INBOX"},
	    {"inbox.foo.Inbox", false, "INBOX.foo.Inbox"},
	    {"inboxes", false, "inboxes"},
	    {"inbox/a", false, "inbox/a"},
	    {"\"\"", false, ""},
	    {"Entw&APw-rfe", false, "Entw\xc3\xbcrfe"},
	    {"a&-b", false, "a&b"},
	    {"a&b", false, NULL},
	    {"&AGE-", false, NULL},
	    {"&APw", false, NULL},
	    {"\"\xc3\xbc\"", false, NULL},
	    {"\"\xc3\xbc\"", true, "\xc3\xbc"},
	    {"{2+}\r\n\xc3\xbc", true, "\xc3\xbc"},
	    {"{2+}\r\n\xc3\xc3", true, NULL},
	    {"Entw&APw-rfe", true, "Entw&APw-rfe"},
	    {"{3+}\r\na\r\n", true, NULL},
	    {"{3+}\r\na\r\n", false, NULL},
	    {"&AAo-", false, NULL}, /* a line feed */
	    {"\"a\tb\"", false, NULL},
	    {"\"a\tb\"", true, NULL},
	    {"\"a\x7f\"", true, NULL},
	    {"a*", false, NULL},
	    {"a%", false, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct command c;
		const char *name;

		arg_begin(&c, cases[i].in, strlen(cases[i].in), cases[i].utf8);
		name = parse_mailbox(&c.p);
		HOLDS((parse_done(&c.p) == 0) == (cases[i].want != NULL),
		    cases[i].in);
		if (cases[i].want != NULL)
			HOLDS(strcmp(name, cases[i].want) == 0, cases[i].in);
		command_end(&c);
	}
}

static void
dates_are_days(void **state)
{
	static const struct {
		const char *in;
		bool ok;
		int32_t day;
	} cases[] = {
	    {"1-Jan-1970", true, 0},
	    {"31-Dec-1969", true, -1},
	    {"\"01-JAN-1970\"", true, 0},
	    {"1-Mar-2000", true, 11017},
	    {"29-Feb-2000", true, 11016},
	    {"29-Feb-2024", true, 19782},
	    {"29-Feb-2023", false, 0},
	    {"29-Feb-1900", false, 0},
	    {"31-Feb-2024", false, 0},
	    {"31-Apr-2024", false, 0},
	    {"30-Apr-2024", true, 19843},
	    {"0-Jan-2024", false, 0},
	    {"00-Jan-0000", false, 0},
	    {"1-Jan-0000", false, 0},
	    {"1-Jan-0001", true, -719162},
	    {"31-Dec-9999", true, 2932896},
	    {"1-Jan-10000", false, 0},
	    {"32-Jan-2024", false, 0},
	    {"1-Foo-2024", false, 0},
	    {"1-Jan-24", false, 0},
	    {"001-Jan-2024", false, 0},
	    {" 1-Jan-2024", false, 0},
	    {"\"1-Jan-2024", false, 0},
	    {"1-Jan-2024\"", false, 0},
	    {"1 Jan 2024", false, 0},
	    {"", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct command c;
		int32_t day;

		arg_begin(&c, cases[i].in, strlen(cases[i].in), false);
		day = parse_date(&c.p);
		HOLDS((parse_done(&c.p) == 0) == cases[i].ok, cases[i].in);
		HOLDS(!cases[i].ok || day == cases[i].day, cases[i].in);
		command_end(&c);
	}
}

static void
every_day_of_the_calendar_comes_back(void **state)
{
	struct arena *arena = arena_new(65536);
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	for (int32_t day = -719162; day <= 2932896; day += 17) {
		struct reader_command cmd;
		struct parse p;

		arena_reset(arena);
		buf_clear(&b);
		print_day(&b, day);
		cmd = (struct reader_command){.text = b.p, .n = b.n};
		parse_init(&p, arena, &cmd, false);
		assert_int_equal(parse_date(&p), day);
		assert_int_equal(parse_done(&p), 0);
	}
	buf_done(&b);
	arena_free(arena);
}

static void
date_times_are_seconds(void **state)
{
	static const struct {
		const char *in;
		bool ok;
		long long seconds;
	} cases[] = {
	    {"\" 1-Jan-1970 00:00:00 +0000\"", true, 0},
	    {"\"01-Jan-1970 00:00:00 +0000\"", true, 0},
	    {"\"1-Jan-1970 00:00:00 +0000\"", true, 0},
	    {"\" 1-Jan-1970 01:00:00 +0100\"", true, 0},
	    {"\"31-Dec-1969 18:30:00 -0530\"", true, 0},
	    {"\"17-Jul-1996 02:44:25 -0700\"", true, 837596665},
	    {"\"31-Dec-9999 23:59:60 -2359\"", true, 253402387140},
	    {"\" 1-Jan-0001 00:00:00 +2359\"", true, -62135683140},
	    {"\"31-Dec-2016 23:59:60 +0000\"", true, 1483228800},
	    {"\" 10-Jan-1970 00:00:00 +0000\"", false, 0},
	    {"\"  1-Jan-1970 00:00:00 +0000\"", false, 0},
	    {"\"01-Jan-1970 24:00:00 +0000\"", false, 0},
	    {"\"01-Jan-1970 00:60:00 +0000\"", false, 0},
	    {"\"01-Jan-1970 00:00:61 +0000\"", false, 0},
	    {"\"01-Jan-1970 00:00:00 +2400\"", false, 0},
	    {"\"01-Jan-1970 00:00:00 +0060\"", false, 0},
	    {"\"01-Jan-1970 00:00:00 0000\"", false, 0},
	    {"\"01-Jan-1970 00:00:00 GMT\"", false, 0},
	    {"\"01-Jan-1970 0:00:00 +0000\"", false, 0},
	    {"\"01-Jan-1970  00:00:00 +0000\"", false, 0},
	    {"\"31-Feb-1970 00:00:00 +0000\"", false, 0},
	    {"01-Jan-1970", false, 0},
	    {"\"01-Jan-1970\"", false, 0},
	    {"\"01-Jan-1970 00:00:00 +0000", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct command c;
		time_t t;

		arg_begin(&c, cases[i].in, strlen(cases[i].in), false);
		t = parse_date_time(&c.p);
		HOLDS((parse_done(&c.p) == 0) == cases[i].ok, cases[i].in);
		HOLDS((long long)t == cases[i].seconds, cases[i].in);
		command_end(&c);
	}
}

static void
flags(void **state)
{
	static const struct {
		const char *in;
		bool bare;
		const char *want; /* NULL: refused */
	} cases[] = {
	    {"()", false, "()"},
	    {"(\\Seen)", false, "(\\Seen)"},
	    {"(\\SEEN \\deleted \\Draft \\Flagged \\Answered)", false,
		"(\\Draft \\Flagged \\Answered \\Seen \\Deleted)"},
	    {"(a \\Seen $Forwarded A \\Seen b)", false,
		"(\\Seen a $Forwarded b)"},
	    {"(\\Recent)", false, "(\\Recent)"},
	    {"(k1 k2 k3 k4 k5 k6 k7 k8 k9 K1)", false,
		"(k1 k2 k3 k4 k5 k6 k7 k8 k9)"},
	    {"(\\*)", false, NULL},
	    {"(\\X)", false, NULL},
	    {"(\\Seenx)", false, NULL},
	    {"(\\)", false, NULL},
	    {"(a  b)", false, NULL},
	    {"( a)", false, NULL},
	    {"(a )", false, NULL},
	    {"(a", false, NULL},
	    {"((a))", false, NULL},
	    {"(\"a\")", false, NULL},
	    {"(a]b)", false, NULL},
	    {"(\xc3\xa4)", false, NULL},
	    {"a", false, NULL},
	    {"a", true, "(a)"},
	    {"\\Seen a ", true, "(\\Seen a)"},
	    {"(a)", true, "(a)"},
	    {"()", true, "()"},
	    {"", true, NULL},
	    {"a  b", true, NULL},
	    {"a)", true, NULL},
	};
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct parse_flags f;
		struct command c;

		arg_begin(&c, cases[i].in, strlen(cases[i].in), false);
		parse_flags(&c.p, cases[i].bare, &f);
		HOLDS((parse_done(&c.p) == 0) == (cases[i].want != NULL),
		    cases[i].in);
		if (cases[i].want != NULL) {
			buf_clear(&b);
			print_flags(&b, &f);
			buf_char(&b, '\0');
			HOLDS(strcmp(b.p, cases[i].want) == 0, cases[i].in);
		}
		command_end(&c);
	}
	buf_done(&b);
}

/* "head", n times " unit" (the first without its SP), "tail". */
static void
many(struct buf *b, const char *head, const char *unit, size_t n,
    const char *tail)
{
	buf_clear(b);
	buf_str(b, head);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_char(b, ' ');
		buf_str(b, unit);
	}
	buf_str(b, tail);
	assert_false(b->failed);
}

static void
flags_are_counted(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 65536);
	for (unsigned bare = 0; bare <= 1; bare++) {
		for (size_t n = PARSE_FLAGS_MAX - 1; n <= PARSE_FLAGS_MAX + 1;
		     n++) {
			struct parse_flags f;
			struct command c;

			many(&b, bare ? "" : "(", "k", n, bare ? "" : ")");
			arg_begin(&c, b.p, b.n, false);
			parse_flags(&c.p, bare, &f);
			assert_int_equal(
			    parse_done(&c.p), n <= PARSE_FLAGS_MAX ? 0 : -1);
			assert_int_equal(c.p.limit, n > PARSE_FLAGS_MAX);
			command_end(&c);
		}
	}
	buf_done(&b);
}

/* Parses in as a command; prints it; want NULL: refused. */
static void
check_command(const char *in, const char *want)
{
	struct command c;
	struct buf b;

	buf_init(&b, 65536);
	buf_str(&b, in);
	buf_str(&b, "\r\n");
	command_begin(&c, b.p, b.n, false);
	assert_true(c.read);
	buf_clear(&b);
	if (strcmp(c.name, "STORE") == 0) {
		struct parse_store s;

		parse_store(&c.p, &s);
		if (c.p.why == NULL)
			print_store(&b, &s);
	} else {
		struct parse_id id;

		parse_id(&c.p, &id);
		if (c.p.why == NULL)
			print_id(&b, &id);
	}
	buf_char(&b, '\0');
	HOLDS((parse_done(&c.p) == 0) == (want != NULL), in);
	if (want != NULL)
		HOLDS(strcmp(b.p, want) == 0, in);
	buf_done(&b);
	command_end(&c);
}

static void
store(void **state)
{
	static const char *const cases[][2] = {
	    {"a STORE 1 FLAGS \\Seen", " 1 FLAGS (\\Seen)"},
	    {"a STORE 1:* +flags (a b)", " 1:* +FLAGS (a b)"},
	    {"a STORE $ -FLAGS.SILENT ()", " $ -FLAGS.SILENT ()"},
	    {"a UID STORE 1 FLAGS.SILENT a b", " 1 FLAGS.SILENT (a b)"},
	    {"a STORE 1 (UNCHANGEDSINCE 0) FLAGS a",
		" 1 (UNCHANGEDSINCE 0) FLAGS (a)"},
	    {"a STORE 1 (unchangedsince 9223372036854775807) FLAGS a",
		" 1 (UNCHANGEDSINCE 9223372036854775807) FLAGS (a)"},
	    {"a STORE 1 (UNCHANGEDSINCE 9223372036854775808) FLAGS a", NULL},
	    {"a STORE 1 (UNCHANGEDSINCE) FLAGS a", NULL},
	    {"a STORE 1 (X 1) FLAGS a", NULL},
	    {"a STORE 1 () FLAGS a", NULL},
	    {"a STORE 1 FLAGS a (UNCHANGEDSINCE 1)", NULL},
	    {"a STORE", NULL},
	    {"a STORE 1", NULL},
	    {"a STORE 1 FLAGS", NULL},
	    {"a STORE 1 FLAGS ", NULL},
	    {"a STORE 1 FLAG a", NULL},
	    {"a STORE 1 FLAGS.LOUD a", NULL},
	    {"a STORE 1 +-FLAGS a", NULL},
	    {"a STORE 1  FLAGS a", NULL},
	    {"a STORE 0 FLAGS a", NULL},
	    {"a STORE x FLAGS a", NULL},
	    {"a STORE 1 FLAGS (a) b", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check_command(cases[i][0], cases[i][1]);
}

static void
id(void **state)
{
	static const char *const cases[][2] = {
	    {"a ID NIL", " ()"},
	    {"a ID nil ", " ()"},
	    {"a ID ()", " ()"},
	    {"a ID (\"name\" \"x\" \"os\" NIL)",
		" (\"name\" \"x\" \"os\" NIL)"},
	    {"a ID (\"a\" {1+}\r\nb)", " (\"a\" \"b\")"},
	    {"a ID", NULL},
	    {"a ID (\"a\")", NULL},
	    {"a ID (\"a\" )", NULL},
	    {"a ID (a \"b\")", NULL},
	    {"a ID (NIL \"b\")", NULL},
	    {"a ID (\"a\" (\"b\"))", NULL},
	    {"a ID (\"a\" \"b\"", NULL},
	    {"a ID ((((", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check_command(cases[i][0], cases[i][1]);
}

static void
id_case(size_t pairs, size_t key, size_t value, bool ok)
{
	static char long_key[64], long_value[2000], unit[2200];
	struct parse_id parsed;
	struct command c;
	struct buf b;

	memset(long_key, 'k', key);
	long_key[key] = '\0';
	memset(long_value, 'v', value);
	long_value[value] = '\0';
	(void)snprintf(
	    unit, sizeof(unit), "\"%s\" \"%s\"", long_key, long_value);
	buf_init(&b, 65536);
	many(&b, "a ID (", unit, pairs, ")\r\n");
	command_begin(&c, b.p, b.n, false);
	parse_id(&c.p, &parsed);
	assert_int_equal(parse_done(&c.p), ok ? 0 : -1);
	assert_int_equal(c.p.limit, !ok);
	if (ok)
		assert_int_equal(parsed.npairs, pairs);
	command_end(&c);
	buf_done(&b);
}

static void
id_has_limits(void **state)
{
	(void)state;
	id_case(PARSE_ID_PAIRS - 1, 1, 1, true);
	id_case(PARSE_ID_PAIRS, 1, 1, true);
	id_case(PARSE_ID_PAIRS + 1, 1, 1, false);
	id_case(6000, 1, 1, false);
	id_case(1, PARSE_ID_KEY - 1, 1, true);
	id_case(1, PARSE_ID_KEY, 1, true);
	id_case(1, PARSE_ID_KEY + 1, 1, false);
	id_case(1, 1, PARSE_ID_VALUE - 1, true);
	id_case(1, 1, PARSE_ID_VALUE, true);
	id_case(1, 1, PARSE_ID_VALUE + 1, false);
}

static void
a_command_may_be_larger_than_its_arena(void **state)
{
	struct reader_command cmd = {.text = "a X \"\\\"\"", .n = 9};
	struct arena *arena = arena_new(1);
	const char *tag, *name;
	struct parse p;
	bool uid;

	(void)state;
	parse_init(&p, arena, &cmd, false);
	assert_int_equal(parse_head(&p, &tag, &name, &uid), -1);
	assert_true(p.limit);
	assert_string_equal(tag, "*");
	arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(heads),
	    cmocka_unit_test(
		a_failed_cursor_is_empty_and_remembers_the_first_reason),
	    cmocka_unit_test(the_end_may_have_one_space),
	    cmocka_unit_test(words_are_whole_atoms_in_any_case),
	    cmocka_unit_test(strings),
	    cmocka_unit_test(numbers),
	    cmocka_unit_test(mailboxes),
	    cmocka_unit_test(dates_are_days),
	    cmocka_unit_test(every_day_of_the_calendar_comes_back),
	    cmocka_unit_test(date_times_are_seconds),
	    cmocka_unit_test(flags),
	    cmocka_unit_test(flags_are_counted),
	    cmocka_unit_test(store),
	    cmocka_unit_test(id),
	    cmocka_unit_test(id_has_limits),
	    cmocka_unit_test(a_command_may_be_larger_than_its_arena),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
