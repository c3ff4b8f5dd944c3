/* The grammar of the settings files: what sh would do, or a refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "master/conf.h"

struct sample {
	const char *text;
	const char *name;
	const char *value; /* NULL: not set */
	const char *error; /* part of the first error's text, or NULL */
};

static const struct sample accepted[] = {
    {"A=1", "A", "1", NULL},
    {"A=1\n", "A", "1", NULL},
    {"A=\n", "A", "", NULL},
    {"A=1\nA=2\n", "A", "2", NULL},
    {"  A=1", "A", "1", NULL},
    {"A=1;B=2", "B", "2", NULL},
    {"A=1 B=2", "B", "2", NULL},
    {"A=1\tB=2;", "B", "2", NULL},
    {"# A=1\nB=2", "A", NULL, NULL},
    {"A=1 # B=2", "B", NULL, NULL},
    {"A=1#2", "A", "1#2", NULL},
    {"##NAME: ADDRESS:0\n#\nA=1", "A", "1", NULL},
    {"A=\"x y\"", "A", "x y", NULL},
    {"A='x y'", "A", "x y", NULL},
    {"A=x' 'y\" \"z", "A", "x y z", NULL},
    {"A='$B`x`\\'", "A", "$B`x`\\", NULL},
    {"A=\"a\\\"b\\\\c\\$d\\`e\\f\"", "A", "a\"b\\c$d`e\\f", NULL},
    {"A=\"Sent=\\Sent\"", "A", "Sent=\\Sent", NULL},
    {"A=x\\ y", "A", "x y", NULL},
    {"B=1\nA=$B", "A", "1", NULL},
    {"B=1\nA=${B}2", "A", "12", NULL},
    {"B='x y'\nA=$B", "A", "x y", NULL},
    {"B='$C'\nA=$B", "A", "$C", NULL},
    {"A=\"$B AUTH=PLAIN\"", "A", " AUTH=PLAIN", NULL},
    {"A=$prefix/x", "prefix", "/usr/local", NULL},
    {"A=$", "A", "$", NULL},
    {"A=\"$ \"", "A", "$ ", NULL},
    {"A=a=b", "A", "a=b", NULL},
    {"A=*?[x]{}!%^", "A", "*?[x]{}!%^", NULL},
    {"", "A", NULL, NULL},
};

static const struct sample refused[] = {
    {"A=`date`", "A", NULL, "f:1: command substitution"},
    {"A=\"`date`\"", "A", NULL, "f:1: command substitution"},
    {"A=$(date)", "A", NULL, "f:1: only $NAME"},
    {"A=${B:-x}", "A", NULL, "f:1: only $NAME"},
    {"A=${B", "A", NULL, "f:1: only $NAME"},
    {"A=$1", "A", NULL, "f:1: only $NAME"},
    {"A=$$", "A", NULL, "f:1: only $NAME"},
    {"\n\nif true; then A=1; fi", "A", NULL, "f:3: only NAME=value"},
    {"export A=1", "A", NULL, "not \"export\""},
    {". /etc/x", "A", NULL, "not \".\""},
    {"ulimit -v 1", "A", NULL, "not \"ulimit\""},
    {"A = 1", "A", NULL, "f:1: only NAME=value"},
    {"A+=1", "A", NULL, "f:1: only NAME=value"},
    {"1A=1", "A", NULL, "f:1: only NAME=value"},
    {"A", "A", NULL, "f:1: only NAME=value"},
    {"A=a&", "A", NULL, "must be quoted"},
    {"A=a|b", "A", NULL, "must be quoted"},
    {"A=a>b", "A", NULL, "must be quoted"},
    {"A=a(b)", "A", NULL, "must be quoted"},
    {"A=\"x", "A", NULL, "f:1: a quote is not closed"},
    {"A='x\ny'", "A", NULL, "f:1: a quote is not closed"},
    {"A=x\\\ny", "A", NULL, "f:1: a line cannot be continued"},
    {"A=x\\", "A", NULL, "f:1: a line cannot be continued"},
    {"A=~/x", "A", NULL, "~ is not expanded"},
    {"A=1\r\n", "A", NULL, "f:1: a carriage return"},
    {"A=\001", "A", NULL, "control byte"},
};

