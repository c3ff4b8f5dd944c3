/*
 * Names in modified UTF-7 found and converted; UIDVALIDITY after a restore; a
 * UID list older than what was told.
 */
#include "t/unit/maildir_store.h"

#include "maildir/moving.h"
#include "maildir/name_utf7.h"
#include "maildir/private.h"

static struct maildir *md;
static char said[4096]; /* what the report was told */

static int
setup(void **state)
{
	said[0] = '\0';
	if (tree_setup(state) == -1)
		return -1;
	md = tree_open(true);
	return 0;
}

static int
teardown(void **state)
{
	maildir_close(md);
	return tree_teardown(state);
}

static void
tell(void *arg, const struct moving *m)
{
	size_t n = strlen(said);

	(void)arg;
	(void)snprintf(said + n, sizeof(said) - n, "%c %s>%s %s\n",
	    "FSU"[m->kind], m -> from, m -> to == NULL ? "" : m->to,
	    m->error == 0 ? "ok" : strerrorname_np(m->error));
}

static const struct moving_report report = {tell, NULL};

static void
canonical_names_decode_and_others_do_not(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
	    {"plain", "plain"},
	    {"", ""},
	    {"Entw&APw-rfe", "Entw\xc3\xbcrfe"},
	    {"&U,BTFw-", "\xe5\x8f\xb0\xe5\x8c\x97"},
	    {"&2D3cPQ-", "\xf0\x9f\x90\xbd"},
	    {"R&-D", "R&D"},
	    {"&-&-", "&&"},
	    {"&AOQ-&-&APY-", "\xc3\xa4&\xc3\xb6"},
	    {"R&D", NULL},
	    {"&", NULL},
	    {"&A-", NULL},
	    {"&AOQ", NULL},
	    {"&AOQ-&APY-", NULL}, /* two runs */
	    {"&AOR-", NULL},      /* bits left over */
	    {"&AEE-", NULL},      /* A */
	    {"&AC8-", NULL},      /* a slash */
	    {"&AAA-", NULL},
	    {"&2D0-", NULL}, /* half a pair */
	    {"&3D0-", NULL},
	    {"&AO Q-", NULL},
	    {"\xc3\xbc", NULL},
	    {"a\x7f", NULL},
	};
	char out[64];
	size_t i;
	int n;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		n = name_decode(
		    cases[i].in, strlen(cases[i].in), out, sizeof(out));
		if ((n == -1) != (cases[i].out == NULL) ||
		    (n != -1 && (strcmp(out, cases[i].out) != 0 ||
				    (size_t)n != strlen(out))))
			fail_msg("%s: %d %s", cases[i].in, n, out);
	}
	assert_int_equal(name_decode("abc", 3, out, 3), -1);
	assert_int_equal(name_decode("abc", 3, out, 4), 3);
}

static void
names_are_judged_by_levels(void **state)
{
	char out[16];

	(void)state;
	assert_false(name_is_unconverted("a.b", out, sizeof(out)));
	assert_false(name_is_unconverted("R&D.x", out, sizeof(out)));
	assert_true(name_is_unconverted("a.R&-D", out, sizeof(out)));
	assert_string_equal(out, "a.R&D");
	assert_true(name_is_unconverted("\xc3\xa4.&AOQ-.", out, sizeof(out)));
	assert_string_equal(out, "\xc3\xa4.\xc3\xa4.");
	assert_false(name_is_unconverted("R&-D.56789012345", out, 15));
	assert_true(name_is_unconverted("R&-D.56789012345", out, 16));
}

static void
make_old_tree(void)
{
	tree_folder(".Entw&APw-rfe");
	tree_folder(".Entw&APw-rfe.Sub");
	tree_folder(".Entw&APw-rfe.&AOQ-");
	tree_folder(".only.&AOQ-.below");
	tree_folder(".R&D");
	tree_folder(".Plain");
	tree_write(".Entw&APw-rfe.Sub/courierimapuiddb", "1 77 3\n2 a\n");
	tree_write(".Entw&APw-rfe.Sub/cur/a:2,S", "x");
	tree_write("courierimapsubscribed",
	    "INBOX\nINBOX.Entw&APw-rfe.Sub\nINBOX.R&D\n"
	    "#shared.x.&AOQ-\nINBOX.gone.&AOQ-");
}

