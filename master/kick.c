/*
 * A kick, of one connection or of an account: who must hear of it, in an order
 * that leaves no way back in between.
 */
#include "master/brood.h"

#include <time.h>

#include "master/notbefore.h"

void
brood_kick(struct brood *b, uint64_t conn, const char *user)
{
	uint64_t when = (uint64_t)time(NULL);
	struct ipc_put put;

	if (conn == 0)
		notbefore_set(user, when);
	for (int i = 0; i < BROOD_MAX; i++) {
		struct child *c = &b->v[i];

		if (c->role == BOOT_SPAWNER && c->pid != 0 && conn == 0) {
			ipc_begin(&put, IPC_NOTBEFORE);
			ipc_put_str(&put, user);
			ipc_put_u64(&put, when);
			brood_send(b, c, &put, -1);
		}
		/* Servants stand before the workers: the ticket is void now. */
		if (c->role == BOOT_WORKER && c->pid != 0) {
			ipc_begin(&put, IPC_KICK);
			ipc_put_u64(&put, conn);
			ipc_put_str(&put, user);
			brood_send(b, c, &put, -1);
		}
	}
}
