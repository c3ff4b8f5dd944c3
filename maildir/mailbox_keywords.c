/*
 * Keywords of an open folder. What a message has is told, in this order, by its
 * pending update file, by the youngest of its aged ones, by :list. Reading
 * never depends on a merge having been done; a session that may write does it
 * when many updates are pending, and keeps what others may still need (an aged
 * file stays for some minutes).
 */
#include "maildir/mailbox.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRIES          5
#define AGE_SECONDS    300 /* the unit of N in ".N.BASE" */
#define ORPHAN_SECONDS 900 /* an update for nobody is kept so long */

struct update {
	size_t of;    /* index of the message */
	uint64_t age; /* UINT64_MAX: pending */
	uint32_t name;
};

struct load {
	struct mailbox *mb;
	uint32_t *sets;        /* by index */
	char *text;            /* of :list */
	struct kwlines others; /* its lines for messages that are not here */
	struct pool names;
	struct update *v; /* by message, youngest first */
	size_t n, room, pending;
	uint64_t now;
	bool fresh; /* the view is complete, who is not in it is not there */
	bool odd;   /* :list makes no sense in part */
	bool stale; /* an expired update that :list does not say */
};

static int load_all(struct load *);
static int load_once(struct load *);
static int take_line(void *, const struct kwline *);
static int take_name(void *, const char *, size_t);
static void purge_orphan(struct load *, const char *);
static int by_message(const void *, const void *);
static int read_updates(struct load *);
static bool may_pass(int);
static void expire(struct load *, const struct update *, bool same);
static void take_over(struct load *);
static bool wants_merge(const struct load *);
static int write_list(struct load *);
static void age_updates(struct load *);
static void load_free(struct load *);
static int store_few(struct mailbox *, const uint32_t *, bool *);
static int store_many(struct mailbox *, const uint32_t *, bool *);

int
mailbox_load_keywords(struct mailbox *mb, struct lock *lock, bool fresh)
{
	struct load l = {.mb = mb, .fresh = fresh && mb->complete};
	int r = load_all(&l);

	if ((r == 0 ? wants_merge(&l) : errno == EBUSY) &&
	    mb->md->options.uselocks && !lock->dotted) {
		/* Courier merges under its lock alone, and perhaps just did. */
		if (lock_dot(lock, mb->md->options.lock_seconds) == 0)
			r = load_all(&l);
		else
			l.fresh = false;
	}
	if (r == 0) {
		take_over(&l);
		if (wants_merge(&l) && write_list(&l) == 0)
			age_updates(&l);
	}
	load_free(&l);
	if (r == -1 && errno != ENOMEM) {
		/* What is known of keywords stays; mail comes first. */
		if (!mb->keywords_unread)
			maildir_note(mb->md, "keywords cannot be read: %s",
			    strerror(errno));
		mb->keywords_unread = true;
		r = 0;
	} else if (r == 0)
		mb->keywords_unread = false;
	mailbox_tell_aside(mb->md, mb->kw.aside);
	return r;
}

static int
load_all(struct load *l)
{
	int i, r = 1;

	for (i = 0; r == 1 && i < TRIES; i++) {
		load_free(l);
		r = load_once(l);
	}
	if (r == 1) {
		errno = EBUSY;
		r = -1;
	}
	return r;
}

/* 1: something was merged under our eyes. */
static int
load_once(struct load *l)
{
	struct mailbox *mb = l->mb;
	struct scan scan = {.dots = true};
	size_t n;
	int r;

	l->now = (uint64_t)time(NULL) / AGE_SECONDS;
	l->pending = 0;
	l->odd = l->stale = false;
	if ((l->sets = calloc(mb->n + 1, sizeof(*l->sets))) == NULL)
		return -1;
	util_close(mb->kwfd);
	mb->kwfd = util_open_dir(mb->dirfd, KEYWORDS_DIR, false);
	if (mb->kwfd == -1)
		return errno == ENOENT ? 0 : -1;
	if (keywords_list_read(mb->kwfd, &l->text, &n) == -1)
		return -1;
	r = keywords_list_parse(
	    &mb->kw, l->text == NULL ? "" : l->text, n, take_line, l);
	if (r == -1 || scan_read(mb->kwfd, 0, &scan, take_name, l) == -1)
		return -1;
	l->odd = r == 1;
	if (l->n > 1)
		qsort(l->v, l->n, sizeof(*l->v), by_message);
	return read_updates(l);
}

