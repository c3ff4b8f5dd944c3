/*
 * Cuts whole commands out of the stream. The result depends on the bytes only,
 * never on how they were cut into packets. A command that is refused is still
 * read to its end, its non-synchronising literals included, so that no byte of
 * it is ever taken for a command; only then the refusal is told. RFC 3501 2.2,
 * 4.3, 7.5; RFC 7888; RFC 3502.
 */
#include "worker/imap/reader.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TAG_MAX     256       /* a longer one is answered as "*" */
#define TAIL        64u       /* of a refused line: where its "{n+}" would be */
#define DROPPED_MAX 16777216u /* refused bytes of one command */
#define KEEP        8192u     /* memory that stays between commands */

enum phase {
	PHASE_LINE,
	PHASE_LITERAL,
	PHASE_SKIP, /* a literal of a refused command */
	PHASE_DEAD
};

enum step {
	STEP_AGAIN,
	STEP_MORE,
	STEP_LINE, /* a line is at its end */
	STEP_COMMAND,
	STEP_STREAM,
	STEP_BAD,
	STEP_BYE
};

struct reader {
	enum phase phase;
	struct buf text; /* the lines so far; the tail of a refused one */
	size_t line;     /* where the present line begins in text */
	struct buf data; /* the literals' bytes, one after the other */
	struct reader_literal lit[READER_LITERALS_MAX];
	size_t nlit;
	uint64_t left; /* still to come of the present literal */
	uint64_t dropped;
	const char *why; /* refused */
	bool later;      /* goes on after a streamed literal */
	bool tagged;     /* tag is this command's */
	char tag[TAG_MAX + 1];
};

struct marker { /* "{n}" at the end of a line */
	size_t at;
	uint64_t n;
	bool found, nonsync, binary;
	bool bad; /* not a number as RFC 3501 has it; n is what was meant */
};

static enum step take(struct reader *, struct wire *);
static enum step take_line(struct reader *, const char *, size_t, size_t *used);
static enum step end_line(struct reader *, struct wire *);
static void check_line(struct reader *);
static struct marker find_marker(const char *, size_t);
static void read_number(const char *, size_t, struct marker *);
static enum step begin_literal(
    struct reader *, struct wire *, const struct marker *);
static const char *over_limit(const struct reader *, const struct marker *);
static bool is_message(const struct reader *, const struct marker *);
static enum step refused_literal(struct reader *, const struct marker *);
static enum step take_literal(
    struct reader *, const char *, size_t, size_t *used);
static enum step drop(struct reader *, size_t);
static void refuse(struct reader *, const char *why);
static void keep_tail(struct reader *);
static void note_tag(struct reader *);
static enum reader_result finish(
    struct reader *, struct arena *, bool stream, struct reader_command *);
static bool copy_out(const struct reader *, struct arena *, bool stream,
    struct reader_command *);
static void reset(struct reader *);
static void empty(struct buf *, size_t max);
static bool is_tag_char(char);

struct reader *
reader_new(void)
{
	struct reader *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	/* A line's end and its NUL for nobody; a refused line's next piece. */
	buf_init(&r->text, READER_LINE_MAX + 2 + TAIL);
	buf_init(&r->data, READER_LITERALS_SUM);
	return r;
}

void
reader_free(struct reader *r)
{
	if (r == NULL)
		return;
	buf_done(&r->text);
	buf_done(&r->data);
	free(r);
}

enum reader_result
reader_next(struct reader *r, struct wire *w, struct arena *arena,
    struct reader_command *out, const char **tag, const char **why)
{
	enum reader_result result = READER_BYE;
	enum step step;

	do
		step = take(r, w);
	while (step == STEP_AGAIN);
	if (step == STEP_MORE) {
		*tag = r->tagged ? r->tag : "*";
		return READER_MORE;
	}
	note_tag(r);
	*tag = r->tag;
	switch (step) {
	case STEP_COMMAND:
	case STEP_STREAM:
		result = finish(r, arena, step == STEP_STREAM, out);
		break;
	case STEP_BAD:
		result = READER_BAD;
		break;
	case STEP_BYE:
	case STEP_AGAIN:
	case STEP_MORE:
	case STEP_LINE:
		break;
	}
	*why = r->why;
	if (result == READER_BYE)
		r->phase = PHASE_DEAD;
	else
		reset(r);
	return result;
}

