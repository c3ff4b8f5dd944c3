/*
 * Accounts and their clients are in two trees; the clients of one account also
 * in a list, the oldest first. A newcomer asks one client at a time, and no
 * client is asked by two at once. The tables are the one spawner's.
 */
#include "master/places.h"

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ACCOUNT 16

TAILQ_HEAD(place_list, place);

struct account {
	RB_ENTRY(account) node;
	uint8_t id[ACCOUNT];
	uint32_t count;
	struct place_list places; /* by age */
};

struct waiter;

struct place { /* of a client */
	RB_ENTRY(place) node;
	TAILQ_ENTRY(place) next;
	uint64_t conn, serial;
	uint32_t worker;
	struct waiter *asker; /* that hopes for it */
	struct account *account;
};

enum waiter_state {
	WAITER_LOOKING, /* for somebody to ask */
	WAITER_ASKING,  /* asked is on its way */
	WAITER_GRANTED,
	WAITER_REFUSED,
};

struct waiter {
	TAILQ_ENTRY(waiter) next;
	struct newcomer who;
	enum waiter_state state;
	uint8_t id[ACCOUNT];
	uint64_t serial; /* of the last one that was asked */
	uint64_t until;  /* ms */
};

RB_HEAD(account_tree, account);
RB_HEAD(place_tree, place);
TAILQ_HEAD(waiter_list, waiter);

static struct account_tree accounts = RB_INITIALIZER(&accounts);
static struct place_tree all = RB_INITIALIZER(&all);
static struct waiter_list waiting = TAILQ_HEAD_INITIALIZER(waiting);
static uint32_t nwaiting;
static uint64_t serial;

static struct place *find(uint32_t worker, uint64_t conn);
static struct account *account_of(const uint8_t id[ACCOUNT]);
static struct account *account_get(const uint8_t id[ACCOUNT]);
static void account_put(struct account *);
static void leave(struct place *);
static struct place *candidate(const struct waiter *);
static void unask(struct waiter *);
static void forget(struct waiter *);

static int
compare_account(const struct account *a, const struct account *b)
{
	return memcmp(a->id, b->id, ACCOUNT);
}

static int
compare_place(const struct place *a, const struct place *b)
{
	if (a->conn != b->conn)
		return a->conn < b->conn ? -1 : 1;
	return a->worker < b->worker ? -1 : a->worker > b->worker;
}

#define LOCAL static __attribute__((unused))
RB_PROTOTYPE_INTERNAL(account_tree, account, node, compare_account, LOCAL)
RB_GENERATE_INTERNAL(account_tree, account, node, compare_account, LOCAL)
RB_PROTOTYPE_INTERNAL(place_tree, place, node, compare_place, LOCAL)
RB_GENERATE_INTERNAL(place_tree, place, node, compare_place, LOCAL)

static struct place *
find(uint32_t worker, uint64_t conn)
{
	struct place key = {.worker = worker, .conn = conn};

	return RB_FIND(place_tree, &all, &key);
}

bool
places_have(uint32_t worker, uint64_t conn)
{
	return find(worker, conn) != NULL;
}

bool
places_have_owner(uint32_t worker, uint64_t conn, const struct owner *owner)
{
	const struct place *p = find(worker, conn);
	uint8_t id[ACCOUNT];

	ticket_owner_account(owner, id);
	return p != NULL && memcmp(p->account->id, id, ACCOUNT) == 0;
}

enum places_verdict
places_take(uint32_t worker, uint64_t conn, const struct owner *owner,
    uint32_t limit, uint32_t *count)
{
	uint8_t id[ACCOUNT];
	struct account *a;
	struct place *p;

	*count = 0;
	ticket_owner_account(owner, id);
	if ((a = account_of(id)) != NULL)
		*count = a->count;
	if (*count >= limit)
		return PLACES_FULL;
	if (find(worker, conn) != NULL || (p = calloc(1, sizeof(*p))) == NULL)
		return PLACES_NONE;
	if ((a = account_get(id)) == NULL) {
		free(p);
		return PLACES_NONE;
	}
	a->count++;
	p->conn = conn;
	p->worker = worker;
	p->serial = ++serial;
	p->account = a;
	RB_INSERT(place_tree, &all, p);
	TAILQ_INSERT_TAIL(&a->places, p, next);
	return PLACES_TAKEN;
}

static struct account *
account_of(const uint8_t id[ACCOUNT])
{
	struct account key;

	memcpy(key.id, id, ACCOUNT);
	return RB_FIND(account_tree, &accounts, &key);
}

