/*
 * COMPRESS switched on under a plain and a TLS client: from which byte on, what
 * is done with bytes that came too early, and what breaks it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ZLIB_CONST
#include <zlib.h>

#include "t/unit/net_tls.h"

static z_stream zin, zout;

static int
streams_up(void **state)
{
	memset(&zin, 0, sizeof(zin));
	memset(&zout, 0, sizeof(zout));
	assert_int_equal(inflateInit2(&zin, -15), Z_OK);
	assert_int_equal(
	    deflateInit2(&zout, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY),
	    Z_OK);
	return tls_up(state);
}

static int
streams_down(void **state)
{
	(void)inflateEnd(&zin);
	(void)deflateEnd(&zout);
	return house_down(state);
}

static size_t
squeeze(const char *text, char out[4096])
{
	zout.next_in = (const Bytef *)text;
	zout.avail_in = (unsigned)strlen(text);
	zout.next_out = (Bytef *)out;
	zout.avail_out = 4096;
	(void)deflate(&zout, Z_SYNC_FLUSH);
	return 4096 - zout.avail_out;
}

/* The next line of text under COMPRESS; "EOF". s NULL: plain on fd. */
static const char *
unpacked(int fd, struct speaker *s)
{
	static char text[4096];
	size_t n = 0, got;
	ssize_t r;
	char c;

	for (int i = 0; i < TURNS && n + 1 < sizeof(text);) {
		zin.next_out = (Bytef *)text + n;
		zin.avail_out = 1;
		if (inflate(&zin, Z_SYNC_FLUSH) == Z_OK && zin.avail_out == 0) {
			if (text[n++] != '\n')
				continue;
			text[n - 2] = '\0';
			return text;
		}
		r = -1;
		if (s == NULL)
			r = recv(fd, &c, 1, MSG_DONTWAIT);
		else if (SSL_read_ex(s->ssl, &c, 1, &got) == 1)
			r = 1;
		else if (SSL_get_error(s->ssl, 0) == SSL_ERROR_ZERO_RETURN)
			r = 0;
		ERR_clear_error();
		if (r == 0)
			return "EOF";
		if (r == -1) {
			turn();
			i++;
			continue;
		}
		zin.next_in = (const Bytef *)&c;
		zin.avail_in = 1;
	}
	return "";
}

/* The session asks for it and gives its stream back. */
static void
ask(int control, uint64_t conn, const char *rest, size_t n, int stream)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_COMPRESS);
	ipc_put_u64(&put, conn);
	ipc_put_bytes(&put, rest, n);
	assert_int_equal(ipc_send(control, &put, &stream, stream != -1), 0);
}

/* The session's new stream, or -1. */
static int
expect_stream(int control, uint64_t conn)
{
	struct ipc_msg msg;
	struct ipc_get g;

	assert_true(heard(control, BOOT_SESSION, &msg));
	assert_string_equal(ipc_name(msg.type), "STREAM");
	ipc_open(&g, &msg);
	assert_int_equal(ipc_get_u64(&g), conn);
	assert_int_equal(ipc_done(&g), 0);
	return ipc_take_fd(&msg, 0);
}

static void
a_plain_client_is_relayed_from_then_on(void **state)
{
	struct served served;
	int fd = knock(1), control, stream;
	char packed[4096];

	(void)state;
	greeted(fd);
	control = log_in(fd, 1, "anna", &served);
	say(served.stream, "b OK DEFLATE active\r\n");
	ask(control, 1, "", 0, served.stream);
	stream = expect_stream(control, 1);
	assert_int_not_equal(stream, -1);
	(void)close(served.stream);
	/* Not one byte of the OK is compressed, nothing follows it yet. */
	assert_string_equal(line(fd), "b OK DEFLATE active");
	assert_silent(fd);
	say_n(fd, packed, squeeze("c NOOP\r\nd NOOP\r\n", packed));
	assert_string_equal(line(stream), "c NOOP");
	assert_string_equal(line(stream), "d NOOP");
	say(stream, "c OK done\r\n");
	assert_string_equal(unpacked(fd, NULL), "c OK done");
	/* The last words arrive, then the end. */
	say(stream, "* BYE\r\n");
	session_end(control, 1, IPC_END_LOGOUT);
	assert_string_equal(unpacked(fd, NULL), "* BYE");
	assert_string_equal(unpacked(fd, NULL), "EOF");
	(void)close(fd);
	expect_conn(h.master, BOOT_MASTER, IPC_CLOSED, 1);
	(void)close(stream);
	(void)close(control);
}

