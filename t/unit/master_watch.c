/* The watch process: what others do in a folder ends up on the board. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
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

static void
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

static void
drop_place(struct place *p)
{
	char cmd[160];

	for (int i = 0; i < 3; i++)
		close(p->fds[i]);
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", p->path);
	assert_int_equal(system(cmd), 0);
}

static void
deliver(struct place *p, const char *sub)
{
	char path[160];
	int fd;

	snprintf(path, sizeof(path), "%s/%s/%d", p->path, sub, p->files++);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_int_not_equal(fd, -1);
	close(fd);
}

static void
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

static int
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
static bool
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
static void
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
static void
stir(int fd)
{
	while (stir_send(notify, fd) == -1) {
		assert_int_equal(errno, EAGAIN);
		usleep(1000);
	}
}

static int
open_folder(const struct place *p, int flags)
{
	int fd = open(p->path, flags | O_DIRECTORY | O_CLOEXEC);

	assert_int_not_equal(fd, -1);
	return fd;
}

static int
setup(void **state)
{
	(void)state;
	return begin(1);
}

static int
setup_slow(void **state)
{
	(void)state;
	return begin(0);
}

static int
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

static void
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

static void
send_unwatch(int worker, const struct place *p)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_UNWATCH);
	ipc_put_u64(&put, p->number);
	assert_int_equal(ipc_send(workers[worker], &put, NULL, 0), 0);
}

/* Watches with a stamp that is wrong, and waits for the post: it is watched. */
static void
watched(int worker, struct place *p)
{
	uint64_t count = board_counter(board, p->slot);

	send_watch(worker, p, 1, p->fds, 3);
	for (int i = 0; i < 500 && board_counter(board, p->slot) == count; i++)
		usleep(10000);
	assert_int_not_equal(board_counter(board, p->slot), count);
}

static bool
posted(const struct place *p, uint64_t count, int ms)
{
	for (int i = 0; i < ms && board_counter(board, p->slot) == count; i++)
		usleep(1000);
	return board_counter(board, p->slot) != count;
}

static void
a_delivery_rings_the_workers_bell(void **state)
{
	static const char *const subs[] = {"new", "cur", "courierimapkeywords"};
	struct pollfd p = {.fd = bells[0], .events = POLLIN};
	uint32_t slots[64];

	(void)state;
	watched(0, &folder);
	for (int i = 0; i < 3; i++) {
		while (board_take(board, 0, bells[0], slots, 64) > 0)
			continue;
		deliver(&folder, subs[i]);
		assert_int_equal(poll(&p, 1, 5000), 1);
		assert_int_equal(board_take(board, 0, bells[0], slots, 64), 1);
		assert_int_equal(slots[0], folder.slot);
	}
}

/* NOTIFY: the account's slot too, whether the folder is its INBOX or not. */
static bool
accounts_posted(uint64_t count[2])
{
	uint64_t before[2] = {count[0], count[1]};
	struct stat st;

	assert_int_equal(stat(dir, &st), 0);
	for (int i = 0; i < 5000; i++) {
		count[0] = board_counter(board,
		    board_slot(board, folder.dev | BOARD_ACCOUNT, folder.ino));
		count[1] = board_counter(board,
		    board_slot(board, st.st_dev | BOARD_ACCOUNT, st.st_ino));
		if (count[0] > before[0] && count[1] > before[1])
			return true;
		usleep(1000);
	}
	return false;
}

static void
what_stirs_posts_the_account(void **state)
{
	uint64_t count[2] = {0, 0};
	int fd = open_folder(&folder, O_RDONLY);

	(void)state;
	watched(0, &folder);
	assert_true(accounts_posted(count));
	deliver(&folder, "new");
	assert_true(accounts_posted(count));
	open_notify();
	stir(fd);
	assert_true(accounts_posted(count));
	close(fd);
}

