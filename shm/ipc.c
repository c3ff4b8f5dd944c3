/*
 * Messages between processes: frame, send, receive, and the typed cursors. A
 * frame is 8 bytes (type, length of the body; little end first) before the
 * body. What a less trusted peer sends is checked against the list before
 * anybody looks at it.
 */
#include "shm/ipc.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define HEADER 8u
#define REFS_MS                                                                \
	5 /* ms between tries while a user's descriptors are under way */

struct rule {
	const char *name;
	enum boot_role from, to;
	int fds;
	size_t max;
};

#define IPC_RULE(name, from, to, fds, max)                                     \
	[IPC_##name] = {#name, BOOT_##from, BOOT_##to, fds, max},
static const struct rule rules[IPC_TYPES] = {IPC_LIST(IPC_RULE)};

static uint8_t put_space[IPC_BODY_MAX];
static uint8_t get_space[HEADER + IPC_BODY_MAX + 1];
static size_t put_used, get_used; /* by the last message, for ipc_wipe */

static int send_once(int, struct ipc_put *, const int *, int);
static void take_rights(struct msghdr *, struct ipc_msg *, bool *);
static bool allowed(const struct ipc_msg *, enum boot_role, enum boot_role);
static void put_raw(struct ipc_put *, const void *, size_t);
static const uint8_t *get_raw(struct ipc_get *, size_t);
static uint32_t load32(const uint8_t *);
static void store32(uint8_t *, uint32_t);

const char *
ipc_name(unsigned type)
{
	return type > IPC_NONE && type < IPC_TYPES ? rules[type].name : "?";
}

int
ipc_pair(int fds[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds);
}

void
ipc_begin(struct ipc_put *m, enum ipc_type type)
{
	assert(type > IPC_NONE && type < IPC_TYPES);
	m->type = type;
	m->failed = false;
	m->len = 0;
	m->body = put_space;
}

void
ipc_put_u32(struct ipc_put *m, uint32_t v)
{
	uint8_t b[4];

	store32(b, v);
	put_raw(m, b, sizeof(b));
}

void
ipc_put_u64(struct ipc_put *m, uint64_t v)
{
	ipc_put_u32(m, (uint32_t)v);
	ipc_put_u32(m, (uint32_t)(v >> 32));
}

void
ipc_put_bytes(struct ipc_put *m, const void *p, size_t n)
{
	if (n > IPC_BODY_MAX) {
		m->failed = true;
		return;
	}
	ipc_put_u32(m, (uint32_t)n);
	put_raw(m, p, n);
}

void
ipc_put_str(struct ipc_put *m, const char *s)
{
	ipc_put_bytes(m, s, strlen(s));
}

int
ipc_send(int channel, struct ipc_put *m, const int *fds, int nfds)
{
	const struct rule *r = &rules[m->type];

	if (m->failed || m->len > r->max || nfds > r->fds) {
		errno = EMSGSIZE;
		return -1;
	}
	return send_once(channel, m, fds, nfds);
}

int
ipc_send_wait(int channel, struct ipc_put *m, const int *fds, int nfds, int ms)
{
	struct pollfd p = {.fd = channel, .events = POLLOUT};
	struct timespec a, b;
	int left = ms, n;

	(void)clock_gettime(CLOCK_MONOTONIC, &a);
	while (ipc_send(channel, m, fds, nfds) == -1) {
		bool refs = errno == ETOOMANYREFS;

		if (errno != EAGAIN && !refs)
			return -1;
		(void)clock_gettime(CLOCK_MONOTONIC, &b);
		left = ms - (int)((b.tv_sec - a.tv_sec) * 1000 +
				  (b.tv_nsec - a.tv_nsec) / 1000000);
		if (left <= 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		/* Nobody tells when others' descriptors have arrived. */
		n = refs ? poll(NULL, 0, left < REFS_MS ? left : REFS_MS)
			 : poll(&p, 1, left);
		if (n == -1 && errno != EINTR)
			return -1;
	}
	return 0;
}

void
ipc_blame(int master, uint32_t number, uint64_t incarnation)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_BLAME);
	ipc_put_u32(&put, number);
	ipc_put_u64(&put, incarnation);
	/* A master that does not read has killed us already. */
	(void)ipc_send(master, &put, NULL, 0);
}

int
ipc_recv(
    int channel, enum boot_role me, enum boot_role from, struct ipc_msg *msg)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int) * 253)];
	} control;
	struct iovec iov = {get_space, sizeof(get_space)};
	struct msghdr h = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control.space,
	    .msg_controllen = sizeof(control.space)};
	bool many = false;
	ssize_t n;

	ipc_drop(msg);
	do
		n = recvmsg(channel, &h, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n == -1 && errno == EINTR);
	if (n == -1 && errno == ECONNRESET)
		return 0;
	if (n <= 0)
		return (int)n;
	get_used = (size_t)n;
	take_rights(&h, msg, &many);
	msg->type = IPC_NONE;
	msg->body = get_space + HEADER;
	if (n >= (ssize_t)HEADER &&
	    load32(get_space + 4) == (size_t)n - HEADER &&
	    load32(get_space) < IPC_TYPES) {
		msg->type = (enum ipc_type)load32(get_space);
		msg->len = (size_t)n - HEADER;
	}
	if (many || (h.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ||
	    !allowed(msg, me, from)) {
		ipc_drop(msg);
		errno = EPROTO;
		return -1;
	}
	return 1;
}

