/* Good logins by account and address: their time, and the table's bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth/known.h"

#define T0 1000u

static void
a_pair_is_known_for_its_time_and_no_longer(void **state)
{
	struct known *k = known_new(64);

	(void)state;
	assert_false(known_is(k, 1, 2, T0));
	assert_false(known_is(k, 0, 0, 0));
	known_good(k, 1, 2, T0);
	assert_true(known_is(k, 1, 2, T0));
	assert_true(known_is(k, 1, 2, T0 + KNOWN_S - 1));
	assert_true(known_is(k, 1, 2, T0 + KNOWN_S));
	assert_false(known_is(k, 1, 2, T0 + KNOWN_S + 1));
	/* Another good login begins the time anew. */
	known_good(k, 1, 2, T0 + KNOWN_S);
	assert_true(known_is(k, 1, 2, T0 + 2 * KNOWN_S));
	assert_false(known_is(k, 1, 2, T0 + 2 * KNOWN_S + 1));
	known_free(k);
	known_free(NULL);
}

static void
both_count_and_their_order(void **state)
{
	struct known *k = known_new(64);

	(void)state;
	known_good(k, 1, 2, T0);
	assert_false(known_is(k, 2, 1, T0));
	assert_false(known_is(k, 1, 3, T0));
	assert_false(known_is(k, 3, 2, T0));
	assert_false(known_is(k, 0, 2, T0));
	known_free(k);
}

static void
when_full_the_oldest_is_forgotten(void **state)
{
	struct known *k = known_new(KNOWN_WAYS);

	(void)state;
	for (uint64_t i = 0; i < KNOWN_WAYS; i++)
		known_good(k, 7, i, T0 + i);
	for (uint64_t i = 0; i < KNOWN_WAYS; i++)
		assert_true(known_is(k, 7, i, T0));
	/* The first comes again, so the second is the oldest now. */
	known_good(k, 7, 0, T0 + 100);
	known_good(k, 7, KNOWN_WAYS, T0 + 101);
	assert_true(known_is(k, 7, 0, T0));
	assert_false(known_is(k, 7, 1, T0));
	for (uint64_t i = 2; i <= KNOWN_WAYS; i++)
		assert_true(known_is(k, 7, i, T0));
	known_free(k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_pair_is_known_for_its_time_and_no_longer),
	    cmocka_unit_test(both_count_and_their_order),
	    cmocka_unit_test(when_full_the_oldest_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
