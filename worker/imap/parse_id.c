/*
 * ID: RFC 2971 3.3. Its limits: 30 pairs, keys of 30 bytes, values of 1,024.
 */
#include "worker/imap/parse_id.h"
#include "worker/imap/parse_private.h"

static void pair(struct parse *, struct parse_id *);

/* SP id-params-list = "(" [string SP nstring *(SP string SP nstring)] ")" /
 * nil. */
void
parse_id(struct parse *p, struct parse_id *out)
{
	*out = (struct parse_id){0};
	parse_need(p, ' ', "expected SP after ID");
	if (parse_word(p, "NIL"))
		return;
	parse_need(p, '(', "expected ( or NIL");
	if (parse_take(p, ')'))
		return;
	do
		pair(p, out);
	while (parse_take(p, ' '));
	parse_expect(p, ')');
}

static void
pair(struct parse *p, struct parse_id *out)
{
	struct parse_text key, value;

	if (out->npairs == PARSE_ID_PAIRS) {
		parse_limit(p, "too many ID pairs");
		return;
	}
	key = parse_string(p);
	parse_space(p);
	value = parse_nstring(p);
	if (key.n > PARSE_ID_KEY || value.n > PARSE_ID_VALUE)
		parse_limit(p, "ID text too long");
	if (p->why != NULL)
		return;
	out->pairs[2 * out->npairs] = key;
	out->pairs[2 * out->npairs + 1] = value;
	out->npairs++;
}
