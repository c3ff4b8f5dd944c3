/*
 * Password texts: which scheme a text has, whether a password fits it, and new
 * texts. The texts of Courier's authlib; crypt(3) is libxcrypt's, which knows
 * DES, $1$, $5$, $6$, $2b$, $y$ and more.
 */
#include "auth/password.h"

#include <bsd/string.h>
#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DIGEST_MAX 64 /* SHA-512 */
#define SALT_MAX   64 /* of {SSHA} */

enum form {
	FORM_CRYPT,
	FORM_BASE64,
	FORM_HEX,
	FORM_SALTED
};

struct scheme { /* a text that begins with a name in braces */
	const char *name;
	enum form form;
	const EVP_MD *(*digest)(void);
};

static const struct scheme schemes[] = {
    {"{CRYPT}", FORM_CRYPT, NULL},
    {"{MD5}", FORM_BASE64, EVP_md5},
    {"{MD5RAW}", FORM_HEX, EVP_md5},
    {"{SHA}", FORM_BASE64, EVP_sha1},
    {"{SHA256}", FORM_BASE64, EVP_sha256},
    {"{SHA512}", FORM_BASE64, EVP_sha512},
    {"{SSHA}", FORM_SALTED, EVP_sha1},
};
#define SCHEMES (sizeof(schemes) / sizeof(schemes[0]))

static const struct method { /* of crypt(3), for new texts */
	const char *name, *prefix;
} methods[] = {
    {"yescrypt", "$y$"},
    {"sha512", "$6$"},
    {"bcrypt", "$2b$"},
    {"sha256", "$5$"},
    {"md5", "$1$"},
    {"des", ""},
};
#define METHODS (sizeof(methods) / sizeof(methods[0]))

static const struct scheme *find_scheme(const char *);
static int verify_crypt(const char *, const char *);
static int verify_digest(const struct scheme *, const char *, const char *);
static int digest(
    const EVP_MD *, const char *, const uint8_t *, size_t, uint8_t *);
static size_t decode_base64(const char *, uint8_t *, size_t);
static int base64_value(char);
static size_t decode_hex(const char *, uint8_t *, size_t);
static int hex_value(char);

void
password_warm(void)
{
	/* The first digest of each kind is fetched; later ones open nothing. */
	for (size_t i = 0; i < SCHEMES; i++)
		if (schemes[i].digest != NULL)
			(void)verify_digest(&schemes[i], "AAAA", "x");
}

bool
password_is_known(const char *text)
{
	return text[0] != '{' || find_scheme(text) != NULL;
}

static const struct scheme *
find_scheme(const char *text)
{
	for (size_t i = 0; i < SCHEMES; i++)
		if (strncasecmp(
			text, schemes[i].name, strlen(schemes[i].name)) == 0)
			return &schemes[i];
	return NULL;
}

bool
password_is_slow(const char *text)
{
	const struct scheme *s = text[0] == '{' ? find_scheme(text) : NULL;

	if (s != NULL && s->form != FORM_CRYPT)
		return false;
	if (s != NULL)
		text += strlen(s->name);
	/* MD5 and plain DES take microseconds; $y$, $6$ and _ as they like. */
	return text[0] == '_' ||
	       (text[0] == '$' && strncmp(text, "$1$", 3) != 0);
}

int
password_verify(const char *text, const char *password)
{
	const struct scheme *s;

	if (text[0] != '{')
		return verify_crypt(text, password);
	if ((s = find_scheme(text)) == NULL)
		return 0;
	text += strlen(s->name);
	if (s->form == FORM_CRYPT)
		return verify_crypt(text, password);
	return verify_digest(s, text, password);
}

static int
verify_crypt(const char *text, const char *password)
{
	static struct crypt_data data;
	const char *got;
	size_t len = strlen(text);
	int ok = 0, e;

	errno = 0;
	got = crypt_r(password, text, &data);
	e = errno;
	/* Failure is "*0" or "*1", never equal to the text that was given. */
	if (got == NULL || got[0] == '*')
		ok = e == ENOMEM ? -1 : 0;
	else if (len > 0 && strlen(got) == len)
		ok = CRYPTO_memcmp(got, text, len) == 0;
	explicit_bzero(&data, sizeof(data));
	errno = e;
	return ok;
}

