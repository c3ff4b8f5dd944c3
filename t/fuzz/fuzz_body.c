/*
 * Whatever the message, its ENVELOPE and BODYSTRUCTURE can be read by a client,
 * and its sections are what they say they are.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "worker/imap/body.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
need(bool truth)
{
	if (!truth)
		abort();
}

/* A string or a literal at p; where it ends. */
static const char *
skip_string(const char *p, const char *end)
{
	size_t n = 0;

	if (*p == '{') {
		for (p++; p < end && *p >= '0' && *p <= '9'; p++)
			n = n * 10 + (size_t)(*p - '0');
		need(end - p >= 3 && memcmp(p, "}\r\n", 3) == 0);
		p += 3;
		need((size_t)(end - p) >= n && memchr(p, '\0', n) == NULL);
		return p + n;
	}
	for (p++; p < end && *p != '"'; p++) {
		need((unsigned char)*p < 0x80 && *p != '\0');
		need(*p != '\r' && *p != '\n');
		if (*p != '\\')
			continue;
		p++;
		need(p < end && (*p == '"' || *p == '\\'));
	}
	need(p < end);
	return p + 1;
}

/* Balanced, of strings, numbers and NIL, with single blanks between. */
static void
check_list(const struct buf *b)
{
	const char *p = b->p, *end = b->p + b->n;
	int depth = 0;
	char last = '(';

	need(!b->failed && b->n > 2 && *p == '(');
	while (p < end) {
		if (*p == '(') {
			need(last == '(' || last == ' ' || last == ')');
			depth++;
			last = *p++;
		} else if (*p == ')') {
			need(last != '(' && last != ' ');
			need(--depth > 0 || p + 1 == end);
			last = *p++;
		} else if (*p == ' ') {
			need(last == 'x' || last == ')');
			last = *p++;
		} else {
			need(last == ' ' || last == '(');
			last = 'x';
			if (*p == '"' || *p == '{')
				p = skip_string(p, end);
			else if (end - p > 3 && memcmp(p, "NIL", 3) == 0)
				p += 3;
			else
				for (need(*p >= '0' && *p <= '9');
				     p < end && *p >= '0' && *p <= '9';)
					p++;
		}
	}
	need(depth == 0);
}

static void
gather(void *arg, const char *p, size_t n)
{
	need(n > 0);
	buf_bytes(arg, p, n);
}

/* The whole, and one partial that the message itself chooses. */
static void
check_slice(const struct body_slice *slice, const char *msg, size_t n)
{
	struct buf whole, part;
	uint64_t from, count;

	buf_init(&whole, SIZE_MAX / 2);
	buf_init(&part, SIZE_MAX / 2);
	body_emit(slice, 0, UINT64_MAX, gather, &whole);
	need(whole.n == slice->size);
	from = n > 0 ? (unsigned char)msg[0] % (slice->size + 1) : 0;
	count = n > 1 ? (unsigned char)msg[n - 1] : 1;
	body_emit(slice, from, count, gather, &part);
	need(part.n ==
	     (slice->size - from < count ? slice->size - from : count));
	if (part.n > 0)
		need(memcmp(whole.p + from, part.p, part.n) == 0);
	buf_done(&whole);
	buf_done(&part);
}

static void
check_sections(struct arena *a, const char *msg, size_t n, const struct mime *m)
{
	static const uint32_t paths[][3] = {
	    {1, 1, 1}, {2, 1, 1}, {1, 2, 1}, {3, 0, 1}};
	static const struct parse_text fields[] = {
	    {"subject", 7}, {"content-type", 12}};
	struct parse_section s = {.fields = fields, .nfields = 2};
	struct body_slice slice;
	size_t i;
	int text, rc;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]) * 4; i++) {
		s.part = paths[i / 4];
		s.nparts = i % 4;
		for (text = PARSE_SECTION_ALL; text <= PARSE_SECTION_MIME;
		     text++) {
			s.text = (enum parse_section_text)text;
			if (s.text == PARSE_SECTION_MIME && s.nparts == 0)
				continue;
			rc = body_section(a, msg, m, &s, &slice);
			need(rc == 0 || rc == 1);
			if (rc == 0)
				check_slice(&slice, msg, n);
		}
		s.text = PARSE_SECTION_ALL;
		rc = body_binary(a, msg, m, &s, &slice);
		need(rc >= 0 && rc <= 2);
		if (rc == 0)
			check_slice(&slice, msg, n);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *msg = (const char *)data;
	struct arena *a = arena_new(SIZE_MAX / 2);
	struct mime *m = mime_parse(msg, n);
	struct buf b;

	need(a != NULL && m != NULL);
	buf_init(&b, SIZE_MAX / 2);
	body_envelope(&b, msg, n);
	check_list(&b);
	buf_clear(&b);
	body_structure(&b, msg, m, false);
	check_list(&b);
	buf_clear(&b);
	body_structure(&b, msg, m, true);
	check_list(&b);
	check_sections(a, msg, n, m);
	buf_done(&b);
	mime_free(m);
	arena_free(a);
	return 0;
}
