/*
 * Address lists (address.h). Words are gathered in two renditions at once, as a
 * phrase and as an addr-spec, because only the character that ends them tells
 * which it was. Each byte is read once. RFC 5322 3.4 and 4.4 (obsolete routes,
 * empty elements).
 */
#include "worker/imap/address.h"

#include <stdint.h>
#include <string.h>

static bool finish(
    struct address_reader *, enum address_kind, struct address *);
static void finish_mailbox(struct address_reader *, bool, struct address *);
static void read_words(
    struct address_reader *, struct address_words *, const char *);
static void read_atom(
    struct address_reader *, struct address_words *, const char *);
static void read_quoted(struct address_reader *, struct address_words *);
static void read_joiner(struct address_reader *, struct address_words *, bool);
static void read_literal(struct address_reader *, struct address_words *);
static void read_comment(struct address_reader *, struct buf *);
static void read_angle(struct address_reader *);
static void skip_rest(struct address_reader *);
static void words_init(struct address_words *, size_t);
static void words_clear(struct address_words *);
static void words_blank(struct address_words *);
static struct mime_text text_of(const struct buf *, size_t, size_t);
static bool is_plain(char);
static bool is_space(char);
static bool is_joiner(char);

void
address_init(struct address_reader *r, const char *value, size_t n)
{
	/* Nothing is longer than the value and a blank before each byte. */
	size_t max = 2 * n + 2;

	memset(r, 0, sizeof(*r));
	r->p = value;
	r->n = n;
	r->left = MIME_ADDRESSES_MAX;
	words_init(&r->outer, max);
	words_init(&r->inner, max);
	buf_init(&r->route, max);
	buf_init(&r->comment, max);
}

bool
address_next(struct address_reader *r, struct address *out)
{
	bool angle;

	while (r->at < r->n && r->left > 0) {
		words_clear(&r->outer);
		words_clear(&r->inner);
		buf_clear(&r->route);
		buf_clear(&r->comment);
		read_words(r, &r->outer, r->group ? ",;<" : ",;:<");
		if (r->at < r->n && r->p[r->at] == ':') {
			r->at++;
			return finish(r, ADDRESS_GROUP, out);
		}
		angle = r->at < r->n && r->p[r->at] == '<';
		if (angle)
			read_angle(r);
		if (angle || r->outer.spec.n > 0) {
			finish_mailbox(r, angle, out);
			return finish(r, ADDRESS_MAILBOX, out);
		}
		if (r->at < r->n && r->p[r->at++] == ';' && r->group)
			return finish(r, ADDRESS_GROUP_END, out);
	}
	return r->group && finish(r, ADDRESS_GROUP_END, out);
}

void
address_done(struct address_reader *r)
{
	buf_done(&r->outer.phrase);
	buf_done(&r->outer.spec);
	buf_done(&r->inner.phrase);
	buf_done(&r->inner.spec);
	buf_done(&r->route);
	buf_done(&r->comment);
}

/* false: memory ran out. */
static bool
finish(struct address_reader *r, enum address_kind kind, struct address *out)
{
	const struct mime_text none = {NULL, 0};

	out->kind = kind;
	if (kind != ADDRESS_MAILBOX) {
		out->name = out->route = out->mailbox = out->host = none;
		r->group = kind == ADDRESS_GROUP;
	}
	if (kind == ADDRESS_GROUP)
		out->mailbox = text_of(&r->outer.phrase, 0, r->outer.phrase.n);
	if (kind != ADDRESS_GROUP_END)
		r->left--;
	return !r->outer.phrase.failed && !r->outer.spec.failed &&
	       !r->inner.spec.failed;
}

/* A comment is the name where no phrase is, as mail of old has it. */
static void
finish_mailbox(struct address_reader *r, bool angle, struct address *out)
{
	const struct address_words *w = angle ? &r->inner : &r->outer;
	const struct mime_text none = {NULL, 0};
	size_t n = w->spec.n;

	out->name = out->route = none;
	out->mailbox = out->host = text_of(&w->spec, 0, 0);
	if (w->at_sign != SIZE_MAX) {
		out->mailbox = text_of(&w->spec, 0, w->at_sign);
		out->host =
		    text_of(&w->spec, w->at_sign + 1, n - w->at_sign - 1);
	} else if (angle || w->count < 2) {
		out->mailbox = text_of(&w->spec, 0, n);
	} else {
		/* Undisclosed recipients, without the colon. */
		out->name = text_of(&w->phrase, 0, w->phrase.n);
	}
	if (angle && r->outer.phrase.n > 0)
		out->name = text_of(&r->outer.phrase, 0, r->outer.phrase.n);
	else if (out->name.p == NULL && r->comment.n > 0)
		out->name = text_of(&r->comment, 0, r->comment.n);
	if (r->route.n > 0)
		out->route = text_of(&r->route, 0, r->route.n);
}

/* Words, up to the end or a byte of stop that is not inside one. */
static void
read_words(struct address_reader *r, struct address_words *w, const char *stop)
{
	bool space;

	space = false;
	while (r->at < r->n) {
		char c = r->p[r->at];

		if (!is_plain(c) && c != '\0' && strchr(stop, c) != NULL)
			return;
		if (is_space(c) || c == '>') {
			space = true;
			r->at++;
			continue;
		}
		if (c == '(') {
			space = true;
			read_comment(r, w == &r->outer ? &r->comment : NULL);
			continue;
		}
		if (is_joiner(c)) {
			read_joiner(r, w, space);
			space = false;
			continue;
		}
		if (space || w->count == 0)
			words_blank(w);
		space = false;
		if (c == '"')
			read_quoted(r, w);
		else if (c == '[' && w->at_sign != SIZE_MAX &&
			 w->at_sign + 1 == w->spec.n)
			read_literal(r, w);
		else
			read_atom(r, w, stop);
	}
}

