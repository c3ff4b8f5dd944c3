/*
 * Keys (keys.h) to and from the index. Private to keys.
 */
#ifndef IMAP_KEYS_KEPT_H
#define IMAP_KEYS_KEPT_H

#include "worker/imap/keys.h"

struct buf;

/*
 * Sets those of the wanted keys that are kept; lent as mailbox_kept does.
 * Returns which are to be made, and what else to make with them.
 */
unsigned keys_kept(
    struct mailbox *, uint32_t uid, unsigned want, struct keys *out);
/* Keeps what keys_kept told to make. The buffer is for its use. */
void keys_keep(struct mailbox *, uint32_t uid, unsigned made,
    const struct keys *, struct buf *);
/* Copies these keys. */
void keys_take(struct keys *out, const struct keys *from, unsigned which);

#endif
