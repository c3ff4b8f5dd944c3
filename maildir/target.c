/*
 * A folder that messages are filed into. It is opened apart from any view of
 * the same folder: flock orders descriptors, so a session may copy into the
 * folder that it has open.
 */
#include "maildir/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "maildir/filename.h"
#include "maildir/import_dovecot.h"
#include "maildir/mailbox.h"
#include "maildir/util.h"

#define UNLISTED 1 /* there is no list, and the index knows the folder */

static int lock_once(struct target *);
static int check_place(const struct target *);
static int look(struct target *);
static int find_list(struct target *);

int
target_open(struct target *t, struct maildir *md, const char *folder)
{
	memset(t, 0, sizeof(*t));
	t->md = md;
	t->dirfd = t->tmpfd = t->newfd = t->curfd = t->lock.dirfd = -1;
	uidlist_init(&t->list, -1);
	(void)snprintf(t->folder, sizeof(t->folder), "%s", folder);
	if (keywords_init(&t->kw) == -1 ||
	    (t->dirfd = maildir_folder_fd(md, folder)) == -1 ||
	    (t->tmpfd = util_open_dir(t->dirfd, "tmp", false)) == -1 ||
	    (t->newfd = util_open_dir(t->dirfd, "new", false)) == -1 ||
	    (t->curfd = util_open_dir(t->dirfd, "cur", false)) == -1) {
		target_close(t);
		return -1;
	}
	t->list.dirfd = t->dirfd;
	return 0;
}

void
target_close(struct target *t)
{
	lock_drop(&t->lock);
	uidlist_done(&t->list);
	keywords_done(&t->kw);
	util_close(t->tmpfd);
	util_close(t->newfd);
	util_close(t->curfd);
	util_close(t->dirfd);
	t->dirfd = t->tmpfd = t->newfd = t->curfd = -1;
}

int
target_lock(struct target *t)
{
	int r = lock_once(t);

	if (r == UNLISTED) {
		t->looked = true;
		if (look(t) == -1)
			return -1;
		r = lock_once(t);
	}
	if (r != 0)
		return -1;
	history_file_begin(&t->history, t);
	return 0;
}

static int
lock_once(struct target *t)
{
	unsigned seconds = t->md->options.lock_seconds;
	int r;

	if (lock_take(&t->lock, t->dirfd, seconds) == -1)
		return -1;
	r = check_place(t);
	if (r == 0 && (t->md->options.uselocks || !t->lock.flocked))
		r = lock_dot(&t->lock, seconds);
	if (r == 0)
		r = find_list(t);
	if (r != 0)
		lock_drop(&t->lock);
	return r;
}

/*
 * What is filed in a folder that was deleted since goes with what was in it,
 * and in one that was renamed nobody would look for it.
 */
static int
check_place(const struct target *t)
{
	struct stat own, there;
	char dir[NAME_DIR_MAX];

	name_to_dir(dir, t->folder);
	if (fstat(t->dirfd, &own) == -1 ||
	    fstatat(t->md->rootfd, dir, &there, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	if (own.st_ino == there.st_ino && own.st_dev == there.st_dev)
		return 0;
	errno = ENOENT;
	return -1;
}

/* The index has what the list said: a look at the folder writes it again. */
static int
look(struct target *t)
{
	struct mailbox *mb;
	int r;

	if ((mb = mailbox_new(t->md, t->folder, true)) == NULL)
		return -1;
	mb->mends = true;
	r = mailbox_look(mb, 0);
	mailbox_close(mb);
	return r;
}

void
target_filed(struct target *t, const struct history_new *v, size_t n)
{
	history_file_end(&t->history, t, v, n);
}

static int
find_list(struct target *t)
{
	uint32_t uidvalidity;
	int r;

	if (import_dovecot_folder(t->md, t->dirfd) == -1 ||
	    uidlist_peek(&t->list) == -1)
		return -1;
	if (t->list.uidvalidity != 0)
		return 0;
	if (!t->looked && history_file_knows(t))
		return UNLISTED;
	if ((uidvalidity = maildir_new_uidvalidity(t->md)) == 0)
		return -1;
	r = uidlist_create(&t->list, uidvalidity, 1, NULL, 0);
	mailbox_tell_aside(t->md, t->list.aside);
	return r;
}

void
target_unlock(struct target *t)
{
	int saved = errno;

	mailbox_tell_aside(t->md, t->list.aside);
	mailbox_tell_aside(t->md, t->kw.aside);
	errno = saved;
	lock_drop(&t->lock);
}

int
target_temp(struct target *t, char *out, size_t size)
{
	const int how = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd, i;

	for (i = 0; i < 10; i++) {
		filename_temp(t->md->hostname, out, size);
		fd = openat(t->tmpfd, out, how, 0666 & ~t->md->options.umask);
		if (fd != -1 || errno != EEXIST)
			return fd;
	}
	return -1;
}

uint32_t
target_set(struct target *t, const char *const *names, size_t n, bool limited)
{
	uint16_t *v;
	uint32_t set = UINT32_MAX;
	size_t i;
	int number;

	if ((v = calloc(n + 1, sizeof(*v))) == NULL)
		return UINT32_MAX;
	for (i = 0; i < n; i++) {
		number = keywords_number(
		    &t->kw, names[i], strlen(names[i]), limited);
		if (number == -1)
			break;
		v[i] = (uint16_t)number;
	}
	if (i == n)
		set = keywords_set(&t->kw, v, n);
	free(v);
	return set;
}
