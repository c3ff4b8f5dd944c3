/*
 * Connections of the measuring client: one epoll set, TLS where asked, lines
 * cut out of what comes with literals skipped (RFC 9051 4.3), so that a reply
 * of any size costs the client little. Only to 127.0.0.1.
 */
#include "t/bench/bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS  512
#define CHUNK   (256 * 1024)
#define LINE    (64 * 1024) /* of a longer line only the end is kept */
#define TAIL    64
#define TOLD    3   /* refusals that are told */
#define SOURCES 200 /* addresses 127.0.1.1 and up, when many connect */

static void arm(struct conn *, int, uint32_t);
static void bind_source(int, int);
static void lost(struct conn *);
static void advance(struct conn *);
static bool handshake(struct conn *);
static void put_octets(struct conn *, const char *, size_t);
static void drain(struct conn *);
static void arrived(struct conn *, char *, size_t, size_t);
static void unpack(struct conn *, const char *, size_t);
static void take_answer(struct conn *, const char *);
static ssize_t receive(struct conn *, char *, size_t);
static void feed(struct conn *, char *, size_t);
static void keep(struct conn *, const char *, size_t);
static void take_line(struct conn *, char *, size_t);
static uint64_t literal_at_end(const char *, size_t);

static const struct conn_ops *ops;
static SSL_CTX *context;
static int set = -1;