/* NOTIFY: the Maildir's root, where folders come, go and change their names. */
static void
a_root_is_watched_for_its_account(void **state)
{
	struct place root = {.files = 0};
	uint64_t folder_count, count;
	char from[128], to[128];
	struct stat st;

	(void)state;
	assert_int_equal(stat(folder.path, &st), 0);
	root.dev = st.st_dev | BOARD_ACCOUNT;
	root.ino = st.st_ino;
	root.slot = board_slot(board, root.dev, root.ino);
	root.fds[0] = open_folder(&folder, O_RDONLY);
	snprintf(from, sizeof(from), "%s/.from", folder.path);
	snprintf(to, sizeof(to), "%s/.to", folder.path);
	folder_count = board_counter(board, folder.slot);
	count = board_counter(board, root.slot);
	send_watch(0, &root, 0, root.fds, 1);
	assert_true(posted(&root, count, 5000));
	usleep(100000);
	for (int i = 0; i < 3; i++) {
		count = board_counter(board, root.slot);
		if (i == 0)
			assert_int_equal(mkdir(from, 0700), 0);
		else if (i == 1)
			assert_int_equal(rename(from, to), 0);
		else
			assert_int_equal(rmdir(to), 0);
		assert_true(posted(&root, count, 5000));
		/* And once more, when a new one is complete. */
		count = board_counter(board, root.slot);
		assert_true(posted(&root, count, 5000));
		assert_false(posted(&root, count + 1, 500));
	}
	/* It is not the folder: nobody idles there. */
	assert_int_equal(board_counter(board, folder.slot), folder_count);
	send_unwatch(0, &root);
	watched(0, &other); /* in order: it is done */
	count = board_counter(board, root.slot);
	assert_int_equal(mkdir(from, 0700), 0);
	assert_false(posted(&root, count, 300));
	close(root.fds[0]);
}

static void
what_is_no_root_is_not_watched(void **state)
{
	struct place root = folder;
	int right = open_folder(&folder, O_RDONLY), wrong[4];

	(void)state;
	root.dev |= BOARD_ACCOUNT;
	wrong[0] = open_folder(&other, O_RDONLY);
	wrong[1] = open_folder(&folder, O_PATH);
	wrong[2] = folder.fds[0]; /* a folder's, which is in it */
	for (int i = 0; i < 3; i++) {
		send_watch(0, &root, 0, &wrong[i], 1);
		assert_true(told("not a folder to watch", 5000));
	}
	root.fds[0] = right;
	send_watch(0, &root, 0, root.fds, 2); /* one is right */
	assert_true(told("not a folder to watch", 5000));
	close(wrong[0]);
	close(wrong[1]);
	close(right);
}

static void
a_change_before_the_watch_is_posted_and_none_is_not(void **state)
{
	uint64_t stamp = board_stamp_dirs(folder.fds), count;

	(void)state;
	count = board_counter(board, folder.slot);
	send_watch(0, &folder, stamp, folder.fds, 3);
	watched(0, &other); /* in order: the first is done */
	assert_int_equal(board_counter(board, folder.slot), count);
	usleep(20000);
	deliver(&other, "new");
	usleep(20000);
	count = board_counter(board, folder.slot);
	deliver(&folder, "new");
	assert_true(posted(&folder, count, 5000));
	count = board_counter(board, folder.slot);
	send_watch(1, &folder, stamp, folder.fds, 3);
	assert_true(posted(&folder, count, 5000));
}

static void
what_a_session_told_is_not_told_again_at_once(void **state)
{
	uint64_t count;

	(void)state;
	watched(0, &folder);
	usleep(100000);
	kill(watch, SIGSTOP);
	deliver(&folder, "cur");
	board_post(board, folder.slot, board_stamp_dirs(folder.fds), bells);
	count = board_counter(board, folder.slot);
	usleep(100000); /* no longer young */
	kill(watch, SIGCONT);
	assert_false(posted(&folder, count, 300));
}

static void
a_young_stamp_is_posted_once_more(void **state)
{
	uint64_t count;

	(void)state;
	watched(0, &folder);
	kill(watch, SIGSTOP);
	deliver(&folder, "cur");
	board_post(board, folder.slot, board_stamp_dirs(folder.fds), bells);
	count = board_counter(board, folder.slot);
	kill(watch, SIGCONT);
	assert_true(posted(&folder, count, 3000));
}

static void
the_last_worker_that_leaves_ends_the_watch(void **state)
{
	uint64_t count;

	(void)state;
	watched(0, &folder);
	watched(1, &folder);
	send_unwatch(0, &folder);
	usleep(20000);
	count = board_counter(board, folder.slot);
	deliver(&folder, "new");
	assert_true(posted(&folder, count, 5000));
	send_unwatch(1, &folder);
	watched(1, &other);
	count = board_counter(board, folder.slot);
	deliver(&folder, "new");
	assert_false(posted(&folder, count, 200));
}

static void
a_dead_workers_watches_are_dropped(void **state)
{
	uint64_t count;

	(void)state;
	watched(0, &folder);
	close(workers[0]);
	add_worker(0, &workers[0]);
	watched(0, &other);
	count = board_counter(board, folder.slot);
	deliver(&folder, "new");
	assert_false(posted(&folder, count, 200));
}

