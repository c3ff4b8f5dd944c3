/*
 * COPY and MOVE: what arrives, what it costs, and that a failure leaves the
 * source whole and the destination as it was.
 */
#include "t/unit/maildir_opened.h"

#include <time.h>

static long born; /* seconds ago, all files; -1: nobody knows */

/* The store's: nobody can give a file another birth. */
int
statx(int dirfd, const char *restrict name, int flags, unsigned mask,
    struct statx *restrict x)
{
	if (syscall(SYS_statx, dirfd, name, flags, mask, x) == -1)
		return -1;
	x->stx_btime.tv_sec = time(NULL) - born;
	if (born == -1)
		x->stx_mask &= ~(unsigned)STATX_BTIME;
	return 0;
}

static unsigned flees; /* so many times the file 1.m has just been renamed */

/* The store's: somebody changes flags just before a message is opened. */
int
openat(int dirfd, const char *name, int flags, ...)
{
	static const char *const infos[] = {":2,", ":2,F", ":2,FS"};
	char to[32];
	mode_t mode;
	va_list ap;

	va_start(ap, flags);
	mode = (flags & O_CREAT) != 0 ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	if (flees > 0 && strncmp(name, "1.m:", 4) == 0) {
		(void)snprintf(to, sizeof(to), "1.m%s", infos[--flees % 3]);
		assert_int_equal(renameat(dirfd, name, dirfd, to), 0);
	}
	return (int)syscall(SYS_openat, dirfd, name, flags, mode);
}

static int
setup(void **state)
{
	if (opened_setup(state) == -1)
		return -1;
	flees = 0;
	tree_folder(".Dst");
	tree_write(".Dst/courierimapuiddb", "1 77 0000000065\n5 old\n");
	born = 0;
	return 0;
}

/* n messages with UIDs 1 to n, texts "1\n" and so on, all of them seen. */
static void
fill(unsigned n)
{
	char name[64], text[64];
	unsigned i;

	for (i = 1; i <= n; i++) {
		(void)snprintf(name, sizeof(name), "cur/%u.m:2,S", i);
		(void)snprintf(text, sizeof(text), "%u\n", i);
		tree_write(name, text);
	}
	mb = mailbox_open(md, "", false);
	assert_non_null(mb);
}

/* When it was last written to, as it says itself. */
static void
written(const char *name, long ago)
{
	const struct timespec times[2] = {
	    {.tv_nsec = UTIME_OMIT}, {.tv_sec = time(NULL) - ago}};

	assert_int_equal(utimensat(AT_FDCWD, at(name), times, 0), 0);
}

static unsigned
syncs_of_copying(const uint32_t *uids, size_t n)
{
	uint32_t dst[8], uidvalidity;

	/* What was found out about the sources is forgotten. */
	mailbox_close(mb);
	mb = mailbox_open(md, "", false);
	assert_non_null(mb);
	tree_syncs();
	assert_int_equal(
	    mailbox_copy(mb, uids, n, "Dst", false, dst, &uidvalidity), 0);
	return tree_syncs();
}

static void
copies_are_links_with_names_of_their_own(void **state)
{
	const uint32_t uids[] = {1, 3};
	uint32_t dst[2], uidvalidity;
	struct stat a, b;
	char name[300];
	size_t n;

	(void)state;
	fill(3);
	assert_int_equal(
	    mailbox_copy(mb, uids, 2, "Dst", false, dst, &uidvalidity), 0);
	assert_int_equal(uidvalidity, 77);
	assert_int_equal(dst[0], 6);
	assert_int_equal(dst[1], 7);
	assert_int_equal(tree_count(".Dst/cur", ":2,S"), 2);
	assert_int_equal(tree_count(".Dst/cur", "1.m"), 0);
	(void)snprintf(name, sizeof(name), ".Dst/cur/%s",
	    tree_name(".Dst/cur", ",S=2:2,S"));
	assert_int_equal(stat(at(name), &a), 0);
	assert_int_equal(stat(at("cur/1.m:2,S"), &b), 0);
	assert_int_equal(a.st_nlink, 2);
	assert_int_equal(b.st_nlink, 2);
	(void)mailbox_messages(mb, &n);
	assert_int_equal(n, 3);
	assert_int_equal(tree_count(".Dst/tmp", ""), 0);
}

