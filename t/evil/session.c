/*
 * A template whose sessions have been taken over, in the place of imapd: what a
 * session of a client that logs in with the tag "evilN" sends to its worker is
 * the N-th wrong message of the list, from SLY on one that has its right form
 * and is a lie; THIEF opens what is another account's. The others are sessions
 * as ever. For t/site.d/taken.sh and thief.sh.
 *
 *     session --count       how many wrong messages there are
 */
#include <bsd/unistd.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "master/spare.h"
#include "shm/jail.h"
#include "shm/log.h"
#include "t/evil/wrong.h"
#include "worker/imap/session.h"

#define SLY      1000
#define THIEF    2000
#define WAIT_MS  20000
#define CLAIM_MS 3000

static struct ipc_msg msg;
static uint64_t conn;
static int stream = -1;
static pid_t template;

/* The number in the tag of a SERVE that waits in the channel; -1: none. */
static int
number_of(int control)
{
	struct pollfd p = {.fd = control, .events = POLLIN};
	static char bytes[4096];
	struct iovec iov = {bytes, sizeof(bytes) - 1};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;

	if (poll(&p, 1, -1) != 1)
		return -1;
	/* Type and length; connection, flags, length of the tag. */
	n = recvmsg(control, &h, MSG_PEEK);
	if (n < 8 + 16 + 4 || bytes[0] != IPC_SERVE ||
	    memcmp(bytes + 8 + 16, "evil", 4) != 0)
		return -1;
	bytes[n] = '\0';
	return atoi(bytes + 8 + 16 + 4);
}

static void
send_u64(
    int control, enum ipc_type type, uint64_t a, const uint64_t *more, size_t n)
{
	struct ipc_put put;

	ipc_begin(&put, type);
	ipc_put_u64(&put, a);
	for (size_t i = 0; i < n; i++)
		ipc_put_u64(&put, more[i]);
	(void)ipc_send_wait(control, &put, NULL, 0, 1000);
}

static void
send_end(int control, uint64_t of, uint32_t why)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_END);
	ipc_put_u64(&put, of);
	ipc_put_u32(&put, why);
	for (int i = 0; i < 4; i++)
		ipc_put_u64(&put, UINT64_MAX);
	(void)ipc_send(control, &put, NULL, 0);
}

static void
send_park(int control, uint64_t of)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_PARK);
	ipc_put_u64(&put, of);
	ipc_put_u32(&put, IPC_PARK_SELECTED);
	ipc_put_u64(&put, 0);
	ipc_put_u64(&put, 0);
	for (int i = 0; i < 3; i++)
		ipc_put_u32(&put, 0);
	for (int i = 0; i < 4; i++)
		ipc_put_u64(&put, 0);
	ipc_put_str(&put, "");
	ipc_put_bytes(&put, "a record of another kind", 24);
	ipc_put_u32(&put, 1);
	ipc_put_bytes(&put, "* BYE for all\r\n", 15);
	(void)ipc_send(control, &put, NULL, 0);
}

/* Three descriptors for a folder that are none, or prove no right. */
static void
send_watch(int control, enum ipc_type type, uint64_t ino, const int *fds)
{
	struct ipc_put put;

	ipc_begin(&put, type);
	if (type == IPC_FOLLOW)
		ipc_put_u32(&put, 0);
	ipc_put_u64(&put, 1);
	ipc_put_u64(&put, ino);
	ipc_put_u64(&put, 3);
	(void)ipc_send_wait(control, &put, fds, 3, 1000);
}

/* Where user0002 will wait: these descriptors are said to be of its folder. */
static void
claim(int control, const char *maildir, int rootfd)
{
	int fds[3] = {openat(rootfd, "new", O_RDONLY | O_CLOEXEC),
	    openat(rootfd, "cur", O_RDONLY | O_CLOEXEC),
	    openat(rootfd, "tmp", O_RDONLY | O_CLOEXEC)};
	struct ipc_put put;
	char other[2048];
	struct stat st;

	(void)snprintf(other, sizeof(other), "%s", maildir);
	if (strstr(other, "user0001") == NULL)
		return;
	memcpy(strstr(other, "user0001"), "user0002", 8);
	if (stat(other, &st) == -1)
		return;
	ipc_begin(&put, IPC_WATCH);
	ipc_put_u64(&put, st.st_dev);
	ipc_put_u64(&put, st.st_ino);
	ipc_put_u64(&put, 0);
	if (ipc_send(control, &put, fds, 3) == -1 ||
	    wrong_await(control, BOOT_SESSION, BOOT_WORKER, &msg, WAIT_MS) !=
		1 ||
	    msg.type != IPC_GO)
		return;
	log_line(LOG_LEVEL_WARN, "claims another's folder");
	(void)poll(NULL, 0, CLAIM_MS); /* until it is there as well */
}

