/* loginexec: what is run, with what, how long, and when it goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "master/loginexec.h"

static char dir[512];
static int rootfd;

static int
setup(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	(void)snprintf(dir, sizeof(dir), "%s/corkboard.XXXXXX",
	    tmp == NULL ? "/tmp" : tmp);
	if (mkdtemp(dir) == NULL)
		return -1;
	rootfd = open(dir, O_RDONLY | O_DIRECTORY);
	return rootfd == -1 ? -1 : 0;
}

static int
teardown(void **state)
{
	static const char *const names[] = {"loginexec", "out", "other"};
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++)
		(void)unlinkat(rootfd, names[i], 0);
	(void)close(rootfd);
	return rmdir(dir);
}

static void
script(const char *name, const char *text, mode_t mode)
{
	int fd = openat(rootfd, name, O_CREAT | O_TRUNC | O_WRONLY, 0600);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	(void)close(fd);
}

static bool
there(const char *name)
{
	struct stat st;

	return fstatat(rootfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void
run(unsigned seconds)
{
	const struct loginexec how = {
	    "anna", "/home/anna", dir, "a=b", seconds};

	loginexec_run(rootfd, &how);
}

static void
it_runs_once_in_the_maildir(void **state)
{
	char text[2000] = "", want[700];
	int fd;

	(void)state;
	/* a client's descriptor would be a high one */
	assert_int_not_equal(dup2(rootfd, 77), -1);
	script("loginexec",
	    "#!/bin/sh\n"
	    "{ pwd; echo $AUTHENTICATED $HOME $OPTIONS $PROTOCOL; "
	    "for f in 0 1 2; do readlink /proc/self/fd/$f; done; "
	    "ls /proc/$$/fd | grep -c 77; true; } > out 3<&-\n",
	    0700);
	run(30);
	(void)close(77);
	assert_false(there("loginexec"));
	fd = openat(rootfd, "out", O_RDONLY);
	assert_int_not_equal(fd, -1);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	(void)close(fd);
	(void)snprintf(
	    want, sizeof(want), "%s\nanna /home/anna a=b IMAP\n", dir);
	assert_memory_equal(text, want, strlen(want));
	assert_memory_equal(text + strlen(want), "/dev/null\n", 10);
	assert_string_equal(text + strlen(text) - 2, "0\n");
	run(30);
}

static void
one_that_fails_stays(void **state)
{
	(void)state;
	script("loginexec", "#!/bin/sh\nexit 3\n", 0700);
	run(30);
	assert_true(there("loginexec"));
	script("loginexec", "#!/nowhere/sh\n", 0700);
	run(30);
	assert_true(there("loginexec"));
}

static void
its_time_is_bounded_with_its_children(void **state)
{
	time_t begin = time(NULL);

	(void)state;
	script(
	    "loginexec", "#!/bin/sh\nsleep 30 & sleep 30; echo > out\n", 0700);
	run(0);
	run(1);
	assert_true(there("loginexec"));
	assert_false(there("out"));
	assert_true(time(NULL) - begin < 10);
}

static void
only_an_executable_file_is_run(void **state)
{
	(void)state;
	run(30);
	script("loginexec", "#!/bin/sh\necho > out\n", 0600);
	run(30);
	assert_true(there("loginexec"));
	assert_int_equal(renameat(rootfd, "loginexec", rootfd, "other"), 0);
	assert_int_equal(fchmodat(rootfd, "other", 0700, 0), 0);
	assert_int_equal(symlinkat("other", rootfd, "loginexec"), 0);
	run(30);
	assert_true(there("loginexec"));
	assert_false(there("out"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(it_runs_once_in_the_maildir),
	    T(one_that_fails_stays),
	    T(its_time_is_bounded_with_its_children),
	    T(only_an_executable_file_is_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
