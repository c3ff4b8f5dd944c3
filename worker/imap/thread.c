/*
 * Threads (thread.h). Nodes are the messages, 0 to n - 1 as they came, then
 * dummies, then the root. Siblings are never sorted: the messages are, once,
 * and then each is put at the end of its parent's children in that order; a
 * dummy is put in its place by its first child.
 */
#include "worker/imap/thread.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "worker/imap/digest.h"
#include "worker/imap/links.h"

#define NONE UINT32_MAX

struct item {
	uint32_t number;
	uint32_t subject; /* its number in subjects */
	bool empty;       /* the base subject is */
	bool reply;
	int64_t sent, arrival;
};

struct node {
	uint32_t parent, first, last, next;
};

struct by_date {
	int64_t date;
	uint32_t i; /* decides between equals, RFC 5256: sequence number */
};

struct thread {
	enum parse_thread_algorithm algorithm;
	struct digest_table subjects;
	struct links *links;
	struct item *items;
	uint32_t n, room;
	struct by_date *order; /* [n] by sent date */
	struct node *nodes;    /* [2 n + 1], the last one is the root */
	uint32_t nodes_n, root;
};

static int sort_items(struct thread *);
static int by_date(const void *, const void *);
static int set_parents(struct thread *);
static void by_subject(struct thread *, uint32_t *);
static void by_links(struct thread *, uint32_t *);
static void build(struct thread *);
static void append(struct thread *, uint32_t, uint32_t);
static int merge_subjects(struct thread *);
static void merge(struct thread *, uint32_t *, uint32_t);
static void choose(const struct thread *, uint32_t *, uint32_t);
static const struct item *speaker(const struct thread *, uint32_t);
static bool is_dummy(const struct thread *, uint32_t);
static int sort_by_latest(struct thread *);
static void find_latest(const struct thread *, uint32_t *, int64_t *);
static bool is_fork(const struct thread *, uint32_t);

struct thread *
thread_new(enum parse_thread_algorithm algorithm)
{
	struct thread *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->algorithm = algorithm;
	if (algorithm == PARSE_THREAD_ORDEREDSUBJECT)
		return t;
	t->links = links_new();
	if (t->links == NULL) {
		free(t);
		return NULL;
	}
	return t;
}

void
thread_free(struct thread *t)
{
	if (t == NULL)
		return;
	digest_done(&t->subjects);
	links_free(t->links);
	free(t->items);
	free(t->order);
	free(t->nodes);
	free(t);
}

unsigned
thread_wants(enum parse_thread_algorithm algorithm)
{
	switch (algorithm) {
	case PARSE_THREAD_ORDEREDSUBJECT:
		return KEYS_SENT | 1u << KEYS_SUBJECT;
	case PARSE_THREAD_REFERENCES:
		return KEYS_SENT | KEYS_REFS | 1u << KEYS_SUBJECT;
	case PARSE_THREAD_REFS:
		return KEYS_SENT | KEYS_REFS | KEYS_ARRIVAL;
	}
	return 0;
}

int
thread_add(struct thread *t, uint32_t number, const struct keys *k)
{
	const struct mime_text *subject = &k->text[KEYS_SUBJECT];
	struct digest d = digest_of(subject->p, subject->n);
	struct item *items;
	uint32_t room, s;

	if (t->n == t->room) {
		room = t->room == 0 ? 256 : 2 * t->room;
		/* Node numbers go to twice that and one. */
		if (room > NONE / 4)
			return -1;
		items = reallocarray(t->items, room, sizeof(*items));
		if (items == NULL)
			return -1;
		t->items = items;
		t->room = room;
	}
	s = digest_number(&t->subjects, &d);
	if (s == DIGEST_NONE ||
	    (t->links != NULL &&
		links_add(t->links, &k->id, k->refs, k->nrefs) == -1))
		return -1;
	t->items[t->n++] = (struct item){
	    number, s, subject->n == 0, k->reply, k->sent, k->arrival};
	return 0;
}

