/* Limits on connections: each at -1, 0 and +1, and what releases them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "master/admit.h"
#include "master/settings.h"
#include "master/value.h"
#include "shm/boot.h"

static struct settings set;
static struct admit *a;
static struct admit_answer answer;
static uint64_t now;

static int
setup(void **state)
{
	(void)state;
	settings_default(&set);
	set.ntrusted = 0;
	set.rate_perip = 1000000;
	a = admit_new();
	now = 1000000;
	return a == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	admit_free(a);
	return 0;
}

static enum admit_verdict
enter_view(const char *addr, unsigned view)
{
	struct admit_ask ask = {.view = view, .now = now, .chance = UINT32_MAX};
	struct settings_net net;

	assert_int_equal(value_net(addr, &net), 0);
	memcpy(ask.addr, net.addr, 16);
	admit_enter(a, &set, &ask, &answer);
	if (answer.verdict == ADMIT_OK)
		assert_int_equal(
		    admit_give(a, answer.conn, BOOT_WORKERS, 1), 0);
	return answer.verdict;
}

static enum admit_verdict
enter(const char *addr)
{
	return enter_view(addr, 0);
}

static void
net_of(const char *text, struct settings_net *list, uint32_t *n)
{
	assert_int_equal(value_net(text, &list[(*n)++]), 0);
}

static void
maxperip_holds_per_address_and_port(void **state)
{
	(void)state;
	set.view[0].maxperip = 3;
	set.view[1].maxperip = 1;
	for (int i = 0; i < 3; i++)
		assert_int_equal(enter("192.0.2.1"), ADMIT_OK);
	assert_int_equal(enter("192.0.2.1"), ADMIT_PERIP);
	assert_int_equal(answer.count, 3);
	assert_int_equal(answer.limit, 3);
	assert_int_equal(answer.bits, 128);
	assert_int_equal(enter("192.0.2.2"), ADMIT_OK);
	assert_int_equal(enter_view("192.0.2.1", 1), ADMIT_OK);
	assert_int_equal(enter_view("192.0.2.1", 1), ADMIT_PERIP);
	/* A reload that raises it works at once. */
	set.view[0].maxperip = 4;
	assert_int_equal(enter("192.0.2.1"), ADMIT_OK);
	assert_int_equal(enter("192.0.2.1"), ADMIT_PERIP);
}

/* Where somebody has logged in ADMIT_EXTRA more are let in to take a place. */
static void
a_few_more_may_take_a_parked_ones_place(void **state)
{
	(void)state;
	set.view[0].maxperip = 2;
	assert_int_equal(enter("192.0.2.1"), ADMIT_OK);
	assert_false(answer.extra);
	assert_int_equal(admit_login(a, answer.conn, 1), 0);
	assert_int_equal(enter("192.0.2.1"), ADMIT_OK);
	assert_false(answer.extra);
	for (int i = 0; i < ADMIT_EXTRA; i++) {
		assert_int_equal(enter("192.0.2.1"), ADMIT_OK);
		assert_true(answer.extra);
	}
	assert_int_equal(enter("192.0.2.1"), ADMIT_PERIP);
	set.view[0].maxperip = 7;
	set.park_yield = 0;
	assert_int_equal(enter("192.0.2.1"), ADMIT_PERIP);
}

