/* ENVELOPE, BODYSTRUCTURE, sections, BINARY and partials. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "worker/imap/body.h"
#include "worker/imap/body_decode.h"

#define FROM  "((NIL NIL \"u\" \"d\"))"
#define MIXED "Content-Type: multipart/mixed; boundary=f\n\n"

static void
holds(const struct buf *b, const char *want)
{
	assert_false(b->failed);
	if (b->n != strlen(want) || (b->n > 0 && memcmp(b->p, want, b->n) != 0))
		fail_msg("got %.*s\nwant %s", (int)b->n, b->p, want);
}

static const struct {
	const char *hdr, *envelope;
} envelopes[] = {
    {"", "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"},
    {"Message-ID: <msg@id>\nIn-Reply-To: <reply@to.id>\n"
     "Date: Thu, 15 Feb 2007 01:02:03 +0200\nSubject: subject header\n"
     "From: From Real <f@d.org>\nTo: To Real <t@d.org>\n"
     "Cc: Cc Real <c@d.org>\nBcc: Bcc Real <b@d.org>\n"
     "Sender: Sender Real <s@d.org>\nReply-To: R <r@d.org>\n\n",
	"(\"Thu, 15 Feb 2007 01:02:03 +0200\" \"subject header\""
	" ((\"From Real\" NIL \"f\" \"d.org\"))"
	" ((\"Sender Real\" NIL \"s\" \"d.org\"))"
	" ((\"R\" NIL \"r\" \"d.org\"))"
	" ((\"To Real\" NIL \"t\" \"d.org\"))"
	" ((\"Cc Real\" NIL \"c\" \"d.org\"))"
	" ((\"Bcc Real\" NIL \"b\" \"d.org\"))"
	" \"<reply@to.id>\" \"<msg@id>\")"},
    {"From: u@d\nSender: \nReply-To:\t\n\n",
	"(NIL NIL " FROM " " FROM " " FROM " NIL NIL NIL NIL NIL)"},
    {"From: <@r:u@d>\nTo: g: a@b;, h:;\nCc: ,\n\n",
	"(NIL NIL ((NIL \"@r\" \"u\" \"d\")) ((NIL \"@r\" \"u\" \"d\"))"
	" ((NIL \"@r\" \"u\" \"d\")) ((NIL NIL \"g\" NIL)"
	"(NIL NIL \"a\" \"b\")(NIL NIL NIL NIL)(NIL NIL \"h\" NIL)"
	"(NIL NIL NIL NIL)) NIL NIL NIL NIL)"},
    {"Subject:\nSubject: second\n\nDate: body\n",
	"(NIL \"\" NIL NIL NIL NIL NIL NIL NIL NIL)"},
    {"Subject: a\r\n b\r\n\tc \nDate: x \r\n\r\n",
	"(\"x\" \"a b\tc\" NIL NIL NIL NIL NIL NIL NIL NIL)"},
    {"Subject: a \"b\" \\c =?utf-8?q?d?=\n\n",
	"(NIL \"a \\\"b\\\" \\\\c =?utf-8?q?d?=\""
	" NIL NIL NIL NIL NIL NIL NIL NIL)"},
    {"Subject: \xc3\xa9\nFrom: \xff <u@d>\n\n",
	"(NIL {2}\r\n\xc3\xa9 (({1}\r\n\xff NIL \"u\" \"d\"))"
	" (({1}\r\n\xff NIL \"u\" \"d\"))"
	" (({1}\r\n\xff NIL \"u\" \"d\")) NIL NIL NIL NIL NIL)"},
    {"Subject: a\rb\n\n", "(NIL \"ab\" NIL NIL NIL NIL NIL NIL NIL NIL)"},
};

static void
envelopes_are_those_of_rfc_3501(void **state)
{
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 10000);
	for (i = 0; i < sizeof(envelopes) / sizeof(envelopes[0]); i++) {
		buf_clear(&b);
		body_envelope(&b, envelopes[i].hdr, strlen(envelopes[i].hdr));
		holds(&b, envelopes[i].envelope);
	}
	buf_clear(&b);
	body_envelope(&b, "Subject: a\0b\n\n", 14);
	holds(&b, "(NIL {3}\r\na\x80"
		  "b NIL NIL NIL NIL NIL NIL NIL NIL)");
	buf_done(&b);
}

static const struct {
	const char *msg, *body, *structure;
} structures[] = {
    {"A: b\n\nbody\nx\n", "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 9 2)",
	"(\"text\" \"plain\" NIL NIL NIL \"7bit\" 9 2 NIL NIL NIL NIL)"},
    {"Content-Type: multipart/mixed; boundary=\"foo\n bar\"\n\n"
     "--foo bar\nContent-Type: text/x-myown; charset=us-ascii\n\n"
     "hello\n\n--foo bar--\n",
	"((\"text\" \"x-myown\" (\"charset\" \"us-ascii\") NIL NIL"
	" \"7bit\" 7 1) \"mixed\")",
	"((\"text\" \"x-myown\" (\"charset\" \"us-ascii\") NIL NIL"
	" \"7bit\" 7 1 NIL NIL NIL NIL) \"mixed\""
	" (\"boundary\" \"foo bar\") NIL NIL NIL)"},
    {"Content-Type: IMAGE/png; name=\"a\\\"b\"; x*=utf-8''%41\n"
     "Content-ID: <i@d>\nContent-Description: a\n b\n"
     "Content-Transfer-Encoding: BASE64\nContent-MD5: m==\n"
     "Content-Disposition: attachment; filename=\xe9.png\n"
     "Content-Language: en\nContent-Location: http://x/\n\nYQ==\n",
	"(\"IMAGE\" \"png\" (\"name\" \"a\\\"b\" \"x*\" \"utf-8''%41\")"
	" \"<i@d>\" \"a b\" \"BASE64\" 6)",
	"(\"IMAGE\" \"png\" (\"name\" \"a\\\"b\" \"x*\" \"utf-8''%41\")"
	" \"<i@d>\" \"a b\" \"BASE64\" 6 \"m==\" (\"attachment\""
	" (\"filename\" {5}\r\n\xe9.png)) (\"en\") \"http://x/\")"},
    {"Content-Disposition: inline\nContent-Language: en, de\n\n",
	"(\"text\" \"plain\" NIL NIL NIL \"7bit\" 0 0)",
	"(\"text\" \"plain\" NIL NIL NIL \"7bit\" 0 0 NIL"
	" (\"inline\" NIL) (\"en\" \"de\") NIL)"},
    {"Content-Type: message/rfc822\n\nFrom: u@d\n\nhi\n",
	"(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 17 (NIL NIL " FROM
	" " FROM " " FROM " NIL NIL NIL NIL NIL)"
	" (\"text\" \"plain\" NIL NIL NIL \"7bit\" 4 1) 3)",
	"(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 17 (NIL NIL " FROM
	" " FROM " " FROM " NIL NIL NIL NIL NIL)"
	" (\"text\" \"plain\" NIL NIL NIL \"7bit\" 4 1 NIL NIL NIL NIL)"
	" 3 NIL NIL NIL NIL)"},
    {"Content-Type: message/global\n\nFrom: u@d\n\nhi\n",
	"(\"message\" \"global\" NIL NIL NIL \"7bit\" 17)",
	"(\"message\" \"global\" NIL NIL NIL \"7bit\" 17"
	" NIL NIL NIL NIL)"},
    {MIXED "--f\n\na\n--f\nContent-Type: multipart/x; boundary=g\n\n"
	   "--g\n\nb\n--g--\n--f--\n",
	"((\"text\" \"plain\" NIL NIL NIL \"7bit\" 1 0)"
	"((\"text\" \"plain\" NIL NIL NIL \"7bit\" 1 0) \"x\")"
	" \"mixed\")",
	"((\"text\" \"plain\" NIL NIL NIL \"7bit\" 1 0 NIL NIL NIL NIL)"
	"((\"text\" \"plain\" NIL NIL NIL \"7bit\" 1 0 NIL NIL NIL NIL)"
	" \"x\" (\"boundary\" \"g\") NIL NIL NIL)"
	" \"mixed\" (\"boundary\" \"f\") NIL NIL NIL)"},
    {MIXED "nothing\n", "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 9 1)",
	"(\"text\" \"plain\" NIL NIL NIL \"7bit\" 9 1 NIL NIL NIL NIL)"},
};

static void
structures_are_those_of_rfc_3501(void **state)
{
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 10000);
	for (i = 0; i < sizeof(structures) / sizeof(structures[0]); i++) {
		const char *msg = structures[i].msg;
		struct mime *m = mime_parse(msg, strlen(msg));

		assert_non_null(m);
		buf_clear(&b);
		body_structure(&b, msg, m, false);
		holds(&b, structures[i].body);
		buf_clear(&b);
		body_structure(&b, msg, m, true);
		holds(&b, structures[i].structure);
		mime_free(m);
	}
	buf_done(&b);
}

/* A section as text: "1.2.HEADER", "HEADER.FIELDS (a b)", "" for all. */
struct section {
	struct parse_section s;
	uint32_t part[8];
	struct parse_text fields[4];
	char text[100];
};

