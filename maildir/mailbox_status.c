/*
 * STATUS (RFC 3501 6.3.10): the counts of a folder that is not opened for it.
 * It is opened as EXAMINE would, so nothing that \Recent depends on moves.
 */
#include "maildir/mailbox.h"

#include <errno.h>
#include <string.h>

#include "maildir/cache.h"

static int add_sizes(struct mailbox *, struct mailbox_status *);

int
maildir_status(struct maildir *md, const char *folder, bool want_size,
    struct mailbox_status *out)
{
	struct mailbox_counts counts;
	struct mailbox *mb;
	int r = 0;

	if ((mb = mailbox_glance(md, folder, true)) == NULL)
		return -1;
	mailbox_counts(mb, &counts);
	memset(out, 0, sizeof(*out));
	out->uidvalidity = mailbox_uidvalidity(mb);
	out->uidnext = mailbox_uidnext(mb);
	out->modseq = mailbox_modseq(mb);
	out->messages = counts.messages;
	out->recent = counts.recent;
	out->unseen = counts.unseen;
	out->deleted = counts.deleted;
	if (want_size)
		r = add_sizes(mb, out);
	mailbox_close(mb);
	return r;
}

static int
add_sizes(struct mailbox *mb, struct mailbox_status *status)
{
	const struct message *messages;
	uint64_t size;
	size_t i, n;

	if (!mb->loaded && cache_sum(mb, status->messages, &status->size))
		return 0;
	if (mailbox_load(mb) == -1)
		return -1;
	messages = mailbox_messages(mb, &n);
	for (i = 0; i < n; i++) {
		if (mailbox_size(mb, messages[i].uid, &size) == 0)
			status->size += size;
		else if (errno != ENOENT)
			return -1;
	}
	return 0;
}
