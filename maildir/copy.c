/*
 * COPY and MOVE (RFC 3501 6.4.7, RFC 6851): hard links under new base names,
 * all of them, then one sync of the destination's cur/, then the UID lines and
 * their sync. Only then a move unlinks the sources. A crash leaves sources, or
 * both, or copies without UIDs that are numbered as new mail; never less.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "maildir/mailbox.h"
#include "maildir/target.h"
#include "maildir/trash.h"
#include "maildir/usage.h"

#define YOUNG_SECONDS 60   /* what changed since may not be on disk yet */
#define BORN_SECONDS  3600 /* no delivery takes as long */
#define FSYNC_MAX     32   /* of them that are synced one by one */
#define CHUNK         65536

struct item {
	size_t k;      /* place in the caller's arrays */
	size_t of;     /* index of the source */
	uint32_t file; /* new name, in names */
	uint16_t base; /* length of its base name */
	uint32_t set;  /* keywords, in the target's numbers */
	uint64_t size;
	uint8_t flags;
	bool linked;
};

struct copy {
	struct mailbox *mb;
	struct target target;
	const uint32_t *uids;
	size_t n;
	bool move;
	uint8_t drop; /* flags that stay behind */
	struct usage usage;
	struct item *v;
	size_t nitems;
	struct pool names;
	struct kwlines keywords; /* of the copies */
};

static int transfer(
    struct copy *, const char *, uint32_t *, uint32_t *uidvalidity);
static void tell_moved(const struct copy *, const struct mailbox_trash *);
static int plan(struct copy *);
static int stat_entry(struct mailbox *, size_t, struct stat *);
static int plan_one(struct copy *, size_t, size_t, const struct stat *);
static bool is_old(const struct mailbox *, size_t, const struct stat *);
static int plan_keywords(struct copy *);
static uint32_t translate(struct copy *, uint32_t);
static int check_quota(const struct copy *);
static void count(struct copy *);
static int make_durable(struct copy *);
static int sync_one(struct copy *, size_t);
static int file_all(struct copy *, uint32_t *);
static int link_all(struct copy *);
static int link_one(struct copy *, struct item *);
static int copy_bytes(struct copy *, int, const char *, const char *);
static int copy_file(int, int);
static int add_keywords(struct copy *);
static int add_uids(struct copy *, uint32_t *);
static void tell_index(struct copy *, const uint32_t *);
static void undo(struct copy *);
static int remove_sources(struct copy *, uint32_t *);

int
mailbox_copy(struct mailbox *mb, const uint32_t *uids, size_t n,
    const char *dest, bool move, uint32_t *dst_uids, uint32_t *uidvalidity)
{
	struct copy copy = {.mb = mb, .uids = uids, .n = n, .move = move};
	int r;

	r = transfer(&copy, dest, dst_uids, uidvalidity);
	free(copy.v);
	free(copy.names.p);
	free(copy.keywords.v);
	return r;
}

int
mailbox_trash(struct mailbox *mb, const struct mailbox_trash *t)
{
	struct copy copy = {.mb = mb,
	    .uids = t->uids,
	    .n = t->n,
	    .move = true,
	    .drop = MESSAGE_DELETED | MESSAGE_DRAFT};
	uint32_t *uids, uidvalidity;
	int r = -1;

	if ((uids = calloc(t->n + 1, sizeof(*uids))) != NULL)
		r = transfer(&copy, t->folder, uids, &uidvalidity);
	if (r == 0 && t->moved != NULL)
		tell_moved(&copy, t);
	free(uids);
	free(copy.v);
	free(copy.names.p);
	free(copy.keywords.v);
	return r;
}

static void
tell_moved(const struct copy *c, const struct mailbox_trash *t)
{
	char path[TRASH_PATH_MAX];
	const struct item *item;

	for (item = c->v; item < c->v + c->nitems; item++) {
		if (!item->linked)
			continue;
		(void)snprintf(
		    path, sizeof(path), "cur/%s", c->names.p + item->file);
		t->moved(t->arg, item->k, path);
	}
}

static int
transfer(
    struct copy *c, const char *dest, uint32_t *dst_uids, uint32_t *uidvalidity)
{
	struct mailbox *mb = c->mb;
	int r = -1;

