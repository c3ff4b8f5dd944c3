/* See history_record.h. */
#include "maildir/history_record.h"

#include <string.h>

#include "maildir/history.h"
#include "maildir/mailbox.h"

struct head { /* of a message's value */
	uint64_t modseq;
	uint32_t nkeywords;
	uint8_t flags, in_new, nbase, ninfo;
};

static void put32(unsigned char *, uint32_t);
static uint32_t get32(const unsigned char *);
static void key_folder(unsigned char *, const struct mailbox *);

bool
folder_find(
    struct index_txn *txn, const struct mailbox *mb, struct folder_record *out)
{
	unsigned char key[17];
	struct index_bytes v;

	key_folder(key, mb);
	if (!index_get(txn, key, sizeof(key), &v))
		return false;
	if (v.n != sizeof(*out))
		index_distrust(txn, "a folder's record has no sense");
	memcpy(out, v.p, v.n);
	return true;
}

bool
folder_get(
    struct index_txn *txn, const struct mailbox *mb, struct folder_record *out)
{
	return folder_find(txn, mb, out) && out->uidvalidity == mb->uidvalidity;
}

void
folder_put(struct index_txn *txn, const struct mailbox *mb,
    const struct folder_record *rec)
{
	unsigned char key[17];

	key_folder(key, mb);
	index_put(txn, key, sizeof(key), rec, sizeof(*rec));
}

void
folder_tally(struct folder_record *rec, uint32_t uid, uint8_t flags,
    bool in_new, int sign)
{
	folder_count(&rec->counts, uid, flags, in_new, sign);
	if (uid >= rec->state.recent_from)
		rec->counts.recent += sign > 0 ? 1 : UINT32_MAX;
}

void
folder_claim(struct index_txn *txn, struct folder_record *rec, uint32_t uid)
{
	unsigned char key[KEY_MESSAGE];
	struct index_bytes k, v;
	bool more;

	if (uid <= rec->state.recent_from)
		return;
	rec->state.recent_from = uid;
	rec->counts.recent = 0;
	key_message(key, rec->number, uid);
	more = index_seek(txn, key, sizeof(key), KEY_FOLDER, &k, &v);
	for (; more; more = index_next(txn, &k, &v))
		rec->counts.recent++;
}

void
folder_count(
    struct folder_counts *c, uint32_t uid, uint8_t flags, bool in_new, int sign)
{
	uint64_t h = (uid + 1u) * 0x9e3779b97f4a7c15ull;
	uint32_t one = sign > 0 ? 1 : UINT32_MAX;

	h = (h ^ h >> 29) * 0xbf58476d1ce4e5b9ull;
	c->sum += sign > 0 ? h : -h;
	c->messages += one;
	if ((flags & MESSAGE_SEEN) == 0)
		c->unseen += one;
	if ((flags & MESSAGE_DELETED) != 0)
		c->deleted += one;
	if (in_new)
		c->in_new += one;
}

void
folder_log(struct index_txn *txn, struct folder_record *rec,
    const uint32_t *uids, size_t n)
{
	unsigned char key[KEY_LOG];

	rec->version++;
	if (n > HISTORY_LISTS) {
		rec->log_floor = rec->version; /* who is behind compares all */
		return;
	}
	key_log(key, rec->number, rec->version);
	index_put(txn, key, sizeof(key), uids, n * sizeof(*uids));
	if (rec->version <= HISTORY_LOGS)
		return;
	key_log(key, rec->number, rec->version - HISTORY_LOGS);
	index_del(txn, key, sizeof(key));
	if (rec->log_floor < rec->version - HISTORY_LOGS)
		rec->log_floor = rec->version - HISTORY_LOGS;
}

uint32_t
folder_number(struct index_txn *txn)
{
	struct index_bytes v;
	uint32_t n = 0;

	if (index_get(txn, "L", 1, &v) && v.n == sizeof(n))
		memcpy(&n, v.p, sizeof(n));
	if (++n == 0)
		index_distrust(txn, "no numbers for folders are left");
	index_put(txn, "L", 1, &n, sizeof(n));
	return n;
}

