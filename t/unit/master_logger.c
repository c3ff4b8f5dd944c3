/* The log process: a syslog of our own on a socket, lines in, lines out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/logflow.h"
#include "master/logger.h"
#include "master/settings.h"
#include "shm/ipc.h"
#include "shm/log.h"

static char dir[64], devlog[96];
static struct boot boot;
static pid_t pid;
static int parent, source, syslogd, err[2];

static int
open_syslog(void)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", devlog);
	unlink(devlog);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	return fd;
}

static void
start(bool to_stderr)
{
	static struct ipc_msg msg;
	int up[2], in[2];
	struct pollfd p;

	settings_default(&boot.set);
	boot.role = BOOT_LOG;
	boot.set.log_stderr = to_stderr;
	assert_int_equal(ipc_pair(up), 0);
	assert_int_equal(log_pair(in), 0);
	assert_int_equal(pipe(err), 0);
	pid = fork();
	if (pid == 0) {
		close(up[0]);
		close(in[1]);
		close(syslogd);
		dup2(err[1], 2);
		close(err[0]);
		close(err[1]);
		_exit(logger_run(&boot, up[1], in[0], devlog));
	}
	close(up[1]);
	close(in[0]);
	close(err[1]);
	parent = up[0];
	source = in[1];
	p = (struct pollfd){.fd = parent, .events = POLLIN};
	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_int_equal(ipc_recv(parent, BOOT_MASTER, BOOT_LOG, &msg), 1);
	assert_int_equal(msg.type, IPC_HELLO);
}

static int
setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/master_logger.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(devlog, sizeof(devlog), "%s/log", dir);
	syslogd = open_syslog();
	return 0;
}

static int
teardown(void **state)
{
	int status = 0;

	(void)state;
	close(source);
	close(parent);
	waitpid(pid, &status, 0);
	close(err[0]);
	close(syslogd);
	unlink(devlog);
	rmdir(dir);
	return status;
}

static const char *
next_line(void)
{
	static char line[2048];
	struct pollfd p = {.fd = syslogd, .events = POLLIN};
	ssize_t n;

	if (poll(&p, 1, 5000) != 1)
		return "(nothing)";
	n = recv(syslogd, line, sizeof(line) - 1, 0);
	line[n < 0 ? 0 : n] = '\0';
	return line;
}

static void
put_line(const char *datagram)
{
	assert_int_not_equal(
	    send(source, datagram, strlen(datagram), MSG_NOSIGNAL), -1);
}

/* However full the channel is. */
static void
patient_line(int fd, const char *datagram)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_int_not_equal(
	    send(fd, datagram, strlen(datagram), MSG_NOSIGNAL), -1);
}

static int
channel_of(enum boot_role role)
{
	struct ipc_put put;
	int pair[2];

	assert_int_equal(log_pair(pair), 0);
	ipc_begin(&put, IPC_PEER);
	ipc_put_u32(&put, role);
	ipc_put_u32(&put, 3);
	ipc_put_u64(&put, 1);
	assert_int_equal(ipc_send(parent, &put, &pair[0], 1), 0);
	close(pair[0]);
	return pair[1];
}

static void
lines_have_facility_mail_and_the_ports_ident(void **state)
{
	const char *line;

	(void)state;
	start(false);
	put_line("60LOGIN, user=a");
	line = next_line();
	assert_memory_equal(line, "<22>", 4);
	assert_string_equal(line + 4 + 15, " imapd: LOGIN, user=a");
	put_line("11Maximum connection limit reached for ::1");
	line = next_line();
	assert_memory_equal(line, "<17>", 4);
	assert_string_equal(line + 4 + 15,
	    " imapd-ssl: Maximum connection limit reached for ::1");
}

static void
control_bytes_cannot_forge_a_line(void **state)
{
	(void)state;
	start(false);
	put_line("60a\n<22>b\033");
	assert_non_null(strstr(next_line(), "imapd: a.<22>b."));
}

static void
malformed_datagrams_are_counted_and_told(void **state)
{
	(void)state;
	start(false);
	put_line("8");
	put_line("80x");
	put_line("62x");
	put_line("");
	put_line("60good");
	assert_non_null(strstr(next_line(), "imapd: good"));
	assert_non_null(strstr(next_line(), "log: 4 lines dropped"));
}

static void
a_restarted_syslog_is_found_again(void **state)
{
	(void)state;
	start(false);
	put_line("60one");
	assert_non_null(strstr(next_line(), "one"));
	close(syslogd);
	unlink(devlog);
	put_line("60two");
	usleep(50000);
	put_line("60three");
	syslogd = open_syslog();
	assert_non_null(strstr(next_line(), "two"));
	assert_non_null(strstr(next_line(), "three"));
}

static void
while_syslog_is_away_lines_are_kept_up_to_a_bound(void **state)
{
	char text[32];
	unsigned long dropped = 0;
	const char *line;
	int seen = 0;

	(void)state;
	start(false);
	close(syslogd);
	unlink(devlog);
	for (int i = 0; i < LOGGER_SHARE + 100; i++) {
		snprintf(text, sizeof(text), "60line %d", i);
		patient_line(source, text);
	}
	syslogd = open_syslog();
	while (dropped == 0 && seen < LOGGER_SHARE + 100) {
		line = next_line();
		assert_string_not_equal(line, "(nothing)");
		if (strstr(line, "lines dropped") != NULL)
			dropped = strtoul(strstr(line, "log: ") + 5, NULL, 10);
		else
			seen++;
	}
	assert_int_equal(seen, LOGGER_SHARE);
	assert_int_equal(dropped, 100);
}

