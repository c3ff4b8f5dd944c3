/*
 * Questions to the history: has the folder moved on, what is a message's
 * number, what was expunged since (RFC 7162 3.2.5, 3.2.6).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "maildir/history.h"
#include "maildir/history_record.h"
#include "maildir/mailbox.h"

struct numbers {
	struct mailbox *mb;
	const uint32_t *uids;
	size_t n;
	uint64_t *out;
};

struct past {
	struct mailbox *mb;
	uint64_t since;
};

static int ask_level(struct index_txn *, void *);
static int get_numbers(struct index_txn *, void *);
static int get_past(struct index_txn *, void *);
static int by_uid(const void *, const void *);

bool
history_is_level(struct mailbox *mb)
{
	int saved = errno, r;

	r = index_hopeful(mb->md) ? index_read(mb->md, ask_level, mb) : 1;
	errno = saved;
	return r == 0;
}

static int
ask_level(struct index_txn *txn, void *arg)
{
	struct mailbox *mb = arg;
	struct folder_record folder;

	return folder_get(txn, mb, &folder) && folder.highest == mb->modseq &&
		       folder.version == mb->version
		   ? 0
		   : 1;
}

int
history_modseqs(
    struct mailbox *mb, const uint32_t *uids, size_t n, uint64_t *out)
{
	struct numbers ask = {mb, uids, n, out};

	memset(out, 0, n * sizeof(*out));
	return index_read(mb->md, get_numbers, &ask) == 0 ? 0 : -1;
}

static int
get_numbers(struct index_txn *txn, void *arg)
{
	struct numbers *ask = arg;
	unsigned char key[KEY_MESSAGE];
	struct folder_record folder;
	struct message_record rec;
	struct index_bytes v;
	size_t k;

	if (!folder_get(txn, ask->mb, &folder))
		return 1;
	for (k = 0; k < ask->n; k++) {
		key_message(key, folder.number, ask->uids[k]);
		if (index_get(txn, key, sizeof(key), &v) &&
		    message_parse(&v, &rec))
			ask->out[k] = rec.modseq;
	}
	return 0;
}

int
mailbox_vanished_since(
    struct mailbox *mb, uint64_t modseq, const uint32_t **uids, size_t *n)
{
	struct past ask = {mb, modseq};
	size_t i, kept = 0;

	*uids = NULL;
	*n = 0;
	mb->past.n = 0;
	if (mailbox_load(mb) == -1 || mb->modseq == 0 ||
	    index_read(mb->md, get_past, &ask) != 0)
		return 0;
	if (mb->past.n > 1)
		qsort(mb->past.v, mb->past.n, sizeof(*mb->past.v), by_uid);
	/* Twice, or back again: once, or not at all. */
	for (i = 0; i < mb->past.n; i++)
		if ((kept == 0 || mb->past.v[kept - 1] != mb->past.v[i]) &&
		    entry_by_uid(mb, mb->past.v[i]) == NOWHERE)
			mb->past.v[kept++] = mb->past.v[i];
	*uids = mb->past.v;
	*n = mb->past.n = kept;
	return 1;
}

static int
get_past(struct index_txn *txn, void *arg)
{
	struct past *ask = arg;
	struct folder_record folder;
	unsigned char key[KEY_TOMB];
	struct index_bytes k, v;
	bool more;

	if (!folder_get(txn, ask->mb, &folder) || ask->since < folder.floor)
		return 1;
	key_tomb(key, folder.number, ask->since + 1, 0);
	more = index_seek(txn, key, sizeof(key), KEY_FOLDER, &k, &v);
	for (; more; more = index_next(txn, &k, &v)) {
		if (k.n != sizeof(key))
			index_distrust(txn, "a tombstone has no sense");
		memcpy(key, k.p, sizeof(key));
		if (uids_add(&ask->mb->past, key_tomb_uid(key)) == -1)
			return -1;
	}
	return 0;
}

static int
by_uid(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}
