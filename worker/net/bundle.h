/*
 * The bytes of IPC_CERTS taken apart: certificates, keys, trust anchors and
 * how TLS is to be spoken with them. Pure: what they mean is tls.c's affair.
 */
#ifndef NET_BUNDLE_H
#define NET_BUNDLE_H

#include <stddef.h>
#include <stdint.h>

#include "shm/settings.h"

#define BUNDLE_MAX   (4u << 20) /* bytes of the memfd */
#define BUNDLE_NAMES 256        /* names with a certificate of their own */
#define BUNDLE_NAME  254        /* bytes of a name, terminated */
#define BUNDLE_CA    1024       /* files of trust anchors */

struct bundle_pem { /* lent from the bundle's bytes; n 0: not there */
	const uint8_t *p;
	size_t n;
};

struct bundle_name { /* a name that clients ask for, or a local address */
	char name[BUNDLE_NAME];
	struct bundle_pem cert, key;
};

struct bundle {
	uint8_t *bytes;
	size_t size;
	struct bundle_pem cert, key;
	struct bundle_name *names;
	size_t nnames;
	struct bundle_pem *ca;
	size_t nca;
	char protocol[SETTINGS_WORD]; /* TLS_PROTOCOL */
	char ciphers[SETTINGS_TEXT];  /* TLS_CIPHER_LIST */
	char field[SETTINGS_WORD];    /* TLS_EXTERNAL */
	enum settings_verify verify;  /* TLS_VERIFYPEER */
};

/*
 * Reads fd (the caller's): entries of a 32-bit length and a name, a 32-bit
 * length and bytes, lengths in the machine's byte order. Names:
 *   cert, cert.NAME      certificate, its chain after it, perhaps the key
 *   key, key.NAME        the private key
 *   ca                   trust anchors, any number of times
 *   protocol, ciphers, field    texts of the settings
 *   verify               N, P or R
 * NAME is in lower case. Others are passed over. 0: *out is the caller's until
 * bundle_done; -1: *why says what is wrong.
 */
int bundle_read(int fd, struct bundle *out, const char **why);
/* Frees it, keys wiped. All zeros are accepted. */
void bundle_done(struct bundle *);

#endif