static void
lie(int control, int n, const char *maildir, int rootfd)
{
	static const uint64_t two[] = {2, 3}, none[] = {0, 0};
	int sockets[3] = {stream, stream, stream}, paths[3];
	struct ipc_put put;

	for (int i = 0; i < 3; i++)
		paths[i] = openat(rootfd, "cur", O_PATH | O_CLOEXEC);
	switch (n) {
	case 0:
		send_end(control, conn + 1, IPC_END_LOGOUT);
		break;
	case 1:
		send_end(control, conn, 99);
		break;
	case 2:
		send_park(control, conn + 1);
		break;
	case 3:
		send_u64(control, IPC_WISH, conn + 1, two, 2);
		break;
	case 4:
		ipc_begin(&put, IPC_COMPRESS);
		ipc_put_u64(&put, conn + 1);
		ipc_put_bytes(&put, "", 0);
		(void)ipc_send(control, &put, &stream, 1);
		break;
	case 5:
		send_u64(control, IPC_STAY, conn + 1, NULL, 0);
		break;
	case 6:
		send_end(control, conn, IPC_END_LOGOUT);
		send_end(control, conn, IPC_END_LOGOUT);
		break;
	case 7: /* to be served by another session afterwards */
		send_u64(control, IPC_WISH, conn, none, 2);
		(void)wrong_await(
		    control, BOOT_SESSION, BOOT_WORKER, &msg, WAIT_MS);
		send_park(control, conn);
		break;
	case 8:
		for (uint64_t i = 0; i < 20000; i++)
			send_u64(control, IPC_POST, i, two, 2);
		break;
	case 9:
		send_watch(control, IPC_WATCH, 2, sockets);
		break;
	case 10:
		send_watch(control, IPC_WATCH, 2, paths);
		break;
	case 11:
		for (uint64_t i = 0; i < 100; i++)
			send_watch(control, IPC_FOLLOW, i, sockets);
		break;
	case 12: /* not the end of the channel that it has with others */
		(void)send(BOOT_FD_LOG, "", 0, MSG_NOSIGNAL);
		log_courier(0, LOG_LEVEL_INFO,
		    "LOGIN FAILED, user=root, ip=[203.0.113.9]");
		for (int i = 0; i < 20000; i++)
			log_line(LOG_LEVEL_ERR, "flood %d", i);
		break;
	case 13:
		claim(control, maildir, rootfd);
		break;
	default:
		break;
	}
}

/* Each way to user0002's mail for a session of user0001. */
static void
steal(const char *maildir, int rootfd)
{
	char other[2048], ways[6][4096];
	int fd;

	(void)snprintf(other, sizeof(other), "%s", maildir);
	if (strstr(other, "user0001") == NULL)
		return;
	memcpy(strstr(other, "user0001"), "user0002", 8);
	(void)snprintf(ways[0], sizeof(ways[0]), "%s/cur/1.secret:2,S", other);
	(void)snprintf(ways[1], sizeof(ways[1]),
	    "../../user0002/Maildir/cur/1.secret:2,S");
	(void)snprintf(ways[2], sizeof(ways[2]), "thief/cur/1.secret:2,S");
	(void)snprintf(ways[3], sizeof(ways[3]), "/proc/self/root%s", other);
	(void)snprintf(
	    ways[4], sizeof(ways[4]), "/proc/%d/root%s", (int)template, other);
	(void)snprintf(ways[5], sizeof(ways[5]),
	    "/proc/self/fd/%d/../../user0002/Maildir/cur", rootfd);
	for (int i = 0; i < 6; i++)
		if ((fd = openat(rootfd, ways[i], O_RDONLY | O_CLOEXEC)) != -1)
			log_line(LOG_LEVEL_WARN, "thief: opened %s", ways[i]);
	if (linkat(AT_FDCWD, ways[0], rootfd, "tmp/stolen", 0) == 0 &&
	    (fd = openat(rootfd, "tmp/stolen", O_RDONLY | O_CLOEXEC)) != -1)
		log_line(LOG_LEVEL_WARN, "thief: opened a hard link");
	log_line(LOG_LEVEL_WARN, "thief: done");
	/* When it came, and what is new in a folder, goes by times. */
	(void)utimensat(AT_FDCWD, ways[0], NULL, 0);
}

static int
evil(int control, int n, const char *maildir, int rootfd)
{
	struct wrong w;
	struct ipc_get g;
	int r;

	if (wrong_await(control, BOOT_SESSION, BOOT_WORKER, &msg, 0) != 1 ||
	    msg.type != IPC_SERVE)
		return 1;
	ipc_open(&g, &msg);
	conn = ipc_get_u64(&g);
	stream = ipc_take_fd(&msg, 0);
	if (n >= SLY)
		lie(control, n - SLY, maildir, rootfd);
	else if (wrong_nth(BOOT_SESSION, BOOT_WORKER, (unsigned)n, &w))
		(void)wrong_send(control, &w, stream);
	/* What has its right form costs us no channel. */
	if (n >= SLY + 7)
		return 0;
	do {
		r = wrong_await(
		    control, BOOT_SESSION, BOOT_WORKER, &msg, WAIT_MS);
	} while (r == 1);
	if (r == -1)
		log_line(LOG_LEVEL_ERR, "evil %d: the channel stays open", n);
	return 0;
}

static int
serve(const struct settings *set, const struct owner *owner, int rootfd,
    int rooterr, int control)
{
	struct session_account account = {.user = owner->user,
	    .options = owner->options,
	    .home = owner->home,
	    .rootfd = rootfd,
	    .rooterr = rooterr};
	int n = number_of(control);

	if (n == -1)
		return session_serve(set, &account, control);
	if (n == THIEF) {
		steal(owner->maildir, rootfd);
		return 0;
	}
	return evil(control, n, owner->maildir, rootfd);
}

int
main(int argc, char **argv)
{
	static const struct spare_work work = {serve};
	static struct boot boot;
	struct wrong w;
	unsigned n = 0;

	setproctitle_init(argc, argv, environ);
	if (argc == 2 && strcmp(argv[1], "--count") == 0) {
		while (wrong_nth(BOOT_SESSION, BOOT_WORKER, n, &w))
			n++;
		printf("%u\n", n);
		return 0;
	}
	if (boot_read(BOOT_FD_BOOT, &boot) == -1 || boot.role != BOOT_TEMPLATE)
		return 1;
	template = getpid();
	setproctitle("template");
	log_init(BOOT_FD_LOG, boot_role_name(BOOT_TEMPLATE));
	session_warm();
	if (jail_enter(&boot) == -1)
		log_fatal("jail: %s", strerror(errno));
	return template_run(&boot, BOOT_FD_PARENT, &work);
}
