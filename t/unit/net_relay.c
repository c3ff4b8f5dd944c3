/*
 * The relay of a TLS client: bytes both ways with back pressure, half-closing,
 * broken ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "t/unit/net_tls.h"

static void
bytes_pass_both_ways(void **state)
{
	struct served served;
	struct speaker s;
	int control;

	(void)state;
	arrive(&s, 1);
	control = tls_log_in(&s, 1, &served);
	assert_int_equal(served.flags, IPC_SERVE_TLS);
	say(served.stream, "t1 OK LOGIN Ok.\r\n");
	assert_string_equal(hear(&s), "t1 OK LOGIN Ok.");
	tell(&s, "t2 NOOP\r\n");
	assert_string_equal(line(served.stream), "t2 NOOP");
	/* END may overtake nothing: the last words arrive, then the end. */
	say(served.stream, "* BYE\r\n");
	session_end(control, 1, IPC_END_LOGOUT);
	assert_string_equal(hear(&s), "* BYE");
	assert_string_equal(hear(&s), "EOF");
	(void)SSL_shutdown(s.ssl);
	speaker_off(&s);
	expect_conn(h.master, BOOT_MASTER, IPC_CLOSED, 1);
	expect_conn(h.spawner, BOOT_SPAWNER, IPC_ENDED, 1);
	assert_non_null(strstr(logged("LOGOUT, "), ", starttls=1"));
	(void)close(served.stream);
	(void)close(control);
}

static void
pipelined_bytes_of_a_record_are_not_lost(void **state)
{
	struct served served;
	struct started start;
	struct speaker s;
	struct asked q;

	(void)state;
	arrive(&s, 1);
	/* More than one read of the worker's first buffer. */
	tell(&s, "a LOGIN anna pw\r\n");
	for (int i = 0; i < 1000; i++)
		tell(&s, "b NOOP\r\n");
	expect_ask(&q);
	turns(3);
	auth_yes(1, "anna");
	expect_start(&start);
	spawner_started(1);
	expect_serve(start.control, &served);
	assert_true(served.ninput > 0 && served.ninput % 8 == 0);
	for (size_t i = served.ninput / 8; i < 1000; i++)
		assert_string_equal(line(served.stream), "b NOOP");
	assert_silent(served.stream);
	(void)close(served.stream);
	(void)close(start.control);
	speaker_off(&s);
}

/* Back pressure both ways: nothing is lost, nothing out of order. */
static void
a_slow_side_holds_the_other(void **state)
{
	enum {
		SIZE = 3 << 20
	};
	struct served served;
	struct speaker s;
	unsigned char *out = malloc(SIZE), *in = malloc(SIZE);
	size_t put = 0, got = 0, n;
	ssize_t r;
	int control;

	(void)state;
	for (size_t i = 0; i < SIZE; i++)
		out[i] = (unsigned char)(i * 2654435761u >> 13);
	arrive(&s, 1);
	control = tls_log_in(&s, 1, &served);
	/* Down: the client reads nothing for a while. */
	while (put < SIZE) {
		r = send(served.stream, out + put, SIZE - put, MSG_DONTWAIT);
		if (r == -1) {
			turns(3);
			r = send(
			    served.stream, out + put, SIZE - put, MSG_DONTWAIT);
			if (r == -1)
				break;
		}
		put += (size_t)r;
	}
	assert_true(put < SIZE); /* it was held */
	for (int i = 0; i < 100000 && got < SIZE; i++) {
		ERR_clear_error();
		if (SSL_read_ex(s.ssl, in + got, SIZE - got, &n) == 1)
			got += n;
		else
			turn();
		r = put < SIZE ? send(served.stream, out + put, SIZE - put,
				     MSG_DONTWAIT)
			       : 0;
		put += r > 0 ? (size_t)r : 0;
	}
	assert_int_equal(got, SIZE);
	assert_memory_equal(in, out, SIZE);
	/* Up: the session reads nothing for a while. */
	(void)SSL_set_mode(s.ssl, SSL_MODE_ENABLE_PARTIAL_WRITE);
	put = got = 0;
	for (int i = 0; i < 200 && put < SIZE; i++) {
		ERR_clear_error();
		if (SSL_write_ex(s.ssl, out + put, SIZE - put, &n) == 1)
			put += n;
		else
			turn();
	}
	assert_true(put < SIZE);
	for (int i = 0; i < 100000 && got < SIZE; i++) {
		r = recv(served.stream, in + got, SIZE - got, MSG_DONTWAIT);
		got += r > 0 ? (size_t)r : 0;
		ERR_clear_error();
		if (put < SIZE &&
		    SSL_write_ex(s.ssl, out + put, SIZE - put, &n) == 1)
			put += n;
		else if (r <= 0)
			turn();
	}
	assert_int_equal(got, SIZE);
	assert_memory_equal(in, out, SIZE);
	free(in);
	free(out);
	(void)close(served.stream);
	(void)close(control);
	speaker_off(&s);
}

