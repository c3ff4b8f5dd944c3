/*
 * Names of message files, both directions. The letters are D F R S T of
 * https://cr.yp.to/proto/maildir.html; P, lower case ones (Dovecot's keywords)
 * and whatever else follows are not ours and are handed on.
 */
#include "maildir/filename.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "maildir/maildir.h"

static const char *letters_of(const char *info, size_t *n);
static uint8_t flag_of(char);
static void stamp_name(const char *, const char *, char *, size_t);

size_t
filename_base(const char *name, size_t len)
{
	const char *colon;

	colon = memchr(name, ':', len);
	return colon == NULL ? len : (size_t)(colon - name);
}

uint8_t
filename_flags(const char *info)
{
	const char *p;
	uint8_t flags = 0;
	size_t i, n;

	p = letters_of(info, &n);
	for (i = 0; i < n; i++)
		flags |= flag_of(p[i]);
	return flags;
}

/* The letters of an info; what follows them begins at a comma or the NUL. */
static const char *
letters_of(const char *info, size_t *n)
{
	if (strncmp(info, ":2,", 3) != 0) {
		*n = 0;
		return "";
	}
	*n = strcspn(info + 3, ",");
	return info + 3;
}

static uint8_t
flag_of(char letter)
{
	switch (letter) {
	case 'D':
		return MESSAGE_DRAFT;
	case 'F':
		return MESSAGE_FLAGGED;
	case 'R':
		return MESSAGE_ANSWERED;
	case 'S':
		return MESSAGE_SEEN;
	case 'T':
		return MESSAGE_DELETED;
	default:
		return 0;
	}
}

int
filename_info(const char *old, uint8_t flags, char *out, size_t size)
{
	static const char ours[] = "DFRST";
	bool has[256] = {false};
	const char *p;
	size_t i, n, at = 3;

	p = letters_of(old, &n);
	for (i = 0; i < n; i++)
		if (flag_of(p[i]) == 0)
			has[(unsigned char)p[i]] = true;
	for (i = 0; i < sizeof(ours) - 1; i++)
		has[(unsigned char)ours[i]] = (flags & flag_of(ours[i])) != 0;
	if (size < 4 + sizeof(has) + strlen(p + n)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(out, ":2,", 3);
	for (i = 1; i < sizeof(has); i++)
		if (has[i])
			out[at++] = (char)i;
	memcpy(out + at, p + n, strlen(p + n) + 1);
	return 0;
}

uint64_t
filename_number(const char *name)
{
	uint64_t n = 0;

	for (; *name >= '0' && *name <= '9'; name++) {
		if (n > (UINT64_MAX - 9) / 10)
			return UINT64_MAX;
		n = n * 10 + (uint64_t)(*name - '0');
	}
	return n;
}

void
filename_temp(const char *host, char *out, size_t size)
{
	stamp_name("", host, out, size);
}

void
filename_unique(const char *host, const struct stat *st, char *out, size_t size)
{
	char id[48];
	size_t n;

	(void)snprintf(id, sizeof(id), "V%016llXI%016llX",
	    (unsigned long long)st->st_dev, (unsigned long long)st->st_ino);
	stamp_name(id, host, out, size);
	n = strlen(out);
	(void)snprintf(out + n, size - n, ",S=%lld", (long long)st->st_size);
}

static void
stamp_name(const char *id, const char *host, char *out, size_t size)
{
	static atomic_uint serial;
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	/* A clock that stands still or goes back is made up for by serial. */
	(void)snprintf(out, size, "%lld.M%ldP%ld%s_%u.%.64s",
	    (long long)now.tv_sec, now.tv_nsec / 1000, (long)getpid(), id,
	    atomic_fetch_add(&serial, 1), host);
}
