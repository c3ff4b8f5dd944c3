/*
 * One open folder, as the files of this room know it: arrays of messages and
 * entries side by side, by rising UID, and a table from base name to index.
 * Behind the n messages of the view stand candidates: lines of the UID list
 * whose file was not seen yet.
 */
#ifndef MAILDIR_MAILBOX_H
#define MAILDIR_MAILBOX_H

#include "maildir/filename.h"
#include "maildir/history_record.h"
#include "maildir/keywords.h"
#include "maildir/lock.h"
#include "maildir/private.h"
#include "maildir/scan.h"
#include "maildir/uidlist.h"
#include "maildir/util.h"

#define ENTRY_NEW      1u   /* the file is in new/ */
#define ENTRY_SEEN     2u   /* by the scan under way */
#define ENTRY_SEEN_NEW 4u   /* in new/ */
#define ENTRY_CHANGED  8u   /* flags or keywords, by others, not yet told */
#define ENTRY_ADDED    16u  /* not yet told */
#define ENTRY_MISSING  32u  /* no file of that base name at the last look */
#define ENTRY_DURABLE  64u  /* the file's bytes are known to be on disk */
#define ENTRY_DEAD     128u /* goes at the next entry_compact */
#define ENTRY_MARK     256u /* of the operation under way */
#define ENTRY_DIRTY    512u /* not compared with the index since it moved */

#define NOWHERE SIZE_MAX /* no such index */

enum mailbox_dir {
	DIR_NEW,
	DIR_CUR,
	DIR_KEYWORDS
};
#define DIRS 3

struct entry {
	uint64_t size;  /* with CRLF line ends, + 1; 0: not known */
	uint32_t name;  /* base name, in names */
	uint32_t info;  /* the rest, in infos */
	uint32_t found; /* the rest as the scan under way saw it */
	uint32_t hash;
	uint16_t bits;
	uint8_t len; /* of the base name */
};

struct pool { /* bytes that are named by their offset */
	char *p;
	size_t n, room;
};

struct uids {
	uint32_t *v;
	size_t n, room;
};

struct stray { /* a file without a UID */
	uint64_t number;
	uint32_t name; /* in strays.names */
	uint16_t len;
	bool in_new;
};

struct twin {          /* a second file of the same base name */
	uint32_t name; /* in strays.names */
	size_t of;     /* index */
	bool in_new;
};

struct claim { /* messages that are \Recent here: UIDs lo to hi */
	uint32_t lo, hi, n;
};

struct strays {
	struct pool names;
	struct stray *v;
	size_t n, room;
	struct twin *twins;
	size_t ntwins, twins_room;
};

struct mailbox {
	struct maildir *md;
	int dirfd, newfd, curfd, kwfd; /* kwfd -1: no keywords yet */
	uint64_t dev, ino;
	uint32_t uidvalidity, next, max_uid; /* max: highest ever shown */
	bool readonly;
	bool loaded;  /* there is a picture; else only a glance was had */
	bool counts;  /* for the quota: it is not the trash */
	bool inspect; /* nothing is written, whatever is found */
	bool mends;   /* what the UID list lacks is written, read-only or not */
	bool told_unwritable;
	bool news;     /* something may be there to be told */
	bool complete; /* the last look saw all there is and numbered it */
	bool keywords_unread; /* the last try to read them failed */

	struct message *messages;
	struct entry *entries;
	size_t n, candidates, room;
	uint32_t *table; /* index + 1 by base name; 0: empty */
	size_t table_size;
	bool table_filled; /* when somebody looks for a name first: many never
			      do */
	uint64_t seed;
	struct pool names, infos;
	size_t garbage;       /* bytes of names that nobody has */
	uint32_t *info_table; /* offset + 1 by text */
	size_t info_table_size, ninfos;

	struct uidlist list;
	struct keywords kw;
	size_t told_names; /* of kw, at the last sync */
	struct strays strays;
	size_t dents; /* bytes of directory entries at the last scan */

