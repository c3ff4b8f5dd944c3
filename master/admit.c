/*
 * Limits on connections. Two tables: connections by number (an array with a
 * free list; a number is the slot and how often it was used, so that an old
 * number is never taken for a new connection; those that count against
 * MAXUNAUTH are chained by age) and addresses (a tree; those without a
 * connection are also in a queue, oldest first, from which they are dropped).
 */
#include "master/admit.h"

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>
#include <stdlib.h>
#include <string.h>

#include "master/value.h"
#include "shm/boot.h"

#define SAVED_MAX (1u << 22) /* connections that a save may name */
#define NOBODY    UINT32_MAX /* ends a chain of connections */

struct source { /* one address, or what counts as one */
	RB_ENTRY(source) node;
	TAILQ_ENTRY(source) quiet;
	uint8_t net[17]; /* the last byte: enum source_kind */
	uint32_t count[2];
	uint32_t unauth;
	uint64_t due; /* us: when the next one would be on time at the rate */
	uint64_t told[2]; /* ms: last log line, by view */
	uint32_t untold[2];
};

struct conn {
	struct source *source; /* NULL if refused */
	struct source *wide;   /* its network, NULL without -maxperc */
	uint32_t used;         /* how often this slot was given */
	uint32_t next;         /* free list; of MAXUNAUTH: the next younger */
	uint32_t prev;         /* of MAXUNAUTH: the next older */
	uint64_t since;        /* ms: when it came */
	enum conn_state state;
	bool trusted;
	uint8_t view;
	uint8_t worker; /* BOOT_WORKERS: none yet */
};

RB_HEAD(source_tree, source);
TAILQ_HEAD(source_queue, source);

struct admit {
	struct source_tree tree;
	struct source_queue quiet;
	uint32_t nquiet;
	struct conn *conns;
	uint32_t nconns, free;     /* free: NOBODY ends the list */
	uint32_t oldest, youngest; /* of those in unauth */
	uint32_t count[2];
	uint32_t unauth; /* of addresses that are not trusted */
	uint32_t refused;
	uint32_t load[BOOT_WORKERS + 1];
	uint64_t told[3]; /* MAXDAEMONS by view, MAXUNAUTH */
	uint32_t untold[3];
};

static int compare(const struct source *, const struct source *);
static bool find_sources(struct admit *, const struct settings *,
    const struct admit_ask *, struct admit_answer *, struct source **,
    struct source **);
static void count_at(
    struct admit *, struct conn *, struct source *, struct source *wide);
static void uncount_at(struct admit *, struct conn *);
static struct source *find_source(struct admit *, const struct settings *,
    const struct admit_ask *, struct admit_answer *);
static struct source *find_wide(
    struct admit *, const struct admit_answer *, bool *failed);
static struct source *get_source(struct admit *, const uint8_t net[17]);
static bool over_address(const struct settings *, const struct source *,
    const struct source *, const struct admit_ask *, struct admit_answer *);
static void forget_quiet(struct admit *, uint64_t now);
static uint64_t latest(const struct source *);
static void source_busy(struct admit *, struct source *);
static void source_quiet(struct admit *, struct source *);
static bool over(
    struct admit_answer *, enum admit_verdict, uint32_t count, uint32_t limit);
static bool over_rate(const struct settings *, struct source *,
    const struct admit_ask *, struct admit_answer *);
static bool over_pace(const struct settings *, struct source *,
    const struct admit_ask *, struct admit_answer *);
static bool over_unauth(const struct admit *, const struct settings *,
    const struct admit_ask *, struct admit_answer *);
static bool one_must_go(
    const struct admit *, const struct settings *, uint32_t chance);
static void unauth_enter(struct admit *, struct conn *);
static void unauth_leave(struct admit *, struct conn *);
static uint64_t id_of(const struct admit *, uint32_t);
static void tell(struct admit *, struct source *, const struct admit_ask *,
    struct admit_answer *);
static struct conn *new_conn(struct admit *, uint64_t *id);
static struct conn *find_conn(const struct admit *, uint64_t id);
static void end_conn(struct admit *, struct conn *);
static int grow(struct admit *, uint32_t);
static int restore_source(
    struct admit *, struct conn *, const struct admit_saved *);
