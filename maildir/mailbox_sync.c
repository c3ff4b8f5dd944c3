/*
 * When to look at a folder, and what to tell of it: what others of the account
 * did comes from the index, and stamps tell whether strangers did anything.
 */
#include "maildir/mailbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "maildir/cache.h"
#include "maildir/history.h"

static uint64_t fold(uint64_t, uint64_t);
static int tell(struct mailbox *, struct mailbox_diff *);
static int by_uid(const void *, const void *);

uint64_t
mailbox_stamp(const struct mailbox *mb)
{
	uint64_t h = 14695981039346656037ull;
	struct stamp s[DIRS];
	int i;

	if (mailbox_stamps(mb, s) == -1)
		memset(s, 0, sizeof(s));
	for (i = 0; i < DIRS; i++) {
		h = fold(h, (uint64_t)s[i].mtime.tv_sec);
		h = fold(h, (uint64_t)s[i].mtime.tv_nsec);
		h = fold(h, (uint64_t)s[i].ctime.tv_sec);
		h = fold(h, (uint64_t)s[i].ctime.tv_nsec);
	}
	return h;
}

/* FNV-1a over eight bytes, lowest first. */
static uint64_t
fold(uint64_t h, uint64_t v)
{
	int i;

	for (i = 0; i < 8; i++, v >>= 8)
		h = (h ^ (v & 0xff)) * 1099511628211ull;
	return h;
}

int
mailbox_watch(struct mailbox *mb, int fds[3], uint64_t *stamp)
{
	static const char *const names[] = {"new", "cur", KEYWORDS_DIR};
	int i;

	for (i = 0; i < DIRS; i++) {
		fds[i] = util_open_dir(mb->dirfd, names[i], i == DIR_KEYWORDS);
		if (fds[i] != -1)
			continue;
		/* Nobody who cannot make it can watch it. */
		if (i == DIR_KEYWORDS && (errno == EACCES || errno == EROFS))
			continue;
		while (i-- > 0)
			util_close(fds[i]);
		return -1;
	}
	*stamp = mailbox_stamp(mb);
	return 0;
}

int
mailbox_sync(struct mailbox *mb, bool force, struct mailbox_diff *diff)
{
	struct stamp now[DIRS];
	bool lost;

	cache_flush(mb);
	/* Stamps first: what moves them later the index cannot know yet. */
	if (mailbox_stamps(mb, now) == -1)
		return -1;
	if (!mb->loaded && !force && history_is_level(mb) &&
	    mailbox_is_quiet(mb, now))
		return tell(mb, diff);
	if (mailbox_load(mb) == -1)
		return -1;
	switch (history_follow(mb)) {
	case HISTORY_LEVEL:
		lost = false;
		break;
	case HISTORY_LOST:
		lost = true;
		break;
	default:
		return -1;
	}
	if ((force || lost || mailbox_stale(mb, now) != 0 ||
		(mb->has_new && !mb->readonly) || recent_waits(mb)) &&
	    mailbox_look(mb, force || lost ? LOOK_ALL : 0) == -1)
		return -1;
	return tell(mb, diff);
}

static int
tell(struct mailbox *mb, struct mailbox_diff *diff)
{
	unsigned bits;
	size_t i;

	mb->changed.n = mb->added.n = 0;
	for (i = 0; mb->news && i < mb->n; i++) {
		bits = mb->entries[i].bits;
		if ((bits & ENTRY_ADDED) != 0) {
			if (uids_add(&mb->added, mb->messages[i].uid) == -1)
				return -1;
		} else if ((bits & ENTRY_CHANGED) != 0 &&
			   uids_add(&mb->changed, mb->messages[i].uid) == -1)
			return -1;
	}
	for (i = 0; mb->news && i < mb->n; i++)
		mb->entries[i].bits &=
		    (uint16_t) ~(ENTRY_ADDED | ENTRY_CHANGED);
	mb->news = false;
	if (mb->vanished.n > 1)
		qsort(mb->vanished.v, mb->vanished.n, sizeof(uint32_t), by_uid);
	diff->vanished = mb->vanished.v;
	diff->nvanished = mb->vanished.n;
	diff->changed = mb->changed.v;
	diff->nchanged = mb->changed.n;
	diff->added = mb->added.v;
	diff->nadded = mb->added.n;
	diff->keywords = mb->kw.nnames != mb->told_names;
	mb->told_names = mb->kw.nnames;
	mb->handed = mb->modseq;
	mb->vanished.n = 0; /* lent until the next sync adds again */
	return 0;
}

static int
by_uid(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}
