/*
 * Files that have no UID yet get one: they go from new/ to cur/, and lines are
 * appended to the UID list and synced, which takes the renames to the disk as
 * well where the file system has one journal. Courier and others believe no
 * line about what lies in new/. If the lines cannot be written (a full disk, a
 * folder of somebody else's) the files stay unseen until they can; nothing that
 * is known is lost by that.
 */
#include "maildir/mailbox.h"

#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "maildir/history.h"

#define TWIN_SECONDS 30  /* a younger hard link may be a move under way */
#define TIDY_LINES   256 /* dead lines that a list may always have */

struct order { /* what qsort's callback needs to know */
	const char *names;
};

static int part(struct mailbox *, size_t, const char *, bool *, char *);
static void file_seen(const struct mailbox *, size_t, char *);
static void swap_known(struct mailbox *, size_t, char *, bool *);
static int part_inodes(
    struct mailbox *, const char *, int, const struct stat *, char *);
static int may_write(struct look *);
static int make_list(struct mailbox *);
static bool is_behind(struct mailbox *, uint32_t *next);
static int list_view(struct mailbox *, uint32_t uidvalidity, uint32_t next);
static int by_order(const void *, const void *, void *);
static int add_strays(struct look *);
static int add_stray(struct mailbox *, const char *, bool);
static size_t move_new(struct mailbox *, size_t);
static int give_uids(struct mailbox *, size_t);
static void drop_from(struct mailbox *, size_t);

int
strays_add(struct mailbox *mb, const char *name, size_t len, bool in_new)
{
	struct strays *s = &mb->strays;
	size_t room;
	uint32_t at;
	void *p;

	if (s->n == s->room) {
		room = s->room == 0 ? 64 : s->room * 2;
		p = reallocarray(s->v, room, sizeof(*s->v));
		if (p == NULL)
			return -1;
		s->v = p;
		s->room = room;
	}
	if ((at = pool_add(&s->names, name, len)) == UINT32_MAX)
		return -1;
	s->v[s->n].name = at;
	s->v[s->n].len = (uint16_t)len;
	s->v[s->n].in_new = in_new;
	s->v[s->n++].number = filename_number(name);
	return 0;
}

int
number_twins(struct look *l)
{
	struct mailbox *mb = l->mb;
	char name[FILENAME_MAX_LEN + 1], fresh[FILENAME_MAX_LEN + 1];
	struct twin twin;
	size_t i;
	int r;

	for (i = 0; i < mb->strays.ntwins; i++) {
		twin = mb->strays.twins[i];
		(void)snprintf(
		    name, sizeof(name), "%s", mb->strays.names.p + twin.name);
		r = part(mb, twin.of, name, &twin.in_new, fresh);
		if (r == -1)
			return -1;
		if (r == 1 &&
		    strays_add(mb, fresh, strlen(fresh), twin.in_new) == -1)
			return -1;
	}
	return 0;
}

/*
 * Message i was seen, and a second file of its base name: either a rename was
 * under way, or two files are there. Then no file is removed unless it is the
 * same one under two names; else the second one gets a name of its own (fresh,
 * in_new). 1: it did; 0; -1.
 */
