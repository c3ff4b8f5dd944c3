/* Messages between processes: what the list allows passes, nothing else does.
 */
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "shm/ipc.h"

static int
setup(void **state)
{
	static int fds[2];

	assert_int_equal(ipc_pair(fds), 0);
	*state = fds;
	return 0;
}

static int
teardown(void **state)
{
	int *fds = *state;

	(void)close(fds[0]);
	(void)close(fds[1]);
	return 0;
}

static void
fields_come_back_in_order(void **state)
{
	int *fds = *state;
	struct ipc_msg msg = {0};
	struct ipc_put put;
	struct ipc_get get;
	char text[16];
	size_t n;

	ipc_begin(&put, IPC_NO);
	ipc_put_u64(&put, UINT64_C(0x1122334455667788));
	ipc_put_u32(&put, 7);
	ipc_put_str(&put, "anna");
	assert_int_equal(ipc_send(fds[0], &put, NULL, 0), 0);
	assert_int_equal(ipc_recv(fds[1], BOOT_WORKER, BOOT_AUTH, &msg), 1);
	assert_int_equal(msg.type, IPC_NO);
	ipc_open(&get, &msg);
	assert_true(ipc_get_u64(&get) == UINT64_C(0x1122334455667788));
	assert_int_equal(ipc_get_u32(&get), 7);
	assert_int_equal(ipc_done(&get), -1);
	ipc_get_str(&get, text, sizeof(text));
	assert_string_equal(text, "anna");
	assert_int_equal(ipc_done(&get), 0);
	assert_null(ipc_get_bytes(&get, &n, 10));
	assert_int_equal(n, 0);
	assert_int_equal(ipc_done(&get), -1);
}

static void
a_string_with_nul_or_too_long_fails_the_cursor(void **state)
{
	int *fds = *state, i;
	struct ipc_msg msg = {0};
	struct ipc_put put;
	struct ipc_get get;
	char text[4];

	for (i = 0; i < 2; i++) {
		ipc_begin(&put, IPC_CERTS_OK);
		ipc_put_bytes(&put, i == 0 ? "a\0b" : "abcd", 3 + (size_t)i);
		assert_int_equal(ipc_send(fds[0], &put, NULL, 0), 0);
		assert_int_equal(
		    ipc_recv(fds[1], BOOT_MASTER, BOOT_WORKER, &msg), 1);
		ipc_open(&get, &msg);
		ipc_get_str(&get, text, sizeof(text));
		assert_string_equal(text, "");
		assert_int_equal(ipc_done(&get), -1);
	}
}

static void
a_wrong_role_is_refused(void **state)
{
	int *fds = *state;
	struct ipc_msg msg = {0};
	struct ipc_put put;

	ipc_begin(&put, IPC_YES); /* only auth may say yes */
	assert_int_equal(ipc_send(fds[0], &put, NULL, 0), 0);
	errno = 0;
	assert_int_equal(ipc_recv(fds[1], BOOT_WORKER, BOOT_SESSION, &msg), -1);
	assert_int_equal(errno, EPROTO);
}

static void
sizes_hold_at_their_edge(void **state)
{
	int *fds = *state;
	static char big[IPC_BODY_MAX + 1];
	struct ipc_msg msg = {0};
	struct ipc_put put;

	ipc_begin(&put, IPC_CERTS_OK); /* 2048 at most */
	ipc_put_bytes(&put, big, 2044);
	assert_int_equal(ipc_send(fds[0], &put, NULL, 0), 0);
	assert_int_equal(ipc_recv(fds[1], BOOT_MASTER, BOOT_WORKER, &msg), 1);
	ipc_begin(&put, IPC_CERTS_OK);
	ipc_put_bytes(&put, big, 2045);
	assert_int_equal(ipc_send(fds[0], &put, NULL, 0), -1);
	assert_int_equal(errno, EMSGSIZE);
	ipc_begin(&put, IPC_SERVE);
	ipc_put_bytes(&put, big, IPC_BODY_MAX - 4);
	assert_int_equal(ipc_send(fds[0], &put, NULL, 0), 0);
	assert_int_equal(ipc_recv(fds[1], BOOT_SESSION, BOOT_WORKER, &msg), 1);
	ipc_begin(&put, IPC_SERVE);
	ipc_put_bytes(&put, big, IPC_BODY_MAX - 3);
	assert_int_equal(ipc_send(fds[0], &put, NULL, 0), -1);
}

static void
raw_lies_are_refused(void **state)
{
	static const struct {
		unsigned char b[16];
		size_t n;
	} lies[] = {
	    {{0}, 1},                                  /* no header */
	    {{0, 0, 0, 0, 0, 0, 0, 0}, 8},             /* type 0 */
	    {{200, 0, 0, 0, 0, 0, 0, 0}, 8},           /* no such type */
	    {{IPC_CLOSED, 0, 0, 0, 9, 0, 0, 0, 1}, 9}, /* length */
	    {{IPC_CLOSED, 0, 0, 0, 0, 0, 0, 0, 1}, 9},
	};
	int *fds = *state;
	struct ipc_msg msg = {0};
	size_t i;

	for (i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		assert_int_equal(
		    send(fds[0], lies[i].b, lies[i].n, 0), lies[i].n);
		errno = 0;
		assert_int_equal(
		    ipc_recv(fds[1], BOOT_MASTER, BOOT_WORKER, &msg), -1);
		assert_int_equal(errno, EPROTO);
	}
}