static void take_free(struct admit *, uint32_t);

/* libbsd's _STATIC forms want a macro __unused that glibc does not have. */
#define LOCAL static __attribute__((unused))
RB_PROTOTYPE_INTERNAL(source_tree, source, node, compare, LOCAL)
RB_GENERATE_INTERNAL(source_tree, source, node, compare, LOCAL)

struct admit *
admit_new(void)
{
	struct admit *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	RB_INIT(&a->tree);
	TAILQ_INIT(&a->quiet);
	a->free = a->oldest = a->youngest = NOBODY;
	return a;
}

void
admit_free(struct admit *a)
{
	struct source *s;

	if (a == NULL)
		return;
	while ((s = RB_ROOT(&a->tree)) != NULL) {
		RB_REMOVE(source_tree, &a->tree, s);
		free(s);
	}
	free(a->conns);
	free(a);
}

void
admit_enter(struct admit *a, const struct settings *set,
    const struct admit_ask *ask, struct admit_answer *out)
{
	const struct settings_view *view = &set->view[ask->view];
	struct source *s, *wide;
	struct conn *c;

	if (!find_sources(a, set, ask, out, &s, &wide))
		return;
	if (over(out, ADMIT_DAEMONS, a->count[ask->view], view->maxdaemons) ||
	    (!ask->behind && over_address(set, s, wide, ask, out)) ||
	    (!out->trusted && over_unauth(a, set, ask, out)) ||
	    (!ask->behind && over_pace(set, s, ask, out))) {
		out->evict = 0;
		tell(a, s, ask, out);
		return;
	}
	c = new_conn(a, &out->conn);
	if (c == NULL) {
		out->verdict = ADMIT_NO_MEMORY;
		out->tell = true;
		out->evict = 0;
		return;
	}
	c->state = CONN_UNAUTH;
	c->view = (uint8_t)ask->view;
	c->trusted = out->trusted;
	c->since = ask->now;
	count_at(a, c, s, wide);
	a->count[ask->view]++;
	unauth_enter(a, c);
	if (out->evict != 0)
		tell(a, s, ask, out);
}

int
admit_name(struct admit *a, const struct settings *set,
    const struct admit_ask *ask, uint64_t conn, unsigned worker,
    struct admit_answer *out)
{
	struct conn *c = find_conn(a, conn);
	struct admit_ask own = *ask;
	struct source *s, *wide;

	if (c == NULL || c->worker != worker || c->state != CONN_UNAUTH ||
	    c->source->net[16] != SOURCE_BEHIND)
		return -1;
	own.view = c->view;
	own.behind = false;
	if (!find_sources(a, set, &own, out, &s, &wide))
		return 0;
	out->conn = conn;
	if (over_address(set, s, wide, &own, out) ||
	    over_pace(set, s, &own, out)) {
		tell(a, s, &own, out);
		return 0;
	}
	uncount_at(a, c);
	if (out->trusted)
		unauth_leave(a, c);
	c->trusted = out->trusted;
	count_at(a, c, s, wide);
	return 0;
}

/* Where a connection counts; false without memory, and out says so. */
static bool
find_sources(struct admit *a, const struct settings *set,
    const struct admit_ask *ask, struct admit_answer *out, struct source **s,
    struct source **wide)
{
	static const uint8_t all[17] = {[16] = SOURCE_BEHIND};
	bool failed = false;

	memset(out, 0, sizeof(*out));
	*wide = NULL;
	forget_quiet(a, ask->now);
	if (ask->behind) {
		out->bits = 128;
		memcpy(out->net, ask->addr, sizeof(out->net));
		*s = get_source(a, all);
	} else {
		out->trusted =
		    value_in_nets(ask->addr, set->trusted, set->ntrusted);
		*s = find_source(a, set, ask, out);
		if (*s != NULL && set->view[ask->view].maxperc != 0)
			*wide = find_wide(a, out, &failed);
	}
	if (*s != NULL && !failed)
		return true;
	out->verdict = ADMIT_NO_MEMORY;
	out->tell = true;
	return false;
}

