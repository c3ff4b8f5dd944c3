/*
 * LIST with and without RFC 5258's syntax, STATUS's items, CREATE's USE.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "t/unit/imap_command.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int
list(const char *in, size_t n, bool utf8, struct buf *b, bool *limit)
{
	struct parse_list l;
	struct command c;
	int result;

	buf_clear(b);
	buf_str(b, "a LIST");
	buf_bytes(b, in, n);
	buf_str(b, "\r\n");
	assert_false(b->failed);
	command_begin(&c, b->p, b->n, utf8);
	assert_true(c.read);
	parse_list(&c.p, &l);
	result = parse_done(&c.p);
	*limit = c.p.limit;
	buf_clear(b);
	if (result == 0)
		print_list(b, &l);
	command_end(&c);
	return result;
}

/* want NULL: refused. */
static void
check(const char *in, bool utf8, const char *want)
{
	struct buf a, b;
	bool limit;

	buf_init(&a, 65536);
	buf_init(&b, 65536);
	HOLDS((list(in, strlen(in), utf8, &a, &limit) == 0) == (want != NULL),
	    in);
	HOLDS(!limit, in);
	if (want != NULL) {
		HOLDS(a.n == strlen(want) && memcmp(a.p, want, a.n) == 0, in);
		HOLDS(list(a.p, a.n, true, &b, &limit) == 0, in);
		HOLDS(a.n == b.n && memcmp(a.p, b.p, a.n) == 0, in);
	}
	buf_done(&a);
	buf_done(&b);
}

