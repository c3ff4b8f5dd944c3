/* Change numbers and tombstones: RFC 7162, and what losing the index costs. */
#include "t/unit/maildir_store.h"

#include <signal.h>
#include <sys/wait.h>

static void
deliver(unsigned from, unsigned to)
{
	char path[64];
	unsigned i;

	for (i = from; i <= to; i++) {
		(void)snprintf(path, sizeof(path), "cur/%u.x:2,", i);
		tree_write(path, "Subject: x\n\nbody\n");
	}
}

static uint64_t
modseq_of(struct mailbox *mb, uint32_t uid)
{
	const struct message *m = mailbox_find(mb, uid);

	return m == NULL ? 0 : m->modseq;
}

static void
sync_now(struct mailbox *mb)
{
	struct mailbox_diff diff;

	assert_int_equal(mailbox_sync(mb, true, &diff), 0);
}

static uint64_t
read_mark(void)
{
	return strtoull(tree_read("corkboard/modseq"), NULL, 10);
}

static void
no_notice(struct maildir *md)
{
	const char *text = maildir_notice(md);

	if (text != NULL)
		fail_msg("%s", text);
}

static void
store_one(struct mailbox *mb, uint32_t uid, enum mailbox_op op, uint8_t flags)
{
	const struct mailbox_change change = {.op = op, .flags = flags};
	bool changed;

	assert_int_equal(mailbox_store(mb, &uid, 1, &change, &changed), 0);
}

static void
a_change_gives_the_message_and_the_folder_a_higher_number(void **state)
{
	struct maildir *md;
	struct mailbox *mb;
	uint64_t first, second;

	(void)state;
	deliver(1, 3);
	tree_settle();
	md = tree_open_index();
	mb = mailbox_open(md, "", false);
	first = mailbox_modseq(mb);
	no_notice(md);
	assert_true(first > 0);
	assert_int_equal(modseq_of(mb, 1), first);
	store_one(mb, 2, MAILBOX_ADD, MESSAGE_SEEN);
	second = mailbox_modseq(mb);
	assert_true(second > first);
	assert_int_equal(modseq_of(mb, 1), first);
	assert_int_equal(modseq_of(mb, 2), second);
	assert_int_equal(modseq_of(mb, 3), first);
	/* Nothing changes, no number is given. */
	store_one(mb, 2, MAILBOX_ADD, MESSAGE_SEEN);
	assert_int_equal(mailbox_modseq(mb), second);
	sync_now(mb);
	assert_int_equal(mailbox_modseq(mb), second);
	mailbox_close(mb);
	maildir_close(md);
	md = tree_open_index();
	mb = mailbox_open(md, "", false);
	assert_int_equal(mailbox_modseq(mb), second);
	assert_int_equal(modseq_of(mb, 1), first);
	assert_int_equal(modseq_of(mb, 2), second);
	assert_true(read_mark() >= second);
	mailbox_close(mb);
	maildir_close(md);
}

static void
what_strangers_did_gets_numbers_too(void **state)
{
	struct maildir *md;
	struct mailbox *mb;
	const uint32_t *uids;
	uint64_t first, h;
	size_t n;

	(void)state;
	deliver(1, 4);
	tree_settle();
	md = tree_open_index();
	mb = mailbox_open(md, "", false);
	first = mailbox_modseq(mb);
	assert_int_equal(rename(at("cur/2.x:2,"), at("cur/2.x:2,S")), 0);
	assert_int_equal(unlink(at("cur/3.x:2,")), 0);
	deliver(5, 5);
	tree_settle();
	sync_now(mb);
	tree_settle();
	sync_now(mb);
	h = mailbox_modseq(mb);
	assert_true(h > first);
	assert_int_equal(modseq_of(mb, 1), first);
	assert_true(modseq_of(mb, 2) > first);
	assert_true(modseq_of(mb, 5) > first);
	assert_int_equal(mailbox_vanished_since(mb, first, &uids, &n), 1);
	assert_int_equal(n, 1);
	assert_int_equal(uids[0], 3);
	assert_int_equal(mailbox_vanished_since(mb, h, &uids, &n), 1);
	assert_int_equal(n, 0);
	assert_int_equal(mailbox_vanished_since(mb, first - 1, &uids, &n), 0);
	mailbox_close(mb);
	maildir_close(md);
}

