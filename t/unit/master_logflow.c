/* How many lines a process may have logged, at its edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "master/logflow.h"

static uint64_t now = 1000;
static pid_t somebody = 10;

static unsigned
taken(pid_t pid, enum logflow_kind kind, unsigned of)
{
	unsigned n = 0;

	for (unsigned i = 0; i < of; i++)
		n += logflow_take(pid, kind, now);
	return n;
}

static void
untold(void)
{
	unsigned long lines;
	pid_t pid;

	while (logflow_dropped(UINT64_MAX, &pid, &lines))
		continue;
}

static void
so_many_at_once_and_then_so_many_a_minute(void **state)
{
	static const struct {
		enum logflow_kind kind;
		unsigned burst, rate;
	} t[] = {{LOGFLOW_OWN, LOGFLOW_BURST, LOGFLOW_RATE},
	    {LOGFLOW_CLIENTS, LOGFLOW_CLIENT_BURST, LOGFLOW_CLIENT_RATE}};

	(void)state;
	for (int i = 0; i < 2; i++)
		for (unsigned n = t[i].burst - 1; n <= t[i].burst + 1; n++) {
			unsigned most = n < t[i].burst ? n : t[i].burst;

			now += 600000;
			somebody++;
			assert_int_equal(taken(somebody, t[i].kind, n), most);
			now += 30000;
			assert_int_equal(
			    taken(somebody, t[i].kind, t[i].rate * 2) <=
				t[i].rate / 2 + 1 + t[i].burst - most,
			    1);
			now += 600000;
			assert_int_equal(
			    taken(somebody, t[i].kind, t[i].burst * 2),
			    t[i].burst);
		}
	untold();
}

static void
neither_kind_nor_another_pays_for_it(void **state)
{
	(void)state;
	now += 600000;
	somebody++;
	taken(somebody, LOGFLOW_OWN, LOGFLOW_BURST * 2);
	assert_true(logflow_take(somebody, LOGFLOW_CLIENTS, now));
	assert_true(logflow_take(somebody + 1, LOGFLOW_OWN, now));
	untold();
}

static void
what_was_dropped_is_told_once(void **state)
{
	unsigned long lines;
	pid_t pid;

	(void)state;
	now += 600000;
	somebody += 2;
	assert_int_equal(logflow_wait(now), -1);
	taken(somebody, LOGFLOW_OWN, LOGFLOW_BURST + 7);
	assert_int_equal(logflow_wait(now), LOGFLOW_TELL_MS);
	now += LOGFLOW_TELL_MS - 1;
	assert_false(logflow_dropped(now, &pid, &lines));
	now++;
	assert_int_equal(logflow_wait(now), 0);
	assert_true(logflow_dropped(now, &pid, &lines));
	assert_int_equal(pid, somebody);
	assert_int_equal(lines, 7);
	assert_false(logflow_dropped(now, &pid, &lines));
	assert_int_equal(logflow_wait(now), -1);
}

static void
the_table_is_bounded_and_the_quietest_goes(void **state)
{
	unsigned long lines;
	pid_t first, last, pid;

	(void)state;
	now += 600000;
	first = somebody += 2;
	taken(first, LOGFLOW_OWN, LOGFLOW_BURST + 1);
	now++;
	last = somebody += 1;
	taken(last, LOGFLOW_OWN, LOGFLOW_BURST + 1);
	now++;
	/* One place fewer than all: the first one's is taken. */
	for (int i = 0; i < LOGFLOW_SENDERS - 1; i++)
		assert_true(logflow_take(++somebody, LOGFLOW_OWN, now));
	assert_false(logflow_take(last, LOGFLOW_OWN, now));
	assert_true(logflow_take(first, LOGFLOW_OWN, now));
	now += LOGFLOW_TELL_MS;
	assert_true(logflow_dropped(now, &pid, &lines));
	assert_int_equal(pid, last);
	assert_int_equal(lines, 2);
	assert_false(logflow_dropped(now, &pid, &lines));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(so_many_at_once_and_then_so_many_a_minute),
	    cmocka_unit_test(neither_kind_nor_another_pays_for_it),
	    cmocka_unit_test(what_was_dropped_is_told_once),
	    cmocka_unit_test(the_table_is_bounded_and_the_quietest_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
