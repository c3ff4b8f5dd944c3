/* A folder of which only the counts are read, and its messages at first need.
 */
#include "t/unit/maildir_store.h"

#include <time.h>

static void
deliver(unsigned from, unsigned to)
{
	char path[64];
	unsigned i;

	for (i = from; i <= to; i++) {
		(void)snprintf(
		    path, sizeof(path), "cur/%u.x:2,%s", i, i % 2 ? "S" : "");
		tree_write(path, "Subject: x\n\nbody\n");
	}
}

/* Numbered, and looked at when the stamps are old enough. */
static void
know(struct maildir *md)
{
	struct mailbox_diff diff;
	struct mailbox *mb;

	tree_settle();
	assert_non_null(mb = mailbox_open(md, "", false));
	tree_settle();
	assert_int_equal(mailbox_sync(mb, true, &diff), 0);
	mailbox_close(mb);
}

static void
change(struct mailbox *mb, uint32_t uid, uint8_t flags)
{
	const struct mailbox_change c = {.op = MAILBOX_ADD, .flags = flags};
	bool changed;

	assert_int_equal(mailbox_store(mb, &uid, 1, &c, &changed), 0);
	assert_true(changed);
}

static void
the_counts_are_those_of_the_messages(void **state)
{
	struct maildir *md = tree_open_index();
	struct mailbox_counts few, all;
	struct mailbox *mb;

	(void)state;
	deliver(1, 9);
	know(md);
	mb = mailbox_glance(md, "", false);
	assert_false(mailbox_loaded(mb));
	mailbox_counts(mb, &few);
	assert_int_equal(few.messages, 9);
	assert_int_equal(few.unseen, 4);
	assert_int_equal(few.first_unseen, 2);
	assert_int_equal(few.recent, 0);
	assert_int_equal(mailbox_uidnext(mb), 10);
	assert_int_equal(mailbox_load(mb), 0);
	assert_true(mailbox_loaded(mb));
	mailbox_counts(mb, &all);
	assert_memory_equal(&few, &all, sizeof(all));
	mailbox_close(mb);
	maildir_close(md);
}

static void
an_own_change_leaves_it_known(void **state)
{
	struct maildir *md = tree_open_index();
	struct mailbox_counts counts;
	struct mailbox *mb, *b;

	(void)state;
	deliver(1, 9);
	know(md);
	mb = mailbox_open(md, "", false);
	change(mb, 2, MESSAGE_SEEN | MESSAGE_DELETED);
	b = mailbox_glance(md, "", false);
	assert_false(mailbox_loaded(b));
	mailbox_counts(b, &counts);
	assert_int_equal(counts.deleted, 1);
	assert_int_equal(counts.first_unseen, 4);
	assert_int_equal(mailbox_modseq(b), mailbox_modseq(mb));
	mailbox_close(b);
	mailbox_close(mb);
	maildir_close(md);
}

static void
what_was_there_then_is_told_first(void **state)
{
	const uint32_t three = 3;
	struct maildir *md = tree_open_index();
	struct mailbox *mb, *b;
	struct mailbox_diff d;
	bool gone;

	(void)state;
	deliver(1, 9);
	know(md);
	mb = mailbox_open(md, "", false);
	b = mailbox_glance(md, "", false);
	assert_int_equal(mailbox_sync(b, false, &d), 0);
	assert_int_equal(d.nadded + d.nchanged + d.nvanished, 0);
	assert_false(mailbox_loaded(b));
	change(mb, 2, MESSAGE_FLAGGED);
	assert_int_equal(mailbox_expunge(mb, &three, 1, &gone), 0);
	assert_int_equal(mailbox_load(b), 0);
	assert_int_equal(mailbox_sync(b, false, &d), 0);
	assert_int_equal(d.nchanged, 1);
	assert_int_equal(d.changed[0], 2);
	assert_int_equal(d.nvanished, 1);
	assert_int_equal(d.vanished[0], 3);
	assert_int_equal(d.nadded, 0);
	assert_int_equal(mailbox_find(b, 2)->flags, MESSAGE_FLAGGED);
	mailbox_close(b);
	mailbox_close(mb);
	maildir_close(md);
}

