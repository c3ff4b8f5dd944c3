/*
 * A Maildir of Dovecot's at first sight: UIDs, UIDVALIDITY, keywords and
 * subscriptions, what is broken and what is hostile, and that nothing of it
 * changes.
 */
#include "t/unit/maildir_opened.h"

#include "maildir/import_dovecot.h"
#include "maildir/private.h"

#define A "1700000001.M1P1.host,S=5,W=5"
#define B "1700000002.M2P1.host,S=5,W=5"
#define C "1700000003.M3P1.host,S=5,W=5"

static int
setup(void **state)
{
	md = NULL;
	mb = NULL;
	return tree_setup(state);
}

static void
open_folder(const char *folder, bool readonly)
{
	mailbox_close(mb);
	if (md == NULL)
		md = tree_open(true);
	mb = mailbox_open(md, folder, readonly);
	if (mb == NULL)
		fail_msg("%s: %s", folder, strerror(errno));
}

/* The keywords of a message, by their names, in the order of numbers. */
static const char *
keywords_of(uint32_t uid)
{
	static char out[512];
	const struct message *m = mailbox_find(mb, uid);
	const char *const *names;
	const uint16_t *v;
	size_t i, n;

	assert_non_null(m);
	out[0] = '\0';
	(void)mailbox_keywords(mb, &names);
	n = mailbox_kwset(mb, m->kwset, &v);
	for (i = 0; i < n; i++) {
		strcat(out, i == 0 ? "" : " ");
		strcat(out, names[v[i]]);
	}
	return out;
}

/* Three messages: one with two keywords, one with none, one never numbered. */
static void
make_dovecots(void)
{
	tree_write("cur/" A ":2,FSab", "hello");
	tree_write("cur/" B ":2,", "hello");
	tree_write("new/" C, "hello");
	tree_write("dovecot-uidlist",
	    "3 V1795389734 N9 G39e00f232479036bfb3c000083ecc375\n"
	    "3 :" A "\n7 W5 S5 :" B "\n");
	tree_write("dovecot-keywords", "0 $Label1\n1 Foo\n2 Bar\n");
}

static void
uids_and_keywords_are_dovecots(void **state)
{
	const struct message *m;
	size_t n;

	(void)state;
	make_dovecots();
	open_folder("", false);
	assert_int_equal(mailbox_uidvalidity(mb), 1795389734);
	m = mailbox_messages(mb, &n);
	assert_int_equal(n, 3);
	assert_int_equal(m[0].uid, 3);
	assert_int_equal(m[0].flags, MESSAGE_FLAGGED | MESSAGE_SEEN);
	assert_int_equal(m[1].uid, 7);
	assert_int_equal(m[2].uid, 9); /* its header's N, not 8 */
	assert_string_equal(keywords_of(3), "$Label1 Foo");
	assert_string_equal(keywords_of(7), "");
}

static void
dovecots_files_and_letters_stay(void **state)
{
	static const struct mailbox_change unflag = {
	    .op = MAILBOX_REMOVE, .flags = MESSAGE_FLAGGED};
	uint32_t uid = 3;
	bool changed;

	(void)state;
	make_dovecots();
	open_folder("", false);
	assert_string_equal(
	    tree_read("dovecot-keywords"), "0 $Label1\n1 Foo\n2 Bar\n");
	assert_string_equal(tree_read("dovecot-uidlist"),
	    "3 V1795389734 N9 G39e00f232479036bfb3c000083ecc375\n"
	    "3 :" A "\n7 W5 S5 :" B "\n");
	assert_true(tree_has("cur/" A ":2,FSab"));
	assert_int_equal(mailbox_store(mb, &uid, 1, &unflag, &changed), 0);
	assert_true(tree_has("cur/" A ":2,Sab"));
	assert_string_equal(keywords_of(3), "$Label1 Foo");
}

static void
what_was_imported_is_there_without_dovecots_files(void **state)
{
	(void)state;
	make_dovecots();
	open_folder("", false);
	assert_int_equal(unlink(at("dovecot-uidlist")), 0);
	assert_int_equal(unlink(at("dovecot-keywords")), 0);
	open_folder("", false);
	assert_int_equal(mailbox_uidvalidity(mb), 1795389734);
	assert_string_equal(keywords_of(3), "$Label1 Foo");
	assert_int_equal(mailbox_uidnext(mb), 10);
}

