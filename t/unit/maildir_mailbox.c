/*
 * One open folder: what is served from what lies on disk, what others did
 * meanwhile, flags, expunge, and what must never be concluded.
 */
#include "t/unit/maildir_opened.h"

#include "maildir/private.h"

static unsigned split_dents;  /* getdents64 gives that many entries a call */
static void (*between)(void); /* and this happens between two calls */

/* A readdir that can be raced with. */
ssize_t
getdents64(int fd, void *buf, size_t size)
{
	struct dirent64 *d;
	ssize_t n = syscall(SYS_getdents64, fd, buf, size);
	ssize_t used = 0;
	unsigned i;

	if (split_dents == 0 || n <= 0)
		return n;
	for (i = 0; i < split_dents && used < n; i++) {
		d = (void *)((char *)buf + used);
		used += d->d_reclen;
		if (lseek(fd, d->d_off, SEEK_SET) == -1)
			return -1;
	}
	if (between != NULL)
		between();
	return used;
}

static int
setup(void **state)
{
	split_dents = 0;
	between = NULL;
	return opened_setup(state);
}

static void
open_inbox(bool readonly)
{
	mailbox_close(mb);
	mb = mailbox_open(md, "", readonly);
	if (mb == NULL)
		fail_msg("mailbox_open: %s", strerror(errno));
}

/* What the client would see: "UID:flags[R] ..." */
static const char *
view(void)
{
	static char out[4000];
	const struct message *m;
	size_t i, n, at = 0;

	m = mailbox_messages(mb, &n);
	out[0] = '\0';
	for (i = 0; i < n; i++)
		at += (size_t)snprintf(out + at, sizeof(out) - at, "%s%u:%u%s",
		    i == 0 ? "" : " ", m[i].uid, m[i].flags,
		    m[i].recent ? "R" : "");
	return out;
}

/* A sync: "-UID ~UID +UID" */
static const char *
news(bool force)
{
	static char out[4000];
	struct mailbox_diff d;
	size_t i, at = 0;

	out[0] = '\0';
	if (mailbox_sync(mb, force, &d) == -1)
		fail_msg("mailbox_sync: %s", strerror(errno));
	for (i = 0; i < d.nvanished; i++)
		at += (size_t)sprintf(out + at, "-%u", d.vanished[i]);
	for (i = 0; i < d.nchanged; i++)
		at += (size_t)sprintf(out + at, "~%u", d.changed[i]);
	for (i = 0; i < d.nadded; i++)
		at += (size_t)sprintf(out + at, "+%u", d.added[i]);
	return out;
}

static bool
store(uint32_t uid, enum mailbox_op op, unsigned flags)
{
	const struct mailbox_change change = {
	    .op = op, .flags = (uint8_t)flags};
	bool changed;

	assert_int_equal(mailbox_store(mb, &uid, 1, &change, &changed), 0);
	return changed;
}

static void
couriers_folder_is_served_unchanged(void **state)
{
	(void)state;
	tree_write(
	    "courierimapuiddb", "1 795375670 41\n10 1.a\n20 2.b,S=3\n40 3.c\n");
	tree_write("cur/1.a:2,S", "a\n");
	tree_write("cur/2.b,S=3:2,FT", "b\n");
	tree_write("cur/3.c", "c\n");
	tree_write("new/9.d", "d\n");
	tree_write("new/10.e:2,S", "e\n");
	open_inbox(false);
	assert_int_equal(mailbox_uidvalidity(mb), 795375670);
	assert_string_equal(view(), "10:8 20:18 40:0 41:0R 42:8R");
	assert_int_equal(mailbox_uidnext(mb), 43);
	assert_true(tree_has("cur/9.d:2,"));
	assert_true(tree_has("cur/10.e:2,S"));
	assert_int_equal(tree_count("new", ""), 0);
	assert_string_equal(tree_read("courierimapuiddb"),
	    "1 795375670 0000000105\n10 1.a\n20 2.b,S=3\n40 3.c\n41 9.d\n"
	    "42 10.e\n");
	open_inbox(false);
	assert_string_equal(view(), "10:8 20:18 40:0 41:0 42:8");
}

