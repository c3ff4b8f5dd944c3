/*
 * Keys of a message from its header: each key, its limits, and headers that end
 * anywhere around the reader's steps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "t/unit/imap_room.h"
#include "worker/imap/keys.h"

#define ALL (~0u)

static void
get(struct keys_reader *r, const char *header, struct keys *k)
{
	struct mime_text text = {header, strlen(header)};

	memset(k, 0, sizeof(*k));
	assert_int_equal(keys_of_header(r, &text, 4711, ALL, k), 0);
}

static void
is(const struct mime_text *t, const char *want)
{
	if (t->n != strlen(want) || (t->n > 0 && memcmp(t->p, want, t->n) != 0))
		fail_msg("%.*s is not %s", (int)t->n, t->p, want);
}

static void
texts_are_collated(void **state)
{
	static const struct {
		const char *header;
		enum keys_text text;
		const char *want;
	} cases[] = {
	    {"Subject: Re: =?iso-8859-1?q?abc?=\n", KEYS_SUBJECT, "ABC"},
	    {"subject: first\nSubject: second\n", KEYS_SUBJECT, "FIRST"},
	    {"From: Ann <ann@x>, bob@x\n", KEYS_FROM, "ANN"},
	    {"To: \"x y\"@z\n", KEYS_TO, "X Y"},
	    {"CC: a, b\n", KEYS_CC, "A"},
	    {"Cc: friends: a@b, c@d;\n", KEYS_CC, "FRIENDS"},
	    {"From: Ann <zoe@x>\n", KEYS_DISPLAYFROM, "ANN"},
	    {"From: zoe@x (Ann)\n", KEYS_DISPLAYFROM, "ANN"},
	    {"From: =?utf-8?q?=C3=A9?= <zoe@x>\n", KEYS_DISPLAYFROM,
		"E\xcc\x81"},
	    {"From: zoe@x\n", KEYS_DISPLAYFROM, "ZOE@X"},
	    {"From: \"\" <zoe@x>\n", KEYS_DISPLAYFROM, "ZOE@X"},
	    {"To: zoe\n", KEYS_DISPLAYTO, "ZOE"},
	    {"To: friends: a@b;\n", KEYS_DISPLAYTO, "FRIENDS"},
	    {"To: empty:;\n", KEYS_DISPLAYTO, "EMPTY"},
	    {"To: \n", KEYS_DISPLAYTO, ""},
	    {"X: y\n", KEYS_SUBJECT, ""},
	    {"X: y\n", KEYS_FROM, ""},
	    {"Subject:\n", KEYS_SUBJECT, ""},
	};
	struct keys_reader *r = keys_new(NULL);
	struct keys k;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		get(r, cases[i].header, &k);
		is(&k.text[cases[i].text], cases[i].want);
	}
	keys_free(r);
}

static void
the_sent_date_falls_back_to_that_of_the_file(void **state)
{
	static const struct {
		const char *header;
		int64_t sent;
	} cases[] = {
	    {"Date: Thu, 1 Jan 1970 01:00:00 +0100\n", 0},
	    {"Date: 31 Dec 1969 23:59:59 +0000\n", -1},
	    /* RFC 5256 2.2: a bad zone is UTC, a bad time midnight */
	    {"Date: 2 Jan 1970 00:00:10 +9999\n", 86410},
	    {"Date: 2 Jan 1970 25:61:00 +0000\n", 86400},
	    {"Date: 2 Jan 1970\n", 86400},
	    {"Date: tomorrow\n", 4711},
	    {"Date: 32 Jan 1970 00:00:00 +0000\n", 4711},
	    {"Subject: x\n", 4711},
	};
	struct keys_reader *r = keys_new(NULL);
	struct keys k;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		get(r, cases[i].header, &k);
		if (k.sent != cases[i].sent)
			fail_msg(
			    "%s: %lld", cases[i].header, (long long)k.sent);
		assert_int_equal(k.arrival, 4711);
	}
	keys_free(r);
}

