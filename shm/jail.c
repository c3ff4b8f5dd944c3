/*
 * Jails by role. What each role keeps:
 *
 *   role      user    root   capabilities
 *   master    root    as is  what it and its children need
 *   log       imapd   as is  none (connects to /dev/log after a restart)
 *   auth      auth's  as is  DAC_READ_SEARCH (userdb is root's, mode 0600)
 *   pam       root    as is  what modules may need to ask and to count
 *   spawner   root    as is  SETUID SETGID KILL CHOWN SETPCAP
 *   template  root    as is  SETUID SETGID KILL SETPCAP
 *   session   the owner's: done by the spare itself, jail_enter is not called
 *   watch     imapd   empty  DAC_READ_SEARCH
 *   worker    imapd   empty  none
 *
 * Log, auth, watch and worker live in a network of their own, with nothing in
 * it: sockets that they are handed work, others lead nowhere. All but pam and
 * template, which have their parents', load a filter for system calls
 * (filter.c), last.
 *
 * The empty root is a fresh tmpfs-less directory: /proc/self/fdinfo of a
 * process that keeps no descriptor table entry readable there would do, but
 * needs /proc; so a new directory is made under /run or /tmp, entered, and
 * removed again: a removed directory is empty for ever, nothing can be made in
 * it.
 */
#include "shm/jail.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shm/filter.h"
#include "shm/limits.h"
#include "shm/log.h"

#define CAP(c) (UINT64_C(1) << (c))

struct jail {
	bool own_user; /* change to imapd or auth's user */
	bool auth_user;
	bool empty_root;
	bool no_new_privs;
	uint64_t caps; /* kept; ALL: untouched */
	int oom;       /* who is killed when memory is short: -1000 to 1000 */
	rlim_t files;  /* RLIMIT_NOFILE; 0: the master's */
	rlim_t data;   /* RLIMIT_DATA; 0: none */
	bool no_net;   /* a network without interfaces */
	bool no_files; /* RLIMIT_FSIZE 0: nothing is written to a file */
	bool no_forks; /* RLIMIT_NPROC 0 */
	bool filter;   /* system calls by shm/filter.c's tables */
};
/* pam_unix, pam_faillock and their kind; children of the master change uid. */
#define PAM_CAPS                                                               \
	(CAP(CAP_SETUID) | CAP(CAP_SETGID) | CAP(CAP_SETPCAP) |                \
	    CAP(CAP_KILL) | CAP(CAP_CHOWN) | CAP(CAP_FOWNER) |                 \
	    CAP(CAP_FSETID) | CAP(CAP_NET_BIND_SERVICE) |                      \
	    CAP(CAP_SYS_CHROOT) | CAP(CAP_SYS_RESOURCE) |                      \
	    CAP(CAP_DAC_READ_SEARCH) | CAP(CAP_DAC_OVERRIDE) |                 \
	    CAP(CAP_AUDIT_WRITE) | CAP(CAP_IPC_LOCK))

static const struct jail jails[BOOT_ROLES] = {
    /* SYS_ADMIN: its children's networks, its own filter. */
    [BOOT_MASTER] = {.caps = PAM_CAPS | CAP(CAP_SYS_ADMIN), .oom = -900},
    [BOOT_LOG] = {.own_user = true,
	.no_new_privs = true,
	.no_net = true,
	.no_forks = true,
	.filter = true,
	.files = SERVANT_FILES},
    [BOOT_AUTH] = {.auth_user = true,
	.no_new_privs = true,
	.no_net = true,
	.filter = true,
	.oom = -500,
	.files = SERVANT_FILES,
	.caps = CAP(CAP_DAC_READ_SEARCH)},
    [BOOT_PAM] = {.caps = PAM_CAPS, .files = SERVANT_FILES},
    /* In the network of all: what loginexec runs may need it. */
    [BOOT_SPAWNER] = {.no_new_privs = true,
	.filter = true,
	.oom = -500,
	.files = SERVANT_FILES,
	.caps = CAP(CAP_SETUID) | CAP(CAP_SETGID) | CAP(CAP_KILL) |
		CAP(CAP_CHOWN) | CAP(CAP_SETPCAP)},
    /* What it has the sessions have. RLIMIT_AS would count the index's map. */
    [BOOT_TEMPLATE] = {.no_new_privs = true,
	.oom = 500,
	.files = SESSION_FILES,
	.data = SESSION_DATA,
	.caps = CAP(CAP_SETUID) | CAP(CAP_SETGID) | CAP(CAP_KILL) |
		CAP(CAP_SETPCAP)},
    [BOOT_WATCH] = {.own_user = true,
	.empty_root = true,
	.no_net = true,
	.no_files = true,
	.no_forks = true,
	.no_new_privs = true,
	.filter = true,
	.oom = -500,
	.caps = CAP(CAP_DAC_READ_SEARCH)},
    [BOOT_WORKER] = {.own_user = true,
	.empty_root = true,
	.no_net = true,
	.no_files = true,
	.no_forks = true,
	.no_new_privs = true,
	.filter = true},
};

static int limits(const struct jail *);
static int limit(int resource, rlim_t);
static int give_up(const struct jail *, const struct boot *);
static int empty_net(const struct settings *);
static int enter_empty_root(void);
static int change_user(uint32_t, uint32_t);
static int bound_capabilities(uint64_t);
static int keep_capabilities(uint64_t);

