/*
 * The log process. Sources are SEQPACKET channels, a datagram is: level digit,
 * ident digit (0: PORT's, 1: SSLPORT's), text. Lines wait in a bounded queue
 * until the sink takes them.
 */
#include "master/logger.h"

#include <bsd/string.h>
#include <bsd/sys/queue.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "master/logflow.h"
#include "shm/ipc.h"
#include "shm/jail.h"
#include "shm/log.h"

#define DATAGRAM_MAX (LOG_LINE_MAX + 64)
#define LAST_LINES   10000 /* ms that others have after the master's death */
#define RETRY        200   /* ms between two looks for syslog */
#define SLICE        64    /* datagrams of one source per round */

struct source {
	int fd; /* -1: it has ended, and lines of it wait */
	enum boot_role role;
	size_t nlines;
};

struct line {
	STAILQ_ENTRY(line) next;
	struct source *from; /* NULL: our own */
	struct timespec when;
	unsigned level, ident;
	char text[];
};
STAILQ_HEAD(lines, line);

struct logger {
	struct settings set;
	const char *devlog;
	int parent;
	struct source *sources[LOGGER_SOURCES];
	size_t nsources;
	int sink;       /* -1: syslog is not there */
	uint64_t retry; /* ms: when to try syslog again */
	struct lines lines;
	size_t nlines;
	unsigned long dropped;
	uint64_t deadline; /* ms: end then; 0: not yet */
};

static bool turn(struct logger *);
static bool finished(const struct logger *);
static int wait_ms(const struct logger *);
static void from_master(struct logger *);
static void add_source(struct logger *, int fd, enum boot_role);
static enum boot_role read_role(struct ipc_msg *);
static void end_source(struct source *);
static bool from_source(struct logger *, struct source *);
static ssize_t receive(int fd, char *buf, size_t size, pid_t *sender);
static void take_line(
    struct logger *, struct source *, pid_t, const char *, size_t len);
static enum logflow_kind kind_of(
    const struct source *, const char *text, const char **prefix);
static void add_line(struct logger *, struct source *, unsigned level,
    unsigned ident, const char *prefix, const char *text, size_t len);
static void own_line(struct logger *, enum log_level, const char *text);
static void tell_floods(struct logger *, uint64_t now);
static void flush_lines(struct logger *);
static bool write_line(struct logger *, const struct line *);
static bool write_stderr(const struct logger *, const struct line *);
static bool write_syslog(struct logger *, const struct line *);
static bool connect_syslog(struct logger *);
static void tell_dropped(struct logger *);
static uint64_t now_ms(void);

int
logger_serve(const struct boot *boot)
{
	return logger_run(boot, BOOT_FD_PARENT, BOOT_FD_LOG, "/dev/log");
}

int
logger_run(const struct boot *boot, int parent, int first, const char *devlog)
{
	static struct logger l;
	struct ipc_put put;

	l = (struct logger){.set = boot->set,
	    .devlog = devlog,
	    .parent = parent,
	    .sink = boot->set.log_stderr != 0 ? STDERR_FILENO : -1};
	STAILQ_INIT(&l.lines);
	signal(SIGPIPE, SIG_IGN);
	tzset();
	if (jail_enter(boot) == -1) {
		fprintf(stderr, "log: jail: %s\n", strerror(errno));
		return 1;
	}
	add_source(&l, first, BOOT_MASTER);
	ipc_begin(&put, IPC_HELLO);
	ipc_put_u32(&put, IPC_VERSION);
	ipc_put_u32(&put, BOOT_LOG);
	if (ipc_send(parent, &put, NULL, 0) == -1)
		return 1;
	while (turn(&l))
		continue;
	tell_floods(&l, UINT64_MAX);
	flush_lines(&l);
	return 0;
}