static int
take_line(void *arg, const struct kwline *line)
{
	struct load *l = arg;
	size_t i = entry_find(l->mb, line->base, line->len);

	if (i == NOWHERE || i >= l->mb->n)
		return kwlines_add(
		    &l->others, line->base, line->len, line->set);
	l->sets[i] = line->set;
	return 0;
}

static int
take_name(void *arg, const char *name, size_t len)
{
	struct load *l = arg;
	const char *base;
	struct update *u;
	uint64_t age;
	size_t i, room;
	void *p;

	if (!keywords_update_name(name, &base, &age))
		return 0;
	i = entry_find(l->mb, base, strlen(base));
	if (i == NOWHERE || i >= l->mb->n) {
		purge_orphan(l, name);
		return 0;
	}
	if (l->n == l->room) {
		room = l->room == 0 ? 32 : l->room * 2;
		if ((p = reallocarray(l->v, room, sizeof(*l->v))) == NULL)
			return -1;
		l->v = p;
		l->room = room;
	}
	u = &l->v[l->n];
	u->of = i;
	u->age = age;
	if ((u->name = pool_add(&l->names, name, len)) == UINT32_MAX)
		return -1;
	l->n++;
	if (age == UINT64_MAX)
		l->pending++;
	return 0;
}

static void
purge_orphan(struct load *l, const char *name)
{
	struct stat st;

	if (!l->fresh || l->mb->readonly ||
	    fstatat(l->mb->kwfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    time(NULL) - st.st_ctime < ORPHAN_SECONDS)
		return;
	util_unlink(l->mb->kwfd, name);
}

static int
by_message(const void *a, const void *b)
{
	const struct update *x = a, *y = b;

	if (x->of != y->of)
		return x->of < y->of ? -1 : 1;
	return x->age > y->age ? -1 : x->age < y->age;
}

/* The youngest update of each message overrides :list. */
static int
read_updates(struct load *l)
{
	const struct update *u;
	uint32_t set;
	size_t i;

	for (i = 0; i < l->n; i++) {
		u = &l->v[i];
		if (i > 0 && l->v[i - 1].of == u->of)
			continue;
		set = keywords_update_read(
		    &l->mb->kw, l->mb->kwfd, l->names.p + u->name);
		if (set == UINT32_MAX && errno == ENOENT)
			return 1;
		if (set == UINT32_MAX && may_pass(errno))
			return -1;
		if (set == UINT32_MAX)
			continue; /* what is no update file says nothing */
		expire(l, u, set == l->sets[u->of]);
		l->sets[u->of] = set;
	}
	return 0;
}

/*
 * Not that it is no update file: it may be read another time, and who takes it
 * for none now would write another one over it.
 */
static bool
may_pass(int error)
{
	return error == EIO || error == ENOMEM || error == EMFILE ||
	       error == ENFILE || error == ESTALE || error == EACCES ||
	       error == EINTR;
}

/* An aged file past its time goes once :list says the same. */
static void
expire(struct load *l, const struct update *u, bool same)
{
	size_t of = u->of;

	if (u->age >= l->now || l->mb->readonly)
		return;
	if (!same) {
		l->stale = true;
		return;
	}
	for (; u < l->v + l->n && u->of == of; u++)
		util_unlink(l->mb->kwfd, l->names.p + u->name);
}

static void
take_over(struct load *l)
{
	struct mailbox *mb = l->mb;
	size_t i;

	for (i = 0; i < mb->n; i++) {
		if (mb->messages[i].kwset == l->sets[i])
			continue;
		mb->messages[i].kwset = l->sets[i];
		mb->entries[i].bits |= ENTRY_CHANGED;
		entry_dirty(mb, i);
		mb->news = true;
	}
}

static bool
wants_merge(const struct load *l)
{
	return l->fresh && !l->mb->readonly &&
	       (l->pending > KEYWORDS_MERGE || l->stale);
}

/* :list anew, from the sets; lines for others stay unless they are gone. */
static int
write_list(struct load *l)
{
	struct mailbox *mb = l->mb;
	struct kwlines lines = {0};
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && !l->fresh && i < l->others.n; i++)
		r = kwlines_add(&lines, l->others.v[i].base, l->others.v[i].len,
		    l->others.v[i].set);
	for (i = 0; r == 0 && i < mb->n; i++)
		if (l->sets[i] != 0)
			r = kwlines_add(&lines, entry_base(mb, i),
			    mb->entries[i].len, l->sets[i]);
	if (r == 0 && l->odd)
		r = keywords_list_aside(&mb->kw, mb->dirfd);
	if (r == 0)
		r = keywords_list_write(&mb->kw, mb->dirfd, mb->kwfd, &lines);
	free(lines.v);
	return r;
}

