/*
 * The watch process. A folder is known by device and inode number of its
 * directory and watched through its new, cur and courierimapkeywords. When
 * something stirs there the stamps of the three are compared with those of the
 * last post of the folder's slot: what a session has told already is not told
 * again. Stamps are as coarse as the kernel's tick (a few ms), so two changes
 * in one tick leave the same stamp: when an event finds the stamp unmoved but
 * young, the folder is posted once more a little later. That costs a look now
 * and then and loses nothing.
 *
 * The slow check compares the stamps of every folder each IMAP_IDLE_TIMEOUT
 * seconds: for network file systems, where inotify sees only our own host, for
 * folders beyond max_user_watches, and alone with IMAP_ENHANCEDIDLE=0.
 */
#include "master/watch.h"

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shm/board.h"
#include "shm/ipc.h"
#include "shm/jail.h"
#include "shm/log.h"

#define DIRS     3   /* new, cur, courierimapkeywords */
#define YOUNG    50  /* ms: two changes may share a stamp */
#define AGAIN    300 /* ms until a folder of a young stamp is posted */
#define SPARE_FD 160 /* descriptors that are not directories */
#define SLICE    256 /* messages of one worker per round */
#define EVENTS                                                                 \
	(IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |                 \
	    IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK)

struct folder;

struct mark { /* one inotify watch */
	RB_ENTRY(mark) node;
	int wd; /* -1: none */
	struct folder *folder;
};

struct folder {
	RB_ENTRY(folder) node;
	TAILQ_ENTRY(folder) again; /* if due is not 0 */
	uint64_t dev, ino;
	uint64_t workers; /* bit n: worker n has a client there */
	uint64_t stamp;   /* as last seen */
	uint64_t due;     /* ms: post it then; 0: not waiting */
	uint32_t slot;
	int fds[DIRS]; /* -1: that directory is not there */
	struct mark marks[DIRS];
};

RB_HEAD(folder_tree, folder);
RB_HEAD(mark_tree, mark);
TAILQ_HEAD(folder_queue, folder);

struct watch {
	struct settings set;
	struct board *board;
	const int *bells;
	int parent;
	int inotify;
	int workers[BOOT_WORKERS]; /* channels, -1: none */
	uint64_t incarnations[BOOT_WORKERS];
	struct folder_tree folders;
	struct mark_tree marks;
	struct folder_queue again; /* by rising due */
	size_t nfolders, maxfolders;
	uint64_t slow; /* ms: the next slow check */
	uint64_t told; /* ms: last complaint about a limit */
	bool stopped;
};

static int start(struct watch *, const struct boot *, int parent, int boardfd);
static void turn(struct watch *);
static int wait_ms(const struct watch *);
static void from_master(struct watch *);
static void new_worker(struct watch *, struct ipc_msg *);
static void from_worker(struct watch *, unsigned worker);
static int worker_says(struct watch *, unsigned worker, struct ipc_msg *);
static void drop_worker(struct watch *, unsigned worker);
static int take_watch(struct watch *, unsigned worker, struct ipc_msg *);
static int check_dirs(const int fds[DIRS], uint64_t dev, uint64_t ino);
static struct folder *new_folder(
    struct watch *, uint64_t dev, uint64_t ino, const int fds[DIRS]);
static void add_marks(struct watch *, struct folder *);
static void free_folder(struct watch *, struct folder *);
static struct folder *find_folder(struct watch *, uint64_t dev, uint64_t ino);
static int take_unwatch(struct watch *, unsigned worker, struct ipc_msg *);
static void from_inotify(struct watch *);
static void stirred(struct watch *, struct folder *);
static bool is_young(const struct folder *);
static void post(struct watch *, struct folder *, uint64_t stamp);
static void post_due(struct watch *);
static void slow_check(struct watch *);
static void complain(struct watch *, const char *);
static uint64_t now_ms(void);

static int
compare_folder(const struct folder *a, const struct folder *b)
{
	if (a->ino != b->ino)
		return a->ino < b->ino ? -1 : 1;
	return a->dev < b->dev ? -1 : a->dev > b->dev;
}

static int
compare_mark(const struct mark *a, const struct mark *b)
{
	return a->wd < b->wd ? -1 : a->wd > b->wd;
}

