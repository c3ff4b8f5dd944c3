/* Sequence sets: grammar, the star, order and overlap, printing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "t/unit/imap_command.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
what_is_a_set(void **state)
{
	static const struct {
		const char *in;
		bool ok;
	} cases[] = {
	    {"1", true},
	    {"*", true},
	    {"1:*", true},
	    {"*:4", true},
	    {"*:*", true},
	    {"2:4,1,7:5", true},
	    {"4294967295", true},
	    {"4294967295:*", true},
	    {"*:4294967295", true},
	    {"", false},
	    {"0", false},
	    {"00", false},
	    {"01", false},
	    {"0:1", false},
	    {"1:0", false},
	    {"4294967296", false},
	    {"1:4294967296", false},
	    {"99999999999999999999", false},
	    {"1,", false},
	    {",1", false},
	    {"1,,2", false},
	    {",", false},
	    {"1:", false},
	    {":1", false},
	    {":", false},
	    {"1:2:3", false},
	    {"**", false},
	    {"1*", false},
	    {"*1", false},
	    {"-1", false},
	    {"1 2", false},
	    {"a", false},
	    {"$1", false},
	    {"$,1", false},
	    {"1,$", false},
	    {"$$", false},
	};
	struct arena *arena = arena_new(65536);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct seqset set;
		struct buf b;

		buf_init(&b, 1000);
		HOLDS((seqset_parse(arena, cases[i].in, strlen(cases[i].in),
			   &set) == 0) == cases[i].ok,
		    cases[i].in);
		if (cases[i].ok) { /* as written */
			print_set(&b, &set);
			buf_char(&b, '\0');
			HOLDS(strcmp(b.p, cases[i].in) == 0 ||
				  strcmp(cases[i].in, "*:*") == 0,
			    cases[i].in);
		}
		buf_done(&b);
	}
	arena_free(arena);
}

static void
a_dollar_is_the_saved_result(void **state)
{
	struct arena *arena = arena_new(1000);
	struct seqset set = {0};
	size_t n = 7;

	(void)state;
	assert_int_equal(seqset_parse(arena, "$", 1, &set), 0);
	assert_true(set.saved);
	assert_int_equal(set.n, 0);
	assert_null(seqset_resolve(arena, &set, 5, &n));
	assert_int_equal(n, 0);
	arena_free(arena);
}

static void
sets_resolve_to_rising_disjoint_ranges(void **state)
{
	static const struct {
		const char *in;
		uint32_t max;
		const char *want;
	} cases[] = {
	    {"1", 9, "1"},
	    {"*", 9, "9"},
	    {"1:*", 9, "1:9"},
	    {"*:3", 9, "3:9"},
	    {"12:*", 9, "9:12"},
	    {"*:*", 9, "9"},
	    {"4:2", 9, "2:4"},
	    {"5,1,3", 9, "1,3,5"},
	    {"1,2,3", 9, "1:3"},
	    {"3,2,2,1", 9, "1:3"},
	    {"1:5,3:4,2", 9, "1:5"},
	    {"1:5,3:8", 9, "1:8"},
	    {"1:3,5:7,4", 9, "1:7"},
	    {"1:2,4:5", 9, "1:2,4:5"},
	    {"4294967295:*", 3, "3:4294967295"},
	    {"*:4294967295,1", 3, "1,3:4294967295"},
	    {"1:4294967295,7,4294967295", 3, "1:4294967295"},
	    {"*", 0, ""},
	    {"1:5", 0, ""},
	};
	struct arena *arena = arena_new(65536);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct seqset set, got = {0};
		struct buf b;

		buf_init(&b, 1000);
		assert_int_equal(
		    seqset_parse(arena, cases[i].in, strlen(cases[i].in), &set),
		    0);
		got.r = seqset_resolve(arena, &set, cases[i].max, &got.n);
		HOLDS((got.r == NULL) == (cases[i].max == 0), cases[i].in);
		print_set(&b, &got);
		buf_char(&b, '\0');
		HOLDS(strcmp(b.p, cases[i].want) == 0, cases[i].in);
		buf_done(&b);
	}
	arena_free(arena);
}

