/*
 * The grammar before login: a cutter that finds where a command ends, literals
 * included, and a recursive-descent parser over the bytes it found. Nothing is
 * copied before its length is known to be within the limits.
 */
#include "worker/net/login.h"

#include <string.h>
#include <strings.h>

struct cursor { /* fails for good at the first surprise */
	const char *buf;
	size_t at, end;
	const struct login_cut *cut;
	unsigned lit; /* the next literal of cut */
	struct login_command *out;
	const char *why;
};

enum suffix {
	SUFFIX_NONE,
	SUFFIX_SYNC,
	SUFFIX_NONSYNC,
};

static size_t line_max(const char *, size_t);
static enum login_event cut_more(struct login_cut *, size_t *);
static enum login_event cut_literal(
    struct login_cut *, enum suffix, uint64_t, size_t, size_t *);
static enum suffix cut_suffix(const char *, size_t, uint64_t *, size_t *);
static void cut_tag(struct login_cut *, const char *, size_t);
static bool is_astring(unsigned char);
static bool is_tag(unsigned char);
static void fail(struct cursor *, const char *);
static bool take(struct cursor *, char);
static void expect(struct cursor *, char, const char *);
static struct login_text word(struct cursor *);
static struct login_text astring(struct cursor *);
static struct login_text string(struct cursor *);
static struct login_text quoted(struct cursor *);
static struct login_text literal(struct cursor *);
static bool nil(struct cursor *);
static struct login_text keep(struct cursor *, const char *, size_t);
static bool is_word(struct login_text, const char *);
static void verb(struct cursor *);
static void arguments(struct cursor *);
static void authenticate(struct cursor *);
static void id(struct cursor *);
static bool is_command(const char *, size_t);

static const struct {
	const char *name;
	enum login_verb verb;
} verbs[] = {
    {"CAPABILITY", LOGIN_VERB_CAPABILITY},
    {"NOOP", LOGIN_VERB_NOOP},
    {"LOGOUT", LOGIN_VERB_LOGOUT},
    {"STARTTLS", LOGIN_VERB_STARTTLS},
    {"ID", LOGIN_VERB_ID},
    {"LOGIN", LOGIN_VERB_LOGIN},
    {"AUTHENTICATE", LOGIN_VERB_AUTHENTICATE},
};
#define NVERBS (sizeof(verbs) / sizeof(verbs[0]))

void
login_begin(struct login_cut *cut)
{
	memset(cut, 0, sizeof(*cut));
	cut->tag[0] = '*';
}

enum login_event
login_next(struct login_cut *cut, const char *buf, size_t len, size_t *used)
{
	const char *nl;
	size_t n, e;
	uint64_t value = 0;
	enum login_event ev;
	enum suffix suffix;

	*used = 0;
	for (;;) {
		n = len - cut->seen < cut->skip ? len - cut->seen : cut->skip;
		if (cut->skip > 0) {
			cut->skip -= n;
			cut->seen += n;
			cut->from = cut->seen;
			if (cut->skip > 0)
				return cut_more(cut, used);
		}
		nl = memchr(buf + cut->seen, '\n', len - cut->seen);
		e = nl != NULL ? (size_t)(nl - buf) : len;
		n = e - cut->from;
		if (n > 0 && buf[e - 1] == '\r')
			n--;
		if (cut->line + n > line_max(buf, len)) {
			cut->why = "Command line too long.";
			return LOGIN_BYE;
		}
		cut->seen = e;
		if (nl == NULL)
			return cut_more(cut, used);
		if (cut->line == 0 && cut->nlit == 0)
			cut_tag(cut, buf + cut->from, n);
		suffix = cut_suffix(buf + cut->from, n, &value, &cut->end);
		cut->line += n;
		cut->end += cut->from;
		cut->seen = e + 1;
		ev = cut_literal(cut, suffix, value, cut->end, used);
		cut->from = cut->seen;
		if (ev != LOGIN_MORE)
			return ev;
	}
}

/* RFC 2971 lets an ID be longer than any other command before login. */
static size_t
line_max(const char *buf, size_t len)
{
	const char *blank = memchr(buf, ' ', len < 256 ? len : 256);

	if (blank != NULL && (size_t)(buf + len - blank) >= 4 &&
	    strncasecmp(blank, " ID ", 4) == 0)
		return LOGIN_ID_MAX;
	return LOGIN_LINE_MAX;
}

/* A refused command's bytes need not be kept, but the line at hand. */
static enum login_event
cut_more(struct login_cut *cut, size_t *used)
{
	if (cut->refused) {
		*used = cut->from;
		cut->seen -= cut->from;
		cut->from = 0;
	}
	return LOGIN_MORE;
}

