/*
 * The arrays of an open folder: messages and entries by rising UID, base names
 * in one pool, infos (of which there are few) stored once, and a hash table
 * from base name to index. No allocation per message.
 */
#include "maildir/mailbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "maildir/sum.h"

static uint32_t hash_of(const struct mailbox *, const char *, size_t);
static void table_put(uint32_t *, size_t, uint32_t, uint32_t);
static int table_grow(struct mailbox *, size_t);
static void table_fill(struct mailbox *);
static int info_grow(struct mailbox *);
static void names_squeeze(struct mailbox *);

int
entry_reserve(struct mailbox *mb, size_t n)
{
	size_t total = mb->n + mb->candidates + n, room;
	struct message *messages;
	struct entry *entries;

	if (total >= UINT32_MAX / 2) {
		errno = ENOMEM;
		return -1;
	}
	if (total * 2 > mb->table_size && table_grow(mb, total) == -1)
		return -1;
	if (total <= mb->room)
		return 0;
	room = total < mb->room * 3 / 2 ? mb->room * 3 / 2 : total + 16;
	messages = reallocarray(mb->messages, room, sizeof(*messages));
	if (messages == NULL)
		return -1;
	mb->messages = messages;
	entries = reallocarray(mb->entries, room, sizeof(*entries));
	if (entries == NULL)
		return -1;
	mb->entries = entries;
	mb->room = room;
	return 0;
}

size_t
entry_add(struct mailbox *mb, uint32_t uid, const char *base, size_t len)
{
	size_t i = mb->n + mb->candidates;
	uint32_t name, info;

	if (entry_reserve(mb, 1) == -1)
		return NOWHERE;
	if ((info = entry_intern(mb, "")) == UINT32_MAX ||
	    (name = pool_add(&mb->names, base, len)) == UINT32_MAX)
		return NOWHERE;
	memset(&mb->messages[i], 0, sizeof(mb->messages[i]));
	memset(&mb->entries[i], 0, sizeof(mb->entries[i]));
	mb->messages[i].uid = uid;
	mb->entries[i].name = name;
	mb->entries[i].info = info;
	mb->entries[i].len = (uint8_t)len;
	mb->entries[i].hash = hash_of(mb, base, len);
	entry_dirty(mb, i);
	if (mb->table_filled)
		table_put(mb->table, mb->table_size, mb->entries[i].hash,
		    (uint32_t)i);
	mb->candidates++;
	return i;
}

static uint32_t
hash_of(const struct mailbox *mb, const char *p, size_t n)
{
	return (uint32_t)(sum_add(mb->seed, p, n) >> 32);
}

static void
table_put(uint32_t *table, size_t size, uint32_t hash, uint32_t index)
{
	size_t at = hash & (size - 1);

	while (table[at] != 0)
		at = (at + 1) & (size - 1);
	table[at] = index + 1;
}

static int
table_grow(struct mailbox *mb, size_t total)
{
	size_t size = mb->table_size == 0 ? 256 : mb->table_size;
	uint32_t *table;

	while (size < total * 2)
		size *= 2;
	if ((table = malloc(size * sizeof(*table))) == NULL)
		return -1;
	free(mb->table);
	mb->table = table;
	mb->table_size = size;
	if (mb->table_filled)
		table_fill(mb);
	return 0;
}

/* The dead are not found by name. */
static void
table_fill(struct mailbox *mb)
{
	size_t i;

	mb->table_filled = true;
	memset(mb->table, 0, mb->table_size * sizeof(*mb->table));
	for (i = 0; i < mb->n + mb->candidates; i++)
		if ((mb->entries[i].bits & ENTRY_DEAD) == 0)
			table_put(mb->table, mb->table_size,
			    mb->entries[i].hash, (uint32_t)i);
}

size_t
entry_find(struct mailbox *mb, const char *base, size_t len)
{
	const struct entry *e;
	uint32_t hash;
	size_t at;

	if (mb->table_size == 0)
		return NOWHERE;
	if (!mb->table_filled)
		table_fill(mb);
	hash = hash_of(mb, base, len);
	at = hash & (mb->table_size - 1);
	for (; mb->table[at] != 0; at = (at + 1) & (mb->table_size - 1)) {
		e = &mb->entries[mb->table[at] - 1];
		if (e->hash == hash && e->len == len &&
		    (e->bits & ENTRY_DEAD) == 0 &&
		    memcmp(mb->names.p + e->name, base, len) == 0)
			return mb->table[at] - 1;
	}
	return NOWHERE;
}