static void
key_folder(unsigned char *key, const struct mailbox *mb)
{
	key[0] = 'F';
	memcpy(key + 1, &mb->dev, 8);
	memcpy(key + 9, &mb->ino, 8);
}

void
key_message(
    unsigned char key[static KEY_MESSAGE], uint32_t number, uint32_t uid)
{
	key[0] = 'M';
	put32(key + 1, number);
	put32(key + 5, uid);
}

void
key_tomb(unsigned char key[static KEY_TOMB], uint32_t number, uint64_t modseq,
    uint32_t uid)
{
	key[0] = 'T';
	put32(key + 1, number);
	put32(key + 5, (uint32_t)(modseq >> 32));
	put32(key + 9, (uint32_t)modseq);
	put32(key + 13, uid);
}

void
key_names(unsigned char key[static KEY_FOLDER], uint32_t number)
{
	key[0] = 'K';
	put32(key + 1, number);
}

void
key_log(unsigned char key[static KEY_LOG], uint32_t number, uint64_t version)
{
	key[0] = 'J';
	put32(key + 1, number);
	put32(key + 5, (uint32_t)(version >> 32));
	put32(key + 9, (uint32_t)version);
}

void
key_cache(unsigned char key[static KEY_CACHE], uint32_t number, uint32_t kind,
    uint32_t uid)
{
	key[0] = 'C';
	put32(key + 1, number);
	key[KEY_FOLDER] = (unsigned char)kind;
	put32(key + KEY_KIND, uid);
}

uint32_t
key_cache_uid(const unsigned char key[static KEY_CACHE])
{
	return get32(key + KEY_KIND);
}

uint32_t
key_uid(const struct index_bytes *k)
{
	return k->n < KEY_MESSAGE ? 0 : get32((const unsigned char *)k->p + 5);
}

uint64_t
key_modseq(const unsigned char key[static KEY_TOMB])
{
	return (uint64_t)get32(key + 5) << 32 | get32(key + 9);
}

uint32_t
key_tomb_uid(const unsigned char key[static KEY_TOMB])
{
	return get32(key + 13);
}

bool
message_parse(const struct index_bytes *v, struct message_record *out)
{
	struct head head;
	const char *p;

	if (v->n < sizeof(head))
		return false;
	memcpy(&head, v->p, sizeof(head));
	if (v->n !=
	    sizeof(head) + head.nbase + head.ninfo + (uint64_t)head.nkeywords)
		return false;
	p = (const char *)v->p + sizeof(head);
	*out =
	    (struct message_record){.modseq = head.modseq, .flags = head.flags};
	out->in_new = head.in_new != 0;
	out->base = p;
	out->nbase = head.nbase;
	out->info = p + head.nbase;
	out->ninfo = head.ninfo;
	out->keywords = p + head.nbase + head.ninfo;
	out->nkeywords = head.nkeywords;
	return true;
}

size_t
message_print(const struct message_record *rec, unsigned char *out)
{
	struct head head = {.modseq = rec->modseq, .flags = rec->flags};
	unsigned char *p = out + sizeof(head);

	head.in_new = rec->in_new;
	head.nbase = (uint8_t)rec->nbase;
	head.ninfo = (uint8_t)(rec->ninfo > 255 ? 255 : rec->ninfo);
	head.nkeywords = (uint32_t)rec->nkeywords;
	memcpy(out, &head, sizeof(head));
	memcpy(p, rec->base, head.nbase);
	p += head.nbase;
	memcpy(p, rec->info, head.ninfo);
	p += head.ninfo;
	memcpy(p, rec->keywords, head.nkeywords);
	return sizeof(head) + head.nbase + head.ninfo + head.nkeywords;
}

static void
put32(unsigned char *p, uint32_t v)
{
	p[0] = (unsigned char)(v >> 24);
	p[1] = (unsigned char)(v >> 16);
	p[2] = (unsigned char)(v >> 8);
	p[3] = (unsigned char)v;
}

static uint32_t
get32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}
