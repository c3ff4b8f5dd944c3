/* SASL pieces and login names: what is taken and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "auth/sasl.h"

#define BYTES(s) (const uint8_t *)(s), sizeof(s) - 1

struct piece {
	const uint8_t *p;
	size_t n;
};

static int
give(const char *mechanism, bool cert, struct piece a, struct piece b,
    struct sasl_login *out)
{
	struct sasl_input in = {mechanism, cert, a.p, b.p, a.n, b.n};

	return sasl_read(&in, out);
}

static void
plain_takes_user_and_password(void **state)
{
	static const struct {
		struct piece a;
		int want;
		const char *user, *password;
	} cases[] = {
	    {{BYTES("\0anna\0secret")}, 0, "anna", "secret"},
	    {{BYTES("anna\0anna\0secret")}, 0, "anna", "secret"},
	    {{BYTES("\0a\0b")}, 0, "a", "b"},
	    {{BYTES("bob\0anna\0secret")}, -1, NULL, NULL},
	    {{BYTES("ann\0anna\0secret")}, -1, NULL, NULL},
	    {{BYTES("annab\0anna\0secret")}, -1, NULL, NULL},
	    {{BYTES("\0anna\0sec\0ret")}, -1, NULL, NULL},
	    {{BYTES("\0anna\0secret\0")}, -1, NULL, NULL},
	    {{BYTES("\0anna\0")}, -1, NULL, NULL},
	    {{BYTES("\0anna")}, -1, NULL, NULL},
	    {{BYTES("\0\0secret")}, -1, NULL, NULL},
	    {{BYTES("\0\0")}, -1, NULL, NULL},
	    {{BYTES("\0")}, -1, NULL, NULL},
	    {{BYTES("anna")}, -1, NULL, NULL},
	    {{BYTES("")}, -1, NULL, NULL},
	};
	struct sasl_login l;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (give("PLAIN", false, cases[i].a, (struct piece){BYTES("")},
			&l) != cases[i].want)
			fail_msg("case %zu", i);
		if (cases[i].want == -1)
			continue;
		assert_string_equal(l.user, cases[i].user);
		assert_string_equal(l.password, cases[i].password);
		assert_false(l.external);
	}
	/* A second piece is not of this mechanism. */
	assert_int_equal(
	    give("PLAIN", false, cases[0].a, (struct piece){BYTES("x")}, &l),
	    -1);
}

static void
login_takes_two_pieces_without_nul(void **state)
{
	static const char *const names[] = {"LOGIN", "AUTH-LOGIN"};
	struct piece user = {BYTES("anna")}, secret = {BYTES("s e\xff"
							     "cret")};
	struct piece none = {BYTES("")};
	struct sasl_login l;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(give(names[i], false, user, secret, &l), 0);
		assert_string_equal(l.user, "anna");
		assert_string_equal(l.password, "s e\xff"
						"cret");
		assert_int_equal(give(names[i], false, none, secret, &l), -1);
		assert_int_equal(give(names[i], false, user, none, &l), -1);
		assert_int_equal(give(names[i], false, user,
				     (struct piece){BYTES("a\0b")}, &l),
		    -1);
		assert_int_equal(
		    give(names[i], false, (struct piece){BYTES("an\0na")},
			secret, &l),
		    -1);
	}
}

static void
lengths_have_their_edges(void **state)
{
	static uint8_t big[PASSWORD_MAX + 1];
	struct piece user = {big, SASL_NAME - 1};
	struct piece secret = {big, PASSWORD_MAX};
	struct sasl_login l;

	(void)state;
	memset(big, 'x', sizeof(big));
	assert_int_equal(give("LOGIN", false, user, secret, &l), 0);
	assert_int_equal(strlen(l.user), 255);
	assert_int_equal(strlen(l.password), 1024);
	user.n++;
	assert_int_equal(give("LOGIN", false, user, secret, &l), -1);
	user.n--;
	secret.n++;
	assert_int_equal(give("LOGIN", false, user, secret, &l), -1);
}

static void
external_needs_a_worker_that_may_vouch(void **state)
{
	struct piece none = {BYTES("")}, anna = {BYTES("anna")};
	struct piece bob = {BYTES("bob")};
	struct sasl_login l;

	(void)state;
	assert_int_equal(give("EXTERNAL", true, none, anna, &l), 0);
	assert_string_equal(l.user, "anna");
	assert_true(l.external);
	assert_int_equal(give("EXTERNAL", true, anna, anna, &l), 0);
	assert_int_equal(give("EXTERNAL", true, bob, anna, &l), -1);
	assert_int_equal(give("EXTERNAL", true, anna, none, &l), -1);
	assert_int_equal(give("EXTERNAL", true, none, none, &l), -1);
	assert_int_equal(give("EXTERNAL", false, none, anna, &l), -1);
	assert_false(l.external);
}

