/*
 * Reads header fields and the values that MIME gives a structure. Tolerant as
 * mail needs it: comments and folds anywhere, unquoted values with specials,
 * quotes that never end; a value that says nothing counts as absent.
 * RFC 5322 2.2, RFC 2045 5.1, RFC 2183.
 */
#include "maildir/mime_header.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define POOL_BLOCK 8192

struct mime_block {
	struct mime_block *older;
	max_align_t bytes[];
};

struct cursor { /* inside one raw field value */
	const char *p;
	size_t n, at;
};

static bool field_line(const char *, size_t, size_t, size_t *);
static size_t name_length(const char *, const char *, const char **);
static void field_use(struct mime_pool *, struct mime_part *,
    const struct mime_text *, const struct mime_text *);
static void read_type(
    struct mime_pool *, const struct mime_text *, struct mime_part *);
static void type_default(struct mime_part *, bool);
static void read_disposition(
    struct mime_pool *, const struct mime_text *, struct mime_part *);
static void read_languages(
    struct mime_pool *, const struct mime_text *, struct mime_part *);
static struct mime_text read_location(
    struct mime_pool *, const struct mime_text *);
static struct mime_text read_unfolded(
    struct mime_pool *, const struct mime_text *);
static void read_params(
    struct mime_pool *, struct cursor *, struct mime_param **, size_t *);
static bool read_param(
    struct mime_pool *, struct cursor *, struct mime_param *);
static struct mime_text take_quoted(struct mime_pool *, struct cursor *);
static struct mime_text take_token(struct cursor *, const char *);
static void skip_space(struct cursor *);
static void skip_comment(struct cursor *);
static void skip_to_semicolon(struct cursor *);
static struct mime_text copy_without(
    struct mime_pool *, const struct mime_text *, const char *, bool);
static struct mime_text trimmed(const struct mime_text *);
static bool is_plain(char);
static bool is_space(char);

void
mime_pool_init(struct mime_pool *pool, char *p, size_t n)
{
	pool->blocks = NULL;
	pool->p = p;
	pool->room = n;
	pool->failed = false;
}

void
mime_pool_done(struct mime_pool *pool)
{
	struct mime_block *b;

	while ((b = pool->blocks) != NULL) {
		pool->blocks = b->older;
		free(b);
	}
}

void *
mime_pool_alloc(struct mime_pool *pool, size_t n)
{
	const size_t align = sizeof(void *);
	struct mime_block *b;
	size_t room;
	void *p;

	n = (n + align - 1) / align * align;
	if (n > pool->room) {
		room = n > POOL_BLOCK ? n : POOL_BLOCK;
		b = malloc(sizeof(*b) + room);
		if (b == NULL) {
			pool->failed = true;
			return NULL;
		}
		b->older = pool->blocks;
		pool->blocks = b;
		pool->p = (char *)b->bytes;
		pool->room = room;
	}
	p = pool->p;
	pool->p += n;
	pool->room -= n;
	return memset(p, 0, n);
}

bool
mime_field(const char *hdr, size_t n, size_t *pos, struct mime_text *name,
    struct mime_text *value)
{
	while (*pos < n) {
		size_t at = *pos, line = at, end, len;
		const char *colon;

		if (!field_line(hdr, n, at, &line))
			return false;
		end = line;
		/* RFC 5322 2.2.3: a line that begins with a blank goes on. */
		while (end < n && (hdr[end] == ' ' || hdr[end] == '\t'))
			(void)field_line(hdr, n, end, &end);
		*pos = end;
		len = name_length(hdr + at, hdr + line, &colon);
		if (len == 0)
			continue;
		name->p = hdr + at;
		name->n = len;
		at = (size_t)(colon - hdr) + 1;
		if (end > at && hdr[end - 1] == '\n')
			end--;
		if (end > at && hdr[end - 1] == '\r')
			end--;
		while (at < end && (hdr[at] == ' ' || hdr[at] == '\t'))
			at++;
		value->p = hdr + at;
		value->n = end - at;
		return true;
	}
	return false;
}

