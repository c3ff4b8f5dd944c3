/* What is kept of messages: in rows, in pieces, checked, gone with them. */
#include "t/unit/maildir_store.h"

#define COUNT 3000

static void
deliver(unsigned from, unsigned to)
{
	char path[64];
	unsigned i;

	for (i = from; i <= to; i++) {
		(void)snprintf(path, sizeof(path), "cur/%05u.x:2,", i);
		tree_write(path, "Subject: x\n\nbody\n");
	}
}

static void
sync_now(struct mailbox *mb)
{
	struct mailbox_diff diff;

	assert_int_equal(mailbox_sync(mb, true, &diff), 0);
}

/* Text of a message and kind, of a length that differs. */
static size_t
text_of(uint32_t uid, enum mailbox_kept kind, char out[4096])
{
	size_t n = (uid * 37 + (unsigned)kind * 101) % 300, at;

	at = (size_t)sprintf(out, "%u/%u/", uid, (unsigned)kind);
	for (; at < n; at++)
		out[at] = (char)('a' + at % 26);
	return at;
}

static void
keep(struct mailbox *mb, uint32_t uid, enum mailbox_kept kind)
{
	char text[4096];
	size_t n = text_of(uid, kind, text);

	mailbox_keep(mb, uid, kind, text, n);
}

static bool
has(struct mailbox *mb, uint32_t uid, enum mailbox_kept kind)
{
	char text[4096];
	size_t n = text_of(uid, kind, text), got;
	const char *p;

	if (!mailbox_kept(mb, uid, kind, &p, &got))
		return false;
	assert_int_equal(got, n);
	assert_memory_equal(p, text, n);
	return true;
}

static void
keep_all(struct mailbox *mb)
{
	uint32_t uid, kind;

	for (uid = 1; uid <= COUNT; uid++)
		for (kind = 1; kind <= MAILBOX_KEPT_KINDS; kind++)
			if (uid % (kind + 1) != 0)
				keep(mb, uid, (enum mailbox_kept)kind);
	sync_now(mb);
}

static void
all_is_found_by_walks_of_several_kinds_and_by_jumps(void **state)
{
	struct maildir *md;
	struct mailbox *mb;
	uint32_t uid, kind, i;

	(void)state;
	deliver(1, COUNT);
	md = tree_open_index();
	mb = mailbox_open(md, "", false);
	keep_all(mb);
	mailbox_close(mb);
	mb = mailbox_open(md, "", false);
	for (uid = 1; uid <= COUNT; uid++)
		for (kind = 1; kind <= MAILBOX_KEPT_KINDS; kind++)
			assert_int_equal(has(mb, uid, (enum mailbox_kept)kind),
			    uid % (kind + 1) != 0);
	for (uid = COUNT; uid > 0; uid--)
		assert_int_equal(has(mb, uid, MAILBOX_BODY), uid % 3 != 0);
	for (i = 0; i < COUNT; i++) {
		uid = i * 1237 % COUNT + 1;
		assert_int_equal(has(mb, uid, MAILBOX_ENVELOPE), uid % 2 != 0);
	}
	mailbox_close(mb);
	maildir_close(md);
}

static void
what_is_kept_meanwhile_is_found(void **state)
{
	struct maildir *md;
	struct mailbox *mb;
	uint32_t uid;

	(void)state;
	deliver(1, 100);
	md = tree_open_index();
	mb = mailbox_open(md, "", false);
	for (uid = 1; uid <= 100; uid += 2)
		keep(mb, uid, MAILBOX_SENT);
	sync_now(mb);
	for (uid = 1; uid <= 100; uid++)
		if (!has(mb, uid, MAILBOX_SENT))
			keep(mb, uid, MAILBOX_SENT);
	sync_now(mb);
	for (uid = 1; uid <= 100; uid++)
		assert_true(has(mb, uid, MAILBOX_SENT));
	mailbox_close(mb);
	maildir_close(md);
}

