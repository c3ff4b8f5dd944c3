/*
 * maildirsize: what every operation writes into it, what it makes of hostile
 * ones, when it counts again, and what is refused. And the trash.
 */
#include "t/unit/maildir_opened.h"

#include <sys/time.h>
#include <time.h>

#include "maildir/quota.h"
#include "maildir/trash.h"

#define LIMITS "1000S,10C\n"
#define USED   "         100            2\n" /* 100.m and 200.m in INBOX */

static int
setup(void **state)
{
	if (tree_setup(state) == -1)
		return -1;
	tree_folder(".Dst");
	tree_folder(".Trash");
	tree_write("cur/100.m,S=60:2,S", "sixty, says the name\n");
	tree_write("cur/200.m:2,", "1234567890123456789012345678901234567890");
	tree_write("maildirsize", LIMITS USED);
	md = tree_open(false);
	mb = mailbox_open(md, "", false);
	return mb == NULL ? -1 : 0;
}

static void
expect_use(int64_t bytes, int64_t messages)
{
	struct maildir_quota q;

	assert_int_equal(maildir_quota(md, &q), 1);
	assert_int_equal(q.bytes, bytes);
	assert_int_equal(q.messages, messages);
	assert_int_equal(q.max_bytes, 1000);
	assert_int_equal(q.max_messages, 10);
}

static void
set_deleted(enum mailbox_op op, uint32_t uid)
{
	const struct mailbox_change change = {
	    .op = op, .flags = MESSAGE_DELETED};
	bool changed;

	assert_int_equal(mailbox_store(mb, &uid, 1, &change, &changed), 0);
	assert_true(changed);
}

/* One message of that literal size; the errno, 0 if it was stored. */
static int
append(const char *folder, size_t size, uint8_t flags)
{
	struct delivery *d = delivery_open(md, folder);
	char *text = calloc(1, size + 1);
	uint32_t uid, uidvalidity;
	int err = 0;

	assert_non_null(d);
	memset(text, 'x', size);
	if (delivery_begin(d, size, 0, flags, NULL, 0) == -1 ||
	    delivery_write(d, text, size) == -1 || delivery_end(d) == -1 ||
	    delivery_commit(d, &uid, &uidvalidity) == -1)
		err = errno;
	delivery_close(d);
	free(text);
	return err;
}

static void
lines_are_26_bytes_at_the_end(void **state)
{
	(void)state;
	assert_int_equal(append("Dst", 7, 0), 0);
	assert_string_equal(tree_read("maildirsize"),
	    LIMITS USED "           7            1\n");
	set_deleted(MAILBOX_ADD, 1);
	assert_string_equal(tree_read("maildirsize"),
	    LIMITS USED "           7            1\n"
			"         -60           -1\n");
}

static void
every_change_is_counted_once(void **state)
{
	const uint32_t one = 1, two = 2;
	uint32_t dst, uidvalidity;
	bool gone;

	(void)state;
	expect_use(100, 2);
	assert_int_equal(append("", 10, MESSAGE_SEEN), 0);
	expect_use(110, 3);
	assert_int_equal(append("", 10, MESSAGE_DELETED), 0);
	expect_use(110, 3);
	assert_int_equal(append("Trash", 10, 0), 0);
	expect_use(110, 3);
	/* the copy's own size, not what the source's name claims */
	assert_int_equal(
	    mailbox_copy(mb, &one, 1, "Dst", false, &dst, &uidvalidity), 0);
	expect_use(131, 4);
	assert_int_equal(
	    mailbox_copy(mb, &two, 1, "Trash", false, &dst, &uidvalidity), 0);
	expect_use(131, 4);
	assert_int_equal(
	    mailbox_copy(mb, &two, 1, "Dst", true, &dst, &uidvalidity), 0);
	expect_use(131, 4);
	set_deleted(MAILBOX_ADD, 1);
	expect_use(71, 3);
	set_deleted(MAILBOX_REMOVE, 1);
	expect_use(131, 4);
	assert_int_equal(mailbox_expunge(mb, &one, 1, &gone), 0);
	expect_use(71, 3);
	assert_int_equal(tree_count("tmp", "NeWmAiL"), 0);
}

