/*
 * courierimapuiddb: what is read, what is written, and that no crash and no
 * fault makes it give a UID twice.
 */
#include "t/unit/maildir_store.h"

#include "maildir/uidlist.h"

static struct uidlist list;
static struct uidlines lines;
static int dirfd_;

static int
setup(void **state)
{
	if (tree_setup(state) == -1)
		return -1;
	dirfd_ = tree_fd("");
	uidlist_init(&list, dirfd_);
	return 0;
}

static int
teardown(void **state)
{
	uidlist_done(&list);
	uidlines_free(&lines);
	close(dirfd_);
	return tree_teardown(state);
}

static void
read_again(void)
{
	uidlines_free(&lines);
	assert_int_equal(uidlist_read(&list, &lines), 0);
}

static void
read_fresh(void)
{
	uidlist_done(&list);
	uidlist_init(&list, dirfd_);
	read_again();
}

/* Appends names of one letter each; the first UID given, 0 on failure. */
static uint32_t
append(const char *names)
{
	struct uidline add[200];
	size_t i, n = strlen(names);

	for (i = 0; i < n; i++) {
		add[i].name = names + i;
		add[i].len = 1;
	}
	return uidlist_append(&list, add, n) == -1 ? 0 : add[0].uid;
}

static void
couriers_list_is_read(void **state)
{
	(void)state;
	tree_write(UIDLIST_FILE, "1 795375670 4\n1 1700000001.M1P1V1I1.host\n"
				 "2 1700000002.M1P1V1I2.host\n"
				 "3 1700000003.M1P1V1I3.host,S=103\n");
	read_again();
	assert_true(lines.whole);
	assert_int_equal(list.uidvalidity, 795375670);
	assert_int_equal(list.next, 4);
	assert_false(list.broken);
	assert_int_equal(lines.n, 3);
	assert_int_equal(lines.v[2].uid, 3);
	assert_int_equal(
	    lines.v[2].len, strlen("1700000003.M1P1V1I3.host,S=103"));
	assert_memory_equal(
	    lines.v[2].name, "1700000003.M1P1V1I3.host,S=103", lines.v[2].len);
}

static void
headers_are_believed_or_not(void **state)
{
	static const struct {
		const char *text;
		uint32_t uidvalidity, next;
	} cases[] = {
	    {"1 5 7\n", 5, 7},
	    {"1 5 7", 5, 7},
	    {"1 5 7 more words\n", 5, 7},
	    {"1 5 0\n", 5, 1},
	    {"1 5 0000000065\n", 5, 1},
	    {"1 5 0000000065\n8 a\n", 5, 9},
	    {"1 5 65\n8 a\n", 5, 65},
	    {"1 5 3\n8 a\n", 5, 9},
	    {"1 5 1000000000\n", 5, 1000000000},
	    {"1 5 0000000065\n8 a\ngarbage\n", 5, 65},
	    {"1 4294967295 1\n", 4294967295u, 1},
	    {"1 4294967296 1\n", 0, 0},
	    {"1 0 1\n", 0, 0},
	    {"2 5 7\n", 0, 0},
	    {"1 5\n", 0, 0},
	    {"1  x\n", 0, 0},
	    {"", 0, 0},
	    {"\n", 0, 0},
	    {"1 5 x\n", 0, 0},
	    {"1 5 4294967280\n", 5, 4294967280u},
	    {"1 5 4294967281\n", 0, 0},
	    {"15 7 8\n", 0, 0},
	    {"1 5 7x\n", 0, 0},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		tree_write(UIDLIST_FILE, cases[i].text);
		read_fresh();
		if (list.uidvalidity != cases[i].uidvalidity ||
		    (cases[i].uidvalidity != 0 && list.next != cases[i].next))
			fail_msg("%s: %u %u", cases[i].text, list.uidvalidity,
			    list.next);
	}
}

