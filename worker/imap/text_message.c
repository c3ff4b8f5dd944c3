/*
 * Search through a message (text.h): the headers of all parts, and the bodies
 * of those that are text, decoded, converted and folded in pieces, so that
 * neither time nor memory grows with more than the message.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "worker/imap/body_decode.h"
#include "worker/imap/text.h"
#include "worker/imap/text_charset.h"
#include "worker/imap/text_fold.h"
#include "worker/imap/text_header.h"

#define PIECE       16384
#define ASK_BYTES   262144 /* between two calls of interrupted */
#define SEARCH_MAX  (1u << 28)
#define SEARCH_ROOM (2 * PIECE + 4096)

struct search {
	const struct text_needle *needle;
	bool (*interrupted)(void *);
	void *arg;
	size_t since; /* bytes since it was asked */
	bool stop;
	struct buf bytes;  /* transfer encoding undone, not yet converted */
	struct buf utf8;   /* converted, not yet folded */
	struct buf folded; /* of this text: its end */
	size_t searched;   /* of folded: the needle does not end there */
};

static void text_begin(struct search *);
static bool header_has(struct search *, const char *, size_t);
static bool body_has(struct search *, const char *, const struct mime_part *);
static bool plain_has(struct search *, const char *, size_t);
static bool coded_has(struct search *, struct body_decoder *,
    struct text_charset *, const char *, size_t);
static size_t decode_some(
    struct search *, struct body_decoder *, const char *, size_t, bool);
static bool bytes_have(struct search *, struct text_charset *, bool);
static size_t fold_has(struct search *, const char *, size_t, bool, bool *);
static bool is_text(const struct mime_part *);
static void drop_front(struct buf *, size_t);
static bool must_stop(struct search *, size_t);
static const struct mime_part *next_part(const struct mime_part *);

bool
text_message_has(const char *msg, const struct mime *m, bool headers,
    const struct text_needle *needle, bool (*interrupted)(void *), void *arg)
{
	struct search s = {
	    .needle = needle, .interrupted = interrupted, .arg = arg};
	const struct mime_part *part;
	bool has;

	has = false;
	buf_init(&s.bytes, SEARCH_MAX);
	buf_init(&s.utf8, SEARCH_MAX);
	buf_init(&s.folded, SEARCH_MAX);
	for (part = mime_root(m); part != NULL && !has && !s.stop;
	     part = next_part(part)) {
		if (headers)
			has = header_has(&s, msg + part->hdr, part->hdr_len);
		if (!has && is_text(part))
			has = body_has(&s, msg, part);
	}
	buf_done(&s.bytes);
	buf_done(&s.utf8);
	buf_done(&s.folded);
	return has || (needle->n == 0 && !s.stop);
}

static void
text_begin(struct search *s)
{
	buf_clear(&s->bytes);
	buf_clear(&s->utf8);
	buf_clear(&s->folded);
	s->searched = 0;
}

static bool
header_has(struct search *s, const char *p, size_t n)
{
	bool has;

	if (must_stop(s, n))
		return false;
	text_begin(s);
	text_header_raw(&s->utf8, p, n);
	(void)fold_has(s, s->utf8.p, s->utf8.n, true, &has);
	return has;
}

static bool
body_has(struct search *s, const char *msg, const struct mime_part *part)
{
	const char *p = msg + part->body;
	struct text_charset *cs;
	struct body_decoder d;

	text_begin(s);
	cs = text_charset_of(part);
	body_decoder_init(&d, body_encoding_of(&part->encoding));
	if (d.encoding == BODY_ENCODING_UNKNOWN)
		d.encoding = BODY_ENCODING_NONE;
	if (cs != NULL)
		text_charset_begin(cs);
	if (cs == NULL && d.encoding == BODY_ENCODING_NONE)
		return plain_has(s, p, part->body_len);
	return coded_has(s, &d, cs, p, part->body_len);
}

