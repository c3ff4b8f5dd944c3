/* A ring: what is in it was told, and not asked for yet. */
#include "master/heirs.h"

#include <stdbool.h>
#include <stddef.h>

static struct move ring[MOVES_MOST];
static size_t next;

static bool use(const struct ticket *heir, struct move *out);

void
heirs_take(struct ipc_msg *msg)
{
	struct move m;
	struct ipc_get get;

	ipc_open(&get, msg);
	m.conn = ipc_get_u64(&get);
	m.from = ipc_get_u32(&get);
	m.from_incarnation = ipc_get_u64(&get);
	m.to = ipc_get_u32(&get);
	m.to_incarnation = ipc_get_u64(&get);
	if (ipc_done(&get) == 0)
		ring[next++ % MOVES_MOST] = m;
}

const char *
heirs_open(const uint8_t *sealed, size_t len, const uint8_t key[TICKET_KEY],
    struct ticket *t)
{
	struct ticket old;
	struct move m;

	if (!use(t, &m))
		return "nothing of the generation before is this worker's";
	if (ticket_open(sealed, len, key, &old) == -1)
		return "not a ticket of the generation before";
	if (old.worker != m.from || old.incarnation != m.from_incarnation ||
	    old.conn != m.conn)
		return "not the ticket of who has offered it";
	t->owner = old.owner;
	t->time = old.time;
	t->serial = old.serial;
	return NULL;
}

static bool
use(const struct ticket *heir, struct move *out)
{
	for (size_t i = 0; i < MOVES_MOST; i++) {
		if (ring[i].conn == 0 || ring[i].conn != heir->conn ||
		    ring[i].to != heir->worker ||
		    ring[i].to_incarnation != heir->incarnation)
			continue;
		*out = ring[i];
		ring[i].conn = 0;
		return true;
	}
	return false;
}
