/* Names of the wire and folders of the store, both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "worker/imap/namespace.h"

static const struct settings courier = {.namespace_prefix = 1};
static const struct settings flat = {.namespace_prefix = 0};

static void
with_the_prefix_only_names_below_inbox_are_names(void **state)
{
	static const struct {
		const char *name, *folder; /* NULL: EINVAL */
	} cases[] = {
	    {"INBOX", ""},
	    {"inbox", ""},
	    {"INBOX.Sent", "Sent"},
	    {"inbox.Sent", "Sent"},
	    {"INBOX.a.b", "a.b"},
	    {"INBOX.INBOX", "INBOX"},
	    {"Sent", NULL},
	    {"INBOXSent", NULL},
	    {"", NULL},
	    {"INBOX.", NULL},
	    {"INBOX..a", NULL},
	    {"INBOX.../x", NULL},
	    {"INBOX.a/b", NULL},
	    {"INBOX./etc", NULL},
	    {"INBOX.a\nb", NULL},
	    {"INBOX.a\x7f", NULL},
	    {"INBOX.\t", NULL},
	    {"#shared.joe", NULL},
	};
	char out[64];
	size_t i;
	int r;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		errno = 0;
		r = namespace_folder(&courier, cases[i].name, out, sizeof(out));
		if (cases[i].folder == NULL && (r != -1 || errno != EINVAL))
			fail_msg("name '%s' is one", cases[i].name);
		if (cases[i].folder != NULL &&
		    (r != 0 || strcmp(out, cases[i].folder) != 0))
			fail_msg("name '%s'", cases[i].name);
	}
}

static void
without_the_prefix_names_are_folders(void **state)
{
	char out[64];

	(void)state;
	assert_int_equal(namespace_folder(&flat, "Inbox", out, 64), 0);
	assert_string_equal(out, "");
	assert_int_equal(namespace_folder(&flat, "Sent", out, 64), 0);
	assert_string_equal(out, "Sent");
	assert_int_equal(namespace_folder(&flat, "INBOX.x", out, 64), 0);
	assert_string_equal(out, "INBOX.x");
	assert_int_equal(namespace_folder(&flat, ".x", out, 64), -1);
	assert_int_equal(namespace_folder(&flat, "..", out, 64), -1);
	assert_int_equal(namespace_folder(&flat, "", out, 64), -1);
}

static void
folders_have_one_name(void **state)
{
	char out[64];

	(void)state;
	assert_int_equal(namespace_name(&courier, "", out, 64), 0);
	assert_string_equal(out, "INBOX");
	assert_int_equal(namespace_name(&courier, "a.b", out, 64), 0);
	assert_string_equal(out, "INBOX.a.b");
	assert_int_equal(namespace_name(&courier, "INBOX", out, 64), 0);
	assert_string_equal(out, "INBOX.INBOX");
	assert_int_equal(namespace_name(&flat, "", out, 64), 0);
	assert_string_equal(out, "INBOX");
	assert_int_equal(namespace_name(&flat, "a.b", out, 64), 0);
	assert_string_equal(out, "a.b");
	/* It would answer to INBOX's own name. */
	assert_int_equal(namespace_name(&flat, "inbox", out, 64), -1);
	assert_int_equal(errno, EINVAL);
}

static void
subscription_lines_are_couriers(void **state)
{
	char out[64];

	(void)state;
	assert_int_equal(namespace_line("", out, 64), 0);
	assert_string_equal(out, "INBOX");
	assert_int_equal(namespace_line("a.b", out, 64), 0);
	assert_string_equal(out, "INBOX.a.b");
	assert_int_equal(namespace_of_line("INBOX", out, 64), 0);
	assert_string_equal(out, "");
	assert_int_equal(namespace_of_line("INBOX.a.b", out, 64), 0);
	assert_string_equal(out, "a.b");
	assert_int_equal(namespace_of_line("#shared.x", out, 64), -1);
	assert_int_equal(namespace_of_line("shared.x.y", out, 64), -1);
	assert_int_equal(namespace_of_line("INBOX.", out, 64), -1);
	assert_int_equal(namespace_of_line("", out, 64), -1);
}

static void
sizes_are_kept_at_their_edge(void **state)
{
	char out[16];

	(void)state;
	assert_int_equal(namespace_folder(&courier, "INBOX.abcd", out, 5), 0);
	assert_string_equal(out, "abcd");
	assert_int_equal(namespace_folder(&courier, "INBOX.abcd", out, 4), -1);
	assert_int_equal(errno, ENAMETOOLONG);
	assert_int_equal(namespace_name(&courier, "abcd", out, 11), 0);
	assert_int_equal(namespace_name(&courier, "abcd", out, 10), -1);
	assert_int_equal(errno, ENAMETOOLONG);
	assert_int_equal(namespace_line("abcd", out, 11), 0);
	assert_int_equal(namespace_line("abcd", out, 10), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(with_the_prefix_only_names_below_inbox_are_names),
	    cmocka_unit_test(without_the_prefix_names_are_folders),
	    cmocka_unit_test(folders_have_one_name),
	    cmocka_unit_test(subscription_lines_are_couriers),
	    cmocka_unit_test(sizes_are_kept_at_their_edge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
