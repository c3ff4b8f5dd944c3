/*
 * A session under a worker, which is played here: SERVE, END, POST, WATCH, GO,
 * CHANGED, SHUTDOWN, and one client after the other on one channel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "shm/board.h"
#include "t/unit/imap_room.h"

#define STEP_MS 5000

static struct room room;
static int control, stream; /* the worker's ends */
static pid_t session;
static struct ipc_msg msg;
static uint64_t conn;

static void
serve(const char *tag, const char *input, unsigned flags)
{
	struct ipc_put m;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	ipc_begin(&m, IPC_SERVE);
	ipc_put_u64(&m, ++conn);
	ipc_put_u32(&m, flags);
	ipc_put_str(&m, tag);
	ipc_put_str(&m, "demo");
	ipc_put_str(&m, "::ffff:192.0.2.1");
	ipc_put_u32(&m, 12345);
	ipc_put_u32(&m, 143);
	ipc_put_bytes(&m, input, strlen(input));
	assert_int_equal(ipc_send(control, &m, &fds[1], 1), 0);
	(void)close(fds[1]);
	stream = fds[0];
}

static int
set_up(void **state)
{
	int fds[2];

	(void)state;
	room_init(&room);
	room_deliver(&room, "cur/1.a:2,S");
	room.set.linger = 1;
	assert_int_equal(ipc_pair(fds), 0);
	session = fork();
	if (session == 0) {
		(void)alarm(30);
		(void)close(fds[0]);
		_exit(session_serve(&room.set, &room.account, fds[1]));
	}
	(void)close(fds[1]);
	control = fds[0];
	stream = -1;
	return session == -1;
}

static int
tear_down(void **state)
{
	int status;

	(void)state;
	(void)close(control);
	if (stream != -1)
		(void)close(stream);
	if (waitpid(session, &status, 0) != session || status != 0)
		return 1;
	room_done(&room);
	return 0;
}

/*
 * The next message of the session, which must be of this type. What it notes
 * for the connection table is passed over by who does not ask for it.
 */
static void
expect(enum ipc_type type)
{
	struct pollfd p = {.fd = control, .events = POLLIN};

	do {
		assert_int_equal(poll(&p, 1, STEP_MS), 1);
		assert_int_equal(
		    ipc_recv(control, BOOT_WORKER, BOOT_SESSION, &msg), 1);
	} while (msg.type == IPC_NOTE && type != IPC_NOTE);
	assert_string_equal(ipc_name(msg.type), ipc_name(type));
}

/* Of INBOX, whose folder is the account's root: its slot, then the account's.
 */
static void
expect_posts(void)
{
	struct ipc_get g;
	struct stat st;

	assert_int_equal(stat(room.dir, &st), 0);
	expect(IPC_POST);
	ipc_open(&g, &msg);
	assert_int_equal(ipc_get_u64(&g), st.st_dev);
	assert_int_equal(ipc_get_u64(&g), st.st_ino);
	assert_int_not_equal(ipc_get_u64(&g), 0);
	expect(IPC_POST);
	ipc_open(&g, &msg);
	assert_int_equal(ipc_get_u64(&g), st.st_dev | BOARD_ACCOUNT);
	assert_int_equal(ipc_get_u64(&g), st.st_ino);
	assert_int_equal(ipc_get_u64(&g), 0);
}