static void
lists(void **state)
{
	static const char *const cases[][2] = {
	    {" \"\" \"\"", " \"\" \"\""},
	    {" \"\" *", " \"\" \"*\""},
	    {" \"\" %", " \"\" \"%\""},
	    {" \"\" a]%b ", " \"\" \"a]%b\""},
	    {" inbox. {1+}\r\n%", " \"INBOX.\" \"%\""},
	    {" \"\" Inbox.*", " \"\" \"INBOX.*\""},
	    {" \"\" inb*", " \"\" \"inb*\""},
	    {" a \"&APw-%\"", " \"a\" {3+}\r\n\xc3\xbc%"},
	    {" () \"\" *", " () \"\" \"*\""},
	    {" (SUBSCRIBED) \"\" *", " (SUBSCRIBED) \"\" \"*\""},
	    {" (recursivematch subscribed REMOTE) \"\" *",
		" (SUBSCRIBED REMOTE RECURSIVEMATCH) \"\" \"*\""},
	    {" (SPECIAL-USE RECURSIVEMATCH) \"\" *",
		" (RECURSIVEMATCH SPECIAL-USE) \"\" \"*\""},
	    {" \"\" (a)", " () \"\" \"a\""},
	    {" \"\" (a b% \"c d\")", " () \"\" (\"a\" \"b%\" \"c d\")"},
	    {" \"\" * RETURN ()", " () \"\" \"*\""},
	    {" \"\" % RETURN (subscribed children special-use)",
		" () \"\" \"%\" RETURN (SUBSCRIBED CHILDREN SPECIAL-USE)"},
	    {" \"\" % RETURN (STATUS (MESSAGES UNSEEN) CHILDREN)",
		" () \"\" \"%\" RETURN (CHILDREN STATUS (MESSAGES UNSEEN))"},
	    {"", NULL},
	    {" ", NULL},
	    {" \"\"", NULL},
	    {" \"\" ", NULL},
	    {" * *", NULL},
	    {" \"\" a b", NULL},
	    {"  \"\" a", NULL},
	    {" \"\"  a", NULL},
	    {" \"\" ()", NULL},
	    {" \"\" (a", NULL},
	    {" \"\" (a )", NULL},
	    {" \"\" ((a))", NULL},
	    {" \"\" a\\", NULL},
	    {" \"\" a&b", NULL},
	    {" \"\" \xc3\xbc", NULL},
	    {" \"\" \"\xc3\xbc\"", NULL},
	    {" (RECURSIVEMATCH) \"\" *", NULL},
	    {" (RECURSIVEMATCH REMOTE) \"\" *", NULL},
	    {" (ACL MYRIGHTS) \"\" INBOX", NULL},
	    {" (SUBSCRIBED \"\" *", NULL},
	    {" (SUBSCRIBED )", NULL},
	    {" ((SUBSCRIBED)) \"\" *", NULL},
	    {" \"\" * (CHILDREN)", NULL},
	    {" \"\" * RETURN", NULL},
	    {" \"\" * RETURN CHILDREN", NULL},
	    {" \"\" * RETURN (X)", NULL},
	    {" \"\" * RETURN (STATUS)", NULL},
	    {" \"\" * RETURN (STATUS ())", NULL},
	    {" \"\" * RETURN (STATUS (X))", NULL},
	    {" \"\" * RETURN (CHILDREN) x", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check(cases[i][0], false, cases[i][1]);
	check(" \"\" \xc3\xbc*", true, " \"\" {3+}\r\n\xc3\xbc*");
	check(" \"\" \"\xc3\xbc\"", true, " \"\" {2+}\r\n\xc3\xbc");
	check(" \"\" a&b", true, " \"\" \"a&b\"");
	check(" \"\" \xc3", true, NULL);
}

static void
extended_syntax_is_told(void **state)
{
	static const struct {
		const char *in;
		bool extended;
	} cases[] = {
	    {"a LIST \"\" a\r\n", false},
	    {"a LIST () \"\" a\r\n", true},
	    {"a LIST \"\" (a)\r\n", true},
	    {"a LIST \"\" a RETURN ()\r\n", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct parse_list l;
		struct command c;

		command_begin(&c, cases[i].in, strlen(cases[i].in), false);
		parse_list(&c.p, &l);
		HOLDS(parse_done(&c.p) == 0, cases[i].in);
		HOLDS(l.extended == cases[i].extended, cases[i].in);
		command_end(&c);
	}
}

static void
patterns_are_counted(void **state)
{
	struct buf in, b;
	bool limit;

	(void)state;
	buf_init(&in, 65536);
	buf_init(&b, 65536);
	for (size_t n = PARSE_PATTERNS_MAX - 1; n <= PARSE_PATTERNS_MAX + 1;
	     n++) {
		buf_clear(&in);
		buf_str(&in, " \"\" (a");
		for (size_t i = 1; i < n; i++)
			buf_str(&in, " a*");
		buf_char(&in, ')');
		assert_int_equal(list(in.p, in.n, false, &b, &limit),
		    n <= PARSE_PATTERNS_MAX ? 0 : -1);
		assert_int_equal(limit, n > PARSE_PATTERNS_MAX);
	}
	buf_done(&in);
	buf_done(&b);
}

static void
brackets_without_end_are_refused_at_once(void **state)
{
	static const char *const heads[] = {" ", " \"\" ", " (SUBSCRIBED ",
	    " \"\" a RETURN ", " \"\" a RETURN (STATUS "};
	static char many[65000];
	struct buf in, b;
	bool limit;

	(void)state;
	buf_init(&in, 65536);
	buf_init(&b, 65536);
	for (const char *c = "()"; *c != '\0'; c++) {
		memset(many, *c, sizeof(many));
		for (size_t i = 0; i < COUNT(heads); i++) {
			buf_clear(&in);
			buf_str(&in, heads[i]);
			buf_bytes(&in, many, sizeof(many));
			assert_int_equal(
			    list(in.p, in.n, false, &b, &limit), -1);
		}
	}
	buf_done(&in);
	buf_done(&b);
}

/* items: of STATUS if true, else CREATE's USE. */
static void
check_bits(const char *in, bool items, unsigned want, bool ok)
{
	struct command c;
	struct buf b;
	unsigned got;

	buf_init(&b, 1000);
	buf_printf(&b, "a X%s\r\n", in);
	command_begin(&c, b.p, b.n, false);
	if (items)
		parse_space(&c.p);
	got = items ? parse_status_items(&c.p) : parse_create_use(&c.p);
	HOLDS((parse_done(&c.p) == 0) == ok, in);
	HOLDS(!ok || got == want, in);
	command_end(&c);
	buf_done(&b);
}

static void
status_items(void **state)
{
	(void)state;
	check_bits(" (MESSAGES)", true, PARSE_STATUS_MESSAGES, true);
	check_bits(" (messages RECENT UIDNEXT UIDVALIDITY UNSEEN SIZE DELETED "
		   "HIGHESTMODSEQ MAILBOXID APPENDLIMIT)",
	    true, 1023, true);
	check_bits(" (UNSEEN UNSEEN) ", true, PARSE_STATUS_UNSEEN, true);
	check_bits(" ()", true, 0, false);
	check_bits(" MESSAGES", true, 0, false);
	check_bits(" (MESSAGES", true, 0, false);
	check_bits(" (MESSAGES )", true, 0, false);
	check_bits(" (X)", true, 0, false);
	check_bits(" (MESSAGESX)", true, 0, false);
	check_bits(" ((MESSAGES))", true, 0, false);
}

static void
special_uses(void **state)
{
	(void)state;
	check_bits("", false, 0, true);
	check_bits(" ", false, 0, true);
	check_bits(" (USE ())", false, 0, true);
	check_bits(" (use (\\sent \\Drafts))", false,
	    MAILDIR_USE_SENT | MAILDIR_USE_DRAFTS, true);
	check_bits(
	    " (USE (\\All \\Archive \\Drafts \\Flagged \\Junk \\Sent \\Trash))",
	    false, 127, true);
	check_bits(" (USE (\\Important \\Sent))", false,
	    PARSE_USE_UNKNOWN | MAILDIR_USE_SENT, true);
	check_bits(" (USE (\\))", false, 0, false);
	check_bits(" (USE (Sent))", false, 0, false);
	check_bits(" (USE \\Sent)", false, 0, false);
	check_bits(" (USE (\\Sent)", false, 0, false);
	check_bits(" (USE (\\Sent )))", false, 0, false);
	check_bits(" (X (\\Sent))", false, 0, false);
	check_bits(" ()", false, 0, false);
	check_bits(" x", false, 0, false);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lists),
	    cmocka_unit_test(extended_syntax_is_told),
	    cmocka_unit_test(patterns_are_counted),
	    cmocka_unit_test(brackets_without_end_are_refused_at_once),
	    cmocka_unit_test(status_items),
	    cmocka_unit_test(special_uses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
