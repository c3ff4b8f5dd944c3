/*
 * The auth process: one event loop over the master, the workers, the PAM
 * process and its own children. A bad message costs the peer that sent it,
 * never the house.
 */
#include "auth/auth.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/child.h"
#include "auth/desk.h"
#include "auth/password.h"
#include "shm/log.h"

#define BURST 64 /* messages of one worker before the others have a turn */

struct auth {
	struct child child;
	struct desk desk;
};

static void serve(struct auth *);
static size_t fill_poll(const struct auth *, struct pollfd *);
static uint64_t next_time(const struct auth *);
static int from_master(struct auth *);
static int take_message(struct auth *, struct ipc_msg *);
static int take_peer(struct auth *, struct ipc_msg *);
static int take_key(struct auth *, const struct ipc_msg *);
static void from_workers(struct auth *);
static void from_worker(struct auth *, unsigned);
static void from_pam(struct auth *);

int
auth_main(struct boot *boot)
{
	static struct auth a;
	uint8_t ignored[16];

	/* OpenSSL reads its configuration now, not in the jail. */
	password_warm();
	memset(&a, 0, sizeof(a));
	ticket_owner_account(&(struct owner){.user = ""}, ignored);
	if (child_begin(&a.child, boot) == -1)
		return 1;
	if (desk_init(&a.desk, boot) == -1) {
		log_line(LOG_LEVEL_ERR, "no memory");
		return 1;
	}
	serve(&a);
	desk_done(&a.desk);
	return 0;
}

static void
serve(struct auth *a)
{
	struct pollfd p[2 + BOOT_WORKERS + 2 * POOL_MAX];
	uint64_t now;
	size_t n;

	for (;;) {
		now = child_now();
		if (a->child.stopping &&
		    (a->desk.nrequests == 0 || now >= a->child.stop_at))
			return;
		n = fill_poll(a, p);
		if (poll(p, (nfds_t)n, child_timeout(next_time(a), now)) ==
			-1 &&
		    errno != EINTR)
			return;
		for (size_t i = 0; i < BOOT_WORKERS; i++)
			if ((p[2 + i].revents & POLLOUT) != 0)
				a->desk.worker[i].full = false;
		if (from_master(a) == -1)
			return;
		from_workers(a);
		from_pam(a);
		desk_tick(&a->desk, child_now());
	}
}

static size_t
fill_poll(const struct auth *a, struct pollfd *p)
{
	const struct desk_worker *w = a->desk.worker;
	size_t n = 0;

	p[n++] = (struct pollfd){.fd = BOOT_FD_PARENT, .events = POLLIN};
	p[n++] = (struct pollfd){.fd = a->desk.pam, .events = POLLIN};
	for (size_t i = 0; i < BOOT_WORKERS; i++)
		p[n++] = (struct pollfd){.fd = w[i].channel,
		    .events = (short)(w[i].full ? POLLIN | POLLOUT : POLLIN)};
	n += pool_poll(&a->desk.hash, p + n);
	return n + pool_poll(&a->desk.daemon, p + n);
}

static uint64_t
next_time(const struct auth *a)
{
	uint64_t next = desk_next(&a->desk);

	if (a->child.stopping && a->child.stop_at < next)
		next = a->child.stop_at;
	return next;
}

/* -1 when the master has gone. */
static int
from_master(struct auth *a)
{
	struct ipc_msg msg = {.nfds = 0};
	int r;

	while (
	    (r = ipc_recv(BOOT_FD_PARENT, BOOT_AUTH, BOOT_MASTER, &msg)) == 1)
		if (take_message(a, &msg) == -1)
			log_line(LOG_LEVEL_ERR, "%s from the master is broken",
			    ipc_name(msg.type));
	ipc_drop(&msg);
	return r == 0 || errno != EAGAIN ? -1 : 0;
}

static int
take_message(struct auth *a, struct ipc_msg *msg)
{
	int r;

	if (msg->type == IPC_PEER)
		return take_peer(a, msg);
	if (msg->type == IPC_KEY)
		return take_key(a, msg);
	r = child_message(&a->child, msg);
	if (r == 1 && msg->type == IPC_SETTINGS)
		desk_settings(&a->desk);
	return r == 1 ? 0 : -1;
}

static int
take_peer(struct auth *a, struct ipc_msg *msg)
{
	struct child_peer peer;

	if (child_peer(msg, &peer) == -1)
		return -1;
	if (peer.role == BOOT_PAM) {
		desk_pam(&a->desk, peer.fd);
	} else if (peer.role == BOOT_WORKER && peer.number < BOOT_WORKERS) {
		desk_worker(&a->desk, peer.number, peer.fd, peer.incarnation);
	} else {
		(void)close(peer.fd);
		return -1;
	}
	return 0;
}

static int
take_key(struct auth *a, const struct ipc_msg *msg)
{
	const uint8_t *key;
	struct ipc_get g;
	size_t n;

	ipc_open(&g, msg);
	key = ipc_get_bytes(&g, &n, TICKET_KEY);
	if (key == NULL || n != TICKET_KEY || ipc_done(&g) == -1)
		return -1;
	memcpy(a->desk.key, key, TICKET_KEY);
	a->desk.has_key = true;
	ipc_wipe();
	return 0;
}

static void
from_workers(struct auth *a)
{
	for (unsigned i = 0; i < BOOT_WORKERS; i++)
		if (a->desk.worker[i].channel != -1)
			from_worker(a, i);
}

static void
from_worker(struct auth *a, unsigned number)
{
	int fd = a->desk.worker[number].channel, r = 1;
	struct ipc_msg msg = {.nfds = 0};
	const char *why = NULL;

	for (int i = 0; i < BURST && r == 1 && why == NULL; i++) {
		r = ipc_recv(fd, BOOT_AUTH, BOOT_WORKER, &msg);
		if (r == 1 && desk_message(&a->desk, number, &msg) == -1)
			why = "malformed message";
		else if (r == -1 && errno != EAGAIN)
			why = strerror(errno);
		if (r == 1)
			ipc_wipe();
	}
	ipc_drop(&msg);
	if (why != NULL) {
		log_line(LOG_LEVEL_ERR, "worker %u dropped: %s", number, why);
		ipc_blame(
		    BOOT_FD_PARENT, number, a->desk.worker[number].incarnation);
	}
	if (why != NULL || r == 0)
		desk_drop_worker(&a->desk, number);
}

static void
from_pam(struct auth *a)
{
	struct ipc_msg msg = {.nfds = 0};
	const char *why = NULL;
	int r = 1;

	while (a->desk.pam != -1 && r == 1 && why == NULL) {
		r = ipc_recv(a->desk.pam, BOOT_AUTH, BOOT_PAM, &msg);
		if (r == 1 && desk_pam_answer(&a->desk, &msg) == -1)
			why = "malformed answer";
		else if (r == -1 && errno != EAGAIN)
			why = strerror(errno);
		else if (r == 0)
			why = "gone";
	}
	ipc_drop(&msg);
	if (why != NULL) {
		log_line(LOG_LEVEL_ERR, "PAM process dropped: %s", why);
		desk_pam(&a->desk, -1);
	}
}