/* UTF-8 as it is stored: no copy but the folded one. */
static bool
plain_has(struct search *s, const char *p, size_t n)
{
	size_t at, len;
	bool has;

	for (at = 0; at < n;) {
		len = n - at < PIECE ? n - at : PIECE;
		at += fold_has(s, p + at, len, at + len == n, &has);
		if (has || must_stop(s, len))
			return has;
	}
	return false;
}

/* In pieces: the transfer encoding, then the charset (NULL: UTF-8). */
static bool
coded_has(struct search *s, struct body_decoder *d, struct text_charset *cs,
    const char *p, size_t n)
{
	size_t at, len;
	bool last;

	for (at = 0; at < n;) {
		len = n - at < PIECE ? n - at : PIECE;
		last = at + len == n;
		at += decode_some(s, d, p + at, len, last);
		if (bytes_have(s, cs, last))
			return true;
		if (must_stop(s, len))
			return false;
	}
	return false;
}

/* Appends to s->bytes; how much was taken, all if it is the last. */
static size_t
decode_some(struct search *s, struct body_decoder *d, const char *p, size_t n,
    bool last)
{
	char out[2 * PIECE];
	size_t used;

	if (d->encoding == BODY_ENCODING_NONE) {
		buf_bytes(&s->bytes, p, n);
		return n;
	}
	n = body_decoder_run(d, p, n, last, out, &used);
	buf_bytes(&s->bytes, out, n);
	return used;
}

/* Converts and folds what s->bytes has, keeping what is not complete. */
static bool
bytes_have(struct search *s, struct text_charset *cs, bool last)
{
	struct text_input in = {s->bytes.p, s->bytes.n, last};
	struct buf *utf8 = &s->bytes;
	bool has;

	if (cs != NULL) {
		(void)text_charset_run(cs, &s->utf8, &in);
		drop_front(&s->bytes, s->bytes.n - in.n);
		utf8 = &s->utf8;
	}
	drop_front(utf8, fold_has(s, utf8->p, utf8->n, last, &has));
	return has;
}

/*
 * Folds p[n] behind what the needle may have begun in, and looks. How much was
 * taken; all but less than TEXT_FOLD_REST.
 */
static size_t
fold_has(struct search *s, const char *p, size_t n, bool last, bool *has)
{
	const struct text_needle *needle = s->needle;
	struct buf *b = &s->folded;
	size_t used, from, keep;

	used = text_fold_some(b, p, n, last);
	keep = needle->n == 0 ? 0 : needle->n - 1;
	from = s->searched > keep ? s->searched - keep : 0;
	*has = b->n - from >= needle->n && b->n > from &&
	       memmem(b->p + from, b->n - from, needle->p, needle->n) != NULL;
	/* Seldom, and not while the needle is long beside what goes. */
	if (b->n > SEARCH_ROOM + 2 * keep)
		drop_front(b, b->n - keep);
	s->searched = b->n;
	return used;
}

/* Delivery reports are text to who reads them. */
static bool
is_text(const struct mime_part *part)
{
	static const char *const words[] = {"text", "message"};
	size_t i, n;

	if (part->kind != MIME_LEAF)
		return false;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		n = strlen(words[i]);
		if (part->type.n == n &&
		    strncasecmp(part->type.p, words[i], n) == 0)
			return true;
	}
	return false;
}

static void
drop_front(struct buf *b, size_t n)
{
	if (n == 0)
		return;
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
}

static bool
must_stop(struct search *s, size_t bytes)
{
	s->since += bytes;
	if (s->since >= ASK_BYTES) {
		s->since = 0;
		s->stop = s->interrupted != NULL && s->interrupted(s->arg);
	}
	return s->stop;
}

/* In the order of the message. */
static const struct mime_part *
next_part(const struct mime_part *part)
{
	if (part->first != NULL)
		return part->first;
	while (part != NULL && part->next == NULL)
		part = part->parent;
	return part == NULL ? NULL : part->next;
}