bool
mime_find(const char *hdr, size_t n, const char *name, struct mime_text *value)
{
	struct mime_text f, v;
	size_t pos;

	pos = 0;
	while (mime_field(hdr, n, &pos, &f, &v)) {
		if (mime_text_is(&f, name)) {
			*value = v;
			return true;
		}
	}
	return false;
}

void
mime_header_read(struct mime_pool *pool, const char *hdr, size_t n, bool digest,
    struct mime_part *part)
{
	struct mime_text name, value;
	size_t pos;

	pos = 0;
	while (mime_field(hdr, n, &pos, &name, &value)) {
		if (name.n > 8 && strncasecmp(name.p, "content-", 8) == 0)
			field_use(pool, part, &name, &value);
	}
	if (part->type.p == NULL)
		type_default(part, digest);
	if (part->encoding.p == NULL) {
		part->encoding.p = "7bit";
		part->encoding.n = 4;
	}
}

void
mime_header_retype(
    struct mime_part *part, const char *type, const char *subtype)
{
	part->type.p = type;
	part->type.n = strlen(type);
	part->subtype.p = subtype;
	part->subtype.n = strlen(subtype);
	part->params = NULL;
	part->nparams = 0;
}

bool
mime_text_is(const struct mime_text *t, const char *word)
{
	size_t n = strlen(word);

	return t->p != NULL && t->n == n && strncasecmp(t->p, word, n) == 0;
}

/* *end: behind the line at `at`. false: it is the empty line. */
static bool
field_line(const char *hdr, size_t n, size_t at, size_t *end)
{
	const char *lf;

	lf = memchr(hdr + at, '\n', n - at);
	*end = lf == NULL ? n : (size_t)(lf - hdr) + 1;
	if (hdr[at] == '\n')
		return false;
	return hdr[at] != '\r' || !(at + 1 == n || hdr[at + 1] == '\n');
}

/*
 * RFC 5322 3.6.8: printable, no blank but before its colon (4.5.3). It keeps
 * out mbox's "From " line, and a continuation that nothing came before. 0: none
 */
static size_t
name_length(const char *p, const char *end, const char **colon)
{
	const char *at = p, *last;

	while (
	    at < end && *at != ':' && (unsigned char)*at > ' ' && *at != 0x7f)
		at++;
	for (last = at; at < end && is_space(*at);)
		at++;
	*colon = at;
	return at < end && *at == ':' ? (size_t)(last - p) : 0;
}

/* The first field of a name counts. */
static void
field_use(struct mime_pool *pool, struct mime_part *part,
    const struct mime_text *name, const struct mime_text *value)
{
	struct cursor c = {value->p, value->n, 0};

	if (mime_text_is(name, "content-type")) {
		if (part->type.p == NULL)
			read_type(pool, value, part);
	} else if (mime_text_is(name, "content-transfer-encoding")) {
		skip_space(&c);
		if (part->encoding.p == NULL && c.at < c.n)
			part->encoding = take_token(&c, ";(");
		if (part->encoding.n == 0)
			part->encoding.p = NULL;
	} else if (mime_text_is(name, "content-disposition")) {
		if (part->disposition.p == NULL)
			read_disposition(pool, value, part);
	} else if (mime_text_is(name, "content-language")) {
		if (part->nlanguages == 0)
			read_languages(pool, value, part);
	} else if (mime_text_is(name, "content-location")) {
		if (part->location.p == NULL)
			part->location = read_location(pool, value);
	} else if (mime_text_is(name, "content-id")) {
		if (part->id.p == NULL)
			part->id = read_unfolded(pool, value);
	} else if (mime_text_is(name, "content-description")) {
		if (part->description.p == NULL)
			part->description = read_unfolded(pool, value);
	} else if (mime_text_is(name, "content-md5")) {
		if (part->md5.p == NULL)
			part->md5 = read_unfolded(pool, value);
	}
}

