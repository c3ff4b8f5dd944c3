/*
 * Flag lists (RFC 3501 "flag-list", "flag"), and the commands that take them:
 * STORE (RFC 3501 6.4.6, RFC 7162 3.1.3).
 */
#include <strings.h>

#include "maildir/maildir.h"
#include "worker/imap/parse_private.h"

static void flag(struct parse *, struct parse_flags *);
static void system_flag(struct parse *, struct parse_flags *);
static void keyword(struct parse *, struct parse_flags *);
static void modifiers(struct parse *, struct parse_store *);

void
parse_flags(struct parse *p, bool bare, struct parse_flags *out)
{
	unsigned n = 1;

	*out = (struct parse_flags){0};
	if (bare && !parse_is(p, '(')) {
		flag(p, out);
		while (parse_more(p) && ++n <= PARSE_FLAGS_MAX)
			flag(p, out);
	} else {
		parse_expect(p, '(');
		if (parse_take(p, ')'))
			return;
		flag(p, out);
		while (parse_take(p, ' ') && ++n <= PARSE_FLAGS_MAX)
			flag(p, out);
		if (n <= PARSE_FLAGS_MAX)
			parse_expect(p, ')');
	}
	if (n > PARSE_FLAGS_MAX)
		parse_limit(p, "too many flags");
}

/* SP sequence-set [SP "(" modifiers ")"] SP store-att-flags. */
void
parse_store(struct parse *p, struct parse_store *out)
{
	*out = (struct parse_store){0};
	parse_need(p, ' ', "expected SP after STORE");
	parse_seqset(p, &out->set);
	parse_need(p, ' ', "expected SP after the sequence set");
	if (parse_is(p, '(')) {
		modifiers(p, out);
		parse_space(p);
	}
	out->op = PARSE_STORE_REPLACE;
	if (parse_take(p, '+'))
		out->op = PARSE_STORE_ADD;
	else if (parse_take(p, '-'))
		out->op = PARSE_STORE_REMOVE;
	out->silent = parse_word(p, "FLAGS.SILENT");
	if (!out->silent && !parse_word(p, "FLAGS"))
		parse_fail(p, "expected FLAGS");
	parse_need(p, ' ', "expected SP after FLAGS");
	parse_flags(p, true, &out->flags);
}

/* flag = "\Answered" / ... / flag-keyword; \* is for the server alone. */
static void
flag(struct parse *p, struct parse_flags *out)
{
	if (parse_take(p, '\\'))
		system_flag(p, out);
	else
		keyword(p, out);
}

static void
system_flag(struct parse *p, struct parse_flags *out)
{
	static const struct {
		const char *name;
		uint8_t bit;
	} known[] = {
	    {"Answered", MESSAGE_ANSWERED},
	    {"Deleted", MESSAGE_DELETED},
	    {"Draft", MESSAGE_DRAFT},
	    {"Flagged", MESSAGE_FLAGGED},
	    {"Seen", MESSAGE_SEEN},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (parse_word(p, known[i].name)) {
			out->flags |= known[i].bit;
			return;
		}
	}
	if (parse_word(p, "Recent"))
		out->recent = true;
	else
		parse_fail(p, "no such system flag");
}

/* flag-keyword = atom. Its first spelling stays. */
static void
keyword(struct parse *p, struct parse_flags *out)
{
	struct parse_text t = parse_atom(p);
	const char **list;
	char *name;

	if (p->why != NULL)
		return;
	for (size_t i = 0; i < out->nkeywords; i++)
		if (parse_text_is(t, out->keywords[i]))
			return;
	list = parse_grow(
	    p, out->keywords, out->nkeywords, sizeof(out->keywords[0]));
	name = parse_alloc(p, t.n + 1, 1);
	if (p->why != NULL)
		return;
	for (size_t i = 0; i < t.n; i++)
		name[i] = t.p[i];
	list[out->nkeywords++] = name;
	out->keywords = list;
}

/* store-modifiers: "(" "UNCHANGEDSINCE" SP mod-sequence-valzer ")". */
static void
modifiers(struct parse *p, struct parse_store *out)
{
	parse_expect(p, '(');
	if (!parse_word(p, "UNCHANGEDSINCE"))
		parse_fail(p, "no such STORE modifier");
	parse_space(p);
	out->unchangedsince = parse_number64(p);
	out->unchanged = true;
	parse_expect(p, ')');
}
