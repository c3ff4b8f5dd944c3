/*
 * Editing userdb for imapctl. The file is locked, read whole, written anew
 * beside itself and renamed over the old one, so that a reader sees the old
 * file or the new one and a crash leaves either. Only the account's own line
 * changes; every other byte stays.
 */
#include "auth/auth.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/sasl.h"
#include "auth/userdb.h"

#define WHY 256

struct edit {
	const char *file;
	char *why;  /* [WHY] */
	int fd;     /* the locked file */
	char *text; /* its bytes, a NUL behind them */
	size_t len;
	size_t from, to;              /* the account's line with its newline */
	char fields[USERDB_LINE + 1]; /* its right side; "" if there is none */
	bool found;
};

static int edit_begin(struct edit *, const char *, const char *, char *, int);
static void edit_end(struct edit *);
static int fail(struct edit *, const char *);
static int lock(struct edit *, int);
static int read_text(struct edit *);
static int find_line(struct edit *, const char *);
static int set_field(struct edit *, const struct auth_field *);
static int check_value(struct edit *, const struct auth_field *);
static int store(struct edit *, const char *);
static int check_line(struct edit *, const char *, const char *);
static int replace(struct edit *, const char *, size_t);
static int write_new(struct edit *, int, const char *, size_t);
static int write_all(int, const char *, size_t);

int
auth_userdb_set(const char *file, const char *login,
    const struct auth_field *fields, size_t n, char why[static WHY])
{
	struct edit e;
	int r;

	r = edit_begin(&e, file, login, why, O_CREAT);
	for (size_t i = 0; i < n && r == 0; i++)
		r = set_field(&e, &fields[i]);
	if (r == 0)
		r = store(&e, login);
	edit_end(&e);
	return r;
}

int
auth_userdb_password(const char *file, const char *login, const char *password,
    const char *scheme, char why[static WHY])
{
	char text[PASSWORD_TEXT], old[USERDB_LINE];
	struct auth_field field = {"systempw", text};
	struct edit e;
	int r;

	r = edit_begin(&e, file, login, why, 0);
	if (r == 0 && !e.found)
		r = fail(&e, "no such account");
	if (r == 0 && password_make(scheme, password, text) == -1)
		r = fail(
		    &e, "unknown scheme, or a password that cannot be used");
	/* The one that counts for IMAP is the one to be changed. */
	if (r == 0 && userdb_field(e.fields, "imappw", old, sizeof(old)))
		field.name = "imappw";
	if (r == 0)
		r = set_field(&e, &field);
	if (r == 0)
		r = store(&e, login);
	explicit_bzero(text, sizeof(text));
	edit_end(&e);
	return r;
}

int
auth_userdb_delete(const char *file, const char *login, char why[static WHY])
{
	struct edit e;
	int r;

	r = edit_begin(&e, file, login, why, 0);
	if (r == 0 && !e.found)
		r = fail(&e, "no such account");
	if (r == 0)
		r = replace(&e, "", 0);
	edit_end(&e);
	return r;
}

const char *
auth_userdb_schemes(void)
{
	return password_schemes();
}

static int
edit_begin(
    struct edit *e, const char *file, const char *login, char *why, int create)
{
	memset(e, 0, sizeof(*e));
	e->file = file;
	e->why = why;
	e->fd = -1;
	if (!sasl_is_name(login) || login[0] == '#')
		return fail(e, "not a login name");
	if (lock(e, create) == -1 || read_text(e) == -1)
		return -1;
	return find_line(e, login);
}

static void
edit_end(struct edit *e)
{
	/* Closing lets the lock go. */
	if (e->fd != -1)
		(void)close(e->fd);
	if (e->text != NULL)
		freezero(e->text, e->len + 1);
	explicit_bzero(e->fields, sizeof(e->fields));
}

/* The reason, errno's text if it is none of ours. */
static int
fail(struct edit *e, const char *why)
{
	(void)snprintf(e->why, WHY, "%s: %s", e->file,
	    why == NULL ? strerror(errno) : why);
	return -1;
}

