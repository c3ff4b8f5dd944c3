/* The watch process: what others do in a folder ends up on the board. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "t/unit/watch_house.h"

static void
a_delivery_rings_the_workers_bell(void **state)
{
	static const char *const subs[] = {"new", "cur", "courierimapkeywords"};
	struct pollfd p = {.fd = bells[0], .events = POLLIN};
	uint32_t slots[64];

	(void)state;
	watched(0, &folder);
	for (int i = 0; i < 3; i++) {
		while (board_take(board, 0, bells[0], slots, 64) > 0)
			continue;
		deliver(&folder, subs[i]);
		assert_int_equal(poll(&p, 1, 5000), 1);
		assert_int_equal(board_take(board, 0, bells[0], slots, 64), 1);
		assert_int_equal(slots[0], folder.slot);
	}
}

/* NOTIFY: the account's slot too, whether the folder is its INBOX or not. */
static bool
accounts_posted(uint64_t count[2])
{
	uint64_t before[2] = {count[0], count[1]};
	struct stat st;

	assert_int_equal(stat(dir, &st), 0);
	for (int i = 0; i < 5000; i++) {
		count[0] = board_counter(board,
		    board_slot(board, folder.dev | BOARD_ACCOUNT, folder.ino));
		count[1] = board_counter(board,
		    board_slot(board, st.st_dev | BOARD_ACCOUNT, st.st_ino));
		if (count[0] > before[0] && count[1] > before[1])
			return true;
		usleep(1000);
	}
	return false;
}

static void
what_stirs_posts_the_account(void **state)
{
	uint64_t count[2] = {0, 0};
	int fd = open_folder(&folder, O_RDONLY);

	(void)state;
	watched(0, &folder);
	assert_true(accounts_posted(count));
	deliver(&folder, "new");
	assert_true(accounts_posted(count));
	open_notify();
	stir(fd);
	assert_true(accounts_posted(count));
	close(fd);
}

/* NOTIFY: the Maildir's root, where folders come, go and change their names. */
static void
a_root_is_watched_for_its_account(void **state)
{
	struct place root = {.files = 0};
	uint64_t folder_count, count;
	char from[128], to[128];
	struct stat st;

	(void)state;
	assert_int_equal(stat(folder.path, &st), 0);
	root.dev = st.st_dev | BOARD_ACCOUNT;
	root.ino = st.st_ino;
	root.slot = board_slot(board, root.dev, root.ino);
	root.fds[0] = open_folder(&folder, O_RDONLY);
	snprintf(from, sizeof(from), "%s/.from", folder.path);
	snprintf(to, sizeof(to), "%s/.to", folder.path);
	folder_count = board_counter(board, folder.slot);
	count = board_counter(board, root.slot);
	send_watch(0, &root, 0, root.fds, 1);
	assert_true(posted(&root, count, 5000));
	usleep(100000);
	for (int i = 0; i < 3; i++) {
		count = board_counter(board, root.slot);
		if (i == 0)
			assert_int_equal(mkdir(from, 0700), 0);
		else if (i == 1)
			assert_int_equal(rename(from, to), 0);
		else
			assert_int_equal(rmdir(to), 0);
		assert_true(posted(&root, count, 5000));
		/* And once more, when a new one is complete. */
		count = board_counter(board, root.slot);
		assert_true(posted(&root, count, 5000));
		assert_false(posted(&root, count + 1, 500));
	}
	/* It is not the folder: nobody idles there. */
	assert_int_equal(board_counter(board, folder.slot), folder_count);
	send_unwatch(0, &root);
	watched(0, &other); /* in order: it is done */
	count = board_counter(board, root.slot);
	assert_int_equal(mkdir(from, 0700), 0);
	assert_false(posted(&root, count, 300));
	close(root.fds[0]);
}

