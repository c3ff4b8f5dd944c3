/*
 * The client's picture of the selected folder: which UID has which sequence
 * number, and what it has not been told yet. The only writer of EXISTS,
 * EXPUNGE, RECENT and unsolicited FETCH. RFC 3501 5.2, 7.4.1.
 *
 * Four bytes per message; what the store says of flags and names is asked of
 * the store. Only view_uid and view_seq convert.
 */
#ifndef IMAP_VIEW_H
#define IMAP_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "maildir/maildir.h"
#include "worker/imap/arena.h"
#include "worker/imap/seqset.h"
#include "worker/imap/state.h"

struct view {
	struct mailbox *mailbox;
	char folder[SESSION_MAX_NAME];
	bool readonly;
	uint32_t *uids; /* told, rising: sequence number i + 1 */
	size_t n, room;
	bool glance;          /* uids are not there yet: see view_need */
	struct view_pending { /* rising UIDs, all told once */
		uint32_t *uids;
		size_t n, room;
	} gone, changed;
	bool *told_flags; /* which of changed a command has told; or NULL */
	bool added;       /* the store may have messages beyond uids */
	char **told;      /* names of keywords told, owned */
	size_t ntold;
	uint32_t told_max; /* highest UID told */
	bool numbers;      /* HIGHESTMODSEQ was told, not NOMODSEQ */
	uint64_t safe;     /* all changes up to this one were told */
	uint64_t sent;     /* highest MODSEQ since the last tagged answer */
	struct {
		uint64_t received; /* bytes that the client had sent */
		int64_t at;        /* wire_clock */
	} look;                    /* the last one before a command */
	uint32_t *copied;          /* rising UIDs: trash.h */
	size_t ncopied;
};

struct view_set {                     /* messages that a command names */
	const struct seqset_range *r; /* sequence numbers, rising, all there */
	size_t n;
	size_t count; /* messages in all */
};

/* What a report may hold beside flags and arrivals. */
#define VIEW_EXPUNGE 1u /* EXPUNGE lines */
#define VIEW_FLAGS   2u /* FETCH (FLAGS) of arrivals, as IDLE does */
#define VIEW_UID     4u /* FETCH with the UID, as NOTIFY does */
#define VIEW_HOLD    8u /* no change of flags of what was told before */

/*
 * Opens the folder for this client. NULL with errno of mailbox_open. A folder
 * that can only be read is opened read-only.
 */
struct view *view_open(struct session *, const char *folder, bool readonly);
void view_close(struct view *);

/*
 * After a glance at a folder its messages are read at first need: by any
 * command that names them, and when there is news. 0; -1: what was told can no
 * longer be known (the index was lost in between), the client has been told
 * BYE.
 */
int view_need(struct session *);
/* The UID at a sequence number from 1 to view->n. */
uint32_t view_uid(const struct view *, uint32_t seq);
/* The sequence number of a UID, 0 if it has not been told. */
uint32_t view_seq(const struct view *, uint32_t uid);
/* The message at a sequence number; NULL: it has vanished. */
const struct message *view_message(const struct view *, uint32_t seq);
/*
 * Resolves a set of sequence numbers or UIDs. "*" is clipped to what is there;
 * a number beyond it is refused: -1, errno EDOM. ENOMEM.
 */
int view_resolve(
    struct session *, const struct seqset *, bool uid, struct view_set *out);
/* The UIDs of a set, in the arena; NULL: no memory. */
uint32_t *view_uids(
    const struct view *, struct arena *, const struct view_set *);

/*
 * Looks at the folder (mailbox_sync) and notes what is news. 0; -1: the folder
 * is gone or another one: the client has been told BYE.
 */
int view_look(struct session *, bool force);
/*
 * The look before a command. Commands that had come in one piece share one, if
 * they are quick: what it found is newer than all of them. 0, -1 as above.
 */
int view_look_once(struct session *);
/* Notes what this session did itself. */
void view_gone(
    struct view *, const uint32_t *uids, const bool *which, size_t n);
/* The client has just been told this message's flags. */
void view_told_flags(struct view *, uint32_t uid);
/* From now on they are not among the changed any more. */
void view_settle_flags(struct view *);
/* Writes what is news and may be told: VIEW_* bits. */
void view_report(struct session *, unsigned how);
/*
 * FLAGS and PERMANENTFLAGS lines; always, or only if there is a keyword that
 * was not told yet. What was told stays on the list while the folder is open,
 * also when no message has it any more: RFC 3501 7.2.6 lets the client use it.
 */
void view_report_keywords(struct session *, bool always);
/*
 * Puts names that a STORE mentions on the list, also those it only takes away:
 * the client sees that they are understood. Not without end, for each name more
 * tells the whole list again.
 */
void view_name_keywords(struct session *, const char *const *names, size_t n);
/* Frees what view_report_keywords remembers. */
void view_forget_keywords(struct view *);
/* "MODSEQ (n)" to the line, behind a blank where one is due. */
void view_put_modseq(struct session *, const struct message *);
/* Before a tagged answer: HIGHESTMODSEQ, if what was sent misleads. */
void view_report_modseq(struct session *);
/* EXISTS and RECENT as told so far. */
void view_report_counts(struct session *);
/* Number of told messages with \Recent. */
size_t view_recent(const struct view *);

#endif
