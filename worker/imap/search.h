/*
 * A SEARCH program: the parsed keys made ready (sets resolved, needles folded,
 * cheap keys first), and one message after the other tried against it. RFC 3501
 * 6.4.4, RFC 5032 (OLDER, YOUNGER), RFC 5182 ("$").
 */
#ifndef IMAP_SEARCH_H
#define IMAP_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "worker/imap/parse.h"
#include "worker/imap/state.h"

struct search;

enum search_result {
	SEARCH_MADE,
	SEARCH_CHARSET, /* a text cannot be converted: NO [BADCHARSET] */
	SEARCH_KEY,     /* a key that is not supported: BAD */
	SEARCH_MEMORY
};

/* Makes the program in the command's arena. */
enum search_result search_new(
    struct session *, const struct parse_search *, struct search **out);
void search_free(struct search *);
/* Whether the message with this sequence number is a match. */
bool search_match(struct search *, uint32_t seq);
/* 0, or the errno of a message that could not be read and was passed over. */
int search_error(const struct search *);
/* The client has gone while we were searching: give up. */
bool search_interrupted(struct search *);

#endif