#define LOCAL static __attribute__((unused))
RB_PROTOTYPE_INTERNAL(folder_tree, folder, node, compare_folder, LOCAL)
RB_GENERATE_INTERNAL(folder_tree, folder, node, compare_folder, LOCAL)
RB_PROTOTYPE_INTERNAL(mark_tree, mark, node, compare_mark, LOCAL)
RB_GENERATE_INTERNAL(mark_tree, mark, node, compare_mark, LOCAL)

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

	w.bells = bells;
	if (start(&w, boot, parent, boardfd) == -1) {
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
start(struct watch *w, const struct boot *boot, int parent, int boardfd)
{
	struct rlimit limit;

	w->set = boot->set;
	w->parent = parent;
	for (int i = 0; i < BOOT_WORKERS; i++)
		w->workers[i] = -1;
	RB_INIT(&w->folders);
	RB_INIT(&w->marks);
	TAILQ_INIT(&w->again);
	w->slow = now_ms() + w->set.idle_timeout * 1000;
	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return -1;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		return -1;
	w->maxfolders = limit.rlim_cur <= SPARE_FD
			    ? 0
			    : (size_t)(limit.rlim_cur - SPARE_FD) / DIRS;
	w->board = board_map(boardfd, boot->board_key);
	if (w->board == NULL)
		return -1;
	close(boardfd);
	w->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (w->inotify == -1)
		complain(w, "no inotify instance, only the slow check");
	return jail_enter(boot);
}

static void
turn(struct watch *w)
{
	struct pollfd p[BOOT_WORKERS + 2];

	for (int i = 0; i < BOOT_WORKERS; i++)
		p[i] = (struct pollfd){.fd = w->workers[i], .events = POLLIN};
	p[BOOT_WORKERS] = (struct pollfd){.fd = w->parent, .events = POLLIN};
	p[BOOT_WORKERS + 1] =
	    (struct pollfd){.fd = w->inotify, .events = POLLIN};
	if (poll(p, BOOT_WORKERS + 2, wait_ms(w)) == -1) {
		if (errno != EINTR)
			log_fatal("poll: %s", strerror(errno));
		return;
	}
	if (p[BOOT_WORKERS + 1].revents != 0)
		from_inotify(w);
	for (unsigned i = 0; i < BOOT_WORKERS; i++)
		if (p[i].revents != 0)
			from_worker(w, i);
	if (p[BOOT_WORKERS].revents != 0)
		from_master(w);
	post_due(w);
	if (now_ms() >= w->slow)
		slow_check(w);
}

static int
wait_ms(const struct watch *w)
{
	const struct folder *f = TAILQ_FIRST(&w->again);
	uint64_t now = now_ms(), until = w->slow;

	if (f != NULL && f->due < until)
		until = f->due;
	return until <= now ? 0 : (int)(until - now);
}

static void
from_master(struct watch *w)
{
	static struct ipc_msg msg;
	static struct boot boot;
	int n, fd;

	while ((n = ipc_recv(w->parent, BOOT_WATCH, BOOT_MASTER, &msg)) == 1) {
		if (msg.type == IPC_PEER)
			new_worker(w, &msg);
		else if (msg.type == IPC_SETTINGS) {
			fd = ipc_take_fd(&msg, 0);
			if (fd != -1 && boot_read(fd, &boot) == 0)
				w->set = boot.set;
		} else if (msg.type == IPC_STOP)
			w->stopped = true;
	}
	if (n == 0 || errno != EAGAIN)
		w->stopped = true;
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
	if (msg->type == IPC_UNWATCH)
		return take_unwatch(w, worker, msg);
	errno = EPROTO;
	if (msg->type != IPC_WATCH)
		return -1;
	if (take_watch(w, worker, msg) == 0)
		return 0;
	if (errno == EPROTO)
		return -1;
	/* The directories are a session's. */
	log_line(LOG_LEVEL_WARN, "worker %u: not a folder to watch: %s", worker,
	    strerror(errno));
	return 0;
}

static void
drop_worker(struct watch *w, unsigned worker)
{
	struct folder *f, *next;

	close(w->workers[worker]);
	w->workers[worker] = -1;
	RB_FOREACH_SAFE (f, folder_tree, &w->folders, next) {
		f->workers &= ~(UINT64_C(1) << worker);
		if (f->workers == 0)
			free_folder(w, f);
	}
}

static int
take_watch(struct watch *w, unsigned worker, struct ipc_msg *msg)
{
	struct ipc_get get;
	uint64_t dev, ino, told, seen;
	struct folder *f;
	int fds[DIRS];

	ipc_open(&get, msg);
	dev = ipc_get_u64(&get);
	ino = ipc_get_u64(&get);
	told = ipc_get_u64(&get);
	if (ipc_done(&get) == -1) {
		errno = EPROTO;
		return -1;
	}
	for (int i = 0; i < DIRS; i++)
		fds[i] = ipc_take_fd(msg, i);
	if (check_dirs(fds, dev, ino) == -1)
		goto refuse;
	f = find_folder(w, dev, ino);
	if (f == NULL) {
		f = new_folder(w, dev, ino, fds);
		if (f == NULL)
			goto refuse;
	} else
		for (int i = 0; i < DIRS; i++)
			if (fds[i] != -1)
				close(fds[i]);
	f->workers |= UINT64_C(1) << worker;
	/* What happened between the session's look and our watch. */
	seen = board_stamp_dirs(f->fds);
	if (seen != told || seen != f->stamp)
		post(w, f, seen);
	return 0;
refuse:
	for (int i = 0; i < DIRS; i++)
		if (fds[i] != -1)
			close(fds[i]);
	return -1;
}

/*
 * A descriptor proves the right to read a directory only if it was opened for
 * reading; and the three must lie in the folder that they are said to be of,
 * else one account could watch in another's name.
 */
static int
check_dirs(const int fds[DIRS], uint64_t dev, uint64_t ino)
{
	struct stat st;
	int flags, saved = EINVAL;

	for (int i = 0; i < DIRS; i++) {
		if (fds[i] == -1 && i == 2)
			continue; /* no keywords yet */
		flags = fcntl(fds[i], F_GETFL);
		if (flags == -1 || (flags & O_PATH) != 0 ||
		    (flags & O_ACCMODE) == O_WRONLY)
			goto refuse;
		if (fstat(fds[i], &st) == -1 || !S_ISDIR(st.st_mode))
			goto refuse;
		if (fstatat(fds[i], "..", &st, 0) == -1) {
			saved = errno;
			goto refuse;
		}
		if (st.st_dev != dev || st.st_ino != ino)
			goto refuse;
	}
	return 0;
refuse:
	errno = saved;
	return -1;
}

static struct folder *
new_folder(struct watch *w, uint64_t dev, uint64_t ino, const int fds[DIRS])
{
	struct folder *f;

	if (w->nfolders >= w->maxfolders) {
		complain(w, "too many folders for RLIMIT_NOFILE");
		errno = EMFILE;
		return NULL;
	}
	f = calloc(1, sizeof(*f));
	if (f == NULL)
		return NULL;
	f->dev = dev;
	f->ino = ino;
	f->slot = board_slot(w->board, dev, ino);
	for (int i = 0; i < DIRS; i++) {
		f->fds[i] = fds[i];
		f->marks[i].wd = -1;
		f->marks[i].folder = f;
	}
	RB_INSERT(folder_tree, &w->folders, f);
	w->nfolders++;
	if (w->set.enhancedidle != 0 && w->inotify != -1)
		add_marks(w, f);
	f->stamp = board_stamp_dirs(f->fds);
	return f;
}

static void
add_marks(struct watch *w, struct folder *f)
{
	for (int i = 0; i < DIRS; i++) {
		struct mark *m = &f->marks[i];

		if (f->fds[i] == -1)
			continue;
		/* "." of it: no path, no /proc, no right but the descriptor. */
		if (fchdir(f->fds[i]) == 0)
			m->wd = inotify_add_watch(w->inotify, ".", EVENTS);
		if (m->wd != -1 && RB_INSERT(mark_tree, &w->marks, m) != NULL)
			m->wd = -1; /* one directory twice: one is enough */
		else if (m->wd == -1 && errno == ENOSPC)
			complain(w,
			    "max_user_watches is too small, the rest has the "
			    "slow check only: raise "
			    "fs.inotify.max_user_watches");
	}
	if (chdir("/") == -1) /* keeps no mail directory busy */
		log_line(LOG_LEVEL_WARN, "chdir: %s", strerror(errno));
}

static void
free_folder(struct watch *w, struct folder *f)
{
	for (int i = 0; i < DIRS; i++) {
		if (f->marks[i].wd != -1) {
			/* Fails if the directory is gone: so is the watch. */
			(void)inotify_rm_watch(w->inotify, f->marks[i].wd);
			RB_REMOVE(mark_tree, &w->marks, &f->marks[i]);
		}
		if (f->fds[i] != -1)
			close(f->fds[i]);
	}
	if (f->due != 0)
		TAILQ_REMOVE(&w->again, f, again);
	RB_REMOVE(folder_tree, &w->folders, f);
	w->nfolders--;
	free(f);
}

static struct folder *
find_folder(struct watch *w, uint64_t dev, uint64_t ino)
{
	struct folder key;

	key.dev = dev;
	key.ino = ino;
	return RB_FIND(folder_tree, &w->folders, &key);
}

static int
take_unwatch(struct watch *w, unsigned worker, struct ipc_msg *msg)
{
	struct ipc_get get;
	struct folder *f;
	uint64_t dev, ino;

	ipc_open(&get, msg);
	dev = ipc_get_u64(&get);
	ino = ipc_get_u64(&get);
	if (ipc_done(&get) == -1) {
		errno = EPROTO;
		return -1;
	}
	f = find_folder(w, dev, ino);
	if (f == NULL)
		return 0;
	f->workers &= ~(UINT64_C(1) << worker);
	if (f->workers == 0)
		free_folder(w, f);
	return 0;
}

static void
from_inotify(struct watch *w)
{
	union {
		struct inotify_event align;
		char space[16384];
	} buf;
	const struct inotify_event *e;
	struct folder *last = NULL, *f;
	struct mark key, *m;
	ssize_t n;

	n = read(w->inotify, &buf, sizeof(buf));
	for (ssize_t at = 0; at < n; at += (ssize_t)(sizeof(*e) + e->len)) {
		e = (const void *)(buf.space + at);
		if ((e->mask & IN_Q_OVERFLOW) != 0) {
			RB_FOREACH (f, folder_tree, &w->folders)
				post(w, f, board_stamp_dirs(f->fds));
			continue;
		}
		key.wd = e->wd;
		m = RB_FIND(mark_tree, &w->marks, &key);
		if (m == NULL)
			continue;
		f = m->folder;
		if ((e->mask & IN_IGNORED) != 0) { /* the directory is gone */
			RB_REMOVE(mark_tree, &w->marks, m);
			m->wd = -1;
		}
		/* Events come in runs: look once for a run of one folder. */
		if (last != NULL && last != f)
			stirred(w, last);
		last = f;
	}
	if (last != NULL)
		stirred(w, last);
}

static void
stirred(struct watch *w, struct folder *f)
{
	uint64_t stamp = board_stamp_dirs(f->fds);

	if (stamp != board_stamp(w->board, f->slot)) {
		post(w, f, stamp);
		return;
	}
	f->stamp = stamp;
	if (f->due == 0 && is_young(f)) {
		f->due = now_ms() + AGAIN;
		TAILQ_INSERT_TAIL(&w->again, f, again);
	}
}

/* Whether a directory's stamp is so young that another change may share it. */
static bool
is_young(const struct folder *f)
{
	struct timespec now;
	struct stat st;
	int64_t age;

	clock_gettime(CLOCK_REALTIME, &now);
	for (int i = 0; i < DIRS; i++) {
		if (f->fds[i] == -1 || fstat(f->fds[i], &st) == -1)
			continue;
		age = (int64_t)(now.tv_sec - st.st_ctim.tv_sec) * 1000 +
		      (now.tv_nsec - st.st_ctim.tv_nsec) / 1000000;
		if (age < YOUNG)
			return true;
	}
	return false;
}

static void
post(struct watch *w, struct folder *f, uint64_t stamp)
{
	f->stamp = stamp;
	board_post(w->board, f->slot, stamp, w->bells);
}

static void
post_due(struct watch *w)
{
	struct folder *f;
	uint64_t now = now_ms();

	while ((f = TAILQ_FIRST(&w->again)) != NULL && f->due <= now) {
		TAILQ_REMOVE(&w->again, f, again);
		f->due = 0;
		post(w, f, board_stamp_dirs(f->fds));
	}
}

static void
slow_check(struct watch *w)
{
	struct folder *f;
	uint64_t stamp;

	w->slow = now_ms() + w->set.idle_timeout * 1000;
	RB_FOREACH (f, folder_tree, &w->folders) {
		stamp = board_stamp_dirs(f->fds);
		if (stamp == f->stamp)
			continue;
		if (stamp != board_stamp(w->board, f->slot))
			post(w, f, stamp);
		f->stamp = stamp;
	}
}

static void
complain(struct watch *w, const char *what)
{
	uint64_t now = now_ms();

	if (w->told != 0 && now < w->told + 600000)
		return;
	w->told = now;
	log_line(LOG_LEVEL_WARN, "%s", what);
}

static uint64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}
