/*
 * SEARCH: every key, shown as the canonical form of its tree, which parses to
 * itself; limits of depth and number; what is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "t/unit/imap_command.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int
search(const char *in, size_t n, bool utf8, struct buf *b, bool *limit)
{
	struct parse_search s;
	struct command c;
	int result;

	buf_clear(b);
	buf_str(b, "a SEARCH");
	buf_bytes(b, in, n);
	buf_str(b, "\r\n");
	assert_false(b->failed);
	command_begin(&c, b->p, b->n, utf8);
	assert_true(c.read);
	parse_search(&c.p, &s);
	result = parse_done(&c.p);
	*limit = c.p.limit;
	buf_clear(b);
	if (result == 0)
		print_search(b, &s);
	command_end(&c);
	return result;
}

/* want NULL: refused. */
static void
check(const char *in, const char *want)
{
	struct buf a, b;
	bool limit;

	buf_init(&a, 65536);
	buf_init(&b, 65536);
	HOLDS(
	    (search(in, strlen(in), false, &a, &limit) == 0) == (want != NULL),
	    in);
	HOLDS(!limit, in);
	if (want != NULL) {
		HOLDS(a.n == strlen(want) && memcmp(a.p, want, a.n) == 0, in);
		HOLDS(search(a.p, a.n, false, &b, &limit) == 0, in);
		HOLDS(a.n == b.n && memcmp(a.p, b.p, a.n) == 0, in);
	}
	buf_done(&a);
	buf_done(&b);
}