static void
maxperc_holds_per_network_and_port(void **state)
{
	static const struct {
		const char *in[4], *over, *other;
	} t[] = {{{"192.0.2.1", "192.0.2.1", "192.0.2.77", "192.0.2.255"},
		     "192.0.2.9", "192.0.3.1"},
	    {{"2001:db8:0:1::1", "2001:db8:0:1::2",
		 "2001:db8:0:2::", "2001:db8:0:ff::1"},
		"2001:db8:0:3::1", "2001:db8:0:100::1"}};
	uint64_t conn = 0;

	(void)state;
	set.view[0].maxperc = 4;
	for (size_t i = 0; i < 2; i++) {
		for (int k = 0; k < 4; k++) {
			assert_int_equal(enter(t[i].in[k]), ADMIT_OK);
			conn = answer.conn;
		}
		assert_int_equal(enter(t[i].over), ADMIT_PERC);
		assert_int_equal(answer.count, 4);
		assert_int_equal(answer.limit, 4);
		assert_int_equal(answer.bits, i == 0 ? 120 : 56);
		assert_int_equal(enter(t[i].other), ADMIT_OK);
		assert_int_equal(enter_view(t[i].over, 1), ADMIT_OK);
		/* Who leaves makes place for one, of any address. */
		assert_int_equal(admit_leave(a, conn, 1), 0);
		assert_int_equal(enter(t[i].over), ADMIT_OK);
		assert_int_equal(enter(t[i].over), ADMIT_PERC);
	}
	net_of("192.0.2.66", set.exempt, &set.nexempt);
	assert_int_equal(enter("192.0.2.66"), ADMIT_OK);
	assert_int_equal(enter("192.0.2.67"), ADMIT_PERC);
	/* Switched off by a reload, those who came under it still leave. */
	set.view[0].maxperc = 0;
	assert_int_equal(enter("192.0.2.67"), ADMIT_OK);
	admit_drop(a, 1);
	assert_int_equal(admit_count(a, 0), 0);
	set.view[0].maxperc = 1;
	assert_int_equal(enter("192.0.2.67"), ADMIT_OK);
	assert_int_equal(enter("192.0.2.68"), ADMIT_PERC);
}

static void
the_access_file_has_a_maxperip_of_its_own(void **state)
{
	struct admit_ask ask = {.view = 0, .now = now, .maxperip = 3};

	(void)state;
	set.view[0].maxperip = 1;
	ask.addr[0] = 0x20;
	for (int i = 0; i < 4; i++) {
		admit_enter(a, &set, &ask, &answer);
		assert_int_equal(
		    answer.verdict, i < 3 ? ADMIT_OK : ADMIT_PERIP);
	}
	assert_int_equal(answer.limit, 3);
}

static void
who_leaves_makes_place(void **state)
{
	uint64_t conn;

	(void)state;
	set.view[0].maxperip = 1;
	assert_int_equal(enter("192.0.2.1"), ADMIT_OK);
	conn = answer.conn;
	assert_int_equal(enter("192.0.2.1"), ADMIT_PERIP);
	assert_int_equal(admit_leave(a, conn, 1), 0);
	assert_int_equal(admit_leave(a, conn, 1), -1);
	assert_int_equal(enter("192.0.2.1"), ADMIT_OK);
	assert_int_not_equal(answer.conn, conn);
	assert_int_equal(admit_leave(a, conn, 1), -1);
	assert_int_equal(admit_count(a, 0), 1);
}

static void
only_its_worker_speaks_for_a_connection(void **state)
{
	(void)state;
	assert_int_equal(enter("192.0.2.1"), ADMIT_OK);
	assert_int_equal(admit_leave(a, answer.conn, 2), -1);
	assert_int_equal(admit_login(a, answer.conn, 2), -1);
	assert_int_equal(admit_login(a, answer.conn, 1), 0);
	assert_int_equal(admit_login(a, answer.conn, 1), -1);
	assert_int_equal(admit_leave(a, answer.conn + 1, 1), -1);
	assert_int_equal(admit_leave(a, 0, 1), -1);
	assert_int_equal(admit_leave(a, UINT64_MAX, 1), -1);
	assert_int_equal(admit_leave(a, answer.conn, 1), 0);
}

