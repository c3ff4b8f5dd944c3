/*
 * The records about folders and messages in the index, to and from bytes. They
 * never leave this host and boot: numbers as the machine has them, but big
 * end first in keys, so that they sort.
 */
#ifndef MAILDIR_HISTORY_RECORD_H
#define MAILDIR_HISTORY_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "maildir/index.h"
#include "maildir/util.h"

#define KEY_FOLDER  5  /* kind and number */
#define KEY_MESSAGE 9  /* and UID */
#define KEY_KIND    6  /* kind, number, kind of what is kept */
#define KEY_CACHE   10 /* and UID */
#define KEY_TOMB    17 /* kind, number, change number, UID */
#define KEY_LOG     13 /* kind, number, version */

#define RECORD_KEYWORDS 32768 /* bytes of a message's keywords */
#define RECORD_MAX      (RECORD_KEYWORDS + 1024)

struct mailbox;

#define FOLDER_DIRS 3 /* as enum mailbox_dir */

/*
 * What the directories and the UID file looked like when the records below
 * were what they say. As long as they look so, nothing need be read.
 */
struct folder_state {
	struct stamp known[FOLDER_DIRS];
	struct stamp list;    /* of the UID file, zeros: there is none */
	int64_t owed_since;   /* monotonic seconds */
	uint32_t next;        /* UID */
	uint32_t recent_from; /* UIDs from here on nobody has as \Recent */
	uint8_t settled;      /* bits by directory: known may be trusted */
	uint8_t owes;         /* bits: a scan for own changes */
	uint8_t complete;     /* the last scan saw all there is */
	uint8_t unread;       /* keywords could not be read */
	uint8_t pad[4];
};

/* Counts of messages; sum: of uid_sum of each. */
struct folder_counts {
	uint64_t sum;
	uint32_t messages, unseen, deleted, in_new;
	uint32_t first_unseen; /* sequence number, 0: none */
	uint32_t recent;       /* UIDs from the folder's recent_from on */
};

struct folder_record {
	uint32_t number, uidvalidity;
	uint64_t highest;   /* number of the last change */
	uint64_t floor;     /* tombstones above it are all there */
	uint64_t born;      /* highest when the folder came into the index */
	uint64_t version;   /* rises with each change, of file names too */
	uint64_t log_floor; /* log records of versions above it are there */
	uint64_t tombs;
	struct folder_counts counts;
	struct folder_state state;
};

struct message_record {
	uint64_t modseq;
	uint8_t flags;
	bool in_new;
	const char *base, *info, *keywords; /* not terminated */
	size_t nbase, ninfo, nkeywords;
};

/* The folder's record; _get only if it is for its UIDVALIDITY. */
bool folder_find(
    struct index_txn *, const struct mailbox *, struct folder_record *);
bool folder_get(
    struct index_txn *, const struct mailbox *, struct folder_record *);
void folder_put(
    struct index_txn *, const struct mailbox *, const struct folder_record *);
/*
 * Adds a message to the counts (sign 1), or takes it away (-1): _tally to those
 * of a record, with \Recent; _count to those of a picture.
 */
void folder_tally(
    struct folder_record *, uint32_t uid, uint8_t flags, bool in_new, int sign);
void folder_count(
    struct folder_counts *, uint32_t uid, uint8_t flags, bool in_new, int sign);
/* Nothing below that UID is \Recent any more; never goes back. */
void folder_claim(struct index_txn *, struct folder_record *, uint32_t uid);
/*
 * Notes in the log that version rec->version + 1 is about these UIDs; more than
 * HISTORY_LISTS: about any. Old notes go.
 */
void folder_log(
    struct index_txn *, struct folder_record *, const uint32_t *uids, size_t n);
/* A number that no folder has had. */
uint32_t folder_number(struct index_txn *);

void key_message(unsigned char[static KEY_MESSAGE], uint32_t, uint32_t uid);
void key_tomb(unsigned char[static KEY_TOMB], uint32_t number, uint64_t modseq,
    uint32_t uid);
void key_names(unsigned char[static KEY_FOLDER], uint32_t number);
void key_log(unsigned char[static KEY_LOG], uint32_t number, uint64_t version);
/* Of what is kept; and the UID of such a key. */
void key_cache(unsigned char[static KEY_CACHE], uint32_t number, uint32_t kind,
    uint32_t uid);
uint32_t key_cache_uid(const unsigned char[static KEY_CACHE]);
/* The UID of a message's key, the numbers of a tombstone's. */
uint32_t key_uid(const struct index_bytes *);
uint64_t key_modseq(const unsigned char[static KEY_TOMB]);
uint32_t key_tomb_uid(const unsigned char[static KEY_TOMB]);

bool message_parse(const struct index_bytes *, struct message_record *);
/* Into RECORD_MAX bytes; how many it took. */
size_t message_print(const struct message_record *, unsigned char *);

#endif
