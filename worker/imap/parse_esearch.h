/* The grammar of ESEARCH, the search of several mailboxes: RFC 7377. */
#ifndef IMAP_PARSE_ESEARCH_H
#define IMAP_PARSE_ESEARCH_H

#include "worker/imap/parse.h"

#define PARSE_ESEARCH_SOURCES 64 /* mailboxes that one command names */

enum parse_esearch_kind {
	PARSE_ESEARCH_SELECTED,
	PARSE_ESEARCH_INBOXES,
	PARSE_ESEARCH_PERSONAL,
	PARSE_ESEARCH_SUBSCRIBED,
	PARSE_ESEARCH_SUBTREE, /* these three have a mailbox */
	PARSE_ESEARCH_SUBTREE_ONE,
	PARSE_ESEARCH_MAILBOXES,
	PARSE_ESEARCH_KINDS
};

struct parse_esearch_source {
	enum parse_esearch_kind kind;
	const char *mailbox; /* UTF-8, else NULL */
};
struct parse_esearch {
	struct parse_esearch_source sources[PARSE_ESEARCH_SOURCES];
	size_t n; /* 0: no IN was given */
	struct parse_search search;
};
void parse_esearch(struct parse *, struct parse_esearch *);
/* Has the program sequence numbers or "$", which only one mailbox can have? */
bool parse_search_has_numbers(const struct parse_search *);
/* "selected" and so on. */
const char *parse_esearch_name(enum parse_esearch_kind);

#endif
