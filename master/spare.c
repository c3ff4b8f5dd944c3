/*
 * Template and spares. The change to the owner here is the only one to a mail
 * user in the tree. The order is: bounding set (while still root), groups,
 * gid, uid, proof that there is no way back, no_new_privs, not dumpable, umask;
 * then the Maildir's root is opened, as its owner; then Landlock and the
 * session's filter for system calls; and only then the first byte of a client
 * is read.
 */
#include "master/spare.h"

#include <bsd/sys/queue.h>
#include <bsd/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "master/indexdir.h"
#include "master/landlock.h"
#include "master/loginexec.h"
#include "master/sig.h"
#include "shm/filter.h"
#include "shm/ipc.h"
#include "shm/log.h"

struct child { /* a spare or a session */
	TAILQ_ENTRY(child) next;
	pid_t pid;
	uint64_t serial; /* the spawner's name for it */
};
TAILQ_HEAD(child_list, child);

#define LAST_MS 10000 /* that sessions have when the house is gone */

struct template
{
	const struct boot *boot;
	const struct spare_work *work;
	int parent; /* -1: the spawner is gone */
	int signals;
	int house;      /* our log channel; -1: nobody has its other end */
	uint64_t until; /* ms: sessions are killed then; 0: not */
	struct child_list living;
};

static int wait_ms(const struct template *);
static void outlive(struct template *, bool gone);
static bool from_spawner(struct template *, int *status);
static bool take_fork(struct template *, struct ipc_msg *, int *status);
static bool fork_spare(
    struct template *, struct child *, int channel, int *status);
static void reap(struct template *);
static int spare_main(const struct template *, int channel);
static int wait_become(int channel, struct owner *, int *control);
static int read_owner(struct ipc_msg *, struct owner *);
static bool terminated(const char *, size_t);
static int drop_bounding_set(void);
static int no_way_back(const struct owner *);
static int open_root(const struct owner *, int *rooterr);
static void login_exec(const struct owner *, int rootfd);
static int shut_in(const struct settings *, const struct owner *, int rootfd);
static uint64_t now_ms(void);

int
template_run(const struct boot *boot, int parent, const struct spare_work *work)
{
	struct template t = {
	    .boot = boot, .work = work, .parent = parent, .house = BOOT_FD_LOG};
	struct pollfd p[3];
	int status = 0;

	TAILQ_INIT(&t.living);
	signal(SIGCHLD, SIG_DFL);
	t.signals = sig_open_child();
	if (t.signals == -1) {
		log_line(LOG_LEVEL_ERR, "signalfd: %s", strerror(errno));
		return 1;
	}
	if (t.boot->set.sandbox != SETTINGS_SANDBOX_OFF &&
	    filter_prepare(BOOT_SESSION) == -1) {
		log_line(LOG_LEVEL_ERR, "filter: %s", strerror(errno));
		return 1;
	}
	while (t.parent != -1 || !TAILQ_EMPTY(&t.living)) {
		p[0] = (struct pollfd){.fd = t.parent, .events = POLLIN};
		p[1] = (struct pollfd){.fd = t.signals, .events = POLLIN};
		p[2] = (struct pollfd){.fd = t.house};
		if (poll(p, 3, wait_ms(&t)) == -1) {
			if (errno != EINTR)
				return 1;
			p[2].revents = 0;
		}
		while (sig_next(t.signals) != 0)
			continue;
		reap(&t);
		outlive(&t, p[2].revents != 0);
		if (t.parent != -1 && from_spawner(&t, &status))
			return status;
	}
	return 0;
}

static int
wait_ms(const struct template *t)
{
	uint64_t now = now_ms();

	if (t->until == 0)
		return -1;
	return t->until > now ? (int)(t->until - now) : 0;
}

/*
 * Master and logger have the other end of our log channel, and who has neither
 * is no house any more. Sessions end with their workers, but one that hangs, or
 * was taken over, would stay for ever, and we with it.
 */
static void
outlive(struct template *t, bool gone)
{
	const struct child *c;

	if (gone) {
		t->house = -1;
		t->until = now_ms() + LAST_MS;
	}
	if (t->until == 0 || now_ms() < t->until)
		return;
	t->until = 0;
	TAILQ_FOREACH (c, &t->living, next)
		(void)kill(c->pid, SIGKILL);
}

