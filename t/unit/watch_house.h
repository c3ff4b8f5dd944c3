/*
 * The house around the watch process for its tests: a folder or two on disk,
 * the board, and master and workers played by the test. Included after
 * cmocka.h.
 */
#ifndef T_UNIT_WATCH_HOUSE_H
#define T_UNIT_WATCH_HOUSE_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "master/local.h"
#include "master/settings.h"
#include "master/watch.h"
#include "master/watch_local.h"
#include "shm/board.h"
#include "shm/ipc.h"
#include "shm/log.h"
#include "shm/stir.h"

#define MAYBE __attribute__((unused))

struct place { /* a folder on disk */
	char path[96];
	uint64_t dev, ino;
	uint32_t slot;
	int fds[3];
	int files;
	uint64_t number; /* the workers' */
};

static struct boot boot;
static struct board *board;
static struct place folder, other;
static char dir[64];
static pid_t watch;
static int master, workers[2], bells[BOOT_WORKERS], lines;
static char notify[96];

/* What watch and its tests share: how many watches the "kernel" allows. */
static struct shared {
	volatile int most, used;
} * shared;

/* max_user_watches is the machine's; here it is the test's. */
int
inotify_add_watch(int fd, const char *name, uint32_t mask)
{
	int wd;

	if (shared->used >= shared->most) {
		errno = ENOSPC;
		return -1;
	}
	wd = (int)syscall(SYS_inotify_add_watch, fd, name, mask);
	if (wd != -1)
		shared->used++;
	return wd;
}

int
inotify_rm_watch(int fd, int wd)
{
	shared->used--;
	return (int)syscall(SYS_inotify_rm_watch, fd, wd);
}

MAYBE static void
make_place(struct place *p, const char *name)
{
	static const char *const sub[] = {"new", "cur", "courierimapkeywords"};
	char path[160];
	struct stat st;

	snprintf(p->path, sizeof(p->path), "%s/%s", dir, name);
	assert_int_equal(mkdir(p->path, 0700), 0);
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", p->path, sub[i]);
		assert_int_equal(mkdir(path, 0700), 0);
		p->fds[i] = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_int_not_equal(p->fds[i], -1);
	}
	assert_int_equal(stat(p->path, &st), 0);
	p->dev = st.st_dev;
	p->ino = st.st_ino;
	p->slot = board_slot(board, p->dev, p->ino);
	p->files = 0;
	p->number = 1 + p->ino;
}

MAYBE static void
drop_place(struct place *p)
{
	char cmd[160];

	for (int i = 0; i < 3; i++)
		close(p->fds[i]);
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", p->path);
	assert_int_equal(system(cmd), 0);
}

MAYBE static void
deliver(struct place *p, const char *sub)
{
	char path[160];
	int fd;

	snprintf(path, sizeof(path), "%s/%s/%d", p->path, sub, p->files++);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_int_not_equal(fd, -1);
	close(fd);
}

MAYBE static void
add_worker(uint32_t number, int *channel)
{
	static uint64_t incarnation;
	struct ipc_put put;
	int pair[2];

	assert_int_equal(ipc_pair(pair), 0);
	ipc_begin(&put, IPC_PEER);
	ipc_put_u32(&put, BOOT_WORKER);
	ipc_put_u32(&put, number);
	ipc_put_u64(&put, ++incarnation);
	assert_int_equal(ipc_send(master, &put, &pair[1], 1), 0);
	close(pair[1]);
	*channel = pair[0];
}

