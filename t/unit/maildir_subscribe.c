/* Subscriptions: Courier's file, whose other lines keep every byte. */
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
#include <unistd.h>

#include <cmocka.h>

#include "t/unit/maildir_tree.h"

#define SUBSCRIBED "courierimapsubscribed"

static void
lists(struct tree *t, size_t n, const char *const *want)
{
	const char *const *v;
	size_t i;

	assert_int_equal(maildir_subscriptions(t->md, &v), n);
	for (i = 0; i < n; i++)
		assert_string_equal(v[i], want[i]);
}

static void
without_a_file_nothing_is_subscribed(void **state)
{
	struct tree t;

	(void)state;
	tree_make(&t);
	lists(&t, 0, NULL);
	assert_int_equal(maildir_subscribe(t.md, "INBOX.a", false), 0);
	assert_int_equal(tree_has(&t, SUBSCRIBED), 0);
	tree_remove(&t);
}

static const struct {
	const char *before, *line;
	bool on;
	const char *after;
} changes[] = {
    {"", "INBOX", true, "INBOX\n"},
    {"INBOX\n", "INBOX.a", true, "INBOX\nINBOX.a\n"},
    {"INBOX", "INBOX.a", true, "INBOX\nINBOX.a\n"},
    {"INBOX.a", "INBOX.a", true, "INBOX.a"},
    {"INBOX.ab\n", "INBOX.a", true, "INBOX.ab\nINBOX.a\n"},
    {"#shared.joe.Pub\nshared.x.y\n", "INBOX.\xc3\xbc", true,
	"#shared.joe.Pub\nshared.x.y\nINBOX.\xc3\xbc\n"},
    {"a\nb\nc\n", "b", false, "a\nc\n"},
    {"a\nb\nb", "b", false, "a\n"},
    {"a\nb\nc", "c", false, "a\nb\n"},
    {"a\nb\nc", "a", false, "b\nc"},
    {"b\nb\nb\n", "b", false, ""},
    {"a\n", "b", false, "a\n"},
    {"\n\na\r\n\n\xff\xfe\nb\n", "b", false, "\n\na\r\n\n\xff\xfe\n"},
    {"\xff\xfe\na\n", "\xff\xfe", false, "a\n"},
};

static void
a_change_touches_its_line_alone(void **state)
{
	struct tree t;
	size_t i;

	(void)state;
	tree_make(&t);
	for (i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		tree_write(&t, SUBSCRIBED, changes[i].before);
		assert_int_equal(
		    maildir_subscribe(t.md, changes[i].line, changes[i].on), 0);
		tree_file_is(&t, SUBSCRIBED, changes[i].after);
		/* twice is no error and changes nothing */
		assert_int_equal(
		    maildir_subscribe(t.md, changes[i].line, changes[i].on), 0);
		tree_file_is(&t, SUBSCRIBED, changes[i].after);
	}
	assert_int_equal(tree_count(&t, "tmp", ""), 2);
	tree_remove(&t);
}

static void
lines_that_nobody_can_be_shown_are_not_listed(void **state)
{
	static const char text[] = "\nINBOX.a\n\xff\nb\0c\nx\ty\r\nlast";
	const char *const want[] = {"INBOX.a", "last"};
	struct tree t;
	char *after;
	size_t n;

	(void)state;
	tree_make(&t);
	tree_write_bytes(&t, SUBSCRIBED, text, sizeof text - 1);
	lists(&t, 2, want);
	assert_int_equal(maildir_subscribe(t.md, "z", true), 0);
	assert_int_equal(util_read_file(t.fd, SUBSCRIBED, 1000, &after, &n), 0);
	assert_memory_equal(after, text, sizeof text - 1);
	free(after);
	tree_remove(&t);
}

static void
a_list_lives_until_the_next(void **state)
{
	const char *const want[] = {"b", "a"};
	struct tree t;

	(void)state;
	tree_make(&t);
	tree_write(&t, SUBSCRIBED, "b\na\n");
	lists(&t, 2, want);
	lists(&t, 2, want);
	tree_write(&t, SUBSCRIBED, "b");
	lists(&t, 1, want);
	tree_remove(&t);
}

static void
lines_that_would_break_the_file_are_refused(void **state)
{
	static const char *const lines[] = {
	    "", "a\nb", "a\n", "\n", "a\tb", "a\rb", "\xff", "a\x7f"};
	struct tree t;
	size_t i;

	(void)state;
	tree_make(&t);
	for (i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		errno = 0;
		assert_int_equal(maildir_subscribe(t.md, lines[i], true), -1);
		assert_int_equal(errno, EINVAL);
	}
	assert_int_equal(tree_has(&t, SUBSCRIBED), 0);
	tree_remove(&t);
}

