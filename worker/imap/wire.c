/*
 * The client's stream. Every wait of a session for its client happens here and
 * has an end by the monotonic clock. The descriptors' flags are shared with the
 * worker and never trusted: a socket is asked with MSG_DONTWAIT, anything else
 * (the shell's pipes and terminals) is polled before it is read or written.
 */
#include "worker/imap/wire.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Lines are put into obuf directly too: room for a very long one. */
#define OUT_MAX        (64u << 20)
#define OUT_KEEP       131072u /* more memory than this is given back */
#define OUTPUT_SECONDS 300u

static bool has_input(const struct wire *);
static int poll_until(struct pollfd *, nfds_t, int64_t end);
static ssize_t stream_read(int fd, void *, size_t);
static ssize_t stream_write(int fd, const void *, size_t);
static int push(struct wire *, const char *, size_t);
static int wait_output(struct wire *, int64_t *end);
static int lose(struct wire *, enum wire_state);

int
wire_init(
    struct wire *w, int in, int out, int control, const void *input, size_t n)
{
	if (n > WIRE_READ_AHEAD) {
		errno = EINVAL;
		return -1;
	}
	*w = (struct wire){.in = in,
	    .out = out,
	    .control = control,
	    .state = WIRE_OPEN,
	    .output_seconds = OUTPUT_SECONDS};
	w->rbuf = malloc(WIRE_READ_AHEAD);
	if (w->rbuf == NULL)
		return -1;
	if (n > 0)
		memcpy(w->rbuf, input, n);
	w->rlen = n;
	buf_init(&w->obuf, OUT_MAX);
	return 0;
}

void
wire_done(struct wire *w)
{
	free(w->rbuf);
	w->rbuf = NULL;
	w->rpos = w->rlen = 0;
	buf_done(&w->obuf);
}

enum wire_event
wire_wait(struct wire *w, unsigned seconds)
{
	return wire_wait_ms(w, seconds * UINT64_C(1000));
}

enum wire_event
wire_wait_ms(struct wire *w, uint64_t ms)
{
	int64_t end = wire_clock() + (int64_t)ms;

	/* A half-closed client's input is served to its end. */
	if (has_input(w) && (w->state == WIRE_OPEN || w->state == WIRE_EOF))
		return WIRE_INPUT;
	if (wire_flush(w) == -1)
		return WIRE_GONE;
	while (w->state == WIRE_OPEN) {
		struct pollfd fds[] = {
		    {.fd = w->in, .events = POLLIN},
		    {.fd = w->control, .events = POLLIN},
		};
		int n = poll_until(fds, 2, end);

		if (n == -1)
			(void)lose(w, WIRE_ERROR);
		else if (n == 0)
			return WIRE_LATE;
		else if (fds[1].revents != 0)
			return WIRE_CONTROL;
		else if (wire_fill(w) > 0)
			return WIRE_INPUT;
	}
	return WIRE_GONE;
}

bool
wire_is_quiet(const struct wire *w)
{
	return w->state == WIRE_OPEN && !has_input(w) && w->obuf.n == 0 &&
	       !w->obuf.failed;
}

