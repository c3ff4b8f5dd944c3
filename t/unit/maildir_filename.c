/*
 * Names of message files: base, flags, letters of others kept, new names.
 */
#include "t/unit/maildir_store.h"

#include "maildir/filename.h"

static void
base_name_ends_at_the_first_colon(void **state)
{
	static const struct {
		const char *name;
		size_t base;
	} cases[] = {{"", 0}, {"a", 1}, {":2,S", 0}, {"a:2,S", 1},
	    {"1.M1P1.host,S=3:2,", 15}, {"a:b:2,S", 1}};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(
		    filename_base(cases[i].name, strlen(cases[i].name)),
		    cases[i].base);
}

static void
flags_are_letters_after_2(void **state)
{
	static const struct {
		const char *info;
		unsigned flags;
	} cases[] = {{"", 0}, {":2,", 0}, {":2,S", MESSAGE_SEEN},
	    {":2,DFRST", MESSAGE_FLAGS}, {":2,TSRFD", MESSAGE_FLAGS},
	    {":2,PabcZ", 0}, {":1,S", 0}, {":2", 0},
	    {":2,F,S", MESSAGE_FLAGGED}, {"S", 0}};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(filename_flags(cases[i].info), cases[i].flags);
}

static void
new_flags_keep_the_letters_of_others_sorted(void **state)
{
	static const struct {
		const char *old;
		unsigned flags;
		const char *now;
	} cases[] = {{"", 0, ":2,"}, {"", MESSAGE_FLAGS, ":2,DFRST"},
	    {":2,FPSa", MESSAGE_ANSWERED, ":2,PRa"},
	    {":2,aPSF", MESSAGE_FLAGGED | MESSAGE_SEEN | MESSAGE_ANSWERED,
		":2,FPRSa"},
	    {":2,S,X=1", MESSAGE_DRAFT, ":2,D,X=1"},
	    {":odd", MESSAGE_SEEN, ":2,S"}};
	char out[600];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(filename_info(cases[i].old,
				     (uint8_t)cases[i].flags, out, sizeof(out)),
		    0);
		assert_string_equal(out, cases[i].now);
	}
	errno = 0;
	assert_int_equal(filename_info("", 0, out, 8), -1);
	assert_int_equal(errno, ENAMETOOLONG);
}

static void
leading_number_stops_at_its_limit(void **state)
{
	(void)state;
	assert_int_equal(filename_number("1700000001.M1"), 1700000001);
	assert_int_equal(filename_number("x1"), 0);
	assert_int_equal(filename_number(""), 0);
	assert_true(
	    filename_number("1844674407370955160") == 1844674407370955160ull);
	assert_true(filename_number("99999999999999999999999") == UINT64_MAX);
}

static void
new_names_differ_and_have_couriers_form(void **state)
{
	struct stat st = {.st_dev = 0xfe00, .st_ino = 0xaf0619, .st_size = 103};
	char a[256], b[256], pid[32];

	(void)state;
	filename_unique("vm", &st, a, sizeof(a));
	filename_unique("vm", &st, b, sizeof(b));
	assert_string_not_equal(a, b);
	assert_non_null(strstr(a, "V000000000000FE00I0000000000AF0619_"));
	assert_string_equal(strrchr(a, ','), ",S=103");
	assert_non_null(strstr(a, ".vm,"));
	(void)snprintf(pid, sizeof(pid), "P%ldV", (long)getpid());
	assert_non_null(strstr(a, pid));
	filename_temp("vm", a, sizeof(a));
	filename_temp("vm", b, sizeof(b));
	assert_string_not_equal(a, b);
	assert_null(strchr(a, ':'));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(base_name_ends_at_the_first_colon),
	    cmocka_unit_test(flags_are_letters_after_2),
	    cmocka_unit_test(new_flags_keep_the_letters_of_others_sorted),
	    cmocka_unit_test(leading_number_stops_at_its_limit),
	    cmocka_unit_test(new_names_differ_and_have_couriers_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
