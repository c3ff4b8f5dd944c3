/*
 * Who answers whom: parents and children from Message-IDs and References. RFC
 * 5256, THREAD=REFERENCES, steps 1 to 3. Near-linear in the references,
 * whatever they say; no loop can come about.
 */
#ifndef IMAP_LINKS_H
#define IMAP_LINKS_H

#include <stddef.h>
#include <stdint.h>

#include "maildir/mime.h"

#define LINKS_NONE UINT32_MAX

struct links;

struct links *links_new(void); /* NULL: no memory */
void links_free(struct links *);
/*
 * Adds the next message: its Message-ID (p NULL: none) and its references, the
 * oldest first, in the form of msgid.h. 0; -1: no memory.
 */
int links_add(struct links *, const struct mime_text *id,
    const struct mime_text *refs, size_t nrefs);
/*
 * When n are added: the parent of each into parents[n]: the number of another
 * message (from 0), LINKS_NONE, or n + k for the k-th dummy: a missing message
 * that two or more of the topmost share. Returns the number of dummies, at most
 * n / 2. Nothing can be added after it.
 */
size_t links_finish(struct links *, uint32_t *parents);
/* Steps that finding IDs and keeping loops out took so far. */
uint64_t links_steps(const struct links *);

#endif