static void
copy_costs_two_syncs_and_move_three(void **state)
{
	const uint32_t uids[] = {1, 2};
	uint32_t dst[2], uidvalidity;
	const struct message *m;
	size_t n;

	(void)state;
	fill(3);
	/* The young sources cost one sync each, once. */
	tree_syncs();
	assert_int_equal(
	    mailbox_copy(mb, uids, 2, "Dst", false, dst, &uidvalidity), 0);
	assert_int_equal(tree_syncs(), 4);
	assert_int_equal(
	    mailbox_copy(mb, uids, 2, "Dst", false, dst, &uidvalidity), 0);
	assert_int_equal(tree_syncs(), 2);
	assert_int_equal(
	    mailbox_copy(mb, uids, 2, "Dst", true, dst, &uidvalidity), 0);
	assert_int_equal(tree_syncs(), 3);
	assert_int_equal(dst[0], 10);
	assert_int_equal(tree_count("cur", ""), 1);
	assert_int_equal(tree_count(".Dst/cur", ""), 6);
	m = mailbox_messages(mb, &n);
	assert_int_equal(n, 1);
	assert_int_equal(m->uid, 3);
}

static void
many_young_sources_cost_one_sync(void **state)
{
	uint32_t uids[33], dst[33], uidvalidity, i;

	(void)state;
	for (i = 0; i < 33; i++)
		uids[i] = i + 1;
	fill(33);
	tree_syncs();
	assert_int_equal(
	    mailbox_copy(mb, uids, 32, "Dst", false, dst, &uidvalidity), 0);
	assert_int_equal(tree_syncs(), 32 + 2);
	mailbox_close(mb);
	mb = mailbox_open(md, "", false);
	assert_non_null(mb);
	tree_syncs();
	assert_int_equal(
	    mailbox_copy(mb, uids, 33, "Dst", false, dst, &uidvalidity), 0);
	/* syncfs, cur, header, lines */
	assert_int_equal(tree_syncs(), 4);
	assert_int_equal(dst[32], 5 + 32 + 33);
}

static void
a_source_that_is_renamed_meanwhile_is_synced(void **state)
{
	uint32_t one = 1, dst, uidvalidity;

	(void)state;
	fill(1);
	tree_syncs();
	flees = 2;
	assert_int_equal(
	    mailbox_copy(mb, &one, 1, "Dst", false, &dst, &uidvalidity), 0);
	assert_int_equal(tree_syncs(), 1 + 2);
	assert_int_equal(tree_count(".Dst/cur", ""), 1);
	/* Or there is no copy. */
	mailbox_close(mb);
	mb = mailbox_open(md, "", false);
	assert_non_null(mb);
	flees = 3;
	assert_int_equal(
	    mailbox_copy(mb, &one, 1, "Dst", false, &dst, &uidvalidity), -1);
	assert_int_equal(tree_count(".Dst/cur", ""), 1);
}

/* A flag's rename makes no old message young; bytes written since do. */
static void
old_sources_with_young_names_cost_nothing(void **state)
{
	const uint32_t uids[] = {1, 2, 3};

	(void)state;
	fill(3);
	born = 3600;
	assert_int_equal(syncs_of_copying(uids, 3), 3 + 2);
	written("cur/1.m:2,S", 70);
	written("cur/2.m:2,S", 50);
	written("cur/3.m:2,S", 1000000);
	assert_int_equal(syncs_of_copying(uids, 3), 1 + 2);
	born = 3500;
	assert_int_equal(syncs_of_copying(uids, 3), 3 + 2);
	born = -1;
	assert_int_equal(syncs_of_copying(uids, 3), 3 + 2);
}

static void
what_has_vanished_is_left_out(void **state)
{
	const uint32_t uids[] = {1, 2, 3, 9};
	uint32_t dst[4], uidvalidity;

	(void)state;
	fill(3);
	assert_int_equal(unlink(at("cur/2.m:2,S")), 0);
	assert_int_equal(rename(at("cur/3.m:2,S"), at("cur/3.m:2,FS")), 0);
	assert_int_equal(
	    mailbox_copy(mb, uids, 4, "Dst", false, dst, &uidvalidity), 0);
	assert_int_equal(dst[0], 6);
	assert_int_equal(dst[1], 0);
	assert_int_equal(dst[2], 7);
	assert_int_equal(dst[3], 0);
	assert_int_equal(tree_count(".Dst/cur", ":2,FS"), 1);
}

