/*
 * One FETCH under way: private to cmd_fetch.c (the command, its messages one
 * after the other), fetch_prepare.c (all of a message that can fail, and what
 * of it must be opened) and fetch_item.c (what is printed).
 */
#ifndef IMAP_FETCH_H
#define IMAP_FETCH_H

#include "worker/imap/body.h"
#include "worker/imap/command.h"
#include "worker/imap/content.h"

/* What a request wants beside the bytes of messages. */
#define FETCH_SIZE   1u
#define FETCH_DATE   2u
#define FETCH_SEEN   4u
#define FETCH_FLAGS  8u
#define FETCH_NUMBER 16u

/* How much of a message must be open; each has what the one before has. */
enum fetch_open {
	FETCH_NOTHING,
	FETCH_FIELDS, /* those that the index keeps */
	FETCH_HEADER,
	FETCH_WHOLE
};

struct fetch_plan {             /* of an item */
	enum fetch_open open;   /* if it is not kept */
	enum mailbox_kept kind; /* 0: it is never kept */
};

struct fetch {
	struct command *c;
	struct session *s;
	const struct parse_fetch_item *items;
	struct fetch_plan *plan; /* [nitems] */
	size_t nitems;
	bool uids; /* the UID first, asked for or not */
	unsigned need;
	uint64_t since; /* CHANGEDSINCE; 0: all */
	struct content content;
	/* the message of now */
	uint32_t seq, uid;
	enum fetch_open open; /* content has it */
	bool tree;            /* its parts are needed */
	struct message m;
	uint64_t size;
	time_t date;
	struct fetch_kept {
		const char *p; /* NULL: not kept */
		size_t n;
	} * kept;                  /* [nitems] */
	struct body_slice *slices; /* [nitems], p NULL: there is no such part */
	/* of all */
	bool vanished, unknown_cte;
	int err;
};

/* Looks at the items once: plan and need. False: no memory. */
bool fetch_plan(struct fetch *, const struct parse_fetch *);
/*
 * 0; -1: the message is to be left out, errno says why; 1: likewise, a part's
 * transfer encoding is unknown.
 */
int fetch_prepare(struct fetch *);
/* Prints an item; *seen: FLAGS are still to be told, false once they were. */
void fetch_put_item(struct fetch *, size_t i, bool *seen);
void fetch_put_flags(struct fetch *);

#endif
