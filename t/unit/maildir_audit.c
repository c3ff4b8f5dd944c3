/* The index beside UID file and directory: what differs is told and mended. */
#include "t/unit/maildir_store.h"

#include "maildir/audit.h"
#include "maildir/history_record.h"
#include "maildir/index.h"
#include "maildir/mailbox.h"

static struct maildir *md;
static struct {
	enum audit_kind kind;
	char folder[32];
	uint32_t uid;
} told[64];
static size_t ntold;

static void
tell(void *arg, const struct audit *a)
{
	(void)arg;
	assert_true(ntold < 64);
	told[ntold].kind = a->kind;
	told[ntold].uid = a->uid;
	(void)snprintf(told[ntold].folder, sizeof(told[ntold].folder), "%s",
	    a->folder == NULL ? "(index)" : a->folder);
	ntold++;
}

static const struct audit_report report = {tell, NULL};

static int
check(void)
{
	ntold = 0;
	return maildir_index_check(md, &report);
}

static bool
is_told(const char *folder, uint32_t uid, enum audit_kind kind)
{
	size_t i;

	for (i = 0; i < ntold; i++)
		if (told[i].kind == kind && told[i].uid == uid &&
		    strcmp(told[i].folder, folder) == 0)
			return true;
	return false;
}

static void
know(const char *folder)
{
	struct mailbox_diff diff;
	struct mailbox *mb;

	tree_settle();
	assert_non_null(mb = mailbox_open(md, folder, false));
	tree_settle();
	assert_int_equal(mailbox_sync(mb, true, &diff), 0);
	mailbox_close(mb);
}

/* INBOX with UIDs 1 to 9, and a folder "a" with 1 to 3. */
static int
setup(void **state)
{
	const struct maildir_options options = {.hostname = "host.example",
	    .keywords = true,
	    .umask = 022,
	    .lock_seconds = 5,
	    .index = true};
	char path[64];
	int i;

	if (tree_setup(state) == -1)
		return -1;
	tree_folder(".a");
	for (i = 1; i <= 9; i++) {
		(void)snprintf(path, sizeof(path), "cur/%d.x:2,S", i);
		tree_write(path, "Subject: x\n\nbody\n");
		(void)snprintf(path, sizeof(path), ".a/cur/%d.y:2,", i);
		if (i <= 3)
			tree_write(path, "Subject: y\n\nbody\n");
	}
	md = maildir_open(tree_fd(""), &options);
	assert_non_null(md);
	know("");
	know("a");
	return 0;
}

static int
teardown(void **state)
{
	maildir_close(md);
	return tree_teardown(state);
}

/* ---- ways to spoil ---- */

struct spoiling {
	struct mailbox *mb;
	void (*fn)(struct spoiling *, struct index_txn *);
	struct folder_record rec;
};

static void
put(struct spoiling *s, struct index_txn *txn, uint32_t uid,
    const struct message_record *rec)
{
	static unsigned char value[RECORD_MAX];
	unsigned char key[KEY_MESSAGE];

	key_message(key, s->rec.number, uid);
	index_put(txn, key, sizeof(key), value, message_print(rec, value));
}

static struct message_record
record(const char *base, const char *info, uint8_t flags)
{
	struct message_record rec = {.modseq = 1, .flags = flags};

	rec.base = base;
	rec.nbase = strlen(base);
	rec.info = info;
	rec.ninfo = strlen(info);
	rec.keywords = "";
	return rec;
}

static void
spoil_records(struct spoiling *s, struct index_txn *txn)
{
	struct message_record rec;
	unsigned char key[KEY_MESSAGE];

	rec = record("1.x", ":2,F", MESSAGE_FLAGGED);
	put(s, txn, 1, &rec);
	rec = record("2.x", ":2,S", MESSAGE_SEEN);
	rec.keywords = "work ";
	rec.nkeywords = 5;
	put(s, txn, 2, &rec);
	rec = record("other", ":2,S", MESSAGE_SEEN);
	put(s, txn, 3, &rec);
	rec = record("4.x", ":2,SZ", MESSAGE_SEEN);
	put(s, txn, 4, &rec);
	key_message(key, s->rec.number, 5);
	index_del(txn, key, sizeof(key));
	rec = record("6.x", ":2,S", MESSAGE_SEEN);
	put(s, txn, 20, &rec);
	rec = record("nowhere", ":2,S", MESSAGE_SEEN);
	put(s, txn, 21, &rec);
}