static void
section_of(struct section *out, const char *text)
{
	char *p, *word;

	memset(out, 0, sizeof(*out));
	out->s.part = out->part;
	out->s.fields = out->fields;
	snprintf(out->text, sizeof(out->text), "%s", text);
	p = out->text;
	while (*p >= '0' && *p <= '9') {
		out->part[out->s.nparts++] = (uint32_t)strtoul(p, &p, 10);
		if (*p == '.')
			p++;
	}
	if (strcmp(p, "HEADER") == 0)
		out->s.text = PARSE_SECTION_HEADER;
	else if (strcmp(p, "TEXT") == 0)
		out->s.text = PARSE_SECTION_TEXT;
	else if (strcmp(p, "MIME") == 0)
		out->s.text = PARSE_SECTION_MIME;
	else if (strncmp(p, "FIELDS.NOT ", 11) == 0)
		out->s.text = PARSE_SECTION_FIELDS_NOT;
	else if (strncmp(p, "FIELDS ", 7) == 0)
		out->s.text = PARSE_SECTION_FIELDS;
	for (word = strchr(p, ' '); word != NULL; word = p) {
		struct parse_text *f = &out->fields[out->s.nfields++];

		f->p = ++word;
		p = strchr(word, ' ');
		f->n = p == NULL ? strlen(word) : (size_t)(p - word);
	}
}

