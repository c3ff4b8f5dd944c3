/*
 * Strings made comparable byte by byte: the collation i;unicode-casemap (RFC
 * 5051), which SORT and THREAD must use (RFC 5256 section 7). Not the folding
 * of SEARCH: here letters sort as capitals, before "_".
 */
#ifndef IMAP_COLLATE_H
#define IMAP_COLLATE_H

#include <stddef.h>

#include "worker/imap/buf.h"

/* Appends what p[n], UTF-8, is compared by; bad bytes stay as they are. */
void collate_put(struct buf *, const char *p, size_t n);

#endif