int
thread_finish(struct thread *t)
{
	t->root = 2 * t->n;
	t->nodes_n = t->n;
	t->nodes = calloc((size_t)t->root + 1, sizeof(*t->nodes));
	if (t->nodes == NULL || sort_items(t) == -1 || set_parents(t) == -1)
		return -1;
	build(t);
	switch (t->algorithm) {
	case PARSE_THREAD_ORDEREDSUBJECT:
		return 0;
	case PARSE_THREAD_REFERENCES:
		return merge_subjects(t);
	case PARSE_THREAD_REFS:
		return sort_by_latest(t);
	}
	return 0;
}

/*
 * thread-list = "(" (thread-members / thread-nested) ")". A node in a chain has
 * no parentheses of its own; each child of a fork has.
 */
void
thread_print(const struct thread *t, struct buf *b)
{
	const struct node *nodes = t->nodes;
	uint32_t x = nodes[t->root].first;

	while (x != NONE && x != t->root) {
		if (is_fork(t, nodes[x].parent))
			buf_char(b, '(');
		if (!is_dummy(t, x)) {
			buf_num(b, t->items[x].number);
			if (nodes[x].first != NONE)
				buf_char(b, ' ');
		}
		if (nodes[x].first != NONE) {
			x = nodes[x].first;
			continue;
		}
		for (; x != t->root; x = nodes[x].parent) {
			if (is_fork(t, nodes[x].parent))
				buf_char(b, ')');
			if (nodes[x].next != NONE) {
				x = nodes[x].next;
				break;
			}
		}
	}
}

static int
sort_items(struct thread *t)
{
	uint32_t i;

	t->order = calloc((size_t)t->n + 1, sizeof(*t->order));
	if (t->order == NULL)
		return -1;
	for (i = 0; i < t->n; i++)
		t->order[i] = (struct by_date){t->items[i].sent, i};
	qsort(t->order, t->n, sizeof(*t->order), by_date);
	return 0;
}

static int
by_date(const void *a, const void *b)
{
	const struct by_date *x = a, *y = b;

	if (x->date != y->date)
		return x->date < y->date ? -1 : 1;
	return x->i < y->i ? -1 : x->i > y->i;
}

static int
set_parents(struct thread *t)
{
	uint32_t *work;

	work = calloc((size_t)t->n + 1, sizeof(*work));
	if (work == NULL)
		return -1;
	if (t->algorithm == PARSE_THREAD_ORDEREDSUBJECT)
		by_subject(t, work);
	else
		by_links(t, work);
	free(work);
	return 0;
}

/* The first of a subject is the parent of all others; there are n at most. */
static void
by_subject(struct thread *t, uint32_t *heads)
{
	uint32_t i, m, *head;

	memset(heads, 0xff, (size_t)t->n * sizeof(*heads));
	for (i = 0; i < t->n; i++) {
		m = t->order[i].i;
		head = &heads[t->items[m].subject];
		t->nodes[m].parent = *head == NONE ? t->root : *head;
		if (*head == NONE)
			*head = m;
	}
}

static void
by_links(struct thread *t, uint32_t *parents)
{
	uint32_t i;

	t->nodes_n += (uint32_t)links_finish(t->links, parents);
	for (i = 0; i < t->n; i++)
		t->nodes[i].parent =
		    parents[i] == LINKS_NONE ? t->root : parents[i];
	for (; i < t->nodes_n; i++)
		t->nodes[i].parent = t->root;
}

/* Steps 4 and 6: children from parents, siblings by sent date. */
static void
build(struct thread *t)
{
	uint32_t i, m, parent;

	for (i = 0; i <= t->root; i++)
		t->nodes[i].first = t->nodes[i].last = t->nodes[i].next = NONE;
	for (i = 0; i < t->n; i++) {
		m = t->order[i].i;
		parent = t->nodes[m].parent;
		/* Dummies are at the top only. */
		if (is_dummy(t, parent) && t->nodes[parent].first == NONE)
			append(t, t->root, parent);
		append(t, parent, m);
	}
}

static void
append(struct thread *t, uint32_t parent, uint32_t x)
{
	struct node *p = &t->nodes[parent];

	if (p->first == NONE)
		p->first = x;
	else
		t->nodes[p->last].next = x;
	p->last = x;
}

