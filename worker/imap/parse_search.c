/*
 * SEARCH: RFC 3501 6.4.4 and section 9 "search-key", with RFC 4731 (RETURN),
 * 5032 (OLDER, YOUNGER), 5182 (SAVE, "$"), 7162 (MODSEQ), 8474 (EMAILID,
 * THREADID), 8514 (SAVEDBEFORE and its like), 9394 (PARTIAL). A
 * tree of keys whose depth and number are limited while it is read: the
 * recursion here is the only one of the grammar.
 */
#include <ctype.h>
#include <string.h>

#include "maildir/maildir.h"
#include "worker/imap/parse_private.h"

struct search { /* one program while it is read */
	struct parse *p;
	unsigned keys, depth, brackets;
};

enum argument {
	NOTHING,
	FLAG,   /* number: the flag */
	UNFLAG, /* likewise: it is not set */
	NEW,
	OLD,
	KEYWORD,
	UNKEYWORD,
	DATE,
	NUMBER,
	SECONDS,
	TEXT,
	FIELD, /* field: the header's name */
	HEADER,
	OBJECTID,
	SET,
	NOT,
	OR,
	MODSEQ
};

struct key {
	const char *name;
	enum argument argument;
	enum parse_search_key key;
	uint8_t flag;
	const char *field;
};

static void return_options(struct parse *, struct parse_search *);
static struct parse_search_node *all_of(struct search *);
static struct parse_search_node *search_key(struct search *);
static struct parse_search_node *search_key_inside(struct search *);
static bool is_set(const struct parse *);
static const struct key *find_key(struct parse_text);
static void argument(
    struct search *, const struct key *, struct parse_search_node *);
static struct parse_search_node *node(struct parse *, enum parse_search_key);
static void child(struct parse_search_node *parent, struct parse_search_node *);
static void flag_child(struct parse *, struct parse_search_node *, uint8_t);
static void new_messages(struct parse *, struct parse_search_node *);
static struct parse_text space_atom(struct parse *);
static struct parse_text space_astring(struct parse *);
static struct parse_text objectid(struct parse *);
static uint64_t modseq(struct parse *);

