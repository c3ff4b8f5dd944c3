/*
 * The folder's lock: one holder at a time, a deadline, gone with its holder;
 * Courier's dot-lock in its form and by its rules.
 */
#include "t/unit/maildir_store.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "maildir/lock.h"

#define DOT "tmp/courier.lock"

static struct lock lock;
static int dirfd_;

static int
setup(void **state)
{
	if (tree_setup(state) == -1)
		return -1;
	dirfd_ = tree_fd("");
	lock.dirfd = -1;
	return 0;
}

static int
teardown(void **state)
{
	lock_drop(&lock);
	(void)close(dirfd_);
	return tree_teardown(state);
}

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* What Courier would write for a pid of this host. */
static const char *
owner(long pid)
{
	static char out[400];
	char host[256] = "";

	(void)gethostname(host, sizeof(host) - 1);
	(void)snprintf(out, sizeof(out), "%ld:%s", pid, host);
	return out;
}

static long
dead_pid(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	assert_int_not_equal(pid, -1);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return pid;
}

static void
age(const char *path, time_t seconds)
{
	struct timespec times[2] = {
	    {.tv_sec = time(NULL) - seconds}, {.tv_sec = time(NULL) - seconds}};

	assert_int_equal(utimensat(AT_FDCWD, at(path), times, 0), 0);
}

static void
a_second_descriptor_waits_until_its_deadline(void **state)
{
	struct lock other;
	int fd = tree_fd("");
	double start;

	(void)state;
	assert_int_equal(lock_take(&lock, dirfd_, 1), 0);
	assert_true(lock.flocked);
	start = now();
	assert_int_equal(lock_take(&other, fd, 1), -1);
	assert_int_equal(errno, EBUSY);
	assert_true(now() - start >= 0.9 && now() - start < 1.6);
	assert_int_equal(lock_take(&other, fd, 0), -1);
	lock_drop(&lock);
	lock_drop(&lock);
	assert_int_equal(lock_take(&other, fd, 0), 0);
	lock_drop(&other);
	(void)close(fd);
}

static void
the_lock_goes_with_its_holder(void **state)
{
	int pipefd[2];
	pid_t pid;
	char c;

	(void)state;
	assert_int_equal(pipe(pipefd), 0);
	if ((pid = fork()) == 0) {
		int fd = open(tree, O_RDONLY | O_DIRECTORY);

		if (lock_take(&lock, fd, 1) == 0 && write(pipefd[1], "x", 1))
			(void)pause();
		_exit(1);
	}
	assert_int_equal(read(pipefd[0], &c, 1), 1);
	assert_int_equal(lock_take(&lock, dirfd_, 0), -1);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(lock_take(&lock, dirfd_, 0), 0);
	(void)close(pipefd[0]);
	(void)close(pipefd[1]);
}

static void
dot_lock_has_couriers_form(void **state)
{
	(void)state;
	assert_int_equal(lock_take(&lock, dirfd_, 1), 0);
	assert_int_equal(lock_dot(&lock, 1), 0);
	assert_string_equal(tree_read(DOT), owner(getpid()));
	assert_int_equal(tree_count("tmp", ""), 1);
	assert_int_equal(lock_dot(&lock, 1), 0);
	lock_drop(&lock);
	assert_int_equal(tree_count("tmp", ""), 0);
}

static void
a_dead_owner_costs_less_than_a_second(void **state)
{
	double start = now();

	(void)state;
	tree_write(DOT, owner(dead_pid()));
	assert_int_equal(lock_take(&lock, dirfd_, 5), 0);
	assert_int_equal(lock_dot(&lock, 5), 0);
	assert_true(now() - start < 0.9);
	assert_string_equal(tree_read(DOT), owner(getpid()));
	lock_drop(&lock);
	/* Our own number, from another life. */
	tree_write(DOT, owner(getpid()));
	assert_int_equal(lock_take(&lock, dirfd_, 5), 0);
	assert_int_equal(lock_dot(&lock, 5), 0);
	assert_true(now() - start < 0.9);
}

static time_t
uptime(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec;
}