void
reader_append(struct reader *r)
{
	r->later = true;
	r->tagged = true; /* the APPEND's, which r->tag still holds */
}

time_t
reader_patience(uint64_t n)
{
	return APPEND_GRACE + (time_t)(n / APPEND_RATE);
}

bool
reader_busy(const struct reader *r)
{
	return r->phase != PHASE_LINE || r->later || r->why != NULL ||
	       r->text.n > 0;
}

/* One line or literal, or as much of it as there is. */
static enum step
take(struct reader *r, struct wire *w)
{
	enum step step = STEP_BYE;
	size_t n, used = 0;
	const char *p = wire_peek(w, &n);

	if (r->phase == PHASE_DEAD)
		return STEP_BYE;
	if (n == 0 && (r->phase == PHASE_LINE || r->left > 0))
		return STEP_MORE;
	if (r->phase == PHASE_LINE)
		step = take_line(r, p, n, &used);
	else
		step = take_literal(r, p, n, &used);
	wire_eat(w, used);
	if (r->text.failed || r->data.failed) {
		r->why = "Out of memory";
		return STEP_BYE;
	}
	return step == STEP_LINE ? end_line(r, w) : step;
}

static enum step
take_line(struct reader *r, const char *p, size_t n, size_t *used)
{
	const char *lf = memchr(p, '\n', n);
	size_t room = READER_LINE_MAX + 2 - r->text.n;

	if (lf != NULL)
		n = (size_t)(lf - p) + 1;
	*used = n;
	if (r->why == NULL && n > room) {
		/* Whatever follows, this is too long. The bytes that decide it
		 * are the same however they arrive. */
		buf_bytes(&r->text, p, room);
		*used = room;
		refuse(r, "[TOOBIG] Command line too long");
		return STEP_AGAIN;
	}
	if (r->why == NULL) {
		buf_bytes(&r->text, p, n);
	} else {
		size_t tail = n < TAIL ? n : TAIL;

		buf_bytes(&r->text, p + n - tail, tail);
		keep_tail(r);
		if (drop(r, n) == STEP_BYE)
			return STEP_BYE;
	}
	return lf != NULL ? STEP_LINE : STEP_AGAIN;
}

/* RFC 3501 2.2: lines end in CRLF; a bare LF is taken for one everywhere. */
static enum step
end_line(struct reader *r, struct wire *w)
{
	struct marker m;

	r->text.n--;
	if (r->text.n > r->line && r->text.p[r->text.n - 1] == '\r')
		r->text.n--;
	if (r->why == NULL)
		check_line(r);
	if (r->text.n == r->line)
		return r->why != NULL ? STEP_BAD : STEP_COMMAND;
	m = find_marker(r->text.p + r->line, r->text.n - r->line);
	m.at += r->line;
	if (m.found)
		return begin_literal(r, w, &m);
	return r->why != NULL ? STEP_BAD : STEP_COMMAND;
}

static void
check_line(struct reader *r)
{
	if (r->text.n > READER_LINE_MAX)
		refuse(r, "[TOOBIG] Command line too long");
	else if (r->text.n > r->line &&
		 memchr(r->text.p + r->line, '\0', r->text.n - r->line) != NULL)
		refuse(r, "NUL in command"); /* RFC 3501 9: CHAR, %x01-7F */
}

/*
 * literal, literal8 (RFC 3501, 3516, 7888): ["~"] "{" number ["+"] "}" at the
 * very end of line[n]. Digits that fill the tail of a refused line are taken
 * for a number that is too large: rather end the connection than execute what
 * follows.
 */