static void
only_directories_of_that_folder_opened_for_reading_are_taken(void **state)
{
	char path[160];
	int bad[3];
	uint64_t count = board_counter(board, folder.slot);

	(void)state;
	memcpy(bad, folder.fds, sizeof(bad));
	snprintf(path, sizeof(path), "%s/cur", folder.path);
	bad[1] = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	send_watch(0, &folder, 1, bad, 3);
	close(bad[1]);
	bad[1] = other.fds[1]; /* of another folder */
	send_watch(0, &folder, 1, bad, 3);
	bad[1] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	send_watch(0, &folder, 1, bad, 3);
	close(bad[1]);
	send_watch(0, &folder, 1, folder.fds, 1);
	send_watch(0, &folder, 1, NULL, 0);
	watched(0, &other);
	assert_int_equal(board_counter(board, folder.slot), count);
	deliver(&folder, "new");
	assert_false(posted(&folder, count, 100));
	/* Without keywords a folder is one, too. */
	send_watch(0, &folder, 1, folder.fds, 2);
	assert_true(posted(&folder, count, 5000));
}

static void
a_worker_that_sends_something_else_is_dropped(void **state)
{
	struct ipc_put put;
	char byte;

	(void)state;
	ipc_begin(&put, IPC_START);
	assert_int_equal(ipc_send(workers[0], &put, NULL, 0), 0);
	assert_int_equal(recv(workers[0], &byte, 1, 0), 0);
	watched(1, &folder);
}

static void
the_slow_check_compares_stamps(void **state)
{
	uint64_t count;

	(void)state;
	watched(0, &folder);
	usleep(20000);
	count = board_counter(board, folder.slot);
	deliver(&folder, "new");
	assert_false(posted(&folder, count, 50)); /* no inotify here */
	assert_true(posted(&folder, count, 3000));
}

static void
a_stop_ends_it(void **state)
{
	struct ipc_put put;
	int status;

	(void)state;
	ipc_begin(&put, IPC_STOP);
	ipc_put_u32(&put, 1);
	ipc_put_u32(&put, 1);
	assert_int_equal(ipc_send(master, &put, NULL, 0), 0);
	assert_int_equal(waitpid(watch, &status, 0), watch);
	assert_int_equal(status, 0);
}

static void
references_are_known_by_worker_and_number(void **state)
{
	uint64_t count;

	(void)state;
	watched(0, &folder);
	folder.number++;
	watched(0, &folder); /* another one */
	send_unwatch(0, &folder);
	send_unwatch(0, &folder); /* once too often */
	folder.number--;
	send_unwatch(1, &folder); /* which has none */
	usleep(20000);
	count = board_counter(board, folder.slot);
	deliver(&folder, "new");
	assert_true(posted(&folder, count, 5000));
	/* A number in use is none for a second one. */
	send_watch(0, &folder, 1, folder.fds, 3);
	send_unwatch(0, &folder);
	watched(1, &other);
	count = board_counter(board, folder.slot);
	deliver(&folder, "new");
	assert_false(posted(&folder, count, 200));
	assert_int_equal(shared->used, 3); /* none is left behind */
}

/* A session that was taken over names another's folder. */
static void
a_refused_watch_takes_nothing_along(void **state)
{
	uint64_t count;

	(void)state;
	watched(0, &folder);
	folder.number++;
	send_watch(0, &folder, 1, other.fds, 3);
	send_unwatch(0, &folder);
	folder.number--;
	watched(0, &other);
	count = board_counter(board, folder.slot);
	deliver(&folder, "new");
	assert_true(posted(&folder, count, 5000));
}

/* ... or has moved its own ones away, and the folder's number is another's now.
 */
