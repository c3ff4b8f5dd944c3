/* Places of accounts, and newcomers that wait for somebody to give way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "master/places.h"

static struct owner anna = {.user = "anna"}, bob = {.user = "bob"};
static struct newcomer out;
static uint32_t count, worker;
static uint64_t conn;
static bool granted;

static int
down(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 4; i++)
		places_drop(i);
	return 0;
}

static void
take(uint32_t at, uint64_t number)
{
	assert_int_equal(
	    places_take(at, number, &anna, 100, &count), PLACES_TAKEN);
}

static int
come(uint32_t at, uint64_t number, uint64_t now)
{
	struct newcomer n = {
	    .worker = at, .conn = number, .owner = anna, .control = -1};

	return places_wait(&n, now);
}

static void
asks(uint32_t at, uint64_t number)
{
	assert_true(places_ask(&worker, &conn));
	assert_int_equal(worker, at);
	assert_int_equal(conn, number);
}

static void
clients_of_an_account_are_counted_everywhere(void **state)
{
	(void)state;
	assert_int_equal(places_take(1, 5, &anna, 2, &count), PLACES_TAKEN);
	assert_int_equal(places_take(1, 5, &anna, 2, &count), PLACES_NONE);
	assert_int_equal(places_take(2, 5, &anna, 2, &count), PLACES_TAKEN);
	assert_int_equal(places_take(3, 9, &anna, 2, &count), PLACES_FULL);
	assert_int_equal(count, 2);
	assert_int_equal(places_take(3, 9, &bob, 2, &count), PLACES_TAKEN);
	assert_true(places_have_owner(2, 5, &anna));
	assert_false(places_have_owner(2, 5, &bob));
	places_leave(1, 5);
	assert_false(places_have(1, 5));
	assert_int_equal(places_take(1, 6, &anna, 2, &count), PLACES_TAKEN);
	places_drop(2);
	assert_int_equal(places_take(1, 7, &anna, 2, &count), PLACES_TAKEN);
}

static void
the_oldest_is_asked_first_and_each_once(void **state)
{
	(void)state;
	take(1, 9);
	take(2, 8);
	take(1, 7);
	assert_int_equal(come(3, 1, 0), 0);
	asks(1, 9);
	assert_false(places_ask(&worker, &conn)); /* no answer yet */
	places_kept(1, 9);
	asks(2, 8);
	assert_false(places_next(0, &out, &granted, &count));
	places_leave(2, 8);
	assert_true(places_next(0, &out, &granted, &count));
	assert_true(granted);
	assert_int_equal(out.conn, 1);
	assert_int_equal(count, 2);
	assert_false(places_next(0, &out, &granted, &count));
}

static void
nobody_left_to_ask_is_a_refusal(void **state)
{
	(void)state;
	take(1, 9);
	assert_int_equal(come(3, 1, 0), 0);
	asks(1, 9);
	places_kept(1, 9);
	assert_false(places_ask(&worker, &conn));
	assert_true(places_next(0, &out, &granted, &count));
	assert_false(granted);
	assert_int_equal(count, 1);
}

static void
two_newcomers_ask_two_clients(void **state)
{
	(void)state;
	take(1, 9);
	take(2, 8);
	assert_int_equal(come(3, 1, 0), 0);
	assert_int_equal(come(3, 2, 0), 0);
	asks(1, 9);
	asks(2, 8);
	places_leave(1, 9);
	places_kept(2, 8);
	assert_true(places_next(0, &out, &granted, &count));
	assert_int_equal(out.conn, 1);
	assert_true(granted);
	assert_false(places_ask(&worker, &conn));
	assert_true(places_next(0, &out, &granted, &count));
	assert_int_equal(out.conn, 2);
	assert_false(granted);
}

static void
no_answer_is_a_refusal_after_a_time(void **state)
{
	(void)state;
	take(1, 9);
	assert_int_equal(places_patience(0), -1);
	assert_int_equal(come(3, 1, 1000), 0);
	asks(1, 9);
	assert_int_equal(places_patience(1000), PLACES_WAIT_MS);
	assert_false(
	    places_next(1000 + PLACES_WAIT_MS - 1, &out, &granted, &count));
	assert_true(places_next(1000 + PLACES_WAIT_MS, &out, &granted, &count));
	assert_false(granted);
	/* The late answer harms nobody, and it may be asked again. */
	places_kept(1, 9);
	assert_int_equal(come(3, 2, 5000), 0);
	asks(1, 9);
	places_drop(1); /* its worker dies: the place is free */
	assert_true(places_next(5000, &out, &granted, &count));
	assert_true(granted);
}

static void
a_newcomer_that_goes_takes_its_descriptor_along(void **state)
{
	struct newcomer n = {.worker = 3, .conn = 1, .owner = anna};

	(void)state;
	take(1, 9);
	n.control = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(places_wait(&n, 0), 0);
	asks(1, 9);
	places_leave(3, 1);
	assert_int_equal(fcntl(n.control, F_GETFD), -1);
	assert_int_equal(places_patience(0), -1);
	places_leave(1, 9); /* for nobody now */
	assert_false(places_next(0, &out, &granted, &count));
}

static void
so_many_may_wait_and_no_more(void **state)
{
	struct newcomer n = {
	    .worker = 3, .conn = 99, .owner = bob, .control = -1};

	(void)state;
	take(1, 9);
	for (uint64_t i = 1; i <= PLACES_WAITING / 2; i++)
		assert_int_equal(come(3, i, 0), 0);
	assert_int_equal(come(3, PLACES_WAITING, 0), -1);
	/* One account's crowd is not before the others. */
	assert_int_equal(places_wait(&n, 0), 0);
	places_drop(3);
	assert_int_equal(come(3, 1, 0), 0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_teardown(f, down)
	const struct CMUnitTest tests[] = {
	    TEST(clients_of_an_account_are_counted_everywhere),
	    TEST(the_oldest_is_asked_first_and_each_once),
	    TEST(nobody_left_to_ask_is_a_refusal),
	    TEST(two_newcomers_ask_two_clients),
	    TEST(no_answer_is_a_refusal_after_a_time),
	    TEST(a_newcomer_that_goes_takes_its_descriptor_along),
	    TEST(so_many_may_wait_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
