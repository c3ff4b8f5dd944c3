/*
 * The grammar of the settings files (see conf.h). Each function below reads one
 * production of it at the cursor; the first thing that is not understood is
 * noted, the rest of that line is skipped, and reading goes on, so that all
 * errors of a file are told at once.
 */
#include "master/conf.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef INSTALL_PREFIX
#define INSTALL_PREFIX "/usr/local"
#endif
#ifndef LIBEXECDIR
#define LIBEXECDIR INSTALL_PREFIX "/libexec/imapd"
#endif

#define CONF_FILES 8

struct conf {
	struct notes *notes;
	struct conf_entry v[CONF_ENTRIES];
	size_t n;
	char *files[CONF_FILES]; /* names, for the entries to point at */
	size_t nfiles;
};

struct scan { /* the cursor in one file */
	struct conf *conf;
	const char *file;
	const char *p, *end;
	unsigned line;
	char word[CONF_VALUE_MAX + 1]; /* the value that is being read */
	size_t len;
	bool failed; /* in this statement */
};

static const struct {
	const char *name, *value;
} presets[] = {
    {"prefix", INSTALL_PREFIX},
    {"exec_prefix", INSTALL_PREFIX},
    {"bindir", INSTALL_PREFIX "/bin"},
    {"sbindir", INSTALL_PREFIX "/sbin"},
    {"libexecdir", LIBEXECDIR},
};

static void statement(struct scan *);
static void skip_line(struct scan *);
static void assignment(struct scan *, const char *name);
static bool value_char(struct scan *);
static void single_quoted(struct scan *);
static void double_quoted(struct scan *);
static void backslash(struct scan *, const char *special);
static void variable(struct scan *);
static void put(struct scan *, char);
static int name_length(const struct scan *);
static void set_entry(struct scan *, const char *name);
static void fail(struct scan *, const char *what);
static void fail_word(struct scan *);

struct conf *
conf_new(struct notes *notes)
{
	struct conf *conf = calloc(1, sizeof(*conf));

	if (conf == NULL)
		return NULL;
	conf->notes = notes;
	for (size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i++) {
		struct conf_entry *e = &conf->v[i];

		e->name = strdup(presets[i].name);
		e->value = strdup(presets[i].value);
		conf->n = i + 1;
		if (e->name == NULL || e->value == NULL) {
			conf_free(conf);
			return NULL;
		}
	}
	return conf;
}

static void
free_text(const char *text)
{
	char *p;

	memcpy(&p, &text, sizeof(p));
	free(p);
}

void
conf_free(struct conf *conf)
{
	if (conf == NULL)
		return;
	for (size_t i = 0; i < conf->n; i++) {
		free_text(conf->v[i].name);
		free_text(conf->v[i].value);
	}
	for (size_t i = 0; i < conf->nfiles; i++)
		free(conf->files[i]);
	free(conf);
}

void
conf_parse(struct conf *conf, const char *file, const char *text, size_t len)
{
	struct scan scan = {.conf = conf, .line = 1};

	if (conf->nfiles == CONF_FILES ||
	    (conf->files[conf->nfiles] = strdup(file)) == NULL) {
		note_add(conf->notes, NOTE_ERROR, file, 0, "no memory");
		return;
	}
	scan.file = conf->files[conf->nfiles++];
	scan.p = text;
	scan.end = text + len;
	while (scan.p < scan.end)
		statement(&scan);
}

int
conf_load(struct conf *conf, const char *file)
{
	char *text;
	size_t len = 0;
	ssize_t n = 0;
	int fd;

	fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd == -1)
		return -1;
	text = malloc(CONF_FILE_MAX + 1);
	if (text == NULL) {
		close(fd);
		return -1;
	}
	while (len <= CONF_FILE_MAX) {
		n = read(fd, text + len, CONF_FILE_MAX + 1 - len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	if (n != -1 && len > CONF_FILE_MAX) {
		errno = EFBIG;
		n = -1;
	}
	if (n != -1)
		conf_parse(conf, file, text, len);
	free(text);
	close(fd);
	return n == -1 ? -1 : 0;
}

void
conf_note(struct conf *conf, const char *file, const char *what)
{
	note_add(conf->notes, NOTE_ERROR, NULL, 0, "%s: %s", file, what);
}

const struct conf_entry *
conf_find(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->n; i++)
		if (strcmp(conf->v[i].name, name) == 0)
			return &conf->v[i];
	return NULL;
}

