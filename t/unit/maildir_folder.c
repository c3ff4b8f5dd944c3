/* The tree of folders: list, create, delete, rename, and after a crash. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "maildir/folder_intent.h"
#include "maildir/highwater.h"
#include "t/unit/maildir_tree.h"

#define fails(want, call)                                                      \
	do {                                                                   \
		errno = 0;                                                     \
		if ((call) != -1 || errno != (want))                           \
			fail_msg("%s: %s", #call, strerror(errno));            \
	} while (0)

/* What is listed, as "name name ...", INBOX as "INBOX", uses behind '='. */
static void
lists(struct tree *t, const char *want)
{
	const struct folder_info *v;
	char text[4000], *p = text;
	ssize_t n, i;

	n = maildir_list(t->md, &v);
	assert_true(n > 0);
	assert_string_equal(v[0].name, "");
	for (i = 0; i < n; i++) {
		p += sprintf(
		    p, "%s%s", i > 0 ? " " : "", i > 0 ? v[i].name : "INBOX");
		if (v[i].use != 0)
			p += sprintf(p, "=%u", (unsigned)v[i].use);
	}
	assert_string_equal(text, want);
}

static uint64_t
inode(struct tree *t, const char *dir)
{
	struct stat st;

	assert_int_equal(fstatat(t->fd, dir, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_ino;
}

static void
an_account_needs_cur_new_and_tmp(void **state)
{
	static const char *const dirs[] = {"cur", "new", "tmp"};
	static const struct maildir_options options = {.hostname = "h"};
	struct tree t;
	size_t i;

	(void)state;
	tree_make(&t);
	for (i = 0; i < 3; i++) {
		assert_int_equal(unlinkat(t.fd, dirs[i], AT_REMOVEDIR), 0);
		errno = 0;
		assert_null(
		    maildir_open(open(t.path, O_RDONLY | O_CLOEXEC), &options));
		assert_int_equal(errno, ENOENT);
		/* and nothing is made unasked */
		assert_int_equal(tree_has(&t, dirs[i]), 0);
		assert_int_equal(mkdirat(t.fd, dirs[i], 0700), 0);
	}
	tree_remove(&t);
}

static void
the_list_has_folders_and_nothing_else(void **state)
{
	struct tree t;

	(void)state;
	tree_make(&t);
	lists(&t, "INBOX");
	tree_folder(&t, ".b");
	tree_folder(&t, ".a.b");
	tree_folder(&t, ".a");
	tree_folder(&t, ".a b");
	tree_folder(&t, ".Entw\xc3\xbcrfe");
	tree_folder(&t, ".Entw&APw-rfe");
	tree_folder(&t, ".odd..name.");
	tree_folder(&t, "..two");
	tree_folder(&t, "plain");
	tree_folder(&t, "corkboard");
	assert_int_equal(mkdirat(t.fd, ".notmp", 0700), 0);
	assert_int_equal(mkdirat(t.fd, ".notmp/cur", 0700), 0);
	assert_int_equal(mkdirat(t.fd, ".notmp/new", 0700), 0);
	tree_folder(&t, ".linked");
	assert_int_equal(unlinkat(t.fd, ".linked/cur", AT_REMOVEDIR), 0);
	assert_int_equal(symlinkat("../.a/cur", t.fd, ".linked/cur"), 0);
	assert_int_equal(symlinkat(".a", t.fd, ".link"), 0);
	tree_write(&t, ".file", "x");
	lists(&t, "INBOX Entw&APw-rfe Entw\xc3\xbcrfe a a b a.b b odd..name.");
	assert_null(maildir_notice(t.md));
	assert_int_equal(maildir_exists(t.md, ""), 1);
	assert_int_equal(maildir_exists(t.md, "a"), 1);
	assert_int_equal(maildir_exists(t.md, "odd..name."), 1);
	assert_int_equal(maildir_exists(t.md, "Entw&APw-rfe"), 1);
	assert_int_equal(maildir_exists(t.md, "link"), 0);
	assert_int_equal(maildir_exists(t.md, "linked"), 0);
	assert_int_equal(maildir_exists(t.md, "notmp"), 0);
	assert_int_equal(maildir_exists(t.md, "file"), 0);
	assert_int_equal(maildir_exists(t.md, "nothing"), 0);
	fails(EINVAL, maildir_exists(t.md, ".two"));
	fails(EINVAL, maildir_exists(t.md, "../x"));
	fails(ENOENT, maildir_marked(t.md, "nothing"));
	tree_remove(&t);
}

static void
a_name_that_cannot_be_shown_is_told_once(void **state)
{
	const char *notice;
	struct tree t;

	(void)state;
	tree_make(&t);
	tree_folder(&t, ".\xff\xfe");
	tree_folder(&t, ".a\nb");
	lists(&t, "INBOX");
	notice = maildir_notice(t.md);
	assert_non_null(notice);
	assert_null(strchr(notice, '\n'));
	assert_null(strchr(notice, '\xff'));
	assert_non_null(maildir_notice(t.md));
	assert_null(maildir_notice(t.md));
	lists(&t, "INBOX");
	assert_null(maildir_notice(t.md));
	/* but it can be opened */
	assert_int_equal(maildir_exists(t.md, "\xff\xfe"), 1);
	tree_remove(&t);
}

static void
notices_are_bounded_and_counted(void **state)
{
	struct tree t;
	char dir[20];
	int i, n = 0;
	const char *notice, *last = NULL;

	(void)state;
	tree_make(&t);
	for (i = 0; i < 20; i++) {
		(void)snprintf(dir, sizeof dir, ".\xff%d", i);
		tree_folder(&t, dir);
	}
	lists(&t, "INBOX");
	while ((notice = maildir_notice(t.md)) != NULL) {
		last = notice;
		n++;
	}
	assert_int_equal(n, 17);
	assert_string_equal(last, "4 more notices were not kept");
	tree_remove(&t);
}

static void
a_new_folder_is_complete(void **state)
{
	struct tree t;
	struct stat st;
	const char *const *v;

	(void)state;
	tree_make(&t);
	assert_int_equal(maildir_create(t.md, "a.b", 0), 0);
	assert_int_equal(tree_has(&t, ".a"), 0); /* parents are not made */
	lists(&t, "INBOX a.b");
	assert_int_equal(
	    fstatat(t.fd, ".a.b/maildirfolder", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(fstatat(t.fd, ".a.b/cur", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	assert_int_equal(fstatat(t.fd, "corkboard", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	assert_true(highwater_of(t.fd, ".a.b") > 700000000);
	assert_int_equal(tree_count(&t, ".a.b", ""), 2 + 5);
	assert_int_equal(tree_count(&t, "corkboard", "building."), 0);
	assert_int_equal(maildir_subscriptions(t.md, &v), 0);
	fails(EEXIST, maildir_create(t.md, "a.b", 0));
	fails(EEXIST, maildir_create(t.md, "", 0));
	fails(EINVAL, maildir_create(t.md, "a..b", 0));
	fails(EINVAL, maildir_create(t.md, "x/y", 0));
	fails(EINVAL, maildir_create(t.md, "x", 128));
	assert_int_equal(maildir_create(t.md, "a", 0), 0);
	lists(&t, "INBOX a a.b");
	tree_remove(&t);
}

static void
what_has_the_name_is_never_touched(void **state)
{
	struct tree t;

	(void)state;
	tree_make(&t);
	assert_int_equal(mkdirat(t.fd, ".dir", 0700), 0);
	tree_write(&t, ".file", "x");
	assert_int_equal(symlinkat("nowhere", t.fd, ".link"), 0);
	assert_int_equal(maildir_create(t.md, "a", 0), 0);
	fails(EEXIST, maildir_create(t.md, "dir", 0));
	fails(EEXIST, maildir_create(t.md, "file", 0));
	fails(EEXIST, maildir_create(t.md, "link", 0));
	fails(EEXIST, maildir_rename(t.md, "a", "dir"));
	fails(EEXIST, maildir_rename(t.md, "a", "file"));
	fails(EEXIST, maildir_rename(t.md, "a", "link"));
	fails(ENOENT, maildir_delete(t.md, "dir"));
	fails(ENOENT, maildir_delete(t.md, "file"));
	fails(ENOENT, maildir_delete(t.md, "link"));
	fails(ENOENT, maildir_rename(t.md, "dir", "b"));
	fails(ENOENT, maildir_rename(t.md, "link", "b"));
	assert_int_equal(tree_count(&t, ".dir", ""), 2);
	tree_file_is(&t, ".file", "x");
	lists(&t, "INBOX a");
	tree_remove(&t);
}

static void
special_uses_follow_their_folder(void **state)
{
	struct tree t;

	(void)state;
	tree_make(&t);
	assert_int_equal(maildir_create(t.md, "s", MAILDIR_USE_SENT), 0);
	assert_int_equal(
	    maildir_create(t.md, "s.x", MAILDIR_USE_JUNK | MAILDIR_USE_TRASH),
	    0);
	lists(&t, "INBOX s=32 s.x=80");
	assert_int_equal(maildir_rename(t.md, "s", "t"), 0);
	lists(&t, "INBOX t=32 t.x=80");
	assert_int_equal(maildir_delete(t.md, "t"), 0);
	lists(&t, "INBOX t.x=80");
	assert_int_equal(maildir_create(t.md, "t", 0), 0);
	lists(&t, "INBOX t t.x=80");
	/* a line left by somebody who removed the folder by hand */
	tree_write(&t, "corkboard/special-use", "u\tSent\n");
	assert_int_equal(maildir_create(t.md, "u", 0), 0);
	lists(&t, "INBOX t t.x u");
	/* a refused CREATE sets nothing */
	fails(EEXIST, maildir_create(t.md, "u", MAILDIR_USE_ALL));
	lists(&t, "INBOX t t.x u");
	tree_remove(&t);
}

static void
a_deleted_folder_is_gone_with_all_in_it(void **state)
{
	struct tree t;

	(void)state;
	tree_make(&t);
	assert_int_equal(maildir_create(t.md, "a", 0), 0);
	assert_int_equal(maildir_create(t.md, "a.b", 0), 0);
	tree_write(&t, ".a/cur/1:2,S", "x");
	tree_write(&t, ".a/new/2", "x");
	tree_folder(&t, ".a/courierimapkeywords");
	tree_write(&t, ".a/courierimapkeywords/:list", "x");
	tree_write(&t, "precious", "x");
	assert_int_equal(symlinkat("../..", t.fd, ".a/cur/up"), 0);
	assert_int_equal(symlinkat("../precious", t.fd, ".a/p"), 0);
	assert_int_equal(maildir_delete(t.md, "a"), 0);
	lists(&t, "INBOX a.b");
	tree_file_is(&t, "precious", "x");
	assert_int_equal(tree_count(&t, "corkboard", "removing."), 0);
	fails(ENOENT, maildir_delete(t.md, "a"));
	fails(EINVAL, maildir_delete(t.md, ""));
	fails(EINVAL, maildir_delete(t.md, "../x"));
	tree_remove(&t);
}

static void
uidvalidity_of_a_name_only_rises(void **state)
{
	struct tree t;
	uint32_t last = 0, v;
	int i;

	(void)state;
	tree_make(&t);
	for (i = 0; i < 5; i++) {
		assert_int_equal(maildir_create(t.md, "a", 0), 0);
		v = highwater_of(t.fd, ".a");
		assert_true(v > last);
		last = v;
		if (i == 2)
			assert_int_equal(maildir_rename(t.md, "a", "old"), 0);
		else
			assert_int_equal(maildir_delete(t.md, "a"), 0);
	}
	/* also above what Courier had given, by its old rule */
	tree_folder(&t, ".a");
	tree_write(&t, ".a/courierimapuiddb", "1 1900000000 1\n");
	assert_int_equal(maildir_delete(t.md, "a"), 0);
	assert_int_equal(maildir_create(t.md, "a", 0), 0);
	assert_int_equal(highwater_of(t.fd, ".a"), 1900000001);
	tree_folder(&t, ".b.c");
	tree_write(&t, ".b.c/courierimapuiddb", "1 1950000000 1\n");
	assert_int_equal(maildir_rename(t.md, "b", "d"), 0);
	assert_int_equal(maildir_create(t.md, "b.c", 0), 0);
	assert_int_equal(highwater_of(t.fd, ".b.c"), 1950000001);
	assert_int_equal(highwater_of(t.fd, ".d.c"), 1950000000);
	tree_remove(&t);
}

static void
a_value_of_courier_is_not_given_again_without_a_mark(void **state)
{
	struct tree t;
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		tree_make(&t);
		tree_folder(&t, ".a");
		tree_write(&t, ".a/courierimapuiddb", "1 1900000000 1\n");
		if (i == 0)
			assert_int_equal(maildir_delete(t.md, "a"), 0);
		else
			assert_int_equal(maildir_rename(t.md, "a", "b"), 0);
		tree_file_is(&t, "corkboard/uidvalidity", "1900000000\n");
		assert_int_equal(maildir_create(t.md, "a", 0), 0);
		assert_int_equal(highwater_of(t.fd, ".a"), 1900000001);
		tree_remove(&t);
	}
}

static void
inbox_is_renamed_by_moving_its_messages(void **state)
{
	struct mailbox_status st;
	struct tree t;

	(void)state;
	tree_make(&t);
	tree_folder(&t, ".kid");
	tree_write(&t, "cur/1700000001.M1P1.h:2,S", "a: b\n\nseen\n");
	tree_write(&t, "new/1700000002.M1P1.h", "a: b\n\nnew\n");
	fails(EEXIST, maildir_rename(t.md, "", "kid"));
	fails(EINVAL, maildir_rename(t.md, "", "a..b"));
	fails(EEXIST, maildir_rename(t.md, "", ""));
	assert_int_equal(maildir_rename(t.md, "", "old.mail"), 0);
	lists(&t, "INBOX kid old.mail");
	assert_int_equal(maildir_status(t.md, "", false, &st), 0);
	assert_int_equal(st.messages, 0);
	assert_int_equal(maildir_status(t.md, "old.mail", false, &st), 0);
	assert_int_equal(st.messages, 2);
	assert_int_equal(st.unseen, 1);
	/* an empty one too */
	assert_int_equal(maildir_rename(t.md, "", "none"), 0);
	assert_int_equal(maildir_exists(t.md, "none"), 1);
	assert_int_equal(maildir_exists(t.md, ""), 1);
	tree_remove(&t);
}

static void
a_rename_takes_all_below_along(void **state)
{
	struct tree t;
	uint64_t a, b;

	(void)state;
	tree_make(&t);
	tree_folder(&t, ".a");
	tree_folder(&t, ".a.b");
	tree_folder(&t, ".a.b.c");
	tree_folder(&t, ".ab");
	tree_folder(&t, ".a.\xff");
	assert_int_equal(mkdirat(t.fd, ".a.nofolder", 0700), 0);
	tree_write(&t, ".a.file", "x");
	a = inode(&t, ".a");
	b = inode(&t, ".a.b.c");
	assert_int_equal(maildir_rename(t.md, "a", "x.y"), 0);
	lists(&t, "INBOX ab x.y x.y.b x.y.b.c");
	assert_true(inode(&t, ".x.y") == a);
	assert_true(inode(&t, ".x.y.b.c") == b);
	assert_int_equal(tree_has(&t, ".x.y.\xff"), 1);
	assert_int_equal(tree_has(&t, ".x.y.nofolder"), 1);
	assert_int_equal(tree_has(&t, ".a.file"), 1);
	assert_int_equal(tree_has(&t, "corkboard/rename"), 0);
	/* up a level, and a parent that is no folder itself */
	assert_int_equal(maildir_rename(t.md, "x.y", "x"), 0);
	lists(&t, "INBOX ab x x.b x.b.c");
	assert_int_equal(maildir_delete(t.md, "x"), 0);
	assert_int_equal(maildir_rename(t.md, "x", "z"), 0);
	lists(&t, "INBOX ab z.b z.b.c");
	tree_remove(&t);
}

static void
a_rename_that_cannot_be_whole_changes_nothing(void **state)
{
	struct tree t;
	char longest[MAILDIR_NAME_MAX + 1];

	(void)state;
	tree_make(&t);
	tree_folder(&t, ".a");
	tree_folder(&t, ".a.b");
	tree_folder(&t, ".c");
	tree_folder(&t, ".d.b");
	tree_folder(&t, ".a.b.b");
	fails(EEXIST, maildir_rename(t.md, "a", "c"));
	fails(EEXIST, maildir_rename(t.md, "a", "a"));
	fails(EEXIST, maildir_rename(t.md, "a", ""));
	fails(EEXIST, maildir_rename(t.md, "a", "d")); /* d.b is there */
	fails(EEXIST, maildir_rename(t.md, "d", "c"));
	fails(EINVAL, maildir_rename(t.md, "a", "a.x"));
	fails(EINVAL, maildir_rename(t.md, "a", "a.b.c"));
	fails(EINVAL, maildir_rename(t.md, "a", "x/y"));
	fails(EINVAL, maildir_rename(t.md, "a", "x..y"));
	fails(EINVAL, maildir_rename(t.md, "../a", "x"));
	fails(ENOENT, maildir_rename(t.md, "nothing", "x"));
	/* the name itself fits, a child's would not */
	memset(longest, 'x', sizeof longest - 1);
	longest[MAILDIR_NAME_MAX - 3] = '\0';
	fails(ENAMETOOLONG, maildir_rename(t.md, "a", longest));
	fails(ENAMETOOLONG,
	    maildir_rename(t.md, "a", "1.2.3.4.5.6.7.8.9.0.1.2.3.4.5.6.7.8.9"));
	lists(&t, "INBOX a a.b a.b.b c d.b");
	longest[MAILDIR_NAME_MAX - 4] = '\0';
	assert_int_equal(maildir_rename(t.md, "a", longest), 0);
	tree_remove(&t);
}

/* Leaves the tree as a crash after the first n moves of a -> x would. */
static void
crash_rename(struct tree *t, unsigned n)
{
	struct intent in = {0};
	int fd;

	in.from = strdup("a");
	in.to = strdup("x");
	assert_int_equal(intent_add(&in, inode(t, ".a"), "a", "x"), 0);
	assert_int_equal(intent_add(&in, inode(t, ".a.b"), "a.b", "x.b"), 0);
	fd = account_lock(t->md);
	assert_int_equal(intent_write(fd, &in), 0);
	(void)close(fd);
	if (n > 0)
		assert_int_equal(renameat(t->fd, ".a", t->fd, ".x"), 0);
	if (n > 1)
		assert_int_equal(renameat(t->fd, ".a.b", t->fd, ".x.b"), 0);
	intent_done(&in);
}

static void
an_interrupted_rename_is_rolled_forward(void **state)
{
	struct tree t;
	unsigned n;

	(void)state;
	for (n = 0; n <= 2; n++) {
		tree_make(&t);
		assert_int_equal(maildir_create(t.md, "a", 0), 0);
		assert_int_equal(
		    maildir_create(t.md, "a.b", MAILDIR_USE_JUNK), 0);
		crash_rename(&t, n);
		tree_reopen(&t);
		lists(&t, "INBOX x x.b=16");
		assert_int_equal(tree_has(&t, "corkboard/rename"), 0);
		assert_null(maildir_notice(t.md));
		tree_remove(&t);
	}
}

static void
the_next_change_rolls_forward_too(void **state)
{
	struct tree t;

	(void)state;
	tree_make(&t);
	assert_int_equal(maildir_create(t.md, "a", 0), 0);
	assert_int_equal(maildir_create(t.md, "a.b", 0), 0);
	crash_rename(&t, 1);
	assert_int_equal(maildir_create(t.md, "a", 0), 0);
	lists(&t, "INBOX a x x.b");
	tree_remove(&t);
}

static void
an_intent_moves_only_the_directories_that_it_meant(void **state)
{
	struct tree t;

	(void)state;
	tree_make(&t);
	assert_int_equal(maildir_create(t.md, "a", 0), 0);
	assert_int_equal(maildir_create(t.md, "a.b", 0), 0);
	crash_rename(&t, 2);
	/* somebody made a new one of the old name */
	tree_folder(&t, ".a");
	tree_reopen(&t);
	lists(&t, "INBOX a x x.b");
	tree_remove(&t);

	/* and somebody took the new name */
	tree_make(&t);
	assert_int_equal(maildir_create(t.md, "a", 0), 0);
	assert_int_equal(maildir_create(t.md, "a.b", 0), 0);
	crash_rename(&t, 1);
	tree_folder(&t, ".x.b");
	tree_reopen(&t);
	lists(&t, "INBOX a.b x x.b");
	assert_non_null(strstr(maildir_notice(t.md), "left undone"));
	assert_int_equal(tree_has(&t, "corkboard/rename"), 0);
	tree_remove(&t);
}

static void
a_broken_intent_is_kept_aside(void **state)
{
	struct tree t;
	char aside[300];

	(void)state;
	tree_make(&t);
	assert_int_equal(maildir_create(t.md, "a", 0), 0);
	tree_write(&t, "corkboard/rename", "rubbish");
	tree_reopen(&t);
	lists(&t, "INBOX a");
	assert_non_null(strstr(maildir_notice(t.md), "broken"));
	tree_find(&t, "corkboard", "rename.broken.", aside);
	tree_file_is(&t, aside, "rubbish");
	assert_int_equal(maildir_rename(t.md, "a", "b"), 0);
	tree_remove(&t);
}

static void
opening_removes_what_crashes_left(void **state)
{
	struct tree t;
	int fd;

	(void)state;
	tree_make(&t);
	assert_int_equal(maildir_create(t.md, "a", 0), 0);
	tree_folder(&t, "corkboard/building.1.M2P3");
	tree_folder(&t, "corkboard/removing.1.M2P3");
	tree_write(&t, "corkboard/removing.1.M2P3/cur/1:2,", "x");
	tree_write(&t, "corkboard/1.M2P3_corkboard0", "young");
	tree_write(&t, "corkboard/stranger", "x");
	/* somebody at work holds the lock: what is being built is his */
	fd = openat(t.fd, ACCOUNT_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	tree_reopen(&t);
	assert_int_equal(tree_count(&t, "corkboard", "building."), 1);
	assert_int_equal(tree_count(&t, "corkboard", "removing."), 0);
	(void)close(fd);
	tree_reopen(&t);
	assert_int_equal(tree_count(&t, "corkboard", "building."), 0);
	assert_int_equal(tree_has(&t, "corkboard/1.M2P3_corkboard0"), 1);
	assert_int_equal(tree_has(&t, "corkboard/stranger"), 1);
	lists(&t, "INBOX a");
	tree_remove(&t);
}

static void
removal_keeps_to_its_budget_and_depth(void **state)
{
	struct tree t;
	size_t budget;
	char path[200] = "deep";
	int i;

	(void)state;
	tree_make(&t);
	tree_folder(&t, "x");
	for (i = 0; i < 10; i++) {
		(void)snprintf(path, sizeof path, "x/cur/%d", i);
		tree_write(&t, path, "");
	}
	budget = 9;
	fails(EAGAIN, account_remove(t.fd, "x", &budget));
	assert_int_equal(tree_count(&t, "x/cur", ""), 2 + 1);
	budget = 1;
	assert_int_equal(account_remove(t.fd, "nothing", &budget), 0);
	budget = 100;
	assert_int_equal(account_remove(t.fd, "x", &budget), 0);
	(void)snprintf(path, sizeof path, "deep");
	for (i = 0; i < 17; i++) {
		assert_int_equal(mkdirat(t.fd, path, 0700), 0);
		(void)strcat(path, "/d");
	}
	fails(ELOOP, account_remove(t.fd, "deep", &budget));
	/* one level less is fine */
	assert_int_equal(account_remove(t.fd, "deep/d", &budget), 0);
	assert_int_equal(account_remove(t.fd, "deep", &budget), 0);
	tree_remove(&t);
}

static const struct {
	const char *file;
	int marked;
} marks[] = {
    {NULL, 0},
    {"cur/1:2,S", 0},
    {"cur/1:2,FRS", 0},
    {"cur/1:2,", 1},
    {"cur/1:2,FR", 1},
    {"cur/1", 1},
    {"cur/1:1,S", 1},
    {"cur/S.host", 1},
    {"cur/.hidden", 0},
    {"new/1", 1},
    {"new/1:2,S", 1},
    {"new/.hidden", 0},
    {"tmp/1", 0},
};

static void
a_folder_is_marked_by_new_or_unseen_messages(void **state)
{
	struct tree t;
	char path[100];
	size_t i;

	(void)state;
	tree_make(&t);
	tree_folder(&t, ".a");
	for (i = 0; i < sizeof marks / sizeof marks[0]; i++) {
		if (marks[i].file != NULL) {
			(void)snprintf(
			    path, sizeof path, ".a/%s", marks[i].file);
			tree_write(&t, path, "");
			tree_write(&t, path + 3, "");
		}
		if (maildir_marked(t.md, "a") != marks[i].marked ||
		    maildir_marked(t.md, "") != marks[i].marked)
			fail_msg("%s", marks[i].file);
		if (marks[i].file != NULL) {
			(void)unlinkat(t.fd, path, 0);
			(void)unlinkat(t.fd, path + 3, 0);
		}
	}
	tree_remove(&t);
}

static void
ten_thousand_folders_are_the_limit_and_listed_fast(void **state)
{
	const struct folder_info *v;
	struct timespec a, b;
	struct tree t;
	char dir[40];
	int i;

	(void)state;
	tree_make(&t);
	/* most are symlinks, counted but not listed: they are made quickly */
	for (i = 0; i < MAILDIR_FOLDERS_MAX - 1; i++) {
		(void)snprintf(dir, sizeof dir, ".f%d", i);
		if (i % 100 == 0)
			tree_folder(&t, dir);
		else
			assert_int_equal(symlinkat("x", t.fd, dir), 0);
	}
	assert_int_equal(maildir_create(t.md, "one", 0), 0);
	fails(EMLINK, maildir_create(t.md, "two", 0));
	assert_int_equal(maildir_delete(t.md, "one"), 0);
	assert_int_equal(maildir_create(t.md, "two", 0), 0);
	(void)clock_gettime(CLOCK_MONOTONIC, &a);
	assert_int_equal(maildir_list(t.md, &v), 1 + 100 + 1);
	(void)clock_gettime(CLOCK_MONOTONIC, &b);
	assert_true(b.tv_sec - a.tv_sec <= 1);
	tree_remove(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_account_needs_cur_new_and_tmp),
	    cmocka_unit_test(the_list_has_folders_and_nothing_else),
	    cmocka_unit_test(a_name_that_cannot_be_shown_is_told_once),
	    cmocka_unit_test(notices_are_bounded_and_counted),
	    cmocka_unit_test(a_new_folder_is_complete),
	    cmocka_unit_test(what_has_the_name_is_never_touched),
	    cmocka_unit_test(special_uses_follow_their_folder),
	    cmocka_unit_test(a_deleted_folder_is_gone_with_all_in_it),
	    cmocka_unit_test(uidvalidity_of_a_name_only_rises),
	    cmocka_unit_test(
		a_value_of_courier_is_not_given_again_without_a_mark),
	    cmocka_unit_test(inbox_is_renamed_by_moving_its_messages),
	    cmocka_unit_test(a_rename_takes_all_below_along),
	    cmocka_unit_test(a_rename_that_cannot_be_whole_changes_nothing),
	    cmocka_unit_test(an_interrupted_rename_is_rolled_forward),
	    cmocka_unit_test(the_next_change_rolls_forward_too),
	    cmocka_unit_test(
		an_intent_moves_only_the_directories_that_it_meant),
	    cmocka_unit_test(a_broken_intent_is_kept_aside),
	    cmocka_unit_test(opening_removes_what_crashes_left),
	    cmocka_unit_test(removal_keeps_to_its_budget_and_depth),
	    cmocka_unit_test(a_folder_is_marked_by_new_or_unseen_messages),
	    cmocka_unit_test(
		ten_thousand_folders_are_the_limit_and_listed_fast),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
