/*
 * What was made of a message once, kept in the index: records "C number kind
 * uid". A message's bytes never change under one base name, so that name is
 * what a record is checked against. A format that changes needs another
 * INDEX_VERSION.
 */
#ifndef MAILDIR_CACHE_H
#define MAILDIR_CACHE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct index_txn;
struct mailbox;

/* Size with CRLF line ends and date of a message, if they are kept. */
bool cache_facts(struct mailbox *, uint32_t uid, uint64_t *size, time_t *date);
void cache_put_facts(
    struct mailbox *, uint32_t uid, uint64_t size, time_t date);
/*
 * The sum of the sizes of all n messages of the folder, if all are kept. For
 * who has only had a glance.
 */
bool cache_sum(struct mailbox *, uint32_t n, uint64_t *size);
/* Writes what waits to be written. */
void cache_flush(struct mailbox *);
/* Writes it and frees the memory. */
void cache_free(struct mailbox *);
/* Inside of a transaction: nothing is kept of this message any more. */
void cache_bury(struct index_txn *, uint32_t number, uint32_t uid);

#endif