static void
count_at(struct admit *a, struct conn *c, struct source *s, struct source *wide)
{
	c->source = s;
	c->wide = wide;
	source_busy(a, s);
	s->count[c->view]++;
	s->unauth++;
	if (wide == NULL)
		return;
	source_busy(a, wide);
	wide->count[c->view]++;
}

static void
uncount_at(struct admit *a, struct conn *c)
{
	struct source *s = c->source, *wide = c->wide;

	if (c->state == CONN_UNAUTH)
		s->unauth--;
	if (--s->count[c->view] == 0 && s->count[!c->view] == 0)
		source_quiet(a, s);
	if (wide != NULL && --wide->count[c->view] == 0 &&
	    wide->count[!c->view] == 0)
		source_quiet(a, wide);
}

uint64_t
admit_refuse(struct admit *a)
{
	struct conn *c;
	uint64_t id;

	if (a->refused >= ADMIT_REFUSE || (c = new_conn(a, &id)) == NULL)
		return 0;
	c->source = c->wide = NULL;
	c->state = CONN_REFUSED;
	a->refused++;
	return id;
}

void
admit_evict(struct admit *a, uint64_t conn)
{
	struct conn *c = find_conn(a, conn);

	if (c == NULL || c->state != CONN_UNAUTH)
		return;
	unauth_leave(a, c);
	c->source->unauth--;
	c->state = CONN_EVICTED;
}

int
admit_give(struct admit *a, uint64_t conn, unsigned from, unsigned worker)
{
	struct conn *c = find_conn(a, conn);

	if (c == NULL || worker >= BOOT_WORKERS || c->worker != from ||
	    (from != BOOT_WORKERS && c->state != CONN_IN))
		return -1;
	a->load[c->worker]--;
	c->worker = (uint8_t)worker;
	a->load[worker]++;
	return 0;
}

int
admit_leave(struct admit *a, uint64_t conn, unsigned worker)
{
	struct conn *c = find_conn(a, conn);

	if (c == NULL || c->worker != worker)
		return -1;
	end_conn(a, c);
	return 0;
}

int
admit_login(struct admit *a, uint64_t conn, unsigned worker)
{
	struct conn *c = find_conn(a, conn);

	if (c == NULL || c->worker != worker ||
	    (c->state != CONN_UNAUTH && c->state != CONN_EVICTED))
		return -1;
	if (c->state == CONN_UNAUTH) { /* else it was faster than EVICT */
		c->source->unauth--;
		unauth_leave(a, c);
	}
	c->state = CONN_IN;
	return 0;
}

void
admit_undo(struct admit *a, uint64_t conn)
{
	struct conn *c = find_conn(a, conn);

	if (c != NULL)
		end_conn(a, c);
}

void
admit_drop(struct admit *a, unsigned worker)
{
	for (uint32_t i = 0; i < a->nconns; i++)
		if (a->conns[i].state != CONN_FREE &&
		    a->conns[i].worker == worker)
			end_conn(a, &a->conns[i]);
}

int
admit_view(const struct admit *a, uint64_t conn)
{
	const struct conn *c = find_conn(a, conn);

	return c == NULL || c->state == CONN_REFUSED ? -1 : c->view;
}

uint32_t
admit_load(const struct admit *a, unsigned worker)
{
	return worker < BOOT_WORKERS ? a->load[worker] : 0;
}

uint32_t
admit_count(const struct admit *a, unsigned view)
{
	return a->count[view];
}

static int
compare(const struct source *x, const struct source *y)
{
	return memcmp(x->net, y->net, sizeof(x->net));
}

