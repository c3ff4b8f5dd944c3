/*
 * LIST and LSUB: RFC 3501 6.3.8, with RFC 5258 (options), 5819 (STATUS) and
 * 6154 (SPECIAL-USE); STATUS's items; CREATE's USE. An option that is not known
 * is refused: a client that asked for less must not get everything.
 */
#include "maildir/maildir.h"
#include "worker/imap/parse_private.h"

struct option {
	const char *name;
	unsigned bit;
};

static void select_options(struct parse *, struct parse_list *);
static void patterns(struct parse *, struct parse_list *);
static void pattern(struct parse *, struct parse_list *);
static struct parse_text list_mailbox(struct parse *);
static bool is_list_char(char);
static void return_options(struct parse *, struct parse_list *);
static unsigned option(struct parse *, const struct option *, const char *why);

/* [SP select-opts] SP mailbox SP mbox-or-pat [SP return-opts]. */
void
parse_list(struct parse *p, struct parse_list *out)
{
	*out = (struct parse_list){.reference = ""};
	parse_need(p, ' ', "expected SP after LIST");
	if (parse_is(p, '(')) {
		select_options(p, out);
		parse_need(p, ' ', "expected SP after the options");
	}
	out->reference = parse_mailbox(p);
	parse_need(p, ' ', "expected SP after the reference");
	patterns(p, out);
	if (parse_more(p))
		return_options(p, out);
}

unsigned
parse_status_items(struct parse *p)
{
	static const struct option known[] = {
	    {"MESSAGES", PARSE_STATUS_MESSAGES},
	    {"RECENT", PARSE_STATUS_RECENT},
	    {"UIDNEXT", PARSE_STATUS_UIDNEXT},
	    {"UIDVALIDITY", PARSE_STATUS_UIDVALIDITY},
	    {"UNSEEN", PARSE_STATUS_UNSEEN},
	    {"SIZE", PARSE_STATUS_SIZE},
	    {"DELETED", PARSE_STATUS_DELETED},
	    {"HIGHESTMODSEQ", PARSE_STATUS_HIGHESTMODSEQ},
	    {"MAILBOXID", PARSE_STATUS_MAILBOXID},
	    {"APPENDLIMIT", PARSE_STATUS_APPENDLIMIT},
	    {NULL, 0},
	};
	unsigned items = 0;

	parse_need(p, '(', "expected ( before the STATUS items");
	do
		items |= option(p, known, "expected a STATUS item");
	while (parse_take(p, ' '));
	parse_need(p, ')', "expected SP or ) after a STATUS item");
	return items;
}

/* RFC 6154 section 6: SP "(" "USE" SP "(" [use-attr *(SP use-attr)] ")" ")". */
uint32_t
parse_create_use(struct parse *p)
{
	static const struct option known[] = {
	    {"All", MAILDIR_USE_ALL},
	    {"Archive", MAILDIR_USE_ARCHIVE},
	    {"Drafts", MAILDIR_USE_DRAFTS},
	    {"Flagged", MAILDIR_USE_FLAGGED},
	    {"Junk", MAILDIR_USE_JUNK},
	    {"Sent", MAILDIR_USE_SENT},
	    {"Trash", MAILDIR_USE_TRASH},
	    {NULL, PARSE_USE_UNKNOWN},
	};
	uint32_t use = 0;

	if (!parse_more(p))
		return 0;
	parse_expect(p, '(');
	if (!parse_word(p, "USE"))
		parse_fail(p, "expected USE");
	parse_space(p);
	parse_expect(p, '(');
	if (!parse_is(p, ')')) {
		do {
			parse_need(p, '\\', "expected a special use");
			use |= option(p, known, NULL);
		} while (parse_take(p, ' '));
	}
	parse_expect(p, ')');
	parse_expect(p, ')');
	return use;
}

