/*
 * The PROXY protocol's header: the first bytes of a connection by which a
 * balancer tells whose it is. Version 1 (a line of text) and 2 (binary), as
 * HAProxy's proxy-protocol.txt has them. Pure.
 */
#ifndef NET_PROXY_H
#define NET_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROXY_LINE 107u  /* bytes of the longest line of version 1 */
#define PROXY_MAX  1024u /* of a header of version 2, extensions and all */

struct proxy_origin {
	bool known; /* false: the balancer speaks for itself, or cannot say */
	uint8_t peer[16], local[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint16_t peer_port, local_port;
};

/*
 * How many more bytes than the n in buf certainly belong to the header: what
 * follows it is not to be read. 0: it is complete; -1: no header begins so.
 */
int proxy_wants(const uint8_t *buf, size_t n);
/* Takes a complete header apart. 0, or -1: malformed, out is untouched. */
int proxy_parse(const uint8_t *buf, size_t n, struct proxy_origin *out);

#endif