static void
a_check_changes_nothing(void **state)
{
	(void)state;
	make_old_tree();
	assert_int_equal(maildir_names(md, false, &report), 1);
	assert_string_equal(said,
	    "F only.&AOQ-.below>only.\xc3\xa4.below ok\n"
	    "F Entw&APw-rfe.Sub>Entw\xc3\xbcrfe.Sub ok\n"
	    "F Entw&APw-rfe.&AOQ->Entw\xc3\xbcrfe.\xc3\xa4 ok\n"
	    "F Entw&APw-rfe>Entw\xc3\xbcrfe ok\n"
	    "S INBOX.Entw&APw-rfe.Sub>INBOX.Entw\xc3\xbcrfe.Sub ok\n"
	    "S #shared.x.&AOQ->#shared.x.\xc3\xa4 ok\n"
	    "S INBOX.gone.&AOQ->INBOX.gone.\xc3\xa4 ok\n");
	assert_true(tree_has(".Entw&APw-rfe.Sub"));
	assert_false(tree_has("corkboard"));
}

/* As Courier 5 shows them: a "&" is a "&". */
static void
unconverted_names_are_shown_as_they_are_and_told_once(void **state)
{
	const struct folder_info *v;

	(void)state;
	tree_folder(".R&D");
	assert_int_equal(maildir_list(md, &v), 2);
	assert_null(maildir_notice(md));
	maildir_close(md);
	md = tree_open(true);
	tree_folder(".Entw&APw-rfe");
	tree_folder(".R&-D");
	assert_int_equal(maildir_list(md, &v), 4);
	assert_string_equal(v[1].name, "Entw&APw-rfe");
	assert_non_null(strstr(maildir_notice(md), "2 folder names"));
	assert_int_equal(maildir_list(md, &v), 4);
	assert_null(maildir_notice(md));
}

static void
all_is_converted_and_uids_stay(void **state)
{
	struct mailbox_status status;

	(void)state;
	make_old_tree();
	assert_int_equal(maildir_names(md, true, &report), 0);
	assert_true(tree_has(".Entw\xc3\xbcrfe"));
	assert_true(tree_has(".Entw\xc3\xbcrfe.\xc3\xa4"));
	assert_true(tree_has(".only.\xc3\xa4.below"));
	assert_true(tree_has(".R&D"));
	assert_string_equal(tree_read("courierimapsubscribed"),
	    "INBOX\nINBOX.Entw\xc3\xbcrfe.Sub\nINBOX.R&D\n"
	    "#shared.x.\xc3\xa4\nINBOX.gone.\xc3\xa4");
	assert_int_equal(
	    maildir_status(md, "Entw\xc3\xbcrfe.Sub", false, &status), 0);
	assert_int_equal(status.uidvalidity, 77);
	assert_int_equal(status.messages, 1);
	assert_int_equal(status.uidnext, 3);
	said[0] = '\0';
	assert_int_equal(maildir_names(md, true, &report), 0);
	assert_string_equal(said, "");
}

static void
a_name_that_is_taken_is_left(void **state)
{
	(void)state;
	tree_folder(".&AOQ-");
	tree_folder(".\xc3\xa4");
	tree_write("courierimapsubscribed", "INBOX.&AOQ-\n");
	assert_int_equal(maildir_names(md, true, &report), 1);
	assert_string_equal(said, "F &AOQ->\xc3\xa4 EEXIST\n");
	assert_true(tree_has(".&AOQ-"));
	assert_string_equal(
	    tree_read("courierimapsubscribed"), "INBOX.&AOQ-\n");
}

static void
a_name_that_may_not_be_is_left(void **state)
{
	(void)state;
	tree_folder(".&AAo-");
	assert_int_equal(maildir_names(md, true, &report), 1);
	assert_string_equal(said, "F &AAo->\n EINVAL\n");
	assert_true(tree_has(".&AAo-"));
}

