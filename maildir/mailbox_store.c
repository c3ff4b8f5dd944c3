/*
 * Changing an open folder: flags and keywords (RFC 3501 6.4.6), expunge
 * (6.4.3). A file that is not under its last name was renamed by somebody else:
 * the names are read again and the change is made to what is there now.
 */
#include "maildir/mailbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "maildir/history.h"
#include "maildir/usage.h"

#define ROUNDS 5 /* of reading the names again */
#define LOOKS  3 /* so that a change is made to what is there now */

struct store {
	struct mailbox *mb;
	const uint32_t *uids;
	size_t n;
	const struct mailbox_change *change;
	bool *changed;
	uint16_t *numbers; /* of the change's keywords */
	size_t nnumbers;
	struct usage usage;
};

static int begin(struct store *, struct lock *);
static bool out_of_step(const struct store *);
static int check_unchanged(struct store *);
static bool is_failed(const struct store *, size_t);
static bool touches_keywords(const struct store *);
static int store_keywords(struct store *, struct lock *);
static int refresh_keywords(struct mailbox *, struct lock *);
static int number_keywords(struct store *);
static ssize_t plan_keywords(struct store *, uint32_t *);
static uint32_t new_set(struct store *, uint32_t);
static void report_keywords(struct store *, const bool *);
static int store_flags(struct store *);
static uint8_t new_flags(const struct mailbox_change *, uint8_t);
static int set_flags(struct mailbox *, size_t, uint8_t);
static int expunge_all(
    struct mailbox *, const uint32_t *, size_t, bool *, struct usage *);
static int expunge_one(struct mailbox *, size_t, bool *, struct usage *);
static int sync_dirs(struct mailbox *, const bool *);

int
mailbox_store(struct mailbox *mb, const uint32_t *uids, size_t n,
    const struct mailbox_change *change, bool *changed)
{
	struct store s = {mb, uids, n, change, changed, NULL, 0, {0}};
	struct lock lock;
	int r = 0;

	memset(changed, 0, n * sizeof(*changed));
	if (change->failed != NULL)
		memset(change->failed, 0, n * sizeof(*change->failed));
	if (mb->readonly) {
		errno = EROFS;
		return -1;
	}
	if (mailbox_load(mb) == -1)
		return -1;
	usage_begin(&s.usage, mb->md, mb->counts);
	if (usage_undelete(&s.usage, mb, uids, n, change) == -1 ||
	    begin(&s, &lock) == -1)
		return -1;
	if (change->failed != NULL)
		r = check_unchanged(&s);
	if (r == 0 && touches_keywords(&s))
		r = store_keywords(&s, &lock);
	if (r == 0) {
		mailbox_own_begin(mb);
		r = store_flags(&s);
		mailbox_own_end(mb);
	}
	history_update(mb, HISTORY_DIRTY);
	if (!mb->news)
		mb->handed = mb->modseq;
	lock_drop(&lock);
	usage_end(&s.usage);
	free(s.numbers);
	return r;
}

/*
 * The lock, and the picture brought up to date if others have changed the
 * folder: a client must never be told a change number before a smaller one.
 */
static int
begin(struct store *s, struct lock *lock)
{
	struct mailbox *mb = s->mb;
	bool many = touches_keywords(s) && s->n > KEYWORDS_MERGE;
	int i, r;

	for (i = 0; i < LOOKS; i++) {
		if (mailbox_lock(mb, lock, many) == -1)
			return -1;
		if ((r = history_follow(mb)) == -1) {
			lock_drop(lock);
			return -1;
		}
		if (r == HISTORY_LEVEL && !out_of_step(s))
			return 0;
		lock_drop(lock);
		if (mailbox_look(mb, r == HISTORY_LOST ? LOOK_ALL : 0) == -1)
			return -1;
	}
	if (s->change->failed == NULL)
		return mailbox_lock(mb, lock, many);
	errno = EBUSY;
	return -1;
}

