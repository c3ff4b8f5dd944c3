/* One child per question: what it may do wrong, and what it never holds up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "auth/child.h"
#include "auth/pool.h"
#include "shm/limits.h"

static int
answers(const void *question, void *record)
{
	uint32_t n = *(const uint32_t *)question + 1;

	memcpy(record, &n, sizeof(n));
	return 0;
}

static int
refuses(const void *question, void *record)
{
	(void)question;
	(void)record;
	return -1;
}

static int
exits(const void *question, void *record)
{
	(void)record;
	_exit(*(const int *)question);
}

static int
is_killed(const void *question, void *record)
{
	(void)question;
	(void)record;
	(void)raise(SIGKILL);
	return 0;
}

static int
sleeps(const void *question, void *record)
{
	(void)question;
	(void)record;
	while (pause() == -1)
		;
	return -1;
}

/* Writes so many bytes itself and exits with 0. */
static int
writes(const void *question, void *record)
{
	static char junk[4000];
	size_t n = *(const size_t *)question;

	(void)record;
	memset(junk, 'j', sizeof(junk));
	_exit(write(3, junk, n) == (ssize_t)n ? 0 : 1);
	return -1;
}

/* Something before the right record. */
static int
stutters(const void *question, void *record)
{
	if (write(3, "x", 1) != 1)
		return -1;
	return answers(question, record);
}

/* Answers with its number. */
static int
leaves_a_grandchild(const void *question, void *record)
{
	pid_t pid = fork();

	if (pid == 0)
		sleeps(question, record);
	memcpy(record, &pid, sizeof(pid));
	return pid == -1 ? -1 : 0;
}

/* Not there, or a zombie that waits for its new parent. */
static bool
is_dead(uint32_t pid)
{
	char path[32], stat[256] = "";
	const char *name;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	if ((f = fopen(path, "r")) == NULL)
		return true;
	if (fgets(stat, sizeof(stat), f) == NULL)
		stat[0] = '\0';
	fclose(f);
	name = strrchr(stat, ')');
	return name == NULL || strchr("ZX", name[2]) != NULL;
}

static int
holds_only_its_pipe(const void *question, void *record)
{
	for (int fd = 4; fd < 256; fd++)
		if (fcntl(fd, F_GETFD) != -1)
			return -1;
	return answers(question, record);
}

/* Waits for one end, at most so many ms. */
static enum pool_end
finish(struct pool *p, uint64_t *id, uint32_t *record, int ms)
{
	struct pollfd fds[POOL_MAX];
	uint64_t until = child_now() + (uint64_t)ms;
	enum pool_end end;

	while ((end = pool_take(p, child_now(), id, record)) == POOL_NONE &&
	       child_now() < until) {
		size_t n = pool_poll(p, fds);
		uint64_t next = pool_deadline(p);

		(void)poll(fds, (nfds_t)n,
		    child_timeout(next < until ? next : until, child_now()));
	}
	return end;
}

static void
an_answer_comes_with_its_id(void **state)
{
	uint32_t question[3] = {10, 20, 30}, record;
	unsigned seen = 0;
	struct pool p;
	uint64_t id;

	(void)state;
	pool_init(&p, sizeof(record), 5000);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(
		    pool_start(&p, i, answers, &question[i], child_now()), 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(finish(&p, &id, &record, 5000), POOL_ANSWER);
		assert_true(id < 3);
		assert_int_equal(record, question[id] + 1);
		seen |= 1u << id;
	}
	assert_int_equal(seen, 7);
	assert_int_equal(p.running, 0);
	assert_int_equal(finish(&p, &id, &record, 0), POOL_NONE);
	assert_true(pool_deadline(&p) == UINT64_MAX);
}

static void
what_is_not_one_record_and_exit_0_is_no_answer(void **state)
{
	static const size_t frame = 16 + sizeof(uint32_t);
	static const int codes[] = {0, 1, 255};
	static const size_t sizes[] = {
	    1, frame - 1, frame, frame + 1, 2 * frame, 4000};
	uint32_t question = 1, record;
	struct pool p;
	uint64_t id;

	(void)state;
	pool_init(&p, sizeof(record), 5000);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(
		    pool_start(&p, 7, exits, &codes[i], child_now()), 0);
		assert_int_equal(finish(&p, &id, &record, 5000), POOL_FAILED);
		assert_int_equal(id, 7);
	}
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_int_equal(
		    pool_start(&p, 8, writes, &sizes[i], child_now()), 0);
		assert_int_equal(finish(&p, &id, &record, 5000), POOL_FAILED);
	}
	assert_int_equal(pool_start(&p, 9, refuses, &question, 0), 0);
	assert_int_equal(finish(&p, &id, &record, 5000), POOL_FAILED);
	assert_int_equal(
	    pool_start(&p, 9, is_killed, &question, child_now()), 0);
	assert_int_equal(finish(&p, &id, &record, 5000), POOL_FAILED);
	assert_int_equal(
	    pool_start(&p, 9, stutters, &question, child_now()), 0);
	assert_int_equal(finish(&p, &id, &record, 5000), POOL_FAILED);
	assert_int_equal(p.running, 0);
}

