/* Text for SEARCH: needles, headers, bodies, dates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/imap/text.h"
#include "worker/imap/text_fold.h"

static void
holds(const struct buf *b, const char *want)
{
	assert_false(b->failed);
	if (b->n != strlen(want) || (b->n > 0 && memcmp(b->p, want, b->n) != 0))
		fail_msg("got %.*s\nwant %s", (int)b->n, b->p, want);
}

static void
charsets_of_mail_are_known(void **state)
{
	static const char *const known[] = {"", "UTF-8", "us-ascii",
	    "ISO-8859-1", "iso-8859-15", "windows-1251", "koi8-r", "GB2312",
	    "Shift_JIS", "iso-2022-jp", "EUC-KR", "big5", "utf-7"};
	static const char *const unknown[] = {"nix", "utf-8/x", "cp1252//IGN",
	    "../x", "cp-no-such", "INTERNAL",
	    "iso-8859-1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	size_t i, round;

	(void)state;
	for (round = 0; round < 3; round++) {
		for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			assert_int_equal(text_charset_known(known[i]), 1);
		for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
			assert_int_equal(text_charset_known(unknown[i]), 0);
	}
}

static const struct {
	const char *in, *folded;
} folds[] = {
    {"", ""},
    {"ABCXYZ[@`{az09 HELLO There, Long Enough", "abcxyz[@`{az09 hello "
						"there, long enough"},
    {"Stra\xc3\x9f"
     "e",
	"strasse"},
    {"\xc3\x89T\xc3\x89", "\xc3\xa9t\xc3\xa9"},
    {"E\xcc\x81t", "\xc3\xa9t"},           /* E and a mark */
    {"a\xcc\xa3\xcc\x82", "\xe1\xba\xad"}, /* two of them */
    {"a\xcc\x82\xcc\xa3", "\xe1\xba\xad"}, /* in the other order */
    {"\xcc\x81x", "\xcc\x81x"},            /* a mark on nothing */
    {"\xd0\x9f\xd0\xa0\xd0\x98", "\xd0\xbf\xd1\x80\xd0\xb8"},
    {"\xef\xbc\xa1\xef\xac\x81", "afi"}, /* fullwidth A, ligature */
    {"\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x97\xa5\xe6\x9c\xac"},
    {"\xef\xbd\xb6\xef\xbe\x9e", "\xe3\x82\xac"}, /* halfwidth ga */
    {"\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8", "\xea\xb0\x81"},
    {"a\xc2\xad"
     "b\xe2\x80\x8b",
	"ab"}, /* soft hyphen, no width */
    {"x\xc2\xa0y", "x y"},
    {"\xf0\x9f\x98\x80\xf0\x90\x90\x80", "\xf0\x9f\x98\x80"
					 "\xf0\x90\x90\xa8"},
    {"a\xff\xc3z", "a\xef\xbf\xbd\xef\xbf\xbdz"},
    {"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
};

static void
folding_makes_equal_what_reads_the_same(void **state)
{
	struct buf b;
	size_t i, round;

	(void)state;
	buf_init(&b, 1000);
	for (round = 0; round < 2; round++) {
		for (i = 0; i < sizeof(folds) / sizeof(folds[0]); i++) {
			buf_clear(&b);
			text_fold(&b, folds[i].in, strlen(folds[i].in));
			holds(&b, folds[i].folded);
		}
	}
	buf_done(&b);
}

static void
folding_in_pieces_gives_the_same(void **state)
{
	struct buf b;
	size_t i, cut, n, used;

	(void)state;
	buf_init(&b, 1000);
	for (i = 0; i < sizeof(folds) / sizeof(folds[0]); i++) {
		n = strlen(folds[i].in);
		for (cut = 0; cut <= n; cut++) {
			buf_clear(&b);
			used = text_fold_some(&b, folds[i].in, cut, false);
			assert_true(used <= cut);
			used += text_fold_some(
			    &b, folds[i].in + used, n - used, true);
			assert_int_equal(used, n);
			holds(&b, folds[i].folded);
		}
	}
	buf_done(&b);
}