static void
say(const char *text)
{
	assert_int_equal(
	    send(stream, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Reads until the text so far ends with "end"; lent until the next call. */
static const char *
hear(const char *end)
{
	static char in[8192];
	struct pollfd p = {.fd = stream, .events = POLLIN};
	size_t n = 0;
	ssize_t r;

	for (;;) {
		in[n] = '\0';
		if (n >= strlen(end) && strcmp(in + n - strlen(end), end) == 0)
			return in;
		if (poll(&p, 1, STEP_MS) != 1)
			fail_msg("waited for '%s', got '%s'", end, in);
		r = recv(stream, in + n, sizeof(in) - 1 - n, 0);
		if (r <= 0)
			fail_msg("end before '%s', got '%s'", end, in);
		n += (size_t)r;
	}
}

static void
tell(enum ipc_type type, uint64_t dev, uint64_t ino)
{
	struct ipc_put m;

	ipc_begin(&m, type);
	ipc_put_u64(&m, dev);
	ipc_put_u64(&m, ino);
	assert_int_equal(ipc_send(control, &m, NULL, 0), 0);
}

static void
expect_end(uint64_t id, enum ipc_end why)
{
	struct ipc_get g;

	expect(IPC_END);
	ipc_open(&g, &msg);
	assert_int_equal(ipc_get_u64(&g), id);
	assert_int_equal(ipc_get_u32(&g), why);
	(void)ipc_get_u64(&g);
	(void)ipc_get_u64(&g);
	(void)ipc_get_u64(&g);
	(void)ipc_get_u64(&g);
	assert_int_equal(ipc_done(&g), 0);
}

/* WATCH with its descriptors, answered by GO. */
static void
expect_watch(uint64_t *dev, uint64_t *ino)
{
	struct ipc_get g;
	struct stat st;
	int i, fd;

	expect(IPC_WATCH);
	ipc_open(&g, &msg);
	*dev = ipc_get_u64(&g);
	*ino = ipc_get_u64(&g);
	(void)ipc_get_u64(&g);
	assert_int_equal(ipc_done(&g), 0);
	assert_int_equal(stat(room.dir, &st), 0);
	assert_int_equal(*dev, st.st_dev);
	assert_int_equal(*ino, st.st_ino);
	for (i = 0; i < 3; i++) {
		fd = ipc_take_fd(&msg, i);
		assert_int_not_equal(fd, -1);
		assert_int_equal(fstat(fd, &st), 0);
		assert_true(S_ISDIR(st.st_mode));
		(void)close(fd);
	}
}

static void
login_is_answered_and_input_read_before_is_served(void **state)
{
	const char *text;

	(void)state;
	serve("x1", "a NOOP\r\nb LOG", 0);
	text = hear("a OK NOOP completed\r\n");
	assert_int_equal(strncmp(text, "x1 OK [CAPABILITY IMAP4rev1 ", 28), 0);
	assert_non_null(strstr(text, "] LOGIN Ok.\r\n"));
	say("OUT\r\n");
	text = hear("b OK LOGOUT completed\r\n");
	assert_int_equal(strncmp(text, "* BYE ", 6), 0);
	expect_end(conn, IPC_END_LOGOUT);
}

static void
one_client_after_the_other_is_served(void **state)
{
	(void)state;
	serve("x", "", 0);
	say("a SELECT INBOX\r\n");
	(void)hear("a OK [READ-WRITE] Ok\r\n");
	say("half a comm");
	(void)close(stream);
	expect_end(1, IPC_END_DISCONNECTED);
	serve("y", "", IPC_SERVE_TLS);
	(void)hear("LOGIN Ok.\r\n");
	/* Nothing of the one before is left: nothing is selected. */
	say("a FETCH 1 FLAGS\r\n");
	(void)hear("a BAD No mailbox is selected.\r\n");
	say("b LOGOUT\r\n");
	(void)hear("b OK LOGOUT completed\r\n");
	expect_end(2, IPC_END_LOGOUT);
}

static void
end_tells_what_fetch_sent(void **state)
{
	struct ipc_get g;

	(void)state;
	serve("x", "", 0);
	(void)hear("LOGIN Ok.\r\n");
	say("a EXAMINE INBOX\r\nb FETCH 1 (BODY[HEADER] BODY[TEXT])\r\n"
	    "c LOGOUT\r\n");
	(void)hear("c OK LOGOUT completed\r\n");
	expect(IPC_END);
	ipc_open(&g, &msg);
	(void)ipc_get_u64(&g);
	(void)ipc_get_u32(&g);
	assert_int_equal(ipc_get_u64(&g), strlen("Subject: x\r\n\r\n"));
	assert_int_equal(ipc_get_u64(&g), strlen("body\r\n"));
	assert_int_equal(ipc_get_u64(&g), 17 + 37 + 10);
	assert_true(ipc_get_u64(&g) > 100);
}

static void
a_change_is_posted_before_its_ok(void **state)
{
	(void)state;
	serve("x", "", 0);
	say("a SELECT INBOX\r\n");
	(void)hear("a OK [READ-WRITE] Ok\r\n");
	say("b STORE 1 +FLAGS (\\Deleted)\r\n");
	(void)hear("b OK STORE completed.\r\n");
	expect_posts();
	say("c EXPUNGE\r\n");
	(void)hear("c OK EXPUNGE completed.\r\n");
	expect_posts();
	say("d APPEND INBOX {3+}\r\nabc\r\n");
	(void)hear("APPEND Ok.\r\n");
	expect_posts();
	/* Nothing was changed by this one. */
	say("e STORE 1 -FLAGS (\\Flagged)\r\nf LOGOUT\r\n");
	(void)hear("f OK LOGOUT completed\r\n");
	expect_end(conn, IPC_END_LOGOUT);
}

static void
idle_watches_looks_and_waits(void **state)
{
	uint64_t dev, ino;

	(void)state;
	serve("x", "", 0);
	say("a SELECT INBOX\r\n");
	(void)hear("a OK [READ-WRITE] Ok\r\n");
	say("b IDLE\r\n");
	(void)hear("+ entering ENHANCED idle mode\r\n");
	expect_watch(&dev, &ino);
	/* Between its last look and GO: seen by the look after GO. */
	room_deliver(&room, "new/2.b");
	tell(IPC_GO, dev, ino);
	(void)hear("* 2 FETCH (FLAGS (\\Recent))\r\n");
	room_deliver(&room, "new/3.c");
	tell(IPC_CHANGED, dev, ino);
	(void)hear("* 3 EXISTS\r\n* 3 RECENT\r\n"
		   "* 3 FETCH (FLAGS (\\Recent))\r\n");
	say("DONE\r\n");
	(void)hear("b OK IDLE completed\r\n");
	expect(IPC_UNWATCH);
	/* A late one does no harm. */
	tell(IPC_CHANGED, dev, ino);
	say("c LOGOUT\r\n");
	(void)hear("c OK LOGOUT completed\r\n");
	expect_end(conn, IPC_END_LOGOUT);
}

static void
shutdown_says_bye_in_and_out_of_idle(void **state)
{
	struct ipc_put m;
	uint64_t dev, ino;
	int idle;

	(void)state;
	for (idle = 0; idle < 2; idle++) {
		serve("x", "", 0);
		say("a SELECT INBOX\r\n");
		(void)hear("a OK [READ-WRITE] Ok\r\n");
		if (idle == 1) {
			say("b IDLE\r\n");
			expect_watch(&dev, &ino);
			tell(IPC_GO, dev, ino);
			(void)hear("idle mode\r\n");
		}
		ipc_begin(&m, IPC_SHUTDOWN);
		ipc_put_u32(&m, 0);
		assert_int_equal(ipc_send(control, &m, NULL, 0), 0);
		(void)hear("* BYE Corkboard IMAP server shut down by "
			   "signal.\r\n");
		if (idle == 1)
			expect(IPC_UNWATCH);
		expect_end(conn, IPC_END_SHUTDOWN);
		(void)close(stream);
		stream = -1;
	}
}

static void
expect_note(uint32_t state, const char *folder, const char *device)
{
	char text[IPC_NOTE_TEXT];
	struct ipc_get g;

	expect(IPC_NOTE);
	ipc_open(&g, &msg);
	assert_int_equal(ipc_get_u64(&g), conn);
	assert_int_equal(ipc_get_u32(&g), state);
	assert_true(ipc_get_u64(&g) > 0); /* received */
	(void)ipc_get_u64(&g);
	ipc_get_str(&g, text, sizeof(text));
	assert_string_equal(text, folder);
	ipc_get_str(&g, text, sizeof(text));
	assert_string_equal(text, device);
	assert_int_equal(ipc_done(&g), 0);
}

static void
it_notes_for_the_table_and_an_administrator_ends_it(void **unused)
{
	struct ipc_put m;

	(void)unused;
	serve("x", "", 0);
	say("a ID (\"name\" \"prog\" \"DEVICE\" \"phone\")\r\n");
	expect_note(IPC_NOTE_AUTH, "", "phone");
	(void)hear("a OK ID completed\r\n");
	say("b SELECT INBOX\r\n");
	expect_note(IPC_NOTE_SELECTED, "INBOX", "");
	(void)hear("b OK [READ-WRITE] Ok\r\n");
	say("c UNSELECT\r\n");
	expect_note(IPC_NOTE_AUTH, "", "");
	(void)hear("c OK UNSELECT completed.\r\n");
	say("d IDLE\r\n");
	expect_note(IPC_NOTE_IDLE, "", "");
	(void)hear("idle mode\r\n");
	ipc_begin(&m, IPC_SHUTDOWN);
	ipc_put_u32(&m, IPC_SHUTDOWN_KICK);
	assert_int_equal(ipc_send(control, &m, NULL, 0), 0);
	(void)hear("* BYE [ALERT] Disconnected by the administrator.\r\n");
	expect_end(conn, IPC_END_SHUTDOWN);
	(void)close(stream);
	stream = -1;
}

static void
a_worker_that_dies_ends_the_client(void **state)
{
	char c;

	(void)state;
	serve("x", "", 0);
	(void)hear("LOGIN Ok.\r\n");
	(void)shutdown(control, SHUT_RDWR);
	(void)hear("* BYE Corkboard IMAP server shut down by signal.\r\n");
	assert_int_equal(recv(stream, &c, 1, 0), 0);
}

static void
nobody_comes_and_it_ends(void **state)
{
	struct pollfd p = {.fd = control, .events = POLLIN};

	(void)state;
	serve("x", "a LOGOUT\r\n", 0);
	(void)hear("a OK LOGOUT completed\r\n");
	expect_end(conn, IPC_END_LOGOUT);
	/* linger is 1 s */
	assert_int_equal(poll(&p, 1, STEP_MS), 1);
	assert_int_equal(ipc_recv(control, BOOT_WORKER, BOOT_SESSION, &msg), 1);
	assert_int_equal(msg.type, IPC_LEAVE);
	assert_int_equal(poll(&p, 1, STEP_MS), 1);
	assert_int_equal(ipc_recv(control, BOOT_WORKER, BOOT_SESSION, &msg), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static int
reset(void **state)
{
	conn = 0;
	return set_up(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(login_is_answered_and_input_read_before_is_served),
	    cmocka_unit_test_setup_teardown(
		one_client_after_the_other_is_served, reset, tear_down),
	    T(end_tells_what_fetch_sent),
	    T(a_change_is_posted_before_its_ok),
	    T(idle_watches_looks_and_waits),
	    T(shutdown_says_bye_in_and_out_of_idle),
	    T(it_notes_for_the_table_and_an_administrator_ends_it),
	    T(a_worker_that_dies_ends_the_client),
	    T(nobody_comes_and_it_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
