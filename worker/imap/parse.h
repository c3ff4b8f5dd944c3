/*
 * The grammar: from one whole command (reader.h) to a const struct in the
 * arena. Pure functions, no sockets, no state: testable and fuzzable. RFC 3501
 * section 9, RFC 9051 section 9, and the extensions named at each part.
 */
#ifndef IMAP_PARSE_H
#define IMAP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "shm/limits.h"
#include "worker/imap/arena.h"
#include "worker/imap/reader.h"
#include "worker/imap/seqset.h"

/*
 * A cursor over a command. It fails for good at the first error and remembers
 * why and where; further takes return nothing, so loops end by themselves and
 * the caller asks once.
 */
struct parse {
	struct arena *arena;
	const struct reader_command *cmd;
	size_t at, lit; /* next byte, next literal */
	unsigned depth;
	const char *why; /* NULL: all well so far */
	size_t why_at;
	bool utf8;   /* UTF8=ACCEPT is enabled */
	bool rev2;   /* IMAP4rev2 is: names are UTF-8 */
	bool limit;  /* why is a limit: BAD [LIMIT] */
	bool cannot; /* a mailbox name that no mailbox can have: NO [CANNOT] */
};

struct parse_text {    /* bytes in the arena; may hold NUL only if literal8 */
	const char *p; /* NULL: absent (NIL) */
	size_t n;
};

/* Begins a command. */
void parse_init(
    struct parse *, struct arena *, const struct reader_command *, bool utf8);
/*
 * tag SP command-name ["UID" SP name gives uid true]: for the dispatcher.
 * 0; -1: no tag or no name. *tag is "*" then if it could not be read.
 */
int parse_head(struct parse *, const char **tag, const char **name, bool *uid);
/* 0: everything was read and nothing failed; -1: see why. */
int parse_done(struct parse *);
/* Fails the cursor (the first reason stays). */
void parse_fail(struct parse *, const char *why);

/* Primitives: each fails the cursor when its production is not there. */
bool parse_is(const struct parse *, char c); /* next byte is c */
bool parse_take(struct parse *, char c);     /* takes c if it is next */
void parse_expect(struct parse *, char c);
void parse_space(struct parse *);     /* exactly one SP */
bool parse_end(const struct parse *); /* at the end of the command */
bool parse_word(struct parse *, const char *word); /* no case; a whole atom */
struct parse_text parse_atom(struct parse *);
struct parse_text parse_astring(struct parse *);
struct parse_text parse_string(struct parse *);
struct parse_text parse_nstring(struct parse *);
uint32_t parse_number(struct parse *);
uint64_t parse_number64(struct parse *); /* up to 2^63 - 1 */
void parse_seqset(struct parse *, struct seqset *);
/* A mailbox name as UTF-8, "INBOX" in any case as "INBOX"; terminated. */
const char *parse_mailbox(struct parse *);
/* Local time without zone: date (00:00 as days), date-time as UTC seconds. */
int32_t parse_date(struct parse *); /* days since 1970-01-01 */
time_t parse_date_time(struct parse *);

/* Flag lists: STORE, APPEND. */
struct parse_flags {
	uint8_t flags;               /* MESSAGE_* bits (maildir.h) */
	const char *const *keywords; /* terminated; names not repeated */
	size_t nkeywords;
	bool recent; /* \Recent was there: the caller decides */
};
/* "(" flags ")" or, where bare may be, flags without parentheses. */
void parse_flags(struct parse *, bool bare, struct parse_flags *);

/*
 * The functions of whole commands, below, begin at the SP after the command's
 * name and take their arguments; parse_done then looks for what is left over.
 * LOGIN never comes here: the worker reads it.
 */