static void
endless_marks_are_cut(void **state)
{
	char s[2001];
	struct buf b;
	size_t i, used;

	(void)state;
	s[0] = 'a';
	for (i = 1; i < sizeof(s); i += 2)
		memcpy(s + i, "\xcc\x81", 2);
	buf_init(&b, 10000);
	used = text_fold_some(&b, s, sizeof(s), false);
	assert_true(sizeof(s) - used < TEXT_FOLD_REST);
	assert_true(b.n > 1000);
	buf_done(&b);
}

static void
needles_come_from_their_charset(void **state)
{
	static const struct {
		const char *charset, *in, *folded;
	} rows[] = {
	    {"", "Hello", "hello"},
	    {"", "\xc3\x89", "\xc3\xa9"},
	    {"", "\xe9", NULL},
	    {"UTF-8", "\xe9", NULL},
	    {"iso-8859-1", "\xc9", "\xc3\xa9"},
	    {"koi8-r", "\xf0", "\xd0\xbf"},
	    {"utf-8", "", ""},
	    {"iso-2022-jp", "\x1b$BF|K\\\x1b(B",
		"\xe6\x97\xa5"
		"\xe6\x9c\xac"},
	    {"shift_jis", "\x93", NULL},
	    {"nix", "a", NULL},
	};
	struct text_needle needle;
	struct arena *a;
	size_t i;

	(void)state;
	a = arena_new(10000);
	assert_non_null(a);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int rc = text_needle(a, rows[i].charset, rows[i].in,
		    strlen(rows[i].in), &needle);

		assert_int_equal(rc, rows[i].folded == NULL ? -1 : 0);
		if (rc == -1)
			continue;
		assert_int_equal(needle.n, strlen(rows[i].folded));
		assert_memory_equal(needle.p, rows[i].folded, needle.n);
	}
	arena_free(a);
}

#define E_ACUTE "\xc3\xa9"
static const struct {
	const char *raw, *text;
} values[] = {
    {"", ""},
    {"plain text", "plain text"},
    {"a\r\n b\n\tc", "a b\tc"},
    {"=?iso-8859-1?Q?caf=E9_x?=", "caf" E_ACUTE " x"},
    {"=?UTF-8?b?w6k=?= y", E_ACUTE " y"},
    {"=?utf-8*fr?q?=C3=A9?=", E_ACUTE},
    {"=?utf-8?q?a?= =?utf-8?q?b?=", "ab"},
    {"=?utf-8?q?a?=\r\n =?iso-8859-1?q?=E9?=", "a" E_ACUTE},
    {"=?utf-8?q?a?==?utf-8?q?b?=", "ab"},
    {"=?utf-8?q?a?= x =?utf-8?q?b?=", "a x b"},
    /* A character in two words. */
    {"=?utf-8?q?=C3?= =?UTF-8?b?qQ==?=", E_ACUTE},
    {"=?iso-2022-jp?B?GyRCRnwbKEI=?= =?iso-2022-jp?B?GyRCS1wbKEI=?=",
	"\xe6\x97\xa5\xe6\x9c\xac"},
    {"=?utf-8?q?"
     "?=x",
	"x"},
    {"=?utf-8?q?=3D?=", "="},
    {"=?utf-8?q?=zz=4?=", "=zz=4"},
    {"=?nix?q?ab=E9?=", "ab\xef\xbf\xbd"},
    {"=?utf-8?x?a?=", "=?utf-8?x?a?="},
    {"=?utf-8?q?a", "=?utf-8?q?a"},
    {"=?utf-8?q?a?", "=?utf-8?q?a?"},
    {"=?utf-8?q", "=?utf-8?q"},
    {"=?=?utf-8?q?a?=", "=?a"},
    {"=??q?a?=", "=??q?a?="},
    {"\"=?utf-8?q?a?=\" <x@y>", "\"a\" <x@y>"},
    {"raw \xc3\xa9 \xe9 x", "raw \xc3\xa9 \xef\xbf\xbd x"},
    {"\xf0\x9f\x98\x80\xf0\x9f", "\xf0\x9f\x98\x80\xef\xbf\xbd"
				 "\xef\xbf\xbd"},
};

static void
header_values_are_decoded(void **state)
{
	struct buf b;
	size_t i, n;

	(void)state;
	buf_init(&b, 1000);
	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		n = strlen(values[i].raw);
		buf_clear(&b);
		text_header_decode(&b, values[i].raw, n);
		holds(&b, values[i].text);
		while (n-- > 0) {
			char *copy = malloc(n + 1);

			assert_non_null(copy);
			memcpy(copy, values[i].raw, n);
			copy = realloc(copy, n > 0 ? n : 1);
			buf_clear(&b);
			text_header_decode(&b, copy, n);
			assert_false(b.failed);
			free(copy);
		}
	}
	buf_done(&b);
}