static void
odd_lines_cost_only_themselves(void **state)
{
	(void)state;
	tree_write(UIDLIST_FILE,
	    "1 5 100\n1 a\nnonsense\n-3 b\n 4 c\n5\n6 \n7 d/e\n0 f\n"
	    "99999999999 g\n8 h:2,S\n\n9 i j\n10 k");
	read_again();
	assert_true(list.broken);
	assert_int_equal(lines.n, 3);
	assert_int_equal(lines.v[0].uid, 1);
	assert_int_equal(lines.v[1].uid, 8);
	assert_int_equal(lines.v[1].len, 1);
	assert_int_equal(lines.v[2].uid, 9);
	assert_int_equal(lines.v[2].len, 3);
	assert_int_equal(list.next, 100);
}

static void
name_length_is_bounded(void **state)
{
	char text[400], name[300];
	int n;

	(void)state;
	memset(name, 'x', sizeof(name));
	for (n = 254; n <= 256; n++) {
		(void)snprintf(text, sizeof(text), "1 5 9\n1 %.*s\n", n, name);
		tree_write(UIDLIST_FILE, text);
		read_fresh();
		assert_int_equal(lines.n, n <= 255);
	}
}

static void
of_a_uid_twice_the_first_line_wins(void **state)
{
	(void)state;
	tree_write(UIDLIST_FILE, "1 5 9\n3 c\n1 a\n3 d\n2 b\n");
	read_again();
	assert_true(list.broken);
	assert_int_equal(lines.n, 3);
	assert_memory_equal(lines.v[2].name, "c", 1);
	assert_int_equal(append("z"), 9);
	assert_int_equal(tree_count("", "courierimapuiddb.broken."), 1);
	assert_memory_equal(list.aside, "courierimapuiddb.broken.", 24);
	assert_string_equal(
	    tree_read(list.aside), "1 5 9\n3 c\n1 a\n3 d\n2 b\n");
	assert_string_equal(tree_read(UIDLIST_FILE),
	    "1 5 0000000073\n1 a\n2 b\n3 c\n8 .\n9 z\n");
}

static void
couriers_header_is_rewritten_once(void **state)
{
	(void)state;
	tree_write(UIDLIST_FILE, "1 795375670 41\n10 a\n20 b\n40 c\n");
	read_again();
	tree_syncs();
	assert_int_equal(append("d"), 41);
	assert_int_equal(tree_syncs(), 3);
	assert_string_equal(tree_read(UIDLIST_FILE),
	    "1 795375670 0000000105\n10 a\n20 b\n40 c\n41 d\n");
	assert_string_equal(
	    tree_read(UIDLIST_BACKUP), "1 795375670 41\n10 a\n20 b\n40 c\n");
	assert_int_equal(append("ef"), 42);
	assert_int_equal(tree_syncs(), 1);
}

static void
header_covers_every_line(void **state)
{
	char names[131];
	unsigned i, expect = 1;
	unsigned long mark;

	(void)state;
	assert_int_equal(uidlist_create(&list, 7, 1, NULL, 0), 0);
	tree_syncs();
	memset(names, 'x', sizeof(names) - 1);
	names[130] = '\0';
	for (i = 0; i < 200; i++) {
		assert_int_equal(append("a"), expect++);
		mark = strtoul(tree_read(UIDLIST_FILE) + 4, NULL, 10);
		assert_true(mark > list.max);
		assert_int_equal(strcspn(tree_read(UIDLIST_FILE), "\n"),
		    strlen("1 7 0000000065"));
	}
	/* One sync for each, and one per 64 UIDs. */
	assert_in_range(tree_syncs(), 200, 204);
	assert_int_equal(append(names), expect);
	expect += 130;
	mark = strtoul(tree_read(UIDLIST_FILE) + 4, NULL, 10);
	assert_true(mark >= expect);
	assert_in_range(tree_syncs(), 1, 2);
	read_fresh();
	assert_int_equal(lines.n, 330);
	assert_int_equal(list.next, expect);
}

