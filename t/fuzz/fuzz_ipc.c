/*
 * Messages between processes. The first two bytes pick who receives from whom,
 * the third how many descriptors come along; the rest is the frame and body as
 * a captured peer may send them. What is let through is of the list's size, and
 * reading its fields in any order stays inside. An ASK is read as auth does.
 */
#include "auth/request.h"
#include "shm/ipc.h"
#include "t/fuzz/world.h"

#include <sys/socket.h>
#include <sys/uio.h>

static int pair[2] = {-1, -1};

static void
send_raw(const uint8_t *data, size_t size, int nfds)
{
	union {
		char space[CMSG_SPACE(8 * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = {(void *)(uintptr_t)data, size};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c;
	int fds[8];

	for (int i = 0; i < nfds; i++)
		fds[i] = STDERR_FILENO;
	if (nfds > 0) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = control.space;
		msg.msg_controllen = CMSG_SPACE((size_t)nfds * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN((size_t)nfds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, (size_t)nfds * sizeof(int));
	}
	(void)!sendmsg(pair[0], &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void
read_fields(const struct ipc_msg *m)
{
	struct ipc_get get;
	const uint8_t *p;
	char text[64];
	size_t n, i;

	ipc_open(&get, m);
	for (i = 0; i < 40 && !get.failed; i++) {
		MUST(get.p >= m->body && get.p <= get.end);
		switch (i < m->len ? m->body[i] % 4 : 3) {
		case 0:
			(void)ipc_get_u32(&get);
			break;
		case 1:
			(void)ipc_get_u64(&get);
			break;
		case 2:
			p = ipc_get_bytes(&get, &n, 100);
			MUST(p == NULL || (n <= 100 && p >= m->body &&
					      p + n <= m->body + m->len));
			break;
		default:
			ipc_get_str(&get, text, sizeof(text));
			MUST(memchr(text, '\0', sizeof(text)) != NULL);
		}
	}
	(void)ipc_done(&get);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct request request;
	static struct settings set;
	struct ipc_msg m = {0};
	int r;

	if (size < 4)
		return 0;
	if (pair[0] == -1)
		MUST(ipc_pair(pair) == 0);
	send_raw(data + 3, size - 3, data[2] % 8);
	r = ipc_recv(pair[1], (enum boot_role)(data[0] % BOOT_ROLES),
	    (enum boot_role)(data[1] % BOOT_ROLES), &m);
	if (r == 1) {
		MUST(m.type > IPC_NONE && m.type < IPC_TYPES);
		MUST(m.len <= IPC_BODY_MAX && m.nfds <= IPC_FDS_MAX);
		read_fields(&m);
		if (m.type == IPC_ASK && request_read(&request, &set, &m) == 0)
			MUST(memchr(request.user, '\0', sizeof(request.user)) !=
			     NULL);
	}
	ipc_drop(&m);
	return 0;
}
