/*
 * UIDBATCHES: RFC 10022 section 4: "UIDBATCHES" SP nz-number [SP nz-number ":"
 * nz-number].
 */
#include "worker/imap/parse_batches.h"
#include "worker/imap/parse_private.h"

void
parse_batches(struct parse *p, struct parse_batches *out)
{
	*out = (struct parse_batches){0};
	parse_space(p);
	out->size = parse_nz(p);
	if (!parse_more(p))
		return;
	out->lo = parse_nz(p);
	parse_expect(p, ':');
	out->hi = parse_nz(p);
	out->turned = p->why == NULL && out->hi < out->lo;
}
