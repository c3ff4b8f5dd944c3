/*
 * A kick, of one connection or of an account: who must hear of it, in an order
 * that leaves no way back in between.
 */
#include "master/brood.h"

#include <time.h>

#include "master/notbefore.h"

int
brood_hear_kick(struct brood *b, const struct child *c, struct ipc_msg *msg)
{
	char user[256];
	struct ipc_get get;
	uint64_t conn;

	ipc_open(&get, msg);
	conn = ipc_get_u64(&get);
	ipc_get_str(&get, user, sizeof(user));
	if (ipc_done(&get) == -1 || c->role != BOOT_AUTH || conn != 0 ||
	    user[0] == '\0')
		return -1;
	brood_kick(b, 0, user); /* auth has logged why */
	return 0;
}

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
