/* Names of the wire and folders of the store: RFC 3501 5.1, RFC 2342. */
#include "worker/imap/namespace.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define INBOX        "INBOX"
#define INBOX_PREFIX "INBOX."

static int folder_copy(const char *, char *, size_t);
static int join(const char *, const char *, char *, size_t);

int
namespace_folder(
    const struct settings *set, const char *name, char *out, size_t size)
{
	/* INBOX is one name in any case; so is it as Courier's prefix. */
	if (strcasecmp(name, INBOX) == 0)
		return join("", "", out, size);
	if (set->namespace_prefix == 0)
		return folder_copy(name, out, size);
	if (strncasecmp(name, INBOX_PREFIX, strlen(INBOX_PREFIX)) != 0) {
		errno = EINVAL;
		return -1;
	}
	return folder_copy(name + strlen(INBOX_PREFIX), out, size);
}

int
namespace_name(
    const struct settings *set, const char *folder, char *out, size_t size)
{
	if (folder[0] == '\0')
		return join(INBOX, "", out, size);
	if (set->namespace_prefix != 0)
		return join(INBOX_PREFIX, folder, out, size);
	/* A folder .INBOX would answer to the name of the INBOX. */
	if (strcasecmp(folder, INBOX) == 0) {
		errno = EINVAL;
		return -1;
	}
	return join("", folder, out, size);
}

int
namespace_line(const char *folder, char *out, size_t size)
{
	return folder[0] == '\0' ? join(INBOX, "", out, size)
				 : join(INBOX_PREFIX, folder, out, size);
}

int
namespace_of_line(const char *line, char *out, size_t size)
{
	if (strcasecmp(line, INBOX) == 0)
		return join("", "", out, size);
	if (strncasecmp(line, INBOX_PREFIX, strlen(INBOX_PREFIX)) != 0) {
		errno = EINVAL;
		return -1;
	}
	return folder_copy(line + strlen(INBOX_PREFIX), out, size);
}

/*
 * What no directory of a folder can be called, or no line can hold. The store
 * has stricter rules for what is created.
 */
static int
folder_copy(const char *p, char *out, size_t size)
{
	size_t i;

	for (i = 0; p[i] != '\0'; i++) {
		unsigned char c = (unsigned char)p[i];

		if (c < ' ' || c == 0x7f || c == '/') {
			errno = EINVAL;
			return -1;
		}
	}
	if (i == 0 || p[0] == '.') {
		errno = EINVAL;
		return -1;
	}
	return join("", p, out, size);
}

static int
join(const char *a, const char *b, char *out, size_t size)
{
	size_t na = strlen(a), nb = strlen(b);

	if (na + nb >= size) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(out, a, na);
	memcpy(out + na, b, nb + 1);
	return 0;
}
