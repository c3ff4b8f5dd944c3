/* The wire buffer: growth, ceiling, and the forms of strings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/imap/buf.h"

static void
holds(const struct buf *b, const char *want, size_t n)
{
	assert_false(b->failed);
	assert_int_equal(b->n, n);
	assert_memory_equal(b->p, want, n);
}

static void
appends_follow_each_other(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	buf_str(&b, "* ");
	buf_num(&b, 0);
	buf_char(&b, ' ');
	buf_num(&b, UINT64_MAX);
	buf_bytes(&b, "\0x", 2);
	buf_printf(&b, "%s-%d", "a", -5);
	holds(&b, "* 0 18446744073709551615\0xa--5", 30);
	buf_clear(&b);
	assert_int_equal(b.n, 0);
	buf_done(&b);
}

static void
a_buffer_fails_one_byte_past_its_ceiling_and_stays_failed(void **state)
{
	struct buf b;
	size_t max;

	(void)state;
	for (max = 1; max < 600; max += 7) {
		size_t i;

		buf_init(&b, max);
		for (i = 0; i < max; i++)
			buf_char(&b, 'x');
		assert_false(b.failed);
		assert_int_equal(b.n, max);
		buf_bytes(&b, "", 0);
		assert_false(b.failed);
		buf_char(&b, 'y');
		assert_true(b.failed);
		buf_clear(&b);
		assert_false(b.failed);
		buf_printf(&b, "%*s", (int)max, "");
		assert_false(b.failed);
		assert_int_equal(b.n, max);
		buf_clear(&b);
		buf_printf(&b, "%*s", (int)max + 1, "");
		assert_true(b.failed);
		assert_int_equal(b.n, 0);
		buf_char(&b, 'x');
		assert_int_equal(b.n, 0);
		buf_done(&b);
	}
}

static void
a_big_append_arrives_whole(void **state)
{
	struct buf b;
	char *big;

	(void)state;
	big = malloc(1 << 20);
	assert_non_null(big);
	memset(big, 'q', 1 << 20);
	buf_init(&b, SIZE_MAX / 2);
	buf_char(&b, 'a');
	buf_bytes(&b, big, 1 << 20);
	assert_int_equal(b.n, (1 << 20) + 1);
	assert_memory_equal(b.p + 1, big, 1 << 20);
	buf_done(&b);
	free(big);
}

/* What was reserved is not taken again: the memory stays where it is. */
static void
what_is_reserved_cannot_fail(void **state)
{
	struct buf b;
	char *p;

	(void)state;
	for (size_t n = 0; n < 5000; n += 77) {
		buf_init(&b, 4000);
		assert_true(buf_reserve(&b, n));
		p = b.p;
		for (size_t i = 0; i < n && i < 4000; i++)
			buf_char(&b, 'x');
		assert_false(b.failed);
		assert_ptr_equal(b.p, p);
		buf_done(&b);
	}
}

#define ROW(s, utf8, string, astring)                                          \
	{                                                                      \
		s, sizeof(s) - 1, utf8, string, astring                        \
	}
static const struct {
	const char *in;
	size_t n;
	bool utf8;
	const char *string, *astring;
} forms[] = {
    ROW("", false, "\"\"", "\"\""),
    ROW("abc", false, "\"abc\"", "abc"),
    ROW("a]b", false, "\"a]b\"", "a]b"),
    ROW("nil", false, "\"nil\"", "\"nil\""),
    ROW("nile", false, "\"nile\"", "nile"),
    ROW("a b", false, "\"a b\"", "\"a b\""),
    ROW("a*", false, "\"a*\"", "\"a*\""),
    ROW("a%", false, "\"a%\"", "\"a%\""),
    ROW("(a", false, "\"(a\"", "\"(a\""),
    ROW("a)", false, "\"a)\"", "\"a)\""),
    ROW("{a", false, "\"{a\"", "\"{a\""),
    ROW("a\x7f", false, "\"a\x7f\"", "\"a\x7f\""),
    ROW("\ta", false, "\"\ta\"", "\"\ta\""),
    ROW("\"", false, "\"\\\"\"", "\"\\\"\""),
    ROW("a\\b\"c", false, "\"a\\\\b\\\"c\"", "\"a\\\\b\\\"c\""),
    ROW("a\rb", false, "{3}\r\na\rb", "{3}\r\na\rb"),
    ROW("a\nb", true, "{3}\r\na\nb", "{3}\r\na\nb"),
    ROW("a\0b", true,
	"{3}\r\na\x80"
	"b",
	"{3}\r\na\x80"
	"b"),
    ROW("\xc3\xa9", false, "{2}\r\n\xc3\xa9", "{2}\r\n\xc3\xa9"),
    ROW("\xc3\xa9", true, "\"\xc3\xa9\"", "\"\xc3\xa9\""),
    ROW("\xe9", true, "{1}\r\n\xe9", "{1}\r\n\xe9"),
};

static void
strings_take_the_plainest_form_that_is_allowed(void **state)
{
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 1000);
	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		buf_clear(&b);
		buf_string(&b, forms[i].in, forms[i].n, forms[i].utf8);
		holds(&b, forms[i].string, strlen(forms[i].string));
		buf_clear(&b);
		buf_nstring(&b, forms[i].in, forms[i].n, forms[i].utf8);
		holds(&b, forms[i].string, strlen(forms[i].string));
		buf_clear(&b);
		buf_astring(&b, forms[i].in, forms[i].n, forms[i].utf8);
		if (forms[i].utf8 && forms[i].in[0] == '\xc3')
			continue; /* an atom never has 8-bit bytes: below */
		holds(&b, forms[i].astring, strlen(forms[i].astring));
	}
	buf_clear(&b);
	buf_nstring(&b, NULL, 0, false);
	holds(&b, "NIL", 3);
	buf_clear(&b);
	buf_astring(&b, "\xc3\xa9", 2, true);
	holds(&b, "\"\xc3\xa9\"", 4);
	buf_done(&b);
}

static void
long_strings_are_literals(void **state)
{
	struct buf b;
	char s[1025];

	(void)state;
	memset(s, 'a', sizeof(s));
	buf_init(&b, 4000);
	buf_string(&b, s, 1024, false);
	assert_int_equal(b.n, 1026);
	buf_clear(&b);
	buf_string(&b, s, 1025, false);
	assert_int_equal(b.n, 1025 + 8);
	assert_memory_equal(b.p, "{1025}\r\na", 9);
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(appends_follow_each_other),
	    cmocka_unit_test(
		a_buffer_fails_one_byte_past_its_ceiling_and_stays_failed),
	    cmocka_unit_test(a_big_append_arrives_whole),
	    cmocka_unit_test(what_is_reserved_cannot_fail),
	    cmocka_unit_test(strings_take_the_plainest_form_that_is_allowed),
	    cmocka_unit_test(long_strings_are_literals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