	memset(dst_uids, 0, c->n * sizeof(*dst_uids));
	if (c->move && mb->readonly) {
		errno = EROFS;
		return -1;
	}
	if (mailbox_load(mb) == -1)
		return -1;
	usage_begin(&c->usage, mb->md, usage_counts(mb->md, dest));
	if (target_open(&c->target, mb->md, dest) == -1)
		return -1;
	if (plan(c) == -1 || check_quota(c) == -1 || make_durable(c) == -1 ||
	    target_lock(&c->target) == -1)
		goto out;
	r = file_all(c, dst_uids);
	*uidvalidity = c->target.list.uidvalidity;
	target_unlock(&c->target);
	if (r == 0 && c->move)
		r = remove_sources(c, dst_uids);
	count(c);
out:
	target_close(&c->target);
	return r;
}

/* A move between folders that count alike takes no more room. */
static int
check_quota(const struct copy *c)
{
	struct usage would = c->usage;
	size_t i;

	if (!would.on || (c->move && c->mb->counts))
		return 0;
	for (i = 0; i < c->nitems; i++)
		usage_add(&would, c->v[i].size, c->v[i].flags);
	return usage_room(&would);
}

/* What came about; what a move took away its expunge has counted. */
static void
count(struct copy *c)
{
	size_t i;

	for (i = 0; i < c->nitems; i++)
		if (c->v[i].linked)
			usage_add(&c->usage, c->v[i].size, c->v[i].flags);
	usage_end(&c->usage);
}

/* New names for all sources that are there. */
static int
plan(struct copy *c)
{
	struct stat st;
	size_t i, k;

	if ((c->v = calloc(c->n + 1, sizeof(*c->v))) == NULL)
		return -1;
	for (k = 0; k < c->n; k++) {
		if ((i = entry_by_uid(c->mb, c->uids[k])) == NOWHERE)
			continue;
		if (stat_entry(c->mb, i, &st) == -1) {
			if (errno == ENOENT)
				continue;
			return -1;
		}
		if (plan_one(c, k, i, &st) == -1)
			return -1;
	}
	return plan_keywords(c);
}

static int
stat_entry(struct mailbox *mb, size_t i, struct stat *st)
{
	char file[FILENAME_MAX_LEN + 1];
	int fd, tries;

	for (tries = 0; tries < 3; tries++) {
		if ((mb->entries[i].bits & ENTRY_MISSING) != 0)
			break;
		fd = entry_file(mb, i, file);
		if (fstatat(fd, file, st, AT_SYMLINK_NOFOLLOW) == 0) {
			if (S_ISREG(st->st_mode))
				return 0;
			break;
		}
		if (errno != ENOENT || mailbox_find_again(mb) == -1)
			return -1;
	}
	errno = ENOENT;
	return -1;
}

static int
plan_one(struct copy *c, size_t k, size_t i, const struct stat *st)
{
	char base[FILENAME_MAX_LEN + 1], info[FILENAME_MAX_LEN * 3];
	char file[FILENAME_MAX_LEN + 1];
	struct item *item = &c->v[c->nitems];
	size_t len;

	filename_unique(c->mb->md->hostname, st, base, sizeof(base));
	len = strlen(base);
	item->flags = c->mb->messages[i].flags & (uint8_t)~c->drop;
	if (filename_info(
		entry_info(c->mb, i), item->flags, info, sizeof(info)) == -1)
		return -1;
	/* Letters of others that do not fit stay behind. */
	if (len + strlen(info) > FILENAME_MAX_LEN &&
	    filename_info("", item->flags, info, sizeof(info)) == -1)
		return -1;
	memcpy(file, base, len);
	memcpy(file + len, info, strlen(info) + 1);
	item->k = k;
	item->of = i;
	item->base = (uint16_t)len;
	item->size = (uint64_t)st->st_size;
	item->file = pool_add(&c->names, file, strlen(file));
	if (item->file == UINT32_MAX)
		return -1;
	c->nitems++;
	if (is_old(c->mb, i, st))
		c->mb->entries[i].bits |= ENTRY_DURABLE;
	return 0;
}

/*
 * Were its bytes written so long ago that they are on disk, whoever did it? A
 * flag's rename makes ctime young and nobody can set the birth: then that
 * tells, if mtime (which anybody can set) does not say that it was written to
 * since.
 */
