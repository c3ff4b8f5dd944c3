/*
 * When to look at a folder, and what to tell of it: stamps of new, cur and
 * courierimapkeywords decide. An own change moves the same stamps as a
 * stranger's; it costs no look at once, but one is owed from then on.
 */
#include "maildir/mailbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "maildir/cache.h"
#include "maildir/history.h"

#define OWED_SECONDS 2

static int stamp_dir(int, struct stamp *);
static uint64_t fold(uint64_t, uint64_t);
static bool debt_is_due(const struct mailbox *);
static int tell(struct mailbox *, struct mailbox_diff *);
static int by_uid(const void *, const void *);

int
mailbox_stamps(const struct mailbox *mb, struct stamp out[static DIRS])
{
	struct stat st;

	if (stamp_dir(mb->newfd, &out[DIR_NEW]) == -1 ||
	    stamp_dir(mb->curfd, &out[DIR_CUR]) == -1)
		return -1;
	if (fstatat(mb->dirfd, KEYWORDS_DIR, &st, AT_SYMLINK_NOFOLLOW) == 0)
		stamp_of(&st, &out[DIR_KEYWORDS]);
	else if (errno == ENOENT)
		memset(&out[DIR_KEYWORDS], 0, sizeof(out[DIR_KEYWORDS]));
	else
		return -1;
	return 0;
}

static int
stamp_dir(int fd, struct stamp *out)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return -1;
	if (st.st_nlink == 0) {
		errno = ESTALE; /* the folder was deleted */
		return -1;
	}
	stamp_of(&st, out);
	return 0;
}

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

void
mailbox_own_begin(struct mailbox *mb)
{
	struct stamp now[DIRS];
	int i;

	if (mailbox_stamps(mb, now) == -1) {
		memset(mb->clean, 0, sizeof(mb->clean));
		return;
	}
	for (i = 0; i < DIRS; i++)
		mb->clean[i] = stamp_equal(&now[i], &mb->known[i]);
}

void
mailbox_own_end(struct mailbox *mb)
{
	struct stamp now[DIRS];
	int i, saved = errno;

	if (mailbox_stamps(mb, now) == -1) {
		errno = saved;
		return;
	}
	for (i = 0; i < DIRS; i++) {
		if (!mb->clean[i] || stamp_equal(&now[i], &mb->known[i]))
			continue;
		mb->known[i] = now[i];
		mb->settled[i] = true;
		if (!mb->owes)
			(void)clock_gettime(CLOCK_MONOTONIC, &mb->owed_since);
		mb->owes = true;
	}
	errno = saved;
}

bool
mailbox_owes(const struct mailbox *mb)
{
	return mb->owes || !mb->settled[DIR_NEW] || !mb->settled[DIR_CUR] ||
	       !mb->settled[DIR_KEYWORDS];
}

static bool
debt_is_due(const struct mailbox *mb)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - mb->owed_since.tv_sec >= OWED_SECONDS;
}

int
mailbox_sync(struct mailbox *mb, bool force, struct mailbox_diff *diff)
{
	struct stamp now[DIRS];
	unsigned want = 0;
	int i;

	cache_flush(mb);
	if (mailbox_stamps(mb, now) == -1)
		return -1;
	for (i = 0; i < DIRS; i++)
		if (force || !mb->settled[i] ||
		    !stamp_equal(&now[i], &mb->known[i]))
			want |= 1u << i;
	/* Stamps may hide what another session did just after an own change. */
	if (mb->owes && (debt_is_due(mb) || history_moved(mb)))
		want = LOOK_ALL;
	if (want != 0 && mailbox_look(mb, want) == -1)
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