/*
 * A line ends: at its command's end, or with a literal whose "{" is at "at".
 * LOGIN_MORE: go on behind the literal. RFC 7888 4, 5: a refused synchronising
 * literal never comes; a refused non-synchronising one does and is swallowed.
 */
static enum login_event
cut_literal(struct login_cut *cut, enum suffix suffix, uint64_t value,
    size_t at, size_t *used)
{
	bool fits = !cut->refused && value <= LOGIN_LITERAL_MAX &&
		    cut->nlit < LOGIN_LITERALS_MAX &&
		    cut->sum + value <= LOGIN_LITERALS_SUM;

	if (suffix == SUFFIX_NONE) {
		*used = cut->seen;
		return cut->refused ? LOGIN_BAD : LOGIN_COMMAND;
	}
	if (!fits && cut->why == NULL)
		cut->why = "Literal too large.";
	if (suffix == SUFFIX_SYNC && !fits) {
		*used = cut->seen;
		return LOGIN_BAD;
	}
	if (value > LOGIN_SWALLOW_MAX || cut->sum + value > LOGIN_SWALLOW_SUM)
		return LOGIN_BYE;
	if (fits)
		cut->lit[cut->nlit++] = (struct login_literal){
		    .at = at, .from = cut->seen, .n = (size_t)value};
	else
		cut->refused = true;
	cut->sum += (size_t)value;
	cut->skip = (size_t)value;
	return suffix == SUFFIX_SYNC ? LOGIN_PROMPT : LOGIN_MORE;
}

/*
 * Whether a line ends with "{number}" or "{number+}"; *at: where its "{" is,
 * else n. Too large a number, or one written with leading zeros, is
 * UINT64_MAX: a size that nobody accepts.
 */
static enum suffix
cut_suffix(const char *line, size_t n, uint64_t *value, size_t *at)
{
	size_t end = n, i;
	bool nonsync = false;
	uint64_t v = 0;

	*at = n;
	if (end == 0 || line[--end] != '}')
		return SUFFIX_NONE;
	if (end > 0 && line[end - 1] == '+') {
		nonsync = true;
		end--;
	}
	for (i = end; i > 0 && line[i - 1] >= '0' && line[i - 1] <= '9'; i--)
		;
	if (i == end || i == 0 || line[i - 1] != '{')
		return SUFFIX_NONE;
	*at = i - 1;
	if (end - i > 10 || (line[i] == '0' && end - i > 1))
		v = UINT64_MAX - LOGIN_LITERALS_SUM - LOGIN_SWALLOW_SUM;
	else
		for (; i < end; i++)
			v = v * 10 + (uint64_t)(line[i] - '0');
	*value = v;
	return nonsync ? SUFFIX_NONSYNC : SUFFIX_SYNC;
}

static void
cut_tag(struct login_cut *cut, const char *line, size_t n)
{
	size_t i = 0;

	while (i < n && is_tag((unsigned char)line[i]))
		i++;
	if (i == 0 || i > LOGIN_TAG_MAX || (i < n && line[i] != ' '))
		return;
	memcpy(cut->tag, line, i);
	cut->tag[i] = '\0';
}

enum login_event
login_line(const char *buf, size_t len, size_t *n, size_t *used)
{
	const char *nl = memchr(buf, '\n', len);
	size_t e = nl != NULL ? (size_t)(nl - buf) : len;

	*used = 0;
	*n = e > 0 && buf[e - 1] == '\r' ? e - 1 : e;
	if (*n > LOGIN_SASL_MAX)
		return LOGIN_BYE;
	if (nl == NULL)
		return LOGIN_MORE;
	*used = e + 1;
	return LOGIN_COMMAND;
}

int
login_parse(
    const struct login_cut *cut, const char *buf, struct login_command *out)
{
	struct cursor cur = {
	    .buf = buf, .end = cut->end, .cut = cut, .out = out};

	out->verb = LOGIN_VERB_NOOP;
	out->mech = LOGIN_MECH_NONE;
	out->a = out->b = (struct login_text){NULL, 0};
	out->npairs = 0;
	out->nstore = 0;
	out->why = NULL;
	if (memchr(buf, '\0', cut->end) != NULL) {
		out->why = "NUL in command.";
		return -1;
	}
	if (cut->tag[0] == '*')
		fail(&cur, "Tag expected.");
	else
		cur.at = strlen(cut->tag);
	expect(&cur, ' ', "Command expected after the tag.");
	verb(&cur);
	if (cur.why == NULL)
		arguments(&cur);
	if (cur.why == NULL && cur.at != cur.end)
		fail(&cur, "End of line expected.");
	out->why = cur.why;
	return cur.why == NULL ? 0 : -1;
}

void
login_wipe(struct login_command *command)
{
	explicit_bzero(command->store, command->nstore);
	command->nstore = 0;
}