static void
keywords_count_as_changes(void **state)
{
	const char *const names[] = {"$Work", "Later"};
	const struct mailbox_change change = {
	    .op = MAILBOX_ADD, .keywords = names, .nkeywords = 2};
	struct maildir *md, *other;
	struct mailbox *mb, *mb2;
	uint32_t uid = 1;
	uint64_t first, h;
	bool changed;

	(void)state;
	deliver(1, 2);
	tree_settle();
	md = tree_open_index();
	mb = mailbox_open(md, "", false);
	first = mailbox_modseq(mb);
	assert_int_equal(mailbox_store(mb, &uid, 1, &change, &changed), 0);
	h = mailbox_modseq(mb);
	assert_true(h > first && modseq_of(mb, 1) == h);
	/* Another session numbers its keywords otherwise. */
	other = tree_open_index();
	mb2 = mailbox_open(other, "", false);
	assert_int_equal(mailbox_modseq(mb2), h);
	assert_int_equal(modseq_of(mb2, 1), h);
	mailbox_close(mb2);
	maildir_close(other);
	mailbox_close(mb);
	maildir_close(md);
}

static void
expunged_uids_are_remembered(void **state)
{
	const uint32_t uids[] = {2, 4, 5};
	const uint32_t *past;
	struct maildir *md;
	struct mailbox *mb;
	uint64_t first;
	bool gone[3];
	size_t n;

	(void)state;
	deliver(1, 6);
	tree_settle();
	md = tree_open_index();
	mb = mailbox_open(md, "", false);
	first = mailbox_modseq(mb);
	assert_int_equal(mailbox_expunge(mb, uids, 3, gone), 0);
	assert_true(mailbox_modseq(mb) > first);
	assert_int_equal(mailbox_vanished_since(mb, first, &past, &n), 1);
	assert_int_equal(n, 3);
	assert_memory_equal(past, uids, sizeof(uids));
	mailbox_close(mb);
	mb = mailbox_open(md, "", true);
	assert_int_equal(mailbox_vanished_since(mb, first, &past, &n), 1);
	assert_int_equal(n, 3);
	mailbox_close(mb);
	maildir_close(md);
}

static void
unchangedsince_leaves_what_was_changed(void **state)
{
	const uint32_t uids[] = {1, 2, 3};
	bool failed[3], changed[3];
	struct mailbox_diff diff;
	struct mailbox_change change = {
	    .op = MAILBOX_ADD, .flags = MESSAGE_FLAGGED, .failed = failed};
	struct maildir *md;
	struct mailbox *mb;

	(void)state;
	deliver(1, 3);
	tree_settle();
	md = tree_open_index();
	mb = mailbox_open(md, "", false);
	change.unchangedsince = mailbox_modseq(mb);
	store_one(mb, 1, MAILBOX_ADD, MESSAGE_SEEN);
	/* A stranger's, not seen yet. */
	assert_int_equal(rename(at("cur/3.x:2,"), at("cur/3.x:2,R")), 0);
	assert_int_equal(mailbox_store(mb, uids, 3, &change, changed), 0);
	assert_true(failed[0] && !failed[1] && failed[2]);
	assert_true(!changed[0] && changed[1] && !changed[2]);
	assert_int_equal(mailbox_find(mb, 1)->flags, MESSAGE_SEEN);
	assert_int_equal(mailbox_find(mb, 2)->flags, MESSAGE_FLAGGED);
	/* What its look found is to be told first. */
	assert_int_equal(mailbox_sync(mb, false, &diff), 0);
	assert_int_equal(diff.nchanged, 1);
	change.unchangedsince = mailbox_modseq(mb);
	assert_int_equal(mailbox_store(mb, uids, 3, &change, changed), 0);
	assert_true(!failed[0] && !failed[1] && !failed[2]);
	change.unchangedsince = 0;
	assert_int_equal(mailbox_store(mb, uids, 3, &change, changed), 0);
	assert_true(failed[0] && failed[1] && failed[2]);
	mailbox_close(mb);
	maildir_close(md);
}

