/*
 * One message of an open folder: its file, its size on the wire, its date. The
 * size is counted (each bare LF is sent as CRLF); the ",S=" in a name is a
 * claim of whoever wrote it.
 */
#include "maildir/mailbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "maildir/cache.h"
#include "maildir/mime.h"

#define CHUNK     16384 /* of the stack, which the compiler clears each time */
#define SAVED_MAX 253402300799 /* the last second of the year 9999 */

static int open_file(struct mailbox *, size_t, struct stat *);
static size_t find(struct mailbox *, uint32_t);
static int count(int, uint64_t *);

int
mailbox_message(struct mailbox *mb, uint32_t uid, struct message_file *out)
{
	struct stat st;
	size_t i;
	int fd;

	if ((i = find(mb, uid)) == NOWHERE ||
	    (fd = open_file(mb, i, &st)) == -1)
		return -1;
	out->fd = fd;
	out->size = (uint64_t)st.st_size;
	out->date = st.st_mtime;
	return 0;
}

static size_t
find(struct mailbox *mb, uint32_t uid)
{
	size_t i = entry_by_uid(mb, uid);

	if (i == NOWHERE)
		errno = ENOENT;
	return i;
}

/* Under its last name, or the one it has now. */
static int
open_file(struct mailbox *mb, size_t i, struct stat *st)
{
	char file[FILENAME_MAX_LEN + 1];
	int dirfd, fd, tries;

	for (tries = 0; tries < 3; tries++) {
		if ((mb->entries[i].bits & ENTRY_MISSING) != 0)
			break;
		dirfd = entry_file(mb, i, file);
		fd = util_open_regular(dirfd, file, st);
		if (fd != -1 || errno != ENOENT)
			return fd;
		if (mailbox_find_again(mb) == -1)
			return -1;
	}
	errno = ENOENT;
	return -1;
}

int
mailbox_size(struct mailbox *mb, uint32_t uid, uint64_t *size)
{
	struct stat st;
	size_t i;
	int fd, r;

	if ((i = find(mb, uid)) == NOWHERE)
		return -1;
	if (mailbox_size_known(mb, uid, size))
		return 0;
	if ((fd = open_file(mb, i, &st)) == -1)
		return -1;
	r = count(fd, size);
	util_close(fd);
	if (r == 0)
		mailbox_keep_size(mb, uid, *size, st.st_mtime);
	return r;
}

bool
mailbox_size_known(struct mailbox *mb, uint32_t uid, uint64_t *size)
{
	size_t i = entry_by_uid(mb, uid);
	time_t date;

	if (i == NOWHERE)
		return false;
	if (mb->entries[i].size == 0 && cache_facts(mb, uid, size, &date))
		mb->entries[i].size = *size + 1;
	if (mb->entries[i].size == 0)
		return false;
	*size = mb->entries[i].size - 1;
	return true;
}

void
mailbox_keep_size(struct mailbox *mb, uint32_t uid, uint64_t size, time_t date)
{
	size_t i = entry_by_uid(mb, uid);

	if (i == NOWHERE)
		return;
	mb->entries[i].size = size + 1;
	cache_put_facts(mb, uid, size, date);
}

time_t
mailbox_saved(const struct mailbox *mb, uint32_t uid)
{
	size_t i = entry_by_uid(mb, uid);
	long long saved = 0;
	const char *p;

	if (i == NOWHERE)
		return 0;
	for (p = entry_base(mb, i); *p >= '0' && *p <= '9'; p++)
		if ((saved = saved * 10 + (*p - '0')) > SAVED_MAX)
			return 0;
	return *p == '.' ? (time_t)saved : 0;
}

static int
count(int fd, uint64_t *size)
{
	char buf[CHUNK], last = '\0';
	uint64_t total = 0;
	ssize_t n;

	for (;;) {
		if ((n = read(fd, buf, sizeof(buf))) == -1) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		if (n == 0)
			break;
		total += (uint64_t)n + mime_bare_lfs(buf, (size_t)n, last);
		last = buf[n - 1];
	}
	*size = total;
	return 0;
}

int
mailbox_date(struct mailbox *mb, uint32_t uid, time_t *date)
{
	char file[FILENAME_MAX_LEN + 1];
	struct stat st;
	uint64_t size;
	size_t i;
	int fd;

	if ((i = find(mb, uid)) == NOWHERE)
		return -1;
	if (cache_facts(mb, uid, &size, date))
		return 0;
	fd = entry_file(mb, i, file);
	if (fstatat(fd, file, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode)) {
		*date = st.st_mtime;
		return 0;
	}
	if ((fd = open_file(mb, i, &st)) == -1)
		return -1;
	util_close(fd);
	*date = st.st_mtime;
	return 0;
}