static void
reservation_is_raised_when_it_is_reached(void **state)
{
	(void)state;
	/* 64 is reserved: 63 fits, 64 does not. */
	tree_write(UIDLIST_FILE, "1 7 0000000064\n61 a\n");
	read_again();
	tree_syncs();
	assert_int_equal(append("b"), 62);
	assert_int_equal(append("c"), 63);
	assert_int_equal(tree_syncs(), 2);
	assert_int_equal(append("d"), 64);
	assert_int_equal(tree_syncs(), 2);
	assert_memory_equal(tree_read(UIDLIST_FILE), "1 7 0000000128\n", 15);
}

static void
torn_last_line_is_cut_off(void **state)
{
	(void)state;
	tree_write(UIDLIST_FILE, "1 7 0000000064\n1 a\n2 bro");
	read_again();
	assert_int_equal(lines.n, 1);
	assert_false(list.broken);
	assert_int_equal(append("c"), 2);
	assert_string_equal(
	    tree_read(UIDLIST_FILE), "1 7 0000000064\n1 a\n2 c\n");
}

static void
only_the_tail_is_read_again(void **state)
{
	struct uidlist other;
	struct uidlines all;
	struct uidline add = {"b", 1, 0};

	(void)state;
	tree_write(UIDLIST_FILE, "1 7 0000000064\n1 a\n");
	read_again();
	uidlist_init(&other, dirfd_);
	assert_int_equal(uidlist_read(&other, &all), 0);
	uidlines_free(&all);
	assert_int_equal(uidlist_append(&other, &add, 1), 0);
	assert_true(uidlist_moved(&list));
	read_again();
	assert_false(lines.whole);
	assert_int_equal(lines.n, 1);
	assert_int_equal(lines.v[0].uid, 2);
	read_again();
	assert_int_equal(lines.n, 0);
	/* Replaced (as Courier does): all of it. */
	tree_write("next", "1 7 9\n1 a\n2 b\n8 c\n");
	assert_int_equal(rename(at("next"), at(UIDLIST_FILE)), 0);
	read_again();
	assert_true(lines.whole);
	assert_int_equal(lines.n, 3);
	assert_int_equal(list.next, 9);
	uidlist_done(&other);
}

static void
peek_reads_the_end_of_a_long_list(void **state)
{
	char text[20000];
	size_t n;
	unsigned i;

	(void)state;
	n = (size_t)sprintf(text, "1 7 0000002000\n");
	for (i = 1; i <= 1000; i++)
		n += (size_t)sprintf(text + n, "%u name%u\n", i, i);
	tree_write(UIDLIST_FILE, text);
	assert_int_equal(uidlist_peek(&list), 0);
	assert_int_equal(list.next, 1001);
	assert_int_equal(append("z"), 1001);
	n += (size_t)sprintf(text + n, "torn");
	tree_write(UIDLIST_FILE, text);
	assert_int_equal(uidlist_peek(&list), 0);
	assert_int_equal(append("y"), 1001);
	assert_non_null(strstr(tree_read(UIDLIST_FILE), "name1000\n1001 y\n"));
	/* Garbage in the tail: the header counts again. */
	(void)sprintf(text + n - 4, "garbage\n");
	tree_write(UIDLIST_FILE, text);
	assert_int_equal(uidlist_peek(&list), 0);
	assert_true(list.broken);
	assert_int_equal(list.next, 2000);
}

static void
highest_uid_outlives_its_message(void **state)
{
	const struct uidline keep = {"a", 1, 3};

	(void)state;
	assert_int_equal(uidlist_create(&list, 7, 41, &keep, 1), 0);
	assert_string_equal(
	    tree_read(UIDLIST_FILE), "1 7 0000000105\n3 a\n40 .\n");
	read_fresh();
	assert_int_equal(list.next, 41);
}

