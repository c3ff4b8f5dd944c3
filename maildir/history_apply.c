/*
 * The second half of a change of the index: what was planned is written, and
 * the counts, the log and the tombstones with it.
 */
#include <stdlib.h>
#include <string.h>

#include "maildir/cache.h"
#include "maildir/history_plan.h"
#include "maildir/modseq.h"

#define TRIM_STEP 64 /* tombstones that one change may remove */

static void apply_first(struct plan *, struct index_txn *);
static void apply_op(struct plan *, struct index_txn *, const struct op *);
static void put_message(struct plan *, struct index_txn *, size_t, uint64_t);
static void bury(struct plan *, struct index_txn *, const struct op *);
static void count(struct plan *, const struct op *);
static void first_unseen(struct plan *);
static void put_log(struct plan *, struct index_txn *);
static void put_names(struct plan *, struct index_txn *);
static void mark_used(const struct mailbox *, bool *);
static void trim(struct plan *, struct index_txn *);
static void wipe(struct index_txn *, uint32_t);

int
plan_apply(struct index_txn *txn, void *arg)
{
	struct plan *p = arg;
	struct folder_record now;
	struct folder_state state;
	bool changes = !p->known;
	size_t k;
	int r;

	if (folder_get(txn, p->mb, &now) != p->known ||
	    (p->known && memcmp(&now, &p->folder, sizeof(now)) != 0))
		return PLAN_AGAIN;
	for (k = 0; k < p->n; k++) {
		changes |= p->ops[k].kind != OP_SAME;
		/* Its text first: memory may run out. */
		if (p->ops[k].kind != OP_GONE &&
		    plan_keywords(p, p->mb->messages[p->ops[k].i].kwset) ==
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
	plan_state(p, &state);
	folder_claim(txn, &p->folder, state.recent_from);
	for (k = 0; k < p->n; k++)
		apply_op(p, txn, &p->ops[k]);
	if (p->n > 0)
		put_log(p, txn);
	put_names(p, txn);
	first_unseen(p);
	p->folder.highest = p->modseq;
	if (p->folder.tombs > HISTORY_KEEP)
		trim(p, txn);
	p->folder.state = state;
	folder_put(txn, p->mb, &p->folder);
	return 0;
}

/* A folder that the index does not know: nothing is known of its past. */
static void
apply_first(struct plan *p, struct index_txn *txn)
{
	struct folder_record old;

	if (folder_find(txn, p->mb, &old))
		wipe(txn, old.number); /* another one of that inode */
	memset(&p->folder, 0, sizeof(p->folder));
	p->folder.number = folder_number(txn);
	p->folder.uidvalidity = p->mb->uidvalidity;
	p->folder.floor = p->folder.born = p->modseq;
}

static void
apply_op(struct plan *p, struct index_txn *txn, const struct op *op)
{
	count(p, op);
	switch (op->kind) {
	case OP_CHANGED:
		put_message(p, txn, op->i, p->modseq);
		break;
	case OP_SAME:
		put_message(p, txn, op->i, op->modseq);
		break;
	case OP_GONE:
		bury(p, txn, op);
		break;
	}
}

static void
count(struct plan *p, const struct op *op)
{
	const struct mailbox *mb = p->mb;

	if (op->had)
		folder_tally(
		    &p->folder, op->uid, op->old_flags, op->old_new, -1);
	if (op->kind != OP_GONE)
		folder_tally(&p->folder, op->uid, mb->messages[op->i].flags,
		    (mb->entries[op->i].bits & ENTRY_NEW) != 0, 1);
}

/* Where the picture has all that the index has its place is the number. */
static void
first_unseen(struct plan *p)
{
	struct folder_counts *c = &p->folder.counts;
	const struct mailbox *mb = p->mb;
	size_t i = 0;

	c->first_unseen = 0;
	if (c->unseen == 0 || c->messages != mb->n)
		return;
	while (i < mb->n && (mb->messages[i].flags & MESSAGE_SEEN) != 0)
		i++;
	c->first_unseen = i == mb->n ? 0 : (uint32_t)i + 1;
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
	rec.keywords = plan_keywords(p, mb->messages[i].kwset);
	rec.nkeywords = strlen(rec.keywords);
	key_message(key, p->folder.number, mb->messages[i].uid);
	index_put(
	    txn, key, sizeof(key), p->value, message_print(&rec, p->value));
}

static void
bury(struct plan *p, struct index_txn *txn, const struct op *op)
{
	unsigned char key[KEY_TOMB];

	key_message(key, p->folder.number, op->uid);
	index_del(txn, key, KEY_MESSAGE);
	cache_bury(txn, p->folder.number, op->uid);
	key_tomb(key, p->folder.number, p->modseq, op->uid);
	index_put(txn, key, sizeof(key), "", 0);
	p->folder.tombs++;
}

/* Which messages this version is about, so that others need not ask for all. */
static void
put_log(struct plan *p, struct index_txn *txn)
{
	uint32_t uids[HISTORY_LISTS];
	size_t k, n = 0;

	for (k = 0; k < p->n; k++) {
		if (p->ops[k].kind == OP_GONE)
			continue;
		if (n < HISTORY_LISTS)
			uids[n] = p->ops[k].uid;
		n++;
	}
	folder_log(txn, &p->folder, uids, n);
}

/* The keywords that messages have, in the order of their numbers. */
static void
put_names(struct plan *p, struct index_txn *txn)
{
	const struct mailbox *mb = p->mb;
	unsigned char key[KEY_FOLDER];
	char *text = (char *)p->value;
	bool *used;
	size_t i, len, n = 0;

	for (i = 0; i < p->n; i++)
		if (p->ops[i].old_keywords ||
		    (p->ops[i].kind != OP_GONE &&
			mb->messages[p->ops[i].i].kwset != 0))
			break;
	if (i == p->n)
		return;
	if ((used = calloc(mb->kw.nnames + 1, sizeof(*used))) == NULL)
		return; /* they are learned with the messages */
	mark_used(mb, used);
	for (i = 0; i < mb->kw.nnames; i++) {
		len = strlen(mb->kw.names[i]) + 1;
		if (!used[i] || n + len > sizeof(p->value))
			continue;
		memcpy(text + n, mb->kw.names[i], len);
		n += len;
	}
	free(used);
	key_names(key, p->folder.number);
	index_put(txn, key, sizeof(key), text, n);
}

static void
mark_used(const struct mailbox *mb, bool *used)
{
	const uint16_t *members;
	uint32_t last = 0, set;
	size_t i, k, n;

	for (i = 0; i < mb->n; i++) {
		set = mb->messages[i].kwset;
		if (set == 0 || set == last)
			continue;
		last = set;
		n = keywords_members(&mb->kw, set, &members);
		for (k = 0; k < n; k++)
			used[members[k]] = true;
	}
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

	for (kind = "MTJKC"; *kind != '\0'; kind++) {
		key_message(key, number, 0);
		key[0] = (unsigned char)*kind;
		while (index_seek(txn, key, KEY_FOLDER, KEY_FOLDER, &k, &v)) {
			memcpy(found, k.p, k.n);
			index_del(txn, found, k.n);
		}
	}
}