static struct text_needle
needle_of(const char *folded)
{
	struct text_needle needle = {folded, strlen(folded)};

	return needle;
}

static bool
header_has(const char *value, const char *folded)
{
	struct text_needle needle = needle_of(folded);

	return text_header_has(value, strlen(value), &needle);
}

static bool
address_has(const char *value, const char *folded)
{
	const struct mime_text to = {"TO", 2}, x = {"X", 1};
	const struct mime_text v = {value, strlen(value)};
	struct text_needle needle = needle_of(folded);

	/* Other fields hold text. */
	assert_int_equal(text_field_has(&x, &v, &needle),
	    text_header_has(v.p, v.n, &needle));
	return text_field_has(&to, &v, &needle);
}

static void
header_values_are_searched_folded(void **state)
{
	(void)state;
	assert_true(header_has("Hello Beautiful World", "lo beautiful w"));
	assert_true(header_has("Hello\r\n Beautiful", "o beau"));
	assert_true(header_has("=?iso-8859-1?q?Stra=DFe?=", "strasse"));
	assert_false(header_has("Hello", "hellox"));
	assert_false(header_has("", "x"));
	assert_true(header_has("", ""));
	assert_true(header_has("x", ""));
}

static void
addresses_are_searched_without_their_comments(void **state)
{
	static const char odd[] = "<user-from (comment)@ (comment) domain.org>";
	static const char groups[] = "groupname: groupuser1@domain.org;,\n "
				     "groupname2: groupuser3@domain.org;";

	(void)state;
	assert_true(address_has(odd, "user-from@domain.org"));
	assert_true(address_has(odd, "comment"));
	assert_false(header_has(odd, "user-from@domain.org"));
	assert_true(address_has("=?utf-8?q?J=C3=B6rg?= <a@b>", "j\xc3\xb6rg"));
	assert_true(address_has("\"A \\\"B\\\"\" <a@b>", "a \"b\" <a@b>"));
	assert_true(address_has(groups, "groupname2"));
	assert_true(address_has(groups, "groupuser3"));
	assert_false(address_has(groups, "groupuser4"));
	assert_false(address_has("g:;", "@"));
}

#define MIXED "Content-Type: multipart/mixed; boundary=f\n\n"
static const char letter[] =
    "Subject: =?utf-8?q?caf=C3=A9?=\nX-Long: two\n words\n" MIXED
    "prologue\n--f\nContent-Description: pictures\n"
    "Content-Type: text/plain; charset=iso-8859-1\n"
    "Content-Transfer-Encoding: quoted-printable\n\n"
    "Gr=FC=DFe aus K=\n=F6ln\n"
    "--f\nContent-Type: text/html; charset=utf-8\n"
    "Content-Transfer-Encoding: base64\n\nPGI+Qmx1\nbWVuPC9iPg==\n"
    "--f\nContent-Type: application/x; name=secret.bin\n\nhidden\n"
    "--f\nContent-Type: message/rfc822\n\nSubject: within\n\nInner Text\n"
    "--f\nContent-Type: text/plain; charset=nix\n\nodd\xff one\n--f--\n";

static bool
letter_has(const char *folded, bool headers)
{
	struct text_needle needle = needle_of(folded);
	struct mime *m = mime_parse(letter, sizeof(letter) - 1);
	bool has;

	assert_non_null(m);
	has = text_message_has(letter, m, headers, &needle, NULL, NULL);
	mime_free(m);
	return has;
}

static void
messages_are_searched_as_people_read_them(void **state)
{
	static const char *const bodies[] = {"gr\xc3\xbcsse aus k\xc3\xb6ln",
	    "<b>blumen</b>", "inner text", "odd", " one", ""};
	static const char *const only_headers[] = {"caf\xc3\xa9", "two words",
	    "pictures", "secret.bin", "subject: within", "x-long"};
	static const char *const nowhere[] = {
	    "hidden", "prologue", "k=", "pgi+", "words content", "textodd"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		assert_true(letter_has(bodies[i], false));
		assert_true(letter_has(bodies[i], true));
	}
	for (i = 0; i < sizeof(only_headers) / sizeof(only_headers[0]); i++) {
		assert_true(letter_has(only_headers[i], true));
		assert_false(letter_has(only_headers[i], false));
	}
	for (i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++)
		assert_false(letter_has(nowhere[i], true));
}

