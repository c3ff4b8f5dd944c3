/*
 * The pieces of a SASL exchange. Everything here is bytes from a stranger; each
 * length is checked before use, and nothing is configurable away.
 */
#include "auth/sasl.h"

#include <bsd/string.h>

#include <string.h>

static int read_plain(const struct sasl_input *, struct sasl_login *);
static int read_pair(const struct sasl_input *, struct sasl_login *);
static int read_external(const struct sasl_input *, struct sasl_login *);
static int take_text(const uint8_t *, size_t, char *, size_t);
static bool has_domain(const struct settings *, const char *);
static size_t utf8_length(const uint8_t *);

int
sasl_read(const struct sasl_input *in, struct sasl_login *out)
{
	static const struct {
		const char *name;
		int (*read)(const struct sasl_input *, struct sasl_login *);
	} mechanisms[] = {
	    {"LOGIN", read_pair},
	    {"PLAIN", read_plain},
	    {"AUTH-LOGIN", read_pair},
	    {"EXTERNAL", read_external},
	};

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++)
		if (strcmp(in->mechanism, mechanisms[i].name) == 0)
			return mechanisms[i].read(in, out);
	return -1;
}

/* RFC 4616 section 2: [authzid] NUL authcid NUL passwd */
static int
read_plain(const struct sasl_input *in, struct sasl_login *out)
{
	const uint8_t *end = in->a + in->alen, *authcid, *password;
	size_t authzid;

	if (in->blen != 0 || in->alen == 0)
		return -1;
	authcid = memchr(in->a, '\0', in->alen);
	if (authcid == NULL)
		return -1;
	authzid = (size_t)(authcid - in->a);
	authcid++;
	password = memchr(authcid, '\0', (size_t)(end - authcid));
	if (password == NULL)
		return -1;
	if (take_text(authcid, (size_t)(password - authcid), out->user,
		sizeof(out->user)) == -1)
		return -1;
	/* Nobody acts for somebody else here. */
	if (authzid != 0 && (authzid != strlen(out->user) ||
				memcmp(in->a, out->user, authzid) != 0))
		return -1;
	password++;
	return take_text(password, (size_t)(end - password), out->password,
	    sizeof(out->password));
}

static int
read_pair(const struct sasl_input *in, struct sasl_login *out)
{
	if (take_text(in->a, in->alen, out->user, sizeof(out->user)) == -1)
		return -1;
	return take_text(in->b, in->blen, out->password, sizeof(out->password));
}

/*
 * RFC 4422 appendix A: an authorization id, empty for the certificate's own
 * name. Only a worker of a listener with EXTERNAL switched on may vouch.
 */
static int
read_external(const struct sasl_input *in, struct sasl_login *out)
{
	if (take_text(in->b, in->blen, out->user, sizeof(out->user)) == -1)
		return -1;
	if (!in->cert)
		return -1;
	if (in->alen != 0 &&
	    (in->alen != in->blen || memcmp(in->a, in->b, in->alen) != 0))
		return -1;
	out->external = true;
	return 0;
}

/* A text that is not empty, fits and holds no NUL. */
static int
take_text(const uint8_t *p, size_t n, char *out, size_t size)
{
	if (n == 0 || n >= size || memchr(p, '\0', n) != NULL)
		return -1;
	memcpy(out, p, n);
	out[n] = '\0';
	return 0;
}

int
sasl_canonical(
    const struct settings *set, const char *user, char out[SASL_NAME])
{
	out[0] = '\0';
	if (!sasl_is_name(user))
		return -1;
	(void)strlcpy(out, user, SASL_NAME);
	if (set->defdomain[0] != '\0' && !has_domain(set, user) &&
	    strlcat(out, set->defdomain, SASL_NAME) >= SASL_NAME) {
		out[0] = '\0';
		return -1;
	}
	if (sasl_is_name(out))
		return 0;
	out[0] = '\0';
	return -1;
}

/*
 * A name has a domain if it holds any character of DOMAINSEP, or, where that
 * is unset, the first character of DEFDOMAIN.
 */
static bool
has_domain(const struct settings *set, const char *user)
{
	if (set->domainsep[0] != '\0')
		return strpbrk(user, set->domainsep) != NULL;
	return strchr(user, set->defdomain[0]) != NULL;
}

bool
sasl_is_name(const char *name)
{
	const uint8_t *p = (const uint8_t *)name;
	size_t n, len = 0;

	if (name[0] == '\0' || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0)
		return false;
	for (; *p != '\0'; p += n, len += n) {
		/* C0, DEL and C1 (U+0080 to U+009F) are control characters. */
		if (*p < 0x20 || *p == 0x7f || *p == '/' || *p == ',')
			return false;
		if ((n = utf8_length(p)) == 0 || (p[0] == 0xc2 && p[1] < 0xa0))
			return false;
	}
	return len < SASL_NAME;
}

/* Bytes of the character at p (terminated text), 0 if RFC 3629 has none. */
static size_t
utf8_length(const uint8_t *p)
{
	size_t n;
	uint8_t low = 0x80, high = 0xbf;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	/* Overlong forms, surrogates, and what lies beyond U+10FFFF. */
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	return n;
}