static void
references_come_before_in_reply_to(void **state)
{
	struct keys_reader *r = keys_new(NULL);
	struct keys k;

	(void)state;
	get(r,
	    "Message-ID: <a@b> <x@y>\nIn-Reply-To: <c@d>\n"
	    "References: <e@f>\n <g@h>\n",
	    &k);
	is(&k.id, "a@b");
	assert_int_equal(k.nrefs, 2);
	is(&k.refs[0], "e@f");
	is(&k.refs[1], "g@h");
	get(r, "In-Reply-To: yours of today, <c@d> <e@f>\nReferences: x\n", &k);
	assert_null(k.id.p);
	assert_int_equal(k.nrefs, 1);
	is(&k.refs[0], "c@d");
	get(r, "Message-ID: none\nIn-Reply-To: none\n", &k);
	assert_null(k.id.p);
	assert_int_equal(k.nrefs, 0);
	keys_free(r);
}

static void
only_the_last_references_count(void **state)
{
	struct keys_reader *r = keys_new(NULL);
	char header[4096], want[32];
	struct keys k;
	size_t n, i;

	(void)state;
	for (n = KEYS_REFS_MAX - 1; n <= 3 * KEYS_REFS_MAX + 1; n++) {
		(void)strcpy(header, "References:");
		for (i = 0; i < n; i++)
			(void)sprintf(
			    header + strlen(header), " junk <x> <r%zu@x>", i);
		(void)strcat(header, "\n");
		get(r, header, &k);
		assert_int_equal(
		    k.nrefs, n < KEYS_REFS_MAX ? n : KEYS_REFS_MAX);
		for (i = 0; i < k.nrefs; i++) {
			(void)sprintf(want, "r%zu@x", n - k.nrefs + i);
			is(&k.refs[i], want);
		}
	}
	keys_free(r);
}

static void
long_texts_are_cut(void **state)
{
	struct keys_reader *r = keys_new(NULL);
	char header[KEYS_TEXT_MAX + 64];
	struct keys k;
	size_t n;

	(void)state;
	for (n = KEYS_TEXT_MAX - 1; n <= KEYS_TEXT_MAX + 1; n++) {
		(void)strcpy(header, "Subject: ");
		memset(header + 9, 'a', n);
		(void)strcpy(header + 9 + n, "\nFrom: b\n");
		get(r, header, &k);
		assert_int_equal(k.text[KEYS_SUBJECT].n,
		    n < KEYS_TEXT_MAX ? n : KEYS_TEXT_MAX);
		is(&k.text[KEYS_FROM], "B");
	}
	keys_free(r);
}

/* A header of n bytes up to its empty line, whose last field is the subject. */
static void
write_message(struct room *room, const char *name, size_t n, const char *eol)
{
	char path[512];
	size_t size = 0;
	FILE *f;

	room_path(room, path, name);
	f = fopen(path, "w");
	assert_non_null(f);
	while (size + 200 < n) {
		size += (size_t)fprintf(f, "X-Filler: %040zu%s", size, eol);
	}
	size += (size_t)fprintf(f, "X-Last: %0*d%s",
	    (int)(n - size - 8 - 16 - 2 * strlen(eol)), 0, eol);
	size += (size_t)fprintf(f, "Subject: thelast%s", eol);
	assert_int_equal(size, n);
	(void)fprintf(f, "%sSubject: body%sFrom: body%s", eol, eol, eol);
	assert_int_equal(fclose(f), 0);
}

static void
a_header_may_end_anywhere_around_a_step(void **state)
{
	static const size_t sizes[] = {
	    100, 8189, 8190, 8191, 8192, 8193, 16383, 16384, 16385, 200000};
	struct keys_reader *r;
	struct room room;
	struct keys k;
	char name[64];
	size_t i;

	(void)state;
	room_init(&room);
	for (i = 0; i < 2 * sizeof(sizes) / sizeof(sizes[0]); i++) {
		(void)sprintf(name, "cur/%zu.a.x:2,S", 1000 + i);
		write_message(
		    &room, name, sizes[i / 2], i % 2 == 0 ? "\n" : "\r\n");
	}
	room_select(&room, "");
	r = keys_new(room.s.client.view->mailbox);
	for (i = 0; i < 2 * sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_int_equal(keys_get(r, (uint32_t)i + 1, ALL, &k), 0);
		is(&k.text[KEYS_SUBJECT], "THELAST");
		is(&k.text[KEYS_FROM], "");
		assert_true(k.size > sizes[i / 2]);
		assert_true(k.arrival > 0);
	}
	assert_int_equal(keys_get(r, 1000, ALL, &k), -1);
	assert_int_equal(errno, ENOENT);
	keys_free(r);
	room_done(&room);
}

