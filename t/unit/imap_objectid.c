/* Object identifiers: what they are made of, and only that. RFC 8474. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "worker/imap/objectid.h"

static void
a_digest_is_of_date_and_bytes(void **state)
{
	/* The first 24 bytes of SHA-256 of eight zeros and "abc". */
	static const char want[] =
	    "Mf3652e4ce938bb9965f62c3ca4d8f69301a6c85b1e86eac6";
	unsigned char a[OBJECTID_DIGEST], b[OBJECTID_DIGEST];
	struct buf text;

	(void)state;
	objectid_digest(a, 0, "abc", 3);
	buf_init(&text, 100);
	objectid_email(&text, a);
	assert_int_equal(text.n, strlen(want));
	assert_memory_equal(text.p, want, text.n);
	buf_done(&text);
	objectid_digest(b, 0, "abc", 3);
	assert_memory_equal(a, b, sizeof(a));
	objectid_digest(b, 1, "abc", 3);
	assert_memory_not_equal(a, b, sizeof(a));
	objectid_digest(b, 0, "abd", 3);
	assert_memory_not_equal(a, b, sizeof(a));
	objectid_digest(b, 0, "ab", 2);
	assert_memory_not_equal(a, b, sizeof(a));
}

static void
a_mailbox_is_known_by_uidvalidity_and_inode(void **state)
{
	struct buf text;

	(void)state;
	buf_init(&text, 100);
	objectid_mailbox(&text, 1, 0x2a);
	buf_char(&text, '|');
	objectid_mailbox(&text, UINT32_MAX, UINT64_MAX);
	buf_char(&text, '\0');
	assert_string_equal(text.p, "MAILBOXID (F000000012a)|"
				    "MAILBOXID (Fffffffffffffffffffffffff)");
	buf_done(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_digest_is_of_date_and_bytes),
	    cmocka_unit_test(a_mailbox_is_known_by_uidvalidity_and_inode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
