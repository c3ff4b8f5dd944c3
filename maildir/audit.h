/*
 * Does the index say what the UID files and directories say? For imapctl; a
 * door beside maildir.h, same errors. The account must have been opened with
 * options.index. The server may run meanwhile.
 */
#ifndef MAILDIR_AUDIT_H
#define MAILDIR_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "maildir/maildir.h"

enum audit_kind {
	/* No differences: */
	AUDIT_OLD,     /* the index is of another boot, version or file */
	AUDIT_PENDING, /* the folder moved since somebody looked at it last */
	/* Of the index, of a folder: */
	AUDIT_BROKEN,      /* the index, text says in what way */
	AUDIT_FAILED,      /* the folder could not be read, see error */
	AUDIT_UIDVALIDITY, /* the UID file has another one */
	AUDIT_NEXT,        /* the UID file's next UID was given already */
	AUDIT_COUNTS,      /* of the folder are not those of its records */
	/* Of a message, see uid: */
	AUDIT_NO_FILE,    /* it has none */
	AUDIT_NO_LINE,    /* the UID file does not have it */
	AUDIT_OTHER_UID,  /* the UID file gives its file another one */
	AUDIT_OTHER_FILE, /* the UID file gives its UID to another file */
	AUDIT_NO_RECORD,  /* the index does not have it */
	AUDIT_FLAGS,      /* are others */
	AUDIT_KEYWORDS,   /* likewise */
	AUDIT_NAME        /* its file has another name, or lies elsewhere */
};

struct audit { /* lent for the call */
	enum audit_kind kind;
	const char *folder; /* NULL: the index itself; "" is INBOX */
	uint32_t uid;
	const char *text;
	int error;
};
struct audit_report {
	void (*tell)(void *arg, const struct audit *);
	void *arg;
};

/*
 * Tells what differs, and changes nothing. A folder that the index does not
 * know, new mail that has no UID yet and lines of the UID file whose messages
 * are gone are no differences. 0: there are none; 1: there are; -1.
 */
int maildir_index_check(struct maildir *, const struct audit_report *);
/*
 * Removes the index. What only it knows of UIDs is written to the UID files
 * before; UIDs, flags and UIDVALIDITY stay and change numbers go on above all
 * that were given. 0 or -1.
 */
int maildir_index_drop(struct maildir *);
/*
 * Tells what differs, removes the index and makes a new one, then tells what
 * differs still. 0; 1: something does; -1. EIO: no index can be made.
 */
int maildir_index_rebuild(struct maildir *, const struct audit_report *);

#endif
