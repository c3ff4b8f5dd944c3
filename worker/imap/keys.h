/*
 * What SORT and THREAD must know of a message, ready to be compared. It is made
 * once, from the header alone, and then comes from the index. RFC 5256, 5957.
 */
#ifndef IMAP_KEYS_H
#define IMAP_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "maildir/maildir.h"
#include "maildir/mime.h"
#include "shm/limits.h"

/* Texts: their numbers, and as bits 1u << number what is wanted. */
enum keys_text {
	KEYS_SUBJECT, /* the base subject */
	KEYS_FROM,    /* addr-mailbox of the first address */
	KEYS_TO,
	KEYS_CC,
	KEYS_DISPLAYFROM, /* RFC 5957 section 3 */
	KEYS_DISPLAYTO,
	KEYS_TEXTS
};
/* More bits. */
#define KEYS_SENT    (1u << 8)  /* Date:, or INTERNALDATE, RFC 5256 2.2 */
#define KEYS_ARRIVAL (1u << 9)  /* INTERNALDATE */
#define KEYS_SIZE    (1u << 10) /* RFC822.SIZE */
#define KEYS_REFS    (1u << 11) /* Message-ID and references */

struct keys {
	int64_t sent, arrival;
	uint64_t size;
	bool dated;  /* the Date: is one; then */
	int32_t day; /* as it is written there, in days since 1970-01-01 */
	bool reply;  /* by its subject it is a reply or forward */
	struct mime_text text[KEYS_TEXTS]; /* collated; absent ones are empty */
	struct mime_text id;               /* p NULL: it has none */
	struct mime_text refs[KEYS_REFS_MAX];
	size_t nrefs;
};

struct keys_reader;

struct keys_reader *keys_new(struct mailbox *); /* NULL: no memory */
void keys_free(struct keys_reader *);
/*
 * The wanted keys of a message; others are not set. Lent until the next call.
 * 0; -1 with errno: ENOENT, it has vanished.
 */
int keys_get(
    struct keys_reader *, uint32_t uid, unsigned want, struct keys *out);
/* The same from a header hdr[n] and the date of its file: pure. 0; -1. */
int keys_of_header(struct keys_reader *, const struct mime_text *header,
    time_t date, unsigned want, struct keys *out);

#endif
