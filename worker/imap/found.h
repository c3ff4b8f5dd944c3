/*
 * What a SEARCH or SORT found: how it is told and kept. RFC 3501 7.2.5, RFC
 * 4731 and 5267 (RETURN, ESEARCH), RFC 5182 (SAVE), RFC 9394 (PARTIAL).
 */
#ifndef IMAP_FOUND_H
#define IMAP_FOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/imap/command.h"
#include "worker/imap/search.h"

struct found {
	uint32_t *seqs; /* in the order of the answer */
	size_t n;
};

/*
 * Makes the search program, with INPROGRESS for this command; the progress must
 * outlive it. False: it was answered why not.
 */
bool found_begin(struct command *, const struct parse_search *,
    struct progress *, struct search **);
/* The two halves of it: without an answer, and the answer alone. */
enum search_result found_make(struct command *, const struct parse_search *,
    struct progress *, struct search **);
void found_refuse(
    struct command *, const struct parse_search *, enum search_result);
/* Room for all that can be found, in the arena. False: answered. */
bool found_reserve(struct command *, struct found *);
/* The number that the client knows a message by. */
uint32_t found_number(const struct command *, uint32_t seq);
/*
 * The end: an ESEARCH if RETURN was given, else "* NAME numbers"; "$" kept or
 * emptied; "NAME done.", or NO with err if that is not 0.
 */
void found_answer(struct command *, const struct parse_search *,
    const struct found *, int err);
/* Keeps "$" if SAVE was given. False: no memory, it is empty. */
bool found_save(
    struct command *, const struct parse_search *, const struct found *);
/* Appends the data of an ESEARCH, each with a blank before it. */
void found_put(
    struct command *, const struct parse_search *, const struct found *);
/*
 * For what ends a command before its answer: a client that has gone, or NO
 * with an errno. Empties "$" if it was to be set.
 */
void found_fail(struct command *, const struct parse_search *, int err);

#endif
