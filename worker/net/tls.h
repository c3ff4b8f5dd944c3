/*
 * TLS towards the client (RFC 8446, 5246, 8314; 7301 for ALPN). The only file
 * with OpenSSL's TLS. Every call returns at once; the socket's own flags are
 * never trusted.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

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
 * A context from the bytes in fd (the caller's), the memfd of IPC_CERTS
 * (worker/net/bundle.h). NULL: why[size] says what does not fit.
 */
struct tls_context *tls_load(int fd, char *why, size_t size);
/* Connections keep what they need of it. NULL is accepted. */
void tls_forget(struct tls_context *);

/*
 * Of certificate i, from 0 (TLS_CERTFILE itself) on: the name or address that
 * it is for, whose it is, until when; or why it was passed over. false: there
 * is none. Texts are lent.
 */
struct tls_certificate {
	const char *name; /* "": for all that have none of their own */
	const char *why;  /* not "": passed over */
	char subject[256];
	time_t until;
};
bool tls_certificate(
    const struct tls_context *, size_t i, struct tls_certificate *out);

/*
 * A server's end on socket fd, which stays the caller's. certificate: ask the
 * client for one. local: the address that the client came to. NULL: out of
 * memory.
 */
struct tls *tls_new(
    struct tls_context *, int fd, bool certificate, const char *local);
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
/* The last TLS_ERROR was the connection's end without close_notify. */
bool tls_is_cut(const struct tls *);
/* The reason of the last TLS_ERROR, for the log. */
const char *tls_why(const struct tls *);
/*
 * The name in the client's verified certificate: the last field of its subject
 * that TLS_EXTERNAL names; without that the last emailAddress, else the last
 * common name. -1: no verified certificate, no name,
 * one with a NUL inside, or one that does not fit.
 */
int tls_peer_name(const struct tls *, char *out, size_t size);

#endif
