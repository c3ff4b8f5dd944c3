/*
 * CONDSTORE and QRESYNC, RFC 7162: what the commands share. MODSEQ items
 * themselves are the view's (view_put_modseq).
 */
#ifndef IMAP_CONDSTORE_H
#define IMAP_CONDSTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/imap/parse.h"
#include "worker/imap/state.h"

/*
 * A CONDSTORE-enabling command (RFC 7162 3.1) was given: from now on news carry
 * MODSEQ. Tells HIGHESTMODSEQ of the selected folder the first time.
 */
void condstore_enable(struct session *);
/* Has the selected folder change numbers? Else it is NOMODSEQ. */
bool condstore_usable(const struct session *);
/* The HIGHESTMODSEQ or NOMODSEQ line of a SELECT. */
void condstore_tell(struct session *);
/*
 * VANISHED (EARLIER): UIDs of these ranges that were expunged after a change
 * number; those up to above are known to be there or told.
 */
void condstore_vanished(struct session *, uint64_t since,
    const struct seqset_range *, size_t n, uint32_t above);
/* What SELECT (QRESYNC (...)) asks for, RFC 7162 3.2.5. */
void condstore_resync(struct session *, const struct parse_select *);
/* "HIGHESTMODSEQ n" for the tagged OK of who expunged; NULL: none is due. */
const char *condstore_code(struct session *);

#endif