int
wire_fill(struct wire *w)
{
	ssize_t r;

	if (w->state != WIRE_OPEN)
		return -1;
	if (w->rpos > 0 && (!has_input(w) || w->rlen == WIRE_READ_AHEAD)) {
		memmove(w->rbuf, w->rbuf + w->rpos, w->rlen - w->rpos);
		w->rlen -= w->rpos;
		w->rpos = 0;
	}
	if (w->rlen == WIRE_READ_AHEAD)
		return 0;
	r = stream_read(w->in, w->rbuf + w->rlen, WIRE_READ_AHEAD - w->rlen);
	if (r > 0) {
		w->rlen += (size_t)r;
		w->received += (uint64_t)r;
		return (int)r;
	}
	if (r == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	w->state = r == 0 ? WIRE_EOF : WIRE_ERROR;
	return -1;
}

const char *
wire_peek(const struct wire *w, size_t *n)
{
	*n = w->rlen - w->rpos;
	return w->rbuf + w->rpos;
}

void
wire_eat(struct wire *w, size_t n)
{
	size_t have = w->rlen - w->rpos;

	w->rpos += n < have ? n : have;
	if (w->rpos == w->rlen)
		w->rpos = w->rlen = 0;
}

void
wire_write(struct wire *w, const void *p, size_t n)
{
	if (n < WIRE_OUT) {
		buf_bytes(&w->obuf, p, n);
		if (w->obuf.n >= WIRE_OUT)
			(void)wire_flush(w);
	} else if (wire_flush(w) == 0) {
		(void)push(w, p, n); /* large: not copied once more */
	}
}

void
wire_str(struct wire *w, const char *s)
{
	wire_write(w, s, strlen(s));
}

int
wire_flush(struct wire *w)
{
	if (w->obuf.failed)
		return lose(w, WIRE_ERROR);
	if (w->obuf.n == 0)
		return 0;
	if (push(w, w->obuf.p, w->obuf.n) == -1)
		return -1;
	if (w->obuf.room > OUT_KEEP) {
		buf_done(&w->obuf);
		buf_init(&w->obuf, OUT_MAX);
	}
	buf_clear(&w->obuf);
	return 0;
}

static bool
has_input(const struct wire *w)
{
	return w->rpos < w->rlen;
}

int64_t
wire_clock(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* poll(2) to a point in time, over signals and its own small int. */
static int
poll_until(struct pollfd *fds, nfds_t nfds, int64_t end)
{
	for (;;) {
		int64_t left = end - wire_clock();
		int n;

		if (left < 0)
			left = 0;
		n = poll(fds, nfds, left > INT_MAX ? INT_MAX : (int)left);
		if (n == -1 && errno == EINTR)
			continue;
		if (n != 0 || left <= INT_MAX)
			return n;
	}
}

static ssize_t
stream_read(int fd, void *p, size_t n)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	ssize_t r;

	do
		r = recv(fd, p, n, MSG_DONTWAIT);
	while (r == -1 && errno == EINTR);
	if (r != -1 || errno != ENOTSOCK)
		return r;
	if (poll_until(&pfd, 1, 0) == 0) {
		errno = EAGAIN;
		return -1;
	}
	do
		r = read(fd, p, n);
	while (r == -1 && errno == EINTR);
	return r;
}

static ssize_t
stream_write(int fd, const void *p, size_t n)
{
	struct pollfd pfd = {.fd = fd, .events = POLLOUT};
	ssize_t r;

	do
		r = send(fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (r == -1 && errno == EINTR);
	if (r != -1 || errno != ENOTSOCK)
		return r;
	if (poll_until(&pfd, 1, 0) == 0) {
		errno = EAGAIN;
		return -1;
	}
	/* A pipe that polls writable takes that much without blocking. */
	do
		r = write(fd, p, n < PIPE_BUF ? n : PIPE_BUF);
	while (r == -1 && errno == EINTR);
	return r;
}

/* Sends p[n] to its end. output_seconds count anew whenever bytes were taken.
 */
static int
push(struct wire *w, const char *p, size_t n)
{
	int64_t end = 0;

	while (n > 0) {
		ssize_t r = stream_write(w->out, p, n);

		if (r >= 0) {
			p += r;
			n -= (size_t)r;
			w->sent += (uint64_t)r;
			end = 0;
		} else if (errno != EAGAIN && errno != EWOULDBLOCK) {
			return lose(w, WIRE_ERROR);
		} else if (wait_output(w, &end) == -1) {
			return -1;
		}
	}
	return 0;
}

static int
wait_output(struct wire *w, int64_t *end)
{
	struct pollfd fds[] = {
	    {.fd = w->out, .events = POLLOUT},
	    {.fd = w->control, .events = POLLIN},
	};
	int n;

	if (*end == 0)
		*end = wire_clock() + (int64_t)w->output_seconds * 1000;
	do {
		if (w->blocked != NULL && !w->blocked(w->blocked_arg))
			w->blocked = NULL;
		n = poll_until(fds, w->blocked != NULL ? 2 : 1, *end);
	} while (n > 0 && fds[0].revents == 0);
	if (n > 0)
		return 0;
	return lose(w, n == 0 ? WIRE_TIMEOUT : WIRE_ERROR);
}

/* Output has failed: nothing more is kept or sent, and input is not served. */
static int
lose(struct wire *w, enum wire_state why)
{
	if (w->state == WIRE_OPEN || w->state == WIRE_EOF)
		w->state = why;
	buf_clear(&w->obuf);
	w->obuf.failed = true;
	return -1;
}
