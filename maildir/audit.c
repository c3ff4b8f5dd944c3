/*
 * The index beside what is on disk. A picture of the folder is made as if there
 * were no index and nothing could be written, then its records are compared
 * under the folder's lock, if nothing has moved since. What strangers do later
 * than the server's last look is told as well, with a word that it will be
 * found.
 */
#include "maildir/audit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "maildir/history.h"
#include "maildir/index.h"
#include "maildir/mailbox.h"

#define TRIES 6
#define NAP   25000000 /* ns, so that stamps grow old */

struct finding {
	uint32_t uid;
	enum audit_kind kind;
};

struct work {
	struct maildir *md;
	const struct audit_report *report;
	const char *folder;
	struct mailbox *mb;
	struct folder_record rec;
	struct folder_counts all; /* of the records */
	bool known, pending;
	struct finding *v;
	size_t n, room;
	const char **strays; /* sorted */
	bool sorted;
	int result;
};

static int check_all(struct maildir *, const struct audit_report *);
static int check_folder(struct work *);
static int compare(struct work *);
static int look(struct work *);
static bool is_stable(const struct work *);
static int compare_inside(struct index_txn *, void *);
static int compare_folder(struct work *);
static int compare_record(struct work *, uint32_t, const struct index_bytes *);
static enum audit_kind why_not_there(
    struct work *, const struct message_record *);
static int sort_strays(struct work *);
static int by_text(const void *, const void *);
static int add(struct work *, enum audit_kind, uint32_t);
static void tell(struct work *, enum audit_kind, uint32_t, int);
static int read_all(struct index_txn *, void *);
static int visit(struct maildir *, bool);

int
maildir_index_check(struct maildir *md, const struct audit_report *report)
{
	int r;

	index_inspect(md, true);
	r = check_all(md, report);
	index_inspect(md, false);
	return r;
}

static int
check_all(struct maildir *md, const struct audit_report *report)
{
	struct work w = {.md = md, .report = report};
	struct audit a = {.kind = AUDIT_BROKEN};
	ssize_t n, i;
	char **names;

	switch (index_is_there(md, &a.text)) {
	case INDEX_NONE:
		return 0;
	case INDEX_OLD:
		a.kind = AUDIT_OLD;
		report->tell(report->arg, &a);
		return 0;
	case INDEX_BROKEN:
		report->tell(report->arg, &a);
		return 1;
	case INDEX_USED:
		break;
	}
	if (index_read(md, read_all, NULL) == -1) {
		a.text = index_why(md);
		report->tell(report->arg, &a);
		return 1;
	}
	if ((names = folder_names(md, &n)) == NULL)
		return -1;
	for (i = 0; i < n && w.result != -1; i++) {
		w.folder = names[i];
		if (check_folder(&w) == -1)
			w.result = -1;
	}
	folder_names_free(names, n);
	return w.result;
}

/* Every value's sum. */
static int
read_all(struct index_txn *txn, void *arg)
{
	struct index_bytes k, v;
	bool more;

	(void)arg;
	more = index_seek(txn, "", 1, 0, &k, &v);
	while (more)
		more = index_next(txn, &k, &v);
	return 0;
}

/* 0; -1: no memory. */
static int
check_folder(struct work *w)
{
	size_t i;
	int r = -1, tries;

	w->mb = mailbox_new(w->md, w->folder, true);
	if (w->mb != NULL) {
		w->mb->inspect = true;
		errno = EBUSY;
		for (tries = 0; r != 0 && tries < TRIES; tries++)
			if ((r = compare(w)) == -1)
				break;
	}
	if (r != 0 && errno != ENOMEM && errno != ENOENT)
		tell(w, AUDIT_FAILED, 0, errno);
	if (r == 0 && w->pending && w->n > 0)
		tell(w, AUDIT_PENDING, 0, 0);
	for (i = 0; r == 0 && i < w->n; i++)
		tell(w, w->v[i].kind, w->v[i].uid, 0);
	if (r == 1)
		r = 0;
	if (w->mb == NULL && errno != ENOMEM)
		r = 0;
	mailbox_close(w->mb);
	free(w->v);
	free(w->strays);
	w->v = NULL;
	w->strays = NULL;
	w->n = w->room = 0;
	return r == -1 && errno == ENOMEM ? -1 : 0;
}