static void
what_is_no_root_is_not_watched(void **state)
{
	struct place root = folder;
	int right = open_folder(&folder, O_RDONLY), wrong[4];

	(void)state;
	root.dev |= BOARD_ACCOUNT;
	wrong[0] = open_folder(&other, O_RDONLY);
	wrong[1] = open_folder(&folder, O_PATH);
	wrong[2] = folder.fds[0]; /* a folder's, which is in it */
	for (int i = 0; i < 3; i++) {
		send_watch(i / 2, &root, 0, &wrong[i], 1);
		assert_true(told("not a folder to watch", 5000));
	}
	root.fds[0] = right;
	send_watch(1, &root, 0, root.fds, 2); /* one is right */
	assert_true(told("not a folder to watch", 5000));
	/* The 4th and the 8th: the log is not one session's to fill. */
	for (int i = 2; i < 9; i++)
		send_watch(0, &root, 0, &wrong[0], 1);
	assert_true(told("not a folder to watch", 5000));
	assert_true(told("not a folder to watch", 5000));
	assert_false(told("not a folder to watch", 300));
	close(wrong[0]);
	close(wrong[1]);
	close(right);
}

static void
a_change_before_the_watch_is_posted_and_none_is_not(void **state)
{
	uint64_t stamp = board_stamp_dirs(folder.fds), count;

	(void)state;
	count = board_counter(board, folder.slot);
	send_watch(0, &folder, stamp, folder.fds, 3);
	watched(0, &other); /* in order: the first is done */
	assert_int_equal(board_counter(board, folder.slot), count);
	usleep(20000);
	deliver(&other, "new");
	usleep(20000);
	count = board_counter(board, folder.slot);
	deliver(&folder, "new");
	assert_true(posted(&folder, count, 5000));
	count = board_counter(board, folder.slot);
	send_watch(1, &folder, stamp, folder.fds, 3);
	assert_true(posted(&folder, count, 5000));
}

static void
what_a_session_told_is_not_told_again_at_once(void **state)
{
	uint64_t count;

	(void)state;
	watched(0, &folder);
	usleep(100000);
	kill(watch, SIGSTOP);
	deliver(&folder, "cur");
	board_post(board, folder.slot, board_stamp_dirs(folder.fds), bells);
	count = board_counter(board, folder.slot);
	usleep(100000); /* no longer young */
	kill(watch, SIGCONT);
	assert_false(posted(&folder, count, 300));
}

static void
a_young_stamp_is_posted_once_more(void **state)
{
	uint64_t count;

	(void)state;
	watched(0, &folder);
	kill(watch, SIGSTOP);
	deliver(&folder, "cur");
	board_post(board, folder.slot, board_stamp_dirs(folder.fds), bells);
	count = board_counter(board, folder.slot);
	kill(watch, SIGCONT);
	assert_true(posted(&folder, count, 3000));
}

static void
the_last_worker_that_leaves_ends_the_watch(void **state)
{
	uint64_t count;

	(void)state;
	watched(0, &folder);
	watched(1, &folder);
	send_unwatch(0, &folder);
	usleep(20000);
	count = board_counter(board, folder.slot);
	deliver(&folder, "new");
	assert_true(posted(&folder, count, 5000));
	send_unwatch(1, &folder);
	watched(1, &other);
	count = board_counter(board, folder.slot);
	deliver(&folder, "new");
	assert_false(posted(&folder, count, 200));
}

static void
a_dead_workers_watches_are_dropped(void **state)
{
	uint64_t count;

	(void)state;
	watched(0, &folder);
	close(workers[0]);
	add_worker(0, &workers[0]);
	watched(0, &other);
	count = board_counter(board, folder.slot);
	deliver(&folder, "new");
	assert_false(posted(&folder, count, 200));
}