static void
a_dead_workers_connections_are_dropped(void **state)
{
	(void)state;
	set.view[0].maxperip = 5;
	for (int i = 0; i < 5; i++)
		assert_int_equal(enter("192.0.2.1"), ADMIT_OK);
	/* Another's only when it is logged in, and from who has it. */
	assert_int_equal(admit_give(a, answer.conn, 1, 2), -1);
	assert_int_equal(admit_login(a, answer.conn, 1), 0);
	assert_int_equal(admit_give(a, answer.conn, 2, 3), -1);
	assert_int_equal(admit_give(a, answer.conn, BOOT_WORKERS, 2), -1);
	assert_int_equal(admit_give(a, answer.conn, 1, BOOT_WORKERS), -1);
	assert_int_equal(admit_load(a, 1), 5);
	assert_int_equal(admit_give(a, answer.conn, 1, 2), 0);
	assert_int_equal(admit_load(a, 1), 4);
	assert_int_equal(admit_load(a, 2), 1);
	admit_drop(a, 1);
	assert_int_equal(admit_load(a, 1), 0);
	assert_int_equal(admit_count(a, 0), 1);
	assert_int_equal(admit_leave(a, answer.conn, 2), 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(enter("192.0.2.1"), ADMIT_OK);
	assert_int_equal(enter("192.0.2.1"), ADMIT_PERIP);
}

static void
exempt_networks_have_no_maxperip(void **state)
{
	(void)state;
	set.view[0].maxperip = 1;
	net_of("192.0.2.0/24", set.exempt, &set.nexempt);
	for (int i = 0; i < 9; i++)
		assert_int_equal(enter("192.0.2.255"), ADMIT_OK);
	assert_int_equal(enter("192.0.3.0"), ADMIT_OK);
	assert_int_equal(enter("192.0.3.0"), ADMIT_PERIP);
}

static void
an_ipv6_prefix_counts_as_one_address(void **state)
{
	(void)state;
	set.view[0].maxperip = 2;
	assert_int_equal(enter("2001:db8:0:1::1"), ADMIT_OK);
	assert_int_equal(enter("2001:db8:0:1:ffff::2"), ADMIT_OK);
	assert_int_equal(enter("2001:db8:0:1::3"), ADMIT_PERIP);
	assert_int_equal(answer.bits, 64);
	assert_int_equal(answer.net[7], 1);
	assert_int_equal(answer.net[15], 0);
	assert_int_equal(enter("2001:db8:0:2::1"), ADMIT_OK);
	set.ipv6_prefix = 63; /* 0:2 and 0:3 are one now, 0:1 is not */
	assert_int_equal(enter("2001:db8:0:3::1"), ADMIT_OK);
	assert_int_equal(enter("2001:db8:0:2::2"), ADMIT_PERIP);
}

static void
maxdaemons_holds_per_port(void **state)
{
	char addr[32];

	(void)state;
	set.view[0].maxdaemons = 100;
	for (int i = 0; i < 100; i++) {
		snprintf(addr, sizeof(addr), "192.0.2.%d", i);
		assert_int_equal(enter(addr), ADMIT_OK);
	}
	assert_int_equal(enter("192.0.2.200"), ADMIT_DAEMONS);
	assert_int_equal(answer.count, 100);
	assert_int_equal(enter_view("192.0.2.200", 1), ADMIT_OK);
}

static void
unauthenticated_ones_are_limited_until_they_log_in(void **state)
{
	uint64_t conn = 0;

	(void)state;
	set.maxunauth_perip = 3;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(enter("192.0.2.1"), ADMIT_OK);
		conn = answer.conn;
	}
	assert_int_equal(enter("192.0.2.1"), ADMIT_UNAUTH_PERIP);
	assert_int_equal(answer.limit, 3);
	assert_int_equal(admit_login(a, conn, 1), 0);
	assert_int_equal(enter("192.0.2.1"), ADMIT_OK);
	assert_int_equal(enter("192.0.2.1"), ADMIT_UNAUTH_PERIP);
	/* An unauthenticated one that leaves makes place, too. */
	assert_int_equal(admit_leave(a, answer.conn, 1), -1);
	assert_int_equal(admit_leave(a, conn, 1), 0);
	assert_int_equal(enter("192.0.2.1"), ADMIT_UNAUTH_PERIP);
}

