/*
 * Messages with NULs on their way into a store of lines: RFC 3516 4.4. A part
 * that cannot be stored as it is gets the transfer encoding base64, so that
 * BODY[] stays what every client can read and BINARY[] gives back each octet.
 */
#ifndef IMAP_BINARY_H
#define IMAP_BINARY_H

#include <stddef.h>

#include "worker/imap/buf.h"

enum binary_form {
	BINARY_AS_IS, /* it can be stored; nothing was appended */
	BINARY_MADE,  /* out got what is to be stored in its place */
	BINARY_UNFIT, /* NULs where no encoding can be: NO [UNKNOWN-CTE] */
	BINARY_MEMORY
};

/* Looks at a whole message as it came in a literal8. */
enum binary_form binary_convert(const char *msg, size_t n, struct buf *out);

#endif
