/*
 * Reading copies some 64 kB of records out of one transaction, from the wanted
 * message on, so that a walk over a folder needs few of them and none is open
 * while the client is written to. Writing waits until as much has come together
 * or the folder is looked at. Losing any of it loses time.
 */
#include "maildir/cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "maildir/history_record.h"
#include "maildir/mailbox.h"

#define KIND_FACTS 0
#define KINDS      (MAILBOX_KEPT_KINDS + 1)
#define ENOUGH     65536 /* bytes; then a reading ends, a writing begins */
#define ROOM       (ENOUGH + KINDS * (MAILBOX_KEPT_MAX + 64))

struct record {        /* in both buffers; its bytes follow, padded to eight */
	uint64_t base; /* sum of the base name */
	uint32_t uid, n;
	uint32_t kind, pad;
};

struct facts {
	uint64_t size;
	int64_t date;
};

struct half {
	char *p; /* ROOM bytes, or NULL */
	size_t n;
};

struct cache {
	struct half in, out;
	uint32_t lo, hi; /* UIDs that in tells all about; hi 0: none */
	size_t at;       /* of the last find in it */
	struct mailbox *mb;
};

static struct cache *cache_of(struct mailbox *);
static bool get(struct mailbox *, uint32_t, uint32_t, const char **, size_t *);
static bool search(struct cache *, uint32_t, uint32_t, struct record *);
static int fill(struct index_txn *, void *);
static void put(struct mailbox *, uint32_t, uint32_t, const void *, size_t);
static bool add(struct half *, const struct record *, const void *);
static int write_all(struct index_txn *, void *);
static uint64_t sum_base(const struct mailbox *, uint32_t, bool *);
static size_t padded(size_t);

bool
mailbox_kept(struct mailbox *mb, uint32_t uid, enum mailbox_kept kind,
    const char **p, size_t *n)
{
	return get(mb, uid, kind, p, n);
}

void
mailbox_keep(struct mailbox *mb, uint32_t uid, enum mailbox_kept kind,
    const char *p, size_t n)
{
	put(mb, uid, kind, p, n);
}

bool
cache_facts(struct mailbox *mb, uint32_t uid, uint64_t *size, time_t *date)
{
	struct facts facts;
	const char *p;
	size_t n;

	if (!get(mb, uid, KIND_FACTS, &p, &n) || n != sizeof(facts))
		return false;
	memcpy(&facts, p, sizeof(facts));
	*size = facts.size;
	*date = (time_t)facts.date;
	return true;
}

void
cache_put_facts(struct mailbox *mb, uint32_t uid, uint64_t size, time_t date)
{
	const struct facts facts = {size, date};

	put(mb, uid, KIND_FACTS, &facts, sizeof(facts));
}

static struct cache *
cache_of(struct mailbox *mb)
{
	if (mb->cache == NULL && mb->modseq != 0 &&
	    (mb->cache = calloc(1, sizeof(*mb->cache))) != NULL)
		mb->cache->mb = mb;
	return mb->cache;
}

static bool
get(struct mailbox *mb, uint32_t uid, uint32_t kind, const char **p, size_t *n)
{
	struct cache *c = cache_of(mb);
	struct record rec;
	int saved = errno;
	uint64_t base;
	bool there;

	base = sum_base(mb, uid, &there);
	if (c == NULL || !there || !index_hopeful(mb->md))
		return false;
	if (c->in.p == NULL && (c->in.p = malloc(ROOM)) == NULL)
		return false;
	if (uid < c->lo || uid > c->hi) {
		c->lo = uid;
		c->hi = 0;
		if (index_read(mb->md, fill, c) != 0) {
			c->hi = 0;
			errno = saved;
			return false;
		}
		errno = saved;
	}
	if (!search(c, uid, kind, &rec) || rec.base != base)
		return false;
	*p = c->in.p + c->at + sizeof(rec);
	*n = rec.n;
	return true;
}

/* Both are mostly asked for in the order of UIDs. */
static bool
search(struct cache *c, uint32_t uid, uint32_t kind, struct record *rec)
{
	if (c->at < c->in.n)
		memcpy(rec, c->in.p + c->at, sizeof(*rec));
	if (c->at >= c->in.n || rec->uid > uid ||
	    (rec->uid == uid && rec->kind > kind))
		c->at = 0;
	while (c->at < c->in.n) {
		memcpy(rec, c->in.p + c->at, sizeof(*rec));
		if (rec->uid == uid && rec->kind == kind)
			return true;
		if (rec->uid > uid || (rec->uid == uid && rec->kind > kind))
			return false;
		c->at += sizeof(*rec) + padded(rec->n);
	}
	return false;
}