/* What a stranger did decides whether a message has changed. */
static bool
out_of_step(const struct store *s)
{
	const struct mailbox *mb = s->mb;
	struct stamp now[DIRS];
	int i;

	if (s->change->failed == NULL)
		return false;
	if (mailbox_stamps(mb, now) == -1)
		return true;
	for (i = 0; i < DIRS; i++)
		if (!stamp_equal(&now[i], &mb->known[i]))
			return true;
	return false;
}

/* RFC 7162 3.1.3: message by message. */
static int
check_unchanged(struct store *s)
{
	const struct mailbox_change *c = s->change;
	uint64_t *modseqs;
	size_t k;

	if ((modseqs = calloc(s->n + 1, sizeof(*modseqs))) == NULL)
		return -1;
	if (history_modseqs(s->mb, s->uids, s->n, modseqs) == -1) {
		free(modseqs);
		errno = EIO;
		return -1;
	}
	for (k = 0; k < s->n; k++)
		c->failed[k] =
		    entry_by_uid(s->mb, s->uids[k]) != NOWHERE &&
		    (modseqs[k] == 0 || modseqs[k] > c->unchangedsince);
	free(modseqs);
	return 0;
}

static bool
is_failed(const struct store *s, size_t k)
{
	return s->change->failed != NULL && s->change->failed[k];
}

static bool
touches_keywords(const struct store *s)
{
	return s->mb->md->options.keywords &&
	       (s->change->nkeywords > 0 || s->change->op == MAILBOX_REPLACE);
}

static int
store_keywords(struct store *s, struct lock *lock)
{
	struct mailbox *mb = s->mb;
	uint32_t *sets = NULL;
	bool *done = NULL;
	ssize_t n;
	size_t i;
	int r = -1;

	if (refresh_keywords(mb, lock) == -1 || number_keywords(s) == -1)
		return -1;
	sets = calloc(mb->n + 1, sizeof(*sets));
	done = calloc(mb->n + 1, sizeof(*done));
	if (sets == NULL || done == NULL)
		goto out;
	for (i = 0; i < mb->n; i++)
		mb->entries[i].bits &= (uint16_t)~ENTRY_MARK;
	if ((n = plan_keywords(s, sets)) == -1)
		goto out;
	mailbox_own_begin(mb);
	r = n == 0 ? 0 : mailbox_store_keywords(mb, sets, (size_t)n, done);
	mailbox_own_end(mb);
	report_keywords(s, done);
out:
	free(sets);
	free(done);
	return r;
}

/* Whole sets are written: they must not undo what others did meanwhile. */
static int
refresh_keywords(struct mailbox *mb, struct lock *lock)
{
	struct stamp now[DIRS];

	if (mailbox_stamps(mb, now) == -1)
		return -1;
	if (mb->settled[DIR_KEYWORDS] && !mb->keywords_unread &&
	    stamp_equal(&now[DIR_KEYWORDS], &mb->known[DIR_KEYWORDS]))
		return 0;
	if (mailbox_load_keywords(mb, lock, false) == -1)
		return -1;
	if (mb->keywords_unread) {
		errno = EIO;
		return -1;
	}
	mb->known[DIR_KEYWORDS] = now[DIR_KEYWORDS];
	return 0;
}

static int
number_keywords(struct store *s)
{
	const struct mailbox_change *c = s->change;
	size_t i, j, len;
	int number;

	s->numbers = calloc(c->nkeywords + 1, sizeof(*s->numbers));
	if (s->numbers == NULL)
		return -1;
	for (i = 0; i < c->nkeywords; i++) {
		len = strlen(c->keywords[i]);
		if (c->op == MAILBOX_REMOVE) {
			/* What nobody has need not be made to be removed. */
			for (j = 0; j < s->mb->kw.nnames; j++)
				if (strcasecmp(s->mb->kw.names[j],
					c->keywords[i]) == 0)
					break;
			if (j == s->mb->kw.nnames)
				continue;
		}
		number = keywords_number(&s->mb->kw, c->keywords[i], len, true);
		if (number == -1)
			return -1;
		s->numbers[s->nnumbers++] = (uint16_t)number;
	}
	return 0;
}

