/*
 * Tickets: bytes that nobody sealed are refused, and those with a right seal
 * (made here, as only auth can) are either refused or bring an owner whose
 * texts end where they must.
 */
#include "auth/ticket.h"
#include "t/fuzz/world.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#define MAC 32

static const uint8_t key[TICKET_KEY] = {1};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ticket t;
	uint8_t sealed[TICKET_MAX], account[16], account2[16];
	unsigned n = MAC;

	MUST(ticket_open(data, size, key, &t) == -1);
	(void)ticket_account(data, size, account);
	if (size > sizeof(sealed) - MAC)
		return 0;
	memcpy(sealed, data, size);
	MUST(HMAC(EVP_sha256(), key, sizeof(key), sealed, size, sealed + size,
		 &n) != NULL);
	if (ticket_open(sealed, size + MAC, key, &t) == -1)
		return 0;
	MUST(memchr(t.owner.user, '\0', sizeof(t.owner.user)) != NULL);
	MUST(memchr(t.owner.home, '\0', sizeof(t.owner.home)) != NULL);
	MUST(memchr(t.owner.maildir, '\0', sizeof(t.owner.maildir)) != NULL);
	MUST(memchr(t.owner.options, '\0', sizeof(t.owner.options)) != NULL);
	MUST(t.owner.ngroups <= TICKET_GROUPS);
	MUST(ticket_account(sealed, size + MAC, account) == 0);
	ticket_owner_account(&t.owner, account2);
	MUST(memcmp(account, account2, sizeof(account)) == 0);
	return 0;
}