static void
another_session_is_followed(void **state)
{
	struct maildir *a = NULL, *b = NULL;
	struct mailbox *mba, *mbb;
	struct mailbox_diff diff;
	uint64_t h;
	int i;

	(void)state;
	deliver(1, 2);
	tree_settle();
	a = tree_open_index();
	b = tree_open_index();
	mba = mailbox_open(a, "", false);
	mbb = mailbox_open(b, "", false);
	assert_int_equal(mailbox_modseq(mba), mailbox_modseq(mbb));
	for (i = 0; i < 20; i++) {
		/* Own change of b, then a's in the same tick of stamps. */
		store_one(mbb, 2, i % 2 ? MAILBOX_REMOVE : MAILBOX_ADD,
		    MESSAGE_FLAGGED);
		store_one(
		    mba, 1, i % 2 ? MAILBOX_REMOVE : MAILBOX_ADD, MESSAGE_SEEN);
		h = modseq_of(mba, 1);
		/* Its store took over what b had done before. */
		assert_int_equal(
		    mailbox_find(mba, 2)->flags, i % 2 ? 0 : MESSAGE_FLAGGED);
		/* Not told yet, so it is not said to be known. */
		assert_true(mailbox_modseq(mba) < h);
		assert_int_equal(mailbox_sync(mba, false, &diff), 0);
		assert_int_equal(diff.nchanged, 1);
		assert_int_equal(mailbox_modseq(mba), h);
		assert_int_equal(mailbox_sync(mbb, false, &diff), 0);
		assert_int_equal(diff.nchanged, 1);
		assert_int_equal(mailbox_modseq(mbb), h);
		assert_int_equal(modseq_of(mbb, 1), h);
	}
	mailbox_close(mba);
	mailbox_close(mbb);
	maildir_close(a);
	maildir_close(b);
}

/* ---- losing the index ---- */

static void
spoil_remove(void)
{
	(void)unlink(at("corkboard/index/data.mdb"));
	(void)unlink(at("corkboard/index/lock.mdb"));
	(void)rmdir(at("corkboard/index"));
}

static void
spoil_data(void)
{
	(void)unlink(at("corkboard/index/data.mdb"));
}

static void
spoil_lock(void)
{
	(void)unlink(at("corkboard/index/lock.mdb"));
}

static void
spoil_cut(void)
{
	(void)!truncate(at("corkboard/index/data.mdb"), 8192);
}

static void
spoil_empty(void)
{
	(void)!truncate(at("corkboard/index/data.mdb"), 0);
}

static void
spoil_garbage(void)
{
	unsigned char junk[4096];
	int fd = open(at("corkboard/index/data.mdb"), O_WRONLY), i, j;
	struct stat st;

	if (fd == -1 || fstat(fd, &st) == -1)
		return;
	for (i = 0; i * 4096 < st.st_size; i++) {
		for (j = 0; j < 4096; j++)
			junk[j] = (unsigned char)(i * 31 + j * 7 + j / 13);
		(void)!pwrite(fd, junk, sizeof(junk), (off_t)i * 4096);
	}
	(void)close(fd);
}

static void
spoil_bits(void)
{
	int fd = open(at("corkboard/index/data.mdb"), O_RDWR), i;
	struct stat st;
	unsigned char c;

	if (fd == -1 || fstat(fd, &st) == -1)
		return;
	for (i = 8192 + 300; i < st.st_size; i += 997) {
		(void)!pread(fd, &c, 1, i);
		c ^= 0x10;
		(void)!pwrite(fd, &c, 1, i);
	}
	(void)close(fd);
}

static void
spoil_copy(void)
{
	char cmd[1400];

	(void)snprintf(cmd, sizeof(cmd),
	    "cd %s/corkboard/index && cp data.mdb c && mv c data.mdb", tree);
	assert_int_equal(system(cmd), 0);
}