size_t
entry_by_uid(const struct mailbox *mb, uint32_t uid)
{
	const struct message *m = mb->messages;
	size_t low = 0, high = mb->n, mid;

	if (mb->n == 0 || uid < m[0].uid || uid > m[mb->n - 1].uid)
		return NOWHERE;
	/* They rise: as many may be missing as there are gaps, mostly none. */
	if (uid - m[0].uid < high)
		high = uid - m[0].uid + 1;
	if (m[mb->n - 1].uid - uid < mb->n)
		low = mb->n - 1 - (m[mb->n - 1].uid - uid);
	while (low < high) {
		mid = low + (high - low) / 2;
		if (m[mid].uid < uid)
			low = mid + 1;
		else
			high = mid;
	}
	return low == mb->n || m[low].uid != uid ? NOWHERE : low;
}

const char *
entry_base(const struct mailbox *mb, size_t i)
{
	return mb->names.p + mb->entries[i].name;
}

const char *
entry_info(const struct mailbox *mb, size_t i)
{
	return mb->infos.p + mb->entries[i].info;
}

uint32_t
entry_intern(struct mailbox *mb, const char *info)
{
	size_t len = strlen(info), at;
	uint32_t offset;

	if (mb->ninfos * 2 >= mb->info_table_size && info_grow(mb) == -1)
		return UINT32_MAX;
	at = hash_of(mb, info, len) & (mb->info_table_size - 1);
	for (; mb->info_table[at] != 0;
	     at = (at + 1) & (mb->info_table_size - 1))
		if (strcmp(mb->infos.p + mb->info_table[at] - 1, info) == 0)
			return mb->info_table[at] - 1;
	if ((offset = pool_add(&mb->infos, info, len)) == UINT32_MAX)
		return UINT32_MAX;
	mb->info_table[at] = offset + 1;
	mb->ninfos++;
	return offset;
}

static int
info_grow(struct mailbox *mb)
{
	size_t i, at, size, old = mb->info_table_size;
	uint32_t *table;
	const char *p;

	size = old == 0 ? 64 : old * 2;
	if ((table = calloc(size, sizeof(*table))) == NULL)
		return -1;
	for (i = 0; i < old; i++) {
		if (mb->info_table[i] == 0)
			continue;
		p = mb->infos.p + mb->info_table[i] - 1;
		at = hash_of(mb, p, strlen(p)) & (size - 1);
		while (table[at] != 0)
			at = (at + 1) & (size - 1);
		table[at] = mb->info_table[i];
	}
	free(mb->info_table);
	mb->info_table = table;
	mb->info_table_size = size;
	return 0;
}

int
entry_file(
    const struct mailbox *mb, size_t i, char out[static FILENAME_MAX_LEN + 1])
{
	const struct entry *e = &mb->entries[i];
	size_t n = strlen(mb->infos.p + e->info);

	/* What does not fit never was a name; it will not be found. */
	if (e->len + n > FILENAME_MAX_LEN)
		n = FILENAME_MAX_LEN - e->len;
	memcpy(out, mb->names.p + e->name, e->len);
	memcpy(out + e->len, mb->infos.p + e->info, n);
	out[e->len + n] = '\0';
	return (e->bits & ENTRY_NEW) != 0 ? mb->newfd : mb->curfd;
}

void
entry_renamed(struct mailbox *mb, size_t i, uint32_t info, bool in_new)
{
	struct entry *e = &mb->entries[i];

	if (in_new)
		e->bits |= ENTRY_NEW;
	else
		e->bits &= (uint16_t)~ENTRY_NEW;
	e->info = info;
	entry_dirty(mb, i);
	mb->messages[i].flags = filename_flags(mb->infos.p + info);
}