static void
what_has_the_flag_t_is_not_counted_twice(void **state)
{
	const uint32_t one = 1;
	uint32_t dst, uidvalidity;
	bool gone;

	(void)state;
	set_deleted(MAILBOX_ADD, 1);
	expect_use(40, 1);
	assert_int_equal(
	    mailbox_copy(mb, &one, 1, "Dst", false, &dst, &uidvalidity), 0);
	expect_use(40, 1);
	assert_int_equal(mailbox_expunge(mb, &one, 1, &gone), 0);
	expect_use(40, 1);
}

static void
folders_gone_and_renamed_are_counted_again(void **state)
{
	(void)state;
	assert_int_equal(append("Dst", 50, 0), 0);
	expect_use(150, 3);
	assert_int_equal(maildir_delete(md, "Dst"), 0);
	assert_string_equal(tree_read("maildirsize"), LIMITS USED);
	assert_int_equal(maildir_delete(md, "Trash"), 0);
	assert_int_equal(maildir_create(md, "A", 0), 0);
	assert_int_equal(append("A", 50, 0), 0);
	expect_use(150, 3);
	assert_int_equal(maildir_rename(md, "A", "Trash"), 0);
	assert_string_equal(tree_read("maildirsize"), LIMITS USED);
	assert_int_equal(maildir_rename(md, "Trash", "A"), 0);
	expect_use(150, 3);
}

static void
trash_and_its_flags(void **state)
{
	const uint32_t one = 1;
	const struct mailbox_trash t = {
	    .uids = &one, .n = 1, .folder = "Trash"};
	char file[TRASH_PATH_MAX];
	const char *name;

	(void)state;
	assert_int_equal(mailbox_file(mb, 1, file), 0);
	assert_string_equal(file, "cur/100.m,S=60:2,S");
	set_deleted(MAILBOX_ADD, 1);
	assert_int_equal(mailbox_trash(mb, &t), 0);
	expect_use(40, 1);
	assert_null(mailbox_find(mb, 1));
	assert_int_equal(mailbox_file(mb, 1, file), -1);
	assert_int_equal(tree_count("cur", "100.m"), 0);
	name = tree_name(".Trash/cur", ",S=21");
	assert_non_null(strstr(name, ":2,S"));
	assert_null(strchr(strrchr(name, ','), 'T'));
}

static void
the_limit_is_inclusive(void **state)
{
	(void)state;
	/* 900 are left, in bytes; 8 in messages */
	assert_int_equal(append("Dst", 901, 0), EDQUOT);
	assert_int_equal(tree_count(".Dst/tmp", ""), 0);
	assert_int_equal(append("Dst", 901, MESSAGE_DELETED), 0);
	assert_int_equal(append("Trash", 901, 0), 0);
	assert_int_equal(append("Dst", 900, 0), 0);
	assert_int_equal(append("Dst", 1, 0), EDQUOT);
	expect_use(1000, 3);
	tree_write("maildirsize", "10000S,3C\n        1000            3\n");
	assert_int_equal(append("Dst", 0, 0), EDQUOT);
	tree_write("maildirsize", "10000S,4C\n        1000            3\n");
	assert_int_equal(append("Dst", 0, 0), 0);
}

static void
several_messages_count_together(void **state)
{
	struct delivery *d = delivery_open(md, "Dst");
	char text[500];
	uint32_t uids[2], uidvalidity;

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(delivery_begin(d, 500, 0, 0, NULL, 0), 0);
	assert_int_equal(delivery_write(d, text, 500), 0);
	assert_int_equal(delivery_end(d), 0);
	assert_int_equal(delivery_begin(d, 401, 0, 0, NULL, 0), -1);
	assert_int_equal(errno, EDQUOT);
	assert_int_equal(delivery_begin(d, 400, 0, 0, NULL, 0), 0);
	assert_int_equal(delivery_write(d, text, 400), 0);
	assert_int_equal(delivery_end(d), 0);
	assert_int_equal(delivery_commit(d, uids, &uidvalidity), 0);
	delivery_close(d);
	assert_string_equal(tree_read("maildirsize"),
	    LIMITS USED "         900            2\n");
}

