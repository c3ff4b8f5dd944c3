/* IMAPACCESSFILE: its lines, directories, and which of them applies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "master/access.h"
#include "master/value.h"

static char dir[200], file[256];
static struct notes notes;
static struct access *a;

static int
setup(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(
	    dir, sizeof(dir), "%s/access.XXXXXX", tmp != NULL ? tmp : "/tmp");
	assert_non_null(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/list", dir);
	return 0;
}

static int
teardown(void **state)
{
	char command[256];

	(void)state;
	access_free(a);
	a = NULL;
	note_done(&notes);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

static void
put(const char *name, const char *text)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

/* Loads path; errors. */
static size_t
load(const char *path)
{
	access_free(a);
	note_done(&notes);
	a = access_load(path, &notes);
	assert_int_equal(a == NULL, notes.errors > 0);
	return notes.errors;
}

static size_t
load_text(const char *text)
{
	put("list", text);
	return load(file);
}

/* -1: denied; else MAXCPERIP. */
static int
find(const char *addr, uint16_t port)
{
	struct access_rule rule;
	struct settings_net net;

	assert_int_equal(value_net(addr, &net), 0);
	access_find(a, net.addr, port % 10000, port >= 10000, &rule);
	return rule.deny ? -1 : (int)rule.maxperip;
}

#define LOCAL 10000 /* added to the port: -accesslocal is on */

static void
the_most_specific_line_applies(void **state)
{
	static const struct {
		const char *addr;
		int rule;
	} t[] = {{"192.0.2.1", 50}, {"192.0.2.2", -1}, {"192.0.2.200", 7},
	    {"192.0.3.1", 3}, {"192.1.0.1", 2}, {"193.0.0.1", 0},
	    {"10.0.0.1", -1}, {"10.0.0.128", 0}, {"2001:db8::1", -1},
	    {"2001:db8:1::1", 9}, {"2001:db9::1", 0}, {"2001:db7::1", 8},
	    {"fe80::1", -1}, {"fe80::2", 0}};

	(void)state;
	assert_int_equal(
	    load_text("# a comment\n\n192\tallow,MAXCPERIP=2\n"
		      "192.0.2\tdeny\n192.0\tallow,MAXCPERIP=3\n"
		      "192.0.2.1\tallow,MAXCPERIP=50\n"
		      "192.0.2.128/25 allow,MAXCPERIP=\"7\"\r\n"
		      "10.0.0.0/25\tdeny\t\n:2001:0db8\tdeny\n"
		      ":2001:0db8:0001\tallow,MAXCPERIP=9\n"
		      "2001:db7::/32\tallow,MAXCPERIP=8\nfe80::1\tdeny"),
	    0);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (find(t[i].addr, 143) != t[i].rule)
			fail_msg("%s: %d", t[i].addr, find(t[i].addr, 143));
}

static void
of_two_equal_lines_the_later_counts(void **state)
{
	(void)state;
	assert_int_equal(load_text("192.0.2.1\tdeny\n192.0.2.1\tallow"), 0);
	assert_int_equal(find("192.0.2.1", 143), 0);
}

static void
our_own_port_counts_only_with_accesslocal(void **state)
{
	(void)state;
	assert_int_equal(load_text("*\tdeny\n*.143\tallow,MAXCPERIP=5\n"
				   "192.0.2\tallow\n*\tdeny"),
	    0);
	assert_int_equal(find("198.51.100.1", 143), 0);
	assert_int_equal(find("198.51.100.1", LOCAL + 143), 5);
	assert_int_equal(find("198.51.100.1", LOCAL + 993), -1);
	assert_int_equal(find("192.0.2.1", LOCAL + 993), 0);
}

