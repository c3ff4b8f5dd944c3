/*
 * ENVELOPE, BODY and BODYSTRUCTURE (body.h), RFC 3501 7.4.2 and its section 9.
 * Values are printed as the message has them: encoded words and the case of
 * words stay. What a quoted string cannot hold goes as a literal, so the bytes
 * are right for every client.
 */
#include "worker/imap/body.h"

#include <string.h>
#include <strings.h>

#include "worker/imap/address.h"

enum field {
	FIELD_DATE,
	FIELD_SUBJECT,
	FIELD_FROM,
	FIELD_SENDER,
	FIELD_REPLY_TO,
	FIELD_TO,
	FIELD_CC,
	FIELD_BCC,
	FIELD_IN_REPLY_TO,
	FIELD_MESSAGE_ID,
	FIELD_COUNT
};

static const struct {
	size_t n;
	const char *name;
} field_names[FIELD_COUNT] = {
    [FIELD_DATE] = {4, "date"},
    [FIELD_SUBJECT] = {7, "subject"},
    [FIELD_FROM] = {4, "from"},
    [FIELD_SENDER] = {6, "sender"},
    [FIELD_REPLY_TO] = {8, "reply-to"},
    [FIELD_TO] = {2, "to"},
    [FIELD_CC] = {2, "cc"},
    [FIELD_BCC] = {3, "bcc"},
    [FIELD_IN_REPLY_TO] = {11, "in-reply-to"},
    [FIELD_MESSAGE_ID] = {10, "message-id"},
};

static void find_fields(const char *, size_t, struct mime_text *);
static bool is_blank(const struct mime_text *);
static void put_unfolded(struct buf *, const struct mime_text *);
static void put_addresses(struct buf *, const struct mime_text *);
static void put_address(struct buf *, const struct address *);
static void put_part(
    struct buf *, const char *, const struct mime_part *, bool);
static void put_multipart(
    struct buf *, const char *, const struct mime_part *, bool);
static void put_single(
    struct buf *, const char *, const struct mime_part *, bool);
static void put_text(struct buf *, const struct mime_text *);
static void put_params(struct buf *, const struct mime_param *, size_t);
static void put_rest(struct buf *, const struct mime_part *);
static bool is_word(const struct mime_text *, const char *);

void
body_envelope(struct buf *b, const char *hdr, size_t n)
{
	struct mime_text fields[FIELD_COUNT];
	unsigned i;

	find_fields(hdr, n, fields);
	/* RFC 3501 7.4.2: absent or empty, these are From's. */
	if (is_blank(&fields[FIELD_SENDER]))
		fields[FIELD_SENDER] = fields[FIELD_FROM];
	if (is_blank(&fields[FIELD_REPLY_TO]))
		fields[FIELD_REPLY_TO] = fields[FIELD_FROM];
	for (i = 0; i < FIELD_COUNT; i++) {
		buf_char(b, i == 0 ? '(' : ' ');
		if (i >= FIELD_FROM && i <= FIELD_BCC)
			put_addresses(b, &fields[i]);
		else
			put_unfolded(b, &fields[i]);
	}
	buf_char(b, ')');
}

void
body_structure(
    struct buf *b, const char *msg, const struct mime *m, bool extended)
{
	put_part(b, msg, mime_root(m), extended);
}

/* The first of each; p NULL where there is none. */
static void
find_fields(const char *hdr, size_t n, struct mime_text *out)
{
	struct mime_text name, value;
	size_t pos;
	unsigned i;

	for (i = 0; i < FIELD_COUNT; i++) {
		out[i].p = NULL;
		out[i].n = 0;
	}
	pos = 0;
	while (mime_field(hdr, n, &pos, &name, &value)) {
		for (i = 0; i < FIELD_COUNT; i++)
			if (field_names[i].n == name.n && out[i].p == NULL &&
			    strncasecmp(name.p, field_names[i].name, name.n) ==
				0)
				out[i] = value;
	}
}

static bool
is_blank(const struct mime_text *t)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (memchr(" \t\r\n", t->p[i], 4) == NULL)
			return false;
	return true;
}

/* As an nstring, without blanks around it and without its folds. */
static void
put_unfolded(struct buf *b, const struct mime_text *value)
{
	struct mime_text t = *value;
	struct buf copy;
	size_t i;

	while (t.n > 0 && memchr(" \t\r\n", t.p[t.n - 1], 4) != NULL)
		t.n--;
	if (t.n == 0 || (memchr(t.p, '\n', t.n) == NULL &&
			    memchr(t.p, '\r', t.n) == NULL)) {
		buf_nstring(b, t.p, t.n, false);
		return;
	}
	buf_init(&copy, t.n);
	for (i = 0; i < t.n; i++)
		if (t.p[i] != '\r' && t.p[i] != '\n')
			buf_char(&copy, t.p[i]);
	buf_string(b, copy.p, copy.n, false);
	b->failed = b->failed || copy.failed;
	buf_done(&copy);
}

