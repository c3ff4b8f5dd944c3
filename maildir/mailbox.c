/*
 * One open folder: opening, closing, what is known without looking.
 *
 * The states of a message, and what a crash between any two of them leaves:
 *
 * 1. tmp/X, being written. Nobody knows it; a purge takes it after 36 hours.
 * 2. new/X (a stranger's delivery) or cur/X:2,F (ours), its bytes and its
 *    directory entry synced, no UID line. New mail like any other: who looks
 *    next gives it a UID. new/X goes to cur/X:2, before that, without a sync.
 * 3. cur/X:2,F with the line "UID X", synced. Only now may the UID be told. The
 *    header's reservation was synced before the line, so no crash leaves a
 *    line that another program's next UID does not pass.
 * 4. new/X with a line: a power cut where the sync of the line did not take the
 *    rename before it along (btrfs), or a file that could not be moved. Ours
 *    keep the UID and move it; Courier, if it comes first, gives another one.
 * 5. Flags are a rename within cur/. It is never made durable by itself; either
 *    name carries the same base name, so the UID never depends on it.
 * 6. Keywords are a file that is synced before it is renamed into place, before
 *    the rename of the flags.
 * 7. A copy is state 2 under a new base name in the other folder, then 3. A
 *    move is a copy, both synced, and only then an unlink: a crash leaves both
 *    or the copy, never none.
 * 8. Unlinked: the line stays in the list until it is rewritten. A file that
 *    comes back (a directory that was not synced) while somebody who was told
 *    of its end is still there gets a new UID.
 *
 * What a look at the directories may conclude is told in scan.h: a message is
 * missed only after a look that proves it, and a failed attempt to reach its
 * last name; a look during which names moved may add, never take away.
 */
#include "maildir/mailbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "maildir/cache.h"
#include "maildir/history.h"
#include "maildir/usage.h"

#define PURGE_SECONDS (36 * 3600) /* Courier's */
#define PURGE_ENTRIES 1000        /* of tmp/ that an open looks at */
#define PURGE_EVERY   86400       /* seconds, per folder and process */

struct purge {
	int fd;
	unsigned seen;
	time_t now;
};

static struct mailbox *give_up(struct mailbox *);
static bool glance(struct mailbox *);
static bool new_is_empty(const struct mailbox *);
static int see_one(void *, const char *, size_t);
static int open_dirs(struct mailbox *, const char *);
static void purge_tmp(struct mailbox *);
static bool purged_lately(struct mailbox *);
static int purge_one(void *, const char *, size_t);
static void forget_news(struct mailbox *);

struct mailbox *
mailbox_open(struct maildir *md, const char *folder, bool readonly)
{
	struct mailbox *mb;

	if ((mb = mailbox_glance(md, folder, readonly)) == NULL)
		return NULL;
	if (!mb->loaded) {
		if (mailbox_load(mb) == -1)
			return give_up(mb);
		forget_news(mb);
	}
	return mb;
}

struct mailbox *
mailbox_glance(struct maildir *md, const char *folder, bool readonly)
{
	struct mailbox *mb;

	if ((mb = mailbox_new(md, folder, readonly)) == NULL)
		return NULL;
	if (!mb->readonly)
		purge_tmp(mb);
	if (!glance(mb)) {
		if (mailbox_look(mb, 0) == -1)
			return give_up(mb);
		forget_news(mb);
		recent_take(mb);
	}
	mb->handed = mb->modseq;
	mb->told_names = mb->kw.nnames;
	return mb;
}

struct mailbox *
mailbox_new(struct maildir *md, const char *folder, bool readonly)
{
	struct mailbox *mb;

	if ((mb = calloc(1, sizeof(*mb))) == NULL)
		return NULL;
	mb->md = md;
	mb->readonly = readonly;
	mb->counts = usage_counts(md, folder);
	mb->dirfd = mb->newfd = mb->curfd = mb->kwfd = -1;
	mb->next = 1;
	uidlist_init(&mb->list, -1);
	if (getentropy(&mb->seed, sizeof(mb->seed)) == -1)
		mb->seed = (uint64_t)time(NULL);
	if (keywords_init(&mb->kw) == -1 || open_dirs(mb, folder) == -1)
		return give_up(mb);
	return mb;
}

static struct mailbox *
give_up(struct mailbox *mb)
{
	int saved = errno;

	mailbox_close(mb);
	errno = saved;
	return NULL;
}