static void
a_grandchild_holds_nobody_up_and_is_ended(void **state)
{
	uint32_t question = 1, record;
	struct pool p;
	uint64_t id, begun = child_now();

	(void)state;
	pool_init(&p, sizeof(record), 5000);
	assert_int_equal(
	    pool_start(&p, 1, leaves_a_grandchild, &question, begun), 0);
	assert_int_equal(finish(&p, &id, &record, 5000), POOL_ANSWER);
	assert_true(child_now() - begun < 2000);
	for (int i = 0; i < 100 && !is_dead(record); i++)
		(void)usleep(10000);
	assert_true(is_dead(record));
}

static void
who_is_over_time_is_killed(void **state)
{
	uint32_t question = 1, record;
	uint64_t id, begun = child_now();
	struct pool p;

	(void)state;
	pool_init(&p, sizeof(record), PAM_MS);
	assert_int_equal(pool_start(&p, 1, sleeps, &question, begun), 0);
	assert_true(pool_deadline(&p) == begun + PAM_MS);
	assert_int_equal(
	    pool_take(&p, begun + PAM_MS - 1, &id, &record), POOL_NONE);
	assert_int_equal(pool_start(&p, 2, answers, &question, begun), 0);
	assert_int_equal(finish(&p, &id, &record, 5000), POOL_ANSWER);
	assert_int_equal(id, 2);
	/* One is killed at its time, another a moment after it. */
	assert_int_equal(pool_start(&p, 3, sleeps, &question, begun - 1), 0);
	assert_int_equal(
	    pool_take(&p, begun + PAM_MS - 1, &id, &record), POOL_FAILED);
	assert_int_equal(id, 3);
	assert_int_equal(
	    pool_take(&p, begun + PAM_MS, &id, &record), POOL_FAILED);
	assert_int_equal(id, 1);
	assert_int_equal(pool_start(&p, 4, sleeps, &question, begun), 0);
	assert_int_equal(
	    pool_take(&p, begun + PAM_MS + 1, &id, &record), POOL_FAILED);
	assert_int_equal(id, 4);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void
places_are_bounded_and_come_free(void **state)
{
	uint32_t question = 1, record;
	struct pool p;
	uint64_t id;

	(void)state;
	pool_init(&p, sizeof(record), 60000);
	for (unsigned i = 0; i < POOL_MAX; i++)
		assert_int_equal(
		    pool_start(&p, i, sleeps, &question, child_now()), 0);
	errno = 0;
	assert_int_equal(
	    pool_start(&p, 99, answers, &question, child_now()), -1);
	assert_int_equal(errno, EAGAIN);
	assert_true(p.job[3].pid > 1);
	assert_int_equal(kill(p.job[3].pid, SIGKILL), 0);
	assert_int_equal(finish(&p, &id, &record, 5000), POOL_FAILED);
	assert_int_equal(id, 3);
	assert_int_equal(
	    pool_start(&p, 99, answers, &question, child_now()), 0);
	assert_int_equal(finish(&p, &id, &record, 5000), POOL_ANSWER);
	assert_int_equal(id, 99);
	pool_stop(&p);
	assert_int_equal(p.running, 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void
a_child_has_no_descriptor_but_its_pipe(void **state)
{
	uint32_t question = 1, record;
	struct pool p;
	uint64_t id;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	pool_init(&p, sizeof(record), 5000);
	assert_int_equal(
	    pool_start(&p, 1, holds_only_its_pipe, &question, child_now()), 0);
	assert_int_equal(finish(&p, &id, &record, 5000), POOL_ANSWER);
	close(fds[0]);
	close(fds[1]);
}

static void
no_descriptor_is_lost(void **state)
{
	uint32_t question = 1, record;
	struct pool p;
	uint64_t id;
	int before = dup(0), after;

	(void)state;
	close(before);
	pool_init(&p, sizeof(record), 5000);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(
		    pool_start(&p, 1, i % 2 == 0 ? answers : is_killed,
			&question, child_now()),
		    0);
		assert_int_not_equal(finish(&p, &id, &record, 5000), POOL_NONE);
	}
	after = dup(0);
	close(after);
	assert_int_equal(before, after);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_answer_comes_with_its_id),
	    cmocka_unit_test(what_is_not_one_record_and_exit_0_is_no_answer),
	    cmocka_unit_test(a_grandchild_holds_nobody_up_and_is_ended),
	    cmocka_unit_test(who_is_over_time_is_killed),
	    cmocka_unit_test(places_are_bounded_and_come_free),
	    cmocka_unit_test(a_child_has_no_descriptor_but_its_pipe),
	    cmocka_unit_test(no_descriptor_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
