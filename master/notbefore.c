/*
 * A table of bounded size. A time that falls out of it becomes that of all
 * accounts: a void ticket never comes to life again, at the worst somebody logs
 * in once more.
 */
#include "master/notbefore.h"

#include <bsd/string.h>
#include <string.h>

static struct entry {
	char user[256];
	uint64_t time;
} entries[NOTBEFORE_MOST];
static size_t nentries;
static uint64_t all; /* for everybody */

void
notbefore_take(struct ipc_msg *msg)
{
	char user[256];
	struct ipc_get get;
	uint64_t when;

	ipc_open(&get, msg);
	ipc_get_str(&get, user, sizeof(user));
	when = ipc_get_u64(&get);
	if (ipc_done(&get) == 0)
		notbefore_set(user, when);
}

void
notbefore_set(const char *user, uint64_t when)
{
	struct entry *e = NULL, *oldest = &entries[0];

	for (size_t i = 0; i < nentries; i++) {
		if (strcmp(entries[i].user, user) == 0)
			e = &entries[i];
		if (entries[i].time < oldest->time)
			oldest = &entries[i];
	}
	if (e == NULL && nentries < NOTBEFORE_MOST)
		e = &entries[nentries++];
	else if (e == NULL) {
		if (oldest->time > all)
			all = oldest->time;
		e = oldest;
	}
	(void)strlcpy(e->user, user, sizeof(e->user));
	e->time = when;
}

bool
notbefore_voids(const char *user, uint64_t sealed)
{
	if (sealed <= all)
		return true;
	for (size_t i = 0; i < nentries; i++)
		if (strcmp(entries[i].user, user) == 0)
			return sealed <= entries[i].time;
	return false;
}
