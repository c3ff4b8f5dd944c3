/* Pacing: levels rise, fade and are bounded, at each edge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "auth/pace.h"

#define T0 1000000u

static const uint64_t key[2] = {0x0706050403020100u, 0x0f0e0d0c0b0a0908u};

static void
a_stranger_has_no_level(void **state)
{
	struct pace *p = pace_new(64, key);

	(void)state;
	assert_int_equal(pace_level(p, pace_id_name(p, "anna"), T0), 0);
	assert_int_equal(pace_level(p, 0, T0), 0);
	pace_fail(p, 0, T0);
	assert_int_equal(pace_level(p, 0, T0), 1);
	pace_free(p);
}

static void
each_failure_counts_up_to_the_most(void **state)
{
	struct pace *p = pace_new(64, key);
	uint64_t id = pace_id_name(p, "anna");

	(void)state;
	for (unsigned i = 1; i <= PACE_LEVEL_MAX + 1; i++) {
		pace_fail(p, id, T0);
		assert_int_equal(pace_level(p, id, T0),
		    i <= PACE_LEVEL_MAX ? i : PACE_LEVEL_MAX);
	}
	assert_int_equal(pace_level(p, pace_id_name(p, "bob"), T0), 0);
	pace_free(p);
}

static void
a_failure_fades_at_its_time_and_not_before(void **state)
{
	struct pace *p = pace_new(64, key);
	uint64_t id = pace_id_name(p, "anna");

	(void)state;
	pace_fail(p, id, T0);
	pace_fail(p, id, T0);
	assert_int_equal(pace_level(p, id, T0 + PACE_DECAY_MS - 1), 2);
	assert_int_equal(pace_level(p, id, T0 + PACE_DECAY_MS), 1);
	assert_int_equal(pace_level(p, id, T0 + 2 * PACE_DECAY_MS - 1), 1);
	assert_int_equal(pace_level(p, id, T0 + 2 * PACE_DECAY_MS), 0);
	/* A clock that goes back forgives nothing and breaks nothing. */
	assert_int_equal(pace_level(p, id, 0), 2);
	/* A failure in the middle of an interval does not begin it anew. */
	pace_fail(p, id, T0 + PACE_DECAY_MS - 1);
	assert_int_equal(pace_level(p, id, T0 + PACE_DECAY_MS - 1), 3);
	assert_int_equal(pace_level(p, id, T0 + PACE_DECAY_MS), 2);
	/* After all has faded it begins with one. */
	pace_fail(p, id, T0 + 100 * PACE_DECAY_MS);
	assert_int_equal(pace_level(p, id, T0 + 100 * PACE_DECAY_MS), 1);
	pace_free(p);
}

static void
a_full_table_forgets_who_failed_least(void **state)
{
	struct pace *p = pace_new(PACE_WAYS, key);

	(void)state;
	for (uint64_t id = 1; id <= PACE_WAYS; id++) {
		pace_fail(p, id, T0);
		if (id != 3)
			pace_fail(p, id, T0);
	}
	for (uint64_t id = 1; id <= PACE_WAYS; id++)
		assert_int_equal(pace_level(p, id, T0), id == 3 ? 1 : 2);
	pace_fail(p, 99, T0);
	assert_int_equal(pace_level(p, 99, T0), 1);
	assert_int_equal(pace_level(p, 3, T0), 0);
	assert_int_equal(pace_level(p, 1, T0), 2);
	/* Whoever comes now takes the place of 99: the table never grows. */
	for (uint64_t id = 1000; id < 200000; id++)
		pace_fail(p, id, T0);
	assert_int_equal(pace_level(p, 1, T0), 2);
	assert_int_equal(pace_level(p, 199999, T0), 1);
	pace_free(p);
}

/* As large as auth has it: so many are remembered, and never more. */
static void
a_table_remembers_so_many(void **state)
{
	struct pace *p = pace_new(PACE_ENTRIES, key);
	uint32_t known = 0;

	(void)state;
	for (uint64_t id = 0; id < PACE_ENTRIES - 1; id++)
		pace_fail(p, id, T0);
	for (uint64_t id = 0; id < PACE_ENTRIES; id++)
		known += pace_level(p, id, T0) > 0;
	assert_in_range(known, 1, PACE_ENTRIES - 1);
	for (uint64_t id = 0; id < 40u * PACE_ENTRIES; id++)
		pace_fail(p, id, T0 + 1);
	known = 0;
	for (uint64_t id = 0; id < 40u * PACE_ENTRIES; id++)
		known += pace_level(p, id, T0 + 1) > 0;
	assert_int_equal(known, PACE_ENTRIES);
	pace_free(p);
}

static void
addresses_are_one_up_to_their_prefix(void **state)
{
	struct pace *p = pace_new(64, key);
	uint8_t a[16] = {0x20, 0x01, 0x0d, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8}, b[16];

	(void)state;
	for (unsigned bit = 0; bit < 128; bit++) {
		memcpy(b, a, sizeof(b));
		b[bit / 8] ^= (uint8_t)(0x80u >> (bit % 8));
		for (unsigned bits = 0; bits <= 128; bits++)
			assert_int_equal(pace_id_address(p, a, bits) ==
					     pace_id_address(p, b, bits),
			    bit >= bits);
	}
	assert_true(pace_id_address(p, a, 64) != pace_id_address(p, a, 128));
	pace_free(p);
}

/* The vector for no bytes of the reference implementation. */
static void
the_hash_is_siphash_2_4(void **state)
{
	struct pace *p = pace_new(64, key);

	(void)state;
	assert_true(pace_id_name(p, "") == 0x726fdb47dd0e0e31u);
	assert_true(pace_id_name(p, "abcdefgh") != pace_id_name(p, "abcdefg"));
	pace_free(p);
}

static void
the_delay_grows_from_floor_to_its_cap(void **state)
{
	static const struct {
		unsigned level;
		uint32_t floor, want;
	} cases[] = {
	    {0, 2000, 2000},
	    {1, 2000, 3000},
	    {12, 2000, 14000},
	    {13, 2000, 15000},
	    {14, 2000, 15000},
	    {UINT32_MAX, 2000, 15000},
	    {0, 0, 0},
	    {14, 0, 0},
	    {1, 1, 1},
	    {2, 1, 2},
	    {14, UINT32_MAX, UINT32_MAX},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
		    pace_delay(cases[i].level, cases[i].floor), cases[i].want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_stranger_has_no_level),
	    cmocka_unit_test(each_failure_counts_up_to_the_most),
	    cmocka_unit_test(a_failure_fades_at_its_time_and_not_before),
	    cmocka_unit_test(a_full_table_forgets_who_failed_least),
	    cmocka_unit_test(a_table_remembers_so_many),
	    cmocka_unit_test(addresses_are_one_up_to_their_prefix),
	    cmocka_unit_test(the_hash_is_siphash_2_4),
	    cmocka_unit_test(the_delay_grows_from_floor_to_its_cap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