static bool
is_old(const struct mailbox *mb, size_t i, const struct stat *st)
{
	char file[FILENAME_MAX_LEN + 1];
	time_t now = time(NULL);
	struct statx x;
	int fd;

	if (now - st->st_ctime >= YOUNG_SECONDS)
		return true;
	if (now - st->st_mtime < YOUNG_SECONDS)
		return false;
	fd = entry_file(mb, i, file);
	return statx(fd, file, AT_SYMLINK_NOFOLLOW, STATX_BTIME, &x) == 0 &&
	       (x.stx_mask & STATX_BTIME) != 0 &&
	       now - x.stx_btime.tv_sec >= BORN_SECONDS;
}

static int
plan_keywords(struct copy *c)
{
	uint32_t last = 0, set = 0, old;
	size_t i;

	for (i = 0; i < c->nitems; i++) {
		old = c->mb->messages[c->v[i].of].kwset;
		if (old != last && (set = translate(c, old)) == UINT32_MAX)
			return -1;
		last = old;
		c->v[i].set = set;
	}
	return 0;
}

static uint32_t
translate(struct copy *c, uint32_t old)
{
	const uint16_t *members;
	const char **names;
	uint32_t set;
	size_t i, n;

	n = keywords_members(&c->mb->kw, old, &members);
	if ((names = calloc(n + 1, sizeof(*names))) == NULL)
		return UINT32_MAX;
	for (i = 0; i < n; i++)
		names[i] = c->mb->kw.names[members[i]];
	set = target_set(&c->target, names, n, false);
	free(names);
	return set;
}

/*
 * A link is only as durable as the bytes behind it, and who delivered a young
 * file may not have synced it.
 */
static int
make_durable(struct copy *c)
{
	size_t i, young = 0;

	for (i = 0; i < c->nitems; i++)
		young += (c->mb->entries[c->v[i].of].bits & ENTRY_DURABLE) == 0;
	if (young > FSYNC_MAX && syncfs(c->mb->curfd) == -1)
		return -1;
	for (i = 0; young > 0 && i < c->nitems; i++) {
		if ((c->mb->entries[c->v[i].of].bits & ENTRY_DURABLE) != 0)
			continue;
		if (young <= FSYNC_MAX && sync_one(c, c->v[i].of) == -1)
			return -1;
		c->mb->entries[c->v[i].of].bits |= ENTRY_DURABLE;
	}
	return 0;
}

/* 0: it is on disk, or has vanished. */
static int
sync_one(struct copy *c, size_t i)
{
	char file[FILENAME_MAX_LEN + 1];
	struct stat st;
	int dirfd, fd, tries, r;

	for (tries = 0; tries < 3; tries++) {
		dirfd = entry_file(c->mb, i, file);
		if ((fd = util_open_regular(dirfd, file, &st)) != -1) {
			r = util_fsync(fd);
			util_close(fd);
			return r;
		}
		if (errno != ENOENT)
			return -1;
		if (stat_entry(c->mb, i, &st) == -1)
			return errno == ENOENT ? 0 : -1;
	}
	errno = EBUSY; /* it flees: to be linked it would have to be synced */
	return -1;
}

/* Under the destination's lock: all or none. */
static int
file_all(struct copy *c, uint32_t *dst_uids)
{
	if (c->nitems == 0)
		return 0;
	if (link_all(c) == 0 && util_fsync(c->target.curfd) == 0 &&
	    add_keywords(c) == 0 && add_uids(c, dst_uids) == 0)
		return 0;
	undo(c);
	return -1;
}

static int
link_all(struct copy *c)
{
	struct stat st;
	size_t i;
	int tries, r;

	for (i = 0; i < c->nitems; i++) {
		r = -1;
		for (tries = 0; r == -1 && tries < 3; tries++) {
			if ((r = link_one(c, &c->v[i])) == 0)
				c->v[i].linked = true;
			else if (errno != ENOENT)
				return -1;
			else if (stat_entry(c->mb, c->v[i].of, &st) == -1) {
				if (errno != ENOENT)
					return -1;
				break; /* it has vanished */
			}
		}
	}
	return 0;
}

static int
link_one(struct copy *c, struct item *item)
{
	const char *to = c->names.p + item->file;
	char from[FILENAME_MAX_LEN + 1];
	int fd;

	fd = entry_file(c->mb, item->of, from);
	if (linkat(fd, from, c->target.curfd, to, 0) == 0)
		return 0;
	switch (errno) {
	case EXDEV:
	case EMLINK:
	case EPERM:
	case EOPNOTSUPP:
	case ENOSYS:
		return copy_bytes(c, fd, from, to);
	default:
		return -1;
	}
}