static void
trusted_networks_have_neither_rate_nor_unauthenticated_limit(void **state)
{
	(void)state;
	set.maxunauth_perip = 1;
	set.maxunauth = 2;
	set.rate_perip = 1;
	net_of("127.0.0.1", set.trusted, &set.ntrusted);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(enter("127.0.0.1"), ADMIT_OK);
		assert_true(answer.trusted);
	}
	assert_int_equal(enter("127.0.0.2"), ADMIT_OK);
	assert_false(answer.trusted);
	assert_int_equal(enter("127.0.0.2"), ADMIT_UNAUTH_PERIP);
	set.view[0].maxperip = 10;
	assert_int_equal(enter("127.0.0.1"), ADMIT_PERIP);
}

static void
maxunauth_refuses_by_chance_from_its_half_on(void **state)
{
	struct admit_ask ask = {.now = now, .chance = 0};
	char addr[32];

	(void)state;
	set.maxunauth = 100;
	for (int i = 0; i <= 50; i++) {
		snprintf(addr, sizeof(addr), "192.0.2.%d", i);
		assert_int_equal(enter(addr), ADMIT_OK);
	}
	/* Unlucky ones go from here on, lucky ones at the limit. */
	admit_enter(a, &set, &ask, &answer);
	assert_int_equal(answer.verdict, ADMIT_UNAUTH);
	for (int i = 51; i < 100; i++) {
		snprintf(addr, sizeof(addr), "192.0.2.%d", i);
		assert_int_equal(enter(addr), ADMIT_OK);
	}
	assert_int_equal(enter("192.0.2.100"), ADMIT_UNAUTH);
	assert_int_equal(answer.count, 100);
	/* One line for all addresses: it is no one's own fault. */
	assert_false(answer.tell);
	now += 1000;
	assert_int_equal(enter("192.0.2.101"), ADMIT_UNAUTH);
	assert_true(answer.tell);
	assert_int_equal(answer.untold, 1);
}

