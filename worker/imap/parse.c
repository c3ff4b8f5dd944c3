/*
 * The cursor and the productions that commands are made of: RFC 3501 section 9
 * (atom, astring, string, nstring, number, sequence-set, mailbox, flag). A
 * failed cursor stands at the end of the command, so every take finds nothing
 * more. Reasons are fixed texts: nothing of the client's is ever echoed.
 */
#include "worker/imap/parse.h"

#include <string.h>
#include <strings.h>

#include "worker/imap/parse_private.h"
#include "worker/imap/utf7.h"

static bool is_digit(char);
static bool is_tag_char(char);
static struct parse_text rest_of(
    struct parse *, bool (*member)(char), const char *why);
static bool take_literal(struct parse *, struct parse_text *);
static struct parse_text quoted(struct parse *);
static struct parse_text unescape(struct parse *, const char *, size_t);
static bool is_astring_char(char);
static bool is_set_char(char);
static bool is_name_char(char);

void
parse_init(struct parse *p, struct arena *arena,
    const struct reader_command *cmd, bool utf8)
{
	*p = (struct parse){.arena = arena, .cmd = cmd, .utf8 = utf8};
}

/* tag SP command-name; RFC 3501 6.4.8: "UID" SP (copy / fetch / ...). */
int
parse_head(struct parse *p, const char **tag, const char **name, bool *uid)
{
	struct parse_text t = rest_of(p, is_tag_char, "expected a tag");
	const char *copy;
	bool by_uid;

	*tag = "*";
	if (t.p == NULL || !(parse_end(p) || parse_is(p, ' '))) {
		parse_fail(p, "expected a tag");
		return -1;
	}
	copy = arena_text(p->arena, t.p, t.n);
	if (copy == NULL) {
		parse_limit(p, "command too large");
		return -1;
	}
	*tag = copy;
	parse_need(p, ' ', "expected SP after the tag");
	by_uid = parse_word(p, "UID");
	if (by_uid)
		parse_need(p, ' ', "expected SP after UID");
	t = rest_of(p, parse_is_atom_char, "expected a command");
	if (p->why != NULL)
		return -1;
	copy = arena_text(p->arena, t.p, t.n);
	if (copy == NULL) {
		parse_limit(p, "command too large");
		return -1;
	}
	*name = copy;
	*uid = by_uid;
	return 0;
}

int
parse_done(struct parse *p)
{
	/* Some clients leave one space at the end of a command. */
	if (p->at + 1 == p->cmd->n)
		(void)parse_take(p, ' ');
	if (!parse_end(p) || p->lit != p->cmd->nlit)
		parse_fail(p, "expected the end of the command");
	return p->why == NULL ? 0 : -1;
}

void
parse_fail(struct parse *p, const char *why)
{
	if (p->why != NULL)
		return;
	p->why = why;
	p->why_at = p->at;
	p->at = p->cmd->n;
	p->lit = p->cmd->nlit;
}

void
parse_limit(struct parse *p, const char *why)
{
	if (p->why == NULL)
		p->limit = true;
	parse_fail(p, why);
}

bool
parse_is(const struct parse *p, char c)
{
	return p->at < p->cmd->n && p->cmd->text[p->at] == c;
}

bool
parse_take(struct parse *p, char c)
{
	if (!parse_is(p, c))
		return false;
	p->at++;
	return true;
}

void
parse_need(struct parse *p, char c, const char *why)
{
	if (!parse_take(p, c))
		parse_fail(p, why);
}

void
parse_expect(struct parse *p, char c)
{
	static const struct {
		char c;
		const char *why;
	} known[] = {
	    {' ', "expected SP"},
	    {'(', "expected ("},
	    {')', "expected )"},
	    {'[', "expected ["},
	    {']', "expected ]"},
	    {'<', "expected <"},
	    {'>', "expected >"},
	    {'"', "expected a quote"},
	    {'-', "expected -"},
	    {':', "expected :"},
	    {'.', "expected ."},
	};
	const char *why = "unexpected character";

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].c == c)
			why = known[i].why;
	parse_need(p, c, why);
}

void
parse_space(struct parse *p)
{
	parse_expect(p, ' ');
}

bool
parse_more(struct parse *p)
{
	return p->at + 1 < p->cmd->n && parse_take(p, ' ');
}

bool
parse_end(const struct parse *p)
{
	return p->at == p->cmd->n;
}