static void (*const spoil[])(void) = {spoil_remove, spoil_data, spoil_lock,
    spoil_cut, spoil_empty, spoil_garbage, spoil_bits, spoil_copy};

#define SPOILS (sizeof(spoil) / sizeof(spoil[0]))

/* With the folder open all the time, and with it opened anew. */
static void
lose(size_t how, bool reopen)
{
	struct maildir *md = tree_open_index();
	struct mailbox *mb = mailbox_open(md, "", false);
	const struct message *m;
	uint64_t before, told = 0;
	uint32_t validity;
	size_t i, n;

	assert_non_null(mb);
	validity = mailbox_uidvalidity(mb);
	store_one(mb, 1, MAILBOX_REPLACE, MESSAGE_FLAGGED);
	before = mailbox_modseq(mb);
	spoil[how]();
	if (reopen) {
		mailbox_close(mb);
		maildir_close(md);
		md = tree_open_index();
		mb = mailbox_open(md, "", false);
	}
	for (i = 0; i < 4; i++) {
		store_one(mb, 2, i % 2 ? MAILBOX_REMOVE : MAILBOX_ADD,
		    MESSAGE_ANSWERED);
		/* Either no numbers for the moment, or higher ones. */
		if (modseq_of(mb, 2) != 0) {
			if (modseq_of(mb, 2) <= before)
				fail_msg(
				    "spoil %zu: the number went back", how);
			told = modseq_of(mb, 2);
		}
		if (mailbox_modseq(mb) != 0)
			assert_true(mailbox_modseq(mb) >= before);
		sync_now(mb);
	}
	if (told == 0 || mailbox_modseq(mb) == 0)
		fail_msg("spoil %zu: no numbers any more", how);
	m = mailbox_messages(mb, &n);
	assert_int_equal(n, 300);
	for (i = 0; i < n; i++)
		assert_int_equal(m[i].uid, i + 1);
	assert_int_equal(m[0].flags, MESSAGE_FLAGGED);
	assert_int_equal(mailbox_uidvalidity(mb), validity);
	mailbox_close(mb);
	maildir_close(md);
}

static void
a_lost_index_changes_nothing_and_no_number_goes_back(void **state)
{
	size_t how;

	(void)state;
	deliver(1, 300);
	tree_settle();
	for (how = 0; how < SPOILS; how++) {
		lose(how, true);
		lose(how, false);
	}
}

/* An older UID file is put back: what was given since is not given again. */
static void
an_older_list_is_continued_above_what_is_remembered(void **state)
{
	struct maildir *md;
	struct mailbox *mb;
	const struct message *all;
	char *old, *p;
	size_t n;

	(void)state;
	deliver(1, 2);
	tree_settle();
	md = tree_open_index();
	mb = mailbox_open(md, "", false);
	mailbox_close(mb);
	maildir_close(md);
	old = strdup(tree_read("courierimapuiddb"));
	p = strchr(strchr(old, ' ') + 1, ' '); /* Courier's own header */
	(void)memcpy(p, " 3\n", 3);
	(void)memmove(
	    p + 3, strchr(p + 3, '\n') + 1, strlen(strchr(p + 3, '\n')));
	deliver(3, 9);
	tree_settle();
	md = tree_open_index();
	mb = mailbox_open(md, "", false);
	assert_int_equal(mailbox_uidnext(mb), 10);
	mailbox_close(mb);
	maildir_close(md);
	for (unsigned i = 3; i <= 9; i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "cur/%u.x:2,", i);
		assert_int_equal(unlink(at(path)), 0);
	}
	tree_write("courierimapuiddb", old);
	free(old);
	deliver(10, 10);
	tree_settle();
	md = tree_open_index();
	mb = mailbox_open(md, "", false);
	assert_true(mailbox_uidnext(mb) >= 11);
	assert_non_null(mailbox_find(mb, 1));
	assert_non_null(mailbox_find(mb, 2));
	assert_null(mailbox_find(mb, 3));
	all = mailbox_messages(mb, &n);
	assert_int_equal(n, 3);
	assert_true(all[2].uid >= 10);
	mailbox_close(mb);
	maildir_close(md);
}