/* The address's entry, made if need be; out->net and ->bits are filled. */
static struct source *
find_source(struct admit *a, const struct settings *set,
    const struct admit_ask *ask, struct admit_answer *out)
{
	static const uint8_t mapped[12] = {[10] = 0xff, 0xff};
	uint8_t net[17] = {0};

	memcpy(net, ask->addr, sizeof(ask->addr));
	out->bits = 128;
	if (memcmp(net, mapped, sizeof(mapped)) != 0) {
		out->bits = set->ipv6_prefix;
		for (unsigned bit = out->bits; bit < 128; bit++)
			net[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
	}
	memcpy(out->net, net, sizeof(out->net));
	return get_source(a, net);
}

/* All but the last byte of what counts as an address, as couriertcpd has it. */
static struct source *
find_wide(struct admit *a, const struct admit_answer *answer, bool *failed)
{
	uint8_t net[17] = {[16] = SOURCE_WIDE};
	struct source *s;

	memcpy(net, answer->net, sizeof(answer->net));
	for (unsigned bit = answer->bits - 8; bit < answer->bits; bit++)
		net[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
	s = get_source(a, net);
	*failed = s == NULL;
	return s;
}

/* Made if need be, quiet then; NULL without memory. */
static struct source *
get_source(struct admit *a, const uint8_t net[17])
{
	struct source key, *s;

	memcpy(key.net, net, sizeof(key.net));
	s = RB_FIND(source_tree, &a->tree, &key);
	if (s != NULL)
		return s;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return NULL;
	memcpy(s->net, key.net, sizeof(s->net));
	RB_INSERT(source_tree, &a->tree, s);
	source_quiet(a, s);
	return s;
}

/* Drops what is no longer needed, and the oldest if there are too many. */
static void
forget_quiet(struct admit *a, uint64_t now)
{
	struct source *s;

	for (int i = 0; i < 2; i++) {
		s = TAILQ_FIRST(&a->quiet);
		if (s == NULL ||
		    (a->nquiet < ADMIT_QUIET &&
			(s->due > now * 1000 || latest(s) + 1000 > now)))
			return;
		source_busy(a, s);
		RB_REMOVE(source_tree, &a->tree, s);
		free(s);
	}
}

static uint64_t
latest(const struct source *s)
{
	return s->told[0] > s->told[1] ? s->told[0] : s->told[1];
}

/* MAXPERIP, or what IMAPACCESSFILE has for this address, and -maxperc. */
static bool
over_address(const struct settings *set, const struct source *s,
    const struct source *wide, const struct admit_ask *ask,
    struct admit_answer *out)
{
	const struct settings_view *view = &set->view[ask->view];
	uint32_t limit = ask->maxperip != 0 ? ask->maxperip : view->maxperip;
	uint32_t count = s->count[ask->view];

	if (value_in_nets(ask->addr, set->exempt, set->nexempt))
		return false;
	/* Parked clients, forgotten perhaps: see ADMIT_EXTRA. */
	out->extra = count >= limit && count < limit + ADMIT_EXTRA &&
		     set->park_yield != 0 &&
		     s->count[0] + s->count[1] > s->unauth;
	if (!out->extra && over(out, ADMIT_PERIP, count, limit))
		return true;
	if (wide == NULL ||
	    !over(out, ADMIT_PERC, wide->count[ask->view], view->maxperc))
		return false;
	memcpy(out->net, wide->net, sizeof(out->net));
	out->bits -= 8;
	return true;
}

/* Takes a source without connections out of the queue. */
static void
source_busy(struct admit *a, struct source *s)
{
	if (s->count[0] + s->count[1] > 0)
		return;
	TAILQ_REMOVE(&a->quiet, s, quiet);
	a->nquiet--;
}

static void
source_quiet(struct admit *a, struct source *s)
{
	TAILQ_INSERT_TAIL(&a->quiet, s, quiet);
	a->nquiet++;
}

static bool
over(struct admit_answer *out, enum admit_verdict verdict, uint32_t count,
    uint32_t limit)
{
	if (count < limit)
		return false;
	out->verdict = verdict;
	out->count = count;
	out->limit = limit;
	return true;
}

/* What holds for an address until it is logged in. */
static bool
over_pace(const struct settings *set, struct source *s,
    const struct admit_ask *ask, struct admit_answer *out)
{
	return !out->trusted && (over(out, ADMIT_UNAUTH_PERIP, s->unauth,
				     set->maxunauth_perip) ||
				    over_rate(set, s, ask, out));
}

/*
 * The rate as one number: the time at which the next connection would be on
 * time if they came evenly. ADMIT_BURST of them may come at once.
 */
static bool
over_rate(const struct settings *set, struct source *s,
    const struct admit_ask *ask, struct admit_answer *out)
{
	uint64_t now = ask->now * 1000, step = 60000000u / set->rate_perip;
	uint32_t burst =
	    set->rate_perip < ADMIT_BURST ? set->rate_perip : ADMIT_BURST;
	uint64_t due = s->due > now ? s->due : now;

	if (due - now > (burst - 1) * step) {
		out->verdict = ADMIT_RATE;
		out->count = out->limit = set->rate_perip;
		return true;
	}
	s->due = due + step;
	return false;
}

/* One must go, and the oldest has not had its time to log in yet. */
static bool
over_unauth(const struct admit *a, const struct settings *set,
    const struct admit_ask *ask, struct admit_answer *out)
{
	const struct conn *c;

	if (!one_must_go(a, set, ask->chance))
		return false;
	c = a->oldest != NOBODY ? &a->conns[a->oldest] : NULL;
	if (c == NULL || c->worker == BOOT_WORKERS ||
	    ask->now < c->since + ADMIT_GRACE)
		return over(out, ADMIT_UNAUTH, set->maxunauth, set->maxunauth);
	out->count = out->limit = set->maxunauth;
	out->evict = id_of(a, a->oldest);
	out->evict_worker = c->worker;
	return false;
}

/* From half of the limit on the chance rises to certainty. */
static bool
one_must_go(const struct admit *a, const struct settings *set, uint32_t chance)
{
	uint32_t limit = set->maxunauth, half = limit / 2;

	if (a->unauth <= half || a->unauth >= limit)
		return a->unauth >= limit;
	return chance < ((uint64_t)(a->unauth - half) << 32) / (limit - half);
}

/* The youngest of those that count against MAXUNAUTH; trusted ones do not. */
static void
unauth_enter(struct admit *a, struct conn *c)
{
	uint32_t i = (uint32_t)(c - a->conns);

	if (c->trusted)
		return;
	c->prev = a->youngest;
	c->next = NOBODY;
	if (a->youngest != NOBODY)
		a->conns[a->youngest].next = i;
	else
		a->oldest = i;
	a->youngest = i;
	a->unauth++;
}

static void
unauth_leave(struct admit *a, struct conn *c)
{
	if (c->trusted)
		return;
	if (c->prev != NOBODY)
		a->conns[c->prev].next = c->next;
	else
		a->oldest = c->next;
	if (c->next != NOBODY)
		a->conns[c->next].prev = c->prev;
	else
		a->youngest = c->prev;
	a->unauth--;
}

static void
tell(struct admit *a, struct source *s, const struct admit_ask *ask,
    struct admit_answer *out)
{
	uint64_t *told = &s->told[ask->view];
	uint32_t *untold = &s->untold[ask->view];

	/* Limits in all are no address's own fault. */
	if (out->verdict == ADMIT_DAEMONS || out->verdict == ADMIT_UNAUTH ||
	    out->evict != 0) {
		unsigned i = out->verdict == ADMIT_DAEMONS ? ask->view : 2;

		told = &a->told[i];
		untold = &a->untold[i];
	}
	if (*told != 0 && ask->now < *told + 1000) {
		(*untold)++;
		return;
	}
	out->tell = true;
	out->untold = *untold;
	*untold = 0;
	*told = ask->now;
}

static struct conn *
new_conn(struct admit *a, uint64_t *id)
{
	struct conn *c;
	uint32_t i;

	if (a->free == NOBODY &&
	    grow(a, a->nconns == 0 ? 64 : a->nconns * 2) == -1)
		return NULL;
	i = a->free;
	c = &a->conns[i];
	a->free = c->next;
	c->used++;
	c->worker = BOOT_WORKERS;
	a->load[BOOT_WORKERS]++;
	*id = id_of(a, i);
	return c;
}

static uint64_t
id_of(const struct admit *a, uint32_t i)
{
	return (uint64_t)a->conns[i].used << 32 | i;
}

static struct conn *
find_conn(const struct admit *a, uint64_t id)
{
	uint32_t i = (uint32_t)id;

	if (i >= a->nconns || a->conns[i].state == CONN_FREE ||
	    a->conns[i].used != (uint32_t)(id >> 32))
		return NULL;
	return &a->conns[i];
}

static void
end_conn(struct admit *a, struct conn *c)
{
	a->load[c->worker]--;
	if (c->state == CONN_REFUSED)
		a->refused--;
	else {
		if (c->state == CONN_UNAUTH)
			unauth_leave(a, c);
		a->count[c->view]--;
		uncount_at(a, c);
	}
	c->state = CONN_FREE;
	c->next = a->free;
	a->free = (uint32_t)(c - a->conns);
}

static int
grow(struct admit *a, uint32_t n)
{
	struct conn *c = reallocarray(a->conns, n, sizeof(*c));

	if (c == NULL)
		return -1;
	a->conns = c;
	memset(c + a->nconns, 0, (n - a->nconns) * sizeof(*c));
	for (uint32_t i = n; i-- > a->nconns;) {
		c[i].next = a->free;
		a->free = i;
	}
	a->nconns = n;
	return 0;
}

bool
admit_save(const struct admit *a, uint32_t *at, struct admit_saved *out)
{
	const struct conn *c;

	while (*at < a->nconns && a->conns[*at].state == CONN_FREE)
		(*at)++;
	if (*at >= a->nconns)
		return false;
	c = &a->conns[*at];
	*out = (struct admit_saved){.conn = id_of(a, *at),
	    .state = c->state,
	    .trusted = c->trusted,
	    .view = c->view,
	    .worker = c->worker,
	    .has_wide = c->wide != NULL};
	if (c->source != NULL) {
		memcpy(out->net, c->source->net, sizeof(out->net));
		out->kind = c->source->net[16];
	}
	if (c->wide != NULL)
		memcpy(out->wide, c->wide->net, sizeof(out->wide));
	(*at)++;
	return true;
}

int
admit_restore(struct admit *a, const struct admit_saved *saved)
{
	uint32_t i = (uint32_t)saved->conn;
	struct conn *c;

	if (i >= SAVED_MAX || saved->view > 1 || saved->kind > SOURCE_BEHIND ||
	    saved->worker > BOOT_WORKERS || saved->state == CONN_FREE ||
	    saved->state > CONN_EVICTED ||
	    (i >= a->nconns &&
		grow(a, i < 2 * a->nconns ? 2 * a->nconns : i + 64) == -1))
		return -1;
	c = &a->conns[i];
	if (c->state != CONN_FREE)
		return -1;
	if (saved->state != CONN_REFUSED && restore_source(a, c, saved) == -1)
		return -1;
	take_free(a, i);
	c->used = (uint32_t)(saved->conn >> 32);
	c->state = (enum conn_state)saved->state;
	c->trusted = saved->trusted != 0;
	c->view = (uint8_t)saved->view;
	c->worker = (uint8_t)saved->worker;
	a->load[c->worker]++;
	a->refused += c->state == CONN_REFUSED;
	c->since = 0; /* they are older than whoever comes */
	if (c->state == CONN_UNAUTH)
		unauth_enter(a, c);
	return 0;
}

static int
restore_source(struct admit *a, struct conn *c, const struct admit_saved *saved)
{
	uint8_t net[17] = {[16] = (uint8_t)saved->kind};
	uint8_t wide[17] = {[16] = SOURCE_WIDE};
	struct source *s, *w = NULL;

	memcpy(net, saved->net, sizeof(saved->net));
	memcpy(wide, saved->wide, sizeof(saved->wide));
	s = get_source(a, net);
	if (saved->has_wide != 0)
		w = get_source(a, wide);
	if (s == NULL || (saved->has_wide != 0 && w == NULL))
		return -1;
	c->view = (uint8_t)saved->view;
	count_at(a, c, s, w);
	a->count[saved->view]++;
	if (saved->state != CONN_UNAUTH)
		s->unauth--;
	return 0;
}

/* Restored in rising order, it stands near the head of the list. */
static void
take_free(struct admit *a, uint32_t i)
{
	uint32_t *p = &a->free;

	while (*p != i && *p != NOBODY)
		p = &a->conns[*p].next;
	if (*p == i)
		*p = a->conns[i].next;
}
