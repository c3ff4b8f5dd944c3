/*
 * Message-IDs in Message-ID:, References: and In-Reply-To:, in the one form
 * that can be compared: RFC 5256 (THREAD=REFERENCES), RFC 5322 3.6.4, 4.5.4.
 */
#ifndef IMAP_MSGID_H
#define IMAP_MSGID_H

#include <stdbool.h>
#include <stddef.h>

#include "worker/imap/buf.h"

/*
 * Appends the next valid Message-ID of value[n] at or after *at, without its
 * angle brackets, quotes and blanks, and moves *at behind it. false: no more.
 */
bool msgid_next(struct buf *, const char *value, size_t n, size_t *at);

#endif
