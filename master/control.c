/*
 * Requests: WHO is answered with a TABLE for each worker and DONE, KICK with
 * DONE. An answer that finds no room ends the connection: it is the asker that
 * does not read.
 */
#include "master/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "shm/conntab.h"
#include "shm/ipc.h"
#include "shm/log.h"

#define GROUPS 1024 /* of a peer that are looked at */

static void come(struct control *, uint64_t now);
static bool may_ask(const struct control *, int fd, uint32_t *uid);
static bool in_group(int fd, gid_t);
static void hear(struct control *, struct control_peer *);
static int who(struct control *, const struct control_peer *);
static int give_table(
    const struct control_peer *, const struct child *, struct ipc_put *);
static int kick(
    struct control *, const struct control_peer *, struct ipc_msg *);
static int done(
    const struct control *, const struct control_peer *, uint32_t error);
static void end(struct control_peer *);

void
control_init(struct control *c, struct brood *brood)
{
	c->brood = brood;
	c->fd = -1;
	c->started = (uint64_t)time(NULL);
	for (int i = 0; i < CONTROL_PEERS; i++)
		c->peers[i].fd = -1;
}

void
control_close(struct control *c)
{
	for (int i = 0; i < CONTROL_PEERS; i++)
		end(&c->peers[i]);
	if (c->fd != -1)
		close(c->fd);
	c->fd = -1;
}

void
control_poll(const struct control *c, struct pollfd *p)
{
	bool room = false;

	for (int i = 0; i < CONTROL_PEERS; i++) {
		room = room || c->peers[i].fd == -1;
		p[1 + i] =
		    (struct pollfd){.fd = c->peers[i].fd, .events = POLLIN};
	}
	p[0] = (struct pollfd){.fd = room ? c->fd : -1, .events = POLLIN};
}

void
control_turn(struct control *c, const struct pollfd *p, uint64_t now)
{
	for (int i = 0; i < CONTROL_PEERS; i++) {
		struct control_peer *peer = &c->peers[i];

		if (peer->fd == -1 || peer->fd != p[1 + i].fd)
			continue;
		if (p[1 + i].revents != 0)
			hear(c, peer);
		else if (now >= peer->until)
			end(peer);
	}
	if (p[0].revents != 0 && c->fd != -1)
		come(c, now);
}

int
control_wait(const struct control *c, uint64_t now)
{
	int first = -1, left;

	for (int i = 0; i < CONTROL_PEERS; i++) {
		if (c->peers[i].fd == -1)
			continue;
		left = c->peers[i].until <= now
			   ? 0
			   : (int)(c->peers[i].until - now);
		if (first == -1 || left < first)
			first = left;
	}
	return first;
}

static void
come(struct control *c, uint64_t now)
{
	struct control_peer *peer = c->peers;
	int fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd == -1)
		return;
	while (peer < c->peers + CONTROL_PEERS && peer->fd != -1)
		peer++;
	if (peer == c->peers + CONTROL_PEERS || !may_ask(c, fd, &peer->uid)) {
		close(fd);
		return;
	}
	peer->fd = fd;
	peer->until = now + CONTROL_MS;
}

/* By the kernel's word, whatever the mode of the socket says. */
static bool
may_ask(const struct control *c, int fd, uint32_t *uid)
{
	gid_t gid = c->brood->boot.set.admin_gid;
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1)
		return false;
	*uid = cred.uid;
	if (cred.uid == 0 || cred.uid == geteuid() ||
	    (gid != 0 && (cred.gid == gid || in_group(fd, gid))))
		return true;
	log_line(LOG_LEVEL_WARN, "control socket: uid %u is not allowed",
	    (unsigned)cred.uid);
	return false;
}

static bool
in_group(int fd, gid_t gid)
{
	static gid_t groups[GROUPS];
	socklen_t len = sizeof(groups);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) == -1)
		return false;
	for (size_t i = 0; i < len / sizeof(groups[0]); i++)
		if (groups[i] == gid)
			return true;
	return false;
}

static void
hear(struct control *c, struct control_peer *peer)
{
	static struct ipc_msg msg;
	int n = ipc_recv(peer->fd, BOOT_MASTER, BOOT_ADMIN, &msg);

	if (n == -1 && errno == EAGAIN)
		return;
	if (n == 1 && msg.type == IPC_WHO)
		n = who(c, peer);
	else if (n == 1 && msg.type == IPC_KICK)
		n = kick(c, peer, &msg);
	else
		n = -1;
	if (n == -1)
		end(peer);
}

static int
who(struct control *c, const struct control_peer *peer)
{
	struct ipc_put put;

	for (int i = BROOD_SERVANTS; i < BROOD_MAX; i++) {
		const struct child *child = &c->brood->v[i];

		if (child->pid != 0 && child->table != -1 &&
		    give_table(peer, child, &put) == -1)
			return -1;
	}
	return done(c, peer, 0);
}

static int
give_table(const struct control_peer *peer, const struct child *child,
    struct ipc_put *put)
{
	int fd = conntab_reopen(child->table), ret;

	if (fd == -1) {
		log_line(LOG_LEVEL_ERR, "connection table of worker %u: %s",
		    child->number, strerror(errno));
		return -1;
	}
	ipc_begin(put, IPC_TABLE);
	ipc_put_u32(put, child->number);
	ipc_put_u32(put, child->retired);
	ret = ipc_send(peer->fd, put, &fd, 1);
	close(fd);
	return ret;
}

static int
kick(struct control *c, const struct control_peer *peer, struct ipc_msg *msg)
{
	char user[256], text[256];
	struct ipc_get get;
	uint64_t conn;

	ipc_open(&get, msg);
	conn = ipc_get_u64(&get);
	ipc_get_str(&get, user, sizeof(user));
	if (ipc_done(&get) == -1 || (conn == 0 && user[0] == '\0'))
		return done(c, peer, EINVAL);
	brood_kick(c->brood, conn, user);
	if (conn != 0)
		log_line(LOG_LEVEL_NOTICE, "uid %u ends connection %llu",
		    peer->uid, (unsigned long long)conn);
	else
		log_line(LOG_LEVEL_NOTICE,
		    "uid %u ends the connections of user=%s", peer->uid,
		    log_text(text, sizeof(text), user));
	return done(c, peer, 0);
}

static int
done(const struct control *c, const struct control_peer *peer, uint32_t error)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_DONE);
	ipc_put_u32(&put, error);
	ipc_put_u64(&put, c->started);
	for (unsigned view = 0; view < 2; view++) {
		ipc_put_u32(&put, admit_count(c->brood->admit, view));
		ipc_put_u32(&put, c->brood->boot.set.view[view].maxdaemons);
	}
	return ipc_send(peer->fd, &put, NULL, 0);
}

static void
end(struct control_peer *peer)
{
	if (peer->fd != -1)
		close(peer->fd);
	peer->fd = -1;
}
