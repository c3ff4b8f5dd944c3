/*
 * Looking at a folder: the UID list, new/ and cur/ are read under the folder's
 * lock and the view is brought to what they say. When nothing may be concluded
 * yet from what was not seen, the lock is given up, the stamps get time to
 * grow old, and the look is taken again, five times at most; at once, if it
 * only turned out that more has to be read or locked.
 */
#include "maildir/mailbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "maildir/history.h"
#include "maildir/import_dovecot.h"

#define LOOKS 6 /* one, and five again */

struct see {
	struct look *look;
	bool in_new;
};

static int catch_up(struct look *);
static int find_list(struct mailbox *);
static void keep(struct look *);
static enum history_scope scope(const struct look *);
static int look_once(struct look *);
static int look_dirs(struct look *);
static bool lacks_some(const struct mailbox *);
static int import_first(struct look *);
static int read_list(struct look *);
static bool list_is_known(const struct mailbox *);
static int take_line(struct mailbox *, const struct uidline *);
static int part_with(struct mailbox *, size_t);
static int read_dirs(struct look *);
static int see(void *, const char *, size_t);
static int add_twin(struct mailbox *, const char *, size_t, const struct see *);
static bool is_enough(struct look *);
static bool new_suffices(struct look *);
static unsigned wait_ms(const struct look *);
static int apply(struct look *);
static int lose(struct look *, size_t);
static void take_found(struct mailbox *, size_t);
static void remember(struct look *);
static void choose_twins(struct mailbox *);

int
mailbox_lock(struct mailbox *mb, struct lock *lock, bool dot)
{
	unsigned seconds = mb->md->options.lock_seconds;

	if (lock_take(lock, mb->dirfd, seconds) == -1)
		return -1;
	if (dot && (mb->md->options.uselocks || !lock->flocked) &&
	    lock_dot(lock, seconds) == -1) {
		lock_drop(lock);
		return -1;
	}
	return 0;
}

int
mailbox_look(struct mailbox *mb, unsigned force)
{
	struct look look = {.mb = mb, .want = force};
	struct timespec nap = {0};
	unsigned had;
	bool dot;
	int i, r = -1;

	for (i = 0; i < LOOKS; i++) {
		look.last = i == LOOKS - 1;
		dot = look.dot;
		if (mailbox_lock(mb, &look.lock, look.dot) == -1)
			return -1;
		r = catch_up(&look);
		had = look.want;
		if (r == 0 && (r = look_once(&look)) == 0)
			keep(&look);
		lock_drop(&look.lock);
		if (r != LOOK_AGAIN)
			break;
		/* For more to read, or another lock, no stamp has to age. */
		if (look.want != had || look.dot != dot)
			continue;
		nap.tv_nsec = (long)wait_ms(&look) * 1000000;
		if (nap.tv_nsec > 0)
			(void)nanosleep(&nap, NULL);
	}
	if (r == LOOK_AGAIN) {
		errno = EBUSY;
		r = -1;
	}
	return r;
}

/*
 * Under the lock the index and the stamps that it has are what counts: others
 * may have done what was to be done, or more. What is to be looked at then.
 */
static int
catch_up(struct look *l)
{
	struct mailbox *mb = l->mb;
	struct stamp now[DIRS], list;

	if ((!mb->loaded && find_list(mb) == -1) ||
	    mailbox_stamps(mb, now) == -1 ||
	    mailbox_list_stamp(mb, &list) == -1)
		return -1;
	switch (history_follow(mb)) {
	case HISTORY_LEVEL:
		break;
	case HISTORY_LOST:
		l->want = LOOK_ALL;
		break;
	default:
		return -1;
	}
	l->want |= mailbox_stale(mb, now);
	/* Lines that were added may be about new/ only; see is_enough. */
	if (!stamp_equal(&list, &mb->list_known))
		l->want |= mb->list.fd == -1 ? LOOK_ALL : LOOK_NEW;
	if ((l->want & LOOK_CUR) != 0)
		l->want |= LOOK_NEW;
	return 0;
}

/*
 * Before there is a picture: whether the index is about this folder tells the
 * UIDVALIDITY in the list. Without a list it is the index's.
 */