static void
only_directories_of_that_folder_opened_for_reading_are_taken(void **state)
{
	char path[160];
	int bad[3];
	uint64_t count = board_counter(board, folder.slot);

	(void)state;
	memcpy(bad, folder.fds, sizeof(bad));
	snprintf(path, sizeof(path), "%s/cur", folder.path);
	bad[1] = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	send_watch(0, &folder, 1, bad, 3);
	close(bad[1]);
	bad[1] = other.fds[1]; /* of another folder */
	send_watch(0, &folder, 1, bad, 3);
	bad[1] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	send_watch(0, &folder, 1, bad, 3);
	close(bad[1]);
	send_watch(0, &folder, 1, folder.fds, 1);
	send_watch(0, &folder, 1, NULL, 0);
	watched(0, &other);
	assert_int_equal(board_counter(board, folder.slot), count);
	deliver(&folder, "new");
	assert_false(posted(&folder, count, 100));
	/* Without keywords a folder is one, too. */
	send_watch(0, &folder, 1, folder.fds, 2);
	assert_true(posted(&folder, count, 5000));
}

static void
a_worker_that_sends_something_else_is_dropped(void **state)
{
	struct ipc_put put;
	char byte;

	(void)state;
	ipc_begin(&put, IPC_START);
	assert_int_equal(ipc_send(workers[0], &put, NULL, 0), 0);
	assert_int_equal(recv(workers[0], &byte, 1, 0), 0);
	watched(1, &folder);
}

static void
the_slow_check_compares_stamps(void **state)
{
	uint64_t count;

	(void)state;
	watched(0, &folder);
	usleep(20000);
	count = board_counter(board, folder.slot);
	deliver(&folder, "new");
	assert_false(posted(&folder, count, 50)); /* no inotify here */
	assert_true(posted(&folder, count, 3000));
}

static void
a_stop_ends_it(void **state)
{
	struct ipc_put put;
	int status;

	(void)state;
	ipc_begin(&put, IPC_STOP);
	ipc_put_u32(&put, 1);
	ipc_put_u32(&put, 1);
	assert_int_equal(ipc_send(master, &put, NULL, 0), 0);
	assert_int_equal(waitpid(watch, &status, 0), watch);
	assert_int_equal(status, 0);
}

static void
references_are_known_by_worker_and_number(void **state)
{
	uint64_t count;

	(void)state;
	watched(0, &folder);
	folder.number++;
	watched(0, &folder); /* another one */
	send_unwatch(0, &folder);
	send_unwatch(0, &folder); /* once too often */
	folder.number--;
	send_unwatch(1, &folder); /* which has none */
	usleep(20000);
	count = board_counter(board, folder.slot);
	deliver(&folder, "new");
	assert_true(posted(&folder, count, 5000));
	/* A number in use is none for a second one. */
	send_watch(0, &folder, 1, folder.fds, 3);
	send_unwatch(0, &folder);
	watched(1, &other);
	count = board_counter(board, folder.slot);
	deliver(&folder, "new");
	assert_false(posted(&folder, count, 200));
	assert_int_equal(shared->used, 3); /* none is left behind */
}

/* A session that was taken over names another's folder. */
static void
a_refused_watch_takes_nothing_along(void **state)
{
	uint64_t count;

	(void)state;
	watched(0, &folder);
	folder.number++;
	send_watch(0, &folder, 1, other.fds, 3);
	send_unwatch(0, &folder);
	folder.number--;
	watched(0, &other);
	count = board_counter(board, folder.slot);
	deliver(&folder, "new");
	assert_true(posted(&folder, count, 5000));
}

/* ... or has moved its own ones away, and the folder's number is another's now.
 */