static void
spoil_counts(struct spoiling *s, struct index_txn *txn)
{
	s->rec.counts.unseen++;
	folder_put(txn, s->mb, &s->rec);
}

static void
spoil_next(struct spoiling *s, struct index_txn *txn)
{
	s->rec.state.next = 500;
	folder_put(txn, s->mb, &s->rec);
}

static void
spoil_uidvalidity(struct spoiling *s, struct index_txn *txn)
{
	s->rec.uidvalidity++;
	folder_put(txn, s->mb, &s->rec);
}

static int
spoil_inside(struct index_txn *txn, void *arg)
{
	struct spoiling *s = arg;

	assert_true(folder_find(txn, s->mb, &s->rec));
	s->fn(s, txn);
	return 0;
}

static void
spoil(const char *folder, void (*fn)(struct spoiling *, struct index_txn *))
{
	struct spoiling s = {.fn = fn};

	s.mb = mailbox_new(md, folder, true);
	assert_non_null(s.mb);
	assert_int_equal(index_write(md, spoil_inside, &s), 0);
	mailbox_close(s.mb);
}

/* What clients know of INBOX. */
static void
same_as_before(uint64_t modseq)
{
	struct mailbox *mb = mailbox_open(md, "", true);
	const struct message *m;
	size_t n, i;

	assert_non_null(mb);
	m = mailbox_messages(mb, &n);
	assert_int_equal(n, 9);
	for (i = 0; i < n; i++) {
		assert_int_equal(m[i].uid, i + 1);
		assert_int_equal(m[i].flags, MESSAGE_SEEN);
		assert_int_equal(m[i].kwset, 0);
	}
	assert_true(mailbox_modseq(mb) >= modseq);
	mailbox_close(mb);
}

static uint64_t
modseq_of(const char *folder)
{
	struct mailbox *mb = mailbox_open(md, folder, true);
	uint64_t modseq;

	assert_non_null(mb);
	modseq = mailbox_modseq(mb);
	mailbox_close(mb);
	return modseq;
}

/* ---- the tests ---- */

static void
where_nothing_differs_nothing_is_told(void **state)
{
	(void)state;
	assert_int_equal(check(), 0);
	assert_int_equal(ntold, 0);
	/* New mail is no difference, nor is a line whose message is gone. */
	tree_write("new/99.z", "Subject: z\n\nbody\n");
	assert_int_equal(check(), 0);
	know("");
	assert_int_equal(unlink(at("cur/99.z:2,")), 0);
	know("");
	assert_int_equal(check(), 0);
	assert_int_equal(ntold, 0);
}

static void
each_message_that_differs_is_told(void **state)
{
	const uint64_t modseq = modseq_of("");

	(void)state;
	spoil("", spoil_records);
	assert_int_equal(check(), 1);
	assert_true(is_told("", 1, AUDIT_FLAGS));
	assert_true(is_told("", 2, AUDIT_KEYWORDS));
	assert_true(is_told("", 3, AUDIT_OTHER_FILE));
	assert_true(is_told("", 4, AUDIT_NAME));
	assert_true(is_told("", 5, AUDIT_NO_RECORD));
	assert_true(is_told("", 20, AUDIT_OTHER_UID));
	assert_true(is_told("", 21, AUDIT_NO_FILE));
	assert_true(is_told("", 0, AUDIT_COUNTS));
	assert_int_equal(ntold, 8);
	ntold = 0;
	assert_int_equal(maildir_index_rebuild(md, &report), 0);
	assert_int_equal(ntold, 8);
	assert_int_equal(check(), 0);
	same_as_before(modseq);
}

