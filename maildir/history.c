/*
 * Records of the index, all for one folder, which is known by device and inode
 * number and has a number of its own in the index:
 *
 *	F dev ino	-> struct folder_record
 *	M number uid	-> struct message_record, base name, info, keywords
 *	T number modseq uid -> (nothing)	it was expunged
 *	C number kind uid -> see cache.c
 *
 * A change is first planned in a reading transaction and then written in
 * another: the folder's lock keeps both views the same, and who waits for
 * LMDB's lock waits for no comparison. Foreign changes are found here, too: the
 * disk is the truth, what differs from it has changed.
 */
#include "maildir/history.h"

#include <bsd/string.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "maildir/cache.h"
#include "maildir/history_record.h"
#include "maildir/mailbox.h"
#include "maildir/modseq.h"

#define TRIES     6
#define AGAIN     1
#define TRIM_STEP 64 /* tombstones that one change may remove */

enum op_kind {
	OP_CHANGED, /* gets a new number */
	OP_SAME,    /* keeps its own, its file name is another one */
	OP_GONE
};

struct op {
	uint32_t uid;
	enum op_kind kind;
	size_t i; /* index of the message */
	uint64_t modseq;
};

struct plan {
	struct mailbox *mb;
	enum history_scope scope;
	const struct history_gone *gone;
	struct folder_record folder;
	bool known; /* folder is what the index has */
	struct op *ops;
	size_t n, room;
	bool failed;     /* no memory */
	uint64_t modseq; /* the new number */
	char **texts;    /* of keyword sets */
	size_t ntexts;
	unsigned char value[RECORD_MAX];
};

static int update(struct plan *);
static int plan_all(struct index_txn *, void *);
static int plan_walk(struct plan *, struct index_txn *);
static int plan_dirty(struct plan *, struct index_txn *);
static int plan_one(struct plan *, size_t, const struct index_bytes *);
static int plan_gone(struct plan *, struct index_txn *);
static int add_op(struct plan *, enum op_kind, uint32_t, size_t);
static const char *keyword_text(struct plan *, uint32_t);
static int by_name(const void *, const void *);
static bool same_state(struct plan *, size_t, const struct message_record *);
static bool same_name(struct plan *, size_t, const struct message_record *);
static int apply(struct index_txn *, void *);
static void apply_first(struct plan *, struct index_txn *);
static void apply_op(struct plan *, struct index_txn *, const struct op *);
static void put_message(struct plan *, struct index_txn *, size_t, uint64_t);
static void bury(struct plan *, struct index_txn *, uint32_t);
static void trim(struct plan *, struct index_txn *);
static void wipe(struct index_txn *, uint32_t);
static void settle(struct plan *);
static void without(struct mailbox *);

void
history_update(struct mailbox *mb, enum history_scope scope,
    const struct history_gone *gone)
{
	struct plan *p;
	int r = -1, tries, saved = errno;
	size_t i;

	if (!index_hopeful(mb->md) || mb->uidvalidity == 0 ||
	    (p = malloc(sizeof(*p))) == NULL) {
		without(mb);
		return;
	}
	memset(p, 0, offsetof(struct plan, value));
	p->mb = mb;
	p->scope = scope;
	p->gone = gone;
	for (tries = 0; r != 0 && tries < TRIES; tries++) {
		r = update(p);
		if (r == MODSEQ_RAISE && modseq_raise(mb->md) == -1 &&
		    !index_hopeful(mb->md))
			break;
		if (p->failed || (r == -1 && !index_hopeful(mb->md)))
			break;
	}
	if (r == 0)
		settle(p);
	else
		without(mb);
	for (i = 0; i < p->ntexts; i++)
		free(p->texts[i]);
	free(p->texts);
	free(p->ops);
	free(p);
	errno = saved;
}

/* 0; AGAIN; MODSEQ_RAISE; -1: the index has failed. */
static int
update(struct plan *p)
{
	int r;

	p->n = 0;
	p->known = false;
	if ((r = index_read(p->mb->md, plan_all, p)) != 0)
		return r;
	p->modseq = p->folder.highest;
	if (p->known && p->n == 0)
		return 0;
	return index_write(p->mb->md, apply, p);
}