static struct account *
account_get(const uint8_t id[ACCOUNT])
{
	struct account *a = account_of(id);

	if (a != NULL || (a = calloc(1, sizeof(*a))) == NULL)
		return a;
	memcpy(a->id, id, ACCOUNT);
	TAILQ_INIT(&a->places);
	RB_INSERT(account_tree, &accounts, a);
	return a;
}

static void
account_put(struct account *a)
{
	if (--a->count > 0)
		return;
	RB_REMOVE(account_tree, &accounts, a);
	free(a);
}

void
places_leave(uint32_t worker, uint64_t conn)
{
	struct place *p = find(worker, conn);
	struct waiter *w, *next;

	if (p != NULL)
		leave(p);
	TAILQ_FOREACH_SAFE (w, &waiting, next, next)
		if (w->who.worker == worker && w->who.conn == conn)
			forget(w);
}

static void
leave(struct place *p)
{
	if (p->asker != NULL)
		p->asker->state = WAITER_GRANTED;
	TAILQ_REMOVE(&p->account->places, p, next);
	RB_REMOVE(place_tree, &all, p);
	account_put(p->account);
	free(p);
}

void
places_drop(uint32_t worker)
{
	struct waiter *w, *after;
	struct place *p, *next;

	TAILQ_FOREACH_SAFE (w, &waiting, next, after)
		if (w->who.worker == worker)
			forget(w);
	RB_FOREACH_SAFE (p, place_tree, &all, next)
		if (p->worker == worker)
			leave(p);
}

int
places_wait(const struct newcomer *who, uint64_t now)
{
	uint8_t id[ACCOUNT];
	uint32_t own = 0;
	struct waiter *w;

	ticket_owner_account(&who->owner, id);
	TAILQ_FOREACH (w, &waiting, next)
		own += memcmp(w->id, id, sizeof(id)) == 0;
	if (own + nwaiting >= PLACES_WAITING ||
	    (w = calloc(1, sizeof(*w))) == NULL)
		return -1;
	w->who = *who;
	w->until = now + PLACES_WAIT_MS;
	memcpy(w->id, id, sizeof(id));
	TAILQ_INSERT_TAIL(&waiting, w, next);
	nwaiting++;
	return 0;
}

bool
places_ask(uint32_t *worker, uint64_t *conn)
{
	struct waiter *w;
	struct place *p;

	TAILQ_FOREACH (w, &waiting, next) {
		if (w->state != WAITER_LOOKING)
			continue;
		if ((p = candidate(w)) == NULL) {
			w->state = WAITER_REFUSED;
			continue;
		}
		w->state = WAITER_ASKING;
		w->serial = p->serial;
		p->asker = w;
		*worker = p->worker;
		*conn = p->conn;
		return true;
	}
	return false;
}

/* The oldest that it has not asked, and nobody else does. */
static struct place *
candidate(const struct waiter *w)
{
	const struct account *a = account_of(w->id);
	struct place *p;

	if (a == NULL)
		return NULL;
	TAILQ_FOREACH (p, &a->places, next)
		if (p->serial > w->serial && p->asker == NULL)
			return p;
	return NULL;
}

void
places_kept(uint32_t worker, uint64_t conn)
{
	struct place *p = find(worker, conn);

	if (p == NULL || p->asker == NULL)
		return;
	p->asker->state = WAITER_LOOKING;
	p->asker = NULL;
}

bool
places_next(uint64_t now, struct newcomer *out, bool *granted, uint32_t *count)
{
	const struct account *a;
	struct waiter *w;

	TAILQ_FOREACH (w, &waiting, next)
		if (w->state == WAITER_GRANTED || w->state == WAITER_REFUSED ||
		    now >= w->until)
			break;
	if (w == NULL)
		return false;
	*out = w->who;
	*granted = w->state == WAITER_GRANTED;
	*count = (a = account_of(w->id)) != NULL ? a->count : 0;
	w->who.control = -1;
	forget(w);
	return true;
}

static void
forget(struct waiter *w)
{
	unask(w);
	if (w->who.control != -1)
		(void)close(w->who.control);
	TAILQ_REMOVE(&waiting, w, next);
	nwaiting--;
	free(w);
}

static void
unask(struct waiter *w)
{
	struct place *p;

	if (w->state == WAITER_ASKING)
		RB_FOREACH (p, place_tree, &all)
			if (p->asker == w)
				p->asker = NULL;
}

int
places_patience(uint64_t now)
{
	const struct waiter *w = TAILQ_FIRST(&waiting);

	if (w == NULL)
		return -1;
	return w->until > now ? (int)(w->until - now) : 0;
}