static int
copy_bytes(struct copy *c, int dirfd, const char *from, const char *to)
{
	char temp[FILENAME_MAX_LEN + 1];
	struct timespec times[2];
	struct stat st;
	int in, out, r = -1;

	if ((in = util_open_regular(dirfd, from, &st)) == -1)
		return -1;
	if ((out = target_temp(&c->target, temp, sizeof(temp))) == -1) {
		util_close(in);
		return -1;
	}
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	if (copy_file(in, out) == 0 && futimens(out, times) == 0 &&
	    util_fsync(out) == 0)
		r = 0;
	util_close(in);
	if (r == 0)
		r = close(out);
	else
		util_close(out);
	if (r == 0)
		r = rename_only(c->target.tmpfd, temp, c->target.curfd, to);
	if (r == -1)
		util_unlink(c->target.tmpfd, temp);
	return r;
}

static int
copy_file(int in, int out)
{
	char buf[CHUNK];
	ssize_t n;

	for (;;) {
		if ((n = read(in, buf, sizeof(buf))) == -1) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		if (n == 0)
			return 0;
		if (util_write(out, buf, (size_t)n) == -1)
			return -1;
	}
}

static int
add_keywords(struct copy *c)
{
	const struct item *item;

	if (!c->mb->md->options.keywords)
		return 0;
	for (item = c->v; item < c->v + c->nitems; item++)
		if (item->linked && item->set != 0 &&
		    kwlines_add(&c->keywords, c->names.p + item->file,
			item->base, item->set) == -1)
			return -1;
	return keywords_file_new(&c->target.kw, c->target.dirfd, &c->keywords);
}

static int
add_uids(struct copy *c, uint32_t *dst_uids)
{
	struct uidline *lines;
	size_t i, n = 0;
	int r;

	if ((lines = calloc(c->nitems, sizeof(*lines))) == NULL)
		return -1;
	for (i = 0; i < c->nitems; i++) {
		if (!c->v[i].linked)
			continue;
		lines[n].name = c->names.p + c->v[i].file;
		lines[n++].len = c->v[i].base;
	}
	r = uidlist_append(&c->target.list, lines, n);
	for (i = n = 0; r == 0 && i < c->nitems; i++)
		if (c->v[i].linked)
			dst_uids[c->v[i].k] = lines[n++].uid;
	free(lines);
	if (r == 0)
		tell_index(c, dst_uids);
	return r;
}

static void
tell_index(struct copy *c, const uint32_t *uids)
{
	struct history_new *v = calloc(c->nitems, sizeof(*v));
	size_t i, n = 0;

	for (i = 0; v != NULL && i < c->nitems; i++) {
		if (!c->v[i].linked)
			continue;
		v[n].uid = uids[c->v[i].k];
		v[n].set = c->v[i].set;
		v[n].flags = c->v[i].flags;
		v[n].file = c->names.p + c->v[i].file;
		v[n++].nbase = c->v[i].base;
	}
	if (v != NULL)
		target_filed(&c->target, v, n);
	free(v);
}

static void
undo(struct copy *c)
{
	size_t i;

	for (i = 0; i < c->nitems; i++)
		if (c->v[i].linked) {
			util_unlink(c->target.curfd, c->names.p + c->v[i].file);
			c->v[i].linked = false;
		}
}

/* The second half of a move. What cannot be removed was not moved. */
static int
remove_sources(struct copy *c, uint32_t *dst_uids)
{
	uint32_t *uids;
	bool *gone;
	size_t i, n = 0;
	int r = -1, saved;

	uids = calloc(c->nitems + 1, sizeof(*uids));
	gone = calloc(c->nitems + 1, sizeof(*gone));
	if (uids != NULL && gone != NULL) {
		for (i = 0; i < c->nitems; i++)
			if (c->v[i].linked)
				uids[n++] = c->uids[c->v[i].k];
		r = n == 0 ? 0 : mailbox_expunge(c->mb, uids, n, gone);
	}
	saved = errno;
	for (i = n = 0; r == -1 && i < c->nitems; i++) {
		if (!c->v[i].linked || (gone != NULL && gone[n++]))
			continue;
		util_unlink(c->target.curfd, c->names.p + c->v[i].file);
		c->v[i].linked = false;
		dst_uids[c->v[i].k] = 0;
	}
	free(uids);
	free(gone);
	errno = saved;
	return r;
}
