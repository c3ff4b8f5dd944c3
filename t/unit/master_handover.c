/* What a master hands to the program that takes its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "master/handover.h"
#include "master/notbefore.h"
#include "master/settings.h"

#define TEXT(x)  #x
#define VALUE(x) TEXT(x)
#define FIRST    "handover " VALUE(HANDOVER_VERSION) " " VALUE(IPC_VERSION) "\n"

static struct settings set;
static struct handover h, got;

static uint64_t
enter(struct admit *a, unsigned last, unsigned view)
{
	struct admit_ask ask = {.view = view, .now = 1};
	struct admit_answer answer;

	ask.addr[10] = ask.addr[11] = 0xff;
	ask.addr[12] = 192;
	ask.addr[15] = (uint8_t)last;
	admit_enter(a, &set, &ask, &answer);
	assert_int_equal(answer.verdict, ADMIT_OK);
	return answer.conn;
}

static int
setup(void **state)
{
	(void)state;
	settings_default(&set);
	set.view[0].maxperip = 3;
	set.view[0].maxperc = 4;
	memset(&h, 0, sizeof(h));
	snprintf(h.config, sizeof(h.config), "/etc/a name with blanks");
	snprintf(h.pidfile, sizeof(h.pidfile), "/run/x.pid");
	h.lock = 11;
	h.log[0] = 12;
	h.log[1] = 13;
	h.notify = -1;
	h.control = 0;
	h.started = UINT64_C(1) << 40;
	h.incarnations = 99;
	memcpy(h.key, "\377a key of thirty-two bytes, \1\2\3.", 32);
	notbefore_set("anna b", 77);
	notbefore_set("", 55);
	h.listeners.v[0] = (struct listener){14, 1};
	h.listeners.n = 1;
	h.children[0] = (struct child){.pid = 1234,
	    .role = BOOT_WORKER,
	    .number = 61,
	    .incarnation = 7,
	    .channel = 20,
	    .log = 21,
	    .table = -1,
	    .hello = true};
	h.nchildren = 1;
	h.admit = admit_new();
	return h.admit == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	admit_free(h.admit);
	admit_free(got.admit);
	memset(&got, 0, sizeof(got));
	return 0;
}

static int
read_back(int fd)
{
	static struct notes notes;
	int ret;

	admit_free(got.admit);
	memset(&got, 0, sizeof(got));
	note_done(&notes);
	ret = handover_read(fd, &got, &notes);
	assert_int_equal(ret == -1, notes.errors > 0);
	return ret;
}

static void
everything_comes_back(void **state)
{
	int fd = handover_write(&h);

	(void)state;
	assert_int_not_equal(fd, -1);
	notbefore_set("anna b", 7); /* that it is read is to be seen */
	assert_int_equal(read_back(fd), 0);
	assert_true(notbefore_voids("anna b", 77));
	assert_false(notbefore_voids("anna b", 78));
	assert_true(notbefore_voids("ben", 55));
	assert_false(notbefore_voids("ben", 56));
	assert_string_equal(got.config, h.config);
	assert_string_equal(got.pidfile, h.pidfile);
	assert_int_equal(got.lock, 11);
	assert_int_equal(got.log[1], 13);
	assert_int_equal(got.notify, -1);
	assert_int_equal(got.control, 0);
	assert_int_equal(got.started, h.started);
	assert_int_equal(got.incarnations, 99);
	assert_memory_equal(got.key, h.key, sizeof(h.key));
	assert_int_equal(got.listeners.n, 1);
	assert_int_equal(got.listeners.v[0].view, 1);
	assert_int_equal(got.nchildren, 1);
	assert_int_equal(got.children[0].number, 61);
	assert_int_equal(got.children[0].table, -1);
	assert_true(got.children[0].old && got.children[0].retired);
	close(fd);
}

/* Limits count those of before, numbers stay, leaving works. */
static void
connections_are_counted_on(void **state)
{
	struct admit_ask ask = {.now = 2};
	struct admit_answer answer;
	uint64_t conn[4];
	int fd;

	(void)state;
	set.park_yield = 0; /* none beyond MAXPERIP */
	for (int i = 0; i < 4; i++) {
		conn[i] = enter(h.admit, i < 3 ? 1 : 2, 0);
		assert_int_equal(
		    admit_give(h.admit, conn[i], BOOT_WORKERS, 5), 0);
	}
	assert_int_equal(admit_leave(h.admit, conn[0], 5), 0);
	assert_int_equal(admit_login(h.admit, conn[1], 5), 0);
	conn[0] = enter(h.admit, 1, 0); /* its place, another number */
	assert_int_equal(admit_give(h.admit, conn[0], BOOT_WORKERS, 6), 0);
	fd = handover_write(&h);
	assert_int_equal(read_back(fd), 0);
	close(fd);
	assert_int_equal(admit_count(got.admit, 0), 4);
	assert_int_equal(admit_load(got.admit, 5), 3);
	assert_int_equal(admit_load(got.admit, 6), 1);
	ask.addr[10] = ask.addr[11] = 0xff;
	ask.addr[12] = 192;
	ask.addr[15] = 1;
	admit_enter(got.admit, &set, &ask, &answer);
	assert_int_equal(answer.verdict, ADMIT_PERIP);
	assert_int_equal(answer.count, 3);
	ask.addr[15] = 3;
	admit_enter(got.admit, &set, &ask, &answer);
	assert_int_equal(answer.verdict, ADMIT_PERC);
	assert_int_equal(admit_login(got.admit, conn[1], 5), -1); /* was */
	assert_int_equal(admit_login(got.admit, conn[2], 5), 0);
	assert_int_equal(admit_leave(got.admit, conn[0], 5), -1);
	assert_int_equal(admit_leave(got.admit, conn[0], 6), 0);
	for (int i = 1; i < 4; i++)
		assert_int_equal(admit_leave(got.admit, conn[i], 5), 0);
	assert_int_equal(admit_count(got.admit, 0), 0);
	(void)enter(got.admit, 1, 0);
}

