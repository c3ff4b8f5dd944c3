/*
 * RFC 5256 2.1, with the names of its grammar (section 5). A run of blobs is
 * looked at once: whether a "re:" follows it decides about all of them, so
 * steps 3 to 5 are one pass from the left.
 */
#include "worker/imap/subject.h"

#include <string.h>
#include <strings.h>

#include "worker/imap/text.h"

#define FWD_HDR "[fwd:"

static bool trailer(const char *, const char **, bool *);
static const char *leaders(const char *, const char *, bool *);
static const char *blob(const char *, const char *);
static const char *refwd(const char *, const char *);
static bool has(const char *, const char *, const char *);
static bool is_wsp(char);

void
subject_decode(struct buf *b, const char *raw, size_t n)
{
	size_t from = b->n, to = from, i;

	text_header_decode(b, raw, n);
	if (b->failed)
		return;
	for (i = from; i < b->n; i++) {
		char c = b->p[i];

		if (c == '\t' || c == '\r' || c == '\n')
			c = ' ';
		if (c != ' ' || to == from || b->p[to - 1] != ' ')
			b->p[to++] = c;
	}
	b->n = to;
}

void
subject_base(const char *text, size_t n, struct subject *out)
{
	const char *p = text, *end = text + n;

	out->reply = false;
	for (;;) {
		/* Step 2. */
		while (trailer(p, &end, &out->reply))
			;
		p = leaders(p, end, &out->reply);
		/* Step 6: [fwd: ... ] around all of it, then once more. */
		if (!has(p, end, FWD_HDR) || end[-1] != ']')
			break;
		p += strlen(FWD_HDR);
		end--;
		out->reply = true;
	}
	out->p = p;
	out->n = (size_t)(end - p);
}

/* subj-trailer = "(fwd)" / WSP; takes one from the end. */
static bool
trailer(const char *p, const char **end, bool *reply)
{
	static const char fwd[] = "(fwd)";
	const size_t n = sizeof(fwd) - 1;

	if (*end > p && is_wsp((*end)[-1])) {
		--*end;
		return true;
	}
	if ((size_t)(*end - p) < n || strncasecmp(*end - n, fwd, n) != 0)
		return false;
	*end -= n;
	*reply = true;
	return true;
}

/*
 * Steps 3 to 5. subj-leader = (*subj-blob subj-refwd) / WSP: takes all of them;
 * then blobs, but never so that nothing is left.
 */
static const char *
leaders(const char *p, const char *end, bool *reply)
{
	const char *after, *last, *q;

	for (;;) {
		while (p < end && is_wsp(*p))
			p++;
		last = after = p;
		while ((q = blob(after, end)) != NULL) {
			last = after;
			after = q;
		}
		q = refwd(after, end);
		if (q == NULL)
			return after < end ? after : last;
		p = q;
		*reply = true;
	}
}

/* subj-blob = "[" *BLOBCHAR "]" *WSP; what follows it, NULL: none. */
static const char *
blob(const char *p, const char *end)
{
	if (p == end || *p != '[')
		return NULL;
	for (p++; p < end && *p != ']'; p++)
		if (*p == '[' || *p == '\0')
			return NULL;
	if (p == end)
		return NULL;
	for (p++; p < end && is_wsp(*p); p++)
		;
	return p;
}

/* subj-refwd = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":" */
static const char *
refwd(const char *p, const char *end)
{
	const char *q;

	if (has(p, end, "fwd"))
		p += 3;
	else if (has(p, end, "re") || has(p, end, "fw"))
		p += 2;
	else
		return NULL;
	while (p < end && is_wsp(*p))
		p++;
	q = blob(p, end);
	if (q != NULL)
		p = q;
	return p < end && *p == ':' ? p + 1 : NULL;
}

/* Whether it begins with this (no case). */
static bool
has(const char *p, const char *end, const char *text)
{
	size_t n = strlen(text);

	return (size_t)(end - p) >= n && strncasecmp(p, text, n) == 0;
}

static bool
is_wsp(char c)
{
	return c == ' ' || c == '\t';
}
