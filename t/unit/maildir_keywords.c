/*
 * Keywords: names and sets, Courier's three kinds of files, and what a store
 * writes.
 */
#include "t/unit/maildir_opened.h"

#include "maildir/keywords.h"

#define KW "courierimapkeywords/"

/* Messages 1.m, 2.m ... with UIDs 1, 2 ... */
static void
fill(unsigned n)
{
	char name[64];
	unsigned i;

	for (i = 1; i <= n; i++) {
		(void)snprintf(name, sizeof(name), "cur/%u.m:2,", i);
		tree_write(name, "x\n");
	}
}

static void
open_inbox(void)
{
	mailbox_close(mb);
	mb = mailbox_open(md, "", false);
	assert_non_null(mb);
}

/* Keywords of a message: "Foo Bar". */
static const char *
of(uint32_t uid)
{
	static char out[2000];
	const char *const *names;
	const uint16_t *set;
	size_t i, n, len = 0;

	out[0] = '\0';
	(void)mailbox_keywords(mb, &names);
	n = mailbox_kwset(mb, mailbox_find(mb, uid)->kwset, &set);
	for (i = 0; i < n; i++)
		len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%s",
		    i == 0 ? "" : " ", names[set[i]]);
	return out;
}

static int
store(uint32_t first, size_t n, enum mailbox_op op, const char *keyword)
{
	const struct mailbox_change change = {
	    .op = op, .keywords = &keyword, .nkeywords = keyword != NULL};
	uint32_t uids[100];
	bool changed[100];
	size_t i;
	int count = 0;

	for (i = 0; i < n; i++)
		uids[i] = first + (uint32_t)i;
	if (mailbox_store(mb, uids, n, &change, changed) == -1)
		return -1;
	for (i = 0; i < n; i++)
		count += changed[i];
	return count;
}

static void
sets_are_stored_once_and_sorted(void **state)
{
	struct keywords k;
	uint16_t a[] = {3, 1, 2, 1}, b[] = {1, 2, 3}, c[] = {1};
	const uint16_t *members;
	uint32_t set, i;

	(void)state;
	assert_int_equal(keywords_init(&k), 0);
	assert_int_equal(keywords_set(&k, NULL, 0), 0);
	set = keywords_set(&k, a, 4);
	assert_int_equal(set, keywords_set(&k, b, 3));
	assert_int_not_equal(set, keywords_set(&k, c, 1));
	assert_int_equal(keywords_members(&k, set, &members), 3);
	assert_int_equal(members[0], 1);
	assert_int_equal(members[2], 3);
	assert_int_equal(keywords_members(&k, 0, &members), 0);
	assert_int_equal(keywords_members(&k, 999, &members), 0);
	for (i = 0; i < 1000; i++) {
		c[0] = (uint16_t)i;
		set = keywords_set(&k, c, 1);
		assert_int_equal(keywords_members(&k, set, &members), 1);
		assert_int_equal(members[0], i);
	}
	keywords_done(&k);
}

static void
names_have_no_case_and_keep_their_first_spelling(void **state)
{
	struct keywords k;

	(void)state;
	assert_int_equal(keywords_init(&k), 0);
	assert_int_equal(keywords_number(&k, "Foo", 3, true), 0);
	assert_int_equal(keywords_number(&k, "fOO", 3, true), 0);
	assert_int_equal(keywords_number(&k, "Foo2", 4, true), 1);
	assert_int_equal(keywords_number(&k, "Fo", 2, true), 2);
	assert_string_equal(k.names[0], "Foo");
	assert_int_equal(keywords_number(&k, "a b", 3, true), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(keywords_number(&k, "", 0, false), -1);
	assert_int_equal(keywords_number(&k, "a(b", 3, false), 3);
	assert_string_equal(k.names[3], "a_b");
	assert_int_equal(keywords_number(&k, "a)b", 3, false), 3);
	keywords_done(&k);
}

static void
update_names_are_told_apart(void **state)
{
	static const struct {
		const char *name, *base;
		uint64_t age;
	} cases[] = {
	    {"1.m", "1.m", UINT64_MAX},
	    {".5.1.m", "1.m", 5},
	    {":list", NULL, 0},
	    {".tmp.5.x", NULL, 0},
	    {".5", NULL, 0},
	    {".5.", NULL, 0},
	    {".", NULL, 0},
	    {"a:2,S", NULL, 0},
	    {".99999999999999999999999.x", NULL, 0},
	};
	const char *base;
	uint64_t age;
	size_t i;
	bool is;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		is = keywords_update_name(cases[i].name, &base, &age);
		assert_int_equal(is, cases[i].base != NULL);
		if (is) {
			assert_string_equal(base, cases[i].base);
			assert_true(age == cases[i].age);
		}
	}
}