static void
what_the_folder_has_is_compared(void **state)
{
	uint64_t modseq = modseq_of("a");

	(void)state;
	spoil("a", spoil_counts);
	assert_int_equal(check(), 1);
	assert_true(is_told("a", 0, AUDIT_COUNTS));
	assert_int_equal(maildir_index_rebuild(md, &report), 0);
	assert_true(modseq_of("a") > modseq);
	spoil("a", spoil_uidvalidity);
	assert_int_equal(check(), 1);
	assert_true(is_told("a", 0, AUDIT_UIDVALIDITY));
	assert_int_equal(maildir_index_rebuild(md, &report), 0);
	assert_int_equal(check(), 0);
}

static void
strangers_are_told_with_a_word_that_they_will_be_found(void **state)
{
	(void)state;
	assert_int_equal(rename(at("cur/4.x:2,S"), at("cur/4.x:2,FS")), 0);
	assert_int_equal(unlink(at("cur/7.x:2,S")), 0);
	tree_settle();
	assert_int_equal(check(), 1);
	assert_true(is_told("", 0, AUDIT_PENDING));
	assert_true(is_told("", 4, AUDIT_FLAGS));
	assert_true(is_told("", 7, AUDIT_NO_FILE));
	assert_int_equal(ntold, 3);
	know("");
	assert_int_equal(check(), 0);
}

/* UIDs that only the index knows are given to nobody else. */
static void
a_uid_file_that_lacks_some_is_whole_before_the_index_goes(void **state)
{
	const uint64_t modseq = modseq_of("");
	const char *text = tree_read("courierimapuiddb");
	const char *line = strstr(text, "\n8 8.x\n");
	char shorter[4096];
	struct mailbox *mb;

	(void)state;
	assert_non_null(line);
	(void)snprintf(
	    shorter, sizeof(shorter), "%.*s\n", (int)(line - text), text);
	tree_write("courierimapuiddb", shorter);
	tree_settle();
	assert_int_equal(check(), 1);
	assert_true(is_told("", 8, AUDIT_NO_LINE));
	assert_true(is_told("", 9, AUDIT_NO_LINE));
	assert_int_equal(maildir_index_drop(md), 0);
	assert_false(tree_has("corkboard/index/data.mdb"));
	assert_non_null(strstr(tree_read("courierimapuiddb"), "\n8 8.x\n"));
	same_as_before(modseq);

	spoil("", spoil_next);
	assert_int_equal(check(), 1);
	assert_true(is_told("", 0, AUDIT_NEXT));
	assert_int_equal(maildir_index_rebuild(md, &report), 0);
	tree_write("new/100.z", "Subject: z\n\nbody\n");
	know("");
	assert_non_null(mb = mailbox_open(md, "", true));
	assert_int_equal(mailbox_uidnext(mb), 501);
	mailbox_close(mb);
}

static void
no_index_and_an_old_one_are_no_difference_a_broken_one_is(void **state)
{
	const uint64_t modseq = modseq_of("");
	char text[9000];

	(void)state;
	assert_int_equal(maildir_index_drop(md), 0);
	assert_int_equal(check(), 0);
	assert_int_equal(ntold, 0);
	assert_false(tree_has("corkboard/index/data.mdb"));
	same_as_before(modseq);

	md->options.boot = "another";
	assert_int_equal(check(), 0);
	assert_int_equal(ntold, 1);
	assert_true(is_told("(index)", 0, AUDIT_OLD));
	md->options.boot = NULL;
	same_as_before(modseq);
	assert_int_equal(check(), 0);
	assert_int_equal(ntold, 0);

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	tree_write("corkboard/index/data.mdb", text);
	assert_int_equal(check(), 1);
	assert_int_equal(ntold, 1);
	assert_true(is_told("(index)", 0, AUDIT_BROKEN));
	/* and it was left as it is */
	assert_int_equal(tree_read("corkboard/index/data.mdb")[0], 'x');
	assert_int_equal(maildir_index_rebuild(md, &report), 0);
	assert_int_equal(check(), 0);
	same_as_before(modseq);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(where_nothing_differs_nothing_is_told),
	    T(each_message_that_differs_is_told),
	    T(what_the_folder_has_is_compared),
	    T(strangers_are_told_with_a_word_that_they_will_be_found),
	    T(a_uid_file_that_lacks_some_is_whole_before_the_index_goes),
	    T(no_index_and_an_old_one_are_no_difference_a_broken_one_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