static void
ranges_are_counted(void **state)
{
	struct arena *arena = arena_new(4u << 20);
	struct seqset set;
	struct buf b;
	size_t n;

	(void)state;
	buf_init(&b, 1u << 20);
	for (unsigned k = SEQSET_RANGES_MAX - 1; k <= SEQSET_RANGES_MAX + 1;
	     k++) {
		buf_clear(&b);
		for (unsigned i = k; i > 0; i--)
			buf_printf(&b, "%u%s", 2 * i, i > 1 ? "," : "");
		assert_int_equal(seqset_parse(arena, b.p, b.n, &set),
		    k <= SEQSET_RANGES_MAX ? 0 : -1);
	}
	assert_non_null(seqset_resolve(arena, &set, 1, &n));
	assert_int_equal(n, SEQSET_RANGES_MAX);
	buf_done(&b);
	arena_free(arena);
}

static void
no_memory_is_no_set(void **state)
{
	static const struct seqset_range r = {1, 2};
	struct seqset set = {.n = 1, .r = &r};
	struct arena *arena = arena_new(1);
	size_t n = 7;

	(void)state;
	assert_int_equal(seqset_parse(arena, "1:2", 3, &set), -1);
	assert_null(seqset_resolve(arena, &set, 5, &n));
	assert_int_equal(n, 0);
	arena_free(arena);
}

static void
numbers_print_as_ranges(void **state)
{
	static const struct {
		const char *want;
		size_t n;
		uint32_t numbers[8];
	} cases[] = {
	    {"1", 1, {1}},
	    {"1:2", 2, {1, 2}},
	    {"1:3,5", 4, {1, 2, 3, 5}},
	    {"1,3,5", 3, {1, 3, 5}},
	    {"1,3:4,4294967294:4294967295", 5,
		{1, 3, 4, 4294967294, 4294967295}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf b;

		buf_init(&b, 1000);
		seqset_print(&b, cases[i].numbers, cases[i].n);
		buf_char(&b, '\0');
		assert_string_equal(b.p, cases[i].want);
		buf_done(&b);
	}
}

/* Against a plain array of what is in the set. */
static void
random_sets_hold_what_they_say(void **state)
{
	struct arena *arena = arena_new(1u << 20);
	struct buf b;

	(void)state;
	buf_init(&b, 65536);
	srandom(1);
	for (int round = 0; round < 2000; round++) {
		bool want[64] = {false}, got[64] = {false};
		const uint32_t max = 1 + (uint32_t)random() % 60;
		const struct seqset_range *r;
		struct seqset set;
		size_t n;

		arena_reset(arena);
		buf_clear(&b);
		for (long k = random() % 8; k >= 0; k--) {
			uint32_t lo = (uint32_t)random() % 61;
			uint32_t hi = (uint32_t)random() % 61;
			uint32_t from = lo == 0 ? max : lo;
			uint32_t to = hi == 0 ? max : hi;

			buf_printf(&b, lo == 0 ? "*" : "%u", lo);
			buf_printf(&b, hi == 0 ? ":*" : ":%u", hi);
			buf_str(&b, k > 0 ? "," : "");
			for (uint32_t i = from < to ? from : to;
			     i <= (from < to ? to : from); i++)
				want[i] = true;
		}
		assert_int_equal(seqset_parse(arena, b.p, b.n, &set), 0);
		r = seqset_resolve(arena, &set, max, &n);
		for (size_t i = 0; i < n; i++) {
			assert_true(r[i].lo <= r[i].hi);
			assert_true(i == 0 || r[i].lo > r[i - 1].hi + 1);
			for (uint32_t k = r[i].lo; k <= r[i].hi; k++)
				got[k] = true;
		}
		assert_memory_equal(want, got, sizeof(want));
	}
	buf_done(&b);
	arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_a_set),
	    cmocka_unit_test(a_dollar_is_the_saved_result),
	    cmocka_unit_test(sets_resolve_to_rising_disjoint_ranges),
	    cmocka_unit_test(ranges_are_counted),
	    cmocka_unit_test(no_memory_is_no_set),
	    cmocka_unit_test(numbers_print_as_ranges),
	    cmocka_unit_test(random_sets_hold_what_they_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