/* Does the index know the folder as it is, so that nothing need be read? */
static bool
glance(struct mailbox *mb)
{
	struct stamp now[DIRS], list;
	bool known;

	known = mailbox_stamps(mb, now) == 0 &&
		mailbox_list_stamp(mb, &list) == 0 && history_glance(mb, &list);
	if (known && mailbox_is_quiet(mb, now) &&
	    (mb->readonly ||
		(mb->tally.in_new == 0 &&
		    (mb->tally.recent == 0 || recent_claim_unread(mb)))))
		return true;
	/* Then from the beginning, under the lock. */
	mb->modseq = 0;
	mb->uidvalidity = 0;
	mb->next = 1;
	mb->max_uid = 0;
	return false;
}

bool
mailbox_is_quiet(struct mailbox *mb, const struct stamp now[static DIRS])
{
	unsigned stale = mailbox_stale(mb, now);

	/* What came into new/ and went again is no news. */
	if (stale == LOOK_NEW && mb->tally.in_new == 0)
		return new_is_empty(mb);
	return stale == 0;
}

static bool
new_is_empty(const struct mailbox *mb)
{
	struct scan scan = {0};
	bool seen = false;

	return scan_read(mb->newfd, 0, &scan, see_one, &seen) == 0 && !seen;
}

static int
see_one(void *arg, const char *name, size_t len)
{
	bool *seen = arg;

	*seen = filename_base(name, len) != 0;
	return *seen;
}

int
mailbox_load(struct mailbox *mb)
{
	const struct folder_counts told = mb->tally;
	struct folder_counts now = {0};
	uint32_t next = mb->next;
	size_t i;
	int r;

	if (mb->loaded)
		return 0;
	if ((r = history_follow(mb)) != HISTORY_LOST) {
		recent_take(mb);
		return r == -1 ? -1 : 0;
	}
	/* The index was lost: the same, if the disk has nothing else. */
	mb->next = 1;
	mb->max_uid = 0;
	if (mailbox_look(mb, LOOK_ALL) == -1)
		return -1;
	recent_take(mb);
	for (i = 0; i < mb->n && mb->messages[i].uid < next; i++) {
		mb->entries[i].bits &= (uint16_t)~ENTRY_ADDED;
		mb->entries[i].bits |= ENTRY_CHANGED;
		folder_count(&now, mb->messages[i].uid, 0, false, 1);
	}
	if (now.messages == told.messages && now.sum == told.sum)
		return 0;
	errno = ESTALE;
	return -1;
}

bool
mailbox_loaded(const struct mailbox *mb)
{
	return mb->loaded;
}

void
mailbox_counts(const struct mailbox *mb, struct mailbox_counts *out)
{
	size_t i;

	memset(out, 0, sizeof(*out));
	if (!mb->loaded) {
		out->messages = mb->tally.messages;
		out->recent = mb->readonly ? mb->tally.recent : mb->claimed.n;
		out->unseen = mb->tally.unseen;
		out->deleted = mb->tally.deleted;
		out->first_unseen = mb->tally.first_unseen;
		return;
	}
	out->messages = (uint32_t)mb->n;
	for (i = 0; i < mb->n; i++) {
		out->recent += mb->messages[i].recent;
		out->deleted += (mb->messages[i].flags & MESSAGE_DELETED) != 0;
		if ((mb->messages[i].flags & MESSAGE_SEEN) != 0)
			continue;
		if (out->unseen++ == 0)
			out->first_unseen = (uint32_t)i + 1;
	}
}

static int
open_dirs(struct mailbox *mb, const char *folder)
{
	struct stat st;

	if ((mb->dirfd = maildir_folder_fd(mb->md, folder)) == -1 ||
	    (mb->newfd = util_open_dir(mb->dirfd, "new", false)) == -1 ||
	    (mb->curfd = util_open_dir(mb->dirfd, "cur", false)) == -1 ||
	    fstat(mb->dirfd, &st) == -1)
		return -1;
	mb->dev = st.st_dev;
	mb->ino = st.st_ino;
	mb->list.dirfd = mb->dirfd;
	/* Where nothing can be changed nothing is tried. */
	if (faccessat(mb->dirfd, "cur", W_OK | X_OK, AT_EACCESS) == -1) {
		if (errno != EACCES && errno != EROFS && errno != EPERM)
			return -1;
		mb->readonly = true;
	}
	return 0;
}

