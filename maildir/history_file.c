/*
 * A folder that is filed into is not looked at. What is in the index stays true
 * if it was true just before, and the messages are added: then the directories'
 * stamps are ours, but for those of new/, where only others deliver. As with
 * other own changes a scan is owed.
 */
#include "maildir/history_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "maildir/history.h"
#include "maildir/mailbox.h"
#include "maildir/modseq.h"
#include "maildir/target.h"

#define TRIES 3

struct filing {
	struct mailbox box; /* only what identifies the folder, and its looks */
	struct folder_record before, rec;
	const struct keywords *kw;
	const struct history_new *v;
	size_t n;
	char **texts; /* keywords of each */
	unsigned char value[RECORD_MAX];
};

static void box_of(struct mailbox *, const struct target *);
static bool is_true(struct mailbox *, const struct folder_record *);
static int find(struct index_txn *, void *);
static int find_any(struct index_txn *, void *);
static int write_all(struct index_txn *, void *);
static void put_one(struct filing *, struct index_txn *, size_t, uint64_t);
static void put_names(struct filing *, struct index_txn *);
static size_t add_names(char *, size_t, size_t, const char *);
static bool has_name(const char *, size_t, const char *, size_t);

void
history_file_begin(struct history_file *h, struct target *t)
{
	struct filing *f = calloc(1, sizeof(*f));
	int saved = errno;

	memset(h, 0, sizeof(*h));
	if (f == NULL)
		return;
	box_of(&f->box, t);
	if (index_hopeful(t->md) && index_read(t->md, find, f) == 0) {
		h->rec = f->rec;
		h->known = is_true(&f->box, &f->rec);
		/* An older list was put there: no UID is given twice. */
		if (t->list.next < f->rec.state.next)
			t->list.next = f->rec.state.next;
	}
	free(f);
	errno = saved;
}

bool
history_file_knows(const struct target *t)
{
	struct filing *f = calloc(1, sizeof(*f));
	bool known;

	if (f == NULL)
		return false;
	box_of(&f->box, t);
	known = index_hopeful(t->md) && index_read(t->md, find_any, f) == 0;
	free(f);
	return known;
}

static int
find_any(struct index_txn *txn, void *arg)
{
	struct filing *f = arg;

	return folder_find(txn, &f->box, &f->rec) ? 0 : 1;
}

static void
box_of(struct mailbox *mb, const struct target *t)
{
	struct stat st;

	mb->md = t->md;
	mb->dirfd = t->dirfd;
	mb->newfd = t->newfd;
	mb->curfd = t->curfd;
	mb->uidvalidity = t->list.uidvalidity;
	if (fstat(t->dirfd, &st) == -1)
		return;
	mb->dev = st.st_dev;
	mb->ino = st.st_ino;
}

static int
find(struct index_txn *txn, void *arg)
{
	struct filing *f = arg;

	return folder_get(txn, &f->box, &f->rec) ? 0 : 1;
}

static bool
is_true(struct mailbox *mb, const struct folder_record *rec)
{
	struct stamp now[DIRS], list;
	int i;

	if (mailbox_stamps(mb, now) == -1 ||
	    mailbox_list_stamp(mb, &list) == -1 ||
	    !stamp_equal(&list, &rec->state.list))
		return false;
	for (i = 0; i < DIRS; i++)
		if (!stamp_equal(&now[i], &rec->state.known[i]))
			return false;
	return true;
}

