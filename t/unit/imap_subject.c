/* The base subject: RFC 5256 2.1, each of its steps, and its linear time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "worker/imap/subject.h"

static void
check(const char *raw, const char *want, bool reply)
{
	struct subject s;
	struct buf b;

	buf_init(&b, 1u << 20);
	subject_decode(&b, raw, strlen(raw));
	subject_base(b.p == NULL ? "" : b.p, b.n, &s);
	if (s.n != strlen(want) || memcmp(s.p, want, s.n) != 0 ||
	    s.reply != reply)
		fail_msg("%s: %.*s, %d", raw, (int)s.n, s.p, s.reply);
	buf_done(&b);
}

static void
what_replying_and_forwarding_put_there_is_taken_away(void **state)
{
	static const struct {
		const char *raw, *want;
		bool reply;
	} cases[] = {
	    {"", "", false},
	    {"plain", "plain", false},
	    /* (1) white space and encoded words */
	    {"  two\t  words \r\n\tfolded ", "two words folded", false},
	    {"=?iso-8859-1?q?RE:_C?=", "C", true},
	    {"=?utf-8?q?a?= =?utf-8?q?_b?=", "a b", false},
	    {"=?iso-8859-1?q?_?=", "", false},
	    /* (2) trailers */
	    {"a (fwd)", "a", true},
	    {"a (fWd)  (FWD) ", "a", true},
	    {"a (fwd) b", "a (fwd) b", false},
	    {"(fwd)", "", true},
	    {"a(fwd)", "a", true},
	    {"a (fwd", "a (fwd", false},
	    /* (3) leaders */
	    {"re: a", "a", true},
	    {"Re : a", "a", true},
	    {"RE:a", "a", true},
	    {"fw: a", "a", true},
	    {"fwd: a", "a", true},
	    {"Fwd:Re: FW: a", "a", true},
	    {"re[5]: a", "a", true},
	    {"re [x] : a", "a", true},
	    {"re[5][6]: a", "re[5][6]: a", false},
	    {"re", "re", false},
	    {"re a", "re a", false},
	    {"rex: a", "rex: a", false},
	    {"Re:", "", true},
	    {"Ad: Re: x", "Ad: Re: x", false},
	    {"AW: a", "AW: a", false},
	    {"[list] Re: a", "a", true},
	    {"[a][b] [c] re: d", "d", true},
	    /* (4) blobs */
	    {"[list] a", "a", false},
	    {"[a] [b]c", "c", false},
	    {"[a]", "[a]", false},
	    {"[a] [b]", "[b]", false},
	    {"[a[b]] c", "[a[b]] c", false},
	    {"[a", "[a", false},
	    {"[] a", "a", false},
	    {"[] ", "[]", false},
	    {"a [b]", "a [b]", false},
	    /* (5) again */
	    {"[foo] Fwd: [bar] Re: fw: b (fWd)  (fwd)", "b", true},
	    {"re: [x] re: [y] z", "z", true},
	    /* (6) */
	    {"[fwd: a]", "a", true},
	    {"Re: [FWD: c]", "c", true},
	    {"re: [fwd: [fwd: re: [fwd: babylon]]]", "babylon", true},
	    {"[fwd: a] b", "b", false},
	    {"[fwd: re: a (fwd)]", "a", true},
	    {"[fwd:]", "", true},
	    {"[fwd: a", "[fwd: a", false},
	    {"[fwd: a] (fwd)", "a", true},
	    {"[fwd: [x] ]", "[x]", true},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(cases[i].raw, cases[i].want, cases[i].reply);
}

/* Each would take minutes if a step looked at the rest again and again. */
static void
a_hostile_subject_takes_linear_time(void **state)
{
	static const char *const parts[] = {"[a]", "[fwd:", "re:", "(fwd)",
	    "[fwd: ]", "[", "[a] re:", "re [", " "};
	const size_t size = 4u << 20;
	char *text = malloc(size + 1);
	struct subject s;
	size_t i, n, len;

	(void)state;
	assert_non_null(text);
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		len = strlen(parts[i]);
		for (n = 0; n + len <= size; n += len)
			memcpy(text + n, parts[i], len);
		subject_base(text, n, &s);
		assert_true(s.p >= text && s.p + s.n <= text + n);
		/* The same with as many brackets at its end. */
		memset(text + n / 2, ']', n - n / 2);
		subject_base(text, n, &s);
		assert_true(s.p >= text && s.p + s.n <= text + n);
	}
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		what_replying_and_forwarding_put_there_is_taken_away),
	    cmocka_unit_test(a_hostile_subject_takes_linear_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
