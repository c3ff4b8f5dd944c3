/* NOTIFY: the grammar of RFC 5465 and its printed form, filters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "t/unit/imap_command.h"
#include "worker/imap/parse_notify.h"

#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))
#define BOTH      "(MessageNew MessageExpunge)"
#define TEXT_MAX_ (1u << 20)

/* In its printed form; -1: refused. */
static int
notify(const char *in, size_t n, bool utf8, struct buf *out, bool *limit)
{
	struct parse_notify y;
	struct command c;
	int result;

	buf_clear(out);
	buf_str(out, "a NOTIFY");
	buf_bytes(out, in, n);
	buf_str(out, "\r\n");
	assert_false(out->failed);
	command_begin(&c, out->p, out->n, utf8);
	assert_true(c.read);
	parse_notify(&c.p, &y);
	result = parse_done(&c.p);
	*limit = c.p.limit;
	buf_clear(out);
	if (result == 0)
		parse_notify_print(out, &y);
	command_end(&c);
	return result;
}

/* want NULL: refused. What is printed parses to the same again. */
static void
check(const char *in, const char *want)
{
	struct buf a, b;
	bool limit;

	buf_init(&a, TEXT_MAX_);
	buf_init(&b, TEXT_MAX_);
	HOLDS(
	    (notify(in, strlen(in), false, &a, &limit) == 0) == (want != NULL),
	    in);
	HOLDS(!limit, in);
	if (want != NULL) {
		HOLDS(a.n == strlen(want) && memcmp(a.p, want, a.n) == 0, in);
		HOLDS(notify(a.p, a.n, true, &b, &limit) == 0, in);
		HOLDS(a.n == b.n && memcmp(a.p, b.p, a.n) == 0, in);
	}
	buf_done(&a);
	buf_done(&b);
}

static void
the_grammar_of_the_rfc(void **state)
{
	(void)state;
	check(" NONE", " NONE");
	check(" none", " NONE");
	check(" set (personal none)", " SET (PERSONAL NONE)");
	check(" SET STATUS (personal " BOTH ")",
	    " SET STATUS (PERSONAL (MessageNew MessageExpunge))");
	check(" SET (selected (MessageExpunge FlagChange messagenew))",
	    " SET (SELECTED (MessageNew MessageExpunge FlagChange))");
	check(
	    " SET (selected-delayed (MessageNew (FLAGS BODY.PEEK[HEADER.FIELDS"
	    " (From To)]) MessageExpunge)) (inboxes " BOTH ")",
	    " SET (SELECTED-DELAYED (MessageNew (FLAGS BODY.PEEK[HEADER.FIELDS"
	    " (From To)]) MessageExpunge)) (INBOXES (MessageNew "
	    "MessageExpunge))");
	check(" SET (subtree Lists " BOTH ") (mailboxes (INBOX \"a b\") "
	      "(MailboxName SubscriptionChange))",
	    " SET (SUBTREE (\"Lists\") (MessageNew MessageExpunge)) "
	    "(MAILBOXES (\"INBOX\" \"a b\") (MailboxName "
	    "SubscriptionChange))");
	check(" SET (subscribed (MailboxName))",
	    " SET (SUBSCRIBED (MailboxName))");
	/* Names are kept as UTF-8. */
	check(" SET (mailboxes Entw&APw-rfe NONE)",
	    " SET (MAILBOXES (\"Entw\xc3\xbcrfe\") NONE)");
	/* What is not known is for the command to refuse. */
	check(" SET (personal (AnnotationChange "
	      "MessageNew MessageExpunge))",
	    " SET (PERSONAL (MessageNew MessageExpunge Unknown))");
}

static void
what_is_refused(void **state)
{
	static const char *const bad[] = {"", " ", " SOME", " SET", " SET ",
	    " NONE x", " SET STATUS", " SET STATUS ",
	    " SET STATUSES (personal NONE)", " SET personal NONE",
	    " SET (personal)", " SET (personal )", " SET (personal ())",
	    " SET (personal (MessageNew MessageExpunge)",
	    " SET (personal NONE)(personal NONE)", " SET (personal NONE) x",
	    " SET (subtree NONE)", " SET (subtree () NONE)",
	    " SET (mailboxes (a NONE)", " SET (nothing NONE)",
	    " SET (selected-now NONE)", " SET (personal (MessageNew))",
	    " SET (personal (MessageExpunge))", " SET (personal (FlagChange))",
	    " SET (selected (MessageNew () MessageExpunge))",
	    " SET (selected (MessageNew (NOTHING) MessageExpunge))",
	    " SET (selected (MessageNew(UID) MessageExpunge))",
	    " SET (selected (MessageExpunge (UID) MessageNew))",
	    " SET (personal (MessageNew (UID) MessageExpunge))",
	    " SET (selected (MailboxName))",
	    " SET (selected (SubscriptionChange))",
	    " SET (selected NONE) (selected NONE)",
	    " SET (selected NONE) (selected-delayed NONE)",
	    " SET (mailboxes a/b&xx NONE)"};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		check(bad[i], NULL);
}

