/*
 * Messages on their way in: bytes as they came, names, flags, keywords, dates,
 * syncs as promised, and nothing left behind by a failure.
 */
#include "t/unit/maildir_store.h"

static struct maildir *md;
static struct delivery *d;

static int
setup(void **state)
{
	if (tree_setup(state) == -1)
		return -1;
	md = tree_open(false);
	d = NULL;
	return 0;
}

static int
teardown(void **state)
{
	delivery_close(d);
	maildir_close(md);
	return tree_teardown(state);
}

static void
begin_inbox(void)
{
	delivery_close(d);
	d = delivery_open(md, "");
	assert_non_null(d);
}

static void
add(const char *text, time_t date, unsigned flags)
{
	assert_int_equal(
	    delivery_begin(d, strlen(text), date, (uint8_t)flags, NULL, 0), 0);
	assert_int_equal(delivery_write(d, text, strlen(text)), 0);
	assert_int_equal(delivery_end(d), 0);
}

static uint32_t
commit(void)
{
	uint32_t uids[8] = {0}, uidvalidity = 0;

	assert_int_equal(delivery_commit(d, uids, &uidvalidity), 0);
	assert_true(uidvalidity != 0);
	return uids[0];
}

static void
line_ends_are_stored_so_that_they_are_served_as_they_came(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
	    {"", ""},
	    {"a\r\nb\r\n", "a\nb\n"},
	    {"a\nb", "a\nb"},
	    {"a\r", "a\r"},
	    {"a\r\r", "a\r\r"},
	    {"a\r\r\nb", "a\r\r\nb"},
	    {"\r\n\r\n", "\n\n"},
	    {"\r\r\r\n\n", "\r\r\r\n\n"},
	    {"a\rb\r\n", "a\rb\n"},
	};
	char name[300];
	size_t i, j;
	int cut;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases) * 2; i++) {
		begin_inbox();
		cut = i % 2; /* whole, then byte by byte */
		assert_int_equal(delivery_begin(d, 9, 0, 0, NULL, 0), 0);
		for (j = 0; cut && j < strlen(cases[i / 2].in); j++)
			assert_int_equal(
			    delivery_write(d, cases[i / 2].in + j, 1), 0);
		if (!cut)
			assert_int_equal(delivery_write(d, cases[i / 2].in,
					     strlen(cases[i / 2].in)),
			    0);
		assert_int_equal(delivery_end(d), 0);
		(void)commit();
		(void)snprintf(
		    name, sizeof(name), "cur/%s", tree_name("cur", ""));
		assert_string_equal(tree_read(name), cases[i / 2].out);
		assert_int_equal(unlink(at(name)), 0);
	}
}

static void
a_long_message_crosses_the_buffer_whole(void **state)
{
	static char in[200001], out[200001];
	char name[300];
	size_t i, n = 0;
	int fd;

	(void)state;
	for (i = 0; i + 1 < 200000; i += 2) {
		in[i] = i % 78 == 0 ? '\r' : 'x';
		in[i + 1] = i % 78 == 0 ? '\n' : (char)('a' + i % 26);
		if (in[i] != '\r')
			out[n++] = in[i];
		out[n++] = in[i + 1];
	}
	begin_inbox();
	assert_int_equal(delivery_begin(d, 200000, 0, 0, NULL, 0), 0);
	for (i = 0; i < 200000; i += 65535)
		assert_int_equal(delivery_write(d, in + i,
				     i + 65535 > 200000 ? 200000 - i : 65535),
		    0);
	assert_int_equal(delivery_end(d), 0);
	(void)commit();
	(void)snprintf(name, sizeof(name), "cur/%s", tree_name("cur", ""));
	fd = open(at(name), O_RDONLY);
	assert_int_equal(read(fd, in, sizeof(in)), n);
	(void)close(fd);
	assert_memory_equal(in, out, n);
}

static void
one_message_costs_three_syncs(void **state)
{
	unsigned i;

	(void)state;
	begin_inbox();
	add("first\n", 0, 0);
	assert_int_equal(commit(), 1);
	for (i = 2; i <= 64; i++) {
		begin_inbox();
		tree_syncs();
		add("next\n", 0, i % 2 == 0 ? MESSAGE_SEEN : 0);
		assert_int_equal(tree_syncs(), 1);
		assert_int_equal(commit(), i);
		assert_int_equal(tree_syncs(), 2);
	}
	begin_inbox();
	add("reservation\n", 0, 0);
	tree_syncs();
	assert_int_equal(commit(), 65);
	assert_int_equal(tree_syncs(), 3);
}

static void
many_at_once_cost_n_and_two(void **state)
{
	uint32_t uids[3], uidvalidity;

	(void)state;
	begin_inbox();
	add("first\n", 0, 0);
	(void)commit();
	tree_syncs();
	add("a\n", 0, 0);
	add("b\n", 0, MESSAGE_SEEN | MESSAGE_DRAFT);
	add("c\n", 0, 0);
	assert_int_equal(delivery_count(d), 3);
	assert_int_equal(delivery_commit(d, uids, &uidvalidity), 0);
	assert_int_equal(tree_syncs(), 5);
	assert_int_equal(uids[0], 2);
	assert_int_equal(uids[1], 3);
	assert_int_equal(uids[2], 4);
	assert_int_equal(delivery_count(d), 0);
	assert_int_equal(tree_count("new", ""), 0);
	assert_int_equal(tree_count("cur", ":2,"), 4);
	assert_int_equal(tree_count("cur", ":2,DS"), 1);
	assert_int_equal(tree_count("tmp", ""), 0);
}

