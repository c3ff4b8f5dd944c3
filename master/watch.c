/*
 * The watch process: channels to the master, to the workers, and the local
 * socket. What they say is checked here; what is done with it is watched.c's
 * and watch_local.c's.
 */
#include "master/watch.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "master/watch_local.h"
#include "master/watched.h"
#include "shm/board.h"
#include "shm/ipc.h"
#include "shm/jail.h"
#include "shm/log.h"

#define SLICE 256 /* messages of one worker per round */

enum place { /* in poll's array, after the workers */
	AT_PARENT = BOOT_WORKERS,
	AT_INOTIFY,
	AT_LOCAL,
	PLACES
};

struct watch {
	struct board *board;
	int parent;
	int workers[BOOT_WORKERS]; /* channels, -1: none */
	uint64_t incarnations[BOOT_WORKERS];
	uint32_t wrong[BOOT_WORKERS]; /* not folders */
	struct watched watched;
	struct watch_local local;
	bool stopped;
};

static int start(
    struct watch *, const struct boot *, int boardfd, const int *bells);
static void turn(struct watch *);
static int wait_ms(const struct watch *);
static void from_master(struct watch *);
static void master_says(struct watch *, struct ipc_msg *);
static void new_worker(struct watch *, struct ipc_msg *);
static void from_worker(struct watch *, unsigned worker);
static void drop_worker(struct watch *, unsigned worker);
static int worker_says(struct watch *, unsigned worker, struct ipc_msg *);
static int take_watch(struct watch *, unsigned worker, struct ipc_msg *);
static int take_unwatch(struct watch *, unsigned worker, struct ipc_msg *);

int
watch_serve(const struct boot *boot)
{
	int bells[BOOT_WORKERS];

	for (int i = 0; i < BOOT_WORKERS; i++)
		bells[i] = BOOT_FD_BELLS + i;
	return watch_run(boot, BOOT_FD_PARENT, BOOT_FD_BOARD, bells);
}

int
watch_run(const struct boot *boot, int parent, int boardfd, const int *bells)
{
	static struct watch w;
	struct ipc_put put;

	w.parent = parent;
	if (start(&w, boot, boardfd, bells) == -1) {
		log_line(LOG_LEVEL_ERR, "cannot start: %s", strerror(errno));
		return 1;
	}
	ipc_begin(&put, IPC_HELLO);
	ipc_put_u32(&put, IPC_VERSION);
	ipc_put_u32(&put, BOOT_WATCH);
	if (ipc_send(parent, &put, NULL, 0) == -1)
		return 1;
	while (!w.stopped)
		turn(&w);
	return 0;
}

static int
start(struct watch *w, const struct boot *boot, int boardfd, const int *bells)
{
	struct rlimit limit;

	for (int i = 0; i < BOOT_WORKERS; i++)
		w->workers[i] = -1;
	/* Directories are what it holds: as many as it may have. */
	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return -1;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		return -1;
	w->board = board_map(boardfd, boot->board_key);
	if (w->board == NULL)
		return -1;
	close(boardfd);
	watched_init(
	    &w->watched, w->board, bells, &boot->set, (size_t)limit.rlim_cur);
	watch_local_init(&w->local, w->board, bells);
	return jail_enter(boot);
}

static void
turn(struct watch *w)
{
	struct pollfd p[PLACES];

	for (int i = 0; i < BOOT_WORKERS; i++)
		p[i] = (struct pollfd){.fd = w->workers[i], .events = POLLIN};
	p[AT_PARENT] = (struct pollfd){.fd = w->parent, .events = POLLIN};
	p[AT_INOTIFY] =
	    (struct pollfd){.fd = w->watched.inotify, .events = POLLIN};
	p[AT_LOCAL] = (struct pollfd){.fd = w->local.fd, .events = POLLIN};
	if (poll(p, PLACES, wait_ms(w)) == -1) {
		if (errno != EINTR)
			log_fatal("poll: %s", strerror(errno));
		return;
	}
	if (p[AT_INOTIFY].revents != 0)
		watched_read(&w->watched);
	for (unsigned i = 0; i < BOOT_WORKERS; i++)
		if (p[i].revents != 0)
			from_worker(w, i);
	if (p[AT_LOCAL].revents != 0)
		watch_local_read(&w->local);
	if (p[AT_PARENT].revents != 0)
		from_master(w);
	if (watch_local_turn(&w->local))
		watched_sweep(&w->watched, false);
	watched_turn(&w->watched);
}

