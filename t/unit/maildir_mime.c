/* MIME: messages to trees, whatever they look like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "maildir/mime.h"

#define MULTI(b) "Content-Type: multipart/mixed; boundary=" b "\n\n"

/* Grows: the tree as text, each part with its type and its body. */
static void
draw(char *out, size_t size, const char *msg, const struct mime_part *part)
{
	const struct mime_part *child;
	size_t n = strlen(out);

	n +=
	    (size_t)snprintf(out + n, size - n, "(%.*s/%.*s", (int)part->type.n,
		part->type.p, (int)part->subtype.n, part->subtype.p);
	assert_true(n < size);
	if (part->kind == MIME_LEAF)
		n += (size_t)snprintf(out + n, size - n, " <%.*s>",
		    (int)part->body_len, msg + part->body);
	assert_true(n < size);
	for (child = part->first; child != NULL; child = child->next)
		draw(out, size, msg, child);
	n = strlen(out);
	assert_true(n + 2 < size);
	strcpy(out + n, ")");
}

/* What is always true of a part. */
static void
check_part(const char *msg, size_t n, const struct mime_part *part)
{
	const struct mime_part *child;
	unsigned children = 0;

	assert_true(part->hdr <= n && part->hdr_len <= n - part->hdr);
	assert_true(part->body <= n && part->body_len <= n - part->body);
	assert_int_equal(part->hdr + part->hdr_len, part->body);
	assert_int_equal(
	    part->hdr_size, mime_wire_size(msg + part->hdr, part->hdr_len));
	assert_int_equal(
	    part->body_size, mime_wire_size(msg + part->body, part->body_len));
	assert_non_null(part->type.p);
	assert_non_null(part->subtype.p);
	assert_true(part->encoding.n > 0);
	for (child = part->first; child != NULL; child = child->next) {
		assert_ptr_equal(child->parent, part);
		assert_true(child->hdr >= part->body);
		assert_true(child->body + child->body_len <=
			    part->body + part->body_len);
		check_part(msg, n, child);
		children++;
	}
	assert_int_equal(children, part->nchildren);
}

static void
check_tree(const char *msg, const char *want)
{
	char got[4096] = "";
	struct mime *m;
	char *copy;
	size_t n = strlen(msg);

	/* Exactly as long as it is, so that a byte too far is seen. */
	copy = malloc(n + 1);
	assert_non_null(copy);
	memcpy(copy, msg, n);
	copy = realloc(copy, n > 0 ? n : 1);
	assert_non_null(copy);
	m = mime_parse(copy, n);
	assert_non_null(m);
	draw(got, sizeof(got), copy, mime_root(m));
	assert_string_equal(got, want);
	check_part(copy, n, mime_root(m));
	mime_free(m);
	free(copy);
}