/* True in a spare that has done its work. */
static bool
from_spawner(struct template *t, int *status)
{
	static struct ipc_msg msg;
	int n;

	while (
	    (n = ipc_recv(t->parent, BOOT_TEMPLATE, BOOT_SPAWNER, &msg)) == 1)
		if (msg.type == IPC_FORK && take_fork(t, &msg, status))
			return true;
	if (n == 0 || errno != EAGAIN) {
		close(t->parent);
		t->parent = -1;
	}
	return false;
}

static bool
take_fork(struct template *t, struct ipc_msg *msg, int *status)
{
	struct child *c = calloc(1, sizeof(*c));
	int channel = ipc_take_fd(msg, 0);
	struct ipc_get get;
	bool done = false;

	ipc_open(&get, msg);
	if (c != NULL)
		c->serial = ipc_get_u64(&get);
	if (c != NULL && channel != -1 && ipc_done(&get) == 0)
		done = fork_spare(t, c, channel, status);
	else
		free(c);
	/* Where none was forked the spawner sees the channel's end. */
	if (channel != -1 && !done)
		close(channel);
	return done;
}

static bool
fork_spare(struct template *t, struct child *c, int channel, int *status)
{
	c->pid = fork();
	if (c->pid == 0) {
		*status = spare_main(t, channel);
		return true;
	}
	if (c->pid == -1) {
		log_line(LOG_LEVEL_ERR, "fork: %s", strerror(errno));
		free(c);
		return false;
	}
	TAILQ_INSERT_TAIL(&t->living, c, next);
	return false;
}

static void
reap(struct template *t)
{
	struct child *c;
	struct ipc_put put;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		TAILQ_FOREACH (c, &t->living, next)
			if (c->pid == pid)
				break;
		if (c == NULL)
			continue;
		TAILQ_REMOVE(&t->living, c, next);
		if (t->parent != -1) {
			ipc_begin(&put, IPC_DIED);
			ipc_put_u32(&put, (uint32_t)pid);
			ipc_put_u32(&put, (uint32_t)status);
			ipc_put_u64(&put, c->serial);
			/* A full channel loses a line, and a crash. */
			(void)ipc_send(t->parent, &put, NULL, 0);
		}
		free(c);
	}
}

static int
spare_main(const struct template *t, int channel)
{
	const struct settings *set = &t->boot->set;
	static struct owner owner;
	int control, rootfd, rooterr = 0;
	sigset_t none;

	close(t->parent);
	close(t->signals);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setproctitle("spare");
	log_init(BOOT_FD_LOG, "session");
	if (wait_become(channel, &owner, &control) == -1)
		return 0; /* the spawner is gone, or has too many */
	close(channel);
	if (spare_become(&owner, t->boot->privileged != 0) == -1) {
		log_line(LOG_LEVEL_ERR, "cannot become uid %u: %s", owner.uid,
		    strerror(errno));
		return 1;
	}
	umask((mode_t)set->umask);
	setproctitle("session");
	rootfd = open_root(&owner, &rooterr);
	login_exec(&owner, rootfd);
	if (shut_in(set, &owner, rootfd) == -1)
		return 1; /* it has said why; the worker sees the end */
	return t->work->serve(set, &owner, rootfd, rooterr, control);
}

/* 0 with both filled; -1: it is never to be anybody. */
static int
wait_become(int channel, struct owner *owner, int *control)
{
	struct pollfd p = {.fd = channel, .events = POLLIN};
	static struct ipc_msg msg;
	int n;

	for (;;) {
		n = ipc_recv(channel, BOOT_SESSION, BOOT_SPAWNER, &msg);
		if (n == 1)
			break;
		if (n == 0 || errno != EAGAIN)
			return -1;
		if (poll(&p, 1, -1) == -1 && errno != EINTR)
			return -1;
	}
	*control = ipc_take_fd(&msg, 0);
	if (msg.type == IPC_BECOME && *control != -1 &&
	    read_owner(&msg, owner) == 0)
		return 0;
	log_line(LOG_LEVEL_ERR, "spare: bad message from the spawner");
	return -1;
}

