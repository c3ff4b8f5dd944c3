/*
 * Parameters of SELECT and EXAMINE (RFC 4466 2.1): CONDSTORE and QRESYNC, RFC
 * 7162 section 7.
 */
#include "worker/imap/parse_private.h"

static void qresync(struct parse *, struct parse_select *);
static void plain_set(struct parse *, struct seqset *);

/* [SP "(" select-param *(SP select-param) ")"] */
void
parse_select(struct parse *p, struct parse_select *out)
{
	*out = (struct parse_select){0};
	if (!parse_more(p))
		return;
	parse_expect(p, '(');
	do {
		if (parse_word(p, "CONDSTORE")) {
			out->condstore = true;
		} else if (parse_word(p, "QRESYNC")) {
			if (out->qresync)
				parse_fail(p, "QRESYNC twice");
			qresync(p, out);
		} else {
			parse_fail(p, "no such parameter");
		}
	} while (parse_take(p, ' '));
	parse_expect(p, ')');
}

/*
 * SP "(" uidvalidity SP mod-sequence-value [SP known-uids]
 * [SP "(" known-sequence-set SP known-uid-set ")"] ")"
 */
static void
qresync(struct parse *p, struct parse_select *out)
{
	out->qresync = true;
	parse_space(p);
	parse_expect(p, '(');
	out->uidvalidity = parse_nz(p);
	parse_space(p);
	out->modseq = parse_number64(p);
	if (p->why == NULL && out->modseq == 0)
		parse_fail(p, "expected a number from 1 on");
	if (parse_take(p, ' ')) {
		out->has_known = !parse_is(p, '(');
		if (out->has_known)
			plain_set(p, &out->known);
		if (!out->has_known || parse_take(p, ' ')) {
			out->match = true;
			parse_expect(p, '(');
			plain_set(p, &out->seqs);
			parse_space(p);
			plain_set(p, &out->uids);
			parse_expect(p, ')');
		}
	}
	parse_expect(p, ')');
}

/* known-uids and the like: no "*". */
static void
plain_set(struct parse *p, struct seqset *set)
{
	size_t i;

	parse_seqset(p, set);
	if (p->why != NULL)
		return;
	if (set->saved)
		parse_fail(p, "expected numbers");
	for (i = 0; i < set->n; i++)
		if (set->r[i].lo == 0 || set->r[i].hi == 0)
			parse_fail(p, "\"*\" is not possible here");
}
