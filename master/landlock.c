/*
 * Landlock by its system calls; glibc has no wrappers for them.
 */
#include "master/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Newer than the headers of Debian 12. */
#define FS_TRUNCATE  (UINT64_C(1) << 14) /* version 3 */
#define FS_IOCTL_DEV (UINT64_C(1) << 15) /* version 5 */
#define NET_TCP      UINT64_C(3)         /* version 4: bind, connect */
#define SCOPED       UINT64_C(3) /* version 6: abstract sockets, signals */
#define FS_VERSION_2 ((UINT64_C(1) << 14) - 1)
#define FS_READ                                                                \
	((uint64_t)LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_NEVER                                                               \
	((uint64_t)LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | \
	    LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SOCK |     \
	    LANDLOCK_ACCESS_FS_MAKE_FIFO | FS_IOCTL_DEV)

struct attr { /* of the newest kernel; an older one is given less of it */
	uint64_t fs, net, scoped;
};

/* Time zones; converters of character sets; the boot's id for the index. */
static const char *const readable[] = {"/usr/share/zoneinfo", "/etc/localtime",
    "/usr/lib", "/lib", "/lib64", "/usr/share/locale",
    "/proc/sys/kernel/random"};

static size_t attributes(int version, struct attr *);
static int allow(int ruleset, int fd, uint64_t rights);
static int allow_path(int ruleset, const char *path, uint64_t rights);

int
landlock_version(void)
{
	int version = (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);

	return version < 0 ? 0 : version;
}

int
landlock_enter(int rootfd, const char *extra)
{
	int version = landlock_version(), ruleset, saved, ret = -1;
	struct attr attr;
	uint64_t all;
	size_t size;

	if (version < 2)
		return 0;
	size = attributes(version, &attr);
	all = attr.fs & ~FS_NEVER;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
	if (ruleset == -1)
		return -1;
	if (rootfd != -1 && allow(ruleset, rootfd, all) == -1)
		goto out;
	if (extra != NULL && allow_path(ruleset, extra, all) == -1)
		goto out;
	for (size_t i = 0; i < sizeof(readable) / sizeof(readable[0]); i++)
		if (allow_path(ruleset, readable[i], FS_READ) == -1)
			goto out;
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) == 0)
		ret = version;
out:
	saved = errno;
	close(ruleset);
	errno = saved;
	return ret;
}

/* What this kernel can shut; the size of it. */
static size_t
attributes(int version, struct attr *a)
{
	a->fs = FS_VERSION_2;
	if (version >= 3)
		a->fs |= FS_TRUNCATE;
	if (version >= 5)
		a->fs |= FS_IOCTL_DEV;
	a->net = version >= 4 ? NET_TCP : 0;
	a->scoped = version >= 6 ? SCOPED : 0;
	if (version >= 6)
		return sizeof(*a);
	return version >= 4 ? offsetof(struct attr, scoped)
			    : offsetof(struct attr, net);
}

static int
allow(int ruleset, int fd, uint64_t rights)
{
	struct landlock_path_beneath_attr beneath = {
	    .allowed_access = rights, .parent_fd = fd};

	return (int)syscall(SYS_landlock_add_rule, ruleset,
	    LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
}

/* A path that is not there needs no rule. */
static int
allow_path(int ruleset, const char *path, uint64_t rights)
{
	struct stat st;
	int fd = open(path, O_PATH | O_CLOEXEC), ret, saved;

	if (fd == -1)
		return errno == ENOENT || errno == EACCES ? 0 : -1;
	ret = fstat(fd, &st);
	if (ret == 0 && !S_ISDIR(st.st_mode))
		rights &= ~(uint64_t)LANDLOCK_ACCESS_FS_READ_DIR;
	if (ret == 0)
		ret = allow(ruleset, fd, rights);
	saved = errno;
	close(fd);
	errno = saved;
	return ret;
}
