/* The special-use store: its text, its changes, its broken files. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "maildir/account.h"
#include "maildir/maildir.h"
#include "maildir/special.h"
#include "maildir/util.h"
#include "t/unit/maildir_tree.h"

static struct special
parsed(const char *text, int bad)
{
	struct special s = {0};

	assert_int_equal(special_parse(&s, text, strlen(text)), bad);
	return s;
}

static void
prints(struct special *s, const char *want)
{
	char *text;
	size_t n;

	text = special_print(s, &n);
	assert_non_null(text);
	assert_string_equal(text, want);
	assert_int_equal(n, strlen(want));
	free(text);
	special_done(s);
}

static const struct {
	const char *text, *again;
	int bad;
} texts[] = {
    {"", "", 0},
    {"Sent\tSent\n", "Sent\tSent\n", 0},
    {"b\tTrash\na\tSent Drafts\n", "a\tDrafts Sent\nb\tTrash\n", 0},
    {"a\tAll Archive Drafts Flagged Junk Sent Trash\n",
	"a\tAll Archive Drafts Flagged Junk Sent Trash\n", 0},
    {"last\tJunk", "last\tJunk\n", 0},
    {"\n\na\tJunk\n\n", "a\tJunk\n", 0},
    {"a\tJunk\na\tSent\n", "a\tSent\n", 0},
    {"a\tjunk\nb\tJunk\n", "b\tJunk\n", 1},
    {"a\t\n", "", 1},
    {"a\tJunk  Sent\n", "", 1},
    {"a Junk\n", "", 1},
    {"\tJunk\n", "", 1},
    {"../x\tJunk\n", "", 1},
    {"a\tJunk\tSent\n", "", 1},
    {"noise\xff\x01\nmore\n", "", 2},
};

static void
texts_are_read_and_written_as_the_table_says(void **state)
{
	struct special s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		s = parsed(texts[i].text, texts[i].bad);
		prints(&s, texts[i].again);
	}
}

static void
a_text_with_nul_is_broken_as_a_whole(void **state)
{
	struct special s = {0};

	(void)state;
	assert_int_equal(special_parse(&s, "a\tJunk\n\0", 8), 1);
	assert_int_equal(s.n, 0);
}

static void
every_use_survives_alone(void **state)
{
	struct special s;
	char *text;
	uint32_t use;
	size_t n;

	(void)state;
	for (use = 1; use <= SPECIAL_ALL_USES; use++) {
		s = (struct special){0};
		assert_int_equal(special_set(&s, "f", use), 0);
		text = special_print(&s, &n);
		special_done(&s);
		s = parsed(text, 0);
		free(text);
		assert_int_equal(special_get(&s, "f"), use);
		special_done(&s);
	}
}

static void
a_rename_takes_the_children_along(void **state)
{
	struct special s;

	(void)state;
	s = parsed("a\tSent\na.b\tJunk\nab\tAll\nz\tTrash\nz.b\tDrafts\n", 0);
	assert_int_equal(special_rename(&s, "a", "z"), 1);
	/* the second time there is nothing to do */
	assert_int_equal(special_rename(&s, "a", "z"), 0);
	prints(&s, "ab\tAll\nz\tSent\nz.b\tJunk\n");
}

static void
a_lost_file_is_an_empty_one(void **state)
{
	struct tree t;
	struct special s;
	int fd;

	(void)state;
	tree_make(&t);
	fd = account_lock(t.md);
	assert_int_equal(special_load(t.md, fd, &s), 0);
	assert_int_equal(s.n, 0);
	/* and nothing is written to say that nothing is there */
	assert_int_equal(special_store(t.md, fd, "a", 0), 0);
	assert_int_equal(tree_has(&t, "corkboard/special-use"), 0);
	(void)close(fd);
	tree_remove(&t);
}

static void
a_store_keeps_the_others(void **state)
{
	struct tree t;
	int fd;

	(void)state;
	tree_make(&t);
	fd = account_lock(t.md);
	assert_int_equal(special_store(t.md, fd, "Sent", MAILDIR_USE_SENT), 0);
	assert_int_equal(special_store(t.md, fd, "Junk", MAILDIR_USE_JUNK), 0);
	tree_file_is(&t, "corkboard/special-use", "Junk\tJunk\nSent\tSent\n");
	assert_int_equal(special_store_rename(t.md, fd, "Junk", "Spam"), 0);
	tree_file_is(&t, "corkboard/special-use", "Sent\tSent\nSpam\tJunk\n");
	assert_int_equal(special_store(t.md, fd, "Sent", 0), 0);
	tree_file_is(&t, "corkboard/special-use", "Spam\tJunk\n");
	(void)close(fd);
	tree_remove(&t);
}

static void
a_broken_file_is_kept_aside_and_its_good_lines_live(void **state)
{
	struct tree t;
	struct special s;
	char aside[300];
	int fd;

	(void)state;
	tree_make(&t);
	fd = account_lock(t.md);
	tree_write(&t, "corkboard/special-use", "a\tJunk\nrubbish\n");
	assert_int_equal(special_load(t.md, fd, &s), 0);
	assert_int_equal(s.n, 1);
	special_done(&s);
	assert_non_null(strstr(maildir_notice(t.md), "not understood"));
	tree_file_is(&t, "corkboard/special-use", "a\tJunk\nrubbish\n");
	assert_int_equal(special_store(t.md, fd, "b", MAILDIR_USE_ALL), 0);
	assert_non_null(strstr(maildir_notice(t.md), "broken"));
	tree_file_is(&t, "corkboard/special-use", "a\tJunk\nb\tAll\n");
	tree_find(&t, "corkboard", "special-use.broken.", aside);
	tree_file_is(&t, aside, "a\tJunk\nrubbish\n");
	(void)close(fd);
	tree_remove(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(texts_are_read_and_written_as_the_table_says),
	    cmocka_unit_test(a_text_with_nul_is_broken_as_a_whole),
	    cmocka_unit_test(every_use_survives_alone),
	    cmocka_unit_test(a_rename_takes_the_children_along),
	    cmocka_unit_test(a_lost_file_is_an_empty_one),
	    cmocka_unit_test(a_store_keeps_the_others),
	    cmocka_unit_test(
		a_broken_file_is_kept_aside_and_its_good_lines_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