/* LIST, LSUB: RFC 3501 6.3.8, RFC 5258, 5819, 6154. */
#define PARSE_LIST_SUBSCRIBED      1u /* selection */
#define PARSE_LIST_REMOTE          2u
#define PARSE_LIST_RECURSIVEMATCH  4u
#define PARSE_LIST_SPECIAL_USE     8u
#define PARSE_RETURN_SUBSCRIBED    1u /* return */
#define PARSE_RETURN_CHILDREN      2u
#define PARSE_RETURN_SPECIAL_USE   4u
#define PARSE_RETURN_STATUS        8u
#define PARSE_STATUS_MESSAGES      1u
#define PARSE_STATUS_RECENT        2u
#define PARSE_STATUS_UIDNEXT       4u
#define PARSE_STATUS_UIDVALIDITY   8u
#define PARSE_STATUS_UNSEEN        16u
#define PARSE_STATUS_SIZE          32u
#define PARSE_STATUS_DELETED       64u
#define PARSE_STATUS_HIGHESTMODSEQ 128u
#define PARSE_STATUS_MAILBOXID     256u
#define PARSE_STATUS_APPENDLIMIT   512u
struct parse_list {
	bool extended; /* any of RFC 5258's syntax was used */
	unsigned select, ret, status;
	const char *reference;       /* UTF-8, terminated */
	const char *const *patterns; /* UTF-8 */
	size_t npatterns;
};
void parse_list(struct parse *, struct parse_list *);
/* "(" items ")", bits of PARSE_STATUS_*. */
unsigned parse_status_items(struct parse *);
/*
 * CREATE's " (USE (...))", SP included: MAILDIR_USE_* bits, 0 if absent. An
 * attribute that nobody knows gives PARSE_USE_UNKNOWN: NO [USEATTR].
 */
#define PARSE_USE_UNKNOWN 0x80000000u
uint32_t parse_create_use(struct parse *);

/* "PARTIAL" SP partial-range, RFC 9394: lo <= hi, none 0 if it was given. */
struct parse_partial {
	uint32_t lo, hi;
	bool last; /* counted from the end: -1 is the last one */
};

/* What may follow the name in SELECT and EXAMINE: RFC 7162. */
struct parse_select {
	bool condstore, qresync;
	uint32_t uidvalidity; /* of QRESYNC: */
	uint64_t modseq;
	bool has_known, match;
	struct seqset known;      /* UIDs */
	struct seqset seqs, uids; /* of match */
};
void parse_select(struct parse *, struct parse_select *);

/* FETCH: RFC 3501 6.4.5, RFC 3516 (BINARY), 7162 (MODSEQ). */
enum parse_fetch_what {
	PARSE_FETCH_FLAGS,
	PARSE_FETCH_UID,
	PARSE_FETCH_INTERNALDATE,
	PARSE_FETCH_SIZE, /* RFC822.SIZE */
	PARSE_FETCH_ENVELOPE,
	PARSE_FETCH_BODY,
	PARSE_FETCH_BODYSTRUCTURE,
	PARSE_FETCH_SECTION, /* BODY[..], RFC822, RFC822.HEADER, RFC822.TEXT */
	PARSE_FETCH_BINARY,
	PARSE_FETCH_BINARY_SIZE,
	PARSE_FETCH_MODSEQ,
	PARSE_FETCH_EMAILID,
	PARSE_FETCH_THREADID,
	PARSE_FETCH_SAVEDATE,
	PARSE_FETCH_PREVIEW,
};
enum parse_section_text {
	PARSE_SECTION_ALL, /* BODY[] or a part's whole body BODY[1] */
	PARSE_SECTION_HEADER,
	PARSE_SECTION_FIELDS,
	PARSE_SECTION_FIELDS_NOT,
	PARSE_SECTION_TEXT,
	PARSE_SECTION_MIME,
};
struct parse_section {
	const uint32_t *part; /* 1.2.3 */
	size_t nparts;
	enum parse_section_text text;
	const struct parse_text *fields; /* of FIELDS and FIELDS_NOT */
	size_t nfields;
};
struct parse_fetch_item {
	enum parse_fetch_what what;
	struct parse_section section;
	const char *label; /* printed before the data: "BODY[HEADER.FIELDS
			      (SUBJECT)]", "RFC822.TEXT", without the partial */
	bool peek;         /* does not set \Seen */
	bool partial;
	uint32_t offset, count; /* of partial */
	bool lazy;              /* PREVIEW (LAZY) */
};
struct parse_fetch {
	struct seqset set;
	struct parse_fetch_item *items; /* macros expanded */
	size_t nitems;
	uint64_t changedsince; /* 0: none */
	bool vanished;
	struct parse_partial partial; /* only with UID: the caller looks */
};
void parse_fetch(struct parse *, struct parse_fetch *);

