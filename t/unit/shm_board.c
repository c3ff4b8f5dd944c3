/* The board: no notice is lost, whichever way poster and sleeper interleave. */
#include <sys/eventfd.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shm/board.h"
#include "shm/boot.h"

#define WAKES 200000

static const uint64_t key[2] = {1, 2};
static int bells[BOOT_WORKERS];

static struct board *
make_board(void)
{
	struct board *b;
	int fd = board_create(board_slots(100)), i;

	assert_true(fd >= 0);
	b = board_map(fd, key);
	assert_non_null(b);
	(void)close(fd);
	for (i = 0; i < BOOT_WORKERS; i++)
		bells[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return b;
}

static void
free_board(struct board *b)
{
	int i;

	board_unmap(b);
	for (i = 0; i < BOOT_WORKERS; i++)
		(void)close(bells[i]);
}

static void
slots_grow_with_connections(void **state)
{
	(void)state;
	assert_int_equal(board_slots(0), 65536);
	assert_int_equal(board_slots(16384), 65536);
	assert_int_equal(board_slots(16385), 131072);
	assert_int_equal(board_slots(UINT32_MAX), 1 << 22);
}

static void
a_strange_board_is_not_mapped(void **state)
{
	int fd = board_create(65536);
	uint64_t bad = 1;

	(void)state;
	assert_int_equal(pwrite(fd, &bad, 8, 0), 8);
	assert_null(board_map(fd, key));
	assert_int_equal(errno, EPROTO);
	assert_int_equal(ftruncate(fd, 100), 0);
	assert_null(board_map(fd, key));
	(void)close(fd);
}

static void
a_post_reaches_only_those_in_the_mask(void **state)
{
	struct board *b = make_board();
	uint32_t slot = board_slot(b, 5, 77), got[64];
	uint64_t before;

	(void)state;
	assert_int_equal(slot, board_slot(b, 5, 77));
	assert_int_not_equal(slot, board_slot(b, 6, 77));
	board_begin(b, 0);
	board_begin(b, 63);
	board_enter(b, slot, 63);
	before = board_counter(b, slot);
	board_post(b, slot, 42, bells);
	assert_true(board_counter(b, slot) == before + 1);
	assert_true(board_stamp(b, slot) == 42);
	assert_int_equal(board_take(b, 0, bells[0], got, 64), 0);
	assert_int_equal(board_take(b, 63, bells[63], got, 64), 1);
	assert_int_equal(got[0], slot);
	assert_int_equal(board_take(b, 63, bells[63], got, 64), 0);
	board_leave(b, slot, 63);
	board_post(b, slot, 43, bells);
	assert_int_equal(board_take(b, 63, bells[63], got, 64), 0);
	free_board(b);
}

static void
many_dirty_slots_come_in_portions(void **state)
{
	struct board *b = make_board();
	uint32_t got[100], i;
	size_t n, sum = 0;
	char *seen = calloc(1, 65536);

	(void)state;
	for (i = 0; i < 65536; i += 3) {
		board_enter(b, i, 1);
		board_post(b, i, 0, bells);
	}
	while ((n = board_take(b, 1, bells[1], got, 100)) > 0)
		for (sum += n; n > 0; n--)
			assert_int_equal(seen[got[n - 1]]++, 0);
	assert_int_equal(sum, 65536 / 3 + 1);
	free(seen);
	free_board(b);
}

static void
a_new_worker_inherits_nothing(void **state)
{
	struct board *b = make_board();
	uint32_t got[64];

	(void)state;
	board_enter(b, 9, 4);
	board_post(b, 9, 0, bells);
	board_begin(b, 4);
	assert_int_equal(board_take(b, 4, bells[4], got, 64), 0);
	board_post(b, 9, 0, bells);
	assert_int_equal(board_take(b, 4, bells[4], got, 64), 0);
	free_board(b);
}

/* The poster waits for each answer, so one lost wake stops everything. */
static void
two_hundred_thousand_wakes_lose_none(void **state)
{
	struct board *b = make_board();
	struct pollfd p = {.fd = bells[2], .events = POLLIN};
	uint32_t slot = board_slot(b, 1, 1), got[64];
	uint64_t seen = 0, now;
	int back[2], status;
	char byte = 0;
	pid_t child;

	(void)state;
	assert_int_equal(pipe2(back, O_CLOEXEC), 0);
	board_begin(b, 2);
	board_enter(b, slot, 2);
	if ((child = fork()) == 0) {
		for (int i = 0; i < WAKES; i++) {
			board_post(b, slot, (uint64_t)i, bells);
			if (i % 16 == 15 && read(back[0], &byte, 1) != 1)
				_exit(1);
		}
		_exit(0);
	}
	while (seen < WAKES) {
		while (board_take(b, 2, bells[2], got, 64) > 0)
			;
		now = board_counter(b, slot);
		for (; seen / 16 < now / 16; seen = (seen / 16 + 1) * 16)
			assert_int_equal(write(back[1], &byte, 1), 1);
		seen = now;
		if (seen < WAKES && poll(&p, 1, 5000) != 1)
			fail_msg("a wake was lost after %llu",
			    (unsigned long long)seen);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	(void)close(back[0]);
	(void)close(back[1]);
	free_board(b);
}

static bool
rings(int bell)
{
	struct pollfd p = {.fd = bell, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

/*
 * A poster that is killed before its n-th instruction; false: it was done,
 * after *steps of them.
 */
static bool
die_posting(struct board *b, uint32_t slot, unsigned n, unsigned *steps)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1)
			_exit(2);
		(void)raise(SIGSTOP);
		board_post(b, slot, 1, bells);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	for (*steps = 0; *steps < n && WIFSTOPPED(status); ++*steps) {
		assert_int_equal(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
	}
	if (WIFSTOPPED(status)) {
		(void)kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		return true;
	}
	assert_int_equal(status, 0);
	return false;
}

/*
 * At each instruction (with a sanitizer's thousands, at two hundred of
 * them): nobody blocks, and with the master's ring all that is posted
 * afterwards is heard. Without it some would not be.
 */
static void
a_poster_may_die_at_any_instruction(void **state)
{
	struct board *b = make_board();
	uint32_t slot = board_slot(b, 7, 7), got[64];
	unsigned deaf = 0, n, all, steps;

	(void)state;
	board_begin(b, 2);
	board_enter(b, slot, 2);
	assert_false(die_posting(b, slot, UINT_MAX, &all));
	assert_in_range(all, 50, 1000000);
	assert_int_equal(board_take(b, 2, bells[2], got, 64), 1);
	for (n = 0; n<all; n += all> 2000 ? all / 200 : 1) {
		if (!die_posting(b, slot, n, &steps))
			break;
		board_post(b, slot, 2, bells);
		deaf += !rings(bells[2]);
		board_ring(bells);
		assert_true(rings(bells[2]));
		assert_int_equal(board_take(b, 2, bells[2], got, 64), 1);
		assert_int_equal(got[0], slot);
		assert_int_equal(board_take(b, 2, bells[2], got, 64), 0);
		board_post(b, slot, 3, bells);
		assert_true(rings(bells[2]));
		assert_int_equal(board_take(b, 2, bells[2], got, 64), 1);
	}
	assert_true(n + 50 + all / 200 > all);
	assert_true(deaf > 0);
	free_board(b);
}

static void
a_stamp_moves_with_the_directories(void **state)
{
	char dir[] = "/tmp/board-XXXXXX", path[64];
	int fds[3] = {-1, -1, -1};
	uint64_t none = board_stamp_dirs(fds), one, two;
	struct timespec t[2] = {{1, 0}, {1, 0}};

	(void)state;
	assert_non_null(mkdtemp(dir));
	fds[1] = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	one = board_stamp_dirs(fds);
	assert_true(one != none);
	assert_true(one == board_stamp_dirs(fds));
	assert_int_equal(futimens(fds[1], t), 0);
	two = board_stamp_dirs(fds);
	assert_true(two != one);
	(void)snprintf(path, sizeof(path), "%s", dir);
	(void)rmdir(path);
	(void)close(fds[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(slots_grow_with_connections),
	    cmocka_unit_test(a_strange_board_is_not_mapped),
	    cmocka_unit_test(a_post_reaches_only_those_in_the_mask),
	    cmocka_unit_test(many_dirty_slots_come_in_portions),
	    cmocka_unit_test(a_new_worker_inherits_nothing),
	    cmocka_unit_test(two_hundred_thousand_wakes_lose_none),
	    cmocka_unit_test(a_poster_may_die_at_any_instruction),
	    cmocka_unit_test(a_stamp_moves_with_the_directories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
