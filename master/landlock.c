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
#define FS_VERSION_2 ((UINT64_C(1) << 14) - 1)
#define FS_READ                                                                \
	((uint64_t)LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_NEVER                                                               \
	((uint64_t)LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | \
	    LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SOCK |     \
	    LANDLOCK_ACCESS_FS_MAKE_FIFO | FS_IOCTL_DEV)

/* Time zones; converters of character sets; the boot's id for the index. */
static const char *const readable[] = {"/usr/share/zoneinfo", "/etc/localtime",
    "/usr/lib", "/lib", "/lib64", "/usr/share/locale",
    "/proc/sys/kernel/random"};

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
	struct landlock_ruleset_attr attr = {.handled_access_fs = FS_VERSION_2};
	int version = landlock_version(), ruleset, saved, ret = -1;
	uint64_t all;

	if (version < 2)
		return 0;
	if (version >= 3)
		attr.handled_access_fs |= FS_TRUNCATE;
	if (version >= 5)
		attr.handled_access_fs |= FS_IOCTL_DEV;
	all = attr.handled_access_fs & ~FS_NEVER;
	ruleset =
	    (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
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