/* One round of the loop; false when it is time to end. */
static bool
turn(struct logger *l)
{
	struct pollfd p[LOGGER_SOURCES + 2];
	size_t n = l->nsources;
	bool want = l->nlines > 0 && l->sink != -1;

	for (size_t i = 0; i < n; i++)
		p[i] =
		    (struct pollfd){.fd = l->sources[i]->fd, .events = POLLIN};
	p[n] = (struct pollfd){.fd = l->parent, .events = POLLIN};
	p[n + 1] =
	    (struct pollfd){.fd = want ? l->sink : -1, .events = POLLOUT};
	if (poll(p, (nfds_t)(n + 2), wait_ms(l)) == -1)
		return errno == EINTR;
	/* From the last on: an ended source gives its place to the last. */
	for (size_t i = n; i-- > 0;)
		if (p[i].revents != 0 && !from_source(l, l->sources[i])) {
			end_source(l->sources[i]);
			l->sources[i] = l->sources[--l->nsources];
		}
	if (p[n].revents != 0)
		from_master(l);
	tell_floods(l, now_ms());
	flush_lines(l);
	return !finished(l);
}

static bool
finished(const struct logger *l)
{
	if (l->deadline == 0)
		return false;
	return now_ms() >= l->deadline || (l->nsources == 0 && l->nlines == 0);
}

static int
wait_ms(const struct logger *l)
{
	uint64_t now = now_ms(), until = UINT64_MAX;
	int flood = logflow_wait(now);

	if (flood != -1)
		until = now + (uint64_t)flood;
	if (l->deadline != 0 && l->deadline < until)
		until = l->deadline;
	if (l->nlines > 0 && l->sink == -1 && l->retry < until)
		until = l->retry;
	if (until == UINT64_MAX)
		return -1;
	return until <= now ? 0 : (int)(until - now);
}

static void
from_master(struct logger *l)
{
	static struct ipc_msg msg;
	static struct boot boot;
	int n, fd;

	while ((n = ipc_recv(l->parent, BOOT_LOG, BOOT_MASTER, &msg)) == 1) {
		fd = ipc_take_fd(&msg, 0);
		if (msg.type == IPC_PEER && fd != -1)
			add_source(l, fd, read_role(&msg));
		else if (msg.type == IPC_SETTINGS && fd != -1) {
			if (boot_read(fd, &boot) == 0)
				l->set = boot.set;
		} else {
			if (msg.type == IPC_STOP && l->deadline == 0)
				l->deadline = now_ms() + 1000;
			if (fd != -1)
				close(fd);
		}
	}
	if (n == -1 && errno == EAGAIN)
		return;
	/* The master is gone: the others' last lines, then the end. */
	close(l->parent);
	l->parent = -1;
	if (l->deadline == 0)
		l->deadline = now_ms() + LAST_LINES;
}

static enum boot_role
read_role(struct ipc_msg *msg)
{
	struct ipc_get get;

	ipc_open(&get, msg);
	return (enum boot_role)ipc_get_u32(&get);
}

static void
add_source(struct logger *l, int fd, enum boot_role role)
{
	struct source *s = NULL;

	if (l->nsources < LOGGER_SOURCES)
		s = calloc(1, sizeof(*s));
	if (s == NULL) {
		own_line(l, LOG_LEVEL_ERR, "log: too many channels");
		close(fd);
		return;
	}
	s->fd = fd;
	s->role = role;
	l->sources[l->nsources++] = s;
}

static void
end_source(struct source *s)
{
	close(s->fd);
	s->fd = -1;
	if (s->nlines == 0)
		free(s);
}

/* Takes what has come; false when the source has ended. */
static bool
from_source(struct logger *l, struct source *s)
{
	char buf[DATAGRAM_MAX];
	pid_t sender = 0;
	ssize_t n = 0;

	for (int i = 0; i < SLICE; i++) {
		n = receive(s->fd, buf, sizeof(buf), &sender);
		if (n <= 0)
			break;
		if (n < 2 || buf[0] < '0' || buf[0] > '7' || buf[1] < '0' ||
		    buf[1] > '1')
			l->dropped++;
		else
			take_line(l, s, sender, buf, (size_t)n);
	}
	return n > 0 || (n == -1 && (errno == EAGAIN || errno == EINTR));
}

