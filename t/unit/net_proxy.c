/* The PROXY header: both versions, every cut, what is refused, its limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "worker/net/proxy.h"

#define SIGN "\r\n\r\n\0\r\nQUIT\n"

static const uint8_t v4[16] = {
    [10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 1};

/* Reads as a worker does; the bytes that were taken, -1: malformed. */
static long
run(const void *bytes, size_t n, struct proxy_origin *out)
{
	const uint8_t *p = bytes;
	size_t have = 0;
	int want;

	while ((want = proxy_wants(p, have)) > 0) {
		if (have + (size_t)want > n)
			return -2; /* it waits for more */
		have += (size_t)want;
	}
	if (want == -1 || proxy_parse(p, have, out) == -1)
		return -1;
	return (long)have;
}

static long
text(const char *line, struct proxy_origin *out)
{
	return run(line, strlen(line), out);
}

static void
a_line_names_the_client(void **state)
{
	static const char line[] =
	    "PROXY TCP4 192.0.2.1 198.51.100.7 56324 143\r\na LOGIN x y\r\n";
	struct proxy_origin o;

	(void)state;
	assert_int_equal(text(line, &o), strchr(line, '\n') - line + 1);
	assert_true(o.known);
	assert_memory_equal(o.peer, v4, 16);
	assert_int_equal(o.local[15], 7);
	assert_int_equal(o.peer_port, 56324);
	assert_int_equal(o.local_port, 143);
	assert_true(
	    text("PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n", &o) > 0);
	assert_int_equal(o.peer[0], 0x20);
	assert_int_equal(o.local[15], 2);
	assert_int_equal(o.local_port, 65535);
	assert_int_equal(text("PROXY UNKNOWN\r\nx", &o), 15);
	assert_false(o.known);
	assert_true(text("PROXY UNKNOWN a b c d e\r\n", &o) > 0);
	assert_false(o.known);
}

static void
lines_that_are_none_are_refused(void **state)
{
	static const char *const wrong[] = {"a LOGIN demo demo\r\n",
	    "PROXY \r\n123456", "PROXY TCP4\r\n",
	    "PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n",
	    "PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n",
	    "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n",
	    "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n",
	    "PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n",
	    "PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n",
	    "PROXY TCP4 192.0.2.1 ::1 1 2\r\n",
	    "PROXY TCP6 192.0.2.1 ::1 1 2\r\n",
	    "PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n",
	    "PROXY TCP4 192.0.2.1 192.0.2.2 x 2\r\n",
	    "PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n",
	    "PROXY TCP4 192.0.2.1 192.0.2.2  2\r\n", "proxy UNKNOWN\r\n",
	    "\r\n\r\nxxxxxxxxxxxx"};
	struct proxy_origin o;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (text(wrong[i], &o) != -1)
			fail_msg("%s", wrong[i]);
	assert_int_equal(run("PROXY UNKNOWN\0\r\n", 16, &o), -1);
}

static void
a_line_has_a_limit(void **state)
{
	char line[PROXY_LINE + 8];
	struct proxy_origin o;

	(void)state;
	for (int extra = -1; extra <= 1; extra++) {
		size_t n = (size_t)((int)PROXY_LINE + extra);

		memset(line, 'x', sizeof(line));
		memcpy(line, "PROXY UNKNOWN ", 14);
		memcpy(line + n - 2, "\r\n", 2);
		assert_int_equal(run(line, n, &o), extra > 0 ? -1 : (long)n);
	}
}

/* A header of version 2 with n bytes of extensions. */
static size_t
binary(uint8_t *b, uint8_t command, uint8_t family, size_t n)
{
	size_t len = (family == 0x11 ? 12 : family == 0x21 ? 36 : 0) + n;

	memset(b, 0, 16 + len);
	memcpy(b, SIGN, 12);
	b[12] = command;
	b[13] = family;
	b[14] = (uint8_t)(len >> 8);
	b[15] = (uint8_t)len;
	memcpy(b + 16, v4 + 12, 4);
	b[16 + 12 - 4] = 0x12;
	b[16 + 12 - 3] = 0x34;
	b[16 + 12 - 1] = 143;
	return 16 + len;
}

static void
a_binary_header_names_the_client(void **state)
{
	uint8_t b[PROXY_MAX + 64];
	struct proxy_origin o;
	size_t n;

	(void)state;
	n = binary(b, 0x21, 0x11, 0);
	b[n] = 'a'; /* what follows is not taken */
	assert_int_equal(run(b, n + 1, &o), n);
	assert_true(o.known);
	assert_memory_equal(o.peer, v4, 16);
	assert_int_equal(o.peer_port, 0x1234);
	assert_int_equal(o.local_port, 143);
	n = binary(b, 0x21, 0x21, 5);
	b[16] = 0x20;
	b[16 + 33] = 9;
	assert_int_equal(run(b, n, &o), n);
	assert_int_equal(o.peer[0], 0x20);
	assert_int_equal(o.peer_port, 9);
	n = binary(b, 0x20, 0x00, 0); /* LOCAL */
	assert_int_equal(run(b, n, &o), n);
	assert_false(o.known);
	n = binary(b, 0x21, 0x00, 4); /* UNSPEC */
	assert_int_equal(run(b, n, &o), n);
	assert_false(o.known);
}

static void
binary_headers_that_are_none_are_refused(void **state)
{
	uint8_t b[PROXY_MAX + 64];
	struct proxy_origin o;
	size_t n;

	(void)state;
	assert_int_equal(run(b, binary(b, 0x11, 0x11, 0), &o), -1);
	assert_int_equal(run(b, binary(b, 0x22, 0x11, 0), &o), -1);
	assert_int_equal(run(b, binary(b, 0x21, 0x12, 0), &o), -1); /* UDP */
	assert_int_equal(run(b, binary(b, 0x21, 0x31, 216), &o), -1);
	n = binary(b, 0x21, 0x11, 0);
	b[15] = 11; /* too short for its addresses */
	assert_int_equal(run(b, n - 1, &o), -1);
	for (int extra = -1; extra <= 1; extra++) {
		n = binary(
		    b, 0x21, 0x11, (size_t)((int)PROXY_MAX - 28 + extra));
		assert_int_equal(run(b, n, &o), extra > 0 ? -1 : (long)n);
	}
}

static void
a_header_that_is_cut_waits(void **state)
{
	static const char line[] = "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n";
	uint8_t b[64];
	struct proxy_origin o;
	size_t n = binary(b, 0x21, 0x11, 0);

	(void)state;
	for (size_t i = 0; i < sizeof(line) - 1; i++)
		assert_int_equal(run(line, i, &o), -2);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(run(b, i, &o), -2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_line_names_the_client),
	    cmocka_unit_test(lines_that_are_none_are_refused),
	    cmocka_unit_test(a_line_has_a_limit),
	    cmocka_unit_test(a_binary_header_names_the_client),
	    cmocka_unit_test(binary_headers_that_are_none_are_refused),
	    cmocka_unit_test(a_header_that_is_cut_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
