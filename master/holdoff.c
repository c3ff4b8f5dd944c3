/*
 * A table of bounded size; who has crashed nothing for the longest time falls
 * out of it first. A process has one: accounts and addresses are never mixed.
 */
#include "master/holdoff.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>

#include "shm/log.h"

static struct entry {
	uint8_t id[HOLDOFF_ID];
	uint32_t crashes;
	uint64_t last, until; /* ms */
} entries[HOLDOFF_ENTRIES];
static size_t nentries;

static struct entry *find(const uint8_t id[HOLDOFF_ID], uint64_t now);
static struct entry *place(void);

bool
holdoff_crashed(int status)
{
	if (!WIFSIGNALED(status))
		return false;
	switch (WTERMSIG(status)) {
	case SIGHUP:
	case SIGINT:
	case SIGTERM:
	case SIGKILL:
		return false;
	default:
		return true;
	}
}

void
holdoff_crash(const uint8_t id[HOLDOFF_ID], const char *name, uint64_t now)
{
	struct entry *e = find(id, now);
	uint64_t wait;

	if (e == NULL) {
		e = place();
		*e = (struct entry){.last = now};
		memcpy(e->id, id, sizeof(e->id));
	}
	/* Who was let in before says nothing new; a worker has many clients. */
	if (now < e->until || (now == e->last && e->crashes > 0))
		return;
	if (e->crashes < HOLDOFF_CRASHES && now - e->last > HOLDOFF_RUN_MS)
		e->crashes = 0;
	e->last = now;
	if (++e->crashes < HOLDOFF_CRASHES)
		return;
	wait = HOLDOFF_FIRST;
	for (uint32_t n = HOLDOFF_CRASHES; n < e->crashes; n++)
		wait = wait < HOLDOFF_MAX ? wait * 2 : wait;
	if (wait >= HOLDOFF_MAX) {
		wait = HOLDOFF_MAX;
		e->crashes--; /* it rises no more */
	}
	e->until = now + wait;
	log_line(LOG_LEVEL_ERR,
	    "processes that serve %s crash, it is held off for %u s", name,
	    (unsigned)(wait / 1000));
}

uint64_t
holdoff_left(const uint8_t id[HOLDOFF_ID], uint64_t now)
{
	const struct entry *e = find(id, now);

	return e != NULL && now < e->until ? e->until - now : 0;
}

/* NULL, too, if all that there was is forgotten. */
static struct entry *
find(const uint8_t id[HOLDOFF_ID], uint64_t now)
{
	for (size_t i = 0; i < nentries; i++) {
		if (memcmp(entries[i].id, id, HOLDOFF_ID) != 0)
			continue;
		if (now >= entries[i].last + HOLDOFF_QUIET_MS)
			entries[i] = entries[--nentries];
		else
			return &entries[i];
		break;
	}
	return NULL;
}

static struct entry *
place(void)
{
	struct entry *oldest = &entries[0];

	if (nentries < HOLDOFF_ENTRIES)
		return &entries[nentries++];
	for (size_t i = 1; i < nentries; i++)
		if (entries[i].last < oldest->last)
			oldest = &entries[i];
	return oldest;
}

void
holdoff_suspect(const struct admit *a, unsigned worker, uint64_t now)
{
	char name[INET6_ADDRSTRLEN];
	struct admit_saved s;
	uint32_t at = 0;

	while (admit_save(a, &at, &s))
		if (s.worker == worker && s.trusted == 0 &&
		    (s.state == CONN_UNAUTH || s.state == CONN_EVICTED) &&
		    s.kind == SOURCE_ADDRESS &&
		    inet_ntop(AF_INET6, s.net, name, sizeof(name)) != NULL)
			holdoff_crash(s.net, name, now);
}
