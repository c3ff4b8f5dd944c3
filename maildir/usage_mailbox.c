/*
 * Quota of an open folder's messages: what goes, and what \Deleted set or
 * cleared takes out of the count or puts back.
 */
#include <fcntl.h>

#include "maildir/mailbox.h"
#include "maildir/usage.h"

static uint64_t size_of(const struct mailbox *, size_t);

void
usage_take(struct usage *u, const struct mailbox *mb, size_t i)
{
	if (u->on && (mb->messages[i].flags & MESSAGE_DELETED) == 0)
		usage_sub(u, size_of(mb, i), 0);
}

void
usage_flags(struct usage *u, const struct mailbox *mb, size_t i, uint8_t old)
{
	uint8_t flags = mb->messages[i].flags;

	if (!u->on || ((old ^ flags) & MESSAGE_DELETED) == 0)
		return;
	if ((flags & MESSAGE_DELETED) != 0)
		usage_sub(u, size_of(mb, i), 0);
	else
		usage_add(u, size_of(mb, i), 0);
}

int
usage_undelete(const struct usage *u, const struct mailbox *mb,
    const uint32_t *uids, size_t n, const struct mailbox_change *change)
{
	struct usage would = *u;
	bool named = (change->flags & MESSAGE_DELETED) != 0;
	size_t i, k;

	if (!u->on || change->op == MAILBOX_ADD ||
	    named != (change->op == MAILBOX_REMOVE))
		return 0;
	for (k = 0; k < n; k++) {
		i = entry_by_uid(mb, uids[k]);
		if (i != NOWHERE &&
		    (mb->messages[i].flags & MESSAGE_DELETED) != 0)
			usage_add(&would, size_of(mb, i), 0);
	}
	return usage_room(&would);
}

static uint64_t
size_of(const struct mailbox *mb, size_t i)
{
	char file[FILENAME_MAX_LEN + 1];
	struct stat st;
	int64_t size;
	int fd;

	fd = entry_file(mb, i, file);
	if ((size = usage_name_size(file)) != -1)
		return (uint64_t)size;
	if (fstatat(fd, file, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return 0;
	return (uint64_t)st.st_size;
}