static void
status_and_delivery_import_as_well(void **state)
{
	struct mailbox_status status;
	struct delivery *d;
	uint32_t uid, uidvalidity;

	(void)state;
	make_dovecots();
	tree_folder(".a");
	tree_write(".a/dovecot-uidlist", "3 V77 N12\n");
	md = tree_open(true);
	assert_int_equal(maildir_status(md, "", false, &status), 0);
	assert_int_equal(status.uidvalidity, 1795389734);
	assert_non_null(d = delivery_open(md, "a"));
	assert_int_equal(delivery_begin(d, 2, 0, 0, NULL, 0), 0);
	assert_int_equal(delivery_write(d, "x\n", 2), 0);
	assert_int_equal(delivery_end(d), 0);
	assert_int_equal(delivery_commit(d, &uid, &uidvalidity), 0);
	delivery_close(d);
	assert_int_equal(uid, 12);
	assert_int_equal(uidvalidity, 77);
}

static void
couriers_list_counts_more(void **state)
{
	(void)state;
	make_dovecots();
	tree_write("courierimapuiddb", "1 5 2\n1 " A "\n");
	open_folder("", false);
	assert_int_equal(mailbox_uidvalidity(mb), 5);
	assert_int_equal(
	    mailbox_find(mb, 1)->flags, MESSAGE_FLAGGED | MESSAGE_SEEN);
	assert_string_equal(keywords_of(1), "");
}

/* The numbers that we gave since are not in Dovecot's list. */
static void
a_lost_list_of_ours_is_not_replaced_by_dovecots(void **state)
{
	(void)state;
	make_dovecots();
	open_folder("", false);
	assert_int_equal(unlink(at("courierimapuiddb")), 0);
	open_folder("", false);
	assert_int_not_equal(mailbox_uidvalidity(mb), 1795389734);
	assert_true(mailbox_uidvalidity(mb) != 0);
}

static void
many_keywords_come_in_one_list(void **state)
{
	char name[100];
	int i;

	(void)state;
	tree_write("dovecot-uidlist", "3 V9 N1\n");
	tree_write("dovecot-keywords", "25 last\n");
	for (i = 0; i < 40; i++) {
		(void)snprintf(name, sizeof(name), "cur/17.M%d.h:2,Sz", i);
		tree_write(name, "x");
	}
	open_folder("", false);
	assert_string_equal(keywords_of(1), "last");
	assert_string_equal(keywords_of(40), "last");
	assert_true(tree_has("courierimapkeywords/:list"));
	assert_int_equal(tree_count("courierimapkeywords", ".M"), 0);
}

/* A failed sync: nothing was imported, it is done again. */
static void
an_import_that_fails_is_done_again(void **state)
{
	unsigned i;

	(void)state;
	make_dovecots();
	md = tree_open(true);
	for (i = 1;; i++) {
		fail_sync_at = i;
		mb = mailbox_open(md, "", false);
		if (fail_sync_at > 0)
			break; /* it did not get so far */
		fail_sync_at = 0;
		open_folder("", false);
		assert_int_equal(mailbox_uidvalidity(mb), 1795389734);
		assert_string_equal(keywords_of(3), "$Label1 Foo");
		mailbox_close(mb);
		(void)unlink(at("courierimapuiddb"));
		(void)unlink(at("courierimapuiddb.bak"));
	}
	assert_true(i > 3);
	fail_sync_at = 0;
}

/* Whoever may not read it does not conclude that there is none. */
static void
a_list_that_cannot_be_read_is_an_error(void **state)
{
	bool root = geteuid() == 0;

	(void)state;
	make_dovecots();
	assert_int_equal(chmod(at("dovecot-uidlist"), 0), 0);
	if (root) {
		assert_int_equal(chmod(at(""), 0777), 0);
		assert_int_equal(chmod(at("cur"), 0777), 0);
		assert_int_equal(chmod(at("new"), 0777), 0);
		assert_int_equal(chmod(at("tmp"), 0777), 0);
		assert_int_equal(seteuid(65534), 0);
	}
	md = tree_open(true);
	mb = mailbox_open(md, "", false);
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_null(mb);
	assert_false(tree_has("courierimapuiddb"));
}