static void
copies_and_undeletes_beyond_the_limit_are_refused_whole(void **state)
{
	const uint32_t both[] = {1, 2};
	const struct mailbox_change clear = {
	    .op = MAILBOX_REPLACE, .flags = MESSAGE_SEEN};
	uint32_t dst[2], uidvalidity;
	bool changed[2];

	(void)state;
	tree_write("maildirsize", "159S\n         100            2\n");
	/* 21 and 40 bytes */
	assert_int_equal(
	    mailbox_copy(mb, both, 2, "Dst", false, dst, &uidvalidity), -1);
	assert_int_equal(errno, EDQUOT);
	assert_int_equal(tree_count(".Dst/new", ""), 0);
	assert_int_equal(
	    mailbox_copy(mb, both, 2, "Trash", false, dst, &uidvalidity), 0);
	set_deleted(MAILBOX_ADD, 1);
	tree_write("maildirsize", "99S\n          40            1\n");
	assert_int_equal(mailbox_store(mb, both, 2, &clear, changed), -1);
	assert_int_equal(errno, EDQUOT);
	assert_true(tree_has("cur/100.m,S=60:2,ST"));
	assert_true(tree_has("cur/200.m:2,"));
	tree_write("maildirsize", "100S\n          40            1\n");
	assert_int_equal(mailbox_store(mb, both, 2, &clear, changed), 0);
	/* moving needs no room where it counts already */
	tree_write("maildirsize", "10S\n         100            2\n");
	assert_int_equal(
	    mailbox_copy(mb, both, 2, "Dst", true, dst, &uidvalidity), 0);
}

static void
leaving_the_trash_needs_room(void **state)
{
	struct mailbox *trash;
	const uint32_t one = 1;
	uint32_t dst, uidvalidity;
	bool gone;

	(void)state;
	tree_write(".Trash/cur/1.t,S=500:2,", "x");
	tree_write(".Trash/cur/2.t:2,", "123");
	trash = mailbox_open(md, "Trash", false);
	tree_write("maildirsize", "100S\n         100            2\n");
	assert_int_equal(
	    mailbox_copy(trash, &one, 1, "", true, &dst, &uidvalidity), -1);
	assert_int_equal(errno, EDQUOT);
	assert_true(tree_has(".Trash/cur/1.t,S=500:2,"));
	tree_write("maildirsize", LIMITS USED);
	assert_int_equal(
	    mailbox_copy(trash, &one, 1, "", true, &dst, &uidvalidity), 0);
	expect_use(101, 3);
	dst = 2;
	assert_int_equal(mailbox_expunge(trash, &dst, 1, &gone), 0);
	expect_use(101, 3);
	mailbox_close(trash);
}

static void
without_a_file_there_is_none_and_none_is_made(void **state)
{
	struct maildir_quota q;

	(void)state;
	assert_int_equal(unlink(at("maildirsize")), 0);
	assert_int_equal(maildir_quota(md, &q), 0);
	assert_int_equal(append("Dst", 5000, 0), 0);
	assert_int_equal(maildir_delete(md, "Dst"), 0);
	assert_false(tree_has("maildirsize"));
	assert_null(maildir_notice(md));
}

static void
odd_lines_are_counted_again(void **state)
{
	static const char *const odd[] = {
	    "",                            /* no use at all */
	    "         -41           -1\n", /* negative */
	    "         400            4",   /* cut off */
	    "         400\n",
	    "         400            4 x\n",
	    "\001\002\377\n",
	    "99999999999999999999 1\n",
	    "9223372036854775807 1\n9223372036854775807 1\n",
	    "-9223372036854775808 1\n",
	    "0x10 1\n",
	    "\n\n",
	};
	char text[200];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		(void)snprintf(text, sizeof(text), LIMITS "%s", odd[i]);
		tree_write("maildirsize", text);
		print_message("case %zu\n", i);
		expect_use(100, 2);
		assert_string_equal(tree_read("maildirsize"), LIMITS USED);
		tree_write("maildirsize", text);
		assert_int_equal(append("Trash", 1, 0), 0);
		set_deleted(MAILBOX_ADD, 2);
		set_deleted(MAILBOX_REMOVE, 2);
		expect_use(100, 2);
	}
}

static void
limits_that_make_no_sense_are_none(void **state)
{
	static const char *const odd[] = {"", "\n", "S\n", "-1S\n", "12\n",
	    "12S,\n", "S12\n", "99999999999999999999S\n", "12S 13C\n",
	    "\001\377\n", "12S;13C\n"};
	struct maildir_quota q;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		tree_write("maildirsize", odd[i]);
		assert_int_equal(maildir_quota(md, &q), 0);
		assert_int_equal(append("Dst", 10, 0), 0);
		assert_string_equal(tree_read("maildirsize"), odd[i]);
	}
	assert_non_null(strstr(maildir_notice(md), "maildirsize"));
	assert_null(maildir_notice(md));
}

