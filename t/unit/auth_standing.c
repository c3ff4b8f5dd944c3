/* Who was let in, and when to ask again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <bsd/string.h>
#include <stdio.h>

#include "auth/standing.h"

static struct standing *s;

static struct account
named(const char *login, uint64_t next)
{
	struct account a = {.module = SETTINGS_AUTH_USERDB, .next = next};

	(void)strlcpy(a.login, login, sizeof(a.login));
	(void)strlcpy(a.user, login, sizeof(a.user));
	(void)strlcpy(a.service, "imap", sizeof(a.service));
	a.print[0] = 1;
	return a;
}

static struct account *
in(struct account a, bool *changed)
{
	bool ignored;

	return standing_in(s, &a, changed != NULL ? changed : &ignored);
}

static int
setup(void **state)
{
	(void)state;
	s = standing_new(4);
	return s == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	standing_free(s);
	return 0;
}

static void
another_print_is_told_once(void **state)
{
	struct account a = named("anna", 10);
	bool changed;

	(void)state;
	assert_non_null(in(a, &changed));
	assert_false(changed);
	in(a, &changed);
	assert_false(changed);
	a.print[0] = 2;
	in(a, &changed);
	assert_true(changed);
	in(a, &changed);
	assert_false(changed);
	/* Its clients were ended meanwhile: nobody is left of before. */
	standing_find(s, &a)->gone = true;
	a.print[0] = 3;
	in(a, &changed);
	assert_false(changed);
	assert_false(standing_find(s, &a)->gone);
}

static void
services_and_modules_stand_for_themselves(void **state)
{
	struct account a = named("anna", 10), b = a, c = a;
	bool changed;

	(void)state;
	(void)strlcpy(b.service, "local", sizeof(b.service));
	c.module = SETTINGS_AUTH_PAM;
	b.print[0] = c.print[0] = 9;
	in(a, NULL);
	in(b, &changed);
	assert_false(changed);
	in(c, &changed);
	assert_false(changed);
	assert_ptr_not_equal(standing_find(s, &a), standing_find(s, &b));
	assert_int_equal(standing_find(s, &a)->print[0], 1);
	assert_int_equal(standing_find(s, &c)->print[0], 9);
}

static void
the_earliest_is_first_and_none_twice(void **state)
{
	struct account *a;

	(void)state;
	assert_null(standing_first(s));
	in(named("c", 30), NULL);
	in(named("a", 10), NULL);
	in(named("b", 20), NULL);
	a = standing_first(s);
	assert_string_equal(a->login, "a");
	a->asked = true;
	assert_string_equal(standing_first(s)->login, "b");
	a->asked = false;
	standing_later(s, a, 25);
	assert_string_equal(standing_first(s)->login, "b");
	standing_drop(s, standing_first(s));
	assert_string_equal(standing_first(s)->login, "a");
	a->asked = true;
	standing_first(s)->asked = true;
	assert_null(standing_first(s));
}

static void
they_are_bounded(void **state)
{
	char name[8];
	unsigned n = 0;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		(void)snprintf(name, sizeof(name), "u%u", i);
		in(named(name, 10 + i), NULL);
	}
	in(named("u0", 50), NULL); /* known: it takes no other's place */
	assert_non_null(standing_find(s, &(struct account){.login = "u1",
					     .service = "imap",
					     .module = SETTINGS_AUTH_USERDB}));
	in(named("more", 60), NULL);
	for (struct account *a = NULL; (a = standing_each(s, a)) != NULL; n++)
		assert_string_not_equal(a->login, "u1");
	assert_int_equal(n, 4);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(another_print_is_told_once),
	    T(services_and_modules_stand_for_themselves),
	    T(the_earliest_is_first_and_none_twice),
	    T(they_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