static const char *
first_error(const struct notes *notes)
{
	for (size_t i = 0; i < notes->n; i++)
		if (notes->v[i].kind == NOTE_ERROR)
			return notes->v[i].text;
	return NULL;
}

static void
check(const struct sample *s)
{
	struct notes notes = {.n = 0};
	struct conf *conf = conf_new(&notes);
	const struct conf_entry *e;
	const char *error;

	conf_parse(conf, "f", s->text, strlen(s->text));
	e = conf_find(conf, s->name);
	error = first_error(&notes);
	if (s->error == NULL) {
		if (error != NULL)
			fail_msg("%s: %s", s->text, error);
	} else if (error == NULL || strstr(error, s->error) == NULL)
		fail_msg("%s: %s", s->text, error ? error : "no error");
	if ((e == NULL) != (s->value == NULL) ||
	    (e != NULL && strcmp(e->value, s->value) != 0))
		fail_msg("%s: %s", s->text, e ? e->value : "not set");
	conf_free(conf);
	note_done(&notes);
}

static void
assignments_are_read_as_sh_would(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++)
		check(&accepted[i]);
}

static void
what_needs_a_shell_is_refused_with_file_and_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		check(&refused[i]);
}

static void
all_errors_are_told_and_the_rest_is_read(void **state)
{
	static const char text[] = "if\nA=1\nB=`x`\nC=3\nfi\n";
	struct notes notes = {.n = 0};
	struct conf *conf = conf_new(&notes);

	(void)state;
	conf_parse(conf, "f", text, strlen(text));
	assert_int_equal(notes.errors, 3);
	assert_non_null(strstr(notes.v[0].text, "f:1:"));
	assert_non_null(strstr(notes.v[1].text, "f:3:"));
	assert_non_null(strstr(notes.v[2].text, "f:5:"));
	assert_string_equal(conf_find(conf, "A")->value, "1");
	assert_string_equal(conf_find(conf, "C")->value, "3");
	assert_null(conf_find(conf, "B"));
	conf_free(conf);
	note_done(&notes);
}

static void
the_last_assignment_of_all_files_wins_and_tells_its_place(void **state)
{
	struct notes notes = {.n = 0};
	struct conf *conf = conf_new(&notes);

	(void)state;
	conf_parse(conf, "one", "A=1\nB=x", 7);
	conf_parse(conf, "two", "\n\nA=$B", 6);
	assert_string_equal(conf_find(conf, "A")->value, "x");
	assert_string_equal(conf_find(conf, "A")->file, "two");
	assert_int_equal(conf_find(conf, "A")->line, 3);
	assert_int_equal(notes.errors, 0);
	conf_free(conf);
	note_done(&notes);
}

static void
length_errors(const char *text, size_t errors)
{
	struct notes notes = {.n = 0};
	struct conf *conf = conf_new(&notes);

	conf_parse(conf, "f", text, strlen(text));
	assert_int_equal(notes.errors, errors);
	conf_free(conf);
	note_done(&notes);
}

static void
names_and_values_are_bounded(void **state)
{
	static const struct {
		size_t name, value, errors;
	} cases[] = {{CONF_NAME_MAX - 1, 1, 0}, {CONF_NAME_MAX, 1, 0},
	    {CONF_NAME_MAX + 1, 1, 1}, {1, CONF_VALUE_MAX - 1, 0},
	    {1, CONF_VALUE_MAX, 0}, {1, CONF_VALUE_MAX + 1, 1}};
	char text[CONF_NAME_MAX + CONF_VALUE_MAX + 8];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(text, 'A', cases[i].name);
		text[cases[i].name] = '=';
		memset(text + cases[i].name + 1, 'x', cases[i].value);
		text[cases[i].name + 1 + cases[i].value] = '\0';
		length_errors(text, cases[i].errors);
	}
}

