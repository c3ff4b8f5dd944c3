/* Sockets in the file system. */
#include "master/local.h"

#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 16

static int clear(const struct sockaddr_un *, int type);
static int prepare(int fd, const struct sockaddr_un *, int type, gid_t gid);
static int give_mode(const char *path, mode_t mode);

int
local_open(const char *path, int type, mode_t mode, gid_t gid)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	const int on = 1;
	int fd, saved;

	if (path[0] == '\0') {
		errno = ENOENT;
		return -1;
	}
	if (strlcpy(un.sun_path, path, sizeof(un.sun_path)) >=
	    sizeof(un.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (clear(&un, type) == -1)
		return -1;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return -1;
	/* Nobody else comes in before it has its mode. */
	if (fchmod(fd, 0600) == 0 && prepare(fd, &un, type, gid) == 0 &&
	    (type != SOCK_DGRAM || setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on,
				       sizeof(on)) == 0) &&
	    give_mode(path, mode) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* What a dead server left; never what is no socket. */
static int
clear(const struct sockaddr_un *un, int type)
{
	struct stat st;
	bool living;
	int fd;

	if (lstat(un->sun_path, &st) == -1)
		return errno == ENOENT ? 0 : -1;
	errno = EEXIST;
	if (!S_ISSOCK(st.st_mode))
		return -1;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return -1;
	/* A full queue is a living server's, too. */
	living = connect(fd, (const struct sockaddr *)un, sizeof(*un)) == 0 ||
		 errno != ECONNREFUSED;
	close(fd);
	errno = EADDRINUSE;
	return living ? -1 : unlink(un->sun_path);
}

static int
prepare(int fd, const struct sockaddr_un *un, int type, gid_t gid)
{
	if (bind(fd, (const struct sockaddr *)un, sizeof(*un)) == -1)
		return -1;
	if (gid != (gid_t)-1 && lchown(un->sun_path, (uid_t)-1, gid) == -1)
		return -1;
	return type == SOCK_DGRAM ? 0 : listen(fd, BACKLOG);
}

/* Of the socket itself: what took its place meanwhile is left alone. */
static int
give_mode(const char *path, mode_t mode)
{
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC), r = -1;
	char own[32];
	struct stat st;

	if (fd == -1)
		return -1;
	(void)snprintf(own, sizeof(own), "/proc/self/fd/%d", fd);
	if (fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode))
		r = chmod(own, mode);
	else
		errno = EEXIST;
	close(fd);
	return r;
}

void
local_remove(const char *path)
{
	if (path[0] != '\0')
		(void)unlink(path);
}