bool
parse_sees(const struct parse *p, const char *text)
{
	size_t n = strlen(text);

	return p->cmd->n - p->at >= n &&
	       strncasecmp(p->cmd->text + p->at, text, n) == 0;
}

bool
parse_word(struct parse *p, const char *word)
{
	size_t end = p->at + strlen(word);

	if (!parse_sees(p, word))
		return false;
	if (end < p->cmd->n && parse_is_atom_char(p->cmd->text[end]))
		return false;
	p->at = end;
	return true;
}

struct parse_text
parse_atom(struct parse *p)
{
	return rest_of(p, parse_is_atom_char, "expected an atom");
}

struct parse_text
parse_name(struct parse *p)
{
	struct parse_text t = {.p = p->cmd->text + p->at};

	while (p->at < p->cmd->n && is_name_char(p->cmd->text[p->at])) {
		p->at++;
		t.n++;
	}
	return t;
}

/* astring = 1*ASTRING-CHAR / string. */
struct parse_text
parse_astring(struct parse *p)
{
	struct parse_text t = {0};

	if (take_literal(p, &t))
		return t;
	if (parse_is(p, '"'))
		return quoted(p);
	return rest_of(p, is_astring_char, "expected a string or an atom");
}

/* string = quoted / literal. */
struct parse_text
parse_string(struct parse *p)
{
	struct parse_text t = {0};

	if (take_literal(p, &t))
		return t;
	if (parse_is(p, '"'))
		return quoted(p);
	parse_fail(p, "expected a string");
	return t;
}

struct parse_text
parse_nstring(struct parse *p)
{
	struct parse_text t = {0};

	if (parse_word(p, "NIL"))
		return t;
	return parse_string(p);
}

uint32_t
parse_number(struct parse *p)
{
	uint64_t v = parse_number64(p);

	if (v > UINT32_MAX) {
		parse_fail(p, "number too large");
		return 0;
	}
	return (uint32_t)v;
}

uint64_t
parse_number64(struct parse *p)
{
	struct parse_text t = rest_of(p, is_digit, "expected a number");
	uint64_t v = 0;

	for (size_t i = 0; i < t.n; i++) {
		uint64_t digit = (uint64_t)(t.p[i] - '0');

		if (v > (INT64_MAX - digit) / 10) {
			parse_fail(p, "number too large");
			return 0;
		}
		v = v * 10 + digit;
	}
	return v;
}

uint32_t
parse_nz(struct parse *p)
{
	if (parse_is(p, '0'))
		parse_fail(p, "expected a number from 1 on");
	return parse_number(p);
}

void
parse_seqset(struct parse *p, struct seqset *out)
{
	static const char why[] = "expected a sequence set";
	struct parse_text t = rest_of(p, is_set_char, why);
	size_t commas = 0;

	*out = (struct seqset){0};
	for (size_t i = 0; i < t.n; i++)
		commas += t.p[i] == ',';
	if (commas >= SEQSET_RANGES_MAX)
		parse_limit(p, "too many ranges in the sequence set");
	else if (t.p != NULL && seqset_parse(p->arena, t.p, t.n, out) == -1)
		parse_fail(p, why);
}

const char *
parse_mailbox(struct parse *p)
{
	return parse_decode(p, parse_astring(p));
}

/*
 * RFC 3501 5.1.3; RFC 6855 3, RFC 9051 5.1: once enabled names are UTF-8. INBOX
 * in any case is INBOX (5.1), also as the first level of a name: what lies
 * below it is found however it is written.
 */
