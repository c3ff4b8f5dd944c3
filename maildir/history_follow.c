/*
 * A picture from the index: made at first need, and kept up with what others
 * of the account put there. What was changed since is read by the log where it
 * reaches back so far, else all records are compared with the picture.
 *
 * Who has only had a glance knows the counts of that moment. The picture is
 * made of what is there now and of the tombstones since; it is believed only
 * if the counts of both are those of then.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "maildir/history.h"
#include "maildir/history_record.h"
#include "maildir/mailbox.h"

#define LOST 1

struct follow {
	struct mailbox *mb;
	struct folder_record rec;
	struct folder_counts told; /* of the glance, counted again */
	struct folder_counts all;  /* of the picture */
	bool fresh;                /* there is no picture */
	bool failed;               /* no memory */
	bool cut;                  /* keywords that a record has no room for */
	const struct stamp *list;  /* of a glance */
	char text[RECORD_KEYWORDS + 1];
	size_t ntext; /* of the last keywords, */
	uint32_t set; /* and the set that they are */
};

static int follow(struct index_txn *, void *);
static int glance(struct index_txn *, void *);
static int check_all(struct follow *, struct index_txn *);
static bool is_level(const struct follow *);
static int load(struct follow *, struct index_txn *);
static int load_names(struct mailbox *, struct index_txn *, uint32_t);
static uint32_t next_tomb(const struct follow *, struct index_txn *, uint32_t);
static int check_told(struct follow *, struct index_txn *);
static int walk(struct follow *, struct index_txn *);
static int by_log(struct follow *, struct index_txn *);
static int by_uid(const void *, const void *);
static int take_tombs(struct follow *, struct index_txn *);
static int take_record(struct follow *, const struct index_bytes *, uint32_t);
static int add_message(
    struct follow *, uint32_t, const struct message_record *);
static int change_message(
    struct follow *, size_t, const struct message_record *);
static uint32_t info_of(struct mailbox *, const struct message_record *);
static uint32_t set_of(struct follow *, const struct message_record *);
static int parse_set(struct follow *);
static int lose(struct mailbox *, size_t);
static void take_state(struct follow *);

int
history_follow(struct mailbox *mb)
{
	struct follow *f;
	int r, saved = errno;

	if (mb->loaded && mb->modseq == 0)
		return HISTORY_LEVEL;
	if (!index_hopeful(mb->md)) {
		history_without(mb);
		return HISTORY_LOST;
	}
	if ((f = malloc(sizeof(*f))) == NULL)
		return -1;
	memset(f, 0, offsetof(struct follow, text));
	f->mb = mb;
	f->fresh = !mb->loaded;
	f->set = UINT32_MAX;
	r = index_read(mb->md, follow, f);
	if (mb->dead)
		entry_compact(mb);
	mb->dead = false;
	if (r == 0) {
		take_state(f);
	} else {
		if (f->fresh)
			entry_reset(mb);
		if (!f->failed)
			history_without(mb);
	}
	if (f->failed)
		r = -1;
	else
		r = r == 0 ? HISTORY_LEVEL : HISTORY_LOST;
	free(f);
	if (r != -1)
		errno = saved;
	return r;
}

static int
follow(struct index_txn *txn, void *arg)
{
	struct follow *f = arg;
	struct mailbox *mb = f->mb;
	int r;

	if (!folder_find(txn, mb, &f->rec) ||
	    (mb->uidvalidity != 0 && mb->uidvalidity != f->rec.uidvalidity))
		return LOST;
	if (f->fresh)
		r = load(f, txn);
	else if (is_level(f))
		r = 0;
	else if (mb->modseq >= f->rec.born && mb->version >= f->rec.log_floor &&
		 mb->modseq >= f->rec.floor)
		r = by_log(f, txn);
	else
		r = walk(f, txn);
	if (r == 0)
		r = check_all(f, txn);
	f->failed = r == -1;
	return r;
}