static int
find_list(struct mailbox *mb)
{
	if (uidlist_peek(&mb->list) == -1)
		return -1;
	if (mb->uidvalidity != 0 && mb->list.uidvalidity != 0 &&
	    mb->list.uidvalidity != mb->uidvalidity) {
		errno = ESTALE;
		return -1;
	}
	if (mb->list.uidvalidity != 0)
		mb->uidvalidity = mb->list.uidvalidity;
	/* Its lines are read where the index does not have them. */
	uidlist_done(&mb->list);
	uidlist_init(&mb->list, mb->dirfd);
	return 0;
}

static void
keep(struct look *l)
{
	if (!l->blind)
		history_update(l->mb, scope(l));
	else
		history_without(l->mb);
}

static enum history_scope
scope(const struct look *l)
{
	if ((l->want & LOOK_CUR) == 0)
		return HISTORY_DIRTY;
	return l->proof ? HISTORY_PROOF : HISTORY_ALL;
}

static int
look_once(struct look *l)
{
	struct mailbox *mb = l->mb;
	struct stamp now[DIRS];
	int r;

	if (mailbox_stamps(mb, now) == -1)
		return -1;
	mb->loaded = true;
	if ((l->want & (LOOK_NEW | LOOK_CUR)) != 0 && (r = look_dirs(l)) != 0)
		return r;
	if (mb->has_new && !mb->readonly)
		number_move(mb);
	mb->has_new = false;
	recent_claim(mb);
	if ((l->want & LOOK_KEYWORDS) == 0 || !mb->md->options.keywords)
		return 0;
	if (mailbox_load_keywords(mb, &l->lock, (l->want & LOOK_CUR) != 0) ==
	    -1)
		return -1;
	mb->owes &= ~LOOK_KEYWORDS;
	mb->known[DIR_KEYWORDS] = now[DIR_KEYWORDS];
	(void)clock_gettime(CLOCK_REALTIME, &l->scans[0].began);
	mb->settled[DIR_KEYWORDS] =
	    scan_wait_ms(&now[DIR_KEYWORDS], &l->scans[0].began) == 0 &&
	    !mb->keywords_unread;
	return 0;
}

static int
look_dirs(struct look *l)
{
	struct mailbox *mb = l->mb;
	size_t before;
	int r;

	if ((r = import_first(l)) != 0)
		return r;
	if (read_list(l) == -1 || read_dirs(l) == -1)
		return -1;
	if (!is_enough(l))
		return LOOK_AGAIN;
	if (number_twins(l) == -1 || apply(l) == -1)
		return -1;
	l->relist = l->whole && lacks_some(mb);
	l->unnumbered = false;
	before = mb->n;
	remember(l);
	r = number_strays(l);
	if (r != 0 || l->unnumbered)
		mb->settled[DIR_NEW] = mb->settled[DIR_CUR] = mb->complete =
		    false;
	if (r != 0)
		return r;
	number_tidy(l);
	if (mb->list.fd != -1)
		mb->list_known = mb->list.stamp;
	else
		memset(&mb->list_known, 0, sizeof(mb->list_known));
	mb->has_new |= l->nnew > 0;
	/* What came may have brought keywords that nobody's they were. */
	if (mb->n > before || l->joined)
		l->want |= LOOK_KEYWORDS;
	return 0;
}

/* Another list was put there, or none is: the messages' UIDs stay. */
static bool
lacks_some(const struct mailbox *mb)
{
	size_t i;

	for (i = 0; i < mb->n; i++)
		if ((mb->entries[i].bits & (ENTRY_MARK | ENTRY_MISSING)) == 0)
			return true;
	return false;
}

/* A folder without a list may have another server's. 0, LOOK_AGAIN or -1. */
static int
import_first(struct look *l)
{
	struct mailbox *mb = l->mb;

	if (mb->inspect || mb->uidvalidity != 0 ||
	    !import_dovecot_wanted(mb->dirfd))
		return 0;
	if (!l->dot) {
		l->dot = true;
		return LOOK_AGAIN;
	}
	return import_dovecot_folder(mb->md, mb->dirfd) == -1 ? -1 : 0;
}

