/*
 * What the files of the grammar share and nobody else needs. As with the
 * primitives of parse.h, each fails the cursor when it cannot do its work.
 */
#ifndef IMAP_PARSE_PRIVATE_H
#define IMAP_PARSE_PRIVATE_H

#include "worker/imap/parse.h"

/* Fails the cursor because of a limit: BAD [LIMIT]. */
void parse_limit(struct parse *, const char *why);
/* Takes c, or fails with this reason. */
void parse_need(struct parse *, char c, const char *why);
/*
 * Takes an SP that something follows: for lists without parentheses, so that
 * the one space that is allowed at the end of a command is left to parse_done.
 */
bool parse_more(struct parse *);
/* Whether the next bytes are this text (no case), whatever follows. */
bool parse_sees(const struct parse *, const char *text);
/* RFC 3501 nz-number. */
uint32_t parse_nz(struct parse *);
/* The SP and the range after PARTIAL; a second one fails. */
void parse_partial(struct parse *, struct parse_partial *);
/* [SP "RETURN" SP "(" options ")"] of SEARCH and SORT. */
void parse_search_return(struct parse *, struct parse_search *);
/* The charset itself. */
void parse_search_charset(struct parse *, struct parse_search *);
/* "(" fetch-att *(SP fetch-att) ")"; and as it is printed, names canonical. */
void parse_fetch_list(struct parse *, struct parse_fetch *);
void parse_fetch_print_list(struct buf *, const struct parse_fetch *);
/* Letters, digits and dots as far as they go; n is 0 if there are none. */
struct parse_text parse_name(struct parse *);
/* Whether the text is this word (no case). */
bool parse_text_is(struct parse_text, const char *word);
/* A mailbox name or pattern as the client wrote it, to UTF-8; never NULL. */
const char *parse_decode(struct parse *, struct parse_text);
/* Arena memory for count things, NULL after a failure. */
void *parse_alloc(struct parse *, size_t count, size_t size);
/*
 * For an array in the arena that holds n things: the same, or a larger one with
 * what it held, that has room for one more. NULL after a failure.
 */
void *parse_grow(struct parse *, const void *array, size_t n, size_t size);
bool parse_is_atom_char(char);

#endif