/* What a walk has missed was damaged: nothing here may be believed. */
static int
check_all(struct follow *f, struct index_txn *txn)
{
	const struct mailbox *mb = f->mb;
	size_t i, n = 0;

	if (f->fresh) {
		if (f->all.messages != f->rec.counts.messages ||
		    f->all.sum != f->rec.counts.sum)
			index_distrust(txn, "messages are missing");
		return 0;
	}
	if (!mb->dead)
		return mb->n == f->rec.counts.messages ? 0 : LOST;
	for (i = 0; i < mb->n; i++)
		n += (mb->entries[i].bits & ENTRY_DEAD) == 0;
	return n == f->rec.counts.messages ? 0 : LOST;
}

static bool
is_level(const struct follow *f)
{
	return f->mb->modseq == f->rec.highest &&
	       f->mb->version == f->rec.version;
}

bool
history_glance(struct mailbox *mb, const struct stamp *list)
{
	struct follow *f;
	int saved = errno;
	bool known;

	if (!index_hopeful(mb->md) || (f = malloc(sizeof(*f))) == NULL)
		return false;
	memset(f, 0, offsetof(struct follow, text));
	f->mb = mb;
	f->list = list;
	known = index_read(mb->md, glance, f) == 0;
	if (known)
		take_state(f);
	free(f);
	errno = saved;
	return known;
}

static int
glance(struct index_txn *txn, void *arg)
{
	struct follow *f = arg;

	if (!folder_find(txn, f->mb, &f->rec) ||
	    !stamp_equal(f->list, &f->rec.state.list))
		return LOST;
	return load_names(f->mb, txn, f->rec.number);
}

static int
load(struct follow *f, struct index_txn *txn)
{
	struct mailbox *mb = f->mb;
	bool glanced = mb->modseq != 0;

	if (load_names(mb, txn, f->rec.number) == -1 ||
	    entry_reserve(mb, f->rec.counts.messages) == -1)
		return -1;
	if (!glanced)
		return walk(f, txn);
	if (mb->modseq < f->rec.floor)
		return LOST;
	if (walk(f, txn) == -1)
		return -1;
	return check_told(f, txn);
}

static int
load_names(struct mailbox *mb, struct index_txn *txn, uint32_t number)
{
	unsigned char key[KEY_FOLDER];
	struct index_bytes v;
	const char *p, *end, *nul;

	key_names(key, number);
	if (!index_get(txn, key, sizeof(key), &v))
		return 0;
	end = (const char *)v.p + v.n;
	for (p = v.p; p < end; p = nul + 1) {
		if ((nul = memchr(p, '\0', (size_t)(end - p))) == NULL)
			index_distrust(txn, "names of keywords have no sense");
		if (keywords_number(&mb->kw, p, (size_t)(nul - p), false) == -1)
			return -1;
	}
	return 0;
}

/* The UIDs that have gone since, one by one; last 0: the first. 0: no more. */
static uint32_t
next_tomb(const struct follow *f, struct index_txn *txn, uint32_t last)
{
	unsigned char key[KEY_TOMB];
	struct index_bytes k, v;

	key_tomb(key, f->rec.number, f->mb->modseq + 1, 0);
	if (last == 0 ? !index_seek(txn, key, sizeof(key), KEY_FOLDER, &k, &v)
		      : !index_next(txn, &k, &v))
		return 0;
	if (k.n != sizeof(key))
		index_distrust(txn, "a tombstone has no sense");
	memcpy(key, k.p, sizeof(key));
	return key_tomb_uid(key);
}

/* Is what was there at the glance what is there now and the tombs since? */
static int
check_told(struct follow *f, struct index_txn *txn)
{
	struct mailbox *mb = f->mb;
	uint32_t uid = 0;

	while ((uid = next_tomb(f, txn, uid)) != 0) {
		if (uid > mb->max_uid)
			continue;
		if (uids_add(&mb->vanished, uid) == -1)
			return -1;
		folder_count(&f->told, uid, 0, false, 1);
		mb->news = true;
	}
	return f->told.messages == mb->tally.messages &&
		       f->told.sum == mb->tally.sum
		   ? 0
		   : LOST;
}

