/* The grammar of ID, as parse.h has it. */
#ifndef IMAP_PARSE_ID_H
#define IMAP_PARSE_ID_H

#include "shm/limits.h"
#include "worker/imap/parse.h"

/* ID: RFC 2971. pairs[2i], pairs[2i+1]; a NIL value has p NULL. */
struct parse_id {
	struct parse_text pairs[2 * PARSE_ID_PAIRS];
	size_t npairs;
};
void parse_id(struct parse *, struct parse_id *);

#endif
