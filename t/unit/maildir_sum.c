/* A sum tells any bit that has turned, and where its bytes end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "maildir/sum.h"

#define MOST 150 /* bytes: several times all lanes, and each rest */

static void
each_bit_counts(void **state)
{
	unsigned char p[MOST];
	uint64_t was;
	size_t n, bit;

	(void)state;
	for (n = 0; n < sizeof(p); n++) {
		memset(p, (int)n, sizeof(p));
		was = sum_add(n, p, n);
		for (bit = 0; bit < 8 * n; bit++) {
			p[bit / 8] ^= (unsigned char)(1 << bit % 8);
			assert_true(sum_add(n, p, n) != was);
			p[bit / 8] ^= (unsigned char)(1 << bit % 8);
		}
		assert_true(sum_add(n, p, n) == was);
		assert_true(sum_add(n + 1, p, n) != was);
	}
}

/* Lanes that were only added up would not see in which of them it is. */
static void
each_place_counts(void **state)
{
	unsigned char p[MOST] = {0};
	uint64_t sums[MOST];
	size_t i, k;

	(void)state;
	for (i = 0; i < MOST; i++) {
		p[i] = 1;
		sums[i] = sum_add(0, p, sizeof(p));
		p[i] = 0;
		for (k = 0; k < i; k++)
			assert_true(sums[i] != sums[k]);
	}
}

static void
the_length_counts(void **state)
{
	const unsigned char p[MOST] = {0};
	uint64_t sums[MOST];
	size_t n, k;

	(void)state;
	for (n = 0; n < MOST; n++) {
		sums[n] = sum_add(0, p, n);
		for (k = 0; k < n; k++)
			assert_true(sums[n] != sums[k]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_bit_counts),
	    cmocka_unit_test(each_place_counts),
	    cmocka_unit_test(the_length_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
