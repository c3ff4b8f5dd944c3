/*
 * Threads from headers: the steps of RFC 5256 one by one, its examples of how
 * threads are printed, REFS, ORDEREDSUBJECT; loops, doubles, missing messages;
 * depth, and what is written to be slow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "worker/imap/thread.h"

#define DEEP  100000
#define COUNT 100000

struct world {
	struct thread *thread;
	struct keys_reader *reader;
	enum parse_thread_algorithm algorithm;
	uint32_t n;
	struct buf out;
};

static void
begin(struct world *w, enum parse_thread_algorithm algorithm)
{
	memset(w, 0, sizeof(*w));
	w->algorithm = algorithm;
	w->thread = thread_new(algorithm);
	w->reader = keys_new(NULL);
	buf_init(&w->out, 64u << 20);
	assert_true(w->thread != NULL && w->reader != NULL);
}

/* The next message; the date of its file is as given. */
static void
add(struct world *w, const char *header, time_t date)
{
	struct mime_text text = {header, strlen(header)};
	struct keys keys;

	memset(&keys, 0, sizeof(keys));
	assert_int_equal(keys_of_header(w->reader, &text, date,
			     thread_wants(w->algorithm), &keys),
	    0);
	assert_int_equal(thread_add(w->thread, ++w->n, &keys), 0);
}

static const char *
finish(struct world *w)
{
	assert_int_equal(thread_finish(w->thread), 0);
	thread_print(w->thread, &w->out);
	buf_char(&w->out, '\0');
	assert_false(w->out.failed);
	return w->out.p;
}

static void
end(struct world *w)
{
	thread_free(w->thread);
	keys_free(w->reader);
	buf_done(&w->out);
}

/*
 * Messages of one line each: "id refs subject", refs separated by commas; "-"
 * for none. Each is a second younger than the one before it.
 */
static void
check(
    enum parse_thread_algorithm algorithm, const char *lines, const char *want)
{
	char id[32], refs[256], subject[64], header[512], *ref, *rest;
	time_t date = 1000000000;
	struct world w;
	int used;

	begin(&w, algorithm);
	while (sscanf(lines, " %31s %255s %63[^;];%n", id, refs, subject,
		   &used) == 3) {
		header[0] = '\0';
		if (strcmp(id, "-") != 0)
			(void)sprintf(header, "Message-ID: <%s@x>\n", id);
		if (strcmp(subject, "-") != 0)
			(void)sprintf(
			    header + strlen(header), "Subject: %s\n", subject);
		if (strcmp(refs, "-") != 0)
			(void)strcat(header, "References:");
		for (ref = strtok_r(refs, ",", &rest); ref != NULL;
		     ref = strtok_r(NULL, ",", &rest))
			if (strcmp(ref, "-") != 0)
				(void)sprintf(
				    header + strlen(header), " <%s@x>", ref);
		(void)strcat(header, "\n");
		add(&w, header, date++);
		lines += used;
	}
	assert_string_equal(finish(&w), want);
	end(&w);
}

static void
references(const char *lines, const char *want)
{
	check(PARSE_THREAD_REFERENCES, lines, want);
}

static void
step_1_links_references(void **state)
{
	(void)state;
	references("", "");
	references("a - -;", "(1)");
	references("a - -; b - -;", "(1)(2)");
	references("a - -; b a -; c a,b -;", "(1 2 3)");
	/* in any order of arrival */
	references("c a,b -; b a -; a - -;", "(3 2 1)");
	/* a missing one in the middle is left out */
	references("a - -; c a,b -;", "(1 2)");
	/* a known parent is not changed by others' truncated references, */
	references("a - -; b a -; c - -; d c,b -;", "(1 2 4)(3)");
	/* but by the message's own */
	references("d c,b -; c - -; b a -; a - -;", "(2)(4 3 1)");
	/* and one without references has no parent in the end */
	references("c a,b -; b - -; a - -;", "(2 1)(3)");
}