static bool
stop_at_once(void *calls)
{
	++*(int *)calls;
	return true;
}

/* A big text in an encoding, the needle at a place, folded across pieces. */
static void
check_big(const char *head, const char *line, const char *word,
    const struct text_needle *needle)
{
	size_t lines, at, n, k, len = strlen(line);
	struct mime *m;
	char *msg;
	int calls;

	lines = 1000000 / len;
	msg = malloc(strlen(head) + lines * len + strlen(word) + 1);
	assert_non_null(msg);
	for (at = 0; at < lines; at += lines / 7) {
		n = (size_t)sprintf(msg, "%s", head);
		for (k = 0; k < lines; k++) {
			if (k == at)
				n += (size_t)sprintf(msg + n, "%s", word);
			memcpy(msg + n, line, len);
			n += len;
		}
		m = mime_parse(msg, n);
		assert_non_null(m);
		assert_true(
		    text_message_has(msg, m, false, needle, NULL, NULL));
		mime_free(m);
	}
	n = (size_t)sprintf(msg, "%s", head);
	for (k = 0; k < lines; k++, n += len)
		memcpy(msg + n, line, len);
	m = mime_parse(msg, n);
	assert_non_null(m);
	assert_false(text_message_has(msg, m, true, needle, NULL, NULL));
	calls = 0;
	assert_false(
	    text_message_has(msg, m, true, needle, stop_at_once, &calls));
	assert_int_equal(calls, 1);
	mime_free(m);
	free(msg);
}

static void
big_bodies_are_searched_in_pieces(void **state)
{
	static const char qp[] = "Content-Transfer-Encoding: quoted-printable\n"
				 "Content-Type: text/x; charset=koi8-r\n\n";
	static const char b64[] = "Content-Transfer-Encoding: base64\n\n";
	struct text_needle plain = needle_of("find me"), cyr, jp;

	(void)state;
	check_big("A: b\n\n", "some line of text, not it\n", "FIND Me", &plain);
	check_big("A: b\n\n", "\xc3\x89\xe6\x97\xa5",
	    "xfind m\xc2\xad"
	    "e",
	    &plain);
	cyr = needle_of("\xd0\xbf\xd1\x80\xd0\xb8");
	check_big(qp, "=C1=C1 =\n=C1\n", "=F0=\n=D2=C9", &cyr);
	check_big(b64, "QUJDREVG\n", "RklOREBtZUZJTkQgTWU=\n", &plain);
	jp = needle_of("\xe6\x97\xa5\xe6\x9c\xac");
	check_big("Content-Type: text/plain; charset=iso-2022-jp\n\n",
	    "\x1b$BK\\F|\x1b(B..", "\x1b$BF|K\\\x1b(B", &jp);
}

static void
needles_longer_than_a_piece_are_found(void **state)
{
	struct text_needle needle;
	size_t n = 60000, i;
	struct mime *m;
	char *msg, *q;

	(void)state;
	msg = malloc(4 * n);
	q = malloc(n);
	assert_non_null(msg);
	assert_non_null(q);
	memcpy(msg, "A: b\n\n", 6);
	for (i = 6; i < 4 * n; i++)
		msg[i] = (char)('a' + i * i % 7 + i / 1000 % 11);
	memcpy(q, msg + 2 * n, n);
	needle.p = q;
	needle.n = n;
	m = mime_parse(msg, 4 * n);
	assert_non_null(m);
	assert_true(text_message_has(msg, m, false, &needle, NULL, NULL));
	q[n - 1] = '!';
	assert_false(text_message_has(msg, m, false, &needle, NULL, NULL));
	mime_free(m);
	free(msg);
	free(q);
}

