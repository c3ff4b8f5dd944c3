/*
 * The stream: sockets, pipes, deadlines, slow readers, half-closed clients, the
 * control channel.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "worker/imap/wire.h"

struct rig {
	struct wire wire;
	int client; /* the other end */
	int control;
};

static void
rig_open(struct rig *g, const char *input)
{
	int sv[2], cv[2];

	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, cv), 0);
	assert_int_equal(wire_init(&g->wire, sv[0], sv[0], cv[0], input,
			     input == NULL ? 0 : strlen(input)),
	    0);
	g->client = sv[1];
	g->control = cv[1];
}

static void
rig_close(struct rig *g)
{
	close(g->wire.in);
	close(g->wire.control);
	if (g->client != -1)
		close(g->client);
	close(g->control);
	wire_done(&g->wire);
}

static int64_t
now_ms(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &t), 0);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
holds(const struct wire *w, const char *want)
{
	size_t n;
	const char *p = wire_peek(w, &n);

	assert_int_equal(n, strlen(want));
	assert_memory_equal(p, want, n);
}

static void
input_that_was_read_before_comes_first(void **state)
{
	struct rig g;
	char *big = malloc(WIRE_READ_AHEAD + 1);
	struct wire w;

	(void)state;
	rig_open(&g, "abc");
	assert_int_equal(write(g.client, "def", 3), 3);
	assert_int_equal(wire_wait(&g.wire, 0), WIRE_INPUT);
	holds(&g.wire, "abc");
	assert_int_equal(wire_fill(&g.wire), 3);
	holds(&g.wire, "abcdef");
	wire_eat(&g.wire, 2);
	holds(&g.wire, "cdef");
	wire_eat(&g.wire, 100);
	holds(&g.wire, "");
	assert_int_equal(wire_wait(&g.wire, 0), WIRE_LATE);
	assert_int_equal(g.wire.received, 3);
	rig_close(&g);
	memset(big, 'x', WIRE_READ_AHEAD + 1);
	assert_int_equal(wire_init(&w, 0, 0, -1, big, WIRE_READ_AHEAD), 0);
	assert_int_equal(wire_fill(&w), 0);
	wire_done(&w);
	assert_int_equal(wire_init(&w, 0, 0, -1, big, WIRE_READ_AHEAD + 1), -1);
	assert_int_equal(errno, EINVAL);
	free(big);
}

static void
reading_stops_at_the_read_ahead(void **state)
{
	struct rig g;
	char *big = calloc(1, 2 * WIRE_READ_AHEAD);
	size_t sent = 0, n;
	ssize_t r;

	(void)state;
	rig_open(&g, NULL);
	while ((r = send(g.client, big, 2 * WIRE_READ_AHEAD, MSG_DONTWAIT)) > 0)
		sent += (size_t)r;
	assert_true(sent > WIRE_READ_AHEAD);
	while (wire_fill(&g.wire) > 0)
		;
	(void)wire_peek(&g.wire, &n);
	assert_int_equal(n, WIRE_READ_AHEAD);
	assert_int_equal(wire_fill(&g.wire), 0);
	assert_int_equal(g.wire.state, WIRE_OPEN);
	wire_eat(&g.wire, 10);
	assert_int_equal(wire_fill(&g.wire), 10);
	assert_int_equal(g.wire.received, WIRE_READ_AHEAD + 10);
	rig_close(&g);
	free(big);
}

static void
a_wait_ends_at_its_time(void **state)
{
	struct rig g;
	int64_t began = now_ms();

	(void)state;
	rig_open(&g, NULL);
	assert_int_equal(wire_wait(&g.wire, 0), WIRE_LATE);
	assert_true(now_ms() - began < 500);
	assert_int_equal(wire_wait(&g.wire, 1), WIRE_LATE);
	assert_in_range(now_ms() - began, 999, 3000);
	assert_int_equal(g.wire.state, WIRE_OPEN);
	rig_close(&g);
}

