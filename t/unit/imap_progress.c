/* When INPROGRESS is told, and how it reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "worker/imap/progress.h"

static void
a_line_is_due_after_the_interval_only(void **state)
{
	struct progress p = {.told = 100};

	(void)state;
	assert_false(progress_due(&p, 100 + PROGRESS_MS - 1, false));
	assert_true(progress_due(&p, 100 + PROGRESS_MS, false));
	assert_false(progress_due(&p, 100 + PROGRESS_MS, false));
	assert_false(progress_due(&p, 99 + 2 * PROGRESS_MS, false));
	assert_true(progress_due(&p, 100 + 2 * PROGRESS_MS, false));
}

static void
a_client_that_closed_its_half_is_asked_sooner(void **state)
{
	struct progress p = {.told = 0};

	(void)state;
	assert_false(progress_due(&p, PROGRESS_CLOSED_MS - 1, true));
	assert_true(progress_due(&p, PROGRESS_CLOSED_MS, true));
}

/* RFC 9585: PROGRESS is smaller than GOAL. */
static void
the_line_has_tag_progress_and_goal(void **state)
{
	const struct progress known = {.told = 1};
	const struct progress unknown = {.told = 1, .unknown = true};
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	progress_print(&b, &known, "A001", 454, 1000);
	progress_print(&b, &known, "A]1", 5, 5);
	progress_print(&b, &unknown, "B", 4, 5);
	buf_char(&b, '\0');
	assert_string_equal(b.p,
	    "* OK [INPROGRESS (\"A001\" 454 1000)] Still working.\r\n"
	    "* OK [INPROGRESS (\"A]1\" NIL NIL)] Still working.\r\n"
	    "* OK [INPROGRESS (\"B\" NIL NIL)] Still working.\r\n");
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_line_is_due_after_the_interval_only),
	    cmocka_unit_test(a_client_that_closed_its_half_is_asked_sooner),
	    cmocka_unit_test(the_line_has_tag_progress_and_goal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