/* Marks who gets another set; how many, or -1. */
static ssize_t
plan_keywords(struct store *s, uint32_t *sets)
{
	struct mailbox *mb = s->mb;
	uint32_t last_old = UINT32_MAX, last_new = 0, old;
	ssize_t n = 0;
	size_t i, k;

	for (k = 0; k < s->n; k++) {
		if ((i = entry_by_uid(mb, s->uids[k])) == NOWHERE ||
		    is_failed(s, k))
			continue;
		old = mb->messages[i].kwset;
		if (old != last_old) {
			if ((last_new = new_set(s, old)) == UINT32_MAX)
				return -1;
			last_old = old;
		}
		if (last_new == old)
			continue;
		sets[i] = last_new;
		mb->entries[i].bits |= ENTRY_MARK;
		n++;
	}
	return n;
}

static uint32_t
new_set(struct store *s, uint32_t old)
{
	const uint16_t *have;
	uint16_t *v;
	size_t i, j, n, m = 0;
	uint32_t set;

	n = keywords_members(&s->mb->kw, old, &have);
	v = calloc(n + s->nnumbers + 1, sizeof(*v));
	if (v == NULL)
		return UINT32_MAX;
	for (i = 0; i < n && s->change->op != MAILBOX_REPLACE; i++) {
		for (j = 0; j < s->nnumbers; j++)
			if (have[i] == s->numbers[j])
				break;
		if (s->change->op == MAILBOX_ADD || j == s->nnumbers)
			v[m++] = have[i];
	}
	for (i = 0; s->change->op != MAILBOX_REMOVE && i < s->nnumbers; i++)
		v[m++] = s->numbers[i];
	set = keywords_set(&s->mb->kw, v, m);
	free(v);
	return set;
}

static void
report_keywords(struct store *s, const bool *done)
{
	size_t i, k;

	for (k = 0; k < s->n; k++) {
		i = entry_by_uid(s->mb, s->uids[k]);
		if (i != NOWHERE && done[i])
			s->changed[k] = true;
	}
}

/* Renames, and once more for those whose names had changed. */
static int
store_flags(struct store *s)
{
	struct mailbox *mb = s->mb;
	size_t i, k, missing = 1;
	uint8_t flags, old;
	int round, error = 0;

	for (round = 0; missing > 0 && round < ROUNDS; round++) {
		if (round > 0 && mailbox_find_again(mb) == -1)
			return -1;
		missing = 0;
		for (k = 0; k < s->n; k++) {
			i = entry_by_uid(mb, s->uids[k]);
			if (i == NOWHERE || is_failed(s, k) ||
			    (mb->entries[i].bits & ENTRY_MISSING) != 0)
				continue;
			old = mb->messages[i].flags;
			flags = new_flags(s->change, old);
			if (flags == old)
				continue;
			if (set_flags(mb, i, flags) == 0) {
				s->changed[k] = true;
				usage_flags(&s->usage, mb, i, old);
			} else if (errno == ENOENT) {
				missing++;
				/* Renamed, so it was changed. */
				if (s->change->failed != NULL)
					s->change->failed[k] = true;
			} else
				error = errno;
		}
	}
	errno = error;
	return error == 0 ? 0 : -1;
}

static uint8_t
new_flags(const struct mailbox_change *change, uint8_t old)
{
	const uint8_t flags = change->flags & MESSAGE_FLAGS;

	switch (change->op) {
	case MAILBOX_ADD:
		return old | flags;
	case MAILBOX_REMOVE:
		return old & (uint8_t)~flags;
	case MAILBOX_REPLACE:
		return flags;
	}
	return old;
}