static void
couriers_files_are_read_by_their_rank(void **state)
{
	char aged[64];
	long t = (long)time(NULL) / 300;

	(void)state;
	fill(6);
	tree_mkdir("courierimapkeywords");
	tree_write(KW ":list",
	    "$Label1\nFoo\n\n1.m:0 1\n2.m:0\n3.m:1\n4.m:0\n:0\n99.gone:1\n");
	tree_write(KW "2.m", "Bar\n");
	tree_write(KW "3.m", "");
	(void)snprintf(aged, sizeof(aged), KW ".%ld.4.m", t);
	tree_write(aged, "Foo\nBar\n");
	(void)snprintf(aged, sizeof(aged), KW ".%ld.4.m", t + 1);
	tree_write(aged, "Bar\n");
	tree_write(KW "5.m", "a b\n");
	tree_write(KW ".tmp.1.6.m", "No\n");
	open_inbox();
	assert_string_equal(of(1), "$Label1 Foo");
	assert_string_equal(of(2), "Bar");
	assert_string_equal(of(3), "");
	assert_string_equal(of(4), "Bar");
	assert_string_equal(of(5), "a_b");
	assert_string_equal(of(6), "");
}

static void
odd_lists_cost_only_what_is_odd(void **state)
{
	static const struct {
		const char *list, *first;
	} cases[] = {
	    {"", ""},
	    {"\n", ""},
	    {"Foo\n", ""},
	    {"Foo\n\n1.m:0", ""},
	    {"Foo\n\n1.m:0\n", "Foo"},
	    {"Foo\n\n1.m:1\n", ""},
	    {"Foo\n\n1.m:0 1 0 x 0\n", "Foo"},
	    {"Foo\n\n1.m\n1.m:0\n", "Foo"},
	    {"Foo\n\n1.m:99999999999999999999 0\n", "Foo"},
	    {"Foo\nfoo\n\n1.m:1\n", "Foo"},
	    {"Foo\n\n\n1.m: 0 \n", "Foo"},
	};
	size_t i;

	(void)state;
	fill(1);
	tree_mkdir("courierimapkeywords");
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		tree_write(KW ":list", cases[i].list);
		open_inbox();
		assert_string_equal(of(1), cases[i].first);
	}
}

static void
a_store_writes_the_whole_set_and_one_sync(void **state)
{
	(void)state;
	fill(2);
	open_inbox();
	tree_syncs();
	assert_int_equal(store(1, 1, MAILBOX_ADD, "$Label1"), 1);
	assert_int_equal(tree_syncs(), 1);
	assert_string_equal(tree_read(KW "1.m"), "$Label1\n");
	assert_int_equal(store(1, 1, MAILBOX_ADD, "Foo"), 1);
	assert_string_equal(tree_read(KW "1.m"), "$Label1\nFoo\n");
	assert_int_equal(store(1, 1, MAILBOX_ADD, "foo"), 0);
	assert_int_equal(store(1, 2, MAILBOX_REMOVE, "$label1"), 1);
	assert_string_equal(tree_read(KW "1.m"), "Foo\n");
	assert_int_equal(store(1, 1, MAILBOX_REMOVE, "Nobodys"), 0);
	assert_int_equal(store(1, 1, MAILBOX_REPLACE, NULL), 1);
	assert_string_equal(tree_read(KW "1.m"), "");
	assert_true(tree_has(KW "1.m"));
	assert_int_equal(tree_count("tmp", ""), 0);
	open_inbox();
	assert_string_equal(of(1), "");
}