static const struct {
	const char *msg, *tree;
} trees[] = {
    {"", "(text/plain <>)"},
    {"\n", "(text/plain <>)"},
    {"body", "(text/plain <>)"},
    {"Subject: x\n\nbody", "(text/plain <body>)"},
    {"Subject: x\r\n\r\nbody\r\n", "(text/plain <body\r\n>)"},
    {"Subject: x", "(text/plain <>)"},
    {"Content-Type: Text/HTML\n\n<p>", "(Text/HTML <<p>>)"},
    {"Content-Type: text\n\nx", "(text/plain <x>)"},
    {"Content-Type: image\n\nx", "(application/octet-stream <x>)"},
    {"Content-Type:\n\nx", "(text/plain <x>)"},
    {"Content-Type: ;\n\nx", "(text/plain <x>)"},
    {"Content-Type: (a (b) c) text (d)/(e)\n html;\n\nx", "(text/html <x>)"},
    {"Content-type : text/css\n\nx", "(text/css <x>)"},
    {"Content-Type: a/b\nContent-Type: c/d\n\nx", "(a/b <x>)"},
    /* Boundaries. */
    {MULTI("foo") "pre\n--foo\n\na\n--foo\n\nb\n--foo--\nepi\n",
	"(multipart/mixed(text/plain <a>)(text/plain <b>))"},
    {"Content-Type: multipart/mixed; boundary=\"foo\n bar\"\r\n\r\n"
     "--foo bar\r\n\r\na\r\n\r\n--foo bar--\r\n",
	"(multipart/mixed(text/plain <a\r\n>))"},
    {MULTI("foo") "--foo \t\n\na\n--foo-- \n",
	"(multipart/mixed(text/plain <a>))"},
    {MULTI("foo") "--foobar\n--foo\n\na\n--foobar\n--fooxx\n--foo-\n-- foo\n",
	"(multipart/mixed(text/plain <a\n--foobar\n--fooxx\n--foo-\n-- "
	"foo\n>))"},
    {MULTI("\"foo \"") "--foo\n\na\n--foo--",
	"(multipart/mixed(text/plain <a>))"},
    {MULTI("foo") "--foo\n--foo\n\n--foo\n\n\n--foo--",
	"(multipart/mixed(text/plain <>)(text/plain <>)(text/plain <>))"},
    {MULTI("foo") "--foo\nContent-Type: a/b\n--foo\nX: y",
	"(multipart/mixed(a/b <>)(text/plain <>))"},
    {MULTI("foo") "--foo\n\na", "(multipart/mixed(text/plain <a>))"},
    {MULTI("foo") "--foo", "(multipart/mixed(text/plain <>))"},
    {MULTI("foo") "no delimiter\n", "(text/plain <no delimiter\n>)"},
    {MULTI("foo") "--foo--\n", "(text/plain <--foo--\n>)"},
    {MULTI("foo") "--foo\n\na\n--foo--\n--foo\n\nb\n",
	"(multipart/mixed(text/plain <a>))"},
    {MULTI("\"\"") "--\n\na\n", "(text/plain <--\n\na\n>)"},
    {"Content-Type: multipart/mixed\n\n--x\n\na\n",
	"(text/plain <--x\n\na\n>)"},
    {"Content-Type: multipart; boundary=x\n\n--x\n\na\n",
	"(multipart/mixed(text/plain <a\n>))"},
    {MULTI("----=_x?:'()") "------=_x?:'()\n\na\n------=_x?:'()--\n",
	"(multipart/mixed(text/plain <a>))"},
    /* A parent's boundary ends the child, whatever it waits for. */
    {MULTI("o") "--o\n" MULTI("i") "--i\n\na\n--o\n\nb\n--i\n--o--\n",
	"(multipart/mixed(multipart/mixed(text/plain <a>))"
	"(text/plain <b\n--i>))"},
    {MULTI("o") "--o\n" MULTI("i") "--i\n--o--\n",
	"(multipart/mixed(multipart/mixed(text/plain <>)))"},
    {MULTI("o") "--o\n" MULTI("i") "--o--\n",
	"(multipart/mixed(text/plain <>))"},
    /* The inner one's first, then the outer's. */
    {MULTI("o") "--o\n" MULTI("o") "--o\n\na\n--o--\n--o\n\nb\n--o--\n",
	"(multipart/mixed(multipart/mixed(text/plain <a>))"
	"(text/plain <b>))"},
    {MULTI("o") "--o\n" MULTI("oo") "--oo\n\na\n--oo--\n\n--o--\n",
	"(multipart/mixed(multipart/mixed(text/plain <a>)))"},
    {MULTI("o--") "--o--\n" MULTI("o") "--o\n\na\n--o--\n--o--\n\nb\n",
	"(multipart/mixed(multipart/mixed(text/plain <a>))"
	"(text/plain <b\n>))"},
    /* Messages in messages. */
    {"Content-Type: message/rfc822\n\nSubject: x\n\nhi\n",
	"(message/rfc822(text/plain <hi\n>))"},
    {"Content-Type: message/rfc822", "(message/rfc822(text/plain <>))"},
    {MULTI("f") "--f\nContent-Type: message/rfc822\n\nSubject: x\n--f--",
	"(multipart/mixed(message/rfc822(text/plain <>)))"},
    {MULTI("f") "--f\nContent-Type: message/rfc822\n\n\n--f--",
	"(multipart/mixed(message/rfc822(text/plain <>)))"},
    {MULTI("f") "--f\nContent-Type: message/rfc822\n\n--f--",
	"(multipart/mixed(message/rfc822(text/plain <>)))"},
    {MULTI("f") "--f\nContent-Type: message/rfc822\n--f--",
	"(multipart/mixed(message/rfc822(text/plain <>)))"},
    {MULTI("f") "--f\nContent-Type: message/rfc822\n\n" MULTI(
	 "f") "--f\n\na\n--f--\n--f--\n",
	"(multipart/mixed(message/rfc822(multipart/mixed"
	"(text/plain <a>))))"},
    {"Content-Type: message/global\n\nSubject: x\n\nhi\n",
	"(message/global(text/plain <hi\n>))"},
    {"Content-Type: message/global\nContent-Transfer-Encoding: base64\n\n"
     "YQ==",
	"(message/global <YQ==>)"},
    {"Content-Type: message/delivery-status\n\na: b\n\n",
	"(message/delivery-status <a: b\n\n>)"},
    {"Content-Type: multipart/digest; boundary=f\n\n--f\n\nA: b\n\nhi\n"
     "--f\nContent-Type: text/plain\n\nhi\n--f--\n",
	"(multipart/digest(message/rfc822(text/plain <hi>))"
	"(text/plain <hi>))"},
    {"Content-Type: multipart/digest; boundary=f\n\n--f\n"
     "Content-Type: message/rfc822\n\nSubject: x\n\nhi\n--f--\n",
	"(multipart/digest(message/rfc822(text/plain <hi>)))"},
};

