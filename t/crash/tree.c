/* Trees of files: copied, removed, read into memory and written from there. */
#include "t/crash/tree.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "t/crash/crash.h"

static void load_dir(struct tree *, int, struct tree_node *);
static void load_file(int, const struct dirent *, struct tree_node *);
static void write_dir(const struct tree *, const struct tree_node *, int);
static void write_file(struct tree_node *, int, const char *);
static void hash_dir(const struct tree *, const struct tree_node *, uint64_t *);
static void hash_bytes(uint64_t *, const void *, size_t);
static int by_name(const void *, const void *);

/* What nobody relies on after a crash: it is left out. */
static bool
skipped(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	       strcmp(name, "index") == 0;
}

void
tree_load(struct tree *t, const char *path)
{
	struct stat st;
	int fd;

	memset(t, 0, sizeof(*t));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1)
		die("%s", path);
	t->root = st.st_ino;
	load_dir(t, fd, tree_node(t, st.st_ino, true));
}

static void
load_dir(struct tree *t, int fd, struct tree_node *dir)
{
	struct tree_node *node;
	struct dirent *e;
	struct stat st;
	DIR *d;
	int sub;

	d = fdopendir(fd);
	while (d != NULL && (e = readdir(d)) != NULL) {
		if (skipped(e->d_name))
			continue;
		if (fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == -1)
			die("%s", e->d_name);
		node = tree_node(t, st.st_ino, S_ISDIR(st.st_mode));
		tree_enter(dir, e->d_name, node);
		if (!node->dir) {
			load_file(fd, e, node);
			continue;
		}
		sub = openat(fd, e->d_name, O_RDONLY | O_CLOEXEC);
		load_dir(t, sub, node);
	}
	if (d != NULL)
		(void)closedir(d);
}

static void
load_file(int dirfd, const struct dirent *e, struct tree_node *node)
{
	struct stat st;
	int fd;

	fd = openat(dirfd, e->d_name, O_RDONLY | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1)
		die("%s", e->d_name);
	tree_write(node, "", 0, st.st_size);
	node->mtime = st.st_mtim;
	if (read(fd, node->data, node->n) != (ssize_t)node->n)
		die("%s", e->d_name);
	(void)close(fd);
}

struct tree_node *
tree_find(const struct tree *t, uint64_t ino)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		if (t->v[i]->ino == ino)
			return t->v[i];
	}
	return NULL;
}

struct tree_node *
tree_node(struct tree *t, uint64_t ino, bool dir)
{
	struct tree_node *node;

	if ((node = tree_find(t, ino)) != NULL)
		return node;
	node = calloc(1, sizeof(*node));
	t->v = reallocarray(t->v, t->n + 1, sizeof(struct tree_node *));
	if (node == NULL || t->v == NULL)
		die("memory");
	node->ino = ino;
	node->dir = dir;
	node->mtime.tv_nsec = UTIME_NOW;
	t->v[t->n++] = node;
	return node;
}

void
tree_enter(struct tree_node *dir, const char *name, struct tree_node *node)
{
	struct tree_entry *e;
	size_t i;

	for (i = 0; i < dir->nentries; i++) {
		if (strcmp(dir->entries[i].name, name) == 0)
			break;
	}
	if (i < dir->nentries && node == NULL) {
		e = &dir->entries[i];
		free(e->name);
		*e = dir->entries[--dir->nentries];
	} else if (i < dir->nentries)
		dir->entries[i].node = node;
	else if (node != NULL) {
		e = reallocarray(
		    dir->entries, dir->nentries + 1, sizeof(struct tree_entry));
		if (e == NULL)
			die("memory");
		dir->entries = e;
		e[dir->nentries].name = strdup(name);
		e[dir->nentries++].node = node;
	}
}

void
tree_write(struct tree_node *node, const char *data, size_t n, int64_t off)
{
	size_t size = (size_t)off + n;

	if (size > node->n || node->data == NULL) {
		node->data = realloc(node->data, size + 1);
		if (node->data == NULL)
			die("memory");
		memset(node->data + node->n, 0, size - node->n);
		node->n = size;
	}
	if (n > 0)
		memcpy(node->data + off, data, n);
}

