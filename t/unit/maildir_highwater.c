/* UIDVALIDITY: values that are never given twice. */
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

#include "maildir/highwater.h"
#include "maildir/private.h"
#include "t/unit/maildir_tree.h"

static void
the_next_uidvalidity_is_above_the_mark_and_near_the_clock(void **state)
{
	static const struct {
		uint32_t mark;
		time_t now;
		uint32_t next;
	} v[] = {
	    {0, 1795375670, 795375670},
	    {795375669, 1795375670, 795375670},
	    {795375670, 1795375670, 795375671},
	    {795375671, 1795375670, 795375672},
	    {1795375670, 1795375670, 1795375671},
	    {0, 0, 1},
	    {0, 1000000000, 1},
	    {5, 1000000000, 6},
	    {7, -100, 8},
	    {7, 100000000000, 8},
	    {UINT32_MAX - 1, 1795375670, UINT32_MAX},
	    {UINT32_MAX, 1795375670, 0},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof v / sizeof v[0]; i++)
		assert_int_equal(
		    highwater_next(v[i].mark, v[i].now), v[i].next);
}

static void
uidvalidity_rises_whatever_the_clock_says(void **state)
{
	struct tree t;
	uint32_t a, b;

	(void)state;
	tree_make(&t);
	a = maildir_new_uidvalidity(t.md);
	b = maildir_new_uidvalidity(t.md);
	assert_true(a > 700000000 && b > a);
	/* a mark from a clock that ran ahead */
	tree_write(&t, "corkboard/uidvalidity", "3000000000\n");
	assert_int_equal(maildir_new_uidvalidity(t.md), 3000000001u);
	tree_file_is(&t, "corkboard/uidvalidity", "3000000001\n");
	tree_write(&t, "corkboard/uidvalidity", "4294967294\n");
	assert_int_equal(maildir_new_uidvalidity(t.md), UINT32_MAX);
	errno = 0;
	assert_int_equal(maildir_new_uidvalidity(t.md), 0);
	assert_int_equal(errno, EOVERFLOW);
	tree_remove(&t);
}

static void
a_missing_mark_is_made_from_the_folders(void **state)
{
	struct tree t;

	(void)state;
	tree_make(&t);
	tree_folder(&t, ".old");
	tree_write(&t, ".old/courierimapuiddb", "1 1700000005 9\n");
	tree_folder(&t, ".insane");
	tree_write(&t, ".insane/courierimapuiddb", "1 4294967295 9\n");
	assert_int_equal(maildir_new_uidvalidity(t.md), 1700000006);
	tree_remove(&t);
}

static void
a_broken_mark_is_kept_aside_and_made_anew(void **state)
{
	static const char *const broken[] = {"", "x\n", "12", "12\n\n", "-1\n",
	    "4294967296\n", "12 13\n",
	    ("0000000000000000000000000000000000000000000000000000000000000"
	     "0000001\n")};
	struct tree t;
	char aside[300];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof broken / sizeof broken[0]; i++) {
		tree_make(&t);
		(void)maildir_new_uidvalidity(t.md);
		tree_write(&t, "courierimapuiddb", "1 1800000000 2\n");
		tree_write(&t, "corkboard/uidvalidity", broken[i]);
		assert_int_equal(maildir_new_uidvalidity(t.md), 1800000001);
		assert_non_null(strstr(maildir_notice(t.md), "broken"));
		tree_find(&t, "corkboard", "uidvalidity.broken.", aside);
		tree_file_is(&t, aside, broken[i]);
		tree_remove(&t);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		the_next_uidvalidity_is_above_the_mark_and_near_the_clock),
	    cmocka_unit_test(uidvalidity_rises_whatever_the_clock_says),
	    cmocka_unit_test(a_missing_mark_is_made_from_the_folders),
	    cmocka_unit_test(a_broken_mark_is_kept_aside_and_made_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
