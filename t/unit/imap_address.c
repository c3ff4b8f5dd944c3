/* Address lists: as RFC 5322 writes them, and as people do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/imap/address.h"

static void
put(struct buf *b, const struct mime_text *t)
{
	if (t->p == NULL)
		buf_char(b, '-');
	else
		buf_bytes(b, t->p, t->n);
}

/* name|route|mailbox|host, "-" what is absent; "[name" opens, "]" ends. */
static void
draw(struct buf *b, const char *value, size_t n)
{
	struct address_reader r;
	struct address a;

	buf_clear(b);
	address_init(&r, value, n);
	while (address_next(&r, &a)) {
		if (b->n > 0)
			buf_char(b, ' ');
		switch (a.kind) {
		case ADDRESS_MAILBOX:
			put(b, &a.name);
			buf_char(b, '|');
			put(b, &a.route);
			buf_char(b, '|');
			put(b, &a.mailbox);
			buf_char(b, '|');
			put(b, &a.host);
			break;
		case ADDRESS_GROUP:
			buf_char(b, '[');
			put(b, &a.mailbox);
			break;
		case ADDRESS_GROUP_END:
			buf_char(b, ']');
			break;
		}
	}
	assert_false(r.failed);
	address_done(&r);
	buf_char(b, '\0');
}

static const char *const rows[][2] = {
    {"", ""},
    {" , ,\r\n ,", ""},
    {"a@b", "-|-|a|b"},
    {"From Real <a@b.org>", "From Real|-|a|b.org"},
    {"\"Real, \\\"N\\\"\" <a@b>", "Real, \"N\"|-|a|b"},
    {"a@b (Real Name)", "Real Name|-|a|b"},
    {"a@b (Real (nested) \\) Name )", "Real (nested) ) Name|-|a|b"},
    {"a@b (first) (second)", "second|-|a|b"},
    {"<a (c)@ (c) b>", "-|-|a|b"},
    {"<a@b> (Real)", "Real|-|a|b"},
    {"J. R. \"Bob\" Smith\r\n  <a . b @ c . d>", "J. R. Bob Smith|-|a.b|c.d"},
    {"a@b.org <a@b.org>", "a@b.org|-|a|b.org"},
    {"<@r1,@r2:a@b>", "-|@r1,@r2|a|b"},
    {"<@r:a@b>, <@r2: c@d>", "-|@r|a|b -|@r2|c|d"},
    {"a@b, c@d", "-|-|a|b -|-|c|d"},
    {"a@b; c@d", "-|-|a|b -|-|c|d"},
    {"group: g1@d1.org, g2@d2.org;, group2: g3@d3.org;",
	"[group -|-|g1|d1.org -|-|g2|d2.org ] [group2 -|-|g3|d3.org ]"},
    {"group:;, group2: (foo) ;", "[group ] [group2 ]"},
    {"my \"own\" group: A <a@b>", "[my own group A|-|a|b ]"},
    {"Undisclosed recipients", "Undisclosed recipients|-||"},
    {"root", "-|-|root|"},
    {"Mailer <>", "Mailer|-||"},
    {"<root>", "-|-|root|"},
    {"<@b>", "-|-||b"},
    {"\"john doe\"@b", "-|-|john doe|b"},
    {"\"a@b\"@c", "-|-|a@b|c"},
    {"a@b@c", "-|-|a@b|c"},
    {"a@[1.2.3. 4]", "-|-|a|[1.2.3.4]"},
    {"[List] me <a@b>", "[List] me|-|a|b"},
    {"[List me <a@b>", "[List me|-|a|b"},
    {"=?utf-8?q?J=C3=B6rg?= <a@b>", "=?utf-8?q?J=C3=B6rg?=|-|a|b"},
    {"J\xc3\xb6rg <a@b>", "J\xc3\xb6rg|-|a|b"},
    {"Open <a@b, Next <c@d>", "Open|-|a|b Next|-|c|d"},
    {"A <a@b> junk, c@d", "A|-|a|b -|-|c|d"},
    {"A <a@b> \"x,y\" , c@d", "A|-|a|b -|-|c|d"},
    {"\"open <a@b>", "-|-|open <a@b>|"},
    {"(open a@b", ""},
    {"a@", "-|-|a|"},
    {"a>b@c", "-|-|a b|c"},
    {"x: y: a@b;", "[x -|-|y: a|b ]"},
};

static void
lists_become_addresses(void **state)
{
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 10000);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		draw(&b, rows[i][0], strlen(rows[i][0]));
		assert_string_equal(b.p, rows[i][1]);
	}
	buf_done(&b);
}

static void
every_beginning_of_a_list_is_read(void **state)
{
	struct buf b;
	size_t i, n;

	(void)state;
	buf_init(&b, 10000);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (n = 0; n <= strlen(rows[i][0]); n++) {
			char *copy = malloc(n > 0 ? n : 1);

			assert_non_null(copy);
			memcpy(copy, rows[i][0], n);
			draw(&b, copy, n);
			free(copy);
		}
	}
	buf_done(&b);
}

static void
a_list_ends_at_the_limit_with_its_group_closed(void **state)
{
	struct address_reader r;
	struct address a;
	unsigned count, i, got;
	char *list;

	(void)state;
	list = malloc((MIME_ADDRESSES_MAX + 2) * 4 + 8);
	assert_non_null(list);
	for (count = MIME_ADDRESSES_MAX - 1; count <= MIME_ADDRESSES_MAX + 1;
	     count++) {
		size_t n = 0;

		for (i = 0; i < count; i++)
			n += (size_t)sprintf(list + n, "a@b,");
		address_init(&r, list, n);
		for (got = 0; address_next(&r, &a); got++)
			assert_int_equal(a.kind, ADDRESS_MAILBOX);
		address_done(&r);
		assert_int_equal(got,
		    count < MIME_ADDRESSES_MAX ? count : MIME_ADDRESSES_MAX);
	}
	memcpy(list, "ab:,", 4);
	address_init(&r, list, (MIME_ADDRESSES_MAX + 1) * 4);
	for (got = 0; address_next(&r, &a); got++)
		;
	address_done(&r);
	/* The limit, and the end of the group. */
	assert_int_equal(got, MIME_ADDRESSES_MAX + 1);
	assert_int_equal(a.kind, ADDRESS_GROUP_END);
	free(list);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lists_become_addresses),
	    cmocka_unit_test(every_beginning_of_a_list_is_read),
	    cmocka_unit_test(a_list_ends_at_the_limit_with_its_group_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