static void
gather(void *arg, const char *p, size_t n)
{
	assert_true(n > 0);
	buf_bytes(arg, p, n);
}

/* What a section is on the wire, and every partial of it. */
static void
check_slice(const struct body_slice *slice, const char *want)
{
	struct buf b;
	uint64_t from, count, n = strlen(want);

	assert_int_equal(slice->size, n);
	buf_init(&b, 100000);
	body_emit(slice, 0, UINT64_MAX, gather, &b);
	holds(&b, want);
	for (from = 0; from <= n + 1; from++) {
		for (count = 0; count <= 4; count++) {
			uint64_t left = from < n ? n - from : 0;

			buf_clear(&b);
			body_emit(slice, from, count, gather, &b);
			assert_int_equal(b.n, left < count ? left : count);
			if (b.n > 0)
				assert_memory_equal(b.p, want + from, b.n);
		}
	}
	buf_done(&b);
}

/* Wire text of a constant with LFs. */
static const char *
crlf(const char *p)
{
	static char out[2000];
	char *o;

	for (o = out; *p != '\0'; p++) {
		if (*p == '\n' && (o == out || o[-1] != '\r'))
			*o++ = '\r';
		*o++ = *p;
	}
	*o = '\0';
	return out;
}

#define SUB_HDR                                                                \
	"From: sub@d\nSubject: submsg\n"                                       \
	"Content-Type: multipart/alternative; boundary=\"sub1\"\n\n"
#define SUB_TEXT                                                               \
	"Sub prologue\n--sub1\nContent-Type: text/html\n\n<p>\n\n"             \
	"--sub1\n\nother\n\n--sub1--\nSub epilogue\n"