static void
failed_syncs_give_no_uid_and_lose_none(void **state)
{
	unsigned at_sync;

	(void)state;
	for (at_sync = 1; at_sync <= 3; at_sync++) {
		tree_write(UIDLIST_FILE, "1 7 3\n1 a\n2 b\n");
		read_fresh();
		fail_sync_at = at_sync;
		assert_int_equal(append("c"), 0);
		assert_int_equal(errno, EIO);
		read_fresh();
		assert_int_equal(list.uidvalidity, 7);
		assert_true(list.next >= 3);
		assert_int_equal(append("c"), 3);
		assert_int_equal(tree_count("tmp", ""), 0);
	}
}

static void
a_list_that_failed_a_sync_is_written_anew(void **state)
{
	struct stat before, after;

	(void)state;
	tree_write(UIDLIST_FILE, "1 7 0000000064\n1 a\n");
	read_again();
	assert_int_equal(stat(at(UIDLIST_FILE), &before), 0);
	fail_sync_at = 1;
	assert_int_equal(append("b"), 0);
	assert_string_equal(tree_read(UIDLIST_FILE), "1 7 0000000064\n1 a\n");
	assert_int_equal(append("c"), 2);
	assert_int_equal(stat(at(UIDLIST_FILE), &after), 0);
	assert_true(before.st_ino != after.st_ino);
}

static void
header_grows_where_a_leading_zero_would_be_lost(void **state)
{
	(void)state;
	tree_write(UIDLIST_FILE, "1 7 0999999999\n999999934 a\n");
	read_again();
	assert_int_equal(append("b"), 999999935);
	assert_memory_equal(tree_read(UIDLIST_FILE), "1 7 0999999999\n", 15);
	assert_int_equal(append("c"), 999999936);
	assert_memory_equal(tree_read(UIDLIST_FILE), "1 7 01000000000\n", 16);
	assert_int_equal(append("d"), 999999937);
	read_fresh();
	assert_int_equal(list.next, 999999938);
	assert_int_equal(lines.n, 4);
}

static void
uids_do_not_run_over(void **state)
{
	(void)state;
	tree_write(UIDLIST_FILE, "1 7 4294967279\n1 a\n");
	read_again();
	assert_int_equal(append("b"), 4294967279u);
	assert_int_equal(append("c"), 0);
	assert_int_equal(errno, EOVERFLOW);
}

static void
unreadable_is_an_error_and_never_no_list(void **state)
{
	(void)state;
	assert_int_equal(mkdir(at(UIDLIST_FILE), 0700), 0);
	assert_int_equal(uidlist_read(&list, &lines), -1);
	assert_int_equal(rmdir(at(UIDLIST_FILE)), 0);
	assert_int_equal(symlink("/etc/passwd", at(UIDLIST_FILE)), 0);
	assert_int_equal(uidlist_read(&list, &lines), -1);
	assert_int_equal(unlink(at(UIDLIST_FILE)), 0);
	assert_int_equal(uidlist_read(&list, &lines), 0);
	assert_int_equal(list.uidvalidity, 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(couriers_list_is_read),
	    TEST(headers_are_believed_or_not),
	    TEST(odd_lines_cost_only_themselves),
	    TEST(name_length_is_bounded),
	    TEST(of_a_uid_twice_the_first_line_wins),
	    TEST(couriers_header_is_rewritten_once),
	    TEST(header_covers_every_line),
	    TEST(reservation_is_raised_when_it_is_reached),
	    TEST(torn_last_line_is_cut_off),
	    TEST(only_the_tail_is_read_again),
	    TEST(peek_reads_the_end_of_a_long_list),
	    TEST(highest_uid_outlives_its_message),
	    TEST(failed_syncs_give_no_uid_and_lose_none),
	    TEST(a_list_that_failed_a_sync_is_written_anew),
	    TEST(header_grows_where_a_leading_zero_would_be_lost),
	    TEST(uids_do_not_run_over),
	    TEST(unreadable_is_an_error_and_never_no_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
