/*
 * A table of bounded size. The rate is kept as one number, as in admit.c: the
 * time at which the next line would be on time if they came evenly.
 */
#include "master/logflow.h"

#include <stddef.h>

struct sender {
	pid_t pid;
	uint64_t last;               /* ms: its last line */
	uint64_t due[LOGFLOW_KINDS]; /* us */
	uint64_t since;              /* ms: when the first was dropped */
	unsigned long dropped;
};

static struct sender senders[LOGFLOW_SENDERS];
static size_t nsenders, nowing; /* nowing: with lines dropped */

static struct sender *sender_of(pid_t, uint64_t now);

bool
logflow_take(pid_t pid, enum logflow_kind kind, uint64_t now)
{
	static const uint64_t burst[] = {LOGFLOW_CLIENT_BURST, LOGFLOW_BURST};
	static const uint64_t step[] = {
	    60000000u / LOGFLOW_CLIENT_RATE, 60000000u / LOGFLOW_RATE};
	struct sender *s = sender_of(pid, now);
	uint64_t us = now * 1000, *due = &s->due[kind];

	if (*due < us)
		*due = us;
	s->last = now;
	if (*due - us <= (burst[kind] - 1) * step[kind]) {
		*due += step[kind];
		return true;
	}
	if (s->dropped++ == 0) {
		s->since = now;
		nowing++;
	}
	return false;
}

/* Made if need be, in the place of who has been quiet the longest. */
static struct sender *
sender_of(pid_t pid, uint64_t now)
{
	struct sender *s = &senders[0];

	for (size_t i = 0; i < nsenders; i++) {
		if (senders[i].pid == pid)
			return &senders[i];
		if (senders[i].last < s->last)
			s = &senders[i];
	}
	if (nsenders < LOGFLOW_SENDERS)
		s = &senders[nsenders++];
	else if (s->dropped > 0)
		nowing--;
	*s = (struct sender){.pid = pid, .last = now};
	return s;
}

bool
logflow_dropped(uint64_t now, pid_t *pid, unsigned long *lines)
{
	if (nowing == 0)
		return false;
	for (size_t i = 0; i < nsenders; i++) {
		struct sender *s = &senders[i];

		if (s->dropped == 0 || now < s->since + LOGFLOW_TELL_MS)
			continue;
		*pid = s->pid;
		*lines = s->dropped;
		s->dropped = 0;
		nowing--;
		return true;
	}
	return false;
}

int
logflow_wait(uint64_t now)
{
	uint64_t first = UINT64_MAX;

	for (size_t i = 0; i < nsenders && nowing > 0; i++)
		if (senders[i].dropped > 0 && senders[i].since < first)
			first = senders[i].since;
	if (first == UINT64_MAX)
		return -1;
	first += LOGFLOW_TELL_MS;
	return first <= now ? 0 : (int)(first - now);
}
