/*
 * Each kind is a row of its own: who walks over a folder and asks for two kinds
 * reads those two, from the wanted message on, some 64 kB at a time copied out
 * of one transaction, so that a walk needs few of them and none is open while
 * the client is written to. Who jumps about reads little at a time. Writing
 * waits until much has come together or the folder is looked at. Losing any of
 * it loses time.
 */
#include "maildir/cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "maildir/history_record.h"
#include "maildir/mailbox.h"
#include "maildir/sum.h"

#define KIND_FACTS 0
#define KINDS      (MAILBOX_KEPT_KINDS + 1)
#define FIRST      4096   /* bytes that a reading brings, doubled */
#define ENOUGH     65536  /* by each that goes on behind it, up to this */
#define WRITE      262144 /* bytes; then a writing begins */
#define LARGEST    (sizeof(struct record) + MAILBOX_KEPT_MAX)

struct record {        /* in all buffers; its bytes follow, padded to eight */
	uint64_t base; /* sum of the base name */
	uint32_t uid, n;
	uint32_t kind, pad;
};

struct facts {
	uint64_t size;
	int64_t date;
};

struct window { /* a copied piece of a row */
	char *p;
	size_t n, room;
	size_t want;     /* bytes to bring */
	uint32_t lo, hi; /* UIDs that it tells all about; hi 0: none */
	size_t at;       /* of the last find in it */
};

struct cache {
	struct window in[KINDS];
	uint32_t kind; /* that is being read */
	char *out;     /* records that wait: WRITE and LARGEST bytes, or NULL */
	size_t nout;
	unsigned waits; /* kinds in it, as bits */
	size_t near;    /* index of the message that was asked for last */
	struct mailbox *mb;
};

static struct cache *cache_of(struct mailbox *);
static bool get(struct mailbox *, uint32_t, uint32_t, const char **, size_t *);
static bool bring(struct cache *, uint32_t, uint32_t);
static bool search(struct window *, uint32_t, struct record *);
static int add_up(struct index_txn *, void *);
static int fill(struct index_txn *, void *);
static bool add(struct window *, const struct record *, const void *);
static void put(struct mailbox *, uint32_t, uint32_t, const void *, size_t);
static size_t lay(char *, const struct record *, const void *);
static int write_all(struct index_txn *, void *);
static bool sum_base(struct cache *, uint32_t, uint64_t *);
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

struct adding {
	struct mailbox *mb;
	uint64_t size;
	uint32_t n;
};

bool
cache_sum(struct mailbox *mb, uint32_t n, uint64_t *size)
{
	struct adding a = {.mb = mb};

	if (!index_hopeful(mb->md) || index_read(mb->md, add_up, &a) != 0 ||
	    a.n != n)
		return false;
	*size = a.size;
	return true;
}

/* Only messages that are there have any (write_all, cache_bury). */
static int
add_up(struct index_txn *txn, void *arg)
{
	struct adding *a = arg;
	unsigned char key[KEY_CACHE];
	struct folder_record folder;
	struct index_bytes k, v;
	struct facts facts;
	bool more;

	a->size = a->n = 0;
	if (!folder_get(txn, a->mb, &folder) ||
	    folder.highest != a->mb->modseq || folder.version != a->mb->version)
		return 1;
	key_cache(key, folder.number, KIND_FACTS, 0);
	more = index_seek(txn, key, sizeof(key), KEY_KIND, &k, &v);
	for (; more; more = index_next(txn, &k, &v)) {
		if (v.n != sizeof(struct record) + sizeof(facts))
			index_distrust(txn, "a size has no sense");
		memcpy(&facts, (const char *)v.p + sizeof(struct record),
		    sizeof(facts));
		a->size += facts.size;
		a->n++;
	}
	return 0;
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
	struct window *w;
	struct record rec;
	uint64_t base;

	if (c == NULL || !sum_base(c, uid, &base))
		return false;
	w = &c->in[kind];
	if ((uid < w->lo || uid > w->hi) && !bring(c, kind, uid))
		return false;
	if (!search(w, uid, &rec) || rec.base != base)
		return false;
	*p = w->p + w->at + sizeof(rec);
	*n = rec.n;
	return true;
}

static bool
bring(struct cache *c, uint32_t kind, uint32_t uid)
{
	struct window *w = &c->in[kind];
	bool goes_on = w->hi != 0 && uid > w->hi;
	int saved = errno;

	if (!index_hopeful(c->mb->md))
		return false;
	if (!goes_on)
		w->want = FIRST;
	else if (w->want < ENOUGH)
		w->want *= 2;
	w->lo = uid;
	c->kind = kind;
	if (index_read(c->mb->md, fill, c) != 0)
		w->hi = 0;
	errno = saved;
	return w->hi != 0;
}

/* Mostly asked for in the order of UIDs. */
static bool
search(struct window *w, uint32_t uid, struct record *rec)
{
	if (w->at < w->n)
		memcpy(rec, w->p + w->at, sizeof(*rec));
	if (w->at >= w->n || rec->uid > uid)
		w->at = 0;
	while (w->at < w->n) {
		memcpy(rec, w->p + w->at, sizeof(*rec));
		if (rec->uid >= uid)
			return rec->uid == uid;
		w->at += sizeof(*rec) + padded(rec->n);
	}
	return false;
}

