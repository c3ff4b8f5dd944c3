/* Tickets: what was sealed comes out, and nothing else ever does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "auth/ticket.h"

static const uint8_t key[TICKET_KEY] = "a key of thirty-two bytes.......";

static struct ticket
sample(void)
{
	struct ticket t;

	memset(&t, 0, sizeof(t));
	strcpy(t.owner.user, "anna@example.com");
	t.owner.uid = 1000;
	t.owner.gid = 100;
	t.owner.ngroups = 3;
	t.owner.groups[0] = 100;
	t.owner.groups[2] = 4294967294u;
	strcpy(t.owner.home, "/home/anna");
	strcpy(t.owner.maildir, "/home/anna/Maildir");
	strcpy(t.owner.options, "disableinsecureimap=1");
	t.time = 1700000000;
	t.serial = 0x0123456789abcdefu;
	t.worker = 31;
	t.incarnation = 77;
	t.conn = 0xfedcba9876543210u;
	return t;
}

static void
what_was_sealed_comes_out(void **state)
{
	struct ticket in = sample(), out;
	uint8_t sealed[TICKET_MAX];
	size_t len = ticket_seal(&in, key, sealed, sizeof(sealed));

	(void)state;
	assert_true(len > 0 && len <= TICKET_MAX);
	memset(&out, 0xff, sizeof(out));
	assert_int_equal(ticket_open(sealed, len, key, &out), 0);
	assert_memory_equal(&in, &out, sizeof(in));
}

static void
the_largest_owner_fits_and_one_more_is_refused(void **state)
{
	struct ticket in = sample(), out;
	uint8_t sealed[TICKET_MAX];
	size_t len;

	(void)state;
	memset(in.owner.user, 'u', sizeof(in.owner.user) - 1);
	memset(in.owner.home, 'h', sizeof(in.owner.home) - 1);
	memset(in.owner.maildir, 'm', sizeof(in.owner.maildir) - 1);
	memset(in.owner.options, 'o', sizeof(in.owner.options) - 1);
	in.owner.ngroups = TICKET_GROUPS;
	len = ticket_seal(&in, key, sealed, sizeof(sealed));
	assert_true(len > 0);
	assert_int_equal(ticket_open(sealed, len, key, &out), 0);
	assert_int_equal(ticket_seal(&in, key, sealed, len), len);
	assert_int_equal(ticket_seal(&in, key, sealed, len - 1), 0);
	assert_int_equal(ticket_seal(&in, key, sealed, 0), 0);
	in.owner.ngroups = TICKET_GROUPS + 1;
	assert_int_equal(ticket_seal(&in, key, sealed, sizeof(sealed)), 0);
	in.owner.ngroups = 0;
	in.owner.home[sizeof(in.owner.home) - 1] = 'h'; /* not terminated */
	assert_int_equal(ticket_seal(&in, key, sealed, sizeof(sealed)), 0);
}

static void
no_single_bit_can_be_changed(void **state)
{
	struct ticket in = sample(), out, untouched;
	uint8_t sealed[TICKET_MAX];
	size_t len = ticket_seal(&in, key, sealed, sizeof(sealed));

	(void)state;
	memset(&out, 0x5a, sizeof(out));
	untouched = out;
	for (size_t bit = 0; bit < len * 8; bit++) {
		sealed[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		if (ticket_open(sealed, len, key, &out) != -1)
			fail_msg("bit %zu was not missed", bit);
		sealed[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
	assert_memory_equal(&out, &untouched, sizeof(out));
	assert_int_equal(ticket_open(sealed, len, key, &out), 0);
}

static void
no_length_but_its_own_is_taken(void **state)
{
	struct ticket in = sample(), out;
	uint8_t sealed[TICKET_MAX + 1] = {0};
	uint8_t account[16];
	size_t len = ticket_seal(&in, key, sealed, sizeof(sealed));

	(void)state;
	for (size_t n = 0; n <= sizeof(sealed); n++) {
		if (n == len)
			continue;
		assert_int_equal(ticket_open(sealed, n, key, &out), -1);
		assert_int_equal(ticket_account(sealed, n, account), -1);
	}
}

static void
another_key_opens_nothing(void **state)
{
	struct ticket in = sample(), out;
	uint8_t sealed[TICKET_MAX], other[TICKET_KEY];
	size_t len = ticket_seal(&in, key, sealed, sizeof(sealed));

	(void)state;
	for (unsigned bit = 0; bit < TICKET_KEY * 8; bit++) {
		memcpy(other, key, sizeof(other));
		other[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		assert_int_equal(ticket_open(sealed, len, other, &out), -1);
	}
}

static void
the_account_is_the_owner_and_nothing_else(void **state)
{
	struct ticket t = sample(), u = sample();
	uint8_t sealed[TICKET_MAX], a[16], b[16];
	size_t len;

	(void)state;
	/* What lies behind a terminator is no part of a text. */
	memset(t.owner.home + 20, 'x', 50);
	len = ticket_seal(&t, key, sealed, sizeof(sealed));
	assert_int_equal(ticket_account(sealed, len, a), 0);
	ticket_owner_account(&u.owner, b);
	assert_memory_equal(a, b, 16);
	u.conn++, u.serial++, u.time++, u.worker++, u.incarnation++;
	len = ticket_seal(&u, key, sealed, sizeof(sealed));
	assert_int_equal(ticket_account(sealed, len, b), 0);
	assert_memory_equal(a, b, 16);

	u.owner.uid++;
	ticket_owner_account(&u.owner, b);
	assert_memory_not_equal(a, b, 16);
	u = sample();
	u.owner.ngroups--;
	ticket_owner_account(&u.owner, b);
	assert_memory_not_equal(a, b, 16);
	u = sample();
	u.owner.options[0] = 'D';
	ticket_owner_account(&u.owner, b);
	assert_memory_not_equal(a, b, 16);
	/* Text cannot move from one field into the next. */
	u = sample();
	strcpy(u.owner.home, "/home/anna/home/anna");
	strcpy(u.owner.maildir, "/Maildir");
	ticket_owner_account(&u.owner, b);
	assert_memory_not_equal(a, b, 16);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_sealed_comes_out),
	    cmocka_unit_test(the_largest_owner_fits_and_one_more_is_refused),
	    cmocka_unit_test(no_single_bit_can_be_changed),
	    cmocka_unit_test(no_length_but_its_own_is_taken),
	    cmocka_unit_test(another_key_opens_nothing),
	    cmocka_unit_test(the_account_is_the_owner_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
