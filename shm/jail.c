/*
 * Jails by role. What each role keeps:
 *
 *   role      user    root   capabilities
 *   log       imapd   as is  none (opens /dev/log again after a restart)
 *   auth      auth's  as is  DAC_READ_SEARCH (userdb is root's, mode 0600)
 *   pam       root    as is  all (modules need what they need)
 *   spawner   root    as is  SETUID SETGID KILL CHOWN SETPCAP
 *   template  root    as is  SETUID SETGID KILL SETPCAP
 *   session   the owner's: done by the spare itself, jail_enter is not called
 *   watch     imapd   empty  DAC_READ_SEARCH
 *   worker    imapd   empty  none
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
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CAP(c) (UINT64_C(1) << (c))

struct jail {
	bool own_user; /* change to imapd or auth's user */
	bool auth_user;
	bool empty_root;
	bool no_new_privs;
	uint64_t caps; /* kept; ALL: untouched */
};
#define ALL UINT64_MAX

static const struct jail jails[BOOT_ROLES] = {
    [BOOT_MASTER] = {.caps = ALL},
    [BOOT_LOG] = {.own_user = true, .no_new_privs = true},
    [BOOT_AUTH] = {.auth_user = true,
	.no_new_privs = true,
	.caps = CAP(CAP_DAC_READ_SEARCH)},
    [BOOT_PAM] = {.caps = ALL},
    [BOOT_SPAWNER] = {.caps = CAP(CAP_SETUID) | CAP(CAP_SETGID) |
			      CAP(CAP_KILL) | CAP(CAP_CHOWN) |
			      CAP(CAP_SETPCAP)},
    [BOOT_TEMPLATE] = {.no_new_privs = true,
	.caps = CAP(CAP_SETUID) | CAP(CAP_SETGID) | CAP(CAP_KILL) |
		CAP(CAP_SETPCAP)},
    [BOOT_WATCH] = {.own_user = true,
	.empty_root = true,
	.no_new_privs = true,
	.caps = CAP(CAP_DAC_READ_SEARCH)},
    [BOOT_WORKER] = {.own_user = true,
	.empty_root = true,
	.no_new_privs = true},
};

static int enter_empty_root(void);
static int change_user(uint32_t, uint32_t);
static int bound_capabilities(uint64_t);
static int keep_capabilities(uint64_t);

int
jail_enter(const struct boot *boot)
{
	const struct jail *j = &jails[boot->role];
	struct rlimit none = {0, 0};
	uint32_t uid, gid;

	if (setrlimit(RLIMIT_CORE, &none) == -1 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return -1;
	if (boot->privileged != 0 && j->caps != ALL) {
		if (j->empty_root && enter_empty_root() == -1)
			return -1;
		if (bound_capabilities(j->caps) == -1)
			return -1;
		uid = j->auth_user ? boot->set.auth_uid : boot->set.imap_uid;
		gid = j->auth_user ? boot->set.auth_gid : boot->set.imap_gid;
		if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == -1)
			return -1;
		if ((j->own_user || j->auth_user) &&
		    change_user(uid, gid) == -1)
			return -1;
		if (keep_capabilities(j->caps) == -1)
			return -1;
		/* A change of uid turns dumpable on again. */
		if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
			return -1;
	}
	if (j->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return -1;
	return 0;
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

static int
keep_capabilities(uint64_t caps)
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct d[2] = {{0}};

	d[0].permitted = d[0].effective = (uint32_t)caps;
	d[1].permitted = d[1].effective = (uint32_t)(caps >> 32);
	return (int)syscall(SYS_capset, &h, d);
}
