/*
 * What a reading of the directories must not conclude while others are at work
 * in them, while memory is short, and from what a file system says badly.
 */
#define TREE_SYNC 0

#include "t/unit/maildir_opened.h"

#include <stdarg.h>
#include <time.h>

#include "maildir/trash.h"

static void (*between)(void);  /* after a getdents64 that brought entries */
static void (*at_end)(void);   /* after one that did not */
static bool untyped;           /* it does not tell what entries are */
static bool twice;             /* it tells them all once more */
static bool broken_disk;       /* it fails */
static unsigned split;         /* so many entries a call, 0: all */
static const char *hidden;     /* begins the names that it misses */
static const char *sick;       /* of this file fstatat says EIO */
static time_t ahead;           /* of time() */
static unsigned fail_alloc_at; /* 1: the next reallocarray fails */

static ssize_t
hide(char *buf, ssize_t n)
{
	ssize_t from, to = 0;
	struct dirent64 *d;
	size_t len;

	for (from = 0; from < n; from += (ssize_t)len) {
		d = (void *)(buf + from);
		len = d->d_reclen;
		if (untyped)
			d->d_type = DT_UNKNOWN;
		if (hidden != NULL &&
		    strncmp(d->d_name, hidden, strlen(hidden)) == 0)
			continue;
		memmove(buf + to, d, len);
		to += (ssize_t)len;
	}
	return to;
}

ssize_t
getdents64(int fd, void *buf, size_t size)
{
	static bool again;
	ssize_t n = syscall(SYS_getdents64, fd, buf, size), used = 0;
	struct dirent64 *d;
	unsigned i;

	if (broken_disk) {
		errno = EIO;
		return -1;
	}
	for (i = 0; split > 0 && i < split && used < n; i++) {
		d = (void *)((char *)buf + used);
		used += d->d_reclen;
		if (lseek(fd, d->d_off, SEEK_SET) == -1)
			return -1;
	}
	if (used > 0)
		n = used;
	if (n > 0 && twice && (again = !again) && lseek(fd, 0, SEEK_SET) == -1)
		return -1;
	if (n > 0 && between != NULL)
		between();
	if (n == 0 && at_end != NULL)
		at_end();
	if (n > 0 && (n = hide(buf, n)) == 0)
		return getdents64(fd, buf, size); /* not the end */
	return n;
}

int
fstatat(int fd, const char *name, struct stat *st, int flags)
{
	if (sick != NULL && strcmp(name, sick) == 0) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_newfstatat, fd, name, st, flags);
}

time_t
time(time_t *out)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (out != NULL)
		*out = now.tv_sec + ahead;
	return now.tv_sec + ahead;
}

void *
reallocarray(void *p, size_t n, size_t size)
{
	if (fail_alloc_at > 0 && --fail_alloc_at == 0) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(p, n * size);
}

static int
setup(void **state)
{
	between = at_end = NULL;
	hidden = sick = NULL;
	untyped = twice = broken_disk = false;
	split = fail_alloc_at = 0;
	ahead = 0;
	return opened_setup(state);
}

static void
open_inbox(void)
{
	mailbox_close(mb);
	mb = mailbox_open(md, "", false);
	if (mb == NULL)
		fail_msg("mailbox_open: %s", strerror(errno));
}

/* "UID:flags ..." */
static const char *
view(void)
{
	static char out[4000];
	const struct message *m;
	size_t i, n, at = 0;

	m = mailbox_messages(mb, &n);
	out[0] = '\0';
	for (i = 0; i < n; i++)
		at += (size_t)snprintf(out + at, sizeof(out) - at, "%s%u:%u",
		    i == 0 ? "" : " ", m[i].uid, m[i].flags);
	return out;
}

/* Does a look tell that nothing went and nothing came? */
static void
nothing_is_gone(void)
{
	struct mailbox_diff d;

	assert_int_equal(mailbox_sync(mb, true, &d), 0);
	assert_int_equal(d.nvanished, 0);
	assert_int_equal(d.nadded, 0);
}

static void
body_is(uint32_t uid, const char *want)
{
	struct message_file file;
	char text[64];
	ssize_t n;

	assert_int_equal(mailbox_message(mb, uid, &file), 0);
	n = read(file.fd, text, sizeof(text) - 1);
	(void)close(file.fd);
	assert_true(n >= 0);
	text[n] = '\0';
	assert_string_equal(text, want);
}

static void
back_to_new(void)
{
	at_end = NULL;
	assert_int_equal(rename(at("cur/1.a:2,"), at("new/1.a")), 0);
}

/* mutt does so with a message that is marked as new. */
static void
what_goes_back_to_new_meanwhile_is_not_gone(void **state)
{
	(void)state;
	tree_write("cur/1.a:2,", "one");
	tree_write("cur/2.b:2,", "two");
	open_inbox();
	tree_settle();
	at_end = back_to_new; /* new/ was read, cur/ was not */
	nothing_is_gone();
	nothing_is_gone();
	assert_string_equal(view(), "1:0 2:0");
	body_is(1, "one");
}