static const struct key keys[] = {
    {"ALL", NOTHING, PARSE_SEARCH_AND, 0, NULL},
    {"ANSWERED", FLAG, PARSE_SEARCH_FLAG, MESSAGE_ANSWERED, NULL},
    {"BCC", FIELD, PARSE_SEARCH_HEADER, 0, "Bcc"},
    {"BEFORE", DATE, PARSE_SEARCH_BEFORE, 0, NULL},
    {"BODY", TEXT, PARSE_SEARCH_BODY, 0, NULL},
    {"CC", FIELD, PARSE_SEARCH_HEADER, 0, "Cc"},
    {"DELETED", FLAG, PARSE_SEARCH_FLAG, MESSAGE_DELETED, NULL},
    {"DRAFT", FLAG, PARSE_SEARCH_FLAG, MESSAGE_DRAFT, NULL},
    {"EMAILID", OBJECTID, PARSE_SEARCH_EMAILID, 0, NULL},
    {"FLAGGED", FLAG, PARSE_SEARCH_FLAG, MESSAGE_FLAGGED, NULL},
    {"FROM", FIELD, PARSE_SEARCH_HEADER, 0, "From"},
    {"HEADER", HEADER, PARSE_SEARCH_HEADER, 0, NULL},
    {"KEYWORD", KEYWORD, PARSE_SEARCH_KEYWORD, 0, NULL},
    {"LARGER", NUMBER, PARSE_SEARCH_LARGER, 0, NULL},
    {"MODSEQ", MODSEQ, PARSE_SEARCH_MODSEQ, 0, NULL},
    {"NEW", NEW, PARSE_SEARCH_AND, 0, NULL},
    {"NOT", NOT, PARSE_SEARCH_NOT, 0, NULL},
    {"OLD", OLD, PARSE_SEARCH_NOT, 0, NULL},
    {"OLDER", SECONDS, PARSE_SEARCH_OLDER, 0, NULL},
    {"ON", DATE, PARSE_SEARCH_ON, 0, NULL},
    {"OR", OR, PARSE_SEARCH_OR, 0, NULL},
    {"RECENT", NOTHING, PARSE_SEARCH_RECENT, 0, NULL},
    {"SAVEDATESUPPORTED", NOTHING, PARSE_SEARCH_SAVEDATESUPPORTED, 0, NULL},
    {"SAVEDBEFORE", DATE, PARSE_SEARCH_SAVEDBEFORE, 0, NULL},
    {"SAVEDON", DATE, PARSE_SEARCH_SAVEDON, 0, NULL},
    {"SAVEDSINCE", DATE, PARSE_SEARCH_SAVEDSINCE, 0, NULL},
    {"SEEN", FLAG, PARSE_SEARCH_FLAG, MESSAGE_SEEN, NULL},
    {"SENTBEFORE", DATE, PARSE_SEARCH_SENTBEFORE, 0, NULL},
    {"SENTON", DATE, PARSE_SEARCH_SENTON, 0, NULL},
    {"SENTSINCE", DATE, PARSE_SEARCH_SENTSINCE, 0, NULL},
    {"SINCE", DATE, PARSE_SEARCH_SINCE, 0, NULL},
    {"SMALLER", NUMBER, PARSE_SEARCH_SMALLER, 0, NULL},
    {"SUBJECT", FIELD, PARSE_SEARCH_HEADER, 0, "Subject"},
    {"TEXT", TEXT, PARSE_SEARCH_TEXT, 0, NULL},
    {"THREADID", OBJECTID, PARSE_SEARCH_THREADID, 0, NULL},
    {"TO", FIELD, PARSE_SEARCH_HEADER, 0, "To"},
    {"UID", SET, PARSE_SEARCH_UID, 0, NULL},
    {"UNANSWERED", UNFLAG, PARSE_SEARCH_NOT, MESSAGE_ANSWERED, NULL},
    {"UNDELETED", UNFLAG, PARSE_SEARCH_NOT, MESSAGE_DELETED, NULL},
    {"UNDRAFT", UNFLAG, PARSE_SEARCH_NOT, MESSAGE_DRAFT, NULL},
    {"UNFLAGGED", UNFLAG, PARSE_SEARCH_NOT, MESSAGE_FLAGGED, NULL},
    {"UNKEYWORD", UNKEYWORD, PARSE_SEARCH_NOT, 0, NULL},
    {"UNSEEN", UNFLAG, PARSE_SEARCH_NOT, MESSAGE_SEEN, NULL},
    {"YOUNGER", SECONDS, PARSE_SEARCH_YOUNGER, 0, NULL},
};

/* [SP "RETURN" SP "(" ... ")"] SP ["CHARSET" SP charset SP] search-keys. */
void
parse_search(struct parse *p, struct parse_search *out)
{
	*out = (struct parse_search){.charset = ""};
	parse_search_return(p, out);
	if (parse_sees(p, " CHARSET ")) {
		p->at += strlen(" CHARSET ");
		parse_search_charset(p, out);
		if (p->utf8) /* RFC 6855 section 3 */
			parse_fail(p, "no CHARSET with UTF8=ACCEPT");
	}
	out->root = parse_search_keys(p);
}

void
parse_search_return(struct parse *p, struct parse_search *out)
{
	if (!parse_sees(p, " RETURN "))
		return;
	p->at += strlen(" RETURN ");
	return_options(p, out);
}

struct parse_search_node *
parse_search_keys(struct parse *p)
{
	struct search s = {.p = p};

	parse_need(p, ' ', "expected SP before the search keys");
	return all_of(&s);
}

/* RFC 4731 3.1: an empty list means ALL. */
static void
return_options(struct parse *p, struct parse_search *out)
{
	static const struct {
		const char *name;
		unsigned bit;
	} known[] = {
	    {"MIN", PARSE_SEARCH_RETURN_MIN},
	    {"MAX", PARSE_SEARCH_RETURN_MAX},
	    {"ALL", PARSE_SEARCH_RETURN_ALL},
	    {"COUNT", PARSE_SEARCH_RETURN_COUNT},
	    {"SAVE", PARSE_SEARCH_RETURN_SAVE},
	    {"PARTIAL", PARSE_SEARCH_RETURN_PARTIAL},
	};
	const unsigned both =
	    PARSE_SEARCH_RETURN_ALL | PARSE_SEARCH_RETURN_PARTIAL;
	const size_t n = sizeof(known) / sizeof(known[0]);

	out->extended = true;
	parse_expect(p, '(');
	if (parse_take(p, ')')) {
		out->ret = PARSE_SEARCH_RETURN_ALL;
		return;
	}
	do {
		size_t i = 0;

		while (i < n && !parse_word(p, known[i].name))
			i++;
		if (i == n)
			parse_fail(p, "no such SEARCH return option");
		else
			out->ret |= known[i].bit;
		if (i < n && known[i].bit == PARSE_SEARCH_RETURN_PARTIAL)
			parse_partial(p, &out->partial);
	} while (parse_take(p, ' '));
	parse_expect(p, ')');
	/* RFC 9394 3.1: one of them. */
	if ((out->ret & both) == both)
		parse_fail(p, "PARTIAL and ALL exclude each other");
}

