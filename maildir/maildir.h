/*
 * The store: an account's Maildir++ on Courier's files, as a library. It knows
 * no IMAP, logs nothing, starts nothing. Formats: COURIER section 3 as told in
 * ARCHITECTURE.md; durability: the order of writes and syncs documented with
 * each call, no call returns success before its last sync.
 *
 * Folder names here are UTF-8, levels separated by '.', without the leading
 * dot of the directory: "" is INBOX, "a.b" the directory ".a.b". The session
 * maps them to and from what its namespace shows.
 *
 * Errors: -1 or NULL with errno. Beside the system's own:
 *   ENOENT  no such folder          EEXIST  it is there already
 *   EINVAL  not a folder's name     ENAMETOOLONG  more than 240 bytes or levels
 *   EBUSY   lock not had in time    EDQUOT  over quota
 *   ESTALE  the open folder is no longer the one that was opened
 *   EROFS   opened read-only        ELOOP   a symlink where none may be
 *   EFBIG   larger than the limit   EMLINK  too many folders or keywords
 */
#ifndef MAILDIR_MAILDIR_H
#define MAILDIR_MAILDIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "maildir/glance.h"
#include "maildir/kept.h"
#include "shm/limits.h"

/* System flags, in the order of their letters D F R S T. */
#define MESSAGE_DRAFT    1u
#define MESSAGE_FLAGGED  2u
#define MESSAGE_ANSWERED 4u
#define MESSAGE_SEEN     8u
#define MESSAGE_DELETED  16u
#define MESSAGE_FLAGS    31u

struct maildir;  /* an account's root */
struct mailbox;  /* one open folder */
struct delivery; /* messages on their way into a folder */

struct maildir_options {
	const char *hostname;  /* part of message file names; copied */
	bool uselocks;         /* Courier's dot-lock around UID file changes */
	bool keywords;         /* IMAP_KEYWORDS */
	mode_t umask;          /* decides the mode of message files */
	unsigned lock_seconds; /* wait for a folder's lock, then EBUSY */
	bool index;            /* change numbers and what is kept ready */
	const char *indexdir;  /* its directory, NULL: corkboard/index; kept */
	const char *boot;      /* this boot's id, NULL: the kernel's; kept */
	const char *trash;     /* folder without quota, NULL: none; copied */
};

struct message { /* what is known without opening the file */
	uint32_t uid;
	uint32_t kwset;  /* 0: no keywords; else see mailbox_kwset */
	uint64_t modseq; /* of its last change; 0: no index gives numbers */
	uint8_t flags;   /* MESSAGE_* */
	bool recent;     /* nobody before this session was told of it */
};

/* ---- the account ---- */

/*
 * Opens the Maildir whose root is rootfd (a directory opened for reading; the
 * library takes it over). Finishes or rolls back what a crash left (a RENAME's
 * intent, folders under construction or removal). NULL with errno.
 */
struct maildir *maildir_open(int rootfd, const struct maildir_options *);
void maildir_close(struct maildir *);
/*
 * Takes the oldest notice of something that an admin should know (a broken
 * control file set aside, a name that cannot be shown), NULL if none. Lent
 * until the next call.
 */
const char *maildir_notice(struct maildir *);

struct folder_info {
	const char *name; /* "" is INBOX */
	uint32_t use;     /* special-use set by CREATE, MAILDIR_USE_* bits */
	bool marked;      /* for maildir_folder_marked to fill; else false */
};
#define MAILDIR_USE_ALL     1u
#define MAILDIR_USE_ARCHIVE 2u
#define MAILDIR_USE_DRAFTS  4u
#define MAILDIR_USE_FLAGGED 8u
#define MAILDIR_USE_JUNK    16u
#define MAILDIR_USE_SENT    32u
#define MAILDIR_USE_TRASH   64u

/*
 * All folders, INBOX first, then by bytes of the name. *out is the library's,
 * valid until the next call on this account. The count, or -1.
 */
ssize_t maildir_list(struct maildir *, const struct folder_info **out);
/* 1 if the folder exists, 0 if not, -1 with errno. */
int maildir_exists(struct maildir *, const char *folder);
/*
 * A folder's identity (mailbox_identity) and the hash of its stamps as of now
 * (mailbox_stamp), without opening it. 0 or -1.
 */
int maildir_identity(struct maildir *, const char *folder, uint64_t *dev,
    uint64_t *ino, uint64_t *stamp);
