/* What is folded once finds what is found in the header itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <strings.h>

#include "worker/imap/folded.h"

static const char header[] =
    "From: \"Ann B\" (of the shop) <ann @ example.net>\n"
    "Subject: Die =?utf-8?q?Stra=C3=9Fe?= nach\n =?utf-8?b?UMOpdHJp?=\n"
    "To: Bob <bob@example.org>, =?iso-8859-1?q?Zo=EB?= <zoe@example.com>\n"
    "Cc: friends: carl@example.org;\n"
    "Bcc:\n"
    "X-Other: nothing of it\n"
    "subject: a second one\n";

static bool
in_record(enum mailbox_kept kind, char tag, const struct text_needle *needle)
{
	struct buf b;
	bool has;

	buf_init(&b, 100000);
	folded_make(&b, kind, header, sizeof(header) - 1);
	assert_false(b.failed);
	has = folded_has(b.p, b.n, tag, needle);
	buf_done(&b);
	return has;
}

static bool
in_header(const char *field, const struct text_needle *needle)
{
	struct mime_text name, value;
	size_t at = 0;

	while (mime_field(header, sizeof(header) - 1, &at, &name, &value))
		if (name.n == strlen(field) &&
		    strncasecmp(name.p, field, name.n) == 0 &&
		    text_field_has(&name, &value, needle))
			return true;
	return false;
}

static void
a_record_finds_what_the_header_has(void **state)
{
	static const char *const fields[] = {
	    "Subject", "From", "To", "Cc", "Bcc"};
	static const char *const texts[] = {"", "strasse", "PÉTRI", "second",
	    "straße nach pétri", "nach pétria", "ann b <ann@example.net>",
	    "ann @ example", "shop", "zoë <zoe@example.com>", "bob", "carl",
	    "friends", " <carl@", "nothing", "example", "one\na", "x"};
	struct arena *a = arena_new(1000000);
	struct text_needle needle;
	struct folded where;
	size_t i, k, found = 0;
	bool want;

	(void)state;
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		for (k = 0; k < sizeof(texts) / sizeof(texts[0]); k++) {
			assert_true(folded_field(fields[i], &where));
			assert_int_equal(text_needle(a, "UTF-8", texts[k],
					     strlen(texts[k]), &needle),
			    0);
			want = in_header(fields[i], &needle);
			if (in_record(where.kind, where.tag, &needle) != want)
				fail_msg("%s in %s is %d", texts[k], fields[i],
				    want);
			found += want;
		}
	assert_in_range(found, 20, 40);
	arena_free(a);
}

static void
only_some_fields_are_folded(void **state)
{
	struct folded where;

	(void)state;
	assert_true(folded_field("sUBJECT", &where));
	assert_int_equal(where.kind, MAILBOX_SUBJECT);
	assert_false(folded_field("Reply-To", &where));
	assert_false(folded_field("", &where));
}

static void
a_field_that_is_not_there_has_not_even_nothing(void **state)
{
	const struct text_needle none = {"", 0};
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	folded_make(&b, MAILBOX_ADDRESSES, "To:\n", 4);
	assert_true(folded_has(b.p, b.n, 't', &none));
	assert_false(folded_has(b.p, b.n, 'f', &none));
	buf_clear(&b);
	folded_make(&b, MAILBOX_SUBJECT, "To:\n", 4);
	assert_int_equal(b.n, 0);
	assert_false(folded_has(b.p, b.n, 's', &none));
	buf_done(&b);
}

static void
a_nul_parts_nothing(void **state)
{
	const struct text_needle needle = {"f", 1}, end = {"evil", 4};
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	folded_make(&b, MAILBOX_ADDRESSES, "To: a\0fevil\n", 12);
	assert_true(folded_has(b.p, b.n, 't', &needle));
	assert_true(folded_has(b.p, b.n, 't', &end));
	assert_false(folded_has(b.p, b.n, 'f', &end));
	buf_done(&b);
}

static void
a_record_that_is_too_long_fails(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 8);
	folded_make(&b, MAILBOX_SUBJECT, "Subject: abcdefgh\n", 18);
	assert_true(b.failed);
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_record_finds_what_the_header_has),
	    cmocka_unit_test(only_some_fields_are_folded),
	    cmocka_unit_test(a_field_that_is_not_there_has_not_even_nothing),
	    cmocka_unit_test(a_nul_parts_nothing),
	    cmocka_unit_test(a_record_that_is_too_long_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