static void
a_half_closed_client_hears_its_answers(void **state)
{
	struct served served;
	struct speaker s;
	int control;

	(void)state;
	arrive(&s, 1);
	control = tls_log_in(&s, 1, &served);
	tell(&s, "a LOGOUT\r\n");
	(void)SSL_shutdown(s.ssl);
	/* Bytes in clear behind close_notify are nobody's (A4). */
	(void)send(s.fd, "b DELETE x\r\n", 12, MSG_DONTWAIT);
	assert_string_equal(line(served.stream), "a LOGOUT");
	assert_string_equal(line(served.stream), "EOF");
	say(served.stream, "a OK\r\n");
	assert_string_equal(hear(&s), "a OK");
	(void)close(served.stream);
	session_end(control, 1, IPC_END_LOGOUT);
	assert_string_equal(hear(&s), "EOF");
	speaker_off(&s);
	(void)close(control);
	expect_conn(h.master, BOOT_MASTER, IPC_CLOSED, 1);
}

static void
a_broken_client_is_an_end_to_its_session(void **state)
{
	struct served served;
	struct speaker s;
	int control;

	(void)state;
	for (uint64_t i = 1; i <= 2; i++) {
		arrive(&s, i);
		control = tls_log_in(&s, i, &served);
		if (i == 1) /* gone without close_notify */
			(void)shutdown(s.fd, SHUT_WR);
		else /* not TLS */
			(void)send(s.fd, "a LOGOUT\r\n", 10, MSG_DONTWAIT);
		assert_string_equal(line(served.stream), "EOF");
		expect_none(h.master, BOOT_MASTER);
		session_end(control, i, IPC_END_DISCONNECTED);
		expect_conn(h.master, BOOT_MASTER, IPC_CLOSED, i);
		(void)close(served.stream);
		(void)close(control);
		speaker_off(&s);
		expect_conn(h.spawner, BOOT_SPAWNER, IPC_ENDED, i);
	}
}

static void
a_crashed_session_ends_a_tls_client(void **state)
{
	struct served served;
	struct speaker s;
	int control;

	(void)state;
	arrive(&s, 1);
	control = tls_log_in(&s, 1, &served);
	say(served.stream, "* 1 FETCH (\r\n");
	assert_string_equal(hear(&s), "* 1 FETCH (");
	(void)close(control);
	(void)close(served.stream);
	assert_true(hear(&s)[0] != '\0');
	(void)logged("session died");
	speaker_off(&s);
	expect_conn(h.master, BOOT_MASTER, IPC_CLOSED, 1);
}

static void
a_client_that_reads_nothing_is_let_go_of(void **state)
{
	struct served served;
	struct speaker s;
	int control, i;

	(void)state;
	arrive(&s, 1);
	control = tls_log_in(&s, 1, &served);
	for (i = 0; i < 100; i++) {
		static char block[16384];

		if (send(served.stream, block, sizeof(block), MSG_DONTWAIT) ==
		    -1)
			turn();
	}
	stop_worker(1, 0);
	for (i = 0; i < TURNS && h.alive; i++)
		turn();
	assert_false(h.alive);
	(void)close(served.stream);
	(void)close(control);
	speaker_off(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TLS(bytes_pass_both_ways),
	    TLS(pipelined_bytes_of_a_record_are_not_lost),
	    TLS(a_slow_side_holds_the_other),
	    TLS(a_half_closed_client_hears_its_answers),
	    TLS(a_broken_client_is_an_end_to_its_session),
	    TLS(a_crashed_session_ends_a_tls_client),
	    TLS(a_client_that_reads_nothing_is_let_go_of),
	};

	return cmocka_run_group_tests(tests, make_cert, drop_cert);
}
