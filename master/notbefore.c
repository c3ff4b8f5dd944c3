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

#define TELL_MS 1000 /* a new spawner reads, or is started anew */

static int tell(int channel, const char *user, uint64_t when);

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

	if (user[0] == '\0') {
		all = when > all ? when : all;
		return;
	}
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

int
notbefore_tell(int channel)
{
	const char *user;
	uint64_t when;

	for (size_t i = 0; notbefore_each(i, &user, &when); i++)
		if (when > 0 && tell(channel, user, when) == -1)
			return -1;
	return 0;
}

bool
notbefore_each(size_t i, const char **user, uint64_t *when)
{
	if (i > nentries)
		return false;
	*user = i == 0 ? "" : entries[i - 1].user;
	*when = i == 0 ? all : entries[i - 1].time;
	return true;
}

static int
tell(int channel, const char *user, uint64_t when)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_NOTBEFORE);
	ipc_put_str(&put, user);
	ipc_put_u64(&put, when);
	return ipc_send_wait(channel, &put, NULL, 0, TELL_MS);
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