static void
the_last_reference_counts_when_it_is_repeated(void **state)
{
	(void)state;
	references("a - -; b a,a,a -;", "(1 2)");
	references("a - -; b - -; c a,b,a -;", "(1 (2)(3))");
}

static void
loops_cannot_come_about(void **state)
{
	(void)state;
	references("a a -;", "(1)");
	references("a b -; b a -;", "(2 1)");
	references("a b,c -; b c,a -; c a,b -;", "(2 3 1)");
	/* the broken link stays broken, RFC 5256 1.B */
	references("a - -; b a,c -; c b -;", "(1)(3 2)");
	references("b a,b -; a - -;", "(1)(2)");
}

static void
doubles_and_missing_ids_are_messages_of_their_own(void **state)
{
	(void)state;
	references("a - -; a - -; b a -;", "(1 3)(2)");
	references("- - -; - - -;", "(1)(2)");
	references("a - -; b a -; c b -; b a -;", "(1 (2 3)(4))");
}

static void
step_3_drops_dummies(void **state)
{
	(void)state;
	/* one child goes up to the root, two keep what joins them */
	references("b a -;", "(1)");
	references("b a -; c a -;", "((1)(2))");
	references("d a,b,c -;", "(1)");
	/* dummies below a dummy go */
	references("d a,b -; e a,c -;", "((1)(2))");
	references("d a,b -; e a,b -;", "((1)(2))");
	references("m - -; d m,b -; e m,b -; f m -;", "(1 (2)(3)(4))");
}

static void
siblings_stand_by_their_sent_dates(void **state)
{
	struct world w;

	(void)state;
	begin(&w, PARSE_THREAD_REFERENCES);
	add(&w, "Message-ID: <a@x>\nDate: 3 Jan 2020 00:00:00 +0000\n", 0);
	add(&w,
	    "Message-ID: <b@x>\nReferences: <a@x>\n"
	    "Date: 3 Jan 2020 03:00:00 +0300\n",
	    0);
	add(&w,
	    "Message-ID: <c@x>\nReferences: <a@x>\n"
	    "Date: 2 Jan 2020 23:59:59 +0000\n",
	    0);
	add(&w,
	    "Message-ID: <d@x>\nReferences: <a@x>\n"
	    "Date: 3 Jan 2020 00:00:00 +0000\n",
	    0);
	/* no date: INTERNALDATE, which here is the oldest */
	add(&w, "Message-ID: <e@x>\nDate: nonsense\n", 1);
	assert_string_equal(finish(&w), "(5)(1 (3)(2)(4))");
	end(&w);
	/* a dummy counts by its first child */
	begin(&w, PARSE_THREAD_REFERENCES);
	add(&w, "References: <z@x>\nDate: 3 Jan 2020 00:00:00 +0000\n", 0);
	add(&w, "Date: 2 Jan 2020 00:00:00 +0000\n", 0);
	add(&w, "References: <z@x>\nDate: 1 Jan 2020 00:00:00 +0000\n", 0);
	assert_string_equal(finish(&w), "((3)(1))(2)");
	end(&w);
}

static void
step_5_joins_threads_by_subject(void **state)
{
	(void)state;
	references("a - foo; b - Re: foo;", "(1 2)");
	references("a - Re: foo; b - foo;", "(2 1)");
	references("a - foo; b - FOO;", "((1)(2))");
	references("a - Re: foo; b - Fwd: foo;", "((1)(2))");
	references("a - foo; b - bar; c - re: foo; d - re: bar;", "(1 3)(2 4)");
	references("a - foo; b - foo; c - foo;", "((1)(2)(3))");
	references("a - foo; b - re: foo; c - foo;", "((1 2)(3))");
	/* an empty subject joins nothing */
	references("a - Re:; b - Re:; c - -; d - -;", "(1)(2)(3)(4)");
	/* dummies: they are joined, and take others in */
	references("a z foo; b z foo; c y foo; d y foo;", "((1)(2)(3)(4))");
	references("e - foo; a z foo; b z foo;", "((1)(2)(3))");
	references("e - re: foo; a z bar; b z foo; f - bar;", "(1)((2)(3)(4))");
	/* answers follow the thread's own replies by date */
	references("a - foo; b a foo; c - re: foo;", "(1 (2)(3))");
}