void
entry_dirty(struct mailbox *mb, size_t i)
{
	mb->entries[i].bits |= ENTRY_DIRTY;
	if (mb->dirty == mb->dirty_end)
		mb->dirty = mb->dirty_end = i;
	if (i < mb->dirty)
		mb->dirty = i;
	if (i >= mb->dirty_end)
		mb->dirty_end = i + 1;
}

void
entry_compact(struct mailbox *mb)
{
	size_t i, n = 0, view = 0, total = mb->n + mb->candidates;

	for (i = 0; i < total; i++) {
		if ((mb->entries[i].bits & ENTRY_DEAD) != 0) {
			mb->garbage += mb->entries[i].len + 1u;
			continue;
		}
		if (i != n) {
			mb->entries[n] = mb->entries[i];
			mb->messages[n] = mb->messages[i];
		}
		n++;
		if (i < mb->n)
			view++;
	}
	mb->n = view;
	mb->candidates = n - view;
	if (n == total)
		return;
	mb->dirty = 0;
	mb->dirty_end = n;
	if (mb->table_filled)
		table_fill(mb);
	if (mb->garbage > 65536 && mb->garbage > mb->names.n / 2)
		names_squeeze(mb);
}

/* Without memory for it the garbage stays. */
static void
names_squeeze(struct mailbox *mb)
{
	struct pool fresh = {0};
	size_t i, total = mb->n + mb->candidates;

	for (i = 0; i < total; i++)
		fresh.room += mb->entries[i].len + 1u;
	fresh.room += 1024;
	if ((fresh.p = malloc(fresh.room)) == NULL)
		return;
	for (i = 0; i < total; i++) {
		memcpy(fresh.p + fresh.n, entry_base(mb, i),
		    mb->entries[i].len + 1u);
		mb->entries[i].name = (uint32_t)fresh.n;
		fresh.n += mb->entries[i].len + 1u;
	}
	free(mb->names.p);
	mb->names = fresh;
	mb->garbage = 0;
}

void
entry_free(struct mailbox *mb)
{
	entry_reset(mb);
	free(mb->infos.p);
	free(mb->info_table);
	free(mb->vanished.v);
	free(mb->changed.v);
	free(mb->added.v);
	free(mb->past.v);
	free(mb->buried.v);
}

void
entry_reset(struct mailbox *mb)
{
	free(mb->messages);
	free(mb->entries);
	free(mb->table);
	free(mb->names.p);
	free(mb->strays.names.p);
	free(mb->strays.v);
	free(mb->strays.twins);
	mb->messages = NULL;
	mb->entries = NULL;
	mb->table = NULL;
	mb->n = mb->candidates = mb->room = mb->table_size = mb->garbage = 0;
	mb->dirty = mb->dirty_end = 0;
	mb->vanished.n = mb->buried.n = 0;
	mb->loaded = mb->news = mb->has_new = mb->dead = false;
	mb->table_filled = false;
	memset(&mb->names, 0, sizeof(mb->names));
	memset(&mb->strays, 0, sizeof(mb->strays));
}

uint32_t
pool_add(struct pool *pool, const char *p, size_t n)
{
	size_t room;
	char *to;

	if (pool->n + n + 1 > pool->room) {
		room = (pool->n + n + 1) * 3 / 2 + 64;
		if (room >= UINT32_MAX ||
		    (to = realloc(pool->p, room)) == NULL) {
			errno = ENOMEM;
			return UINT32_MAX;
		}
		pool->p = to;
		pool->room = room;
	}
	memcpy(pool->p + pool->n, p, n);
	pool->p[pool->n + n] = '\0';
	pool->n += n + 1;
	return (uint32_t)(pool->n - n - 1);
}

int
uids_reserve(struct uids *uids, size_t more)
{
	size_t room = uids->room == 0 ? 16 : uids->room;
	void *p;

	while (room - uids->n < more)
		room *= 2;
	if (uids->v != NULL && room == uids->room)
		return 0;
	if ((p = reallocarray(uids->v, room, sizeof(*uids->v))) == NULL)
		return -1;
	uids->v = p;
	uids->room = room;
	return 0;
}

int
uids_add(struct uids *uids, uint32_t uid)
{
	if (uids_reserve(uids, 1) == -1)
		return -1;
	uids->v[uids->n++] = uid;
	return 0;
}