void
history_file_end(struct history_file *h, const struct target *t,
    const struct history_new *v, size_t n)
{
	struct filing *f;
	int r = MODSEQ_RAISE, tries, saved = errno;
	size_t i;

	if (!h->known || n == 0 || (f = calloc(1, sizeof(*f))) == NULL)
		return;
	box_of(&f->box, t);
	f->before = h->rec;
	f->kw = &t->kw;
	f->v = v;
	f->n = n;
	mailbox_state_take(&f->box, &h->rec.state);
	memset(f->box.clean, 1, sizeof(f->box.clean));
	f->box.clean[DIR_NEW] = false;
	mailbox_own_end(&f->box);
	f->box.next = t->list.next;
	f->box.list_known = t->list.stamp;
	f->texts = calloc(n, sizeof(*f->texts));
	for (i = 0; f->texts != NULL && i < n; i++)
		if ((f->texts[i] = history_keywords(f->kw, v[i].set)) == NULL)
			break;
	for (tries = 0; i == n && r == MODSEQ_RAISE && tries < TRIES; tries++)
		if ((r = index_write(t->md, write_all, f)) == MODSEQ_RAISE &&
		    modseq_raise(t->md) == -1)
			break;
	for (i = 0; f->texts != NULL && i < n; i++)
		free(f->texts[i]);
	free(f->texts);
	free(f);
	errno = saved;
}

static int
write_all(struct index_txn *txn, void *arg)
{
	struct filing *f = arg;
	struct folder_counts *c;
	uint32_t uids[HISTORY_LISTS];
	uint64_t modseq;
	size_t i;
	int r;

	if (!folder_get(txn, &f->box, &f->rec) ||
	    memcmp(&f->rec, &f->before, sizeof(f->rec)) != 0)
		return 1; /* another index: the next look tells it */
	if ((r = modseq_take(txn, &modseq)) != 0)
		return r;
	c = &f->rec.counts;
	for (i = 0; i < f->n; i++) {
		put_one(f, txn, i, modseq);
		if (i < HISTORY_LISTS)
			uids[i] = f->v[i].uid;
		if (c->unseen == 0 && (f->v[i].flags & MESSAGE_SEEN) == 0)
			c->first_unseen = c->messages + 1;
		folder_tally(&f->rec, f->v[i].uid, f->v[i].flags, false, 1);
	}
	put_names(f, txn);
	folder_log(txn, &f->rec, uids, f->n);
	f->rec.highest = modseq;
	mailbox_state_give(&f->box, &f->rec.state);
	folder_put(txn, &f->box, &f->rec);
	return 0;
}

static void
put_one(struct filing *f, struct index_txn *txn, size_t i, uint64_t modseq)
{
	const struct history_new *m = &f->v[i];
	struct message_record rec = {.modseq = modseq};
	unsigned char key[KEY_MESSAGE];

	rec.flags = m->flags;
	rec.base = m->file;
	rec.nbase = m->nbase;
	rec.info = m->file + m->nbase;
	rec.ninfo = strlen(rec.info);
	rec.keywords = f->texts[i];
	rec.nkeywords = strlen(rec.keywords);
	key_message(key, f->rec.number, m->uid);
	index_put(
	    txn, key, sizeof(key), f->value, message_print(&rec, f->value));
}

/* Names that the folder's messages did not have so far. */
static void
put_names(struct filing *f, struct index_txn *txn)
{
	unsigned char key[KEY_FOLDER];
	struct index_bytes v;
	char *text = (char *)f->value;
	size_t i, had = 0, n;

	key_names(key, f->rec.number);
	if (index_get(txn, key, sizeof(key), &v) && v.n <= sizeof(f->value)) {
		memcpy(text, v.p, v.n);
		had = v.n;
	}
	for (i = 0, n = had; i < f->n; i++)
		n = add_names(text, n, sizeof(f->value), f->texts[i]);
	if (n > had)
		index_put(txn, key, sizeof(key), text, n);
}

static size_t
add_names(char *text, size_t n, size_t room, const char *p)
{
	const char *blank;
	size_t len;

	for (; (blank = strchr(p, ' ')) != NULL; p = blank + 1) {
		len = (size_t)(blank - p);
		if (n + len + 1 > room || has_name(text, n, p, len))
			continue;
		memcpy(text + n, p, len);
		text[n + len] = '\0';
		n += len + 1;
	}
	return n;
}

static bool
has_name(const char *text, size_t n, const char *p, size_t len)
{
	size_t at;

	for (at = 0; at < n; at += strlen(text + at) + 1)
		if (strlen(text + at) == len &&
		    strncasecmp(text + at, p, len) == 0)
			return true;
	return false;
}