static void
threads_are_printed_as_the_rfc_has_it(void **state)
{
	struct world w;

	(void)state;
	/* (2)(3 6 (4 23)(44 7 96)) with its numbers in the order of arrival */
	references("a - -; b - -; c b -; d c -; e d -; f c -; g f -; h g -;",
	    "(1)(2 3 (4 5)(6 7 8))");
	references("a z -; b z -;", "((1)(2))");
	references("a z -; b z -; c a -; d a -;", "((1 (3)(4))(2))");
	begin(&w, PARSE_THREAD_REFERENCES);
	assert_string_equal(finish(&w), "");
	end(&w);
}

static void
refs_has_no_subjects_and_the_latest_thread_last(void **state)
{
	struct world w;

	(void)state;
	check(PARSE_THREAD_REFS, "a - foo; b - Re: foo; c a foo;", "(2)(1 3)");
	check(PARSE_THREAD_REFS, "a - -; b a -; c - -; d z -; e z -; f b -;",
	    "(3)((4)(5))(1 2 6)");
	/* by arrival, but siblings by the dates that they bear */
	begin(&w, PARSE_THREAD_REFS);
	add(&w, "Message-ID: <a@x>\nDate: 1 Jan 2020 00:00:00 +0000\n", 90);
	add(&w, "Message-ID: <b@x>\nDate: 9 Jan 2020 00:00:00 +0000\n", 80);
	add(&w, "References: <b@x>\nDate: 8 Jan 2020 00:00:00 +0000\n", 70);
	add(&w, "References: <b@x>\nDate: 7 Jan 2020 00:00:00 +0000\n", 71);
	assert_string_equal(finish(&w), "(2 (4)(3))(1)");
	end(&w);
}

static void
ordered_subject_has_two_levels(void **state)
{
	const enum parse_thread_algorithm a = PARSE_THREAD_ORDEREDSUBJECT;
	struct world w;

	(void)state;
	check(a, "", "");
	check(a, "a - foo; b - bar; c - Re: FOO; d - foo (fwd);",
	    "(1 (3)(4))(2)");
	check(a, "a - foo; b a bar; c - re: bar;", "(1)(2 3)");
	/* the empty one is a subject like any other */
	check(a, "a - -; b - re:;", "(1 2)");
	begin(&w, a);
	add(&w, "Subject: b\nDate: 5 Jan 2020 00:00:00 +0000\n", 0);
	add(&w, "Subject: a\nDate: 4 Jan 2020 00:00:00 +0000\n", 0);
	add(&w, "Subject: b\nDate: 3 Jan 2020 00:00:00 +0000\n", 0);
	add(&w, "Subject: b\nDate: 4 Jan 2020 00:00:00 +0000\n", 0);
	assert_string_equal(finish(&w), "(3 (4)(1))(2)");
	end(&w);
}

/* id of the message n, references to those before it: at most 25 of them. */
static void
chain_header(char *out, uint32_t n, uint32_t refs)
{
	uint32_t i;

	out += sprintf(out, "Message-ID: <m%u@x>\nReferences:", n);
	for (i = refs < n ? refs : n; i > 0; i--)
		out += sprintf(out, " <m%u@x>", n - i);
	(void)strcpy(out, "\n");
}

