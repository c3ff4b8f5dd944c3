/*
 * Messages with NULs: what is left as it is, what is encoded and comes back by
 * BINARY octet for octet, what no encoding can save.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "worker/imap/binary.h"
#include "worker/imap/body.h"

/* A string with its NULs. */
#define TEXT(s) (s), sizeof(s) - 1

static void
is_as(const char *msg, size_t n, enum binary_form want)
{
	struct buf out;

	buf_init(&out, 1u << 20);
	assert_int_equal(binary_convert(msg, n, &out), want);
	if (want == BINARY_AS_IS)
		assert_int_equal(out.n, 0);
	buf_done(&out);
}

static void
becomes(const char *msg, size_t n, const char *want)
{
	struct buf out;

	buf_init(&out, 1u << 20);
	assert_int_equal(binary_convert(msg, n, &out), BINARY_MADE);
	buf_char(&out, '\0');
	assert_string_equal(out.p, want);
	buf_done(&out);
}

static void
what_can_be_stored_stays(void **state)
{
	(void)state;
	is_as(TEXT("Subject: x\r\n\r\nbody\r\n"), BINARY_AS_IS);
	is_as(TEXT("Content-Transfer-Encoding: binary\r\n\r\nb\xff\r\n"),
	    BINARY_AS_IS);
	is_as(TEXT("Subject: x\r\n\r\nbare\nline\r\n"), BINARY_AS_IS);
	is_as(TEXT("Content-Transfer-Encoding: 8bit\n\nbare\nline\n"),
	    BINARY_AS_IS);
	is_as(TEXT(""), BINARY_AS_IS);
}

static void
a_part_with_nuls_becomes_base64(void **state)
{
	(void)state;
	becomes(TEXT("Subject: x\r\n\r\n\0\1\2\r\n"),
	    "Subject: x\r\nMIME-Version: 1.0\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\nAAECDQo=\r\n");
	becomes(TEXT("mime-version: 1.0\r\n"
		     "Content-Transfer-Encoding:\r\n binary\r\n"
		     "X: y\r\n\r\n\0"),
	    "mime-version: 1.0\r\nX: y\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\nAA==\r\n");
	/* a line end that the store would change */
	becomes(TEXT("Content-Transfer-Encoding: BINARY\r\n\r\na\nb"),
	    "MIME-Version: 1.0\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\nYQpi\r\n");
	becomes(TEXT("\r\n\0"),
	    "MIME-Version: 1.0\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\nAA==\r\n");
}

static void
only_the_part_that_needs_it_is_touched(void **state)
{
	(void)state;
	becomes(TEXT("Content-Type: multipart/mixed; boundary=b\r\n\r\n"
		     "preamble\r\n--b\r\n\r\ntext\r\n--b\r\n"
		     "Content-Type: image/png\r\n\r\n\0\r\n\r\n--b\r\n"
		     "Content-Type: message/rfc822\r\n\r\n"
		     "Subject: inner\r\n\r\n\0x\r\n--b--\r\nend\r\n"),
	    "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
	    "preamble\r\n--b\r\n\r\ntext\r\n--b\r\n"
	    "Content-Type: image/png\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\nAA0K\r\n--b\r\n"
	    "Content-Type: message/rfc822\r\n\r\n"
	    "Subject: inner\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\nAHg=\r\n"
	    "--b--\r\nend\r\n");
}

static void
a_nul_where_no_encoding_is_is_refused(void **state)
{
	(void)state;
	is_as(TEXT("Subject: \0\r\n\r\nx"), BINARY_UNFIT);
	is_as(TEXT("Subject: \0\r\n\r\n\0"), BINARY_UNFIT);
	is_as(TEXT("\0"), BINARY_UNFIT);
	is_as(TEXT("Content-Transfer-Encoding: base64\r\n\r\nAA\0=="),
	    BINARY_UNFIT);
	is_as(TEXT("Content-Transfer-Encoding: x-own\r\n\r\n\0"), BINARY_UNFIT);
	is_as(TEXT("Content-Type: multipart/mixed; boundary=b\r\n\r\n"
		   "\0\r\n--b\r\n\r\ntext\r\n--b--\r\n"),
	    BINARY_UNFIT);
}

/* All sizes around the lines of base64, and more than one of them. */
static void
each_octet_comes_back(void **state)
{
	static const char header[] =
	    "Content-Transfer-Encoding: binary\r\n\r\n";
	const size_t h = sizeof(header) - 1;
	const uint32_t one = 1;
	const struct parse_section section = {.part = &one, .nparts = 1};
	struct arena *arena = arena_new(1u << 20);
	char msg[512];
	struct body_slice slice;
	struct mime *mime;
	struct buf out;
	size_t n, i;

	(void)state;
	memcpy(msg, header, h);
	for (n = 1; n < 300; n++) {
		for (i = 0; i < n; i++)
			msg[h + i] = (char)(i * 7 % 256);
		buf_init(&out, 1u << 20);
		assert_int_equal(binary_convert(msg, h + n, &out), BINARY_MADE);
		assert_null(memchr(out.p, '\0', out.n));
		mime = mime_parse(out.p, out.n);
		assert_int_equal(
		    body_binary(arena, out.p, mime, &section, &slice), 0);
		assert_int_equal(slice.n, n);
		assert_memory_equal(slice.p, msg + h, n);
		mime_free(mime);
		buf_done(&out);
	}
	arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_can_be_stored_stays),
	    cmocka_unit_test(a_part_with_nuls_becomes_base64),
	    cmocka_unit_test(only_the_part_that_needs_it_is_touched),
	    cmocka_unit_test(a_nul_where_no_encoding_is_is_refused),
	    cmocka_unit_test(each_octet_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
