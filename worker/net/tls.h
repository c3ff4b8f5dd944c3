/*
 * TLS towards the client (RFC 8446, 5246, 8314; 7301 for ALPN). The only file
 * with OpenSSL's TLS. Every call returns at once; the socket's own flags are
 * never trusted.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "shm/settings.h"

#define TLS_CERTS_MAX (1u << 20) /* bytes of a CERTS memfd */

struct tls_context; /* certificate, key, options; shared by its connections */
struct tls;         /* one connection */

enum tls_result {
	TLS_OK,
	TLS_WANT_READ,
	TLS_WANT_WRITE,
	TLS_EOF,   /* close_notify: the client sends nothing more */
	TLS_ERROR, /* broken, an unannounced end included; tls_why */
};

/* Once, before the jail: OpenSSL reads its own configuration file. 0, -1. */
int tls_init(void);
/*
 * A context from the bytes in fd (the caller's), the memfd of IPC_CERTS: a
 * sequence of entries, each a 32-bit length and a name, a 32-bit length and
 * PEM bytes; lengths in the machine's byte order. Names:
 *   cert  certificate, its chain after it, and the key if "key" is not there
 *   key   the private key
 *   ca    trust anchors for clients' certificates (EXTERNAL)
 * Other names (cert and key of SNI names will be "cert.NAME", "key.NAME") are
 * passed over. NULL: why[size] says what does not fit.
 */
struct tls_context *tls_load(
    int fd, const struct settings *, char *why, size_t size);
/* Connections keep what they need of it. NULL is accepted. */
void tls_forget(struct tls_context *);

/*
 * A server's end on socket fd, which stays the caller's. certificate: ask the
 * client for one. NULL: out of memory.
 */
struct tls *tls_new(struct tls_context *, int fd, bool certificate);
void tls_free(struct tls *);
enum tls_result tls_handshake(struct tls *);
/* At most n bytes into p; *got > 0 with TLS_OK only. */
enum tls_result tls_read(struct tls *, void *p, size_t n, size_t *got);
/*
 * As much as goes now; *put > 0 with TLS_OK only. After a WANT the same bytes
 * must be given again, at least as many.
 */
enum tls_result tls_write(struct tls *, const void *p, size_t n, size_t *put);
/* Bytes are decrypted and not read: epoll will not tell. */
bool tls_pending(const struct tls *);
/* Says close_notify if it goes at once. */
void tls_close(struct tls *);
/* The reason of the last TLS_ERROR, for the log. */
const char *tls_why(const struct tls *);
/*
 * The name in the client's verified certificate: the last emailAddress of its
 * subject, else the last common name. -1: no verified certificate, no name,
 * one with a NUL inside, or one that does not fit.
 */
int tls_peer_name(const struct tls *, char *out, size_t size);

#endif
