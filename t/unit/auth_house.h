/*
 * The house around auth for its tests: a master, workers and a PAM process
 * played by the test talk to the real loop over real channels. Included after
 * cmocka.h.
 */
#ifndef T_UNIT_AUTH_HOUSE_H
#define T_UNIT_AUTH_HOUSE_H

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <bsd/string.h>
#include <bsd/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "auth/auth.h"
#include "auth/child.h"
#include "auth/desk.h"
#include "auth/pam.h"
#include "auth/ticket.h"
#include "shm/log.h"

#define FLOOR 30 /* ms, where time is what is tested */
#define QUICK 20 /* ms, where it is not */

static char dir[200], file[256];
static struct boot boot;
static const uint8_t key[TICKET_KEY] = "a key of thirty-two bytes.......";

static struct house { /* auth and all who talk to it */
	pid_t pid;
	int master, log, worker[2], pam;
} h = {0, -1, -1, {-1, -1}, -1};

struct reply {
	enum ipc_type type;
	uint64_t conn;
	uint32_t why;
	char user[SASL_NAME];
	struct ticket ticket;
};

/* Texts of crypt(3) for "secret". */
static char fast[PASSWORD_TEXT], slow[PASSWORD_TEXT];

static inline void
write_userdb(void)
{
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	fprintf(
	    f, "anna\thome=/home/anna|uid=1000|gid=100|systempw=%s\n", fast);
	fprintf(f,
	    "mail\thome=/h|uid=1001|gid=101|mail=./M|systempw=%s|"
	    "options=x=1,disableshared=1\n",
	    fast);
	fprintf(
	    f, "abs\thome=/h/|uid=1001|gid=101|mail=/var/x|imappw=%s\n", fast);
	fprintf(f, "slow\thome=/h|uid=1002|gid=102|systempw=%s\n", slow);
	fprintf(f, "root\thome=/r|uid=0|gid=0|systempw=%s\n", fast);
	fprintf(f, "low\thome=/r|uid=99|gid=1|systempw=%s\n", fast);
	fprintf(f, "edge\thome=/r|uid=100|gid=1|systempw=%s\n", fast);
	fprintf(f,
	    "off\thome=/h|uid=1003|gid=1|systempw=%s|"
	    "options=disableimap=1\n",
	    fast);
	fprintf(f,
	    "tls\thome=/h|uid=1003|gid=1|systempw=%s|"
	    "options=a=b,disableinsecureimap=yes\n",
	    fast);
	fprintf(f, "none\thome=/h|uid=1003|gid=1\n");
	fprintf(f, "J\xc3\xb6rg\thome=/h|uid=1004|gid=1|systempw=%s\n", fast);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(file, 0600), 0);
}

static inline int
setup(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	(void)snprintf(
	    dir, sizeof(dir), "%s/auth.XXXXXX", tmp != NULL ? tmp : "/tmp");
	assert_non_null(mkdtemp(dir));
	(void)snprintf(file, sizeof(file), "%s/userdb", dir);
	assert_int_equal(password_make("md5", "secret", fast), 0);
	assert_int_equal(password_make("sha256", "secret", slow), 0);
	write_userdb();
	memset(&boot, 0, sizeof(boot));
	boot.magic = BOOT_MAGIC;
	boot.version = IPC_VERSION;
	boot.size = sizeof(boot);
	boot.role = BOOT_AUTH;
	(void)strlcpy(boot.set.userdb, file, sizeof(boot.set.userdb));
	(void)strlcpy(boot.set.view[0].maildirpath, "./Maildir", 16);
	(void)strlcpy(boot.set.view[1].maildirpath, "SSL", 16);
	boot.set.view[1].nlisten = 1;
	boot.set.view[1].listen[0].port = 993;
	boot.set.authmodules[0] = SETTINGS_AUTH_USERDB;
	boot.set.minuid = 100;
	boot.set.ipv6_prefix = 64;
	boot.set.auth_floor_ms = QUICK;
	boot.set.auth_recheck = 86400;
	return 0;
}

/* The other end of a new channel, given to auth as that peer. */
static inline int
give_peer(enum boot_role role, uint32_t number, uint64_t incarnation)
{
	struct ipc_put m;
	int fds[2];

	assert_int_equal(ipc_pair(fds), 0);
	ipc_begin(&m, IPC_PEER);
	ipc_put_u32(&m, role);
	ipc_put_u32(&m, number);
	ipc_put_u64(&m, incarnation);
	assert_int_equal(ipc_send_wait(h.master, &m, &fds[1], 1, 2000), 0);
	close(fds[1]);
	return fds[0];
}

static inline void
give_key(void)
{
	struct ipc_put m;

	ipc_begin(&m, IPC_KEY);
	ipc_put_bytes(&m, key, sizeof(key));
	assert_int_equal(ipc_send_wait(h.master, &m, NULL, 0, 2000), 0);
}