#define NESTED                                                                 \
	"From: u@d\n" MIXED "--f\nX: y\n\nhello\n\n--f\n"                      \
	"Content-Type: message/rfc822\n\n" SUB_HDR SUB_TEXT                    \
	"\n--f\nContent-Type: multipart/x; boundary=g\n\n--g\n\nb1\n--g\n\n"   \
	"b2\n--g--\n--f--\n"
#define SINGLE "From: u@d\nSubject: x\n\nbody\r\nnext\n\n"
#define M2     "From: b@d\n\nHello\n\n"
#define M1     "From: a@d\nContent-Type: message/rfc822\n\n" M2
#define TWICE  "From: u@d\nContent-Type: message/rfc822\n\n" M1

static const struct {
	const char *msg, *section, *want; /* want NULL: no such part */
} sections[] = {
    {SINGLE, "", SINGLE},
    {SINGLE, "HEADER", "From: u@d\nSubject: x\n\n"},
    {SINGLE, "TEXT", "body\r\nnext\n\n"},
    {SINGLE, "1", "body\r\nnext\n\n"},
    {SINGLE, "1.MIME", "From: u@d\nSubject: x\n\n"},
    {SINGLE, "1.1", NULL},
    {SINGLE, "1.HEADER", NULL},
    {SINGLE, "1.TEXT", NULL},
    {SINGLE, "2", NULL},
    {SINGLE, "0", NULL},
    {SINGLE, "FIELDS from", "From: u@d\n\n"},
    {SINGLE, "FIELDS SUBJECT from SUBJECT", "From: u@d\nSubject: x\n\n"},
    {SINGLE, "FIELDS nix", "\n"},
    {SINGLE, "FIELDS.NOT from", "Subject: x\n\n"},
    {SINGLE, "FIELDS.NOT nix", "From: u@d\nSubject: x\n\n"},
    {"A: b\n c\r\n\td\nnot a field\nB: e", "FIELDS a b",
	"A: b\n c\r\n\td\nB: e\r\n\n"},
    {"", "", ""},
    {"", "FIELDS a", "\n"},
    {NESTED, "", NESTED},
    {NESTED, "1", "hello\n"},
    {NESTED, "1.MIME", "X: y\n\n"},
    {NESTED, "1.HEADER", NULL},
    {NESTED, "2", SUB_HDR SUB_TEXT},
    {NESTED, "2.MIME", "Content-Type: message/rfc822\n\n"},
    {NESTED, "2.HEADER", SUB_HDR},
    {NESTED, "2.TEXT", SUB_TEXT},
    {NESTED, "2.FIELDS from x-foo", "From: sub@d\n\n"},
    {NESTED, "2.1", "<p>\n"},
    {NESTED, "2.1.MIME", "Content-Type: text/html\n\n"},
    {NESTED, "2.2", "other\n"},
    {NESTED, "2.2.MIME", "\n"},
    {NESTED, "2.3", NULL},
    {NESTED, "3", "--g\n\nb1\n--g\n\nb2\n--g--"},
    {NESTED, "3.2", "b2"},
    {NESTED, "3.2.1", NULL},
    {NESTED, "3.HEADER", NULL},
    {NESTED, "4", NULL},
    {TWICE, "TEXT", M1},
    {TWICE, "1", M1},
    {TWICE, "1.1", M2},
    {TWICE, "1.1.1", "Hello\n\n"},
    {TWICE, "1.1.1.1", NULL},
    {TWICE, "1.HEADER", "From: a@d\nContent-Type: message/rfc822\n\n"},
    {TWICE, "1.1.HEADER", "From: b@d\n\n"},
    {TWICE, "1.TEXT", M2},
    {TWICE, "1.1.TEXT", "Hello\n\n"},
    {TWICE, "1.1.1.HEADER", NULL},
    {TWICE, "1.2", NULL},
};