/* Step 5. */
static int
merge_subjects(struct thread *t)
{
	uint32_t *table, x;

	table = calloc(t->subjects.n + 1, sizeof(*table));
	if (table == NULL)
		return -1;
	memset(table, 0xff, t->subjects.n * sizeof(*table));
	for (x = t->nodes[t->root].first; x != NONE; x = t->nodes[x].next)
		choose(t, table, x);
	for (x = t->nodes[t->root].first; x != NONE; x = t->nodes[x].next)
		merge(t, table, x);
	free(table);
	build(t);
	return 0;
}

/* (B) Which thread stands for its subject? */
static void
choose(const struct thread *t, uint32_t *table, uint32_t x)
{
	const struct item *me = speaker(t, x);
	uint32_t *there = &table[me->subject];

	if (me->empty)
		return;
	if (*there == NONE ||
	    (!is_dummy(t, *there) &&
		(is_dummy(t, x) || (t->items[*there].reply && !me->reply))))
		*there = x;
}

/* (C) Puts a thread below the one that stands for its subject, or beside it. */
static void
merge(struct thread *t, uint32_t *table, uint32_t x)
{
	const struct item *me = speaker(t, x);
	uint32_t *there = &table[me->subject], child;
	struct node *nodes = t->nodes;

	/* One that was put below another is no thread any more. */
	if (me->empty || nodes[x].parent != t->root || *there == x)
		return;
	if (is_dummy(t, *there) && is_dummy(t, x)) {
		for (child = nodes[x].first; child != NONE;
		     child = nodes[child].next)
			nodes[child].parent = *there;
		return;
	}
	if (!is_dummy(t, *there) && (!me->reply || t->items[*there].reply)) {
		nodes[t->nodes_n].parent = t->root;
		nodes[*there].parent = t->nodes_n;
		*there = t->nodes_n++;
	}
	nodes[x].parent = *there;
}

/* The message whose subject is a thread's: a dummy's first child. */
static const struct item *
speaker(const struct thread *t, uint32_t x)
{
	return &t->items[is_dummy(t, x) ? t->nodes[x].first : x];
}

static bool
is_dummy(const struct thread *t, uint32_t x)
{
	return x >= t->n && x != t->root;
}

/* REFS: threads by the arrival of their latest message, in place of step 5. */
static int
sort_by_latest(struct thread *t)
{
	struct by_date *threads;
	struct node *root = &t->nodes[t->root];
	uint32_t *top, x, i, n = 0;
	int64_t *latest;

	threads = calloc((size_t)t->n + 1, sizeof(*threads));
	latest = calloc((size_t)t->root + 1, sizeof(*latest));
	top = calloc((size_t)t->n + 1, sizeof(*top));
	if (threads != NULL && latest != NULL && top != NULL) {
		find_latest(t, top, latest);
		/* Equals stay in the order of their sent dates. */
		for (x = root->first; x != NONE; x = t->nodes[x].next) {
			threads[n] = (struct by_date){latest[x], n};
			top[n++] = x;
		}
		qsort(threads, n, sizeof(*threads), by_date);
		root->first = NONE;
		for (i = 0; i < n; i++) {
			x = top[threads[i].i];
			t->nodes[x].next = NONE;
			append(t, t->root, x);
		}
	}
	i = threads == NULL || latest == NULL || top == NULL;
	free(threads);
	free(latest);
	free(top);
	return i != 0 ? -1 : 0;
}

/* latest[] of each thread by the node at its top; top[n] is for the work. */
static void
find_latest(const struct thread *t, uint32_t *top, int64_t *latest)
{
	uint32_t i, x, found, next;

	for (i = 0; i <= t->root; i++)
		latest[i] = INT64_MIN;
	memset(top, 0xff, (size_t)t->n * sizeof(*top));
	for (i = 0; i < t->n; i++) {
		/* Up to what is known, then the same way again to tell it. */
		for (x = i; x < t->n && top[x] == NONE &&
			    t->nodes[x].parent != t->root;)
			x = t->nodes[x].parent;
		found = x < t->n && top[x] != NONE ? top[x] : x;
		for (x = i; x != found && top[x] == NONE; x = next) {
			next = t->nodes[x].parent;
			top[x] = found;
		}
		if (t->items[i].arrival > latest[found])
			latest[found] = t->items[i].arrival;
	}
}

/* More than one child; so is the root, whatever it has. */
static bool
is_fork(const struct thread *t, uint32_t x)
{
	return x == t->root || t->nodes[x].first != t->nodes[x].last;
}
