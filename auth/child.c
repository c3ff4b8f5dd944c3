/* Beginning, settings and end of the processes of this room. */
#include "auth/child.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "shm/jail.h"
#include "shm/log.h"

#define HELLO_MS 5000

static int take_settings(struct child *, struct ipc_msg *);
static int take_stop(struct child *, struct ipc_msg *);

uint64_t
child_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int
child_begin(struct child *c, struct boot *boot)
{
	static const int sigs[] = {SIGHUP, SIGINT, SIGTERM, SIGPIPE};
	struct ipc_put m;

	memset(c, 0, sizeof(*c));
	c->boot = boot;
	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		(void)signal(sigs[i], SIG_IGN);
	if (jail_enter(boot) == -1) {
		log_line(LOG_LEVEL_ERR, "jail: %s", strerror(errno));
		return -1;
	}
	ipc_begin(&m, IPC_HELLO);
	ipc_put_u32(&m, IPC_VERSION);
	ipc_put_u32(&m, boot->role);
	if (ipc_send_wait(BOOT_FD_PARENT, &m, NULL, 0, HELLO_MS) == 0)
		return 0;
	log_line(LOG_LEVEL_ERR, "hello: %s", strerror(errno));
	return -1;
}

int
child_message(struct child *c, struct ipc_msg *msg)
{
	if (msg->type == IPC_SETTINGS)
		return take_settings(c, msg);
	if (msg->type == IPC_STOP)
		return take_stop(c, msg);
	return 0;
}

/* Only the settings of the new struct count: role and number stay. */
static int
take_settings(struct child *c, struct ipc_msg *msg)
{
	static struct boot fresh;
	int fd = ipc_take_fd(msg, 0);

	if (fd == -1 || msg->len != 0) {
		errno = EPROTO;
		return -1;
	}
	if (boot_read(fd, &fresh) == -1)
		return -1;
	c->boot->set = fresh.set;
	return 1;
}

static int
take_stop(struct child *c, struct ipc_msg *msg)
{
	struct ipc_get g;
	uint32_t fast, seconds;

	ipc_open(&g, msg);
	fast = ipc_get_u32(&g);
	seconds = ipc_get_u32(&g);
	if (ipc_done(&g) == -1) {
		errno = EPROTO;
		return -1;
	}
	c->stopping = true;
	c->stop_at = child_now();
	if (fast == 0)
		c->stop_at += (uint64_t)seconds * 1000;
	return 1;
}

int
child_peer(struct ipc_msg *msg, struct child_peer *out)
{
	struct ipc_get g;

	ipc_open(&g, msg);
	out->role = ipc_get_u32(&g);
	out->number = ipc_get_u32(&g);
	out->incarnation = ipc_get_u64(&g);
	if (ipc_done(&g) == -1)
		return -1;
	out->fd = ipc_take_fd(msg, 0);
	return out->fd == -1 ? -1 : 0;
}

int
child_timeout(uint64_t until, uint64_t now)
{
	if (until == UINT64_MAX)
		return -1;
	if (until <= now)
		return 0;
	return until - now > INT_MAX ? INT_MAX : (int)(until - now);
}
