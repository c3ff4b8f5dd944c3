/*
 * The tables are read here, not in the master: their descriptors are handed
 * over, so that an administrator's question costs the server next to nothing.
 */
#include "master/ctl_server.h"

#include <bsd/string.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "master/ctl_text.h"
#include "shm/boot.h"
#include "shm/conntab.h"
#include "shm/ipc.h"

#define CONTROL "/run/imapd.control"
#define WAIT    10000 /* ms for the server's next word */

struct server {
	int fd;
	unsigned ntables;
	struct table {
		struct conntab *t;
		uint32_t worker;
		bool retired;
	} tables[BOOT_WORKERS];
	uint64_t started;
	uint32_t clients[2], most[2];
};

static const char *const states[CONNTAB_STATES] = {
    "", "login", "auth", "selected", "idle", "parked", "closing"};

static int ask(struct server *, const char *socket, struct ipc_put *);
static int dial(const char *);
static int answer(struct server *);
static int take_table(struct server *, struct ipc_msg *);
static int take_done(struct server *, struct ipc_msg *);
static int fetch(struct server *, const char *socket);
static void print_line(const struct table *, const struct conntab_entry *);
static void print_json(const struct table *, const struct conntab_entry *);
static void json_time(const char *, uint64_t);
static uint64_t find(const struct server *, const char *, unsigned *n);
static void print_stats(const struct server *);
static void print_prometheus(const struct server *);
static void count_states(
    const struct table *, unsigned long count[CONNTAB_STATES]);

int
ctl_who(const char *socket, bool json)
{
	static struct server s;
	struct conntab_entry e;
	bool first = true;

	if (fetch(&s, socket) == -1)
		return 1;
	if (json)
		(void)printf("[");
	else
		(void)printf("%-24s %-24s %-9s %-19s %9s %9s %7s %s\n", "USER",
		    "ADDRESS", "STATE", "SINCE", "IN", "OUT", "NUMBER",
		    "FOLDER, DEVICE");
	for (unsigned i = 0; i < s.ntables; i++) {
		uint32_t n = conntab_used(s.tables[i].t);

		for (uint32_t at = 0; at < n; at++) {
			if (conntab_read(s.tables[i].t, at, &e) == 0)
				continue;
			if (json)
				(void)printf(first ? "\n" : ",\n");
			first = false;
			if (json)
				print_json(&s.tables[i], &e);
			else
				print_line(&s.tables[i], &e);
		}
	}
	if (json)
		(void)printf("\n]\n");
	return fflush(stdout) == EOF ? 1 : 0;
}

/* Everything the server has to say. 0; -1: told why. */
static int
fetch(struct server *s, const char *socket)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_WHO);
	return ask(s, socket, &put);
}

static int
ask(struct server *s, const char *socket, struct ipc_put *put)
{
	int ret, fd;

	if (socket == NULL)
		socket = getenv("IMAP_CONTROLSOCKET");
	if (socket == NULL)
		socket = CONTROL;
	if ((fd = dial(socket)) == -1) {
		(void)fprintf(
		    stderr, "imapctl: %s: %s\n", socket, strerror(errno));
		return -1;
	}
	s->fd = fd;
	ret = ipc_send_wait(fd, put, NULL, 0, WAIT);
	while (ret == 0 || ret == 1) {
		ret = answer(s);
		if (ret == 1) {
			(void)close(fd);
			return 0;
		}
	}
	(void)fprintf(stderr, "imapctl: %s: %s\n", socket,
	    errno == ECONNRESET || errno == EPIPE
		? "not allowed: root and members of IMAPADMINGROUP may ask"
		: strerror(errno));
	(void)close(fd);
	return -1;
}

static int
dial(const char *path)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd, saved;

	if (strlcpy(un.sun_path, path, sizeof(un.sun_path)) >=
	    sizeof(un.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd == -1 || connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0)
		return fd;
	saved = errno;
	(void)close(fd);
	errno = saved;
	return -1;
}

/* One message: 0 there is more, 1 that was all, -1 with errno. */
static int
answer(struct server *s)
{
	static struct ipc_msg msg;
	struct pollfd p = {.fd = s->fd, .events = POLLIN};
	int n;

	do
		n = poll(&p, 1, WAIT);
	while (n == -1 && errno == EINTR);
	if (n == 0)
		errno = ETIMEDOUT;
	if (n != 1)
		return -1;
	n = ipc_recv(s->fd, BOOT_ADMIN, BOOT_MASTER, &msg);
	if (n == 0)
		errno = ECONNRESET;
	if (n != 1)
		return n == -1 && errno == EAGAIN ? 0 : -1;
	n = -1;
	errno = EPROTO;
	if (msg.type == IPC_TABLE)
		n = take_table(s, &msg);
	else if (msg.type == IPC_DONE)
		n = take_done(s, &msg);
	ipc_drop(&msg);
	return n;
}