static void
a_store_keeps_what_another_session_added(void **state)
{
	struct mailbox *other;
	struct mailbox_diff diff;

	(void)state;
	fill(1);
	open_inbox();
	other = mb;
	mb = NULL;
	open_inbox();
	assert_int_equal(store(1, 1, MAILBOX_ADD, "A"), 1);
	mailbox_close(mb);
	mb = other;
	assert_int_equal(store(1, 1, MAILBOX_ADD, "B"), 1);
	assert_string_equal(tree_read(KW "1.m"), "A\nB\n");
	assert_string_equal(of(1), "A B");
	assert_int_equal(mailbox_sync(mb, false, &diff), 0);
	assert_true(diff.keywords);
}

static void
others_keywords_are_news(void **state)
{
	struct mailbox_diff diff;

	(void)state;
	fill(2);
	open_inbox();
	tree_mkdir("courierimapkeywords");
	tree_write(KW "2.m", "New\n");
	assert_int_equal(mailbox_sync(mb, false, &diff), 0);
	assert_true(diff.keywords);
	assert_int_equal(diff.nchanged, 1);
	assert_int_equal(diff.changed[0], 2);
	assert_string_equal(of(2), "New");
	assert_int_equal(mailbox_sync(mb, true, &diff), 0);
	assert_false(diff.keywords);
	assert_int_equal(diff.nchanged, 0);
}

static void
sixteen_are_updates_and_seventeen_a_list(void **state)
{
	(void)state;
	fill(40);
	open_inbox();
	tree_syncs();
	assert_int_equal(store(1, 16, MAILBOX_ADD, "Foo"), 16);
	assert_int_equal(tree_syncs(), 16);
	assert_int_equal(tree_count("courierimapkeywords", ".m"), 16);
	assert_false(tree_has(KW ":list"));
	assert_int_equal(store(10, 17, MAILBOX_ADD, "Bar"), 17);
	assert_int_equal(tree_syncs(), 2);
	/* Of the messages changed no update is left to override it. */
	assert_int_equal(tree_count("courierimapkeywords", ".m"), 9);
	assert_non_null(strstr(tree_read(KW ":list"), "Foo\nBar\n\n"));
	assert_non_null(strstr(tree_read(KW ":list"), "\n10.m:0 1\n"));
	assert_non_null(strstr(tree_read(KW ":list"), "\n26.m:1\n"));
	assert_non_null(strstr(tree_read(KW ":list"), "\n1.m:0\n"));
	open_inbox();
	assert_string_equal(of(1), "Foo");
	assert_string_equal(of(10), "Foo Bar");
	assert_string_equal(of(26), "Bar");
	assert_string_equal(of(27), "");
}

static void
many_pending_updates_are_merged_at_an_open(void **state)
{
	(void)state;
	fill(20);
	open_inbox();
	assert_int_equal(store(1, 16, MAILBOX_ADD, "Foo"), 16);
	open_inbox();
	assert_false(tree_has(KW ":list"));
	assert_int_equal(store(17, 1, MAILBOX_ADD, "Bar"), 1);
	tree_write(KW "99.unknown", "Young\n");
	open_inbox();
	assert_true(tree_has(KW ":list"));
	/* Aged, for who has read the old list; the orphan is young. */
	assert_int_equal(tree_count("courierimapkeywords", ".17.m"), 1);
	assert_false(tree_has(KW "17.m"));
	assert_true(tree_has(KW "99.unknown"));
	assert_string_equal(of(17), "Bar");
	assert_string_equal(of(16), "Foo");
	assert_int_equal(store(17, 1, MAILBOX_REPLACE, "Foo"), 1);
	open_inbox();
	assert_string_equal(of(17), "Foo");
}

