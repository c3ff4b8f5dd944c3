/* The items of STATUS, for STATUS and for LIST-STATUS (RFC 5819). */
#ifndef IMAP_CMD_STATUS_H
#define IMAP_CMD_STATUS_H

#include "worker/imap/command.h"

/* Writes the STATUS line of a folder. 0; -1 with errno, nothing is written. */
int status_tell(struct session *, const char *folder, unsigned items);

#endif
