/* Any bytes make a tree whose ranges lie inside each other. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "maildir/mime.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static unsigned nparts;

static void
need(bool truth)
{
	if (!truth)
		abort();
}

/* Each byte of it can be read. */
static void
check_text(const struct mime_text *t)
{
	volatile char c = 0;
	size_t i;

	need(t->p != NULL || t->n == 0);
	for (i = 0; i < t->n; i++)
		c = (char)(c ^ t->p[i]);
}

static void
check_params(const struct mime_param *p, size_t n)
{
	size_t i;

	need(n <= MIME_PARAMS_MAX);
	for (i = 0; i < n; i++) {
		check_text(&p[i].name);
		check_text(&p[i].value);
		need(p[i].name.n > 0);
	}
}

static void
check_values(const struct mime_part *p)
{
	size_t i;

	need(p->type.n > 0 && p->subtype.n > 0 && p->encoding.n > 0);
	check_text(&p->type);
	check_text(&p->subtype);
	check_text(&p->encoding);
	check_text(&p->id);
	check_text(&p->description);
	check_text(&p->md5);
	check_text(&p->location);
	check_text(&p->disposition);
	check_params(p->params, p->nparams);
	check_params(p->dparams, p->ndparams);
	for (i = 0; i < p->nlanguages; i++)
		check_text(&p->languages[i]);
}

static void
check_part(const char *msg, size_t n, const struct mime_part *p, unsigned depth)
{
	const struct mime_part *child;
	size_t end = p->hdr;
	unsigned count = 0;

	need(depth <= MIME_DEPTH_MAX);
	need(++nparts <= MIME_PARTS_MAX + 1);
	need(p->hdr <= n && p->hdr_len <= n - p->hdr);
	need(p->body == p->hdr + p->hdr_len && p->body_len <= n - p->body);
	need(p->hdr_size == mime_wire_size(msg + p->hdr, p->hdr_len));
	need(p->body_size == mime_wire_size(msg + p->body, p->body_len));
	need(p->lines <= p->body_len);
	need((p->kind == MIME_LEAF) == (p->first == NULL));
	need(p->kind != MIME_MESSAGE || p->nchildren == 1);
	check_values(p);
	for (child = p->first; child != NULL; child = child->next) {
		need(child->parent == p);
		need(child->hdr >= end && child->hdr >= p->body);
		end = child->body + child->body_len;
		need(end <= p->body + p->body_len);
		check_part(msg, n, child, depth + 1);
		count++;
	}
	need(count == p->nchildren);
}

static void
check_fields(const char *hdr, size_t n)
{
	struct mime_text name, value, found;
	size_t pos = 0, before = 0;
	char word[64];

	while (mime_field(hdr, n, &pos, &name, &value)) {
		need(pos > before && pos <= n);
		before = pos;
		need(name.n > 0);
		check_text(&name);
		check_text(&value);
		need(value.p + value.n <= hdr + pos);
		if (name.n < sizeof(word)) {
			memcpy(word, name.p, name.n);
			word[name.n] = '\0';
			need(mime_find(hdr, n, word, &found));
			need(found.p <= value.p);
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *msg = (const char *)data;
	struct mime *m;

	m = mime_parse(msg, n);
	if (m == NULL)
		return 0;
	nparts = 0;
	need(mime_root(m)->hdr == 0);
	need(mime_root(m)->body + mime_root(m)->body_len == n);
	check_part(msg, n, mime_root(m), 1);
	check_fields(msg, mime_root(m)->hdr_len);
	mime_free(m);
	return 0;
}
