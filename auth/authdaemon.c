/*
 * The client side of authdaemond's protocol: lines over a stream socket, one
 * question per connection, and the daemon closes. An answer that ends neither
 * with "." nor with FAIL is no answer, whatever came before: then the client is
 * told to come again, and nothing counts as a wrong password.
 */
#include "auth/authdaemon.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <assert.h>
#include <bsd/string.h>
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "auth/child.h"
#include "auth/pool.h"

#define GROUPS_MAX 65536 /* NGROUPS_MAX of Linux */

static_assert(sizeof(struct authdaemon_answer) <= POOL_RECORD,
    "an answer travels in one record");

static bool exchange(
    const struct authdaemon_question *, struct authdaemon_answer *);
static int call(const struct authdaemon_question *);
static int send_all(int, const char *, size_t, uint64_t);
static int receive(int, char *, uint64_t, size_t *);
static bool has_ended(const char *, size_t);
static int wait_until(int, short, uint64_t);
static bool has_control(const char *);
static bool take_line(const char *, size_t, struct authdaemon_answer *);
static bool take_number(const char *, size_t, uint32_t *);
static void conclude(struct authdaemon_answer *);
static void look_up(struct authdaemon_answer *);
static void trouble(struct authdaemon_answer *, const char *, const char *);

void
authdaemon_ask(
    const struct authdaemon_question *asked, struct authdaemon_answer *out)
{
	struct authdaemon_question q = *asked;
	bool mute = exchange(&q, out);

	if (mute && !q.plain && q.rhost[0] != '\0') {
		q.plain = true;
		(void)exchange(&q, out);
		out->plain = out->verdict != AUTHDAEMON_UNAVAILABLE;
	}
	if (out->verdict == AUTHDAEMON_RIGHT && out->sysname[0] != '\0')
		look_up(out);
}

/* One connection. true: it was closed before a single byte of an answer. */
static bool
exchange(const struct authdaemon_question *q, struct authdaemon_answer *out)
{
	char text[AUTHDAEMON_REQUEST];
	size_t n = authdaemon_request(q, text), got = 0;
	int fd, ok = -1;

	memset(out, 0, sizeof(*out));
	if (n == 0) {
		out->verdict = AUTHDAEMON_WRONG;
		return false;
	}
	if ((fd = call(q)) == -1) {
		explicit_bzero(text, n);
		trouble(out, "connect", strerror(errno));
		return false;
	}
	if (send_all(fd, text, n, child_now() + q->write_ms) == 0)
		ok = receive(fd, text, child_now() + q->read_ms, &got);
	if (ok == 0)
		authdaemon_read(text, got, out);
	else
		trouble(out, "no answer", strerror(errno));
	/* An answer may hold a password: PASSWD, PASSWD2. */
	explicit_bzero(text, sizeof(text));
	(void)close(fd);
	return got == 0 && (ok == 0 || errno == EPIPE || errno == ECONNRESET);
}

