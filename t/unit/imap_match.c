/* LIST patterns: RFC 3501 6.3.8, and that no pattern is slow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "worker/imap/match.h"

static struct arena *arena;

static int
set_up(void **state)
{
	(void)state;
	arena = arena_new(64u << 20);
	return arena == NULL;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static bool
matches(const char *reference, const char *pattern, const char *name)
{
	struct match *m = match_new(arena, reference, pattern);

	assert_non_null(m);
	return match_name(m, name, strlen(name));
}

static void
patterns_match_as_the_rfc_says(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool result;
	} cases[] = {
	    {"", "", true},
	    {"", "a", false},
	    {"a", "", false},
	    {"a", "a", true},
	    {"a", "b", false},
	    {"a", "ab", false},
	    {"ab", "a", false},
	    {"*", "", true},
	    {"*", "a", true},
	    {"*", "a.b.c", true},
	    {"%", "", true},
	    {"%", "a", true},
	    {"%", "a.b", false},
	    {"%.%", "a.b", true},
	    {"%.%", "a.b.c", false},
	    {"%.%", "a", false},
	    {"a.*", "a.b.c", true},
	    {"a.*", "a", false},
	    {"a*", "a", true},
	    {"a.%", "a.b", true},
	    {"a.%", "a.b.c", false},
	    {"*.c", "a.b.c", true},
	    {"%.c", "a.b.c", false},
	    {"*c", "a.b.c", true},
	    {"*%", "a.b", true},
	    {"%*", "a.b", true},
	    {"%%", "a", true},
	    {"%%", "a.b", false},
	    {"**", "a.b", true},
	    {"*a*b*", "xxaxxbxx", true},
	    {"*a*b*", "xxbxxaxx", false},
	    {"%a%.%b%", "xax.xbx", true},
	    {"%a%.%b%", "xax.x.bx", false},
	    {"a%c*e", "abc.d.e", true},
	    {"?", "a", false},
	    {"[a]", "a", false},
	    {"\\*", "*", false},
	    {"Abc", "abc", false},
	    {"Entw\xc3\xbcrfe", "Entw\xc3\xbcrfe", true},
	    {"%rfe", "Entw\xc3\xbcrfe", true},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (matches("", cases[i].pattern, cases[i].name) !=
		    cases[i].result)
			fail_msg("pattern '%s' name '%s'", cases[i].pattern,
			    cases[i].name);
}

static void
inbox_as_first_level_matches_in_any_case(void **state)
{
	(void)state;
	assert_true(matches("", "inbox", "INBOX"));
	assert_true(matches("", "INBOX", "INBOX"));
	assert_true(matches("", "iNb%", "INBOX"));
	assert_true(matches("", "inbox.Sent", "INBOX.Sent"));
	assert_false(matches("", "inbox.sent", "INBOX.Sent"));
	assert_false(matches("", "inboxes", "INBOXes"));
	assert_false(matches("", "a.inbox", "a.INBOX"));
	assert_false(matches("", "@NBOX", "INBOX"));
}

static void
reference_stands_before_the_pattern(void **state)
{
	(void)state;
	assert_true(matches("INBOX.", "Sent", "INBOX.Sent"));
	assert_true(matches("INB", "OX", "INBOX"));
	assert_true(matches("*", "*", "a.b"));
	assert_true(matches("a%", "*", "a.b"));
	assert_false(matches("x", "Sent", "INBOX.Sent"));
}

static void
literals_are_limited_by_what_a_name_can_hold(void **state)
{
	char name[2 * MATCH_LITERAL_MAX + 8], pattern[2 * sizeof(name)];
	size_t i, n;

	(void)state;
	for (n = MATCH_LITERAL_MAX - 1; n <= MATCH_LITERAL_MAX + 1; n++) {
		memset(name, 'a', n);
		name[n] = '\0';
		assert_int_equal(
		    matches("", name, name), n <= MATCH_LITERAL_MAX);
	}
	/* A wildcard between any two: as many states as there can be. */
	for (i = 0; i < MATCH_LITERAL_MAX; i++) {
		pattern[2 * i] = '*';
		pattern[2 * i + 1] = 'a';
	}
	pattern[2 * i] = '*';
	pattern[2 * i + 1] = '\0';
	memset(name, 'a', MATCH_LITERAL_MAX);
	name[MATCH_LITERAL_MAX] = '\0';
	assert_true(matches("", pattern, name));
	assert_false(matches("", pattern, name + 1));
	memset(name, 'b', 10);
	assert_false(matches("", pattern, name));
}

/* The plain recursive definition, to compare with. */
static bool
slow(const char *p, const char *s)
{
	if (*p == '\0')
		return *s == '\0';
	if (*p == '*' || *p == '%')
		return slow(p + 1, s) ||
		       (*s != '\0' && (*p == '*' || *s != '.') &&
			   slow(p, s + 1));
	return *p == *s && slow(p + 1, s + 1);
}

static void
agrees_with_the_definition_on_small_texts(void **state)
{
	static const char pletters[] = "ab.*%", nletters[] = "ab.";
	char p[8], n[8];
	unsigned pi, ni, k, len, x;

	(void)state;
	for (len = 0; len <= 4; len++)
		for (pi = 0; pi < 625; pi++) {
			for (k = 0, x = pi; k < len; k++, x /= 5)
				p[k] = pletters[x % 5];
			p[len] = '\0';
			for (ni = 0; ni < 81; ni++) {
				arena_reset(arena);
				for (k = 0, x = ni; k < 4; k++, x /= 3)
					n[k] = nletters[x % 3];
				n[4] = '\0';
				n[ni % 5] = '\0';
				if (matches("", p, n) != slow(p, n))
					fail_msg("'%s' '%s'", p, n);
			}
		}
}

static void
no_pattern_is_slow(void **state)
{
	const char *pattern = "*a*a*a*a*a*a*a*a*a*a*a*a";
	struct match *m = match_new(arena, "", pattern);
	struct timespec from, to;
	char name[241];
	unsigned i;

	(void)state;
	assert_non_null(m);
	memset(name, 'a', 239);
	name[239] = 'b';
	name[240] = '\0';
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	for (i = 0; i < 10000; i++)
		assert_false(match_name(m, name, 240));
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	/* Takes some 20 ms; with sanitizers a few times that. */
	assert_true(to.tv_sec - from.tv_sec < 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(patterns_match_as_the_rfc_says),
	    cmocka_unit_test(inbox_as_first_level_matches_in_any_case),
	    cmocka_unit_test(reference_stands_before_the_pattern),
	    cmocka_unit_test(literals_are_limited_by_what_a_name_can_hold),
	    cmocka_unit_test(agrees_with_the_definition_on_small_texts),
	    cmocka_unit_test(no_pattern_is_slow),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
