/*
 * A new descriptor has the lowest number that is free, so the number says how
 * many there are.
 */
#include "worker/net/room.h"

#include <sys/resource.h>

#include "shm/log.h"

void
room_taken(struct worker *w, int fd)
{
	struct rlimit limit;

	w->nclients++;
	if (w->nfull != 0 || getrlimit(RLIMIT_NOFILE, &limit) == -1 ||
	    (rlim_t)fd < limit.rlim_cur - limit.rlim_cur / 4)
		return;
	w->nfull = w->nclients;
	if (!w->told_full)
		log_line(LOG_LEVEL_WARN,
		    "no more clients, %u are near RLIMIT_NOFILE %llu: raise "
		    "it, or WORKERS",
		    w->nclients, (unsigned long long)limit.rlim_cur);
	w->told_full = true;
	peer_owe(w, &w->master, IPC_FULL, 1, 0);
}

void
room_given(struct worker *w)
{
	w->nclients--;
	if (w->nfull == 0 || w->nclients > w->nfull - w->nfull / 8)
		return;
	w->nfull = 0;
	peer_owe(w, &w->master, IPC_FULL, 0, 0);
}
