/*
 * The base subject: what is left of a Subject: when all that replying,
 * forwarding and mailing lists put around it is taken away. RFC 5256 2.1; a
 * pure function, linear in its input.
 */
#ifndef IMAP_SUBJECT_H
#define IMAP_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>

#include "worker/imap/buf.h"

struct subject {
	const char *p; /* inside the text */
	size_t n;
	bool reply; /* a "re:", a "fwd:" or the like was taken away */
};

/*
 * Step 1: appends a raw header value as UTF-8, unfolded, encoded words undone,
 * each run of white space as one blank.
 */
void subject_decode(struct buf *, const char *raw, size_t n);
/* Steps 2 to 6 on what came from it. */
void subject_base(const char *text, size_t n, struct subject *out);

#endif