static void
limits_of_one_kind_and_blanks_are_understood(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes, messages;
	} cases[] = {{"5S\n", 5, 0}, {"7C\n", 0, 7}, {"7C,5S\n", 5, 7},
	    {"0S,7C\r\n", 0, 7}, {"5S, 7C\n", 5, 7}, {"5S,1X\n", 5, 0},
	    {"9223372036854775807S", INT64_MAX, 0}};
	struct maildir_quota q;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tree_write("maildirsize", cases[i].text);
		assert_int_equal(maildir_quota(md, &q), 1);
		assert_int_equal(q.max_bytes, cases[i].bytes);
		assert_int_equal(q.max_messages, cases[i].messages);
		assert_int_equal(q.bytes, 100);
	}
}

static void
only_a_plain_file_is_touched(void **state)
{
	struct maildir_quota q;
	struct stat st;

	(void)state;
	assert_int_equal(rename(at("maildirsize"), at("victim")), 0);
	assert_int_equal(symlink("victim", at("maildirsize")), 0);
	assert_int_equal(maildir_quota(md, &q), 0);
	assert_int_equal(append("Dst", 5000, 0), 0);
	assert_int_equal(maildir_delete(md, "Dst"), 0);
	assert_string_equal(tree_read("victim"), LIMITS USED);
	assert_int_equal(lstat(at("maildirsize"), &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(unlink(at("maildirsize")), 0);
	assert_int_equal(mkfifo(at("maildirsize"), 0600), 0);
	assert_int_equal(maildir_quota(md, &q), 0);
	assert_int_equal(append("", 1, 0), 0);
	assert_int_equal(unlink(at("maildirsize")), 0);
	tree_mkdir("maildirsize");
	assert_int_equal(maildir_quota(md, &q), 0);
	assert_int_equal(append("", 1, 0), 0);
	assert_int_equal(rmdir(at("maildirsize")), 0);
}

/* A maildirsize of 5118 bytes and so many more. */
static void
write_long(unsigned more)
{
	char text[6000] = "0S,0S,0S,0S,1000S,10C\n";
	size_t i;

	for (i = 0; i < 196; i++)
		(void)strcat(text, "           1            1\n");
	assert_int_equal(strlen(text), 5118);
	text[5117] = '\0';
	for (i = 0; i < more; i++)
		(void)strcat(text, " ");
	(void)strcat(text, "\n");
	tree_write("maildirsize", text);
}

static void
a_file_of_5120_bytes_is_written_anew(void **state)
{
	struct stat st;

	(void)state;
	write_long(1);
	set_deleted(MAILBOX_ADD, 1);
	assert_int_equal(stat(at("maildirsize"), &st), 0);
	assert_int_equal(st.st_size, 5119 + 26);
	write_long(2);
	set_deleted(MAILBOX_REMOVE, 1);
	assert_int_equal(stat(at("maildirsize"), &st), 0);
	/* counted for the room, then the line */
	assert_int_equal(st.st_size, 22 + 26 + 26);
	expect_use(100, 2);
	assert_int_equal(truncate(at("maildirsize"), 1 << 30), 0);
	expect_use(100, 2);
}

/* What is not on disk may be empty after a power cut, and no limit is left. */
static void
the_limits_are_replaced_by_what_is_on_disk(void **state)
{
	(void)state;
	tree_write("maildirsize", LIMITS "odd\n");
	tree_syncs();
	fail_sync_at = 1;
	expect_use(100, 2);
	assert_string_equal(tree_read("maildirsize"), LIMITS "odd\n");
	assert_int_equal(tree_count("tmp", ""), 0);
	expect_use(100, 2);
	assert_string_equal(tree_read("maildirsize"), LIMITS USED);
	assert_int_equal(tree_syncs(), 2);
}

static void
over_quota_is_believed_only_of_a_fresh_count(void **state)
{
	struct timeval old[2] = {{0}};

	(void)state;
	/* more than one line */
	tree_write("maildirsize", LIMITS "  900 1\n  90 1\n");
	assert_int_equal(append("Trash", 900, 0), 0);
	assert_int_equal(append("Dst", 20, 0), 0);
	expect_use(120, 3);
	/* one young line stands */
	tree_write("maildirsize", LIMITS "  990 1\n");
	assert_int_equal(append("Dst", 11, 0), EDQUOT);
	assert_string_equal(tree_read("maildirsize"), LIMITS "  990 1\n");
	/* an old one does not */
	old[0].tv_sec = old[1].tv_sec = time(NULL) - 901;
	assert_int_equal(utimes(at("maildirsize"), old), 0);
	assert_int_equal(append("Dst", 11, 0), 0);
	expect_use(131, 4);
}

static void
symlinks_and_odd_directories_are_not_counted(void **state)
{
	(void)state;
	tree_write("cur/x.link", "0123456789");
	assert_int_equal(rename(at("cur/x.link"), at("target")), 0);
	assert_int_equal(symlink("../target", at("cur/300.m:2,")), 0);
	assert_int_equal(symlink(".Dst", at(".Link")), 0);
	tree_mkdir(".Nothing");
	tree_write(".file", "");
	tree_write(".Dst/new/1.d,S=7", "");
	tree_write(".Dst/cur/2.d,S=7:2,ST", "");
	tree_write("maildirsize", LIMITS);
	expect_use(107, 3);
}

static void
no_operation_syncs_for_it(void **state)
{
	const uint32_t one = 1;
	bool gone;

	(void)state;
	tree_write(".Dst/courierimapuiddb", "1 77 0000000065\n");
	tree_syncs();
	assert_int_equal(append("Dst", 7, 0), 0);
	assert_int_equal(tree_syncs(), 3);
	set_deleted(MAILBOX_ADD, 1);
	assert_int_equal(tree_syncs(), 0);
	assert_int_equal(mailbox_expunge(mb, &one, 1, &gone), 0);
	assert_int_equal(tree_syncs(), 1);
}

static unsigned removed;

static void
note_removed(void *arg, const char *file)
{
	(void)arg;
	assert_memory_equal(file + 3, "/", 1);
	removed++;
}

static void
only_what_is_old_is_emptied(void **state)
{
	struct maildir_empty e = {.folder = "Dst",
	    .before = time(NULL) - 10,
	    .max = 10000,
	    .removed = note_removed};
	char path[64];
	unsigned i;

	(void)state;
	removed = 0;
	for (i = 0; i < 3; i++) {
		(void)snprintf(path, sizeof(path), ".Dst/cur/%u.d,S=20:2,", i);
		tree_write(path, "x");
	}
	tree_write(".Dst/new/7.d,S=20", "x");
	tree_write("maildirsize", "1000S,10C\n         180            6\n");
	assert_int_equal(maildir_empty(md, &e), 0);
	/* their ctime is now; "before" may be in the future */
	e.before = time(NULL) + 100;
	e.max = 1;
	assert_int_equal(maildir_empty(md, &e), 1);
	e.max = 10000;
	assert_int_equal(maildir_empty(md, &e), 3);
	assert_int_equal(removed, 4);
	expect_use(100, 2);
	e.folder = "Nowhere";
	assert_int_equal(maildir_empty(md, &e), -1);
	assert_int_equal(errno, ENOENT);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, opened_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(lines_are_26_bytes_at_the_end),
	    T(every_change_is_counted_once),
	    T(what_has_the_flag_t_is_not_counted_twice),
	    T(folders_gone_and_renamed_are_counted_again),
	    T(trash_and_its_flags),
	    T(the_limit_is_inclusive),
	    T(several_messages_count_together),
	    T(copies_and_undeletes_beyond_the_limit_are_refused_whole),
	    T(leaving_the_trash_needs_room),
	    T(without_a_file_there_is_none_and_none_is_made),
	    T(odd_lines_are_counted_again),
	    T(limits_that_make_no_sense_are_none),
	    T(limits_of_one_kind_and_blanks_are_understood),
	    T(only_a_plain_file_is_touched),
	    T(a_file_of_5120_bytes_is_written_anew),
	    T(the_limits_are_replaced_by_what_is_on_disk),
	    T(over_quota_is_believed_only_of_a_fresh_count),
	    T(symlinks_and_odd_directories_are_not_counted),
	    T(no_operation_syncs_for_it),
	    T(only_what_is_old_is_emptied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
