/*
 * Previews (preview.h): the part's first bytes are decoded and converted, then
 * walked over character by character; markup, quotations and runs of blanks
 * are left out on the way, until there are enough characters.
 */
#include "worker/imap/preview.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utf8proc.h>

#include "worker/imap/body_decode.h"
#include "worker/imap/text_charset.h"

#define REPLACEMENT 0xfffd
#define ENTITY_MAX  10 /* bytes of an entity's name */

struct walk {
	struct buf *out;
	const char *p, *end;
	size_t chars;
	bool blank; /* one is due before the next character */
	bool line;  /* at the beginning of a line */
};

static const struct mime_part *choose(const struct mime *);
static const struct mime_part *next_part(const struct mime_part *);
static bool is_type(const struct mime_part *, const char *);
static void decode(struct buf *, const char *, const struct mime_part *);
static void walk_plain(struct walk *);
static void walk_html(struct walk *);
static bool skip_quoted(struct walk *);
static void skip_markup(struct walk *);
static bool skip_past(struct walk *, const char *);
static bool tag_is(const struct walk *, const char *);
static bool take_entity(struct walk *);
static int32_t entity(const char *, size_t);
static void take(struct walk *);
static void put(struct walk *, int32_t);

void
preview_make(struct buf *b, const char *msg, const struct mime *mime)
{
	const struct mime_part *part = choose(mime);
	struct walk w = {.out = b, .line = true};
	struct buf text;

	if (part == NULL)
		return;
	buf_init(&text, 8 * PREVIEW_LOOK);
	decode(&text, msg, part);
	b->failed = b->failed || text.failed;
	w.p = text.p;
	w.end = text.n > 0 ? text.p + text.n : text.p;
	if (is_type(part, "html"))
		walk_html(&w);
	else
		walk_plain(&w);
	buf_done(&text);
}

/* The first plain text, else the first HTML; not of messages inside. */
static const struct mime_part *
choose(const struct mime *mime)
{
	const struct mime_part *part = mime_root(mime), *html = NULL;

	for (; part != NULL; part = next_part(part)) {
		if (part->kind != MIME_LEAF ||
		    (part->disposition.n == 10 &&
			strncasecmp(part->disposition.p, "attachment", 10) ==
			    0))
			continue;
		if (is_type(part, "plain"))
			return part;
		if (html == NULL && is_type(part, "html"))
			html = part;
	}
	return html;
}

static const struct mime_part *
next_part(const struct mime_part *part)
{
	if (part->kind == MIME_MULTIPART && part->first != NULL)
		return part->first;
	while (part != NULL && part->next == NULL)
		part = part->parent;
	return part == NULL ? NULL : part->next;
}

/* text/SUBTYPE. */
static bool
is_type(const struct mime_part *part, const char *subtype)
{
	return part->type.n == 4 && strncasecmp(part->type.p, "text", 4) == 0 &&
	       part->subtype.n == strlen(subtype) &&
	       strncasecmp(part->subtype.p, subtype, part->subtype.n) == 0;
}

static void
decode(struct buf *b, const char *msg, const struct mime_part *part)
{
	size_t n =
	    part->body_len < PREVIEW_LOOK ? part->body_len : PREVIEW_LOOK;
	struct text_input in = {msg + part->body, n, false};
	struct text_charset *cs = text_charset_of(part);
	struct body_decoder d;
	char *plain = NULL;
	size_t used;

	body_decoder_init(&d, body_encoding_of(&part->encoding));
	if (d.encoding == BODY_ENCODING_UNKNOWN)
		return;
	if (d.encoding != BODY_ENCODING_NONE) {
		plain = malloc(2 * n + 1);
		if (plain == NULL) {
			b->failed = true;
			return;
		}
		in.n = body_decoder_run(&d, in.p, n, true, plain, &used);
		in.p = plain;
	}
	if (cs == NULL) {
		buf_bytes(b, in.p, in.n);
	} else {
		text_charset_begin(cs);
		(void)text_charset_run(cs, b, &in);
	}
	free(plain);
}

static void
walk_plain(struct walk *w)
{
	while (w->p < w->end && w->chars < PREVIEW_CHARS)
		if (!w->line || !skip_quoted(w))
			take(w);
}

/* Lines that quote; behind the signature's mark nothing is looked at. */
static bool
skip_quoted(struct walk *w)
{
	size_t n = (size_t)(w->end - w->p);
	const char *lf;

	if (*w->p == '>') {
		lf = memchr(w->p, '\n', n);
		w->p = lf == NULL ? w->end : lf + 1;
		return true;
	}
	if (n >= 4 && memcmp(w->p, "-- ", 3) == 0 &&
	    (w->p[3] == '\n' || w->p[3] == '\r')) {
		w->p = w->end;
		return true;
	}
	return false;
}