static void
read_atom(struct address_reader *r, struct address_words *w, const char *stop)
{
	size_t from;

	from = r->at++;
	while (r->at < r->n) {
		char c = r->p[r->at];

		if (!is_plain(c) &&
		    (is_space(c) || is_joiner(c) || c == '(' || c == '"' ||
			c == '>' || (c != '\0' && strchr(stop, c) != NULL)))
			break;
		r->at++;
	}
	buf_bytes(&w->phrase, r->p + from, r->at - from);
	buf_bytes(&w->spec, r->p + from, r->at - from);
}

/* Its text without quotes, pairs and line ends. */
static void
read_quoted(struct address_reader *r, struct address_words *w)
{
	r->at++;
	while (r->at < r->n && r->p[r->at] != '"') {
		if (r->p[r->at] == '\\' && r->at + 1 < r->n)
			r->at++;
		if (r->p[r->at] != '\r' && r->p[r->at] != '\n') {
			buf_char(&w->phrase, r->p[r->at]);
			buf_char(&w->spec, r->p[r->at]);
		}
		r->at++;
	}
	if (r->at < r->n)
		r->at++;
}

/* "." or "@": in a phrase a letter like others. */
static void
read_joiner(struct address_reader *r, struct address_words *w, bool space)
{
	char c = r->p[r->at++];

	if (space && w->phrase.n > 0)
		buf_char(&w->phrase, ' ');
	if (c == '@')
		w->at_sign = w->spec.n;
	if (w->count == 0)
		w->count = 1;
	buf_char(&w->phrase, c);
	buf_char(&w->spec, c);
}

/* A domain in brackets, RFC 5322 3.4.1; they belong to it. */
static void
read_literal(struct address_reader *r, struct address_words *w)
{
	char c;

	do {
		c = r->p[r->at++];
		if (is_space(c))
			continue;
		buf_char(&w->phrase, c);
		buf_char(&w->spec, c);
	} while (c != ']' && r->at < r->n);
}

/* Leaves the comment's text in out, if that is not NULL. */
static void
read_comment(struct address_reader *r, struct buf *out)
{
	size_t depth;

	depth = 0;
	if (out != NULL)
		buf_clear(out);
	while (r->at < r->n) {
		char c = r->p[r->at++];
		bool keep = true;

		if (c == '\\' && r->at < r->n)
			c = r->p[r->at++];
		else if (c == '(')
			keep = depth++ > 0;
		else if (c == ')' && --depth == 0)
			break;
		if (out != NULL && keep && c != '\r' && c != '\n' &&
		    (out->n > 0 || !is_space(c)))
			buf_char(out, c);
	}
	while (out != NULL && out->n > 0 && is_space(out->p[out->n - 1]))
		out->n--;
}

/*
 * "<" [route ":"] addr-spec ">". A comma ends one that was never closed.
 */
static void
read_angle(struct address_reader *r)
{
	r->at++;
	while (r->at < r->n && is_space(r->p[r->at]))
		r->at++;
	if (r->at < r->n && r->p[r->at] == '@') {
		read_words(r, &r->inner, ":>");
		if (r->at < r->n && r->p[r->at] == ':') {
			r->at++;
			buf_bytes(&r->route, r->inner.spec.p, r->inner.spec.n);
			words_clear(&r->inner);
		}
	}
	read_words(r, &r->inner, ">,");
	skip_rest(r);
}

/* To the end of this address; a comment on the way may name it. */
static void
skip_rest(struct address_reader *r)
{
	while (r->at < r->n && r->p[r->at] != ',' && r->p[r->at] != ';') {
		if (r->p[r->at] == '(') {
			read_comment(r, &r->comment);
			continue;
		}
		if (r->p[r->at++] != '"')
			continue;
		while (r->at < r->n && r->p[r->at] != '"')
			r->at++;
		if (r->at < r->n)
			r->at++;
	}
}

static void
words_init(struct address_words *w, size_t max)
{
	buf_init(&w->phrase, max);
	buf_init(&w->spec, max);
	w->at_sign = SIZE_MAX;
	w->count = 0;
}

static void
words_clear(struct address_words *w)
{
	buf_clear(&w->phrase);
	buf_clear(&w->spec);
	w->at_sign = SIZE_MAX;
	w->count = 0;
}

/* A word begins: the blank before it, where one belongs. */
static void
words_blank(struct address_words *w)
{
	w->count++;
	if (w->phrase.n > 0)
		buf_char(&w->phrase, ' ');
	if (w->spec.n > 0 && !is_joiner(w->spec.p[w->spec.n - 1]))
		buf_char(&w->spec, ' ');
}

static struct mime_text
text_of(const struct buf *b, size_t from, size_t n)
{
	struct mime_text t = {"", 0};

	if (n > 0) {
		t.p = b->p + from;
		t.n = n;
	}
	return t;
}

/* Most bytes are: it ends no word and begins none but an atom. */
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

static bool
is_joiner(char c)
{
	return c == '.' || c == '@';
}