/* count times what, between head and tail; taken, or [LIMIT]. */
static void
many(const char *head, const char *what, size_t count, const char *tail,
    bool good)
{
	struct buf in, out;
	bool limit;
	int result;

	buf_init(&in, TEXT_MAX_);
	buf_init(&out, TEXT_MAX_);
	buf_str(&in, head);
	for (size_t i = 0; i < count; i++)
		buf_str(&in, what);
	buf_str(&in, tail);
	result = notify(in.p, in.n, false, &out, &limit);
	assert_int_equal(result, good ? 0 : -1);
	assert_int_equal(limit, !good);
	buf_done(&in);
	buf_done(&out);
}

static void
limits_of_groups_and_names(void **state)
{
	const char *group = " (personal NONE)";

	(void)state;
	for (size_t n = NOTIFY_GROUPS_MAX - 1; n <= NOTIFY_GROUPS_MAX + 1; n++)
		many(" SET", group, n, "", n <= NOTIFY_GROUPS_MAX);
	for (size_t n = NOTIFY_NAMES_MAX - 1; n <= NOTIFY_NAMES_MAX + 1; n++)
		many(" SET (mailboxes (a", " a", n - 1, ") NONE)",
		    n <= NOTIFY_NAMES_MAX);
}

/* A header's name that needs a literal cannot be printed on one line. */
static void
a_literal_among_the_attributes_has_no_printed_form(void **state)
{
	static const char in[] =
	    " SET (selected (MessageNew (BODY[HEADER.FIELDS ({3+}\r\na\nb)]) "
	    "MessageExpunge))";
	struct buf out;
	bool limit;

	(void)state;
	buf_init(&out, TEXT_MAX_);
	assert_int_equal(notify(in, sizeof(in) - 1, false, &out, &limit), 0);
	assert_true(out.failed);
	buf_done(&out);
}

static void
the_first_group_that_fits_counts(void **state)
{
	static const char in[] =
	    "a NOTIFY SET (selected " BOTH ") (mailboxes (a.b) NONE) "
	    "(subtree a (MailboxName)) (subscribed " BOTH ") "
	    "(mailboxes INBOX (SubscriptionChange))\r\n";
	static const struct {
		const char *name;
		bool subscribed;
		unsigned events;
	} cases[] = {
	    {"a", false, NOTIFY_NAME},
	    {"a", true, NOTIFY_NAME},
	    {"a.b", true, 0},
	    {"a.b.c", false, NOTIFY_NAME},
	    {"ab", false, 0},
	    {"ab", true, NOTIFY_NEW | NOTIFY_EXPUNGE},
	    {"INBOX", false, NOTIFY_SUBS},
	    {"INBOX.x", false, 0},
	};
	struct parse_notify y;
	struct command c;

	(void)state;
	command_begin(&c, in, sizeof(in) - 1, false);
	assert_true(c.read);
	parse_notify(&c.p, &y);
	assert_int_equal(parse_done(&c.p), 0);
	for (size_t i = 0; i < COUNT(cases); i++)
		HOLDS(notify_events(&y, cases[i].name, cases[i].subscribed) ==
			  cases[i].events,
		    cases[i].name);
	assert_ptr_equal(notify_selected(&y), &y.groups[0]);
	assert_int_equal(
	    y.events, NOTIFY_NEW | NOTIFY_EXPUNGE | NOTIFY_NAME | NOTIFY_SUBS);
	command_end(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_grammar_of_the_rfc),
	    cmocka_unit_test(what_is_refused),
	    cmocka_unit_test(limits_of_groups_and_names),
	    cmocka_unit_test(
		a_literal_among_the_attributes_has_no_printed_form),
	    cmocka_unit_test(the_first_group_that_fits_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