static int
wait_ms(const struct watch *w)
{
	int a = watched_wait(&w->watched), b = watch_local_wait(&w->local);

	return b != -1 && b < a ? b : a;
}

static void
from_master(struct watch *w)
{
	static struct ipc_msg msg;
	int n;

	while ((n = ipc_recv(w->parent, BOOT_WATCH, BOOT_MASTER, &msg)) == 1)
		master_says(w, &msg);
	if (n == 0 || errno != EAGAIN)
		w->stopped = true;
}

static void
master_says(struct watch *w, struct ipc_msg *msg)
{
	static struct boot boot;
	int fd;

	switch (msg->type) {
	case IPC_PEER:
		new_worker(w, msg);
		return;
	case IPC_SETTINGS:
		fd = ipc_take_fd(msg, 0);
		if (fd != -1 && boot_read(fd, &boot) == 0)
			watched_settings(&w->watched, &boot.set);
		return;
	case IPC_LOCAL:
		watch_local_open(&w->local, ipc_take_fd(msg, 0));
		return;
	case IPC_STOP:
		w->stopped = true;
		return;
	default:
		return;
	}
}

static void
new_worker(struct watch *w, struct ipc_msg *msg)
{
	struct ipc_get get;
	uint32_t role, number;
	uint64_t incarnation;

	ipc_open(&get, msg);
	role = ipc_get_u32(&get);
	number = ipc_get_u32(&get);
	incarnation = ipc_get_u64(&get);
	if (ipc_done(&get) == -1 || role != BOOT_WORKER ||
	    number >= BOOT_WORKERS)
		return;
	/* The number's old owner is gone, or it would not be given again. */
	if (w->workers[number] != -1)
		drop_worker(w, number);
	w->workers[number] = ipc_take_fd(msg, 0);
	w->incarnations[number] = incarnation;
	w->wrong[number] = 0;
}

static void
from_worker(struct watch *w, unsigned worker)
{
	static struct ipc_msg msg;
	int n = 0;

	for (int i = 0; i < SLICE; i++) {
		n = ipc_recv(w->workers[worker], BOOT_WATCH, BOOT_WORKER, &msg);
		if (n == 1 && worker_says(w, worker, &msg) == -1)
			n = -1;
		if (n != 1)
			break;
	}
	if (n == 1 || (n == -1 && errno == EAGAIN))
		return;
	if (n == -1) {
		log_line(LOG_LEVEL_ERR, "worker %u dropped: %s", worker,
		    strerror(errno));
		ipc_blame(w->parent, worker, w->incarnations[worker]);
	}
	drop_worker(w, worker);
}

/* -1 with EPROTO for what no worker of ours would have sent. */
static int
worker_says(struct watch *w, unsigned worker, struct ipc_msg *msg)
{
	if (msg->type == IPC_WATCH)
		return take_watch(w, worker, msg);
	if (msg->type == IPC_UNWATCH)
		return take_unwatch(w, worker, msg);
	errno = EPROTO;
	return -1;
}

static void
drop_worker(struct watch *w, unsigned worker)
{
	close(w->workers[worker]);
	w->workers[worker] = -1;
	watched_drop_worker(&w->watched, worker);
}

static int
take_watch(struct watch *w, unsigned worker, struct ipc_msg *msg)
{
	struct watched_ask ask;
	struct ipc_get get;

	ipc_open(&get, msg);
	ask.dev = ipc_get_u64(&get);
	ask.ino = ipc_get_u64(&get);
	ask.stamp = ipc_get_u64(&get);
	ask.number = ipc_get_u64(&get);
	if (ipc_done(&get) == -1) {
		errno = EPROTO;
		return -1;
	}
	for (int i = 0; i < WATCHED_DIRS; i++)
		ask.fds[i] = ipc_take_fd(msg, i);
	if (watched_add(&w->watched, worker, &ask) == 0)
		return 0;
	/*
	 * The directories are a session's, not the worker's, and a session may
	 * send as many as it likes. EMFILE has a line of its own.
	 */
	if (errno != EMFILE && log_rare(&w->wrong[worker]))
		log_line(LOG_LEVEL_WARN, "worker %u: not a folder to watch: %s",
		    worker, strerror(errno));
	return 0;
}

static int
take_unwatch(struct watch *w, unsigned worker, struct ipc_msg *msg)
{
	struct ipc_get get;
	uint64_t number;

	ipc_open(&get, msg);
	number = ipc_get_u64(&get);
	if (ipc_done(&get) == -1) {
		errno = EPROTO;
		return -1;
	}
	watched_drop(&w->watched, worker, number);
	return 0;
}