static void
the_control_channel_ends_a_wait(void **state)
{
	struct rig g;
	char c;

	(void)state;
	rig_open(&g, NULL);
	assert_int_equal(send(g.control, "x", 1, 0), 1);
	assert_int_equal(send(g.client, "y", 1, 0), 1);
	assert_int_equal(wire_wait(&g.wire, 1), WIRE_CONTROL);
	assert_int_equal(recv(g.wire.control, &c, 1, 0), 1);
	assert_int_equal(wire_wait(&g.wire, 1), WIRE_INPUT);
	wire_eat(&g.wire, 1);
	assert_int_equal(shutdown(g.control, SHUT_RDWR), 0);
	assert_int_equal(wire_wait(&g.wire, 1), WIRE_CONTROL);
	rig_close(&g);
}

static void
a_half_closed_client_is_served_to_its_end(void **state)
{
	struct rig g;
	char got[10];

	(void)state;
	rig_open(&g, NULL);
	assert_int_equal(send(g.client, "abc", 3, 0), 3);
	assert_int_equal(shutdown(g.client, SHUT_WR), 0);
	assert_int_equal(wire_wait(&g.wire, 1), WIRE_INPUT);
	assert_int_equal(wire_fill(&g.wire), -1);
	assert_int_equal(g.wire.state, WIRE_EOF);
	assert_int_equal(wire_wait(&g.wire, 1), WIRE_INPUT);
	holds(&g.wire, "abc");
	wire_eat(&g.wire, 3);
	wire_str(&g.wire, "bye");
	assert_int_equal(wire_wait(&g.wire, 1), WIRE_GONE);
	assert_int_equal(g.wire.state, WIRE_EOF);
	assert_int_equal(recv(g.client, got, sizeof(got), MSG_DONTWAIT), 3);
	rig_close(&g);
}

static void
a_stopped_stream_still_says_goodbye(void **state)
{
	struct rig g;
	char got[10];

	(void)state;
	rig_open(&g, "abc");
	g.wire.state = WIRE_STOP;
	assert_int_equal(wire_fill(&g.wire), -1);
	wire_str(&g.wire, "bye");
	assert_int_equal(wire_wait(&g.wire, 1), WIRE_GONE);
	assert_int_equal(g.wire.state, WIRE_STOP);
	assert_int_equal(recv(g.client, got, sizeof(got), MSG_DONTWAIT), 3);
	rig_close(&g);
}

static void
output_goes_when_there_is_enough(void **state)
{
	struct rig g;
	char *big = calloc(1, WIRE_OUT);

	(void)state;
	rig_open(&g, NULL);
	wire_write(&g.wire, big, WIRE_OUT - 1);
	assert_int_equal(g.wire.obuf.n, WIRE_OUT - 1);
	assert_int_equal(g.wire.sent, 0);
	wire_write(&g.wire, big, 1);
	assert_int_equal(g.wire.obuf.n, 0);
	assert_int_equal(g.wire.sent, WIRE_OUT);
	wire_write(&g.wire, big, WIRE_OUT - 1);
	wire_write(&g.wire, big, 2);
	assert_int_equal(g.wire.sent, 2 * WIRE_OUT + 1);
	rig_close(&g);
	free(big);
}

static void
output_waits_for_a_flush_or_a_wait(void **state)
{
	struct rig g;
	char got[100];

	(void)state;
	rig_open(&g, "more");
	wire_str(&g.wire, "* one\r\n");
	wire_write(&g.wire, "\0", 1);
	assert_int_equal(wire_wait(&g.wire, 1), WIRE_INPUT);
	assert_int_equal(recv(g.client, got, 100, MSG_DONTWAIT), -1);
	assert_int_equal(wire_flush(&g.wire), 0);
	assert_int_equal(recv(g.client, got, 100, MSG_DONTWAIT), 8);
	wire_eat(&g.wire, 4);
	wire_str(&g.wire, "* two\r\n");
	assert_int_equal(wire_wait(&g.wire, 0), WIRE_LATE);
	assert_int_equal(recv(g.client, got, 100, MSG_DONTWAIT), 7);
	assert_int_equal(g.wire.sent, 15);
	rig_close(&g);
}

