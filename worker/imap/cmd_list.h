/* The LIST line that SELECT wants in IMAP4rev2, RFC 9051 6.3.2. */
#ifndef IMAP_CMD_LIST_H
#define IMAP_CMD_LIST_H

#include "worker/imap/state.h"

/*
 * Writes the LIST line of a mailbox by its name in the namespace, attributes
 * and all. 0 or -1 with errno.
 */
int list_tell_one(struct session *, const char *name);

#endif
