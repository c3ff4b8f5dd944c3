/*
 * One message's bytes while a command looks at them: all of them, read or
 * mapped, its header found, parsed at first need; or its header alone, from the
 * file or the index. A file that somebody truncates under the map reads as
 * zeros instead of killing the session.
 */
#ifndef IMAP_CONTENT_H
#define IMAP_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "maildir/maildir.h"
#include "maildir/mime.h"
#include "worker/imap/buf.h"

struct content {
	const char *p;
	size_t n;
	size_t header; /* bytes of the header with its closing empty line */
	time_t date;   /* INTERNALDATE; not set if kept */
	bool whole;    /* else p[n] is the header and n is header */
	bool kept;     /* of that only what header_keeps, from the index */
	struct mime *mime, *head; /* of all, of the header alone; or NULL */
	char *heap;               /* lives from message to message */
	size_t room;
	struct buf picked; /* likewise */
	size_t mapped;     /* bytes of the map; 0: p is in heap */
};

void content_init(struct content *);
void content_done(struct content *);
/* Closes what was open and opens a message. 0; -1 with errno. */
int content_open(struct content *, struct mailbox *, uint32_t uid);
/*
 * The same of the header alone. fields: only those that header_keeps need be
 * there: then it is mostly the index that has them, and else has them from now
 * on. No header is longer than MIME_HEADER_MAX.
 */
int content_open_header(
    struct content *, struct mailbox *, uint32_t uid, bool fields);
/* The header that is open goes to the index. */
void content_keep_header(struct content *, struct mailbox *, uint32_t uid);
void content_close(struct content *);
/* The parsed message, or the header alone (cheaper). NULL: no memory. */
const struct mime *content_mime(struct content *);
const struct mime *content_head(struct content *);

#endif
