/* The client's picture: numbers, what is held back, what is told and how. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "t/unit/imap_room.h"

static struct room room;
static struct session *const s = &room.s;

static int
set_up(void **state)
{
	(void)state;
	room_init(&room);
	room_deliver(&room, "cur/1.a:2,S");
	room_deliver(&room, "cur/2.b:2,");
	room_deliver(&room, "cur/3.c:2,");
	room_deliver(&room, "cur/4.d:2,");
	/* Numbered by a session before, so that none is \Recent. */
	room_select(&room, "");
	view_close(s->client.view);
	s->client.view = NULL;
	session_enter(s, SESSION_AUTH);
	room_select(&room, "");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	room_done(&room);
	return 0;
}

static void
expunge(uint32_t uid)
{
	bool gone[1] = {false};

	assert_int_equal(
	    mailbox_expunge(s->client.view->mailbox, &uid, 1, gone), 0);
	assert_true(gone[0]);
	view_gone(s->client.view, &uid, gone, 1);
}

static struct seqset
set_of(const char *text)
{
	struct seqset set;

	assert_int_equal(seqset_parse(s->arena, text, strlen(text), &set), 0);
	return set;
}

static void
numbers_are_uids_in_order(void **state)
{
	struct view *v = s->client.view;
	uint32_t seq;

	(void)state;
	assert_int_equal(v->n, 4);
	for (seq = 1; seq <= 4; seq++) {
		assert_int_equal(view_uid(v, seq), seq);
		assert_int_equal(view_seq(v, seq), seq);
		assert_int_equal(view_message(v, seq)->uid, seq);
	}
	assert_int_equal(view_seq(v, 0), 0);
	assert_int_equal(view_seq(v, 5), 0);
}

static void
expunge_waits_until_it_may_be_told(void **state)
{
	struct view *v = s->client.view;

	(void)state;
	expunge(2);
	assert_int_equal(v->n, 4);
	assert_null(view_message(v, 2));
	assert_int_equal(view_message(v, 3)->uid, 3);
	view_report(s, 0);
	assert_string_equal(room_output(&room), "");
	view_report(s, VIEW_EXPUNGE);
	assert_string_equal(
	    room_output(&room), "* 2 EXPUNGE\r\n* 3 EXISTS\r\n* 0 RECENT\r\n");
	assert_int_equal(view_uid(v, 2), 3);
	view_report(s, VIEW_EXPUNGE);
	assert_string_equal(room_output(&room), "");
}

static void
each_expunge_counts_with_those_before(void **state)
{
	(void)state;
	expunge(4);
	expunge(1);
	expunge(3);
	view_report(s, VIEW_EXPUNGE);
	assert_string_equal(room_output(&room),
	    "* 1 EXPUNGE\r\n* 2 EXPUNGE\r\n* 2 EXPUNGE\r\n"
	    "* 1 EXISTS\r\n* 0 RECENT\r\n");
	assert_int_equal(view_uid(s->client.view, 1), 2);
}

static void
arrivals_get_the_next_numbers_beside_held_expunges(void **state)
{
	(void)state;
	expunge(1);
	room_deliver(&room, "new/5.e");
	assert_int_equal(view_look(s, true), 0);
	view_report(s, 0);
	assert_string_equal(room_output(&room), "* 5 EXISTS\r\n* 1 RECENT\r\n");
	assert_int_equal(view_seq(s->client.view, 5), 5);
	view_report(s, VIEW_EXPUNGE);
	assert_string_equal(
	    room_output(&room), "* 1 EXPUNGE\r\n* 4 EXISTS\r\n* 1 RECENT\r\n");
}

static void
idle_is_told_the_flags_of_arrivals(void **state)
{
	(void)state;
	room_deliver(&room, "new/5.e");
	assert_int_equal(view_look(s, true), 0);
	view_report(s, VIEW_EXPUNGE | VIEW_FLAGS);
	assert_string_equal(room_output(&room),
	    "* 5 EXISTS\r\n* 1 RECENT\r\n* 5 FETCH (FLAGS (\\Recent))\r\n");
}

