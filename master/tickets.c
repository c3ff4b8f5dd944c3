/* The keys of TLS session tickets (see tickets.h). */
#include "master/tickets.h"

#include <bsd/stdlib.h>
#include <string.h>

bool
tickets_turn(struct tickets *t, uint32_t seconds, uint64_t now)
{
	bool first = t->due == 0;

	/* A shorter time after a reload counts from now on. */
	if (t->due > now && t->seconds == seconds)
		return false;
	t->seconds = seconds;
	t->due = now + seconds * UINT64_C(1000);
	if (first)
		arc4random_buf(t->keys[1], TICKETS_KEY);
	else
		memcpy(t->keys[1], t->keys[0], TICKETS_KEY);
	arc4random_buf(t->keys[0], TICKETS_KEY);
	return true;
}

void
tickets_put(const struct tickets *t, struct ipc_put *put)
{
	ipc_begin(put, IPC_TICKETS);
	ipc_put_bytes(put, t->keys, sizeof(t->keys));
}