static void
with_the_index_lost_in_between_nothing_is_guessed(void **state)
{
	struct maildir *md = tree_open_index();
	struct mailbox *mb;

	(void)state;
	deliver(1, 9);
	know(md);
	mb = mailbox_glance(md, "", false);
	assert_int_equal(unlink(at("corkboard/index/data.mdb")), 0);
	assert_int_equal(mailbox_load(mb), 0); /* the disk says the same */
	mailbox_close(mb);
	know(md);
	mb = mailbox_glance(md, "", false);
	assert_false(mailbox_loaded(mb));
	assert_int_equal(unlink(at("corkboard/index/data.mdb")), 0);
	assert_int_equal(unlink(at("cur/5.x:2,S")), 0);
	assert_int_equal(mailbox_load(mb), -1);
	assert_int_equal(errno, ESTALE);
	mailbox_close(mb);
	maildir_close(md);
}

static void
a_stranger_is_seen(void **state)
{
	struct maildir *md = tree_open_index();
	struct mailbox_counts counts;
	struct mailbox *mb;

	(void)state;
	deliver(1, 9);
	know(md);
	assert_int_equal(rename(at("cur/2.x:2,"), at("cur/2.x:2,S")), 0);
	mb = mailbox_glance(md, "", false);
	mailbox_counts(mb, &counts);
	assert_int_equal(counts.first_unseen, 4);
	mailbox_close(mb);
	tree_write("new/77.y", "x\n\nx\n");
	mb = mailbox_glance(md, "", true);
	mailbox_counts(mb, &counts);
	assert_int_equal(counts.messages, 10);
	assert_int_equal(counts.recent, 1);
	mailbox_close(mb);
	maildir_close(md);
}

static void
a_message_filed_is_known_without_a_look(void **state)
{
	struct maildir *md = tree_open_index();
	struct mailbox_status st;
	struct mailbox *mb;
	struct mailbox_diff d;
	struct delivery *del;
	uint32_t uid, validity;

	(void)state;
	deliver(1, 9);
	know(md);
	mb = mailbox_open(md, "", true);
	del = delivery_open(md, "");
	assert_int_equal(
	    delivery_begin(del, 5, 0, MESSAGE_FLAGGED, NULL, 0), 0);
	assert_int_equal(delivery_write(del, "a\n\nb\n", 5), 0);
	assert_int_equal(delivery_end(del), 0);
	assert_int_equal(delivery_commit(del, &uid, &validity), 0);
	delivery_close(del);
	assert_int_equal(uid, 10);
	assert_int_equal(maildir_status(md, "", false, &st), 0);
	assert_int_equal(st.messages, 10);
	assert_int_equal(st.uidnext, 11);
	assert_int_equal(mailbox_sync(mb, false, &d), 0);
	assert_int_equal(d.nadded, 1);
	assert_int_equal(mailbox_find(mb, 10)->flags, MESSAGE_FLAGGED);
	mailbox_close(mb);
	maildir_close(md);
}

/* After two seconds the scan that own changes owe is due (OWED_SECONDS). */
static time_t
clock_seconds(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &t), 0);
	return t.tv_sec;
}

static void
not_loaded(const struct mailbox *mb, time_t begun)
{
	if (clock_seconds() <= begun + 1)
		assert_false(mailbox_loaded(mb));
}

static void
file_one(struct maildir *md, uint8_t flags)
{
	struct delivery *del = delivery_open(md, "");
	uint32_t uid, validity;

	assert_int_equal(delivery_begin(del, 5, 0, flags, NULL, 0), 0);
	assert_int_equal(delivery_write(del, "a\n\nb\n", 5), 0);
	assert_int_equal(delivery_end(del), 0);
	assert_int_equal(delivery_commit(del, &uid, &validity), 0);
	delivery_close(del);
}

