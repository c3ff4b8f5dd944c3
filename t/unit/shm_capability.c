/* Which words are announced when, under Courier's settings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "shm/capability.h"

static bool
says(const struct settings *set, enum capability_stage stage, const char *word)
{
	char line[1024] = " ", want[64];

	capability_print(set, stage, false, line + 1, sizeof(line) - 2);
	(void)strcat(line, " ");
	(void)snprintf(want, sizeof(want), " %s ", word);
	return strstr(line, want) != NULL;
}

static void
unset_means_all(void **state)
{
	struct settings s = {.starttls = 1};

	(void)state;
	assert_true(says(&s, CAPABILITY_LOGIN, "IMAP4rev1"));
	assert_true(says(&s, CAPABILITY_LOGIN, "LITERAL-"));
	assert_false(says(&s, CAPABILITY_LOGIN, "LITERAL+"));
	assert_true(says(&s, CAPABILITY_MAIL, "LITERAL+"));
	assert_true(says(&s, CAPABILITY_LOGIN, "STARTTLS"));
	assert_false(says(&s, CAPABILITY_LOGIN_TLS, "STARTTLS"));
	assert_false(says(&s, CAPABILITY_MAIL, "AUTH=PLAIN"));
	assert_true(capability_has(&s, "MOVE"));
	assert_true(capability_has(&s, "APPENDLIMIT"));
	assert_false(capability_has(&s, "XYZZY"));
}

static void
couriers_default_lists_hide_nothing(void **state)
{
	static const char *const lists[] = {
	    "IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT "
	    "THREAD=REFERENCES SORT QUOTA IDLE",
	    "IDLE QUOTA SORT THREAD=REFERENCES THREAD=ORDEREDSUBJECT "
	    "NAMESPACE CHILDREN UIDPLUS IMAP4rev1",
	    "IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT "
	    "THREAD=REFERENCES SORT QUOTA AUTH=CRAM-MD5 AUTH=CRAM-SHA1 "
	    "AUTH=CRAM-SHA256 IDLE",
	    "IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT "
	    "THREAD=REFERENCES SORT QUOTA",
	};
	struct settings s = {.starttls = 1};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		(void)snprintf(
		    s.capability, sizeof(s.capability), "%s", lists[i]);
		assert_true(says(&s, CAPABILITY_MAIL, "IDLE"));
		assert_true(says(&s, CAPABILITY_MAIL, "SORT"));
		assert_true(says(&s, CAPABILITY_MAIL, "THREAD=REFERENCES"));
		assert_true(says(&s, CAPABILITY_MAIL, "MOVE"));
	}
}

static void
another_list_hides_what_courier_knows_only(void **state)
{
	struct settings s = {.capability = "IMAP4rev1 UIDPLUS"};

	(void)state;
	assert_false(says(&s, CAPABILITY_MAIL, "IDLE"));
	assert_false(says(&s, CAPABILITY_MAIL, "SORT"));
	assert_false(says(&s, CAPABILITY_MAIL, "THREAD=REFERENCES"));
	assert_true(says(&s, CAPABILITY_MAIL, "UIDPLUS"));
	assert_true(says(&s, CAPABILITY_MAIL, "MOVE"));
	assert_false(says(&s, CAPABILITY_MAIL_TLS, "IDLE"));
	(void)snprintf(s.capability_tls, sizeof(s.capability_tls), "IDLE");
	assert_true(says(&s, CAPABILITY_MAIL_TLS, "IDLE"));
	assert_false(says(&s, CAPABILITY_MAIL_TLS, "UIDPLUS"));
	(void)snprintf(
	    s.capability_hide, sizeof(s.capability_hide), "move imap4rev1");
	assert_false(says(&s, CAPABILITY_MAIL, "MOVE"));
	assert_true(says(&s, CAPABILITY_MAIL, "IMAP4rev1"));
}

static void
required_tls_forbids_login_in_clear(void **state)
{
	struct settings s = {.starttls = 1, .tls_required = 1};

	(void)state;
	assert_true(says(&s, CAPABILITY_LOGIN, "LOGINDISABLED"));
	assert_false(says(&s, CAPABILITY_LOGIN, "AUTH=PLAIN"));
	assert_false(says(&s, CAPABILITY_LOGIN_TLS, "LOGINDISABLED"));
	assert_true(says(&s, CAPABILITY_LOGIN_TLS, "AUTH=PLAIN"));
}

static void
the_limit_of_append_is_told(void **state)
{
	struct settings s = {.append_limit = 52428800};

	(void)state;
	assert_true(says(&s, CAPABILITY_MAIL, "APPENDLIMIT=52428800"));
	s.append_limit = UINT64_MAX;
	assert_true(
	    says(&s, CAPABILITY_LOGIN, "APPENDLIMIT=18446744073709551615"));
	(void)snprintf(
	    s.capability_hide, sizeof(s.capability_hide), "appendlimit");
	assert_false(
	    says(&s, CAPABILITY_LOGIN, "APPENDLIMIT=18446744073709551615"));
}

static void
quota_words_go_together(void **state)
{
	struct settings s = {0};

	(void)state;
	assert_true(says(&s, CAPABILITY_LOGIN, "QUOTA"));
	assert_true(says(&s, CAPABILITY_MAIL, "QUOTA=RES-STORAGE"));
	assert_true(says(&s, CAPABILITY_MAIL, "QUOTA=RES-MESSAGE"));
	(void)snprintf(s.capability, sizeof(s.capability), "IDLE");
	assert_false(says(&s, CAPABILITY_MAIL, "QUOTA"));
	assert_false(says(&s, CAPABILITY_MAIL, "QUOTA=RES-STORAGE"));
	(void)snprintf(s.capability, sizeof(s.capability), "IDLE QUOTA");
	assert_true(says(&s, CAPABILITY_MAIL, "QUOTA=RES-STORAGE"));
	(void)snprintf(s.capability_hide, sizeof(s.capability_hide), "quota");
	assert_false(says(&s, CAPABILITY_MAIL, "QUOTA=RES-STORAGE"));
}

static void
what_is_switched_off_or_on_is_told_so(void **state)
{
	static const char *const words[] = {"SORT", "SORT=DISPLAY", "ESORT",
	    "THREAD=ORDEREDSUBJECT", "THREAD=REFERENCES", "THREAD=REFS"};
	struct settings s = {0};
	size_t i;

	(void)state;
	assert_false(says(&s, CAPABILITY_MAIL, "XMAGICTRASH"));
	s.expunge_to_trash = 1;
	s.disablethreadsort = 1;
	assert_true(says(&s, CAPABILITY_MAIL, "XMAGICTRASH"));
	assert_true(says(&s, CAPABILITY_MAIL, "ESEARCH"));
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_false(says(&s, CAPABILITY_MAIL, words[i]));
}

static void
a_short_buffer_ends_at_a_word(void **state)
{
	struct settings s = {0};
	char out[20];

	(void)state;
	capability_print(&s, CAPABILITY_LOGIN, false, out, sizeof(out));
	assert_string_equal(out, "IMAP4rev1 IMAP4rev2");
	capability_print(&s, CAPABILITY_LOGIN, false, out, 1);
	assert_string_equal(out, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(unset_means_all),
	    cmocka_unit_test(couriers_default_lists_hide_nothing),
	    cmocka_unit_test(another_list_hides_what_courier_knows_only),
	    cmocka_unit_test(required_tls_forbids_login_in_clear),
	    cmocka_unit_test(the_limit_of_append_is_told),
	    cmocka_unit_test(quota_words_go_together),
	    cmocka_unit_test(what_is_switched_off_or_on_is_told_so),
	    cmocka_unit_test(a_short_buffer_ends_at_a_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