static inline void
begin_without_key(void)
{
	int master[2], log[2];
	struct ipc_msg msg = {.nfds = 0};
	struct pollfd fd;

	assert_int_equal(ipc_pair(master), 0);
	assert_int_equal(ipc_pair(log), 0);
	h.pid = fork();
	if (h.pid == 0) {
		/* Out of the way of each other's places first. */
		int m = fcntl(master[1], F_DUPFD, 20);
		int l = fcntl(log[1], F_DUPFD, 20);

		closefrom(22);
		if (dup2(m, BOOT_FD_PARENT) == -1 || dup2(l, BOOT_FD_LOG) == -1)
			_exit(9);
		for (int i = BOOT_FD_LOG + 1; i < 22; i++)
			(void)close(i);
		log_init(BOOT_FD_LOG, "auth");
		_exit(auth_main(&boot));
	}
	assert_true(h.pid > 0);
	close(master[1]);
	close(log[1]);
	h.master = master[0];
	h.log = log[0];
	fd = (struct pollfd){.fd = h.master, .events = POLLIN};
	assert_int_equal(poll(&fd, 1, 5000), 1);
	assert_int_equal(ipc_recv(h.master, BOOT_MASTER, BOOT_AUTH, &msg), 1);
	assert_int_equal(msg.type, IPC_HELLO);
	h.worker[0] = give_peer(BOOT_WORKER, 0, 70);
	h.worker[1] = give_peer(BOOT_WORKER, 63, 71);
}

static inline void
begin(void)
{
	begin_without_key();
	give_key();
}

static inline void
shut(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

/*
 * Whether auth ends with status 0 within ms. It is reaped when this returns
 * true or false, and killed if it did not end: h.pid is 0 then.
 */
static inline bool
has_exited(int ms)
{
	int status = -1;
	pid_t pid = h.pid;

	h.pid = 0;
	/* Never a number that kill(2) takes for everybody. */
	if (pid <= 1)
		return false;
	for (int i = 0; i <= ms / 10; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status == 0;
		(void)usleep(10000);
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	return false;
}

static inline int
teardown(void **state)
{
	char command[256];
	bool ok;

	(void)state;
	shut(&h.master);
	/* Whatever happened: it is alive until now, and ends with its master.
	 */
	ok = h.pid == 0 || has_exited(2000);
	shut(&h.log);
	shut(&h.worker[0]);
	shut(&h.worker[1]);
	shut(&h.pam);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command) == 0 && ok ? 0 : -1;
}

struct ask {
	uint64_t conn;
	uint32_t flags;
	const char *mechanism, *user, *password;
	const char *peer; /* NULL: ::ffff:192.0.2.1 */
	const char *claimed;
	uint32_t port;
};

static inline void
ask(int worker, struct ask a)
{
	struct ipc_put m;

	ipc_begin(&m, IPC_ASK);
	ipc_put_u64(&m, a.conn);
	ipc_put_u32(&m, a.flags);
	ipc_put_str(&m, "imap");
	ipc_put_str(&m, a.peer != NULL ? a.peer : "::ffff:192.0.2.1");
	ipc_put_u32(&m, a.port != 0 ? a.port : 143);
	ipc_put_str(&m, a.mechanism != NULL ? a.mechanism : "LOGIN");
	ipc_put_str(&m, a.claimed != NULL ? a.claimed : "");
	ipc_put_str(&m, a.user);
	ipc_put_str(&m, a.password != NULL ? a.password : "secret");
	assert_int_equal(ipc_send_wait(h.worker[worker], &m, NULL, 0, 5000), 0);
}

static inline bool
readable(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, ms) == 1;
}

/* The next answer; type NONE if none comes, or the channel has ended. */
static inline struct reply
answer(int worker, int ms)
{
	struct ipc_msg msg = {.nfds = 0};
	static struct reply r;
	const uint8_t *sealed;
	struct ipc_get g;
	size_t n;

	memset(&r, 0, sizeof(r));
	if (!readable(h.worker[worker], ms) ||
	    ipc_recv(h.worker[worker], BOOT_WORKER, BOOT_AUTH, &msg) != 1)
		return r;
	r.type = msg.type;
	ipc_open(&g, &msg);
	r.conn = ipc_get_u64(&g);
	if (r.type == IPC_NO)
		r.why = ipc_get_u32(&g);
	ipc_get_str(&g, r.user, sizeof(r.user));
	if (r.type == IPC_YES) {
		sealed = ipc_get_bytes(&g, &n, TICKET_MAX);
		assert_int_equal(ticket_open(sealed, n, key, &r.ticket), 0);
	}
	assert_int_equal(ipc_done(&g), 0);
	return r;
}

static inline struct reply
login(const char *user, const char *password)
{
	ask(0, (struct ask){.conn = 1, .user = user, .password = password});
	return answer(0, 5000);
}

/* The next log line that holds a text, within 2 s. */
static inline bool
logged(const char *text)
{
	char line[2000];
	ssize_t n;

	while (readable(h.log, 2000)) {
		n = recv(h.log, line, sizeof(line) - 1, 0);
		if (n <= 0)
			return false;
		line[n] = '\0';
		if (strstr(line, text) != NULL)
			return true;
	}
	return false;
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