/*
 * A lock on the file itself, waited for. Who had it may have renamed a new
 * file into place meanwhile: then the lock is on a dead file, and again.
 */
static int
lock(struct edit *e, int create)
{
	struct stat held, now;

	for (;;) {
		e->fd = open(
		    e->file, O_RDWR | create | O_NONBLOCK | O_CLOEXEC, 0600);
		if (e->fd == -1 && errno == EISDIR)
			return fail(e, "a directory: name a file in it");
		if (e->fd == -1)
			return fail(e, NULL);
		while (flock(e->fd, LOCK_EX) == -1)
			if (errno != EINTR)
				return fail(e, NULL);
		if (fstat(e->fd, &held) == -1)
			return fail(e, NULL);
		if (!S_ISREG(held.st_mode))
			return fail(e, "not a file");
		if (stat(e->file, &now) == 0 && now.st_dev == held.st_dev &&
		    now.st_ino == held.st_ino)
			return 0;
		(void)close(e->fd);
		e->fd = -1;
	}
}

static int
read_text(struct edit *e)
{
	struct stat st;
	ssize_t n;

	if (fstat(e->fd, &st) == -1)
		return fail(e, NULL);
	if ((uint64_t)st.st_size > USERDB_BYTES)
		return fail(e, "too large");
	if ((e->text = calloc(1, (size_t)st.st_size + 1)) == NULL)
		return fail(e, NULL);
	while (e->len < (size_t)st.st_size) {
		n = read(e->fd, e->text + e->len, (size_t)st.st_size - e->len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return fail(e, NULL);
		if (n == 0)
			break;
		e->len += (size_t)n;
	}
	return 0;
}

/* The first line of the account, as the reader takes it; else the end. */
static int
find_line(struct edit *e, const char *login)
{
	size_t n = strlen(login), at, end = 0;
	const char *nl;

	for (at = 0; at < e->len; at = end) {
		nl = memchr(e->text + at, '\n', e->len - at);
		end = nl == NULL ? e->len : (size_t)(nl - e->text) + 1;
		if (end - at > n && e->text[at + n] == '\t' &&
		    memcmp(e->text + at, login, n) == 0)
			break;
	}
	e->from = at;
	e->to = at < e->len ? end : at;
	if (at == e->len)
		return 0;
	at += n + 1;
	if (e->text[end - 1] == '\n')
		end--;
	if (end - at > USERDB_LINE ||
	    memchr(e->text + at, '\0', end - at) != NULL)
		return fail(e, "the account's line is broken");
	memcpy(e->fields, e->text + at, end - at);
	e->fields[end - at] = '\0';
	e->found = true;
	return 0;
}

/* Takes the field out wherever it stands, then puts the new value there. */
static int
set_field(struct edit *e, const struct auth_field *f)
{
	char out[sizeof(e->fields)] = "", one[sizeof(e->fields)];
	const char *p = e->fields;
	size_t n = strlen(f->name), len;
	bool done = f->value == NULL, fits = true;

	if (check_value(e, f) == -1)
		return -1;
	for (;; p += len + 1) {
		len = strcspn(p, "|");
		(void)strlcpy(one, p, len + 1);
		if (len > n && p[n] == '=' && memcmp(p, f->name, n) == 0) {
			one[0] = '\0';
			if (!done)
				(void)snprintf(one, sizeof(one), "%s=%s",
				    f->name, f->value);
			done = true;
		}
		if (one[0] != '\0' && out[0] != '\0')
			fits &= strlcat(out, "|", sizeof(out)) < sizeof(out);
		fits &= strlcat(out, one, sizeof(out)) < sizeof(out);
		if (p[len] == '\0')
			break;
	}
	if (!done) {
		(void)snprintf(one, sizeof(one), "%s%s=%s",
		    out[0] == '\0' ? "" : "|", f->name, f->value);
		fits &= strlcat(out, one, sizeof(out)) < sizeof(out);
	}
	(void)strlcpy(e->fields, out, sizeof(e->fields));
	explicit_bzero(out, sizeof(out));
	explicit_bzero(one, sizeof(one));
	return fits ? 0 : fail(e, "line too long");
}

static int
check_value(struct edit *e, const struct auth_field *f)
{
	if (f->name[0] == '\0' ||
	    f->name[strspn(f->name, "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-_")] != '\0')
		return fail(e, "not a field name");
	if (f->value == NULL)
		return 0;
	if (strlen(f->name) + strlen(f->value) + 2 > USERDB_LINE)
		return fail(e, "line too long");
	for (const char *p = f->value; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f || *p == '|')
			return fail(e, "a value must not hold control "
				       "characters or '|'");
	return 0;
}

/* Puts the account's line together, if a reader would take it. */
static int
store(struct edit *e, const char *login)
{
	char line[USERDB_LINE + 3];
	int n, r;

	/* A last line without a newline gets one before ours. */
	n = snprintf(line, sizeof(line), "%s%s\t%s\n",
	    e->from > 0 && e->text[e->from - 1] != '\n' ? "\n" : "", login,
	    e->fields);
	if (n < 0 || n >= (int)sizeof(line))
		r = fail(e, "line too long");
	else if (check_line(e, login, e->fields) == -1)
		r = -1;
	else
		r = replace(e, line, (size_t)n);
	explicit_bzero(line, sizeof(line));
	return r;
}

static int
check_line(struct edit *e, const char *login, const char *fields)
{
	char copy[USERDB_LINE + 1];
	struct userdb_account account;
	const char *why = NULL;
	int n;

	n = snprintf(copy, sizeof(copy), "%s\t%s", login, fields);
	if (n < 0 || n >= (int)sizeof(copy))
		return fail(e, "line too long");
	if (userdb_parse(copy, &account, &why) != 1)
		return fail(e, why == NULL ? "not an account" : why);
	explicit_bzero(copy, sizeof(copy));
	return 0;
}

/* Writes the file anew with these bytes in the account's place. */
static int
replace(struct edit *e, const char *line, size_t n)
{
	char real[PATH_MAX], path[2 * PATH_MAX], dir[PATH_MAX];
	char *name;
	int dirfd, fd, r = -1;

	/* Through a link the file behind it is replaced, not the link. */
	if (realpath(e->file, real) == NULL)
		return fail(e, NULL);
	(void)strlcpy(dir, real, sizeof(dir));
	name = strrchr(dir, '/');
	*name++ = '\0';
	/* The dot hides it from readers of a tree. */
	(void)snprintf(path, sizeof(path), "%s/.%.200s.XXXXXX", dir, name);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd == -1)
		return fail(e, NULL);
	if (write_new(e, fd, line, n) == 0 && rename(path, real) == 0)
		r = 0;
	else
		(void)fail(e, NULL);
	if (close(fd) == -1 && r == 0)
		r = fail(e, NULL);
	if (r == -1) {
		(void)unlink(path);
		return -1;
	}
	dirfd = open(
	    dir[0] == '\0' ? "/" : dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd == -1 || fsync(dirfd) == -1)
		r = fail(e, NULL);
	if (dirfd != -1)
		(void)close(dirfd);
	return r;
}

/* Mode 0600 and the old file's owner, all bytes, synced. -1 with errno. */
static int
write_new(struct edit *e, int fd, const char *line, size_t n)
{
	struct stat st;

	if (fstat(e->fd, &st) == -1 || fchmod(fd, 0600) == -1)
		return -1;
	if ((st.st_uid != geteuid() || st.st_gid != getegid()) &&
	    fchown(fd, st.st_uid, st.st_gid) == -1)
		return -1;
	if (write_all(fd, e->text, e->from) == -1 ||
	    write_all(fd, line, n) == -1 ||
	    write_all(fd, e->text + e->to, e->len - e->to) == -1)
		return -1;
	return fsync(fd);
}

static int
write_all(int fd, const char *p, size_t n)
{
	ssize_t done;

	for (; n > 0; p += done, n -= (size_t)done) {
		done = write(fd, p, n);
		if (done == -1 && errno == EINTR)
			done = 0;
		else if (done == -1)
			return -1;
	}
	return 0;
}