static void
what_is_not_understood_is_refused_with_its_line(void **state)
{
	static const char *const wrong[] = {"192.0.2.256\tdeny",
	    "192.0.2.1.1\tdeny", "192.0.2.\tdeny", "1234\tdeny",
	    "localhost\tdeny", ":2001:db8\tdeny", ":2001:0DB8\tdeny",
	    ":0001:0002:0003:0004:0005:0006:0007:0008:0009\tdeny",
	    "192.0.2.0/33\tdeny", "::/129\tdeny", "*.0\tdeny", "*.65536\tdeny",
	    "*.imap\tdeny", "192.0.2.1", "192.0.2.1\t", "192.0.2.1\tDENY",
	    "192.0.2.1\tdeny,X", "192.0.2.1\tallowed",
	    "192.0.2.1\tallow,MAXCPERIP",
	    "192.0.2.1\tallow,MAXCPERIP=", "192.0.2.1\tallow,MAXCPERIP=0",
	    "192.0.2.1\tallow,MAXCPERIP=x",
	    "192.0.2.1\tallow,MAXCPERIP=1000001"};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(text, sizeof(text), "1\tdeny\n%s\n", wrong[i]);
		if (load_text(text) != 1 ||
		    strstr(notes.v[0].text, "list:2: ") == NULL)
			fail_msg("%s", wrong[i]);
	}
	/* All of them in one go. */
	assert_int_equal(load_text("x deny\ny deny\n"), 2);
}

static void
other_variables_bring_a_warning(void **state)
{
	(void)state;
	assert_int_equal(
	    load_text("1\tallow,BLOCK=\"a, b\",MAXCPERIP=4,RELAYCLIENT"), 0);
	assert_int_equal(notes.n, 2);
	assert_non_null(strstr(notes.v[0].text, "list:1: BLOCK has no effect"));
	assert_int_equal(find("1.2.3.4", 143), 4);
}

static void
a_directory_is_all_its_files(void **state)
{
	(void)state;
	put("one", "192.0.2.1\tdeny\n");
	put("two", "192.0.2.2\tdeny\n");
	put("two~", "192.0.2.3\tdeny\nrubbish");
	put(".hidden", "rubbish");
	assert_int_equal(load(dir), 0);
	assert_int_equal(find("192.0.2.1", 143), -1);
	assert_int_equal(find("192.0.2.2", 143), -1);
	assert_int_equal(find("192.0.2.3", 143), 0);
	put("two.dpkg-old", "");
	assert_int_equal(load(dir), 1);
	assert_non_null(strstr(notes.v[0].text, "two.dpkg-old: left over"));
	put("two.rpmnew", "");
	assert_int_equal(load(dir), 2);
}

static void
no_list_allows(void **state)
{
	(void)state;
	assert_int_equal(load(file), 0);
	assert_int_equal(find("192.0.2.1", 143), 0);
	access_free(a);
	a = NULL;
	assert_int_equal(find("192.0.2.1", LOCAL + 143), 0);
	/* But one that cannot be read is an error. */
	snprintf(file, sizeof(file), "%s/list/x", dir);
	put("list", "");
	assert_int_equal(load(file), 1);
}

static void
files_and_lines_are_bounded(void **state)
{
	char *text = malloc(ACCESS_FILE + 2);

	(void)state;
	assert_non_null(text);
	for (int extra = -1; extra <= 1; extra++) {
		memset(text, '\n', ACCESS_FILE + 1);
		text[ACCESS_FILE + extra] = '\0';
		assert_int_equal(load_text(text), extra > 0);
		for (int i = 0; i < ACCESS_LINES + extra; i++)
			memcpy(text + i * 7, "1\tdeny\n", 8);
		assert_int_equal(load_text(text), extra > 0);
	}
	free(text);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_most_specific_line_applies),
	    TEST(of_two_equal_lines_the_later_counts),
	    TEST(our_own_port_counts_only_with_accesslocal),
	    TEST(what_is_not_understood_is_refused_with_its_line),
	    TEST(other_variables_bring_a_warning),
	    TEST(a_directory_is_all_its_files),
	    TEST(no_list_allows),
	    TEST(files_and_lines_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
