/* Header text before it is folded. Private to text. */
#ifndef IMAP_TEXT_HEADER_H
#define IMAP_TEXT_HEADER_H

#include <stddef.h>

#include "worker/imap/buf.h"

/*
 * Appends a value, or a header with all its fields, unfolded and with encoded
 * words undone. 8-bit bytes that were not encoded stay, UTF-8 or not.
 */
void text_header_raw(struct buf *, const char *p, size_t n);

#endif