void
conn_begin(const struct conn_ops *o)
{
	ops = o;
	if (set == -1) {
		set = epoll_create1(EPOLL_CLOEXEC);
	}
	if (set == -1) {
		fail("epoll_create1: %s", strerror(errno));
	}
	if (!options()->tls || context != NULL) {
		return;
	}
	context = SSL_CTX_new(TLS_client_method());
	if (context == NULL) {
		fail("no TLS");
	}
	/* Each login is a full handshake; the certificate is self-signed. */
	(void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
	(void)SSL_CTX_set_mode(
	    context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
			 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

bool
conn_open(struct conn *c, int user)
{
	struct sockaddr_in a;
	int one = 1;

	memset(c, 0, sizeof(*c));
	memset(&a, 0, sizeof(a));
	a.sin_family = AF_INET;
	a.sin_port = htons((uint16_t)options()->port);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	c->user = user;
	c->since = now();
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd == -1) {
		return false;
	}
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (options()->clients > 20000) {
		bind_source(c->fd, user);
	}
	if (connect(c->fd, (struct sockaddr *)&a, sizeof(a)) == -1 &&
	    errno != EINPROGRESS) {
		(void)close(c->fd);
		return false;
	}
	c->state = CONN_CONNECTING;
	arm(c, EPOLL_CTL_ADD, EPOLLOUT);
	return true;
}

/* One address has some 28,000 ports. */
static void
bind_source(int fd, int k)
{
	struct sockaddr_in a;
	int one = 1;

	memset(&a, 0, sizeof(a));
	a.sin_family = AF_INET;
	a.sin_addr.s_addr = htonl(0x7f000101u + (uint32_t)(k % SOURCES));
	(void)setsockopt(
	    fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) == -1) {
		fail("bind: %s", strerror(errno));
	}
}

void
conn_close(struct conn *c)
{
	if (c->state == CONN_DEAD) {
		return;
	}
	SSL_free(c->ssl);
	c->ssl = NULL;
	squeeze_free(c->squeeze);
	c->squeeze = NULL;
	free(c->part);
	c->part = NULL;
	(void)close(c->fd);
	c->state = CONN_DEAD;
}

void
conn_put(struct conn *c, const char *s, size_t n)
{
	if (c->squeeze != NULL) {
		squeeze_out(c->squeeze, s, n, put_octets, c);
	} else {
		put_octets(c, s, n);
	}
}

/* What is sent here fits the socket's buffer nearly always: a wait is rare. */
static void
put_octets(struct conn *c, const char *s, size_t n)
{
	struct pollfd p = {c->fd, POLLOUT, 0};
	ssize_t w;

	while (n > 0 && c->state != CONN_DEAD) {
		if (c->ssl != NULL) {
			w = SSL_write(c->ssl, s, (int)n);
			if (w <= 0 && SSL_get_error(c->ssl, (int)w) ==
					  SSL_ERROR_WANT_WRITE) {
				errno = EAGAIN;
			}
		} else {
			w = write(c->fd, s, n);
		}
		if (w > 0) {
			s += w;
			n -= (size_t)w;
		} else if (errno != EAGAIN || poll(&p, 1, 10000) != 1) {
			return; /* the reading side will see its end */
		}
	}
}

void
conn_say(struct conn *c, const char *format, ...)
{
	char line[1024];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(line, sizeof(line) - 2, format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(line) - 2) {
		fail("a command is too long");
	}
	line[n] = '\r';
	line[n + 1] = '\n';
	conn_put(c, line, (size_t)n + 2);
}

void
conn_step(int ms)
{
	struct epoll_event e[EVENTS];
	int i, n = epoll_wait(set, e, EVENTS, ms);
	struct conn *c;

	for (i = 0; i < n; i++) {
		c = e[i].data.ptr;
		advance(c);
		if (c->state >= CONN_GREETING) {
			drain(c);
		}
	}
}

static void
arm(struct conn *c, int how, uint32_t events)
{
	struct epoll_event e;

	memset(&e, 0, sizeof(e));
	e.events = events;
	e.data.ptr = c;
	if (epoll_ctl(set, how, c->fd, &e) == -1) {
		fail("epoll_ctl: %s", strerror(errno));
	}
}

static void
lost(struct conn *c)
{
	if (c->state != CONN_DEAD) {
		conn_close(c);
		ops->ended(c);
	}
}

/* Takes a connection through connect and handshake. */
static void
advance(struct conn *c)
{
	socklen_t size = sizeof(int);
	int error = 0;

	if (c->state == CONN_CONNECTING) {
		(void)getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
		if (error != 0) {
			lost(c);
			return;
		}
		arm(c, EPOLL_CTL_MOD, EPOLLIN);
		c->state = CONN_GREETING;
		if (options()->tls) {
			c->state = CONN_HANDSHAKE;
			c->ssl = SSL_new(context);
			if (c->ssl == NULL || SSL_set_fd(c->ssl, c->fd) != 1) {
				fail("no memory for TLS");
			}
			SSL_set_connect_state(c->ssl);
		}
	}
	if (c->state == CONN_HANDSHAKE && !handshake(c)) {
		lost(c);
	}
}

static bool
handshake(struct conn *c)
{
	int r = SSL_do_handshake(c->ssl);

	if (r == 1) {
		c->state = CONN_GREETING;
	}
	return r == 1 || SSL_get_error(c->ssl, r) == SSL_ERROR_WANT_READ;
}

static void
drain(struct conn *c)
{
	static char chunk[LINE + CHUNK];
	size_t had;
	ssize_t n;

	while (c->state != CONN_DEAD) {
		had = c->squeeze != NULL ? 0 : c->npart;
		n = receive(c, chunk + had, CHUNK);
		if (n == 0) {
			lost(c);
		}
		if (n <= 0) {
			return;
		}
		c->octets += (uint64_t)n;
		if (c->squeeze != NULL) {
			unpack(c, chunk, (size_t)n);
		} else {
			arrived(c, chunk, had, (size_t)n);
		}
		if (c->ssl == NULL && n < CHUNK) {
			return; /* the set tells of more */
		}
	}
}

/* n octets behind room for what was left over before, had. */
static void
arrived(struct conn *c, char *chunk, size_t had, size_t n)
{
	if (had > 0) {
		memcpy(chunk, c->part, had);
	}
	c->npart = 0;
	feed(c, chunk, had + n);
}

static void
unpack(struct conn *c, const char *from, size_t n)
{
	static char text[LINE + CHUNK];
	size_t had, got;

	squeeze_give(c->squeeze, from, n);
	do {
		had = c->npart;
		got = squeeze_take(c->squeeze, text + had, CHUNK);
		arrived(c, text, had, got);
	} while (got > 0 && c->state != CONN_DEAD);
}

/* Octets; 0: it ended; -1: nothing there now. */
static ssize_t
receive(struct conn *c, char *to, size_t size)
{
	ssize_t n;

	if (c->ssl == NULL) {
		n = read(c->fd, to, size);
		return n > 0 ? n : n == -1 && errno == EAGAIN ? -1 : 0;
	}
	n = SSL_read(c->ssl, to, (int)size);
	if (n > 0) {
		return n;
	}
	return SSL_get_error(c->ssl, (int)n) == SSL_ERROR_WANT_READ ? -1 : 0;
}

static void
feed(struct conn *c, char *p, size_t n)
{
	size_t cut;
	char *end;

	while (n > 0 && c->state != CONN_DEAD) {
		if (c->skip > 0) {
			cut = c->skip < n ? (size_t)c->skip : n;
			c->skip -= cut;
			p += cut;
			n -= cut;
			continue;
		}
		end = memchr(p, '\n', n);
		if (end == NULL) {
			keep(c, p, n);
			return;
		}
		cut = (size_t)(end - p) + 1;
		take_line(c, p, cut);
		p += cut;
		n -= cut;
	}
}

/* A SEARCH reply may be longer than any buffer: what counts is its end. */
static void
keep(struct conn *c, const char *p, size_t n)
{
	if (n > LINE) {
		p += n - TAIL;
		n = TAIL;
	}
	free(c->part);
	c->part = malloc(n);
	if (c->part == NULL) {
		fail("no memory");
	}
	memcpy(c->part, p, n);
	c->npart = n;
}

static void
take_line(struct conn *c, char *p, size_t n)
{
	bool inside = c->inside;

	c->skip = literal_at_end(p, n);
	c->inside = n > 2 && p[n - 3] == '}' && c->skip != UINT64_MAX;
	if (c->skip == UINT64_MAX) {
		c->skip = 0;
	}
	if (inside) {
		return;
	}
	n -= n > 1 && p[n - 2] == '\r' ? 2 : 1;
	p[n] = '\0';
	if (c->state == CONN_READY) {
		ops->line(c, p, n);
	} else if (c->state == CONN_GREETING) {
		c->state = CONN_LOGIN;
		conn_say(c, "l LOGIN %s%04d %s", options()->user, c->user,
		    options()->password);
	} else if ((p[0] == 'l' || p[0] == 'z') && p[1] == ' ') {
		take_answer(c, p);
	}
}

/* To LOGIN, and to COMPRESS, from which on all is packed. */
static void
take_answer(struct conn *c, const char *p)
{
	static int told;

	if (strncmp(p + 1, " OK", 3) != 0) {
		if (told++ < TOLD) {
			(void)fprintf(stderr, "bench: %s\n", p);
		}
		lost(c);
		return;
	}
	if (options()->squeezed && p[0] == 'l') {
		conn_say(c, "z COMPRESS DEFLATE");
		return;
	}
	if (options()->squeezed) {
		c->squeeze = squeeze_new();
	}
	c->state = CONN_READY;
	ops->ready(c);
}

/* The size of the literal that a line announces; UINT64_MAX: none. */
static uint64_t
literal_at_end(const char *p, size_t n)
{
	uint64_t size = 0, unit = 1;
	size_t i;

	if (n < 5 || p[n - 3] != '}') {
		return UINT64_MAX;
	}
	for (i = n - 4; i > 0 && p[i] >= '0' && p[i] <= '9'; i--) {
		size += unit * (uint64_t)(p[i] - '0');
		unit *= 10;
	}
	return p[i] == '{' && unit > 1 ? size : UINT64_MAX;
}