static void
messages_become_trees(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(trees) / sizeof(trees[0]); i++)
		check_tree(trees[i].msg, trees[i].tree);
}

static void
crlf_messages_have_the_same_trees(void **state)
{
	char crlf[1024], want[1024], *o;
	const char *p;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(trees) / sizeof(trees[0]); i++) {
		if (strchr(trees[i].msg, '\r') != NULL)
			continue;
		for (o = crlf, p = trees[i].msg; *p != '\0'; p++) {
			if (*p == '\n')
				*o++ = '\r';
			*o++ = *p;
		}
		*o = '\0';
		for (o = want, p = trees[i].tree; *p != '\0'; p++) {
			if (*p == '\n')
				*o++ = '\r';
			*o++ = *p;
		}
		*o = '\0';
		check_tree(crlf, want);
	}
}

static void
every_beginning_of_a_message_is_parsed(void **state)
{
	char got[4096];
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(trees) / sizeof(trees[0]); i++) {
		for (n = 0; n <= strlen(trees[i].msg); n++) {
			char *copy = malloc(n > 0 ? n : 1);
			struct mime *m;

			assert_non_null(copy);
			memcpy(copy, trees[i].msg, n);
			m = mime_parse(copy, n);
			assert_non_null(m);
			got[0] = '\0';
			draw(got, sizeof(got), copy, mime_root(m));
			check_part(copy, n, mime_root(m));
			mime_free(m);
			free(copy);
		}
	}
}

static void
is_text(const struct mime_text *t, const char *want)
{
	if (want == NULL) {
		assert_null(t->p);
		return;
	}
	assert_non_null(t->p);
	assert_int_equal(t->n, strlen(want));
	assert_memory_equal(t->p, want, t->n);
}

static void
sizes_count_crlf_and_lines_of_the_body(void **state)
{
	static const char msg[] =
	    MULTI("f") "--f\nA: b\r\n\nx\ny\r\nz\n--f--\n";
	const struct mime_part *part;
	struct mime *m;

	(void)state;
	m = mime_parse(msg, sizeof(msg) - 1);
	assert_non_null(m);
	part = mime_root(m)->first;
	assert_int_equal(part->hdr_len, 7);
	assert_int_equal(part->hdr_size, 8);
	assert_int_equal(part->body_len, 6);
	assert_int_equal(part->body_size, 7);
	assert_int_equal(part->lines, 2);
	mime_free(m);
	assert_int_equal(mime_wire_size("", 0), 0);
	assert_int_equal(mime_wire_size("\n", 1), 2);
	assert_int_equal(mime_wire_size("\r\n\r\r\n\n", 6), 7);
}