static void
without_an_index_there_are_no_numbers(void **state)
{
	struct maildir *md;
	struct mailbox *mb;
	unsigned notes = 0;

	(void)state;
	deliver(1, 2);
	/* Where its directory should be there is a file. */
	tree_mkdir("corkboard");
	tree_write("corkboard/index", "");
	tree_settle();
	md = tree_open_index();
	mb = mailbox_open(md, "", false);
	assert_non_null(mb);
	assert_int_equal(mailbox_modseq(mb), 0);
	store_one(mb, 1, MAILBOX_ADD, MESSAGE_SEEN);
	sync_now(mb);
	assert_int_equal(mailbox_modseq(mb), 0);
	while (maildir_notice(md) != NULL)
		notes++;
	assert_int_equal(notes, 1);
	mailbox_close(mb);
	maildir_close(md);
}

static void
an_index_that_others_can_write_is_not_used(void **state)
{
	struct maildir *md;
	struct mailbox *mb;

	(void)state;
	tree_mkdir("corkboard");
	tree_mkdir("corkboard/index");
	assert_int_equal(chmod(at("corkboard/index"), 0770), 0);
	md = tree_open_index();
	mb = mailbox_open(md, "", false);
	assert_non_null(mb);
	assert_int_equal(mailbox_modseq(mb), 0);
	assert_false(tree_has("corkboard/index/data.mdb"));
	mailbox_close(mb);
	maildir_close(md);
}

static void
an_index_of_another_boot_is_made_anew(void **state)
{
	struct maildir_options options = {.hostname = "host.example",
	    .keywords = true,
	    .umask = 022,
	    .lock_seconds = 5,
	    .index = true,
	    .boot = "one"};
	const uint32_t *uids;
	struct maildir *md;
	struct mailbox *mb;
	uint64_t first;
	size_t n;

	(void)state;
	deliver(1, 2);
	tree_settle();
	md = maildir_open(tree_fd(""), &options);
	mb = mailbox_open(md, "", false);
	first = mailbox_modseq(mb);
	mailbox_close(mb);
	maildir_close(md);
	md = maildir_open(tree_fd(""), &options);
	mb = mailbox_open(md, "", false);
	assert_int_equal(mailbox_modseq(mb), first);
	mailbox_close(mb);
	maildir_close(md);
	options.boot = "two";
	md = maildir_open(tree_fd(""), &options);
	mb = mailbox_open(md, "", false);
	assert_true(mailbox_modseq(mb) > first);
	assert_int_equal(mailbox_vanished_since(mb, first, &uids, &n), 0);
	mailbox_close(mb);
	maildir_close(md);
}

static void
the_mark_is_raised_an_hour_ahead_and_not_lowered(void **state)
{
	struct maildir *md;
	struct mailbox *mb;
	uint64_t mark, again;

	(void)state;
	deliver(1, 1);
	md = tree_open_index();
	mb = mailbox_open(md, "", false);
	mark = read_mark();
	assert_true(mark >= mailbox_modseq(mb));
	assert_true(mark <= mailbox_modseq(mb) + 3700ull * 1000000);
	store_one(mb, 1, MAILBOX_ADD, MESSAGE_SEEN);
	assert_int_equal(read_mark(), mark);
	mailbox_close(mb);
	maildir_close(md);
	spoil_remove();
	md = tree_open_index();
	mb = mailbox_open(md, "", false);
	assert_true(mailbox_modseq(mb) > mark);
	again = read_mark();
	assert_true(again > mark);
	mailbox_close(mb);
	maildir_close(md);
	spoil_remove();
	tree_write("corkboard/modseq", "garbage\n");
	md = tree_open_index();
	mb = mailbox_open(md, "", false);
	assert_true(mailbox_modseq(mb) > again);
	mailbox_close(mb);
	maildir_close(md);
}

/* ---- several processes ---- */

