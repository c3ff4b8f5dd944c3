/*
 * One pass over the lines of a message makes the tree (mime.h). The parts that
 * are open are a stack, the root at the bottom; a line that is the delimiter of
 * one of their boundaries ends all above it. Counts of lines and of bare LFs
 * run along, so that each part's sizes are differences, whatever the nesting.
 * RFC 2046 5.1.
 */
#include "maildir/mime.h"

#include <stdlib.h>
#include <string.h>

#include "maildir/mime_header.h"

#define MIME_FIRST 4096 /* a common message needs no more memory */
#define LANES      64

struct mime {
	struct mime_part *root;
	struct mime_pool pool;
	max_align_t first[MIME_FIRST / sizeof(max_align_t)];
};

struct place { /* a place in the message, and what came before it */
	size_t at;
	uint64_t lines, bare; /* LFs; those that CR does not precede */
};

struct open {
	struct mime_part *part, *last; /* and its last child */
	struct mime_text boundary;     /* p NULL: waits for none */
	struct place hdr, body;
};

struct scan {
	const char *msg;
	size_t n;
	struct mime_pool *pool;
	struct place here;    /* the line that is being looked at */
	size_t header_left;   /* of MIME_HEADER_MAX */
	unsigned nparts;      /* made */
	unsigned nboundaries; /* waited for */
	unsigned depth;       /* of the stack */
	bool header;          /* the top is still in its header */
	struct open stack[MIME_DEPTH_MAX];
};

enum delimiter {
	DELIMITER_NONE,
	DELIMITER_NEXT,
	DELIMITER_CLOSE
};

static uint8_t bare_in_lanes(const char *);
static void scan_message(struct scan *);
static void scan_delimiter(struct scan *, unsigned, enum delimiter, size_t);
static enum delimiter find_owner(const struct scan *, size_t, unsigned *);
static enum delimiter is_delimiter(
    const struct mime_text *, const char *, size_t);
static void pass_line(struct scan *, size_t);
static struct mime_part *part_begin(struct scan *);
static void part_header_done(struct scan *);
static void part_classify(struct scan *);
static bool part_has_boundary(const struct mime_part *, struct mime_text *);
static bool part_is_message(const struct mime_part *);
static void part_rest_opaque(struct scan *);
static void parts_end(struct scan *, unsigned, struct place);
static void part_end(struct scan *, const struct place *);
static struct place before_line_end(const struct scan *);

struct mime *
mime_parse(const char *msg, size_t n)
{
	struct scan s;
	struct mime *m;

	m = malloc(sizeof(*m));
	if (m == NULL)
		return NULL;
	mime_pool_init(&m->pool, (char *)m->first, sizeof(m->first));
	memset(&s, 0, offsetof(struct scan, stack));
	s.msg = msg;
	s.n = n;
	s.pool = &m->pool;
	s.header_left = MIME_HEADER_MAX;
	m->root = part_begin(&s);
	if (m->root != NULL)
		scan_message(&s);
	if (m->pool.failed) {
		mime_free(m);
		return NULL;
	}
	return m;
}

void
mime_free(struct mime *m)
{
	if (m == NULL)
		return;
	mime_pool_done(&m->pool);
	free(m);
}

const struct mime_part *
mime_root(const struct mime *m)
{
	return m->root;
}

uint64_t
mime_wire_size(const char *p, size_t n)
{
	return n + mime_bare_lfs(p, n, '\0');
}

uint64_t
mime_bare_lfs(const char *p, size_t n, char last)
{
	uint64_t bare = 0;
	size_t i;

	if (n > 0)
		bare = p[0] == '\n' && last != '\r';
	for (i = 1; i + LANES <= n; i += LANES)
		bare += bare_in_lanes(p + i);
	for (; i < n; i++)
		bare += p[i] == '\n' && p[i - 1] != '\r';
	return bare;
}

/*
 * The same of LANES bytes; p[-1] is there. Of fixed length, without a branch,
 * in bytes: so the compiler takes many at once, at -O2 too.
 */
static uint8_t
bare_in_lanes(const char *p)
{
	uint8_t bare = 0;
	int i;

	for (i = 0; i < LANES; i++)
		bare += (uint8_t)((p[i] == '\n') & (p[i - 1] != '\r'));
	return bare;
}