/* RFC 5258 3.1: RECURSIVEMATCH needs an option that it can extend. */
static void
select_options(struct parse *p, struct parse_list *out)
{
	static const struct option known[] = {
	    {"SUBSCRIBED", PARSE_LIST_SUBSCRIBED},
	    {"REMOTE", PARSE_LIST_REMOTE},
	    {"RECURSIVEMATCH", PARSE_LIST_RECURSIVEMATCH},
	    {"SPECIAL-USE", PARSE_LIST_SPECIAL_USE},
	    {NULL, 0},
	};

	out->extended = true;
	parse_expect(p, '(');
	if (parse_take(p, ')'))
		return;
	do
		out->select |= option(p, known, "no such LIST option");
	while (parse_take(p, ' '));
	parse_expect(p, ')');
	if ((out->select & PARSE_LIST_RECURSIVEMATCH) &&
	    !(out->select & (PARSE_LIST_SUBSCRIBED | PARSE_LIST_SPECIAL_USE)))
		parse_fail(p, "RECURSIVEMATCH needs another option");
}

/* mbox-or-pat = list-mailbox / "(" list-mailbox *(SP list-mailbox) ")". */
static void
patterns(struct parse *p, struct parse_list *out)
{
	if (!parse_take(p, '(')) {
		pattern(p, out);
		return;
	}
	out->extended = true;
	do
		pattern(p, out);
	while (parse_take(p, ' '));
	parse_expect(p, ')');
}

static void
pattern(struct parse *p, struct parse_list *out)
{
	const char *text, **list;

	if (out->npatterns == PARSE_PATTERNS_MAX) {
		parse_limit(p, "too many patterns");
		return;
	}
	text = parse_decode(p, list_mailbox(p));
	list = parse_grow(
	    p, out->patterns, out->npatterns, sizeof(out->patterns[0]));
	if (list == NULL)
		return;
	list[out->npatterns++] = text;
	out->patterns = list;
}

/* list-mailbox = 1*list-char / string. */
static struct parse_text
list_mailbox(struct parse *p)
{
	struct parse_text t = {.p = p->cmd->text + p->at};

	while (p->at < p->cmd->n && is_list_char(p->cmd->text[p->at])) {
		p->at++;
		t.n++;
	}
	return t.n > 0 ? t : parse_string(p);
}

/* ATOM-CHAR / list-wildcards / resp-specials; 8-bit is parse_decode's affair.
 */
static bool
is_list_char(char c)
{
	return parse_is_atom_char(c) || c == '%' || c == '*' || c == ']' ||
	       (unsigned char)c >= 0x80;
}

/* "RETURN" SP "(" [return-option *(SP return-option)] ")"; the SP is taken. */
static void
return_options(struct parse *p, struct parse_list *out)
{
	static const struct option known[] = {
	    {"SUBSCRIBED", PARSE_RETURN_SUBSCRIBED},
	    {"CHILDREN", PARSE_RETURN_CHILDREN},
	    {"SPECIAL-USE", PARSE_RETURN_SPECIAL_USE},
	    {"STATUS", PARSE_RETURN_STATUS},
	    {NULL, 0},
	};

	out->extended = true;
	if (!parse_word(p, "RETURN"))
		parse_fail(p, "expected RETURN");
	parse_space(p);
	parse_expect(p, '(');
	if (parse_take(p, ')'))
		return;
	do {
		unsigned bit = option(p, known, "no such LIST return option");

		out->ret |= bit;
		if (bit == PARSE_RETURN_STATUS) {
			parse_space(p);
			out->status |= parse_status_items(p);
		}
	} while (parse_take(p, ' '));
	parse_expect(p, ')');
}

/* The bit of the next word. The table's end says what an unknown one is. */
static unsigned
option(struct parse *p, const struct option *known, const char *why)
{
	for (; known->name != NULL; known++)
		if (parse_word(p, known->name))
			return known->bit;
	if (why != NULL)
		parse_fail(p, why);
	else
		(void)parse_atom(p);
	return known->bit;
}
