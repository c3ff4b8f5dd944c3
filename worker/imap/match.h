/*
 * LIST patterns: "*" any bytes, "%" any but the separator ".". RFC 3501 6.3.8.
 * All states of a name against a pattern advance together, a machine word at a
 * time, so no pattern costs more than its length times the name's (no
 * backtracking). INBOX as a whole first level matches in any case. Pure.
 */
#ifndef IMAP_MATCH_H
#define IMAP_MATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "worker/imap/arena.h"

#define MATCH_LITERAL_MAX                                                      \
	255 /* bytes of a folder's directory name, no more                     \
	     */

struct match;

/*
 * Compiles reference and pattern, put together, into the arena. A pattern with
 * more literal bytes than a name can have is one that matches nothing. NULL: no
 * memory.
 */
struct match *match_new(
    struct arena *, const char *reference, const char *pattern);
/* Whether name[n] matches, all of it. */
bool match_name(const struct match *, const char *name, size_t n);

#endif