static void
scan_message(struct scan *s)
{
	while (s->here.at < s->n && !s->pool->failed) {
		const char *line = s->msg + s->here.at, *lf;
		size_t left = s->n - s->here.at, next;
		enum delimiter kind;
		unsigned owner;

		lf = memchr(line, '\n', left);
		next = lf == NULL ? s->n : (size_t)(lf - s->msg) + 1;
		if (s->nboundaries > 0 && left > 2 && line[0] == '-' &&
		    line[1] == '-' &&
		    (kind = find_owner(s, next, &owner)) != DELIMITER_NONE) {
			scan_delimiter(s, owner, kind, next);
			continue;
		}
		pass_line(s, next);
		if (s->header && lf != NULL &&
		    (lf == line || (lf == line + 1 && *line == '\r')))
			part_header_done(s);
	}
	parts_end(s, 0, s->here);
}

/* The line up to next is a delimiter of the multipart stack[owner]. */
static void
scan_delimiter(struct scan *s, unsigned owner, enum delimiter kind, size_t next)
{
	if (s->depth > owner + 1)
		parts_end(s, owner + 1, before_line_end(s));
	pass_line(s, next);
	if (kind == DELIMITER_CLOSE) {
		s->stack[owner].boundary.p = NULL;
		s->nboundaries--;
	} else if (s->nparts < MIME_PARTS_MAX) {
		(void)part_begin(s);
	} else {
		part_rest_opaque(s);
	}
}

/*
 * The innermost multipart whose boundary this line bears. A line must be a
 * delimiter as a whole: "--foobar" is none of "foo".
 */
static enum delimiter
find_owner(const struct scan *s, size_t next, unsigned *owner)
{
	const char *line = s->msg + s->here.at;
	size_t n = next - s->here.at;
	enum delimiter kind;
	unsigned i;

	/* RFC 2046 5.1.1: transport padding. */
	while (n > 2 && strchr(" \t\r\n", line[n - 1]) != NULL &&
	       line[n - 1] != '\0')
		n--;
	for (i = s->depth; i-- > 0;) {
		kind = is_delimiter(&s->stack[i].boundary, line + 2, n - 2);
		if (kind != DELIMITER_NONE) {
			*owner = i;
			return kind;
		}
	}
	return DELIMITER_NONE;
}

static enum delimiter
is_delimiter(const struct mime_text *boundary, const char *p, size_t n)
{
	if (boundary->p == NULL || n < boundary->n || n > boundary->n + 2 ||
	    memcmp(p, boundary->p, boundary->n) != 0)
		return DELIMITER_NONE;
	if (n == boundary->n)
		return DELIMITER_NEXT;
	return n == boundary->n + 2 && p[n - 2] == '-' && p[n - 1] == '-'
		   ? DELIMITER_CLOSE
		   : DELIMITER_NONE;
}

static void
pass_line(struct scan *s, size_t next)
{
	if (s->msg[next - 1] == '\n') {
		s->here.lines++;
		if (next < 2 || s->msg[next - 2] != '\r')
			s->here.bare++;
	}
	s->here.at = next;
}

/* A part whose header begins here; a child of the top. */
static struct mime_part *
part_begin(struct scan *s)
{
	struct mime_part *part;
	struct open *o;

	part = mime_pool_alloc(s->pool, sizeof(*part));
	if (part == NULL)
		return NULL;
	if (s->depth > 0) {
		o = &s->stack[s->depth - 1];
		part->parent = o->part;
		o->part->nchildren++;
		if (o->last == NULL)
			o->part->first = part;
		else
			o->last->next = part;
		o->last = part;
	}
	o = &s->stack[s->depth++];
	memset(o, 0, sizeof(*o));
	o->part = part;
	o->hdr = o->body = s->here;
	s->nparts++;
	s->header = true;
	return part;
}

/* The top's header ends here; its body, or the message in it, begins. */
static void
part_header_done(struct scan *s)
{
	struct open *o = &s->stack[s->depth - 1];
	struct mime_part *part = o->part;
	size_t n = s->here.at - o->hdr.at;
	bool digest;

	o->body = s->here;
	s->header = false;
	if (n > s->header_left)
		n = s->header_left;
	s->header_left -= n;
	digest = part->parent != NULL && part->parent->kind == MIME_MULTIPART &&
		 mime_text_is(&part->parent->subtype, "digest");
	mime_header_read(s->pool, s->msg + o->hdr.at, n, digest, part);
	part_classify(s);
}

