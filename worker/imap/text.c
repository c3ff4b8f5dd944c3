/*
 * Search strings and header values (text.h): encoded words undone (RFC 2047),
 * addresses without their decoration, substrings of folded text.
 */
#include "worker/imap/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "worker/imap/address.h"
#include "worker/imap/body_decode.h"
#include "worker/imap/text_charset.h"
#include "worker/imap/text_header.h"
#include "worker/imap/utf7.h"

#define TEXT_MAX (1u << 28) /* bytes of one decoded header */

struct word { /* an encoded word: =?charset?encoding?text?= */
	const char *charset, *text;
	size_t charset_n, text_n, len; /* len: of all */
	char encoding;                 /* B or Q */
};

struct words { /* what was decoded and waits for its charset */
	struct buf bytes;
	const char *charset;
	size_t charset_n;
	bool any;
};

static bool to_utf8(struct buf *, const char *, const char *, size_t);
static void put_utf8(struct buf *, const char *, size_t);
static void put_form(struct buf *, const struct buf *);
static bool is_address_field(const struct mime_text *);
static bool folded_has(const char *, size_t, const struct text_needle *);
static bool next_word(const char *, size_t, size_t, struct word *);
static void words_add(struct buf *, struct words *, const struct word *);
static void words_flush(struct buf *, struct words *);
static void decode_q(struct buf *, const char *, size_t);
static void decode_b(struct buf *, const char *, size_t);
static void put_unfolded(struct buf *, const char *, size_t);
static bool is_gap(const char *, size_t);

int
text_charset_known(const char *charset)
{
	return text_charset_find(charset, strlen(charset)) != NULL;
}

int
text_needle(struct arena *a, const char *charset, const char *in, size_t n,
    struct text_needle *out)
{
	struct buf utf8, folded;
	char *p;

	buf_init(&utf8, TEXT_MAX);
	buf_init(&folded, TEXT_MAX);
	p = NULL;
	if (to_utf8(&utf8, charset, in, n)) {
		text_fold(&folded, utf8.p, utf8.n);
		if (!folded.failed)
			p = arena_text(a, folded.p, folded.n);
	}
	if (p != NULL) {
		out->p = p;
		out->n = folded.n;
	}
	buf_done(&utf8);
	buf_done(&folded);
	return p == NULL ? -1 : 0;
}

void
text_header_decode(struct buf *b, const char *value, size_t n)
{
	struct buf raw;

	buf_init(&raw, TEXT_MAX);
	text_header_raw(&raw, value, n);
	put_utf8(b, raw.p, raw.n);
	b->failed = b->failed || raw.failed;
	buf_done(&raw);
}

bool
text_header_has(const char *value, size_t n, const struct text_needle *needle)
{
	struct buf raw;
	bool has;

	if (needle->n == 0)
		return true;
	buf_init(&raw, TEXT_MAX);
	text_header_raw(&raw, value, n);
	has = folded_has(raw.p, raw.n, needle);
	buf_done(&raw);
	return has;
}

bool
text_field_has(const struct mime_text *name, const struct mime_text *value,
    const struct text_needle *needle)
{
	struct buf forms;
	size_t at, n;
	bool has;

	/* The value is its first form, and mostly the only one. */
	if (text_header_has(value->p, value->n, needle))
		return true;
	if (!is_address_field(name))
		return false;
	has = false;
	buf_init(&forms, TEXT_MAX);
	text_field_forms(&forms, name, value);
	for (at = 0; at < forms.n && !has; at += n) {
		memcpy(&n, forms.p + at, sizeof(n));
		at += sizeof(n);
		has = n >= needle->n &&
		      memmem(forms.p + at, n, needle->p, needle->n) != NULL;
	}
	buf_done(&forms);
	return has;
}

void
text_field_forms(struct buf *forms, const struct mime_text *name,
    const struct mime_text *value)
{
	struct address_reader r;
	struct address a;
	struct buf b;

	buf_init(&b, TEXT_MAX);
	text_header_raw(&b, value->p, value->n);
	put_form(forms, &b);
	if (is_address_field(name)) {
		address_init(&r, value->p, value->n);
		while (address_next(&r, &a)) {
			if (a.kind != ADDRESS_MAILBOX)
				continue;
			buf_clear(&b);
			text_header_raw(&b, a.name.p, a.name.n);
			buf_str(&b, " <");
			buf_bytes(&b, a.mailbox.p, a.mailbox.n);
			buf_char(&b, '@');
			buf_bytes(&b, a.host.p, a.host.n);
			buf_char(&b, '>');
			put_form(forms, &b);
		}
		address_done(&r);
	}
	buf_done(&b);
}

