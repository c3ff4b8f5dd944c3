/*
 * The trash of a session: which folders are emptied and when, what was copied.
 * The clock of this test is its own: a file's ctime cannot be set.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/time.h>
#include <time.h>

#include "t/unit/imap_room.h"
#include "worker/imap/change.h"
#include "worker/imap/trash.h"

#define DAY 86400

static time_t later; /* seconds that this clock is ahead */
static struct room r;

time_t
time(time_t *out)
{
	struct timeval now;

	(void)gettimeofday(&now, NULL);
	now.tv_sec += later;
	if (out != NULL)
		*out = now.tv_sec;
	return now.tv_sec;
}

static int
setup(void **state)
{
	static const char *const dirs[] = {".Trash", ".Trash/cur", ".Trash/new",
	    ".Trash/tmp", ".Sent", ".Sent/cur", ".Sent/new", ".Sent/tmp"};
	size_t i;

	(void)state;
	later = 0;
	room_init(&r);
	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		room_mkdir(&r, dirs[i]);
	(void)strlcpy(r.set.trashfolder, "Trash", sizeof(r.set.trashfolder));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	room_done(&r);
	return 0;
}

static void
put(const char *file)
{
	char path[512];
	int fd;

	room_path(&r, path, file);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_not_equal(fd, -1);
	(void)close(fd);
}

static bool
there(const char *file)
{
	char path[512];
	struct stat st;

	room_path(&r, path, file);
	return lstat(path, &st) == 0;
}

static void
each_folder_has_its_days(void **state)
{
	(void)state;
	put(".Trash/cur/1.a:2,S");
	put(".Trash/new/2.a");
	put(".Sent/cur/3.a:2,S");
	put("cur/4.a:2,S");
	trash_empty(&r.s);
	r.set.nemptytrash = 2;
	r.set.emptytrash[0] = (struct settings_trash){.days = 7};
	r.set.emptytrash[1] = (struct settings_trash){"Sent", 30};
	later = 7 * DAY - 5;
	trash_empty(&r.s);
	assert_true(there(".Trash/cur/1.a:2,S"));
	later = 7 * DAY + 5;
	trash_empty(&r.s);
	assert_false(there(".Trash/cur/1.a:2,S"));
	assert_false(there(".Trash/new/2.a"));
	assert_true(there(".Sent/cur/3.a:2,S"));
	later = 30 * DAY + 5;
	trash_empty(&r.s);
	assert_false(there(".Sent/cur/3.a:2,S"));
	assert_true(there("cur/4.a:2,S"));
}

static unsigned
files_in(const char *folder)
{
	char path[512];
	DIR *dir;
	struct dirent *d;
	unsigned n = 0;

	room_path(&r, path, folder);
	assert_non_null(dir = opendir(path));
	while ((d = readdir(dir)) != NULL)
		n += d->d_name[0] != '.';
	(void)closedir(dir);
	return n;
}

/* Its bound is of a run, not of a folder. */
static void
a_run_takes_no_more_than_its_bound(void **state)
{
	char file[64];
	unsigned i, n;

	(void)state;
	r.set.nemptytrash = 2;
	r.set.emptytrash[0] = (struct settings_trash){.days = 7};
	r.set.emptytrash[1] = (struct settings_trash){"Sent", 7};
	for (n = TRASH_RUN_MAX - 1; n <= TRASH_RUN_MAX + 1; n++) {
		later = 0;
		for (i = 0; i < n; i++) {
			(void)snprintf(file, sizeof(file), "%s/cur/%u.a:2,",
			    i < 5 ? ".Trash" : ".Sent", i);
			put(file);
		}
		later = 7 * DAY + 5;
		trash_empty(&r.s);
		assert_int_equal(files_in(".Trash/cur") + files_in(".Sent/cur"),
		    n > TRASH_RUN_MAX ? n - TRASH_RUN_MAX : 0);
	}
	trash_empty(&r.s);
	assert_int_equal(files_in(".Sent/cur"), 0);
}

static void
unset_or_missing_folders_are_left(void **state)
{
	(void)state;
	put("cur/4.a:2,S");
	later = 100 * DAY;
	r.set.nemptytrash = 3;
	r.set.emptytrash[0] = (struct settings_trash){.days = 1};
	r.set.emptytrash[1] = (struct settings_trash){"Nowhere", 1};
	r.set.emptytrash[2] = (struct settings_trash){"../..", 1};
	r.set.trashfolder[0] = '\0';
	trash_empty(&r.s);
	assert_true(there("cur/4.a:2,S"));
}

static void
the_trash_and_what_holds_it(void **state)
{
	(void)state;
	(void)strlcpy(r.set.trashfolder, "a.Bin", sizeof(r.set.trashfolder));
	assert_true(trash_is(&r.s, "a.Bin"));
	assert_false(trash_is(&r.s, "a"));
	assert_true(trash_is_at_or_below(&r.s, "a"));
	assert_true(trash_is_at_or_below(&r.s, "a.Bin"));
	assert_false(trash_is_at_or_below(&r.s, "a.Bi"));
	assert_false(trash_is_at_or_below(&r.s, "a.Bin.x"));
	assert_false(trash_is_at_or_below(&r.s, ""));
	r.set.trashfolder[0] = '\0';
	assert_false(trash_is(&r.s, ""));
}

static void
what_was_copied_is_remembered_once(void **state)
{
	const uint32_t a[] = {3, 5, 4294967295}, b[] = {1, 3, 4};
	struct view v = {0};

	(void)state;
	assert_false(trash_was_copied(&v, 3));
	trash_copied(&v, a, 3);
	trash_copied(&v, b, 3);
	trash_copied(&v, a, 3);
	assert_int_equal(v.ncopied, 5);
	assert_true(trash_was_copied(&v, 1));
	assert_true(trash_was_copied(&v, 4294967295));
	assert_false(trash_was_copied(&v, 2));
	free(v.copied);
}

/* Else a client that copies one by one would have it sorted each time. */
static void
only_who_moves_to_the_trash_remembers(void **state)
{
	uint32_t uid = 1, made;
	struct change_copy c = {
	    .uids = &uid, .n = 1, .dest = "Sent", .copies = &made};

	(void)state;
	room_deliver(&r, "cur/1.a:2,");
	room_select(&r, "");
	assert_int_equal(change_copy(&r.s, &c), 0);
	assert_int_equal(made, 1);
	assert_int_equal(r.s.client.view->ncopied, 0);
	r.set.expunge_to_trash = 1;
	assert_int_equal(change_copy(&r.s, &c), 0);
	assert_int_equal(made, 2);
	assert_int_equal(r.s.client.view->ncopied, 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(each_folder_has_its_days),
	    T(a_run_takes_no_more_than_its_bound),
	    T(unset_or_missing_folders_are_left),
	    T(the_trash_and_what_holds_it),
	    T(what_was_copied_is_remembered_once),
	    T(only_who_moves_to_the_trash_remembers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