static void
compare(const struct keys *a, const struct keys *b)
{
	size_t i;

	assert_int_equal(a->sent, b->sent);
	assert_int_equal(a->dated, b->dated);
	assert_int_equal(a->day, b->day);
	assert_int_equal(a->reply, b->reply);
	for (i = 0; i < KEYS_TEXTS; i++) {
		assert_int_equal(a->text[i].n, b->text[i].n);
		if (a->text[i].n > 0)
			assert_memory_equal(
			    a->text[i].p, b->text[i].p, a->text[i].n);
	}
	assert_int_equal(a->id.p == NULL, b->id.p == NULL);
	assert_int_equal(a->id.n, b->id.n);
	assert_int_equal(a->nrefs, b->nrefs);
	for (i = 0; i < a->nrefs; i++) {
		assert_int_equal(a->refs[i].n, b->refs[i].n);
		assert_memory_equal(a->refs[i].p, b->refs[i].p, a->refs[i].n);
	}
}

/* The message's file is gone: what comes can only come from the index. */
static void
keys_are_kept_as_they_were_made(void **state)
{
	static const char header[] =
	    "From: Ann <ann@x>\nTo: bob@y\nSubject: Re: abc\n"
	    "Date: Mon, 1 Jan 2024 23:30:00 -0500\n"
	    "Message-ID: <a@b>\nReferences: <c@d> <e@f>\n";
	const struct mime_text text = {header, sizeof(header) - 1};
	static const unsigned wants[] = {KEYS_SENT, KEYS_REFS | KEYS_SENT,
	    KEYS_REFS | 1u << KEYS_SUBJECT, 1u << KEYS_SUBJECT,
	    1u << KEYS_FROM | 1u << KEYS_DISPLAYTO};
	struct keys_reader *r, *made;
	struct keys k, want, all;
	struct mailbox_diff diff;
	struct room room;
	char path[512];
	FILE *f;
	size_t i, round;

	(void)state;
	room_begin(&room, true);
	room_path(&room, path, "cur/1000.a.x:2,");
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(header, f) >= 0 && fputs("\nbody\n", f) >= 0);
	assert_int_equal(fclose(f), 0);
	room_select(&room, "");
	r = keys_new(room.s.client.view->mailbox);
	made = keys_new(NULL);
	memset(&all, 0, sizeof(all));
	assert_int_equal(
	    keys_of_header(made, &text, 0,
		KEYS_SENT | KEYS_REFS | ((1u << KEYS_TEXTS) - 1), &all),
	    0);
	assert_true(all.dated);
	assert_int_equal(all.day, 19723);
	for (round = 0; round < 2; round++) {
		for (i = 0; i < sizeof(wants) / sizeof(wants[0]); i++) {
			assert_int_equal(keys_get(r, 1, wants[i], &k), 0);
			if ((wants[i] & KEYS_SENT) != 0) {
				assert_int_equal(k.sent, all.sent);
				assert_int_equal(k.day, all.day);
			}
			if ((wants[i] & 1u << KEYS_SUBJECT) != 0) {
				is(&k.text[KEYS_SUBJECT], "ABC");
				assert_true(k.reply);
			}
			if ((wants[i] & KEYS_REFS) != 0)
				assert_int_equal(k.nrefs, 2);
		}
		if (round == 0)
			assert_int_equal(
			    mailbox_sync(
				room.s.client.view->mailbox, false, &diff),
			    0);
		(void)unlink(path);
	}
	assert_int_equal(keys_get(r, 1, KEYS_SENT | KEYS_REFS, &k), 0);
	assert_int_equal(keys_get(r, 1, (1u << KEYS_TEXTS) - 1, &want), 0);
	memcpy(k.text, want.text, sizeof(k.text));
	compare(&k, &all);
	/* Where nothing is kept there is an error now. */
	assert_int_equal(keys_get(r, 1, KEYS_SIZE, &k), -1);
	keys_free(made);
	keys_free(r);
	room_done(&room);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(texts_are_collated),
	    cmocka_unit_test(the_sent_date_falls_back_to_that_of_the_file),
	    cmocka_unit_test(references_come_before_in_reply_to),
	    cmocka_unit_test(only_the_last_references_count),
	    cmocka_unit_test(long_texts_are_cut),
	    cmocka_unit_test(a_header_may_end_anywhere_around_a_step),
	    cmocka_unit_test(keys_are_kept_as_they_were_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
