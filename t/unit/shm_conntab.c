/* The connection table: one writer, readers that trust nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shm/conntab.h"

static int fd;
static struct conntab *writer;

static int
setup(void **state)
{
	(void)state;
	fd = conntab_create(3);
	writer = fd == -1 ? NULL : conntab_map(fd, true);
	return writer == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	conntab_unmap(writer);
	close(fd);
	return 0;
}

static struct conntab *
reader(void)
{
	int ro = conntab_reopen(fd);
	struct conntab *t;

	assert_int_not_equal(ro, -1);
	t = conntab_map(ro, false);
	assert_non_null(t);
	close(ro);
	return t;
}

static void
what_is_written_is_read(void **state)
{
	struct conntab_entry e = {.conn = 7,
	    .state = CONNTAB_IDLE,
	    .flags = CONNTAB_TLS,
	    .in = 5,
	    .user = "anna",
	    .folder = "INBOX"};
	struct conntab *t = reader();
	struct conntab_entry got;
	uint32_t at = conntab_take(writer);

	(void)state;
	assert_int_equal(conntab_used(t), 1);
	assert_int_equal(conntab_read(t, at, &got), 0); /* still free */
	conntab_write(writer, at, &e);
	assert_int_equal(conntab_read(t, at, &got), 1);
	assert_memory_equal(&got, &e, sizeof(e));
	conntab_count(writer, CONNTAB_LOGINS, 2);
	conntab_count(writer, CONNTAB_LOGINS, 1);
	assert_int_equal(conntab_counter(t, CONNTAB_LOGINS), 3);
	conntab_release(writer, at);
	assert_int_equal(conntab_read(t, at, &got), 0);
	conntab_unmap(t);
}

static void
it_has_so_many_records_and_no_more(void **state)
{
	struct conntab *t = reader();
	struct conntab_entry got;
	uint32_t at[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		at[i] = conntab_take(writer);
		assert_int_equal(at[i], i);
	}
	assert_int_equal(conntab_take(writer), CONNTAB_NONE);
	assert_int_equal(conntab_used(t), 3);
	assert_int_equal(conntab_read(t, 3, &got), 0);
	conntab_release(writer, at[1]);
	assert_int_equal(conntab_take(writer), at[1]);
	assert_int_equal(conntab_take(writer), CONNTAB_NONE);
	conntab_unmap(t);
}

static void
a_reader_cannot_write_and_nobody_can_cut_it(void **state)
{
	int ro = conntab_reopen(fd);
	struct stat st;

	(void)state;
	assert_ptr_equal(
	    mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ro, 0),
	    MAP_FAILED);
	assert_int_equal(errno, EACCES);
	assert_int_equal(write(ro, "x", 1), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(ftruncate(fd, 1 << 20), -1);
	assert_int_equal(fstat(ro, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	close(ro);
}

static void
a_table_that_lies_is_refused(void **state)
{
	int bad = memfd_create("bad", MFD_CLOEXEC);
	char page[8192] = {0};

	(void)state;
	assert_null(conntab_map(bad, false));
	assert_int_equal(errno, EPROTO);
	assert_int_equal(write(bad, page, sizeof(page)), sizeof(page));
	assert_null(conntab_map(bad, false));
	/* A right header over another size. */
	assert_int_equal(pread(fd, page, 4096, 0), 4096);
	assert_int_equal(pwrite(bad, page, 4096, 0), 4096);
	assert_null(conntab_map(bad, false));
	assert_int_equal(errno, EPROTO);
	close(bad);
}

static void
texts_end_and_states_are_known_whatever_is_there(void **state)
{
	struct conntab_entry e, got;
	struct conntab *t = reader();
	uint32_t at = conntab_take(writer);

	(void)state;
	memset(&e, 'x', sizeof(e));
	conntab_write(writer, at, &e);
	assert_int_equal(conntab_read(t, at, &got), 0); /* no such state */
	e.state = CONNTAB_STATES - 1;
	conntab_write(writer, at, &e);
	assert_int_equal(conntab_read(t, at, &got), 1);
	assert_int_equal(strlen(got.user), CONNTAB_USER - 1);
	assert_int_equal(strlen(got.folder), CONNTAB_FOLDER - 1);
	e.state = CONNTAB_STATES;
	conntab_write(writer, at, &e);
	assert_int_equal(conntab_read(t, at, &got), 0);
	conntab_unmap(t);
}

/* Every record that is read is one that was written. */
static void
a_reader_never_sees_half_a_record(void **state)
{
	struct conntab_entry e = {.state = CONNTAB_AUTH}, got;
	uint32_t at = conntab_take(writer);
	struct conntab *t = reader();
	int status, seen = 0;
	pid_t pid;

	(void)state;
	conntab_write(writer, at, &e);
	pid = fork();
	if (pid == 0) {
		for (uint64_t i = 1; i <= 300000; i++) {
			e.conn = e.in = e.out = i;
			memset(e.user, (int)('a' + i % 26), CONNTAB_USER - 1);
			memset(
			    e.folder, (int)('a' + i % 26), CONNTAB_FOLDER - 1);
			conntab_write(writer, at, &e);
		}
		_exit(0);
	}
	do {
		if (conntab_read(t, at, &got) == 0)
			continue;
		assert_int_equal(got.conn, got.in);
		assert_int_equal(got.conn, got.out);
		if (got.conn > 0) {
			assert_int_equal(got.user[0], 'a' + got.conn % 26);
			assert_int_equal(got.folder[CONNTAB_FOLDER - 2],
			    'a' + got.conn % 26);
			seen++;
		}
	} while (waitpid(pid, &status, WNOHANG) == 0);
	assert_int_equal(status, 0);
	assert_true(seen > 0);
	conntab_unmap(t);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_is_written_is_read),
	    TEST(it_has_so_many_records_and_no_more),
	    TEST(a_reader_cannot_write_and_nobody_can_cut_it),
	    TEST(a_table_that_lies_is_refused),
	    TEST(texts_end_and_states_are_known_whatever_is_there),
	    TEST(a_reader_never_sees_half_a_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
