/*
 * SORT and THREAD: what is taken is shown in canonical form, which parses to
 * itself; what is refused; the number of criteria at its limit.
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
parse(const char *in, struct buf *b, bool utf8, bool *limit)
{
	struct parse_thread thread;
	struct parse_sort sort;
	struct command c;
	struct buf text;
	int result;

	buf_init(&text, 65536);
	buf_str(&text, "a ");
	buf_str(&text, in);
	buf_str(&text, "\r\n");
	command_begin(&c, text.p, text.n, utf8);
	assert_true(c.read);
	buf_clear(b);
	buf_str(b, c.name);
	if (strcmp(c.name, "SORT") == 0) {
		parse_sort(&c.p, &sort);
		result = parse_done(&c.p);
		if (result == 0)
			print_sort(b, &sort);
	} else {
		parse_thread(&c.p, &thread);
		result = parse_done(&c.p);
		if (result == 0)
			print_thread(b, &thread);
	}
	*limit = c.p.limit;
	command_end(&c);
	buf_done(&text);
	return result;
}

/* want NULL: refused. */
static void
check(const char *in, const char *want)
{
	struct buf a;
	bool limit;

	buf_init(&a, 65536);
	HOLDS((parse(in, &a, false, &limit) == 0) == (want != NULL), in);
	HOLDS(!limit, in);
	if (want != NULL) {
		HOLDS(a.n == strlen(want) && memcmp(a.p, want, a.n) == 0, in);
		HOLDS(parse(want, &a, false, &limit) == 0, in);
		HOLDS(a.n == strlen(want) && memcmp(a.p, want, a.n) == 0, in);
	}
	buf_done(&a);
}

static void
sort_has_criteria_charset_and_keys(void **state)
{
	static const char *const cases[][2] = {
	    {"SORT (SUBJECT) UTF-8 SINCE 1-Feb-1994",
		"SORT (SUBJECT) \"UTF-8\" SINCE 1-Feb-1994"},
	    {"SORT (subject reverse date) us-ascii all",
		"SORT (SUBJECT REVERSE DATE) \"us-ascii\" ALL"},
	    {"SORT (ARRIVAL CC DATE FROM SIZE TO DISPLAYFROM DISPLAYTO) x 1:2",
		"SORT (ARRIVAL CC DATE FROM SIZE TO DISPLAYFROM DISPLAYTO) "
		"\"x\" 1:2"},
	    {"SORT RETURN () (TO) UTF-8 ALL",
		"SORT RETURN (ALL) (TO) \"UTF-8\" ALL"},
	    {"SORT RETURN (COUNT MIN) (REVERSE TO) UTF-8 ALL",
		"SORT RETURN (MIN COUNT) (REVERSE TO) \"UTF-8\" ALL"},
	    {"SORT RETURN (PARTIAL 3:2) (TO) UTF-8 ALL",
		"SORT RETURN (PARTIAL 2:3) (TO) \"UTF-8\" ALL"},
	    {"SORT () UTF-8 ALL", NULL},
	    {"SORT (SUBJECT UTF-8 ALL", NULL},
	    {"SORT SUBJECT UTF-8 ALL", NULL},
	    {"SORT (REVERSE) UTF-8 ALL", NULL},
	    {"SORT (REVERSE REVERSE DATE) UTF-8 ALL", NULL},
	    {"SORT (DATE ) UTF-8 ALL", NULL},
	    {"SORT (DATES) UTF-8 ALL", NULL},
	    {"SORT (DATE) UTF-8", NULL},
	    {"SORT (DATE) UTF-8 ", NULL},
	    {"SORT (DATE)", NULL},
	    {"SORT (DATE) \"\" ALL", NULL},
	    {"SORT (DATE) RETURN () UTF-8 ALL", NULL},
	    {"SORT", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check(cases[i][0], cases[i][1]);
}

static void
thread_has_an_algorithm_charset_and_keys(void **state)
{
	static const char *const cases[][2] = {
	    {"THREAD ORDEREDSUBJECT UTF-8 SINCE 5-MAR-2000",
		"THREAD ORDEREDSUBJECT \"UTF-8\" SINCE 5-Mar-2000"},
	    {"THREAD references US-ASCII TEXT gewp",
		"THREAD REFERENCES \"US-ASCII\" TEXT \"gewp\""},
	    {"THREAD REFS \"UTF-8\" ALL", "THREAD REFS \"UTF-8\" ALL"},
	    {"THREAD REF UTF-8 ALL", NULL},
	    {"THREAD REFERENCES UTF-8", NULL},
	    {"THREAD REFERENCES ALL", NULL},
	    {"THREAD RETURN () REFERENCES UTF-8 ALL", NULL},
	    {"THREAD", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check(cases[i][0], cases[i][1]);
}

/* RFC 6855 forbids the charset of SEARCH, which is optional. */
static void
the_charset_stays_when_utf8_is_accepted(void **state)
{
	struct buf b;
	bool limit;

	(void)state;
	buf_init(&b, 65536);
	assert_int_equal(parse("SORT (TO) UTF-8 ALL", &b, true, &limit), 0);
	assert_int_equal(parse("THREAD REFS UTF-8 ALL", &b, true, &limit), 0);
	buf_done(&b);
}

static void
criteria_are_limited(void **state)
{
	struct buf b;
	bool limit;
	char in[512];

	(void)state;
	buf_init(&b, 65536);
	for (int n = PARSE_SORT_MAX - 1; n <= PARSE_SORT_MAX + 1; n++) {
		(void)strcpy(in, "SORT (");
		for (int i = 0; i < n; i++)
			(void)strcat(in, i == 0 ? "TO" : " REVERSE CC");
		(void)strcat(in, ") UTF-8 ALL");
		assert_int_equal(
		    parse(in, &b, false, &limit), n <= PARSE_SORT_MAX ? 0 : -1);
		assert_int_equal(limit, n > PARSE_SORT_MAX);
	}
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sort_has_criteria_charset_and_keys),
	    cmocka_unit_test(thread_has_an_algorithm_charset_and_keys),
	    cmocka_unit_test(the_charset_stays_when_utf8_is_accepted),
	    cmocka_unit_test(criteria_are_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