	struct stamp known[DIRS]; /* as of the last look */
	bool settled[DIRS];       /* known may be trusted */
	struct stamp list_known;  /* of the UID file; zeros: there is none */
	unsigned owes;            /* LOOK_*: a scan for own changes */
	bool clean[DIRS];         /* known was true before the own change */
	int64_t owed_since;       /* monotonic seconds */
	bool has_new; /* messages may be in new/ that nobody has moved */
	bool dead;    /* some entries are */

	struct uids vanished, changed, added;

	uint32_t recent_from; /* see folder_state */
	struct claim claimed; /* when there was no picture yet */

	size_t dirty, dirty_end; /* all with ENTRY_DIRTY are in between */
	struct uids buried;      /* UIDs that left since the index was told */
	uint64_t modseq; /* the index and this picture agree up to here; or 0 */
	uint64_t version;           /* of the index, likewise */
	struct folder_counts tally; /* as of then */
	uint64_t handed;            /* and the caller knows of all of it */
	struct cache *cache;        /* cache.c's; NULL: not needed yet */
	struct uids past;           /* lent by mailbox_vanished_since */
};

/* A folder opened and not looked at yet; see mailbox_open. */
struct mailbox *mailbox_new(struct maildir *, const char *, bool readonly);

/* ---- mailbox_entry.c: the arrays ---- */

/* Room for n more. 0 or -1. */
int entry_reserve(struct mailbox *, size_t n);
/* Adds one at the end, its file not yet seen. Its index, or NOWHERE: ENOMEM. */
size_t entry_add(struct mailbox *, uint32_t uid, const char *base, size_t len);
/* By base name, candidates included; by UID, view only. NOWHERE: none. */
size_t entry_find(struct mailbox *, const char *base, size_t len);
size_t entry_by_uid(const struct mailbox *, uint32_t uid);
const char *entry_base(const struct mailbox *, size_t);
const char *entry_info(const struct mailbox *, size_t);
/* The number of an info's text, UINT32_MAX: ENOMEM. */
uint32_t entry_intern(struct mailbox *, const char *info);
/*
 * Its file: the name to out, the directory's descriptor returned.
 */
int entry_file(
    const struct mailbox *, size_t, char out[static FILENAME_MAX_LEN + 1]);
/* The file has another info now, in cur/ or new/. */
void entry_renamed(struct mailbox *, size_t, uint32_t info, bool in_new);
/* It has another state than the index may know. */
void entry_dirty(struct mailbox *, size_t);
/* Drops the dead; indices change. */
void entry_compact(struct mailbox *);
void entry_free(struct mailbox *);
/* No picture any more. */
void entry_reset(struct mailbox *);
/* Copies n bytes and a NUL. The offset, UINT32_MAX: ENOMEM. */
uint32_t pool_add(struct pool *, const char *, size_t n);
/* Room for so many more, so that adding them cannot fail. 0; -1: ENOMEM. */
int uids_reserve(struct uids *, size_t more);
int uids_add(struct uids *, uint32_t);

/* ---- mailbox_look.c, mailbox_number.c: bringing it up to date ---- */

#define LOOK_NEW      (1u << DIR_NEW)
#define LOOK_CUR      (1u << DIR_CUR)
#define LOOK_KEYWORDS (1u << DIR_KEYWORDS)
#define LOOK_ALL      (LOOK_NEW | LOOK_CUR | LOOK_KEYWORDS)

#define LOOK_AGAIN 1