static void
many_connections_and_holes(void **state)
{
	static uint64_t conn[1000];
	int fd;

	(void)state;
	set.view[1].maxperip = 100000;
	set.maxunauth = set.maxunauth_perip = set.rate_perip = 100000;
	set.trusted[0].bits = 0;
	set.ntrusted = 1;
	for (int i = 0; i < 1000; i++) {
		conn[i] = enter(h.admit, (unsigned)i % 200, 1);
		assert_int_equal(admit_give(h.admit, conn[i], BOOT_WORKERS,
				     (unsigned)i % 60),
		    0);
	}
	for (int i = 0; i < 1000; i += 3)
		assert_int_equal(
		    admit_leave(h.admit, conn[i], (unsigned)i % 60), 0);
	fd = handover_write(&h);
	assert_int_equal(read_back(fd), 0);
	close(fd);
	for (int i = 0; i < 500; i++) /* no number is given twice */
		for (int k = 0; k < 1; k++) {
			uint64_t fresh = enter(got.admit, 1, 1);

			for (int m = 0; m < 1000; m++)
				assert_true(m % 3 == 0 || conn[m] != fresh);
		}
	for (int i = 0; i < 1000; i++)
		if (i % 3 != 0)
			assert_int_equal(
			    admit_leave(got.admit, conn[i], (unsigned)i % 60),
			    0);
	assert_int_equal(admit_count(got.admit, 1), 500);
}

static int
memfd_of(const char *text, size_t n)
{
	int fd = memfd_create("text", MFD_CLOEXEC);

	assert_int_equal(write(fd, text, n), n);
	return fd;
}

static void
what_is_not_whole_or_not_known_is_refused(void **state)
{
	static const char *const lines[] = {FIRST "end\nend\n", "end\n",
	    "config /x\nend\n", "handover 999 1\nend\n", "handover 1\nend\n",
	    "", FIRST "unknown 1\nend\n", FIRST FIRST "end\n"};
	static const char *const more[] = {"child 99 0 1 5 1 1 1 0 1",
	    "child 9 64 1 5 1 1 1 0 1", "child 9 0 1 1 1 1 1 0 1",
	    "child 9 0 1 5 1 1 1 0", "listener 5 2", "listener -5 1",
	    "listener 5 1 1", "conn 1 0 0 0 0 0 0 0 0 0 0",
	    "conn 1 1 0 0 0 0 3 0 0 0 0", "conn 1 9 0 0 0 0 0 0 0 0 0",
	    "conn 1 1 0 2 0 0 0 0 0 0 0", "conn 1 1 0 0 65 0 0 0 0 0 0",
	    "conn 4294967295 1 0 0 0 0 0 0 0 0 0", "key 1 2 3", "notbefore x",
	    "notbefore 5", "notbefore -1 anna",
	    "master 0 99999999999999999999999 1 1 1 1 1 1"};
	char text[8192], bad[9000];
	int fd = handover_write(&h);
	ssize_t n = pread(fd, text, sizeof(text), 0);
	const char *end;

	(void)state;
	close(fd);
	for (ssize_t cut = 0; cut < n - 1; cut++) {
		fd = memfd_of(text, (size_t)cut);
		assert_int_equal(read_back(fd), -1);
		close(fd);
	}
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		fd = memfd_of(lines[i], strlen(lines[i]));
		assert_int_equal(read_back(fd), -1);
		close(fd);
	}
	text[n] = '\0';
	end = strstr(text, "end\n");
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		snprintf(bad, sizeof(bad), "%.*s%s\nend\n", (int)(end - text),
		    text, more[i]);
		fd = memfd_of(bad, strlen(bad));
		assert_int_equal(read_back(fd), -1);
		close(fd);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(everything_comes_back),
	    TEST(connections_are_counted_on),
	    TEST(many_connections_and_holes),
	    TEST(what_is_not_whole_or_not_known_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