/* The OK is still in the relay when COMPRESS comes. */
static void
a_tls_client_hears_the_ok_in_clear(void **state)
{
	struct served served;
	struct speaker s;
	char packed[4096];
	int control, stream;

	(void)state;
	arrive(&s, 1);
	control = tls_log_in(&s, 1, &served);
	for (int i = 0; i < 200; i++)
		say(served.stream, "* OK something long before the answer\r\n");
	say(served.stream, "b OK DEFLATE active\r\n");
	ask(control, 1, "", 0, served.stream);
	(void)close(served.stream);
	for (int i = 0; i < 200; i++)
		assert_string_equal(
		    hear(&s), "* OK something long before the answer");
	assert_string_equal(hear(&s), "b OK DEFLATE active");
	stream = expect_stream(control, 1);
	tell_n(&s, packed, squeeze("c NOOP\r\n", packed));
	assert_string_equal(line(stream), "c NOOP");
	say(stream, "c OK done\r\n");
	assert_string_equal(unpacked(-1, &s), "c OK done");
	say(stream, "* BYE\r\n");
	session_end(control, 1, IPC_END_LOGOUT);
	assert_string_equal(unpacked(-1, &s), "* BYE");
	assert_string_equal(unpacked(-1, &s), "EOF");
	speaker_off(&s);
	(void)close(stream);
	(void)close(control);
}

/* The word is heard before the stream is: the session keeps its end open. */
static void
the_ok_may_be_read_last(void **state)
{
	struct served served;
	struct speaker s;
	char packed[4096];
	int control, stream;

	(void)state;
	arrive(&s, 1);
	control = tls_log_in(&s, 1, &served);
	ask(control, 1, "", 0, served.stream);
	say(served.stream, "b OK DEFLATE active\r\n");
	stream = expect_stream(control, 1);
	assert_string_equal(hear(&s), "b OK DEFLATE active");
	tell_n(&s, packed, squeeze("c NOOP\r\n", packed));
	assert_string_equal(line(stream), "c NOOP");
	speaker_off(&s);
	(void)close(served.stream);
	(void)close(stream);
	(void)close(control);
}

/* RFC 4978: the client must not; but what it sent is compressed. */
static void
early_bytes_are_compressed_wherever_they_are(void **state)
{
	struct served served;
	struct speaker s;
	char packed[4096], text[512];
	int control, stream;
	size_t n;

	(void)state;
	arrive(&s, 1);
	control = tls_log_in(&s, 1, &served);
	tell(&s, "b COMPRESS DEFLATE\r\n");
	n = squeeze("c NOOP\r\nd NOOP\r\n", packed);
	tell_n(&s, packed, n);
	assert_string_equal(line(served.stream), "b COMPRESS DEFLATE");
	turns(3);
	/* Some read by the session, the others not. */
	assert_int_equal(recv(served.stream, text, 3, MSG_DONTWAIT), 3);
	say(served.stream, "b OK DEFLATE active\r\n");
	ask(control, 1, text, 3, served.stream);
	(void)close(served.stream);
	stream = expect_stream(control, 1);
	assert_string_equal(hear(&s), "b OK DEFLATE active");
	assert_string_equal(line(stream), "c NOOP");
	assert_string_equal(line(stream), "d NOOP");
	assert_silent(stream);
	(void)close(stream);
	(void)close(control);
	speaker_off(&s);
}

static void
text_behind_compress_ends_the_client(void **state)
{
	struct served served;
	int fd = knock(1), control, stream;

	(void)state;
	greeted(fd);
	control = log_in(fd, 1, "anna", &served);
	say(fd, "a DELETE x\r\na DELETE y\r\n");
	say(served.stream, "b OK DEFLATE active\r\n");
	ask(control, 1, "", 0, served.stream);
	(void)close(served.stream);
	stream = expect_stream(control, 1);
	assert_string_equal(line(stream), "EOF");
	(void)logged("COMPRESS broken, user=anna, ");
	session_end(control, 1, IPC_END_DISCONNECTED);
	expect_conn(h.master, BOOT_MASTER, IPC_CLOSED, 1);
	(void)close(fd);
	(void)close(stream);
	(void)close(control);
}

