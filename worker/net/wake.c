/*
 * From parked to served. The order of choice: a session of the account that has
 * no client; for news one that tells news to others just now (their RESUMEs
 * wait in its channel); a new one, a few at a time; and when the account has
 * its share of sessions those are told that others wait.
 */
#include "worker/net/wake.h"

#include <stdlib.h>
#include <string.h>

#include "worker/net/park.h"

#define TICK_MS 10

enum choice {
	CHOICE_TAKE,  /* this session */
	CHOICE_WAIT,  /* one will be free soon */
	CHOICE_START, /* a new one */
};

static enum choice choose(
    struct worker *, const struct account *, struct lease **);
static bool is_busy(const struct worker *, const struct lease *);
static void be_hungry(struct worker *, struct account *);
static void be_sated(struct worker *, struct account *);

RB_GENERATE(account_tree, account, byid, account_compare)

int
account_compare(const struct account *a, const struct account *b)
{
	return memcmp(a->id, b->id, sizeof(a->id));
}

struct account *
account_get(struct worker *w, const uint8_t id[16])
{
	struct account key, *a;

	memcpy(key.id, id, sizeof(key.id));
	a = RB_FIND(account_tree, &w->accounts, &key);
	if (a == NULL) {
		if ((a = calloc(1, sizeof(*a))) == NULL)
			return NULL;
		memcpy(a->id, id, sizeof(a->id));
		TAILQ_INIT(&a->leases);
		TAILQ_INIT(&a->waking);
		(void)RB_INSERT(account_tree, &w->accounts, a);
	}
	a->users++;
	return a;
}

void
account_put(struct worker *w, struct account *a)
{
	if (a == NULL || --a->users > 0)
		return;
	be_sated(w, a);
	(void)RB_REMOVE(account_tree, &w->accounts, a);
	free(a);
}

struct lease *
account_idle(const struct account *a)
{
	struct lease *k;

	TAILQ_FOREACH (k, &a->leases, crew)
		if (k->state == LEASE_LINGERING)
			return k;
	return NULL;
}

void
wake_client(struct worker *w, struct client *c, bool news)
{
	struct account *a = c->account;

	client_enter(c, CLIENT_WAKING);
	c->news = news;
	c->woken = w->now;
	client_deadline(w, c, WAKE_PATIENCE);
	TAILQ_INSERT_TAIL(&a->waking, c, next);
	client_wait(w, c);
	if (c->state == CLIENT_WAKING)
		wake_run(w, a);
}

void
wake_again(struct worker *w, struct client *c)
{
	uint64_t waited = w->now - c->woken;

	if (c->state == CLIENT_SERVED) {
		client_enter(c, CLIENT_WAKING);
		client_deadline(
		    w, c, waited < WAKE_PATIENCE ? WAKE_PATIENCE - waited : 1);
	}
	TAILQ_INSERT_HEAD(&c->account->waking, c, next);
	be_hungry(w, c->account);
	client_wait(w, c);
}

/* With a session on its way it is no longer in the list. */
void
wake_leave(struct client *c)
{
	if (c->lease == NULL)
		TAILQ_REMOVE(&c->account->waking, c, next);
}

void
wake_run(struct worker *w, struct account *a)
{
	struct lease *k = NULL;
	struct client *c;
	enum choice choice;

	a->users++; /* its last client may end meanwhile */
	while ((c = TAILQ_FIRST(&a->waking)) != NULL) {
		choice = choose(w, a, &k);
		if (choice == CHOICE_WAIT)
			break;
		TAILQ_REMOVE(&a->waking, c, next);
		if ((choice == CHOICE_START ? lease_wake(w, c)
					    : lease_resume(w, k, c)) == 0)
			continue;
		TAILQ_INSERT_HEAD(&a->waking, c, next);
		break;
	}
	if (c != NULL)
		be_hungry(w, a);
	account_put(w, a);
}

static enum choice
choose(struct worker *w, const struct account *a, struct lease **out)
{
	const struct client *c = TAILQ_FIRST(&a->waking);
	bool soon = false;
	struct lease *k;

	if ((*out = account_idle(a)) != NULL)
		return CHOICE_TAKE;
	TAILQ_FOREACH (k, &a->leases, crew) {
		if (k->state == LEASE_STARTING && k->wakes)
			soon = true;
		if (k->state != LEASE_SERVING || !k->news || is_busy(w, k))
			continue;
		soon = true;
		/* One that may just be leaving is given no more than one. */
		if (c->news && !k->unread && k->nbehind + 1 < WAKE_PIPE) {
			*out = k;
			return CHOICE_TAKE;
		}
	}
	if (soon)
		return CHOICE_WAIT;
	if (a->nleases >= WAKE_SESSIONS && w->now < c->woken + WAKE_BUSY_MS) {
		TAILQ_FOREACH (k, &a->leases, crew)
			lease_hurry(k);
		return CHOICE_WAIT;
	}
	return w->starting < WAKE_STARTS ? CHOICE_START : CHOICE_WAIT;
}

static bool
is_busy(const struct worker *w, const struct lease *k)
{
	return w->now >= k->since + WAKE_BUSY_MS;
}

static void
be_hungry(struct worker *w, struct account *a)
{
	if (a->is_hungry)
		return;
	a->is_hungry = true;
	w->nhungry++;
	TAILQ_INSERT_TAIL(&w->hungry, a, hungry);
}

static void
be_sated(struct worker *w, struct account *a)
{
	if (!a->is_hungry)
		return;
	a->is_hungry = false;
	w->nhungry--;
	TAILQ_REMOVE(&w->hungry, a, hungry);
}

/* Each once; those who still wait stand behind the others again. */
void
wake_tick(struct worker *w)
{
	struct account *a;
	size_t n = w->nhungry;

	for (; n > 0 && w->starting < WAKE_STARTS; n--) {
		if ((a = TAILQ_FIRST(&w->hungry)) == NULL)
			break;
		be_sated(w, a);
		wake_run(w, a);
	}
}

int
wake_patience(const struct worker *w)
{
	return TAILQ_EMPTY(&w->hungry) ? -1 : TICK_MS;
}