static void
date_flags_and_keywords_go_along(void **state)
{
	static const char *const keywords[] = {"$Forwarded", "Work"};
	const struct message *m;
	const char *const *names;
	const uint16_t *set;
	struct mailbox *mb;
	time_t date;
	size_t n;

	(void)state;
	begin_inbox();
	assert_int_equal(
	    delivery_begin(d, 3, 1000000000, MESSAGE_FLAGGED, keywords, 2), 0);
	assert_int_equal(delivery_write(d, "x\r\n", 3), 0);
	assert_int_equal(delivery_end(d), 0);
	tree_syncs();
	assert_int_equal(commit(), 1);
	mb = mailbox_open(md, "", false);
	assert_non_null(mb);
	m = mailbox_messages(mb, &n);
	assert_int_equal(n, 1);
	assert_int_equal(m->flags, MESSAGE_FLAGGED);
	assert_int_equal(mailbox_kwset(mb, m->kwset, &set), 2);
	assert_int_equal(mailbox_keywords(mb, &names), 2);
	assert_string_equal(names[set[0]], "$Forwarded");
	assert_string_equal(names[set[1]], "Work");
	assert_int_equal(mailbox_date(mb, 1, &date), 0);
	assert_int_equal(date, 1000000000);
	mailbox_close(mb);
	/* V, I and S in the name are the file's. */
	assert_non_null(strstr(tree_name("cur", ""), ",S=2:2,F"));
}

static void
a_message_without_flags_is_recent_to_who_opens_next(void **state)
{
	const struct message *m;
	struct mailbox *mb;
	size_t n;

	(void)state;
	tree_use_index(&md);
	mailbox_close(mailbox_open(md, "", false));
	begin_inbox();
	add("a\n", 0, 0);
	assert_int_equal(commit(), 1);
	assert_non_null(strstr(tree_name("cur", ""), ",S=2:2,"));
	mb = mailbox_open(md, "", false);
	assert_non_null(mb);
	m = mailbox_messages(mb, &n);
	assert_int_equal(n, 1);
	assert_int_equal(m->uid, 1);
	assert_true(m->recent);
	mailbox_close(mb);
	mb = mailbox_open(md, "", false);
	assert_false(mailbox_find(mb, 1)->recent);
	mailbox_close(mb);
}

