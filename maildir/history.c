/*
 * Records of the index, all for one folder, which is known by device and inode
 * number and has a number of its own in the index:
 *
 *	F dev ino	-> struct folder_record
 *	M number uid	-> struct message_record, base name, info, keywords
 *	T number modseq uid -> (nothing)	it was expunged
 *	J number version -> UIDs that changed, 4 bytes each
 *	K number	-> names of keywords, each with a NUL
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

#include "maildir/history_plan.h"
#include "maildir/modseq.h"

#define TRIES 6

static int update(struct plan *);
static int plan_all(struct index_txn *, void *);
static int plan_walk(struct plan *, struct index_txn *);
static int plan_dirty(struct plan *, struct index_txn *);
static int plan_buried(struct plan *, struct index_txn *);
static int plan_one(struct plan *, size_t, const struct index_bytes *);
static int add_op(struct plan *, enum op_kind, uint32_t, size_t);
static void add_old(struct plan *, const struct message_record *);
static int add_gone(struct plan *, uint32_t, const struct index_bytes *);
static bool is_buried(const struct mailbox *, uint32_t);
static int by_name(const void *, const void *);
static bool same_state(struct plan *, size_t, const struct message_record *);
static bool same_name(struct plan *, size_t, const struct message_record *);
static void settle(struct plan *);
static int read_next(struct index_txn *, void *);

void
history_update(struct mailbox *mb, enum history_scope scope)
{
	struct plan *p;
	int r = -1, tries, saved = errno;
	size_t i;

	if (!index_hopeful(mb->md) || mb->uidvalidity == 0 ||
	    (p = malloc(sizeof(*p))) == NULL) {
		history_without(mb);
		return;
	}
	memset(p, 0, offsetof(struct plan, value));
	p->mb = mb;
	p->scope = scope;
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
		history_without(mb);
	mb->buried.n = 0;
	for (i = 0; i < p->ntexts; i++)
		free(p->texts[i]);
	free(p->texts);
	free(p->ops);
	free(p);
	errno = saved;
}

/* 0; PLAN_AGAIN; MODSEQ_RAISE; -1: the index has failed. */
static int
update(struct plan *p)
{
	struct folder_state state;
	int r;

	p->n = 0;
	p->known = false;
	if ((r = index_read(p->mb->md, plan_all, p)) != 0)
		return r;
	p->modseq = p->folder.highest;
	plan_state(p, &state);
	if (p->known && p->n == 0 &&
	    memcmp(&state, &p->folder.state, sizeof(state)) == 0)
		return 0;
	return index_write(p->mb->md, plan_apply, p);
}

void
plan_state(const struct plan *p, struct folder_state *out)
{
	/* A picture that others are ahead of proves nothing. */
	if (p->known && !p->level && p->scope == HISTORY_DIRTY)
		*out = p->folder.state;
	else
		mailbox_state_give(p->mb, out);
	/* What others have claimed stays theirs. */
	if (p->known && out->recent_from < p->folder.state.recent_from)
		out->recent_from = p->folder.state.recent_from;
}

static int
plan_all(struct index_txn *txn, void *arg)
{
	struct plan *p = arg;
	struct mailbox *mb = p->mb;
	size_t i;
	int r = 0;

	p->known = folder_get(txn, mb, &p->folder);
	p->level = p->known && mb->modseq == p->folder.highest &&
		   mb->version == p->folder.version;
	if (!p->known)
		for (i = 0; r == 0 && i < mb->n; i++)
			r = add_op(p, OP_CHANGED, mb->messages[i].uid, i);
	else if (p->level || p->scope == HISTORY_DIRTY)
		r = plan_dirty(p, txn);
	else
		r = plan_walk(p, txn);
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
		else if (p->scope == HISTORY_PROOF || is_buried(mb, uid))
			r = add_gone(p, uid, &v);
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
	return r == 0 ? plan_buried(p, txn) : r;
}

/* Each once: who has seen it gone before has buried it. */
static int
plan_buried(struct plan *p, struct index_txn *txn)
{
	const struct uids *b = &p->mb->buried;
	unsigned char key[KEY_MESSAGE];
	struct index_bytes v;
	size_t k;

	for (k = 0; k < b->n; k++) {
		key_message(key, p->folder.number, b->v[k]);
		if (index_get(txn, key, sizeof(key), &v) &&
		    add_gone(p, b->v[k], &v) == -1)
			return -1;
	}
	return 0;
}