static void
see_one(void)
{
	between = NULL;
	assert_int_equal(rename(at("cur/1.a:2,"), at("cur/1.a:2,S")), 0);
}

static void
see_one_later(void)
{
	at_end = NULL; /* new/ was read, cur/ comes */
	between = see_one;
}

/* As XFS without ftype: each entry is looked at, which takes a while. */
static void
without_types_one_call_is_no_proof(void **state)
{
	(void)state;
	tree_write("cur/1.a:2,", "one");
	tree_write("cur/2.b:2,", "two");
	open_inbox();
	tree_settle();
	untyped = true;
	at_end = see_one_later;
	nothing_is_gone();
	assert_null(between);
	nothing_is_gone();
	assert_string_equal(view(), "1:8 2:0");
}

static void
what_cannot_be_looked_at_is_not_passed_over(void **state)
{
	(void)state;
	tree_write("courierimapuiddb", "1 7 3\n1 1.a\n2 2.b\n");
	tree_write("cur/1.a:2,", "one");
	tree_write("cur/2.b:2,", "two");
	tree_settle();
	untyped = true;
	sick = "1.a:2,";
	mb = mailbox_open(md, "", false);
	sick = NULL;
	if (mb == NULL)
		open_inbox();
	assert_string_equal(view(), "1:0 2:0");
	nothing_is_gone();
}

static void
move_others(void)
{
	static int turn;

	turn = !turn;
	assert_int_equal(rename(at(turn ? "cur/2.b:2," : "cur/2.b:2,S"),
			     at(turn ? "cur/2.b:2,S" : "cur/2.b:2,")),
	    0);
}

static void
what_was_only_missed_is_removed_before_it_is_gone(void **state)
{
	const uint32_t uid = 1;
	bool gone;

	(void)state;
	tree_write("cur/1.a:2,T", "one");
	tree_write("cur/2.b:2,", "two");
	open_inbox();
	assert_int_equal(rename(at("cur/1.a:2,T"), at("cur/1.a:2,ST")), 0);
	hidden = "1.a";
	split = 1;
	between = move_others;
	nothing_is_gone();
	between = NULL;
	hidden = NULL;
	split = 0;
	assert_int_equal(mailbox_expunge(mb, &uid, 1, &gone), 0);
	assert_true(gone);
	assert_int_equal(tree_count("cur", "1.a"), 0);
}

static void
an_entry_told_twice_is_one_file(void **state)
{
	(void)state;
	tree_write("cur/1.a:2,", "one");
	tree_write("new/2.b", "two");
	ahead = 3600; /* a server's clock that is behind ours */
	twice = true;
	open_inbox();
	nothing_is_gone();
	assert_string_equal(view(), "1:0 2:0");
	body_is(1, "one");
	body_is(2, "two");
}

static void
a_second_file_of_the_name_is_not_the_message(void **state)
{
	char name[32], other[32], body[32];
	unsigned i;

	(void)state;
	for (i = 1; i <= 9; i++) {
		(void)snprintf(name, sizeof(name), "cur/%u.a:2,S", i);
		(void)snprintf(body, sizeof(body), "%u", i);
		tree_write(name, body);
	}
	open_inbox();
	for (i = 1; i <= 8; i++) {
		(void)snprintf(other, sizeof(other), "cur/%u.a:2,%s", i,
		    i % 2 == 0 ? "F" : "T");
		tree_write(other, "another");
	}
	/* Makes names be read again. */
	assert_int_equal(rename(at("cur/9.a:2,S"), at("cur/9.a:2,")), 0);
	body_is(9, "9");
	for (i = 1; i <= 8; i++) {
		(void)snprintf(body, sizeof(body), "%u", i);
		body_is(i, body);
	}
}

/* Messages from..to with their lines, as another session files them. */
static void
file_with_lines(unsigned from, unsigned to, bool anew)
{
	static char text[65536];
	char name[32];
	size_t n = 0;
	unsigned i;
	int fd;

	for (i = from; i <= to; i++) {
		(void)snprintf(name, sizeof(name), "cur/%u.x:2,", i);
		tree_write(name, "x");
	}
	if (anew) { /* as Courier does */
		n = (size_t)sprintf(text, "1 7 %u\n", to + 1);
		from = 1;
	}
	for (i = from; i <= to; i++)
		n += (size_t)sprintf(text + n, "%u %u.x\n", i, i);
	fd = open(at(anew ? "next" : "courierimapuiddb"),
	    O_WRONLY | O_APPEND | O_CREAT, 0600);
	assert_int_equal(write(fd, text, n), n);
	assert_int_equal(close(fd), 0);
	if (anew)
		assert_int_equal(rename(at("next"), at("courierimapuiddb")), 0);
}

