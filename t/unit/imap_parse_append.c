/* APPEND and each further message of MULTIAPPEND, as far as the literal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "t/unit/imap_command.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct append_case {
	const char *in; /* after "a APPEND" or, not first, alone */
	bool first, utf8, ok;
	const char *mailbox, *flags;
	long long date;
	uint64_t size;
};

static void
check_append(const struct append_case *k)
{
	struct parse_append a;
	struct command c;
	struct buf b;

	buf_init(&b, 65536);
	buf_printf(&b, "%s%s\r\n", k->first ? "a APPEND" : "", k->in);
	if (k->first)
		command_begin(&c, b.p, b.n, k->utf8);
	else
		command_later(&c, b.p, b.n, k->utf8);
	HOLDS(c.read, k->in);
	parse_append(&c.p, k->first, &a);
	HOLDS((parse_done(&c.p) == 0) == k->ok, k->in);
	if (k->ok) {
		buf_clear(&b);
		print_flags(&b, &a.flags);
		buf_char(&b, '\0');
		HOLDS(strcmp(a.mailbox, k->mailbox) == 0, k->in);
		HOLDS(strcmp(b.p, k->flags) == 0, k->in);
		HOLDS(a.dated == (k->date != -1), k->in);
		HOLDS(!a.dated || (long long)a.date == k->date, k->in);
		HOLDS(a.literal != NULL && a.literal->p == NULL, k->in);
		HOLDS(a.literal->n == k->size, k->in);
	}
	buf_done(&b);
	command_end(&c);
}

static void
append(void **state)
{
	static const struct append_case cases[] = {
	    {" x {5}", true, false, true, "x", "()", -1, 5},
	    {" {5+}\r\ninbox {0+}", true, false, true, "INBOX", "()", -1, 0},
	    {" x (\\Seen k) {1}", true, false, true, "x", "(\\Seen k)", -1, 1},
	    {" x \"01-Jan-1970 00:00:01 +0000\" {1}", true, false, true, "x",
		"()", 1, 1},
	    {" x () \" 1-Jan-1970 00:00:00 +0000\" ~{9999999999+}", true, false,
		true, "x", "()", 0, 9999999999},
	    {" (a) {7}", false, false, true, "", "(a)", -1, 7},
	    {" {7}", false, false, true, "", "()", -1, 7},
	    {" x UTF8 (~{7}", true, true, true, "x", "()", -1, 7},
	    {" x (a) utf8 (~{7+}", true, true, true, "x", "(a)", -1, 7},
	    {" UTF8 (~{7+}", false, true, true, "", "()", -1, 7},
	    {" x UTF8 (~{7}", true, false, false, NULL, NULL, 0, 0},
	    {" x UTF8 ({7}", true, true, false, NULL, NULL, 0, 0},
	    {" x UTF8 ~{7}", true, true, false, NULL, NULL, 0, 0},
	    {" x", true, false, false, NULL, NULL, 0, 0},
	    {" x ", true, false, false, NULL, NULL, 0, 0},
	    {" x \"abc\"", true, false, false, NULL, NULL, 0, 0},
	    {" x abc", true, false, false, NULL, NULL, 0, 0},
	    {" {1+}\r\nx", true, false, false, NULL, NULL, 0, 0},
	    {" x{5}", true, false, false, NULL, NULL, 0, 0},
	    {" x  {5}", true, false, false, NULL, NULL, 0, 0},
	    {" x (a){5}", true, false, false, NULL, NULL, 0, 0},
	    {" x \"01-Jan-1970 00:00:01 +0000\" (a) {1}", true, false, false,
		NULL, NULL, 0, 0},
	    {" x \"31-Feb-1970 00:00:01 +0000\" {1}", true, false, false, NULL,
		NULL, 0, 0},
	    {" x (\\*) {1}", true, false, false, NULL, NULL, 0, 0},
	    {" \"x {1}", true, false, false, NULL, NULL, 0, 0},
	    {"{7}", false, false, false, NULL, NULL, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check_append(&cases[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(append),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