static int
read_owner(struct ipc_msg *msg, struct owner *owner)
{
	struct ipc_get get;
	const uint8_t *p;
	size_t n;

	ipc_open(&get, msg);
	p = ipc_get_bytes(&get, &n, sizeof(*owner));
	if (ipc_done(&get) == -1 || n != sizeof(*owner))
		return -1;
	memcpy(owner, p, n);
	if (owner->ngroups > TICKET_GROUPS ||
	    !terminated(owner->user, sizeof(owner->user)) ||
	    !terminated(owner->home, sizeof(owner->home)) ||
	    !terminated(owner->maildir, sizeof(owner->maildir)) ||
	    !terminated(owner->options, sizeof(owner->options)))
		return -1;
	return 0;
}

static bool
terminated(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

int
spare_become(const struct owner *owner, bool privileged)
{
	gid_t groups[TICKET_GROUPS];

	if (privileged) {
		if (owner->uid == 0 || owner->ngroups > TICKET_GROUPS) {
			errno = EPERM;
			return -1;
		}
		for (uint32_t i = 0; i < owner->ngroups; i++)
			groups[i] = owner->groups[i];
		/* The jail had it kept over its own change of uid. */
		if (drop_bounding_set() == -1 ||
		    prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) == -1 ||
		    setgroups(owner->ngroups, groups) == -1 ||
		    setresgid(owner->gid, owner->gid, owner->gid) == -1 ||
		    setresuid(owner->uid, owner->uid, owner->uid) == -1 ||
		    no_way_back(owner) == -1)
			return -1;
	}
	/* A change of uid turns dumpable on again. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return -1;
	return 0;
}

static int
drop_bounding_set(void)
{
	for (int cap = 0; cap < 64; cap++)
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1 &&
		    prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == -1)
			return -1;
	return 0;
}

static int
no_way_back(const struct owner *owner)
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct d[2];
	uid_t u[3];
	gid_t g[3];

	if (getresuid(&u[0], &u[1], &u[2]) == -1 ||
	    getresgid(&g[0], &g[1], &g[2]) == -1 ||
	    syscall(SYS_capget, &h, d) == -1)
		return -1;
	errno = EPERM;
	for (int i = 0; i < 3; i++)
		if (u[i] != owner->uid || g[i] != owner->gid)
			return -1;
	for (int i = 0; i < 2; i++)
		if (d[i].permitted != 0 || d[i].effective != 0 ||
		    d[i].inheritable != 0)
			return -1;
	if (setresuid(0, 0, 0) != -1 || setuid(0) != -1) {
		errno = EPERM;
		return -1;
	}
	return 0;
}

static int
open_root(const struct owner *owner, int *rooterr)
{
	int fd = open(owner->maildir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		*rooterr = errno;
	return fd;
}

/* Before Landlock, which allows no program; the client comes later. */
static void
login_exec(const struct owner *owner, int rootfd)
{
	const struct loginexec how = {.user = owner->user,
	    .home = owner->home,
	    .maildir = owner->maildir,
	    .options = owner->options,
	    .seconds = LOGINEXEC_SECONDS};

	if (rootfd != -1)
		loginexec_run(rootfd, &how);
}

/*
 * After loginexec, whose program would be shut in as well. A machine without
 * Landlock or filters has been told of by the master, or is not served.
 */
static int
shut_in(const struct settings *set, const struct owner *owner, int rootfd)
{
	char index[SETTINGS_PATH + 64];
	const char *extra = NULL;
	int version;

	if (set->sandbox == SETTINGS_SANDBOX_OFF)
		return 0;

	if (indexdir_path(set, owner, index, sizeof(index)))
		extra = index;
	version = landlock_enter(rootfd, extra);
	if (version == -1)
		log_line(LOG_LEVEL_WARN, "Landlock: %s", strerror(errno));
	if (version <= 0 && set->sandbox == SETTINGS_SANDBOX_REQUIRED)
		return -1;
	if (filter_enter(BOOT_SESSION) == 0)
		return 0;
	log_line(LOG_LEVEL_ERR, "filter: %s", strerror(errno));
	return -1;
}

static uint64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}
