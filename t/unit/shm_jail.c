/* What the kernel grants a process in its jail: each bound at its edge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/mman.h>
#include <sys/wait.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "shm/filter.h"
#include "shm/jail.h"
#include "shm/limits.h"

/* In a child, in the jail of the role: what try says, as an exit status. */
static int
jailed(enum boot_role role, int (*try)(long limit), long limit)
{
	struct boot boot = {
	    .role = role, .set = {.sandbox = SETTINGS_SANDBOX_OFF}};
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(jail_enter(&boot) == -1 ? 99 : try(limit));
	assert_int_not_equal(pid, -1);
	assert_true(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* 0: n descriptors and not one more. */
static int
holds_so_many_files(long n)
{
	int fd, last = -1;

	while ((fd = dup(0)) != -1)
		last = fd;
	return errno != EMFILE ? 1 : last != n - 1;
}

/* Bytes that count as data, which the kernel counts in pages. */
static long
data_of_now(void)
{
	char line[128];
	long kb = -1;
	FILE *f = fopen("/proc/self/status", "r");

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "VmData: %ld kB", &kb) == 1)
			break;
	if (f != NULL)
		(void)fclose(f);
	return kb * 1024;
}

static bool
may_map(long n)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	void *p = mmap(NULL, (size_t)n, PROT_READ | PROT_WRITE, flags, -1, 0);

	return p != MAP_FAILED && munmap(p, (size_t)n) == 0;
}

/* 0: n bytes, a page less, and not a page more. */
static int
holds_so_much_data(long n)
{
	long page = sysconf(_SC_PAGESIZE), have = data_of_now();

	if (have <= 0 || have >= n)
		return 1;
	if (!may_map(n - have - page) || !may_map(n - have))
		return 2;
	return may_map(n - have + page) ? 3 : 0;
}

static void
a_session_holds_so_many_descriptors(void **state)
{
	(void)state;
	assert_int_equal(
	    jailed(BOOT_TEMPLATE, holds_so_many_files, SESSION_FILES), 0);
}

static void
a_servant_holds_so_many_descriptors(void **state)
{
	static const enum boot_role roles[] = {
	    BOOT_LOG, BOOT_AUTH, BOOT_PAM, BOOT_SPAWNER};

	(void)state;
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		assert_int_equal(
		    jailed(roles[i], holds_so_many_files, SERVANT_FILES), 0);
}

static void
a_session_holds_so_much_memory(void **state)
{
	(void)state;
	if (filter_off() != NULL) {
		print_message("not limited: %s\n", filter_off());
		skip();
	}
	assert_int_equal(
	    jailed(BOOT_TEMPLATE, holds_so_much_data, SESSION_DATA), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_session_holds_so_many_descriptors),
	    cmocka_unit_test(a_servant_holds_so_many_descriptors),
	    cmocka_unit_test(a_session_holds_so_much_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
