/*
 * Folders come and go. CREATE builds aside, syncs all, and lets the folder
 * appear by one rename; DELETE lets it disappear by one rename, and only then
 * takes it apart. RELIABILITY's order, under the account's lock:
 *	CREATE	mark (file, corkboard/), special use (the same), UID file, its
 *		directory; rename; root
 *	DELETE	mark if the folder's UIDVALIDITY is above it; rename; root;
 *		special use if there is one
 */
#include "maildir/folder.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "maildir/account.h"
#include "maildir/folder_intent.h"
#include "maildir/highwater.h"
#include "maildir/name.h"
#include "maildir/private.h"
#include "maildir/special.h"
#include "maildir/usage.h"
#include "maildir/util.h"

static const char *const subdirs[] = {"cur", "new", "tmp"};
#define NSUBDIRS (sizeof subdirs / sizeof subdirs[0])

static int create(struct maildir *, int, const char *, uint32_t);
static int check_room(struct maildir *, const char *);
static int build(int, const char *, uint32_t);
static int fill(int, uint32_t);
static int publish(struct maildir *, int, const char *, const char *);
static int take_down(struct maildir *, int, const char *, const char *);
static void discard(int, const char *);
static int has_message(int, const char *, bool);
static bool is_unseen(const char *);
static int close_keep(int, int);

int
folder_is_at(int rootfd, const char *dir)
{
	struct stat st;
	size_t i;
	int fd;

	fd = util_open_dir(rootfd, dir, false);
	if (fd == -1) {
		if (errno != ENOENT && errno != ELOOP && errno != ENOTDIR)
			return -1;
		errno = ENOENT;
		return 0;
	}
	for (i = 0; i < NSUBDIRS; i++) {
		if (fstatat(fd, subdirs[i], &st, AT_SYMLINK_NOFOLLOW) == -1) {
			if (errno != ENOENT)
				return close_keep(fd, -1);
			break;
		}
		if (!S_ISDIR(st.st_mode))
			break;
	}
	(void)close(fd);
	errno = ENOENT;
	return i == NSUBDIRS;
}

int
folder_begin(struct maildir *md)
{
	int fd;

	fd = account_lock(md);
	if (fd != -1 && intent_settle(md, fd) == -1)
		return close_keep(fd, -1);
	return fd;
}

int
maildir_exists(struct maildir *md, const char *folder)
{
	char dir[NAME_DIR_MAX];

	if (name_check(folder) == -1)
		return -1;
	name_to_dir(dir, folder);
	return folder_is_at(md->rootfd, dir);
}

int
maildir_create(struct maildir *md, const char *folder, uint32_t use)
{
	int fd;

	if (folder[0] == '\0') {
		errno = EEXIST; /* RFC 3501 6.3.3: INBOX is always there */
		return -1;
	}
	if (name_check_new(folder) == -1)
		return -1;
	if ((use & ~SPECIAL_ALL_USES) != 0) {
		errno = EINVAL;
		return -1;
	}
	fd = folder_begin(md);
	if (fd == -1)
		return -1;
	return close_keep(fd, create(md, fd, folder, use));
}

static int
create(struct maildir *md, int corkfd, const char *folder, uint32_t use)
{
	char building[ACCOUNT_NAME_MAX];
	uint32_t uidvalidity;
	int r, save;

	if (check_room(md, folder) == -1)
		return -1;
	uidvalidity = highwater_take(md, corkfd);
	if (uidvalidity == 0)
		return -1;
	/* also when 0: a deleted folder's line may be left */
	if (special_store(md, corkfd, folder, use) == -1)
		return -1;
	account_name(building, ACCOUNT_BUILDING);
	r = build(corkfd, building, uidvalidity);
	if (r == 0)
		r = publish(md, corkfd, building, folder);
	if (r == -1) {
		save = errno;
		discard(corkfd, building);
		if (use != 0)
			(void)special_store(md, corkfd, folder, 0);
		errno = save;
	}
	return r;
}