static void
too_many_settings_are_an_error(void **state)
{
	char *text = malloc(CONF_ENTRIES * 8), *p = text;

	(void)state;
	/* Five names are preset. */
	for (int i = 0; i < CONF_ENTRIES - 5; i++)
		p += sprintf(p, "A%d=\n", i);
	length_errors(text, 0);
	sprintf(p, "B=\n");
	length_errors(text, 1);
	free(text);
}

static int
load_bytes(size_t size)
{
	char name[] = "/tmp/master_conf.XXXXXX";
	struct notes notes = {.n = 0};
	struct conf *conf = conf_new(&notes);
	int fd = mkstemp(name), ret;

	assert_int_not_equal(fd, -1);
	for (size_t i = 0; i < size; i += 4096) {
		char blanks[4096];

		memset(blanks, '\n', sizeof(blanks));
		assert_int_not_equal(
		    write(fd, blanks, size - i < 4096 ? size - i : 4096), -1);
	}
	ret = conf_load(conf, name) == -1 ? errno : 0;
	assert_int_equal(notes.errors, 0);
	close(fd);
	unlink(name);
	conf_free(conf);
	note_done(&notes);
	return ret;
}

static void
files_are_bounded(void **state)
{
	(void)state;
	assert_int_equal(load_bytes(CONF_FILE_MAX - 1), 0);
	assert_int_equal(load_bytes(CONF_FILE_MAX), 0);
	assert_int_equal(load_bytes(CONF_FILE_MAX + 1), EFBIG);
}

static void
a_missing_file_and_a_directory_are_errors(void **state)
{
	struct notes notes = {.n = 0};
	struct conf *conf = conf_new(&notes);

	(void)state;
	assert_int_equal(conf_load(conf, "/nonexistent/imapd"), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(conf_load(conf, "/"), -1);
	assert_int_equal(errno, EISDIR);
	conf_free(conf);
	note_done(&notes);
}

static void
zero_bytes_are_refused(void **state)
{
	struct notes notes = {.n = 0};
	struct conf *conf = conf_new(&notes);

	(void)state;
	conf_parse(conf, "f", "A=a\0b\nB=\"\0\"\nC=$\0\n\0\nD=1", 22);
	assert_int_equal(notes.errors, 4);
	assert_string_equal(conf_find(conf, "D")->value, "1");
	conf_free(conf);
	note_done(&notes);
}

static void
random_bytes_never_crash(void **state)
{
	static const char bytes[] = "AB=='\"$${}\\`;# \n\n\t\r~(x";
	char text[256];

	(void)state;
	srandom(1);
	for (int round = 0; round < 20000; round++) {
		struct notes notes = {.n = 0};
		struct conf *conf = conf_new(&notes);
		size_t n = (size_t)random() % sizeof(text);

		for (size_t i = 0; i < n; i++)
			text[i] = bytes[(size_t)random() % sizeof(bytes)];
		conf_parse(conf, "f", text, n);
		conf_free(conf);
		note_done(&notes);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(assignments_are_read_as_sh_would),
	    cmocka_unit_test(what_needs_a_shell_is_refused_with_file_and_line),
	    cmocka_unit_test(all_errors_are_told_and_the_rest_is_read),
	    cmocka_unit_test(
		the_last_assignment_of_all_files_wins_and_tells_its_place),
	    cmocka_unit_test(names_and_values_are_bounded),
	    cmocka_unit_test(too_many_settings_are_an_error),
	    cmocka_unit_test(files_are_bounded),
	    cmocka_unit_test(a_missing_file_and_a_directory_are_errors),
	    cmocka_unit_test(zero_bytes_are_refused),
	    cmocka_unit_test(random_bytes_never_crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
