/*
 * A record is a row of pieces: NUL, tag, folded text. Text has no NUL: one that
 * a header holds becomes 0xff, which is in no needle.
 */
#include "worker/imap/folded.h"

#include <string.h>
#include <strings.h>

static const struct {
	const char *name;
	struct folded where;
} fields[] = {
    {"Subject", {MAILBOX_SUBJECT, 's'}},
    {"From", {MAILBOX_ADDRESSES, 'f'}},
    {"To", {MAILBOX_ADDRESSES, 't'}},
    {"Cc", {MAILBOX_ADDRESSES, 'c'}},
    {"Bcc", {MAILBOX_ADDRESSES, 'b'}},
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static size_t find(const struct mime_text *);
static void put_piece(struct buf *, char, const char *, size_t);

bool
folded_field(const char *name, struct folded *out)
{
	const struct mime_text text = {name, strlen(name)};
	size_t i = find(&text);

	if (i == FIELDS)
		return false;
	*out = fields[i].where;
	return true;
}

void
folded_make(struct buf *b, enum mailbox_kept kind, const char *hdr, size_t n)
{
	struct mime_text name, value;
	struct buf forms;
	const char *p, *end;
	size_t at = 0, i;

	buf_init(&forms, b->max);
	while (mime_field(hdr, n, &at, &name, &value)) {
		i = find(&name);
		if (i == FIELDS || fields[i].where.kind != kind)
			continue;
		buf_clear(&forms);
		text_field_forms(&forms, &name, &value);
		b->failed = b->failed || forms.failed;
		for (p = forms.p, end = p + forms.n; p < end;) {
			size_t len;

			memcpy(&len, p, sizeof(len));
			p += sizeof(len);
			put_piece(b, fields[i].where.tag, p, len);
			p += len;
		}
	}
	buf_done(&forms);
}

bool
folded_has(const char *p, size_t n, char tag, const struct text_needle *needle)
{
	const char *end = p + n, *next;

	while (end - p >= 2) {
		next = memchr(p + 2, '\0', (size_t)(end - p) - 2);
		if (next == NULL)
			next = end;
		if (p[1] == tag && (size_t)(next - p) - 2 >= needle->n &&
		    memmem(p + 2, (size_t)(next - p) - 2, needle->p,
			needle->n) != NULL)
			return true;
		p = next;
	}
	return false;
}

static size_t
find(const struct mime_text *name)
{
	size_t i;

	for (i = 0; i < FIELDS; i++)
		if (name->n == strlen(fields[i].name) &&
		    strncasecmp(name->p, fields[i].name, name->n) == 0)
			break;
	return i;
}

static void
put_piece(struct buf *b, char tag, const char *p, size_t n)
{
	size_t start;
	char *nul;

	buf_char(b, '\0');
	buf_char(b, tag);
	start = b->n;
	buf_bytes(b, p, n);
	while (!b->failed && b->n > start &&
	       (nul = memchr(b->p + start, '\0', b->n - start)) != NULL)
		*nul = '\xff';
}