static void
a_restored_maildir_has_new_uidvalidities(void **state)
{
	struct mailbox_status before[3], after[3];
	static const char *const names[] = {"", "a", "dovecot"};
	int i;

	(void)state;
	tree_folder(".a");
	tree_folder(".dovecot");
	tree_write("courierimapuiddb", "1 900000000 8\n3 a\n7 b\n");
	tree_write("cur/a:2,S", "x");
	tree_write("cur/b:2,", "x");
	tree_write(".a/courierimapuiddb", "1 5 0000000065\n");
	tree_write(".dovecot/dovecot-uidlist", "3 V1700000000 N12\n4 :c\n");
	tree_write(".dovecot/cur/c:2,a", "x");
	tree_write(".dovecot/dovecot-keywords", "0 Foo\n");
	assert_int_equal(maildir_restored(md, &report), 0);
	assert_string_equal(said, "U > ok\nU a> ok\nU dovecot> ok\n");
	for (i = 0; i < 3; i++)
		assert_int_equal(
		    maildir_status(md, names[i], false, &before[i]), 0);
	assert_int_equal(before[0].uidnext, 8);
	assert_int_equal(before[0].messages, 2);
	assert_int_equal(before[2].uidnext, 12);
	assert_true(tree_has(".dovecot/courierimapkeywords"));
	/* the mark is lost, and they are restored once more */
	assert_int_equal(unlink(at("corkboard/uidvalidity")), 0);
	tree_write(".dovecot/courierimapuiddb", "1 1700000000 12\n4 c\n");
	sleep(1);
	assert_int_equal(maildir_restored(md, &report), 0);
	for (i = 0; i < 3; i++) {
		assert_int_equal(
		    maildir_status(md, names[i], false, &after[i]), 0);
		if (after[i].uidvalidity <= before[i].uidvalidity)
			fail_msg("%s: %u, then %u", names[i],
			    before[i].uidvalidity, after[i].uidvalidity);
	}
	assert_true(before[2].uidvalidity > 1700000000);
}

static void
a_folder_that_cannot_be_renewed_is_told(void **state)
{
	(void)state;
	tree_write("courierimapuiddb", "1 5 8\n");
	fail_sync_at = 1;
	assert_int_equal(maildir_restored(md, &report), 1);
	assert_string_equal(said, "U > EIO\n");
	assert_true(strncmp(tree_read("courierimapuiddb"), "1 5 ", 4) == 0);
}

/* A backup of the UID file alone, put there while somebody is at work. */
static void
an_older_list_is_continued_above_what_was_told(void **state)
{
	const struct message *m;
	struct mailbox_diff diff;
	struct mailbox *mb;
	size_t n;

	(void)state;
	tree_write("courierimapuiddb", "1 5 21\n20 a\n");
	tree_write("cur/a:2,", "x");
	assert_non_null(mb = mailbox_open(md, "", false));
	tree_settle();
	tree_write("next", "1 5 0000000066\n1 .\n");
	assert_int_equal(rename(at("next"), at("courierimapuiddb")), 0);
	tree_write("new/b", "x");
	assert_int_equal(mailbox_sync(mb, true, &diff), 0);
	m = mailbox_messages(mb, &n);
	assert_int_equal(n, 2);
	assert_int_equal(m[0].uid, 20);
	assert_int_equal(m[1].uid, 21);
	mailbox_close(mb);
}

/* Without one at work: the header, or the line of the highest UID, says it. */
static void
a_list_is_continued_above_its_highest_line(void **state)
{
	static const char *const lists[] = {"1 5 3\n1 a\n20 .\n",
	    "1 5 0000000002\n1 a\n20 .\n", "1 5 21\n1 a\n",
	    "1 5 0000000021\n20 b\n1 a\n"};
	struct mailbox *mb;
	size_t i;

	(void)state;
	tree_write("cur/a:2,", "x");
	tree_write("cur/c:2,", "x");
	for (i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		tree_write("next", lists[i]);
		assert_int_equal(rename(at("next"), at("courierimapuiddb")), 0);
		assert_non_null(mb = mailbox_open(md, "", false));
		assert_non_null(mailbox_find(mb, 1));
		if (mailbox_find(mb, 21) == NULL)
			fail_msg("%s: next %u", lists[i], mailbox_uidnext(mb));
		mailbox_close(mb);
	}
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(canonical_names_decode_and_others_do_not),
	    T(names_are_judged_by_levels),
	    T(a_check_changes_nothing),
	    T(unconverted_names_are_shown_as_they_are_and_told_once),
	    T(all_is_converted_and_uids_stay),
	    T(a_name_that_is_taken_is_left),
	    T(a_name_that_may_not_be_is_left),
	    T(a_restored_maildir_has_new_uidvalidities),
	    T(a_folder_that_cannot_be_renewed_is_told),
	    T(an_older_list_is_continued_above_what_was_told),
	    T(a_list_is_continued_above_its_highest_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
