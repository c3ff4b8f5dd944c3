/* Message-IDs in the form that can be compared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "worker/imap/msgid.h"

static void
ids_are_found_and_normalised(void **state)
{
	/* The IDs with a blank after each. */
	static const char *const cases[][2] = {
	    {"", ""},
	    {"<a@b>", "a@b "},
	    {" <a@b>\r\n\t<c@d> <e@f>", "a@b c@d e@f "},
	    {"<a@b><c@d>", "a@b c@d "},
	    {"<\"01KF8JCEOCBS0045PS\"@xxx.yyy.com>",
		"01KF8JCEOCBS0045PS@xxx.yyy.com "},
	    {"<\"a\\\"b\"@c>", "a\"b@c "},
	    {"<\"a@b\"@c>", "a@b@c "},
	    {"<\"a>b\"@c>", "a>b@c "},
	    {"your message of Monday <a@b>", "a@b "},
	    {"<a@b> (x@y), z@z", "a@b "},
	    {"<long@\r\n host>", "long@host "},
	    {"<A@B>", "A@B "},
	    {"<a@[1.2.3.4]>", "a@[1.2.3.4] "},
	    {"<<a@b>>", "a@b "},
	    {"<x <a@b>", "a@b "},
	    /* not valid */
	    {"a@b", ""},
	    {"<ab>", ""},
	    {"<@b>", ""},
	    {"<a@>", ""},
	    {"<>", ""},
	    {"<a@b", ""},
	    {"<\"a@b\">", ""},
	    {"<ab> <a@b>", "a@b "},
	    {"<\"a@b>", ""},
	};
	struct buf b;
	size_t i, at;

	(void)state;
	buf_init(&b, 65536);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_clear(&b);
		at = 0;
		while (msgid_next(&b, cases[i][0], strlen(cases[i][0]), &at))
			buf_char(&b, ' ');
		buf_char(&b, '\0');
		assert_string_equal(b.p, cases[i][1]);
	}
	buf_done(&b);
}

static void
hostile_values_take_linear_time(void **state)
{
	static const char *const parts[] = {"<", "<a", "<\"", "<a@b>", "\""};
	const size_t size = 4u << 20;
	char *text = malloc(size);
	size_t i, n, len, at;
	struct buf b;

	(void)state;
	assert_non_null(text);
	buf_init(&b, size);
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		len = strlen(parts[i]);
		for (n = 0; n + len <= size; n += len)
			memcpy(text + n, parts[i], len);
		at = 0;
		while (msgid_next(&b, text, n, &at))
			buf_clear(&b);
		assert_int_equal(at, n);
	}
	buf_done(&b);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ids_are_found_and_normalised),
	    cmocka_unit_test(hostile_values_take_linear_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
