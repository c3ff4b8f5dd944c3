/*
 * APPEND, one message of it: RFC 3501 6.3.11, 3502 (more than one), 3516
 * (literal8), 6855 (UTF8). The literal is not read here: it ends the text and
 * is still in the stream.
 */
#include "worker/imap/parse_private.h"

static void data(struct parse *, struct parse_append *);

/* [SP mailbox] SP [flag-list SP] [date-time SP] literal. */
void
parse_append(struct parse *p, bool first, struct parse_append *out)
{
	*out = (struct parse_append){.mailbox = ""};
	if (first) {
		parse_need(p, ' ', "expected SP after APPEND");
		out->mailbox = parse_mailbox(p);
	}
	parse_need(p, ' ', "expected SP before the message");
	if (parse_is(p, '(')) {
		parse_flags(p, false, &out->flags);
		parse_need(p, ' ', "expected SP after the flags");
	}
	if (parse_is(p, '"')) {
		out->date = parse_date_time(p);
		out->dated = p->why == NULL;
		parse_need(p, ' ', "expected SP after the date");
	}
	data(p, out);
}

/* literal / literal8 / "UTF8" SP "(" literal8 ")", RFC 6855 section 4. */
static void
data(struct parse *p, struct parse_append *out)
{
	const struct reader_literal *l;

	if (parse_word(p, "UTF8")) {
		out->utf8 = true;
		parse_space(p);
		parse_expect(p, '(');
	}
	if (p->lit == p->cmd->nlit) {
		parse_fail(p, "expected a literal");
		return;
	}
	l = &p->cmd->lit[p->lit];
	if (l->p != NULL || l->at - l->binary != p->at)
		parse_fail(p, "expected a literal");
	else if (out->utf8 && !(p->utf8 && l->binary))
		parse_fail(p, "UTF8 needs ENABLE UTF8=ACCEPT and a literal8");
	if (p->why != NULL)
		return;
	p->at = l->end;
	p->lit++;
	out->literal = l;
}
