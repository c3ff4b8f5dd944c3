/* userdb: lines, trees, rereading, permissions; and editing it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <sys/wait.h>

#include <bsd/string.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "auth/auth.h"
#include "auth/userdb.h"

#define OK "home=/h|uid=1000|gid=100"

static char dir[200], file[256];
static unsigned reports, last_line;
static char last_file[300], last_why[200];

static void
report(const char *f, unsigned line, const char *why)
{
	reports++;
	last_line = line;
	(void)strlcpy(last_file, f, sizeof(last_file));
	(void)strlcpy(last_why, why, sizeof(last_why));
}

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

static const char *
read_file(const char *path)
{
	static char text[70000];
	FILE *f = fopen(path, "r");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

/* Makes a file old enough for its stamp to be trusted. */
static void
settle(void)
{
	usleep(1050000);
}

static int
setup(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	(void)snprintf(
	    dir, sizeof(dir), "%s/userdb.XXXXXX", tmp != NULL ? tmp : "/tmp");
	assert_non_null(mkdtemp(dir));
	(void)snprintf(file, sizeof(file), "%s/userdb", dir);
	reports = last_line = 0;
	return 0;
}

static int
teardown(void **state)
{
	char command[256];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

static void
a_line_gives_its_account(void **state)
{
	struct userdb *db;
	struct userdb_account a;
	char text[PASSWORD_TEXT];

	(void)state;
	write_file(file,
	    "# comment\n\nanna\thome=/home/anna|uid=1001|gid=102|"
	    "mail=Maildir|shell=/bin/sh|quota=1000S|gecos=Anna A|"
	    "options=disableimap=1,group=x|systempw=abc|_=x/|odd\n"
	    "bob@x.org\tuid=4294967294|gid=0|home=/b|systempw=s|imappw=i");
	db = userdb_open(file, true, report);
	assert_int_equal(userdb_find(db, "anna", &a), 1);
	assert_string_equal(a.login, "anna");
	assert_int_equal(a.uid, 1001);
	assert_int_equal(a.gid, 102);
	assert_true(userdb_field(a.fields, "options", text, sizeof(text)));
	assert_string_equal(text, "disableimap=1,group=x");
	assert_true(userdb_secret(&a, "imap", text));
	assert_string_equal(text, "abc");
	assert_false(userdb_field(a.fields, "nope", text, sizeof(text)));
	assert_false(userdb_field(a.fields, "quot", text, sizeof(text)));
	assert_int_equal(userdb_find(db, "bob@x.org", &a), 1);
	assert_true(a.uid == 4294967294u && a.gid == 0);
	assert_true(userdb_secret(&a, "imap", text));
	assert_string_equal(text, "i");
	assert_true(userdb_secret(&a, "pop3", text));
	assert_string_equal(text, "s");
	assert_int_equal(userdb_find(db, "bob", &a), 0);
	assert_int_equal(userdb_find(db, "", &a), 0);
	assert_int_equal(userdb_find(db, "anna\t", &a), 0);
	assert_int_equal(reports, 0);
	userdb_close(db);
}

static void
a_broken_line_costs_only_its_account(void **state)
{
	static const char *const broken[] = {
	    "x",
	    "x " OK,
	    "\t" OK,
	    "x\t",
	    "x\thome=/h|uid=1",
	    "x\thome=/h|gid=1",
	    "x\tuid=1|gid=1",
	    "x\thome=h|uid=1|gid=1",
	    "x\thome=|uid=1|gid=1",
	    "x\thome=/h|uid=|gid=1",
	    "x\thome=/h|uid=-1|gid=1",
	    "x\thome=/h|uid=1x|gid=1",
	    "x\thome=/h|uid=0x1|gid=1",
	    "x\thome=/h|uid=4294967295|gid=1",
	    "x\thome=/h|uid=4294967296|gid=1",
	    "x\thome=/h|uid=18446744073709551617|gid=1",
	    "x\thome=/h|uid=1|gid=4294967295",
	    "x\t" OK "|mail=",
	    "x\t" OK "|systempw={PLAIN}x",
	    "x\t" OK "|imappw={",
	    "x\t" OK "|gecos=a\tb",
	    "x\t" OK "\r",
	    "x\t" OK "|gecos=\x7f",
	    "a/b\t" OK,
	    "..\t" OK,
	    "\xff\t" OK,
	    "a,b\t" OK,
	};
	char text[600];
	struct userdb_account a;
	struct userdb *db;

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		(void)snprintf(text, sizeof(text),
		    "one\t" OK "\n#\n%s\ntwo\t" OK "\n", broken[i]);
		write_file(file, text);
		reports = 0;
		db = userdb_open(file, true, report);
		assert_int_equal(userdb_find(db, "x", &a), 0);
		assert_int_equal(userdb_find(db, "one", &a), 1);
		assert_int_equal(userdb_find(db, "two", &a), 1);
		if (reports != 1 || last_line != 3)
			fail_msg("%s: %u reports, line %u", broken[i], reports,
			    last_line);
		assert_string_equal(last_file, file);
		userdb_close(db);
	}
}