/*
 * RFC 2045 5.1. Without a subtype text is plain, a multipart is mixed (RFC 2046
 * 5.1.7), and anything else is bytes. An empty value says nothing.
 */
static void
read_type(struct mime_pool *pool, const struct mime_text *value,
    struct mime_part *part)
{
	struct cursor c = {value->p, value->n, 0};
	struct mime_text type, subtype = {NULL, 0};

	skip_space(&c);
	type = take_token(&c, "/;(=\"");
	skip_space(&c);
	if (c.at < c.n && c.p[c.at] == '/') {
		c.at++;
		skip_space(&c);
		subtype = take_token(&c, "/;(=\"");
	}
	if (type.n == 0)
		return;
	if (subtype.n > 0) {
		part->type = type;
		part->subtype = subtype;
	} else if (mime_text_is(&type, "text")) {
		mime_header_retype(part, "text", "plain");
	} else if (mime_text_is(&type, "multipart")) {
		mime_header_retype(part, "multipart", "mixed");
	} else {
		mime_header_retype(part, "application", "octet-stream");
	}
	read_params(pool, &c, &part->params, &part->nparams);
}

static void
type_default(struct mime_part *part, bool digest)
{
	if (digest)
		mime_header_retype(part, "message", "rfc822");
	else
		mime_header_retype(part, "text", "plain");
}

static void
read_disposition(struct mime_pool *pool, const struct mime_text *value,
    struct mime_part *part)
{
	struct cursor c = {value->p, value->n, 0};
	struct mime_text word;

	skip_space(&c);
	word = take_token(&c, ";(");
	if (word.n == 0)
		return;
	part->disposition = word;
	read_params(pool, &c, &part->dparams, &part->ndparams);
}

/* RFC 3282: tags with commas between them. */
static void
read_languages(struct mime_pool *pool, const struct mime_text *value,
    struct mime_part *part)
{
	struct mime_text found[MIME_PARAMS_MAX];
	struct cursor c = {value->p, value->n, 0};
	size_t n;

	n = 0;
	for (skip_space(&c); c.at < c.n && n < MIME_PARAMS_MAX;
	     skip_space(&c)) {
		found[n] = take_token(&c, ",(");
		if (found[n].n > 0)
			n++;
		else
			c.at++;
	}
	if (n == 0)
		return;
	part->languages = mime_pool_alloc(pool, n * sizeof(found[0]));
	if (part->languages == NULL)
		return;
	memcpy(part->languages, found, n * sizeof(found[0]));
	part->nlanguages = n;
}

/* RFC 2557 4.4.2: blanks in a folded URI are the folding's. */
static struct mime_text
read_location(struct mime_pool *pool, const struct mime_text *value)
{
	struct mime_text t = trimmed(value);

	if (t.n > 0 &&
	    (memchr(t.p, '\n', t.n) != NULL || memchr(t.p, '\r', t.n) != NULL))
		return copy_without(pool, &t, " \t\r\n", false);
	return t;
}

static struct mime_text
read_unfolded(struct mime_pool *pool, const struct mime_text *value)
{
	struct mime_text t = trimmed(value);

	if (t.n > 0 &&
	    (memchr(t.p, '\n', t.n) != NULL || memchr(t.p, '\r', t.n) != NULL))
		return copy_without(pool, &t, "\r\n", false);
	return t;
}

/* *(";" parameter); what is neither is passed over. */
static void
read_params(struct mime_pool *pool, struct cursor *c,
    struct mime_param **params, size_t *nparams)
{
	struct mime_param found[MIME_PARAMS_MAX];
	size_t n;

	n = 0;
	for (;;) {
		skip_to_semicolon(c);
		if (c->at == c->n || n == MIME_PARAMS_MAX)
			break;
		c->at++;
		if (read_param(pool, c, &found[n]))
			n++;
	}
	if (n == 0)
		return;
	*params = mime_pool_alloc(pool, n * sizeof(found[0]));
	if (*params == NULL)
		return;
	memcpy(*params, found, n * sizeof(found[0]));
	*nparams = n;
}

