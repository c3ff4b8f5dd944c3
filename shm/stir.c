/* One datagram with one descriptor; who sends it is the kernel's word. */
#include "shm/stir.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <bsd/string.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

int
stir_send(const char *path, int dirfd)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {.space = {0}};
	char byte = 'P';
	struct iovec iov = {&byte, 1};
	struct msghdr m = {.msg_name = &to,
	    .msg_namelen = sizeof(to),
	    .msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int fd, ret, saved;

	if (strlcpy(to.sun_path, path, sizeof(to.sun_path)) >=
	    sizeof(to.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &dirfd, sizeof(int));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	do
		ret =
		    sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) == 1 ? 0 : -1;
	while (ret == -1 && errno == EINTR);
	saved = errno;
	(void)close(fd);
	errno = saved;
	return ret;
}