static void
a_nul_or_a_long_line_costs_only_its_account(void **state)
{
	static char big[USERDB_LINE + 200];
	struct userdb_account a;
	struct userdb *db;
	FILE *f;

	(void)state;
	for (int extra = -1; extra <= 1; extra++) {
		f = fopen(file, "w");
		memset(big, 'g', sizeof(big));
		memcpy(big, "x\t" OK "|gecos=", 2 + strlen(OK) + 7);
		big[USERDB_LINE + extra] = '\n';
		fwrite(big, 1, (size_t)(USERDB_LINE + extra) + 1, f);
		fwrite("z\t" OK "\0|a=b\n", 1, 2 + strlen(OK) + 6, f);
		fputs("two\t" OK "\n", f);
		fclose(f);
		chmod(file, 0600);
		reports = 0;
		db = userdb_open(file, true, report);
		assert_int_equal(userdb_find(db, "x", &a), extra <= 0);
		assert_int_equal(userdb_find(db, "z", &a), 0);
		assert_int_equal(userdb_find(db, "two", &a), 1);
		assert_int_equal(reports, extra <= 0 ? 1 : 2);
		userdb_close(db);
	}
}

static void
of_two_lines_the_first_counts(void **state)
{
	struct userdb_account a;
	struct userdb *db;

	(void)state;
	write_file(file, "b\t" OK "\na\thome=/1|uid=1|gid=1|uid=9\n"
			 "a\thome=/2|uid=2|gid=2\n");
	db = userdb_open(file, true, report);
	assert_int_equal(userdb_find(db, "a", &a), 1);
	assert_int_equal(a.uid, 1);
	assert_int_equal(reports, 1);
	assert_int_equal(last_line, 3);
	userdb_close(db);
}

static void
thousands_of_broken_lines_do_not_flood_the_log(void **state)
{
	struct userdb_account a;
	struct userdb *db;
	FILE *f = fopen(file, "w");

	(void)state;
	for (int i = 0; i < 5000; i++)
		fprintf(f, "u%04d\t%s\n", i, i % 2 == 0 ? OK : "broken");
	fclose(f);
	chmod(file, 0600);
	db = userdb_open(file, true, report);
	for (int i = 0; i < 5000; i += 97) {
		char name[16];

		(void)snprintf(name, sizeof(name), "u%04d", i);
		assert_int_equal(userdb_find(db, name, &a), i % 2 == 0);
	}
	assert_int_equal(reports, 101);
	assert_string_equal(last_why, "and 2400 more broken lines");
	userdb_close(db);
}