static int
part(struct mailbox *mb, size_t i, const char *twin, bool *in_new, char *fresh)
{
	char first[FILENAME_MAX_LEN + 1], other[FILENAME_MAX_LEN + 1];
	bool first_new;
	struct stat a, b;
	uint32_t info;
	int fd;

	(void)snprintf(other, sizeof(other), "%s", twin);
	swap_known(mb, i, other, in_new);
	file_seen(mb, i, first);
	first_new = (mb->entries[i].bits & ENTRY_SEEN_NEW) != 0;
	fd = *in_new ? mb->newfd : mb->curfd;
	if (fstatat(fd, other, &b, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 0 : -1;
	if (fstatat(first_new ? mb->newfd : mb->curfd, first, &a,
		AT_SYMLINK_NOFOLLOW) == 0) {
		if (mb->readonly)
			return 0;
		if (a.st_ino != b.st_ino || a.st_dev != b.st_dev)
			return part_inodes(mb, other, fd, &b, fresh);
		if (time(NULL) - b.st_ctime >= TWIN_SECONDS &&
		    unlinkat(fd, other, 0) == -1 && errno != ENOENT)
			return -1;
		return 0;
	}
	if (errno != ENOENT)
		return -1;
	info = entry_intern(mb, other + filename_base(other, strlen(other)));
	if (info == UINT32_MAX)
		return -1;
	mb->entries[i].found = info;
	mb->entries[i].bits &= (uint16_t)~ENTRY_SEEN_NEW;
	if (*in_new)
		mb->entries[i].bits |= ENTRY_SEEN_NEW;
	return 0;
}

static void
file_seen(const struct mailbox *mb, size_t i, char *out)
{
	(void)snprintf(out, FILENAME_MAX_LEN + 1, "%s%s", entry_base(mb, i),
	    mb->infos.p + mb->entries[i].found);
}

/*
 * Which of two is the message: the file that it was; of two unknown ones that
 * in cur/. If that is the twin, they change places.
 */
static void
swap_known(struct mailbox *mb, size_t i, char *twin, bool *in_new)
{
	struct entry *e = &mb->entries[i];
	char first[FILENAME_MAX_LEN + 1];
	bool was_new = (e->bits & ENTRY_NEW) != 0;
	bool first_new = (e->bits & ENTRY_SEEN_NEW) != 0;
	uint32_t info;

	if (i < mb->n && first_new == was_new && e->found == e->info)
		return;
	if ((i >= mb->n || was_new != *in_new ||
		strcmp(entry_info(mb, i), twin + e->len) != 0) &&
	    (!first_new || *in_new))
		return;
	file_seen(mb, i, first);
	if ((info = entry_intern(mb, twin + e->len)) == UINT32_MAX)
		return;
	e->found = info;
	e->bits &= (uint16_t)~ENTRY_SEEN_NEW;
	if (*in_new)
		e->bits |= ENTRY_SEEN_NEW;
	(void)snprintf(twin, FILENAME_MAX_LEN + 1, "%s", first);
	*in_new = first_new;
}

static int
part_inodes(struct mailbox *mb, const char *other, int fd,
    const struct stat *st, char *fresh)
{
	const char *info = other + filename_base(other, strlen(other));
	char base[FILENAME_MAX_LEN + 1];

	filename_unique(mb->md->hostname, st, base, sizeof(base));
	if (strlen(base) + strlen(info) > FILENAME_MAX_LEN)
		info = "";
	(void)strlcpy(fresh, base, FILENAME_MAX_LEN + 1);
	(void)strlcat(fresh, info, FILENAME_MAX_LEN + 1);
	if (rename_only(fd, other, fd, fresh) == -1)
		return errno == ENOENT ? 0 : -1;
	maildir_note(mb->md, "two messages had the file name %s; one is now %s",
	    other, fresh);
	return 1;
}

int
rename_only(int fromfd, const char *from, int tofd, const char *to)
{
	struct stat st;

	if (renameat2(fromfd, from, tofd, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (linkat(fromfd, from, tofd, to, 0) == 0)
		return unlinkat(fromfd, from, 0);
	if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS)
		return -1;
	if (fstatat(tofd, to, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	return renameat(fromfd, from, tofd, to);
}

int
number_strays(struct look *l)
{
	struct mailbox *mb = l->mb;
	uint32_t next;
	int r;

	if (mb->inspect)
		return 0;
	next = mb->list.next;
	if (is_behind(mb, &next))
		l->relist = true;
	if (mb->strays.n == 0 && mb->list.uidvalidity != 0 && !l->relist)
		return 0;
	if ((r = may_write(l)) == LOOK_AGAIN)
		return r;
	if (mb->list.uidvalidity == 0) {
		if (r == -1 || make_list(mb) == -1)
			return -1;
		l->relist = false;
	}
	/* If it cannot be done the index has them still. */
	if (l->relist && r == 0 &&
	    list_view(mb, mb->uidvalidity,
		mb->list.next > next ? mb->list.next : next) == -1)
		r = -1;
	l->unnumbered = r == -1;
	if (r == 0 && add_strays(l) == -1)
		l->unnumbered = true;
	mailbox_tell_aside(mb->md, mb->list.aside);
	if (!l->unnumbered || mb->told_unwritable)
		return 0;
	mb->told_unwritable = true;
	maildir_note(
	    mb->md, "new messages cannot be numbered: %s", strerror(errno));
	return 0;
}

/*
 * An older list was put back: the UIDs that were given since are not given
 * again. *next is where it goes on.
 */
static bool
is_behind(struct mailbox *mb, uint32_t *next)
{
	uint32_t known;

	if ((mb->readonly && !mb->mends) || mb->list.uidvalidity == 0 ||
	    mb->list.broken)
		return false;
	known = history_next(mb);
	if (known > *next && known <= UIDLIST_LIMIT)
		*next = known;
	return *next > uidlist_next(&mb->list);
}

/* Courier's lock, if it is to be had; what was read before it may be old. */
static int
may_write(struct look *l)
{
	struct mailbox *mb = l->mb;

	if ((!mb->md->options.uselocks && l->lock.flocked) || l->lock.dotted)
		return 0;
	if (lock_dot(&l->lock, mb->md->options.lock_seconds) == -1)
		return -1;
	if (!uidlist_moved(&mb->list))
		return 0;
	l->dot = true;
	if (!l->last)
		return LOOK_AGAIN;
	errno = EBUSY;
	return -1;
}

/* A folder without a list, or whose list was lost while it was open. */
static int
make_list(struct mailbox *mb)
{
	uint32_t uidvalidity = mb->uidvalidity;

	if (uidvalidity == 0 &&
	    (uidvalidity = maildir_new_uidvalidity(mb->md)) == 0)
		return -1;
	if (mb->next <= mb->max_uid)
		mb->next = mb->max_uid + 1;
	if (list_view(mb, uidvalidity, mb->next) == -1)
		return -1;
	mb->uidvalidity = uidvalidity;
	return 0;
}

/* Writes the list anew: the messages of the view. */
static int
list_view(struct mailbox *mb, uint32_t uidvalidity, uint32_t next)
{
	struct uidline *lines;
	size_t i;
	int r;

	if ((lines = calloc(mb->n + 1, sizeof(*lines))) == NULL)
		return -1;
	for (i = 0; i < mb->n; i++) {
		lines[i].uid = mb->messages[i].uid;
		lines[i].name = entry_base(mb, i);
		lines[i].len = mb->entries[i].len;
	}
	r = uidlist_create(&mb->list, uidvalidity, next, lines, mb->n);
	free(lines);
	return r;
}

static int
add_strays(struct look *l)
{
	struct mailbox *mb = l->mb;
	struct strays *s = &mb->strays;
	char name[FILENAME_MAX_LEN + 1];
	size_t i, n = s->n, first = mb->n;
	struct order order = {s->names.p};

	if (n == 0)
		return 0;
	if (entry_reserve(mb, n) == -1)
		return -1;
	qsort_r(s->v, n, sizeof(*s->v), by_order, &order);
	for (i = 0; i < n; i++) {
		memcpy(name, s->names.p + s->v[i].name, s->v[i].len + 1u);
		if (add_stray(mb, name, s->v[i].in_new) == -1) {
			drop_from(mb, first);
			return -1;
		}
	}
	l->nnew -= move_new(mb, first);
	return give_uids(mb, first);
}

/* As Courier numbers them: cur before new, by leading number, by bytes. */
static int
by_order(const void *a, const void *b, void *arg)
{
	const struct stray *x = a, *y = b;
	const struct order *order = arg;

	if (x->in_new != y->in_new)
		return x->in_new ? 1 : -1;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return strcmp(order->names + x->name, order->names + y->name);
}

static int
add_stray(struct mailbox *mb, const char *name, bool in_new)
{
	char fresh[FILENAME_MAX_LEN + 1];
	size_t base = filename_base(name, strlen(name)), i;
	uint32_t info;
	int r;

	/* Two strays of one base name. */
	if ((i = entry_find(mb, name, base)) != NOWHERE) {
		r = part(mb, i, name, &in_new, fresh);
		if (r == 1)
			return add_stray(mb, fresh, in_new);
		if (r == 0)
			entry_renamed(mb, i, mb->entries[i].found,
			    (mb->entries[i].bits & ENTRY_SEEN_NEW) != 0);
		return r;
	}
	if ((info = entry_intern(mb, name + base)) == UINT32_MAX ||
	    (i = entry_add(mb, 0, name, base)) == NOWHERE)
		return -1;
	mb->entries[i].found = info;
	mb->entries[i].bits |= ENTRY_ADDED | ENTRY_SEEN;
	if (in_new)
		mb->entries[i].bits |= ENTRY_SEEN_NEW;
	entry_renamed(mb, i, info, in_new);
	return 0;
}

/* The candidates from first on get their UIDs and join the view. */
static int
give_uids(struct mailbox *mb, size_t first)
{
	size_t i, n = mb->candidates;
	struct uidline *lines;
	int r = -1;

	if ((lines = calloc(n, sizeof(*lines))) != NULL) {
		for (i = 0; i < n; i++) {
			lines[i].name = entry_base(mb, first + i);
			lines[i].len = mb->entries[first + i].len;
		}
		r = uidlist_append(&mb->list, lines, n);
	}
	if (r == -1) {
		free(lines);
		drop_from(mb, first);
		return -1;
	}
	for (i = 0; i < n; i++)
		mb->messages[first + i].uid = lines[i].uid;
	free(lines);
	mb->n += n;
	mb->candidates = 0;
	mb->max_uid = mb->messages[mb->n - 1].uid;
	mb->next = mb->list.next;
	return 0;
}

static void
drop_from(struct mailbox *mb, size_t first)
{
	int saved = errno;
	size_t i;

	for (i = first; i < mb->n + mb->candidates; i++)
		mb->entries[i].bits |= ENTRY_DEAD;
	entry_compact(mb);
	errno = saved;
}

/* What has its UID and lies in new/ all the same: nobody had it as \Recent. */
void
number_move(struct mailbox *mb)
{
	size_t i;

	for (i = 0; i < mb->n; i++)
		if ((mb->entries[i].bits & ENTRY_NEW) != 0)
			mb->messages[i].recent = true;
	(void)move_new(mb, 0);
}

/* From new/ to cur/, messages and candidates from first on; how many. */
static size_t
move_new(struct mailbox *mb, size_t first)
{
	char from[FILENAME_MAX_LEN + 1], to[FILENAME_MAX_LEN + 8];
	size_t i = first, moved = 0, total = mb->n + mb->candidates;
	const char *info;
	uint32_t renamed;

	while (i < total && (mb->entries[i].bits & ENTRY_NEW) == 0)
		i++;
	if (i == total)
		return 0;
	mailbox_own_begin(mb);
	for (; i < total; i++) {
		if ((mb->entries[i].bits & ENTRY_NEW) == 0)
			continue;
		(void)entry_file(mb, i, from);
		info = entry_info(mb, i);
		(void)snprintf(
		    to, sizeof(to), "%s%s", from, *info == '\0' ? ":2," : "");
		renamed = entry_intern(mb, to + mb->entries[i].len);
		/* If it cannot be moved it is shown from where it is. */
		if (renamed == UINT32_MAX ||
		    rename_only(mb->newfd, from, mb->curfd, to) == -1)
			continue;
		entry_renamed(mb, i, renamed, false);
		moved++;
	}
	mailbox_own_end(mb);
	/* A delivery may have come between: new/ is looked at once more. */
	mb->settled[DIR_NEW] = false;
	return moved;
}

void
number_tidy(struct look *l)
{
	struct mailbox *mb = l->mb;

	if (mb->readonly || !mb->complete || mb->list.broken ||
	    l->dead <= TIDY_LINES || l->dead <= mb->n || may_write(l) != 0)
		return;
	l->dead = 0;
	/* If it cannot be done the longer list is as right. */
	if (list_view(mb, mb->uidvalidity, mb->list.next) == -1)
		mb->settled[DIR_CUR] = false;
}
