/* A tree by name and a list by time of the same records. */
#include "auth/standing.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

RB_HEAD(account_tree, account);
TAILQ_HEAD(account_list, account);

struct standing {
	struct account_tree tree;
	struct account_list list; /* in the order of next */
	uint32_t n, most;
};

static int
compare(const struct account *a, const struct account *b)
{
	int c = strcmp(a->login, b->login);

	if (c == 0)
		c = strcmp(a->service, b->service);
	return c != 0 ? c : (a->module > b->module) - (a->module < b->module);
}

static void place(struct standing *, struct account *);

#define LOCAL static __attribute__((unused))
RB_PROTOTYPE_INTERNAL(account_tree, account, node, compare, LOCAL)
RB_GENERATE_INTERNAL(account_tree, account, node, compare, LOCAL)

struct standing *
standing_new(uint32_t most)
{
	struct standing *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	RB_INIT(&s->tree);
	TAILQ_INIT(&s->list);
	s->most = most;
	return s;
}

void
standing_free(struct standing *s)
{
	struct account *a;

	while (s != NULL && (a = TAILQ_FIRST(&s->list)) != NULL)
		standing_drop(s, a);
	free(s);
}

struct account *
standing_in(struct standing *s, const struct account *a, bool *changed)
{
	struct account *old = standing_find(s, a);

	*changed = false;
	if (old != NULL) {
		*changed = !old->gone &&
			   (memcmp(old->print, a->print, STANDING_PRINT) != 0 ||
			       strcmp(old->user, a->user) != 0);
		memcpy(old->print, a->print, STANDING_PRINT);
		(void)strlcpy(old->user, a->user, sizeof(old->user));
		old->failed = 0;
		old->gone = false;
		standing_later(s, old, a->next);
		return old;
	}
	if (s->n == s->most)
		standing_drop(s, TAILQ_FIRST(&s->list));
	if ((old = malloc(sizeof(*old))) == NULL)
		return NULL;
	*old = *a;
	old->asked = old->gone = false;
	old->failed = 0;
	old->ended = 0;
	RB_INSERT(account_tree, &s->tree, old);
	place(s, old);
	s->n++;
	return old;
}

/* Nearly always the last one. */
static void
place(struct standing *s, struct account *a)
{
	struct account *before = TAILQ_LAST(&s->list, account_list);

	while (before != NULL && before->next > a->next)
		before = TAILQ_PREV(before, account_list, age);
	if (before == NULL)
		TAILQ_INSERT_HEAD(&s->list, a, age);
	else
		TAILQ_INSERT_AFTER(&s->list, before, a, age);
}

struct account *
standing_find(struct standing *s, const struct account *key)
{
	struct account copy;

	(void)strlcpy(copy.login, key->login, sizeof(copy.login));
	(void)strlcpy(copy.service, key->service, sizeof(copy.service));
	copy.module = key->module;
	return RB_FIND(account_tree, &s->tree, &copy);
}

struct account *
standing_each(struct standing *s, const struct account *a)
{
	return a == NULL ? TAILQ_FIRST(&s->list) : TAILQ_NEXT(a, age);
}

struct account *
standing_first(struct standing *s)
{
	struct account *a;

	TAILQ_FOREACH (a, &s->list, age)
		if (!a->asked)
			return a;
	return NULL;
}

void
standing_later(struct standing *s, struct account *a, uint64_t next)
{
	TAILQ_REMOVE(&s->list, a, age);
	a->next = next;
	place(s, a);
}

void
standing_drop(struct standing *s, struct account *a)
{
	RB_REMOVE(account_tree, &s->tree, a);
	TAILQ_REMOVE(&s->list, a, age);
	s->n--;
	free(a);
}
