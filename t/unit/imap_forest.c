/* Link-cut trees give the roots that a plain walk gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "worker/imap/forest.h"

#define NODES 60
#define STEPS 200000
#define DEEP  100000

static uint32_t
walk(const uint32_t *parent, uint32_t x)
{
	while (parent[x] != FOREST_NONE)
		x = parent[x];
	return x;
}

static void
random_links_and_cuts_agree_with_a_walk(void **state)
{
	uint32_t parent[NODES], x, y;
	struct forest f = {0};
	unsigned seed = 1;
	int i;

	(void)state;
	for (x = 0; x < NODES; x++) {
		parent[x] = FOREST_NONE;
		assert_int_equal(forest_add(&f), x);
	}
	for (i = 0; i < STEPS; i++) {
		x = (uint32_t)rand_r(&seed) % NODES;
		y = (uint32_t)rand_r(&seed) % NODES;
		assert_int_equal(forest_root(&f, y), walk(parent, y));
		if (parent[x] != FOREST_NONE) {
			if (rand_r(&seed) % 4 == 0) {
				forest_cut(&f, x);
				parent[x] = FOREST_NONE;
			}
		} else if (walk(parent, y) != x) {
			forest_link(&f, x, y);
			parent[x] = y;
		}
	}
	forest_done(&f);
}

/* Asked for at the bottom after each link at the top: 5e9 steps by walking. */
static void
a_deep_chain_costs_little(void **state)
{
	struct forest f = {0};
	uint32_t i;

	(void)state;
	for (i = 0; i < DEEP; i++)
		assert_int_equal(forest_add(&f), i);
	for (i = 0; i + 1 < DEEP; i++) {
		forest_link(&f, i, i + 1);
		assert_int_equal(forest_root(&f, 0), i + 1);
	}
	forest_done(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_links_and_cuts_agree_with_a_walk),
	    cmocka_unit_test(a_deep_chain_costs_little),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
