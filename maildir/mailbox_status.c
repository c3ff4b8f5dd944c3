/*
 * STATUS (RFC 3501 6.3.10): the counts of a folder that is not opened for it.
 * It is opened as EXAMINE would, so nothing that \Recent depends on moves.
 */
#include "maildir/mailbox.h"

#include <errno.h>
#include <string.h>

static int add_sizes(struct mailbox *, struct mailbox_status *);

int
maildir_status(struct maildir *md, const char *folder, bool want_size,
    struct mailbox_status *out)
{
	struct mailbox_status status = {0};
	const struct message *messages;
	struct mailbox *mb;
	size_t i, n;
	int r = 0;

	if ((mb = mailbox_open(md, folder, true)) == NULL)
		return -1;
	status.uidvalidity = mailbox_uidvalidity(mb);
	status.uidnext = mailbox_uidnext(mb);
	status.modseq = mailbox_modseq(mb);
	messages = mailbox_messages(mb, &n);
	status.messages = (uint32_t)n;
	for (i = 0; i < n; i++) {
		status.recent += messages[i].recent;
		status.unseen += (messages[i].flags & MESSAGE_SEEN) == 0;
		status.deleted += (messages[i].flags & MESSAGE_DELETED) != 0;
	}
	if (want_size)
		r = add_sizes(mb, &status);
	mailbox_close(mb);
	if (r == 0)
		*out = status;
	return r;
}

static int
add_sizes(struct mailbox *mb, struct mailbox_status *status)
{
	const struct message *messages;
	uint64_t size;
	size_t i, n;

	messages = mailbox_messages(mb, &n);
	for (i = 0; i < n; i++) {
		if (mailbox_size(mb, messages[i].uid, &size) == 0)
			status->size += size;
		else if (errno != ENOENT)
			return -1;
	}
	return 0;
}