static void
what_lies_there_no_more_gives_way(void **state)
{
	static const char *const sub[] = {"new", "cur", "courierimapkeywords"};
	char from[160], to[170];
	uint64_t count;

	(void)state;
	send_watch(0, &folder, 1, folder.fds, 2); /* no keywords yet */
	watched(1, &other);
	folder.number++;
	watched(1, &folder);
	count = board_counter(board, folder.slot);
	deliver(&folder, "courierimapkeywords");
	assert_true(posted(&folder, count, 5000));
	usleep(400000); /* the same once more for a young stamp */
	for (int i = 0; i < 3; i++) {
		snprintf(from, sizeof(from), "%s/%s", folder.path, sub[i]);
		snprintf(to, sizeof(to), "%s/old%d", other.path, i);
		assert_int_equal(rename(from, to), 0);
		assert_int_equal(mkdir(from, 0700), 0);
		close(folder.fds[i]);
		folder.fds[i] = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	folder.number++;
	watched(0, &folder);
	usleep(400000);
	for (int i = 0; i < 3; i++) {
		count = board_counter(board, folder.slot);
		deliver(&folder, sub[i]);
		assert_true(posted(&folder, count, 5000));
		usleep(400000);
	}
	assert_int_equal(shared->used, 6); /* none is left behind */
}

static void
beyond_max_user_watches_the_slow_check_finds_it(void **state)
{
	uint64_t count;

	(void)state;
	shared->most = 3;
	watched(0, &other);
	watched(0, &folder);
	assert_true(told("max_user_watches", 5000));
	usleep(20000);
	count = board_counter(board, folder.slot);
	deliver(&folder, "new");
	assert_true(posted(&folder, count, 3000));
	/* One that is free again is used. */
	send_unwatch(0, &other);
	for (int i = 0; i < 300 && shared->used != 3; i++)
		usleep(10000);
	usleep(1200000); /* a slow check */
	assert_int_equal(shared->used, 3);
	usleep(100000);
	count = board_counter(board, folder.slot);
	deliver(&folder, "new");
	assert_true(posted(&folder, count, 300));
}

static void
an_overflow_is_told_and_every_folder_posted(void **state)
{
	uint64_t count, another;
	char path[160];

	(void)state;
	watched(0, &folder);
	watched(0, &other);
	usleep(100000);
	kill(watch, SIGSTOP);
	for (int i = 0; i < 9000; i++) { /* max_queued_events is 16,384 */
		snprintf(path, sizeof(path), "%s/new/x%d", folder.path, i);
		close(open(path, O_WRONLY | O_CREAT, 0600));
		unlink(path);
	}
	count = board_counter(board, folder.slot);
	another = board_counter(board, other.slot);
	kill(watch, SIGCONT);
	assert_true(posted(&folder, count, 5000));
	assert_true(posted(&other, another, 5000));
	assert_true(told("queue ran over", 5000));
}

static void
a_reload_switches_inotify_off_and_on(void **state)
{
	struct ipc_put put;
	struct boot other_boot = boot;
	int fd;

	(void)state;
	watched(0, &folder);
	for (unsigned on = 0; on < 2; on++) {
		other_boot.magic = BOOT_MAGIC;
		other_boot.version = IPC_VERSION;
		other_boot.size = sizeof(other_boot);
		other_boot.set.enhancedidle = on;
		fd = boot_write(&other_boot);
		ipc_begin(&put, IPC_SETTINGS);
		assert_int_equal(ipc_send(master, &put, &fd, 1), 0);
		close(fd);
		for (int i = 0; i < 500 && shared->used != (on ? 3 : 0); i++)
			usleep(10000);
		assert_int_equal(shared->used, on ? 3 : 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_delivery_rings_the_workers_bell),
	    TEST(what_stirs_posts_the_account),
	    TEST(a_root_is_watched_for_its_account),
	    TEST(what_is_no_root_is_not_watched),
	    TEST(a_change_before_the_watch_is_posted_and_none_is_not),
	    TEST(what_a_session_told_is_not_told_again_at_once),
	    TEST(a_young_stamp_is_posted_once_more),
	    TEST(the_last_worker_that_leaves_ends_the_watch),
	    TEST(a_dead_workers_watches_are_dropped),
	    TEST(only_directories_of_that_folder_opened_for_reading_are_taken),
	    TEST(a_worker_that_sends_something_else_is_dropped),
	    cmocka_unit_test_setup_teardown(
		the_slow_check_compares_stamps, setup_slow, teardown),
	    TEST(a_stop_ends_it),
	    TEST(references_are_known_by_worker_and_number),
	    TEST(a_refused_watch_takes_nothing_along),
	    TEST(what_lies_there_no_more_gives_way),
	    TEST(beyond_max_user_watches_the_slow_check_finds_it),
	    TEST(an_overflow_is_told_and_every_folder_posted),
	    TEST(a_reload_switches_inotify_off_and_on),
	};

	if (house() == -1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