/* A folder's directory, opened for reading: the caller's. -1 with errno. */
int maildir_folder(struct maildir *, const char *folder);
/* 1 if new/ holds a message or cur/ one without the S flag; 0; -1. */
int maildir_marked(struct maildir *, const char *folder);
/*
 * Creates a folder (not its parents), with the special uses given (written
 * before the folder appears). Built aside, synced, renamed, root synced.
 */
int maildir_create(struct maildir *, const char *folder, uint32_t use);
/* Removes a folder (never INBOX: EINVAL); its children stay. */
int maildir_delete(struct maildir *, const char *folder);
/*
 * Renames a folder and all below it, UIDs and UIDVALIDITY travel along. An
 * intent file makes it all or nothing across a crash. From "" (INBOX): its
 * messages move to the new folder "to" (RFC 3501 6.3.5).
 */
int maildir_rename(struct maildir *, const char *from, const char *to);
/*
 * Subscriptions as courierimapsubscribed has them: texts such as "INBOX.Sent"
 * or "#shared.x.y", kept byte for byte. The list is the library's, valid until
 * the next call on this account; the count, or -1.
 */
ssize_t maildir_subscriptions(struct maildir *, const char *const **out);
/* Adds or removes one line; doing so twice is no error. */
int maildir_subscribe(struct maildir *, const char *line, bool on);

struct mailbox_status {
	uint32_t uidvalidity, uidnext;
	uint32_t messages, recent, unseen, deleted;
	uint64_t size;   /* sum of sizes with CRLF line ends */
	uint64_t modseq; /* 0: none */
};
/*
 * Counts without changing what \Recent means for others. want_size: also the
 * sizes, which may read files. 0 or -1.
 */
int maildir_status(struct maildir *, const char *folder, bool want_size,
    struct mailbox_status *);

/* ---- one open folder ---- */

/*
 * Opens a folder and brings it up to date: new messages are moved from new/ to
 * cur/ and numbered; if the UID file cannot be written they stay unseen. What
 * nobody was told of is \Recent, readonly too; but then it stays so for others,
 * if there is an index, and nothing else on disk changes.
 */
struct mailbox *mailbox_open(
    struct maildir *, const char *folder, bool readonly);
void mailbox_close(struct mailbox *);

/*
 * Is it open for reading only: asked for, or because the folder cannot be
 * written (another's, a read-only file system)?
 */
bool mailbox_readonly(const struct mailbox *);
uint32_t mailbox_uidvalidity(const struct mailbox *);
uint32_t mailbox_uidnext(const struct mailbox *);
/* HIGHESTMODSEQ: all changes up to it are known to the caller. 0: NOMODSEQ. */
uint64_t mailbox_modseq(const struct mailbox *);
/*
 * UIDs that were expunged after a change number, rising, lent until the next
 * call: 1. 0: the history does not reach back so far.
 */
int mailbox_vanished_since(
    struct mailbox *, uint64_t modseq, const uint32_t **uids, size_t *n);
/* All messages by rising UID, one or NULL; lent until a sync or change. */
const struct message *mailbox_messages(const struct mailbox *, size_t *n);
const struct message *mailbox_find(const struct mailbox *, uint32_t uid);
/* Names of the folder's keywords, by number; the count. Lent likewise. */
size_t mailbox_keywords(const struct mailbox *, const char *const **out);
/* The numbers in a keyword set, rising; the count. Lent likewise. */
size_t mailbox_kwset(
    const struct mailbox *, uint32_t kwset, const uint16_t **out);
/* The folder's identity: device and inode number of its directory. */
void mailbox_identity(const struct mailbox *, uint64_t *dev, uint64_t *ino);
int mailbox_folder(const struct mailbox *); /* its directory, lent */
/*
 * Opens new, cur and courierimapkeywords (made if missing; -1 if that is not
 * allowed) for a watcher into fds[3] (the caller's) and their stamps' hash into
 * *stamp. 0 or -1.
 */
int mailbox_watch(struct mailbox *, int fds[3], uint64_t *stamp);
/*
 * Hash of the stamps of new, cur and courierimapkeywords as of now: FNV-1a,
 * 64 bits, over mtime s, mtime ns, ctime s, ctime ns of each in this order,
 * each number as 8 bytes, lowest first; a directory that is not there counts as
 * zeros. The watch process makes the same one (shm/board.h); a test compares.
 */
uint64_t mailbox_stamp(const struct mailbox *);

