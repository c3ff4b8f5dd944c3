/*
 * Every message of the list, wrong: what a peer that has been taken over may
 * send to another, one after the other. For the programs of t/evil.
 */
#ifndef T_EVIL_WRONG_H
#define T_EVIL_WRONG_H

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "shm/ipc.h"

#define WRONG_MANY                                                             \
	253 /* descriptors: what the kernel takes with one message             \
	     */

struct wrong { /* a message as it is sent, right or not */
	uint32_t type, claimed;
	size_t len;
	int nfds;
};

static const struct {
	const char *name;
	enum boot_role from, to;
	int fds;
	size_t max;
} wrong_rules[] = {{"NONE", BOOT_ANY, BOOT_ANY, 0, 0},
#define WRONG_RULE(name, from, to, fds, max)                                   \
	{#name, BOOT_##from, BOOT_##to, fds, max},
    IPC_LIST(WRONG_RULE)};

/* The k-th of those that one type gives; false: there are no more. */
static bool
wrong_of_type(enum boot_role from, enum boot_role to, uint32_t t, unsigned k,
    struct wrong *w)
{
	uint32_t max = (uint32_t)wrong_rules[t].max;
	int fds = wrong_rules[t].fds;
	const struct wrong role[] = {{t, 0, 0, 0}, {t, 16, 16, fds}};
	const struct wrong shape[] = {{t, max + 1, max + 1, 0}, {t, 0, 0, 0},
	    {t, 3, 3, 0}, {t, max, max, 0}, {t, 60, 60, fds + 1},
	    {t, 60, 60, WRONG_MANY}};
	bool may =
	    (wrong_rules[t].from == BOOT_ANY || wrong_rules[t].from == from) &&
	    (wrong_rules[t].to == BOOT_ANY || wrong_rules[t].to == to);

	if (k >= (may ? 6u : 2u))
		return false;
	*w = may ? shape[k] : role[k];
	return true;
}

/* The n-th of all, from one role to another; false: there are no more. */
static bool
wrong_nth(enum boot_role from, enum boot_role to, unsigned n, struct wrong *w)
{
	static const struct wrong frames[] = {{0, 0, 0, 0},
	    {IPC_TYPES, 0, 0, 0}, {UINT32_MAX, 0, 0, 0}, {IPC_FORGET, 7, 8, 0},
	    {IPC_FORGET, 9, 8, 0}, {IPC_FORGET, UINT32_MAX, 8, 0},
	    {IPC_ASK, IPC_BODY_MAX + 60, IPC_BODY_MAX + 60, 0}};
	unsigned k;

	for (uint32_t t = 1; t < IPC_TYPES; t++)
		for (k = 0; wrong_of_type(from, to, t, k, w); k++)
			if (n-- == 0)
				return true;
	if (n >= sizeof(frames) / sizeof(frames[0]))
		return false;
	*w = frames[n];
	return true;
}

static void
wrong_store(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

/* As it comes: no check of ours stands in the way. 0, or -1 with errno. */
static int
wrong_send(int channel, const struct wrong *w, int fd)
{
	static uint8_t bytes[8 + IPC_BODY_MAX + 64];
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int) * WRONG_MANY)];
	} control;
	struct iovec iov = {bytes, 8 + w->len};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};
	size_t size = sizeof(int) * (size_t)w->nfds;
	struct cmsghdr *c;
	int fds[WRONG_MANY];

	memset(bytes, 0xa5, sizeof(bytes));
	wrong_store(bytes, w->type);
	wrong_store(bytes + 4, w->claimed);
	if (w->nfds > 0) {
		for (int i = 0; i < w->nfds; i++)
			fds[i] = fd;
		memset(&control, 0, sizeof(control));
		h.msg_control = control.space;
		h.msg_controllen = CMSG_SPACE(size);
		c = &control.align;
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(size);
		memcpy(CMSG_DATA(c), fds, size);
	}
	return sendmsg(channel, &h, MSG_NOSIGNAL) == -1 ? -1 : 0;
}

/* 1 with *msg, 0 at the end of the channel, -1 when nothing came in time. */
static int
wrong_await(int channel, enum boot_role me, enum boot_role from,
    struct ipc_msg *msg, int ms)
{
	struct pollfd p = {.fd = channel, .events = POLLIN};
	int r;

	if (poll(&p, 1, ms) != 1)
		return -1;
	r = ipc_recv(channel, me, from, msg);
	return r == -1 && errno == EAGAIN ? -1 : r == -1 ? 0 : r;
}

#endif