/* New lines of the list become candidates. */
static int
read_list(struct look *l)
{
	struct mailbox *mb = l->mb;
	struct uidlines lines;
	size_t i, total;
	int r = 0;

	/* What the index has of the list need not be read again. */
	if (mb->list.fd == -1 && mb->modseq != 0 && list_is_known(mb)) {
		if (uidlist_peek(&mb->list) == -1)
			return -1;
		memset(&lines, 0, sizeof(lines));
	} else if (uidlist_read(&mb->list, &lines) == -1)
		return -1;
	if (mb->list.uidvalidity != 0) {
		if (mb->uidvalidity == 0)
			mb->uidvalidity = mb->list.uidvalidity;
		if (mb->list.uidvalidity != mb->uidvalidity) {
			uidlines_free(&lines);
			errno = ESTALE;
			return -1;
		}
		if (mb->next < mb->list.next)
			mb->next = mb->list.next;
		/* An older list was put there: no UID is given twice. */
		mb->list.next = mb->next;
	}
	if (lines.whole && mb->candidates > 0) {
		total = mb->n + mb->candidates;
		for (i = mb->n; i < total; i++)
			mb->entries[i].bits |= ENTRY_DEAD;
		entry_compact(mb);
	}
	if (lines.whole)
		for (i = 0; i < mb->n; i++)
			mb->entries[i].bits &= (uint16_t)~ENTRY_MARK;
	if (lines.n > 0)
		r = entry_reserve(mb, lines.n);
	for (i = 0; r == 0 && i < lines.n; i++)
		r = take_line(mb, &lines.v[i]);
	l->whole |= lines.whole && mb->n > 0;
	uidlines_free(&lines);
	return r;
}

static bool
list_is_known(const struct mailbox *mb)
{
	struct stamp now;

	return mailbox_list_stamp(mb, &now) == 0 && now.ino != 0 &&
	       stamp_equal(&now, &mb->list_known);
}

static int
take_line(struct mailbox *mb, const struct uidline *line)
{
	size_t i;

	/*
	 * A UID at or below what the client has seen cannot come back; if its
	 * file does, it gets a new one.
	 */
	if (line->name[0] == '.' || mb->n + mb->candidates == 0 ||
	    (i = entry_find(mb, line->name, line->len)) == NOWHERE) {
		if (line->name[0] == '.' || line->uid <= mb->max_uid)
			return 0;
	} else {
		if (mb->messages[i].uid == line->uid)
			mb->entries[i].bits |= ENTRY_MARK;
		if (mb->messages[i].uid >= line->uid ||
		    line->uid <= mb->max_uid)
			return 0;
		/* Of two UIDs for one name the larger one wins. */
		if (i >= mb->n)
			mb->entries[i].bits |= ENTRY_DEAD;
		else if (part_with(mb, i) == -1)
			return -1;
	}
	i = entry_add(mb, line->uid, line->name, line->len);
	if (i == NOWHERE)
		return -1;
	mb->entries[i].bits |= ENTRY_MARK;
	return 0;
}

/*
 * A message of the view is no more: the index and the client are to know. 0;
 * -1: no memory, it is still in the view.
 */
static int
part_with(struct mailbox *mb, size_t i)
{
	if (uids_reserve(&mb->vanished, 1) == -1 ||
	    uids_add(&mb->buried, mb->messages[i].uid) == -1)
		return -1;
	mb->entries[i].bits |= ENTRY_DEAD;
	if ((mb->entries[i].bits & ENTRY_ADDED) != 0)
		return 0; /* nobody was told of it */
	return uids_add(&mb->vanished, mb->messages[i].uid);
}

static int
read_dirs(struct look *l)
{
	struct mailbox *mb = l->mb;
	struct see in_new = {l, true}, in_cur = {l, false};
	size_t i;

	mb->news = true;
	mb->strays.n = mb->strays.ntwins = mb->strays.names.n = 0;
	l->nnew = 0;
	for (i = 0; i < mb->n + mb->candidates; i++)
		mb->entries[i].bits &=
		    (uint16_t) ~(ENTRY_SEEN | ENTRY_SEEN_NEW);
	/* new/ first: messages go from there to cur/, never back. */
	if (scan_read(mb->newfd, 0, &l->scans[DIR_NEW], see, &in_new) == -1)
		return -1;
	if ((l->want & LOOK_CUR) == 0)
		return 0;
	if (scan_read(mb->curfd, mb->dents + mb->dents / 4, &l->scans[DIR_CUR],
		see, &in_cur) == -1)
		return -1;
	mb->dents = l->scans[DIR_CUR].bytes;
	return 0;
}

