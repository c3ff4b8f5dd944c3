/*
 * FETCH: what is taken, how it is labelled, what is refused; whatever is taken
 * prints as a FETCH that parses to the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "t/unit/imap_command.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Parses "a FETCH" and in, prints it into b; the cursor's verdict. */
static int
fetch(const char *in, size_t n, struct buf *b, bool *limit)
{
	struct parse_fetch f;
	struct command c;
	int result;

	buf_clear(b);
	buf_str(b, "a FETCH");
	buf_bytes(b, in, n);
	buf_str(b, "\r\n");
	assert_false(b->failed);
	command_begin(&c, b->p, b->n, false);
	assert_true(c.read);
	parse_fetch(&c.p, &f);
	result = parse_done(&c.p);
	*limit = c.p.limit;
	buf_clear(b);
	if (result == 0)
		print_fetch(b, &f);
	command_end(&c);
	return result;
}

/* want NULL: refused. */
static void
check(const char *in, const char *want)
{
	struct buf a, b;
	bool limit;

	buf_init(&a, 65536);
	buf_init(&b, 65536);
	HOLDS((fetch(in, strlen(in), &a, &limit) == 0) == (want != NULL), in);
	HOLDS(!limit, in);
	if (want != NULL) {
		HOLDS(a.n == strlen(want) && memcmp(a.p, want, a.n) == 0, in);
		HOLDS(fetch(a.p, a.n, &b, &limit) == 0, in);
		HOLDS(a.n == b.n && memcmp(a.p, b.p, a.n) == 0, in);
	}
	buf_done(&a);
	buf_done(&b);
}