static void
verb(struct cursor *cur)
{
	struct login_text name = word(cur);

	for (size_t i = 0; i < NVERBS; i++)
		if (is_word(name, verbs[i].name)) {
			cur->out->verb = verbs[i].verb;
			return;
		}
	fail(cur, "Error in IMAP command received by server.");
}

static void
arguments(struct cursor *cur)
{
	struct login_command *out = cur->out;

	switch (out->verb) {
	case LOGIN_VERB_CAPABILITY:
	case LOGIN_VERB_NOOP:
	case LOGIN_VERB_LOGOUT:
	case LOGIN_VERB_STARTTLS:
		break;
	case LOGIN_VERB_ID:
		id(cur);
		break;
	case LOGIN_VERB_LOGIN:
		expect(cur, ' ', "User name expected.");
		out->a = astring(cur);
		expect(cur, ' ', "Password expected.");
		out->b = astring(cur);
		break;
	case LOGIN_VERB_AUTHENTICATE:
		authenticate(cur);
		break;
	}
}

/* RFC 3501 authenticate; RFC 4959 3: SP (base64 / "=") */
static void
authenticate(struct cursor *cur)
{
	struct login_text name;
	struct login_command *out = cur->out;

	expect(cur, ' ', "Mechanism expected.");
	name = word(cur);
	if (name.n == 0)
		fail(cur, "Mechanism expected.");
	else if (is_word(name, "PLAIN"))
		out->mech = LOGIN_MECH_PLAIN;
	else if (is_word(name, "LOGIN"))
		out->mech = LOGIN_MECH_LOGIN;
	else if (is_word(name, "EXTERNAL"))
		out->mech = LOGIN_MECH_EXTERNAL;
	if (cur->why == NULL && take(cur, ' ')) {
		out->a = word(cur);
		if (out->a.n == 0)
			fail(cur, "Initial response expected.");
		else if (is_word(out->a, "="))
			out->a.n = 0; /* stands for an empty response */
	}
}

/* RFC 2971 3.3: id_params_list = "(" #(string SP nstring) ")" / nil */
static void
id(struct cursor *cur)
{
	struct login_command *out = cur->out;
	struct login_text key, value;

	expect(cur, ' ', "Parameter list expected.");
	if (nil(cur))
		return;
	expect(cur, '(', "Parameter list expected.");
	while (cur->why == NULL && !take(cur, ')')) {
		if (out->npairs > 0)
			expect(cur, ' ', "Blank expected between pairs.");
		key = string(cur);
		expect(cur, ' ', "Value expected.");
		value = (struct login_text){NULL, 0};
		if (!nil(cur))
			value = string(cur);
		if (key.n > LOGIN_KEY_MAX || value.n > LOGIN_VALUE_MAX)
			fail(cur, "ID field or value too long.");
		if (out->npairs == LOGIN_PAIRS_MAX)
			fail(cur, "Too many ID fields.");
		if (cur->why != NULL)
			return;
		out->key[out->npairs] = key;
		out->value[out->npairs++] = value;
	}
}

static void
fail(struct cursor *cur, const char *why)
{
	if (cur->why == NULL)
		cur->why = why;
	cur->at = cur->end;
}

static bool
take(struct cursor *cur, char c)
{
	if (cur->at >= cur->end || cur->buf[cur->at] != c)
		return false;
	cur->at++;
	return true;
}

static void
expect(struct cursor *cur, char c, const char *why)
{
	if (cur->why == NULL && !take(cur, c))
		fail(cur, why);
}

/* RFC 3501 ASTRING-CHAR, and "%" and "*", which Courier took in passwords. */
static bool
is_astring(unsigned char c)
{
	return c > 0x20 && c < 0x7f && strchr("(){\"\\", c) == NULL;
}

/* RFC 3501 tag: any ASTRING-CHAR except "+" */
static bool
is_tag(unsigned char c)
{
	return is_astring(c) && strchr("+%*", c) == NULL;
}

/* A run of atom characters, lent from the input; may be empty. */
static struct login_text
word(struct cursor *cur)
{
	struct login_text t = {cur->buf + cur->at, 0};

	while (cur->at < cur->end &&
	       is_astring((unsigned char)cur->buf[cur->at])) {
		cur->at++;
		t.n++;
	}
	return keep(cur, t.p, t.n);
}

static struct login_text
astring(struct cursor *cur)
{
	struct login_text t;

	if (cur->at < cur->end &&
	    (cur->buf[cur->at] == '"' || cur->buf[cur->at] == '{'))
		return string(cur);
	t = word(cur);
	if (t.n == 0)
		fail(cur, "String expected.");
	return t;
}

