/*
 * The header fields that are kept in the index as they stand in the message:
 * those that SEARCH, SORT, THREAD, ENVELOPE and clients' lists of messages ask
 * for, and not what mail servers write to each other. Pure.
 */
#ifndef IMAP_HEADER_H
#define IMAP_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "maildir/mime.h"
#include "worker/imap/buf.h"

/* Is a field of this name among them (no case)? */
bool header_keeps(const char *name, size_t n);
/*
 * Appends those of hdr[n], whole and in their order, and an empty line: a
 * header itself, in which each of them is as it was in the first one.
 */
void header_pick(struct buf *, const char *hdr, size_t n);

#endif
