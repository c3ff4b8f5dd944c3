/*
 * Object identifiers, RFC 8474. A folder's is made of its UIDVALIDITY and its
 * directory's inode number: both travel with it when it is renamed, and the
 * index has no part in them. A message's is a digest of its bytes and its
 * INTERNALDATE, all that never changes of it: the same for each copy. Threads
 * have none.
 */
#ifndef IMAP_OBJECTID_H
#define IMAP_OBJECTID_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "worker/imap/buf.h"
#include "worker/imap/state.h"

#define OBJECTID_DIGEST 24 /* bytes of SHA-256 that are used */

void objectid_digest(unsigned char out[static OBJECTID_DIGEST], time_t date,
    const char *p, size_t n);
/* "M" and the digest, hexadecimal. */
void objectid_email(
    struct buf *, const unsigned char digest[static OBJECTID_DIGEST]);
/* "MAILBOXID (F...)". */
void objectid_mailbox(struct buf *, uint32_t uidvalidity, uint64_t inode);
/* The same of a folder that need not be open. 0; -1 with errno. */
int objectid_folder(
    struct session *, const char *folder, uint32_t uidvalidity, struct buf *);
/*
 * The EMAILID of a message, from the index or its file. 0; -1 with errno:
 * ENOENT, it has vanished.
 */
struct content;
int objectid_of_message(struct content *, struct mailbox *, uint32_t uid,
    unsigned char out[static OBJECTID_DIGEST]);

#endif
