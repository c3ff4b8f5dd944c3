/* What a mail system puts before a message, and what of it is delivered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "master/envelope.h"

static char text[4096];
static size_t len;

static int
put(void *arg, const char *p, size_t n)
{
	if (arg != NULL && len + n > *(size_t *)arg)
		return -1;
	memcpy(text + len, p, n);
	len += n;
	text[len] = '\0';
	return 0;
}

static const char *
filter(const char *in, bool drop, size_t step)
{
	const struct envelope_sink sink = {put, NULL};
	struct envelope e;
	size_t n = strlen(in), k;

	len = 0;
	text[0] = '\0';
	envelope_begin(&e, drop);
	for (size_t at = 0; at < n; at += k) {
		k = n - at < step ? n - at : step;
		assert_int_equal(envelope_feed(&e, in + at, k, &sink), 0);
	}
	assert_int_equal(envelope_end(&e, &sink), 0);
	return text;
}

static void
lines_that_go_and_lines_that_stay(void **state)
{
	static const struct {
		bool drop;
		const char *in, *out;
	} cases[] = {
	    {false, "From a b\nS: x\n\nFrom y\n", "S: x\n\nFrom y\n"},
	    {false, "From: a\n\nb\n", "From: a\n\nb\n"},
	    {false, "From a b\nFrom c d\n\n", "From c d\n\n"},
	    {false, ">From a b\n\n", ">From a b\n\n"},
	    {false, "from a b\n\n", "from a b\n\n"},
	    {false, "Return-Path: <a>\nS: x\n\n", "Return-Path: <a>\nS: x\n\n"},
	    {true, "Return-Path: <a>\nS: x\n\n", "S: x\n\n"},
	    {true, "S: x\nreturn-path: <a>\n\t<b>\n <c>\nT: y\n\nz",
		"S: x\nT: y\n\nz"},
	    {true, "From a b\nReturn-Path: <a>\r\nS: x\r\n\r\n",
		"S: x\r\n\r\n"},
	    {true, "S: x\r\n\r\nReturn-Path: <a>\r\n",
		"S: x\r\n\r\nReturn-Path: <a>\r\n"},
	    {true, "S: x\n\nReturn-Path: <a>\n", "S: x\n\nReturn-Path: <a>\n"},
	    {true, "Return-Pathos: x\n\n", "Return-Pathos: x\n\n"},
	    {true, "Return-Path : x\n\n", "Return-Path : x\n\n"},
	    {true, "\r\rReturn-Path: x\n\n", "\r\rReturn-Path: x\n\n"},
	    {true, "Return-P", "Return-P"},
	    {true, "From", "From"},
	    {true, "", ""},
	    {true, "\r", "\r"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t step = 1; step < 40; step++)
			assert_string_equal(
			    filter(cases[i].in, cases[i].drop, step),
			    cases[i].out);
}

static void
a_sink_that_fails_ends_it(void **state)
{
	size_t most = 4;
	const struct envelope_sink sink = {put, &most};
	struct envelope e;

	(void)state;
	len = 0;
	envelope_begin(&e, true);
	assert_int_equal(envelope_feed(&e, "abcde", 5, &sink), -1);
	len = 0;
	envelope_begin(&e, true);
	assert_int_equal(envelope_feed(&e, "Return", 6, &sink), 0);
	assert_int_equal(envelope_end(&e, &sink), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_that_go_and_lines_that_stay),
	    cmocka_unit_test(a_sink_that_fails_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