static void
the_oldest_without_a_login_makes_place(void **state)
{
	uint64_t conn[4];
	char addr[32];

	(void)state;
	set.maxunauth = 4;
	for (int i = 0; i < 4; i++) {
		snprintf(addr, sizeof(addr), "192.0.2.%d", i);
		assert_int_equal(enter(addr), ADMIT_OK);
		conn[i] = answer.conn;
		now++;
	}
	/* Nobody before his time. */
	now = now - 4 + ADMIT_GRACE - 1;
	assert_int_equal(enter("192.0.2.9"), ADMIT_UNAUTH);
	assert_int_equal(answer.evict, 0);
	now++;
	/* Who is refused for another reason drives nobody out. */
	set.maxunauth_perip = 1;
	assert_int_equal(enter("192.0.2.3"), ADMIT_UNAUTH_PERIP);
	assert_int_equal(answer.evict, 0);
	assert_int_equal(admit_login(a, conn[0], 1), 0);
	assert_int_equal(enter("192.0.2.8"), ADMIT_OK);
	assert_int_equal(answer.evict, 0);
	now += ADMIT_GRACE;
	assert_int_equal(enter("192.0.2.9"), ADMIT_OK);
	assert_true(answer.tell);
	assert_int_equal(answer.evict, conn[1]);
	assert_int_equal(answer.evict_worker, 1);
	admit_evict(a, conn[1]);
	admit_evict(a, conn[1]);
	admit_evict(a, conn[0]); /* it is in */
	assert_int_equal(enter("192.0.2.10"), ADMIT_OK);
	assert_int_equal(answer.evict, conn[2]);
	/* One that was not told stays and counts. */
	admit_undo(a, answer.conn);
	assert_int_equal(enter("192.0.2.10"), ADMIT_OK);
	assert_int_equal(answer.evict, conn[2]);
	admit_evict(a, conn[2]);
	/* The login may be on its way when its end is decided. */
	assert_int_equal(admit_login(a, conn[1], 1), 0);
	assert_int_equal(admit_login(a, conn[1], 1), -1);
	/* One in the middle leaves by itself. */
	assert_int_equal(admit_leave(a, conn[3], 1), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(admit_leave(a, conn[i], 1), 0);
	assert_int_equal(admit_count(a, 0), 3);
	assert_int_equal(enter("192.0.2.11"), ADMIT_OK);
	assert_int_equal(answer.evict, 0);
	assert_int_equal(admit_count(a, 0), 4);
}

static void
by_chance_the_oldest_goes_from_the_half_on(void **state)
{
	struct admit_ask ask = {.chance = 0, .addr = {[0] = 0x20}};
	uint64_t first = 0;
	char addr[32];

	(void)state;
	set.maxunauth = 10;
	for (int i = 0; i < 6; i++) {
		snprintf(addr, sizeof(addr), "192.0.2.%d", i);
		assert_int_equal(enter(addr), ADMIT_OK);
		first = i == 0 ? answer.conn : first;
	}
	ask.now = now + ADMIT_GRACE;
	admit_enter(a, &set, &ask, &answer);
	assert_int_equal(answer.verdict, ADMIT_OK);
	assert_int_equal(answer.evict, first);
	admit_undo(a, answer.conn);
	ask.chance = UINT32_MAX;
	admit_enter(a, &set, &ask, &answer);
	assert_int_equal(answer.verdict, ADMIT_OK);
	assert_int_equal(answer.evict, 0);
}

static void
the_rate_allows_a_burst_and_then_its_pace(void **state)
{
	(void)state;
	set.rate_perip = 60;
	set.view[0].maxperip = set.maxunauth_perip = 1000;
	for (int i = 0; i < ADMIT_BURST; i++)
		assert_int_equal(enter("192.0.2.1"), ADMIT_OK);
	assert_int_equal(enter("192.0.2.1"), ADMIT_RATE);
	now += 999;
	assert_int_equal(enter("192.0.2.1"), ADMIT_RATE);
	now += 1;
	assert_int_equal(enter("192.0.2.1"), ADMIT_OK);
	assert_int_equal(enter("192.0.2.1"), ADMIT_RATE);
	assert_int_equal(enter("192.0.2.2"), ADMIT_OK);
	now += 60000;
	for (int i = 0; i < ADMIT_BURST; i++)
		assert_int_equal(enter("192.0.2.1"), ADMIT_OK);
	assert_int_equal(enter("192.0.2.1"), ADMIT_RATE);
}

static void
the_rate_survives_leaving(void **state)
{
	(void)state;
	set.rate_perip = 2;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(enter("192.0.2.1"), ADMIT_OK);
		assert_int_equal(admit_leave(a, answer.conn, 1), 0);
		assert_int_equal(enter("192.0.2.9"), ADMIT_OK);
	}
	assert_int_equal(enter("192.0.2.1"), ADMIT_RATE);
}

static void
refused_sockets_are_bounded(void **state)
{
	uint64_t conn = 0;

	(void)state;
	for (int i = 0; i < ADMIT_REFUSE; i++) {
		conn = admit_refuse(a);
		assert_int_not_equal(conn, 0);
		assert_int_equal(admit_give(a, conn, BOOT_WORKERS, 3), 0);
	}
	assert_int_equal(admit_refuse(a), 0);
	assert_int_equal(admit_load(a, 3), ADMIT_REFUSE);
	assert_int_equal(admit_login(a, conn, 3), -1);
	assert_int_equal(admit_leave(a, conn, 3), 0);
	assert_int_not_equal(admit_refuse(a), 0);
	assert_int_equal(admit_refuse(a), 0);
	assert_int_equal(admit_count(a, 0), 0);
}

static void
one_line_a_second_tells_of_an_address(void **state)
{
	(void)state;
	set.view[0].maxperip = 1;
	enter("192.0.2.1");
	assert_int_equal(enter("192.0.2.1"), ADMIT_PERIP);
	assert_true(answer.tell);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(enter("192.0.2.1"), ADMIT_PERIP);
		assert_false(answer.tell);
	}
	set.view[1].maxperip = 1;
	enter_view("192.0.2.1", 1);
	assert_int_equal(enter_view("192.0.2.1", 1), ADMIT_PERIP);
	assert_true(answer.tell);
	now += 1000;
	assert_int_equal(enter("192.0.2.1"), ADMIT_PERIP);
	assert_true(answer.tell);
	assert_int_equal(answer.untold, 5);
}