const struct conf_entry *
conf_at(const struct conf *conf, size_t i)
{
	return i < conf->n ? &conf->v[i] : NULL;
}

/* Blanks, a separator, a comment, or one assignment. */
static void
statement(struct scan *s)
{
	char name[CONF_NAME_MAX + 1];
	int n;

	switch (*s->p) {
	case '\n':
		s->line++;
		s->p++;
		return;
	case ' ':
	case '\t':
	case ';':
		s->p++;
		return;
	case '#':
		skip_line(s);
		return;
	}
	s->failed = false;
	s->len = 0;
	n = name_length(s);
	if (n > CONF_NAME_MAX)
		fail(s, "a name is longer than 64 bytes");
	else if (n == 0 || s->p + n == s->end || s->p[n] != '=')
		fail_word(s);
	else {
		memcpy(name, s->p, (size_t)n);
		name[n] = '\0';
		s->p += n + 1;
		assignment(s, name);
	}
	if (s->failed)
		skip_line(s);
}

static void
skip_line(struct scan *s)
{
	while (s->p < s->end && *s->p != '\n')
		s->p++;
}

static void
assignment(struct scan *s, const char *name)
{
	if (s->p < s->end && *s->p == '~') {
		fail(
		    s, "~ is not expanded here: write the directory, or quote");
		return;
	}
	while (s->p < s->end && !s->failed && value_char(s))
		continue;
	if (s->failed)
		return;
	s->word[s->len] = '\0';
	set_entry(s, name);
}

/* One unit of a value; false at its end. */
static bool
value_char(struct scan *s)
{
	switch (*s->p) {
	case ' ':
	case '\t':
	case '\n':
	case ';':
		return false;
	case '\'':
		single_quoted(s);
		return true;
	case '"':
		double_quoted(s);
		return true;
	case '\\':
		backslash(s, NULL);
		return true;
	case '$':
		variable(s);
		return true;
	case '`':
		fail(s, "command substitution is not run here");
		return true;
	case '&':
	case '|':
	case '<':
	case '>':
	case '(':
	case ')':
		fail(s, "& | < > ( ) must be quoted: no shell is run here");
		return true;
	}
	put(s, *s->p);
	s->p++;
	return true;
}

static void
single_quoted(struct scan *s)
{
	s->p++;
	while (s->p < s->end && *s->p != '\'' && *s->p != '\n' && !s->failed) {
		put(s, *s->p);
		s->p++;
	}
	if (s->failed)
		return;
	if (s->p == s->end || *s->p == '\n')
		fail(s, "a quote is not closed on its line");
	else
		s->p++;
}

static void
double_quoted(struct scan *s)
{
	s->p++;
	while (s->p < s->end && *s->p != '"' && *s->p != '\n' && !s->failed) {
		if (*s->p == '$')
			variable(s);
		else if (*s->p == '`')
			fail(s, "command substitution is not run here");
		else if (*s->p == '\\')
			backslash(s, "$`\"\\");
		else {
			put(s, *s->p);
			s->p++;
		}
	}
	if (s->failed)
		return;
	if (s->p == s->end || *s->p == '\n')
		fail(s, "a quote is not closed on its line");
	else
		s->p++;
}

/* special: what it quotes, as between double quotes; NULL: everything. */
static void
backslash(struct scan *s, const char *special)
{
	if (s->p + 1 == s->end || s->p[1] == '\n') {
		/* Courier's own tools read the files line by line. */
		fail(s, "a line cannot be continued with a backslash");
		return;
	}
	if (special != NULL &&
	    (s->p[1] == '\0' || strchr(special, s->p[1]) == NULL)) {
		put(s, '\\');
		s->p++;
		return;
	}
	put(s, s->p[1]);
	s->p += 2;
}

