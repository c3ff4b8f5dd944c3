/* Who has a place, who waits for one, and who gives way. */
#include "auth/queue.h"

static bool same_user(const struct request *, const struct request *);
static bool same_address(const struct request *, const struct request *);

bool
queue_may_start(const struct desk_requests *list, const struct request *r)
{
	unsigned work = 0, user = 0, address = 0, places = QUEUE_PLACES;
	const struct request *o;

	TAILQ_FOREACH (o, list, entry) {
		if (o->state != REQUEST_ASKED)
			continue;
		work += o->work == r->work;
		user += same_user(o, r);
		address += same_address(o, r);
	}
	if (r->rank != REQUEST_KNOWN)
		places -= QUEUE_KEPT;
	return work < places && user < QUEUE_USER && address < QUEUE_ADDRESS;
}

/* Who is known does not stand in one line with the others of that name. */
static bool
same_user(const struct request *a, const struct request *b)
{
	return a->name == b->name &&
	       (a->rank == REQUEST_KNOWN) == (b->rank == REQUEST_KNOWN);
}

static bool
same_address(const struct request *a, const struct request *b)
{
	return a->paced && b->paced && a->source == b->source;
}

/* In order of arrival within a rank, as far as places allow. */
struct request *
queue_next(const struct desk_requests *list)
{
	struct request *r, *best = NULL;

	TAILQ_FOREACH (r, list, entry)
		if (r->state == REQUEST_WAITING &&
		    (best == NULL || r->rank < best->rank) &&
		    queue_may_start(list, r))
			best = r;
	return best;
}

/* The youngest of the lowest rank goes, if that is lower than r's. */
int
queue_enter(const struct desk_requests *list, const struct request *r,
    struct request **out)
{
	struct request *o, *any = NULL, *of_user = NULL;
	unsigned all = 0, user = 0, address = 0;

	TAILQ_FOREACH (o, list, entry) {
		if (o->state != REQUEST_WAITING || o == r)
			continue;
		all++;
		user += same_user(o, r);
		address += same_address(o, r);
		if (o->rank <= r->rank)
			continue;
		if (any == NULL || o->rank >= any->rank)
			any = o;
		if (same_user(o, r) &&
		    (of_user == NULL || o->rank >= of_user->rank))
			of_user = o;
	}
	if (address >= QUEUE_ADDR_WAIT)
		return -1;
	if (all < QUEUE_WAITING && user < QUEUE_USER_WAIT)
		return 1;
	*out = user < QUEUE_USER_WAIT ? any : of_user;
	return *out != NULL ? 0 : -1;
}