static void
many_addresses_are_forgotten_again(void **state)
{
	struct admit_ask ask = {.now = now, .chance = UINT32_MAX};

	(void)state;
	set.rate_perip = 1; /* remembered for a minute each */
	for (uint32_t i = 0; i < ADMIT_QUIET * 2; i++) {
		memset(ask.addr, 0, 16);
		ask.addr[0] = 0x20;
		memcpy(ask.addr + 2, &i, sizeof(i));
		admit_enter(a, &set, &ask, &answer);
		assert_int_equal(answer.verdict, ADMIT_OK);
		admit_undo(a, answer.conn);
	}
	/* The first is forgotten, the last is not. */
	admit_enter(a, &set, &ask, &answer);
	assert_int_equal(answer.verdict, ADMIT_RATE);
	memset(ask.addr + 2, 0, 4);
	admit_enter(a, &set, &ask, &answer);
	assert_int_equal(answer.verdict, ADMIT_OK);
}

/* Behind a balancer: counted at once, its address when that is told. */
static uint64_t
enter_behind(void)
{
	struct admit_ask ask = {
	    .behind = true, .now = now, .chance = UINT32_MAX};

	admit_enter(a, &set, &ask, &answer);
	assert_int_equal(answer.verdict, ADMIT_OK);
	assert_int_equal(admit_give(a, answer.conn, BOOT_WORKERS, 1), 0);
	return answer.conn;
}

static enum admit_verdict
name(uint64_t conn, const char *addr)
{
	struct admit_ask ask = {.now = now};
	struct settings_net net;

	assert_int_equal(value_net(addr, &net), 0);
	memcpy(ask.addr, net.addr, 16);
	assert_int_equal(admit_name(a, &set, &ask, conn, 1, &answer), 0);
	return answer.verdict;
}