static const struct {
	const char *date;
	long long utc; /* -1: none */
	int zone;
} dates[] = {
    {"Thu, 15 Feb 2007 01:02:03 +0200", 1171494123, 120},
    {"15 Feb 2007 01:02:03 +0200", 1171494123, 120},
    {"Thu,15 Feb 2007 01:02:03 +0200 (EET)", 1171494123, 120},
    {"(c (d)) Thu (e), 15 (f) Feb\r\n 2007 01:02:03 +0200", 1171494123, 120},
    {"15-Feb-2007 01:02:03 +02:00", 1171494123, 120},
    {"15 February 07 01:02:03 +0200", 1171494123, 120},
    {"15 Feb 107 01:02:03 +0200", 1171494123, 120},
    {"Thu Feb 15 01:02:03 2007", 1171501323, 0},
    {"Thu Feb 15 01:02:03 EST 2007", 1171519323, -300},
    {"15 Feb 2007 01:02 GMT", 1171501320, 0},
    {"15 Feb 2007 01:02:03 PDT", 1171526523, -420},
    {"15 Feb 2007 01:02:03 Z", 1171501323, 0},
    {"15 Feb 2007 01:02:03 XYZ", 1171501323, 0},
    {"15 Feb 2007 01:02:03 -0330", 1171513923, -210},
    {"15 Feb 2007 01:02:03 GMT+0200", 1171494123, 120},
    {"15 Feb 2007 01:02:03 +9999", 1171501323, 0},
    {"15 Feb 2007", 1171497600, 0},
    {"1 Jan 1970 00:00:00 +0000", 0, 0},
    {"31 Dec 1969 23:59:58 +0000", -2, 0},
    {"1 Jan 00 00:00 +0000", 946684800, 0},
    {"31 Dec 49 00:00 +0000", 2524521600, 0},
    {"1 Jan 50 00:00 +0000", -631152000, 0},
    {"29 Feb 2000 00:00 +0000", 951782400, 0},
    {"31 Dec 2016 23:59:60 +0000", 1483228800, 0},
    {"1 Jan 9999 00:00 +0000", 253370764800, 0},
    {"1 Jan 0000 00:00 +0000", -62167219200, 0},
    {"29 Feb 2001", -1, 0},
    {"29 Feb 1900", -1, 0},
    {"31 Apr 2001", -1, 0},
    {"0 Jan 2001", -1, 0},
    {"32 Jan 2001", -1, 0},
    {"15 Foo 2007", -1, 0},
    {"15 Feb", -1, 0},
    {"Feb 2007", -1, 0},
    {"15 Feb 2007 24:00:00", 1171497600, 0},
    {"15 Feb 2007 1:60", 1171497600, 0},
    {"15 Feb 2007 1:5:61", 1171497600, 0},
    {"15 Feb 2007 1:", 1171497600, 0},
    {"15 Feb 99999", -1, 0},
    {"", -1, 0},
    {"(15 Feb 2007", -1, 0},
    {"yesterday", -1, 0},
};

static void
dates_are_read_as_they_are_written(void **state)
{
	long long utc;
	size_t i, n;
	int zone;

	(void)state;
	for (i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
		n = strlen(dates[i].date);
		if (!text_date(dates[i].date, n, &utc, &zone)) {
			utc = -1;
			zone = 0;
		}
		if (utc != dates[i].utc || zone != dates[i].zone)
			fail_msg("%s: %lld %d", dates[i].date, utc, zone);
		while (n-- > 0) {
			char *copy = malloc(n + 1);

			assert_non_null(copy);
			memcpy(copy, dates[i].date, n);
			copy = realloc(copy, n > 0 ? n : 1);
			(void)text_date(copy, n, &utc, &zone);
			free(copy);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(charsets_of_mail_are_known),
	    cmocka_unit_test(folding_makes_equal_what_reads_the_same),
	    cmocka_unit_test(folding_in_pieces_gives_the_same),
	    cmocka_unit_test(endless_marks_are_cut),
	    cmocka_unit_test(needles_come_from_their_charset),
	    cmocka_unit_test(header_values_are_decoded),
	    cmocka_unit_test(header_values_are_searched_folded),
	    cmocka_unit_test(addresses_are_searched_without_their_comments),
	    cmocka_unit_test(messages_are_searched_as_people_read_them),
	    cmocka_unit_test(big_bodies_are_searched_in_pieces),
	    cmocka_unit_test(needles_longer_than_a_piece_are_found),
	    cmocka_unit_test(dates_are_read_as_they_are_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
