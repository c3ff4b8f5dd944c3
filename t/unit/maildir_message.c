/*
 * One message: its file, size and date; and the counts of STATUS.
 */
#include "t/unit/maildir_opened.h"

static void
open_inbox(void)
{
	mailbox_close(mb);
	mb = mailbox_open(md, "", false);
	assert_non_null(mb);
}

static void
sizes_and_dates_come_from_the_file(void **state)
{
	static const struct {
		const char *text;
		uint64_t size;
	} cases[] = {{"", 0}, {"\n", 2}, {"a\nb\n", 6}, {"a\r\nb\r\n", 6},
	    {"\r\n", 2}, {"a\rb", 3}, {"\n\n", 4}, {"\r\r\n", 3}};
	struct timespec times[2] = {{0}, {.tv_sec = 1000000000}};
	struct message_file file;
	char name[32];
	uint64_t size;
	time_t date;
	uint32_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		(void)snprintf(name, sizeof(name), "cur/%u,S=99:2,", i + 1);
		tree_write(name, cases[i].text);
		assert_int_equal(utimensat(AT_FDCWD, at(name), times, 0), 0);
	}
	open_inbox();
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(mailbox_size(mb, i + 1, &size), 0);
		assert_int_equal(size, cases[i].size);
		assert_int_equal(mailbox_date(mb, i + 1, &date), 0);
		assert_int_equal(date, 1000000000);
		assert_int_equal(mailbox_message(mb, i + 1, &file), 0);
		assert_int_equal(file.size, strlen(cases[i].text));
		assert_int_equal(file.date, 1000000000);
		(void)close(file.fd);
	}
	assert_int_equal(mailbox_message(mb, 99, &file), -1);
	assert_int_equal(errno, ENOENT);
}

static uint64_t
size_by_hand(const char *p)
{
	uint64_t n = 0;
	char last = '\0';

	for (; *p != '\0'; last = *p++)
		n += *p == '\n' && last != '\r' ? 2 : 1;
	return n;
}

static void
a_size_is_the_same_wherever_reads_and_blocks_end(void **state)
{
	static const char pattern[] = "ab\n\nc\r\n\rd\r\n\n\r\r\n";
	static char text[16384 * 2 + 1];
	uint64_t size;
	char name[32];
	uint32_t uid;
	size_t n;

	(void)state;
	for (uid = 1; uid <= 400; uid++) {
		n = uid <= 200 ? uid : 16384 - 100 + (uid - 200);
		for (size_t i = 0; i < n; i++)
			text[i] = pattern[(i + uid) % (sizeof(pattern) - 1)];
		text[n] = '\0';
		(void)snprintf(name, sizeof(name), "cur/%03u:2,", uid);
		tree_write(name, text);
	}
	open_inbox();
	for (uid = 1; uid <= 400; uid++) {
		n = uid <= 200 ? uid : 16384 - 100 + (uid - 200);
		for (size_t i = 0; i < n; i++)
			text[i] = pattern[(i + uid) % (sizeof(pattern) - 1)];
		text[n] = '\0';
		assert_int_equal(mailbox_size(mb, uid, &size), 0);
		assert_int_equal(size, size_by_hand(text));
	}
}

static void
a_message_is_opened_under_its_present_name(void **state)
{
	struct mailbox_diff diff;
	struct message_file file;

	(void)state;
	tree_write("cur/1.a:2,", "a");
	tree_write("cur/2.b:2,", "b");
	open_inbox();
	assert_int_equal(rename(at("cur/1.a:2,"), at("cur/1.a:2,S")), 0);
	assert_int_equal(mailbox_message(mb, 1, &file), 0);
	(void)close(file.fd);
	assert_int_equal(unlink(at("cur/2.b:2,")), 0);
	assert_int_equal(mailbox_message(mb, 2, &file), -1);
	assert_int_equal(errno, ENOENT);
	/* A symlink put in its place is not followed. */
	assert_int_equal(symlink("/etc/passwd", at("cur/2.b:2,")), 0);
	assert_int_equal(mailbox_message(mb, 2, &file), -1);
	assert_int_equal(mailbox_sync(mb, false, &diff), 0);
	assert_int_equal(diff.nvanished, 1);
	assert_int_equal(diff.vanished[0], 2);
	assert_int_equal(diff.nchanged, 1);
	assert_int_equal(diff.changed[0], 1);
}

