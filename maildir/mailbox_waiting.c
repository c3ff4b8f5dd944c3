/*
 * What waits in new/, for who has only had a glance at the folder. If it is
 * just what the index has there (we delivered it ourselves), it goes to cur/
 * and the folder need not be read; else everything is looked at.
 */
#include "maildir/mailbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maildir/history.h"

#define WAITING 64   /* files; more are looked at */
#define BEHIND  1024 /* UIDs below the next one that are asked for */

struct file {
	char name[FILENAME_MAX_LEN + 1];
	size_t base; /* bytes of it */
	uint32_t uid;
};

struct waiting {
	struct mailbox *mb;
	struct folder_record rec;
	struct file v[WAITING];
	size_t n;
	unsigned char value[RECORD_MAX];
};

static struct waiting *find(struct mailbox *);
static int see(void *, const char *, size_t);
static int find_inside(struct index_txn *, void *);
static bool name_one(struct waiting *, uint32_t, const struct message_record *);
static bool take(struct mailbox *);
static bool move_all(struct waiting *);
static int tell_inside(struct index_txn *, void *);

bool
mailbox_waiting_known(struct mailbox *mb)
{
	struct waiting *w = find(mb);

	free(w);
	return w != NULL;
}

/* NULL: something else waits there, or much. */
static struct waiting *
find(struct mailbox *mb)
{
	struct waiting *w;
	struct scan scan = {0};

	if (mb->tally.in_new > WAITING || (w = malloc(sizeof(*w))) == NULL)
		return NULL;
	w->mb = mb;
	w->n = 0;
	if (scan_read(mb->newfd, 0, &scan, see, w) == 0 &&
	    w->n == mb->tally.in_new &&
	    (w->n == 0 || index_read(mb->md, find_inside, w) == 0))
		return w;
	free(w);
	return NULL;
}

static int
see(void *arg, const char *name, size_t len)
{
	struct waiting *w = arg;
	struct file *f = &w->v[w->n];

	if (w->n == WAITING)
		return 1;
	if ((f->base = filename_base(name, len)) == 0)
		return 0;
	memcpy(f->name, name, len + 1);
	f->uid = 0;
	w->n++;
	return 0;
}

/* What came last has the highest UIDs. */
static int
find_inside(struct index_txn *txn, void *arg)
{
	struct waiting *w = arg;
	struct mailbox *mb = w->mb;
	unsigned char key[KEY_MESSAGE];
	struct message_record rec;
	struct index_bytes v;
	uint32_t uid, last;
	size_t found = 0;

	if (!folder_get(txn, mb, &w->rec) || w->rec.highest != mb->modseq ||
	    w->rec.version != mb->version)
		return 1;
	uid = w->rec.state.next;
	last = uid > BEHIND ? uid - BEHIND : 1;
	while (found < w->n && uid-- > last) {
		key_message(key, w->rec.number, uid);
		if (!index_get(txn, key, sizeof(key), &v) ||
		    !message_parse(&v, &rec) || !rec.in_new)
			continue;
		if (!name_one(w, uid, &rec))
			return 1;
		found++;
	}
	return found == w->n ? 0 : 1;
}

static bool
name_one(struct waiting *w, uint32_t uid, const struct message_record *rec)
{
	struct file *f;

	for (f = w->v; f < w->v + w->n; f++)
		if (f->uid == 0 && f->base == rec->nbase &&
		    memcmp(f->name, rec->base, rec->nbase) == 0 &&
		    strlen(f->name + f->base) == rec->ninfo &&
		    memcmp(f->name + f->base, rec->info, rec->ninfo) == 0) {
			f->uid = uid;
			return true;
		}
	return false;
}

bool
mailbox_waiting_take(struct mailbox *mb)
{
	struct lock lock;
	bool taken;

	if (mailbox_lock(mb, &lock, false) == -1)
		return false;
	taken = take(mb);
	lock_drop(&lock);
	return taken;
}

/* Under the lock what the index has and what is there is looked at again. */
static bool
take(struct mailbox *mb)
{
	struct stamp now[DIRS], list;
	struct waiting *w;
	bool done;

	if (mailbox_stamps(mb, now) == -1 ||
	    mailbox_list_stamp(mb, &list) == -1 || !history_glance(mb, &list) ||
	    (mailbox_stale(mb, now) & ~LOOK_NEW) != 0 || (w = find(mb)) == NULL)
		return false;
	done = w->n == 0 ||
	       (uids_reserve(&mb->recents, w->n) == 0 && move_all(w) &&
		   index_write(mb->md, tell_inside, w) == 0);
	if (done && w->n > 0) {
		mb->version = w->rec.version;
		mb->tally = w->rec.counts;
	}
	free(w);
	return done;
}

/* As number_move does with a picture. */
static bool
move_all(struct waiting *w)
{
	struct mailbox *mb = w->mb;
	char to[FILENAME_MAX_LEN + 8];
	struct file *f;
	size_t moved = 0;

	mailbox_own_begin(mb);
	for (f = w->v; f < w->v + w->n; f++) {
		(void)snprintf(to, sizeof(to), "%.*s%s", FILENAME_MAX_LEN,
		    f->name, f->name[f->base] == '\0' ? ":2," : "");
		if (rename_only(mb->newfd, f->name, mb->curfd, to) == -1)
			break;
		(void)uids_add(&mb->recents, f->uid);
		moved++;
	}
	mailbox_own_end(mb);
	/* A delivery may have come between: new/ is looked at once more. */
	mb->settled[DIR_NEW] = false;
	return moved == w->n;
}

static int
tell_inside(struct index_txn *txn, void *arg)
{
	struct waiting *w = arg;
	struct folder_record now;
	struct message_record rec;
	unsigned char key[KEY_MESSAGE];
	struct index_bytes v;
	uint32_t uids[WAITING];
	size_t i;

	if (!folder_get(txn, w->mb, &now) ||
	    memcmp(&now, &w->rec, sizeof(now)) != 0)
		return 1;
	for (i = 0; i < w->n; i++) {
		uids[i] = w->v[i].uid;
		key_message(key, now.number, uids[i]);
		if (!index_get(txn, key, sizeof(key), &v) ||
		    !message_parse(&v, &rec))
			return 1;
		rec.in_new = false;
		if (rec.ninfo == 0) {
			rec.info = ":2,";
			rec.ninfo = strlen(rec.info);
		}
		index_put(txn, key, sizeof(key), w->value,
		    message_print(&rec, w->value));
		now.counts.in_new--;
	}
	folder_log(txn, &now, uids, w->n);
	mailbox_state_give(w->mb, &now.state);
	folder_put(txn, w->mb, &now);
	w->rec = now;
	return 0;
}