/*
 * One datagram, and by the kernel's word who has sent it (0: not known). An
 * empty one is not the end, or any session would close the channel of all: it
 * has a sender.
 */
static ssize_t
receive(int fd, char *buf, size_t size, pid_t *sender)
{
	union {
		char buf[CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr align;
	} control;
	struct iovec iov = {buf, size};
	struct msghdr m = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control.buf,
	    .msg_controllen = sizeof(control.buf)};
	ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *c = n >= 0 ? CMSG_FIRSTHDR(&m) : NULL;
	struct ucred cred;
	int stray;

	*sender = 0;
	/* What else fits there, descriptors, comes only where this does not. */
	if (c != NULL && c->cmsg_level == SOL_SOCKET &&
	    c->cmsg_type == SCM_CREDENTIALS &&
	    c->cmsg_len == CMSG_LEN(sizeof(cred))) {
		memcpy(&cred, CMSG_DATA(c), sizeof(cred));
		*sender = cred.pid;
	} else if (c != NULL && c->cmsg_type == SCM_RIGHTS) {
		for (size_t i = CMSG_LEN(0); i < c->cmsg_len;
		     i += sizeof(int)) {
			memcpy(&stray, (char *)c + i, sizeof(stray));
			close(stray);
		}
	}
	return n == 0 && c != NULL ? 1 : n;
}

static void
take_line(struct logger *l, struct source *s, pid_t sender, const char *buf,
    size_t len)
{
	char text[DATAGRAM_MAX];
	const char *prefix = "";

	memcpy(text, buf + 2, len - 2);
	text[len - 2] = '\0';
	if (logflow_take(sender, kind_of(s, text, &prefix), now_ms()))
		add_line(l, s, (unsigned)(buf[0] - '0'),
		    (unsigned)(buf[1] - '0'), prefix, text, len - 2);
}

/*
 * The master, which tells what becomes of the others, has the wider measure.
 * Sessions share the spawner's channel. Theirs are few forms of Courier's, or
 * one that was taken over would write LOGIN FAILED with another's address.
 */
static enum logflow_kind
kind_of(const struct source *s, const char *text, const char **prefix)
{
	static const char *const theirs[] = {"ID, ", "EXPUNGED, ", "LOCKED, "};
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz ");

	if (s->role == BOOT_MASTER)
		return LOGFLOW_CLIENTS;
	if (text[n] == ':' && n > 0)
		return LOGFLOW_OWN;
	if (s->role == BOOT_WORKER)
		return LOGFLOW_CLIENTS;
	for (size_t i = 0; i < sizeof(theirs) / sizeof(theirs[0]); i++)
		if (strncmp(text, theirs[i], strlen(theirs[i])) == 0)
			return LOGFLOW_CLIENTS;
	*prefix = s->role == BOOT_SPAWNER ? "session: " : "servant: ";
	return LOGFLOW_OWN;
}

static void
add_line(struct logger *l, struct source *s, unsigned level, unsigned ident,
    const char *prefix, const char *text, size_t len)
{
	size_t before = strlen(prefix);
	struct line *line = NULL;

	if (l->nlines < LOGGER_QUEUE && (s == NULL || s->nlines < LOGGER_SHARE))
		line = malloc(sizeof(*line) + before + len + 1);
	if (line == NULL) {
		l->dropped++;
		return;
	}
	clock_gettime(CLOCK_REALTIME, &line->when);
	line->level = level;
	line->ident = ident;
	line->from = s;
	memcpy(line->text, prefix, before);
	/* Whoever sent it: one datagram is one line. */
	for (size_t i = 0; i < len; i++)
		line->text[before + i] =
		    (unsigned char)text[i] < ' ' || text[i] == 0x7f ? '.'
								    : text[i];
	line->text[before + len] = '\0';
	STAILQ_INSERT_TAIL(&l->lines, line, next);
	l->nlines++;
	if (s != NULL)
		s->nlines++;
}

