/*
 * ESEARCH: what is taken is shown in canonical form, which parses to itself;
 * what is refused; limits; which programs only one mailbox can have.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "t/unit/imap_command.h"
#include "worker/imap/parse_esearch.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
print(struct buf *b, const struct parse_esearch *e)
{
	size_t i;

	for (i = 0; i < e->n; i++) {
		buf_str(b, i == 0 ? " IN (" : " ");
		buf_str(b, parse_esearch_name(e->sources[i].kind));
		if (e->sources[i].mailbox != NULL)
			buf_printf(b, " %s", e->sources[i].mailbox);
	}
	buf_str(b, e->n > 0 ? ")" : "");
	print_search(b, &e->search);
}

static int
parse(const char *in, struct buf *b, bool *limit, bool *numbers)
{
	struct parse_esearch e;
	struct command c;
	struct buf text;
	int result;

	memset(&e, 0, sizeof(e));
	buf_init(&text, 65536);
	buf_str(&text, "a ESEARCH");
	buf_str(&text, in);
	buf_str(&text, "\r\n");
	command_begin(&c, text.p, text.n, false);
	assert_true(c.read);
	buf_clear(b);
	parse_esearch(&c.p, &e);
	result = parse_done(&c.p);
	if (result == 0) {
		print(b, &e);
		*numbers = parse_search_has_numbers(&e.search);
	}
	*limit = c.p.limit;
	command_end(&c);
	buf_done(&text);
	return result;
}

/* want NULL: refused. */
static void
check(const char *in, const char *want)
{
	bool limit, numbers;
	struct buf a;

	buf_init(&a, 65536);
	HOLDS((parse(in, &a, &limit, &numbers) == 0) == (want != NULL), in);
	HOLDS(!limit, in);
	if (want != NULL) {
		HOLDS(a.n == strlen(want) && memcmp(a.p, want, a.n) == 0, in);
		HOLDS(parse(want, &a, &limit, &numbers) == 0, in);
		HOLDS(a.n == strlen(want) && memcmp(a.p, want, a.n) == 0, in);
	}
	buf_done(&a);
}

static void
sources_come_before_the_search(void **state)
{
	static const char *const cases[][2] = {
	    {" ALL", " ALL"},
	    {" IN (selected) SEEN", " IN (selected) SEEN"},
	    {" in (SELECTED inboxes personal subscribed) ALL",
		" IN (selected inboxes personal subscribed) ALL"},
	    {" IN (mailboxes \"folder1\" subtree folder2) unseen",
		" IN (mailboxes folder1 subtree folder2) NOT SEEN"},
	    {" IN (mailboxes (a inbox) subtree-one (b)) RETURN (MIN) ALL",
		" IN (mailboxes a mailboxes INBOX subtree-one b) "
		"RETURN (MIN) ALL"},
	    {" IN (personal) RETURN () CHARSET UTF-8 ALL",
		" IN (personal) RETURN (ALL) CHARSET \"UTF-8\" ALL"},
	    {" IN () ALL", NULL},
	    {" IN personal ALL", NULL},
	    {" IN (personal ALL", NULL},
	    {" IN (personal ) ALL", NULL},
	    {" IN (personally) ALL", NULL},
	    {" IN (personal (scope)) ALL", NULL},
	    {" IN (mailboxes) ALL", NULL},
	    {" IN (mailboxes ()) ALL", NULL},
	    {" IN (mailboxes (a ) ALL", NULL},
	    {" IN (subtree) ALL", NULL},
	    {" IN (filters a) ALL", NULL},
	    {" IN (personal)", NULL},
	    {" RETURN () IN (personal) ALL", NULL},
	    {"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check(cases[i][0], cases[i][1]);
}

static void
mailboxes_are_limited(void **state)
{
	bool limit, numbers;
	char in[1024];
	struct buf b;

	(void)state;
	buf_init(&b, 65536);
	for (int n = PARSE_ESEARCH_SOURCES - 1; n <= PARSE_ESEARCH_SOURCES + 1;
	     n++) {
		(void)strcpy(in, " IN (mailboxes (");
		for (int i = 0; i < n; i++)
			(void)strcat(in, i == 0 ? "a" : " b");
		(void)strcat(in, ")) ALL");
		assert_int_equal(parse(in, &b, &limit, &numbers),
		    n <= PARSE_ESEARCH_SOURCES ? 0 : -1);
		assert_int_equal(limit, n > PARSE_ESEARCH_SOURCES);
	}
	buf_done(&b);
}

static void
numbers_are_found_wherever_they_are(void **state)
{
	static const struct {
		const char *in;
		bool numbers;
	} cases[] = {
	    {" ALL", false},
	    {" UID 1:* SEEN", false},
	    {" (SEEN (NOT (UNSEEN OR ALL DELETED))) TEXT 1", false},
	    {" 1", true},
	    {" SEEN 1:*", true},
	    {" $", true},
	    {" UID $", true},
	    {" NOT $", true},
	    {" SEEN OR SEEN (DELETED (NOT (2)))", true},
	    {" (SEEN) (SEEN (SEEN)) 7", true},
	    {" NEW OLD UNSEEN UID $", true},
	};
	char in[1024];
	bool limit, numbers;
	struct buf b;

	(void)state;
	buf_init(&b, 65536);
	for (size_t i = 0; i < COUNT(cases); i++) {
		HOLDS(
		    parse(cases[i].in, &b, &limit, &numbers) == 0, cases[i].in);
		HOLDS(numbers == cases[i].numbers, cases[i].in);
	}
	/* As deep as the grammar goes. */
	(void)strcpy(in, " ");
	for (int i = 0; i < PARSE_SEARCH_DEPTH - 1; i++)
		(void)strcat(in, "NOT ");
	(void)strcat(in, "1");
	assert_int_equal(parse(in, &b, &limit, &numbers), 0);
	assert_true(numbers);
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sources_come_before_the_search),
	    cmocka_unit_test(mailboxes_are_limited),
	    cmocka_unit_test(numbers_are_found_wherever_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