static void
variable(struct scan *s)
{
	char name[CONF_NAME_MAX + 1];
	const struct conf_entry *e;
	bool brace;
	int n;

	s->p++;
	brace = s->p < s->end && *s->p == '{';
	if (brace)
		s->p++;
	n = name_length(s);
	if (n == 0 && !brace &&
	    (s->p == s->end || strchr("(*@#?-$!0123456789", *s->p) == NULL)) {
		put(s, '$'); /* sh, too, takes a lone one as it is */
		return;
	}
	if (n == 0 || n > CONF_NAME_MAX ||
	    (brace && (s->p + n == s->end || s->p[n] != '}'))) {
		fail(s, "only $NAME and ${NAME} are understood");
		return;
	}
	memcpy(name, s->p, (size_t)n);
	name[n] = '\0';
	s->p += n + (brace ? 1 : 0);
	e = conf_find(s->conf, name);
	/* Courier's own files name this one although it is commented out. */
	if (e == NULL && strcmp(name, "TLS_PROTOCOL") == 0)
		return;
	if (e == NULL) {
		note_add(s->conf->notes, NOTE_UNSET, s->file, s->line,
		    "$%s is not set", name);
		return;
	}
	for (const char *v = e->value; *v != '\0'; v++)
		put(s, *v);
}

static void
put(struct scan *s, char c)
{
	if (s->failed)
		return;
	if (c == '\r')
		fail(s, "a carriage return: save the file with Unix line ends");
	else if ((unsigned char)c < ' ' && c != '\t')
		fail(s, "a control byte in a value");
	else if (s->len == CONF_VALUE_MAX)
		fail(s, "a value is longer than 4096 bytes");
	else
		s->word[s->len++] = c;
}

/* Bytes of the name at the cursor, 0 if none begins there. */
static int
name_length(const struct scan *s)
{
	const char *p = s->p;

	if (p < s->end && isdigit((unsigned char)*p))
		return 0;
	while (p < s->end && p - s->p <= CONF_NAME_MAX &&
	       (isalnum((unsigned char)*p) || *p == '_'))
		p++;
	return (int)(p - s->p);
}

static void
set_entry(struct scan *s, const char *name)
{
	struct conf *conf = s->conf;
	struct conf_entry *e = NULL;
	const char *value = strdup(s->word);
	size_t i;

	for (i = 0; i < conf->n && e == NULL; i++)
		if (strcmp(conf->v[i].name, name) == 0)
			e = &conf->v[i];
	if (value != NULL && e == NULL && conf->n < CONF_ENTRIES) {
		e = &conf->v[conf->n];
		e->name = strdup(name);
		if (e->name == NULL)
			e = NULL;
		else
			conf->n++;
	}
	if (value == NULL || e == NULL) {
		free_text(value);
		fail(s, "too many settings");
		return;
	}
	free_text(e->value);
	e->value = value;
	e->file = s->file;
	e->line = s->line;
}

/* Notes it; the rest of the line is not read. */
static void
fail(struct scan *s, const char *what)
{
	note_add(s->conf->notes, NOTE_ERROR, s->file, s->line, "%s", what);
	s->failed = true;
}

static void
fail_word(struct scan *s)
{
	char word[32], text[128];
	size_t n = 0;

	for (const char *p = s->p; p < s->end && n < sizeof(word) - 1 &&
				   strchr(" \t\n\r;", *p) == NULL;
	     p++)
		word[n++] = *p > ' ' && *p < 0x7f ? *p : '.';
	word[n] = '\0';
	snprintf(text, sizeof(text),
	    "only NAME=value is understood, without blanks around =, "
	    "not \"%s\": no shell is run here",
	    word);
	fail(s, text);
}
