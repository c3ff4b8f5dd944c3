/*
 * A folder is watched through its new, cur and courierimapkeywords, an account
 * (BOARD_ACCOUNT) through its Maildir's root, where folders come and go. When
 * something stirs there the stamps of the three are compared with those of the
 * last post of the folder's slot: what a session has told already is not told
 * again. Stamps are as coarse as the kernel's tick (a few ms), so two changes
 * in one tick leave the same stamp: when an event finds the stamp unmoved but
 * young, the folder is posted once more a little later. That costs a look now
 * and then and loses nothing. An account always is: its new folder is one only
 * when it has new, cur and tmp.
 *
 * The slow check compares the stamps of every folder each IMAP_IDLE_TIMEOUT
 * seconds: for network file systems, where inotify sees only our own host, for
 * folders beyond max_user_watches, and alone with IMAP_ENHANCEDIDLE=0. It goes
 * in slices, so that a notice never waits for it. When the kernel's queue of
 * events ran over it is begun at once and posts everything.
 */
#include "master/watched.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shm/log.h"

#define DIRS     WATCHED_DIRS
#define YOUNG    50     /* ms: two changes may share a stamp */
#define AGAIN    300    /* ms until a folder of a young stamp is posted */
#define SPARE_FD 160    /* descriptors that are not directories */
#define SLICE    1000   /* folders of a slow check in one round */
#define TELL     600000 /* ms between two complaints of a kind */
#define EVENTS                                                                 \
	(IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |                 \
	    IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK)

struct watched_mark { /* one inotify watch */
	RB_ENTRY(watched_mark) node;
	int wd; /* -1: none */
	struct watched_folder *folder;
};

struct watched_ref { /* what a worker calls by a number */
	RB_ENTRY(watched_ref) node;
	unsigned worker;
	uint64_t number;
	struct watched_folder *folder;
};

struct watched_folder {
	RB_ENTRY(watched_folder) node;
	TAILQ_ENTRY(watched_folder) again; /* if due is not 0 */
	uint64_t dev, ino;
	uint64_t stamp; /* as last seen */
	uint64_t due;   /* ms: post it then; 0: not waiting */
	uint32_t slot;
	uint32_t account[2]; /* slots: as an INBOX, and as another folder */
	size_t nrefs;        /* of all workers */
	int fds[DIRS];       /* -1: that directory is not there */
	struct watched_mark marks[DIRS];
};

static int check_dirs(const struct watched_ask *);
static bool is_account(uint64_t);
static int check_dir(int, const char *, const struct watched_ask *);
static int add_ref(
    struct watched *, unsigned, uint64_t, struct watched_folder *);
static void drop_ref(struct watched *, struct watched_ref *);
static struct watched_folder *new_folder(
    struct watched *, const struct watched_ask *);
static void account_slots(struct watched *, struct watched_folder *, int);
static void add_marks(struct watched *, struct watched_folder *);
static void adopt(
    struct watched *, struct watched_folder *, struct watched_ask *);
static bool is_dead(int, const struct watched_ask *);
static void drop_marks(struct watched *, struct watched_folder *);
static void drop_mark(struct watched *, struct watched_mark *);
static void free_folder(struct watched *, struct watched_folder *);
static struct watched_folder *find_folder(
    struct watched *, uint64_t dev, uint64_t ino);
static void stirred(struct watched *, struct watched_folder *);
static void post_again(struct watched *, struct watched_folder *);
static uint64_t told(const struct watched *, const struct watched_folder *);
static bool is_young(const struct watched_folder *);
static void post(struct watched *, struct watched_folder *, uint64_t stamp);
static void post_due(struct watched *);
static void sweep(struct watched *);
static void check(struct watched *, struct watched_folder *);
static void complain(struct watched *, enum watched_tell, const char *);
static uint64_t now_ms(void);

static int
compare_folder(const struct watched_folder *a, const struct watched_folder *b)
{
	if (a->ino != b->ino)
		return a->ino < b->ino ? -1 : 1;
	return a->dev < b->dev ? -1 : a->dev > b->dev;
}