static struct login_text
string(struct cursor *cur)
{
	if (cur->at < cur->end && cur->buf[cur->at] == '"')
		return quoted(cur);
	return literal(cur);
}

/* RFC 3501 quoted; 8-bit bytes are data here, what a name may be auth says. */
static struct login_text
quoted(struct cursor *cur)
{
	struct login_text t = {cur->out->store + cur->out->nstore, 0};
	char c;

	cur->at++;
	while (cur->at < cur->end && cur->buf[cur->at] != '"') {
		c = cur->buf[cur->at++];
		if (c == '\\' && cur->at < cur->end) {
			c = cur->buf[cur->at++];
			if (c != '"' && c != '\\')
				c = '\r';
		}
		if (c == '\r' || c == '\n') {
			fail(cur, "Bad quoted string.");
			break;
		}
		if (keep(cur, &c, 1).p == NULL)
			break;
		t.n++;
	}
	expect(cur, '"', "Quote expected.");
	return t;
}

static struct login_text
literal(struct cursor *cur)
{
	const struct login_literal *lit = &cur->cut->lit[cur->lit];

	if (cur->why != NULL || cur->lit >= cur->cut->nlit ||
	    cur->at != lit->at) {
		fail(cur, "String expected.");
		return (struct login_text){NULL, 0};
	}
	cur->lit++;
	cur->at = lit->from + lit->n;
	return keep(cur, cur->buf + lit->from, lit->n);
}

static bool
nil(struct cursor *cur)
{
	if (cur->why != NULL || cur->end - cur->at < 3 ||
	    strncasecmp(cur->buf + cur->at, "NIL", 3) != 0)
		return false;
	cur->at += 3;
	return true;
}

/* Copies bytes behind what the store holds; they never outgrow the input. */
static struct login_text
keep(struct cursor *cur, const char *p, size_t n)
{
	struct login_command *out = cur->out;
	struct login_text t = {out->store + out->nstore, n};

	if (n > sizeof(out->store) - out->nstore) {
		fail(cur, "Command too long.");
		return (struct login_text){NULL, 0};
	}
	if (n > 0)
		memcpy(out->store + out->nstore, p, n);
	out->nstore += n;
	return t;
}

static bool
is_word(struct login_text t, const char *name)
{
	return t.n == strlen(name) && strncasecmp(t.p, name, t.n) == 0;
}

bool
login_junk(const char *line, size_t n, bool whole)
{
	static const char *const words[] = {"GET", "POST", "HEAD", "PUT",
	    "OPTIONS", "CONNECT", "DELETE", "PATCH", "TRACE", "PRI", "EHLO",
	    "HELO", "LHLO", "MAIL", "RCPT", "QUIT", "USER", "PROXY"};
	size_t w = 0, odd = 0;

	if (line[0] == 0x16) /* a TLS record: handshake */
		return true;
	if (!whole)
		return false;
	while (w < n && line[w] != ' ')
		w++;
	/* Text may hold 8-bit bytes, a tag not, and neither control bytes. */
	for (size_t i = 0; i < n && i < 64; i++)
		odd +=
		    (unsigned char)line[i] < 0x20 || (i < w && line[i] & 0x80);
	if (odd > 1)
		return true;
	if (w > 4 && strncasecmp(line, "SSH-", 4) == 0)
		return true;
	if (w > 1 && line[w - 1] == ':') /* Host: */
		return true;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (w == strlen(words[i]) &&
		    strncasecmp(line, words[i], w) == 0)
			/* "GET NOOP" may well be somebody's tag. */
			return w == n || !is_command(line + w + 1, n - w - 1);
	return false;
}

static bool
is_command(const char *p, size_t n)
{
	struct login_text t = {p, 0};

	while (t.n < n && is_astring((unsigned char)p[t.n]))
		t.n++;
	for (size_t i = 0; i < NVERBS; i++)
		if (is_word(t, verbs[i].name))
			return true;
	return false;
}

long
login_base64(const char *in, size_t n, uint8_t *out, size_t size)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t got = 0, pad = 0;
	uint32_t bits = 0;
	const char *d;

	if (n % 4 != 0)
		return -1;
	while (pad < 2 && n > pad && in[n - 1 - pad] == '=')
		pad++;
	if (n / 4 * 3 - pad > size)
		return -1;
	for (size_t i = 0; i < n; i++) {
		d = in[i] != '\0' ? strchr(digits, in[i]) : NULL;
		if (i < n - pad && d == NULL)
			return -1;
		bits = bits << 6 | (i < n - pad ? (uint32_t)(d - digits) : 0);
		if (i % 4 != 3)
			continue;
		for (int k = 16; k >= 0 && got < n / 4 * 3 - pad; k -= 8)
			out[got++] = (uint8_t)(bits >> k);
		bits = 0;
	}
	return (long)got;
}