static void
what_lies_there_no_more_gives_way(void **state)
{
	static const char *const sub[] = {"new", "cur", "courierimapkeywords"};
	char from[160], to[170];
	uint64_t count;

	(void)state;
	send_watch(0, &folder, 1, folder.fds, 2); /* no keywords yet */
	watched(1, &other);
	folder.number++;
	watched(1, &folder);
	count = board_counter(board, folder.slot);
	deliver(&folder, "courierimapkeywords");
	assert_true(posted(&folder, count, 5000));
	usleep(400000); /* the same once more for a young stamp */
	for (int i = 0; i < 3; i++) {
		snprintf(from, sizeof(from), "%s/%s", folder.path, sub[i]);
		snprintf(to, sizeof(to), "%s/old%d", other.path, i);
		assert_int_equal(rename(from, to), 0);
		assert_int_equal(mkdir(from, 0700), 0);
		close(folder.fds[i]);
		folder.fds[i] = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	folder.number++;
	watched(0, &folder);
	usleep(400000);
	for (int i = 0; i < 3; i++) {
		count = board_counter(board, folder.slot);
		deliver(&folder, sub[i]);
		assert_true(posted(&folder, count, 5000));
		usleep(400000);
	}
	assert_int_equal(shared->used, 6); /* none is left behind */
}

static void
beyond_max_user_watches_the_slow_check_finds_it(void **state)
{
	uint64_t count;

	(void)state;
	shared->most = 3;
	watched(0, &other);
	watched(0, &folder);
	assert_true(told("max_user_watches", 5000));
	usleep(20000);
	count = board_counter(board, folder.slot);
	deliver(&folder, "new");
	assert_true(posted(&folder, count, 3000));
	/* One that is free again is used. */
	send_unwatch(0, &other);
	for (int i = 0; i < 300 && shared->used != 3; i++)
		usleep(10000);
	usleep(1200000); /* a slow check */
	assert_int_equal(shared->used, 3);
	usleep(100000);
	count = board_counter(board, folder.slot);
	deliver(&folder, "new");
	assert_true(posted(&folder, count, 300));
}

static void
an_overflow_is_told_and_every_folder_posted(void **state)
{
	uint64_t count, another;
	char path[160];

	(void)state;
	watched(0, &folder);
	watched(0, &other);
	usleep(100000);
	kill(watch, SIGSTOP);
	for (int i = 0; i < 9000; i++) { /* max_queued_events is 16,384 */
		snprintf(path, sizeof(path), "%s/new/x%d", folder.path, i);
		close(open(path, O_WRONLY | O_CREAT, 0600));
		unlink(path);
	}
	count = board_counter(board, folder.slot);
	another = board_counter(board, other.slot);
	kill(watch, SIGCONT);
	assert_true(posted(&folder, count, 5000));
	assert_true(posted(&other, another, 5000));
	assert_true(told("queue ran over", 5000));
}

static void
a_reload_switches_inotify_off_and_on(void **state)
{
	struct ipc_put put;
	struct boot other_boot = boot;
	int fd;

	(void)state;
	watched(0, &folder);
	for (unsigned on = 0; on < 2; on++) {
		other_boot.magic = BOOT_MAGIC;
		other_boot.version = IPC_VERSION;
		other_boot.size = sizeof(other_boot);
		other_boot.set.enhancedidle = on;
		fd = boot_write(&other_boot);
		ipc_begin(&put, IPC_SETTINGS);
		assert_int_equal(ipc_send(master, &put, &fd, 1), 0);
		close(fd);
		for (int i = 0; i < 500 && shared->used != (on ? 3 : 0); i++)
			usleep(10000);
		assert_int_equal(shared->used, on ? 3 : 0);
	}
}

static void
a_program_outside_posts_a_directory_that_it_can_read(void **state)
{
	int fd = open_folder(&folder, O_RDONLY);
	uint64_t count = board_counter(board, folder.slot);

	(void)state;
	open_notify();
	stir(fd);
	assert_true(posted(&folder, count, 5000));
	assert_int_equal(
	    board_stamp(board, folder.slot), board_stamp_dirs(folder.fds));
	close(fd);
}

static void
what_proves_nothing_is_not_posted(void **state)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int path = open_folder(&folder, O_PATH), right;
	int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t count = board_counter(board, folder.slot);

	(void)state;
	open_notify();
	stir(path);
	stir(file);
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", notify);
	/* Without a descriptor, and of the size of anything. */
	(void)sendto(s, "hello", 5, 0, (struct sockaddr *)&un, sizeof(un));
	(void)sendto(s, "", 0, 0, (struct sockaddr *)&un, sizeof(un));
	assert_false(posted(&folder, count, 100));
	right = open_folder(&folder, O_RDONLY);
	stir(right);
	assert_true(posted(&folder, count, 5000));
	close(right);
	close(path);
	close(file);
	close(s);
}

