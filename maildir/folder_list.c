/*
 * The list of folders: one reading of the root, three looks at each directory.
 * Symlinks, directories without cur, new and tmp, and names that no client can
 * be shown are left out; the latter are told to the admin, once.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "maildir/account.h"
#include "maildir/folder.h"
#include "maildir/name.h"
#include "maildir/name_utf7.h"
#include "maildir/private.h"
#include "maildir/special.h"
#include "maildir/util.h"

struct folder_list {
	struct folder_info *v;
	size_t n, size;
	char *names; /* all of them, each with its NUL */
	size_t nnames, names_size;
	bool told; /* notices of this session were queued */
};

static int read_root(struct maildir *, struct folder_list *, DIR *);
static bool is_folder(int, const struct dirent *);
static bool is_directory(int, const char *);
static void tell_unconverted(struct maildir *, unsigned, const char *);
static int add(struct folder_list *, const char *);
static void sort(struct folder_list *);
static int compare(const void *, const void *);
static int add_uses(struct maildir *, struct folder_list *);

void
folder_list_free(struct folder_list *list)
{
	if (list == NULL)
		return;
	free(list->v);
	free(list->names);
	free(list);
}

ssize_t
maildir_list(struct maildir *md, const struct folder_info **out)
{
	struct folder_list *list;
	DIR *d = NULL;
	int fd, r = -1, save;

	if (md->folders == NULL)
		md->folders = calloc(1, sizeof *md->folders);
	list = md->folders;
	if (list == NULL)
		return -1;
	list->n = list->nnames = 0;
	fd = util_open_dir(md->rootfd, ".", false);
	if (fd == -1)
		return -1;
	d = fdopendir(fd);
	if (d == NULL) {
		util_close(fd);
		return -1;
	}
	if (add(list, "") == 0)
		r = read_root(md, list, d);
	save = errno;
	(void)closedir(d);
	errno = save;
	if (r == -1)
		return -1;
	list->told = true;
	sort(list);
	if (add_uses(md, list) == -1)
		return -1;
	*out = list->v;
	return (ssize_t)list->n;
}

char **
folder_names(struct maildir *md, ssize_t *n)
{
	const struct folder_info *list;
	char **names;
	ssize_t i;

	if ((*n = maildir_list(md, &list)) == -1 ||
	    (names = calloc((size_t)*n + 1, sizeof(*names))) == NULL)
		return NULL;
	for (i = 0; i < *n; i++)
		if ((names[i] = strdup(list[i].name)) == NULL) {
			folder_names_free(names, i);
			return NULL;
		}
	return names;
}

void
folder_names_free(char **names, ssize_t n)
{
	while (n > 0)
		free(names[--n]);
	free(names);
}

static int
read_root(struct maildir *md, struct folder_list *list, DIR *d)
{
	char first[NAME_DIR_MAX] = "", utf8[2 * NAME_DIR_MAX];
	unsigned unconverted = 0;
	const char *folder;
	struct dirent *e;

	for (errno = 0; (e = readdir(d)) != NULL; errno = 0) {
		folder = name_of_dir(e->d_name);
		if (folder == NULL || !is_folder(dirfd(d), e))
			continue;
		if (!name_is_shown(folder)) {
			if (!list->told)
				maildir_note(md,
				    "folder %s cannot be shown: no UTF-8, or "
				    "control characters in its name",
				    e->d_name);
			continue;
		}
		if (add(list, folder) == -1)
			return -1;
		if (!list->told &&
		    name_is_unconverted(folder, utf8, sizeof utf8) &&
		    unconverted++ == 0)
			(void)snprintf(first, sizeof first, "%s", folder);
	}
	if (errno != 0)
		return -1;
	if (unconverted > 0)
		tell_unconverted(md, unconverted, first);
	return 0;
}

/* They are shown as they are, as Courier 5 does. */
static void
tell_unconverted(struct maildir *md, unsigned n, const char *first)
{
	maildir_note(md,
	    "%u folder names are in modified UTF-7 (the first: %s); "
	    "\"imapctl names convert\" renames them",
	    n, first);
}

static bool
is_folder(int rootfd, const struct dirent *e)
{
	static const char *const subdirs[] = {"cur", "new", "tmp"};
	char path[NAME_DIR_MAX + 8];
	size_t i;

	if (e->d_type != DT_DIR &&
	    (e->d_type != DT_UNKNOWN || !is_directory(rootfd, e->d_name)))
		return false;
	for (i = 0; i < sizeof subdirs / sizeof subdirs[0]; i++) {
		(void)snprintf(
		    path, sizeof path, "%s/%s", e->d_name, subdirs[i]);
		if (!is_directory(rootfd, path))
			return false;
	}
	return true;
}

/*
 * What cannot be told is taken for one: a client may forget a folder that is
 * not listed. But what may not be entered is not the owner's, and is left out.
 */
static bool
is_directory(int dirfd, const char *path)
{
	struct stat st;

	if (fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno != ENOENT && errno != ENOTDIR && errno != EACCES;
	return S_ISDIR(st.st_mode);
}

/* Until sort the name of an entry is told by its place among the names. */
static int
add(struct folder_list *list, const char *name)
{
	size_t n = strlen(name) + 1, size;
	void *p;

	if (list->n == list->size) {
		size = list->size == 0 ? 64 : list->size * 2;
		p = reallocarray(list->v, size, sizeof *list->v);
		if (p == NULL)
			return -1;
		list->v = p;
		list->size = size;
	}
	if (list->names_size - list->nnames < n) {
		size = list->names_size * 2 + NAME_DIR_MAX;
		p = realloc(list->names, size);
		if (p == NULL)
			return -1;
		list->names = p;
		list->names_size = size;
	}
	memcpy(list->names + list->nnames, name, n);
	list->nnames += n;
	list->v[list->n++] = (struct folder_info){0};
	return 0;
}

static void
sort(struct folder_list *list)
{
	const char *p = list->names;
	size_t i;

	for (i = 0; i < list->n; i++) {
		list->v[i].name = p;
		p += strlen(p) + 1;
	}
	/* INBOX comes first by itself: its name is empty */
	qsort(list->v, list->n, sizeof *list->v, compare);
}

static int
compare(const void *a, const void *b)
{
	const struct folder_info *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int
add_uses(struct maildir *md, struct folder_list *list)
{
	struct special s;
	size_t i;
	int fd, r;

	fd = account_look(md);
	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	r = special_load(md, fd, &s);
	(void)close(fd);
	if (r == -1)
		return -1;
	for (i = 0; s.n > 0 && i < list->n; i++)
		list->v[i].use = special_get(&s, list->v[i].name);
	special_done(&s);
	return 0;
}