const char *
parse_decode(struct parse *p, struct parse_text t)
{
	size_t size = 2 * t.n + 8; /* base64 of three UTF-16 units: 8 to 9 */
	char *name = parse_alloc(p, size, 1);
	int n = -1;

	if (p->why != NULL)
		return "";
	if (!p->utf8 && !p->rev2) {
		n = utf7_decode(t.p, t.n, name, size);
	} else if (utf8_valid(t.p, t.n)) {
		memcpy(name, t.p, t.n);
		n = (int)t.n;
	}
	for (int i = 0; i < n; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
			n = -1;
	if (n == -1) {
		p->cannot = p->why == NULL;
		parse_fail(p, "bad mailbox name");
		return "";
	}
	if (strncasecmp(name, "INBOX", 5) == 0 &&
	    (name[5] == '\0' || name[5] == '.'))
		memcpy(name, "INBOX", 5);
	return name;
}

void *
parse_alloc(struct parse *p, size_t count, size_t size)
{
	void *m = p->why == NULL ? arena_array(p->arena, count, size) : NULL;

	if (m == NULL)
		parse_limit(p, "command too large");
	return m;
}

void *
parse_grow(struct parse *p, const void *array, size_t n, size_t size)
{
	size_t room = n == 0 ? 4 : 2 * n;
	void *m;

	/* Grown at 0, 4, 8, 16, ... What is const for readers is ours here. */
	if (n != 0 && (n < 4 || (n & (n - 1)) != 0)) {
		memcpy(&m, &array, sizeof(m));
		return m;
	}
	m = parse_alloc(p, room, size);
	if (m != NULL && n > 0)
		memcpy(m, array, n * size);
	return m;
}

bool
parse_text_is(struct parse_text t, const char *word)
{
	return t.n == strlen(word) && strncasecmp(t.p, word, t.n) == 0;
}

/* ATOM-CHAR: any CHAR except ( ) { SP CTL % * " \ ] */
bool
parse_is_atom_char(char c)
{
	return c > ' ' && c < 0x7f && strchr("(){%*\"\\]", c) == NULL;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_tag_char(char c)
{
	return is_astring_char(c) && c != '+';
}

static bool
is_astring_char(char c)
{
	return parse_is_atom_char(c) || c == ']';
}

static bool
is_set_char(char c)
{
	return is_digit(c) || c == ':' || c == ',' || c == '*' || c == '$';
}

static bool
is_name_char(char c)
{
	return is_digit(c) || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') || c == '.' || c == '-';
}

/* The bytes from here on that are members: at least one. */
static struct parse_text
rest_of(struct parse *p, bool (*member)(char), const char *why)
{
	struct parse_text t = {0};
	size_t end = p->at;

	while (end < p->cmd->n && member(p->cmd->text[end]))
		end++;
	if (end == p->at) {
		parse_fail(p, why);
		return t;
	}
	t.p = p->cmd->text + p->at;
	t.n = end - p->at;
	p->at = end;
	return t;
}

/* literal; false if there is none here. RFC 3501: it holds no NUL. */
static bool
take_literal(struct parse *p, struct parse_text *out)
{
	const struct reader_literal *l;

	if (p->lit == p->cmd->nlit)
		return false;
	l = &p->cmd->lit[p->lit];
	if (l->at - l->binary != p->at)
		return false;
	if (l->p == NULL || l->binary) {
		parse_fail(p, "this literal is not expected here");
		return true;
	}
	if (memchr(l->p, '\0', (size_t)l->n) != NULL) {
		parse_fail(p, "NUL in a literal");
		return true;
	}
	*out = (struct parse_text){.p = l->p, .n = (size_t)l->n};
	p->at = l->end;
	p->lit++;
	return true;
}

/*
 * quoted. It ends on its own line, so before the next literal. RFC 6855 and
 * RFC 9051 let UTF-8 stand in it; it is taken from everybody, other 8-bit
 * bytes from nobody.
 */
static struct parse_text
quoted(struct parse *p)
{
	const char *text = p->cmd->text;
	size_t end = p->lit < p->cmd->nlit ? p->cmd->lit[p->lit].at : p->cmd->n;
	size_t from = p->at + 1, i = from;
	bool escapes = false;

	while (i < end && text[i] != '"' && text[i] != '\r') {
		if (text[i] == '\\') {
			escapes = true;
			i++;
			if (i == end || (text[i] != '"' && text[i] != '\\'))
				break;
		}
		i++;
	}
	if (i >= end || text[i] != '"')
		parse_fail(p, "expected a quote at the end of a string");
	else if (!utf8_valid(text + from, i - from))
		parse_fail(p, "8-bit bytes in a string that are not UTF-8");
	if (p->why != NULL)
		return (struct parse_text){0};
	p->at = i + 1;
	if (escapes)
		return unescape(p, text + from, i - from);
	return (struct parse_text){.p = text + from, .n = i - from};
}

static struct parse_text
unescape(struct parse *p, const char *from, size_t n)
{
	struct parse_text t = {0};
	char *to = parse_alloc(p, n, 1);

	if (to == NULL)
		return t;
	t.p = to;
	for (size_t i = 0; i < n; i++) {
		if (from[i] == '\\')
			i++;
		to[t.n++] = from[i];
	}
	return t;
}
