/*
 * The state of a parked client as bytes: printed by the session that parks it,
 * kept by the worker, parsed by whichever session takes it back. On its way it
 * is input like any other: versioned, bounded, every number checked.
 */
#ifndef IMAP_PARK_RECORD_H
#define IMAP_PARK_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/ipc.h"
#include "shm/limits.h"
#include "worker/imap/arena.h"
#include "worker/imap/buf.h"
#include "worker/imap/seqset.h"

#define PARK_VERSION      IPC_RECORD_VERSION
#define PARK_FOLDER_MAX   1024 /* bytes of a folder's name, terminated */
#define PARK_KEYWORDS_MAX 4096
#define PARK_KEYWORD_MAX  256 /* bytes of one, terminated */
#define PARK_NOTIFY_MAX   NOTIFY_STATE_MAX

struct park_list { /* rising, disjoint ranges of UIDs, 1 and above */
	const struct seqset_range *r;
	size_t n;
};

struct park_record {
	bool utf8, rev2, condstore, qresync; /* ENABLEd, RFC 5161 */
	const uint8_t *notify; /* what NOTIFY asked for and told, RFC 5465 */
	size_t nnotify;
	bool selected; /* all below is of the selected folder */
	bool readonly;
	bool numbers;         /* HIGHESTMODSEQ was told */
	const char *folder;   /* its name, "" is INBOX */
	uint64_t dev, ino;    /* its identity */
	uint32_t uidvalidity; /* not 0 */
	uint32_t n;           /* messages told */
	uint32_t told_max;    /* highest UID told */
	uint64_t sum;         /* of park_hash of each UID told */
	uint64_t
	    known;     /* change number up to which the view knows all; not 0 */
	uint64_t safe; /* and up to which all was told, RFC 7162 */
	struct park_list gone;       /* known to be expunged, not told yet */
	struct park_list changed;    /* flags likewise */
	struct park_list recent;     /* \Recent is this client's */
	struct park_list saved;      /* "$", RFC 5182 */
	struct park_list copied;     /* trash.h */
	const char *const *keywords; /* names told */
	size_t nkeywords;
};

/* What a UID adds to the sum: the same in all versions of this program. */
uint64_t park_hash(uint32_t uid);
/* Rising UIDs as ranges in the arena. 0; -1: no memory. */
int park_ranges(
    struct arena *, const uint32_t *uids, size_t n, struct park_list *out);
/* Appends the bytes; the buffer's bound is the record's. */
void park_print(struct buf *, const struct park_record *);
/*
 * Takes them apart. 0: *out, in the arena, holds what park_print prints as
 * these very bytes. -1: not a record of this version.
 */
int park_parse(
    struct arena *, const uint8_t *p, size_t n, struct park_record *out);

#endif
