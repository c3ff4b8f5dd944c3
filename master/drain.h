/*
 * The old generation: the children of the master that we were before we
 * executed ourselves anew. Its workers keep their clients until these leave or
 * IMAP_DRAIN_TIMEOUT is over; its servants end after the last of them.
 */
#ifndef MASTER_DRAIN_H
#define MASTER_DRAIN_H

#include "master/brood.h"

/* Takes n children over; b->boot.set is there. */
void drain_inherit(
    struct brood *, const struct child *, size_t n, uint64_t now);
/* One of either generation has died. */
void drain_died(struct brood *, const struct child *);
/* A retired worker that has no client any more is told to end. */
void drain_end_retired(struct brood *, struct child *);
/* What is due by now. */
void drain_turn(struct brood *, uint64_t now);

#endif