static int
see(void *arg, const char *name, size_t len)
{
	const struct see *see = arg;
	struct mailbox *mb = see->look->mb;
	size_t base = filename_base(name, len), i;
	struct entry *e;
	uint32_t info;

	if (base == 0)
		return 0;
	if (see->in_new)
		see->look->nnew++;
	i = entry_find(mb, name, base);
	if (i == NOWHERE)
		return strays_add(mb, name, len, see->in_new);
	if ((mb->entries[i].bits & ENTRY_SEEN) != 0)
		return add_twin(mb, name, i, see);
	info = mb->entries[i].info;
	if (strcmp(mb->infos.p + info, name + base) != 0 &&
	    (info = entry_intern(mb, name + base)) == UINT32_MAX)
		return -1;
	e = &mb->entries[i];
	e->found = info;
	e->bits |= ENTRY_SEEN;
	if (see->in_new)
		e->bits |= ENTRY_SEEN_NEW;
	return 0;
}

static int
add_twin(struct mailbox *mb, const char *name, size_t of, const struct see *see)
{
	struct strays *s = &mb->strays;
	size_t room;
	uint32_t at;
	void *p;

	if (s->ntwins == s->twins_room) {
		room = s->twins_room == 0 ? 8 : s->twins_room * 2;
		p = reallocarray(s->twins, room, sizeof(*s->twins));
		if (p == NULL)
			return -1;
		s->twins = p;
		s->twins_room = room;
	}
	if ((at = pool_add(&s->names, name, strlen(name))) == UINT32_MAX)
		return -1;
	s->twins[s->ntwins].name = at;
	s->twins[s->ntwins].of = of;
	s->twins[s->ntwins++].in_new = see->in_new;
	return 0;
}

/* Has enough been read, and at a time, that something follows from it? */
static bool
is_enough(struct look *l)
{
	struct mailbox *mb = l->mb;
	size_t i;

	if ((l->want & LOOK_CUR) == 0) {
		l->proof = false;
		if (!l->whole && new_suffices(l))
			return true;
		l->want |= LOOK_CUR;
		return false;
	}
	l->proof = scan_proves_absence(&l->scans[DIR_NEW]) &&
		   scan_proves_absence(&l->scans[DIR_CUR]);
	if (l->proof || l->last || wait_ms(l) > SCAN_YOUNG_MS)
		return true;
	for (i = 0; i < mb->n + mb->candidates; i++)
		if ((mb->entries[i].bits & (ENTRY_SEEN | ENTRY_DEAD)) == 0)
			return false;
	return true;
}

/* Only new/ was read: that will do if it only brought or kept messages. */
static bool
new_suffices(struct look *l)
{
	const struct mailbox *mb = l->mb;
	size_t i;
	unsigned bits;

	if (mb->strays.ntwins > 0)
		return false;
	for (i = 0; i < mb->n + mb->candidates; i++) {
		bits = mb->entries[i].bits &
		       (ENTRY_NEW | ENTRY_SEEN | ENTRY_SEEN_NEW);
		if (i >= mb->n && bits == 0)
			return false;
		if (i < mb->n && bits != 0 &&
		    bits != (ENTRY_NEW | ENTRY_SEEN | ENTRY_SEEN_NEW))
			return false;
	}
	return true;
}

/* Milliseconds until the stamps of the last scans can be trusted. */
static unsigned
wait_ms(const struct look *l)
{
	struct timespec now;
	unsigned a, b = 0;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	a = scan_wait_ms(&l->scans[DIR_NEW].after, &now);
	if ((l->want & LOOK_CUR) != 0)
		b = scan_wait_ms(&l->scans[DIR_CUR].after, &now);
	return a > b ? a : b;
}

