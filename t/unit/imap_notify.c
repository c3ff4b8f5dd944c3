/* The state of a parked client with NOTIFY: printed, parsed, refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/imap/notify.h"

static const struct settings set = {.namespace_prefix = 1};
static const char text[] =
    " SET (SELECTED (MessageNew (FLAGS) MessageExpunge)) (PERSONAL (MessageNew "
    "MessageExpunge FlagChange MailboxName SubscriptionChange))";

/* INBOX, and so many more. */
static struct notify *
make(size_t n)
{
	struct notify *y = notify_new(text, sizeof(text) - 1);
	char name[64];

	assert_non_null(y);
	y->boxes = calloc(n + 2, sizeof(*y->boxes));
	for (y->n = 0; y->n <= n; y->n++) {
		struct notify_box *b = &y->boxes[y->n];

		(void)snprintf(name, sizeof(name),
		    y->n == 0 ? "INBOX" : "INBOX.n%04zu", y->n);
		b->name = strdup(name);
		b->folder = strdup(y->n == 0 ? "" : name + 6);
		b->dev = 9;
		b->ino = 1000 + y->n;
		b->stamp = UINT64_MAX - b->ino;
		b->young = y->n % 2;
		b->subscribed = y->n % 2;
		b->children = y->n == 0;
		b->told = (struct mailbox_status){.uidvalidity = 77,
		    .uidnext = 5,
		    .messages = 4,
		    .unseen = 3,
		    .deleted = 1,
		    .modseq = UINT64_C(1) << 52};
	}
	return y;
}

static void
what_is_printed_comes_back(void **state)
{
	struct notify *y = make(4), *back;
	struct buf a, b;

	(void)state;
	for (size_t i = 2; i <= 3; i++) { /* not there; 3: only subscribed */
		free(y->boxes[i].folder);
		y->boxes[i].folder = NULL;
	}
	buf_init(&a, NOTIFY_STATE_MAX);
	buf_init(&b, NOTIFY_STATE_MAX);
	assert_int_equal(notify_print(y, &a), 0);
	back = notify_parse(&set, (const uint8_t *)a.p, a.n);
	assert_non_null(back);
	assert_int_equal(back->n, 5);
	assert_int_equal(back->set.n, 2);
	assert_string_equal(back->boxes[1].folder, "n0001");
	assert_string_equal(back->boxes[0].folder, "");
	assert_null(back->boxes[2].folder);
	assert_true(back->boxes[3].folder == NULL && back->boxes[3].subscribed);
	assert_true(back->boxes[1].subscribed && back->boxes[1].young);
	assert_false(back->boxes[2].subscribed || back->boxes[2].young);
	assert_int_equal(back->boxes[1].stamp, UINT64_MAX - 1001);
	assert_int_equal(back->boxes[4].ino, 1004);
	assert_memory_equal(
	    &back->boxes[4].told, &y->boxes[4].told, sizeof(y->boxes[4].told));
	assert_int_equal(notify_print(back, &b), 0);
	assert_int_equal(a.n, b.n);
	assert_memory_equal(a.p, b.p, a.n);
	buf_done(&a);
	buf_done(&b);
	notify_drop(y);
	notify_drop(back);
}

static void
none_is_a_state_too(void **state)
{
	struct notify *y = notify_new(" NONE", 5), *back;
	struct buf a;

	(void)state;
	buf_init(&a, NOTIFY_STATE_MAX);
	assert_int_equal(notify_print(y, &a), 0);
	back = notify_parse(&set, (const uint8_t *)a.p, a.n);
	assert_non_null(back);
	assert_false(back->set.set);
	notify_drop(y);
	notify_drop(back);
	buf_done(&a);
}

/* As many mailboxes as fit; one more and the client keeps its session. */
static void
a_state_that_is_too_large_is_not_parked(void **state)
{
	struct buf a;
	size_t n = 0;
	int r;

	(void)state;
	do {
		struct notify *y = make(++n);

		buf_init(&a, 2 * NOTIFY_STATE_MAX);
		r = notify_print(y, &a);
		assert_int_equal(r == 0, a.n <= NOTIFY_STATE_MAX);
		buf_done(&a);
		notify_drop(y);
	} while (r == 0);
	assert_true(n > 500 && n < 1000);
}

/* Cut anywhere, longer, or with any byte another: refused, or another state. */
static void
a_broken_state_is_refused(void **state)
{
	struct notify *y = make(3), *back;
	struct buf a;
	uint8_t copy[NOTIFY_STATE_MAX + 1];
	size_t refused = 0;

	(void)state;
	buf_init(&a, NOTIFY_STATE_MAX);
	assert_int_equal(notify_print(y, &a), 0);
	for (size_t n = 0; n < a.n; n++)
		assert_null(notify_parse(&set, (const uint8_t *)a.p, n));
	memcpy(copy, a.p, a.n);
	copy[a.n] = 0;
	assert_null(notify_parse(&set, copy, a.n + 1));
	for (size_t i = 0; i < a.n; i++)
		for (int bit = 0; bit < 8; bit++) {
			copy[i] ^= (uint8_t)(1 << bit);
			back = notify_parse(&set, copy, a.n);
			refused += back == NULL;
			notify_drop(back);
			copy[i] ^= (uint8_t)(1 << bit);
		}
	assert_true(refused > 100);
	copy[0] = 2; /* another version */
	assert_null(notify_parse(&set, copy, a.n));
	buf_done(&a);
	notify_drop(y);
}

static void
names_must_rise(void **state)
{
	struct notify *y = make(2);
	struct buf a;
	char *name;

	(void)state;
	name = y->boxes[1].name;
	y->boxes[1].name = y->boxes[2].name;
	y->boxes[2].name = name;
	buf_init(&a, NOTIFY_STATE_MAX);
	assert_int_equal(notify_print(y, &a), 0);
	assert_null(notify_parse(&set, (const uint8_t *)a.p, a.n));
	buf_done(&a);
	notify_drop(y);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_printed_comes_back),
	    cmocka_unit_test(none_is_a_state_too),
	    cmocka_unit_test(a_state_that_is_too_large_is_not_parked),
	    cmocka_unit_test(a_broken_state_is_refused),
	    cmocka_unit_test(names_must_rise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