void
tree_copy(const struct tree *from, struct tree *to)
{
	const struct tree_node *old;
	struct tree_node *new;
	size_t i, k;

	memset(to, 0, sizeof(*to));
	to->root = from->root;
	for (i = 0; i < from->n; i++) {
		old = from->v[i];
		new = tree_node(to, old->ino, old->dir);
		new->mtime = old->mtime;
		if (!old->dir)
			tree_write(new, old->data, old->n, 0);
	}
	for (i = 0; i < from->n; i++) {
		old = from->v[i];
		for (k = 0; k < old->nentries; k++)
			tree_enter(to->v[i], old->entries[k].name,
			    tree_find(to, old->entries[k].node->ino));
	}
}

void
tree_free(struct tree *t)
{
	struct tree_node *node;
	size_t k;

	while (t->n > 0) {
		node = t->v[--t->n];
		for (k = 0; k < node->nentries; k++)
			free(node->entries[k].name);
		free(node->entries);
		free(node->data);
		free(node);
	}
	free(t->v);
	t->v = NULL;
}

void
tree_store(const struct tree *t, const char *path)
{
	size_t i;
	int fd;

	if (mkdir(path, 0700) == -1 ||
	    (fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		die("%s", path);
	write_dir(t, tree_find(t, t->root), fd);
	(void)close(fd);
	for (i = 0; i < t->n; i++) {
		if (t->v[i]->fd > 0)
			(void)close(t->v[i]->fd);
		t->v[i]->fd = 0;
	}
}

static void
write_dir(const struct tree *t, const struct tree_node *dir, int fd)
{
	const struct tree_entry *e;
	struct stat st;
	size_t i;
	int sub;

	for (i = 0; i < dir->nentries; i++) {
		e = &dir->entries[i];
		if (!e->node->dir) {
			write_file(e->node, fd, e->name);
			continue;
		}
		if (mkdirat(fd, e->name, 0700) == -1)
			die("%s", e->name);
		sub = openat(fd, e->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fstat(sub, &st) == 0)
			e->node->now = st.st_ino;
		write_dir(t, e->node, sub);
		(void)close(sub);
	}
}

/* The second name of a file is a link to the first, by an open descriptor. */
static void
write_file(struct tree_node *node, int dirfd, const char *name)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, node->mtime};
	char path[40];
	int fd;

	if (node->fd > 0) {
		(void)snprintf(
		    path, sizeof(path), "/proc/self/fd/%d", node->fd);
		if (linkat(AT_FDCWD, path, dirfd, name, AT_SYMLINK_FOLLOW) ==
		    -1)
			die("%s", name);
		return;
	}
	fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1 || write(fd, node->data, node->n) != (ssize_t)node->n)
		die("%s", name);
	(void)futimens(fd, times);
	node->fd = fd;
}

uint64_t
tree_hash(const struct tree *t)
{
	uint64_t h = 14695981039346656037u;

	hash_dir(t, tree_find(t, t->root), &h);
	return h;
}

static int
by_name(const void *a, const void *b)
{
	const struct tree_entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void
hash_dir(const struct tree *t, const struct tree_node *dir, uint64_t *h)
{
	const struct tree_entry *e;
	size_t i;

	if (dir->nentries > 0)
		qsort(dir->entries, dir->nentries, sizeof(*dir->entries),
		    by_name);
	for (i = 0; i < dir->nentries; i++) {
		e = &dir->entries[i];
		hash_bytes(h, e->name, strlen(e->name) + 1);
		if (e->node->dir)
			hash_dir(t, e->node, h);
		else
			hash_bytes(h, e->node->data, e->node->n);
		hash_bytes(h, e->node->dir ? "/" : ".", 1);
	}
}

static void
hash_bytes(uint64_t *h, const void *p, size_t n)
{
	const unsigned char *c = p;

	for (; n > 0; n--)
		*h = (*h ^ *c++) * 1099511628211u;
}

void
tree_remove(const char *path)
{
	struct dirent *e;
	char sub[600];
	DIR *d;

	if (unlink(path) == 0 || errno == ENOENT)
		return;
	d = opendir(path);
	while (d != NULL && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		(void)snprintf(sub, sizeof(sub), "%s/%s", path, e->d_name);
		tree_remove(sub);
	}
	if (d != NULL)
		(void)closedir(d);
	(void)rmdir(path);
}
