/* Digests are numbered in the order in which they come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "worker/imap/digest.h"

#define MANY 100000

static void
texts_have_digests_of_their_own(void **state)
{
	char text[64];
	struct digest a, b;
	size_t n;

	(void)state;
	memset(text, 'x', sizeof(text));
	for (n = 0; n + 1 < sizeof(text); n++) {
		a = digest_of(text, n);
		b = digest_of(text, n);
		assert_memory_equal(&a, &b, sizeof(a));
		b = digest_of(text, n + 1);
		assert_true(a.a != b.a && a.b != b.b && a.a != a.b);
		text[n] = 'y';
		b = digest_of(text, n + 1);
		text[n] = 'x';
		a = digest_of(text, n + 1);
		assert_true(a.a != b.a && a.b != b.b);
	}
	a = digest_of(NULL, 0);
	b = digest_of("", 0);
	assert_memory_equal(&a, &b, sizeof(a));
}

static void
numbers_rise_and_stay(void **state)
{
	struct digest_table t = {0};
	struct digest d;
	uint32_t i;

	(void)state;
	for (i = 0; i < MANY; i++) {
		d = digest_of(&i, sizeof(i));
		assert_int_equal(t.n, i);
		assert_int_equal(digest_number(&t, &d), i);
	}
	for (i = 0; i < MANY; i++) {
		d = digest_of(&i, sizeof(i));
		assert_int_equal(digest_number(&t, &d), i);
	}
	assert_int_equal(t.n, MANY);
	digest_done(&t);
	digest_done(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(texts_have_digests_of_their_own),
	    cmocka_unit_test(numbers_rise_and_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
