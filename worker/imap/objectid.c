/* See objectid.h. */
#define OPENSSL_API_COMPAT 10100 /* the plain calls: they load nothing */

#include "worker/imap/objectid.h"

#include <endian.h>
#include <openssl/sha.h>
#include <string.h>

#include "worker/imap/content.h"

void
objectid_digest(unsigned char out[static OBJECTID_DIGEST], time_t date,
    const char *p, size_t n)
{
	uint64_t when = htobe64((uint64_t)date);
	unsigned char all[SHA256_DIGEST_LENGTH];
	SHA256_CTX sha;

	(void)SHA256_Init(&sha);
	(void)SHA256_Update(&sha, &when, sizeof(when));
	(void)SHA256_Update(&sha, p, n);
	(void)SHA256_Final(all, &sha);
	memcpy(out, all, OBJECTID_DIGEST);
}

void
objectid_email(
    struct buf *b, const unsigned char digest[static OBJECTID_DIGEST])
{
	static const char hex[] = "0123456789abcdef";
	size_t i;

	buf_char(b, 'M');
	for (i = 0; i < OBJECTID_DIGEST; i++) {
		buf_char(b, hex[digest[i] >> 4]);
		buf_char(b, hex[digest[i] & 15]);
	}
}

void
objectid_mailbox(struct buf *b, uint32_t uidvalidity, uint64_t inode)
{
	buf_printf(
	    b, "MAILBOXID (F%08x%llx)", uidvalidity, (unsigned long long)inode);
}

int
objectid_folder(
    struct session *s, const char *folder, uint32_t uidvalidity, struct buf *b)
{
	uint64_t dev, inode, stamp;

	if (maildir_identity(s->maildir, folder, &dev, &inode, &stamp) == -1)
		return -1;
	objectid_mailbox(b, uidvalidity, inode);
	return 0;
}

int
objectid_of_message(struct content *c, struct mailbox *box, uint32_t uid,
    unsigned char out[static OBJECTID_DIGEST])
{
	const char *p;
	size_t n;

	if (mailbox_kept(box, uid, MAILBOX_DIGEST, &p, &n) &&
	    n == OBJECTID_DIGEST) {
		memcpy(out, p, n);
		return 0;
	}
	if (content_open(c, box, uid) == -1)
		return -1;
	objectid_digest(out, c->date, c->p, c->n);
	mailbox_keep(
	    box, uid, MAILBOX_DIGEST, (const char *)out, OBJECTID_DIGEST);
	return 0;
}
