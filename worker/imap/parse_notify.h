/*
 * The grammar of NOTIFY, RFC 5465 section 8: a door of its own beside parse.h,
 * to which the same rules apply. What was parsed can be printed: in that form a
 * client's set is kept, and parked.
 */
#ifndef IMAP_PARSE_NOTIFY_H
#define IMAP_PARSE_NOTIFY_H

#include "shm/limits.h"
#include "worker/imap/parse.h"

enum notify_filter { /* RFC 5465 section 6 */
	NOTIFY_SELECTED,
	NOTIFY_DELAYED,
	NOTIFY_INBOXES,
	NOTIFY_PERSONAL,
	NOTIFY_SUBSCRIBED,
	NOTIFY_SUBTREE,
	NOTIFY_MAILBOXES,
};

#define NOTIFY_NEW     1u  /* MessageNew */
#define NOTIFY_EXPUNGE 2u  /* MessageExpunge */
#define NOTIFY_FLAGS   4u  /* FlagChange */
#define NOTIFY_NAME    8u  /* MailboxName */
#define NOTIFY_SUBS    16u /* SubscriptionChange */
#define NOTIFY_UNKNOWN 32u /* one that there is not here: NO [BADEVENT] */
#define NOTIFY_MESSAGE (NOTIFY_NEW | NOTIFY_EXPUNGE | NOTIFY_FLAGS)

struct notify_group {
	enum notify_filter filter;
	unsigned events;          /* NOTIFY_*; 0: NONE */
	const char *const *names; /* of SUBTREE and MAILBOXES, UTF-8 */
	size_t nnames;
	struct parse_fetch fetch; /* only items: of MessageNew, selected */
};

struct parse_notify {
	bool set; /* SET, else NONE */
	bool status;
	unsigned events; /* of all groups */
	struct notify_group *groups;
	size_t n;
};

/* From the SP behind NOTIFY on. */
void parse_notify(struct parse *, struct parse_notify *);
/*
 * Prints " SET ..." or " NONE", with names in UTF-8; parsed with utf8 it gives
 * the same again. Fails the buffer where a header's name would need a literal.
 */
void parse_notify_print(struct buf *, const struct parse_notify *);
/* The supported events, "MessageNew MessageExpunge ...". */
const char *parse_notify_events(void);

/*
 * What a set says of a mailbox that is not selected: the events of the first
 * group that it is in, 0 if there is none (RFC 5465 3.1). name: of the
 * namespace, UTF-8.
 */
unsigned notify_events(
    const struct parse_notify *, const char *name, bool subscribed);
/* The group of the selected mailbox, or NULL. */
const struct notify_group *notify_selected(const struct parse_notify *);

#endif