/* STORE: RFC 3501 6.4.6, RFC 7162. */
struct parse_store {
	struct seqset set;
	enum {
		PARSE_STORE_REPLACE,
		PARSE_STORE_ADD,
		PARSE_STORE_REMOVE
	} op;
	bool silent;
	struct parse_flags flags;
	bool unchanged; /* UNCHANGEDSINCE was given */
	uint64_t unchangedsince;
};
void parse_store(struct parse *, struct parse_store *);

/* SEARCH: RFC 3501 6.4.4, RFC 4731, 5032, 5182, 7162, 8474, 8514, 9394. */
enum parse_search_key {
	PARSE_SEARCH_AND, /* children; an empty one is ALL */
	PARSE_SEARCH_OR,  /* two children */
	PARSE_SEARCH_NOT, /* one child */
	PARSE_SEARCH_SEQ,
	PARSE_SEARCH_UID,
	PARSE_SEARCH_FLAG, /* flags: all of these set */
	PARSE_SEARCH_RECENT,
	PARSE_SEARCH_KEYWORD, /* text: the name */
	PARSE_SEARCH_BEFORE,  /* day: INTERNALDATE */
	PARSE_SEARCH_ON,
	PARSE_SEARCH_SINCE,
	PARSE_SEARCH_SENTBEFORE, /* day: Date: */
	PARSE_SEARCH_SENTON,
	PARSE_SEARCH_SENTSINCE,
	PARSE_SEARCH_LARGER, /* number */
	PARSE_SEARCH_SMALLER,
	PARSE_SEARCH_HEADER, /* field, text */
	PARSE_SEARCH_BODY,   /* text */
	PARSE_SEARCH_TEXT,   /* text */
	PARSE_SEARCH_OLDER,  /* number: seconds */
	PARSE_SEARCH_YOUNGER,
	PARSE_SEARCH_MODSEQ,      /* number */
	PARSE_SEARCH_SAVEDBEFORE, /* day: it came into the folder */
	PARSE_SEARCH_SAVEDON,
	PARSE_SEARCH_SAVEDSINCE,
	PARSE_SEARCH_SAVEDATESUPPORTED,
	PARSE_SEARCH_EMAILID, /* text: an object identifier */
	PARSE_SEARCH_THREADID,
};
struct parse_search_node {
	enum parse_search_key key;
	struct parse_search_node *child, *next; /* first child, next sibling */
	struct seqset set;
	uint8_t flags;
	int32_t day;
	uint64_t number;
	struct parse_text field, text; /* text in the command's charset */
};
#define PARSE_SEARCH_RETURN_MIN     1u
#define PARSE_SEARCH_RETURN_MAX     2u
#define PARSE_SEARCH_RETURN_ALL     4u
#define PARSE_SEARCH_RETURN_COUNT   8u
#define PARSE_SEARCH_RETURN_SAVE    16u
#define PARSE_SEARCH_RETURN_PARTIAL 32u
struct parse_search {
	bool extended; /* RETURN was given: answer with ESEARCH */
	unsigned ret;  /* PARSE_SEARCH_RETURN_*; RETURN () means ALL */
	struct parse_partial partial;
	const char *charset;            /* "" if none was given */
	struct parse_search_node *root; /* an AND */
};
/* NEW is (RECENT UNSEEN), OLD is NOT RECENT, FROM etc. are HEADER. */
void parse_search(struct parse *, struct parse_search *);
/* " key key ...", SP included, where the charset is already known (SORT). */
struct parse_search_node *parse_search_keys(struct parse *);

/* APPEND, one message of it: RFC 3501 6.3.11, 3502, 6855, 3516. */
struct parse_append {
	const char *mailbox;
	struct parse_flags flags;
	bool dated;
	time_t date;
	const struct reader_literal *literal; /* still in the stream */
	bool utf8; /* UTF8 (~{n}): the text after the literal begins with ")",
		      which the caller takes before it calls again */
};
/*
 * first: with the mailbox. Later messages of MULTIAPPEND come as commands whose
 * text begins at the SP before the next flags, date or literal. The literal is
 * the end of the text, so that parse_done can be asked.
 */
void parse_append(struct parse *, bool first, struct parse_append *);

#endif
