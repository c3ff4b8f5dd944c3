/* What a newborn process receives: written to and read from a sealed memfd. */
#include "shm/boot.h"

#include <sys/mman.h>
#include <sys/prctl.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "shm/ipc.h"

int
boot_read(int fd, struct boot *out)
{
	static struct boot b;
	ssize_t n = pread(fd, &b, sizeof(b), 0);

	(void)close(fd);
	if (n == -1)
		return -1;
	if (n != (ssize_t)sizeof(b) || b.magic != BOOT_MAGIC ||
	    b.version != IPC_VERSION || b.size != sizeof(b) ||
	    b.role >= BOOT_ROLES || b.number >= BOOT_WORKERS) {
		errno = EPROTO;
		return -1;
	}
	*out = b;
	return 0;
}

int
boot_take(struct boot *out)
{
	(void)prctl(PR_SET_NAME, program_invocation_short_name, 0, 0, 0);
	return boot_read(BOOT_FD_BOOT, out);
}

int
boot_write(const struct boot *b)
{
	int fd, e;

	fd = memfd_create("imapd-boot", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd == -1)
		return -1;
	if (write(fd, b, sizeof(*b)) == (ssize_t)sizeof(*b) &&
	    fcntl(fd, F_ADD_SEALS,
		F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0)
		return fd;
	e = errno;
	(void)close(fd);
	errno = e;
	return -1;
}

const char *
boot_role_name(enum boot_role role)
{
	static const char *const names[BOOT_ROLES] = {"any", "master", "log",
	    "auth", "pam", "spawner", "template", "session", "watch", "worker",
	    "admin"};

	return (unsigned)role < BOOT_ROLES ? names[role] : "?";
}
