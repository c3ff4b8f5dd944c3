/*
 * The log lines of a connection, in Courier's exact form: fail2ban, logcheck
 * and logwatch read them. New fields only at the end.
 */
#ifndef NET_TELL_H
#define NET_TELL_H

#include "worker/net/client.h"
#include "worker/net/login.h"

struct tell_end {     /* what a session reports of its client */
	uint32_t why; /* IPC_END_* */
	uint64_t headers, body, received, sent;
};

void tell_connection(const struct client *);
/* The same for one whose address a balancer has told. */
void tell_proxied(const struct client *, const char *balancer);
/* Something else that ends a connection before login. */
void tell_trouble(const struct client *, const char *why);
/* Closed before login. */
void tell_disconnected(const struct worker *, const struct client *);
/* LOGOUT before login. */
void tell_logout(const struct client *);
void tell_login(const struct client *);
/* method: NULL for LOGIN, else AUTHENTICATE's mechanism. */
void tell_failed(const struct client *, const char *user, const char *method);
/* A right password that does not open: expired, disabled, insecure, limit. */
void tell_refused(const struct client *, const char *user, const char *why);
void tell_id(const struct client *, const struct login_command *);
/* The end of a session's client. */
void tell_end(
    const struct worker *, const struct client *, const struct tell_end *);
/* The handshake failed. */
void tell_tls(const struct client *, const char *why);
/* TLS ended later without a close_notify. */
void tell_tls_end(const struct client *);
/* The client is dropped for what it sent under COMPRESS. */
void tell_deflate(const struct client *, const char *why);

#endif