/* What crashed deliveries left in tmp/: nothing new is ever that old. */
static void
purge_tmp(struct mailbox *mb)
{
	struct purge purge = {-1, 0, time(NULL)};
	struct scan scan = {0};

	if (purged_lately(mb) ||
	    (purge.fd = util_open_dir(mb->dirfd, "tmp", false)) == -1)
		return;
	/* Stopped by its bound, or an error: the next one goes on. */
	if (scan_read(purge.fd, 0, &scan, purge_one, &purge) == -1)
		errno = 0;
	util_close(purge.fd);
}

static bool
purged_lately(struct mailbox *mb)
{
	struct maildir_purge *p, *oldest = mb->md->purges;
	time_t now = time(NULL);

	for (p = mb->md->purges; p < mb->md->purges + MAILDIR_PURGES; p++) {
		if (p->ino == mb->ino && p->dev == mb->dev && now >= p->at &&
		    now - p->at < PURGE_EVERY)
			return true;
		if (p->at < oldest->at)
			oldest = p;
	}
	oldest->dev = mb->dev;
	oldest->ino = mb->ino;
	oldest->at = now;
	return false;
}

static int
purge_one(void *arg, const char *name, size_t len)
{
	struct purge *purge = arg;
	struct stat st;

	(void)len;
	if (++purge->seen > PURGE_ENTRIES)
		return 1;
	if (fstatat(purge->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode) && purge->now - st.st_ctime > PURGE_SECONDS)
		util_unlink(purge->fd, name);
	return 0;
}

/* What the first look found is no news. */
static void
forget_news(struct mailbox *mb)
{
	size_t i;

	for (i = 0; i < mb->n; i++)
		mb->entries[i].bits &=
		    (uint16_t) ~(ENTRY_ADDED | ENTRY_CHANGED);
	mb->vanished.n = 0;
	mb->told_names = mb->kw.nnames;
	mb->handed = mb->modseq;
	mb->news = false;
	/* The memory of a first look is not needed again. */
	free(mb->strays.names.p);
	free(mb->strays.v);
	memset(&mb->strays.names, 0, sizeof(mb->strays.names));
	mb->strays.v = NULL;
	mb->strays.n = mb->strays.room = 0;
}

void
mailbox_close(struct mailbox *mb)
{
	if (mb == NULL)
		return;
	cache_free(mb);
	uidlist_done(&mb->list);
	keywords_done(&mb->kw);
	entry_free(mb);
	util_close(mb->newfd);
	util_close(mb->curfd);
	util_close(mb->kwfd);
	util_close(mb->dirfd);
	free(mb);
}

bool
mailbox_readonly(const struct mailbox *mb)
{
	return mb->readonly;
}

uint32_t
mailbox_uidvalidity(const struct mailbox *mb)
{
	return mb->uidvalidity;
}

uint32_t
mailbox_uidnext(const struct mailbox *mb)
{
	return mb->next;
}

uint64_t
mailbox_modseq(const struct mailbox *mb)
{
	return mb->modseq == 0 ? 0 : mb->handed;
}

const struct message *
mailbox_messages(const struct mailbox *mb, size_t *n)
{
	*n = mb->n;
	return mb->messages;
}

const struct message *
mailbox_find(const struct mailbox *mb, uint32_t uid)
{
	size_t i = entry_by_uid(mb, uid);

	return i == NOWHERE ? NULL : &mb->messages[i];
}

size_t
mailbox_keywords(const struct mailbox *mb, const char *const **out)
{
	*out = (const char *const *)mb->kw.names;
	return mb->kw.nnames;
}

size_t
mailbox_kwset(const struct mailbox *mb, uint32_t kwset, const uint16_t **out)
{
	return keywords_members(&mb->kw, kwset, out);
}

void
mailbox_identity(const struct mailbox *mb, uint64_t *dev, uint64_t *ino)
{
	*dev = mb->dev;
	*ino = mb->ino;
}

int
mailbox_folder(const struct mailbox *mb)
{
	return mb->dirfd;
}

void
mailbox_tell_aside(struct maildir *md, char *aside)
{
	if (*aside != '\0')
		maildir_note(
		    md, "a control file was broken; it is kept as %s", aside);
	*aside = '\0';
}

int
mailbox_init_folder(int dirfd, uint32_t uidvalidity)
{
	struct uidlist list;
	int r;

	uidlist_init(&list, dirfd);
	r = uidlist_create(&list, uidvalidity, 1, NULL, 0);
	uidlist_done(&list);
	return r;
}
