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
#include "worker/imap/progress.h"
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
/*
 * From here on the client is told now and then how far it is, RFC 9585. The
 * progress, zeros at first, is the caller's and may go on with another search.
 */
void search_tag(struct search *, const char *tag, struct progress *);
/*
 * The sequence number of the next match after this one (0 to begin). 0: there
 * is none more, or the client has gone.
 */
uint32_t search_next(struct search *, uint32_t seq);
/* 0, or the errno of a message that could not be read and was passed over. */
int search_error(const struct search *);
/* The match of now could not be read by the caller either, with this errno. */
void search_fault(struct search *, int err);
/*
 * The client has gone while we were searching: give up. Its end is noted then;
 * nothing is to be answered.
 */
bool search_interrupted(struct search *);

#endif
