/*
 * A tree of files in memory, by inode numbers, as the power cut model plays
 * with it. The index is never in it: after a crash nobody relies on it.
 */
#ifndef T_CRASH_TREE_H
#define T_CRASH_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct tree_entry {
	char *name;
	struct tree_node *node;
};

struct tree_node {
	uint64_t ino, now; /* now: as tree_store made it */
	bool dir;
	struct tree_entry *entries;
	size_t nentries;
	char *data;
	size_t n;
	struct timespec mtime;
	int fd; /* while tree_store works */
};

struct tree {
	uint64_t root;
	struct tree_node **v;
	size_t n;
};

/* All of these end the program when something is wrong. */
void tree_load(struct tree *, const char *path);
void tree_copy(const struct tree *, struct tree *to);
void tree_free(struct tree *);
/* Writes it to a path where nothing is. */
void tree_store(const struct tree *, const char *path);
uint64_t tree_hash(const struct tree *);
/* NULL: none of that number; tree_node makes it then. */
struct tree_node *tree_find(const struct tree *, uint64_t ino);
struct tree_node *tree_node(struct tree *, uint64_t ino, bool dir);
/* The name is that node's from now on; NULL: nobody's. */
void tree_enter(struct tree_node *dir, const char *name, struct tree_node *);
void tree_write(struct tree_node *, const char *data, size_t n, int64_t off);
/* Whatever is there. */
void tree_remove(const char *path);

#endif