static void
what_is_no_file_is_told_and_not_imported(void **state)
{
	(void)state;
	tree_folder(".a");
	tree_mkdir("dovecot-uidlist");
	tree_mkdir("dovecot-keywords");
	assert_int_equal(symlink("/etc/passwd", at(".a/dovecot-uidlist")), 0);
	tree_mkdir("subscriptions");
	open_folder("", false);
	assert_non_null(strstr(maildir_notice(md), "subscriptions"));
	assert_non_null(strstr(maildir_notice(md), "dovecot-keywords"));
	assert_non_null(strstr(maildir_notice(md), "dovecot-uidlist"));
	open_folder("a", false);
	assert_non_null(strstr(maildir_notice(md), "dovecot-uidlist"));
	assert_true(mailbox_uidvalidity(mb) != 0);
}

static void
lists_are_believed_or_not(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint32_t uidvalidity, next;
		size_t n;
	} cases[] = {
	    {"3 V5 N7\n", 1, 5, 7, 0},
	    {"3 N7 V5 X9 Gab\n", 1, 5, 7, 0},
	    {"3 V5\n2 :a\n", 1, 5, 3, 1},
	    {"3 V5 N2\n8 :a\n4 :b\n", 1, 5, 9, 2},
	    {"3 V5 N2\n8 :a\n8 :b\n", 1, 5, 9, 1},
	    {"3 V5 N2\n1 W3 S4 Pabc :a:2,S\n", 1, 5, 2, 1},
	    {"3 V5 N9\n1 :a\n2 :b", 1, 5, 9, 1},
	    {"3 V5 N9\n1 a\n0 :b\nx\n2 W\n3  :c\n4 :\n", 1, 5, 9, 1},
	    {"3 V5 N9\n1 :.a\n2 :a/b\n3 ::2,S\n-1 :c\n", 1, 5, 9, 0},
	    {"3 V5 N9\n4294967279 :a\n", 1, 5, 4294967280u, 1},
	    {"3 V5 N9\n4294967280 :a\n", 1, 5, 9, 0},
	    {"3 V5 N4294967280\n", 1, 5, 4294967280u, 0},
	    {"3 V5 N4294967281\n", 0, 0, 0, 0},
	    {"3 V4294967295 N1\n", 1, 4294967295u, 1, 0},
	    {"3 V4294967296 N1\n", 0, 0, 0, 0},
	    {"3 V0 N1\n", 0, 0, 0, 0},
	    {"3 V5 N0\n", 0, 0, 0, 0},
	    {"3 N1\n", 0, 0, 0, 0},
	    {"3 V5", 0, 0, 0, 0},
	    {"1 5 7\n", 0, 0, 0, 0},
	    {"", 0, 0, 0, 0},
	    {"\n", 0, 0, 0, 0},
	};
	uint32_t uidvalidity, next;
	struct uidlines lines;
	size_t i;
	int r;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		r = import_dovecot_uids(cases[i].text, strlen(cases[i].text),
		    &uidvalidity, &next, &lines);
		if (r != cases[i].result ||
		    (r == 1 &&
			(uidvalidity != cases[i].uidvalidity ||
			    next != cases[i].next || lines.n != cases[i].n)))
			fail_msg("%s: %d", cases[i].text, r);
		free(lines.v);
	}
}

static void
names_of_the_longest_length_are_taken(void **state)
{
	uint32_t uidvalidity, next;
	struct uidlines lines;
	char text[400];
	int len;

	(void)state;
	for (len = 254; len <= 256; len++) {
		(void)snprintf(text, sizeof(text), "3 V5\n1 :%0*d\n", len, 0);
		assert_int_equal(import_dovecot_uids(text, strlen(text),
				     &uidvalidity, &next, &lines),
		    1);
		assert_int_equal(lines.n, len <= 255);
		free(lines.v);
	}
}

static void
a_broken_list_is_told_and_not_imported(void **state)
{
	(void)state;
	tree_write("dovecot-uidlist", "rubbish\n");
	tree_write("cur/a:2,S", "x");
	open_folder("", false);
	assert_int_equal(mailbox_find(mb, 1)->flags, MESSAGE_SEEN);
	assert_non_null(strstr(maildir_notice(md), "dovecot-uidlist"));
}