static void
own_line(struct logger *l, enum log_level level, const char *text)
{
	add_line(l, NULL, level, 0, "", text, strlen(text));
}

static void
tell_floods(struct logger *l, uint64_t now)
{
	unsigned long lines;
	char text[96];
	pid_t pid;

	while (logflow_dropped(now, &pid, &lines)) {
		snprintf(text, sizeof(text),
		    "log: process %d: %lu lines more were dropped", (int)pid,
		    lines);
		own_line(l, LOG_LEVEL_WARN, text);
	}
}

static void
flush_lines(struct logger *l)
{
	struct line *line;

	while (
	    (line = STAILQ_FIRST(&l->lines)) != NULL && write_line(l, line)) {
		STAILQ_REMOVE_HEAD(&l->lines, next);
		l->nlines--;
		if (line->from != NULL && --line->from->nlines == 0 &&
		    line->from->fd == -1)
			free(line->from);
		free(line);
		if (l->dropped > 0)
			tell_dropped(l);
	}
}

static bool
write_line(struct logger *l, const struct line *line)
{
	if (l->set.log_stderr != 0)
		return write_stderr(l, line);
	return write_syslog(l, line);
}

/* stderr is somebody else's, too: asked before, never made non-blocking. */
static bool
write_stderr(const struct logger *l, const struct line *line)
{
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
	char text[DATAGRAM_MAX + 160];
	struct tm tm;
	size_t len;
	int n;

	if (poll(&p, 1, 0) != 1)
		return false;
	localtime_r(&line->when.tv_sec, &tm);
	len = strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	n = snprintf(text + len, sizeof(text) - len, ".%03d %s: %s\n",
	    (int)(line->when.tv_nsec / 1000000), l->set.view[line->ident].ident,
	    line->text);
	if (n > 0 && (size_t)n < sizeof(text) - len)
		len += (size_t)n;
	/* A closed terminal takes nothing, and nobody is left to tell. */
	return write(STDERR_FILENO, text, len) != -1 || errno != EINTR;
}

/* RFC 3164 as syslog(3) sends it, without a pid, as Courier's lines are. */
static bool
write_syslog(struct logger *l, const struct line *line)
{
	char text[DATAGRAM_MAX + 160];
	struct tm tm;
	size_t len;
	int n;

	if (l->sink == -1 && !connect_syslog(l))
		return false;
	localtime_r(&line->when.tv_sec, &tm);
	n = snprintf(text, sizeof(text), "<%u>",
	    l->set.view[line->ident].facility << 3 | line->level);
	len = (size_t)n;
	len += strftime(text + len, sizeof(text) - len, "%b %e %H:%M:%S ", &tm);
	n = snprintf(text + len, sizeof(text) - len, "%s: %s",
	    l->set.view[line->ident].ident, line->text);
	if (n > 0 && (size_t)n < sizeof(text) - len)
		len += (size_t)n;
	if (send(l->sink, text, len, MSG_DONTWAIT | MSG_NOSIGNAL) != -1)
		return true;
	if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS)
		return false;
	if (errno == EMSGSIZE) {
		l->dropped++;
		return true;
	}
	/* syslog was restarted: its socket is a new one. */
	close(l->sink);
	l->sink = -1;
	return connect_syslog(l) &&
	       send(l->sink, text, len, MSG_DONTWAIT | MSG_NOSIGNAL) != -1;
}

static bool
connect_syslog(struct logger *l)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};

	if (now_ms() < l->retry)
		return false;
	strlcpy(sun.sun_path, l->devlog, sizeof(sun.sun_path));
	l->sink = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (l->sink != -1 &&
	    connect(l->sink, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return true;
	if (l->sink != -1)
		close(l->sink);
	l->sink = -1;
	l->retry = now_ms() + RETRY;
	return false;
}

static void
tell_dropped(struct logger *l)
{
	char text[64];

	snprintf(text, sizeof(text), "log: %lu lines dropped", l->dropped);
	l->dropped = 0;
	own_line(l, LOG_LEVEL_WARN, text);
}

static uint64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}