static int
compare_mark(const struct watched_mark *a, const struct watched_mark *b)
{
	return a->wd < b->wd ? -1 : a->wd > b->wd;
}

static int
compare_ref(const struct watched_ref *a, const struct watched_ref *b)
{
	if (a->worker != b->worker)
		return a->worker < b->worker ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

#define LOCAL static __attribute__((unused))
RB_PROTOTYPE_INTERNAL(watched_tree, watched_folder, node, compare_folder, LOCAL)
RB_GENERATE_INTERNAL(watched_tree, watched_folder, node, compare_folder, LOCAL)
RB_PROTOTYPE_INTERNAL(watched_marks, watched_mark, node, compare_mark, LOCAL)
RB_GENERATE_INTERNAL(watched_marks, watched_mark, node, compare_mark, LOCAL)
RB_PROTOTYPE_INTERNAL(watched_refs, watched_ref, node, compare_ref, LOCAL)
RB_GENERATE_INTERNAL(watched_refs, watched_ref, node, compare_ref, LOCAL)

void
watched_init(struct watched *w, struct board *board, const int *bells,
    const struct settings *set, size_t files)
{
	memset(w, 0, sizeof(*w));
	w->board = board;
	w->bells = bells;
	w->most = files <= SPARE_FD ? 0 : (files - SPARE_FD) / DIRS;
	w->enhanced = set->enhancedidle != 0;
	w->every = set->idle_timeout;
	w->slow = now_ms() + w->every * UINT64_C(1000);
	RB_INIT(&w->all);
	RB_INIT(&w->marks);
	RB_INIT(&w->refs);
	TAILQ_INIT(&w->again);
	w->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (w->inotify == -1)
		complain(w, WATCHED_NO_INOTIFY,
		    "no inotify instance, only the slow check: raise "
		    "fs.inotify.max_user_instances");
}

void
watched_settings(struct watched *w, const struct settings *set)
{
	bool enhanced = set->enhancedidle != 0;
	uint64_t slow = now_ms() + set->idle_timeout * UINT64_C(1000);
	struct watched_folder *f;

	w->every = set->idle_timeout;
	if (slow < w->slow)
		w->slow = slow;
	if (enhanced == w->enhanced)
		return;
	w->enhanced = enhanced;
	RB_FOREACH (f, watched_tree, &w->all)
		if (enhanced)
			add_marks(w, f);
		else
			drop_marks(w, f);
	watched_sweep(w, false);
}

int
watched_add(struct watched *w, unsigned worker, struct watched_ask *ask)
{
	struct watched_folder *f;
	uint64_t seen;

	if (check_dirs(ask) == -1)
		goto refuse;
	f = find_folder(w, ask->dev, ask->ino);
	if (f != NULL)
		adopt(w, f, ask);
	else if ((f = new_folder(w, ask)) == NULL)
		goto refuse;
	if (add_ref(w, worker, ask->number, f) == -1)
		return -1;
	/* What happened between the session's look and our watch. */
	seen = board_stamp_dirs(f->fds);
	if (seen != ask->stamp || seen != f->stamp)
		post(w, f, seen);
	return 0;
refuse:
	for (int i = 0; i < DIRS; i++)
		if (ask->fds[i] != -1)
			close(ask->fds[i]);
	return -1;
}

/* Fails: then a folder that nobody else has goes again. */
static int
add_ref(struct watched *w, unsigned worker, uint64_t number,
    struct watched_folder *f)
{
	struct watched_ref *r = NULL;
	int err = w->nrefs[worker] < w->most ? ENOMEM : EMFILE;

	if (err == ENOMEM)
		r = calloc(1, sizeof(*r));
	if (r != NULL) {
		*r = (struct watched_ref){
		    .worker = worker, .number = number, .folder = f};
		if (RB_INSERT(watched_refs, &w->refs, r) == NULL) {
			f->nrefs++;
			w->nrefs[worker]++;
			return 0;
		}
		free(r);
		err = EINVAL;
	}
	if (f->nrefs == 0)
		free_folder(w, f);
	errno = err;
	return -1;
}

static void
drop_ref(struct watched *w, struct watched_ref *r)
{
	struct watched_folder *f = r->folder;

	RB_REMOVE(watched_refs, &w->refs, r);
	w->nrefs[r->worker]--;
	free(r);
	if (--f->nrefs == 0)
		free_folder(w, f);
}

/*
 * A descriptor proves the right to read a directory only if it was opened for
 * reading; and the three must lie in the folder that they are said to be of,
 * else one account could watch in another's name.
 */
static int
check_dirs(const struct watched_ask *ask)
{
	if (is_account(ask->dev)) {
		if (ask->fds[1] == -1 && ask->fds[2] == -1)
			return check_dir(ask->fds[0], ".", ask);
		errno = EINVAL;
		return -1;
	}
	for (int i = 0; i < DIRS; i++) {
		if (ask->fds[i] == -1 && i == 2)
			continue; /* no keywords yet */
		if (check_dir(ask->fds[i], "..", ask) == -1)
			return -1;
	}
	return 0;
}

static bool
is_account(uint64_t dev)
{
	return (dev & BOARD_ACCOUNT) != 0;
}

/* where: what of it must be the folder that was asked for. */
static int
check_dir(int fd, const char *where, const struct watched_ask *ask)
{
	int flags = fcntl(fd, F_GETFL);
	struct stat st;

	if (flags == -1 || (flags & O_PATH) != 0 ||
	    (flags & O_ACCMODE) == O_WRONLY || fstat(fd, &st) == -1 ||
	    !S_ISDIR(st.st_mode)) {
		errno = EINVAL;
		return -1;
	}
	if (fstatat(fd, where, &st, 0) == -1)
		return -1;
	if (st.st_dev != (ask->dev & ~BOARD_ACCOUNT) || st.st_ino != ask->ino) {
		errno = EINVAL;
		return -1;
	}
	return 0;
}

static struct watched_folder *
new_folder(struct watched *w, const struct watched_ask *ask)
{
	struct watched_folder *f;

	if (w->nfolders >= w->most) {
		complain(w, WATCHED_FILES,
		    "too many folders for RLIMIT_NOFILE, the rest is not "
		    "watched");
		errno = EMFILE;
		return NULL;
	}
	f = calloc(1, sizeof(*f));
	if (f == NULL)
		return NULL;
	f->dev = ask->dev;
	f->ino = ask->ino;
	f->slot = board_slot(w->board, f->dev, f->ino);
	if (!is_account(f->dev))
		account_slots(w, f, ask->fds[0]);
	for (int i = 0; i < DIRS; i++) {
		f->fds[i] = ask->fds[i];
		f->marks[i].wd = -1;
		f->marks[i].folder = f;
	}
	RB_INSERT(watched_tree, &w->all, f);
	w->nfolders++;
	if (w->enhanced)
		add_marks(w, f);
	f->stamp = board_stamp_dirs(f->fds);
	return f;
}

/*
 * What the folder lacks: keywords that there were none of before, and what was
 * moved out of it or removed, whose place a new folder with its number may
 * have.
 */
static void
adopt(struct watched *w, struct watched_folder *f, struct watched_ask *ask)
{
	for (int i = 0; i < DIRS; i++) {
		if (ask->fds[i] == -1)
			continue;
		if (f->fds[i] != -1 && !is_dead(f->fds[i], ask)) {
			close(ask->fds[i]);
			continue;
		}
		drop_mark(w, &f->marks[i]);
		if (f->fds[i] != -1)
			close(f->fds[i]);
		f->fds[i] = ask->fds[i];
	}
	if (w->enhanced)
		add_marks(w, f);
}

static bool
is_dead(int fd, const struct watched_ask *ask)
{
	struct stat st;

	return fstat(fd, &st) == -1 || st.st_nlink == 0 ||
	       check_dir(fd, is_account(ask->dev) ? "." : "..", ask) == -1;
}

/*
 * The root of its Maildir is the folder itself or the one above: which, only
 * its session knows. A post of the wrong one costs somebody a look at most.
 */
static void
account_slots(struct watched *w, struct watched_folder *f, int fd)
{
	struct stat st;

	f->account[0] = f->account[1] =
	    board_slot(w->board, f->dev | BOARD_ACCOUNT, f->ino);
	if (fstatat(fd, "../..", &st, 0) == 0)
		f->account[1] =
		    board_slot(w->board, st.st_dev | BOARD_ACCOUNT, st.st_ino);
}

/* Those that are missing. */
static void
add_marks(struct watched *w, struct watched_folder *f)
{
	bool moved = false;

	for (int i = 0; i < DIRS && w->inotify != -1; i++) {
		struct watched_mark *m = &f->marks[i];

		if (f->fds[i] == -1 || m->wd != -1)
			continue;
		moved = true;
		/* "." of it: no path, no /proc, no right but the descriptor. */
		if (fchdir(f->fds[i]) == 0)
			m->wd = inotify_add_watch(w->inotify, ".", EVENTS);
		if (m->wd != -1 && RB_INSERT(watched_marks, &w->marks, m))
			m->wd = -1; /* one directory twice: one is enough */
		else if (m->wd == -1 && errno == ENOSPC) {
			w->full = true;
			complain(w, WATCHED_WATCHES,
			    "max_user_watches is too small, the rest has the "
			    "slow check only: raise "
			    "fs.inotify.max_user_watches");
			break;
		}
	}
	if (moved && chdir("/") == -1) /* keeps no mail directory busy */
		log_line(LOG_LEVEL_WARN, "chdir: %s", strerror(errno));
}

static void
drop_marks(struct watched *w, struct watched_folder *f)
{
	for (int i = 0; i < DIRS; i++)
		drop_mark(w, &f->marks[i]);
}

static void
drop_mark(struct watched *w, struct watched_mark *m)
{
	if (m->wd == -1)
		return;
	/* Fails if the directory is gone: so is the watch. */
	(void)inotify_rm_watch(w->inotify, m->wd);
	RB_REMOVE(watched_marks, &w->marks, m);
	m->wd = -1;
}

static void
free_folder(struct watched *w, struct watched_folder *f)
{
	drop_marks(w, f);
	for (int i = 0; i < DIRS; i++)
		if (f->fds[i] != -1)
			close(f->fds[i]);
	if (f->due != 0)
		TAILQ_REMOVE(&w->again, f, again);
	RB_REMOVE(watched_tree, &w->all, f);
	w->nfolders--;
	free(f);
}

static struct watched_folder *
find_folder(struct watched *w, uint64_t dev, uint64_t ino)
{
	struct watched_folder key;

	key.dev = dev;
	key.ino = ino;
	return RB_FIND(watched_tree, &w->all, &key);
}

void
watched_drop(struct watched *w, unsigned worker, uint64_t number)
{
	struct watched_ref key = {.worker = worker, .number = number};
	struct watched_ref *r = RB_FIND(watched_refs, &w->refs, &key);

	if (r != NULL)
		drop_ref(w, r);
}

void
watched_drop_worker(struct watched *w, unsigned worker)
{
	struct watched_ref key = {.worker = worker}, *r, *next;

	for (r = RB_NFIND(watched_refs, &w->refs, &key);
	     r != NULL && r->worker == worker; r = next) {
		next = RB_NEXT(watched_refs, &w->refs, r);
		drop_ref(w, r);
	}
}

void
watched_read(struct watched *w)
{
	union {
		struct inotify_event align;
		char space[16384];
	} buf;
	const struct inotify_event *e;
	struct watched_folder *last = NULL;
	struct watched_mark key, *m;
	ssize_t n;

	n = read(w->inotify, &buf, sizeof(buf));
	for (ssize_t at = 0; at < n; at += (ssize_t)(sizeof(*e) + e->len)) {
		e = (const void *)(buf.space + at);
		if ((e->mask & IN_Q_OVERFLOW) != 0) {
			complain(w, WATCHED_OVERFLOW,
			    "inotify's queue ran over, every folder is looked "
			    "at: raise fs.inotify.max_queued_events");
			watched_sweep(w, true);
			continue;
		}
		key.wd = e->wd;
		m = RB_FIND(watched_marks, &w->marks, &key);
		if (m == NULL)
			continue;
		/* Events come in runs: look once for a run of one folder. */
		if (last != NULL && last != m->folder)
			stirred(w, last);
		last = m->folder;
		if ((e->mask & IN_IGNORED) != 0) { /* the directory is gone */
			RB_REMOVE(watched_marks, &w->marks, m);
			m->wd = -1;
		}
	}
	if (last != NULL)
		stirred(w, last);
}

static void
stirred(struct watched *w, struct watched_folder *f)
{
	uint64_t stamp = board_stamp_dirs(f->fds);
	bool news = stamp != told(w, f);

	if (news)
		post(w, f, stamp);
	f->stamp = stamp;
	if (is_account(f->dev) && news)
		post_again(w, f);
	else if (!news && f->due == 0 && is_young(f))
		post_again(w, f);
}

/* What is made in steps, as a folder is, is all there a little later. */
static void
post_again(struct watched *w, struct watched_folder *f)
{
	if (f->due != 0)
		TAILQ_REMOVE(&w->again, f, again);
	f->due = now_ms() + AGAIN;
	TAILQ_INSERT_TAIL(&w->again, f, again);
}

/* The stamp that was posted last. Sessions have none to tell of an account. */
static uint64_t
told(const struct watched *w, const struct watched_folder *f)
{
	return is_account(f->dev) ? f->stamp : board_stamp(w->board, f->slot);
}

/* Whether a directory's stamp is so young that another change may share it. */
static bool
is_young(const struct watched_folder *f)
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
post(struct watched *w, struct watched_folder *f, uint64_t stamp)
{
	f->stamp = stamp;
	board_post(w->board, f->slot, stamp, w->bells);
	for (int i = 0; i < 2 && !is_account(f->dev); i++)
		board_post(w->board, f->account[i], 0, w->bells);
}

int
watched_wait(const struct watched *w)
{
	const struct watched_folder *f = TAILQ_FIRST(&w->again);
	uint64_t now = now_ms(), until = w->slow;

	if (w->sweeping)
		return 0;
	if (f != NULL && f->due < until)
		until = f->due;
	return until <= now ? 0 : (int)(until - now);
}

void
watched_turn(struct watched *w)
{
	post_due(w);
	if (!w->sweeping && now_ms() >= w->slow)
		watched_sweep(w, false);
	if (w->sweeping)
		sweep(w);
}

static void
post_due(struct watched *w)
{
	struct watched_folder *f;
	uint64_t now = now_ms();

	while ((f = TAILQ_FIRST(&w->again)) != NULL && f->due <= now) {
		TAILQ_REMOVE(&w->again, f, again);
		f->due = 0;
		post(w, f, board_stamp_dirs(f->fds));
	}
}

void
watched_sweep(struct watched *w, bool force)
{
	/* One that posts everything is not made a lesser one. */
	w->force = force || (w->sweeping && w->force);
	w->sweeping = true;
	w->full = false;
	w->dev = w->ino = 0;
	w->slow = now_ms() + w->every * UINT64_C(1000);
}

static void
sweep(struct watched *w)
{
	struct watched_folder key, *f, *next;
	int n = 0;

	key.dev = w->dev;
	key.ino = w->ino;
	f = RB_NFIND(watched_tree, &w->all, &key);
	for (; f != NULL && n < SLICE; f = next, n++) {
		next = RB_NEXT(watched_tree, &w->all, f);
		check(w, f);
	}
	w->sweeping = f != NULL;
	if (f != NULL) {
		w->dev = f->dev;
		w->ino = f->ino;
	}
}

static void
check(struct watched *w, struct watched_folder *f)
{
	uint64_t stamp;

	/* There may be room for its watches by now. */
	if (w->enhanced && !w->full)
		add_marks(w, f);
	stamp = board_stamp_dirs(f->fds);
	if (w->force ||
	    (stamp != f->stamp && stamp != board_stamp(w->board, f->slot)))
		post(w, f, stamp);
	f->stamp = stamp;
}

static void
complain(struct watched *w, enum watched_tell kind, const char *what)
{
	uint64_t now = now_ms();

	if (w->told[kind] != 0 && now < w->told[kind] + TELL)
		return;
	w->told[kind] = now;
	log_line(LOG_LEVEL_WARN, "%s", what);
}

static uint64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}
