/* Link-cut trees give the roots that a plain walk gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/imap/forest.h"
#include "worker/imap/links.h"

#define NODES      60
#define STEPS      200000
#define DEEP       100000
#define REFERENCES 1000000 /* of all messages */
#define LOG2       20      /* of REFERENCES */

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

static void
answer(struct links *l, const char *self, const char *a, const char *b)
{
	const struct mime_text id = {self, strlen(self)};
	struct mime_text refs[2] = {{a, strlen(a)}, {b, strlen(b)}};

	assert_int_equal(links_add(l, &id, refs, *b == '\0' ? 1 : 2), 0);
}

/*
 * Steps are counted, not time. A quarter of the references make a chain; then
 * each message cuts itself off from where others had put it and joins the end
 * of the chain, with what is below it: a walk upwards for each never ends.
 */
static void
a_million_references_take_near_linear_many_steps(void **state)
{
	char self[32], a[32], b[32];
	struct links *l = links_new();
	uint32_t i, n = REFERENCES / 4, *parents;

	(void)state;
	assert_non_null(l);
	for (i = 1; i <= n; i++) {
		(void)sprintf(self, "m%u@x", i);
		(void)sprintf(a, "m%u@x", i - 1);
		answer(l, self, a, "");
	}
	for (i = 0; i < n; i++) {
		(void)sprintf(self, "k%u@x", i);
		(void)sprintf(a, "y%u@x", i);
		(void)sprintf(b, "t%u@x", i);
		answer(l, self, a, b);
		(void)sprintf(a, "m%u@x", n);
		answer(l, b, a, "");
	}
	assert_true(links_steps(l) > REFERENCES / 4);
	assert_true(links_steps(l) < (uint64_t)REFERENCES * LOG2);
	print_message("# %.1f steps for each reference\n",
	    (double)links_steps(l) / REFERENCES);
	assert_non_null(parents = calloc(8 * (size_t)n, sizeof(*parents)));
	(void)links_finish(l, parents);
	assert_int_equal(parents[n - 1], n - 2);
	free(parents);
	links_free(l);
}

/* All but the first of each ID get one that is made up. */
static void
messages_that_share_their_ids_take_no_more(void **state)
{
	char self[32], a[32];
	struct links *l = links_new();
	uint32_t i, n = REFERENCES / 4, *parents;

	(void)state;
	assert_non_null(l);
	for (i = 0; i < n; i++) {
		(void)sprintf(self, "m%u@x", i / 10);
		(void)sprintf(a, "m%u@x", i / 20);
		answer(l, self, a, "");
	}
	assert_true(links_steps(l) > n);
	assert_true(links_steps(l) < (uint64_t)n * LOG2);
	assert_non_null(parents = calloc(2 * (size_t)n, sizeof(*parents)));
	(void)links_finish(l, parents);
	assert_int_equal(parents[n - 1], n / 20 * 10 - 10);
	free(parents);
	links_free(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_links_and_cuts_agree_with_a_walk),
	    cmocka_unit_test(a_deep_chain_costs_little),
	    cmocka_unit_test(a_million_references_take_near_linear_many_steps),
	    cmocka_unit_test(messages_that_share_their_ids_take_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