struct mailbox_diff { /* arrays by rising UID, lent until the next sync */
	const uint32_t *vanished, *changed, *added;
	size_t nvanished, nchanged, nadded;
	bool keywords; /* the list of keyword names is another one */
};
/*
 * Looks at the folder if it may have changed (or force) and takes over what
 * others did; own changes below are already in. A message is declared vanished
 * only by the scan rule (two stable looks or a failed open of its last name).
 * 0; -1 with errno, the picture then stays as it was.
 */
int mailbox_sync(struct mailbox *, bool force, struct mailbox_diff *);

enum mailbox_op {
	MAILBOX_ADD,
	MAILBOX_REMOVE,
	MAILBOX_REPLACE
};
struct mailbox_change {
	enum mailbox_op op;
	uint8_t flags;
	const char *const *keywords;
	size_t nkeywords;
	/* failed[n] not NULL: not those changed since, RFC 7162 3.1.3 */
	bool *failed;
	uint64_t unchangedsince;
};
/*
 * Is there a look that mailbox_sync put off (own changes cost none at once, a
 * stamp may have been too young to be trusted)? Then sync with force when the
 * client goes quiet and before a park.
 */
bool mailbox_owes(const struct mailbox *);
/*
 * Changes flags and keywords of n messages by their UIDs (rising). Keywords
 * first, then the rename; sync budget: none for flags, one per changed keyword
 * file, or one rewrite of :list beyond 16 messages. changed[n] gets true for
 * each whose state is now another; a message that vanished is left false. 0, or
 * -1 if one failed for another reason: those marked are done.
 */
int mailbox_store(struct mailbox *, const uint32_t *uids, size_t n,
    const struct mailbox_change *, bool *changed);
/*
 * Unlinks n messages and syncs the directory once. gone[n] gets true for each
 * that is no longer there; they leave mailbox_messages.
 */
int mailbox_expunge(
    struct mailbox *, const uint32_t *uids, size_t n, bool *gone);
/*
 * Copies n messages into folder dest, all or none: hard links where possible,
 * bytes else; flags, keywords and date go along. Destination directory and UID
 * lines are synced. dst_uids[n] gets the new UIDs (0 for a source that had
 * vanished), *uidvalidity the destination's. move: then the sources are
 * unlinked and their directory synced, and they leave mailbox_messages.
 * ENOENT: no folder dest.
 */
int mailbox_copy(struct mailbox *, const uint32_t *uids, size_t n,
    const char *dest, bool move, uint32_t *dst_uids, uint32_t *uidvalidity);

struct message_file {
	int fd;        /* open for reading; the caller's */
	uint64_t size; /* bytes on disk */
	time_t date;   /* INTERNALDATE */
};
/*
 * Opens a message's file (regular, no symlink, renamed meanwhile or not).
 * ENOENT: it has vanished.
 */
int mailbox_message(struct mailbox *, uint32_t uid, struct message_file *);
/* Its size with CRLF line ends (reads the file once per session). */
int mailbox_size(struct mailbox *, uint32_t uid, uint64_t *size);
/* Its INTERNALDATE. */
int mailbox_date(struct mailbox *, uint32_t uid, time_t *date);

/* ---- messages on their way in (APPEND, MULTIAPPEND, delivery agents) ---- */

/* A delivery into a folder; NULL, ENOENT if it is not there. */
struct delivery *delivery_open(struct maildir *, const char *folder);
/* Begins the next message in tmp/; date 0 means now. */
int delivery_begin(struct delivery *, uint64_t size, time_t date, uint8_t flags,
    const char *const *keywords, size_t nkeywords);
/*
 * Its bytes as they come. CRLF is stored as LF, except that a CR which follows
 * another CR is kept with its LF, so that what is served is what came.
 */
int delivery_write(struct delivery *, const void *, size_t);
/* The message is complete: its file is synced. EDQUOT: too large after all. */
int delivery_end(struct delivery *);
/*
 * Files all complete messages, all or none: renamed into cur/ (flags in the
 * name), the directory synced, UID lines appended and synced. uids[] must have
 * room for delivery_count. 0 or -1; then nothing is left behind.
 */
int delivery_commit(struct delivery *, uint32_t *uids, uint32_t *uidvalidity);
size_t delivery_count(const struct delivery *);
/* Ends it; what was not committed is removed. NULL is fine. */
void delivery_close(struct delivery *);

#endif
