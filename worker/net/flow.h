/*
 * The client's bytes as IMAP sees them, whatever they are wrapped in: the bare
 * socket or TLS, and COMPRESS over either. Results are those of tls.h; every
 * call returns at once.
 */
#ifndef NET_FLOW_H
#define NET_FLOW_H

#include "worker/net/client.h"

/* Not the bare socket: a session must be given a relayed stream. */
bool flow_is_wrapped(const struct client *);
/*
 * At most n bytes into p. TLS_OK with *got == 0: compressed bytes came that do
 * not yet make one; ask again.
 */
enum tls_result flow_read(struct client *, void *p, size_t n, size_t *got);
/*
 * Sends bytes as flow_pack has made them, as many as go now; after a WANT the
 * same bytes must be given again, at least as many.
 */
enum tls_result flow_write(
    struct client *, const void *p, size_t n, size_t *put);
/*
 * What must be written for *n bytes at p (DEFLATE_BURST at most): the same, or
 * compressed and lent until the next call. NULL: it cannot be made.
 */
const char *flow_pack(
    struct worker *, const struct client *, const char *p, size_t *n);
/* Bytes are there that epoll does not know of. */
bool flow_pending(const struct client *);
/* Says the end of TLS if it goes at once. */
void flow_close(struct client *);
/* Logs why the last result was TLS_ERROR, if there is something to say. */
void flow_tell(const struct client *);

#endif