static int
plan_all(struct index_txn *txn, void *arg)
{
	struct plan *p = arg;
	struct mailbox *mb = p->mb;
	size_t i;
	int r = 0;

	p->known = folder_get(txn, mb, &p->folder);
	if (!p->known)
		for (i = 0; r == 0 && i < mb->n; i++)
			r = add_op(p, OP_CHANGED, mb->messages[i].uid, i);
	else if (p->scope == HISTORY_DIRTY)
		r = plan_dirty(p, txn);
	else
		r = plan_walk(p, txn);
	if (r == 0 && p->known && p->gone != NULL)
		r = plan_gone(p, txn);
	p->failed = r == -1;
	return r;
}

/* Both are in the order of UIDs. */
static int
plan_walk(struct plan *p, struct index_txn *txn)
{
	struct mailbox *mb = p->mb;
	unsigned char key[KEY_MESSAGE];
	struct index_bytes k, v;
	uint32_t uid;
	size_t i = 0;
	bool more;
	int r = 0;

	key_message(key, p->folder.number, 0);
	more = index_seek(txn, key, sizeof(key), KEY_FOLDER, &k, &v);
	while (r == 0 && (more || i < mb->n)) {
		uid = more ? key_uid(&k) : UINT32_MAX;
		if (i < mb->n && (!more || mb->messages[i].uid < uid)) {
			r = add_op(p, OP_CHANGED, mb->messages[i].uid, i);
			i++;
			continue;
		}
		if (i < mb->n && mb->messages[i].uid == uid)
			r = plan_one(p, i++, &v);
		else if (p->scope == HISTORY_PROOF)
			r = add_op(p, OP_GONE, uid, 0);
		if (more)
			more = index_next(txn, &k, &v);
	}
	return r;
}

static int
plan_dirty(struct plan *p, struct index_txn *txn)
{
	struct mailbox *mb = p->mb;
	unsigned char key[KEY_MESSAGE];
	struct index_bytes v;
	size_t i;
	int r = 0;

	for (i = mb->dirty; r == 0 && i < mb->dirty_end && i < mb->n; i++) {
		if ((mb->entries[i].bits & ENTRY_DIRTY) == 0 ||
		    (mb->entries[i].bits & ENTRY_DEAD) != 0)
			continue;
		key_message(key, p->folder.number, mb->messages[i].uid);
		if (index_get(txn, key, sizeof(key), &v))
			r = plan_one(p, i, &v);
		else
			r = add_op(p, OP_CHANGED, mb->messages[i].uid, i);
	}
	return r;
}

static int
plan_one(struct plan *p, size_t i, const struct index_bytes *v)
{
	struct message_record rec;

	if (!message_parse(v, &rec))
		return add_op(p, OP_CHANGED, p->mb->messages[i].uid, i);
	p->mb->messages[i].modseq = rec.modseq;
	if (!same_state(p, i, &rec))
		return p->failed
			   ? -1
			   : add_op(p, OP_CHANGED, p->mb->messages[i].uid, i);
	if (same_name(p, i, &rec))
		return 0;
	return add_op(p, OP_SAME, p->mb->messages[i].uid, i);
}

/* Each once: who has seen it gone before has buried it. */
static int
plan_gone(struct plan *p, struct index_txn *txn)
{
	const struct history_gone *g = p->gone;
	unsigned char key[KEY_MESSAGE];
	struct index_bytes v;
	size_t k;

	for (k = 0; k < g->n; k++) {
		if (!g->gone[k])
			continue;
		key_message(key, p->folder.number, g->uids[k]);
		if (index_get(txn, key, sizeof(key), &v) &&
		    add_op(p, OP_GONE, g->uids[k], 0) == -1)
			return -1;
	}
	return 0;
}

static int
add_op(struct plan *p, enum op_kind kind, uint32_t uid, size_t i)
{
	size_t room;
	void *v;

	if (p->n == p->room) {
		room = p->room == 0 ? 16 : p->room * 2;
		if ((v = reallocarray(p->ops, room, sizeof(*p->ops))) == NULL)
			return -1;
		p->ops = v;
		p->room = room;
	}
	p->ops[p->n].uid = uid;
	p->ops[p->n].kind = kind;
	p->ops[p->n].modseq = kind == OP_SAME ? p->mb->messages[i].modseq : 0;
	p->ops[p->n++].i = i;
	return 0;
}

