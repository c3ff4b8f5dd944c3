/*
 * Unicode case folding in pieces: NFKC casefold (Unicode 3.13), so that text
 * can be compared byte by byte. Private to text.
 */
#ifndef IMAP_TEXT_FOLD_H
#define IMAP_TEXT_FOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "worker/imap/buf.h"

#define TEXT_FOLD_REST 256 /* text_fold_some leaves less than this */

/*
 * Folds UTF-8 and appends it; returns how much was taken: unless last, the
 * final character waits for marks that may join it.
 */
size_t text_fold_some(struct buf *, const char *p, size_t n, bool last);

#endif
