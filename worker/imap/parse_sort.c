/*
 * SORT and THREAD: RFC 5256 section 5 "sort", "thread"; RFC 5267 3.1 (RETURN);
 * RFC 5957 section 5. The charset is not optional here, whatever is enabled.
 */
#include "worker/imap/parse_sort.h"

#include <strings.h>

#include "worker/imap/parse_private.h"

static void criteria(struct parse *, struct parse_sort *);
static enum parse_sort_key sort_key(struct parse *);
static void search_criteria(struct parse *, struct parse_search *);

static const char *const names[PARSE_SORT_KEYS] = {
    [PARSE_SORT_ARRIVAL] = "ARRIVAL",
    [PARSE_SORT_CC] = "CC",
    [PARSE_SORT_DATE] = "DATE",
    [PARSE_SORT_DISPLAYFROM] = "DISPLAYFROM",
    [PARSE_SORT_DISPLAYTO] = "DISPLAYTO",
    [PARSE_SORT_FROM] = "FROM",
    [PARSE_SORT_SIZE] = "SIZE",
    [PARSE_SORT_SUBJECT] = "SUBJECT",
    [PARSE_SORT_TO] = "TO",
};

const char *
parse_sort_name(enum parse_sort_key key)
{
	return names[key];
}

/* [SP "RETURN" SP "(" ... ")"] SP sort-criteria SP search-criteria. */
void
parse_sort(struct parse *p, struct parse_sort *out)
{
	*out = (struct parse_sort){.search = {.charset = ""}};
	parse_search_return(p, &out->search);
	parse_need(p, ' ', "expected SP before the sort criteria");
	criteria(p, out);
	search_criteria(p, &out->search);
}

/* SP thread-alg SP search-criteria. */
void
parse_thread(struct parse *p, struct parse_thread *out)
{
	*out = (struct parse_thread){.search = {.charset = ""}};
	parse_need(p, ' ', "expected SP before the algorithm");
	if (parse_word(p, "ORDEREDSUBJECT"))
		out->algorithm = PARSE_THREAD_ORDEREDSUBJECT;
	else if (parse_word(p, "REFERENCES"))
		out->algorithm = PARSE_THREAD_REFERENCES;
	else if (parse_word(p, "REFS"))
		out->algorithm = PARSE_THREAD_REFS;
	else
		parse_fail(p, "no such threading algorithm");
	search_criteria(p, &out->search);
}

/* sort-criteria = "(" sort-criterion *(SP sort-criterion) ")". */
static void
criteria(struct parse *p, struct parse_sort *out)
{
	parse_need(p, '(', "expected ( before the sort criteria");
	do {
		struct parse_sort_criterion *c = &out->criteria[out->n];

		if (out->n == PARSE_SORT_MAX) {
			parse_limit(p, "too many sort criteria");
			return;
		}
		c->reverse = parse_word(p, "REVERSE");
		if (c->reverse)
			parse_need(p, ' ', "expected SP after REVERSE");
		c->key = sort_key(p);
		out->n++;
	} while (parse_take(p, ' '));
	parse_need(p, ')', "expected SP or ) after a sort criterion");
}

static enum parse_sort_key
sort_key(struct parse *p)
{
	struct parse_text t = parse_name(p);
	int key = 0;

	while (key < PARSE_SORT_KEYS && !parse_text_is(t, names[key]))
		key++;
	if (key < PARSE_SORT_KEYS)
		return (enum parse_sort_key)key;
	parse_fail(p, "no such sort criterion");
	return PARSE_SORT_ARRIVAL;
}

/* SP charset 1*(SP search-key). */
static void
search_criteria(struct parse *p, struct parse_search *out)
{
	parse_need(p, ' ', "expected SP before the charset");
	parse_search_charset(p, out);
	out->root = parse_search_keys(p);
}