/* The names of a set, in an order that does not depend on this session. */
static const char *
keyword_text(struct plan *p, uint32_t set)
{
	const struct keywords *kw = &p->mb->kw;
	const uint16_t *members;
	const char **names;
	size_t i, n, len = 1;
	char *text;
	void *v;

	if (set == 0)
		return "";
	if (set >= p->ntexts) {
		v = reallocarray(p->texts, set + 16u, sizeof(*p->texts));
		if (v == NULL)
			return NULL;
		p->texts = v;
		memset(p->texts + p->ntexts, 0,
		    (set + 16u - p->ntexts) * sizeof(*p->texts));
		p->ntexts = set + 16u;
	}
	if (p->texts[set] != NULL)
		return p->texts[set];
	n = keywords_members(kw, set, &members);
	if ((names = calloc(n + 1, sizeof(*names))) == NULL)
		return NULL;
	for (i = 0; i < n; i++) {
		names[i] = kw->names[members[i]];
		len += strlen(names[i]) + 1;
	}
	qsort(names, n, sizeof(*names), by_name);
	if ((text = calloc(len, 1)) != NULL)
		for (i = 0; i < n; i++) {
			(void)strlcat(text, names[i], len);
			(void)strlcat(text, " ", len);
		}
	free(names);
	/* What does not fit is kept by its beginning: it is only compared. */
	if (text != NULL && strlen(text) > RECORD_KEYWORDS)
		text[RECORD_KEYWORDS] = '\0';
	p->texts[set] = text;
	return text;
}

static int
by_name(const void *a, const void *b)
{
	return strcasecmp(*(const char *const *)a, *(const char *const *)b);
}

static bool
same_state(struct plan *p, size_t i, const struct message_record *rec)
{
	const struct message *m = &p->mb->messages[i];
	const char *text = keyword_text(p, m->kwset);

	if (text == NULL) {
		p->failed = true;
		return false;
	}
	return m->flags == rec->flags && strlen(text) == rec->nkeywords &&
	       strncasecmp(text, rec->keywords, rec->nkeywords) == 0 &&
	       p->mb->entries[i].len == rec->nbase &&
	       memcmp(entry_base(p->mb, i), rec->base, rec->nbase) == 0;
}

static bool
same_name(struct plan *p, size_t i, const struct message_record *rec)
{
	const char *info = entry_info(p->mb, i);

	return ((p->mb->entries[i].bits & ENTRY_NEW) != 0) == rec->in_new &&
	       strlen(info) == rec->ninfo &&
	       memcmp(info, rec->info, rec->ninfo) == 0;
}

/* ---- the second half: what was planned is written ---- */

static int
apply(struct index_txn *txn, void *arg)
{
	struct plan *p = arg;
	struct folder_record now;
	bool changes = !p->known;
	size_t k;
	int r;

	if (folder_get(txn, p->mb, &now) != p->known ||
	    (p->known && memcmp(&now, &p->folder, sizeof(now)) != 0))
		return AGAIN; /* the index was replaced in between */
	for (k = 0; k < p->n; k++) {
		changes |= p->ops[k].kind != OP_SAME;
		/* Its text first: memory may run out. */
		if (p->ops[k].kind != OP_GONE &&
		    keyword_text(p, p->mb->messages[p->ops[k].i].kwset) ==
			NULL) {
			p->failed = true;
			return -1;
		}
	}
	p->modseq = p->folder.highest;
	if (changes && (r = modseq_take(txn, &p->modseq)) != 0)
		return r;
	if (!p->known)
		apply_first(p, txn);
	for (k = 0; k < p->n; k++)
		apply_op(p, txn, &p->ops[k]);
	now = p->folder;
	now.highest = p->modseq;
	if (p->folder.tombs > HISTORY_KEEP)
		trim(p, txn);
	now.tombs = p->folder.tombs;
	now.floor = p->folder.floor;
	folder_put(txn, p->mb, &now);
	return 0;
}

/* A folder that the index does not know: nothing is known of its past. */
static void
apply_first(struct plan *p, struct index_txn *txn)
{
	struct folder_record old = {0};

	if (folder_find(txn, p->mb, &old))
		wipe(txn, old.number); /* another one of that inode */
	memset(&p->folder, 0, sizeof(p->folder));
	p->folder.number = folder_number(txn);
	p->folder.uidvalidity = p->mb->uidvalidity;
	p->folder.floor = p->modseq;
}