/* RFC 9394 section 4: "partial-range"; 500:400 is the same as 400:500. */
void
parse_partial(struct parse *p, struct parse_partial *out)
{
	uint32_t number[2];
	bool minus[2];

	if (out->lo != 0)
		parse_fail(p, "more than one PARTIAL");
	parse_space(p);
	for (int i = 0; i < 2; i++) {
		if (i == 1)
			parse_expect(p, ':');
		minus[i] = parse_take(p, '-');
		number[i] = parse_nz(p);
	}
	if (minus[0] != minus[1])
		parse_fail(p, "a PARTIAL range has one sign");
	out->last = minus[0];
	out->lo = number[0] < number[1] ? number[0] : number[1];
	out->hi = number[0] < number[1] ? number[1] : number[0];
}

void
parse_search_charset(struct parse *p, struct parse_search *out)
{
	struct parse_text t = parse_astring(p);
	char *copy = parse_alloc(p, t.n + 1, 1);

	if (copy == NULL)
		return;
	if (t.n == 0)
		parse_fail(p, "expected a charset");
	memcpy(copy, t.p, t.n);
	out->charset = copy;
}

/* search-key *(SP search-key), as far as it goes. */
static struct parse_search_node *
all_of(struct search *s)
{
	struct parse_search_node *and = node(s->p, PARSE_SEARCH_AND);
	struct parse_search_node **end = and != NULL ? &and->child : NULL;

	do {
		struct parse_search_node *key = search_key_inside(s);

		if (key == NULL)
			break;
		*end = key;
		end = &key->next;
	} while (parse_more(s->p));
	return and;
}

static struct parse_search_node *
search_key_inside(struct search *s)
{
	struct parse_search_node *key;

	if (++s->keys > PARSE_SEARCH_NODES)
		parse_limit(s->p, "too many search keys");
	if (++s->depth > PARSE_SEARCH_DEPTH)
		parse_limit(s->p, "search keys nested too deep");
	if (s->p->why != NULL)
		return NULL;
	key = search_key(s);
	s->depth--;
	return s->p->why == NULL ? key : NULL;
}

static struct parse_search_node *
search_key(struct search *s)
{
	struct parse *p = s->p;
	struct parse_search_node *n;
	const struct key *key;

	if (parse_take(p, '(')) {
		if (++s->brackets > PARSE_NESTING_MAX)
			parse_limit(p, "parentheses nested too deep");
		n = all_of(s);
		parse_need(p, ')', "expected SP or ) after a search key");
		s->brackets--;
		return n;
	}
	if (is_set(p)) {
		n = node(p, PARSE_SEARCH_SEQ);
		if (n != NULL)
			parse_seqset(p, &n->set);
		return n;
	}
	key = find_key(parse_atom(p));
	if (key == NULL) {
		parse_fail(p, "no such search key");
		return NULL;
	}
	n = node(p, key->key);
	if (n != NULL)
		argument(s, key, n);
	return n;
}

static bool
is_set(const struct parse *p)
{
	return p->at < p->cmd->n &&
	       strchr("0123456789*$", p->cmd->text[p->at]) != NULL;
}

static const struct key *
find_key(struct parse_text name)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (parse_text_is(name, keys[i].name))
			return &keys[i];
	return NULL;
}

