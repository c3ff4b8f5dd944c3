/*
 * Tickets: an owner and the connection it was proved on, as little-endian
 * fields of fixed order, followed by HMAC-SHA256 over all of them. The owner
 * comes first with its own length, so that its hash names the account.
 *
 *	u32 magic | u32 owner length | owner | u64 time | u64 serial |
 *	u32 worker | u64 incarnation | u64 conn | 32 bytes HMAC
 */
#include "auth/ticket.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <stdbool.h>
#include <string.h>

#define TICKET_MAGIC 0x31744b43u /* "CKt1" */
#define TICKET_MAC   32
#define TICKET_HEAD  8  /* magic and owner length */
#define TICKET_TAIL  36 /* what follows the owner, without the HMAC */

struct writer {
	uint8_t *p, *end;
	bool failed;
};

struct reader {
	const uint8_t *p, *end;
	bool failed;
};

static void write_owner(struct writer *, const struct owner *);
static void write_bytes(struct writer *, const void *, size_t);
static void write_u32(struct writer *, uint32_t);
static void write_u64(struct writer *, uint64_t);
static void write_str(struct writer *, const char *, size_t);
static int seal_mac(
    const uint8_t *, size_t, const uint8_t *, uint8_t mac[TICKET_MAC]);
static int read_frame(struct reader *, size_t);
static void read_owner(struct reader *, struct owner *);
static uint32_t read_u32(struct reader *);
static uint64_t read_u64(struct reader *);
static void read_str(struct reader *, char *, size_t);
static int account_hash(const uint8_t *, size_t, uint8_t account[16]);

size_t
ticket_seal(const struct ticket *t, const uint8_t key[TICKET_KEY], uint8_t *out,
    size_t size)
{
	struct writer w, length;
	size_t len;

	if (size > TICKET_MAX)
		size = TICKET_MAX;
	if (size < TICKET_HEAD + TICKET_TAIL + TICKET_MAC)
		return 0;
	w = (struct writer){out, out + size - TICKET_MAC, false};
	write_u32(&w, TICKET_MAGIC);
	length = w;
	write_u32(&w, 0);
	write_owner(&w, &t->owner);
	write_u32(&length, (uint32_t)(w.p - out) - TICKET_HEAD);
	write_u64(&w, t->time);
	write_u64(&w, t->serial);
	write_u32(&w, t->worker);
	write_u64(&w, t->incarnation);
	write_u64(&w, t->conn);
	if (w.failed)
		return 0;
	len = (size_t)(w.p - out);
	if (seal_mac(out, len, key, w.p) == -1)
		return 0;
	return len + TICKET_MAC;
}

static void
write_owner(struct writer *w, const struct owner *o)
{
	write_str(w, o->user, sizeof(o->user));
	write_u32(w, o->uid);
	write_u32(w, o->gid);
	if (o->ngroups > TICKET_GROUPS) {
		w->failed = true;
		return;
	}
	write_u32(w, o->ngroups);
	for (uint32_t i = 0; i < o->ngroups; i++)
		write_u32(w, o->groups[i]);
	write_str(w, o->home, sizeof(o->home));
	write_str(w, o->maildir, sizeof(o->maildir));
	write_str(w, o->options, sizeof(o->options));
}

static void
write_bytes(struct writer *w, const void *bytes, size_t n)
{
	if (w->failed || (size_t)(w->end - w->p) < n) {
		w->failed = true;
		return;
	}
	memcpy(w->p, bytes, n);
	w->p += n;
}

static void
write_u32(struct writer *w, uint32_t v)
{
	uint8_t b[4];

	for (unsigned i = 0; i < sizeof(b); i++)
		b[i] = (uint8_t)(v >> (8 * i));
	write_bytes(w, b, sizeof(b));
}

static void
write_u64(struct writer *w, uint64_t v)
{
	write_u32(w, (uint32_t)v);
	write_u32(w, (uint32_t)(v >> 32));
}

/* size is the field's own: a text that is not terminated in it is refused. */
static void
write_str(struct writer *w, const char *s, size_t size)
{
	size_t n = strnlen(s, size);

	if (n == size) {
		w->failed = true;
		return;
	}
	write_u32(w, (uint32_t)n);
	write_bytes(w, s, n);
}

