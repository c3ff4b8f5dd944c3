/*
 * Part of the door (maildir.h includes it): what was made of a message once, by
 * who knows how, and is kept in the index where there is one. A message's bytes
 * never change under its base name; what is kept is checked against that. A
 * kind whose bytes change their meaning needs another INDEX_VERSION.
 */
#ifndef MAILDIR_KEPT_H
#define MAILDIR_KEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct mailbox;

/* Each kind lies together, by UID: a walk reads the kinds that it asks for. */
enum mailbox_kept {
	MAILBOX_ENVELOPE = 1,  /* as they are sent */
	MAILBOX_BODY,          /* likewise */
	MAILBOX_BODYSTRUCTURE, /* likewise */
	MAILBOX_HEADER,        /* the fields that somebody may ask for */
	MAILBOX_SENT,          /* the date that it bears */
	MAILBOX_SUBJECT,       /* ready to be searched */
	MAILBOX_ADDRESSES,     /* likewise */
	MAILBOX_SORTING,       /* ready to be compared */
	MAILBOX_THREADING,     /* what ties it to others */
	MAILBOX_PREVIEW,
	MAILBOX_DIGEST /* of its bytes */
};
#define MAILBOX_KEPT_KINDS 11

/*
 * Is a text of this message kept? Lent until the same kind is asked of another
 * message, or something is kept.
 */
bool mailbox_kept(struct mailbox *, uint32_t uid, enum mailbox_kept,
    const char **p, size_t *n);
/* Keeps one, from the next sync on. It need not work. */
void mailbox_keep(
    struct mailbox *, uint32_t uid, enum mailbox_kept, const char *p, size_t n);

/*
 * Its size with CRLF line ends, if it is known without reading the file; and
 * for who has read it, so that nobody reads it again.
 */
bool mailbox_size_known(struct mailbox *, uint32_t uid, uint64_t *size);
void mailbox_keep_size(
    struct mailbox *, uint32_t uid, uint64_t size, time_t date);
/*
 * When it came into this folder: every writer of Maildirs begins a new file's
 * name with the time. 0: this name does not, or there is no such message.
 */
time_t mailbox_saved(const struct mailbox *, uint32_t uid);

#endif