/* 0; 1: something moved meanwhile; -1. */
static int
compare(struct work *w)
{
	const struct timespec nap = {0, NAP};
	struct lock lock;
	int r;

	w->n = 0;
	free(w->strays);
	w->strays = NULL;
	if (look(w) == -1 || mailbox_lock(w->mb, &lock, false) == -1)
		return -1;
	if (!is_stable(w)) {
		lock_drop(&lock);
		(void)nanosleep(&nap, NULL);
		return 1;
	}
	r = index_read(w->md, compare_inside, w);
	if (r == 0 && !is_stable(w))
		r = 1;
	lock_drop(&lock);
	return r;
}

static int
look(struct work *w)
{
	struct index *ix = w->md->index;
	int r;

	w->md->index = NULL;
	r = mailbox_look(w->mb, LOOK_ALL);
	w->md->index = ix;
	return r;
}

static bool
is_stable(const struct work *w)
{
	struct stamp now[DIRS], list;

	return mailbox_stamps(w->mb, now) == 0 &&
	       mailbox_list_stamp(w->mb, &list) == 0 &&
	       mailbox_stale(w->mb, now) == 0 &&
	       stamp_equal(&list, &w->mb->list_known);
}

static int
compare_inside(struct index_txn *txn, void *arg)
{
	struct work *w = arg;
	struct mailbox *mb = w->mb;
	unsigned char key[KEY_MESSAGE];
	struct index_bytes k, v;
	uint32_t uid, last = 0;
	size_t i = 0;
	bool more;

	w->n = 0;
	memset(&w->all, 0, sizeof(w->all));
	if (!folder_find(txn, mb, &w->rec))
		return 0;
	if (compare_folder(w) != 0)
		return w->n > 0 ? 0 : -1;
	key_message(key, w->rec.number, 0);
	more = index_seek(txn, key, sizeof(key), KEY_FOLDER, &k, &v);
	for (; more; more = index_next(txn, &k, &v)) {
		uid = key_uid(&k);
		for (; i < mb->n && mb->messages[i].uid < uid; i++)
			if (add(w, AUDIT_NO_RECORD, mb->messages[i].uid) == -1)
				return -1;
		if (compare_record(w, uid, &v) == -1)
			return -1;
		if (i < mb->n && mb->messages[i].uid == uid)
			i++;
		last = uid;
	}
	for (; i < mb->n && mb->messages[i].uid > last; i++)
		if (add(w, AUDIT_NO_RECORD, mb->messages[i].uid) == -1)
			return -1;
	if (w->all.messages != w->rec.counts.messages ||
	    w->all.unseen != w->rec.counts.unseen ||
	    w->all.deleted != w->rec.counts.deleted ||
	    w->all.in_new != w->rec.counts.in_new ||
	    w->all.recent != w->rec.counts.recent ||
	    w->all.sum != w->rec.counts.sum)
		return add(w, AUDIT_COUNTS, 0);
	return 0;
}

/* 0; else there is no more to compare, or no memory. */
static int
compare_folder(struct work *w)
{
	const struct mailbox *mb = w->mb;
	const struct folder_state *s = &w->rec.state;
	int i;

	w->pending = !stamp_equal(&s->list, &mb->list_known);
	for (i = 0; i < DIRS; i++)
		w->pending |= !stamp_equal(&s->known[i], &mb->known[i]);
	if (mb->uidvalidity != 0 && mb->uidvalidity != w->rec.uidvalidity) {
		(void)add(w, AUDIT_UIDVALIDITY, 0);
		return 1;
	}
	if (mb->uidvalidity != 0 && s->next > mb->list.next &&
	    s->next > mb->list.max + 1)
		return add(w, AUDIT_NEXT, 0);
	return 0;
}

static int
compare_record(struct work *w, uint32_t uid, const struct index_bytes *v)
{
	struct mailbox *mb = w->mb;
	struct message_record rec;
	enum audit_kind kind;
	const char *info;
	size_t i;
	char *text;
	bool same;

	if (!message_parse(v, &rec))
		return add(w, AUDIT_OTHER_FILE, uid);
	folder_count(&w->all, uid, rec.flags, rec.in_new, 1);
	w->all.recent += uid >= w->rec.state.recent_from;
	if ((i = entry_by_uid(mb, uid)) == NOWHERE) {
		if ((kind = why_not_there(w, &rec)) == AUDIT_FAILED)
			return -1;
		return add(w, kind, uid);
	}
	if (mb->entries[i].len != rec.nbase ||
	    memcmp(entry_base(mb, i), rec.base, rec.nbase) != 0)
		return add(w, AUDIT_OTHER_FILE, uid);
	if ((text = history_keywords(&mb->kw, mb->messages[i].kwset)) == NULL)
		return -1;
	same = strlen(text) == rec.nkeywords &&
	       strncasecmp(text, rec.keywords, rec.nkeywords) == 0;
	free(text);
	if (!same && add(w, AUDIT_KEYWORDS, uid) == -1)
		return -1;
	if (mb->messages[i].flags != rec.flags)
		return add(w, AUDIT_FLAGS, uid);
	info = entry_info(mb, i);
	if (strlen(info) != rec.ninfo || memcmp(info, rec.info, rec.ninfo) ||
	    ((mb->entries[i].bits & ENTRY_NEW) != 0) != rec.in_new)
		return add(w, AUDIT_NAME, uid);
	return 0;
}