static int
plan_one(struct plan *p, size_t i, const struct index_bytes *v)
{
	struct message_record rec;
	uint32_t uid = p->mb->messages[i].uid;
	enum op_kind kind = OP_CHANGED;

	if (!message_parse(v, &rec))
		return add_op(p, OP_CHANGED, uid, i);
	p->mb->messages[i].modseq = rec.modseq;
	if (same_state(p, i, &rec)) {
		if (same_name(p, i, &rec))
			return 0;
		kind = OP_SAME;
	}
	if (p->failed || add_op(p, kind, uid, i) == -1)
		return -1;
	add_old(p, &rec);
	return 0;
}

static int
add_gone(struct plan *p, uint32_t uid, const struct index_bytes *v)
{
	struct message_record rec;

	if (add_op(p, OP_GONE, uid, 0) == -1)
		return -1;
	if (message_parse(v, &rec))
		add_old(p, &rec);
	return 0;
}

static int
add_op(struct plan *p, enum op_kind kind, uint32_t uid, size_t i)
{
	struct op *op;
	size_t room;
	void *v;

	if (p->n == p->room) {
		room = p->room == 0 ? 16 : p->room * 2;
		if ((v = reallocarray(p->ops, room, sizeof(*p->ops))) == NULL)
			return -1;
		p->ops = v;
		p->room = room;
	}
	op = &p->ops[p->n++];
	memset(op, 0, sizeof(*op));
	op->uid = uid;
	op->kind = kind;
	op->modseq = kind == OP_SAME ? p->mb->messages[i].modseq : 0;
	op->i = i;
	return 0;
}

static bool
is_buried(const struct mailbox *mb, uint32_t uid)
{
	size_t k;

	for (k = 0; k < mb->buried.n; k++)
		if (mb->buried.v[k] == uid)
			return true;
	return false;
}

/* To the last one: what the counts have of it. */
static void
add_old(struct plan *p, const struct message_record *rec)
{
	struct op *op = &p->ops[p->n - 1];

	op->had = true;
	op->old_flags = rec->flags;
	op->old_new = rec->in_new;
	op->old_keywords = rec->nkeywords > 0;
}

const char *
plan_keywords(struct plan *p, uint32_t set)
{
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
	if (p->texts[set] == NULL)
		p->texts[set] = history_keywords(&p->mb->kw, set);
	return p->texts[set];
}

char *
history_keywords(const struct keywords *kw, uint32_t set)
{
	const uint16_t *members;
	const char **names;
	size_t i, n, len = 1;
	char *text;

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
	const char *text = plan_keywords(p, m->kwset);

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

/* It is written: the picture takes the numbers over. */
static void
settle(struct plan *p)
{
	struct mailbox *mb = p->mb;
	size_t k, i;

	for (k = 0; k < p->n; k++)
		if (p->ops[k].kind == OP_CHANGED)
			mb->messages[p->ops[k].i].modseq = p->modseq;
	for (i = mb->dirty; i < mb->dirty_end && i < mb->n; i++)
		mb->entries[i].bits &= (uint16_t)~ENTRY_DIRTY;
	mb->dirty = i;
	/* Else others changed what this picture has not seen yet. */
	if (p->level || !p->known || p->scope != HISTORY_DIRTY) {
		mb->modseq = p->modseq;
		mb->version = p->folder.version;
		mb->tally = p->folder.counts;
	}
}

void
history_without(struct mailbox *mb)
{
	size_t i;

	if (mb->modseq != 0)
		for (i = 0; i < mb->n; i++)
			mb->messages[i].modseq = 0;
	mb->modseq = 0;
}

struct remembered {
	const struct mailbox *mb;
	uint32_t next;
};

static int
read_next(struct index_txn *txn, void *arg)
{
	struct remembered *r = arg;
	struct folder_record rec;

	if (folder_find(txn, r->mb, &rec) &&
	    rec.uidvalidity == r->mb->list.uidvalidity)
		r->next = rec.state.next;
	return 0;
}

uint32_t
history_next(struct mailbox *mb)
{
	struct remembered r = {.mb = mb};

	if (!index_hopeful(mb->md) || index_read(mb->md, read_next, &r) != 0)
		return 0;
	return r.next;
}
