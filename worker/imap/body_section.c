/*
 * Sections of a message and their octets (body.h). RFC 3501 6.4.5: a part
 * number steps into a multipart, or into the message that a message/rfc822
 * part holds; part 1 of a message that is no multipart is its text. RFC 3516.
 */
#include "worker/imap/body.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "worker/imap/body_decode.h"

#define EMIT_CHUNK 16384

struct emitter {
	uint64_t skip, left; /* octets */
	void (*emit)(void *, const char *, size_t);
	void *arg;
	size_t n;
	char chunk[EMIT_CHUNK];
};

static const struct mime_part *find_part(
    const struct mime *, const struct parse_section *);
static const struct mime_part *message_part(const struct mime_part *, uint32_t);
static const struct mime_part *child_part(const struct mime_part *, uint32_t);
static void slice_header(
    struct body_slice *, const char *, const struct mime_part *);
static void slice_body(
    struct body_slice *, const char *, const struct mime_part *);
static int slice_fields(struct arena *, const char *, const struct mime_part *,
    const struct parse_section *, struct body_slice *);
static size_t take_fields(const char *, const struct mime_part *,
    const struct parse_section *, const struct parse_text *, char *);
static int by_name(const void *, const void *);
static int slice_decoded(struct arena *, const char *, const struct mime_part *,
    enum body_encoding, struct body_slice *);
static void emit_plain(struct emitter *, const char *, size_t);
static void emit_lines(struct emitter *, const char *, size_t);
static void emit_bytes(struct emitter *, const char *, size_t);
static void emit_flush(struct emitter *);

int
body_section(struct arena *a, const char *msg, const struct mime *m,
    const struct parse_section *section, struct body_slice *out)
{
	const struct mime_part *part;

	part = find_part(m, section);
	if (part == NULL)
		return 1;
	switch (section->text) {
	case PARSE_SECTION_ALL:
		if (section->nparts > 0) {
			slice_body(out, msg, part);
			return 0;
		}
		out->p = msg;
		out->n = part->hdr_len + part->body_len;
		out->size = part->hdr_size + part->body_size;
		out->stored = true;
		return 0;
	case PARSE_SECTION_MIME:
		slice_header(out, msg, part);
		return 0;
	case PARSE_SECTION_HEADER:
	case PARSE_SECTION_FIELDS:
	case PARSE_SECTION_FIELDS_NOT:
	case PARSE_SECTION_TEXT:
		break;
	}
	/* These are a message's: the whole one, or the one in the part. */
	if (section->nparts > 0) {
		if (part->kind != MIME_MESSAGE)
			return 1;
		part = part->first;
	}
	if (section->text == PARSE_SECTION_TEXT)
		slice_body(out, msg, part);
	else if (section->text == PARSE_SECTION_HEADER)
		slice_header(out, msg, part);
	else
		return slice_fields(a, msg, part, section, out);
	return 0;
}

int
body_binary(struct arena *a, const char *msg, const struct mime *m,
    const struct parse_section *section, struct body_slice *out)
{
	const struct mime_part *part;
	enum body_encoding encoding;

	if (section->nparts == 0)
		return body_section(a, msg, m, section, out);
	part = find_part(m, section);
	if (part == NULL)
		return 1;
	encoding = body_encoding_of(&part->encoding);
	/* RFC 2045 6.4: a multipart has no encoding, whatever it says. */
	if (part->kind == MIME_MULTIPART)
		encoding = BODY_ENCODING_NONE;
	switch (encoding) {
	case BODY_ENCODING_NONE:
		slice_body(out, msg, part);
		return 0;
	case BODY_ENCODING_BASE64:
	case BODY_ENCODING_QUOTED:
		return slice_decoded(a, msg, part, encoding, out);
	case BODY_ENCODING_UNKNOWN:
		break;
	}
	return 2;
}

void
body_emit(const struct body_slice *slice, uint64_t from, uint64_t count,
    void (*emit)(void *, const char *, size_t), void *arg)
{
	struct emitter e;

	if (from >= slice->size || count == 0)
		return;
	if (count > slice->size - from)
		count = slice->size - from;
	e.skip = from;
	e.left = count;
	e.emit = emit;
	e.arg = arg;
	e.n = 0;
	if (slice->stored && slice->size != slice->n)
		emit_lines(&e, slice->p, slice->n);
	else
		emit_plain(&e, slice->p, slice->n);
}

/* NULL: there is no such part. The root, if no number is given. */
static const struct mime_part *
find_part(const struct mime *m, const struct parse_section *section)
{
	const struct mime_part *part;
	size_t i;

	part = mime_root(m);
	for (i = 0; i < section->nparts && part != NULL; i++) {
		uint32_t number = section->part[i];

		if (i == 0)
			part = message_part(part, number);
		else if (part->kind == MIME_MESSAGE)
			part = message_part(part->first, number);
		else
			part = child_part(part, number);
	}
	return part;
}

/* A part of a message, which itself is its part 1 if it is no multipart. */
static const struct mime_part *
message_part(const struct mime_part *message, uint32_t number)
{
	if (message->kind == MIME_MULTIPART)
		return child_part(message, number);
	return number == 1 ? message : NULL;
}

