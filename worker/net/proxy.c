/*
 * The PROXY header. How it ends is known only while it is read, so proxy_wants
 * asks for what both versions are sure to have, then byte by byte for a line's
 * end, or for what a binary header says of its own length.
 */
#include "worker/net/proxy.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SURE  12u /* both versions are longer */
#define FIXED 16u /* the fixed part of version 2 */

static const uint8_t sign[SURE] = {
    0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};
static const char word[] = "PROXY ";

static bool begins(const uint8_t *, size_t, const void *, size_t);
static int line_parse(char *, struct proxy_origin *);
static int take_address(const char *, int family, uint8_t out[16]);
static int take_port(const char *, uint16_t *);
static int binary_parse(const uint8_t *, struct proxy_origin *);
static void map(const uint8_t v4[4], uint8_t out[16]);

int
proxy_wants(const uint8_t *buf, size_t n)
{
	const uint8_t *end;
	size_t whole;

	if (begins(buf, n, sign, sizeof(sign))) {
		if (n < FIXED)
			return (int)((n < SURE ? SURE : FIXED) - n);
		whole = FIXED + ((size_t)buf[14] << 8 | buf[15]);
		if (whole > PROXY_MAX)
			return -1;
		return n < whole ? (int)(whole - n) : 0;
	}
	if (!begins(buf, n, word, sizeof(word) - 1))
		return -1;
	end = memchr(buf, '\n', n);
	if (end != NULL)
		return end == buf + n - 1 && end[-1] == '\r' ? 0 : -1;
	if (n < SURE)
		return (int)(SURE - n);
	return n < PROXY_LINE ? 1 : -1;
}

/* Whether the n bytes are the beginning of what is expected, or begin so. */
static bool
begins(const uint8_t *buf, size_t n, const void *what, size_t len)
{
	return memcmp(buf, what, n < len ? n : len) == 0;
}

int
proxy_parse(const uint8_t *buf, size_t n, struct proxy_origin *out)
{
	struct proxy_origin o = {.known = false};
	char line[PROXY_LINE + 1];
	int ret;

	if (n < SURE || proxy_wants(buf, n) != 0)
		return -1;
	if (buf[0] != 'P')
		ret = binary_parse(buf, &o);
	else {
		memcpy(line, buf, n - 2);
		line[n - 2] = '\0';
		ret = strlen(line) == n - 2 ? line_parse(line, &o) : -1;
	}
	if (ret == 0)
		*out = o;
	return ret;
}

/* PROXY TCP4 192.0.2.1 198.51.100.1 4711 143, or PROXY UNKNOWN ... */
static int
line_parse(char *line, struct proxy_origin *o)
{
	char *field[6], *p = line;
	int family, k = 0;

	while (k < 6 && (field[k] = strsep(&p, " ")) != NULL)
		k++;
	if (k > 1 && strcmp(field[1], "UNKNOWN") == 0)
		return 0;
	if (k != 6 || p != NULL)
		return -1;
	if (strcmp(field[1], "TCP4") == 0)
		family = AF_INET;
	else if (strcmp(field[1], "TCP6") == 0)
		family = AF_INET6;
	else
		return -1;
	o->known = true;
	if (take_address(field[2], family, o->peer) == -1 ||
	    take_address(field[3], family, o->local) == -1 ||
	    take_port(field[4], &o->peer_port) == -1)
		return -1;
	return take_port(field[5], &o->local_port);
}

static int
take_address(const char *text, int family, uint8_t out[16])
{
	uint8_t raw[16];

	if (inet_pton(family, text, raw) != 1)
		return -1;
	if (family == AF_INET)
		map(raw, out);
	else
		memcpy(out, raw, 16);
	return 0;
}

static int
take_port(const char *text, uint16_t *out)
{
	size_t n = strspn(text, "0123456789");
	unsigned long port = strtoul(text, NULL, 10);

	if (n == 0 || n > 5 || text[n] != '\0' || port > UINT16_MAX)
		return -1;
	*out = (uint16_t)port;
	return 0;
}

/* Version and command, family and transport, length, addresses. */
static int
binary_parse(const uint8_t *b, struct proxy_origin *o)
{
	size_t len = (size_t)b[14] << 8 | b[15], size;
	const uint8_t *p = b + FIXED;

	if (b[12] == 0x20) /* LOCAL: a health check of the balancer's own */
		return 0;
	if (b[12] != 0x21)
		return -1;
	if (b[13] != 0x11 && b[13] != 0x21) /* TCP over IPv4, IPv6 */
		return b[13] == 0x00 ? 0 : -1;
	size = b[13] == 0x11 ? 4 : 16;
	if (len < 2 * size + 4)
		return -1;
	if (size == 4) {
		map(p, o->peer);
		map(p + 4, o->local);
	} else {
		memcpy(o->peer, p, 16);
		memcpy(o->local, p + 16, 16);
	}
	p += 2 * size;
	o->peer_port = (uint16_t)(p[0] << 8 | p[1]);
	o->local_port = (uint16_t)(p[2] << 8 | p[3]);
	o->known = true;
	return 0;
}

static void
map(const uint8_t v4[4], uint8_t out[16])
{
	memset(out, 0, 10);
	memset(out + 10, 0xff, 2);
	memcpy(out + 12, v4, 4);
}