static void
channels_of_others_are_taken_from_the_master(void **state)
{
	int fd;

	(void)state;
	start(false);
	fd = channel_of(BOOT_WORKER);
	put_line("60first");
	assert_non_null(strstr(next_line(), "first"));
	patient_line(fd, "60from worker");
	close(fd);
	assert_non_null(strstr(next_line(), "from worker"));
	put_line("60still here");
	assert_non_null(strstr(next_line(), "still here"));
}

static void
what_a_process_says_of_itself_is_bounded(void **state)
{
	const char *line;
	int own = 0, fd;

	(void)state;
	start(false);
	fd = channel_of(BOOT_WORKER);
	for (int i = 0; i < LOGFLOW_BURST * 3; i++)
		patient_line(fd, "30worker: again");
	patient_line(fd, "60LOGIN FAILED, user=a");
	close(fd);
	while (strstr(line = next_line(), "again") != NULL)
		own++;
	/* Its lines about clients come through. */
	assert_non_null(strstr(line, "LOGIN FAILED"));
	assert_in_range(own, LOGFLOW_BURST, LOGFLOW_BURST + 20);
	close(parent);
	close(source);
	parent = source = -1;
	line = next_line();
	assert_non_null(strstr(line, " lines more were dropped"));
	assert_int_equal(atoi(strstr(line, "process ") + 8), getpid());
	assert_int_equal(atoi(strrchr(line, ':') + 1), LOGFLOW_BURST * 3 - own);
}

static void
a_session_cannot_write_a_failed_login(void **state)
{
	int fd;

	(void)state;
	start(false);
	fd = channel_of(BOOT_SPAWNER);
	patient_line(fd, "60LOGIN FAILED, user=a, ip=[::1]");
	assert_non_null(strstr(next_line(), "imapd: session: LOGIN FAILED"));
	patient_line(fd, "60ID, user=a, ip=[::1]");
	assert_non_null(strstr(next_line(), "imapd: ID, user=a"));
	patient_line(fd, "60session: hello");
	assert_non_null(strstr(next_line(), "imapd: session: hello"));
	close(fd);
}

/* Nobody takes lines, and one channel brings more than its share. */
static void
one_channel_leaves_room_for_the_others(void **state)
{
	const char *line;
	int seen = 0, fd;

	(void)state;
	start(false);
	close(syslogd);
	unlink(devlog);
	fd = channel_of(BOOT_WORKER);
	for (int i = 0; i < LOGGER_SHARE + 100; i++)
		patient_line(source, "60flood");
	patient_line(fd, "60LOGIN FAILED, user=a");
	close(fd);
	usleep(100000);
	syslogd = open_syslog();
	while (strstr(line = next_line(), "LOGIN FAILED") == NULL) {
		assert_string_not_equal(line, "(nothing)");
		seen++;
	}
	assert_in_range(seen, LOGGER_SHARE, LOGGER_SHARE + 1);
}

static void
in_the_foreground_lines_go_to_stderr(void **state)
{
	char buf[256];
	ssize_t n;

	(void)state;
	start(true);
	put_line("61hello");
	n = read(err[0], buf, sizeof(buf) - 1);
	assert_true(n > 0);
	buf[n] = '\0';
	assert_non_null(strstr(buf, " imapd-ssl: hello\n"));
}

static void
a_blocked_stderr_blocks_nobody(void **state)
{
	char buf[4096];
	char line[LOG_LINE_MAX];
	int in = 0;

	(void)state;
	start(true);
	memset(line, 'x', sizeof(line));
	memcpy(line, "60", 2);
	/* Far more than a pipe and the queue hold; nobody reads. */
	for (int i = 0; i < LOGGER_QUEUE * 2; i++) {
		struct pollfd p = {.fd = source, .events = POLLOUT};

		if (poll(&p, 1, 2000) != 1)
			break;
		if (send(source, line, sizeof(line), MSG_DONTWAIT) > 0)
			in++;
	}
	assert_int_equal(in, LOGGER_QUEUE * 2);
	/* It goes on when somebody reads again. */
	assert_true(read(err[0], buf, sizeof(buf)) > 0);
	close(err[0]);
	err[0] = open("/dev/null", O_RDONLY);
}

static void
the_last_lines_are_written_when_all_have_gone(void **state)
{
	int status;

	(void)state;
	start(false);
	put_line("60last words");
	close(parent);
	close(source);
	parent = source = -1;
	assert_non_null(strstr(next_line(), "last words"));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(lines_have_facility_mail_and_the_ports_ident),
	    TEST(control_bytes_cannot_forge_a_line),
	    TEST(malformed_datagrams_are_counted_and_told),
	    TEST(a_restarted_syslog_is_found_again),
	    TEST(while_syslog_is_away_lines_are_kept_up_to_a_bound),
	    TEST(channels_of_others_are_taken_from_the_master),
	    TEST(what_a_process_says_of_itself_is_bounded),
	    TEST(a_session_cannot_write_a_failed_login),
	    TEST(one_channel_leaves_room_for_the_others),
	    TEST(in_the_foreground_lines_go_to_stderr),
	    TEST(a_blocked_stderr_blocks_nobody),
	    TEST(the_last_lines_are_written_when_all_have_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
