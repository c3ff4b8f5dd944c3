/*
 * Change numbers (RFC 7162 3.1): one row per account, each above all before,
 * near the wall clock in microseconds, below 2^53. None is given that is above
 * the mark in corkboard/modseq, so that whoever has lost the index goes on
 * above the mark and never goes back.
 */
#ifndef MAILDIR_MODSEQ_H
#define MAILDIR_MODSEQ_H

#include <stdint.h>

#define MODSEQ_LIMIT ((uint64_t)1 << 53)
#define MODSEQ_AHEAD ((uint64_t)3600 * 1000000) /* of the mark: one hour */
#define MODSEQ_RAISE 2 /* the mark must be raised first */

struct maildir;
struct index_txn;

/* For a new index: no number was given that is above the mark. 0 or -1. */
int modseq_begin(struct maildir *, struct index_txn *);
/* Takes the next number. 0; MODSEQ_RAISE: end the transaction, raise, again. */
int modseq_take(struct index_txn *, uint64_t *);
/* Raises the mark, durable when it returns. 0; -1: no numbers can be given. */
int modseq_raise(struct maildir *);
/* The mark as the file has it, 0 if there is none. 0 or -1. */
int modseq_mark(struct maildir *, uint64_t *);

#endif