static void
a_living_owner_is_waited_for(void **state)
{
	(void)state;
	tree_write(DOT, owner(getppid()));
	age(DOT, uptime());
	assert_int_equal(lock_take(&lock, dirfd_, 1), 0);
	assert_int_equal(lock_dot(&lock, 0), -1);
	assert_int_equal(errno, EBUSY);
	assert_string_equal(tree_read(DOT), owner(getppid()));
	assert_int_equal(tree_count("tmp", ""), 1);
	assert_int_equal(unlink(at(DOT)), 0);
	assert_int_equal(lock_dot(&lock, 0), 0);
}

/* A power cut: its number is another's by now. */
static void
a_lock_of_another_boot_has_no_owner(void **state)
{
	(void)state;
	tree_write(DOT, owner(getppid()));
	age(DOT, uptime() + 200);
	assert_int_equal(lock_take(&lock, dirfd_, 1), 0);
	assert_int_equal(lock_dot(&lock, 1), 0);
	assert_string_equal(tree_read(DOT), owner(getpid()));
}

static void
who_cannot_be_asked_is_stale_after_120_seconds(void **state)
{
	static const struct {
		const char *text;
		time_t age;
		bool stale;
	} cases[] = {
	    {"1:other.host.example", 118, false},
	    {"1:other.host.example", 121, true},
	    {"", 118, false},
	    {"", 121, true},
	    {"garbage", 118, false},
	    {"garbage", 121, true},
	    {"1:x", -100, false},
	    {"1:x", -125, true},
	};
	size_t i;

	(void)state;
	assert_int_equal(lock_take(&lock, dirfd_, 1), 0);
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		tree_write(DOT, cases[i].text);
		age(DOT, cases[i].age);
		if ((lock_dot(&lock, 0) == 0) != cases[i].stale &&
		    !cases[i].stale)
			fail_msg("case %zu", i);
		if (cases[i].stale && !lock.dotted && lock_dot(&lock, 1) == -1)
			fail_msg("case %zu", i);
		lock_drop(&lock);
		(void)unlink(at(DOT));
		assert_int_equal(lock_take(&lock, dirfd_, 1), 0);
	}
	/* With a line end it is not Courier's: another host's rules. */
	tree_write(DOT, owner(dead_pid()));
	assert_int_equal(truncate(at(DOT), 0), 0);
	assert_int_equal(lock_dot(&lock, 0), -1);
}

static void
nothing_is_made_where_nothing_may_be(void **state)
{
	(void)state;
	assert_int_equal(rmdir(at("tmp")), 0);
	assert_int_equal(lock_take(&lock, dirfd_, 1), 0);
	assert_int_equal(lock_dot(&lock, 0), -1);
	assert_int_equal(errno, ENOENT);
}

/* Readers and writers of one counter, dot-locked: no step is lost. */
static void
no_two_hold_it_at_once(void **state)
{
	pid_t pids[4];
	char text[32];
	int i, j, status;

	(void)state;
	tree_write("count", "0");
	for (i = 0; i < 4; i++) {
		if ((pids[i] = fork()) != 0)
			continue;
		int fd = open(tree, O_RDONLY | O_DIRECTORY);

		for (j = 0; j < 25; j++) {
			if (lock_take(&lock, fd, 20) == -1 ||
			    (i % 2 == 0 && lock_dot(&lock, 20) == -1))
				_exit(1);
			(void)snprintf(text, sizeof(text), "%ld",
			    atol(tree_read("count")) + 1);
			tree_write("count", text);
			lock_drop(&lock);
		}
		_exit(0);
	}
	for (i = 0; i < 4; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_string_equal(tree_read("count"), "100");
	assert_int_equal(tree_count("tmp", ""), 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(a_second_descriptor_waits_until_its_deadline),
	    TEST(the_lock_goes_with_its_holder),
	    TEST(dot_lock_has_couriers_form),
	    TEST(a_dead_owner_costs_less_than_a_second),
	    TEST(a_living_owner_is_waited_for),
	    TEST(a_lock_of_another_boot_has_no_owner),
	    TEST(who_cannot_be_asked_is_stale_after_120_seconds),
	    TEST(nothing_is_made_where_nothing_may_be),
	    TEST(no_two_hold_it_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