static void
sections_are_those_of_rfc_3501(void **state)
{
	struct arena *a;
	size_t i;

	(void)state;
	a = arena_new(100000);
	assert_non_null(a);
	for (i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		const char *msg = sections[i].msg;
		struct mime *m = mime_parse(msg, strlen(msg));
		struct body_slice slice;
		struct section s;
		int rc;

		assert_non_null(m);
		section_of(&s, sections[i].section);
		rc = body_section(a, msg, m, &s.s, &slice);
		assert_int_equal(rc, sections[i].want == NULL ? 1 : 0);
		if (rc == 0)
			check_slice(&slice, crlf(sections[i].want));
		mime_free(m);
	}
	arena_free(a);
}

static void
header_fields_that_the_arena_cannot_hold_are_an_error(void **state)
{
	struct arena *a = arena_new(32);
	struct mime *m = mime_parse(SINGLE, sizeof(SINGLE) - 1);
	struct body_slice slice;
	struct section s;

	(void)state;
	assert_non_null(a);
	assert_non_null(m);
	section_of(&s, "FIELDS subject");
	assert_int_equal(body_section(a, SINGLE, m, &s.s, &slice), 0);
	arena_reset(a);
	section_of(&s, "FIELDS subject from");
	assert_int_equal(body_section(a, SINGLE, m, &s.s, &slice), -1);
	mime_free(m);
	arena_free(a);
}

#define CTE(e) "Content-Transfer-Encoding: " e "\n\n"
static const struct {
	const char *msg, *section;
	int rc;
	const char *want;
} binaries[] = {
    {SINGLE, "", 0, SINGLE},
    {SINGLE, "1", 0, "body\r\nnext\n\n"},
    {SINGLE, "2", 1, NULL},
    {NESTED, "2", 0, SUB_HDR SUB_TEXT},
    {NESTED, "3", 0, "--g\n\nb1\n--g\n\nb2\n--g--"},
    {CTE("8BIT") "x\n", "1", 0, "x\n"},
    {CTE("Binary") "x\n", "1", 0, "x\n"},
    {CTE("uuencode") "x\n", "1", 2, NULL},
    {CTE("base64") "aGVs\nbG8gd29y\nbGQ=\n", "1", 0, "hello world"},
    {CTE("base64") "  aGVs    \n bG8g  \n   d29y  \t \n    bGQ= \n\n", "1", 0,
	"hello world"},
    {CTE("base64") "YQ==YWI=YWJj!Y", "1", 0, "aababc"},
    {CTE("base64") "DQ1h", "1", 0, "\r\ra"},
    {CTE("base64") "", "1", 0, ""},
    {CTE("quoted-printable") "hello  \nbar=\n\nfoo\t=\nbar\nfoo\t \t= "
			     "\n=62\nfoo = \t\nbar\n"
			     "foo =\n=62\nfoo  \r\nbar=\r\n\nfoo_bar\n",
	"1", 0,
	"hello\nbar\nfoo\tbar\nfoo\t \tb\nfoo bar\nfoo b\nfoo\nbar\n"
	"foo_bar\n"},
    {CTE("quoted-printable") "=c3=A9=3D=zz=4", "1", 0, "\xc3\xa9==zz=4"},
    {CTE("quoted-printable") "a=", "1", 0, "a"},
    {CTE("quoted-printable") "a \t", "1", 0, "a"},
    {CTE("quoted-printable") "", "1", 0, ""},
    {"Content-Transfer-Encoding: base64\n" MIXED "--f\n\nb\n--f--\n", "1", 0,
	"b"},
};

static void
binary_undoes_the_transfer_encoding(void **state)
{
	struct arena *a;
	size_t i;

	(void)state;
	a = arena_new(100000);
	assert_non_null(a);
	for (i = 0; i < sizeof(binaries) / sizeof(binaries[0]); i++) {
		const char *msg = binaries[i].msg;
		struct mime *m = mime_parse(msg, strlen(msg));
		struct body_slice slice;
		struct section s;
		int rc;

		assert_non_null(m);
		section_of(&s, binaries[i].section);
		rc = body_binary(a, msg, m, &s.s, &slice);
		assert_int_equal(rc, binaries[i].rc);
		if (rc == 0)
			check_slice(&slice, crlf(binaries[i].want));
		mime_free(m);
	}
	arena_free(a);
}