static void
behind_a_balancer_the_clients_address_counts(void **state)
{
	uint64_t conn[4];

	(void)state;
	set.view[0].maxperip = 2;
	set.maxunauth_perip = 100;
	for (int i = 0; i < 4; i++) /* the balancer's own has no limit */
		conn[i] = enter_behind();
	assert_int_equal(admit_count(a, 0), 4);
	assert_int_equal(name(conn[0], "192.0.2.1"), ADMIT_OK);
	assert_int_equal(name(conn[1], "192.0.2.1"), ADMIT_OK);
	assert_int_equal(name(conn[2], "192.0.2.1"), ADMIT_PERIP);
	assert_int_equal(answer.count, 2);
	assert_int_equal(name(conn[3], "192.0.2.2"), ADMIT_OK);
	assert_int_equal(enter("192.0.2.1"), ADMIT_PERIP);
	/* Who is refused still counts in all, until it is gone. */
	assert_int_equal(admit_count(a, 0), 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(admit_leave(a, conn[i], 1), 0);
	assert_int_equal(admit_count(a, 0), 0);
	assert_int_equal(enter("192.0.2.1"), ADMIT_OK);
}

static void
an_address_is_told_once_and_by_its_worker(void **state)
{
	struct admit_ask ask = {.now = now};
	uint64_t conn = enter_behind(), other;

	(void)state;
	assert_int_equal(admit_view(a, conn), 0);
	assert_int_equal(admit_view(a, conn + 1), -1);
	assert_int_equal(admit_name(a, &set, &ask, conn, 2, &answer), -1);
	assert_int_equal(name(conn, "192.0.2.1"), ADMIT_OK);
	assert_int_equal(admit_name(a, &set, &ask, conn, 1, &answer), -1);
	assert_int_equal(enter("192.0.2.1"), ADMIT_OK);
	other = answer.conn;
	assert_int_equal(admit_name(a, &set, &ask, other, 1, &answer), -1);
	assert_int_equal(admit_login(a, conn, 1), 0);
}

static void
the_limits_in_all_hold_behind_a_balancer(void **state)
{
	struct admit_ask ask = {
	    .behind = true, .now = now, .chance = UINT32_MAX};
	uint64_t conn;

	(void)state;
	set.view[0].maxdaemons = 2;
	conn = enter_behind();
	(void)enter_behind();
	admit_enter(a, &set, &ask, &answer);
	assert_int_equal(answer.verdict, ADMIT_DAEMONS);
	set.view[0].maxdaemons = 10;
	set.maxunauth = 2;
	admit_enter(a, &set, &ask, &answer);
	assert_int_equal(answer.verdict, ADMIT_UNAUTH);
	/* A trusted one behind it counts no more. */
	assert_int_equal(value_net("10.0.0.0/8", &set.trusted[0]), 0);
	set.ntrusted = 1;
	assert_int_equal(name(conn, "10.1.1.1"), ADMIT_OK);
	assert_true(answer.trusted);
	(void)enter_behind();
	set.rate_perip = 1;
	conn = answer.conn;
	assert_int_equal(name(conn, "192.0.2.9"), ADMIT_OK);
	set.maxunauth = 10;
	assert_int_equal(name(enter_behind(), "192.0.2.9"), ADMIT_RATE);
}

static void
prefixes_are_compared_bit_by_bit(void **state)
{
	static const struct {
		const char *net, *addr;
		bool in;
	} cases[] = {{"10.0.0.0/8", "10.255.255.255", true},
	    {"10.0.0.0/8", "11.0.0.0", false},
	    {"10.128.0.0/9", "10.127.255.255", false},
	    {"10.128.0.0/9", "10.128.0.0", true},
	    {"0.0.0.0/0", "255.1.1.1", true}, {"0.0.0.0/0", "::1", false},
	    {"::/0", "10.0.0.1", true}, {"::1", "::1", true},
	    {"::1", "::2", false}, {"2001:db8::/33", "2001:db8:8000::", false},
	    {"2001:db8::/33", "2001:db8:7fff::", true}};
	struct settings_net net, addr;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(value_net(cases[i].net, &net), 0);
		assert_int_equal(value_net(cases[i].addr, &addr), 0);
		if (value_in_nets(addr.addr, &net, 1) != cases[i].in)
			fail_msg("%s in %s", cases[i].addr, cases[i].net);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(maxperip_holds_per_address_and_port),
	    TEST(a_few_more_may_take_a_parked_ones_place),
	    TEST(maxperc_holds_per_network_and_port),
	    TEST(the_access_file_has_a_maxperip_of_its_own),
	    TEST(who_leaves_makes_place),
	    TEST(only_its_worker_speaks_for_a_connection),
	    TEST(a_dead_workers_connections_are_dropped),
	    TEST(exempt_networks_have_no_maxperip),
	    TEST(an_ipv6_prefix_counts_as_one_address),
	    TEST(maxdaemons_holds_per_port),
	    TEST(unauthenticated_ones_are_limited_until_they_log_in),
	    TEST(trusted_networks_have_neither_rate_nor_unauthenticated_limit),
	    TEST(maxunauth_refuses_by_chance_from_its_half_on),
	    TEST(the_oldest_without_a_login_makes_place),
	    TEST(by_chance_the_oldest_goes_from_the_half_on),
	    TEST(the_rate_allows_a_burst_and_then_its_pace),
	    TEST(the_rate_survives_leaving),
	    TEST(refused_sockets_are_bounded),
	    TEST(behind_a_balancer_the_clients_address_counts),
	    TEST(an_address_is_told_once_and_by_its_worker),
	    TEST(the_limits_in_all_hold_behind_a_balancer),
	    TEST(one_line_a_second_tells_of_an_address),
	    TEST(many_addresses_are_forgotten_again),
	    TEST(prefixes_are_compared_bit_by_bit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