/* What follows the key's name. A flat table: longer than other functions. */
static void
argument(struct search *s, const struct key *key, struct parse_search_node *n)
{
	struct parse *p = s->p;
	struct parse_search_node *inner;

	switch (key->argument) {
	case NOTHING:
		break;
	case FLAG:
		n->flags = key->flag;
		break;
	case UNFLAG:
		flag_child(p, n, key->flag);
		break;
	case NEW:
		new_messages(p, n);
		break;
	case OLD:
		child(n, node(p, PARSE_SEARCH_RECENT));
		break;
	case KEYWORD:
		n->text = space_atom(p);
		break;
	case UNKEYWORD:
		inner = node(p, PARSE_SEARCH_KEYWORD);
		if (inner != NULL)
			inner->text = space_atom(p);
		child(n, inner);
		break;
	case DATE:
		parse_space(p);
		n->day = parse_date(p);
		break;
	case NUMBER:
		parse_space(p);
		n->number = parse_number64(p);
		break;
	case SECONDS: /* RFC 5032: nz-number */
		parse_space(p);
		n->number = parse_nz(p);
		break;
	case TEXT:
		n->text = space_astring(p);
		break;
	case FIELD:
		n->field.p = key->field;
		n->field.n = strlen(key->field);
		n->text = space_astring(p);
		break;
	case HEADER:
		n->field = space_astring(p);
		n->text = space_astring(p);
		break;
	case OBJECTID:
		n->text = objectid(p);
		break;
	case SET:
		parse_space(p);
		parse_seqset(p, &n->set);
		break;
	case OR:
		parse_space(p);
		child(n, search_key_inside(s));
		__attribute__((fallthrough));
	case NOT:
		parse_space(p);
		child(n, search_key_inside(s));
		break;
	case MODSEQ:
		parse_space(p);
		n->number = modseq(p);
		break;
	}
}

static struct parse_search_node *
node(struct parse *p, enum parse_search_key key)
{
	struct parse_search_node *n = parse_alloc(p, 1, sizeof(*n));

	if (n != NULL)
		n->key = key;
	return n;
}

/* The first or the second child; none of these has more. */
static void
child(struct parse_search_node *parent, struct parse_search_node *n)
{
	if (n == NULL)
		return;
	if (parent->child == NULL)
		parent->child = n;
	else
		parent->child->next = n;
}

static void
flag_child(struct parse *p, struct parse_search_node *parent, uint8_t flag)
{
	struct parse_search_node *n = node(p, PARSE_SEARCH_FLAG);

	if (n != NULL)
		n->flags = flag;
	child(parent, n);
}

/* RFC 3501: NEW is functionally equivalent to "(RECENT UNSEEN)". */
static void
new_messages(struct parse *p, struct parse_search_node *and)
{
	struct parse_search_node *unseen = node(p, PARSE_SEARCH_NOT);

	if (unseen == NULL)
		return;
	flag_child(p, unseen, MESSAGE_SEEN);
	child(and, node(p, PARSE_SEARCH_RECENT));
	child(and, unseen);
}

static struct parse_text
space_atom(struct parse *p)
{
	parse_space(p);
	return parse_atom(p);
}

static struct parse_text
space_astring(struct parse *p)
{
	parse_space(p);
	return parse_astring(p);
}

/* RFC 8474 section 7: 1*255(ALPHA / DIGIT / "_" / "-"). */
static struct parse_text
objectid(struct parse *p)
{
	struct parse_text t = space_atom(p);
	size_t i;

	for (i = 0; i < t.n; i++)
		if (!isalnum((unsigned char)t.p[i]) && t.p[i] != '_' &&
		    t.p[i] != '-')
			break;
	if (i < t.n || t.n > PARSE_OBJECTID_MAX)
		parse_fail(p, "expected an object identifier");
	return t;
}

/*
 * RFC 7162 3.1.5: [entry-name SP entry-type-req SP] mod-sequence-valzer. All
 * flags share one number here, so the entry is read and no more.
 */
static uint64_t
modseq(struct parse *p)
{
	static const char prefix[] = "/flags/";
	struct parse_text entry;

	if (!parse_is(p, '"'))
		return parse_number64(p);
	entry = parse_string(p);
	if (p->why == NULL &&
	    (entry.n < sizeof(prefix) ||
		strncmp(entry.p, prefix, sizeof(prefix) - 1) != 0))
		parse_fail(p, "expected a flag's entry name");
	parse_space(p);
	if (!parse_word(p, "all") && !parse_word(p, "priv") &&
	    !parse_word(p, "shared"))
		parse_fail(p, "expected all, priv or shared");
	parse_space(p);
	return parse_number64(p);
}