static void
a_header_keeps_its_empty_line_before_a_delimiter(void **state)
{
	static const char msg[] = MULTI("f") "--f\nX: y\r\n\r\n--f\n\n--f--";
	const struct mime_part *part;
	struct mime *m;

	(void)state;
	m = mime_parse(msg, sizeof(msg) - 1);
	assert_non_null(m);
	part = mime_root(m)->first;
	assert_int_equal(part->hdr_len, 8);
	assert_int_equal(part->hdr_size, 8);
	assert_int_equal(part->body_len, 0);
	assert_int_equal(part->next->hdr_len, 1);
	assert_int_equal(part->next->hdr_size, 2);
	mime_free(m);
}

static void
fields_of_a_header_come_one_by_one(void **state)
{
	static const char hdr[] = "From user@x  Fri Feb 22 17:06:23 2008\n"
				  " lost\nA: b\nno colon\nB :c\r\n d\n\te\r\n"
				  ": empty\nC:\nD: x \n\nE: body\n";
	static const char *const want[][2] = {
	    {"A", "b"}, {"B", "c\r\n d\n\te"}, {"C", ""}, {"D", "x "}};
	struct mime_text name, value;
	size_t pos, i;

	(void)state;
	pos = 0;
	for (i = 0; i < 4; i++) {
		assert_true(
		    mime_field(hdr, sizeof(hdr) - 1, &pos, &name, &value));
		is_text(&name, want[i][0]);
		is_text(&value, want[i][1]);
	}
	assert_false(mime_field(hdr, sizeof(hdr) - 1, &pos, &name, &value));
	assert_true(mime_find(hdr, sizeof(hdr) - 1, "b", &value));
	is_text(&value, want[1][1]);
	assert_false(mime_find(hdr, sizeof(hdr) - 1, "E", &value));
	pos = 0;
	assert_true(mime_field("A: b", 4, &pos, &name, &value));
	is_text(&value, "b");
	assert_int_equal(pos, 4);
	assert_false(mime_field("A: b", 4, &pos, &name, &value));
	pos = 0;
	assert_false(mime_field("\r", 1, &pos, &name, &value));
}

static void
a_part_has_what_its_header_says(void **state)
{
	static const char msg[] =
	    "Content-Type: text/plain; charset=utf-8 (x); name=\"a \\\"b\\\"\n"
	    "  c\"; bad; =x; empty=; z=\"open\\\n"
	    "Content-Transfer-Encoding: (c) Base64 (d)\n"
	    "Content-ID: <a@b>\nContent-Description: two\n lines \n"
	    "Content-MD5: Q2hlY2s=\n"
	    "Content-Disposition: attachment; filename*=utf-8''%41;\n"
	    " size=5\nContent-Language: en, (c) de ,, fr\n"
	    "Content-Location: http://x/\n y/ z\n\n";
	const struct mime_part *p;
	struct mime *m;

	(void)state;
	m = mime_parse(msg, sizeof(msg) - 1);
	assert_non_null(m);
	p = mime_root(m);
	assert_int_equal(p->nparams, 4);
	is_text(&p->params[0].name, "charset");
	is_text(&p->params[0].value, "utf-8");
	is_text(&p->params[1].name, "name");
	is_text(&p->params[1].value, "a \"b\"  c");
	is_text(&p->params[2].name, "empty");
	is_text(&p->params[2].value, "");
	is_text(&p->params[3].value, "open\\");
	is_text(&p->encoding, "Base64");
	is_text(&p->id, "<a@b>");
	is_text(&p->description, "two lines");
	is_text(&p->md5, "Q2hlY2s=");
	is_text(&p->disposition, "attachment");
	assert_int_equal(p->ndparams, 2);
	is_text(&p->dparams[0].name, "filename*");
	is_text(&p->dparams[0].value, "utf-8''%41");
	is_text(&p->dparams[1].value, "5");
	assert_int_equal(p->nlanguages, 3);
	is_text(&p->languages[1], "de");
	is_text(&p->location, "http://x/y/z");
	mime_free(m);
	m = mime_parse("A: b\n\n", 6);
	assert_non_null(m);
	p = mime_root(m);
	is_text(&p->encoding, "7bit");
	is_text(&p->disposition, NULL);
	is_text(&p->id, NULL);
	is_text(&p->location, NULL);
	assert_int_equal(p->nparams + p->ndparams + p->nlanguages, 0);
	mime_free(m);
}