static int
set_flags(struct mailbox *mb, size_t i, uint8_t flags)
{
	char from[FILENAME_MAX_LEN + 1], to[FILENAME_MAX_LEN + 1];
	char info[FILENAME_MAX_LEN * 3];
	uint32_t moved;
	size_t len = mb->entries[i].len;
	int fd;

	fd = entry_file(mb, i, from);
	if (filename_info(entry_info(mb, i), flags, info, sizeof(info)) == -1)
		return -1;
	if (len + strlen(info) > FILENAME_MAX_LEN) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(to, entry_base(mb, i), len);
	memcpy(to + len, info, strlen(info) + 1);
	if ((moved = entry_intern(mb, info)) == UINT32_MAX ||
	    rename_only(fd, from, mb->curfd, to) == -1) {
		if (errno == EEXIST)
			mb->settled[DIR_CUR] = false; /* a twin */
		return -1;
	}
	entry_renamed(mb, i, moved, false);
	return 0;
}

int
mailbox_expunge(struct mailbox *mb, const uint32_t *uids, size_t n, bool *gone)
{
	struct usage usage;
	struct lock lock;
	int r;

	memset(gone, 0, n * sizeof(*gone));
	if (mb->readonly) {
		errno = EROFS;
		return -1;
	}
	/* What has been unlinked must be told to the index, memory or not. */
	if (mailbox_load(mb) == -1 || uids_reserve(&mb->buried, n) == -1 ||
	    mailbox_lock(mb, &lock, false) == -1)
		return -1;
	/* Where the index is lost the next look tells. */
	if (history_follow(mb) == -1) {
		lock_drop(&lock);
		return -1;
	}
	usage_begin(&usage, mb->md, mb->counts);
	mailbox_own_begin(mb);
	r = expunge_all(mb, uids, n, gone, &usage);
	mailbox_own_end(mb);
	entry_compact(mb);
	history_update(mb, HISTORY_DIRTY);
	if (!mb->news)
		mb->handed = mb->modseq;
	lock_drop(&lock);
	usage_end(&usage);
	return r;
}

static int
expunge_all(struct mailbox *mb, const uint32_t *uids, size_t n, bool *gone,
    struct usage *usage)
{
	bool touched[2] = {false, false};
	size_t i, k, missing = 1;
	int round, error = 0;

	for (round = 0; missing > 0 && round < ROUNDS; round++) {
		if (round > 0 && mailbox_find_again(mb) == -1) {
			error = errno;
			break;
		}
		missing = 0;
		for (k = 0; k < n; k++) {
			i = entry_by_uid(mb, uids[k]);
			if (i == NOWHERE || gone[k])
				continue;
			if (expunge_one(mb, i, touched, usage) == 0)
				gone[k] = true;
			else if (errno == ENOENT)
				missing++;
			else
				error = errno;
		}
	}
	if (sync_dirs(mb, touched) == -1)
		return -1;
	errno = error;
	return error == 0 ? 0 : -1;
}

/* Unlinked, or known not to be there. */
static int
expunge_one(struct mailbox *mb, size_t i, bool *touched, struct usage *usage)
{
	struct usage before = *usage;
	char file[FILENAME_MAX_LEN + 1];
	int fd;

	if ((mb->entries[i].bits & ENTRY_MISSING) == 0) {
		fd = entry_file(mb, i, file);
		usage_take(usage, mb, i);
		if (unlinkat(fd, file, 0) == -1) {
			*usage = before;
			return -1;
		}
		touched[fd == mb->newfd ? DIR_NEW : DIR_CUR] = true;
	}
	mb->entries[i].bits |= ENTRY_DEAD;
	return uids_add(&mb->buried, mb->messages[i].uid);
}

/* touched: new, cur. */
static int
sync_dirs(struct mailbox *mb, const bool *touched)
{
	if (touched[DIR_NEW] && util_fsync(mb->newfd) == -1)
		return -1;
	if (touched[DIR_CUR] && util_fsync(mb->curfd) == -1)
		return -1;
	return 0;
}