static void
umask_decides_the_mode(void **state)
{
	char name[300];
	struct stat st;
	mode_t old = umask(0);

	(void)state;
	begin_inbox();
	add("a\n", 0, 0);
	(void)commit();
	(void)umask(old);
	(void)snprintf(name, sizeof(name), "cur/%s", tree_name("cur", ""));
	assert_int_equal(stat(at(name), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
}

static void
what_is_not_committed_leaves_nothing(void **state)
{
	(void)state;
	begin_inbox();
	add("a\n", 0, 0);
	assert_int_equal(delivery_begin(d, 1, 0, 0, NULL, 0), 0);
	assert_int_equal(delivery_write(d, "b", 1), 0);
	assert_int_equal(tree_count("tmp", ""), 2);
	assert_int_equal(delivery_count(d), 1);
	delivery_close(d);
	d = NULL;
	assert_int_equal(tree_count("tmp", ""), 0);
	assert_int_equal(tree_count("new", ""), 0);
	delivery_close(NULL);
}

static void
any_failed_sync_leaves_nothing(void **state)
{
	static const char *const keywords[] = {"Work"};
	uint32_t uids[2], uidvalidity;
	unsigned i;

	(void)state;
	tree_write("courierimapuiddb", "1 7 0000000064\n62 x\n");
	for (i = 1; i <= 6; i++) {
		begin_inbox();
		fail_sync_at = i;
		if (delivery_begin(d, 1, 0, MESSAGE_SEEN, keywords, 1) == 0 &&
		    delivery_write(d, "a", 1) == 0 && delivery_end(d) == 0 &&
		    delivery_begin(d, 1, 0, 0, NULL, 0) == 0 &&
		    delivery_write(d, "b", 1) == 0 && delivery_end(d) == 0 &&
		    delivery_commit(d, uids, &uidvalidity) == 0)
			fail_msg("sync %u did not matter", i);
		assert_int_equal(errno, EIO);
		delivery_close(d);
		d = NULL;
		assert_int_equal(tree_count("tmp", ""), 0);
		assert_int_equal(tree_count("new", ""), 0);
		assert_int_equal(tree_count("cur", ""), 0);
		assert_int_equal(tree_count("courierimapkeywords", ""), 0);
		assert_null(strstr(tree_read("courierimapuiddb"), "\n63 "));
	}
	fail_sync_at = 0;
	begin_inbox();
	add("a\n", 0, 0);
	assert_int_equal(commit(), 63);
}

static void
keyword_limits_hold(void **state)
{
	char text[64 + 2], name[16];
	const char *keywords[1] = {text};
	const char *many[MAILDIR_KEYWORDS_MAX + 1];
	static char names[MAILDIR_KEYWORDS_MAX + 1][16];
	size_t i;

	(void)state;
	(void)name;
	begin_inbox();
	memset(text, 'k', sizeof(text));
	text[63] = '\0';
	assert_int_equal(delivery_begin(d, 1, 0, 0, keywords, 1), 0);
	text[63] = 'k';
	text[64] = '\0';
	assert_int_equal(delivery_begin(d, 1, 0, 0, keywords, 1), 0);
	text[64] = 'k';
	text[65] = '\0';
	assert_int_equal(delivery_begin(d, 1, 0, 0, keywords, 1), -1);
	assert_int_equal(errno, ENAMETOOLONG);
	begin_inbox();
	for (i = 0; i <= MAILDIR_KEYWORDS_MAX; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "k%zu", i);
		many[i] = names[i];
	}
	assert_int_equal(
	    delivery_begin(d, 1, 0, 0, many, MAILDIR_KEYWORDS_MAX - 1), 0);
	assert_int_equal(
	    delivery_begin(d, 1, 0, 0, many, MAILDIR_KEYWORDS_MAX), 0);
	assert_int_equal(
	    delivery_begin(d, 1, 0, 0, many, MAILDIR_KEYWORDS_MAX + 1), -1);
	assert_int_equal(errno, EMLINK);
}

static void
no_folder_and_no_space_are_told_first(void **state)
{
	(void)state;
	assert_null(delivery_open(md, "none"));
	assert_int_equal(errno, ENOENT);
	begin_inbox();
	assert_int_equal(delivery_begin(d, UINT64_MAX / 2, 0, 0, NULL, 0), -1);
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(tree_count("tmp", ""), 0);
	assert_int_equal(delivery_write(d, "x", 1), -1);
	assert_int_equal(delivery_end(d), -1);
}

/*
 * A DELETE that was killed before it had taken the folder apart: what is filed
 * there now would go at the next login.
 */
static void
nothing_is_filed_where_no_folder_is_any_more(void **state)
{
	uint32_t uids[8], uidvalidity;

	(void)state;
	assert_int_equal(maildir_create(md, "a", 0), 0);
	d = delivery_open(md, "a");
	assert_non_null(d);
	add("x\n", 0, 0);
	assert_int_equal(
	    rename(at(".a"), at("corkboard/removing.1.M2P3_corkboard4")), 0);
	assert_int_equal(delivery_commit(d, uids, &uidvalidity), -1);
	assert_int_equal(errno, ENOENT);
	/* Nor is it if another one has that name by now. */
	assert_int_equal(maildir_create(md, "a", 0), 0);
	delivery_close(d);
	d = delivery_open(md, "a");
	assert_non_null(d);
	add("x\n", 0, 0);
	assert_int_equal(rename(at(".a"), at(".b")), 0);
	assert_int_equal(maildir_create(md, "a", 0), 0);
	assert_int_equal(delivery_commit(d, uids, &uidvalidity), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(tree_count(".b/cur", ""), 0);
	begin_inbox();
	add("x\n", 0, 0);
	(void)commit();
}

static void
an_open_folder_hears_of_it(void **state)
{
	struct mailbox_diff diff;
	struct mailbox *mb;

	(void)state;
	tree_use_index(&md);
	mb = mailbox_open(md, "", false);
	assert_non_null(mb);
	begin_inbox();
	add("a\n", 0, MESSAGE_SEEN);
	assert_int_equal(commit(), 1);
	assert_int_equal(mailbox_sync(mb, false, &diff), 0);
	assert_int_equal(diff.nadded, 1);
	assert_int_equal(diff.added[0], 1);
	begin_inbox();
	add("b\n", 0, 0);
	assert_int_equal(commit(), 2);
	assert_int_equal(mailbox_sync(mb, false, &diff), 0);
	assert_int_equal(diff.nadded, 1);
	assert_int_equal(diff.added[0], 2);
	assert_true(mailbox_find(mb, 2)->recent);
	mailbox_close(mb);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(line_ends_are_stored_so_that_they_are_served_as_they_came),
	    TEST(a_long_message_crosses_the_buffer_whole),
	    TEST(one_message_costs_three_syncs),
	    TEST(many_at_once_cost_n_and_two),
	    TEST(date_flags_and_keywords_go_along),
	    TEST(a_message_without_flags_is_recent_to_who_opens_next),
	    TEST(umask_decides_the_mode),
	    TEST(what_is_not_committed_leaves_nothing),
	    TEST(any_failed_sync_leaves_nothing),
	    TEST(keyword_limits_hold),
	    TEST(no_folder_and_no_space_are_told_first),
	    TEST(nothing_is_filed_where_no_folder_is_any_more),
	    TEST(an_open_folder_hears_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