static int
apply(struct look *l)
{
	struct mailbox *mb = l->mb;
	size_t i, total = mb->n + mb->candidates;
	struct entry *e;

	l->unsure = l->joined = l->blind = false;
	for (i = 0; i < total; i++) {
		e = &mb->entries[i];
		if ((e->bits & ENTRY_DEAD) != 0)
			continue;
		if ((e->bits & ENTRY_SEEN) != 0) {
			take_found(mb, i);
			if (i < mb->n)
				continue;
			l->joined = true;
			e->bits |= ENTRY_ADDED;
			mb->max_uid = mb->messages[i].uid;
			recent_unknown(mb, mb->messages[i].uid);
		} else if (i >= mb->n) {
			e->bits |= ENTRY_DEAD; /* a line without a file */
			l->dead++;
			l->blind |= !l->proof && (l->want & LOOK_CUR) != 0;
		} else if ((l->want & LOOK_CUR) != 0 && lose(l, i) == -1)
			return -1;
	}
	mb->n = total;
	mb->candidates = 0;
	entry_compact(mb);
	return 0;
}

/* RFC 3501 7.4.1: nothing is told as expunged that may still be there. */
static int
lose(struct look *l, size_t i)
{
	struct mailbox *mb = l->mb;
	char file[FILENAME_MAX_LEN + 1];
	struct stat st;
	bool gone;
	int fd;

	fd = entry_file(mb, i, file);
	gone = fstatat(fd, file, &st, AT_SYMLINK_NOFOLLOW) == -1
		   ? errno == ENOENT
		   : !S_ISREG(st.st_mode);
	if (!l->proof || !gone) {
		mb->entries[i].bits |= ENTRY_MISSING;
		l->unsure = true;
		return 0;
	}
	return part_with(mb, i);
}

/* The file's name as it was seen becomes the message's. */
static void
take_found(struct mailbox *mb, size_t i)
{
	struct entry *e = &mb->entries[i];
	bool in_new = (e->bits & ENTRY_SEEN_NEW) != 0;
	uint8_t flags = mb->messages[i].flags;

	e->bits &= (uint16_t)~ENTRY_MISSING;
	if (e->found == e->info && in_new == ((e->bits & ENTRY_NEW) != 0))
		return;
	entry_renamed(mb, i, e->found, in_new);
	if (mb->messages[i].flags != flags)
		e->bits |= ENTRY_CHANGED;
}

static void
remember(struct look *l)
{
	struct mailbox *mb = l->mb;

	mb->known[DIR_NEW] = l->scans[DIR_NEW].after;
	mb->settled[DIR_NEW] = scan_is_settled(&l->scans[DIR_NEW]);
	if ((l->want & LOOK_CUR) == 0)
		return;
	mb->known[DIR_CUR] = l->scans[DIR_CUR].after;
	mb->settled[DIR_CUR] =
	    scan_is_settled(&l->scans[DIR_CUR]) && !l->unsure;
	mb->complete = l->proof && !l->unsure;
	mb->owes &= ~(LOOK_NEW | LOOK_CUR);
}

int
mailbox_find_again(struct mailbox *mb)
{
	struct look look = {.mb = mb, .want = LOOK_NEW | LOOK_CUR};
	bool proof;
	size_t i;

	if (read_dirs(&look) == -1)
		return -1;
	choose_twins(mb);
	proof = scan_proves_absence(&look.scans[DIR_NEW]) &&
		scan_proves_absence(&look.scans[DIR_CUR]);
	for (i = 0; i < mb->n; i++) {
		if ((mb->entries[i].bits & ENTRY_SEEN) != 0)
			take_found(mb, i);
		else if (proof)
			mb->entries[i].bits |= ENTRY_MISSING;
	}
	mb->settled[DIR_CUR] = false; /* the next sync tells */
	return 0;
}

/* Of two names that were seen for a message the one that is there. */
static void
choose_twins(struct mailbox *mb)
{
	const struct twin *twin;
	const char *name;
	struct stat st;
	uint32_t info;
	size_t i;

	for (i = 0; i < mb->strays.ntwins; i++) {
		twin = &mb->strays.twins[i];
		name = mb->strays.names.p + twin->name;
		if (fstatat(twin->in_new ? mb->newfd : mb->curfd, name, &st,
			AT_SYMLINK_NOFOLLOW) == -1)
			continue;
		info =
		    entry_intern(mb, name + filename_base(name, strlen(name)));
		if (info == UINT32_MAX)
			continue;
		mb->entries[twin->of].found = info;
		mb->entries[twin->of].bits &= (uint16_t)~ENTRY_SEEN_NEW;
		if (twin->in_new)
			mb->entries[twin->of].bits |= ENTRY_SEEN_NEW;
	}
}
