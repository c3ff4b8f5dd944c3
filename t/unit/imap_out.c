/* Lines to the client: results, codes, names, flags. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "shm/log.h"
#include "t/unit/imap_room.h"
#include "worker/imap/out.h"

static struct room room;
static struct session *const s = &room.s;

static int
set_up(void **state)
{
	(void)state;
	room_init(&room);
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
errnos_have_their_codes(void **state)
{
	static const struct {
		int err;
		const char *code;
	} cases[] = {
	    {ENOENT, "NONEXISTENT"},
	    {EEXIST, "ALREADYEXISTS"},
	    {EDQUOT, "OVERQUOTA"},
	    {EACCES, "NOPERM"},
	    {EBUSY, "INUSE"},
	    {EMLINK, "LIMIT"},
	    {EFBIG, "TOOBIG"},
	    {EINVAL, "CANNOT"},
	    {ENAMETOOLONG, "CANNOT"},
	    {ENOSPC, "UNAVAILABLE"},
	    {ESTALE, "UNAVAILABLE"},
	    {EIO, "SERVERBUG"},
	    {ENOSYS, "SERVERBUG"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(out_code(cases[i].err), cases[i].code);
}

static void
results_have_tag_word_and_code(void **state)
{
	struct command c = {.s = s, .tag = "a7"};

	(void)state;
	out_tagged(&c, OUT_OK, NULL, "NOOP %s", "completed");
	assert_string_equal(room_output(&room), "a7 OK NOOP completed\r\n");
	out_tagged(&c, OUT_NO, "TRYCREATE", "no");
	assert_string_equal(room_output(&room), "a7 NO [TRYCREATE] no\r\n");
	out_tagged(&c, OUT_BAD, NULL, "bad");
	assert_string_equal(room_output(&room), "a7 BAD bad\r\n");
	out_errno(&c, ENOENT, "STATUS failed");
	assert_string_equal(
	    room_output(&room), "a7 NO [NONEXISTENT] STATUS failed\r\n");
	out_errno(&c, EDQUOT, "x");
	assert_string_equal(room_output(&room),
	    "a7 NO [OVERQUOTA] You exceeded your mail quota.\r\n");
}

static void
names_are_quoted_in_the_encoding_of_the_client(void **state)
{
	(void)state;
	out_mailbox(s, &s->line, "Entw\xc3\xbcrfe");
	out_send(s);
	assert_string_equal(room_output(&room), "\"INBOX.Entw&APw-rfe\"");
	s->client.utf8 = true;
	out_mailbox(s, &s->line, "Entw\xc3\xbcrfe");
	out_send(s);
	assert_string_equal(room_output(&room), "\"INBOX.Entw\xc3\xbcrfe\"");
	out_mailbox(s, &s->line, "");
	out_send(s);
	assert_string_equal(room_output(&room), "\"INBOX\"");
	out_name(s, &s->line, "a\"b\\c");
	out_send(s);
	assert_string_equal(room_output(&room), "\"a\\\"b\\\\c\"");
}

static void
flags_stand_in_couriers_order(void **state)
{
	struct message m = {.flags = MESSAGE_FLAGS, .recent = true};

	(void)state;
	out_flags(s, &m);
	out_send(s);
	assert_string_equal(room_output(&room),
	    "\\Draft \\Flagged \\Answered \\Seen \\Deleted \\Recent");
	m = (struct message){.flags = 0};
	out_flags(s, &m);
	out_send(s);
	assert_string_equal(room_output(&room), "");
}

static void
imap4rev2_has_no_recent_and_names_in_utf8(void **state)
{
	struct message m = {.flags = MESSAGE_SEEN, .recent = true};

	(void)state;
	s->client.rev2 = true;
	out_flags(s, &m);
	out_send(s);
	assert_string_equal(room_output(&room), "\\Seen");
	out_mailbox(s, &s->line, "Entw\xc3\xbcrfe");
	out_send(s);
	assert_string_equal(room_output(&room), "\"INBOX.Entw\xc3\xbcrfe\"");
}

static void
a_response_that_failed_ends_the_client(void **state)
{
	(void)state;
	s->line.failed = true;
	out_send(s);
	assert_int_equal(s->client.state, SESSION_LOGOUT);
	assert_string_equal(
	    room_output(&room), "* BYE [LIMIT] A response is too large\r\n");
}

static void
long_texts_are_cut_not_overrun(void **state)
{
	char text[3000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	out_line(s, "%s", text);
	assert_int_equal(strlen(room_output(&room)), 2 + 1023 + 2);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(errnos_have_their_codes),
	    T(results_have_tag_word_and_code),
	    T(names_are_quoted_in_the_encoding_of_the_client),
	    T(flags_stand_in_couriers_order),
	    T(imap4rev2_has_no_recent_and_names_in_utf8),
	    T(a_response_that_failed_ends_the_client),
	    T(long_texts_are_cut_not_overrun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