static void
a_client_that_is_gone_takes_no_more(void **state)
{
	struct rig g;

	(void)state;
	rig_open(&g, "more");
	close(g.client);
	g.client = -1;
	wire_str(&g.wire, "* one\r\n");
	assert_int_equal(wire_flush(&g.wire), -1);
	assert_int_equal(g.wire.state, WIRE_ERROR);
	assert_int_equal(wire_wait(&g.wire, 1), WIRE_GONE);
	wire_str(&g.wire, "* two\r\n");
	assert_int_equal(g.wire.obuf.n, 0);
	assert_int_equal(wire_flush(&g.wire), -1);
	rig_close(&g);
}

static void
a_client_that_takes_nothing_is_given_up(void **state)
{
	struct rig g;
	char *big = calloc(1, 4u << 20);
	int64_t began = now_ms();

	(void)state;
	rig_open(&g, NULL);
	g.wire.output_seconds = 1;
	wire_write(&g.wire, big, 4u << 20);
	assert_int_equal(g.wire.state, WIRE_TIMEOUT);
	assert_in_range(now_ms() - began, 999, 3000);
	began = now_ms();
	wire_write(&g.wire, big, 4u << 20);
	assert_int_equal(wire_flush(&g.wire), -1);
	assert_true(now_ms() - began < 500);
	rig_close(&g);
	free(big);
}

struct sink {
	int fd;
	size_t want, got, piece;
	uint64_t sum;
	useconds_t pause;
};

static void *
drain(void *arg)
{
	struct sink *s = arg;
	unsigned char buf[4096];

	while (s->got < s->want) {
		ssize_t r = read(s->fd, buf, s->piece);

		if (r <= 0)
			break;
		for (ssize_t i = 0; i < r; i++)
			s->sum = s->sum * 31 + buf[i];
		s->got += (size_t)r;
		usleep(s->pause);
	}
	return NULL;
}

static uint64_t
sum_of(const unsigned char *p, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum = sum * 31 + p[i];
	return sum;
}

/* Sends in pieces of many sizes to a slow reader: all arrives, in order. */
static void
arrives(int in, int out, int reader)
{
	enum {
		SIZE = 1000000
	};
	unsigned char *big = malloc(SIZE);
	struct sink sink = {
	    .fd = reader, .want = SIZE, .piece = 4096, .pause = 300};
	struct wire w;
	pthread_t t;

	assert_non_null(big);
	for (size_t i = 0; i < SIZE; i++)
		big[i] = (unsigned char)(i * 7 + i / 251);
	assert_int_equal(wire_init(&w, in, out, -1, NULL, 0), 0);
	assert_int_equal(pthread_create(&t, NULL, drain, &sink), 0);
	for (size_t at = 0, n = 1; at < SIZE; at += n, n = n * 3 % 70001 + 1) {
		if (n > SIZE - at)
			n = SIZE - at;
		wire_write(&w, big + at, n);
	}
	assert_int_equal(wire_flush(&w), 0);
	assert_int_equal(pthread_join(t, NULL), 0);
	assert_int_equal(sink.got, SIZE);
	assert_true(sink.sum == sum_of(big, SIZE));
	assert_int_equal(w.sent, SIZE);
	assert_int_equal(w.state, WIRE_OPEN);
	wire_done(&w);
	free(big);
}

static void
partial_writes_are_resumed(void **state)
{
	int sv[2], pv[2];

	(void)state;
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	arrives(sv[0], sv[0], sv[1]);
	close(sv[0]);
	close(sv[1]);
	assert_int_equal(pipe2(pv, O_CLOEXEC), 0);
	arrives(pv[0], pv[1], pv[0]);
	close(pv[0]);
	close(pv[1]);
}

