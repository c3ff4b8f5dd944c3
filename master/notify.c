/*
 * One datagram to $NOTIFY_SOCKET; one line in the pid file.
 */
#include "master/notify.h"

#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "shm/settings.h"

static long pid_in(const char *pidfile);
static void make_folder(const char *);

void
notify_systemd(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	socklen_t len;
	int fd;

	if (path == NULL || (path[0] != '/' && path[0] != '@') ||
	    strlen(path) >= sizeof(sun.sun_path))
		return;
	strlcpy(sun.sun_path, path, sizeof(sun.sun_path));
	len =
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	if (path[0] == '@')
		sun.sun_path[0] = '\0'; /* the abstract name space */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return;
	/* Nobody to tell is no error of ours. */
	(void)sendto(fd, state, strlen(state), MSG_DONTWAIT | MSG_NOSIGNAL,
	    (struct sockaddr *)&sun, len);
	close(fd);
}

int
pidfile_lock(const char *pidfile)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char name[SETTINGS_PATH + 8];
	int fd, saved;

	snprintf(name, sizeof(name), "%s.lock", pidfile);
	make_folder(name);
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1)
		return -1;
	/* Of the open file, not the process: it survives our fork. */
	if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
		return fd;
	saved = errno == EACCES ? EAGAIN : errno;
	close(fd);
	errno = saved;
	return -1;
}

int
pidfile_also(const char *pidfile)
{
	long pid = pid_in(pidfile);

	if (pid > 1 && pid != (long)getpid() && kill((pid_t)pid, 0) == 0) {
		errno = EEXIST;
		return -1;
	}
	return pidfile_write(pidfile);
}

void
pidfile_remove(const char *pidfile)
{
	if (pid_in(pidfile) == (long)getpid())
		(void)unlink(pidfile);
}

/* The number in it, 0 if there is none. */
static long
pid_in(const char *pidfile)
{
	int fd = open(pidfile, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char text[32];
	ssize_t n;

	if (fd == -1)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return strtol(text, NULL, 10);
}

/*
 * /run is empty after a boot, and the package that made /run/courier in it may
 * have gone. Whoever cannot make it hears so from what comes next.
 */
static void
make_folder(const char *name)
{
	char folder[SETTINGS_PATH + 8];
	const char *slash = strrchr(name, '/');

	if (slash == NULL || slash == name)
		return;
	snprintf(folder, sizeof(folder), "%.*s", (int)(slash - name), name);
	(void)mkdir(folder, 0755);
}

int
pidfile_write(const char *pidfile)
{
	char name[SETTINGS_PATH + 8], text[32];
	int fd, n, saved;
	bool whole;

	make_folder(pidfile);
	snprintf(name, sizeof(name), "%s.new", pidfile);
	if (unlink(name) == -1 && errno != ENOENT)
		return -1;
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd == -1)
		return -1;
	n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	whole = write(fd, text, (size_t)n) == n;
	if (close(fd) == 0 && whole && rename(name, pidfile) == 0)
		return 0;
	saved = errno;
	unlink(name);
	errno = saved;
	return -1;
}