int
ipc_forward(int channel, enum ipc_type type, const struct ipc_msg *msg)
{
	struct ipc_put put;

	ipc_begin(&put, type);
	put_raw(&put, msg->body, msg->len);
	return ipc_send(channel, &put, msg->fds, msg->nfds);
}

int
ipc_take_fd(struct ipc_msg *msg, int i)
{
	int fd;

	if (i < 0 || i >= msg->nfds)
		return -1;
	fd = msg->fds[i];
	msg->fds[i] = -1;
	return fd;
}

void
ipc_drop(struct ipc_msg *msg)
{
	int i;

	for (i = 0; i < msg->nfds; i++)
		if (msg->fds[i] != -1)
			(void)close(msg->fds[i]);
	msg->nfds = 0;
}

void
ipc_wipe(void)
{
	explicit_bzero(put_space, put_used);
	explicit_bzero(get_space, get_used);
}

void
ipc_open(struct ipc_get *g, const struct ipc_msg *msg)
{
	g->p = msg->body;
	g->end = msg->body + msg->len;
	g->failed = false;
}

uint32_t
ipc_get_u32(struct ipc_get *g)
{
	const uint8_t *p = get_raw(g, 4);

	return p == NULL ? 0 : load32(p);
}

uint64_t
ipc_get_u64(struct ipc_get *g)
{
	uint64_t low = ipc_get_u32(g);

	return low | (uint64_t)ipc_get_u32(g) << 32;
}

const uint8_t *
ipc_get_bytes(struct ipc_get *g, size_t *n, size_t max)
{
	const uint8_t *p;
	size_t len = ipc_get_u32(g);

	*n = 0;
	if (len > max)
		g->failed = true;
	if ((p = get_raw(g, len)) != NULL)
		*n = len;
	return p;
}

void
ipc_get_str(struct ipc_get *g, char *buf, size_t size)
{
	const uint8_t *p;
	size_t n;

	assert(size > 0);
	p = ipc_get_bytes(g, &n, size - 1);
	if (p != NULL && memchr(p, 0, n) != NULL) {
		g->failed = true;
		n = 0;
	}
	if (n > 0)
		memcpy(buf, p, n);
	buf[n] = '\0';
}

int
ipc_done(const struct ipc_get *g)
{
	return g->failed || g->p != g->end ? -1 : 0;
}

static int
send_once(int channel, struct ipc_put *m, const int *fds, int nfds)
{
	uint8_t header[HEADER];
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int) * IPC_FDS_MAX)];
	} control;
	struct iovec iov[2] = {{header, HEADER}, {m->body, m->len}};
	struct msghdr h = {.msg_iov = iov, .msg_iovlen = 2};
	struct cmsghdr *c;
	ssize_t n;

	put_used = m->len;
	store32(header, (uint32_t)m->type);
	store32(header + 4, (uint32_t)m->len);
	if (nfds > 0) {
		memset(&control, 0, sizeof(control));
		h.msg_control = control.space;
		h.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)nfds);
		c = CMSG_FIRSTHDR(&h);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)nfds);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * (size_t)nfds);
	}
	do
		n = sendmsg(channel, &h, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	return n == -1 ? -1 : 0;
}

/* Descriptors beyond IPC_FDS_MAX are closed at once; *many tells. */
static void
take_rights(struct msghdr *h, struct ipc_msg *msg, bool *many)
{
	struct cmsghdr *c;
	size_t i, n;
	int fd;

	for (c = CMSG_FIRSTHDR(h); c != NULL; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			memcpy(
			    &fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (msg->nfds < IPC_FDS_MAX) {
				msg->fds[msg->nfds++] = fd;
			} else {
				(void)close(fd);
				*many = true;
			}
		}
	}
}

static bool
allowed(const struct ipc_msg *msg, enum boot_role me, enum boot_role from)
{
	const struct rule *r;

	if (msg->type == IPC_NONE)
		return false;
	r = &rules[msg->type];
	return (r->from == BOOT_ANY || r->from == from) &&
	       (r->to == BOOT_ANY || r->to == me) && msg->len <= r->max &&
	       msg->nfds <= r->fds;
}

static void
put_raw(struct ipc_put *m, const void *p, size_t n)
{
	if (m->failed || n > IPC_BODY_MAX - m->len) {
		m->failed = true;
		return;
	}
	if (n > 0)
		memcpy(m->body + m->len, p, n);
	m->len += n;
}

static const uint8_t *
get_raw(struct ipc_get *g, size_t n)
{
	const uint8_t *p = g->p;

	if (g->failed || n > (size_t)(g->end - g->p)) {
		g->failed = true;
		return NULL;
	}
	g->p += n;
	return p;
}

static uint32_t
load32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

static void
store32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)(v >> 16);
	p[3] = (uint8_t)(v >> 24);
}
