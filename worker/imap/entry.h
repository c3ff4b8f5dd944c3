/*
 * What is looked at before an account is served: whose the Maildir is, and
 * Courier's sticky home (COURIER 2.3).
 */
#ifndef IMAP_ENTRY_H
#define IMAP_ENTRY_H

#include <stdbool.h>

#include "worker/imap/state.h"

/*
 * Does the Maildir belong to another uid or gid than ours, and is that looked
 * at (IMAP_MAILBOX_SANITY_CHECK)? For a root that is open.
 */
bool entry_is_foreign(const struct settings *, int rootfd);
/*
 * The text of the BYE that this client gets, NULL: he may come in. Logs why.
 */
const char *entry_refusal(const struct session *);

#endif