static void
put_form(struct buf *forms, const struct buf *b)
{
	size_t start = forms->n, n = 0;

	buf_bytes(forms, &n, sizeof(n));
	text_fold(forms, b->p, b->n);
	forms->failed = forms->failed || b->failed;
	if (forms->failed)
		return;
	n = forms->n - start - sizeof(n);
	memcpy(forms->p + start, &n, sizeof(n));
}

void
text_header_raw(struct buf *b, const char *p, size_t n)
{
	struct words words = {.any = false};
	struct word w;
	size_t at, from;
	const char *mark;

	if (n == 0)
		return;
	buf_init(&words.bytes, n);
	for (at = from = 0; n - at >= 2; at = (size_t)(mark - p) + 2) {
		mark = memmem(p + at, n - at, "=?", 2);
		if (mark == NULL)
			break;
		if (!next_word(p, n, (size_t)(mark - p), &w))
			continue;
		if (!words.any ||
		    !is_gap(p + from, (size_t)(mark - p) - from)) {
			words_flush(b, &words);
			put_unfolded(b, p + from, (size_t)(mark - p) - from);
		}
		words_add(b, &words, &w);
		from = (size_t)(mark - p) + w.len;
		/* The loop adds two. */
		mark = p + from - 2;
	}
	words_flush(b, &words);
	put_unfolded(b, p + from, n - from);
	buf_done(&words.bytes);
}

/* false: not of that charset, or no memory. */
static bool
to_utf8(struct buf *b, const char *charset, const char *in, size_t n)
{
	struct text_input input = {in, n, true};
	struct text_charset *cs;

	cs = text_charset_find(charset, strlen(charset));
	if (cs == NULL)
		return false;
	if (text_charset_is_utf8(cs)) {
		if (!utf8_valid(in, n))
			return false;
		buf_bytes(b, in, n);
	} else {
		text_charset_begin(cs);
		if (text_charset_run(cs, b, &input) > 0)
			return false;
	}
	return !b->failed;
}

/* As it is, bad bytes as U+FFFD. */
static void
put_utf8(struct buf *b, const char *p, size_t n)
{
	size_t at, len;

	if (n == 0 || utf8_valid(p, n)) {
		buf_bytes(b, p, n);
		return;
	}
	for (at = 0; at < n; at += len) {
		len = 1;
		if ((unsigned char)p[at] < 0x80) {
			buf_char(b, p[at]);
			continue;
		}
		/* The shortest valid piece is one character. */
		while (len < 4 && len < n - at && !utf8_valid(p + at, len))
			len++;
		if (utf8_valid(p + at, len)) {
			buf_bytes(b, p + at, len);
		} else {
			len = 1;
			buf_str(b, "\xef\xbf\xbd");
		}
	}
}

static bool
is_address_field(const struct mime_text *name)
{
	static const char *const fields[] = {
	    "from", "sender", "reply-to", "to", "cc", "bcc"};
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (name->n == strlen(fields[i]) &&
		    strncasecmp(name->p, fields[i], name->n) == 0)
			return true;
	return false;
}

static bool
folded_has(const char *p, size_t n, const struct text_needle *needle)
{
	struct buf folded;
	bool has;

	buf_init(&folded, TEXT_MAX);
	text_fold(&folded, p, n);
	has = folded.n >= needle->n &&
	      memmem(folded.p, folded.n, needle->p, needle->n) != NULL;
	buf_done(&folded);
	return has;
}

