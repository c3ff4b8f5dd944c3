/* Previews: which part, what of it, how long. RFC 8970. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "worker/imap/preview.h"

static void
check(const char *msg, const char *want)
{
	struct mime *mime = mime_parse(msg, strlen(msg));
	struct buf b;

	assert_non_null(mime);
	buf_init(&b, PREVIEW_BYTES);
	preview_make(&b, msg, mime);
	assert_false(b.failed);
	if (b.n != strlen(want) || (b.n > 0 && memcmp(b.p, want, b.n) != 0))
		fail_msg("\"%.*s\" is not \"%s\"", (int)b.n, b.p, want);
	buf_done(&b);
	mime_free(mime);
}

static void
plain_text_is_one_line_without_what_it_quotes(void **state)
{
	(void)state;
	check("Subject: x\n\nPreview text!\n", "Preview text!");
	check("\n\n\n  two \t words\r\nmore\n", "two words more");
	check("\n> quoted\n>> more\nanswer\n> again\n", "answer");
	check("\nHi\n-- \nmy name\n", "Hi");
	check("\na > b\n", "a > b");
	check("\n\x01\x7f a\xc2\xa0\xe2\x80\x8b b\n", "a b");
	check("\nbad \xff\xc3 bytes", "bad \xef\xbf\xbd\xef\xbf\xbd bytes");
	check("\n", "");
	check("", "");
	check("\n> only quoted\n", "");
}

static void
encodings_and_charsets_are_undone(void **state)
{
	(void)state;
	check("Content-Type: text/plain; charset=iso-8859-1\n"
	      "Content-Transfer-Encoding: quoted-printable\n\n"
	      "Stra=DFe=\n nach\n",
	    "Stra\xc3\x9f"
	    "e nach");
	check("Content-Transfer-Encoding: base64\n\nSGVsbG8sIHdvcmxkCg==\n",
	    "Hello, world");
	check("Content-Transfer-Encoding: x-unknown\n\nabc\n", "");
	check("Content-Type: text/plain; charset=x-unknown\n\nabc\n", "abc");
}

static void
html_loses_its_markup(void **state)
{
	static const char head[] = "Content-Type: text/html\n\n";
	static const struct {
		const char *in, *want;
	} cases[] = {
	    {"<p>Hello <b>you</b>!</p><p>x", "Hello you ! x"},
	    {"<html><head><title>t</title></head><body>b", "b"},
	    {"<HEAD >h</hEAd><style>s</style ><script x>y</script>z", "z"},
	    {"a<!-- > no --> b<br/>c", "a b c"},
	    {"<blockquote>old</blockquote>new", "new"},
	    {"1 &lt; 2 &amp;&amp; 3&nbsp;&gt;&#32;&#x41;&unknown;&;&",
		"1 < 2 && 3 > A&unknown;&;&"},
	    {"&#0;&#xd800;&#99999999;x", "&#0;&#xd800;&#99999999;x"},
	    {"<header>kept</header>", "kept"},
	    {"cut <", "cut"},
	    {"cut <style>", "cut"},
	    {"cut <!-- x", "cut"},
	};
	char msg[500];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)snprintf(msg, sizeof(msg), "%s%s", head, cases[i].in);
		check(msg, cases[i].want);
	}
}

static void
plain_comes_before_html_and_neither_is_an_attachment(void **state)
{
	(void)state;
	check("Content-Type: multipart/alternative; boundary=b\n\n"
	      "--b\nContent-Type: text/html\n\n<p>html\n"
	      "--b\nContent-Type: text/plain\n\nplain\n--b--\n",
	    "plain");
	check("Content-Type: multipart/mixed; boundary=b\n\n"
	      "--b\nContent-Type: text/plain\n"
	      "Content-Disposition: attachment\n\nattached\n"
	      "--b\nContent-Type: text/html\n\n<p>html\n--b--\n",
	    "html");
	check("Content-Type: multipart/mixed; boundary=b\n\n"
	      "--b\nContent-Type: image/png\n\nxyz\n"
	      "--b\nContent-Type: message/rfc822\n\n\ninside\n--b--\n",
	    "");
	check("Content-Type: image/png\n\nxyz\n", "");
	check("Content-Type: multipart/encrypted; boundary=b\n\n"
	      "--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n"
	      "--b\nContent-Type: application/octet-stream\n\nabc\n--b--\n",
	    "");
}

/* RFC 8970 3.3: characters, not bytes. */
static void
it_ends_after_200_characters(void **state)
{
	char msg[2000] = "\n", want[2000] = "";
	size_t n;

	(void)state;
	for (n = PREVIEW_CHARS - 1; n <= PREVIEW_CHARS + 1; n++) {
		memset(msg + 1, 'x', n);
		msg[1 + n] = '\0';
		memset(want, 'x', n);
		want[n < PREVIEW_CHARS ? n : PREVIEW_CHARS] = '\0';
		check(msg, want);
		/* A word for which there is no room takes no blank along. */
		(void)strcat(msg, " y");
		check(msg, want);
	}
	msg[1] = '\0';
	for (n = 0; n < 300; n++)
		(void)strcat(msg, "\xc3\xa9");
	memcpy(want, msg + 1, 2 * PREVIEW_CHARS);
	want[2 * PREVIEW_CHARS] = '\0';
	check(msg, want);
}

static void
it_looks_only_at_the_beginning_of_a_part(void **state)
{
	static char msg[3 * PREVIEW_LOOK];

	(void)state;
	memset(msg, '\n', sizeof(msg) - 1);
	memcpy(msg + sizeof(msg) - 10, "the end", 7);
	check(msg, "");
	memcpy(msg + 1000, "found", 5);
	check(msg, "found");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(plain_text_is_one_line_without_what_it_quotes),
	    cmocka_unit_test(encodings_and_charsets_are_undone),
	    cmocka_unit_test(html_loses_its_markup),
	    cmocka_unit_test(
		plain_comes_before_html_and_neither_is_an_attachment),
	    cmocka_unit_test(it_ends_after_200_characters),
	    cmocka_unit_test(it_looks_only_at_the_beginning_of_a_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