static void
apply_op(struct plan *p, struct index_txn *txn, const struct op *op)
{
	switch (op->kind) {
	case OP_CHANGED:
		put_message(p, txn, op->i, p->modseq);
		break;
	case OP_SAME:
		put_message(p, txn, op->i, op->modseq);
		break;
	case OP_GONE:
		bury(p, txn, op->uid);
		break;
	}
}

static void
put_message(struct plan *p, struct index_txn *txn, size_t i, uint64_t modseq)
{
	const struct mailbox *mb = p->mb;
	unsigned char key[KEY_MESSAGE];
	struct message_record rec = {.modseq = modseq};

	rec.flags = mb->messages[i].flags;
	rec.in_new = (mb->entries[i].bits & ENTRY_NEW) != 0;
	rec.base = entry_base(mb, i);
	rec.nbase = mb->entries[i].len;
	rec.info = entry_info(mb, i);
	rec.ninfo = strlen(rec.info);
	rec.keywords = keyword_text(p, mb->messages[i].kwset);
	rec.nkeywords = strlen(rec.keywords);
	key_message(key, p->folder.number, mb->messages[i].uid);
	index_put(
	    txn, key, sizeof(key), p->value, message_print(&rec, p->value));
}

static void
bury(struct plan *p, struct index_txn *txn, uint32_t uid)
{
	unsigned char key[KEY_TOMB];

	key_message(key, p->folder.number, uid);
	index_del(txn, key, KEY_MESSAGE);
	cache_bury(txn, p->folder.number, uid);
	key_tomb(key, p->folder.number, p->modseq, uid);
	index_put(txn, key, sizeof(key), "", 0);
	p->folder.tombs++;
}

/* The oldest go; a number is a time in microseconds, or later than that. */
static void
trim(struct plan *p, struct index_txn *txn)
{
	const uint64_t day = (uint64_t)HISTORY_HOURS * 3600 * 1000000;
	unsigned char key[KEY_TOMB];
	struct index_bytes k, v;
	uint64_t modseq;
	unsigned i;

	for (i = 0; i < TRIM_STEP + p->n * 2; i++) {
		key_tomb(key, p->folder.number, 0, 0);
		if (!index_seek(txn, key, sizeof(key), KEY_FOLDER, &k, &v) ||
		    k.n != sizeof(key))
			return;
		memcpy(key, k.p, sizeof(key));
		modseq = key_modseq(key);
		if (p->folder.tombs <= HISTORY_KEEP ||
		    (modseq + day > p->modseq &&
			p->folder.tombs <= HISTORY_MAX))
			return;
		index_del(txn, key, sizeof(key));
		p->folder.tombs--;
		p->folder.floor = modseq;
	}
}

/* All records of a number. */
static void
wipe(struct index_txn *txn, uint32_t number)
{
	unsigned char key[KEY_TOMB], found[INDEX_KEY_MAX];
	struct index_bytes k, v;
	const char *kind;

	for (kind = "MTC"; *kind != '\0'; kind++) {
		key_message(key, number, 0);
		key[0] = (unsigned char)*kind;
		while (index_seek(txn, key, KEY_FOLDER, KEY_FOLDER, &k, &v)) {
			memcpy(found, k.p, k.n);
			index_del(txn, found, k.n);
		}
	}
}

/* It is written: the picture takes the numbers over. */
static void
settle(struct plan *p)
{
	struct mailbox *mb = p->mb;
	bool level = p->scope != HISTORY_DIRTY || !p->known ||
		     mb->modseq == p->folder.highest;
	size_t k, i;

	for (k = 0; k < p->n; k++)
		if (p->ops[k].kind == OP_CHANGED)
			mb->messages[p->ops[k].i].modseq = p->modseq;
	for (i = mb->dirty; i < mb->dirty_end && i < mb->n; i++)
		mb->entries[i].bits &= (uint16_t)~ENTRY_DIRTY;
	mb->dirty = i;
	/* Else others changed what this picture has not seen yet. */
	if (level)
		mb->modseq = p->modseq;
}

static void
without(struct mailbox *mb)
{
	size_t i;

	if (mb->modseq != 0)
		for (i = 0; i < mb->n; i++)
			mb->messages[i].modseq = 0;
	mb->modseq = 0;
}