/* env-from and the like: NIL or 1*address in parentheses. */
static void
put_addresses(struct buf *b, const struct mime_text *value)
{
	struct address_reader r;
	struct address a;
	bool any;

	any = false;
	if (value->n > 0) {
		address_init(&r, value->p, value->n);
		while (address_next(&r, &a)) {
			if (!any)
				buf_char(b, '(');
			any = true;
			put_address(b, &a);
		}
		b->failed = b->failed || r.failed;
		address_done(&r);
	}
	buf_str(b, any ? ")" : "NIL");
}

static void
put_address(struct buf *b, const struct address *a)
{
	buf_char(b, '(');
	put_text(b, &a->name);
	buf_char(b, ' ');
	put_text(b, &a->route);
	buf_char(b, ' ');
	put_text(b, &a->mailbox);
	buf_char(b, ' ');
	put_text(b, &a->host);
	buf_char(b, ')');
}

/* Recursion no deeper than MIME_DEPTH_MAX: the tree is not. */
static void
put_part(
    struct buf *b, const char *msg, const struct mime_part *part, bool extended)
{
	buf_char(b, '(');
	if (part->kind == MIME_MULTIPART)
		put_multipart(b, msg, part, extended);
	else
		put_single(b, msg, part, extended);
	buf_char(b, ')');
}

/* body-type-mpart */
static void
put_multipart(
    struct buf *b, const char *msg, const struct mime_part *part, bool extended)
{
	const struct mime_part *child;

	for (child = part->first; child != NULL; child = child->next)
		put_part(b, msg, child, extended);
	buf_char(b, ' ');
	put_text(b, &part->subtype);
	if (!extended)
		return;
	buf_char(b, ' ');
	put_params(b, part->params, part->nparams);
	put_rest(b, part);
}

/*
 * body-type-1part. message/global is printed as a plain part: RFC 3501 has an
 * envelope for message/rfc822 alone, and clients take it at its word.
 */
static void
put_single(
    struct buf *b, const char *msg, const struct mime_part *part, bool extended)
{
	const struct mime_part *inner = part->first;

	put_text(b, &part->type);
	buf_char(b, ' ');
	put_text(b, &part->subtype);
	buf_char(b, ' ');
	put_params(b, part->params, part->nparams);
	buf_char(b, ' ');
	put_text(b, &part->id);
	buf_char(b, ' ');
	put_text(b, &part->description);
	buf_char(b, ' ');
	put_text(b, &part->encoding);
	buf_char(b, ' ');
	buf_num(b, part->body_size);
	if (inner != NULL && is_word(&part->subtype, "rfc822")) {
		buf_char(b, ' ');
		body_envelope(b, msg + inner->hdr, inner->hdr_len);
		buf_char(b, ' ');
		put_part(b, msg, inner, extended);
		buf_char(b, ' ');
		buf_num(b, part->lines);
	} else if (is_word(&part->type, "text")) {
		buf_char(b, ' ');
		buf_num(b, part->lines);
	}
	if (!extended)
		return;
	buf_char(b, ' ');
	put_text(b, &part->md5);
	put_rest(b, part);
}

static void
put_text(struct buf *b, const struct mime_text *t)
{
	buf_nstring(b, t->p, t->n, false);
}

/* body-fld-param */
static void
put_params(struct buf *b, const struct mime_param *params, size_t n)
{
	size_t i;

	if (n == 0) {
		buf_str(b, "NIL");
		return;
	}
	for (i = 0; i < n; i++) {
		buf_char(b, i == 0 ? '(' : ' ');
		put_text(b, &params[i].name);
		buf_char(b, ' ');
		put_text(b, &params[i].value);
	}
	buf_char(b, ')');
}

/* body-fld-dsp, body-fld-lang and body-fld-loc, the end of both extensions. */
static void
put_rest(struct buf *b, const struct mime_part *part)
{
	size_t i;

	if (part->disposition.p == NULL) {
		buf_str(b, " NIL");
	} else {
		buf_str(b, " (");
		put_text(b, &part->disposition);
		buf_char(b, ' ');
		put_params(b, part->dparams, part->ndparams);
		buf_char(b, ')');
	}
	buf_char(b, ' ');
	if (part->nlanguages == 0)
		buf_str(b, "NIL");
	for (i = 0; i < part->nlanguages; i++) {
		buf_char(b, i == 0 ? '(' : ' ');
		put_text(b, &part->languages[i]);
	}
	if (part->nlanguages > 0)
		buf_char(b, ')');
	buf_char(b, ' ');
	put_text(b, &part->location);
}

static bool
is_word(const struct mime_text *t, const char *word)
{
	size_t n = strlen(word);

	return t->n == n && strncasecmp(t->p, word, n) == 0;
}
