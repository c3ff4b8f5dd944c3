/*
 * Folder names, COURIER's Maildir++: RFC 3501 5.1 levels, RFC 6855 3 for what
 * UTF-8 a new name may hold.
 */
#include "maildir/name.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <utf8proc.h>

#include "maildir/maildir.h"

static int next_char(const char **, int32_t *);
static bool is_forbidden(int32_t);
static int refuse(int);

int
name_check(const char *folder)
{
	if (folder[0] == '.' || strchr(folder, '/') != NULL)
		return refuse(EINVAL);
	/* one byte for the dot in front, one for the NUL */
	if (strlen(folder) > NAME_DIR_MAX - 2)
		return refuse(ENAMETOOLONG);
	return 0;
}

int
name_check_new(const char *folder)
{
	const char *p = folder;
	unsigned levels = 1;
	bool empty = true; /* the level so far */
	int32_t c;

	if (strlen(folder) > MAILDIR_NAME_MAX)
		return refuse(ENAMETOOLONG);
	while (*p != '\0') {
		if (next_char(&p, &c) == -1 || is_forbidden(c))
			return refuse(EINVAL);
		if (c == '.' && empty)
			return refuse(EINVAL);
		empty = c == '.';
		levels += c == '.';
	}
	if (empty)
		return refuse(EINVAL);
	if (levels > MAILDIR_LEVELS_MAX)
		return refuse(ENAMETOOLONG);
	return 0;
}

bool
name_is_shown(const char *folder)
{
	const char *p = folder;
	int32_t c;

	while (*p != '\0') {
		if (next_char(&p, &c) == -1 || c < ' ' || c == 0x7f)
			return false;
	}
	return true;
}

bool
name_is_below(const char *folder, const char *above)
{
	size_t n = strlen(above);

	if (n == 0)
		return folder[0] != '\0';
	return strncmp(folder, above, n) == 0 && folder[n] == '.';
}

void
name_to_dir(char dir[NAME_DIR_MAX], const char *folder)
{
	(void)snprintf(dir, NAME_DIR_MAX, ".%s", folder);
}

const char *
name_of_dir(const char *dir)
{
	if (dir[0] != '.' || dir[1] == '.' || dir[1] == '\0')
		return NULL;
	return dir + 1;
}

/* Takes one character off *p. -1: these bytes are no UTF-8. */
static int
next_char(const char **p, int32_t *c)
{
	utf8proc_ssize_t n;

	/* a NUL ends it, so that -1 (no length) reads no further than that */
	n = utf8proc_iterate((const utf8proc_uint8_t *)*p, -1, c);
	if (n <= 0)
		return -1;
	*p += n;
	return 0;
}

static bool
is_forbidden(int32_t c)
{
	if (c < ' ' || (c >= 0x7f && c <= 0x9f))
		return true;
	return c == '/' || c == 0x2028 || c == 0x2029;
}

static int
refuse(int error)
{
	errno = error;
	return -1;
}