static void
write_for_ever(unsigned seed)
{
	struct maildir *md = tree_open_index();
	struct mailbox *mb = mailbox_open(md, "", false);
	struct mailbox_diff diff;
	uint64_t last = 0, h;
	unsigned i;

	for (i = 0;; i++) {
		struct mailbox_change change = {
		    .op = (seed + i) % 2 ? MAILBOX_ADD : MAILBOX_REMOVE,
		    .flags = MESSAGE_SEEN};
		uint32_t uid = (seed * 7 + i) % 20 + 1;
		bool changed;

		if (mb == NULL ||
		    mailbox_store(mb, &uid, 1, &change, &changed) == -1 ||
		    mailbox_sync(mb, false, &diff) == -1)
			_exit(2);
		h = mailbox_modseq(mb);
		if (h != 0 && h < last)
			_exit(3);
		if (h != 0)
			last = h;
		if (seed == 0 && i == 40)
			_exit(0);
	}
}

static pid_t
spawn_writer(unsigned seed)
{
	pid_t pid = fork();

	assert_true(pid != -1);
	if (pid == 0)
		write_for_ever(seed);
	return pid;
}

static void
killed_writers_harm_nobody(void **state)
{
	struct maildir *md;
	struct mailbox *mb, *mb2;
	const struct message *a, *b;
	uint64_t last = 0;
	size_t n, n2, j;
	int i, status;
	pid_t pid;

	(void)state;
	deliver(1, 20);
	tree_settle();
	md = tree_open_index();
	mb = mailbox_open(md, "", false);
	for (i = 1; i <= 50; i++) {
		pid = spawn_writer((unsigned)i);
		(void)usleep(3000 + (unsigned)(i * 997 % 6000));
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (!WIFSIGNALED(status))
			fail_msg("writer ended by itself: %x", status);
		if (i % 5 != 0)
			continue;
		sync_now(mb);
		assert_true(mailbox_modseq(mb) >= last);
		last = mailbox_modseq(mb);
	}
	tree_settle();
	sync_now(mb);
	no_notice(md);
	mb2 = mailbox_open(md, "", true);
	a = mailbox_messages(mb, &n);
	b = mailbox_messages(mb2, &n2);
	assert_int_equal(n, 20);
	assert_int_equal(n2, 20);
	for (j = 0; j < n; j++) {
		assert_int_equal(a[j].flags, b[j].flags);
		assert_int_equal(a[j].modseq, b[j].modseq);
	}
	mailbox_close(mb);
	mailbox_close(mb2);
	maildir_close(md);
}

static void
two_writers_survive_the_loss_of_the_index(void **state)
{
	pid_t a, b;
	int status, i;

	(void)state;
	deliver(1, 20);
	tree_settle();
	a = spawn_writer(0);
	b = spawn_writer(3);
	for (i = 0; i < 30; i++) {
		(void)usleep(4000);
		spoil[i % 3]();
	}
	assert_int_equal(waitpid(a, &status, 0), a);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(waitpid(b, &status, WNOHANG), 0);
	assert_int_equal(kill(b, SIGKILL), 0);
	assert_int_equal(waitpid(b, &status, 0), b);
}

#define TREE_TEST(f)                                                           \
	cmocka_unit_test_setup_teardown(f, tree_setup, tree_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    /* First: the handler of faults is set once, cmocka's anew each
	       time. */
	    TREE_TEST(a_lost_index_changes_nothing_and_no_number_goes_back),
	    TREE_TEST(
		a_change_gives_the_message_and_the_folder_a_higher_number),
	    TREE_TEST(what_strangers_did_gets_numbers_too),
	    TREE_TEST(keywords_count_as_changes),
	    TREE_TEST(expunged_uids_are_remembered),
	    TREE_TEST(unchangedsince_leaves_what_was_changed),
	    TREE_TEST(another_session_is_followed),
	    TREE_TEST(an_older_list_is_continued_above_what_is_remembered),
	    TREE_TEST(without_an_index_there_are_no_numbers),
	    TREE_TEST(an_index_that_others_can_write_is_not_used),
	    TREE_TEST(an_index_of_another_boot_is_made_anew),
	    TREE_TEST(the_mark_is_raised_an_hour_ahead_and_not_lowered),
	    TREE_TEST(killed_writers_harm_nobody),
	    TREE_TEST(two_writers_survive_the_loss_of_the_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