static struct marker
find_marker(const char *line, size_t n)
{
	struct marker m = {0};
	size_t end, i;

	if (n == 0 || line[n - 1] != '}')
		return m;
	end = n - 1;
	if (end > 0 && line[end - 1] == '+') {
		m.nonsync = true;
		end--;
	}
	i = end;
	while (i > 0 && ((line[i - 1] >= '0' && line[i - 1] <= '9') ||
			    line[i - 1] == '-' || line[i - 1] == '+'))
		i--;
	if (i == 0 && n + 2 < TAIL)
		return m;
	if (i > 0 && line[i - 1] != '{')
		return m;
	m.found = true;
	if (i == 0) {
		m.bad = true;
		m.n = UINT64_MAX;
		return m;
	}
	m.at = i - 1;
	m.binary = m.at > 0 && line[m.at - 1] == '~';
	read_number(line + i, end - i, &m);
	return m;
}

/* number, number64 without leading zeros; what else is there makes it bad. */
static void
read_number(const char *p, size_t n, struct marker *m)
{
	m->bad = n == 0 || (n > 1 && p[0] == '0');
	if (n == 0)
		m->nonsync = false;
	for (size_t i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9') {
			m->bad = true;
			m->nonsync = false; /* nobody knows what follows */
			return;
		}
		if (m->n > (INT64_MAX - 9) / 10) {
			m->bad = true;
			m->n = UINT64_MAX;
			return;
		}
		m->n = m->n * 10 + (uint64_t)(p[i] - '0');
	}
}

static enum step
begin_literal(struct reader *r, struct wire *w, const struct marker *m)
{
	struct reader_literal *lit;

	if (r->why == NULL && m->bad)
		refuse(r, "Bad literal");
	else if (r->why == NULL && over_limit(r, m) != NULL)
		refuse(r, over_limit(r, m));
	if (r->why != NULL)
		return refused_literal(r, m);
	lit = &r->lit[r->nlit++];
	*lit = (struct reader_literal){
	    .at = m->at,
	    .end = r->text.n,
	    .n = m->n,
	    .nonsync = m->nonsync,
	    .binary = m->binary,
	};
	if (is_message(r, m))
		return STEP_STREAM;
	if (!m->nonsync) {
		wire_str(w, "+ OK\r\n");
		(void)wire_flush(w);
	}
	r->phase = PHASE_LITERAL;
	r->left = m->n;
	r->line = r->text.n;
	return STEP_AGAIN;
}

static const char *
over_limit(const struct reader *r, const struct marker *m)
{
	if (r->nlit == READER_LITERALS_MAX)
		return "[TOOBIG] Too many literals";
	if (is_message(r, m))
		return NULL; /* its size is the command's affair */
	if (m->n > READER_LITERAL_MAX)
		return "[TOOBIG] Literal too large";
	if (m->n > READER_LITERALS_SUM - r->data.n)
		return "[TOOBIG] Literals too large";
	return NULL;
}

/*
 * Whether the literal is a message of an APPEND: any but the one that stands in
 * the place of the mailbox, right after the command's name. So what is streamed
 * always has a head that the grammar takes.
 */
static bool
is_message(const struct reader *r, const struct marker *m)
{
	static const char name[] = "APPEND ";
	const char *p = r->text.p;
	const char *sp = memchr(p, ' ', r->text.n);
	size_t name_at, start = m->at - m->binary;

	if (r->later)
		return true;
	if (sp == NULL || sp == p)
		return false;
	/* Without a tag it is no command, and nobody would read the message. */
	for (const char *c = p; c < sp; c++)
		if (!is_tag_char(*c))
			return false;
	name_at = (size_t)(sp - p) + 1;
	if (r->text.n - name_at < sizeof(name) - 1 ||
	    strncasecmp(p + name_at, name, sizeof(name) - 1) != 0)
		return false;
	return start != name_at + sizeof(name) - 1;
}

/* RFC 7888 4: after BAD to "{n}" nothing comes; what "{n+}" has sent is eaten.
 */
static enum step
refused_literal(struct reader *r, const struct marker *m)
{
	if (!m->nonsync)
		return STEP_BAD;
	if (m->n > READER_LITERAL_MAX) {
		r->why = "[TOOBIG] Literal too large";
		return STEP_BYE;
	}
	r->phase = PHASE_SKIP;
	r->left = m->n;
	r->text.n = r->line = 0;
	return STEP_AGAIN;
}