static void
keys(void **state)
{
	static const char *const cases[][2] = {
	    {" ALL", " ALL"},
	    {" all ", " ALL"},
	    {" ANSWERED", " ANSWERED"},
	    {" DELETED", " DELETED"},
	    {" DRAFT", " DRAFT"},
	    {" FLAGGED", " FLAGGED"},
	    {" SEEN", " SEEN"},
	    {" RECENT", " RECENT"},
	    {" NEW", " (RECENT NOT SEEN)"},
	    {" OLD", " NOT RECENT"},
	    {" UNANSWERED", " NOT ANSWERED"},
	    {" UNDELETED", " NOT DELETED"},
	    {" UNDRAFT", " NOT DRAFT"},
	    {" UNFLAGGED", " NOT FLAGGED"},
	    {" UNSEEN", " NOT SEEN"},
	    {" KEYWORD $Junk", " KEYWORD $Junk"},
	    {" UNKEYWORD a", " NOT KEYWORD a"},
	    {" BCC x", " HEADER \"Bcc\" \"x\""},
	    {" CC x", " HEADER \"Cc\" \"x\""},
	    {" FROM \"a b\"", " HEADER \"From\" \"a b\""},
	    {" SUBJECT {1+}\r\nx", " HEADER \"Subject\" \"x\""},
	    {" TO \"\"", " HEADER \"To\" \"\""},
	    {" HEADER x-y z", " HEADER \"x-y\" \"z\""},
	    {" BODY x", " BODY \"x\""},
	    {" TEXT x]", " TEXT \"x]\""},
	    {" BEFORE 1-Feb-1994", " BEFORE 1-Feb-1994"},
	    {" ON \"1-Feb-1994\"", " ON 1-Feb-1994"},
	    {" SINCE 01-Feb-1994", " SINCE 1-Feb-1994"},
	    {" SENTBEFORE 1-Feb-1994", " SENTBEFORE 1-Feb-1994"},
	    {" SENTON 1-Feb-1994", " SENTON 1-Feb-1994"},
	    {" SENTSINCE 1-Feb-1994", " SENTSINCE 1-Feb-1994"},
	    {" LARGER 0", " LARGER 0"},
	    {" SMALLER 9223372036854775807", " SMALLER 9223372036854775807"},
	    {" OLDER 1", " OLDER 1"},
	    {" YOUNGER 86400", " YOUNGER 86400"},
	    {" MODSEQ 0", " MODSEQ 0"},
	    {" SAVEDBEFORE 1-Feb-2014", " SAVEDBEFORE 1-Feb-2014"},
	    {" savedon \"28-Dec-2014\"", " SAVEDON 28-Dec-2014"},
	    {" SAVEDSINCE 1-Feb-2014", " SAVEDSINCE 1-Feb-2014"},
	    {" NOT SAVEDATESUPPORTED", " NOT SAVEDATESUPPORTED"},
	    {" EMAILID M6d99-ac_", " EMAILID M6d99-ac_"},
	    {" OR EMAILID a EMAILID b", " OR EMAILID a EMAILID b"},
	    {" THREADID T64b478a75b7ea9", " THREADID T64b478a75b7ea9"},
	    {" MODSEQ \"/flags/\\\\draft\" all 620162338", " MODSEQ 620162338"},
	    {" MODSEQ \"/flags/x\" PRIV 5", " MODSEQ 5"},
	    {" 1:3,*", " 1:3,*"},
	    {" *", " *"},
	    {" $", " $"},
	    {" UID 1:3,5", " UID 1:3,5"},
	    {" UID $", " UID $"},
	    {" NOT 1", " NOT 1"},
	    {" NOT NOT SEEN", " NOT NOT SEEN"},
	    {" OR SEEN NEW", " OR SEEN (RECENT NOT SEEN)"},
	    {" OR OR 1 2 OR 3 4", " OR OR 1 2 OR 3 4"},
	    {" (SEEN)", " (SEEN)"},
	    {" (SEEN 1) NOT (2 (3))", " (SEEN 1) NOT (2 (3))"},
	    {" FLAGGED SINCE 1-Feb-1994 NOT FROM \"Smith\"",
		" FLAGGED SINCE 1-Feb-1994 NOT HEADER \"From\" \"Smith\""},
	    {" SUBJECT \"\xc3\xa4\"", " HEADER \"Subject\" {2+}\r\n\xc3\xa4"},
	    {" SUBJECT {1+}\r\n\xe4", " HEADER \"Subject\" {1+}\r\n\xe4"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check(cases[i][0], cases[i][1]);
}

static void
options(void **state)
{
	static const char *const cases[][2] = {
	    {" RETURN () ALL", " RETURN (ALL) ALL"},
	    {" RETURN (ALL) ALL", " RETURN (ALL) ALL"},
	    {" return (min MAX count save) 1",
		" RETURN (MIN MAX COUNT SAVE) 1"},
	    {" CHARSET UTF-8 ALL", " CHARSET \"UTF-8\" ALL"},
	    {" CHARSET \"us-ascii\" TEXT x",
		" CHARSET \"us-ascii\" TEXT \"x\""},
	    {" RETURN (MIN) CHARSET UTF-8 ALL",
		" RETURN (MIN) CHARSET \"UTF-8\" ALL"},
	    {" CHARSET UTF-8 RETURN (MIN) ALL", NULL},
	    {" CHARSET UTF-8", NULL},
	    {" CHARSET \"\" ALL", NULL},
	    {" CHARSET  ALL", NULL},
	    {" RETURN (MIN)", NULL},
	    {" RETURN ALL", NULL},
	    {" RETURN (X) ALL", NULL},
	    {" RETURN (MIN ) ALL", NULL},
	    {" RETURN (MIN MAX", NULL},
	    {" RETURN (PARTIAL 1:2) ALL", " RETURN (PARTIAL 1:2) ALL"},
	    {" return (partial 500:400) all", " RETURN (PARTIAL 400:500) ALL"},
	    {" RETURN (PARTIAL -500:-400) ALL",
		" RETURN (PARTIAL -400:-500) ALL"},
	    {" RETURN (PARTIAL -1:-100 COUNT) ALL",
		" RETURN (COUNT PARTIAL -1:-100) ALL"},
	    {" RETURN (PARTIAL 1:4294967295) ALL",
		" RETURN (PARTIAL 1:4294967295) ALL"},
	    {" RETURN (PARTIAL 1:4294967296) ALL", NULL},
	    {" RETURN (PARTIAL 0:5) ALL", NULL},
	    {" RETURN (PARTIAL -0:-5) ALL", NULL},
	    {" RETURN (PARTIAL 1:*) ALL", NULL},
	    {" RETURN (PARTIAL *:1) ALL", NULL},
	    {" RETURN (PARTIAL 1) ALL", NULL},
	    {" RETURN (PARTIAL) ALL", NULL},
	    {" RETURN (PARTIAL -1:5) ALL", NULL},
	    {" RETURN (PARTIAL 1:-5) ALL", NULL},
	    {" RETURN (PARTIAL \"1:5\") ALL", NULL},
	    {" RETURN (PARTIAL 1:5 ALL) ALL", NULL},
	    {" RETURN (ALL PARTIAL 1:5) ALL", NULL},
	    {" RETURN (PARTIAL 1:5 PARTIAL 1:5) ALL", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check(cases[i][0], cases[i][1]);
}

static void
what_is_no_search_key_is_refused(void **state)
{
	static const char *const cases[] = {
	    "",
	    " ",
	    "  ALL",
	    " ALL  SEEN",
	    " ALLX",
	    " FUZZY SUBJECT x",
	    " ()",
	    " (ALL",
	    " ALL)",
	    " (ALL )",
	    " ( ALL)",
	    " (ALL)(SEEN)",
	    " NOT",
	    " NOT ",
	    " OR SEEN",
	    " OR SEEN ",
	    " OR",
	    " FROM",
	    " FROM ",
	    " FROM  x",
	    " HEADER x",
	    " KEYWORD \\Seen",
	    " KEYWORD \"x\"",
	    " KEYWORD",
	    " UNKEYWORD",
	    " BEFORE 31-Feb-2024",
	    " BEFORE",
	    " LARGER -1",
	    " LARGER x",
	    " LARGER 9223372036854775808",
	    " OLDER 0",
	    " OLDER 4294967296",
	    " YOUNGER 0",
	    " MODSEQ",
	    " SAVEDON",
	    " SAVEDON 28-Dec",
	    " SAVEDATESUPPORTED x",
	    " EMAILID",
	    " EMAILID \"M1\"",
	    " EMAILID M1.2",
	    " THREADID",
	    " THREADID a/b",
	    " MODSEQ 9223372036854775808",
	    " MODSEQ \"/flags/\" all 1",
	    " MODSEQ \"x\" all 1",
	    " MODSEQ \"/flags/a\" none 1",
	    " MODSEQ \"/flags/a\" 1",
	    " UID",
	    " UID x",
	    " UID 0",
	    " 0",
	    " 1:0",
	    " 1,,2",
	    " 4294967296",
	    " SUBJECT \"\xe4\"",
	    " SUBJECT \xc3\xa4",
	    " \"ALL\"",
	    " {3+}\r\nALL",
	    " SUBJECT ~{1+}\r\nx",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check(cases[i], NULL);
}

/* RFC 8474 section 7. */
static void
an_object_identifier_has_255_characters_at_most(void **state)
{
	char in[400], want[400];
	int n;

	(void)state;
	for (n = PARSE_OBJECTID_MAX - 1; n <= PARSE_OBJECTID_MAX + 1; n++) {
		(void)snprintf(in, sizeof(in), " EMAILID %0*d", n, 0);
		(void)snprintf(want, sizeof(want), "%s", in);
		check(in, n <= PARSE_OBJECTID_MAX ? want : NULL);
	}
}

static void
batches_are_a_size_and_perhaps_a_range(void **state)
{
	static const struct {
		const char *in;
		struct parse_batches want; /* size 0: refused */
	} cases[] = {
	    {" 2000", {2000, 0, 0, false}},
	    {" 1", {1, 0, 0, false}},
	    {" 4294967295", {UINT32_MAX, 0, 0, false}},
	    {" 2000 10:20", {2000, 10, 20, false}},
	    {" 2000 7:7", {2000, 7, 7, false}},
	    {" 2000 4:1", {2000, 4, 1, true}},
	    {"", {0}},
	    {" 0", {0}},
	    {" 4294967296", {0}},
	    {" 2000 1", {0}},
	    {" 2000 0:1", {0}},
	    {" 2000 1:0", {0}},
	    {" 2000 1:*", {0}},
	    {" 2000 1:2 3", {0}},
	    {" 2000 1:2,3:4", {0}},
	    {" (2000)", {0}},
	};
	struct parse_batches got;
	struct command c;
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 1000);
	for (i = 0; i < COUNT(cases); i++) {
		buf_clear(&b);
		buf_str(&b, "a UIDBATCHES");
		buf_str(&b, cases[i].in);
		buf_str(&b, "\r\n");
		command_begin(&c, b.p, b.n, false);
		parse_batches(&c.p, &got);
		HOLDS((parse_done(&c.p) == 0) == (cases[i].want.size != 0),
		    cases[i].in);
		if (cases[i].want.size != 0) {
			HOLDS(got.size == cases[i].want.size, cases[i].in);
			HOLDS(got.lo == cases[i].want.lo, cases[i].in);
			HOLDS(got.hi == cases[i].want.hi, cases[i].in);
			HOLDS(got.turned == cases[i].want.turned, cases[i].in);
		}
		command_end(&c);
	}
	buf_done(&b);
}

static void
a_charset_is_refused_once_utf8_is_accepted(void **state)
{
	struct buf b;
	bool limit;

	(void)state;
	buf_init(&b, 1000);
	assert_int_equal(
	    search(" CHARSET UTF-8 ALL", 18, true, &b, &limit), -1);
	assert_int_equal(search(" ALL", 4, true, &b, &limit), 0);
	buf_done(&b);
}

/* n times unit, then middle, then n times close. */
static void
limited(
    const char *unit, const char *middle, const char *close, size_t n, bool ok)
{
	struct buf in, b;
	bool limit;

	buf_init(&in, 65536);
	buf_init(&b, 1u << 20);
	buf_char(&in, ' ');
	for (size_t i = 0; i < n; i++)
		buf_str(&in, unit);
	buf_str(&in, middle);
	for (size_t i = 0; i < n; i++)
		buf_str(&in, close);
	assert_false(in.failed);
	assert_int_equal(search(in.p, in.n, false, &b, &limit), ok ? 0 : -1);
	assert_int_equal(limit, !ok);
	buf_done(&in);
	buf_done(&b);
}

static void
depth_and_number_are_limited(void **state)
{
	const size_t deep = PARSE_SEARCH_DEPTH - 1;
	const size_t many = PARSE_SEARCH_NODES - 1;
	const size_t nest = PARSE_NESTING_MAX;

	(void)state;
	limited("NOT ", "ALL", "", deep - 1, true);
	limited("NOT ", "ALL", "", deep, true);
	limited("NOT ", "ALL", "", deep + 1, false);
	limited("NOT ", "ALL", "", 15000, false);
	limited("OR ", "ALL", " ALL", deep - 1, true);
	limited("OR ", "ALL", " ALL", deep, true);
	limited("OR ", "ALL", " ALL", deep + 1, false);
	limited("OR ", "ALL", "", 20000, false);
	limited("OR ALL ", "ALL", "", deep, true);
	limited("OR ALL ", "ALL", "", deep + 1, false);
	limited("(", "ALL", ")", nest - 1, true);
	limited("(", "ALL", ")", nest, true);
	limited("(", "ALL", ")", nest + 1, false);
	limited("(", "", "", 65000, false);
	limited("(NOT ", "ALL", ")", deep / 2, true);
	limited("(NOT ", "ALL", ")", nest, false);
	limited("ALL ", "ALL", "", many - 1, true);
	limited("ALL ", "ALL", "", many, true);
	limited("ALL ", "ALL", "", many + 1, false);
	limited("1 ", "1", "", 30000, false);
	limited("NOT 1 ", "1", "", many / 2, true);
	limited("NOT 1 ", "1", "", many / 2 + 1, false);
}

static void
closing_brackets_are_no_keys(void **state)
{
	static char many[65000];
	struct buf b;
	bool limit;

	(void)state;
	buf_init(&b, 65536);
	memset(many, ')', sizeof(many));
	many[0] = ' ';
	assert_int_equal(search(many, sizeof(many), false, &b, &limit), -1);
	buf_done(&b);
}

static void
keys_can_be_parsed_alone(void **state)
{
	static const char in[] = "a SORT 1 UNSEEN\r\n";
	struct parse_search_node *and;
	struct command c;

	(void)state;
	command_begin(&c, in, sizeof(in) - 1, false);
	and = parse_search_keys(&c.p);
	assert_int_equal(parse_done(&c.p), 0);
	assert_int_equal(and->key, PARSE_SEARCH_AND);
	assert_int_equal(and->child->key, PARSE_SEARCH_SEQ);
	assert_int_equal(and->child->next->key, PARSE_SEARCH_NOT);
	assert_int_equal(and->child->next->child->flags, MESSAGE_SEEN);
	assert_null(and->child->next->next);
	command_end(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_object_identifier_has_255_characters_at_most),
	    cmocka_unit_test(batches_are_a_size_and_perhaps_a_range),
	    cmocka_unit_test(keys),
	    cmocka_unit_test(options),
	    cmocka_unit_test(what_is_no_search_key_is_refused),
	    cmocka_unit_test(a_charset_is_refused_once_utf8_is_accepted),
	    cmocka_unit_test(depth_and_number_are_limited),
	    cmocka_unit_test(closing_brackets_are_no_keys),
	    cmocka_unit_test(keys_can_be_parsed_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
