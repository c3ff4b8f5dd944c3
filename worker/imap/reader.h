/*
 * Cuts one whole command out of the stream: its line and its literals, with
 * "+ " continuations, within the limits. RFC 3501 2.2, 4.3; RFC 7888. The last
 * literal of an APPEND is left in the stream for the command to read.
 */
#ifndef IMAP_READER_H
#define IMAP_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "shm/limits.h"
#include "worker/imap/arena.h"
#include "worker/imap/wire.h"

struct reader_literal {
	size_t at;     /* offset in text of the "{" */
	size_t end;    /* offset just after "}" */
	const char *p; /* its bytes, in the arena; NULL: left in the stream */
	uint64_t n;
	bool nonsync, binary; /* {n+}; ~{n} */
};

struct reader_command {
	const char *text; /* the line without CRLF, "{n}" texts included, in
			     the arena; terminated, may hold NUL inside */
	size_t n;
	const struct reader_literal *lit;
	size_t nlit;
	bool stream; /* the last literal is APPEND's and still to be read; if it
			was synchronising no "+ " has been sent yet */
};

enum reader_result {
	READER_COMMAND, /* *out holds one */
	READER_MORE,    /* not complete yet: wait for input, call again */
	READER_BAD, /* refused; *why says what to answer; swallowed or dropped
		     */
	READER_BYE, /* refused and the connection must end */
};

struct reader; /* state between calls; the bytes so far are its own */

struct reader *reader_new(void);
void reader_free(struct reader *);
/*
 * Goes on with what wire has buffered. tag: the command's tag if it could be
 * seen, else "*"; lent until the next call. A refused non-synchronising
 * literal of up to READER_LITERAL_MAX bytes is swallowed, never executed; a
 * larger one ends the connection.
 */
enum reader_result reader_next(struct reader *, struct wire *, struct arena *,
    struct reader_command *out, const char **tag, const char **why);
/*
 * The caller has read the streamed literal of an APPEND: what follows it, up to
 * CRLF or the next streamed literal, comes next as a command whose text begins
 * right after that literal. An empty text ends the APPEND (RFC 3502).
 */
void reader_append(struct reader *);
/*
 * Seconds that a literal of n bytes may take, an APPEND's too: a slow line has
 * its time, a drip has an end.
 */
time_t reader_patience(uint64_t n);
/* Begun and not complete: then the command time-out applies. */
bool reader_busy(const struct reader *);

#endif