/* RFC 2047 section 2, at p[at]; longer words than it allows are taken too. */
static bool
next_word(const char *p, size_t n, size_t at, struct word *w)
{
	const char *end = p + n, *q;

	w->charset = p + at + 2;
	q = memchr(w->charset, '?', (size_t)(end - w->charset));
	if (q == NULL || q == w->charset || end - q < 5 || q[2] != '?')
		return false;
	w->charset_n = (size_t)(q - w->charset);
	if (memchr(w->charset, ' ', w->charset_n) != NULL)
		return false;
	/* RFC 2231 section 5: a language may follow. */
	if ((q = memchr(w->charset, '*', w->charset_n)) != NULL)
		w->charset_n = (size_t)(q - w->charset);
	q = memchr(w->charset, '?', (size_t)(end - w->charset));
	w->encoding = (char)(q[1] & ~0x20);
	w->text = q + 3;
	q = memchr(w->text, '?', (size_t)(end - w->text));
	if ((w->encoding != 'B' && w->encoding != 'Q') || q == NULL ||
	    q + 1 == end || q[1] != '=')
		return false;
	w->text_n = (size_t)(q - w->text);
	if (memchr(w->text, '\n', w->text_n) != NULL)
		return false;
	w->len = (size_t)(q + 2 - (p + at));
	return true;
}

/*
 * Many writers cut a character in two: the bytes of adjacent words of one
 * charset are joined before they are converted.
 */
static void
words_add(struct buf *b, struct words *words, const struct word *w)
{
	if (words->any &&
	    (words->charset_n != w->charset_n ||
		strncasecmp(words->charset, w->charset, w->charset_n) != 0))
		words_flush(b, words);
	words->any = true;
	words->charset = w->charset;
	words->charset_n = w->charset_n;
	if (w->encoding == 'Q')
		decode_q(&words->bytes, w->text, w->text_n);
	else
		decode_b(&words->bytes, w->text, w->text_n);
}

/* An unknown charset's ASCII is still worth having. */
static void
words_flush(struct buf *b, struct words *words)
{
	struct text_input in = {words->bytes.p, words->bytes.n, true};
	struct text_charset *cs;

	if (!words->any)
		return;
	cs = text_charset_find(words->charset, words->charset_n);
	if (cs == NULL || text_charset_is_utf8(cs)) {
		buf_bytes(b, in.p, in.n);
	} else {
		text_charset_begin(cs);
		(void)text_charset_run(cs, b, &in);
	}
	buf_clear(&words->bytes);
	words->any = false;
}

static void
decode_q(struct buf *b, const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		unsigned v;
		char hex[3];

		if (p[i] == '_') {
			buf_char(b, ' ');
			continue;
		}
		if (p[i] != '=' || n - i < 3) {
			buf_char(b, p[i]);
			continue;
		}
		memcpy(hex, p + i + 1, 2);
		hex[2] = '\0';
		if (strspn(hex, "0123456789abcdefABCDEF") != 2) {
			buf_char(b, p[i]);
			continue;
		}
		v = (unsigned)strtoul(hex, NULL, 16);
		buf_char(b, (char)v);
		i += 2;
	}
}

static void
decode_b(struct buf *b, const char *p, size_t n)
{
	struct body_decoder d;
	char out[256];
	size_t len, used;

	body_decoder_init(&d, BODY_ENCODING_BASE64);
	while (n > 0) {
		len = n < sizeof(out) ? n : sizeof(out);
		len = body_decoder_run(&d, p, len, true, out, &used);
		buf_bytes(b, out, len);
		p += used;
		n -= used;
	}
}

/* RFC 5322 2.2.3: a line end before a blank is no part of the text. */
static void
put_unfolded(struct buf *b, const char *p, size_t n)
{
	const char *at = p, *end = p + n, *lf;

	while (at < end) {
		lf = memchr(at, '\n', (size_t)(end - at));
		if (lf == NULL || lf + 1 == end) {
			buf_bytes(b, at, (size_t)(end - at));
			return;
		}
		if (lf[1] != ' ' && lf[1] != '\t')
			buf_bytes(b, at, (size_t)(lf + 1 - at));
		else if (lf > at && lf[-1] == '\r')
			buf_bytes(b, at, (size_t)(lf - 1 - at));
		else
			buf_bytes(b, at, (size_t)(lf - at));
		at = lf + 1;
	}
}

/* What may stand between two words without being text; it ends no field. */
static bool
is_gap(const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (p[i] != ' ' && p[i] != '\t' && p[i] != '\r' && p[i] != '\n')
			return false;
	return n == 0 || p[n - 1] == ' ' || p[n - 1] == '\t';
}