/* All records beside all messages, both in the order of UIDs. */
static int
walk(struct follow *f, struct index_txn *txn)
{
	struct mailbox *mb = f->mb;
	unsigned char key[KEY_MESSAGE];
	struct index_bytes k, v;
	size_t i = 0, n = mb->n;
	uint32_t uid;
	bool more;
	int r = 0;

	key_message(key, f->rec.number, 0);
	more = index_seek(txn, key, sizeof(key), KEY_FOLDER, &k, &v);
	for (; r == 0 && more; more = index_next(txn, &k, &v)) {
		uid = key_uid(&k);
		for (; i < n && mb->messages[i].uid < uid && r == 0; i++)
			r = lose(mb, i);
		if (i < n && mb->messages[i].uid == uid)
			i++;
		if (r == 0)
			r = take_record(f, &v, uid);
	}
	for (; r == 0 && i < n; i++)
		r = lose(mb, i);
	return r;
}

static int
by_log(struct follow *f, struct index_txn *txn)
{
	struct mailbox *mb = f->mb;
	unsigned char key[KEY_LOG], message[KEY_MESSAGE];
	struct index_bytes k, v;
	struct uids *u = &mb->past;
	uint32_t uid;
	size_t i, at;
	bool more;

	u->n = 0;
	key_log(key, f->rec.number, mb->version + 1);
	more = index_seek(txn, key, sizeof(key), KEY_FOLDER, &k, &v);
	for (; more; more = index_next(txn, &k, &v))
		for (at = 0; at + sizeof(uid) <= v.n; at += sizeof(uid)) {
			memcpy(&uid, (const char *)v.p + at, sizeof(uid));
			if (uids_add(u, uid) == -1)
				return -1;
		}
	if (u->n > 1)
		qsort(u->v, u->n, sizeof(*u->v), by_uid);
	for (i = 0; i < u->n; i++) {
		if (i > 0 && u->v[i] == u->v[i - 1])
			continue;
		key_message(message, f->rec.number, u->v[i]);
		if (index_get(txn, message, sizeof(message), &v) &&
		    take_record(f, &v, u->v[i]) == -1)
			return -1;
	}
	return take_tombs(f, txn);
}