/* From lo on. */
static int
fill(struct index_txn *txn, void *arg)
{
	struct cache *c = arg;
	struct window *w = &c->in[c->kind];
	unsigned char key[KEY_CACHE];
	struct folder_record folder;
	struct index_bytes k, v;
	struct record rec;
	bool more;

	w->n = w->at = 0;
	w->hi = 0;
	if (!folder_get(txn, c->mb, &folder))
		return 1;
	key_cache(key, folder.number, c->kind, w->lo);
	more = index_seek(txn, key, sizeof(key), KEY_KIND, &k, &v);
	for (; more; more = index_next(txn, &k, &v)) {
		if (k.n != KEY_CACHE || v.n < sizeof(rec))
			index_distrust(txn, "a kept text has no sense");
		memcpy(&rec, v.p, sizeof(rec));
		if (rec.uid != key_cache_uid(k.p) || rec.kind != c->kind ||
		    rec.n != v.n - sizeof(rec) || rec.n > MAILBOX_KEPT_MAX)
			index_distrust(txn, "a kept text has no sense");
		if (w->n >= w->want)
			return 0;
		if (!add(w, &rec, (const char *)v.p + sizeof(rec)))
			return 1;
		w->hi = rec.uid;
	}
	w->hi = UINT32_MAX;
	return 0;
}

static bool
add(struct window *w, const struct record *rec, const void *p)
{
	size_t need = w->n + sizeof(*rec) + padded(rec->n);
	size_t room = w->want + LARGEST;
	char *q;

	if (need > w->room) {
		if ((q = realloc(w->p, need > room ? need : room)) == NULL)
			return false;
		w->p = q;
		w->room = need > room ? need : room;
	}
	w->n += lay(w->p + w->n, rec, p);
	return true;
}

static void
put(struct mailbox *mb, uint32_t uid, uint32_t kind, const void *p, size_t n)
{
	struct cache *c = cache_of(mb);
	struct record rec = {0};

	if (c == NULL || n > MAILBOX_KEPT_MAX || kind >= KINDS ||
	    !sum_base(c, uid, &rec.base))
		return;
	if (c->out == NULL && (c->out = malloc(WRITE + LARGEST + 8)) == NULL)
		return;
	rec.uid = uid;
	rec.n = (uint32_t)n;
	rec.kind = kind;
	c->nout += lay(c->out + c->nout, &rec, p);
	c->waits |= 1u << kind;
	if (c->nout >= WRITE)
		cache_flush(mb);
}

/* How many bytes it took. */
static size_t
lay(char *at, const struct record *rec, const void *p)
{
	memcpy(at, rec, sizeof(*rec));
	memcpy(at + sizeof(*rec), p, rec->n);
	return sizeof(*rec) + padded(rec->n);
}

void
cache_flush(struct mailbox *mb)
{
	struct cache *c = mb->cache;
	int saved = errno;
	uint32_t kind;

	if (c == NULL || c->nout == 0)
		return;
	if (index_hopeful(mb->md))
		(void)index_write(mb->md, write_all, c);
	c->nout = 0;
	/* What was not there may be there now. */
	for (kind = 0; kind < KINDS; kind++)
		if ((c->waits & 1u << kind) != 0)
			c->in[kind].hi = 0;
	c->waits = 0;
	errno = saved;
}

/* Not of messages that were expunged meanwhile. */
static int
write_all(struct index_txn *txn, void *arg)
{
	struct cache *c = arg;
	unsigned char key[KEY_CACHE], message[KEY_MESSAGE];
	struct folder_record folder;
	struct index_bytes v;
	struct record rec;
	uint32_t uid = 0;
	bool there = false;
	size_t at;

	if (!folder_get(txn, c->mb, &folder))
		return 1;
	for (at = 0; at < c->nout; at += sizeof(rec) + padded(rec.n)) {
		memcpy(&rec, c->out + at, sizeof(rec));
		if (rec.uid != uid) {
			uid = rec.uid;
			key_message(message, folder.number, uid);
			there = index_get(txn, message, KEY_MESSAGE, &v);
		}
		if (!there)
			continue;
		key_cache(key, folder.number, rec.kind, uid);
		index_put(
		    txn, key, sizeof(key), c->out + at, sizeof(rec) + rec.n);
	}
	return 0;
}

void
cache_free(struct mailbox *mb)
{
	struct cache *c = mb->cache;
	uint32_t kind;

	if (c == NULL)
		return;
	cache_flush(mb);
	for (kind = 0; kind < KINDS; kind++)
		free(c->in[kind].p);
	free(c->out);
	free(c);
	mb->cache = NULL;
}

void
cache_bury(struct index_txn *txn, uint32_t number, uint32_t uid)
{
	unsigned char key[KEY_CACHE];
	uint32_t kind;

	for (kind = 0; kind < KINDS; kind++) {
		key_cache(key, number, kind, uid);
		index_del(txn, key, sizeof(key));
	}
}

/* Of the base name; false: no such message. Mostly it is the next one. */
static bool
sum_base(struct cache *c, uint32_t uid, uint64_t *out)
{
	const struct mailbox *mb = c->mb;
	size_t i = c->near;

	if (i + 1 < mb->n && mb->messages[i].uid < uid)
		i++;
	if (i >= mb->n || mb->messages[i].uid != uid)
		i = entry_by_uid(mb, uid);
	if (i == NOWHERE || (mb->entries[i].bits & ENTRY_MISSING) != 0)
		return false;
	c->near = i;
	*out = sum_add(0, entry_base(mb, i), mb->entries[i].len);
	return true;
}

static size_t
padded(size_t n)
{
	return (n + 7) & ~(size_t)7;
}