static int
verify_digest(const struct scheme *s, const char *text, const char *password)
{
	uint8_t want[DIGEST_MAX + SALT_MAX], got[DIGEST_MAX];
	size_t size = (size_t)EVP_MD_get_size(s->digest());
	size_t most = s->form == FORM_SALTED ? size + SALT_MAX : size;
	size_t n;
	bool broken;
	int ok;

	if (s->form == FORM_HEX)
		n = decode_hex(text, want, most);
	else
		n = decode_base64(text, want, most);
	/* A broken text costs the same as a whole one. */
	broken = n < size;
	if (broken) {
		n = size;
		memset(want, 0, sizeof(want));
	}
	if (digest(s->digest(), password, want + size, n - size, got) == -1)
		return -1;
	ok = CRYPTO_memcmp(got, want, size) == 0 && !broken;
	explicit_bzero(got, sizeof(got));
	return ok;
}

/* The digest of password and salt into out[DIGEST_MAX]. */
static int
digest(const EVP_MD *md, const char *password, const uint8_t *salt, size_t n,
    uint8_t *out)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	int ok;

	ok = c != NULL && EVP_DigestInit_ex(c, md, NULL) == 1 &&
	     EVP_DigestUpdate(c, password, strlen(password)) == 1 &&
	     EVP_DigestUpdate(c, salt, n) == 1 &&
	     EVP_DigestFinal_ex(c, out, NULL) == 1;
	EVP_MD_CTX_free(c);
	if (ok)
		return 0;
	errno = ENOMEM;
	return -1;
}

/*
 * RFC 4648 section 4, padding demanded, nothing else inside. The number of
 * bytes; 0 if it is no such text or has more than max bytes.
 */
static size_t
decode_base64(const char *in, uint8_t *out, size_t max)
{
	size_t len = strlen(in), n = 0, pad = 0;
	uint32_t bits = 0;
	int v;

	if (len == 0 || len % 4 != 0)
		return 0;
	while (pad < 2 && in[len - 1] == '=')
		len--, pad++;
	for (size_t i = 0; i < len; i++) {
		if ((v = base64_value(in[i])) == -1)
			return 0;
		bits = bits << 6 | (uint32_t)v;
		if (i % 4 == 0)
			continue;
		if (n == max)
			return 0;
		out[n++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
	}
	return n;
}

static int
base64_value(char c)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c == '\0' ? NULL : strchr(alphabet, c);

	return at == NULL ? -1 : (int)(at - alphabet);
}

static size_t
decode_hex(const char *in, uint8_t *out, size_t max)
{
	size_t n = 0;
	int high, low;

	for (; in[0] != '\0'; in += 2) {
		high = hex_value(in[0]);
		low = high == -1 ? -1 : hex_value(in[1]);
		if (low == -1 || n == max)
			return 0;
		out[n++] = (uint8_t)(high << 4 | low);
	}
	return n;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
password_make(const char *scheme, const char *password, char out[PASSWORD_TEXT])
{
	static struct crypt_data data;
	char salt[CRYPT_GENSALT_OUTPUT_SIZE];
	const char *got;
	size_t i, n = strlen(password);

	for (i = 0; i < METHODS && scheme != NULL; i++)
		if (strcasecmp(scheme, methods[i].name) == 0)
			break;
	if (i == METHODS || n == 0 || n >= CRYPT_MAX_PASSPHRASE_SIZE) {
		errno = EINVAL;
		return -1;
	}
	if (crypt_gensalt_rn(
		methods[i].prefix, 0, NULL, 0, salt, sizeof(salt)) == NULL)
		return -1;
	got = crypt_r(password, salt, &data);
	if (got == NULL || got[0] == '*' ||
	    strlcpy(out, got, PASSWORD_TEXT) >= PASSWORD_TEXT) {
		explicit_bzero(&data, sizeof(data));
		errno = EINVAL;
		return -1;
	}
	explicit_bzero(&data, sizeof(data));
	return 0;
}

const char *
password_schemes(void)
{
	return "yescrypt sha512 bcrypt sha256 md5 des";
}