/* In the order of sending, the other way round, and each pair swapped. */
static void
a_chain_of_100000_is_one_thread(void **state)
{
	static const uint32_t swaps[] = {0, 1, 2};
	char header[1024];
	struct world w;
	clock_t began = clock();
	uint32_t i, k, n;

	(void)state;
	for (k = 0; k < 3; k++) {
		begin(&w, PARSE_THREAD_REFERENCES);
		for (i = 0; i < DEEP; i++) {
			n = swaps[k] == 0 ? i : i ^ 1;
			if (swaps[k] == 1)
				n = DEEP - 1 - i;
			chain_header(header, n, k == 0 ? 25 : 1);
			add(&w, header, (time_t)n);
		}
		(void)finish(&w);
		assert_int_equal(strcspn(w.out.p + 1, "()"), w.out.n - 3);
		end(&w);
	}
	/* Quadratic work would take minutes. */
	assert_true(clock() - began < 20 * CLOCKS_PER_SEC);
}

/* A fork at each level: as many open parentheses as there are levels. */
static void
a_tree_of_50000_levels_is_printed(void **state)
{
	struct world w;
	char header[256];
	uint32_t i;
	size_t depth = 0, deepest = 0;
	const char *p;

	(void)state;
	begin(&w, PARSE_THREAD_REFS);
	add(&w, "Message-ID: <m0@x>\n", 0);
	for (i = 0; i < DEEP / 2; i++) {
		(void)sprintf(header, "References: <m%u@x>\n", i);
		add(&w, header, (time_t)(2 * i));
		(void)sprintf(header,
		    "Message-ID: <m%u@x>\nReferences: <m%u@x>\n", i + 1, i);
		add(&w, header, (time_t)(2 * i + 1));
	}
	for (p = finish(&w); *p != '\0'; p++) {
		depth += *p == '(';
		depth -= *p == ')';
		if (depth > deepest)
			deepest = depth;
	}
	assert_int_equal(depth, 0);
	assert_int_equal(deepest, DEEP / 2 + 1);
	end(&w);
}

/*
 * Every message cuts itself off and joins the end of a long chain, with its own
 * children below it: a walk upwards for each would never end.
 */
static void
hostile_references_take_near_linear_time(void **state)
{
	char header[1024];
	struct world w;
	clock_t began = clock();
	uint32_t i;

	(void)state;
	begin(&w, PARSE_THREAD_REFERENCES);
	for (i = 0; i < COUNT / 2; i++) {
		chain_header(header, i, 1);
		add(&w, header, (time_t)i);
	}
	for (i = 0; i < COUNT / 4; i++) {
		(void)sprintf(header,
		    "Message-ID: <k%u@x>\nReferences: <y%u@x> <t%u@x>\n", i, i,
		    i);
		add(&w, header, (time_t)i);
		(void)sprintf(header,
		    "Message-ID: <t%u@x>\nReferences: <m%u@x>\n", i,
		    COUNT / 2 - 1);
		add(&w, header, (time_t)i);
	}
	(void)finish(&w);
	end(&w);
	assert_true(clock() - began < 10 * CLOCKS_PER_SEC);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(step_1_links_references),
	    cmocka_unit_test(the_last_reference_counts_when_it_is_repeated),
	    cmocka_unit_test(loops_cannot_come_about),
	    cmocka_unit_test(doubles_and_missing_ids_are_messages_of_their_own),
	    cmocka_unit_test(step_3_drops_dummies),
	    cmocka_unit_test(siblings_stand_by_their_sent_dates),
	    cmocka_unit_test(step_5_joins_threads_by_subject),
	    cmocka_unit_test(threads_are_printed_as_the_rfc_has_it),
	    cmocka_unit_test(refs_has_no_subjects_and_the_latest_thread_last),
	    cmocka_unit_test(ordered_subject_has_two_levels),
	    cmocka_unit_test(a_chain_of_100000_is_one_thread),
	    cmocka_unit_test(a_tree_of_50000_levels_is_printed),
	    cmocka_unit_test(hostile_references_take_near_linear_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
