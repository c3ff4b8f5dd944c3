/* Folder names: what may be created, looked for, shown; both directions. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "maildir/maildir.h"
#include "maildir/name.h"

static const struct {
	const char *name;
	int create, look; /* errno, 0: may */
	bool shown;
} cases[] = {
    {"", EINVAL, 0, true}, {"a", 0, 0, true}, {"Sent.2024.Q1", 0, 0, true},
    {"with blank", 0, 0, true}, {"Entw\xc3\xbcrfe", 0, 0, true},
    {"\xf0\x9f\x93\xac", 0, 0, true}, {"INBOX", 0, 0, true}, {"~", 0, 0, true},
    {"a*b%c\"d\\e&", 0, 0, true}, {".", EINVAL, EINVAL, true},
    {"..", EINVAL, EINVAL, true}, {".a", EINVAL, EINVAL, true},
    {"a.", EINVAL, 0, true}, {"a..b", EINVAL, 0, true},
    {"a/b", EINVAL, EINVAL, true}, {"../x", EINVAL, EINVAL, true},
    {"a./../../x", EINVAL, EINVAL, true}, {"/", EINVAL, EINVAL, true},
    {"a\nb", EINVAL, 0, false}, {"a\tb", EINVAL, 0, false},
    {"a\x01", EINVAL, 0, false}, {"a\x7f", EINVAL, 0, false},
    {"a\x1f", EINVAL, 0, false}, {"a\xc2\x80", EINVAL, 0, true}, /* C1 */
    {"a\xc2\x9f", EINVAL, 0, true},         /* the last C1 */
    {"a\xc2\xa0", 0, 0, true},              /* one above */
    {"a\xe2\x80\xa7", 0, 0, true},          /* U+2027 */
    {"a\xe2\x80\xa8", EINVAL, 0, true},     /* line separator */
    {"a\xe2\x80\xa9", EINVAL, 0, true},     /* paragraph separator */
    {"a\xe2\x80\xaa", 0, 0, true},          /* U+202A */
    {"\xff", EINVAL, 0, false},             /* no UTF-8 */
    {"a\xc3", EINVAL, 0, false},            /* cut short */
    {"a\xe2\x82", EINVAL, 0, false},        /* cut short */
    {"\xc0\xaf", EINVAL, 0, false},         /* overlong '/' */
    {"\xc0\x80", EINVAL, 0, false},         /* overlong NUL */
    {"\xed\xa0\x80", EINVAL, 0, false},     /* a surrogate */
    {"\xf4\x90\x80\x80", EINVAL, 0, false}, /* above U+10FFFF */
    {"Entw&APw-rfe", 0, 0, true},           /* not ours to decode */
};

static void
names_are_allowed_or_refused_as_the_table_says(void **state)
{
	size_t i;
	int r;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		errno = 0;
		r = name_check_new(cases[i].name);
		if (r != (cases[i].create ? -1 : 0) ||
		    (r == -1 && errno != cases[i].create))
			fail_msg(
			    "create \"%s\": %d %d", cases[i].name, r, errno);
		errno = 0;
		r = name_check(cases[i].name);
		if (r != (cases[i].look ? -1 : 0) ||
		    (r == -1 && errno != cases[i].look))
			fail_msg("look \"%s\": %d %d", cases[i].name, r, errno);
		if (name_is_shown(cases[i].name) != cases[i].shown)
			fail_msg("shown \"%s\"", cases[i].name);
	}
}

static void
a_new_name_has_at_most_240_bytes(void **state)
{
	char name[300];
	size_t n;

	(void)state;
	for (n = MAILDIR_NAME_MAX - 1; n <= MAILDIR_NAME_MAX + 1; n++) {
		memset(name, 'x', n);
		name[n] = '\0';
		errno = 0;
		assert_int_equal(
		    name_check_new(name), n <= MAILDIR_NAME_MAX ? 0 : -1);
		assert_int_equal(
		    errno, n <= MAILDIR_NAME_MAX ? 0 : ENAMETOOLONG);
		assert_int_equal(name_check(name), 0);
	}
}

static void
a_name_to_look_for_has_what_a_directory_can_hold(void **state)
{
	char name[300], dir[NAME_DIR_MAX];
	size_t n;

	(void)state;
	for (n = 253; n <= 255; n++) {
		memset(name, 'x', n);
		name[n] = '\0';
		errno = 0;
		assert_int_equal(name_check(name), n <= 254 ? 0 : -1);
		assert_int_equal(errno, n <= 254 ? 0 : ENAMETOOLONG);
	}
	name[254] = '\0';
	name_to_dir(dir, name);
	assert_int_equal(strlen(dir), 255);
}

static void
a_new_name_has_at_most_20_levels(void **state)
{
	char name[100];
	int levels, i;

	(void)state;
	for (levels = MAILDIR_LEVELS_MAX - 1; levels <= MAILDIR_LEVELS_MAX + 1;
	     levels++) {
		name[0] = 'a';
		for (i = 1; i < levels; i++)
			memcpy(name + 2 * i - 1, ".a", 2);
		name[2 * levels - 1] = '\0';
		errno = 0;
		assert_int_equal(name_check_new(name),
		    levels <= MAILDIR_LEVELS_MAX ? 0 : -1);
		assert_int_equal(
		    errno, levels <= MAILDIR_LEVELS_MAX ? 0 : ENAMETOOLONG);
	}
}

static void
below_means_a_whole_level(void **state)
{
	(void)state;
	assert_true(name_is_below("a.b", "a"));
	assert_true(name_is_below("a.b.c", "a"));
	assert_true(name_is_below("a", ""));
	assert_false(name_is_below("", ""));
	assert_false(name_is_below("a", "a"));
	assert_false(name_is_below("ab.c", "a"));
	assert_false(name_is_below("a", "a.b"));
}

static void
a_folder_and_its_directory_name_each_other(void **state)
{
	char dir[NAME_DIR_MAX];

	(void)state;
	name_to_dir(dir, "");
	assert_string_equal(dir, ".");
	name_to_dir(dir, "a.b");
	assert_string_equal(dir, ".a.b");
	assert_string_equal(name_of_dir(".a.b"), "a.b");
	assert_null(name_of_dir("."));
	assert_null(name_of_dir(".."));
	assert_null(name_of_dir("..a"));
	assert_null(name_of_dir("cur"));
	assert_null(name_of_dir("corkboard"));
	assert_null(name_of_dir(""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_are_allowed_or_refused_as_the_table_says),
	    cmocka_unit_test(a_new_name_has_at_most_240_bytes),
	    cmocka_unit_test(a_name_to_look_for_has_what_a_directory_can_hold),
	    cmocka_unit_test(a_new_name_has_at_most_20_levels),
	    cmocka_unit_test(below_means_a_whole_level),
	    cmocka_unit_test(a_folder_and_its_directory_name_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