static int
take_table(struct server *s, struct ipc_msg *msg)
{
	struct table *t = &s->tables[s->ntables];
	struct ipc_get get;

	ipc_open(&get, msg);
	if (s->ntables == BOOT_WORKERS)
		return -1;
	t->worker = ipc_get_u32(&get);
	t->retired = ipc_get_u32(&get) != 0;
	if (ipc_done(&get) == -1 || msg->nfds != 1)
		return -1;
	t->t = conntab_map(msg->fds[0], false);
	if (t->t == NULL)
		return -1;
	s->ntables++;
	return 0;
}

static int
take_done(struct server *s, struct ipc_msg *msg)
{
	struct ipc_get get;
	uint32_t error;

	ipc_open(&get, msg);
	error = ipc_get_u32(&get);
	s->started = ipc_get_u64(&get);
	for (int view = 0; view < 2; view++) {
		s->clients[view] = ipc_get_u32(&get);
		s->most[view] = ipc_get_u32(&get);
	}
	if (ipc_done(&get) == -1)
		return -1;
	errno = (int)error;
	return error == 0 ? 1 : -1;
}

static void
print_line(const struct table *t, const struct conntab_entry *e)
{
	char when[32] = "", addr[CONNTAB_ADDR + 8];
	time_t since = (time_t)(e->login != 0 ? e->login : e->since);
	struct tm tm;
	int n;

	(void)t;
	if (localtime_r(&since, &tm) != NULL)
		(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	(void)snprintf(addr, sizeof(addr), "%s:%u",
	    strncmp(e->addr, "::ffff:", 7) == 0 ? e->addr + 7 : e->addr,
	    e->port);
	n = ctl_text(stdout, e->user[0] != '\0' ? e->user : "-", 0);
	(void)printf("%*s ", n < 24 ? 24 - n : 0, "");
	n = ctl_text(stdout, addr, 0);
	(void)printf("%*s %-8s%c %-19s %9llu %9llu %7llu ", n < 24 ? 24 - n : 0,
	    "", states[e->state], (e->flags & CONNTAB_TLS) != 0 ? 'T' : ' ',
	    when, (unsigned long long)e->in, (unsigned long long)e->out,
	    (unsigned long long)e->conn);
	(void)ctl_text(stdout, e->folder, 0);
	if (e->device[0] != '\0') {
		(void)printf("%s(", e->folder[0] != '\0' ? " " : "");
		(void)ctl_text(stdout, e->device, 0);
		(void)printf(")");
	}
	(void)printf("\n");
}

static void
print_json(const struct table *t, const struct conntab_entry *e)
{
	(void)printf(" {\"connection\":%llu,\"worker\":%u,\"retired\":%s,"
		     "\"state\":\"%s\",\"tls\":%s,\"compress\":%s,"
		     "\"listener\":\"%s\",\"user\":",
	    (unsigned long long)e->conn, t->worker,
	    t->retired ? "true" : "false", states[e->state],
	    (e->flags & CONNTAB_TLS) != 0 ? "true" : "false",
	    (e->flags & CONNTAB_COMPRESS) != 0 ? "true" : "false",
	    (e->flags & CONNTAB_SSLPORT) != 0 ? "SSLPORT" : "PORT");
	ctl_text_json(stdout, e->user);
	(void)printf(",\"address\":");
	ctl_text_json(stdout, e->addr);
	(void)printf(",\"port\":%u,\"folder\":", e->port);
	ctl_text_json(stdout, e->folder);
	(void)printf(",\"device\":");
	ctl_text_json(stdout, e->device);
	json_time("since", e->since);
	json_time("login", e->login);
	(void)printf(",\"in\":%llu,\"out\":%llu}", (unsigned long long)e->in,
	    (unsigned long long)e->out);
}

/* null: not yet */
static void
json_time(const char *name, uint64_t s)
{
	if (s == 0)
		(void)printf(",\"%s\":null", name);
	else
		(void)printf(",\"%s\":%llu", name, (unsigned long long)s);
}

int
ctl_kick(const char *socket, const char *what)
{
	static struct server s;
	struct ipc_put put;
	unsigned n = 0;
	uint64_t conn;

	if (fetch(&s, socket) == -1)
		return 1;
	conn = find(&s, what, &n);
	ipc_begin(&put, IPC_KICK);
	ipc_put_u64(&put, conn);
	ipc_put_str(&put, conn == 0 ? what : "");
	/* Of a user nobody was seen of, too: one may just be logging in. */
	if (ask(&s, socket, &put) == -1)
		return 1;
	(void)printf("%u connection%s\n", n, n == 1 ? "" : "s");
	return n > 0 && fflush(stdout) == 0 ? 0 : 1;
}

/* The connection of that number, or 0 and how many the user has. */
static uint64_t
find(const struct server *s, const char *what, unsigned *n)
{
	char *end;
	unsigned long long number = strtoull(what, &end, 10);
	struct conntab_entry e;
	unsigned users = 0, conns = 0;

	if (*end != '\0' || what[0] < '0' || what[0] > '9')
		number = 0;
	for (unsigned i = 0; i < s->ntables; i++)
		for (uint32_t at = 0; at < conntab_used(s->tables[i].t); at++) {
			if (conntab_read(s->tables[i].t, at, &e) == 0)
				continue;
			conns += number != 0 && e.conn == number;
			users += strncmp(e.user, what, CONNTAB_USER - 1) == 0;
		}
	*n = conns > 0 ? conns : users;
	return conns > 0 ? number : 0;
}

int
ctl_stats(const char *socket, bool prometheus)
{
	static struct server s;

	if (fetch(&s, socket) == -1)
		return 1;
	if (prometheus)
		print_prometheus(&s);
	else
		print_stats(&s);
	return fflush(stdout) == EOF ? 1 : 0;
}

#define NAME(name, text, help) #text,
#define HELP(name, text, help) help,
static const char *const names[] = {CONNTAB_COUNTERS(NAME)};
static const char *const helps[] = {CONNTAB_COUNTERS(HELP)};

static void
print_stats(const struct server *s)
{
	unsigned long count[CONNTAB_STATES] = {0};
	uint64_t sum;

	(void)printf("up %llu s, %u workers\n",
	    (unsigned long long)((uint64_t)time(NULL) - s->started),
	    s->ntables);
	(void)printf("PORT %u of %u, SSLPORT %u of %u connections\n",
	    s->clients[0], s->most[0], s->clients[1], s->most[1]);
	for (unsigned i = 0; i < s->ntables; i++)
		count_states(&s->tables[i], count);
	for (int k = CONNTAB_LOGIN; k < CONNTAB_STATES; k++)
		(void)printf("%s %lu\n", states[k], count[k]);
	for (int k = 0; k < CONNTAB_COUNTS; k++) {
		sum = 0;
		for (unsigned i = 0; i < s->ntables; i++)
			sum += conntab_counter(
			    s->tables[i].t, (enum conntab_counter)k);
		(void)printf("%s %llu\n", names[k], (unsigned long long)sum);
	}
}

static void
count_states(const struct table *t, unsigned long count[CONNTAB_STATES])
{
	struct conntab_entry e;

	for (uint32_t at = 0; at < conntab_used(t->t); at++)
		if (conntab_read(t->t, at, &e) == 1)
			count[e.state]++;
}

static void
print_prometheus(const struct server *s)
{
	static const char *const listeners[] = {"PORT", "SSLPORT"};

	(void)printf("# HELP imapd_start_time_seconds When the master "
		     "started.\n# TYPE imapd_start_time_seconds gauge\n"
		     "imapd_start_time_seconds %llu\n",
	    (unsigned long long)s->started);
	(void)printf("# HELP imapd_clients Connections of a listener.\n"
		     "# TYPE imapd_clients gauge\n");
	for (int v = 0; v < 2; v++)
		(void)printf("imapd_clients{listener=\"%s\"} %u\n",
		    listeners[v], s->clients[v]);
	(void)printf("# HELP imapd_clients_limit MAXDAEMONS.\n"
		     "# TYPE imapd_clients_limit gauge\n");
	for (int v = 0; v < 2; v++)
		(void)printf("imapd_clients_limit{listener=\"%s\"} %u\n",
		    listeners[v], s->most[v]);
	(void)printf("# HELP imapd_worker_clients Connections of a worker by "
		     "state.\n# TYPE imapd_worker_clients gauge\n");
	for (unsigned i = 0; i < s->ntables; i++) {
		unsigned long count[CONNTAB_STATES] = {0};

		count_states(&s->tables[i], count);
		for (int k = CONNTAB_LOGIN; k < CONNTAB_STATES; k++)
			(void)printf("imapd_worker_clients{worker=\"%u\","
				     "state=\"%s\"} %lu\n",
			    s->tables[i].worker, states[k], count[k]);
	}
	for (int k = 0; k < CONNTAB_COUNTS; k++) {
		(void)printf("# HELP imapd_%s_total %s\n"
			     "# TYPE imapd_%s_total counter\n",
		    names[k], helps[k], names[k]);
		for (unsigned i = 0; i < s->ntables; i++)
			(void)printf("imapd_%s_total{worker=\"%u\"} %llu\n",
			    names[k], s->tables[i].worker,
			    (unsigned long long)conntab_counter(
				s->tables[i].t, (enum conntab_counter)k));
	}
}
