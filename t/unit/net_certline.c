/* What is said of a certificate, and when it becomes a warning. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "worker/net/certline.h"

#define NOW  1796000000 /* 2026-11-30 00:53:20 UTC */
#define SOON (14 * 86400)

static void
says(time_t until, bool warns, const char *want)
{
	struct tls_certificate c = {
	    .name = "b.example", .why = "", .subject = "a", .until = until};
	char text[CERTLINE_MAX];

	assert_int_equal(certline(&c, NOW, text), warns);
	assert_string_equal(text, want);
}

static void
a_certificate_is_warned_of_two_weeks_before_its_end(void **state)
{
	(void)state;
	says(NOW + SOON, false,
	    "certificate of a for b.example is valid until "
	    "2026-12-14 00:53:20 UTC");
	says(NOW + SOON - 1, true,
	    "certificate of a for b.example expires in 13 days, "
	    "2026-12-14 00:53:19 UTC");
	says(NOW + 1, true,
	    "certificate of a for b.example expires in 0 days, "
	    "2026-11-30 00:53:21 UTC");
	says(NOW, true,
	    "certificate of a for b.example has expired, "
	    "2026-11-30 00:53:20 UTC");
}

static void
what_is_passed_over_is_a_warning(void **state)
{
	struct tls_certificate c = {.name = "", .why = "no key"};
	char text[CERTLINE_MAX];

	(void)state;
	assert_true(certline(&c, NOW, text));
	assert_string_equal(
	    text, "the file beside TLS_CERTFILE is passed over: no key");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		a_certificate_is_warned_of_two_weeks_before_its_end),
	    cmocka_unit_test(what_is_passed_over_is_a_warning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
