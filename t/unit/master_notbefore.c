/* Tickets that were sealed before an account was ended are void. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/ctl_text.h"
#include "master/notbefore.h"

static void
up_to_that_second_and_of_that_account_only(void **state)
{
	(void)state;
	assert_false(notbefore_voids("anna", 0 + 1));
	notbefore_set("anna", 100);
	assert_true(notbefore_voids("anna", 99));
	assert_true(notbefore_voids("anna", 100));
	assert_false(notbefore_voids("anna", 101));
	assert_false(notbefore_voids("ann", 1));
	notbefore_set("anna", 200);
	assert_true(notbefore_voids("anna", 200));
}

static void
what_falls_out_of_the_table_counts_for_all(void **state)
{
	char user[16];

	(void)state;
	for (unsigned i = 0; i < NOTBEFORE_MOST - 1; i++) {
		snprintf(user, sizeof(user), "u%u", i);
		notbefore_set(user, 1000 + i);
	}
	assert_true(notbefore_voids("anna", 200)); /* it is full, she is in */
	assert_false(notbefore_voids("nobody", 200));
	notbefore_set("more", 5000);
	assert_true(notbefore_voids("anna", 200));
	assert_true(notbefore_voids("nobody", 200));
	assert_false(notbefore_voids("nobody", 201));
	assert_true(notbefore_voids("more", 5000));
	assert_true(notbefore_voids("u0", 1000));
}

/* A spawner that is started anew hears all of it. */
static void
a_new_spawner_is_told(void **state)
{
	struct ipc_msg msg = {.nfds = 0};
	unsigned everybody = 0, n = 0;
	struct ipc_get g;
	char user[256];
	pid_t pid;
	int fds[2];

	(void)state;
	assert_int_equal(ipc_pair(fds), 0);
	pid = fork();
	if (pid == 0)
		_exit(notbefore_tell(fds[1]) == 0 ? 0 : 1);
	close(fds[1]);
	while (poll(&(struct pollfd){.fd = fds[0], .events = POLLIN}, 1,
		   5000) == 1 &&
	       ipc_recv(fds[0], BOOT_SPAWNER, BOOT_MASTER, &msg) == 1) {
		ipc_open(&g, &msg);
		ipc_get_str(&g, user, sizeof(user));
		if (user[0] == '\0') {
			assert_int_equal(ipc_get_u64(&g), 200);
			everybody++;
		}
		n++;
	}
	assert_int_equal(everybody, 1);
	assert_int_equal(n, NOTBEFORE_MOST + 1);
	close(fds[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	notbefore_set("", 7000);
	assert_true(notbefore_voids("more", 7000));
	assert_false(notbefore_voids("anybody", 7001));
}

/* What clients call themselves, on an administrator's terminal. */
static void
shown(const char *in, const char *text, const char *json)
{
	char *p = NULL;
	size_t n;
	FILE *f = open_memstream(&p, &n);

	assert_non_null(f);
	(void)ctl_text(f, in, 0);
	(void)fflush(f);
	assert_string_equal(p, text);
	(void)fclose(f);
	free(p);
	f = open_memstream(&p, &n);
	assert_non_null(f);
	ctl_text_json(f, in);
	(void)fflush(f);
	assert_string_equal(p, json);
	(void)fclose(f);
	free(p);
}

static void
no_text_moves_the_cursor_or_ends_the_string(void **state)
{
	(void)state;
	shown("Entw\303\274rfe", "Entw\303\274rfe", "\"Entw\303\274rfe\"");
	shown("a\033[2J\"\\", "a?[2J\"\\", "\"a\\u001b[2J\\\"\\\\\"");
	shown("\302\233x", "?x", "\"\\u009bx\""); /* C1: CSI */
	shown("\377\303", "??", "\"\\ufffd\\ufffd\"");
	shown("\300\200", "??", "\"\\ufffd\\ufffd\""); /* too long a form */
	shown("\355\240\200", "???", "\"\\ufffd\\ufffd\\ufffd\"");
	shown("\364\220\200\200", "????", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
	shown("\360\237\230\200", "\360\237\230\200", "\"\360\237\230\200\"");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(up_to_that_second_and_of_that_account_only),
	    cmocka_unit_test(what_falls_out_of_the_table_counts_for_all),
	    cmocka_unit_test(a_new_spawner_is_told),
	    cmocka_unit_test(no_text_moves_the_cursor_or_ends_the_string),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