static void
what_we_filed_is_taken_without_a_look(void **state)
{
	struct maildir *md = tree_open_index();
	struct mailbox_counts counts;
	struct mailbox_diff d;
	struct mailbox *mb;
	time_t begun;

	(void)state;
	deliver(1, 9);
	know(md);
	begun = clock_seconds();
	file_one(md, 0);
	file_one(md, MESSAGE_SEEN);
	/* Who only reads leaves \Recent to others. */
	mb = mailbox_glance(md, "", true);
	not_loaded(mb, begun);
	mailbox_counts(mb, &counts);
	assert_int_equal(counts.messages, 11);
	assert_int_equal(counts.recent, 2);
	mailbox_close(mb);
	/* Who may write has it as \Recent, alone. */
	mb = mailbox_glance(md, "", false);
	not_loaded(mb, begun);
	mailbox_counts(mb, &counts);
	assert_int_equal(counts.messages, 11);
	assert_int_equal(counts.recent, 2);
	assert_int_equal(counts.unseen, 5);
	assert_int_equal(tree_count("new", "."), 0);
	assert_int_equal(tree_count("cur", ":2,"), 11);
	assert_int_equal(mailbox_load(mb), 0);
	assert_true(mailbox_find(mb, 10)->recent);
	assert_true(mailbox_find(mb, 11)->recent);
	assert_false(mailbox_find(mb, 9)->recent);
	assert_int_equal(mailbox_find(mb, 11)->flags, MESSAGE_SEEN);
	tree_settle();
	assert_int_equal(mailbox_sync(mb, true, &d), 0);
	assert_int_equal(d.nadded + d.nchanged + d.nvanished, 0);
	mailbox_close(mb);
	mb = mailbox_glance(md, "", false);
	assert_false(mailbox_loaded(mb));
	mailbox_counts(mb, &counts);
	assert_int_equal(counts.recent, 0);
	mailbox_close(mb);
	maildir_close(md);
}

/* A stranger's beside ours; ours renamed or gone. */
static void
what_the_index_does_not_have_so_is_looked_at(void **state)
{
	struct maildir *md = tree_open_index();
	struct mailbox *mb;
	char from[400], to[500];
	size_t n;

	(void)state;
	deliver(1, 9);
	know(md);
	file_one(md, 0);
	tree_write("new/99.stranger", "A: b\n\nc\n");
	mb = mailbox_glance(md, "", false);
	assert_true(mailbox_loaded(mb));
	(void)mailbox_messages(mb, &n);
	assert_int_equal(n, 11);
	assert_true(mailbox_find(mb, 10)->recent);
	assert_true(mailbox_find(mb, 11)->recent);
	mailbox_close(mb);
	know(md);
	file_one(md, 0);
	(void)snprintf(from, sizeof(from), "cur/%s", tree_name("cur", ",S="));
	(void)snprintf(to, sizeof(to), "%sF", from);
	tree_settle();
	assert_int_equal(rename(at(from), at(to)), 0);
	mb = mailbox_glance(md, "", false);
	assert_true(mailbox_loaded(mb));
	(void)mailbox_messages(mb, &n);
	assert_int_equal(n, 12);
	assert_int_equal(unlink(at(to)), 0);
	mailbox_close(mb);
	tree_settle();
	mb = mailbox_glance(md, "", false);
	(void)mailbox_messages(mb, &n);
	assert_int_equal(n, 11);
	mailbox_close(mb);
	maildir_close(md);
}

static uint32_t
recent_of(struct maildir *md, bool readonly)
{
	struct mailbox *mb = mailbox_glance(md, "", readonly);
	struct mailbox_counts counts;

	assert_non_null(mb);
	mailbox_counts(mb, &counts);
	mailbox_close(mb);
	return counts.recent;
}

/* A picture, a glance and STATUS, ours and a stranger's, with and without. */
static void
recent_is_for_one_alone(void **state)
{
	struct maildir *md = tree_open_index();
	struct mailbox *open, *other;
	struct mailbox_status st;
	struct mailbox_diff d;

	(void)state;
	deliver(1, 3);
	know(md);
	/* Two that have it open: who looks first. */
	open = mailbox_open(md, "", false);
	other = mailbox_open(md, "", false);
	file_one(md, 0);
	tree_write("new/98.stranger", "A: b\n\nc\n");
	assert_int_equal(maildir_status(md, "", false, &st), 0);
	assert_int_equal(st.recent, 2);
	assert_int_equal(mailbox_sync(open, false, &d), 0);
	assert_int_equal(d.nadded, 2);
	assert_true(mailbox_find(open, 4)->recent);
	assert_true(mailbox_find(open, 5)->recent);
	assert_int_equal(mailbox_sync(other, false, &d), 0);
	assert_int_equal(d.nadded, 2);
	assert_false(mailbox_find(other, 4)->recent);
	assert_false(mailbox_find(other, 5)->recent);
	assert_int_equal(recent_of(md, true), 0);
	/* Nobody has it open: any number of readers, then the first writer. */
	mailbox_close(open);
	know(md);
	file_one(md, 0);
	file_one(md, 0);
	assert_int_equal(recent_of(md, true), 2);
	assert_int_equal(recent_of(md, true), 2);
	assert_int_equal(recent_of(md, false), 2);
	assert_int_equal(recent_of(md, false), 0);
	assert_int_equal(recent_of(md, true), 0);
	assert_int_equal(mailbox_sync(other, false, &d), 0);
	assert_false(mailbox_find(other, 7)->recent);
	mailbox_close(other);
	maildir_close(md);
}

