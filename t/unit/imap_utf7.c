/* Modified UTF-7 and UTF-8: one spelling for one name, both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/imap/utf7.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
names_go_both_ways(void **state)
{
	static const struct {
		const char *utf7, *utf8;
	} cases[] = {
	    {"", ""},
	    {"INBOX.Sent ~}", "INBOX.Sent ~}"},
	    {"&-", "&"},
	    {"a&-&-b", "a&&b"},
	    {"Entw&APw-rfe", "Entw\xc3\xbcrfe"},
	    {"&APwA5A-", "\xc3\xbc\xc3\xa4"},
	    {"&APw-&-", "\xc3\xbc&"},
	    {"&-&APw-", "&\xc3\xbc"},
	    {"&APw-.&AOQ-", "\xc3\xbc.\xc3\xa4"},
	    /* RFC 3501 5.1.3 */
	    {"~peter/mail/&U,BTFw-/&ZeVnLIqe-",
		"~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/\xe6\x97\xa5"
		"\xe6\x9c\xac\xe8\xaa\x9e"},
	    {"&2D3eAA-", "\xf0\x9f\x98\x80"},
	    {"&2,,f,w-", "\xf4\x8f\xbf\xbf"},
	    {"&AAo-", "\n"},
	    {"&AH8-", "\x7f"},
	    {"&IKw-", "\xe2\x82\xac"},
	    {"&,,8-", "\xef\xbf\xbf"},
	};
	char out[100];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *in = cases[i].utf7, *want = cases[i].utf8;

		assert_int_equal(utf7_decode(in, strlen(in), out, sizeof(out)),
		    strlen(want));
		assert_string_equal(out, want);
		assert_int_equal(
		    utf7_encode(want, strlen(want), out, sizeof(out)),
		    strlen(in));
		assert_string_equal(out, in);
	}
}

static void
another_spelling_is_refused(void **state)
{
	static const char *const cases[] = {
	    "&", /* no end */
	    "a&",
	    "&APw", /* no end */
	    "&APwx",
	    "&AGE-", /* "a" needs no shift */
	    "&ACY-", /* nor does "&" */
	    "&AH4-",
	    "&APwAYQ-",   /* nor here */
	    "&APw-&AOQ-", /* two shifts for one */
	    "&U,BTFw-&ZeVnLIqe-",
	    "&AAA-", /* NUL */
	    "&APx-", /* bits left over are not zero */
	    "&AP-",  /* half a character */
	    "&A-",
	    "&AA-",
	    "&APwA-", /* more digits than needed */
	    "&APwAA-",
	    "&2D0-", /* lone surrogates */
	    "&3gA-",
	    "&2D3YPQ-",
	    "&3gDYPQ-",
	    "&2D0A5A-",
	    "&AP/-", /* base64's own slash */
	    "&AP w-",
	    "&AP=-",
	    "\xc3\xbc", /* 8-bit */
	    "a\xff",
	    "a\tb", /* controls must be shifted */
	    "a\x7f",
	    "\n",
	};
	char out[100];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (utf7_decode(cases[i], strlen(cases[i]), out, sizeof(out)) !=
		    -1)
			fail_msg("taken: %s", cases[i]);
	assert_int_equal(utf7_decode("a\0b", 3, out, sizeof(out)), -1);
}

static void
every_character_goes_both_ways(void **state)
{
	char utf8[8], utf7[32], back[32];

	(void)state;
	for (uint32_t c = 1; c <= 0x10ffff; c += c < 0x11000 ? 1 : 251) {
		size_t n = 0;
		int len;

		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		if (c < 0x80) {
			utf8[n++] = (char)c;
		} else if (c < 0x800) {
			utf8[n++] = (char)(0xc0 | c >> 6);
			utf8[n++] = (char)(0x80 | (c & 0x3f));
		} else if (c < 0x10000) {
			utf8[n++] = (char)(0xe0 | c >> 12);
			utf8[n++] = (char)(0x80 | (c >> 6 & 0x3f));
			utf8[n++] = (char)(0x80 | (c & 0x3f));
		} else {
			utf8[n++] = (char)(0xf0 | c >> 18);
			utf8[n++] = (char)(0x80 | (c >> 12 & 0x3f));
			utf8[n++] = (char)(0x80 | (c >> 6 & 0x3f));
			utf8[n++] = (char)(0x80 | (c & 0x3f));
		}
		assert_true(utf8_valid(utf8, n));
		len = utf7_encode(utf8, n, utf7, sizeof(utf7));
		assert_in_range(len, 1, 8);
		assert_int_equal(
		    utf7_decode(utf7, (size_t)len, back, sizeof(back)), n);
		assert_memory_equal(back, utf8, n);
	}
}

