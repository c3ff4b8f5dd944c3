/*
 * Rooted trees that grow and are cut: links, cuts and the root of any node in
 * logarithmic time (amortised), however deep a tree is. Link-cut trees (Sleator
 * and Tarjan 1983).
 */
#ifndef IMAP_FOREST_H
#define IMAP_FOREST_H

#include <stddef.h>
#include <stdint.h>

#define FOREST_NONE UINT32_MAX

struct forest_node;

struct forest {
	struct forest_node *nodes; /* owned */
	size_t n, room;
	uint64_t turns; /* steps that all calls took, for tests */
};

/* It begins as zeros. */
void forest_done(struct forest *);
/* A new node, a tree of its own: they count from 0. FOREST_NONE: no memory. */
uint32_t forest_add(struct forest *);
/* The root of a node's tree. */
uint32_t forest_root(struct forest *, uint32_t);
/* A root becomes a child of a node of another tree. */
void forest_link(struct forest *, uint32_t root, uint32_t parent);
/* A node that is no root becomes one, with all below it. */
void forest_cut(struct forest *, uint32_t);

#endif