static void
pipes_never_block(void **state)
{
	int in[2], out[2];
	struct wire w;
	char *big = calloc(1, 1u << 20);

	(void)state;
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(wire_init(&w, in[0], out[1], -1, NULL, 0), 0);
	assert_int_equal(wire_fill(&w), 0);
	assert_int_equal(wire_wait(&w, 0), WIRE_LATE);
	assert_int_equal(write(in[1], "abc", 3), 3);
	assert_int_equal(wire_wait(&w, 1), WIRE_INPUT);
	holds(&w, "abc");
	w.output_seconds = 0;
	wire_write(&w, big, 1u << 20);
	assert_int_equal(w.state, WIRE_TIMEOUT);
	wire_done(&w);
	assert_int_equal(wire_init(&w, in[0], out[1], -1, NULL, 0), 0);
	close(in[1]);
	assert_int_equal(wire_wait(&w, 1), WIRE_GONE);
	assert_int_equal(w.state, WIRE_EOF);
	wire_done(&w);
	assert_int_equal(wire_init(&w, in[0], out[1], -1, NULL, 0), 0);
	close(out[0]);
	wire_str(&w, "x");
	assert_int_equal(wire_flush(&w), -1);
	assert_int_equal(w.state, WIRE_ERROR);
	wire_done(&w);
	close(in[0]);
	close(out[1]);
	free(big);
}

static void
a_descriptor_that_is_none_ends_it(void **state)
{
	struct wire w;
	int pv[2];

	(void)state;
	assert_int_equal(pipe2(pv, O_CLOEXEC), 0);
	close(pv[0]);
	close(pv[1]);
	assert_int_equal(wire_init(&w, pv[0], pv[0], -1, NULL, 0), 0);
	assert_int_equal(wire_wait(&w, 1), WIRE_GONE);
	assert_int_equal(w.state, WIRE_ERROR);
	wire_done(&w);
}

static void
memory_of_a_large_answer_is_given_back(void **state)
{
	struct rig g;
	char got[4096];
	struct sink sink = {.want = 500000, .piece = sizeof(got)};
	pthread_t t;

	(void)state;
	rig_open(&g, NULL);
	for (int i = 0; i < 50000; i++)
		buf_str(&g.wire.obuf, "0123456789");
	assert_true(g.wire.obuf.room >= 500000);
	sink.fd = g.client;
	assert_int_equal(pthread_create(&t, NULL, drain, &sink), 0);
	assert_int_equal(wire_flush(&g.wire), 0);
	assert_int_equal(pthread_join(t, NULL), 0);
	assert_int_equal(sink.got, 500000);
	assert_true(g.wire.obuf.room < 200000);
	rig_close(&g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(input_that_was_read_before_comes_first),
	    cmocka_unit_test(reading_stops_at_the_read_ahead),
	    cmocka_unit_test(a_wait_ends_at_its_time),
	    cmocka_unit_test(the_control_channel_ends_a_wait),
	    cmocka_unit_test(a_half_closed_client_is_served_to_its_end),
	    cmocka_unit_test(a_stopped_stream_still_says_goodbye),
	    cmocka_unit_test(output_goes_when_there_is_enough),
	    cmocka_unit_test(output_waits_for_a_flush_or_a_wait),
	    cmocka_unit_test(a_client_that_is_gone_takes_no_more),
	    cmocka_unit_test(a_client_that_takes_nothing_is_given_up),
	    cmocka_unit_test(partial_writes_are_resumed),
	    cmocka_unit_test(pipes_never_block),
	    cmocka_unit_test(a_descriptor_that_is_none_ends_it),
	    cmocka_unit_test(memory_of_a_large_answer_is_given_back),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
