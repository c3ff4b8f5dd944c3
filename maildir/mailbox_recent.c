/* \Recent of an open folder that serves one client after the other. */
#include "maildir/mailbox.h"

void
mailbox_recent_clear(struct mailbox *mb)
{
	size_t i;

	mb->recents.n = 0;
	for (i = 0; i < mb->n; i++)
		mb->messages[i].recent = false;
}

void
mailbox_recent_set(struct mailbox *mb, uint32_t lo, uint32_t hi)
{
	size_t a = 0, b = mb->n, mid;

	while (a < b) {
		mid = a + (b - a) / 2;
		if (mb->messages[mid].uid < lo)
			a = mid + 1;
		else
			b = mid;
	}
	for (; a < mb->n && mb->messages[a].uid <= hi; a++)
		mb->messages[a].recent = true;
}

void
mailbox_recent_take(struct mailbox *mb)
{
	size_t i, k;

	for (k = 0; k < mb->recents.n; k++)
		if ((i = entry_by_uid(mb, mb->recents.v[k])) != NOWHERE)
			mb->messages[i].recent = true;
	mb->recents.n = 0;
}
