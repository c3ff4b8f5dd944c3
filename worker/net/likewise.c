/*
 * A session's look came after the counter that "now" bears was read. So one who
 * knew the same as its client and is given the same words, the same record and
 * the same counter has missed nothing: if the board has moved since it is
 * stirred again, as that client is.
 */
#include "worker/net/likewise.h"

#include <string.h>

#include "shm/board.h"
#include "worker/net/wake.h"

static bool is_alike(const struct client *, const struct parked *);

bool
likewise_soon(const struct lease *k, const struct client *c)
{
	const struct client *last = TAILQ_LAST(&k->behind, client_list);

	if (last == NULL)
		last = k->client;
	return last->news && is_alike(c, last->parked);
}

void
likewise_take(struct worker *w, struct account *a, const struct parked *was,
    const struct parked *now, const uint8_t *said, size_t n,
    struct likewise *out)
{
	struct client *c, *next;

	TAILQ_FOREACH_SAFE (c, &a->waking, next, next) {
		if (out->n == LIKEWISE_MOST)
			break;
		if (!is_alike(c, was) || park_renew(w, c, now) == -1)
			continue;
		TAILQ_REMOVE(&a->waking, c, next);
		client_enter(c, CLIENT_PARKED);
		client_put(c, said, n);
		out->clients[out->n++] = c;
	}
}

static bool
is_alike(const struct client *c, const struct parked *was)
{
	const struct parked *p = c->parked;
	const struct folder *f = was->folder;

	/* With NOTIFY each is told by itself: only a session knows of what. */
	return c->news && f != NULL && (f->dev & BOARD_ACCOUNT) == 0 &&
	       p->folder == f && p->flags == was->flags &&
	       p->nrecord == was->nrecord &&
	       memcmp(p->record, was->record, p->nrecord) == 0;
}

void
likewise_settle(struct worker *w, const struct likewise *l)
{
	for (size_t i = 0; i < l->n; i++) {
		/* One that has ended meanwhile is freed after the tick. */
		if (l->clients[i]->state != CLIENT_PARKED)
			continue;
		client_deadline(w, l->clients[i], 0);
		park_settle(w, l->clients[i]);
	}
}