/* A session that changes flags has not looked: it takes nothing, loses none. */
static void
what_was_claimed_stays_claimed(void **state)
{
	struct maildir *md = tree_open_index();
	struct mailbox_diff d;
	struct mailbox *mb;
	uint32_t uid = 5;
	bool gone;

	(void)state;
	deliver(1, 3);
	know(md);
	mb = mailbox_open(md, "", false);
	file_one(md, 0);
	change(mb, 1, MESSAGE_FLAGGED);
	assert_int_equal(recent_of(md, true), 1);
	assert_int_equal(recent_of(md, false), 1);
	change(mb, 2, MESSAGE_FLAGGED);
	assert_int_equal(recent_of(md, false), 0);
	assert_int_equal(mailbox_sync(mb, true, &d), 0);
	assert_int_equal(d.nadded, 1);
	assert_false(mailbox_find(mb, 4)->recent);
	/* Gone before anybody was told of it: it counts no more. */
	file_one(md, 0);
	file_one(md, 0);
	change(mb, 3, MESSAGE_FLAGGED);
	assert_int_equal(recent_of(md, true), 2);
	assert_int_equal(mailbox_expunge(mb, &uid, 1, &gone), 0);
	assert_true(gone);
	assert_int_equal(recent_of(md, true), 1);
	assert_int_equal(mailbox_sync(mb, false, &d), 0);
	assert_true(mailbox_find(mb, 6)->recent);
	assert_int_equal(recent_of(md, true), 0);
	mailbox_close(mb);
	maildir_close(md);
}

static void
without_an_index_nothing_old_is_recent(void **state)
{
	struct maildir *md = tree_open(false);
	struct mailbox *mb, *other;
	struct mailbox_diff d;

	(void)state;
	deliver(1, 3);
	know(md);
	mb = mailbox_open(md, "", false);
	other = mailbox_open(md, "", false);
	file_one(md, 0);
	assert_int_equal(mailbox_sync(mb, false, &d), 0);
	assert_int_equal(d.nadded, 1);
	assert_false(mailbox_find(mb, 4)->recent);
	tree_write("new/98.stranger", "A: b\n\nc\n");
	assert_int_equal(mailbox_sync(mb, false, &d), 0);
	assert_true(mailbox_find(mb, 5)->recent);
	assert_int_equal(mailbox_sync(other, false, &d), 0);
	assert_int_equal(d.nadded, 2);
	assert_false(mailbox_find(other, 5)->recent);
	mailbox_close(other);
	mailbox_close(mb);
	maildir_close(md);
	/* The index comes: all is old. */
	md = tree_open_index();
	assert_int_equal(recent_of(md, true), 0);
	file_one(md, 0);
	assert_int_equal(recent_of(md, true), 1);
	assert_int_equal(recent_of(md, false), 1);
	maildir_close(md);
}

static void
sizes_are_summed_without_a_look(void **state)
{
	struct maildir *md = tree_open_index();
	struct mailbox_status st;
	struct mailbox *mb;
	uint64_t size, sum = 0;
	uint32_t uid;

	(void)state;
	deliver(1, 9);
	know(md);
	mb = mailbox_open(md, "", false);
	for (uid = 1; uid <= 9; uid++) {
		assert_int_equal(mailbox_size(mb, uid, &size), 0);
		sum += size;
	}
	mailbox_close(mb);
	/* From what is kept: no file is read any more. */
	tree_write("cur/1.x:2,S", "");
	assert_int_equal(maildir_status(md, "", true, &st), 0);
	assert_int_equal(st.size, sum);
	file_one(md, 0);
	assert_int_equal(maildir_status(md, "", true, &st), 0);
	assert_int_equal(st.messages, 10);
	assert_int_equal(st.size, sum + 8);
	assert_int_equal(maildir_status(md, "", true, &st), 0);
	assert_int_equal(st.size, sum + 8);
	maildir_close(md);
}

