/* The folders that a client's NOTIFY follows. */
#include "worker/net/follow.h"

#include <stdlib.h>

#include "worker/net/notice.h"

struct follow {
	unsigned n;
	struct folder *folders[FOLLOW_MAX];
};

int
follow_take(struct worker *w, struct lease *k, struct ipc_msg *msg)
{
	struct client *c = k->client;
	uint64_t id[2], stamp;
	struct folder *f;
	struct ipc_get g;
	uint32_t first;

	ipc_open(&g, msg);
	first = ipc_get_u32(&g);
	id[0] = ipc_get_u64(&g);
	id[1] = ipc_get_u64(&g);
	stamp = ipc_get_u64(&g);
	if (ipc_done(&g) == -1 || k->state != LEASE_SERVING || c == NULL)
		return -1;
	if (first != 0)
		follow_end(w, c);
	if (msg->nfds == 0)
		return 0;
	if (msg->nfds < 2 || (id[0] & BOARD_ACCOUNT) != 0)
		return -1;
	if (c->follow == NULL &&
	    (c->follow = calloc(1, sizeof(*c->follow))) == NULL)
		return 0; /* the session's slow look remains */
	if (c->follow->n == FOLLOW_MAX)
		return -1;
	f = notice_follow(w, c->account, id, stamp, msg);
	if (f != NULL)
		c->follow->folders[c->follow->n++] = f;
	return 0;
}

void
follow_end(struct worker *w, struct client *c)
{
	struct follow *l = c->follow;

	if (l == NULL)
		return;
	c->follow = NULL;
	for (unsigned i = 0; i < l->n; i++)
		notice_unfollow(w, l->folders[i]);
	free(l);
}
