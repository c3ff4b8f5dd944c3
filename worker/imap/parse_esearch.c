/*
 * ESEARCH: RFC 7377 section 6. A source with several mailboxes in parentheses
 * becomes one source for each.
 */
#include "worker/imap/parse_esearch.h"

#include <string.h>

#include "worker/imap/parse_private.h"

static void source(struct parse *, struct parse_esearch *);
static enum parse_esearch_kind kind(struct parse *);
static void source_mailboxes(
    struct parse *, struct parse_esearch *, enum parse_esearch_kind);
static void add(struct parse *, struct parse_esearch *, enum parse_esearch_kind,
    const char *);

static const char *const names[PARSE_ESEARCH_KINDS] = {
    [PARSE_ESEARCH_SELECTED] = "selected",
    [PARSE_ESEARCH_INBOXES] = "inboxes",
    [PARSE_ESEARCH_PERSONAL] = "personal",
    [PARSE_ESEARCH_SUBSCRIBED] = "subscribed",
    [PARSE_ESEARCH_SUBTREE] = "subtree",
    [PARSE_ESEARCH_SUBTREE_ONE] = "subtree-one",
    [PARSE_ESEARCH_MAILBOXES] = "mailboxes",
};

const char *
parse_esearch_name(enum parse_esearch_kind k)
{
	return names[k];
}

/* [SP "IN" SP "(" source-mbox ")"] and what SEARCH has. */
void
parse_esearch(struct parse *p, struct parse_esearch *out)
{
	out->n = 0;
	if (parse_sees(p, " IN ")) {
		p->at += strlen(" IN ");
		parse_need(p, '(', "expected ( before the mailboxes");
		do
			source(p, out);
		while (parse_take(p, ' '));
		/* No scope option is defined that could follow. */
		parse_need(p, ')', "expected SP or ) after a source");
	}
	parse_search(p, &out->search);
}

/* The tree is in one piece of memory: down, else on, else up and on. */
bool
parse_search_has_numbers(const struct parse_search *s)
{
	const struct parse_search_node *up[PARSE_SEARCH_DEPTH + 1];
	const struct parse_search_node *n = s->root;
	size_t depth = 0;

	while (n != NULL) {
		if (n->key == PARSE_SEARCH_SEQ || n->set.saved)
			return true;
		/* No deeper than the grammar lets it be. */
		if (n->child != NULL && depth <= PARSE_SEARCH_DEPTH) {
			up[depth++] = n;
			n = n->child;
			continue;
		}
		while (n != NULL && n->next == NULL)
			n = depth > 0 ? up[--depth] : NULL;
		n = n != NULL ? n->next : NULL;
	}
	return false;
}

static void
source(struct parse *p, struct parse_esearch *out)
{
	enum parse_esearch_kind k = kind(p);

	if (k < PARSE_ESEARCH_SUBTREE)
		add(p, out, k, NULL);
	else
		source_mailboxes(p, out, k);
}

static enum parse_esearch_kind
kind(struct parse *p)
{
	int i = 0;

	while (i < PARSE_ESEARCH_KINDS && !parse_word(p, names[i]))
		i++;
	if (i < PARSE_ESEARCH_KINDS)
		return (enum parse_esearch_kind)i;
	parse_fail(p, "no such source of mailboxes");
	return PARSE_ESEARCH_SELECTED;
}

/* SP (mailbox / "(" mailbox *(SP mailbox) ")"). */
static void
source_mailboxes(
    struct parse *p, struct parse_esearch *out, enum parse_esearch_kind k)
{
	parse_space(p);
	if (!parse_take(p, '(')) {
		add(p, out, k, parse_mailbox(p));
		return;
	}
	do
		add(p, out, k, parse_mailbox(p));
	while (parse_take(p, ' '));
	parse_need(p, ')', "expected SP or ) after a mailbox");
}

static void
add(struct parse *p, struct parse_esearch *out, enum parse_esearch_kind k,
    const char *mailbox)
{
	if (out->n == PARSE_ESEARCH_SOURCES) {
		parse_limit(p, "too many mailboxes");
		return;
	}
	out->sources[out->n++] = (struct parse_esearch_source){k, mailbox};
}