static void
walk_html(struct walk *w)
{
	while (w->p < w->end && w->chars < PREVIEW_CHARS) {
		if (*w->p == '<')
			skip_markup(w);
		else if (*w->p != '&' || !take_entity(w))
			take(w);
	}
}

/* A tag parts words; what is no text goes with its tags. */
static void
skip_markup(struct walk *w)
{
	static const char *const hidden[][2] = {{"head", "</head"},
	    {"style", "</style"}, {"script", "</script"}, {"title", "</title"},
	    {"blockquote", "</blockquote"}};
	size_t i;

	w->blank = true;
	if (w->end - w->p >= 4 && memcmp(w->p, "<!--", 4) == 0) {
		if (!skip_past(w, "-->"))
			w->p = w->end;
		return;
	}
	for (i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (tag_is(w, hidden[i][0])) {
			if (!skip_past(w, hidden[i][1]))
				w->p = w->end;
			break;
		}
	if (!skip_past(w, ">"))
		w->p = w->end;
}

/* Behind the next such text, no case; false: there is none. */
static bool
skip_past(struct walk *w, const char *text)
{
	size_t n = strlen(text);
	const char *p;

	for (p = w->p; (size_t)(w->end - p) >= n; p++)
		if (strncasecmp(p, text, n) == 0) {
			w->p = p + n;
			return true;
		}
	return false;
}

static bool
tag_is(const struct walk *w, const char *name)
{
	size_t n = strlen(name);

	return (size_t)(w->end - w->p) > n + 1 &&
	       strncasecmp(w->p + 1, name, n) == 0 &&
	       strchr(" \t\r\n>/", w->p[n + 1]) != NULL;
}

static bool
take_entity(struct walk *w)
{
	size_t n = (size_t)(w->end - w->p);
	const char *end;
	int32_t c;

	end = memchr(w->p, ';', n < ENTITY_MAX + 2 ? n : ENTITY_MAX + 2);
	if (end == NULL)
		return false;
	c = entity(w->p + 1, (size_t)(end - w->p) - 1);
	if (c == 0)
		return false;
	w->p = end + 1;
	put(w, c);
	return true;
}

/* 0: not one that is known. */
static int32_t
entity(const char *p, size_t n)
{
	static const struct {
		const char *name;
		int32_t c;
	} known[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'},
	    {"apos", '\''}, {"nbsp", ' '}, {"hellip", 0x2026},
	    {"ndash", 0x2013}, {"mdash", 0x2014}, {"rsquo", 0x2019},
	    {"auml", 0xe4}, {"ouml", 0xf6}, {"uuml", 0xfc}, {"szlig", 0xdf},
	    {"eacute", 0xe9}, {"zwnj", ' '}, {"shy", ' '}};
	char number[ENTITY_MAX + 1], *end;
	long c;
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (n == strlen(known[i].name) &&
		    memcmp(p, known[i].name, n) == 0)
			return known[i].c;
	if (n < 2 || n > ENTITY_MAX || p[0] != '#')
		return 0;
	memcpy(number, p + 1, n - 1);
	number[n - 1] = '\0';
	if (number[0] == 'x' || number[0] == 'X')
		c = strtol(number + 1, &end, 16);
	else
		c = strtol(number, &end, 10);
	return *end == '\0' && c > 0 && c <= 0x10ffff &&
		       utf8proc_codepoint_valid((int32_t)c)
		   ? (int32_t)c
		   : 0;
}

/* The next character; bytes that are none are shown as such. */
static void
take(struct walk *w)
{
	utf8proc_int32_t c;
	utf8proc_ssize_t n;

	w->line = *w->p == '\n';
	n = utf8proc_iterate((const utf8proc_uint8_t *)w->p, w->end - w->p, &c);
	if (n < 1) {
		n = 1;
		c = REPLACEMENT;
	}
	w->p += n;
	put(w, c);
}

/* White space, however much, is one blank, and none at the ends. */
static void
put(struct walk *w, int32_t c)
{
	utf8proc_uint8_t bytes[4];
	utf8proc_ssize_t n;

	if (c <= ' ' || (c >= 0x7f && c <= 0xa0) || c == 0xfeff ||
	    (c >= 0x2000 && c <= 0x200f) || c == 0x2028 || c == 0x2029) {
		w->blank = true;
		return;
	}
	if (w->blank && w->chars == PREVIEW_CHARS - 1) {
		w->chars++; /* a blank would be the last */
		return;
	}
	if (w->blank && w->chars > 0) {
		buf_char(w->out, ' ');
		w->chars++;
	}
	w->blank = false;
	n = utf8proc_encode_char(c, bytes);
	buf_bytes(w->out, bytes, (size_t)n);
	w->chars++;
}