static void
other_mechanisms_are_refused(void **state)
{
	static const char *const names[] = {"", "plain", "CRAM-MD5", "LOGIN ",
	    "PLAI", "PLAINX", "ANONYMOUS", "external"};
	struct piece a = {BYTES("anna")};
	struct sasl_login l;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(give(names[i], true, a, a, &l), -1);
}

static void
names_are_allowed_or_not(void **state)
{
	static const struct {
		const char *name;
		bool want;
	} cases[] = {
	    {"a", true},
	    {"anna", true},
	    {"anna@example.com", true},
	    {"anna banana", true},
	    {"o'neil%*)\"\\", true},
	    {"J\xc3\xb6rg", true},
	    {"\xf0\x9f\x90\x88", true},
	    {"...", true},
	    {"..a", true},
	    {"\xc2\xa0", true},
	    {"\xef\xbf\xbd", true},
	    {"\xf4\x8f\xbf\xbf", true},
	    {"\xed\x9f\xbf", true},
	    {"", false},
	    {".", false},
	    {"..", false},
	    {"/", false},
	    {"a/b", false},
	    {"../x", false},
	    {"a,b", false},
	    {"a\tb", false},
	    {"a\nb", false},
	    {"a\rb", false},
	    {"\x01", false},
	    {"a\x7f", false},
	    {"\xc2\x80", false},
	    {"\xc2\x9f", false},
	    {"\x80", false},
	    {"\xc3", false},
	    {"a\xc3", false},
	    {"\xc0\xaf", false},
	    {"\xc1\xbf", false},
	    {"\xe0\x80\xaf", false},
	    {"\xe2\x82", false},
	    {"\xed\xa0\x80", false},
	    {"\xed\xbf\xbf", false},
	    {"\xf0\x80\x80\xaf", false},
	    {"\xf0\x8f\xbf\xbf", false},
	    {"\xf4\x90\x80\x80", false},
	    {"\xf5\x80\x80\x80", false},
	    {"\xff", false},
	    {"\xfe\xff", false},
	};
	char edge[258];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (sasl_is_name(cases[i].name) != cases[i].want)
			fail_msg("case %zu", i);
	memset(edge, 'n', sizeof(edge));
	edge[255] = '\0';
	assert_true(sasl_is_name(edge));
	edge[255] = 'n';
	edge[256] = '\0';
	assert_false(sasl_is_name(edge));
	edge[256] = 'n';
	edge[257] = '\0';
	assert_false(sasl_is_name(edge));
}

static void
the_default_domain_is_added_as_courier_does(void **state)
{
	static const struct {
		const char *domain, *separators, *user, *want;
	} cases[] = {
	    {"", "", "anna", "anna"},
	    {"", "@%", "anna", "anna"},
	    {"@x.org", "", "anna", "anna@x.org"},
	    {"@x.org", "", "anna@y.org", "anna@y.org"},
	    {"@x.org", "", "anna%y.org", "anna%y.org@x.org"},
	    {"@x.org", "@%", "anna%y.org", "anna%y.org"},
	    {"@x.org", "@%", "anna@y.org", "anna@y.org"},
	    {"@x.org", "@%", "anna", "anna@x.org"},
	    {"@x.org", "%", "anna@y.org", "anna@y.org@x.org"},
	    {"/x", "", "anna", NULL},
	    {"@x.org", "", "", NULL},
	    {"@x.org", "", "a/b", NULL},
	};
	static struct settings set;
	char out[SASL_NAME], name[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		strcpy(set.defdomain, cases[i].domain);
		strcpy(set.domainsep, cases[i].separators);
		if (sasl_canonical(&set, cases[i].user, out) !=
		    (cases[i].want == NULL ? -1 : 0))
			fail_msg("case %zu", i);
		assert_string_equal(
		    out, cases[i].want == NULL ? "" : cases[i].want);
	}
	strcpy(set.defdomain, "@x.org");
	set.domainsep[0] = '\0';
	memset(name, 'n', sizeof(name));
	name[249] = '\0';
	assert_int_equal(sasl_canonical(&set, name, out), 0);
	assert_int_equal(strlen(out), 255);
	name[249] = 'n';
	name[250] = '\0';
	assert_int_equal(sasl_canonical(&set, name, out), -1);
	assert_string_equal(out, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(plain_takes_user_and_password),
	    cmocka_unit_test(login_takes_two_pieces_without_nul),
	    cmocka_unit_test(lengths_have_their_edges),
	    cmocka_unit_test(external_needs_a_worker_that_may_vouch),
	    cmocka_unit_test(other_mechanisms_are_refused),
	    cmocka_unit_test(names_are_allowed_or_not),
	    cmocka_unit_test(the_default_domain_is_added_as_courier_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