/* What is in :list now becomes aged, for who has read the old one. */
static void
age_updates(struct load *l)
{
	char aged[FILENAME_MAX_LEN + 32];
	const char *name;
	size_t i;

	for (i = 0; i < l->n; i++) {
		name = l->names.p + l->v[i].name;
		(void)snprintf(
		    aged, sizeof(aged), ".%" PRIu64 ".%s", l->now + 1, name);
		/* Left as it is it says the same, only at more cost. */
		if (l->v[i].age == UINT64_MAX &&
		    renameat(l->mb->kwfd, name, l->mb->kwfd, aged) == -1)
			continue;
		if (l->v[i].age < l->now)
			util_unlink(l->mb->kwfd, name);
	}
}

static void
load_free(struct load *l)
{
	int saved = errno;

	free(l->sets);
	free(l->text);
	free(l->others.v);
	free(l->names.p);
	free(l->v);
	l->sets = NULL;
	l->text = NULL;
	l->v = NULL;
	memset(&l->others, 0, sizeof(l->others));
	memset(&l->names, 0, sizeof(l->names));
	l->n = l->room = 0;
	errno = saved;
}

int
mailbox_store_keywords(
    struct mailbox *mb, const uint32_t *sets, size_t n, bool *done)
{
	int r;

	if (mb->kwfd == -1 &&
	    (mb->kwfd = util_open_dir(mb->dirfd, KEYWORDS_DIR, true)) == -1)
		return -1;
	if (n <= KEYWORDS_MERGE)
		return store_few(mb, sets, done);
	r = store_many(mb, sets, done);
	mailbox_tell_aside(mb->md, mb->kw.aside);
	return r;
}

static int
store_few(struct mailbox *mb, const uint32_t *sets, bool *done)
{
	struct kwline line;
	size_t i;

	for (i = 0; i < mb->n; i++) {
		if ((mb->entries[i].bits & ENTRY_MARK) == 0)
			continue;
		line.base = entry_base(mb, i);
		line.len = mb->entries[i].len;
		line.set = sets[i];
		if (keywords_update_write(
			&mb->kw, mb->dirfd, mb->kwfd, &line) == -1)
			return -1;
		mb->messages[i].kwset = sets[i];
		entry_dirty(mb, i);
		done[i] = true;
	}
	return 0;
}

/*
 * One list for all of them, durable, and only then the updates go that would
 * override it.
 */
static int
store_many(struct mailbox *mb, const uint32_t *sets, bool *done)
{
	struct load l = {.mb = mb};
	size_t i;
	int r;

	if ((r = load_all(&l)) == 0 && mb->kwfd == -1 &&
	    (mb->kwfd = util_open_dir(mb->dirfd, KEYWORDS_DIR, true)) == -1)
		r = -1;
	for (i = 0; r == 0 && i < mb->n; i++)
		if ((mb->entries[i].bits & ENTRY_MARK) != 0)
			l.sets[i] = sets[i];
	if (r == 0)
		r = write_list(&l);
	for (i = 0; r == 0 && i < mb->n; i++)
		if ((mb->entries[i].bits & ENTRY_MARK) != 0) {
			mb->messages[i].kwset = sets[i];
			entry_dirty(mb, i);
			done[i] = true;
		}
	for (i = 0; r == 0 && i < l.n; i++)
		if ((mb->entries[l.v[i].of].bits & ENTRY_MARK) != 0)
			util_unlink(mb->kwfd, l.names.p + l.v[i].name);
	load_free(&l);
	return r;
}