static void
all_have_their_numbers(unsigned n)
{
	const struct message *m;
	char file[TRASH_PATH_MAX];
	size_t i, count;

	m = mailbox_messages(mb, &count);
	assert_int_equal(count, n);
	for (i = 0; i < count; i++) {
		assert_int_equal(m[i].uid, i + 1);
		assert_int_equal(mailbox_file(mb, m[i].uid, file), 0);
		assert_int_equal(atoi(file + strlen("cur/")), i + 1);
	}
}

static void
short_of_memory(bool anew)
{
	struct mailbox_diff d;
	unsigned at_call, n = 1, failed = 0;

	tree_write("courierimapuiddb", "1 7 0000009999\n1 1.x\n");
	tree_write("cur/1.x:2,", "x");
	open_inbox();
	for (at_call = 1; at_call <= 8; at_call++) {
		file_with_lines(n + 1, n + 90, anew);
		n += 90;
		fail_alloc_at = at_call;
		failed += mailbox_sync(mb, true, &d) == -1;
		fail_alloc_at = 0;
		assert_int_equal(mailbox_sync(mb, true, &d), 0);
		all_have_their_numbers(n);
		tree_write("new/9999.x", "x"); /* a line is written */
		assert_int_equal(mailbox_sync(mb, true, &d), 0);
		open_inbox();
		assert_int_equal(unlink(at("cur/9999.x:2,")), 0);
		assert_int_equal(mailbox_sync(mb, true, &d), 0);
		all_have_their_numbers(n);
		/* That UID is taken: the list anew, for the next turn. */
		tree_write("courierimapuiddb", "1 7 0000009999\n");
		file_with_lines(1, n, anew);
		open_inbox();
		all_have_their_numbers(n);
	}
	assert_true(failed > 2);
}

static void
no_memory_for_lines_renumbers_nothing(void **state)
{
	(void)state;
	short_of_memory(false);
}

static void
no_memory_for_a_list_cuts_nothing_off(void **state)
{
	(void)state;
	short_of_memory(true);
}

static void
a_line_end_in_a_name_forges_no_line(void **state)
{
	(void)state;
	tree_write("courierimapuiddb", "1 7 3\n1 1.a\n2 2.b\n");
	tree_write("cur/1.a:2,", "one");
	tree_write("cur/3.c\n2 1.a:2,S", "three");
	tree_write("new/4.d\nx", "four");
	open_inbox();
	assert_string_equal(view(), "1:0 3:8 4:0");
	body_is(3, "three");
	body_is(4, "four");
	nothing_is_gone();
	open_inbox();
	assert_string_equal(view(), "1:0 3:8 4:0");
	body_is(3, "three");
	assert_int_equal(tree_count("", "broken"), 0);
}

/* The client was told of 1, 3 and 4; that 2 came back is no way out. */
static void
what_was_told_is_not_made_up_later(void **state)
{
	const uint32_t two = 2;
	struct mailbox_counts counts;
	struct mailbox_diff d;
	bool gone;

	(void)state;
	tree_use_index(&md);
	tree_write("cur/1.a:2,", "one");
	tree_write("cur/2.b:2,", "two");
	tree_write("cur/3.c:2,", "three");
	tree_write("cur/4.d:2,", "four");
	open_inbox();
	assert_int_equal(mailbox_expunge(mb, &two, 1, &gone), 0);
	tree_settle();
	assert_int_equal(mailbox_sync(mb, true, &d), 0);
	mailbox_close(mb);
	mb = mailbox_glance(md, "", false);
	assert_non_null(mb);
	assert_false(mailbox_loaded(mb));
	mailbox_counts(mb, &counts);
	assert_int_equal(counts.messages, 3);
	assert_int_equal(unlink(at("corkboard/index/data.mdb")), 0);
	assert_int_equal(unlink(at("cur/3.c:2,")), 0);
	tree_write("cur/2.b:2,", "two");
	broken_disk = true;
	assert_int_equal(mailbox_load(mb), -1);
	broken_disk = false;
	assert_int_equal(mailbox_load(mb), -1);
	assert_int_equal(errno, ESTALE);
	assert_int_equal(mailbox_sync(mb, true, &d), -1);
	assert_int_equal(errno, ESTALE);
	open_inbox();
	assert_string_equal(view(), "1:0 2:0 4:0");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, opened_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(what_goes_back_to_new_meanwhile_is_not_gone),
	    TEST(without_types_one_call_is_no_proof),
	    TEST(what_cannot_be_looked_at_is_not_passed_over),
	    TEST(what_was_only_missed_is_removed_before_it_is_gone),
	    TEST(an_entry_told_twice_is_one_file),
	    TEST(a_second_file_of_the_name_is_not_the_message),
	    TEST(no_memory_for_lines_renumbers_nothing),
	    TEST(no_memory_for_a_list_cuts_nothing_off),
	    TEST(a_line_end_in_a_name_forges_no_line),
	    TEST(what_was_told_is_not_made_up_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