static void
parameters_end_at_their_limit(void **state)
{
	char msg[8192];
	unsigned count, i;

	(void)state;
	for (count = MIME_PARAMS_MAX - 1; count <= MIME_PARAMS_MAX + 1;
	     count++) {
		struct mime *m;
		size_t n;

		n = (size_t)snprintf(msg, sizeof(msg), "Content-Type: a/b");
		for (i = 0; i < count; i++)
			n += (size_t)snprintf(
			    msg + n, sizeof(msg) - n, "; p%u=v%u", i, i);
		m = mime_parse(msg, n);
		assert_non_null(m);
		assert_int_equal(mime_root(m)->nparams,
		    count < MIME_PARAMS_MAX ? count : MIME_PARAMS_MAX);
		mime_free(m);
	}
}

static void
parts_beyond_the_limit_are_one_opaque_part(void **state)
{
	unsigned count, i;
	char *msg;

	(void)state;
	msg = malloc(64 + (MIME_PARTS_MAX + 5) * 8);
	assert_non_null(msg);
	/* The root counts: count parts in it are one more. */
	for (count = MIME_PARTS_MAX - 2; count <= MIME_PARTS_MAX + 1; count++) {
		const struct mime_part *part;
		struct mime *m;
		size_t n, rest = 0;

		n = (size_t)sprintf(msg, MULTI("f"));
		for (i = 0; i < count; i++) {
			n += (size_t)sprintf(msg + n, "--f\n\na\n");
			if (i == MIME_PARTS_MAX - 1)
				rest = n - 3;
		}
		m = mime_parse(msg, n);
		assert_non_null(m);
		assert_int_equal(mime_root(m)->nchildren,
		    count < MIME_PARTS_MAX ? count : MIME_PARTS_MAX);
		for (part = mime_root(m)->first; part->next != NULL;)
			part = part->next;
		if (rest == 0) {
			is_text(&part->type, "text");
			assert_int_equal(part->body_len, 2);
		} else {
			is_text(&part->type, "application");
			is_text(&part->subtype, "octet-stream");
			assert_int_equal(part->body, rest);
			assert_int_equal(part->body_len, n - rest);
			assert_int_equal(part->hdr_len, 0);
		}
		mime_free(m);
	}
	free(msg);
}

static void
depth_beyond_the_limit_is_one_opaque_part(void **state)
{
	static const char head[] = "Content-Type: message/rfc822\n\n";
	char msg[(MIME_DEPTH_MAX + 2) * sizeof(head)];
	unsigned levels, i, depth;

	(void)state;
	/* So many messages in each other; the text within is one level more. */
	for (levels = MIME_DEPTH_MAX - 2; levels <= MIME_DEPTH_MAX + 1;
	     levels++) {
		const struct mime_part *part;
		struct mime *m;
		size_t n = 0;

		for (i = 0; i < levels; i++)
			n += (size_t)sprintf(msg + n, "%s", head);
		n += (size_t)sprintf(msg + n, "A: b\n\nc\n");
		m = mime_parse(msg, n);
		assert_non_null(m);
		part = mime_root(m);
		for (depth = 1; part->first != NULL; depth++)
			part = part->first;
		if (levels < MIME_DEPTH_MAX) {
			assert_int_equal(depth, levels + 1);
			is_text(&part->type, "text");
		} else {
			assert_int_equal(depth, MIME_DEPTH_MAX);
			is_text(&part->type, "application");
		}
		assert_int_equal(part->kind, MIME_LEAF);
		mime_free(m);
	}
}

