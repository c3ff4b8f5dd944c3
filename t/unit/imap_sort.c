/* SORT: criteria, REVERSE, ties, and the edges of numbers and texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "worker/imap/sort.h"

#define MANY 20000

static struct keys
made(int64_t arrival, uint64_t size, const char *subject, const char *from)
{
	struct keys k = {.arrival = arrival, .sent = -arrival, .size = size};

	k.text[KEYS_SUBJECT] = (struct mime_text){subject, strlen(subject)};
	k.text[KEYS_FROM] = (struct mime_text){from, strlen(from)};
	return k;
}

static void
check(const struct parse_sort *request, const struct keys *keys, size_t n,
    const char *want)
{
	struct sort *s = sort_new(request);
	uint32_t seqs[16];
	char got[64];
	size_t i;

	for (i = 0; i < n; i++)
		assert_int_equal(sort_add(s, (uint32_t)i + 1, &keys[i]), 0);
	assert_int_equal(sort_finish(s, seqs), n);
	for (i = 0; i < n; i++)
		got[i] = (char)('0' + seqs[i]);
	got[n] = '\0';
	assert_string_equal(got, want);
	sort_free(s);
}

static void
criteria_decide_in_their_order(void **state)
{
	const struct keys keys[] = {
	    made(5, 10, "B", "X"),
	    made(-3, 30, "A", "X"),
	    made(5, 20, "", "X"),
	    made(0, 20, "AB", ""),
	    made(INT64_MAX, 0, "B", "Y"),
	    made(-INT64_MAX, UINT64_C(1) << 40, "B", "X"),
	};
	static const struct {
		struct parse_sort request;
		const char *want;
	} cases[] = {
	    {{{{PARSE_SORT_ARRIVAL, false}}, 1, {0}}, "624135"},
	    {{{{PARSE_SORT_ARRIVAL, true}}, 1, {0}}, "513426"},
	    {{{{PARSE_SORT_DATE, false}}, 1, {0}}, "513426"},
	    {{{{PARSE_SORT_SIZE, false}}, 1, {0}}, "513426"},
	    {{{{PARSE_SORT_SUBJECT, false}}, 1, {0}}, "324156"},
	    {{{{PARSE_SORT_SUBJECT, true}}, 1, {0}}, "156423"},
	    {{{{PARSE_SORT_SUBJECT, false}, {PARSE_SORT_SIZE, true}}, 2, {0}},
		"324615"},
	    {{{{PARSE_SORT_FROM, false}, {PARSE_SORT_ARRIVAL, true}}, 2, {0}},
		"413265"},
	    /* what nobody has is equal for all */
	    {{{{PARSE_SORT_CC, true}}, 1, {0}}, "123456"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(&cases[i].request, keys, 6, cases[i].want);
}

static void
texts_beyond_their_first_bytes_count(void **state)
{
	const struct parse_sort up = {{{PARSE_SORT_SUBJECT, false}}, 1, {0}};
	const struct parse_sort down = {{{PARSE_SORT_SUBJECT, true}}, 1, {0}};
	struct keys keys[] = {
	    made(0, 0, "ABCDEFGHJ", ""),
	    made(0, 0, "ABCDEFGHI", ""),
	    made(0, 0, "ABCDEFGH", ""),
	    made(0, 0, "ABCDEFG", ""),
	    made(0, 0, "ABCDEFG", ""),
	    made(0, 0, "\xff", ""),
	};

	(void)state;
	/* A NUL is more than nothing. */
	keys[4].text[KEYS_SUBJECT].p = "ABCDEFG\0";
	keys[4].text[KEYS_SUBJECT].n = 8;
	check(&up, keys, 6, "453216");
	check(&down, keys, 6, "612354");
	check(&up, keys, 0, "");
}

static void
many_messages_are_sorted(void **state)
{
	const struct parse_sort request = {
	    {{PARSE_SORT_SUBJECT, false}, {PARSE_SORT_ARRIVAL, false}}, 2, {0}};
	struct sort *s = sort_new(&request);
	uint32_t *seqs = calloc(MANY, sizeof(*seqs)), i;
	unsigned seed = 1;
	struct keys k;
	char(*texts)[12] = calloc(MANY, sizeof(*texts));

	(void)state;
	for (i = 0; i < MANY; i++) {
		memset(texts[i], 'A', 11);
		texts[i][10] = (char)('A' + rand_r(&seed) % 26);
		k = made((int64_t)(i ^ 0x5555), 0, texts[i], "");
		assert_int_equal(sort_add(s, i + 1, &k), 0);
	}
	assert_int_equal(sort_finish(s, seqs), MANY);
	for (i = 1; i < MANY; i++) {
		uint32_t x = seqs[i - 1] - 1, y = seqs[i] - 1;
		int c = strcmp(texts[x], texts[y]);

		assert_true(c < 0 || (c == 0 && (x ^ 0x5555) < (y ^ 0x5555)));
	}
	free(texts);
	free(seqs);
	sort_free(s);
}

static void
only_what_is_needed_is_asked_for(void **state)
{
	const struct parse_sort request = {
	    {{PARSE_SORT_SIZE, false}, {PARSE_SORT_TO, true}}, 2, {0}};
	const struct parse_sort dates = {
	    {{PARSE_SORT_ARRIVAL, false}, {PARSE_SORT_DATE, true}}, 2, {0}};

	(void)state;
	assert_int_equal(sort_wants(&request), KEYS_SIZE | 1u << KEYS_TO);
	assert_int_equal(sort_wants(&dates), KEYS_ARRIVAL | KEYS_SENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(criteria_decide_in_their_order),
	    cmocka_unit_test(texts_beyond_their_first_bytes_count),
	    cmocka_unit_test(many_messages_are_sorted),
	    cmocka_unit_test(only_what_is_needed_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