static void
attributes(void **state)
{
	static const char *const cases[][2] = {
	    {" 1 FLAGS", " 1 (FLAGS)"},
	    {" 1:*,$ FLAGS", NULL},
	    {" $ flags ", " $ (FLAGS)"},
	    {" 2:4,*:1 (uid Flags)", " 2:4,*:1 (UID FLAGS)"},
	    {" 1 ALL", " 1 (FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)"},
	    {" 1 fast", " 1 (FLAGS INTERNALDATE RFC822.SIZE)"},
	    {" 1 FULL", " 1 (FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY)"},
	    {" 1 (INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)",
		" 1 (INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)"},
	    {" 1 (RFC822 RFC822.HEADER RFC822.TEXT BODY)",
		" 1 (RFC822 RFC822.HEADER RFC822.TEXT BODY)"},
	    {" 1 (MODSEQ EMAILID THREADID SAVEDATE)",
		" 1 (MODSEQ EMAILID THREADID SAVEDATE)"},
	    {" 1 PREVIEW", " 1 (PREVIEW)"},
	    {" 1 (PREVIEW (LAZY) UID)", " 1 (PREVIEW (LAZY) UID)"},
	    {" 1 PREVIEW (LAZY) (CHANGEDSINCE 1)",
		" 1 (PREVIEW (LAZY)) (CHANGEDSINCE 1)"},
	    {" 1 PREVIEW (CHANGEDSINCE 1)", " 1 (PREVIEW) (CHANGEDSINCE 1)"},
	    {" 1 (FLAGS FLAGS)", " 1 (FLAGS FLAGS)"},
	    {"", NULL},
	    {" ", NULL},
	    {" 1", NULL},
	    {" 1 ", NULL},
	    {" 0 FLAGS", NULL},
	    {" 1 ()", NULL},
	    {" 1 (FLAGS", NULL},
	    {" 1 (FLAGS )", NULL},
	    {" 1 ( FLAGS)", NULL},
	    {" 1 (FLAGS  UID)", NULL},
	    {" 1  FLAGS", NULL},
	    {"  1 FLAGS", NULL},
	    {" 1 FLAGS UID", NULL},
	    {" 1 FLAGS)", NULL},
	    {" 1 (FAST)", NULL},
	    {" 1 (FLAGS ALL)", NULL},
	    {" 1 FLAGSX", NULL},
	    {" 1 FLAGS[]", NULL},
	    {" 1 RFC822.SIZE[]", NULL},
	    {" 1 RFC822[]", NULL},
	    {" 1 ((FLAGS))", NULL},
	    {" 1 \"FLAGS\"", NULL},
	    {" 1 {5+}\r\nFLAGS", NULL},
	    {" 1 PREVIEW (EAGER)", NULL},
	    {" 1 FLAGS<0.1>", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check(cases[i][0], cases[i][1]);
}

static void
sections(void **state)
{
	static const char *const cases[][2] = {
	    {" 1 BODY[]", " 1 (BODY[])"},
	    {" 1 body.peek[text]", " 1 (BODY.PEEK[TEXT])"},
	    {" 1 BODY[1]", " 1 (BODY[1])"},
	    {" 1 BODY[1.2.4294967295]", " 1 (BODY[1.2.4294967295])"},
	    {" 1 BODY[1.mime]", " 1 (BODY[1.MIME])"},
	    {" 1 BODY[1.2.Header]", " 1 (BODY[1.2.HEADER])"},
	    {" 1 BODY[3.TEXT]", " 1 (BODY[3.TEXT])"},
	    {" 1 BODY[HEADER]", " 1 (BODY[HEADER])"},
	    {" 1 BODY[HEADER.FIELDS (Date)]",
		" 1 (BODY[HEADER.FIELDS (Date)])"},
	    {" 1 BODY[header.fields (\"date\" X-]y {1+}\r\nz \"a b\")]",
		" 1 (BODY[HEADER.FIELDS (date \"X-]y\" z \"a b\")])"},
	    {" 1 BODY[4.1.header.fields.not (a b c d e f g h i)]",
		" 1 (BODY[4.1.HEADER.FIELDS.NOT (a b c d e f g h i)])"},
	    {" 1 (BODY[] BODY[1]<0.1> UID)", " 1 (BODY[] BODY[1]<0.1> UID)"},
	    {" 1 BODY.PEEK[TEXT]<4294967295.4294967295>",
		" 1 (BODY.PEEK[TEXT]<4294967295.4294967295>)"},
	    {" 1 BINARY[]", " 1 (BINARY[])"},
	    {" 1 binary.peek[1.2]<3.4>", " 1 (BINARY.PEEK[1.2]<3.4>)"},
	    {" 1 BINARY.SIZE[1]", " 1 (BINARY.SIZE[1])"},
	    {" 1 BODY[", NULL},
	    {" 1 BODY]", NULL},
	    {" 1 BODY []", NULL},
	    {" 1 BODY[ ]", NULL},
	    {" 1 BODY[]]", NULL},
	    {" 1 BODY[0]", NULL},
	    {" 1 BODY[01]", NULL},
	    {" 1 BODY[1.0]", NULL},
	    {" 1 BODY[4294967296]", NULL},
	    {" 1 BODY[1.]", NULL},
	    {" 1 BODY[.1]", NULL},
	    {" 1 BODY[1..2]", NULL},
	    {" 1 BODY[1,2]", NULL},
	    {" 1 BODY[1 ]", NULL},
	    {" 1 BODY[1.", NULL},
	    {" 1 BODY[MIME]", NULL},
	    {" 1 BODY[TEXT.1]", NULL},
	    {" 1 BODY[1.TEXT.1]", NULL},
	    {" 1 BODY[1TEXT]", NULL},
	    {" 1 BODY[HEADERS]", NULL},
	    {" 1 BODY[HEADER.FIELDS]", NULL},
	    {" 1 BODY[HEADER.FIELDS ()]", NULL},
	    {" 1 BODY[HEADER.FIELDS DATE]", NULL},
	    {" 1 BODY[HEADER.FIELDS(DATE)]", NULL},
	    {" 1 BODY[HEADER.FIELDS (DATE )]", NULL},
	    {" 1 BODY[HEADER.FIELDS (DATE]", NULL},
	    {" 1 BODY[HEADER.FIELDS ((DATE))]", NULL},
	    {" 1 BODY[HEADER (DATE)]", NULL},
	    {" 1 BODY<0.1>", NULL},
	    {" 1 BODY.PEEK", NULL},
	    {" 1 BODY[]<0.0>", NULL},
	    {" 1 BODY[]<0>", NULL},
	    {" 1 BODY[]<.1>", NULL},
	    {" 1 BODY[]<1.>", NULL},
	    {" 1 BODY[]<0.1", NULL},
	    {" 1 BODY[]<-1.1>", NULL},
	    {" 1 BODY[]<0.4294967296>", NULL},
	    {" 1 BODY[]<4294967296.1>", NULL},
	    {" 1 BODY[]<0.1><0.1>", NULL},
	    {" 1 BODY[] <0.1>", NULL},
	    {" 1 BINARY", NULL},
	    {" 1 BINARY[TEXT]", NULL},
	    {" 1 BINARY[1.TEXT]", NULL},
	    {" 1 BINARY.SIZE[1]<0.1>", NULL},
	    {" 1 BINARY.SIZE", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check(cases[i][0], cases[i][1]);
}

static void
modifiers(void **state)
{
	static const char *const cases[][2] = {
	    {" 1 FLAGS (CHANGEDSINCE 1)", " 1 (FLAGS) (CHANGEDSINCE 1)"},
	    {" 1 (FLAGS) (changedsince 9223372036854775807 vanished)",
		" 1 (FLAGS) (CHANGEDSINCE 9223372036854775807 VANISHED)"},
	    {" 1 FLAGS (VANISHED CHANGEDSINCE 5)",
		" 1 (FLAGS) (CHANGEDSINCE 5 VANISHED)"},
	    {" 1:* FLAGS (PARTIAL -1:-30)", " 1:* (FLAGS) (PARTIAL -1:-30)"},
	    {" 1:* FLAGS (PARTIAL 9:3 CHANGEDSINCE 7)",
		" 1:* (FLAGS) (CHANGEDSINCE 7 PARTIAL 3:9)"},
	    {" 1:* FLAGS (PARTIAL)", NULL},
	    {" 1:* FLAGS (PARTIAL 1)", NULL},
	    {" 1:* FLAGS (PARTIAL 1:2 PARTIAL 1:2)", NULL},
	    {" 1 FLAGS (CHANGEDSINCE 0)", NULL},
	    {" 1 FLAGS (CHANGEDSINCE 9223372036854775808)", NULL},
	    {" 1 FLAGS (CHANGEDSINCE)", NULL},
	    {" 1 FLAGS (VANISHED)", NULL},
	    {" 1 FLAGS ()", NULL},
	    {" 1 FLAGS (X)", NULL},
	    {" 1 FLAGS (CHANGEDSINCE 1", NULL},
	    {" 1 FLAGS (CHANGEDSINCE 1) X", NULL},
	    {" 1 (CHANGEDSINCE 1) FLAGS", NULL},
	    {" 1 FLAGS(CHANGEDSINCE 1)", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check(cases[i][0], cases[i][1]);
}

static void
labels_and_peek_are_those_of_the_answer(void **state)
{
	static const struct {
		const char *in, *label;
		enum parse_fetch_what what;
		bool peek;
	} cases[] = {
	    {"FLAGS", "FLAGS", PARSE_FETCH_FLAGS, true},
	    {"BODY", "BODY", PARSE_FETCH_BODY, true},
	    {"BODY[]", "BODY[]", PARSE_FETCH_SECTION, false},
	    {"BODY.PEEK[]<1.2>", "BODY[]", PARSE_FETCH_SECTION, true},
	    {"RFC822", "RFC822", PARSE_FETCH_SECTION, false},
	    {"RFC822.HEADER", "RFC822.HEADER", PARSE_FETCH_SECTION, true},
	    {"RFC822.TEXT", "RFC822.TEXT", PARSE_FETCH_SECTION, false},
	    {"BINARY.PEEK[1]", "BINARY[1]", PARSE_FETCH_BINARY, true},
	    {"BINARY[1]", "BINARY[1]", PARSE_FETCH_BINARY, false},
	    {"BINARY.SIZE[1]", "BINARY.SIZE[1]", PARSE_FETCH_BINARY_SIZE, true},
	    {"BODY.PEEK[HEADER.FIELDS (DATE SUBJECT)]",
		"BODY[HEADER.FIELDS (DATE SUBJECT)]", PARSE_FETCH_SECTION,
		true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct parse_fetch f;
		struct command c;
		struct buf b;

		buf_init(&b, 1000);
		buf_printf(&b, "a FETCH 1 %s\r\n", cases[i].in);
		command_begin(&c, b.p, b.n, false);
		parse_fetch(&c.p, &f);
		HOLDS(parse_done(&c.p) == 0, cases[i].in);
		HOLDS(f.nitems == 1, cases[i].in);
		HOLDS(f.items[0].what == cases[i].what, cases[i].in);
		HOLDS(f.items[0].peek == cases[i].peek, cases[i].in);
		HOLDS(
		    strcmp(f.items[0].label, cases[i].label) == 0, cases[i].in);
		command_end(&c);
		buf_done(&b);
	}
}

/* head, n times unit with sep between, tail; at most max are taken. */
static void
limited(const char *const text[4], size_t n, size_t max)
{
	struct buf in, b;
	bool limit;

	buf_init(&in, 65536);
	buf_init(&b, 1u << 20);
	buf_str(&in, text[0]);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_str(&in, text[2]);
		buf_str(&in, text[1]);
	}
	buf_str(&in, text[3]);
	assert_false(in.failed);
	assert_int_equal(fetch(in.p, in.n, &b, &limit), n <= max ? 0 : -1);
	assert_int_equal(limit, n > max);
	buf_done(&in);
	buf_done(&b);
}

static void
limits(void **state)
{
	static const struct {
		const char *const text[4];
		size_t max, many;
	} cases[] = {
	    {{" 1 (", "UID", " ", ")"}, PARSE_FETCH_MAX, 16000},
	    {{" 1 (", "BODY[TEXT]", " ", ")"}, PARSE_FETCH_MAX, 5000},
	    {{" 1 BODY[", "1", ".", "]"}, PARSE_SECTION_DEPTH, 30000},
	    {{" 1 BINARY[", "1", ".", "]"}, PARSE_SECTION_DEPTH, 30000},
	    {{" 1 BODY[HEADER.FIELDS (", "x", " ", ")]"}, PARSE_FIELDS_MAX,
		30000},
	    {{" ", "1", ",", " UID"}, SEQSET_RANGES_MAX, 30000},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		limited(cases[i].text, cases[i].max - 1, cases[i].max);
		limited(cases[i].text, cases[i].max, cases[i].max);
		limited(cases[i].text, cases[i].max + 1, cases[i].max);
		limited(cases[i].text, cases[i].many, cases[i].max);
	}
}

static void
brackets_without_end_are_refused_at_once(void **state)
{
	static const char *const heads[] = {" ", " 1 ", " 1 BODY[", " 1 (",
	    " 1 BODY[HEADER.FIELDS ", " 1 UID ", " 1 BODY[]<"};
	static char many[65000];
	struct buf in, b;
	bool limit;

	(void)state;
	buf_init(&in, 65536);
	buf_init(&b, 65536);
	for (const char *c = "()[]<{\"\\"; *c != '\0'; c++) {
		memset(many, *c, sizeof(many));
		for (size_t i = 0; i < COUNT(heads); i++) {
			buf_clear(&in);
			buf_str(&in, heads[i]);
			buf_bytes(&in, many, sizeof(many));
			assert_int_equal(fetch(in.p, in.n, &b, &limit), -1);
		}
	}
	buf_done(&in);
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(attributes),
	    cmocka_unit_test(sections),
	    cmocka_unit_test(modifiers),
	    cmocka_unit_test(labels_and_peek_are_those_of_the_answer),
	    cmocka_unit_test(limits),
	    cmocka_unit_test(brackets_without_end_are_refused_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
