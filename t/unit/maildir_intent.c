/* The intent of a RENAME: what is written is read, what is broken refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "maildir/folder_intent.h"

static void
an_intent_is_read_as_it_was_written(void **state)
{
	struct intent a = {0}, b;
	char *text;
	size_t n, cut;

	(void)state;
	a.from = strdup("x");
	a.to = strdup("y\xc3\xbc");
	assert_int_equal(intent_add(&a, 17, "x", "y\xc3\xbc"), 0);
	assert_int_equal(
	    intent_add(&a, UINT64_MAX, "x.\n\xff", "y\xc3\xbc.\n\xff"), 0);
	text = intent_print(&a, &n);
	assert_non_null(text);
	assert_int_equal(intent_parse(&b, text, n), 0);
	assert_int_equal(b.n, 2);
	assert_string_equal(b.from, "x");
	assert_string_equal(b.moves[1].to, "y\xc3\xbc.\n\xff");
	assert_true(b.moves[1].ino == UINT64_MAX);
	intent_done(&b);
	/* cut anywhere it is none */
	for (cut = 0; cut < n; cut++) {
		errno = 0;
		assert_int_equal(intent_parse(&b, text, cut), -1);
		assert_int_equal(errno, EINVAL);
	}
	free(text);
	intent_done(&a);
}

static void
an_intent_with_evil_names_is_refused(void **state)
{
	static const struct {
		const char *text;
		size_t n;
	} v[] = {
#define TEXT(s) {s, sizeof(s) - 1}
	    TEXT("rename 2\0a\0b\0end\0"),
	    TEXT("rename 1\0/a\0b\0end\0"),
	    TEXT("rename 1\0a\0../b\0end\0"),
	    TEXT("rename 1\0a\0b\0"
		 "7\0../a\0b\0end\0"),
	    TEXT("rename 1\0a\0b\0"
		 "7\0\0b\0end\0"),
	    TEXT("rename 1\0a\0b\0"
		 "-7\0a\0b\0end\0"),
	    TEXT("rename 1\0a\0b\0"
		 "7x\0a\0b\0end\0"),
	    TEXT("rename 1\0a\0b\0"
		 "99999999999999999999\0a\0b\0end\0"),
	    TEXT("rename 1\0a\0b\0end\0more\0"),
	};
	struct intent in;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof v / sizeof v[0]; i++) {
		errno = 0;
		assert_int_equal(intent_parse(&in, v[i].text, v[i].n), -1);
		assert_int_equal(errno, EINVAL);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_intent_is_read_as_it_was_written),
	    cmocka_unit_test(an_intent_with_evil_names_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
