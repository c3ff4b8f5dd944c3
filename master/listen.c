/*
 * Listening sockets. Address "0" is one dual-stack socket, or IPv4 where the
 * host has no IPv6.
 */
#include "master/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define KEEP_IDLE    900 /* s: a sleeping telephone is not woken often */
#define KEEP_BETWEEN 60
#define KEEP_PROBES  3
#define SD_FIRST     3 /* sd_listen_fds(3): the first descriptor */

static int open_one(const struct settings_listen *, uint32_t backlog);
static int open_at(
    const char *addr, uint16_t port, bool only_v6, uint32_t backlog);
static int inherited(void);
static int inherit(
    const struct settings *, int n, struct listeners *, struct notes *);
static int inherit_one(
    const struct settings *, int fd, const char *name, struct listeners *);
static uint16_t local_port(int fd);
static bool is_ssl(const struct settings *, const char *name, uint16_t port);
static void text_of(const struct sockaddr_storage *, uint8_t addr[16],
    char *text, uint16_t *port);

int
listen_open(
    const struct settings *set, struct listeners *out, struct notes *notes)
{
	size_t errors = notes->errors;
	const struct settings_listen *where;
	int n = inherited();

	memset(out, 0, sizeof(*out));
	if (n > 0)
		return inherit(set, n, out, notes);
	for (unsigned view = 0; view < 2; view++) {
		for (uint32_t i = 0;
		     set->view[view].start != 0 && i < set->view[view].nlisten;
		     i++) {
			where = &set->view[view].listen[i];
			n = open_one(where, set->view[view].backlog);
			if (n == -1)
				note_add(notes, NOTE_ERROR, NULL, 0,
				    "cannot listen on address %s port %u: %s",
				    where->addr, where->port, strerror(errno));
			else
				out->v[out->n++] = (struct listener){n, view};
		}
	}
	if (out->n == 0 && notes->errors == errors)
		note_add(notes, NOTE_ERROR, NULL, 0,
		    "nothing to listen on: IMAPDSTART and IMAPDSSLSTART are "
		    "both off, or there is no TLS_CERTFILE");
	if (notes->errors == errors)
		return 0;
	listen_close(out);
	return -1;
}

void
listen_again(const struct listeners *listeners, const struct settings *set)
{
	const struct listener *l;

	/* listen(2) of a listening socket changes the length of its queue. */
	for (size_t i = 0; i < listeners->n; i++) {
		l = &listeners->v[i];
		(void)listen(l->fd, (int)set->view[l->view].backlog);
	}
}

void
listen_close(struct listeners *listeners)
{
	for (size_t i = 0; i < listeners->n; i++)
		close(listeners->v[i].fd);
	listeners->n = 0;
}

int
listen_accept(const struct listener *listener, const struct settings *set,
    struct listen_peer *out)
{
	const int on = 1, idle = KEEP_IDLE, between = KEEP_BETWEEN;
	unsigned wait = KEEP_IDLE + KEEP_PROBES * KEEP_BETWEEN;
	struct sockaddr_storage from, to;
	socklen_t len = sizeof(from), tolen = sizeof(to);
	uint8_t ours[16];
	int fd;

