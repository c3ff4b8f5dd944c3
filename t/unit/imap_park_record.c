/* The record of a parked client: printed, parsed, and refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shm/ipc.h"
#include "worker/imap/park_record.h"

static struct arena *arena;
static struct buf out;

static int
setup(void **state)
{
	(void)state;
	arena = arena_new(1u << 20);
	buf_init(&out, IPC_RECORD_MAX);
	return arena == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	buf_done(&out);
	return 0;
}

static struct park_record
sample(void)
{
	static const char *const names[] = {"$Junk", "work"};
	static const struct seqset_range many[] = {
	    {1, 3}, {5, 5}, {900, UINT32_MAX}};

	return (struct park_record){.selected = true,
	    .condstore = true,
	    .numbers = true,
	    .folder = "a.b",
	    .dev = 5,
	    .ino = UINT64_MAX,
	    .uidvalidity = 7,
	    .n = 3,
	    .told_max = UINT32_MAX,
	    .sum = UINT64_MAX - 1,
	    .known = 1u << 20,
	    .gone = {many, 1},
	    .changed = {many, 3},
	    .recent = {many + 1, 1},
	    .keywords = names,
	    .nkeywords = 2};
}

static int
parse(const void *p, size_t n, struct park_record *r)
{
	return park_parse(arena, p, n, r);
}

static void
what_is_printed_parses_to_the_same(void **state)
{
	struct park_record r = sample(), again;

	(void)state;
	park_print(&out, &r);
	assert_int_equal(parse(out.p, out.n, &again), 0);
	assert_true(again.selected && again.condstore && again.numbers);
	assert_false(again.readonly || again.utf8 || again.qresync);
	assert_string_equal(again.folder, "a.b");
	assert_int_equal(again.ino, UINT64_MAX);
	assert_int_equal(again.sum, UINT64_MAX - 1);
	assert_int_equal(again.changed.n, 3);
	assert_int_equal(again.changed.r[2].hi, UINT32_MAX);
	assert_int_equal(again.recent.r[0].lo, 5);
	assert_int_equal(again.saved.n, 0);
	assert_string_equal(again.keywords[1], "work");
	r = (struct park_record){.utf8 = true, .rev2 = true, .qresync = true};
	buf_clear(&out);
	park_print(&out, &r);
	assert_int_equal(out.n, 3);
	assert_int_equal(parse(out.p, out.n, &again), 0);
	assert_true(
	    again.utf8 && again.rev2 && again.qresync && !again.selected);
}

/* No part of a record is one, nor is one with something behind it. */
static void
what_is_cut_or_longer_is_refused(void **state)
{
	struct park_record r = sample(), again;

	(void)state;
	park_print(&out, &r);
	for (size_t n = 0; n < out.n; n++)
		assert_int_equal(parse(out.p, n, &again), -1);
	buf_char(&out, 0);
	assert_int_equal(parse(out.p, out.n, &again), -1);
}

static void
what_has_no_sense_is_refused(void **state)
{
	static const char *const bad[] = {
	    "\0\0", /* versions: another one has another length */
	    "\1\0", "\3\0", "\2\200", /* a flag that is none */
	    "\2\2", "\2\40",          /* read-only, numbers: of what? */
	};
	struct park_record r = sample(), again;
	uint8_t text[3];

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		memcpy(text, bad[i], 2);
		text[2] = 0;
		assert_int_equal(parse(text, 3, &again), -1);
	}
	assert_int_equal(parse("\2\0\200\0", 4, &again), -1); /* long zero */
	r.known = 0;
	park_print(&out, &r);
	assert_int_equal(parse(out.p, out.n, &again), -1);
	r = sample();
	r.uidvalidity = 0;
	buf_clear(&out);
	park_print(&out, &r);
	assert_int_equal(parse(out.p, out.n, &again), -1);
	r = sample();
	r.told_max = 2; /* fewer UIDs than messages */
	buf_clear(&out);
	park_print(&out, &r);
	assert_int_equal(parse(out.p, out.n, &again), -1);
}

static void
ranges_rise_and_do_not_touch(void **state)
{
	static const struct {
		struct seqset_range r[2];
		bool ok;
	} cases[] = {
	    {{{1, 1}, {3, 3}}, true},
	    {{{1, 2}, {3, 3}}, false},
	    {{{1, 2}, {2, 3}}, false},
	    {{{0, 0}, {2, 3}}, false},
	};
	struct park_record r, again;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		r = sample();
		r.saved = (struct park_list){cases[i].r, 2};
		buf_clear(&out);
		park_print(&out, &r);
		assert_int_equal(
		    parse(out.p, out.n, &again), cases[i].ok ? 0 : -1);
	}
}

static void
names_have_their_lengths(void **state)
{
	char name[PARK_FOLDER_MAX + 2];
	struct park_record r = sample(), again;

	(void)state;
	for (size_t n = PARK_FOLDER_MAX - 2; n <= PARK_FOLDER_MAX; n++) {
		memset(name, 'x', n);
		name[n] = '\0';
		r.folder = name;
		buf_clear(&out);
		park_print(&out, &r);
		assert_int_equal(
		    parse(out.p, out.n, &again), n < PARK_FOLDER_MAX ? 0 : -1);
	}
	r = sample();
	for (size_t n = PARK_NOTIFY_MAX - 1; n <= PARK_NOTIFY_MAX + 1; n++) {
		r.notify =
		    (const uint8_t *)memset(arena_alloc(arena, n), 'x', n);
		r.nnotify = n;
		buf_clear(&out);
		park_print(&out, &r);
		assert_int_equal(
		    parse(out.p, out.n, &again), n <= PARK_NOTIFY_MAX ? 0 : -1);
	}
}

static void
uids_become_ranges(void **state)
{
	static const uint32_t uids[] = {1, 2, 3, 7, 9, 10, UINT32_MAX};
	struct park_list list;

	(void)state;
	assert_int_equal(park_ranges(arena, uids, 7, &list), 0);
	assert_int_equal(list.n, 4);
	assert_int_equal(list.r[0].hi, 3);
	assert_int_equal(list.r[2].lo, 9);
	assert_int_equal(list.r[3].hi, UINT32_MAX);
	assert_int_equal(park_ranges(arena, uids, 0, &list), 0);
	assert_int_equal(list.n, 0);
}

int
main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(what_is_printed_parses_to_the_same),
	    TEST(what_is_cut_or_longer_is_refused),
	    TEST(what_has_no_sense_is_refused),
	    TEST(ranges_rise_and_do_not_touch),
	    TEST(names_have_their_lengths),
	    TEST(uids_become_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