static void
foreign_flags_are_told_once(void **state)
{
	char from[512], to[512];

	(void)state;
	room_path(&room, from, "cur/2.b:2,");
	room_path(&room, to, "cur/2.b:2,FT");
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(view_look(s, true), 0);
	view_report(s, 0);
	assert_string_equal(
	    room_output(&room), "* 2 FETCH (FLAGS (\\Flagged \\Deleted))\r\n");
	view_report(s, 0);
	assert_string_equal(room_output(&room), "");
}

static void
flags_told_by_the_command_are_no_news(void **state)
{
	char from[512], to[512];

	(void)state;
	room_path(&room, from, "cur/2.b:2,");
	room_path(&room, to, "cur/2.b:2,F");
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(view_look(s, true), 0);
	view_told_flags(s->client.view, 2);
	view_told_flags(s->client.view, 3);
	view_report(s, 0);
	assert_string_equal(room_output(&room), "");
}

static void
new_keywords_are_listed_before_they_are_used(void **state)
{
	static const char *const names[] = {"work"};
	struct mailbox_change change = {
	    .op = MAILBOX_ADD, .keywords = names, .nkeywords = 1};
	uint32_t uid = 3;
	bool changed = false;

	(void)state;
	assert_int_equal(
	    mailbox_store(s->client.view->mailbox, &uid, 1, &change, &changed),
	    0);
	view_report(s, 0);
	assert_string_equal(room_output(&room),
	    "* FLAGS (work \\Draft \\Answered \\Flagged \\Deleted \\Seen "
	    "\\Recent)\r\n"
	    "* OK [PERMANENTFLAGS (work \\* \\Draft \\Answered \\Flagged "
	    "\\Deleted \\Seen)] Limited\r\n");
	view_report(s, 0);
	assert_string_equal(room_output(&room), "");
}

/* A STORE of nothing may name 512, and so may the next. */
static void
what_stores_name_is_told_up_to_a_limit(void **state)
{
	char text[VIEW_NAMED_MAX + 1][8];
	const char *names[VIEW_NAMED_MAX + 1];
	struct view *v;
	size_t i;

	(void)state;
	v = s->client.view;
	for (i = 0; i <= VIEW_NAMED_MAX; i++) {
		(void)snprintf(text[i], sizeof(text[i]), "k%zu", i);
		names[i] = text[i];
	}
	view_name_keywords(s, names, VIEW_NAMED_MAX - 1);
	assert_int_equal(v->ntold, VIEW_NAMED_MAX - 1);
	view_name_keywords(s, names, VIEW_NAMED_MAX);
	assert_int_equal(v->ntold, VIEW_NAMED_MAX);
	view_name_keywords(s, names, VIEW_NAMED_MAX + 1);
	assert_int_equal(v->ntold, VIEW_NAMED_MAX);
}

/* Another session changed all, a command tells all: no square of it. */
static void
many_told_flags_are_quick(void **state)
{
	struct view v = {.n = 0};
	clock_t began;
	uint32_t i;

	(void)state;
	v.changed.n = v.changed.room = 400000;
	v.changed.uids = calloc(v.changed.n, sizeof(*v.changed.uids));
	assert_non_null(v.changed.uids);
	for (i = 0; i < v.changed.n; i++)
		v.changed.uids[i] = i + 1;
	began = clock();
	for (i = 0; i < 400000; i++)
		if (i != 7)
			view_told_flags(&v, i + 1);
	view_settle_flags(&v);
	assert_true(clock() - began < 3 * CLOCKS_PER_SEC);
	assert_int_equal(v.changed.n, 1);
	assert_int_equal(v.changed.uids[0], 8);
	free(v.changed.uids);
}

static void
sets_of_numbers_are_resolved_and_limited(void **state)
{
	static const struct {
		const char *text;
		int result;
		size_t count;
	} cases[] = {
	    {"1", 0, 1},
	    {"4", 0, 1},
	    {"5", -1, 0},
	    {"1:4", 0, 4},
	    {"1:5", -1, 0},
	    {"4:1", 0, 4},
	    {"*", 0, 1},
	    {"2:*", 0, 3},
	    {"*:2", 0, 3},
	    {"9:*", 0, 1},
	    {"1,2,2,1:3", 0, 3},
	    {"1:4294967295", -1, 0},
	};
	struct view_set out;
	struct seqset set;
	size_t i;
	int r;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set = set_of(cases[i].text);
		r = view_resolve(s, &set, false, &out);
		if (r != cases[i].result || out.count != cases[i].count)
			fail_msg("%s: %d, %zu", cases[i].text, r, out.count);
	}
}