static void
a_known_folder_is_opened_without_a_write(void **state)
{
	struct stat before, after;

	(void)state;
	tree_write("courierimapuiddb", "1 7 3\n1 1.a\n2 2.b\n");
	tree_write("cur/1.a:2,", "a\n");
	tree_write("cur/2.b:2,", "b\n");
	assert_int_equal(stat(at("courierimapuiddb"), &before), 0);
	tree_syncs();
	open_inbox(false);
	assert_int_equal(tree_syncs(), 0);
	assert_int_equal(stat(at("courierimapuiddb"), &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(mailbox_uidnext(mb), 3);
}

static void
new_mail_is_numbered_in_couriers_order(void **state)
{
	(void)state;
	tree_write("new/100.z", "");
	tree_write("new/20.b", "");
	tree_write("new/20.a", "");
	tree_write("new/x", "");
	tree_write("cur/300.old:2,S", "");
	open_inbox(false);
	assert_true(mailbox_uidvalidity(mb) > 0);
	/* cur first; then x (0), 20.a, 20.b, 100.z */
	assert_string_equal(view(), "1:8R 2:0R 3:0R 4:0R 5:0R");
	assert_non_null(strstr(tree_read("courierimapuiddb"),
	    "\n1 300.old\n2 x\n3 20.a\n4 20.b\n5 100.z\n"));
}

static void
odd_entries_are_passed_over_and_kept(void **state)
{
	(void)state;
	tree_mkdir("cur/dir");
	tree_mkdir("new/dir");
	tree_write("cur/.nfs0001", "x");
	tree_write("new/.hidden", "x");
	tree_write("cur/:2,S", "x");
	assert_int_equal(mkfifo(at("cur/fifo"), 0600), 0);
	assert_int_equal(symlink("/etc/passwd", at("cur/link")), 0);
	assert_int_equal(mknod(at("new/s"), S_IFSOCK | 0600, 0), 0);
	tree_write("new/1.a", "a");
	open_inbox(false);
	assert_string_equal(view(), "1:0R");
	assert_int_equal(tree_count("cur", ""), 6);
	assert_int_equal(tree_count("new", ""), 3);
}

static void
examine_sees_recent_and_takes_it_not(void **state)
{
	(void)state;
	tree_use_index(&md);
	tree_write("courierimapuiddb", "1 7 2\n1 1.a\n");
	tree_write("cur/1.a:2,", "a");
	tree_write("new/2.b", "b");
	open_inbox(true);
	assert_true(mailbox_readonly(mb));
	assert_string_equal(view(), "1:0 2:0R");
	/* It has a UID now, which Courier believes in cur/ alone. */
	assert_true(tree_has("cur/2.b:2,"));
	open_inbox(true);
	assert_string_equal(view(), "1:0 2:0R");
	open_inbox(false);
	assert_string_equal(view(), "1:0 2:0R");
	open_inbox(false);
	assert_string_equal(view(), "1:0 2:0");
}

static void
examine_of_a_known_folder_changes_nothing(void **state)
{
	const uint32_t uid = 1;
	const struct mailbox_change change = {
	    .op = MAILBOX_ADD, .flags = MESSAGE_SEEN};
	bool flag;

	(void)state;
	tree_write("courierimapuiddb", "1 7 2\n1 1.a\n");
	tree_write("cur/1.a:2,", "a");
	tree_syncs();
	open_inbox(true);
	assert_int_equal(tree_syncs(), 0);
	assert_int_equal(tree_count("", ""), 4); /* cur new tmp list */
	assert_int_equal(mailbox_store(mb, &uid, 1, &change, &flag), -1);
	assert_int_equal(errno, EROFS);
	assert_int_equal(mailbox_expunge(mb, &uid, 1, &flag), -1);
	assert_int_equal(errno, EROFS);
	assert_true(tree_has("cur/1.a:2,"));
}

static void
what_others_do_is_news_once(void **state)
{
	(void)state;
	tree_write("cur/1.a:2,", "a");
	tree_write("cur/2.b:2,", "b");
	tree_write("cur/3.c:2,", "c");
	open_inbox(false);
	assert_string_equal(news(false), "");
	tree_write("new/4.d", "d");
	assert_int_equal(rename(at("cur/1.a:2,"), at("cur/1.a:2,S")), 0);
	assert_int_equal(unlink(at("cur/2.b:2,")), 0);
	assert_string_equal(news(false), "-2~1+4");
	assert_string_equal(view(), "1:8R 3:0R 4:0R");
	assert_string_equal(news(false), "");
	tree_settle();
	assert_string_equal(news(true), "");
	assert_false(mailbox_owes(mb));
	tree_syncs();
	assert_string_equal(news(false), "");
	/* Letters that are not ours are no news. */
	assert_int_equal(rename(at("cur/1.a:2,S"), at("cur/1.a:2,PSab")), 0);
	assert_string_equal(news(false), "");
	assert_true(store(1, MAILBOX_ADD, MESSAGE_ANSWERED));
	assert_true(tree_has("cur/1.a:2,PRSab"));
}

static void
a_second_session_sees_the_same(void **state)
{
	struct mailbox *first;
	uint32_t uid = 1;
	bool gone;

	(void)state;
	tree_write("new/1.a", "a");
	open_inbox(false);
	first = mb;
	mb = NULL;
	open_inbox(false);
	assert_string_equal(view(), "1:0");
	assert_true(store(1, MAILBOX_REPLACE, MESSAGE_DELETED));
	assert_string_equal(news(false), "");
	tree_write("new/2.b", "b");
	assert_string_equal(news(false), "+2");
	assert_int_equal(mailbox_expunge(mb, &uid, 1, &gone), 0);
	assert_true(gone);
	assert_string_equal(view(), "2:0R");
	mailbox_close(mb);
	mb = first;
	assert_string_equal(news(false), "-1+2");
	assert_string_equal(view(), "2:0");
}

static void
store_finds_a_renamed_message(void **state)
{
	(void)state;
	tree_write("cur/1.a:2,", "a");
	open_inbox(false);
	assert_int_equal(rename(at("cur/1.a:2,"), at("cur/1.a:2,F")), 0);
	tree_syncs();
	assert_true(store(1, MAILBOX_ADD, MESSAGE_SEEN));
	assert_int_equal(tree_syncs(), 0);
	assert_true(tree_has("cur/1.a:2,FS"));
	assert_false(store(1, MAILBOX_ADD, MESSAGE_SEEN));
	/* The stranger's flag is still told. */
	assert_string_equal(news(false), "~1");
	assert_int_equal(unlink(at("cur/1.a:2,FS")), 0);
	assert_false(store(1, MAILBOX_REMOVE, MESSAGE_SEEN));
	assert_string_equal(news(false), "-1");
}

static void
expunge_syncs_once_and_takes_what_is_gone(void **state)
{
	const uint32_t uids[] = {1, 2, 3, 9};
	bool gone[4];

	(void)state;
	tree_write("cur/1.a:2,", "a");
	tree_write("cur/2.b:2,", "b");
	tree_write("cur/3.c:2,", "c");
	tree_write("cur/4.d:2,", "d");
	open_inbox(false);
	assert_int_equal(rename(at("cur/1.a:2,"), at("cur/1.a:2,S")), 0);
	assert_int_equal(unlink(at("cur/2.b:2,")), 0);
	tree_syncs();
	assert_int_equal(mailbox_expunge(mb, uids, 4, gone), 0);
	assert_int_equal(tree_syncs(), 1);
	assert_true(gone[0] && gone[1] && gone[2]);
	assert_false(gone[3]);
	assert_string_equal(view(), "4:0R");
	assert_string_equal(news(true), "");
	assert_int_equal(tree_count("cur", ""), 1);
}

static void
a_file_that_comes_back_gets_a_new_uid(void **state)
{
	uint32_t uid = 1;
	bool gone;

	(void)state;
	tree_write("cur/1.a:2,", "a");
	open_inbox(false);
	assert_int_equal(mailbox_expunge(mb, &uid, 1, &gone), 0);
	tree_write("cur/1.a:2,", "a");
	assert_string_equal(news(true), "+2");
	open_inbox(false);
	assert_string_equal(view(), "2:0");
}

static void
uidnext_does_not_fall_when_all_is_expunged(void **state)
{
	uint32_t uids[] = {1, 2};
	bool gone[2];

	(void)state;
	tree_write("new/1.a", "a");
	tree_write("new/2.b", "b");
	open_inbox(false);
	assert_int_equal(mailbox_expunge(mb, uids, 2, gone), 0);
	open_inbox(false);
	assert_int_equal(mailbox_uidnext(mb), 3);
	tree_write("new/3.c", "c");
	assert_string_equal(news(false), "+3");
}

static void
rename_one(void)
{
	static int turn;
	char from[32], to[32];

	turn = !turn;
	(void)snprintf(from, sizeof(from), "cur/5.m:2,%s", turn ? "" : "S");
	(void)snprintf(to, sizeof(to), "cur/5.m:2,%s", turn ? "S" : "");
	assert_int_equal(rename(at(from), at(to)), 0);
}

static void
remove_one(void)
{
	(void)unlink(at("cur/5.m:2,"));
	between = NULL;
}

static void
a_reading_that_was_raced_expunges_nothing(void **state)
{
	char name[32];
	int i;

	(void)state;
	for (i = 1; i <= 9; i++) {
		(void)snprintf(name, sizeof(name), "cur/%d.m:2,", i);
		tree_write(name, "m");
	}
	open_inbox(false);
	assert_string_equal(
	    view(), "1:0R 2:0R 3:0R 4:0R 5:0R 6:0R 7:0R 8:0R 9:0R");
	split_dents = 1;
	between = rename_one;
	for (i = 0; i < 5; i++)
		assert_null(strpbrk(news(true), "-+"));
	/* Nor does an open in the middle of it renumber anything. */
	split_dents = 4;
	open_inbox(false);
	assert_int_equal(mailbox_uidnext(mb), 10);
	split_dents = 0;
	between = NULL;
	assert_null(strpbrk(news(true), "-+"));
}

static void
a_removal_is_seen_in_spite_of_a_slow_reading(void **state)
{
	char name[32];
	int i;

	(void)state;
	for (i = 1; i <= 9; i++) {
		(void)snprintf(name, sizeof(name), "cur/%d.m:2,", i);
		tree_write(name, "m");
	}
	open_inbox(false);
	split_dents = 2;
	between = remove_one;
	(void)news(true);
	assert_string_equal(view(), "1:0R 2:0R 3:0R 4:0R 6:0R 7:0R 8:0R 9:0R");
}

static void
unreadable_cur_is_an_error_and_not_empty(void **state)
{
	struct mailbox_diff d;
	size_t n;

	(void)state;
	tree_write("new/1.a", "a");
	open_inbox(false);
	split_dents = 1;
	between = NULL;
	assert_int_equal(rename(at("cur"), at("cur.away")), 0);
	assert_null(mailbox_open(md, "", false));
	assert_int_equal(rename(at("cur.away"), at("cur")), 0);
	assert_int_equal(mailbox_sync(mb, true, &d), 0);
	(void)mailbox_messages(mb, &n);
	assert_int_equal(n, 1);
}

static void
a_full_disk_keeps_what_is_known(void **state)
{
	(void)state;
	tree_write("courierimapuiddb", "1 7 0000000065\n1 1.a\n");
	tree_write("cur/1.a:2,", "a");
	tree_write("new/2.b", "b");
	fail_sync_at = 1; /* of the new line */
	open_inbox(false);
	assert_string_equal(view(), "1:0");
	assert_non_null(maildir_notice(md));
	assert_string_equal(
	    tree_read("courierimapuiddb"), "1 7 0000000065\n1 1.a\n");
	assert_true(tree_has("cur/2.b:2,"));
	assert_string_equal(news(false), "+2");
	assert_string_equal(view(), "1:0 2:0R");
}

static void
a_broken_list_is_set_aside_and_told(void **state)
{
	(void)state;
	tree_write("courierimapuiddb", "garbage\n1 1.a\n");
	tree_write("cur/1.a:2,", "a");
	open_inbox(false);
	assert_string_equal(view(), "1:0R");
	assert_int_equal(tree_count("", "courierimapuiddb.broken."), 1);
	assert_string_equal(
	    tree_read(tree_name("", "broken")), "garbage\n1 1.a\n");
	assert_non_null(strstr(maildir_notice(md), "courierimapuiddb.broken"));
	mailbox_close(mb);
	mb = NULL;
	/* A UID twice: UIDVALIDITY stays, the second message gets a new UID. */
	tree_write("courierimapuiddb", "1 7 5\n3 1.a\n3 2.b\n");
	tree_write("cur/2.b:2,", "b");
	open_inbox(false);
	assert_int_equal(mailbox_uidvalidity(mb), 7);
	assert_string_equal(view(), "3:0 5:0R");
	assert_int_equal(tree_count("", "courierimapuiddb.broken."), 2);
}

static void
a_lost_list_is_rebuilt_from_an_open_folder(void **state)
{
	uint32_t uidvalidity;

	(void)state;
	tree_write("new/1.a", "a");
	tree_write("new/2.b", "b");
	open_inbox(false);
	uidvalidity = mailbox_uidvalidity(mb);
	assert_int_equal(unlink(at("courierimapuiddb")), 0);
	tree_write("new/3.c", "c");
	assert_string_equal(news(false), "+3");
	open_inbox(false);
	assert_int_equal(mailbox_uidvalidity(mb), uidvalidity);
	assert_string_equal(view(), "1:0 2:0 3:0");
}

static void
another_uidvalidity_ends_the_view(void **state)
{
	struct mailbox_diff d;

	(void)state;
	tree_write("new/1.a", "a");
	open_inbox(false);
	tree_write("courierimapuiddb", "1 99 2\n1 1.a\n");
	tree_write("new/2.b", "b");
	assert_int_equal(mailbox_sync(mb, false, &d), -1);
	assert_int_equal(errno, ESTALE);
}

static void
a_deleted_folder_is_stale(void **state)
{
	struct mailbox_diff d;

	(void)state;
	tree_folder(".x");
	mb = mailbox_open(md, "x", false);
	assert_non_null(mb);
	assert_int_equal(rmdir(at(".x/cur")), 0);
	assert_int_equal(mailbox_sync(mb, false, &d), -1);
	assert_int_equal(errno, ESTALE);
	assert_null(mailbox_open(md, "y", false));
	assert_int_equal(errno, ENOENT);
}

static void
of_two_uids_the_larger_wins(void **state)
{
	(void)state;
	tree_write("courierimapuiddb", "1 7 9\n1 1.a\n2 2.b\n5 1.a\n");
	tree_write("cur/1.a:2,", "a");
	tree_write("cur/2.b:2,", "b");
	open_inbox(false);
	assert_string_equal(view(), "2:0 5:0");
	/* Courier gave the message a new one meanwhile. */
	tree_write("next", "1 7 12\n5 1.a\n11 2.b\n");
	assert_int_equal(rename(at("next"), at("courierimapuiddb")), 0);
	assert_string_equal(news(true), "-2+11");
	assert_string_equal(view(), "5:0 11:0");
}

static void
twins_are_both_kept(void **state)
{
	(void)state;
	tree_write("courierimapuiddb", "1 7 2\n1 1.a\n");
	tree_write("cur/1.a:2,S", "one");
	tree_write("new/1.a", "two");
	open_inbox(false);
	assert_string_equal(view(), "1:8 2:0R");
	assert_int_equal(tree_count("cur", ""), 2);
	assert_string_equal(tree_read("cur/1.a:2,S"), "one");
	assert_non_null(strstr(maildir_notice(md), "1.a"));
	/* In cur/, the one that is known stays the message. */
	tree_write("cur/1.a:2,F", "three");
	assert_string_equal(news(false), "+3");
	assert_string_equal(view(), "1:8 2:0R 3:2R");
	assert_string_equal(tree_read("cur/1.a:2,S"), "one");
	/* Two that are both unknown. */
	tree_write("cur/5.x:2,", "four");
	tree_write("new/5.x", "five");
	assert_string_equal(news(false), "+4+5");
	assert_int_equal(tree_count("cur", ""), 5);
	open_inbox(false);
	assert_string_equal(view(), "1:8 2:0 3:2 4:0 5:0");
}

static void
a_young_hard_link_is_left_alone(void **state)
{
	(void)state;
	tree_write("cur/1.a:2,", "one");
	open_inbox(false);
	assert_int_equal(link(at("cur/1.a:2,"), at("new/1.a")), 0);
	assert_string_equal(news(false), "");
	assert_true(tree_has("new/1.a"));
	assert_true(tree_has("cur/1.a:2,"));
	assert_string_equal(view(), "1:0R");
}

static void
store_never_replaces_another_file(void **state)
{
	const uint32_t uid = 1;
	const struct mailbox_change change = {
	    .op = MAILBOX_ADD, .flags = MESSAGE_SEEN};
	bool changed;

	(void)state;
	tree_write("cur/1.a:2,", "one");
	open_inbox(false);
	tree_write("cur/1.a:2,S", "two");
	assert_int_equal(mailbox_store(mb, &uid, 1, &change, &changed), -1);
	assert_false(changed);
	assert_string_equal(tree_read("cur/1.a:2,"), "one");
	assert_string_equal(tree_read("cur/1.a:2,S"), "two");
	assert_string_equal(news(false), "+2");
	assert_true(store(1, MAILBOX_ADD, MESSAGE_SEEN));
	assert_string_equal(tree_read("cur/1.a:2,S"), "one");
}

static void
own_changes_cost_no_look_but_owe_one(void **state)
{
	(void)state;
	tree_write("cur/1.a:2,", "a");
	tree_write("cur/2.b:2,", "b");
	open_inbox(false);
	tree_settle();
	assert_string_equal(news(true), "");
	assert_false(mailbox_owes(mb));
	assert_true(store(1, MAILBOX_ADD, MESSAGE_SEEN));
	assert_true(mailbox_owes(mb));
	split_dents = 1;
	between = remove_one; /* would be reset by a reading */
	assert_string_equal(news(false), "");
	assert_non_null(between);
	/* A stranger's change before the next own one is not hidden. */
	split_dents = 0;
	assert_int_equal(rename(at("cur/2.b:2,"), at("cur/2.b:2,F")), 0);
	assert_true(store(1, MAILBOX_ADD, MESSAGE_FLAGGED));
	assert_string_equal(news(false), "~2");
	tree_settle();
	assert_string_equal(news(true), "");
	assert_false(mailbox_owes(mb));
}

/* The length of a list of n lines, all but one dead, after it was opened. */
static size_t
tidied(unsigned n)
{
	char text[20000];
	size_t len;
	unsigned i;

	len = (size_t)sprintf(text, "1 7 0000000999\n");
	for (i = 1; i <= n; i++)
		len += (size_t)sprintf(text + len, "%u %u.x\n", i, i);
	tree_write("courierimapuiddb", text);
	tree_write("cur/5.x:2,", "");
	open_inbox(false);
	assert_string_equal(view(), "5:0");
	assert_int_equal(mailbox_uidnext(mb), n + 1);
	return strlen(tree_read("courierimapuiddb"));
}

static void
a_list_of_dead_lines_is_tidied(void **state)
{
	(void)state;
	assert_true(tidied(257) > 2000);
	assert_true(tidied(258) < 60);
	open_inbox(false);
	assert_string_equal(view(), "5:0");
	assert_int_equal(mailbox_uidnext(mb), 259);
	tree_write("new/6.y", "");
	assert_string_equal(news(false), "+259");
}

static void
a_new_folder_keeps_its_uidvalidity(void **state)
{
	int fd;

	(void)state;
	tree_folder(".x");
	fd = tree_fd(".x");
	tree_syncs();
	assert_int_equal(mailbox_init_folder(fd, 4711), 0);
	assert_int_equal(tree_syncs(), 2);
	(void)close(fd);
	assert_string_equal(
	    tree_read(".x/courierimapuiddb"), "1 4711 0000000065\n");
	mb = mailbox_open(md, "x", false);
	assert_non_null(mb);
	assert_int_equal(mailbox_uidvalidity(mb), 4711);
	assert_int_equal(mailbox_uidnext(mb), 1);
}

static void
watch_makes_the_third_directory(void **state)
{
	uint64_t stamp, dev, ino;
	struct stat st;
	int fds[3], i;

	(void)state;
	open_inbox(false);
	assert_int_equal(mailbox_watch(mb, fds, &stamp), 0);
	for (i = 0; i < 3; i++)
		assert_int_equal(close(fds[i]), 0);
	assert_true(tree_has("courierimapkeywords"));
	assert_true(stamp == mailbox_stamp(mb));
	tree_write("new/1.a", "a");
	assert_true(stamp != mailbox_stamp(mb));
	mailbox_identity(mb, &dev, &ino);
	assert_int_equal(stat(tree, &st), 0);
	assert_true(dev == st.st_dev && ino == st.st_ino);
}

static void
tmp_is_looked_at_with_care(void **state)
{
	(void)state;
	tree_write("tmp/young", "x");
	tree_mkdir("tmp/dir");
	assert_int_equal(symlink("/etc/passwd", at("tmp/link")), 0);
	open_inbox(false);
	assert_int_equal(tree_count("tmp", ""), 3);
}

static void
many_messages_keep_their_order(void **state)
{
	const struct message *m;
	uint32_t uids[500];
	bool gone[500];
	char name[32];
	size_t i, n;

	(void)state;
	for (i = 1; i <= 1000; i++) {
		(void)snprintf(name, sizeof(name), "new/%zu.m", i);
		tree_write(name, "");
	}
	open_inbox(false);
	m = mailbox_messages(mb, &n);
	assert_int_equal(n, 1000);
	for (i = 0; i < 500; i++)
		uids[i] = m[i * 2].uid;
	tree_syncs();
	assert_int_equal(mailbox_expunge(mb, uids, 500, gone), 0);
	assert_int_equal(tree_syncs(), 1);
	m = mailbox_messages(mb, &n);
	assert_int_equal(n, 500);
	for (i = 0; i < 500; i++) {
		assert_int_equal(m[i].uid, i * 2 + 2);
		assert_ptr_equal(mailbox_find(mb, m[i].uid), &m[i]);
		(void)snprintf(name, sizeof(name), "cur/%u.m:2,", m[i].uid);
		assert_true(tree_has(name));
	}
	assert_null(mailbox_find(mb, 1));
	assert_string_equal(news(true), "");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, opened_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(couriers_folder_is_served_unchanged),
	    TEST(a_known_folder_is_opened_without_a_write),
	    TEST(new_mail_is_numbered_in_couriers_order),
	    TEST(odd_entries_are_passed_over_and_kept),
	    TEST(examine_sees_recent_and_takes_it_not),
	    TEST(examine_of_a_known_folder_changes_nothing),
	    TEST(what_others_do_is_news_once),
	    TEST(a_second_session_sees_the_same),
	    TEST(store_finds_a_renamed_message),
	    TEST(expunge_syncs_once_and_takes_what_is_gone),
	    TEST(a_file_that_comes_back_gets_a_new_uid),
	    TEST(uidnext_does_not_fall_when_all_is_expunged),
	    TEST(a_reading_that_was_raced_expunges_nothing),
	    TEST(a_removal_is_seen_in_spite_of_a_slow_reading),
	    TEST(unreadable_cur_is_an_error_and_not_empty),
	    TEST(a_full_disk_keeps_what_is_known),
	    TEST(a_broken_list_is_set_aside_and_told),
	    TEST(a_lost_list_is_rebuilt_from_an_open_folder),
	    TEST(another_uidvalidity_ends_the_view),
	    TEST(a_deleted_folder_is_stale),
	    TEST(of_two_uids_the_larger_wins),
	    TEST(twins_are_both_kept),
	    TEST(a_young_hard_link_is_left_alone),
	    TEST(store_never_replaces_another_file),
	    TEST(own_changes_cost_no_look_but_owe_one),
	    TEST(a_list_of_dead_lines_is_tidied),
	    TEST(a_new_folder_keeps_its_uidvalidity),
	    TEST(watch_makes_the_third_directory),
	    TEST(tmp_is_looked_at_with_care),
	    TEST(many_messages_keep_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