static void
a_line_has_at_most_1024_bytes(void **state)
{
	char line[1100];
	struct tree t;
	size_t n;

	(void)state;
	tree_make(&t);
	for (n = 1023; n <= 1025; n++) {
		memset(line, 'x', n);
		line[n] = '\0';
		errno = 0;
		assert_int_equal(
		    maildir_subscribe(t.md, line, true), n <= 1024 ? 0 : -1);
		if (n > 1024)
			assert_int_equal(errno, ENAMETOOLONG);
	}
	tree_remove(&t);
}

static void
ten_thousand_lines_are_the_limit_to_add(void **state)
{
	const char *const *v;
	struct tree t;
	char *text, *p;
	size_t i;

	(void)state;
	tree_make(&t);
	text = p = malloc(MAILDIR_FOLDERS_MAX * 16);
	assert_non_null(text);
	for (i = 0; i < MAILDIR_FOLDERS_MAX - 1; i++)
		p += sprintf(p, "INBOX.%zu\n", i);
	tree_write(&t, SUBSCRIBED, text);
	assert_int_equal(maildir_subscribe(t.md, "one", true), 0);
	errno = 0;
	assert_int_equal(maildir_subscribe(t.md, "two", true), -1);
	assert_int_equal(errno, EMLINK);
	/* again what is there, and away with one: both go */
	assert_int_equal(maildir_subscribe(t.md, "one", true), 0);
	assert_int_equal(maildir_subscribe(t.md, "INBOX.7", false), 0);
	assert_int_equal(maildir_subscribe(t.md, "two", true), 0);
	assert_int_equal(maildir_subscriptions(t.md, &v), MAILDIR_FOLDERS_MAX);
	/* what is there beyond it is served */
	(void)sprintf(p, "a\nb\nc\nd\n");
	tree_write(&t, SUBSCRIBED, text);
	assert_int_equal(
	    maildir_subscriptions(t.md, &v), MAILDIR_FOLDERS_MAX + 3);
	free(text);
	tree_remove(&t);
}

static void
what_is_no_file_of_that_size_is_kept_aside(void **state)
{
	struct tree t;
	char aside[300];
	int i, fd;

	(void)state;
	for (i = 0; i < 2; i++) {
		tree_make(&t);
		tree_write(&t, SUBSCRIBED, "");
		if (i == 0) { /* 1 GB of nothing */
			fd = openat(t.fd, SUBSCRIBED, O_WRONLY | O_CLOEXEC);
			assert_int_equal(ftruncate(fd, 1 << 30), 0);
			(void)close(fd);
		} else {
			assert_int_equal(unlinkat(t.fd, SUBSCRIBED, 0), 0);
			assert_int_equal(mkdirat(t.fd, SUBSCRIBED, 0700), 0);
		}
		lists(&t, 0, NULL);
		assert_non_null(strstr(maildir_notice(t.md), "broken"));
		tree_find(&t, ".", SUBSCRIBED ".broken.", aside);
		assert_int_equal(maildir_subscribe(t.md, "a", true), 0);
		tree_file_is(&t, SUBSCRIBED, "a\n");
		tree_remove(&t);
	}
}

static void
a_symlink_is_not_followed(void **state)
{
	const char *const *v;
	struct tree t;

	(void)state;
	tree_make(&t);
	tree_write(&t, "elsewhere", "secret\n");
	assert_int_equal(symlinkat("elsewhere", t.fd, SUBSCRIBED), 0);
	errno = 0;
	assert_int_equal(maildir_subscriptions(t.md, &v), -1);
	assert_int_equal(errno, ELOOP);
	assert_int_equal(maildir_subscribe(t.md, "a", true), -1);
	tree_file_is(&t, "elsewhere", "secret\n");
	tree_remove(&t);
}

static void
who_holds_the_lock_keeps_others_out(void **state)
{
	struct tree t;
	int fd;

	(void)state;
	tree_make(&t);
	assert_int_equal(maildir_subscribe(t.md, "a", true), 0);
	fd = openat(t.fd, ACCOUNT_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	errno = 0;
	assert_int_equal(maildir_subscribe(t.md, "b", true), -1);
	assert_int_equal(errno, EBUSY);
	(void)close(fd);
	assert_int_equal(maildir_subscribe(t.md, "b", true), 0);
	tree_file_is(&t, SUBSCRIBED, "a\nb\n");
	tree_remove(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_a_file_nothing_is_subscribed),
	    cmocka_unit_test(a_change_touches_its_line_alone),
	    cmocka_unit_test(lines_that_nobody_can_be_shown_are_not_listed),
	    cmocka_unit_test(a_list_lives_until_the_next),
	    cmocka_unit_test(lines_that_would_break_the_file_are_refused),
	    cmocka_unit_test(a_line_has_at_most_1024_bytes),
	    cmocka_unit_test(ten_thousand_lines_are_the_limit_to_add),
	    cmocka_unit_test(what_is_no_file_of_that_size_is_kept_aside),
	    cmocka_unit_test(a_symlink_is_not_followed),
	    cmocka_unit_test(who_holds_the_lock_keeps_others_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