static void
multiparts_too_deep_are_opaque_and_still_end(void **state)
{
	const struct mime_part *part;
	unsigned i, depth;
	char *msg;
	struct mime *m;
	size_t n;

	(void)state;
	msg = malloc(128 * (MIME_DEPTH_MAX + 3));
	assert_non_null(msg);
	n = 0;
	for (i = 0; i < MIME_DEPTH_MAX + 2; i++)
		n += (size_t)sprintf(msg + n, MULTI("b%u") "--b%u\n", i, i);
	n += (size_t)sprintf(msg + n, "\na\n--b0\n\nlast\n");
	m = mime_parse(msg, n);
	assert_non_null(m);
	part = mime_root(m);
	assert_int_equal(part->nchildren, 2);
	assert_memory_equal(msg + part->first->next->body, "last", 4);
	for (depth = 1; part->first != NULL; depth++)
		part = part->first;
	assert_int_equal(depth, MIME_DEPTH_MAX);
	is_text(&part->type, "application");
	check_part(msg, n, mime_root(m));
	mime_free(m);
	free(msg);
}

static void
header_beyond_the_limit_is_not_read(void **state)
{
	/* Cut by one byte it is a/b, by two it is no type at all. */
	static const char field[] = "\nContent-Type: a/bc";
	static const char *const subtypes[] = {"bc", "bc", "b"};
	size_t n = sizeof(field) - 1, i;
	char *msg;

	(void)state;
	msg = malloc(MIME_HEADER_MAX + 2 * sizeof(field));
	assert_non_null(msg);
	/* Its last byte at the limit -1, 0, +1. */
	for (i = 0; i < 3; i++) {
		size_t at = MIME_HEADER_MAX - 1 - n + i;
		struct mime *m;

		memset(msg, 'x', at);
		memcpy(msg + at, field, n);
		memcpy(msg + at + n, "\n\nbody", 6);
		m = mime_parse(msg, at + n + 6);
		assert_non_null(m);
		is_text(&mime_root(m)->subtype, subtypes[i]);
		assert_int_equal(mime_root(m)->body_len, 4);
		mime_free(m);
	}
	free(msg);
}

/* The same with half of it before, empty lines too: all count together. */
static void
headers_of_all_parts_count_together(void **state)
{
	static const char root[] =
	    "Content-Type: multipart/mixed; boundary=b\n";
	static const char first[] = "\n--b\n", second[] = "\n\n--b\n";
	static const char field[] = "\nContent-Type: a/bc";
	static const char *const subtypes[] = {"bc", "bc", "b"};
	size_t nfield = sizeof(field) - 1, half = MIME_HEADER_MAX / 2, i;
	char *msg = malloc(MIME_HEADER_MAX + 200), *p;

	(void)state;
	assert_non_null(msg);
	for (i = 0; i < 3; i++) {
		size_t left = MIME_HEADER_MAX - sizeof(root) - half - 1;
		const struct mime_part *part;
		struct mime *m;

		p = stpcpy(stpcpy(msg, root), first);
		memset(p, 'x', half);
		p[half - 1] = '\n';
		p = stpcpy(p + half, second);
		left -= nfield + 1 - i;
		memset(p, 'y', left);
		p = stpcpy(p + left, field);
		p = stpcpy(p, "\n\nbody\n--b--\n");
		m = mime_parse(msg, (size_t)(p - msg));
		assert_non_null(m);
		part = mime_root(m)->first;
		assert_non_null(part);
		assert_non_null(part->next);
		is_text(&part->next->subtype, subtypes[i]);
		mime_free(m);
	}
	free(msg);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(messages_become_trees),
	    cmocka_unit_test(crlf_messages_have_the_same_trees),
	    cmocka_unit_test(every_beginning_of_a_message_is_parsed),
	    cmocka_unit_test(sizes_count_crlf_and_lines_of_the_body),
	    cmocka_unit_test(a_header_keeps_its_empty_line_before_a_delimiter),
	    cmocka_unit_test(fields_of_a_header_come_one_by_one),
	    cmocka_unit_test(a_part_has_what_its_header_says),
	    cmocka_unit_test(parameters_end_at_their_limit),
	    cmocka_unit_test(parts_beyond_the_limit_are_one_opaque_part),
	    cmocka_unit_test(depth_beyond_the_limit_is_one_opaque_part),
	    cmocka_unit_test(multiparts_too_deep_are_opaque_and_still_end),
	    cmocka_unit_test(header_beyond_the_limit_is_not_read),
	    cmocka_unit_test(headers_of_all_parts_count_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