static int
by_uid(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static int
take_tombs(struct follow *f, struct index_txn *txn)
{
	struct mailbox *mb = f->mb;
	uint32_t uid = 0;
	size_t i;

	while ((uid = next_tomb(f, txn, uid)) != 0) {
		i = entry_by_uid(mb, uid);
		if (i != NOWHERE && lose(mb, i) == -1)
			return -1;
	}
	return 0;
}

static int
take_record(struct follow *f, const struct index_bytes *v, uint32_t uid)
{
	struct mailbox *mb = f->mb;
	struct message_record rec;
	size_t i;

	if (!message_parse(v, &rec) || rec.nbase == 0)
		return LOST;
	if (mb->n == 0 || uid > mb->messages[mb->n - 1].uid)
		i = NOWHERE;
	else if ((i = entry_by_uid(mb, uid)) == NOWHERE)
		return 0; /* never shown here, so it never will be */
	return i == NOWHERE ? add_message(f, uid, &rec)
			    : change_message(f, i, &rec);
}

static int
add_message(struct follow *f, uint32_t uid, const struct message_record *rec)
{
	struct mailbox *mb = f->mb;
	bool told = f->fresh && mb->modseq != 0 && uid <= mb->max_uid;
	uint32_t info, set;
	size_t i;

	if (!f->fresh && uid <= mb->max_uid)
		return 0;
	if ((info = info_of(mb, rec)) == UINT32_MAX ||
	    (set = set_of(f, rec)) == UINT32_MAX ||
	    (i = entry_add(mb, uid, rec->base, rec->nbase)) == NOWHERE)
		return -1;
	mb->n++;
	mb->candidates--;
	mb->entries[i].info = mb->entries[i].found = info;
	mb->entries[i].bits = 0;
	if (rec->in_new) {
		mb->entries[i].bits |= ENTRY_NEW;
		mb->has_new = true;
	}
	mb->messages[i].flags = rec->flags;
	mb->messages[i].kwset = set;
	mb->messages[i].modseq = rec->modseq;
	/* Who may have it for good claims it under the lock. */
	mb->messages[i].recent =
	    mb->readonly && uid >= f->rec.state.recent_from;
	if (f->fresh)
		folder_count(&f->all, uid, 0, false, 1);
	if (told)
		folder_count(&f->told, uid, 0, false, 1);
	else
		mb->entries[i].bits |= ENTRY_ADDED;
	if (told && rec->modseq > mb->modseq)
		mb->entries[i].bits |= ENTRY_CHANGED;
	mb->news |= mb->entries[i].bits != 0;
	return 0;
}

static int
change_message(struct follow *f, size_t i, const struct message_record *rec)
{
	struct mailbox *mb = f->mb;
	struct message *m = &mb->messages[i];
	struct entry *e = &mb->entries[i];
	uint32_t info, set = m->kwset;

	if (e->len != rec->nbase ||
	    memcmp(entry_base(mb, i), rec->base, rec->nbase) != 0)
		return LOST;
	if ((info = info_of(mb, rec)) == UINT32_MAX ||
	    (m->modseq != rec->modseq && (set = set_of(f, rec)) == UINT32_MAX))
		return -1;
	e->bits &= (uint16_t) ~(ENTRY_MISSING | ENTRY_NEW | ENTRY_DIRTY);
	e->info = info;
	if (rec->in_new) {
		e->bits |= ENTRY_NEW;
		mb->has_new = true;
	}
	m->modseq = rec->modseq;
	if (m->flags == rec->flags && m->kwset == set)
		return 0;
	m->flags = rec->flags;
	m->kwset = set;
	e->bits |= ENTRY_CHANGED;
	mb->news = true;
	return 0;
}

static uint32_t
info_of(struct mailbox *mb, const struct message_record *rec)
{
	char info[256];

	memcpy(info, rec->info, rec->ninfo);
	info[rec->ninfo] = '\0';
	return entry_intern(mb, info);
}

/* Most messages have the keywords of the one before. */
static uint32_t
set_of(struct follow *f, const struct message_record *rec)
{
	if (rec->nkeywords == 0)
		return 0;
	if (rec->nkeywords > RECORD_KEYWORDS)
		return UINT32_MAX;
	f->cut |= rec->nkeywords == RECORD_KEYWORDS;
	if (f->set != UINT32_MAX && f->ntext == rec->nkeywords &&
	    memcmp(f->text, rec->keywords, f->ntext) == 0)
		return f->set;
	memcpy(f->text, rec->keywords, rec->nkeywords);
	f->ntext = rec->nkeywords;
	f->text[f->ntext] = '\0';
	return parse_set(f) == -1 ? UINT32_MAX : f->set;
}

/* Names, each with a blank behind it. */
static int
parse_set(struct follow *f)
{
	struct keywords *kw = &f->mb->kw;
	const char *p = f->text, *blank;
	uint16_t *v;
	size_t n = 0;
	int number;

	f->set = UINT32_MAX;
	if ((v = calloc(f->ntext / 2 + 1, sizeof(*v))) == NULL)
		return -1;
	for (; (blank = strchr(p, ' ')) != NULL; p = blank + 1) {
		if (blank == p)
			continue;
		number = keywords_number(kw, p, (size_t)(blank - p), false);
		if (number == -1)
			break;
		v[n++] = (uint16_t)number;
	}
	if (blank == NULL)
		f->set = keywords_set(kw, v, n);
	free(v);
	return f->set == UINT32_MAX ? -1 : 0;
}

/* Somebody of ours has seen it go. */
static int
lose(struct mailbox *mb, size_t i)
{
	struct entry *e = &mb->entries[i];

	if ((e->bits & ENTRY_DEAD) != 0)
		return 0;
	e->bits |= ENTRY_DEAD;
	mb->dead = mb->news = true;
	if ((e->bits & ENTRY_ADDED) != 0)
		return 0; /* nobody was told of it */
	return uids_add(&mb->vanished, mb->messages[i].uid);
}

/* The picture is what the record says; or the glance is. */
static void
take_state(struct follow *f)
{
	struct mailbox *mb = f->mb;

	mb->uidvalidity = f->rec.uidvalidity;
	mb->modseq = f->rec.highest;
	mb->version = f->rec.version;
	mb->tally = f->rec.counts;
	mailbox_state_take(mb, &f->rec.state);
	if (f->cut)
		mb->settled[DIR_KEYWORDS] = false;
	if (f->list == NULL)
		mb->loaded = true;
}