/* AUDIT_FAILED: no memory. */
static enum audit_kind
why_not_there(struct work *w, const struct message_record *rec)
{
	char base[FILENAME_MAX_LEN + 1];
	const char *p = base;

	if (entry_find(w->mb, rec->base, rec->nbase) != NOWHERE)
		return AUDIT_OTHER_UID;
	if (rec->nbase >= sizeof(base))
		return AUDIT_NO_FILE;
	if (w->strays == NULL && sort_strays(w) == -1)
		return AUDIT_FAILED;
	memcpy(base, rec->base, rec->nbase);
	base[rec->nbase] = '\0';
	return bsearch(&p, w->strays, w->mb->strays.n, sizeof(*w->strays),
		   by_text) == NULL
		   ? AUDIT_NO_FILE
		   : AUDIT_NO_LINE;
}

static int
sort_strays(struct work *w)
{
	const struct strays *s = &w->mb->strays;
	size_t i;

	w->strays = calloc(s->n + 1, sizeof(*w->strays));
	if (w->strays == NULL)
		return -1;
	for (i = 0; i < s->n; i++)
		w->strays[i] = s->names.p + s->v[i].name;
	if (s->n > 1)
		qsort(w->strays, s->n, sizeof(*w->strays), by_text);
	return 0;
}

/* Of two file names the base names. */
static int
by_text(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	size_t nx = filename_base(x, strlen(x)),
	       ny = filename_base(y, strlen(y));
	int r = memcmp(x, y, nx < ny ? nx : ny);

	return r != 0 ? r : (nx > ny) - (nx < ny);
}

static int
add(struct work *w, enum audit_kind kind, uint32_t uid)
{
	size_t room = w->room == 0 ? 64 : w->room * 2;
	void *v;

	if (w->n == w->room) {
		if ((v = reallocarray(w->v, room, sizeof(*w->v))) == NULL)
			return -1;
		w->v = v;
		w->room = room;
	}
	w->v[w->n].uid = uid;
	w->v[w->n++].kind = kind;
	return 0;
}

static void
tell(struct work *w, enum audit_kind kind, uint32_t uid, int error)
{
	const struct audit a = {
	    .kind = kind, .folder = w->folder, .uid = uid, .error = error};

	w->report->tell(w->report->arg, &a);
	if (kind != AUDIT_PENDING)
		w->result = 1;
}

int
maildir_index_drop(struct maildir *md)
{
	enum index_state state;
	const char *why;

	index_inspect(md, true);
	state = index_is_there(md, &why);
	index_inspect(md, false);
	/* A UID that only the index knows must not be given again. */
	if (state == INDEX_USED && visit(md, true) == -1)
		return -1;
	return index_drop(md);
}

int
maildir_index_rebuild(struct maildir *md, const struct audit_report *report)
{
	if (maildir_index_check(md, report) == -1 ||
	    maildir_index_drop(md) == -1 || visit(md, false) == -1)
		return -1;
	return maildir_index_check(md, report);
}

/*
 * A whole look at each folder: the index and the UID files are brought to what
 * is there. What gets a UID leaves new/. without: an index need not come of it.
 * 0; -1.
 */
static int
visit(struct maildir *md, bool without)
{
	struct mailbox *mb;
	char **names;
	ssize_t n, i;
	int r = 0;

	if ((names = folder_names(md, &n)) == NULL)
		return -1;
	for (i = 0; i < n && r == 0; i++) {
		if ((mb = mailbox_new(md, names[i], true)) == NULL) {
			r = errno == ENOENT ? 0 : -1;
			continue;
		}
		mb->mends = true;
		r = mailbox_look(mb, LOOK_ALL);
		if (r == 0 && mb->modseq == 0 && !without) {
			errno = EIO;
			r = -1;
		}
		mailbox_close(mb);
	}
	folder_names_free(names, n);
	return r;
}