/* From c->lo on, whole messages. */
static int
fill(struct index_txn *txn, void *arg)
{
	struct cache *c = arg;
	unsigned char key[KEY_MESSAGE];
	struct folder_record folder;
	struct index_bytes k, v;
	struct record rec;
	uint32_t last = 0;
	bool more;

	c->in.n = c->at = 0;
	c->hi = UINT32_MAX;
	if (!folder_get(txn, c->mb, &folder))
		return 1;
	key_message(key, folder.number, c->lo);
	key[0] = 'C';
	more = index_seek(txn, key, sizeof(key), KEY_FOLDER, &k, &v);
	for (; more; more = index_next(txn, &k, &v)) {
		if (k.n != KEY_CACHE || v.n < sizeof(rec))
			index_distrust(txn, "a kept text has no sense");
		memcpy(&rec, v.p, sizeof(rec));
		if (rec.uid != key_uid(&k) || rec.n != v.n - sizeof(rec) ||
		    rec.n > MAILBOX_KEPT_MAX || rec.kind >= KINDS)
			index_distrust(txn, "a kept text has no sense");
		if (c->in.n > ENOUGH && rec.uid != last) {
			c->hi = last;
			break;
		}
		if (!add(&c->in, &rec, (const char *)v.p + sizeof(rec)))
			index_distrust(txn, "too much is kept of a message");
		last = rec.uid;
	}
	return 0;
}

static void
put(struct mailbox *mb, uint32_t uid, uint32_t kind, const void *p, size_t n)
{
	struct cache *c = cache_of(mb);
	struct record rec = {0};
	bool there;

	rec.base = sum_base(mb, uid, &there);
	if (c == NULL || !there || n > MAILBOX_KEPT_MAX || kind >= KINDS)
		return;
	if (c->out.p == NULL && (c->out.p = malloc(ROOM)) == NULL)
		return;
	rec.uid = uid;
	rec.n = (uint32_t)n;
	rec.kind = kind;
	if (!add(&c->out, &rec, p))
		return;
	if (c->out.n > ENOUGH)
		cache_flush(mb);
}

static bool
add(struct half *half, const struct record *rec, const void *p)
{
	if (half->n + sizeof(*rec) + padded(rec->n) > ROOM)
		return false;
	memcpy(half->p + half->n, rec, sizeof(*rec));
	memcpy(half->p + half->n + sizeof(*rec), p, rec->n);
	half->n += sizeof(*rec) + padded(rec->n);
	return true;
}

void
cache_flush(struct mailbox *mb)
{
	struct cache *c = mb->cache;
	int saved = errno;

	if (c == NULL || c->out.n == 0)
		return;
	if (index_hopeful(mb->md))
		(void)index_write(mb->md, write_all, c);
	c->out.n = 0;
	c->hi = c->lo = 0; /* what was not there may be there now */
	errno = saved;
}

/* Not of messages that were expunged meanwhile. */
static int
write_all(struct index_txn *txn, void *arg)
{
	struct cache *c = arg;
	unsigned char key[KEY_CACHE];
	struct folder_record folder;
	struct index_bytes v;
	struct record rec;
	size_t at;

	if (!folder_get(txn, c->mb, &folder))
		return 1;
	for (at = 0; at < c->out.n; at += sizeof(rec) + padded(rec.n)) {
		memcpy(&rec, c->out.p + at, sizeof(rec));
		key_message(key, folder.number, rec.uid);
		if (!index_get(txn, key, KEY_MESSAGE, &v))
			continue;
		key[0] = 'C';
		key[KEY_MESSAGE] = (unsigned char)rec.kind;
		index_put(
		    txn, key, sizeof(key), c->out.p + at, sizeof(rec) + rec.n);
	}
	return 0;
}

void
cache_free(struct mailbox *mb)
{
	if (mb->cache == NULL)
		return;
	cache_flush(mb);
	free(mb->cache->in.p);
	free(mb->cache->out.p);
	free(mb->cache);
	mb->cache = NULL;
}

/* FNV-1a of the base name. */
static uint64_t
sum_base(const struct mailbox *mb, uint32_t uid, bool *there)
{
	uint64_t h = 14695981039346656037ull;
	size_t i = entry_by_uid(mb, uid);
	const char *p;

	*there = i != NOWHERE && (mb->entries[i].bits & ENTRY_MISSING) == 0;
	if (!*there)
		return 0;
	for (p = entry_base(mb, i); *p != '\0'; p++)
		h = (h ^ (unsigned char)*p) * 1099511628211ull;
	return h;
}

static size_t
padded(size_t n)
{
	return (n + 7) & ~(size_t)7;
}
