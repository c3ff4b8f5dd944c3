/*
 * Link-cut trees. Each tree is cut into paths; each path is a splay tree whose
 * order is the depth. up is the parent in the splay tree, or at its top the
 * node of another path that this path hangs from.
 */
#include "worker/imap/forest.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#define NONE FOREST_NONE

struct forest_node {
	uint32_t child[2], up;
};

static bool is_top(const struct forest *, uint32_t);
static void rotate(struct forest *, uint32_t);
static void splay(struct forest *, uint32_t);
static void access_path(struct forest *, uint32_t);

void
forest_done(struct forest *f)
{
	free(f->nodes);
	f->nodes = NULL;
	f->n = f->room = 0;
}

uint32_t
forest_add(struct forest *f)
{
	struct forest_node *p;
	size_t room;

	if (f->n == f->room) {
		room = f->room == 0 ? 64 : 2 * f->room;
		if (room > NONE)
			return NONE;
		p = reallocarray(f->nodes, room, sizeof(*p));
		if (p == NULL)
			return NONE;
		f->nodes = p;
		f->room = room;
	}
	f->nodes[f->n] = (struct forest_node){{NONE, NONE}, NONE};
	return (uint32_t)f->n++;
}

uint32_t
forest_root(struct forest *f, uint32_t x)
{
	access_path(f, x);
	while (f->nodes[x].child[0] != NONE)
		x = f->nodes[x].child[0];
	splay(f, x);
	return x;
}

void
forest_link(struct forest *f, uint32_t root, uint32_t parent)
{
	access_path(f, root);
	assert(f->nodes[root].child[0] == NONE && root != parent);
	f->nodes[root].up = parent;
}

void
forest_cut(struct forest *f, uint32_t x)
{
	struct forest_node *n = &f->nodes[x];

	access_path(f, x);
	assert(n->child[0] != NONE);
	f->nodes[n->child[0]].up = NONE;
	n->child[0] = NONE;
}

/* Of its splay tree. */
static bool
is_top(const struct forest *f, uint32_t x)
{
	uint32_t up = f->nodes[x].up;

	return up == NONE ||
	       (f->nodes[up].child[0] != x && f->nodes[up].child[1] != x);
}

static void
rotate(struct forest *f, uint32_t x)
{
	uint32_t y = f->nodes[x].up, z = f->nodes[y].up;
	int side = f->nodes[y].child[1] == x;
	uint32_t inner = f->nodes[x].child[!side];

	f->turns++;
	if (!is_top(f, y))
		f->nodes[z].child[f->nodes[z].child[1] == y] = x;
	f->nodes[x].up = z;
	f->nodes[x].child[!side] = y;
	f->nodes[y].up = x;
	f->nodes[y].child[side] = inner;
	if (inner != NONE)
		f->nodes[inner].up = y;
}

static void
splay(struct forest *f, uint32_t x)
{
	uint32_t y, z;

	while (!is_top(f, x)) {
		y = f->nodes[x].up;
		z = f->nodes[y].up;
		if (!is_top(f, y))
			rotate(f, (f->nodes[z].child[1] == y) ==
					  (f->nodes[y].child[1] == x)
				      ? y
				      : x);
		rotate(f, x);
	}
}

/* Makes one path of the way from the root to x, with x at its top. */
static void
access_path(struct forest *f, uint32_t x)
{
	uint32_t below = NONE, y;

	for (y = x; y != NONE; y = f->nodes[y].up) {
		splay(f, y);
		f->nodes[y].child[1] = below;
		f->turns++;
		below = y;
	}
	splay(f, x);
}
