/*
 * A Maildir that Dovecot served, at first sight: what its own files say becomes
 * what Courier's say, once, durable; they and the names of messages stay as
 * they are, so that the way back to it is open. Formats: dovecot-uidlist
 * version 3, dovecot-keywords, subscriptions (versions 1 and 2).
 */
#ifndef MAILDIR_IMPORT_DOVECOT_H
#define MAILDIR_IMPORT_DOVECOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "maildir/keywords.h"
#include "maildir/uidlist.h"

#define DOVECOT_UIDLIST        "dovecot-uidlist"
#define DOVECOT_KEYWORDS       "dovecot-keywords"
#define DOVECOT_SUBSCRIPTIONS  "subscriptions"
#define DOVECOT_UIDLIST_BYTES  ((size_t)256 << 20)
#define DOVECOT_KEYWORDS_BYTES ((size_t)64 << 10)
#define DOVECOT_SUBS_BYTES     ((size_t)4 << 20)
#define DOVECOT_LETTERS        26 /* keywords that a file name can have */

struct maildir;

/* ---- a folder, by its descriptor ---- */

/*
 * Is there something to import: a dovecot-uidlist, and neither courierimapuiddb
 * nor the backup that shows that there was one?
 */
bool import_dovecot_wanted(int dirfd);
/*
 * Imports keywords, then UIDs; when it returns both are durable, and
 * courierimapuiddb is there. The folder's lock (with Courier's if it is in use)
 * is held. 1; 0: there is nothing that could be imported (the admin is told if
 * it makes no sense); -1: it could not be read or written, nothing may be
 * concluded.
 */
int import_dovecot_folder(struct maildir *, int dirfd);
/* The UIDVALIDITY that a folder's dovecot-uidlist has; 0: none. */
uint32_t import_dovecot_uidvalidity(int dirfd);

/* ---- an account ---- */

/*
 * Makes courierimapsubscribed from subscriptions, if the first is missing and
 * the other is there. 0 or -1.
 */
int import_dovecot_subscriptions(struct maildir *);

/* ---- their texts; pure ---- */

/*
 * Takes a dovecot-uidlist apart: lines by rising UID, below *next. text stays
 * the caller's, the names lie in it. 1; 0: it makes no sense; -1: ENOMEM.
 */
int import_dovecot_uids(const char *text, size_t n, uint32_t *uidvalidity,
    uint32_t *next, struct uidlines *);
/*
 * Takes a dovecot-keywords apart: numbers[i] of letter 'a' + i, -1 for none. 0,
 * or -1: ENOMEM.
 */
int import_dovecot_letters(struct keywords *, const char *text, size_t n,
    int numbers[static DOVECOT_LETTERS]);
/*
 * One line of subscriptions as a folder's name, levels by '.', decoded or not:
 * to out[size]. false: it is none (empty, too long, control characters).
 */
bool import_dovecot_subscription(
    const char *line, size_t n, bool version2, char *out, size_t size);

#endif
