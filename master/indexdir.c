/*
 * Directories for indexes, made by the spawner before a session needs one: a
 * session may make nothing in INDEXDIR. A death between mkdir and chown leaves
 * a directory of ours, which the next call gives away.
 */
#include "master/indexdir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HASH 16
#define OPEN (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static void hash_name(const struct owner *, char out[2 * HASH + 1]);
static int open_ours(int, const char *);
static int give(int, const char *, const struct owner *);

bool
indexdir_path(const struct settings *set, const struct owner *owner, char *out,
    size_t size)
{
	char name[2 * HASH + 1];
	int n;

	if (set->indexdir[0] == '\0')
		return false;
	hash_name(owner, name);
	n = snprintf(out, size, "%s/%u/%s", set->indexdir, owner->uid, name);
	return n > 0 && (size_t)n < size;
}

int
indexdir_make(
    const struct settings *set, const struct owner *owner, bool privileged)
{
	char uid[16], name[2 * HASH + 1];
	int top, ours, ret = -1, saved;

	if (set->indexdir[0] == '\0')
		return 0;
	snprintf(uid, sizeof(uid), "%u", owner->uid);
	hash_name(owner, name);
	if ((top = open(set->indexdir, OPEN)) == -1)
		return -1;
	if ((ours = open_ours(top, uid)) != -1) {
		if (mkdirat(ours, name, 0700) == 0 || errno == EEXIST)
			ret = privileged ? give(ours, name, owner) : 0;
		saved = errno;
		close(ours);
		errno = saved;
	}
	saved = errno;
	close(top);
	errno = saved;
	return ret;
}

/* Only what says which mail it is: options and groups may change. */
static void
hash_name(const struct owner *owner, char out[2 * HASH + 1])
{
	static struct owner key;
	uint8_t hash[HASH];

	memset(&key, 0, sizeof(key));
	key.uid = owner->uid;
	memcpy(key.maildir, owner->maildir, sizeof(key.maildir));
	ticket_owner_account(&key, hash);
	for (int i = 0; i < HASH; i++)
		snprintf(out + 2 * i, 3, "%02x", hash[i]);
}

static int
open_ours(int top, const char *uid)
{
	struct stat st;
	int fd;

	if (mkdirat(top, uid, 0711) == -1 && errno != EEXIST)
		return -1;
	if ((fd = openat(top, uid, OPEN)) == -1)
		return -1;
	if (fstat(fd, &st) == 0) {
		if (st.st_uid == geteuid() && (st.st_mode & 022) == 0 &&
		    fchmod(fd, 0711) == 0)
			return fd;
		errno = EPERM;
	}
	close(fd);
	return -1;
}

static int
give(int ours, const char *name, const struct owner *owner)
{
	struct stat st;

	if (fstatat(ours, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	if (S_ISDIR(st.st_mode) && st.st_uid == owner->uid)
		return 0;
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid()) {
		errno = EPERM;
		return -1;
	}
	return fchownat(
	    ours, name, owner->uid, owner->gid, AT_SYMLINK_NOFOLLOW);
}