static int
seal_mac(
    const uint8_t *bytes, size_t n, const uint8_t *key, uint8_t mac[TICKET_MAC])
{
	unsigned len = 0;

	if (HMAC(EVP_sha256(), key, TICKET_KEY, bytes, n, mac, &len) == NULL)
		return -1;
	return len == TICKET_MAC ? 0 : -1;
}

int
ticket_open(const uint8_t *sealed, size_t len, const uint8_t key[TICKET_KEY],
    struct ticket *out)
{
	struct reader r = {sealed, NULL, false};
	uint8_t mac[TICKET_MAC];
	struct ticket t;

	if (read_frame(&r, len) == -1)
		return -1;
	/* Nothing inside is looked at before the seal has been checked. */
	if (seal_mac(sealed, len - TICKET_MAC, key, mac) == -1 ||
	    CRYPTO_memcmp(mac, sealed + len - TICKET_MAC, sizeof(mac)) != 0)
		return -1;
	memset(&t, 0, sizeof(t));
	read_owner(&r, &t.owner);
	t.time = read_u64(&r);
	t.serial = read_u64(&r);
	t.worker = read_u32(&r);
	t.incarnation = read_u64(&r);
	t.conn = read_u64(&r);
	if (r.failed || r.p != r.end)
		return -1;
	*out = t;
	return 0;
}

/* The outer shape: r is left at the owner, its end before the HMAC. */
static int
read_frame(struct reader *r, size_t len)
{
	uint32_t owner;

	if (len < TICKET_HEAD + TICKET_TAIL + TICKET_MAC || len > TICKET_MAX)
		return -1;
	r->end = r->p + len - TICKET_MAC;
	if (read_u32(r) != TICKET_MAGIC)
		return -1;
	owner = read_u32(r);
	if (owner != (size_t)(r->end - r->p) - TICKET_TAIL)
		return -1;
	return 0;
}

static void
read_owner(struct reader *r, struct owner *o)
{
	read_str(r, o->user, sizeof(o->user));
	o->uid = read_u32(r);
	o->gid = read_u32(r);
	o->ngroups = read_u32(r);
	if (o->ngroups > TICKET_GROUPS) {
		r->failed = true;
		return;
	}
	for (uint32_t i = 0; i < o->ngroups; i++)
		o->groups[i] = read_u32(r);
	read_str(r, o->home, sizeof(o->home));
	read_str(r, o->maildir, sizeof(o->maildir));
	read_str(r, o->options, sizeof(o->options));
}

static uint32_t
read_u32(struct reader *r)
{
	uint32_t v;

	if (r->failed || r->end - r->p < 4) {
		r->failed = true;
		return 0;
	}
	v = (uint32_t)r->p[0] | (uint32_t)r->p[1] << 8 |
	    (uint32_t)r->p[2] << 16 | (uint32_t)r->p[3] << 24;
	r->p += 4;
	return v;
}

static uint64_t
read_u64(struct reader *r)
{
	uint64_t low = read_u32(r);

	return low | (uint64_t)read_u32(r) << 32;
}

static void
read_str(struct reader *r, char *out, size_t size)
{
	uint32_t n = read_u32(r);

	if (r->failed || n >= size || (size_t)(r->end - r->p) < n ||
	    memchr(r->p, '\0', n) != NULL) {
		r->failed = true;
		return;
	}
	memcpy(out, r->p, n);
	out[n] = '\0';
	r->p += n;
}

int
ticket_account(const uint8_t *sealed, size_t len, uint8_t account[16])
{
	struct reader r = {sealed, NULL, false};

	if (read_frame(&r, len) == -1)
		return -1;
	return account_hash(r.p, (size_t)(r.end - r.p) - TICKET_TAIL, account);
}

/*
 * The owner's bytes are the same in every ticket of an account, so their hash
 * is its name. Not keyed: it never leaves our processes.
 */
static int
account_hash(const uint8_t *bytes, size_t n, uint8_t account[16])
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (EVP_Digest(bytes, n, hash, &len, EVP_sha256(), NULL) != 1 ||
	    len < 16)
		return -1;
	memcpy(account, hash, 16);
	return 0;
}

void
ticket_owner_account(const struct owner *o, uint8_t account[16])
{
	uint8_t bytes[TICKET_MAX];
	struct writer w = {bytes, bytes + sizeof(bytes), false};

	write_owner(&w, o);
	if (w.failed ||
	    account_hash(bytes, (size_t)(w.p - bytes), account) == -1)
		memset(account, 0, 16);
}