int
jail_enter(const struct boot *boot)
{
	const struct jail *j = &jails[boot->role];
	bool filter = j->filter && boot->set.sandbox != SETTINGS_SANDBOX_OFF;

	/* Made in a memfd, which a limit of files is for as well. */
	if (filter && filter_prepare((enum boot_role)boot->role) == -1)
		return -1;
	/* Who may not be spared has been told by the master. */
	if (jail_oom(boot->role) == -1 && j->oom > 0)
		log_line(LOG_LEVEL_NOTICE, "oom_score_adj %d: %s", j->oom,
		    strerror(errno));
	if (limits(j) == -1 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return -1;
	if (boot->privileged != 0 && give_up(j, boot) == -1)
		return -1;
	/* A change of uid turns dumpable on again. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return -1;
	if (j->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return -1;
	return filter ? filter_enter((enum boot_role)boot->role) : 0;
}

int
jail_master(bool privileged)
{
	const struct jail *j = &jails[BOOT_MASTER];

	if (limit(RLIMIT_CORE, 0) == -1 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return -1;
	if (!privileged)
		return 0;
	return bound_capabilities(j->caps) == -1 ? -1
						 : keep_capabilities(j->caps);
}

/* Where there is no filter other things than ours may write and fork. */
static int
limits(const struct jail *j)
{
	bool strict = filter_off() == NULL;

	if (limit(RLIMIT_CORE, 0) == -1 ||
	    (j->files != 0 && limit(RLIMIT_NOFILE, j->files) == -1) ||
	    (j->data != 0 && strict && limit(RLIMIT_DATA, j->data) == -1) ||
	    (j->no_files && strict && limit(RLIMIT_FSIZE, 0) == -1) ||
	    (j->no_forks && strict && limit(RLIMIT_NPROC, 0) == -1))
		return -1;
	return 0;
}

/* While it is root, what it will not be again. */
static int
give_up(const struct jail *j, const struct boot *boot)
{
	uint32_t uid, gid;

	if (j->no_net && empty_net(&boot->set) == -1)
		return -1;
	if (j->empty_root && enter_empty_root() == -1)
		return -1;
	if (bound_capabilities(j->caps) == -1)
		return -1;
	uid = j->auth_user ? boot->set.auth_uid : boot->set.imap_uid;
	gid = j->auth_user ? boot->set.auth_gid : boot->set.imap_gid;
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == -1)
		return -1;
	if ((j->own_user || j->auth_user) && change_user(uid, gid) == -1)
		return -1;
	return keep_capabilities(j->caps);
}

/* A machine that has none to give has been told of by the master. */
static int
empty_net(const struct settings *set)
{
	if (set->sandbox == SETTINGS_SANDBOX_OFF || unshare(CLONE_NEWNET) == 0)
		return 0;
	return set->sandbox == SETTINGS_SANDBOX_REQUIRED ? -1 : 0;
}

int
jail_oom(uint32_t role)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%d", jails[role].oom), saved;
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd == -1)
		return -1;
	n = write(fd, text, (size_t)n) == n ? 0 : -1;
	saved = errno;
	(void)close(fd);
	errno = saved;
	return n;
}

/* Never higher than it was. */
static int
limit(int resource, rlim_t most)
{
	struct rlimit r;

	if (getrlimit(resource, &r) == -1)
		return -1;
	if (r.rlim_max > most)
		r.rlim_max = most;
	if (r.rlim_cur > r.rlim_max)
		r.rlim_cur = r.rlim_max;
	return setrlimit(resource, &r);
}

static int
enter_empty_root(void)
{
	static const char *const places[] = {"/run", "/tmp"};
	char dir[32];
	size_t i;
	int fd = -1;

	for (i = 0; i < 2 && fd == -1; i++) {
		(void)snprintf(dir, sizeof(dir), "%s/imapd-XXXXXX", places[i]);
		if (mkdtemp(dir) == NULL)
			continue;
		fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (rmdir(dir) == -1 && fd != -1) {
			(void)close(fd);
			fd = -1;
		}
	}
	if (fd == -1)
		return -1;
	if (fchdir(fd) == -1 || chroot(".") == -1) {
		(void)close(fd);
		return -1;
	}
	return close(fd);
}

static int
change_user(uint32_t uid, uint32_t gid)
{
	if (uid == 0 || gid == 0) {
		errno = EPERM;
		return -1;
	}
	if (setgroups(0, NULL) == -1 || setresgid(gid, gid, gid) == -1 ||
	    setresuid(uid, uid, uid) == -1)
		return -1;
	if (setresuid(0, 0, 0) != -1 || getuid() != uid || getgid() != gid) {
		errno = EPERM;
		return -1;
	}
	return 0;
}

/* While still root: a change of uid takes the effective set away. */
static int
bound_capabilities(uint64_t caps)
{
	int c;

	for (c = 0; c < 64; c++) {
		if ((caps & CAP(c)) != 0 ||
		    prctl(PR_CAPBSET_READ, c, 0, 0, 0) != 1)
			continue;
		if (prctl(PR_CAPBSET_DROP, c, 0, 0, 0) == -1)
			return -1;
	}
	return 0;
}

/* Those that it has, of these. */
static int
keep_capabilities(uint64_t caps)
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct d[2] = {{0}};

	if (syscall(SYS_capget, &h, d) == -1)
		return -1;
	d[0].permitted &= (uint32_t)caps;
	d[1].permitted &= (uint32_t)(caps >> 32);
	for (int i = 0; i < 2; i++) {
		d[i].effective = d[i].permitted;
		d[i].inheritable = 0;
	}
	return (int)syscall(SYS_capset, &h, d);
}
