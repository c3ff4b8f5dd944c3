/*
 * SORT: messages in, an order out. RFC 5256 section 3, RFC 5957. Knows nothing
 * of where keys come from.
 */
#ifndef IMAP_SORT_H
#define IMAP_SORT_H

#include <stddef.h>
#include <stdint.h>

#include "worker/imap/keys.h"
#include "worker/imap/parse_sort.h"

struct sort;

/* The request must outlive it. NULL: no memory. */
struct sort *sort_new(const struct parse_sort *);
void sort_free(struct sort *);
/* What it must know of a message: KEYS_* bits. */
unsigned sort_wants(const struct parse_sort *);
/* Adds a message, with rising sequence numbers. 0; -1: no memory. */
int sort_add(struct sort *, uint32_t seq, const struct keys *);
/* The sequence numbers in order into seqs[]; how many were added. */
size_t sort_finish(struct sort *, uint32_t *seqs);

#endif
