/* Keys of TLS session tickets (RFC 5077 4; see ticketkey.h). */
#include "worker/net/ticketkey.h"

#include <stdbool.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#define NAME 16
#define KEY  32
#define IV   16 /* of AES-256-CBC */

struct key {
	uint8_t name[NAME], cipher[KEY], digest[KEY];
};
_Static_assert(sizeof(struct key) == TICKETKEY_SIZE, "as the master makes it");

static struct key keys[2];
static bool there;

static const struct key *find(const unsigned char *);

void
ticketkey_set(const uint8_t from[2 * TICKETKEY_SIZE])
{
	memcpy(keys, from, sizeof(keys));
	there = true;
}

int
ticketkey_use(SSL *ssl, unsigned char name[16], unsigned char *iv,
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int make)
{
	char sha256[] = "SHA256";
	const struct key *k = keys;
	OSSL_PARAM params[3];
	int r;

	(void)ssl;
	if (!there && RAND_bytes((uint8_t *)keys, sizeof(keys)) != 1)
		return -1;
	there = true;
	if (make != 0) {
		memcpy(name, k->name, NAME);
		if (RAND_bytes(iv, IV) != 1)
			return -1;
		r = EVP_EncryptInit_ex(
		    cipher, EVP_aes_256_cbc(), NULL, k->cipher, iv);
	} else if ((k = find(name)) != NULL)
		r = EVP_DecryptInit_ex(
		    cipher, EVP_aes_256_cbc(), NULL, k->cipher, iv);
	else
		return 0; /* too old, or never ours: a whole handshake */
	params[0] = OSSL_PARAM_construct_octet_string(
	    OSSL_MAC_PARAM_KEY, (void *)(uintptr_t)k->digest, KEY);
	params[1] =
	    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256, 0);
	params[2] = OSSL_PARAM_construct_end();
	if (r != 1 || EVP_MAC_CTX_set_params(mac, params) != 1)
		return -1;
	return make == 0 && k == &keys[1] ? 2 : 1;
}

static const struct key *
find(const unsigned char *name)
{
	for (int i = 0; i < 2; i++)
		if (memcmp(keys[i].name, name, NAME) == 0)
			return &keys[i];
	return NULL;
}