/* Is the name free, and the number of folders below the limit? */
static int
check_room(struct maildir *md, const char *folder)
{
	char dir[NAME_DIR_MAX];
	struct dirent *e;
	struct stat st;
	size_t n = 0;
	DIR *d;
	int fd;

	name_to_dir(dir, folder);
	if (fstatat(md->rootfd, dir, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	if (errno != ENOENT)
		return -1;
	fd = util_open_dir(md->rootfd, ".", false);
	if (fd == -1)
		return -1;
	d = fdopendir(fd);
	if (d == NULL)
		return close_keep(fd, -1);
	for (errno = 0; (e = readdir(d)) != NULL; errno = 0)
		n += name_of_dir(e->d_name) != NULL && e->d_type != DT_REG;
	if (errno == 0 && n >= MAILDIR_FOLDERS_MAX)
		errno = EMLINK;
	n = (size_t)errno;
	(void)closedir(d);
	errno = (int)n;
	return errno == 0 ? 0 : -1;
}

static int
build(int corkfd, const char *building, uint32_t uidvalidity)
{
	int fd;

	if (mkdirat(corkfd, building, 0700) == -1)
		return -1;
	fd = util_open_dir(corkfd, building, false);
	if (fd == -1)
		return -1;
	return close_keep(fd, fill(fd, uidvalidity));
}

static int
fill(int dirfd, uint32_t uidvalidity)
{
	size_t i;
	int fd;

	for (i = 0; i < NSUBDIRS; i++) {
		if (mkdirat(dirfd, subdirs[i], 0700) == -1)
			return -1;
	}
	/* empty: tells delivery agents that the quota is one level up */
	fd = openat(dirfd, "maildirfolder",
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1 || close(fd) == -1)
		return -1;
	/* the last step, as it syncs the directory with all of the above */
	return mailbox_init_folder(dirfd, uidvalidity);
}

static int
publish(
    struct maildir *md, int corkfd, const char *building, const char *folder)
{
	char dir[NAME_DIR_MAX];
	int save;

	name_to_dir(dir, folder);
	if (account_move(corkfd, building, md->rootfd, dir) == -1) {
		if (errno == ENOTEMPTY)
			errno = EEXIST;
		return -1;
	}
	if (util_fsync(md->rootfd) == 0)
		return 0;
	/* not acknowledged: as if it never was */
	save = errno;
	(void)account_move(md->rootfd, dir, corkfd, building);
	errno = save;
	return -1;
}

int
maildir_delete(struct maildir *md, const char *folder)
{
	char removing[ACCOUNT_NAME_MAX];
	int fd, r;

	if (folder[0] == '\0') {
		errno = EINVAL; /* RFC 3501 6.3.4 */
		return -1;
	}
	if (name_check(folder) == -1)
		return -1;
	account_name(removing, ACCOUNT_REMOVING);
	fd = folder_begin(md);
	if (fd == -1)
		return -1;
	r = take_down(md, fd, folder, removing);
	close_keep(fd, 0);
	if (r == 0 && (fd = account_look(md)) != -1) {
		/* without the lock; who comes across it meanwhile helps */
		discard(fd, removing);
		(void)close(fd);
	}
	if (r == 0)
		usage_recount(md);
	return r;
}

static int
take_down(
    struct maildir *md, int corkfd, const char *folder, const char *removing)
{
	char dir[NAME_DIR_MAX];
	int save;

	name_to_dir(dir, folder);
	if (folder_is_at(md->rootfd, dir) != 1)
		return -1;
	/* the name becomes free: what comes next must be above this */
	if (highwater_raise(md, corkfd, highwater_of(md->rootfd, dir)) == -1)
		return -1;
	if (account_move(md->rootfd, dir, corkfd, removing) == -1)
		return -1;
	if (util_fsync(md->rootfd) == -1) {
		save = errno;
		(void)account_move(corkfd, removing, md->rootfd, dir);
		errno = save;
		return -1;
	}
	if (special_store(md, corkfd, folder, 0) == -1)
		maildir_note(md, "special use of %s not removed: %s", folder,
		    strerror(errno));
	return 0;
}

/* Removes as much as can be; the rest goes when the account is opened. */
static void
discard(int corkfd, const char *name)
{
	size_t budget = SIZE_MAX;

	(void)account_remove(corkfd, name, &budget);
}

int
maildir_marked(struct maildir *md, const char *folder)
{
	int fd, r;

	fd = maildir_folder_fd(md, folder);
	if (fd == -1)
		return -1;
	r = has_message(fd, "new", false);
	if (r == 0)
		r = has_message(fd, "cur", true);
	return close_keep(fd, r);
}

int
folder_is_empty(struct maildir *md, const char *folder)
{
	int fd, r;

	fd = maildir_folder_fd(md, folder);
	if (fd == -1)
		return -1;
	r = has_message(fd, "new", false);
	if (r == 0)
		r = has_message(fd, "cur", false);
	return close_keep(fd, r == -1 ? -1 : r == 0);
}

/* Is there a message (unseen: without the S flag) in that directory? */
static int
has_message(int dirfd, const char *name, bool unseen)
{
	struct dirent *e;
	DIR *d;
	int fd, save;

	fd = util_open_dir(dirfd, name, false);
	if (fd == -1)
		return -1;
	d = fdopendir(fd);
	if (d == NULL)
		return close_keep(fd, -1);
	for (errno = 0; (e = readdir(d)) != NULL; errno = 0) {
		if (e->d_name[0] == '.' ||
		    (e->d_type != DT_REG && e->d_type != DT_UNKNOWN))
			continue;
		if (!unseen || is_unseen(e->d_name))
			break;
	}
	save = errno;
	(void)closedir(d);
	errno = save;
	if (e != NULL)
		return 1;
	return save == 0 ? 0 : -1;
}

static bool
is_unseen(const char *name)
{
	const char *info;

	info = strrchr(name, ':');
	return info == NULL || strncmp(info, ":2,", 3) != 0 ||
	       strchr(info + 3, 'S') == NULL;
}

/* Closes fd; hands on r with errno as it was. */
static int
close_keep(int fd, int r)
{
	util_close(fd);
	return r;
}
