/*
 * Who a folder is and when it last moved, for posts to the board about folders
 * that are not open. The hash is the one of mailbox_stamp (maildir.h).
 */
#include "maildir/maildir.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "maildir/private.h"

static uint64_t hash_stamps(int);
static uint64_t hash_number(uint64_t, uint64_t);

int
maildir_identity(struct maildir *m, const char *folder, uint64_t *dev,
    uint64_t *ino, uint64_t *stamp)
{
	struct stat st;
	int fd, err;

	fd = maildir_folder_fd(m, folder);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == -1) {
		err = errno;
		(void)close(fd);
		errno = err;
		return -1;
	}
	*dev = st.st_dev;
	*ino = st.st_ino;
	*stamp = hash_stamps(fd);
	(void)close(fd);
	return 0;
}

int
maildir_folder(struct maildir *m, const char *folder)
{
	return maildir_folder_fd(m, folder);
}

static uint64_t
hash_stamps(int dirfd)
{
	static const char *const names[] = {
	    "new", "cur", "courierimapkeywords"};
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	struct stat st;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (fstatat(dirfd, names[i], &st, AT_SYMLINK_NOFOLLOW) == -1)
			st = (struct stat){0};
		h = hash_number(h, (uint64_t)st.st_mtim.tv_sec);
		h = hash_number(h, (uint64_t)st.st_mtim.tv_nsec);
		h = hash_number(h, (uint64_t)st.st_ctim.tv_sec);
		h = hash_number(h, (uint64_t)st.st_ctim.tv_nsec);
	}
	return h;
}

static uint64_t
hash_number(uint64_t h, uint64_t v)
{
	int i;

	for (i = 0; i < 8; i++) {
		h ^= v & 0xff;
		h *= UINT64_C(0x100000001b3);
		v >>= 8;
	}
	return h;
}
