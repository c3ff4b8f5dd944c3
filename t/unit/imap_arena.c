/* The command's memory: zeroed, aligned, bounded, given back at once. */
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shm/limits.h"
#include "worker/imap/arena.h"

static void
all_zero(const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		assert_int_equal(p[i], 0);
}

static void
memory_is_zeroed_and_aligned_also_after_a_reset(void **state)
{
	struct arena *a;
	int round;
	size_t n;

	(void)state;
	a = arena_new(1 << 20);
	assert_non_null(a);
	for (round = 0; round < 3; round++) {
		arena_reset(a);
		for (n = 0; n < 300; n++) {
			char *p = arena_alloc(a, n);

			assert_non_null(p);
			assert_int_equal(
			    (uintptr_t)p % alignof(max_align_t), 0);
			all_zero(p, n);
			memset(p, 0xff, n);
		}
	}
	arena_free(a);
}

static void
the_ceiling_holds_to_the_byte_and_ends_at_a_reset(void **state)
{
	struct arena *a;
	char *p;

	(void)state;
	a = arena_new(SESSION_ARENA_MAX);
	assert_non_null(a);
	assert_null(arena_alloc(a, SESSION_ARENA_MAX + 1));
	assert_non_null(arena_alloc(a, SESSION_ARENA_MAX - 1));
	arena_reset(a);
	assert_non_null(arena_alloc(a, SESSION_ARENA_MAX));
	assert_null(arena_alloc(a, 1));
	arena_free(a);
	a = arena_new(65536);
	assert_non_null(a);
	assert_null(arena_alloc(a, 65537));
	assert_non_null(arena_alloc(a, 65536));
	assert_null(arena_alloc(a, 1));
	arena_reset(a);
	assert_non_null(arena_alloc(a, 65535));
	assert_null(arena_alloc(a, 1));
	arena_reset(a);
	p = arena_alloc(a, 65520);
	assert_non_null(p);
	all_zero(p, 65520);
	assert_non_null(arena_alloc(a, 16));
	assert_null(arena_alloc(a, 0));
	arena_free(a);
}

static void
sizes_that_overflow_are_refused(void **state)
{
	struct arena *a;

	(void)state;
	a = arena_new(SIZE_MAX);
	assert_non_null(a);
	assert_null(arena_alloc(a, SIZE_MAX));
	assert_null(arena_alloc(a, SIZE_MAX - 15));
	assert_null(arena_array(a, SIZE_MAX / 4, 8));
	assert_null(arena_text(a, "x", SIZE_MAX));
	assert_non_null(arena_array(a, 3, 8));
	assert_non_null(arena_array(a, 3, 0));
	assert_non_null(arena_array(a, 0, 8));
	arena_free(a);
}

static void
texts_are_terminated_copies(void **state)
{
	struct arena *a;
	char *p, *q;

	(void)state;
	a = arena_new(1000);
	assert_non_null(a);
	p = arena_text(a, "hello world", 5);
	q = arena_text(a, NULL, 0);
	assert_string_equal(p, "hello");
	assert_string_equal(q, "");
	arena_free(a);
	arena_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(memory_is_zeroed_and_aligned_also_after_a_reset),
	    cmocka_unit_test(the_ceiling_holds_to_the_byte_and_ends_at_a_reset),
	    cmocka_unit_test(sizes_that_overflow_are_refused),
	    cmocka_unit_test(texts_are_terminated_copies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