static void
a_tree_is_read_whole_but_for_dots(void **state)
{
	char path[600];
	struct userdb_account a;
	struct userdb *db;

	(void)state;
	assert_int_equal(mkdir(file, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/staff", file);
	write_file(path, "anna\t" OK "\n");
	(void)snprintf(path, sizeof(path), "%s/.hidden", file);
	write_file(path, "hidden\t" OK "\n");
	(void)snprintf(path, sizeof(path), "%s/x.org", file);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/x.org/users", file);
	write_file(path, "bob\tbroken\nanna\thome=/2|uid=2|gid=2\n");
	(void)snprintf(path, sizeof(path), "%s/x.org/.svn", file);
	assert_int_equal(mkdir(path, 0700), 0);
	db = userdb_open(file, true, report);
	assert_int_equal(userdb_find(db, "anna", &a), 1);
	assert_int_equal(a.uid, 1000);
	assert_int_equal(userdb_find(db, "hidden", &a), 0);
	assert_int_equal(userdb_find(db, "bob", &a), 0);
	assert_int_equal(reports, 2);
	settle();
	assert_int_equal(userdb_find(db, "carl", &a), 0);
	/* A file that appears in a directory below. */
	(void)snprintf(path, sizeof(path), "%s/x.org/more", file);
	write_file(path, "carl\t" OK "\n");
	assert_int_equal(userdb_find(db, "carl", &a), 1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(userdb_find(db, "carl", &a), 0);
	/* A pipe neither blocks nor counts. */
	(void)snprintf(path, sizeof(path), "%s/pipe", file);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(userdb_find(db, "anna", &a), 1);
	assert_int_equal(userdb_find(db, "nobody", &a), -1);
	userdb_close(db);
}

static void
a_change_is_seen_at_the_next_lookup(void **state)
{
	struct userdb_account a;
	char other[300];
	struct userdb *db;

	(void)state;
	db = userdb_open(file, true, report);
	/* Not there: no accounts, and no trouble. */
	assert_int_equal(userdb_find(db, "anna", &a), 0);
	write_file(file, "anna\thome=/h|uid=1001|gid=1\n");
	assert_int_equal(userdb_find(db, "anna", &a), 1);
	/* Within one tick of the clock, in place, of the same length. */
	for (int i = 0; i < 50; i++) {
		char text[100];

		(void)snprintf(
		    text, sizeof(text), "anna\thome=/h|uid=10%02d|gid=1\n", i);
		write_file(file, text);
		assert_int_equal(userdb_find(db, "anna", &a), 1);
		assert_int_equal(a.uid, 1000 + i);
	}
	assert_int_equal(userdb_find(db, "anna", &a), 1);
	reports = 0;
	/* Replaced by a rename, with an old time. */
	(void)snprintf(other, sizeof(other), "%s/new", dir);
	write_file(other, "anna\thome=/h|uid=1001|gid=1\nbroken\n");
	assert_int_equal(
	    utimensat(AT_FDCWD, other, (struct timespec[2]){{1, 0}, {1, 0}}, 0),
	    0);
	assert_int_equal(rename(other, file), 0);
	assert_int_equal(userdb_find(db, "anna", &a), 1);
	assert_int_equal(a.uid, 1001);
	assert_int_equal(userdb_find(db, "anna", &a), 1);
	assert_int_equal(reports, 1);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(userdb_find(db, "anna", &a), 0);
	userdb_close(db);
}

static void
a_file_that_others_may_read_is_refused_where_strict(void **state)
{
	static const mode_t modes[] = {0640, 0604, 0620, 0601, 0644};
	struct userdb_account a;
	struct userdb *db, *lax;

	(void)state;
	write_file(file, "anna\t" OK "\n");
	db = userdb_open(file, true, report);
	lax = userdb_open(file, false, report);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(chmod(file, modes[i]), 0);
		reports = 0;
		assert_int_equal(userdb_find(db, "anna", &a), -1);
		assert_int_equal(userdb_find(db, "anna", &a), -1);
		assert_int_equal(reports, 1);
		assert_int_equal(userdb_find(lax, "anna", &a), 1);
	}
	assert_int_equal(chmod(file, 0400), 0);
	assert_int_equal(userdb_find(db, "anna", &a), 1);
	userdb_close(db);
	userdb_close(lax);
}

static void
a_decoy_is_some_accounts_text_and_always_the_same(void **state)
{
	char one[PASSWORD_TEXT], two[PASSWORD_TEXT];
	struct userdb_account a;
	struct userdb *db;

	(void)state;
	write_file(file, "a\t" OK "\nb\t" OK "\n");
	db = userdb_open(file, true, report);
	assert_int_equal(userdb_find(db, "x", &a), 0);
	assert_false(userdb_decoy(db, "x", "imap", one));
	write_file(
	    file, "a\t" OK "\nb\t" OK "|systempw=bb\nc\t" OK "|imappw=cc\n");
	assert_int_equal(userdb_find(db, "x", &a), 0);
	for (char name[2] = "d"; name[0] <= 'z'; name[0]++) {
		assert_true(userdb_decoy(db, name, "imap", one));
		assert_true(strcmp(one, "bb") == 0 || strcmp(one, "cc") == 0);
		assert_true(userdb_decoy(db, name, "imap", two));
		assert_string_equal(one, two);
	}
	userdb_close(db);
}

#define F(name, value)                                                         \
	&(struct auth_field)                                                   \
	{                                                                      \
		name, value                                                    \
	}

static void
set_adds_and_changes_one_line_only(void **state)
{
	static const struct auth_field fresh[] = {
	    {"home", "/home/anna"}, {"uid", "1000"}, {"gid", "100"}};
	static const struct auth_field two[] = {{"uid", "7"}, {"quota", NULL}};
	static const char keep[] =
	    "# one\n\nbob\tbroken line \x80\r\n#anna\t" OK "\nannab\t" OK;
	char want[600], why[256];
	struct stat st;

	(void)state;
	assert_int_equal(auth_userdb_set(file, "anna", fresh, 3, why), 0);
	assert_string_equal(
	    read_file(file), "anna\thome=/home/anna|uid=1000|gid=100\n");
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	write_file(file, keep);
	assert_int_equal(chmod(file, 0644), 0);
	assert_int_equal(auth_userdb_set(file, "anna", fresh, 3, why), 0);
	(void)snprintf(want, sizeof(want),
	    "%s\nanna\thome=/home/anna|uid=1000|gid=100\n", keep);
	assert_string_equal(read_file(file), want);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	write_file(file, "x\t" OK "\nanna\tquota=1S|uid=1|home=/h|odd|gid=1|"
			 "uid=2|quota=3\nz\t" OK "\n");
	assert_int_equal(auth_userdb_set(file, "anna", two, 2, why), 0);
	assert_string_equal(read_file(file),
	    "x\t" OK "\nanna\tuid=7|home=/h|odd|gid=1\nz\t" OK "\n");
}

static void
set_refuses_what_would_not_be_read(void **state)
{
	static char big[USERDB_LINE];
	static const struct {
		const char *login;
		struct auth_field field;
	} cases[] = {
	    {"anna", {"uid", "x"}},
	    {"anna", {"uid", NULL}},
	    {"anna", {"home", "relative"}},
	    {"anna", {"mail", "a|b"}},
	    {"anna", {"mail", "a\nbob\thome=/"}},
	    {"anna", {"mail", "a\tb"}},
	    {"anna", {"a=b", "c"}},
	    {"anna", {"a|b", "c"}},
	    {"anna", {"", "c"}},
	    {"anna", {"systempw", "{NONE}x"}},
	    {"anna", {"gecos", big}},
	    {"an\tna", {"uid", "1"}},
	    {"an\nna", {"uid", "1"}},
	    {"a/b", {"uid", "1"}},
	    {"#x", {"uid", "1"}},
	    {"", {"uid", "1"}},
	    {"new", {"uid", "1"}},
	};
	char why[256];

	(void)state;
	memset(big, 'g', sizeof(big) - 1);
	write_file(file, "anna\t" OK "\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		why[0] = '\0';
		if (auth_userdb_set(
			file, cases[i].login, &cases[i].field, 1, why) != -1)
			fail_msg("case %zu", i);
		assert_true(why[0] != '\0');
		assert_string_equal(read_file(file), "anna\t" OK "\n");
	}
	assert_int_equal(
	    auth_userdb_set(dir, "anna", F("uid", "1"), 1, why), -1);
	assert_non_null(strstr(why, "directory"));
	assert_int_equal(
	    auth_userdb_set("/nowhere/at/all", "anna", F("uid", "1"), 1, why),
	    -1);
}

static void
password_changes_the_one_that_counts(void **state)
{
	struct userdb_account a;
	char why[256], text[PASSWORD_TEXT];
	struct userdb *db;

	(void)state;
	write_file(file, "anna\t" OK "\nbob\t" OK "|systempw=x|imappw=y|n=1\n");
	assert_int_equal(
	    auth_userdb_password(file, "anna", "secret", "md5", why), 0);
	assert_int_equal(
	    auth_userdb_password(file, "bob", "secret2", NULL, why), 0);
	assert_int_equal(
	    auth_userdb_password(file, "carl", "secret", NULL, why), -1);
	assert_non_null(strstr(why, "no such account"));
	assert_int_equal(
	    auth_userdb_password(file, "bob", "secret", "rot13", why), -1);
	assert_int_equal(auth_userdb_password(file, "bob", "", NULL, why), -1);
	db = userdb_open(file, true, report);
	assert_int_equal(userdb_find(db, "anna", &a), 1);
	assert_true(userdb_secret(&a, "imap", text));
	assert_int_equal(password_verify(text, "secret"), 1);
	assert_int_equal(userdb_find(db, "bob", &a), 1);
	assert_true(userdb_secret(&a, "imap", text));
	assert_int_equal(password_verify(text, "secret2"), 1);
	assert_true(userdb_secret(&a, "pop3", text));
	assert_string_equal(text, "x");
	userdb_close(db);
}

static void
delete_takes_one_line_away(void **state)
{
	char why[256];

	(void)state;
	write_file(file, "x\t" OK "\nanna\t" OK "\nz\t" OK);
	assert_int_equal(auth_userdb_delete(file, "anna", why), 0);
	assert_string_equal(read_file(file), "x\t" OK "\nz\t" OK);
	assert_int_equal(auth_userdb_delete(file, "z", why), 0);
	assert_int_equal(auth_userdb_delete(file, "anna", why), -1);
	assert_int_equal(auth_userdb_delete(file, "x", why), 0);
	assert_string_equal(read_file(file), "");
	assert_int_equal(unlink(file), 0);
	assert_int_equal(auth_userdb_delete(file, "x", why), -1);
	assert_int_equal(access(file, F_OK), -1);
}

static void
a_link_stays_a_link(void **state)
{
	char path[300], why[256];
	struct stat st;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/real", dir);
	write_file(path, "anna\t" OK "\n");
	assert_int_equal(symlink("real", file), 0);
	assert_int_equal(
	    auth_userdb_set(file, "anna", F("uid", "5"), 1, why), 0);
	assert_int_equal(lstat(file, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_string_equal(read_file(path), "anna\thome=/h|uid=5|gid=100\n");
}

static void
many_editors_at_once_lose_nothing(void **state)
{
	char login[16], why[256];
	struct userdb_account a;
	struct userdb *db;
	pid_t pid[4];
	int status;

	(void)state;
	write_file(file, "");
	for (int i = 0; i < 4; i++) {
		if ((pid[i] = fork()) != 0)
			continue;
		for (int j = 0; j < 8; j++) {
			static const struct auth_field f[] = {
			    {"home", "/h"}, {"uid", "1"}, {"gid", "1"}};

			(void)snprintf(login, sizeof(login), "u%d-%d", i, j);
			if (auth_userdb_set(file, login, f, 3, why) == -1)
				_exit(1);
		}
		_exit(0);
	}
	for (int i = 0; i < 4; i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_int_equal(status, 0);
	}
	db = userdb_open(file, true, report);
	for (int i = 0; i < 32; i++) {
		(void)snprintf(login, sizeof(login), "u%d-%d", i / 8, i % 8);
		assert_int_equal(userdb_find(db, login, &a), 1);
	}
	assert_int_equal(reports, 0);
	userdb_close(db);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_line_gives_its_account),
	    T(a_broken_line_costs_only_its_account),
	    T(a_nul_or_a_long_line_costs_only_its_account),
	    T(of_two_lines_the_first_counts),
	    T(thousands_of_broken_lines_do_not_flood_the_log),
	    T(a_tree_is_read_whole_but_for_dots),
	    T(a_change_is_seen_at_the_next_lookup),
	    T(a_file_that_others_may_read_is_refused_where_strict),
	    T(a_decoy_is_some_accounts_text_and_always_the_same),
	    T(set_adds_and_changes_one_line_only),
	    T(set_refuses_what_would_not_be_read),
	    T(password_changes_the_one_that_counts),
	    T(delete_takes_one_line_away),
	    T(a_link_stays_a_link),
	    T(many_editors_at_once_lose_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