static void
status_counts_and_leaves_recent(void **state)
{
	struct mailbox_status status;

	(void)state;
	tree_use_index(&md);
	tree_write("courierimapuiddb", "1 7 3\n1 1.a\n2 2.b\n");
	tree_write("cur/1.a:2,S", "a\n");
	tree_write("cur/2.b:2,ST", "bb\n");
	tree_write("new/3.c", "ccc\n");
	assert_int_equal(maildir_status(md, "", true, &status), 0);
	assert_int_equal(status.uidvalidity, 7);
	assert_int_equal(status.messages, 3);
	assert_int_equal(status.recent, 1);
	assert_int_equal(status.unseen, 1);
	assert_int_equal(status.deleted, 1);
	assert_int_equal(status.uidnext, 4);
	assert_int_equal(status.size, 3 + 4 + 5);
	open_inbox();
	assert_true(mailbox_find(mb, 3)->recent);
	assert_int_equal(maildir_status(md, "", false, &status), 0);
	assert_int_equal(status.recent, 0);
	assert_int_equal(maildir_status(md, "none", false, &status), -1);
	assert_int_equal(errno, ENOENT);
}

static void
a_line_end_across_two_reads_is_counted_once(void **state)
{
	static char text[65540];
	uint64_t size;

	(void)state;
	memset(text, 'x', 65538);
	text[65535] = '\r'; /* the last byte of a read */
	text[65536] = '\n';
	tree_write("cur/1.a:2,", text);
	text[65535] = 'x';
	tree_write("cur/2.b:2,", text);
	open_inbox();
	assert_int_equal(mailbox_size(mb, 1, &size), 0);
	assert_int_equal(size, 65538);
	assert_int_equal(mailbox_size(mb, 2, &size), 0);
	assert_int_equal(size, 65539);
}

static void
what_is_told_of_a_size_is_believed(void **state)
{
	uint64_t size;

	(void)state;
	tree_write("cur/1.a:2,", "a\nb\n");
	open_inbox();
	assert_false(mailbox_size_known(mb, 1, &size));
	assert_false(mailbox_size_known(mb, 2, &size));
	mailbox_keep_size(mb, 1, 6, 0);
	mailbox_keep_size(mb, 2, 6, 0); /* there is none */
	assert_true(mailbox_size_known(mb, 1, &size));
	assert_int_equal(size, 6);
	assert_int_equal(mailbox_size(mb, 1, &size), 0);
	assert_int_equal(size, 6);
}

/* RFC 8514: every writer of Maildirs begins a name with the time. */
static void
a_name_says_when_the_message_was_saved(void **state)
{
	static const struct {
		const char *name;
		time_t saved;
	} cases[] = {{"1000000000.M5P7.host", 1000000000}, {"7.x", 7},
	    {"253402300799.x", 253402300799}, {"253402300800.x", 0},
	    {"99999999999999999999.x", 0}, {"0.x", 0}, {"1000000000", 0},
	    {"1000000000x.y", 0}, {"x.1000000000", 0}, {"-5.x", 0}};
	const size_t n = sizeof(cases) / sizeof(cases[0]);
	char path[64];
	size_t i;

	(void)state;
	for (i = 0; i < n; i++) {
		(void)snprintf(path, sizeof(path), "cur/%s:2,", cases[i].name);
		tree_write(path, "");
		open_inbox();
		assert_int_equal(
		    mailbox_saved(mb, (uint32_t)i + 1), cases[i].saved);
	}
	assert_int_equal(mailbox_saved(mb, (uint32_t)n + 1), 0);
}

int
main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, opened_setup, opened_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(sizes_and_dates_come_from_the_file),
	    TEST(a_size_is_the_same_wherever_reads_and_blocks_end),
	    TEST(a_message_is_opened_under_its_present_name),
	    TEST(a_line_end_across_two_reads_is_counted_once),
	    TEST(what_is_told_of_a_size_is_believed),
	    TEST(a_name_says_when_the_message_was_saved),
	    TEST(status_counts_and_leaves_recent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
