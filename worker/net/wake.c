/*
 * From parked to served. The order of choice: for news a session of the account
 * that tells news to others just now (their RESUMEs wait in its channel); one
 * that has no client; a new one, a few at a time; and when the account has
 * its share of sessions those are told that others wait.
 */
#include "worker/net/wake.h"

#include <stdlib.h>
#include <string.h>

#include "worker/net/likewise.h"

#define TICK_MS 10

enum choice {
	CHOICE_TAKE,  /* this session */
	CHOICE_WAIT,  /* one will be free soon */
	CHOICE_START, /* a new one */
};

static enum choice choose(
    struct worker *, const struct account *, struct lease **);
static bool takes_more(const struct worker *, const struct lease *);
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

unsigned
account_nidle(const struct account *a)
{
	const struct lease *k;
	unsigned n = 0;

	TAILQ_FOREACH (k, &a->leases, crew)
		n += k->state == LEASE_LINGERING;
	return n;
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
	/* What it parked with will do while it says nothing. */
	if (!news || c->src.events == 0)
		client_wait(w, c);
	if (c->state == CLIENT_WAKING)
		wake_run(w, a);
}

void
wake_ready(struct worker *w, struct client *c, uint32_t events)
{
	if ((events & (EPOLLERR | EPOLLHUP)) != 0)
		park_over(w, c, IPC_END_DISCONNECTED);
	else
		client_wait(w, c); /* for its end alone from now on */
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
	bool soon = false, telling = false;
	struct lease *k;

	TAILQ_FOREACH (k, &a->leases, crew) {
		if (k->state == LEASE_STARTING && k->wakes)
			soon = true;
		if (k->state != LEASE_SERVING || !k->news || is_busy(w, k))
			continue;
		telling = true;
		if (c->news && takes_more(w, k) && !likewise_soon(k, c)) {
			*out = k;
			return CHOICE_TAKE;
		}
	}
	/* Two that tell news get in each other's way, not ahead. */
	if (c->news && telling)
		return CHOICE_WAIT;
	if ((*out = account_idle(a)) != NULL)
		return CHOICE_TAKE;
	if (soon || telling)
		return CHOICE_WAIT;
	if (a->nleases >= WAKE_SESSIONS && w->now < c->woken + WAKE_BUSY_MS) {
		TAILQ_FOREACH (k, &a->leases, crew)
			lease_hurry(k);
		return CHOICE_WAIT;
	}
	return w->starting < WAKE_STARTS ? CHOICE_START : CHOICE_WAIT;
}

/*
 * One that may just be leaving is given no more than one, since nobody could
 * tell which of several it has touched: it lingers for a second at least behind
 * what it said last.
 */
static bool
takes_more(const struct worker *w, const struct lease *k)
{
	bool stays = w->boot.set.linger > 0 && w->now < k->spoke + WAKE_FRESH;

	return (!k->unread || stays) && k->nbehind + 1 < WAKE_PIPE;
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