static void
part_classify(struct scan *s)
{
	struct open *o = &s->stack[s->depth - 1];
	struct mime_part *part = o->part;

	if (mime_text_is(&part->type, "multipart")) {
		if (s->depth == MIME_DEPTH_MAX) {
			mime_header_retype(part, "application", "octet-stream");
		} else if (!part_has_boundary(part, &o->boundary)) {
			mime_header_retype(part, "text", "plain");
		} else {
			part->kind = MIME_MULTIPART;
			s->nboundaries++;
		}
	} else if (part_is_message(part)) {
		if (s->depth == MIME_DEPTH_MAX || s->nparts >= MIME_PARTS_MAX) {
			mime_header_retype(part, "application", "octet-stream");
		} else {
			part->kind = MIME_MESSAGE;
			(void)part_begin(s);
		}
	}
}

/* RFC 2046 5.1.1: never empty, never with a blank at its end. */
static bool
part_has_boundary(const struct mime_part *part, struct mime_text *out)
{
	struct mime_text b;
	size_t i;

	for (i = 0; i < part->nparams; i++)
		if (mime_text_is(&part->params[i].name, "boundary"))
			break;
	if (i == part->nparams)
		return false;
	b = part->params[i].value;
	while (b.n > 0 && (b.p[b.n - 1] == ' ' || b.p[b.n - 1] == '\t'))
		b.n--;
	if (b.n == 0)
		return false;
	*out = b;
	return true;
}

/*
 * A message that says it is encoded cannot be looked into. message/rfc822 may
 * not be (RFC 2046 5.2.1) and its structure has to hold an envelope, so there
 * the word is not believed; message/global may be (RFC 6532 3.7).
 */
static bool
part_is_message(const struct mime_part *part)
{
	if (!mime_text_is(&part->type, "message"))
		return false;
	if (mime_text_is(&part->subtype, "rfc822"))
		return true;
	return mime_text_is(&part->subtype, "global") &&
	       !mime_text_is(&part->encoding, "base64") &&
	       !mime_text_is(&part->encoding, "quoted-printable");
}

/* The limit of parts: what follows is one more, not looked into. */
static void
part_rest_opaque(struct scan *s)
{
	struct mime_part *part;
	unsigned i;

	for (i = 0; i < s->depth; i++)
		s->stack[i].boundary.p = NULL;
	s->nboundaries = 0;
	part = part_begin(s);
	s->header = false;
	if (part != NULL)
		mime_header_read(s->pool, "", 0, false, part);
	if (part != NULL)
		mime_header_retype(part, "application", "octet-stream");
}

/* Ends all open parts from stack[from] up; their text ends at end. */
static void
parts_end(struct scan *s, unsigned from, struct place end)
{
	while (s->header && !s->pool->failed)
		part_header_done(s);
	if (s->pool->failed)
		return;
	/*
	 * The line end before a delimiter is the delimiter's, unless it is
	 * the empty line that ends the header.
	 */
	if (s->stack[from].body.at > end.at)
		end = s->stack[from].body;
	while (s->depth > from)
		part_end(s, &end);
}

/* Ends the top. Nothing of it may lie behind the end of what it is in. */
static void
part_end(struct scan *s, const struct place *end)
{
	struct open *o = &s->stack[--s->depth];
	struct mime_part *part = o->part;

	if (o->hdr.at > end->at)
		o->hdr = *end;
	if (o->body.at > end->at)
		o->body = *end;
	part->hdr = o->hdr.at;
	part->hdr_len = o->body.at - o->hdr.at;
	part->hdr_size = part->hdr_len + (o->body.bare - o->hdr.bare);
	part->body = o->body.at;
	part->body_len = end->at - o->body.at;
	part->body_size = part->body_len + (end->bare - o->body.bare);
	part->lines = end->lines - o->body.lines;
	if (o->boundary.p != NULL)
		s->nboundaries--;
	/* Nothing was found in it: show it. */
	if (part->kind == MIME_MULTIPART && part->nchildren == 0) {
		part->kind = MIME_LEAF;
		mime_header_retype(part, "text", "plain");
	}
}

/* The place before the line end that precedes this line. */
static struct place
before_line_end(const struct scan *s)
{
	struct place p = s->here;

	p.at--;
	p.lines--;
	if (p.at > 0 && s->msg[p.at - 1] == '\r')
		p.at--;
	else
		p.bare--;
	return p;
}