/* 1,000:1: what the session does not take holds the client back. */
static void
a_bomb_is_only_a_fast_client(void **state)
{
	static char zeros[65536], packed[65536], back[65536];
	struct served served;
	int fd = knock(1), control, stream;
	size_t n = 0, all = 0;
	ssize_t r;

	(void)state;
	greeted(fd);
	control = log_in(fd, 1, "anna", &served);
	ask(control, 1, "", 0, served.stream);
	(void)close(served.stream);
	stream = expect_stream(control, 1);
	for (int i = 0; i < 512; i++) {
		zout.next_in = (const Bytef *)zeros;
		zout.avail_in = sizeof(zeros);
		zout.next_out = (Bytef *)packed + n;
		zout.avail_out = (unsigned)(sizeof(packed) - n);
		(void)deflate(&zout, i == 511 ? Z_SYNC_FLUSH : Z_NO_FLUSH);
		n = sizeof(packed) - zout.avail_out;
	}
	assert_true(n < 40000);
	say_n(fd, packed, n);
	turns(20); /* nobody reads: it must not be unpacked on stock */
	for (int i = 0; i < TURNS && all < 512u * 65536; i++) {
		r = recv(stream, back, sizeof(back), MSG_DONTWAIT);
		if (r > 0) {
			all += (size_t)r;
			i = 0;
		} else {
			turn();
		}
	}
	assert_int_equal(all, 512u * 65536);
	(void)close(fd);
	(void)close(stream);
	(void)close(control);
}

static void
empty_blocks_end_the_client(void **state)
{
	static char blocks[5 * 20000];
	struct served served;
	int fd = knock(1), control, stream;
	ssize_t r = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(blocks); i += 5)
		memcpy(blocks + i, "\0\0\0\xff\xff", 5);
	greeted(fd);
	control = log_in(fd, 1, "anna", &served);
	ask(control, 1, "", 0, served.stream);
	(void)close(served.stream);
	stream = expect_stream(control, 1);
	for (int i = 0; i < 200 && r != -1; i++) {
		r = send(
		    fd, blocks, sizeof(blocks), MSG_DONTWAIT | MSG_NOSIGNAL);
		if (r == -1 && errno == EAGAIN)
			r = 0;
		turns(2);
	}
	assert_int_equal(r, -1);
	assert_string_equal(line(stream), "EOF");
	(void)logged("reason=too much that yields nothing");
	(void)close(fd);
	(void)close(stream);
	(void)close(control);
}

static void
left(uint64_t conn)
{
	expect_conn(h.master, BOOT_MASTER, IPC_CLOSED, conn);
	expect_conn(h.spawner, BOOT_SPAWNER, IPC_ENDED, conn);
}

/* 65,536 bytes too early are kept, one more ends the client. */
static void
too_much_too_early_ends_the_client(void **state)
{
	static char early[65536 + 1];
	struct served served;
	struct speaker s;
	int control;

	(void)state;
	for (size_t more = 0; more < 2; more++) {
		arrive(&s, 1 + more);
		control = tls_log_in(&s, 1 + more, &served);
		/* A stored block that is not yet whole. */
		memcpy(early, "\0\xff\xff\0\0", 5);
		tell_n(&s, early, 65536 - 10 + more);
		turns(10);
		ask(control, 1 + more, "0123456789", 10, served.stream);
		(void)close(served.stream);
		if (more == 1) {
			assert_int_equal(expect_stream(control, 2), -1);
			(void)logged("too much was sent before the OK");
		}
		(void)close(control);
		speaker_off(&s);
		left(1 + more);
	}
}

/* A session that breaks the rules is closed, the house stays up. */
static void
compress_out_of_place_costs_the_session(void **state)
{
	struct served served;
	int fd, control, stream;

	(void)state;
	for (uint64_t conn = 1; conn <= 3; conn++) {
		fd = knock(conn);
		greeted(fd);
		control = log_in(fd, conn, "anna", &served);
		if (conn == 1) { /* no stream */
			ask(control, conn, "", 0, -1);
		} else if (conn == 2) { /* another's client */
			ask(control, 99, "", 0, served.stream);
		} else { /* twice */
			ask(control, conn, "", 0, served.stream);
			stream = expect_stream(control, conn);
			ask(control, conn, "", 0, stream);
			(void)close(stream);
		}
		(void)logged("bad message COMPRESS from a session: closed");
		(void)logged("session died");
		(void)close(served.stream);
		(void)close(control);
		(void)close(fd);
		left(conn);
	}
	fd = knock(9);
	greeted(fd);
	(void)close(fd);
}

#define BOTH(test)                                                             \
	cmocka_unit_test_setup_teardown(test, streams_up, streams_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    BOTH(a_plain_client_is_relayed_from_then_on),
	    BOTH(a_tls_client_hears_the_ok_in_clear),
	    BOTH(the_ok_may_be_read_last),
	    BOTH(early_bytes_are_compressed_wherever_they_are),
	    BOTH(text_behind_compress_ends_the_client),
	    BOTH(a_bomb_is_only_a_fast_client),
	    BOTH(empty_blocks_end_the_client),
	    BOTH(too_much_too_early_ends_the_client),
	    BOTH(compress_out_of_place_costs_the_session),
	};

	return cmocka_run_group_tests(tests, make_cert, drop_cert);
}