static void
only_the_shortest_form_is_utf8(void **state)
{
	static const struct {
		const char *p;
		size_t n;
		bool ok;
	} cases[] = {
	    {"", 0, true},
	    {"abc", 3, true},
	    {"a\0b", 3, false},
	    {"\x7f", 1, true},
	    {"\x80", 1, false},
	    {"\xbf", 1, false},
	    {"\xc0\x80", 2, false},
	    {"\xc1\xbf", 2, false},
	    {"\xc2\x80", 2, true},
	    {"\xdf\xbf", 2, true},
	    {"\xdf", 1, false},
	    {"\xdf\x7f", 2, false},
	    {"\xdf\xc0", 2, false},
	    {"\xe0\x9f\xbf", 3, false},
	    {"\xe0\xa0\x80", 3, true},
	    {"\xed\x9f\xbf", 3, true},
	    {"\xed\xa0\x80", 3, false},
	    {"\xed\xbf\xbf", 3, false},
	    {"\xee\x80\x80", 3, true},
	    {"\xef\xbf\xbf", 3, true},
	    {"\xef\xbf", 2, false},
	    {"\xf0\x8f\xbf\xbf", 4, false},
	    {"\xf0\x90\x80\x80", 4, true},
	    {"\xf4\x8f\xbf\xbf", 4, true},
	    {"\xf4\x90\x80\x80", 4, false},
	    {"\xf5\x80\x80\x80", 4, false},
	    {"\xf8\x88\x80\x80\x80", 5, false},
	    {"\xff", 1, false},
	};
	char out[100];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(
		    utf8_valid(cases[i].p, cases[i].n), cases[i].ok);
		assert_int_equal(
		    utf7_encode(cases[i].p, cases[i].n, out, sizeof(out)) != -1,
		    cases[i].ok);
	}
}

static void
the_result_must_fit_with_its_end(void **state)
{
	char out[16];

	(void)state;
	memset(out, 'x', sizeof(out));
	assert_int_equal(utf7_decode("abc", 3, out, 4), 3);
	assert_int_equal(out[4], 'x');
	assert_int_equal(utf7_decode("abc", 3, out, 3), -1);
	assert_int_equal(utf7_decode("&APw-", 5, out, 3), 2);
	assert_int_equal(utf7_decode("&APw-", 5, out, 2), -1);
	assert_int_equal(utf7_decode("", 0, out, 1), 0);
	assert_int_equal(utf7_decode("", 0, out, 0), -1);
	assert_int_equal(utf7_encode("\xc3\xbc", 2, out, 6), 5);
	assert_int_equal(utf7_encode("\xc3\xbc", 2, out, 5), -1);
	assert_int_equal(utf7_encode("&", 1, out, 2), -1);
}

/* What decodes encodes to the same bytes, whatever is tried. */
static void
random_bytes_have_one_spelling(void **state)
{
	static const char bytes[] = "&-&-aA,AwPp2D3e8.\x80/~+";
	char in[16], mid[64], back[64];
	int taken = 0;

	(void)state;
	srandom(1);
	for (int round = 0; round < 300000; round++) {
		size_t n = (size_t)random() % sizeof(in);
		int len;

		for (size_t i = 0; i < n; i++)
			in[i] = bytes[(size_t)random() % (sizeof(bytes) - 1)];
		len = utf7_decode(in, n, mid, sizeof(mid));
		if (len == -1)
			continue;
		taken++;
		assert_true(utf8_valid(mid, (size_t)len));
		assert_int_equal(
		    utf7_encode(mid, (size_t)len, back, sizeof(back)), n);
		assert_memory_equal(back, in, n);
	}
	assert_true(taken > 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_go_both_ways),
	    cmocka_unit_test(another_spelling_is_refused),
	    cmocka_unit_test(every_character_goes_both_ways),
	    cmocka_unit_test(only_the_shortest_form_is_utf8),
	    cmocka_unit_test(the_result_must_fit_with_its_end),
	    cmocka_unit_test(random_bytes_have_one_spelling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
