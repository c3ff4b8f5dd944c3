/*
 * The keys of TLS session tickets, as the master made them for all workers. Not
 * a ticket that auth seals: that is auth/ticket.h.
 */
#ifndef NET_TICKETKEY_H
#define NET_TICKETKEY_H

#include <stdint.h>

#include <openssl/types.h>

#define TICKETKEY_SIZE 80 /* bytes: name 16, AES-256 32, HMAC 32 */

/* From now on: the key in use, then the one before. They are copied. */
void ticketkey_set(const uint8_t keys[2 * TICKETKEY_SIZE]);
/*
 * OpenSSL's callback, see SSL_CTX_set_tlsext_ticket_key_evp_cb(3): a ticket is
 * made with the first key and taken with either, with the second to be made
 * anew. Without keys from the master the process has some of its own.
 */
int ticketkey_use(SSL *, unsigned char name[16], unsigned char *iv,
    EVP_CIPHER_CTX *, EVP_MAC_CTX *, int make);

#endif
