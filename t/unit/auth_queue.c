/* Places for slow questions: who has one, who is next, who gives way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "auth/queue.h"

#define MOST 1000

static struct desk_requests list;
static struct request all[MOST];
static unsigned used;

static int
clear(void **state)
{
	(void)state;
	TAILQ_INIT(&list);
	used = 0;
	return 0;
}

static struct request *
add(enum request_rank rank, uint64_t name, uint64_t source)
{
	struct request *r = &all[used++];

	assert_true(used <= MOST);
	memset(r, 0, sizeof(*r));
	r->state = REQUEST_WAITING;
	r->work = REQUEST_WORK_HASH;
	r->rank = rank;
	r->name = name;
	r->source = source;
	r->paced = source != 0;
	TAILQ_INSERT_TAIL(&list, r, entry);
	return r;
}

static struct request *
run(enum request_rank rank, uint64_t name, uint64_t source)
{
	struct request *r = add(rank, name, source);

	r->state = REQUEST_ASKED;
	return r;
}

static bool
may(enum request_rank rank, uint64_t name, uint64_t source)
{
	struct request *r = add(rank, name, source);
	bool may = queue_may_start(&list, r);

	TAILQ_REMOVE(&list, r, entry);
	return may;
}

static void
places_are_bounded_and_some_are_kept(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < QUEUE_PLACES - QUEUE_KEPT; i++) {
		assert_true(may(REQUEST_SUSPECT, 999, 999));
		run(REQUEST_NEW, i, 100 + i);
	}
	assert_false(may(REQUEST_SUSPECT, 999, 999));
	assert_false(may(REQUEST_NEW, 999, 999));
	for (uint64_t i = 0; i < QUEUE_KEPT; i++) {
		assert_true(may(REQUEST_KNOWN, 999, 999));
		run(REQUEST_KNOWN, 500 + i, 500 + i);
	}
	assert_false(may(REQUEST_KNOWN, 999, 999));
	/* Other work has places of its own. */
	TAILQ_FIRST(&list)->work = REQUEST_WORK_PAM;
	assert_true(may(REQUEST_KNOWN, 999, 999));
}

static void
strangers_do_not_take_the_owners_places(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < QUEUE_USER; i++) {
		assert_true(may(REQUEST_NEW, 1, 999));
		run(REQUEST_SUSPECT, 1, 100 + i);
	}
	assert_false(may(REQUEST_NEW, 1, 999));
	assert_false(may(REQUEST_SUSPECT, 1, 999));
	assert_true(may(REQUEST_NEW, 2, 999));
	for (uint64_t i = 0; i < QUEUE_USER; i++) {
		assert_true(may(REQUEST_KNOWN, 1, 999));
		run(REQUEST_KNOWN, 1, 200 + i);
	}
	assert_false(may(REQUEST_KNOWN, 1, 999));
}

static void
an_address_has_its_bound_and_a_trusted_one_none(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < QUEUE_ADDRESS; i++) {
		assert_true(may(REQUEST_KNOWN, 999, 7));
		run(REQUEST_NEW, i, 7);
	}
	assert_false(may(REQUEST_KNOWN, 999, 7));
	assert_true(may(REQUEST_NEW, 999, 8));
	assert_true(may(REQUEST_NEW, 999, 0));
	clear(NULL);
	for (uint64_t i = 0; i < QUEUE_ADDRESS; i++)
		run(REQUEST_NEW, i, 0);
	assert_true(may(REQUEST_NEW, 999, 0));
}

static void
the_best_rank_is_next_then_the_first_that_came(void **state)
{
	struct request *suspect = add(REQUEST_SUSPECT, 1, 10);
	struct request *fresh = add(REQUEST_NEW, 1, 11);
	struct request *later = add(REQUEST_NEW, 1, 12);
	struct request *known = add(REQUEST_KNOWN, 1, 13);

	(void)state;
	assert_ptr_equal(queue_next(&list), known);
	known->state = REQUEST_ASKED;
	assert_ptr_equal(queue_next(&list), fresh);
	fresh->state = REQUEST_ASKED;
	assert_ptr_equal(queue_next(&list), later);
	later->state = REQUEST_ASKED;
	assert_ptr_equal(queue_next(&list), suspect);
	suspect->state = REQUEST_ASKED;
	assert_null(queue_next(&list));
	/* Who may not start holds nobody up. */
	add(REQUEST_NEW, 1, 14);
	suspect = add(REQUEST_SUSPECT, 2, 10);
	assert_ptr_equal(queue_next(&list), suspect);
}

static void
a_full_line_takes_a_better_rank_for_the_youngest_of_the_worst(void **state)
{
	struct request *out = NULL, *youngest = NULL, *r;

	(void)state;
	for (uint64_t i = 0; i < QUEUE_USER_WAIT; i++) {
		r = add(REQUEST_SUSPECT, 1, 100 + i);
		assert_int_equal(queue_enter(&list, r, &out), 1);
		youngest = r;
	}
	r = add(REQUEST_SUSPECT, 1, 999);
	assert_int_equal(queue_enter(&list, r, &out), -1);
	TAILQ_REMOVE(&list, r, entry);
	r = add(REQUEST_NEW, 1, 999);
	assert_int_equal(queue_enter(&list, r, &out), 0);
	assert_ptr_equal(out, youngest);
	TAILQ_REMOVE(&list, r, entry);
	/* Another name, and who is known, stand in another line. */
	r = add(REQUEST_SUSPECT, 2, 999);
	assert_int_equal(queue_enter(&list, r, &out), 1);
	TAILQ_REMOVE(&list, r, entry);
	r = add(REQUEST_KNOWN, 1, 999);
	assert_int_equal(queue_enter(&list, r, &out), 1);
}

static void
the_whole_line_is_bounded(void **state)
{
	struct request *out = NULL, *r;

	(void)state;
	for (uint64_t i = 0; i < QUEUE_WAITING; i++) {
		r = add(REQUEST_NEW, 1000 + i, 2000 + i);
		assert_int_equal(queue_enter(&list, r, &out), 1);
	}
	r = add(REQUEST_NEW, 1, 1);
	assert_int_equal(queue_enter(&list, r, &out), -1);
	TAILQ_REMOVE(&list, r, entry);
	r = add(REQUEST_KNOWN, 1, 1);
	assert_int_equal(queue_enter(&list, r, &out), 0);
	assert_ptr_equal(out, &all[QUEUE_WAITING - 1]);
}

static void
one_address_has_its_part_of_the_line(void **state)
{
	struct request *out = NULL, *r;

	(void)state;
	for (uint64_t i = 0; i < QUEUE_ADDR_WAIT; i++) {
		r = add(REQUEST_SUSPECT, 100 + i, 7);
		assert_int_equal(queue_enter(&list, r, &out), 1);
	}
	r = add(REQUEST_KNOWN, 1, 7);
	assert_int_equal(queue_enter(&list, r, &out), -1);
	r->source = 8;
	assert_int_equal(queue_enter(&list, r, &out), 1);
}

#define Q(name) cmocka_unit_test_setup(name, clear)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    Q(places_are_bounded_and_some_are_kept),
	    Q(strangers_do_not_take_the_owners_places),
	    Q(an_address_has_its_bound_and_a_trusted_one_none),
	    Q(the_best_rank_is_next_then_the_first_that_came),
	    Q(a_full_line_takes_a_better_rank_for_the_youngest_of_the_worst),
	    Q(the_whole_line_is_bounded),
	    Q(one_address_has_its_part_of_the_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