/* 100 at once, what is beyond is one post when the second is over. */
static void
a_uid_has_so_many_posts_a_second(void **state)
{
	int fd = open_folder(&folder, O_RDONLY);
	int more = open_folder(&other, O_RDONLY);
	uint64_t count = board_counter(board, folder.slot);
	uint64_t another = board_counter(board, other.slot);
	struct timespec began, now;

	(void)state;
	open_notify();
	(void)clock_gettime(CLOCK_MONOTONIC, &began);
	for (int i = 0; i < WATCH_LOCAL_RATE - 1; i++)
		stir(fd);
	for (int i = 0; i < WATCH_LOCAL_RATE - 1; i++)
		assert_true(posted(&folder, count + (uint64_t)i, 5000));
	stir(fd);
	for (int i = 0; i < 50; i++)
		stir(more);
	assert_true(posted(&folder, count + WATCH_LOCAL_RATE - 1, 5000));
	usleep(100000);
	assert_int_equal(
	    board_counter(board, folder.slot), count + WATCH_LOCAL_RATE);
	uint64_t after = board_counter(board, other.slot);
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	/* Where all that took a second the second is over. */
	if (now.tv_sec - began.tv_sec < 1)
		assert_int_equal(after, another);
	assert_true(posted(&other, another, 3000));
	usleep(50000);
	assert_int_equal(board_counter(board, other.slot), another + 1);
	close(fd);
	close(more);
}

/* More folders than can wait: all that are watched are looked at. */
static void
nothing_is_lost_beyond_what_can_be_merged(void **state)
{
	int fd = open_folder(&other, O_RDONLY), one;
	uint64_t count;
	char path[160];

	(void)state;
	watched(0, &folder);
	open_notify();
	for (int i = 0; i < WATCH_LOCAL_RATE; i++)
		stir(fd);
	for (int i = 0; i < WATCH_LOCAL_MERGED; i++) {
		snprintf(path, sizeof(path), "%s/many%d", dir, i);
		assert_int_equal(mkdir(path, 0700), 0);
		one = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		stir(one);
		close(one);
		rmdir(path);
	}
	usleep(20000);
	count = board_counter(board, folder.slot);
	deliver(&folder, "new");
	one = open_folder(&folder, O_RDONLY);
	stir(one);
	close(one);
	assert_true(posted(&folder, count, 3000));
	close(fd);
}

static void
a_living_servers_socket_is_not_taken(void **state)
{
	char path[96], file[96];
	struct stat st;
	int fd, again;

	(void)state;
	snprintf(path, sizeof(path), "%s/socket", dir);
	fd = local_open(path, SOCK_SEQPACKET, 0660, getgid());
	assert_int_not_equal(fd, -1);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(local_open(path, SOCK_SEQPACKET, 0660, -1u), -1);
	assert_int_equal(errno, EADDRINUSE);
	close(fd); /* dead */
	again = local_open(path, SOCK_SEQPACKET, 0660, -1u);
	assert_int_not_equal(again, -1);
	close(again);
	local_remove(path);
	snprintf(file, sizeof(file), "%s/file", dir);
	close(open(file, O_WRONLY | O_CREAT, 0600));
	assert_int_equal(local_open(file, SOCK_DGRAM, 0666, -1u), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(local_open("", SOCK_DGRAM, 0666, -1u), -1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_delivery_rings_the_workers_bell),
	    TEST(what_stirs_posts_the_account),
	    TEST(a_root_is_watched_for_its_account),
	    TEST(what_is_no_root_is_not_watched),
	    TEST(a_change_before_the_watch_is_posted_and_none_is_not),
	    TEST(what_a_session_told_is_not_told_again_at_once),
	    TEST(a_young_stamp_is_posted_once_more),
	    TEST(the_last_worker_that_leaves_ends_the_watch),
	    TEST(a_dead_workers_watches_are_dropped),
	    TEST(only_directories_of_that_folder_opened_for_reading_are_taken),
	    TEST(a_worker_that_sends_something_else_is_dropped),
	    cmocka_unit_test_setup_teardown(
		the_slow_check_compares_stamps, setup_slow, teardown),
	    TEST(a_stop_ends_it),
	    TEST(references_are_known_by_worker_and_number),
	    TEST(a_refused_watch_takes_nothing_along),
	    TEST(what_lies_there_no_more_gives_way),
	    TEST(beyond_max_user_watches_the_slow_check_finds_it),
	    TEST(an_overflow_is_told_and_every_folder_posted),
	    TEST(a_reload_switches_inotify_off_and_on),
	    TEST(a_program_outside_posts_a_directory_that_it_can_read),
	    TEST(what_proves_nothing_is_not_posted),
	    TEST(a_uid_has_so_many_posts_a_second),
	    cmocka_unit_test_setup_teardown(
		nothing_is_lost_beyond_what_can_be_merged, setup_slow,
		teardown),
	    TEST(a_living_servers_socket_is_not_taken),
	};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	log_init(null, "test");
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
