/*
 * Dovecot's subscriptions. Version 1 is a name a line; version 2 begins with
 * "V<TAB>2" and an empty line, levels are separated by tabs, and bytes that
 * would be in the way are written with \001. The names are relative to the
 * root, in modified UTF-7 unless Dovecot was told otherwise.
 *
 * A name is taken in UTF-8, unless its directory is still there in modified
 * UTF-7: then in the form in which the folder is shown until the names are
 * converted (moving.h).
 */
#include "maildir/import_dovecot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "maildir/account.h"
#include "maildir/folder.h"
#include "maildir/name.h"
#include "maildir/name_utf7.h"
#include "maildir/private.h"
#include "maildir/util.h"

#define SUBSCRIBED "courierimapsubscribed"
#define INBOX_DOT  "INBOX."
#define LINE_ROOM  1024

static bool is_there(struct maildir *, const char *);
static int import(struct maildir *);
static char *convert(struct maildir *, const char *, size_t, size_t *);
static size_t put_line(
    struct maildir *, const char *, size_t, bool, char *, size_t);
static bool unescape(char, char *);

int
import_dovecot_subscriptions(struct maildir *md)
{
	int fd, r = 0;

	if (is_there(md, SUBSCRIBED) || !is_there(md, DOVECOT_SUBSCRIPTIONS))
		return 0;
	if ((fd = account_lock(md)) == -1)
		return -1;
	/* another session may have been first, and its user at work since */
	if (!is_there(md, SUBSCRIBED))
		r = import(md);
	util_close(fd);
	return r;
}

static bool
is_there(struct maildir *md, const char *name)
{
	struct stat st;

	return fstatat(md->rootfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ||
	       errno != ENOENT;
}

static int
import(struct maildir *md)
{
	char *text, *out;
	size_t n, nout;
	int r = -1;

	if (util_read_file(md->rootfd, DOVECOT_SUBSCRIPTIONS,
		DOVECOT_SUBS_BYTES, &text, &n) == -1)
		return -1;
	if ((out = convert(md, text, n, &nout)) != NULL)
		r = util_replace_file(md->rootfd, SUBSCRIBED, out, nout);
	free(out);
	free(text);
	return r;
}

static char *
convert(struct maildir *md, const char *text, size_t n, size_t *nout)
{
	const char *p, *lf, *end = text + n;
	bool version2 = n >= 4 && memcmp(text, "V\t2\n", 4) == 0;
	size_t room = 0, at = 0;
	char *out = NULL, *more;

	for (p = version2 ? text + 4 : text; p < end; p = lf + 1) {
		if ((lf = memchr(p, '\n', (size_t)(end - p))) == NULL)
			lf = end;
		if (room - at < LINE_ROOM) {
			room = room * 2 + 4 * LINE_ROOM;
			if ((more = realloc(out, room)) == NULL) {
				free(out);
				return NULL;
			}
			out = more;
		}
		at += put_line(
		    md, p, (size_t)(lf - p), version2, out + at, room - at);
	}
	*nout = at;
	return out != NULL ? out : calloc(1, 1);
}

/* Bytes that were written, with the line end; 0: it is no name. */
static size_t
put_line(struct maildir *md, const char *p, size_t n, bool version2, char *out,
    size_t size)
{
	char name[NAME_DIR_MAX], decoded[2 * NAME_DIR_MAX], dir[NAME_DIR_MAX];
	const char *prefix = INBOX_DOT, *shown = name;

	if (!import_dovecot_subscription(p, n, version2, name, sizeof(name)))
		return 0;
	if (strcasecmp(name, "INBOX") == 0)
		return (size_t)snprintf(out, size, "INBOX\n");
	name_to_dir(dir, name);
	/* a file of its first version may have had Courier's names */
	if (strncasecmp(name, INBOX_DOT, strlen(INBOX_DOT)) == 0 &&
	    folder_is_at(md->rootfd, dir) != 1)
		prefix = "";
	name_to_dir(dir, name + (*prefix == '\0' ? strlen(INBOX_DOT) : 0));
	if (name_is_unconverted(name, decoded, sizeof(decoded)) &&
	    name_is_shown(decoded) && folder_is_at(md->rootfd, dir) != 1)
		shown = decoded;
	return (size_t)snprintf(out, size, "%s%s\n", prefix, shown);
}

bool
import_dovecot_subscription(
    const char *line, size_t n, bool version2, char *out, size_t size)
{
	size_t i, at = 0;
	char c;

	for (i = 0; i < n; i++) {
		c = line[i];
		if (version2 && c == '\t')
			c = '.';
		else if (version2 && c == '\001' &&
			 (++i == n || !unescape(line[i], &c)))
			return false;
		if (at + 2 > size)
			return false;
		out[at++] = c;
	}
	out[at] = '\0';
	return at > 0 && strlen(out) == at && name_check(out) == 0 &&
	       name_is_shown(out);
}

static bool
unescape(char from, char *to)
{
	static const char pairs[][2] = {
	    {'1', '\001'}, {'t', '\t'}, {'r', '\r'}, {'n', '\n'}};
	size_t i;

	for (i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
		if (pairs[i][0] == from) {
			*to = pairs[i][1];
			return true;
		}
	return false;
}
