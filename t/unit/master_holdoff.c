/* Who makes processes crash again and again waits, and nobody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "master/admit.h"
#include "master/holdoff.h"
#include "master/settings.h"
#include "shm/boot.h"

static uint64_t now = 1;

/* Another one in each test: the table is one. */
static const uint8_t *
somebody(void)
{
	static uint8_t id[HOLDOFF_ID] = "somebody";
	static uint32_t serial;

	serial++;
	memcpy(id + 9, &serial, sizeof(serial));
	return id;
}

static void
crash(const uint8_t *id, unsigned times)
{
	for (unsigned i = 0; i < times; i++) {
		now += 10;
		holdoff_crash(id, "somebody", now);
	}
}

static void
the_third_crash_is_one_too_many(void **state)
{
	const uint8_t *id;

	(void)state;
	for (unsigned n = HOLDOFF_CRASHES - 1; n <= HOLDOFF_CRASHES + 1; n++) {
		id = somebody();
		crash(id, n);
		assert_int_equal(
		    holdoff_left(id, now) > 0, n >= HOLDOFF_CRASHES);
	}
	assert_int_equal(holdoff_left(somebody(), now), 0);
}

static void
it_waits_twice_as_long_each_time_up_to_a_minute(void **state)
{
	static const uint64_t wait[] = {HOLDOFF_FIRST, 2000, 4000, 8000, 16000,
	    32000, HOLDOFF_MAX, HOLDOFF_MAX, HOLDOFF_MAX};
	const uint8_t *id = somebody();

	(void)state;
	crash(id, HOLDOFF_CRASHES - 1);
	for (size_t i = 0; i < sizeof(wait) / sizeof(wait[0]); i++) {
		crash(id, 1);
		assert_int_equal(holdoff_left(id, now), wait[i]);
		now += wait[i] - 1;
		assert_int_equal(holdoff_left(id, now), 1);
		assert_int_equal(holdoff_left(id, now + 1), 0);
		/* Sessions that were there before crash as well. */
		holdoff_crash(id, "somebody", now);
		now++;
		assert_int_equal(holdoff_left(id, now), 0);
	}
}

static void
a_crash_now_and_then_is_forgiven(void **state)
{
	const uint8_t *id = somebody();

	(void)state;
	for (int i = 0; i < 10; i++) {
		crash(id, HOLDOFF_CRASHES - 1);
		now += HOLDOFF_RUN_MS + 1;
		assert_int_equal(holdoff_left(id, now), 0);
	}
	crash(id, HOLDOFF_CRASHES);
	assert_int_equal(holdoff_left(id, now), HOLDOFF_FIRST);
	/* Nine quiet minutes are not enough, ten are. */
	now += HOLDOFF_QUIET_MS - 60000;
	crash(id, 1);
	assert_int_equal(holdoff_left(id, now), 2 * HOLDOFF_FIRST);
	now += HOLDOFF_QUIET_MS;
	crash(id, HOLDOFF_CRASHES - 1);
	assert_int_equal(holdoff_left(id, now), 0);
	crash(id, 1);
	assert_int_equal(holdoff_left(id, now), HOLDOFF_FIRST);
}

static void
the_table_is_bounded_and_the_oldest_goes(void **state)
{
	uint8_t first[HOLDOFF_ID], second[HOLDOFF_ID];

	(void)state;
	memcpy(first, somebody(), sizeof(first));
	crash(first, HOLDOFF_CRASHES - 1);
	memcpy(second, somebody(), sizeof(second));
	crash(second, HOLDOFF_CRASHES - 1);
	for (int i = 0; i < HOLDOFF_ENTRIES - 1; i++)
		holdoff_crash(somebody(), "others", now);
	crash(second, 1); /* it was still there ... */
	assert_int_equal(holdoff_left(second, now), HOLDOFF_FIRST);
	crash(first, 1); /* ... and this one no more */
	assert_int_equal(holdoff_left(first, now), 0);
	now += HOLDOFF_RUN_MS + 1;
}

static void
what_somebody_sends_is_no_crash(void **state)
{
	(void)state;
	assert_true(holdoff_crashed(SIGSEGV));
	assert_true(holdoff_crashed(SIGABRT));
	assert_true(holdoff_crashed(SIGSYS));
	assert_true(holdoff_crashed(SIGBUS));
	assert_false(holdoff_crashed(SIGKILL));
	assert_false(holdoff_crashed(SIGTERM));
	assert_false(holdoff_crashed(SIGINT));
	assert_false(holdoff_crashed(SIGHUP));
	assert_false(holdoff_crashed(0));
	assert_false(holdoff_crashed(1 << 8)); /* exit(1) */
}

static uint64_t
connect_from(struct admit *a, const struct settings *set, const char *address,
    unsigned worker, uint8_t net[16])
{
	struct admit_ask ask = {.now = now};
	struct admit_answer answer;

	assert_int_equal(inet_pton(AF_INET6, address, ask.addr), 1);
	admit_enter(a, set, &ask, &answer);
	assert_int_equal(answer.verdict, ADMIT_OK);
	assert_int_equal(admit_give(a, answer.conn, BOOT_WORKERS, worker), 0);
	memcpy(net, answer.net, 16);
	return answer.conn;
}

/* Once for each crash, however many connections it has. */
static void
a_workers_crash_counts_for_those_not_logged_in(void **state)
{
	static struct settings set;
	uint8_t evil[16], inside[16], other[16], trusted[16], prefix[16];
	struct admit *a = admit_new();
	uint64_t in;

	(void)state;
	settings_default(&set);
	(void)connect_from(a, &set, "::ffff:192.0.2.1", 1, evil);
	(void)connect_from(a, &set, "::ffff:192.0.2.1", 1, evil);
	(void)connect_from(a, &set, "::ffff:192.0.2.1", 1, evil);
	in = connect_from(a, &set, "::ffff:192.0.2.2", 1, inside);
	assert_int_equal(admit_login(a, in, 1), 0);
	(void)connect_from(a, &set, "::ffff:192.0.2.3", 2, other);
	(void)connect_from(a, &set, "::ffff:127.0.0.1", 1, trusted);
	(void)connect_from(a, &set, "2001:db8::1", 1, prefix);
	for (int i = 1; i <= HOLDOFF_CRASHES; i++) {
		assert_int_equal(holdoff_left(evil, now), 0);
		holdoff_suspect(a, 1, now);
		now += 10;
	}
	assert_int_not_equal(holdoff_left(evil, now), 0);
	assert_int_not_equal(holdoff_left(prefix, now), 0);
	assert_int_equal(holdoff_left(inside, now), 0);
	assert_int_equal(holdoff_left(other, now), 0);
	assert_int_equal(holdoff_left(trusted, now), 0);
	/* All of its network count as the one. */
	now += HOLDOFF_FIRST;
	(void)connect_from(a, &set, "2001:db8::2", 1, other);
	assert_memory_equal(other, prefix, sizeof(prefix));
	admit_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_third_crash_is_one_too_many),
	    cmocka_unit_test(it_waits_twice_as_long_each_time_up_to_a_minute),
	    cmocka_unit_test(a_crash_now_and_then_is_forgiven),
	    cmocka_unit_test(the_table_is_bounded_and_the_oldest_goes),
	    cmocka_unit_test(what_somebody_sends_is_no_crash),
	    cmocka_unit_test(a_workers_crash_counts_for_those_not_logged_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
