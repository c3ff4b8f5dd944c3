/*
 * Steps 1 to 3 of THREAD=REFERENCES. A node is a Message-ID that was seen, with
 * a message or without one (a dummy). parent is what the RFC's links say; the
 * forest is the same once more, for the only question that would cost: is this
 * one below that one?
 */
#include "worker/imap/links.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "worker/imap/digest.h"
#include "worker/imap/forest.h"

#define NONE LINKS_NONE

struct link {
	uint32_t parent;
	uint32_t message;  /* NONE: a dummy */
	uint32_t children; /* not 0: it has, or had, some */
};

struct links {
	struct digest_table ids; /* a node's number is its ID's */
	struct link *nodes;
	size_t n, room;
	uint32_t messages;
	struct forest forest;
};

static uint32_t node_of(struct links *, const struct mime_text *);
static uint32_t node_new(struct links *);
static uint32_t node_at(struct links *, const struct digest *);
static bool is_below(struct links *, uint32_t, uint32_t);
static void set_parent(struct links *, uint32_t, uint32_t);
static uint32_t anchor(struct links *, uint32_t);

struct links *
links_new(void)
{
	return calloc(1, sizeof(struct links));
}

void
links_free(struct links *l)
{
	if (l == NULL)
		return;
	digest_done(&l->ids);
	forest_done(&l->forest);
	free(l->nodes);
	free(l);
}

uint64_t
links_steps(const struct links *l)
{
	return l->forest.turns + l->ids.probes;
}

int
links_add(struct links *l, const struct mime_text *id,
    const struct mime_text *refs, size_t nrefs)
{
	uint32_t self, ref, last = NONE;
	size_t i;

	self = id->p == NULL ? node_new(l) : node_of(l, id);
	/* Only the first message has an ID that several claim. */
	if (self != NONE && l->nodes[self].message != NONE)
		self = node_new(l);
	if (self == NONE)
		return -1;
	l->nodes[self].message = l->messages++;
	/* (A) Each reference is the parent of the next, if that has none. */
	for (i = 0; i < nrefs; i++) {
		ref = node_of(l, &refs[i]);
		if (ref == NONE)
			return -1;
		if (last != NONE && l->nodes[ref].parent == NONE &&
		    !is_below(l, last, ref))
			set_parent(l, ref, last);
		last = ref;
	}
	/* (B) The last one is the message's own parent, whatever others said */
	if (l->nodes[self].parent == last)
		return 0;
	if (l->nodes[self].parent != NONE) {
		forest_cut(&l->forest, self);
		l->nodes[self].parent = NONE;
	}
	if (last != NONE && !is_below(l, last, self))
		set_parent(l, self, last);
	return 0;
}

/*
 * Steps 2 and 3: a message's parent is the next message above it. Dummies go,
 * but one at the top stays if more than one message would lose what joins them.
 */
size_t
links_finish(struct links *l, uint32_t *parents)
{
	struct link *nodes = l->nodes;
	size_t i, dummies = 0;
	uint32_t a;

	for (i = 0; i < l->n; i++)
		if (nodes[i].message != NONE)
			parents[nodes[i].message] = anchor(l, nodes[i].parent);
	for (i = 0; i < l->n; i++)
		nodes[i].children = 0;
	for (i = 0; i < l->messages; i++)
		if (parents[i] != NONE)
			nodes[parents[i]].children++;
	for (i = 0; i < l->messages; i++) {
		a = parents[i];
		if (a == NONE)
			continue;
		parents[i] = nodes[a].message;
		if (parents[i] != NONE || nodes[a].children == 1)
			continue;
		/* It is a root: its parent can hold its number. */
		if (nodes[a].parent == NONE)
			nodes[a].parent = l->messages + (uint32_t)dummies++;
		parents[i] = nodes[a].parent;
	}
	return dummies;
}

static uint32_t
node_of(struct links *l, const struct mime_text *id)
{
	struct digest d = digest_of(id->p, id->n);

	return node_at(l, &d);
}

/* With an ID that nobody can refer to; by an odd factor: no two lie together.
 */
static uint32_t
node_new(struct links *l)
{
	struct digest d = {l->n * UINT64_C(0x9e3779b97f4a7c15), 0};

	return node_at(l, &d);
}

static uint32_t
node_at(struct links *l, const struct digest *d)
{
	uint32_t x = digest_number(&l->ids, d);
	struct link *nodes;
	size_t room;

	if (x == DIGEST_NONE || x < l->n)
		return x;
	if (l->n == l->room) {
		room = l->room == 0 ? 64 : 2 * l->room;
		nodes = reallocarray(l->nodes, room, sizeof(*nodes));
		if (nodes == NULL)
			return NONE;
		l->nodes = nodes;
		l->room = room;
	}
	if (forest_add(&l->forest) == FOREST_NONE)
		return NONE;
	l->nodes[l->n++] = (struct link){NONE, NONE, 0};
	return x;
}

/* Whether x is y or below it; y is a root. */
static bool
is_below(struct links *l, uint32_t x, uint32_t y)
{
	if (x == y)
		return true;
	return l->nodes[y].children > 0 && forest_root(&l->forest, x) == y;
}

static void
set_parent(struct links *l, uint32_t x, uint32_t parent)
{
	forest_link(&l->forest, x, parent);
	l->nodes[x].parent = parent;
	l->nodes[parent].children = 1;
}

/*
 * The next message from x upwards, else the dummy at the top. The dummies on
 * the way get it for a parent, so that it is found at once the next time.
 */
static uint32_t
anchor(struct links *l, uint32_t x)
{
	struct link *nodes = l->nodes;
	uint32_t top = x, next;

	while (top != NONE && nodes[top].message == NONE &&
	       nodes[top].parent != NONE)
		top = nodes[top].parent;
	while (x != top) {
		next = nodes[x].parent;
		nodes[x].parent = top;
		x = next;
	}
	return top;
}