	/* It ends the keep-alive as well: one lost probe shall not. */
	wait = (set->output_timeout > wait ? set->output_timeout : wait) * 1000;
	memset(&from, 0, sizeof(from));
	memset(&to, 0, sizeof(to));
	fd = accept4(listener->fd, (struct sockaddr *)&from, &len,
	    SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd == -1) {
		/* accept(2): pending network errors of that one connection. */
		switch (errno) {
		case EMFILE:
		case ENFILE:
		case ENOBUFS:
		case ENOMEM:
		case EBADF:
		case EINVAL:
			break;
		default:
			errno = EAGAIN;
		}
		return -1;
	}
	if (getsockname(fd, (struct sockaddr *)&to, &tolen) == -1) {
		close(fd);
		errno = EAGAIN;
		return -1;
	}
	/* Without these a connection only works less well. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	(void)setsockopt(
	    fd, IPPROTO_TCP, TCP_KEEPINTVL, &between, sizeof(between));
	(void)setsockopt(
	    fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &wait, sizeof(wait));
	out->fd = fd;
	text_of(&from, out->addr, out->peer, &out->peer_port);
	text_of(&to, ours, out->local, &out->local_port);
	return 0;
}

static int
open_one(const struct settings_listen *where, uint32_t backlog)
{
	int fd;

	if (strcmp(where->addr, "0") != 0)
		return open_at(where->addr, where->port, true, backlog);
	fd = open_at("::", where->port, false, backlog);
	if (fd == -1 && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL))
		fd = open_at("0.0.0.0", where->port, true, backlog);
	return fd;
}

static int
open_at(const char *addr, uint16_t port, bool only_v6, uint32_t backlog)
{
	struct sockaddr_in6 sin6 = {
	    .sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in sin = {
	    .sin_family = AF_INET, .sin_port = htons(port)};
	bool v6 = inet_pton(AF_INET6, addr, &sin6.sin6_addr) == 1;
	const int on = 1, v6only = only_v6;
	int fd, saved;

	if (!v6 && inet_pton(AF_INET, addr, &sin.sin_addr) != 1) {
		errno = EINVAL;
		return -1;
	}
	fd = socket(v6 ? AF_INET6 : AF_INET,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    (!v6 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only,
			sizeof(v6only)) == 0) &&
	    bind(fd, v6 ? (struct sockaddr *)&sin6 : (struct sockaddr *)&sin,
		v6 ? sizeof(sin6) : sizeof(sin)) == 0 &&
	    listen(fd, (int)backlog) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* How many sockets systemd hands to this very process. */
static int
inherited(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	long n;

	if (pid == NULL || fds == NULL ||
	    strtol(pid, NULL, 10) != (long)getpid())
		return 0;
	n = strtol(fds, NULL, 10);
	return n < 1 || n > LISTEN_MAX ? 0 : (int)n;
}

static int
inherit(const struct settings *set, int n, struct listeners *out,
    struct notes *notes)
{
	const char *names = getenv("LISTEN_FDNAMES");
	char list[1024], *p = list, *name;
	int ret = 0;

	snprintf(list, sizeof(list), "%s", names == NULL ? "" : names);
	for (int i = 0; i < n; i++) {
		name = strsep(&p, ":");
		if (inherit_one(
			set, SD_FIRST + i, name == NULL ? "" : name, out) == 0)
			continue;
		note_add(notes, NOTE_ERROR, NULL, 0,
		    "descriptor %d of LISTEN_FDS: %s", SD_FIRST + i,
		    strerror(errno));
		ret = -1;
	}
	if (ret == -1)
		listen_close(out);
	return ret;
}

static int
inherit_one(
    const struct settings *set, int fd, const char *name, struct listeners *out)
{
	int listening = 0;
	socklen_t len = sizeof(listening);
	uint16_t port;

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) == -1)
		return -1;
	port = local_port(fd);
	if (listening == 0 || port == 0) {
		errno = ENOTSOCK;
		return -1;
	}
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) == -1 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) == -1)
		return -1;
	out->v[out->n++] =
	    (struct listener){fd, is_ssl(set, name, port) ? 1 : 0};
	return 0;
}

/* The local TCP port, 0 if it is no TCP socket. */
static uint16_t
local_port(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	uint8_t addr[16];
	char text[INET6_ADDRSTRLEN];
	uint16_t port = 0;

	memset(&ss, 0, sizeof(ss));
	if (getsockname(fd, (struct sockaddr *)&ss, &len) == 0 &&
	    (ss.ss_family == AF_INET || ss.ss_family == AF_INET6))
		text_of(&ss, addr, text, &port);
	return port;
}

static bool
is_ssl(const struct settings *set, const char *name, uint16_t port)
{
	if (strcasecmp(name, "imaps") == 0 || strcmp(name, "SSLPORT") == 0)
		return true;
	for (uint32_t i = 0; i < set->view[1].nlisten; i++)
		if (set->view[1].listen[i].port == port)
			return true;
	return false;
}

static void
text_of(const struct sockaddr_storage *ss, uint8_t addr[16], char *text,
    uint16_t *port)
{
	struct sockaddr_in6 sin6;
	struct sockaddr_in sin;

	memset(addr, 0, 16);
	if (ss->ss_family == AF_INET6) {
		memcpy(&sin6, ss, sizeof(sin6));
		memcpy(addr, &sin6.sin6_addr, 16);
		*port = ntohs(sin6.sin6_port);
	} else {
		memcpy(&sin, ss, sizeof(sin));
		memset(addr + 10, 0xff, 2);
		memcpy(addr + 12, &sin.sin_addr, 4);
		*port = ntohs(sin.sin_port);
	}
	if (inet_ntop(AF_INET6, addr, text, INET6_ADDRSTRLEN) == NULL)
		text[0] = '\0';
}
