/* i;unicode-casemap: what is equal, and what comes before what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "worker/imap/collate.h"

static int
compare(const char *x, const char *y)
{
	struct buf a, b;
	size_t n;
	int c;

	buf_init(&a, 1000);
	buf_init(&b, 1000);
	collate_put(&a, x, strlen(x));
	collate_put(&b, y, strlen(y));
	n = a.n < b.n ? a.n : b.n;
	c = n == 0 ? 0 : memcmp(a.p, b.p, n);
	if (c == 0)
		c = a.n < b.n ? -1 : a.n > b.n;
	buf_done(&a);
	buf_done(&b);
	return c;
}

static void
equal_are_titlecase_and_decomposition(void **state)
{
	static const char *const pairs[][2] = {
	    {"", ""}, {"abcxyz", "ABCXYZ"}, {"\xc3\xa9", "E\xcc\x81"}, /* é */
	    {"\xc3\xa9", "\xc3\x89"}, /* é É */
	    {"\xef\xbd\x81", "A"},    /* fullwidth a */
	    {"\xc7\x86", "\xc7\x84"}, /* dž DŽ: one titlecase */
	    {"\xce\xb1\xcf\x89", "\xce\x91\xce\xa9"},     /* Greek */
	    {"\xea\xb0\x80", "\xe1\x84\x80\xe1\x85\xa1"}, /* Hangul */
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		assert_int_equal(compare(pairs[i][0], pairs[i][1]), 0);
	assert_int_not_equal(compare("\xc3\x9f", "ss"), 0);
}

static void
letters_sort_as_capitals(void **state)
{
	static const char *const rising[] = {"", "1", "a", "B", "b1", "e",
	    "\xc3\xa9", "F", "z", "[", "_", "\xc3\x9f", "\xe6\x97\xa5",
	    "\xf0\x9f\x98\x80"};
	size_t i;

	(void)state;
	for (i = 1; i < sizeof(rising) / sizeof(rising[0]); i++)
		assert_true(compare(rising[i - 1], rising[i]) < 0);
}

static void
bytes_that_are_no_text_stay(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	collate_put(&b, "a\xff\xc3", 3);
	assert_int_equal(b.n, 3);
	assert_memory_equal(b.p, "A\xff\xc3", 3);
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(equal_are_titlecase_and_decomposition),
	    cmocka_unit_test(letters_sort_as_capitals),
	    cmocka_unit_test(bytes_that_are_no_text_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
