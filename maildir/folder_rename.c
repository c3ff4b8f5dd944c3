/*
 * RENAME (RFC 3501 6.3.5): of a folder with all below it, by renames of
 * directories under an intent (folder_intent.c); of INBOX, by moving its
 * messages into a new folder. Syncs, under the account's lock: mark if a
 * folder's UIDVALIDITY is above it; intent (file, corkboard/); renames; root;
 * special uses if there are any.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "maildir/folder.h"
#include "maildir/folder_intent.h"
#include "maildir/highwater.h"
#include "maildir/name.h"
#include "maildir/private.h"
#include "maildir/usage.h"
#include "maildir/util.h"

static int rename_tree(struct maildir *, int, const char *, const char *);
static int collect(struct maildir *, struct intent *);
static int collect_one(
    struct maildir *, struct intent *, const struct dirent *);
static int check_target(struct maildir *, const char *, const char *);
static int has_folder(struct maildir *, const struct intent *);
static int compare(const void *, const void *);
static int raise_mark(struct maildir *, int, const struct intent *);
static int rename_inbox(struct maildir *, const char *);
static int move_all(struct maildir *, const char *);

int
maildir_rename(struct maildir *md, const char *from, const char *to)
{
	int fd, r;

	if (to[0] == '\0') {
		errno = EEXIST;
		return -1;
	}
	if (from[0] == '\0')
		return rename_inbox(md, to);
	if (name_check(from) == -1 || name_check_new(to) == -1)
		return -1;
	if (name_is_below(to, from)) {
		errno = EINVAL;
		return -1;
	}
	fd = folder_begin(md);
	if (fd == -1)
		return -1;
	r = rename_tree(md, fd, from, to);
	util_close(fd);
	if (r == 0)
		usage_recount(md);
	return r;
}

static int
rename_tree(struct maildir *md, int corkfd, const char *from, const char *to)
{
	struct intent in = {0};
	int r = -1, save;

	in.from = strdup(from);
	in.to = strdup(to);
	if (in.from == NULL || in.to == NULL)
		goto out;
	if (collect(md, &in) == -1)
		goto out;
	/* also when only folders below "from" exist */
	if (check_target(md, from, to) == -1)
		goto out;
	if (has_folder(md, &in) == -1 || raise_mark(md, corkfd, &in) == -1)
		goto out;
	r = intent_write(corkfd, &in);
	if (r == 0)
		r = intent_carry_out(md, corkfd, &in);
out:
	save = errno;
	intent_done(&in);
	errno = save;
	return r;
}

/* Finds all directories that are to be moved, parents first. */
static int
collect(struct maildir *md, struct intent *in)
{
	struct dirent *e;
	DIR *d;
	int fd, save;

	fd = util_open_dir(md->rootfd, ".", false);
	if (fd == -1)
		return -1;
	d = fdopendir(fd);
	if (d == NULL) {
		util_close(fd);
		return -1;
	}
	for (errno = 0; (e = readdir(d)) != NULL; errno = 0) {
		if (collect_one(md, in, e) == -1)
			break;
	}
	save = errno;
	(void)closedir(d);
	errno = save;
	if (e != NULL || errno != 0)
		return -1;
	if (in->n > 0)
		qsort(in->moves, in->n, sizeof *in->moves, compare);
	return 0;
}

static int
collect_one(struct maildir *md, struct intent *in, const struct dirent *e)
{
	char to[2 * NAME_DIR_MAX];
	const char *folder;
	struct stat st;

	folder = name_of_dir(e->d_name);
	if (folder == NULL ||
	    (strcmp(folder, in->from) != 0 && !name_is_below(folder, in->from)))
		return 0;
	/* symlinks and files are nobody's folders: they stay */
	if (fstatat(md->rootfd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISDIR(st.st_mode))
		return 0;
	(void)snprintf(
	    to, sizeof to, "%s%s", in->to, folder + strlen(in->from));
	/* a child's own part may be anything that was there before */
	if (strlen(to) > MAILDIR_NAME_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (name_is_shown(folder) && name_check_new(folder) == 0 &&
	    name_check_new(to) == -1)
		return -1;
	if (check_target(md, folder, to) == -1)
		return -1;
	return intent_add(in, st.st_ino, folder, to);
}

/*
 * Is the new name free? Nothing may be there, not even a folder that would
 * move away itself ("a.b.b" when "a.b" becomes "a"): each move stands alone.
 */
static int
check_target(struct maildir *md, const char *from, const char *to)
{
	char dir[NAME_DIR_MAX];
	struct stat st;

	name_to_dir(dir, to);
	if (strcmp(from, to) == 0 ||
	    fstatat(md->rootfd, dir, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	return errno == ENOENT ? 0 : -1;
}

/* At least one of them must be a folder, else there is nothing to rename. */
static int
has_folder(struct maildir *md, const struct intent *in)
{
	char dir[NAME_DIR_MAX];
	size_t i;
	int r;

	for (i = 0; i < in->n; i++) {
		name_to_dir(dir, in->moves[i].from);
		r = folder_is_at(md->rootfd, dir);
		if (r != 0)
			return r == 1 ? 0 : -1;
	}
	errno = ENOENT;
	return -1;
}

static int
compare(const void *a, const void *b)
{
	const struct move *x = a, *y = b;

	return strcmp(x->from, y->from);
}

/* The old names become free: new folders there get higher values. */
static int
raise_mark(struct maildir *md, int corkfd, const struct intent *in)
{
	char dir[NAME_DIR_MAX];
	uint32_t high = 0, value;
	size_t i;

	for (i = 0; i < in->n; i++) {
		name_to_dir(dir, in->moves[i].from);
		value = highwater_of(md->rootfd, dir);
		if (value > high)
			high = value;
	}
	return highwater_raise(md, corkfd, high);
}

static int
rename_inbox(struct maildir *md, const char *to)
{
	int save;

	if (maildir_create(md, to, 0) == -1)
		return -1;
	if (move_all(md, to) == 0)
		return 0;
	save = errno;
	/* copies are all or none: messages there mean that it came to them */
	if (folder_is_empty(md, to) == 1)
		(void)maildir_delete(md, to);
	errno = save;
	return -1;
}

static int
move_all(struct maildir *md, const char *to)
{
	const struct message *messages;
	uint32_t *uids = NULL, uidvalidity;
	struct mailbox *mb;
	size_t i, n;
	int r = -1, save;

	mb = mailbox_open(md, "", false);
	if (mb == NULL)
		return -1;
	messages = mailbox_messages(mb, &n);
	uids = calloc(n + 1, 2 * sizeof *uids);
	if (uids == NULL)
		goto out;
	for (i = 0; i < n; i++)
		uids[i] = messages[i].uid;
	r = n == 0
		? 0
		: mailbox_copy(mb, uids, n, to, true, uids + n, &uidvalidity);
out:
	save = errno;
	free(uids);
	mailbox_close(mb);
	errno = save;
	return r;
}