static void
a_lost_uid_file_is_written_from_the_index(void **state)
{
	struct maildir *md = tree_open_index();
	uint32_t validity, next;
	struct mailbox *mb;
	const uint32_t nine = 9;
	bool gone;
	size_t n;

	(void)state;
	deliver(1, 9);
	know(md);
	mb = mailbox_open(md, "", false);
	assert_int_equal(mailbox_expunge(mb, &nine, 1, &gone), 0);
	validity = mailbox_uidvalidity(mb);
	next = mailbox_uidnext(mb);
	mailbox_close(mb);
	assert_int_equal(unlink(at("courierimapuiddb")), 0);
	mb = mailbox_open(md, "", false);
	assert_int_equal(mailbox_uidvalidity(mb), validity);
	assert_int_equal(mailbox_uidnext(mb), next);
	(void)mailbox_messages(mb, &n);
	assert_int_equal(n, 8);
	assert_int_equal(mailbox_find(mb, 7)->uid, 7);
	mailbox_close(mb);
	/* And now the other way round. */
	assert_int_equal(unlink(at("corkboard/index/data.mdb")), 0);
	mb = mailbox_open(md, "", false);
	assert_int_equal(mailbox_uidvalidity(mb), validity);
	assert_int_equal(mailbox_uidnext(mb), next);
	mailbox_close(mb);
	maildir_close(md);
}

/* Nor does mail that is filed there first begin another one. */
static void
mail_that_comes_without_a_uid_file_changes_no_uid(void **state)
{
	struct maildir *md = tree_open_index();
	uint32_t validity;
	struct mailbox *mb;
	size_t n;

	(void)state;
	deliver(1, 9);
	know(md);
	mb = mailbox_open(md, "", false);
	validity = mailbox_uidvalidity(mb);
	mailbox_close(mb);
	assert_int_equal(unlink(at("courierimapuiddb")), 0);
	file_one(md, 0);
	mb = mailbox_open(md, "", false);
	assert_int_equal(mailbox_uidvalidity(mb), validity);
	(void)mailbox_messages(mb, &n);
	assert_int_equal(n, 10);
	assert_non_null(mailbox_find(mb, 10));
	mailbox_close(mb);
	/* One that makes no sense is set aside for it. */
	tree_write("courierimapuiddb", "garbage\n");
	file_one(md, 0);
	mb = mailbox_open(md, "", false);
	assert_int_equal(mailbox_uidvalidity(mb), validity);
	assert_int_equal(mailbox_uidnext(mb), 12);
	assert_non_null(mailbox_find(mb, 9));
	assert_int_equal(tree_count("", "courierimapuiddb.broken."), 1);
	mailbox_close(mb);
	maildir_close(md);
}

/* A backup came back: what it lacks has its UIDs in the index. */
static void
an_older_uid_file_takes_no_uid_away(void **state)
{
	struct maildir *md = tree_open_index();
	char old[4096];
	struct mailbox *mb;

	(void)state;
	deliver(1, 4);
	know(md);
	(void)snprintf(old, sizeof(old), "%s", tree_read("courierimapuiddb"));
	deliver(5, 9);
	know(md);
	assert_int_equal(unlink(at("courierimapuiddb")), 0);
	tree_write("courierimapuiddb", old);
	mb = mailbox_open(md, "", false);
	assert_int_equal(mailbox_uidnext(mb), 10);
	assert_non_null(mailbox_find(mb, 8));
	mailbox_close(mb);
	assert_non_null(strstr(tree_read("courierimapuiddb"), "\n8 8.x\n"));
	maildir_close(md);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, tree_setup, tree_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(the_counts_are_those_of_the_messages),
	    TEST(an_own_change_leaves_it_known),
	    TEST(what_was_there_then_is_told_first),
	    TEST(with_the_index_lost_in_between_nothing_is_guessed),
	    TEST(a_stranger_is_seen),
	    TEST(a_message_filed_is_known_without_a_look),
	    TEST(what_we_filed_is_taken_without_a_look),
	    TEST(what_the_index_does_not_have_so_is_looked_at),
	    TEST(recent_is_for_one_alone),
	    TEST(what_was_claimed_stays_claimed),
	    TEST(without_an_index_nothing_old_is_recent),
	    TEST(sizes_are_summed_without_a_look),
	    TEST(a_lost_uid_file_is_written_from_the_index),
	    TEST(mail_that_comes_without_a_uid_file_changes_no_uid),
	    TEST(an_older_uid_file_takes_no_uid_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
