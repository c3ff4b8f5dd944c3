/* The watch process's notify socket: what programs outside post, and how often.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "t/unit/watch_house.h"

static void
a_program_outside_posts_a_directory_that_it_can_read(void **state)
{
	int fd = open_folder(&folder, O_RDONLY);
	uint64_t count = board_counter(board, folder.slot);

	(void)state;
	open_notify();
	stir(fd);
	assert_true(posted(&folder, count, 5000));
	assert_int_equal(
	    board_stamp(board, folder.slot), board_stamp_dirs(folder.fds));
	close(fd);
}

static void
what_proves_nothing_is_not_posted(void **state)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int path = open_folder(&folder, O_PATH), right;
	int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t count = board_counter(board, folder.slot);

	(void)state;
	open_notify();
	stir(path);
	stir(file);
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", notify);
	/* Without a descriptor, and of the size of anything. */
	(void)sendto(s, "hello", 5, 0, (struct sockaddr *)&un, sizeof(un));
	(void)sendto(s, "", 0, 0, (struct sockaddr *)&un, sizeof(un));
	assert_false(posted(&folder, count, 100));
	right = open_folder(&folder, O_RDONLY);
	stir(right);
	assert_true(posted(&folder, count, 5000));
	close(right);
	close(path);
	close(file);
	close(s);
}

/* 100 at once, what is beyond is one post when the second is over. */
static void
a_uid_has_so_many_posts_a_second(void **state)
{
	int fd = open_folder(&folder, O_RDONLY);
	int more = open_folder(&other, O_RDONLY);
	uint64_t count = board_counter(board, folder.slot);
	uint64_t another = board_counter(board, other.slot);
	struct timespec began, now;

	(void)state;
	open_notify();
	(void)clock_gettime(CLOCK_MONOTONIC, &began);
	for (int i = 0; i < WATCH_LOCAL_RATE - 1; i++)
		stir(fd);
	for (int i = 0; i < WATCH_LOCAL_RATE - 1; i++)
		assert_true(posted(&folder, count + (uint64_t)i, 5000));
	stir(fd);
	for (int i = 0; i < 50; i++)
		stir(more);
	assert_true(posted(&folder, count + WATCH_LOCAL_RATE - 1, 5000));
	usleep(100000);
	assert_int_equal(
	    board_counter(board, folder.slot), count + WATCH_LOCAL_RATE);
	uint64_t after = board_counter(board, other.slot);
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	/* Where all that took a second the second is over. */
	if (now.tv_sec - began.tv_sec < 1)
		assert_int_equal(after, another);
	assert_true(posted(&other, another, 3000));
	usleep(50000);
	assert_int_equal(board_counter(board, other.slot), another + 1);
	close(fd);
	close(more);
}

/* More folders than can wait: all that are watched are looked at. */
static void
nothing_is_lost_beyond_what_can_be_merged(void **state)
{
	int fd = open_folder(&other, O_RDONLY), one;
	uint64_t count;
	char path[160];

	(void)state;
	watched(0, &folder);
	open_notify();
	for (int i = 0; i < WATCH_LOCAL_RATE; i++)
		stir(fd);
	for (int i = 0; i < WATCH_LOCAL_MERGED; i++) {
		snprintf(path, sizeof(path), "%s/many%d", dir, i);
		assert_int_equal(mkdir(path, 0700), 0);
		one = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		stir(one);
		close(one);
		rmdir(path);
	}
	usleep(20000);
	count = board_counter(board, folder.slot);
	deliver(&folder, "new");
	one = open_folder(&folder, O_RDONLY);
	stir(one);
	close(one);
	assert_true(posted(&folder, count, 3000));
	close(fd);
}

static void
a_living_servers_socket_is_not_taken(void **state)
{
	char path[96], file[96];
	struct stat st;
	int fd, again;

	(void)state;
	snprintf(path, sizeof(path), "%s/socket", dir);
	fd = local_open(path, SOCK_SEQPACKET, 0660, getgid());
	assert_int_not_equal(fd, -1);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(local_open(path, SOCK_SEQPACKET, 0660, -1u), -1);
	assert_int_equal(errno, EADDRINUSE);
	close(fd); /* dead */
	again = local_open(path, SOCK_SEQPACKET, 0660, -1u);
	assert_int_not_equal(again, -1);
	close(again);
	local_remove(path);
	snprintf(file, sizeof(file), "%s/file", dir);
	close(open(file, O_WRONLY | O_CREAT, 0600));
	assert_int_equal(local_open(file, SOCK_DGRAM, 0666, -1u), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(local_open("", SOCK_DGRAM, 0666, -1u), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_program_outside_posts_a_directory_that_it_can_read),
	    TEST(what_proves_nothing_is_not_posted),
	    TEST(a_uid_has_so_many_posts_a_second),
	    cmocka_unit_test_setup_teardown(
		nothing_is_lost_beyond_what_can_be_merged, setup_slow,
		teardown),
	    TEST(a_living_servers_socket_is_not_taken),
	};

	if (house() == -1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