static void
keywords_go_along(void **state)
{
	static const char *const keywords[] = {"$Label1", "Foo"};
	const struct mailbox_change change = {
	    .op = MAILBOX_ADD, .keywords = keywords, .nkeywords = 2};
	uint32_t uids[20], dst[20], uidvalidity, i;
	const char *const *names;
	const uint16_t *set;
	bool changed[20];
	size_t n;

	(void)state;
	for (i = 0; i < 20; i++)
		uids[i] = i + 1;
	fill(20);
	assert_int_equal(mailbox_store(mb, uids, 18, &change, changed), 0);
	/* Few as update files, many in :list. */
	assert_int_equal(
	    mailbox_copy(mb, uids, 2, "Dst", false, dst, &uidvalidity), 0);
	assert_int_equal(tree_count(".Dst/courierimapkeywords", ""), 2);
	assert_int_equal(
	    mailbox_copy(mb, uids, 20, "Dst", false, dst, &uidvalidity), 0);
	assert_int_equal(tree_count(".Dst/courierimapkeywords", ""), 3);
	mailbox_close(mb);
	mb = mailbox_open(md, "Dst", false);
	assert_non_null(mb);
	for (i = 0; i < 20; i++) {
		n = mailbox_kwset(mb, mailbox_find(mb, dst[i])->kwset, &set);
		assert_int_equal(n, i < 18 ? 2 : 0);
	}
	assert_int_equal(
	    mailbox_kwset(mb, mailbox_find(mb, 6)->kwset, &set), 2);
	assert_int_equal(mailbox_keywords(mb, &names), 2);
}

static void
copy_into_the_folder_itself(void **state)
{
	const uint32_t uid = 1;
	uint32_t dst, uidvalidity;
	struct mailbox_diff diff;

	(void)state;
	fill(2);
	assert_int_equal(
	    mailbox_copy(mb, &uid, 1, "", false, &dst, &uidvalidity), 0);
	assert_int_equal(dst, 3);
	assert_int_equal(uidvalidity, mailbox_uidvalidity(mb));
	assert_int_equal(mailbox_sync(mb, false, &diff), 0);
	assert_int_equal(diff.nadded, 1);
	assert_int_equal(diff.added[0], 3);
	assert_int_equal(mailbox_find(mb, 3)->flags, MESSAGE_SEEN);
}

static void
any_failed_sync_leaves_the_source_whole(void **state)
{
	const uint32_t uids[] = {1, 2};
	uint32_t dst[2], uidvalidity;
	unsigned i;
	size_t n;

	(void)state;
	fill(2);
	for (i = 1; i <= 4; i++) {
		mailbox_close(mb);
		mb = mailbox_open(md, "", false);
		assert_non_null(mb);
		fail_sync_at = i;
		assert_int_equal(
		    mailbox_copy(mb, uids, 2, "Dst", true, dst, &uidvalidity),
		    -1);
		assert_int_equal(errno, EIO);
		assert_int_equal(tree_count("cur", ""), 2);
		assert_int_equal(tree_count(".Dst/cur", ""), 0);
		assert_int_equal(tree_count(".Dst/tmp", ""), 0);
		(void)mailbox_messages(mb, &n);
		assert_int_equal(n, 2);
		assert_string_equal(tree_read(".Dst/courierimapuiddb"),
		    "1 77 0000000065\n5 old\n");
	}
	fail_sync_at = 0;
	assert_int_equal(
	    mailbox_copy(mb, uids, 2, "Dst", true, dst, &uidvalidity), 0);
	assert_int_equal(dst[0], 6);
	assert_int_equal(tree_count("cur", ""), 0);
}

static void
no_folder_and_read_only_are_refused(void **state)
{
	const uint32_t uid = 1;
	uint32_t dst, uidvalidity;

	(void)state;
	fill(1);
	assert_int_equal(
	    mailbox_copy(mb, &uid, 1, "None", false, &dst, &uidvalidity), -1);
	assert_int_equal(errno, ENOENT);
	mailbox_close(mb);
	mb = mailbox_open(md, "", true);
	assert_non_null(mb);
	assert_int_equal(
	    mailbox_copy(mb, &uid, 1, "Dst", true, &dst, &uidvalidity), -1);
	assert_int_equal(errno, EROFS);
	assert_int_equal(
	    mailbox_copy(mb, &uid, 1, "Dst", false, &dst, &uidvalidity), 0);
	assert_int_equal(dst, 6);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, opened_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(copies_are_links_with_names_of_their_own),
	    TEST(copy_costs_two_syncs_and_move_three),
	    TEST(many_young_sources_cost_one_sync),
	    TEST(a_source_that_is_renamed_meanwhile_is_synced),
	    TEST(old_sources_with_young_names_cost_nothing),
	    TEST(what_has_vanished_is_left_out),
	    TEST(keywords_go_along),
	    TEST(copy_into_the_folder_itself),
	    TEST(any_failed_sync_leaves_the_source_whole),
	    TEST(no_folder_and_read_only_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