struct look { /* one attempt, under the lock */
	struct mailbox *mb;
	struct lock lock;
	struct scan scans[2]; /* of new and cur */
	unsigned want;
	bool dot;        /* take Courier's lock from the start */
	bool last;       /* the last try: what is not proved waits */
	bool proof;      /* what was not seen is not there */
	bool unsure;     /* something was neither seen nor proved gone */
	bool joined;     /* lines of the list became messages */
	bool unnumbered; /* some files could not get a UID */
	bool blind;      /* a line's file may only have been missed */
	bool whole;      /* the UID list was read again, all of it, */
	bool relist;     /* and lacks messages that are there */
	size_t nnew;     /* files seen in new/ */
	size_t dead;     /* lines of the list without a file */
};

/*
 * Makes a picture or brings it up to date: from the index, and from those
 * directories that moved since or are named in force. 0 or -1.
 */
int mailbox_look(struct mailbox *, unsigned force);
/* Only brings names and flags up to date, without the lock. 0 or -1. */
int mailbox_find_again(struct mailbox *);
/* Stamps of the three directories as of now. ESTALE: the folder is gone. */
int mailbox_stamps(const struct mailbox *, struct stamp[static DIRS]);
/* The directories that must be looked at, by their stamps; all if a debt is
 * due. */
unsigned mailbox_stale(const struct mailbox *, const struct stamp[static DIRS]);
/* Do stamps say that the glance at the folder is still true? */
bool mailbox_is_quiet(struct mailbox *, const struct stamp now[static DIRS]);
/* The stamp of the UID file as of now, zeros if there is none. 0 or -1. */
int mailbox_list_stamp(const struct mailbox *, struct stamp *);
/* What the index keeps of the looks at the folder. */
void mailbox_state_give(const struct mailbox *, struct folder_state *);
void mailbox_state_take(struct mailbox *, const struct folder_state *);
/* Around own changes: what moves the stamps meanwhile is ours. */
void mailbox_own_begin(struct mailbox *);
void mailbox_own_end(struct mailbox *);
/* The folder's lock, Courier's too if dot and asked for. 0 or -1. */
int mailbox_lock(struct mailbox *, struct lock *, bool dot);
/* Tells of a control file that was set aside. */
void mailbox_tell_aside(struct maildir *, char *aside);

int strays_add(struct mailbox *, const char *, size_t len, bool in_new);
/* Two files of one base name: one is the message, the other a stray. 0, -1. */
int number_twins(struct look *);
/* UIDs for strays, from new/ to cur/. 0, LOOK_AGAIN or -1. */
int number_strays(struct look *);
void number_move(struct mailbox *);
/* Rewrites a list most of which is dead lines, if that can be done. */
void number_tidy(struct look *);
/* renameat that never replaces anything (EEXIST). */
int rename_only(int fromfd, const char *, int tofd, const char *);

/* ---- mailbox_recent.c ---- */

/*
 * Under the lock, the picture brought up to date: who may write has as \Recent
 * what nobody had (the index is told by the look's end), others see it only.
 */
void recent_claim(struct mailbox *);
/* Is there anything to be claimed? */
bool recent_waits(const struct mailbox *);
/*
 * The same with a glance only: the lock is taken, the glance becomes one of
 * now. false: it cannot be told so; all must be looked at.
 */
bool recent_claim_unread(struct mailbox *);
/* What was claimed before there was a picture is \Recent in it. */
void recent_take(struct mailbox *);
/* Another program gave that UID, or a session without an index. */
void recent_unknown(struct mailbox *, uint32_t uid);

/* ---- mailbox_keywords.c ---- */

/*
 * Takes over what the files say. fresh: the view was just brought up to date;
 * then updates may be merged and what nobody needs be removed. 0 or -1.
 */
int mailbox_load_keywords(struct mailbox *, struct lock *, bool fresh);
/*
 * Gives the marked messages (ENTRY_MARK, n of them) the sets in sets[index].
 * done[index] gets true for each that has it. The lock is held (with Courier's
 * if n is more than KEYWORDS_MERGE) and keywords were just loaded.
 */
int mailbox_store_keywords(
    struct mailbox *, const uint32_t *sets, size_t n, bool *done);

#endif