static void
pieces_decode_to_the_same_as_the_whole(void **state)
{
	static const char in[] = "aGVsbG8gd29ybGQ=\r\n=41 \t=\nb=C3=\n=A9 \n=";
	enum body_encoding encodings[] = {
	    BODY_ENCODING_BASE64, BODY_ENCODING_QUOTED};
	char whole[200], pieces[200];
	size_t cut, used, n, k, i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct body_decoder d;

		body_decoder_init(&d, encodings[i]);
		n = body_decoder_run(
		    &d, in, sizeof(in) - 1, true, whole, &used);
		assert_int_equal(used, sizeof(in) - 1);
		for (cut = 0; cut < sizeof(in); cut++) {
			body_decoder_init(&d, encodings[i]);
			k = body_decoder_run(&d, in, cut, false, pieces, &used);
			assert_true(used <= cut);
			k += body_decoder_run(&d, in + used,
			    sizeof(in) - 1 - used, true, pieces + k, &used);
			assert_int_equal(k, n);
			assert_memory_equal(pieces, whole, n);
		}
	}
}

static void
a_big_body_is_emitted_in_few_pieces(void **state)
{
	struct body_slice slice = {.stored = true};
	struct buf b;
	char *p;
	size_t n;

	(void)state;
	n = 3000000;
	p = malloc(n);
	assert_non_null(p);
	memset(p, 'x', n);
	for (size_t i = 76; i < 2000000; i += 77)
		p[i] = '\n';
	slice.p = p;
	slice.n = n;
	slice.size = mime_wire_size(p, n);
	buf_init(&b, SIZE_MAX / 2);
	body_emit(&slice, 0, UINT64_MAX, gather, &b);
	assert_int_equal(b.n, slice.size);
	assert_int_equal(mime_wire_size(b.p, b.n), b.n);
	assert_int_equal(b.p[76], '\r');
	assert_int_equal(b.p[b.n - 1], 'x');
	buf_done(&b);
	free(p);
}

/* Not the product of both: that would be seconds for each such item. */
static void
a_million_fields_and_500_names_are_quick(void **state)
{
	const size_t n = 1000000;
	struct parse_text names[PARSE_FIELDS_MAX];
	struct parse_section s = {.text = PARSE_SECTION_FIELDS,
	    .fields = names,
	    .nfields = PARSE_FIELDS_MAX};
	struct arena *a = arena_new(1u << 20);
	char *msg = malloc(4 * n + 3), text[PARSE_FIELDS_MAX][2];
	struct body_slice slice;
	struct timespec from, to;
	struct mime *m;
	size_t i;

	(void)state;
	assert_non_null(msg);
	for (i = 0; i < n; i++)
		memcpy(msg + 4 * i, i == n / 2 ? "Fz:\n" : "zz:\n", 4);
	memcpy(msg + 4 * n, "\n\n", 3);
	for (i = 0; i < PARSE_FIELDS_MAX; i++) {
		text[i][0] = (char)('a' + i / 26);
		text[i][1] = (char)('z' - i % 26);
		names[i] = (struct parse_text){.p = text[i], .n = 2};
	}
	m = mime_parse(msg, 4 * n + 2);
	assert_non_null(m);
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	assert_int_equal(body_section(a, msg, m, &s, &slice), 0);
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	assert_int_equal(slice.n, 6);
	assert_memory_equal(slice.p, "Fz:\n\r\n", 6);
	assert_true(to.tv_sec - from.tv_sec < 3);
	mime_free(m);
	arena_free(a);
	free(msg);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(envelopes_are_those_of_rfc_3501),
	    cmocka_unit_test(structures_are_those_of_rfc_3501),
	    cmocka_unit_test(sections_are_those_of_rfc_3501),
	    cmocka_unit_test(
		header_fields_that_the_arena_cannot_hold_are_an_error),
	    cmocka_unit_test(binary_undoes_the_transfer_encoding),
	    cmocka_unit_test(pieces_decode_to_the_same_as_the_whole),
	    cmocka_unit_test(a_big_body_is_emitted_in_few_pieces),
	    cmocka_unit_test(a_million_fields_and_500_names_are_quick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