static bool
read_param(struct mime_pool *pool, struct cursor *c, struct mime_param *out)
{
	skip_space(c);
	out->name = take_token(c, ";=(\"");
	skip_space(c);
	if (out->name.n == 0 || c->at == c->n || c->p[c->at] != '=')
		return false;
	c->at++;
	skip_space(c);
	if (c->at < c->n && c->p[c->at] == '"')
		out->value = take_quoted(pool, c);
	else
		out->value = take_token(c, ";");
	return out->value.p != NULL;
}

/* RFC 5322 3.2.4: without its quotes, pairs and folds. */
static struct mime_text
take_quoted(struct mime_pool *pool, struct cursor *c)
{
	struct mime_text t;
	bool plain;
	size_t i;

	plain = true;
	for (i = c->at + 1; i < c->n && c->p[i] != '"'; i++) {
		if (c->p[i] == '\r' || c->p[i] == '\n')
			plain = false;
		if (c->p[i] != '\\')
			continue;
		plain = false;
		if (i + 1 < c->n)
			i++;
	}
	t.p = c->p + c->at + 1;
	t.n = i - c->at - 1;
	c->at = i < c->n ? i + 1 : i;
	return plain ? t : copy_without(pool, &t, "\r\n", true);
}

/* Up to a blank or one of stop; may be empty. */
static struct mime_text
take_token(struct cursor *c, const char *stop)
{
	struct mime_text t = {c->p + c->at, 0};

	for (; c->at < c->n; c->at++) {
		char ch = c->p[c->at];

		if (!is_plain(ch) &&
		    (is_space(ch) || (ch != '\0' && strchr(stop, ch) != NULL)))
			break;
	}
	t.n = (size_t)(c->p + c->at - t.p);
	return t;
}

/* CFWS, RFC 5322 3.2.2. */
static void
skip_space(struct cursor *c)
{
	while (c->at < c->n) {
		if (c->p[c->at] == '(')
			skip_comment(c);
		else if (is_space(c->p[c->at]))
			c->at++;
		else
			break;
	}
}

static void
skip_comment(struct cursor *c)
{
	size_t depth;

	depth = 0;
	while (c->at < c->n) {
		char ch = c->p[c->at++];

		if (ch == '\\' && c->at < c->n)
			c->at++;
		else if (ch == '(')
			depth++;
		else if (ch == ')' && --depth == 0)
			return;
	}
}

static void
skip_to_semicolon(struct cursor *c)
{
	while (c->at < c->n && c->p[c->at] != ';') {
		if (c->p[c->at] == '(') {
			skip_comment(c);
			continue;
		}
		if (c->p[c->at++] != '"')
			continue;
		while (c->at < c->n && c->p[c->at] != '"')
			c->at += c->p[c->at] == '\\' ? 2 : 1;
		c->at = c->at < c->n ? c->at + 1 : c->n;
	}
}

/* A copy without the bytes of drop, pairs undone if so told. */
static struct mime_text
copy_without(struct mime_pool *pool, const struct mime_text *t,
    const char *drop, bool pairs)
{
	struct mime_text out = {NULL, 0};
	char *p;
	size_t i;

	p = mime_pool_alloc(pool, t->n + 1);
	if (p == NULL)
		return out;
	for (i = 0; i < t->n; i++) {
		if (pairs && t->p[i] == '\\' && i + 1 < t->n)
			i++;
		if (t->p[i] == '\0' || strchr(drop, t->p[i]) == NULL)
			p[out.n++] = t->p[i];
	}
	out.p = p;
	return out;
}

static struct mime_text
trimmed(const struct mime_text *value)
{
	struct mime_text t = *value;

	while (t.n > 0 && is_space(t.p[t.n - 1]))
		t.n--;
	while (t.n > 0 && is_space(t.p[0])) {
		t.p++;
		t.n--;
	}
	return t;
}

/* Most bytes are; it ends nothing. */
static bool
is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
