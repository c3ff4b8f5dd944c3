/* Which fields of a header are kept, and that they stay as they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "worker/imap/header.h"

static void
names_have_no_case_and_are_whole(void **state)
{
	static const char *const yes[] = {"To", "tO", "SUBJECT", "message-id",
	    "X-Universally-Unique-Identifier", "Disposition-Notification-To",
	    "references", "Content-Type"};
	static const char *const no[] = {"T", "Received", "Subjec", "Subjects",
	    "DKIM-Signature", "X-Universally-Unique-Identifiers", "-To", "X"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		if (!header_keeps(yes[i], strlen(yes[i])))
			fail_msg("%s is not kept", yes[i]);
	for (i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (header_keeps(no[i], strlen(no[i])))
			fail_msg("%s is kept", no[i]);
}

static void
fields_are_picked_as_they_stand(void **state)
{
	static const struct {
		const char *header, *picked;
	} cases[] = {
	    {"Received: a\nSubject: b\n c\nFrom: d\n\nTo: body\n",
		"Subject: b\n c\nFrom: d\n\n"},
	    {"From: a\r\n\tb\r\nX: c\r\nTo : d\r\n\r\n",
		"From: a\r\n\tb\r\nTo : d\r\n\n"},
	    {"From b\nno field\nsubject:x\nSUBJECT:\n",
		"subject:x\nSUBJECT:\n\n"},
	    {"Subject: without an end", "Subject: without an end\n\n"},
	    {"Received: a\n", "\n"},
	    {"\nSubject: body\n", "\n"},
	    {"", "\n"},
	};
	struct buf b, again;
	size_t i;

	(void)state;
	buf_init(&b, 1000);
	buf_init(&again, 1000);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_clear(&b);
		header_pick(&b, cases[i].header, strlen(cases[i].header));
		if (b.n != strlen(cases[i].picked) ||
		    memcmp(b.p, cases[i].picked, b.n) != 0)
			fail_msg("%zu: %.*s", i, (int)b.n, b.p);
		/* What is picked of it again is all of it. */
		buf_clear(&again);
		header_pick(&again, b.p, b.n);
		assert_int_equal(again.n, b.n);
		assert_memory_equal(again.p, b.p, b.n);
	}
	buf_done(&b);
	buf_done(&again);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_have_no_case_and_are_whole),
	    cmocka_unit_test(fields_are_picked_as_they_stand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
