/*
 * \Recent (RFC 3501 2.3.2) is told to one session alone, if it can be. Messages
 * lie in cur/ when they get their UIDs, so it is a number of the folder in the
 * index: what has a UID from there on was told to nobody. A session that may
 * write claims it under the folder's lock; EXAMINE and STATUS see it and leave
 * it. The number never goes back. Without an index, and before it knows the
 * folder, only those are \Recent that a session numbers itself: of others it
 * cannot be known, and to claim too little does no harm.
 */
#include "maildir/history.h"
#include "maildir/mailbox.h"

static bool claim(struct mailbox *);
static int claim_inside(struct index_txn *, void *);

void
recent_claim(struct mailbox *mb)
{
	size_t i = mb->n;

	while (i > 0 && mb->messages[i - 1].uid >= mb->recent_from)
		mb->messages[--i].recent = true;
	if (recent_waits(mb))
		mb->recent_from = mb->messages[mb->n - 1].uid + 1;
}

bool
recent_waits(const struct mailbox *mb)
{
	return !mb->readonly && mb->n > 0 &&
	       mb->messages[mb->n - 1].uid >= mb->recent_from;
}

void
recent_unknown(struct mailbox *mb, uint32_t uid)
{
	if (mb->modseq == 0 && mb->recent_from <= uid)
		mb->recent_from = uid + 1;
}

bool
recent_claim_unread(struct mailbox *mb)
{
	struct lock lock;
	bool done;

	if (mailbox_lock(mb, &lock, false) == -1)
		return false;
	done = claim(mb);
	lock_drop(&lock);
	return done;
}

/* Under the lock what the index has and what is there is looked at again. */
static bool
claim(struct mailbox *mb)
{
	struct stamp now[DIRS], list;

	if (mailbox_stamps(mb, now) == -1 ||
	    mailbox_list_stamp(mb, &list) == -1 || !history_glance(mb, &list) ||
	    !mailbox_is_quiet(mb, now))
		return false;
	return mb->tally.recent == 0 ||
	       index_write(mb->md, claim_inside, mb) == 0;
}

static int
claim_inside(struct index_txn *txn, void *arg)
{
	struct mailbox *mb = arg;
	struct folder_record rec;

	if (!folder_get(txn, mb, &rec) || rec.version != mb->version ||
	    rec.state.recent_from != mb->recent_from)
		return 1;
	mb->claimed.lo = mb->recent_from;
	mb->claimed.hi = rec.state.next - 1;
	mb->claimed.n = rec.counts.recent;
	folder_claim(txn, &rec, rec.state.next);
	folder_put(txn, mb, &rec);
	mb->recent_from = rec.state.recent_from;
	mb->tally = rec.counts;
	return 0;
}

void
recent_take(struct mailbox *mb)
{
	if (mb->claimed.n > 0)
		mailbox_recent_set(mb, mb->claimed.lo, mb->claimed.hi);
	mb->claimed.n = 0;
}

void
mailbox_recent_clear(struct mailbox *mb)
{
	size_t i;

	mb->claimed.n = 0;
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