static void
letters_are_those_of_the_table(void **state)
{
	static const char text[] =
	    "0 a\n25 z\n26 no\n3\n4 \nx y\n5 A\n6 b c\n7";
	int numbers[DOVECOT_LETTERS];
	struct keywords kw;

	(void)state;
	assert_int_equal(keywords_init(&kw), 0);
	assert_int_equal(
	    import_dovecot_letters(&kw, text, sizeof(text) - 1, numbers), 0);
	assert_int_equal(kw.nnames, 3);
	assert_string_equal(kw.names[numbers[0]], "a");
	assert_string_equal(kw.names[numbers[25]], "z");
	assert_int_equal(numbers[5], numbers[0]); /* one keyword in any case */
	assert_string_equal(kw.names[numbers[6]], "b_c");
	assert_int_equal(numbers[3], -1);
	assert_int_equal(numbers[4], -1);
	assert_int_equal(numbers[7], -1);
	keywords_done(&kw);
}

static void
subscriptions_get_couriers_form(void **state)
{
	static const struct {
		const char *before, *after;
	} cases[] = {
	    {"V\t2\n\nSent\na\tb\nINBOX\n", "INBOX.Sent\nINBOX.a.b\nINBOX\n"},
	    {"Sent\na.b\nInbox\n", "INBOX.Sent\nINBOX.a.b\nINBOX\n"},
	    {"INBOX.Sent\nSent", "INBOX.Sent\nINBOX.Sent\n"},
	    {"V\t2\n\nEntw&APw-rfe\tSub\n", "INBOX.Entw\xc3\xbcrfe.Sub\n"},
	    {"Entw\xc3\xbcrfe\nR&D\n", "INBOX.Entw\xc3\xbcrfe\nINBOX.R&D\n"},
	    {"raw.&AOQ-\n", "INBOX.raw.&AOQ-\n"}, /* its folder is so called */
	    {"V\t2\n\na\001tb\nc\001\nd\001xe\n.f\ng/h\n\n", ""},
	    {"V\t2\n\n", ""},
	    {"", ""},
	};
	size_t i;

	(void)state;
	tree_folder(".raw.&AOQ-");
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		tree_write("subscriptions", cases[i].before);
		(void)unlink(at("courierimapsubscribed"));
		maildir_close(tree_open(false));
		assert_true(tree_has("courierimapsubscribed"));
		assert_string_equal(
		    tree_read("courierimapsubscribed"), cases[i].after);
		assert_string_equal(
		    tree_read("subscriptions"), cases[i].before);
	}
}

static void
subscriptions_of_couriers_stay(void **state)
{
	(void)state;
	tree_write("subscriptions", "Sent\n");
	tree_write("courierimapsubscribed", "INBOX.Other\n");
	maildir_close(tree_open(false));
	assert_string_equal(
	    tree_read("courierimapsubscribed"), "INBOX.Other\n");
}

static void
a_name_whose_dovecot_folder_went_gets_a_higher_uidvalidity(void **state)
{
	struct mailbox_status status;

	(void)state;
	tree_folder(".a");
	tree_write(".a/dovecot-uidlist", "3 V3000000000 N12\n");
	md = tree_open(true);
	assert_int_equal(maildir_delete(md, "a"), 0);
	assert_int_equal(maildir_create(md, "a", 0), 0);
	assert_int_equal(maildir_status(md, "a", false, &status), 0);
	assert_int_equal(status.uidvalidity, 3000000001u);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, opened_teardown)
	const struct CMUnitTest tests[] = {
	    T(uids_and_keywords_are_dovecots),
	    T(dovecots_files_and_letters_stay),
	    T(what_was_imported_is_there_without_dovecots_files),
	    T(status_and_delivery_import_as_well),
	    T(couriers_list_counts_more),
	    T(a_lost_list_of_ours_is_not_replaced_by_dovecots),
	    T(many_keywords_come_in_one_list),
	    T(an_import_that_fails_is_done_again),
	    T(a_list_that_cannot_be_read_is_an_error),
	    T(what_is_no_file_is_told_and_not_imported),
	    T(lists_are_believed_or_not),
	    T(names_of_the_longest_length_are_taken),
	    T(a_broken_list_is_told_and_not_imported),
	    T(letters_are_those_of_the_table),
	    T(subscriptions_get_couriers_form),
	    T(subscriptions_of_couriers_stay),
	    T(a_name_whose_dovecot_folder_went_gets_a_higher_uidvalidity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
