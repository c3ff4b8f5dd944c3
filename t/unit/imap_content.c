/* A message's bytes: small and large, its header, and a file that shrinks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "t/unit/imap_room.h"
#include "worker/imap/content.h"
#include "worker/imap/header.h"

#define LARGE 1000000u /* beyond what is read instead of mapped */

static struct room room;
static struct content content;

static int
set_up(void **state)
{
	(void)state;
	room_init(&room);
	content_init(&content);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	content_done(&content);
	room_done(&room);
	return 0;
}

static void
put(const char *file, const char *head, size_t filler)
{
	char path[512];
	FILE *f;

	room_path(&room, path, file);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(head, f) >= 0);
	while (filler-- > 0)
		assert_int_equal(fputc('x', f), 'x');
	assert_int_equal(fclose(f), 0);
}

static int
look(uint32_t uid)
{
	return content_open(&content, room.s.client.view->mailbox, uid);
}

static void
the_header_ends_with_the_first_empty_line(void **state)
{
	static const struct {
		const char *text;
		size_t header;
	} cases[] = {
	    {"a: b\n\nbody\n", 6},
	    {"a: b\r\n\r\nbody\r\n", 8},
	    {"\nbody\n", 1},
	    {"\r\nbody\n", 2},
	    {"a: b\n", 5},
	    {"a: b", 4},
	    {"a: b\n\n", 6},
	    {"a: b\n\r\n", 7},
	    {"a: b\n\r", 6},
	    {"", 0},
	};
	char name[32];
	size_t i, n = sizeof(cases) / sizeof(cases[0]);

	(void)state;
	for (i = 0; i < n; i++) {
		(void)snprintf(name, sizeof(name), "cur/1%02zu.a:2,S", i);
		put(name, cases[i].text, 0);
	}
	room_select(&room, "");
	for (i = 0; i < n; i++) {
		assert_int_equal(look((uint32_t)i + 1), 0);
		assert_int_equal(content.n, strlen(cases[i].text));
		assert_memory_equal(content.p, cases[i].text, content.n);
		if (content.header != cases[i].header)
			fail_msg("case %zu: %zu", i, content.header);
	}
}

static void
a_message_that_is_gone_is_enoent(void **state)
{
	(void)state;
	put("cur/1.a:2,S", "a: b\n\n", 10);
	room_select(&room, "");
	assert_int_equal(look(2), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(look(1), 0);
}

static void
the_header_alone_is_parsed_without_the_body(void **state)
{
	(void)state;
	put("cur/1.a:2,S", "Subject: b\n\n", LARGE);
	room_select(&room, "");
	assert_int_equal(look(1), 0);
	assert_int_equal(content.n, 12 + LARGE);
	assert_int_equal(mime_root(content_head(&content))->hdr_len, 12);
	assert_int_equal(mime_root(content_head(&content))->body_len, 0);
	assert_int_equal(mime_root(content_mime(&content))->body_len, LARGE);
}

static void
a_file_cut_off_under_the_map_reads_as_zeros(void **state)
{
	char path[512];
	size_t i, sum = 0;

	(void)state;
	put("cur/1.a:2,S", "a: b\n\n", LARGE);
	room_select(&room, "");
	assert_int_equal(look(1), 0);
	room_path(&room, path, "cur/1.a:2,S");
	assert_int_equal(truncate(path, 10), 0);
	for (i = 65536; i < content.n; i++)
		sum += (unsigned char)content.p[i];
	assert_int_equal(sum, 0);
	/* And the next one is itself again. */
	assert_int_equal(look(1), 0);
	assert_int_equal(content.n, 10);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

/* Its fields and the empty line: n bytes in all, or a byte more or less. */
static void
a_header_is_kept_up_to_its_limit(void **state)
{
	struct mailbox_diff diff;
	struct mailbox *box;
	struct content c;
	struct room with;
	char path[512];
	uint32_t uid;
	FILE *f;
	size_t n;

	(void)state;
	room_begin(&with, true);
	for (n = HEADER_KEPT_MAX - 1; n <= HEADER_KEPT_MAX + 1; n++) {
		(void)snprintf(
		    path, sizeof(path), "%s/cur/%zu.x:2,", with.dir, 1000 + n);
		f = fopen(path, "w");
		assert_non_null(f);
		assert_true(fprintf(f, "Received: x\nSubject: %0*d\n\nbody\n",
				(int)(n - 11), 0) > 0);
		assert_int_equal(fclose(f), 0);
	}
	room_select(&with, "");
	box = with.s.client.view->mailbox;
	content_init(&c);
	for (uid = 1; uid <= 3; uid++) {
		assert_int_equal(content_open_header(&c, box, uid, true), 0);
		assert_false(c.kept);
		assert_int_equal(c.n, HEADER_KEPT_MAX - 2 + uid + 12);
	}
	assert_int_equal(mailbox_sync(box, false, &diff), 0);
	for (uid = 1; uid <= 3; uid++) {
		assert_int_equal(content_open_header(&c, box, uid, true), 0);
		assert_int_equal(c.kept, uid < 3);
		assert_int_equal(
		    c.n, HEADER_KEPT_MAX - 2 + uid + (c.kept ? 0 : 12));
		assert_memory_equal(c.p + (c.kept ? 0 : 12), "Subject: 0", 10);
		/* All of it only the file has. */
		assert_int_equal(content_open_header(&c, box, uid, false), 0);
		assert_false(c.kept);
		assert_memory_equal(c.p, "Received: x\n", 12);
	}
	content_done(&c);
	room_done(&with);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    /* First: the handler of faults is set once, cmocka's anew each
	       time. */
	    T(a_file_cut_off_under_the_map_reads_as_zeros),
	    cmocka_unit_test(a_header_is_kept_up_to_its_limit),
	    T(the_header_ends_with_the_first_empty_line),
	    T(a_message_that_is_gone_is_enoent),
	    T(the_header_alone_is_parsed_without_the_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
