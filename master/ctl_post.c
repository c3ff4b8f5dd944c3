/* The descriptor that is sent is the proof that its sender may read there. */
#include "master/ctl_post.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shm/stir.h"

#define TRIES 50       /* while the server's queue is full, ... */
#define PAUSE 20000000 /* ... every so many ns */

static int send_one(const char *socket, int dirfd);

int
ctl_post(const char *socket, int n, char **dirs)
{
	int fd, failed = 0;

	if (socket == NULL)
		socket = getenv("IMAP_NOTIFYSOCKET");
	if (socket == NULL)
		socket = STIR_SOCKET;
	for (int i = 0; i < n; i++) {
		fd = open(dirs[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd == -1)
			(void)fprintf(stderr, "imapctl: %s: %s\n", dirs[i],
			    strerror(errno));
		else if (send_one(socket, fd) == -1) {
			(void)fprintf(stderr, "imapctl: %s: %s\n", socket,
			    strerror(errno));
			return 1;
		}
		failed |= fd == -1;
		if (fd != -1)
			(void)close(fd);
	}
	return failed;
}

static int
send_one(const char *socket, int dirfd)
{
	const struct timespec pause = {0, PAUSE};

	for (int i = 0; i < TRIES; i++) {
		if (stir_send(socket, dirfd) == 0)
			return 0;
		if (errno != EAGAIN)
			break;
		(void)nanosleep(&pause, NULL);
	}
	return -1;
}
