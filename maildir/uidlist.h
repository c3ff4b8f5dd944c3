/*
 * courierimapuiddb: which UID each message of a folder has. Read by anybody,
 * written only under the folder's lock. See the essay in uidlist.c.
 */
#ifndef MAILDIR_UIDLIST_H
#define MAILDIR_UIDLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "maildir/util.h"

#define UIDLIST_FILE    "courierimapuiddb"
#define UIDLIST_BACKUP  "courierimapuiddb.bak"
#define UIDLIST_RESERVE 64 /* UIDs, at least */
#define UIDLIST_WIDTH   10 /* digits of a next UID that is ours, */
#define UIDLIST_WIDE    11 /* and from here on: */
#define UIDLIST_BIG     1000000000u
#define UIDLIST_LIMIT   0xfffffff0u /* a next UID above is not believed */
#define UIDLIST_BYTES   ((size_t)1 << 30)

struct uidline {
	const char *name; /* base name, not NUL-terminated when read */
	uint16_t len;
	uint32_t uid;
};

struct uidlines { /* by rising UID, no UID twice */
	struct uidline *v;
	size_t n;
	char *text; /* that the names lie in */
	bool whole; /* all of the list, not only what was added since */
};

struct uidlist {
	int dirfd;            /* of the folder; the caller's */
	int fd;               /* of the file as last read, -1: none */
	int why_not;          /* errno that opening it for writing gave, or 0 */
	uint32_t uidvalidity; /* 0: no list, or none that can be read */
	uint32_t next;        /* UID of the next message */
	uint32_t max;         /* highest UID in a line */
	uint32_t reserved;    /* the header's next UID */
	uint64_t end;         /* behind the last complete line */
	unsigned digits;      /* offset of the header's next UID, */
	unsigned width;       /* and its length */
	bool fixed;    /* the header is ours and can be raised in place */
	bool broken;   /* lines that make no sense: to be set aside */
	bool poisoned; /* a sync failed: not to be appended to */
	struct stamp stamp;
	char aside[64]; /* a broken list was kept under this name; the
			   caller may tell and clear it */
};

/* An unread list of the folder open at dirfd. */
void uidlist_init(struct uidlist *, int dirfd);
void uidlist_done(struct uidlist *);
/*
 * Brings it up to date. Lines that are new since the last call come in *out
 * (free with uidlines_free); out->whole: it is the full list, whatever came
 * before. No list: uidvalidity is 0. 0, or -1: it is there but cannot be read.
 */
int uidlist_read(struct uidlist *, struct uidlines *out);
/* The same for who only wants to append: reads no more than it must. */
int uidlist_peek(struct uidlist *);
void uidlines_free(struct uidlines *);
/* The next UID by what is in the file; ->next may have been raised since. */
uint32_t uidlist_next(const struct uidlist *);
/* Was the file changed or replaced since it was read or written here? */
bool uidlist_moved(const struct uidlist *);
/*
 * Gives UIDs (next and up) to n names, sets their uid and returns when the
 * lines are durable: one fdatasync, and one more per UIDLIST_RESERVE UIDs. The
 * lock is held and the list just read. On failure, -1, none is given.
 */
int uidlist_append(struct uidlist *, struct uidline *add, size_t n);
/*
 * Replaces the list (or makes one): these lines, by rising UID, below next. A
 * broken one is set aside first. Two syncs. 0 or -1, then the old one stays.
 */
int uidlist_create(struct uidlist *, uint32_t uidvalidity, uint32_t next,
    const struct uidline *, size_t n);

#endif