MAYBE static int
begin(unsigned enhanced)
{
	static struct ipc_msg msg;
	struct pollfd p = {.events = POLLIN};
	int up[2], log[2], fd;

	shared->most = 1000;
	shared->used = 0;
	assert_int_equal(ipc_pair(log), 0);
	lines = log[0];
	snprintf(dir, sizeof(dir), "/tmp/master_watch.XXXXXX");
	if (mkdtemp(dir) == NULL || ipc_pair(up) == -1)
		return -1;
	settings_default(&boot.set);
	boot.role = BOOT_WATCH;
	boot.set.enhancedidle = enhanced;
	boot.set.idle_timeout = 1;
	boot.board_key[0] = 1;
	for (int i = 0; i < BOOT_WORKERS; i++)
		bells[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	fd = board_create(board_slots(1));
	board = board_map(fd, boot.board_key);
	if (board == NULL)
		return -1;
	watch = fork();
	if (watch == 0) {
		close(up[0]);
		log_init(log[1], "watch");
		_exit(watch_run(&boot, up[1], fd, bells));
	}
	close(fd);
	close(up[1]);
	close(log[1]);
	master = up[0];
	p.fd = master;
	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_int_equal(ipc_recv(master, BOOT_MASTER, BOOT_WATCH, &msg), 1);
	assert_int_equal(msg.type, IPC_HELLO);
	make_place(&folder, "one");
	make_place(&other, "two");
	add_worker(0, &workers[0]);
	add_worker(1, &workers[1]);
	board_begin(board, 0);
	board_begin(board, 1);
	board_enter(board, folder.slot, 0);
	return 0;
}

/* Whether a line with this text comes in the log. */
MAYBE static bool
told(const char *text, int ms)
{
	struct pollfd p = {.fd = lines, .events = POLLIN};
	char line[LOG_LINE_MAX + 64];
	ssize_t n;

	while (poll(&p, 1, ms) == 1) {
		n = recv(lines, line, sizeof(line) - 1, 0);
		if (n <= 0)
			return false;
		line[n] = '\0';
		if (strstr(line, text) != NULL)
			return true;
	}
	return false;
}

/* The notify socket, bound and given to watch. */
MAYBE static void
open_notify(void)
{
	struct ipc_put put;
	int fd;

	snprintf(notify, sizeof(notify), "%s/notify", dir);
	fd = local_open(notify, SOCK_DGRAM, 0666, (gid_t)-1);
	assert_int_not_equal(fd, -1);
	ipc_begin(&put, IPC_LOCAL);
	assert_int_equal(ipc_send(master, &put, &fd, 1), 0);
	close(fd);
}

/* As a program outside does: until there is room. */
MAYBE static void
stir(int fd)
{
	while (stir_send(notify, fd) == -1) {
		assert_int_equal(errno, EAGAIN);
		usleep(1000);
	}
}

MAYBE static int
open_folder(const struct place *p, int flags)
{
	int fd = open(p->path, flags | O_DIRECTORY | O_CLOEXEC);

	assert_int_not_equal(fd, -1);
	return fd;
}

MAYBE static int
setup(void **state)
{
	(void)state;
	return begin(1);
}

MAYBE static int
setup_slow(void **state)
{
	(void)state;
	return begin(0);
}

MAYBE static int
teardown(void **state)
{
	int status = 0;

	(void)state;
	close(workers[0]);
	close(workers[1]);
	close(master);
	close(lines);
	waitpid(watch, &status, 0);
	if (notify[0] != '\0')
		local_remove(notify);
	notify[0] = '\0';
	drop_place(&folder);
	drop_place(&other);
	rmdir(dir);
	board_unmap(board);
	for (int i = 0; i < BOOT_WORKERS; i++)
		close(bells[i]);
	return status;
}

MAYBE static void
send_watch(
    int worker, const struct place *p, uint64_t stamp, const int *fds, int n)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_WATCH);
	ipc_put_u64(&put, p->dev);
	ipc_put_u64(&put, p->ino);
	ipc_put_u64(&put, stamp);
	ipc_put_u64(&put, p->number);
	assert_int_equal(ipc_send(workers[worker], &put, fds, n), 0);
}

MAYBE static void
send_unwatch(int worker, const struct place *p)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_UNWATCH);
	ipc_put_u64(&put, p->number);
	assert_int_equal(ipc_send(workers[worker], &put, NULL, 0), 0);
}

/* Watches with a stamp that is wrong, and waits for the post: it is watched. */
MAYBE static void
watched(int worker, struct place *p)
{
	uint64_t count = board_counter(board, p->slot);

	send_watch(worker, p, 1, p->fds, 3);
	for (int i = 0; i < 500 && board_counter(board, p->slot) == count; i++)
		usleep(10000);
	assert_int_not_equal(board_counter(board, p->slot), count);
}

MAYBE static bool
posted(const struct place *p, uint64_t count, int ms)
{
	for (int i = 0; i < ms && board_counter(board, p->slot) == count; i++)
		usleep(1000);
	return board_counter(board, p->slot) != count;
}
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* What every main does first. 0 or -1. */
static int
house(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	log_init(null, "test");
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return -1;
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

#endif