/* Connected, or -1 with errno. */
static int
call(const struct authdaemon_question *q)
{
	struct timeval most = {
	    q->connect_ms / 1000, (suseconds_t)(q->connect_ms % 1000) * 1000};
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd, e;

	if (strlcpy(sun.sun_path, q->socket, sizeof(sun.sun_path)) >=
	    sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	/* unix(7): connect waits for room in the backlog that long. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof(most)) == 0 &&
	    connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	e = errno == EAGAIN ? ETIMEDOUT : errno;
	(void)close(fd);
	errno = e;
	return -1;
}

static int
send_all(int fd, const char *p, size_t n, uint64_t until)
{
	ssize_t done;

	while (n > 0) {
		done = send(fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (done > 0) {
			p += done;
			n -= (size_t)done;
		} else if (errno == EAGAIN) {
			if (wait_until(fd, POLLOUT, until) == -1)
				return -1;
		} else if (errno != EINTR) {
			return -1;
		}
	}
	return 0;
}

/* Until the answer's last line or the connection's end. -1 with errno. */
static int
receive(int fd, char *text, uint64_t until, size_t *got)
{
	ssize_t n;

	*got = 0;
	while (!has_ended(text, *got)) {
		if (*got == AUTHDAEMON_MAX - 1) {
			errno = EMSGSIZE;
			return -1;
		}
		n = recv(
		    fd, text + *got, AUTHDAEMON_MAX - 1 - *got, MSG_DONTWAIT);
		if (n == 0)
			return 0;
		if (n > 0)
			*got += (size_t)n;
		else if (errno == EAGAIN && wait_until(fd, POLLIN, until) == 0)
			continue;
		else if (errno != EINTR)
			return -1;
	}
	return 0;
}

static bool
has_ended(const char *text, size_t n)
{
	static const char *const ends[] = {".\n", "FAIL\n"};
	size_t len;

	for (int i = 0; i < 2; i++) {
		len = strlen(ends[i]);
		if (n >= len && memcmp(text + n - len, ends[i], len) == 0 &&
		    (n == len || text[n - len - 1] == '\n'))
			return true;
	}
	return false;
}

static int
wait_until(int fd, short events, uint64_t until)
{
	struct pollfd p = {.fd = fd, .events = events};
	uint64_t now = child_now();
	int r = 0;

	if (now < until)
		r = poll(&p, 1, child_timeout(until, now));
	if (r == 1 || (r == -1 && errno == EINTR))
		return 0;
	if (r == 0)
		errno = ETIMEDOUT;
	return -1;
}

size_t
authdaemon_request(
    const struct authdaemon_question *q, char out[AUTHDAEMON_REQUEST])
{
	char *p = out;
	size_t body;
	int n;

	/* A newline would begin a field of the caller's own. */
	if (has_control(q->service) || has_control(q->user) ||
	    has_control(q->password) || has_control(q->rhost) ||
	    strlen(q->rhost) > 64)
		return 0;
	body = strlen(q->service) + strlen(q->user) + 16;
	if (!q->external)
		body += strlen(q->password);
	if (body >= AUTHDAEMON_MAX)
		return 0;
	if (!q->plain && q->rhost[0] != '\0')
		p += sprintf(p, "TCPREMOTEIP=%s\n", q->rhost);
	if (q->external) {
		n = sprintf(p, "PRE . %s %s\n", q->service, q->user);
	} else {
		body = strlen(q->service) + strlen("\nlogin\n") +
		       strlen(q->user) + 1 + strlen(q->password) + 1;
		n = sprintf(p, "AUTH %zu\n%s\nlogin\n%s\n%s\n", body,
		    q->service, q->user, q->password);
	}
	return (size_t)(p - out) + (size_t)n;
}

static bool
has_control(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20)
			return true;
	return false;
}

void
authdaemon_read(const char *text, size_t n, struct authdaemon_answer *out)
{
	const char *nl;
	size_t len;

	memset(out, 0, sizeof(*out));
	out->uid = out->gid = UINT32_MAX;
	if (n >= AUTHDAEMON_MAX || memchr(text, '\0', n) != NULL) {
		trouble(out, "its answer is no text", NULL);
		return;
	}
	for (; (nl = memchr(text, '\n', n)) != NULL; text = nl + 1) {
		len = (size_t)(nl - text);
		n -= len + 1;
		if (len == 4 && memcmp(text, "FAIL", 4) == 0) {
			memset(out, 0, sizeof(*out));
			out->verdict = AUTHDAEMON_WRONG;
			return;
		}
		if (len == 1 && text[0] == '.') {
			conclude(out);
			return;
		}
		if (!take_line(text, len, out)) {
			trouble(out, "a value that cannot be used",
			    (char[2]){text[0], '\0'});
			return;
		}
	}
	trouble(out, "closed without an answer", NULL);
}

/*
 * NAME=value; the last one wins. What has no "=" and what is not known here is
 * passed over. false: a value that we need is not to be used.
 */
static bool
take_line(const char *line, size_t len, struct authdaemon_answer *out)
{
	const struct {
		const char *name;
		char *text;
		size_t size;
		uint32_t *number;
	} names[] = {
	    {"ADDRESS", out->user, sizeof(out->user), NULL},
	    {"USERNAME", out->sysname, sizeof(out->sysname), NULL},
	    {"HOME", out->home, sizeof(out->home), NULL},
	    {"MAILDIR", out->maildir, sizeof(out->maildir), NULL},
	    {"OPTIONS", out->options, sizeof(out->options), NULL},
	    {"UID", NULL, 0, &out->uid},
	    {"GID", NULL, 0, &out->gid},
	};
	const char *eq = memchr(line, '=', len);
	size_t name, n;

	if (eq == NULL)
		return true;
	name = (size_t)(eq - line);
	n = len - name - 1;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i].name) != name ||
		    memcmp(names[i].name, line, name) != 0)
			continue;
		if (names[i].number != NULL)
			return take_number(eq + 1, n, names[i].number);
		if (n >= names[i].size)
			return false;
		memcpy(names[i].text, eq + 1, n);
		names[i].text[n] = '\0';
		return true;
	}
	return true;
}

/* (uint32_t)-1 is the kernel's "leave it": never an id. */
static bool
take_number(const char *text, size_t n, uint32_t *out)
{
	uint64_t v = 0;

	if (n == 0 || n > 10)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(text[i] - '0');
	}
	if (v >= UINT32_MAX)
		return false;
	*out = (uint32_t)v;
	return true;
}

static void
conclude(struct authdaemon_answer *out)
{
	if (out->user[0] == '\0')
		trouble(out, "no ADDRESS", NULL);
	else if (!sasl_is_name(out->user))
		trouble(out, "an ADDRESS that is no login name", NULL);
	else if (out->home[0] != '/')
		trouble(out, "no HOME", NULL);
	else if (out->sysname[0] == '\0' && out->uid == UINT32_MAX)
		trouble(out, "neither USERNAME nor UID", NULL);
	else if (out->gid == UINT32_MAX)
		trouble(out, "no GID", NULL);
	else
		out->verdict = AUTHDAEMON_RIGHT;
}

/* USERNAME: uid and groups are the system's; the group stays GID. */
static void
look_up(struct authdaemon_answer *out)
{
	static gid_t groups[GROUPS_MAX];
	const struct passwd *pw;
	int n = GROUPS_MAX;

	errno = 0;
	pw = getpwnam(out->sysname);
	if (pw == NULL) {
		trouble(out, "USERNAME",
		    errno == 0 ? "no such system account" : strerror(errno));
		return;
	}
	out->uid = pw->pw_uid;
	out->ngroups = 0;
	if (getgrouplist(out->sysname, out->gid, groups, &n) == -1) {
		trouble(out, "USERNAME", "too many groups");
		return;
	}
	for (int i = 0; i < n && out->ngroups < TICKET_GROUPS; i++)
		out->groups[out->ngroups++] = groups[i];
}

static void
trouble(struct authdaemon_answer *out, const char *what, const char *detail)
{
	memset(out, 0, sizeof(*out));
	out->verdict = AUTHDAEMON_UNAVAILABLE;
	(void)snprintf(out->why, sizeof(out->why), "%s%s%s", what,
	    detail != NULL ? ": " : "", detail != NULL ? detail : "");
}