static void
uninvited_descriptors_are_closed(void **state)
{
	int *fds = *state, pair[2], four[4], i;
	char byte;
	struct ipc_msg msg = {0};
	struct ipc_put put;
	struct iovec iov;
	char control[CMSG_SPACE(sizeof(four))], body[8] = {IPC_WATCH};
	struct msghdr h = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control,
	    .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&h);

	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	for (i = 0; i < 4; i++)
		four[i] = pair[1];
	iov.iov_base = body;
	iov.iov_len = sizeof(body);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(four));
	memcpy(CMSG_DATA(c), four, sizeof(four));
	assert_int_equal(sendmsg(fds[0], &h, 0), sizeof(body));
	(void)close(pair[1]);
	assert_int_equal(ipc_recv(fds[1], BOOT_WORKER, BOOT_SESSION, &msg), -1);
	assert_int_equal(errno, EPROTO);
	/* All copies are closed: the reading end sees the end. */
	assert_int_equal(read(pair[0], &byte, 1), 0);
	(void)close(pair[0]);

	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	ipc_begin(&put, IPC_CLOSED);
	assert_int_equal(ipc_send(fds[0], &put, pair, 1), -1);
	ipc_begin(&put, IPC_FORK);
	assert_int_equal(ipc_send(fds[0], &put, &pair[1], 1), 0);
	(void)close(pair[1]);
	assert_int_equal(
	    ipc_recv(fds[1], BOOT_TEMPLATE, BOOT_SPAWNER, &msg), 1);
	i = ipc_take_fd(&msg, 0);
	assert_true(i >= 0);
	assert_int_equal(ipc_take_fd(&msg, 0), -1);
	assert_true((fcntl(i, F_GETFD) & FD_CLOEXEC) != 0);
	(void)close(i);
	(void)close(pair[0]);
}

static void
nothing_waits(void **state)
{
	int *fds = *state, n;
	struct ipc_msg msg = {0};
	struct ipc_put put;

	assert_int_equal(ipc_recv(fds[1], BOOT_MASTER, BOOT_WORKER, &msg), -1);
	assert_int_equal(errno, EAGAIN);
	for (n = 0; n < 100000; n++) {
		ipc_begin(&put, IPC_CLOSED);
		ipc_put_u64(&put, 1);
		if (ipc_send(fds[0], &put, NULL, 0) == -1)
			break;
	}
	assert_int_equal(errno, EAGAIN);
	ipc_begin(&put, IPC_CLOSED);
	assert_int_equal(ipc_send_wait(fds[0], &put, NULL, 0, 10), -1);
	assert_int_equal(errno, ETIMEDOUT);
	(void)close(fds[0]);
	while ((n = ipc_recv(fds[1], BOOT_MASTER, BOOT_WORKER, &msg)) == 1)
		;
	assert_int_equal(n, 0);
	fds[0] = dup(fds[1]);
}

/* More descriptors than may be under way, as a user who may not have more. */
static int
send_many(int channel, int many)
{
	struct rlimit few = {16, 16};
	struct ipc_put put;
	int fds[3];

	for (int i = 0; i < 3; i++)
		fds[i] = channel;
	if ((geteuid() == 0 && setuid(65533) == -1) ||
	    setrlimit(RLIMIT_NOFILE, &few) == -1)
		return 255;
	for (; many > 0; many--) {
		ipc_begin(&put, IPC_WATCH);
		for (int i = 0; i < 3; i++)
			ipc_put_u64(&put, 1);
		if (ipc_send_wait(channel, &put, fds, 3, 10000) == -1)
			return errno;
	}
	return 0;
}

static void
descriptors_under_way_are_waited_for(void **state)
{
	struct ipc_msg msg = {0};
	int *fds = *state, many = 24, status;
	pid_t pid = fork();

	assert_true(pid != -1);
	if (pid == 0)
		_exit(send_many(fds[0], many));
	/* It cannot go on before anything is taken. */
	(void)usleep(100000);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	for (int i = 0; i < 10000 && many > 0; i++) {
		if (ipc_recv(fds[1], BOOT_WORKER, BOOT_SESSION, &msg) == 1)
			many--;
		else
			(void)usleep(1000);
	}
	ipc_drop(&msg);
	assert_int_equal(many, 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		fields_come_back_in_order, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_string_with_nul_or_too_long_fails_the_cursor, setup,
		teardown),
	    cmocka_unit_test_setup_teardown(
		a_wrong_role_is_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		sizes_hold_at_their_edge, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		raw_lies_are_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		uninvited_descriptors_are_closed, setup, teardown),
	    cmocka_unit_test_setup_teardown(nothing_waits, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		descriptors_under_way_are_waited_for, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
