/*
 * The message is copied from front to back; where a leaf must be encoded its
 * header and body are written anew. RFC 3516 section 6 wants that done only
 * when it is necessary: a part with a NUL, or one that says "binary" and has
 * line ends which the store would change.
 */
#include "worker/imap/binary.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "maildir/mime.h"
#include "worker/imap/body_decode.h"

#define LINE 57 /* bytes that make 76 characters */

struct copy {
	const char *msg;
	size_t at; /* up to here it is copied */
	struct buf *out;
	bool made, unfit;
};

static const struct mime_part *next_leaf(const struct mime_part *);
static const struct mime_part *down(const struct mime_part *);
static bool must_encode(const char *, const struct mime_part *);
static bool has_bare_lf(const char *, size_t);
static void encode(struct copy *, const struct mime_part *);
static void put_header(struct copy *, const struct mime_part *);
static void put_plain(struct copy *, size_t);
static void put_base64(struct buf *, const char *, size_t);
static bool is_field(const struct mime_text *, const char *);

enum binary_form
binary_convert(const char *msg, size_t n, struct buf *out)
{
	struct copy c = {.msg = msg, .out = out};
	const struct mime_part *leaf;
	struct mime *mime;

	if (memchr(msg, '\0', n) == NULL && !has_bare_lf(msg, n))
		return BINARY_AS_IS;
	mime = mime_parse(msg, n);
	if (mime == NULL)
		return BINARY_MEMORY;
	for (leaf = down(mime_root(mime)); leaf != NULL;
	     leaf = next_leaf(leaf)) {
		if (must_encode(msg, leaf))
			encode(&c, leaf);
	}
	mime_free(mime);
	put_plain(&c, n);
	if (c.unfit)
		return BINARY_UNFIT;
	if (out->failed)
		return BINARY_MEMORY;
	if (c.made)
		return BINARY_MADE;
	buf_clear(out);
	return BINARY_AS_IS;
}

/* In the order in which they stand; NULL: that was the last one. */
static const struct mime_part *
next_leaf(const struct mime_part *p)
{
	while (p != NULL && p->next == NULL)
		p = p->parent;
	return p == NULL ? NULL : down(p->next);
}

static const struct mime_part *
down(const struct mime_part *p)
{
	while (p->first != NULL)
		p = p->first;
	return p;
}

static bool
must_encode(const char *msg, const struct mime_part *part)
{
	const char *body = msg + part->body;

	if (memchr(body, '\0', part->body_len) != NULL)
		return true;
	return is_field(&part->encoding, "binary") &&
	       has_bare_lf(body, part->body_len);
}

static bool
has_bare_lf(const char *p, size_t n)
{
	const char *at = p, *lf;

	while ((lf = memchr(at, '\n', n - (size_t)(at - p))) != NULL) {
		if (lf == p || lf[-1] != '\r')
			return true;
		at = lf + 1;
	}
	return false;
}

/* What has another encoding already cannot hold a NUL. */
static void
encode(struct copy *c, const struct mime_part *part)
{
	if (body_encoding_of(&part->encoding) != BODY_ENCODING_NONE) {
		c->unfit = true;
		return;
	}
	put_plain(c, part->hdr);
	put_header(c, part);
	put_base64(c->out, c->msg + part->body, part->body_len);
	c->at = part->body + part->body_len;
	/* Else the line end before the delimiter follows. */
	if (part->parent == NULL)
		buf_str(c->out, "\r\n");
	c->made = true;
}

/* The header without its transfer encoding, then the new one. */
static void
put_header(struct copy *c, const struct mime_part *part)
{
	const char *hdr = c->msg + part->hdr;
	size_t n = part->hdr_len, pos = 0, empty;
	struct mime_text name, value;
	bool mime = part->parent != NULL;

	/* The empty line that ends it: there is one, for there is a body. */
	empty = n >= 2 && hdr[n - 2] == '\r' ? 2 : 1;
	while (mime_field(hdr, n, &pos, &name, &value)) {
		mime = mime || is_field(&name, "MIME-Version");
		if (!is_field(&name, "Content-Transfer-Encoding"))
			continue;
		put_plain(c, (size_t)(name.p - c->msg));
		c->at = part->hdr + pos;
	}
	put_plain(c, part->hdr + n - empty);
	buf_str(c->out, mime ? "" : "MIME-Version: 1.0\r\n");
	buf_str(c->out, "Content-Transfer-Encoding: base64\r\n");
	put_plain(c, part->hdr + n);
}

/* Copies up to this place what has not been yet. */
static void
put_plain(struct copy *c, size_t end)
{
	if (end <= c->at)
		return;
	if (memchr(c->msg + c->at, '\0', end - c->at) != NULL)
		c->unfit = true;
	buf_bytes(c->out, c->msg + c->at, end - c->at);
	c->at = end;
}

/* RFC 2045 6.8: lines of 76 characters, the last one without its end. */
static void
put_base64(struct buf *b, const char *p, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t i, left;

	for (i = 0; i < n; i += 3) {
		uint32_t v = 0;
		char four[4];

		if (i > 0 && i % LINE == 0)
			buf_str(b, "\r\n");
		left = n - i;
		v = (uint32_t)(unsigned char)p[i] << 16;
		if (left > 1)
			v |= (uint32_t)(unsigned char)p[i + 1] << 8;
		if (left > 2)
			v |= (unsigned char)p[i + 2];
		four[0] = digits[v >> 18];
		four[1] = digits[v >> 12 & 63];
		four[2] = (char)(left > 1 ? digits[v >> 6 & 63] : '=');
		four[3] = (char)(left > 2 ? digits[v & 63] : '=');
		buf_bytes(b, four, sizeof(four));
	}
}

static bool
is_field(const struct mime_text *t, const char *name)
{
	return t->n == strlen(name) && strncasecmp(t->p, name, t->n) == 0;
}