static void
sets_of_uids_pass_over_what_is_not_there(void **state)
{
	static const struct {
		const char *text;
		size_t count;
	} cases[] = {
	    {"1", 1},
	    {"2", 0},
	    {"5", 0},
	    {"1:3", 2},
	    {"1:4294967295", 3},
	    {"4294967295", 0},
	    {"*", 1},
	    {"77:*", 1},
	    {"2,5:9", 0},
	};
	struct view_set out;
	struct seqset set;
	size_t i;

	(void)state;
	expunge(2);
	view_report(s, VIEW_EXPUNGE);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set = set_of(cases[i].text);
		assert_int_equal(view_resolve(s, &set, true, &out), 0);
		if (out.count != cases[i].count)
			fail_msg("%s: %zu", cases[i].text, out.count);
	}
}

static void
sets_of_an_empty_folder_are_empty(void **state)
{
	struct view_set out;
	struct seqset set;
	uint32_t uid;

	(void)state;
	for (uid = 1; uid <= 4; uid++)
		expunge(uid);
	view_report(s, VIEW_EXPUNGE);
	set = set_of("1:*");
	assert_int_equal(view_resolve(s, &set, false, &out), 0);
	assert_int_equal(out.count, 0);
	assert_int_equal(view_resolve(s, &set, true, &out), 0);
	assert_int_equal(out.count, 0);
	set = set_of("1");
	assert_int_equal(view_resolve(s, &set, false, &out), -1);
	assert_int_equal(errno, EDOM);
}

static void
the_saved_result_outlasts_an_expunge(void **state)
{
	static const uint32_t uids[] = {1, 2, 4};
	struct view_set out;
	struct seqset set;
	uint32_t *got;

	(void)state;
	s->client.saved = malloc(sizeof(uids));
	memcpy(s->client.saved, uids, sizeof(uids));
	s->client.nsaved = 3;
	expunge(2);
	view_report(s, VIEW_EXPUNGE);
	set = set_of("$");
	assert_int_equal(view_resolve(s, &set, false, &out), 0);
	assert_int_equal(out.count, 2);
	got = view_uids(s->client.view, s->arena, &out);
	assert_int_equal(got[0], 1);
	assert_int_equal(got[1], 4);
}

static void
a_folder_that_is_gone_ends_the_client(void **state)
{
	struct view *v = s->client.view;

	(void)state;
	view_close(v);
	s->client.view = NULL;
	session_enter(s, SESSION_AUTH);
	assert_int_equal(maildir_create(s->maildir, "x", 0), 0);
	room_select(&room, "x");
	assert_int_equal(maildir_delete(s->maildir, "x"), 0);
	assert_int_equal(view_look(s, true), -1);
	assert_int_equal(s->client.state, SESSION_LOGOUT);
	assert_string_equal(room_output(&room),
	    "* BYE Selected mailbox was deleted or replaced.\r\n");
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(numbers_are_uids_in_order),
	    T(expunge_waits_until_it_may_be_told),
	    T(each_expunge_counts_with_those_before),
	    T(arrivals_get_the_next_numbers_beside_held_expunges),
	    T(idle_is_told_the_flags_of_arrivals),
	    T(foreign_flags_are_told_once),
	    T(flags_told_by_the_command_are_no_news),
	    T(new_keywords_are_listed_before_they_are_used),
	    T(what_stores_name_is_told_up_to_a_limit),
	    T(many_told_flags_are_quick),
	    T(sets_of_numbers_are_resolved_and_limited),
	    T(sets_of_uids_pass_over_what_is_not_there),
	    T(sets_of_an_empty_folder_are_empty),
	    T(the_saved_result_outlasts_an_expunge),
	    T(a_folder_that_is_gone_ends_the_client),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
