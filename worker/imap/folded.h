/*
 * Header fields as SEARCH compares them, decoded and folded once: Subject in
 * one record, From, To, Cc and Bcc in another. A record holds each field of the
 * header in each form that can match; it finds what text_field_has finds.
 */
#ifndef IMAP_FOLDED_H
#define IMAP_FOLDED_H

#include <stdbool.h>
#include <stddef.h>

#include "maildir/maildir.h"
#include "worker/imap/buf.h"
#include "worker/imap/text.h"

struct folded {
	enum mailbox_kept kind; /* of the record */
	char tag;               /* of the field in it */
};

/* Where a field of this name is; false: in none of them. */
bool folded_field(const char *name, struct folded *out);
/* Appends the record of this kind for a header. */
void folded_make(
    struct buf *, enum mailbox_kept kind, const char *hdr, size_t n);
/* Does the record p[n] have the needle in this field? No NUL in the needle. */
bool folded_has(
    const char *p, size_t n, char tag, const struct text_needle *needle);

#endif
