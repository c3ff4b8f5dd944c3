/* The bytes of IPC_CERTS taken apart (see bundle.h). */
#include "worker/net/bundle.h"

#include <bsd/string.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int slurp(int fd, struct bundle *);
static int parse(struct bundle *);
static int take(const uint8_t **, const uint8_t *, struct bundle_pem *);
static int entry(
    struct bundle *, const struct bundle_pem *name, struct bundle_pem);
static int named(
    struct bundle *, const struct bundle_pem *name, struct bundle_pem);
static struct bundle_name *find_name(struct bundle *, const uint8_t *, size_t);
static int add_ca(struct bundle *, struct bundle_pem);
static int text(char *, size_t, struct bundle_pem);
static bool is(const struct bundle_pem *, const char *);

int
bundle_read(int fd, struct bundle *out, const char **why)
{
	memset(out, 0, sizeof(*out));
	*why = "cannot read the certificate message";
	if (slurp(fd, out) == 0) {
		*why = "malformed certificate message";
		if (parse(out) == 0)
			return 0;
	}
	bundle_done(out);
	return -1;
}

void
bundle_done(struct bundle *b)
{
	if (b->bytes != NULL)
		explicit_bzero(b->bytes, b->size);
	free(b->bytes);
	free(b->names);
	free(b->ca);
	memset(b, 0, sizeof(*b));
}

static int
slurp(int fd, struct bundle *b)
{
	struct stat st;
	ssize_t got;
	size_t n = 0;

	if (fstat(fd, &st) == -1 || st.st_size < 0 || st.st_size > BUNDLE_MAX)
		return -1;
	b->size = (size_t)st.st_size;
	if ((b->bytes = malloc(b->size + 1)) == NULL)
		return -1;
	while (n < b->size) {
		got = pread(fd, b->bytes + n, b->size - n, (off_t)n);
		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0)
			return -1;
		n += (size_t)got;
	}
	return 0;
}

static int
parse(struct bundle *b)
{
	const uint8_t *p = b->bytes, *end = p + b->size;
	struct bundle_pem name, value;

	while (p < end)
		if (take(&p, end, &name) == -1 || take(&p, end, &value) == -1 ||
		    entry(b, &name, value) == -1)
			return -1;
	return 0;
}

static int
take(const uint8_t **p, const uint8_t *end, struct bundle_pem *out)
{
	uint32_t len;

	if ((size_t)(end - *p) < sizeof(len))
		return -1;
	memcpy(&len, *p, sizeof(len));
	*p += sizeof(len);
	if (len > (size_t)(end - *p))
		return -1;
	*out = (struct bundle_pem){*p, len};
	*p += len;
	return 0;
}

static int
entry(struct bundle *b, const struct bundle_pem *name, struct bundle_pem v)
{
	if (is(name, "cert"))
		b->cert = v;
	else if (is(name, "key"))
		b->key = v;
	else if (is(name, "ca"))
		return add_ca(b, v);
	else if (is(name, "protocol"))
		return text(b->protocol, sizeof(b->protocol), v);
	else if (is(name, "ciphers"))
		return text(b->ciphers, sizeof(b->ciphers), v);
	else if (is(name, "field"))
		return text(b->field, sizeof(b->field), v);
	else if (is(name, "verify"))
		b->verify = is(&v, "R")   ? SETTINGS_VERIFY_REQUIRE
			    : is(&v, "P") ? SETTINGS_VERIFY_PEER
					  : SETTINGS_VERIFY_NONE;
	else
		return named(b, name, v);
	return 0;
}

/* cert.NAME and key.NAME, in any order. */
static int
named(struct bundle *b, const struct bundle_pem *name, struct bundle_pem v)
{
	bool cert = name->n > 5 && memcmp(name->p, "cert.", 5) == 0;
	bool key = name->n > 4 && memcmp(name->p, "key.", 4) == 0;
	size_t skip = cert ? 5 : 4;
	struct bundle_name *n;

	if (!cert && !key)
		return 0;
	n = find_name(b, name->p + skip, name->n - skip);
	if (n == NULL)
		return -1;
	if (cert)
		n->cert = v;
	else
		n->key = v;
	return 0;
}

/* Made if it is not there; NULL: too long, too many, or no memory. */
static struct bundle_name *
find_name(struct bundle *b, const uint8_t *p, size_t len)
{
	struct bundle_name *n;

	if (len >= BUNDLE_NAME || memchr(p, '\0', len) != NULL)
		return NULL;
	for (size_t i = 0; i < b->nnames; i++)
		if (strlen(b->names[i].name) == len &&
		    memcmp(b->names[i].name, p, len) == 0)
			return &b->names[i];
	if (b->nnames == BUNDLE_NAMES)
		return NULL;
	n = reallocarray(b->names, b->nnames + 1, sizeof(*n));
	if (n == NULL)
		return NULL;
	b->names = n;
	n += b->nnames++;
	memset(n, 0, sizeof(*n));
	memcpy(n->name, p, len);
	return n;
}

static int
add_ca(struct bundle *b, struct bundle_pem v)
{
	struct bundle_pem *more;

	if (b->nca == BUNDLE_CA)
		return -1;
	more = reallocarray(b->ca, b->nca + 1, sizeof(*more));
	if (more == NULL)
		return -1;
	b->ca = more;
	b->ca[b->nca++] = v;
	return 0;
}

static int
text(char *out, size_t size, struct bundle_pem v)
{
	if (v.n >= size || memchr(v.p, '\0', v.n) != NULL)
		return -1;
	memcpy(out, v.p, v.n);
	out[v.n] = '\0';
	return 0;
}

static bool
is(const struct bundle_pem *p, const char *word)
{
	return p->n == strlen(word) && memcmp(p->p, word, p->n) == 0;
}