static enum step
take_literal(struct reader *r, const char *p, size_t n, size_t *used)
{
	enum phase phase = r->phase;

	if (n > r->left)
		n = (size_t)r->left;
	*used = n;
	r->left -= n;
	if (r->left == 0)
		r->phase = PHASE_LINE;
	if (phase == PHASE_SKIP)
		return drop(r, n);
	buf_bytes(&r->data, p, n);
	return STEP_AGAIN;
}

static enum step
drop(struct reader *r, size_t n)
{
	r->dropped += n;
	return r->dropped > DROPPED_MAX ? STEP_BYE : STEP_AGAIN;
}

/* From here on the command is only read to its end. */
static void
refuse(struct reader *r, const char *why)
{
	note_tag(r);
	r->why = why;
	keep_tail(r);
}

static void
keep_tail(struct reader *r)
{
	size_t n = r->text.n;

	if (n > TAIL) {
		memmove(r->text.p, r->text.p + n - TAIL, TAIL);
		r->text.n = TAIL;
	}
	r->line = 0;
}

/* RFC 3501: tag = 1*<any ASTRING-CHAR except "+">. */
static void
note_tag(struct reader *r)
{
	size_t n = 0;

	if (r->tagged)
		return;
	r->tagged = true;
	while (n < r->text.n && n < TAG_MAX && is_tag_char(r->text.p[n]))
		n++;
	if (n == 0 || (n < r->text.n && r->text.p[n] != ' ')) {
		r->tag[0] = '*';
		n = 1;
	} else {
		memcpy(r->tag, r->text.p, n);
	}
	r->tag[n] = '\0';
}

static enum reader_result
finish(struct reader *r, struct arena *arena, bool stream,
    struct reader_command *out)
{
	struct reader_command cmd = {
	    .n = r->text.n, .nlit = r->nlit, .stream = stream};

	if (copy_out(r, arena, stream, &cmd)) {
		*out = cmd;
		return READER_COMMAND;
	}
	r->why = "[TOOBIG] Command too large";
	/* The message is on its way and nobody would swallow it. */
	return stream && r->lit[r->nlit - 1].nonsync ? READER_BYE : READER_BAD;
}

static bool
copy_out(const struct reader *r, struct arena *arena, bool stream,
    struct reader_command *cmd)
{
	size_t held = stream ? r->nlit - 1 : r->nlit;
	struct reader_literal *lit;
	char *data;

	cmd->text = arena_text(arena, r->text.n > 0 ? r->text.p : "", cmd->n);
	if (cmd->text == NULL)
		return false;
	if (r->nlit == 0)
		return true;
	lit = arena_array(arena, r->nlit, sizeof(*lit));
	data = arena_text(arena, r->data.n > 0 ? r->data.p : "", r->data.n);
	if (lit == NULL || data == NULL)
		return false;
	memcpy(lit, r->lit, r->nlit * sizeof(*lit));
	for (size_t i = 0; i < held; i++) {
		lit[i].p = data;
		data += lit[i].n;
	}
	cmd->lit = lit;
	return true;
}

/* Ready for the next command. The tag stays for reader_append and the caller.
 */
static void
reset(struct reader *r)
{
	empty(&r->text, r->text.max);
	empty(&r->data, r->data.max);
	r->phase = PHASE_LINE;
	r->line = r->nlit = 0;
	r->left = r->dropped = 0;
	r->why = NULL;
	r->later = r->tagged = false;
}

static void
empty(struct buf *b, size_t max)
{
	if (b->room > KEEP) {
		buf_done(b);
		buf_init(b, max);
	} else {
		buf_clear(b);
	}
}

/* ASTRING-CHAR except "+": no specials, no controls, nothing 8-bit. */
static bool
is_tag_char(char c)
{
	return c > ' ' && c < 0x7f && strchr("(){%*\"\\+", c) == NULL;
}
