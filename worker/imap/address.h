/*
 * The address lists of a header field (From, To, ...): one address after the
 * other, as an ENVELOPE and SORT want them. Never fails: what cannot be
 * understood comes out as well as it can. RFC 5322 3.4, 4.4.
 */
#ifndef IMAP_ADDRESS_H
#define IMAP_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "maildir/mime.h"
#include "worker/imap/buf.h"

enum address_kind {
	ADDRESS_MAILBOX,
	ADDRESS_GROUP,    /* begins; its name is in mailbox */
	ADDRESS_GROUP_END /* nothing else is set */
};

struct address {
	enum address_kind kind;
	/*
	 * Without quotes, comments and folds; encoded words and 8-bit bytes as
	 * they were. p NULL: absent. A mailbox always has mailbox and host,
	 * which may be empty. Valid until the next call.
	 */
	struct mime_text name, route, mailbox, host;
};

struct address_words {
	struct buf phrase; /* one blank where there were any */
	struct buf spec;   /* the same without blanks around "." and "@" */
	size_t at_sign;    /* the last one's place in spec; SIZE_MAX: none */
	size_t count;      /* of words that blanks part */
};

struct address_reader {
	const char *p;
	size_t n, at;
	unsigned left;                     /* of MIME_ADDRESSES_MAX */
	bool group;                        /* one is open */
	bool failed;                       /* memory ran out: the list is cut */
	struct address_words outer, inner; /* inner: between "<" and ">" */
	struct buf route, comment;
};

/* Begins with a raw field value, which must outlive the reader. */
void address_init(struct address_reader *, const char *value, size_t n);
/* The next one; false at the end, or when it failed. */
bool address_next(struct address_reader *, struct address *out);
void address_done(struct address_reader *);

#endif