static void
a_text_at_its_limit_is_kept_and_a_longer_one_is_not(void **state)
{
	static char text[MAILBOX_KEPT_MAX + 1];
	struct maildir *md;
	struct mailbox *mb;
	const char *p;
	size_t n, len;

	(void)state;
	memset(text, 'x', sizeof(text));
	deliver(1, 3);
	md = tree_open_index();
	mb = mailbox_open(md, "", false);
	for (len = MAILBOX_KEPT_MAX - 1; len <= MAILBOX_KEPT_MAX + 1; len++)
		mailbox_keep(mb, (uint32_t)(len + 2 - MAILBOX_KEPT_MAX),
		    MAILBOX_HEADER, text, len);
	sync_now(mb);
	assert_true(mailbox_kept(mb, 1, MAILBOX_HEADER, &p, &n));
	assert_int_equal(n, MAILBOX_KEPT_MAX - 1);
	assert_true(mailbox_kept(mb, 2, MAILBOX_HEADER, &p, &n));
	assert_int_equal(n, MAILBOX_KEPT_MAX);
	assert_memory_equal(p, text, n);
	assert_false(mailbox_kept(mb, 3, MAILBOX_HEADER, &p, &n));
	/* Nothing is a text as well. */
	mailbox_keep(mb, 3, MAILBOX_SUBJECT, "", 0);
	sync_now(mb);
	assert_true(mailbox_kept(mb, 3, MAILBOX_SUBJECT, &p, &n));
	assert_int_equal(n, 0);
	mailbox_close(mb);
	maildir_close(md);
}

static void
an_expunged_message_takes_all_with_it(void **state)
{
	const uint32_t two = 2;
	struct maildir *md;
	struct mailbox *mb;
	bool gone = false;
	uint32_t kind;

	(void)state;
	deliver(1, 3);
	md = tree_open_index();
	mb = mailbox_open(md, "", false);
	for (kind = 1; kind <= MAILBOX_KEPT_KINDS; kind++) {
		keep(mb, 1, (enum mailbox_kept)kind);
		keep(mb, 2, (enum mailbox_kept)kind);
		keep(mb, 3, (enum mailbox_kept)kind);
	}
	sync_now(mb);
	assert_int_equal(mailbox_expunge(mb, &two, 1, &gone), 0);
	assert_true(gone);
	for (kind = 1; kind <= MAILBOX_KEPT_KINDS; kind++) {
		assert_true(has(mb, 1, (enum mailbox_kept)kind));
		assert_false(has(mb, 2, (enum mailbox_kept)kind));
		assert_true(has(mb, 3, (enum mailbox_kept)kind));
	}
	/* What comes too late is not kept of it. */
	keep(mb, 2, MAILBOX_ENVELOPE);
	sync_now(mb);
	assert_false(has(mb, 2, MAILBOX_ENVELOPE));
	mailbox_close(mb);
	maildir_close(md);
}

static void
a_lost_index_costs_what_was_kept_and_nothing_else(void **state)
{
	struct maildir *md;
	struct mailbox *mb;
	uint64_t size;

	(void)state;
	deliver(1, 2);
	md = tree_open_index();
	mb = mailbox_open(md, "", false);
	keep(mb, 1, MAILBOX_ENVELOPE);
	sync_now(mb);
	assert_true(has(mb, 1, MAILBOX_ENVELOPE));
	keep(mb, 2, MAILBOX_ENVELOPE);
	assert_int_equal(unlink(at("corkboard/index/data.mdb")), 0);
	sync_now(mb);
	mailbox_close(mb);
	mb = mailbox_open(md, "", false);
	assert_false(has(mb, 1, MAILBOX_ENVELOPE));
	assert_int_equal(mailbox_size(mb, 1, &size), 0);
	assert_int_equal(size, 20);
	keep(mb, 1, MAILBOX_ENVELOPE);
	sync_now(mb);
	assert_true(has(mb, 1, MAILBOX_ENVELOPE));
	mailbox_close(mb);
	maildir_close(md);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		all_is_found_by_walks_of_several_kinds_and_by_jumps, tree_setup,
		tree_teardown),
	    cmocka_unit_test_setup_teardown(
		what_is_kept_meanwhile_is_found, tree_setup, tree_teardown),
	    cmocka_unit_test_setup_teardown(
		a_text_at_its_limit_is_kept_and_a_longer_one_is_not, tree_setup,
		tree_teardown),
	    cmocka_unit_test_setup_teardown(
		an_expunged_message_takes_all_with_it, tree_setup,
		tree_teardown),
	    cmocka_unit_test_setup_teardown(
		a_lost_index_costs_what_was_kept_and_nothing_else, tree_setup,
		tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