static const struct mime_part *
child_part(const struct mime_part *part, uint32_t number)
{
	const struct mime_part *child;

	if (part->kind != MIME_MULTIPART || number == 0 ||
	    number > part->nchildren)
		return NULL;
	for (child = part->first; --number > 0;)
		child = child->next;
	return child;
}

static void
slice_header(
    struct body_slice *out, const char *msg, const struct mime_part *part)
{
	out->p = msg + part->hdr;
	out->n = part->hdr_len;
	out->size = part->hdr_size;
	out->stored = true;
}

static void
slice_body(
    struct body_slice *out, const char *msg, const struct mime_part *part)
{
	out->p = msg + part->body;
	out->n = part->body_len;
	out->size = part->body_size;
	out->stored = true;
}

/*
 * RFC 3501 6.4.5: the fields as they stand, in their order, and always the
 * empty line.
 */
static int
slice_fields(struct arena *a, const char *msg, const struct mime_part *part,
    const struct parse_section *section, struct body_slice *out)
{
	struct parse_text *names;
	size_t n;
	char *p;

	/* A header may have millions of fields: each is looked up quickly. */
	names = arena_array(a, section->nfields, sizeof(*names));
	if (names == NULL)
		return -1;
	memcpy(names, section->fields, section->nfields * sizeof(*names));
	qsort(names, section->nfields, sizeof(*names), by_name);
	n = take_fields(msg, part, section, names, NULL);
	p = arena_alloc(a, n);
	if (p == NULL)
		return -1;
	(void)take_fields(msg, part, section, names, p);
	out->p = p;
	out->n = n;
	out->size = mime_wire_size(p, n);
	out->stored = true;
	return 0;
}

/* How long they are; writes them to p unless that is NULL. */
static size_t
take_fields(const char *msg, const struct mime_part *part,
    const struct parse_section *section, const struct parse_text *names,
    char *p)
{
	const char *hdr = msg + part->hdr;
	struct mime_text name, value;
	struct parse_text key;
	size_t pos, from, len, n;

	pos = n = 0;
	while (mime_field(hdr, part->hdr_len, &pos, &name, &value)) {
		key = (struct parse_text){.p = name.p, .n = name.n};
		if ((bsearch(&key, names, section->nfields, sizeof(key),
			 by_name) != NULL) !=
		    (section->text == PARSE_SECTION_FIELDS))
			continue;
		from = (size_t)(name.p - hdr);
		len = pos - from;
		if (p != NULL)
			memcpy(p + n, name.p, len);
		n += len;
		if (hdr[pos - 1] == '\n')
			continue;
		if (p != NULL)
			memcpy(p + n, "\r\n", 2);
		n += 2;
	}
	if (p != NULL)
		memcpy(p + n, "\r\n", 2);
	return n + 2;
}

/* By length, then by letters. */
static int
by_name(const void *a, const void *b)
{
	const struct parse_text *x = a, *y = b;

	if (x->n != y->n)
		return x->n < y->n ? -1 : 1;
	return strncasecmp(x->p, y->p, x->n);
}

static int
slice_decoded(struct arena *a, const char *msg, const struct mime_part *part,
    enum body_encoding encoding, struct body_slice *out)
{
	struct body_decoder d;
	size_t room, used;
	char *p;

	/* Base64 gives three bytes for four; see body_decoder_run. */
	room = part->body_len / 4 * 3 + 3;
	if (encoding == BODY_ENCODING_QUOTED)
		room = part->body_size;
	p = arena_alloc(a, room);
	if (p == NULL)
		return -1;
	body_decoder_init(&d, encoding);
	out->n = body_decoder_run(
	    &d, msg + part->body, part->body_len, true, p, &used);
	out->p = p;
	out->size = out->n;
	out->stored = false;
	return 0;
}

static void
emit_plain(struct emitter *e, const char *p, size_t n)
{
	p += e->skip;
	n -= e->skip;
	e->emit(e->arg, p, n < e->left ? n : e->left);
}

/* Each bare LF gets its CR. */
static void
emit_lines(struct emitter *e, const char *p, size_t n)
{
	const char *at = p, *end = p + n, *lf;

	while (at < end && e->left > 0) {
		lf = memchr(at, '\n', (size_t)(end - at));
		if (lf == NULL) {
			emit_bytes(e, at, (size_t)(end - at));
			break;
		}
		if (lf > p && lf[-1] == '\r') {
			emit_bytes(e, at, (size_t)(lf + 1 - at));
		} else {
			emit_bytes(e, at, (size_t)(lf - at));
			emit_bytes(e, "\r\n", 2);
		}
		at = lf + 1;
	}
	emit_flush(e);
}

/* Gathers lines, so that the far side sees few pieces. */
static void
emit_bytes(struct emitter *e, const char *p, size_t n)
{
	if (n <= e->skip) {
		e->skip -= n;
		return;
	}
	p += e->skip;
	n -= e->skip;
	e->skip = 0;
	if (n > e->left)
		n = e->left;
	e->left -= n;
	if (n > sizeof(e->chunk) - e->n)
		emit_flush(e);
	if (n > sizeof(e->chunk)) {
		e->emit(e->arg, p, n);
		return;
	}
	memcpy(e->chunk + e->n, p, n);
	e->n += n;
}

static void
emit_flush(struct emitter *e)
{
	if (e->n > 0)
		e->emit(e->arg, e->chunk, e->n);
	e->n = 0;
}