static void
expired_aged_files_go_once_the_list_says_so(void **state)
{
	char old[64];

	(void)state;
	fill(2);
	tree_mkdir("courierimapkeywords");
	tree_write(KW ":list", "Foo\n\n1.m:0\n");
	(void)snprintf(
	    old, sizeof(old), KW ".%ld.1.m", (long)time(NULL) / 300 - 2);
	tree_write(old, "Foo\n");
	open_inbox();
	assert_false(tree_has(old));
	/* This one says something else: merged first. */
	(void)snprintf(
	    old, sizeof(old), KW ".%ld.2.m", (long)time(NULL) / 300 - 2);
	tree_write(old, "Bar\n");
	open_inbox();
	assert_false(tree_has(old));
	assert_string_equal(of(2), "Bar");
	assert_non_null(strstr(tree_read(KW ":list"), "\n2.m:1\n"));
}

static void
a_broken_list_is_kept_aside_when_it_is_rewritten(void **state)
{
	(void)state;
	fill(20);
	tree_mkdir("courierimapkeywords");
	tree_write(KW ":list", "Foo\n\n1.m:0\nnonsense\n");
	open_inbox();
	assert_int_equal(tree_count("", "broken"), 0);
	assert_int_equal(store(2, 17, MAILBOX_ADD, "Bar"), 17);
	assert_int_equal(tree_count("", "courierimapkeywords.broken."), 1);
	assert_non_null(strstr(maildir_notice(md), "courierimapkeywords"));
	open_inbox();
	assert_string_equal(of(1), "Foo");
	assert_string_equal(of(2), "Bar");
}

static void
failed_syncs_change_no_keyword(void **state)
{
	(void)state;
	fill(20);
	open_inbox();
	fail_sync_at = 1;
	assert_int_equal(store(1, 1, MAILBOX_ADD, "Foo"), -1);
	assert_int_equal(errno, EIO);
	assert_string_equal(of(1), "");
	assert_int_equal(tree_count("courierimapkeywords", ""), 0);
	fail_sync_at = 1;
	assert_int_equal(store(1, 17, MAILBOX_ADD, "Foo"), -1);
	assert_int_equal(tree_count("courierimapkeywords", ""), 0);
	assert_int_equal(tree_count("tmp", ""), 0);
	assert_int_equal(store(1, 17, MAILBOX_ADD, "Foo"), 17);
}

static void
number_of_keywords_is_limited_to_add_not_to_serve(void **state)
{
	char list[4000], name[16];
	size_t n = 0;
	int i;

	(void)state;
	fill(1);
	open_inbox();
	for (i = 0; i < MAILDIR_KEYWORDS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "k%d", i);
		assert_int_equal(store(1, 1, MAILBOX_ADD, name), 1);
	}
	assert_int_equal(store(1, 1, MAILBOX_ADD, "more"), -1);
	assert_int_equal(errno, EMLINK);
	assert_int_equal(unlink(at(KW "1.m")), 0);
	for (i = 0; i < 300; i++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "q%d\n", i);
	(void)snprintf(list + n, sizeof(list) - n, "\n1.m:0 299\n");
	tree_write(KW ":list", list);
	open_inbox();
	assert_string_equal(of(1), "q0 q299");
}

int
main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, opened_setup, opened_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(sets_are_stored_once_and_sorted),
	    TEST(names_have_no_case_and_keep_their_first_spelling),
	    TEST(update_names_are_told_apart),
	    TEST(couriers_files_are_read_by_their_rank),
	    TEST(odd_lists_cost_only_what_is_odd),
	    TEST(a_store_writes_the_whole_set_and_one_sync),
	    TEST(a_store_keeps_what_another_session_added),
	    TEST(others_keywords_are_news),
	    TEST(sixteen_are_updates_and_seventeen_a_list),
	    TEST(many_pending_updates_are_merged_at_an_open),
	    TEST(expired_aged_files_go_once_the_list_says_so),
	    TEST(a_broken_list_is_kept_aside_when_it_is_rewritten),
	    TEST(failed_syncs_change_no_keyword),
	    TEST(number_of_keywords_is_limited_to_add_not_to_serve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
