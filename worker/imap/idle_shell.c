/*
 * IDLE of a session from a shell: one inotify descriptor over the folder's
 * directories, opened by descriptor so that no name is looked up twice.
 */
#include <sys/inotify.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "worker/imap/idle.h"
#include "worker/imap/view.h"

#define EVENTS                                                                 \
	(IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_CLOSE_WRITE)

int
idle_shell_watch(struct session *s)
{
	char path[64];
	uint64_t stamp;
	int fds[3], fd, i, bad = 0;

	if (mailbox_watch(s->client.view->mailbox, fds, &stamp) == -1)
		return -1;
	fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	for (i = 0; i < 3; i++) {
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[i]);
		if (fd == -1 || inotify_add_watch(fd, path, EVENTS) == -1)
			bad = 1;
		(void)close(fds[i]);
	}
	if (bad != 0) {
		if (fd != -1)
			(void)close(fd);
		return -1;
	}
	s->wire.control = fd;
	return 0;
}

void
idle_shell_unwatch(struct session *s)
{
	if (s->wire.control != -1)
		(void)close(s->wire.control);
	s->wire.control = -1;
}

void
idle_shell_read(struct session *s)
{
	char events[4096];
	ssize_t n;

	/* What it says is of no interest: the folder itself is looked at. */
	do
		n = read(s->wire.control, events, sizeof(events));
	while (n > 0 || (n == -1 && errno == EINTR));
	s->news.changed = true;
}
