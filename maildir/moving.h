/*
 * What an administrator does to a whole Maildir when it moves in or comes back
 * from a backup; for imapctl. A door beside maildir.h, same errors.
 */
#ifndef MAILDIR_MOVING_H
#define MAILDIR_MOVING_H

#include <stdbool.h>
#include <stdint.h>

#include "maildir/maildir.h"

enum moving_kind {
	MOVING_FOLDER,
	MOVING_SUBSCRIPTION,
	MOVING_UIDVALIDITY
};
struct moving { /* one thing that was, or would be, done; lent for the call */
	enum moving_kind kind;
	const char *from;     /* a folder ("" is INBOX), or a subscribed line */
	const char *to;       /* its name in UTF-8; NULL for a UIDVALIDITY */
	uint32_t uidvalidity; /* the new one */
	int error;            /* 0, or the errno that stands in the way */
};
struct moving_report {
	void (*tell)(void *arg, const struct moving *);
	void *arg;
};

/*
 * Finds folders and subscriptions whose names are in modified UTF-7, as Courier
 * before 5.0 and Dovecot write them: a level that is ASCII, canonical in that
 * encoding, and means something else. convert: renames the folders as RENAME
 * does, the deepest first, then the subscriptions; what failed can be tried
 * again. 0: there are none (left); 1: there are; -1.
 */
int maildir_names(struct maildir *, bool convert, const struct moving_report *);
/*
 * Gives each folder a new UIDVALIDITY, above all that it may ever have had, and
 * leaves the UIDs: after an older state of the Maildir was restored. Durable
 * for each folder that is told without an error. 0; 1: some failed; -1.
 */
int maildir_restored(struct maildir *, const struct moving_report *);

#endif
