/* The grammar of UIDBATCHES, as parse.h has it. */
#ifndef IMAP_PARSE_BATCHES_H
#define IMAP_PARSE_BATCHES_H

#include "worker/imap/parse.h"

/* UIDBATCHES: RFC 10022. */
struct parse_batches {
	uint32_t size;   /* messages of one */
	uint32_t lo, hi; /* batches, 0: all */
	bool turned;     /* the range ends before it begins */
};
void parse_batches(struct parse *, struct parse_batches *);

#endif
