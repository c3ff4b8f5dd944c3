/*
 * MIME: from the bytes of a message (as stored: LF or CRLF line ends) to a tree
 * of offsets. Pure; never fails, except for memory: what cannot be understood
 * degrades to text/plain or application/octet-stream. RFC 5322, 2045, 2046,
 * 2047, 2183, 2231, 3282, 2557, 1864.
 */
#ifndef MAILDIR_MIME_H
#define MAILDIR_MIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/limits.h"

struct mime_text {     /* bytes inside the message or the tree's own memory */
	const char *p; /* NULL: absent */
	size_t n;
};

struct mime_param {
	struct mime_text name, value; /* value unquoted; RFC 2231 left as is */
};

enum mime_kind {
	MIME_LEAF,
	MIME_MULTIPART,
	MIME_MESSAGE
};

struct mime_part {
	enum mime_kind kind;
	struct mime_part *parent, *first, *next; /* first child, next sibling */
	unsigned nchildren;
	/* raw offsets into the message */
	size_t hdr, hdr_len; /* header with its closing empty line */
	size_t body, body_len;
	uint64_t hdr_size, body_size;   /* with CRLF line ends */
	uint64_t lines;                 /* of the body */
	struct mime_text type, subtype; /* never absent; as written, a default
					   ("text", "plain") where needed */
	struct mime_param *params;
	size_t nparams;
	struct mime_text id, description,
	    encoding; /* encoding: "7bit" default */
	struct mime_text md5, location;
	struct mime_text disposition; /* absent if none */
	struct mime_param *dparams;
	size_t ndparams;
	struct mime_text *languages;
	size_t nlanguages;
};

struct mime; /* a parsed message: owns its parts */

/* Parses msg[n], which must live as long as the result. NULL: ENOMEM. */
struct mime *mime_parse(const char *msg, size_t n);
void mime_free(struct mime *);
/* The message itself; its header is RFC 5322's. */
const struct mime_part *mime_root(const struct mime *);
/*
 * The next header field at or after *pos in hdr[0..n): name and unfolded-raw
 * value (with folds, without the final line end). false at the end.
 */
bool mime_field(const char *hdr, size_t n, size_t *pos, struct mime_text *name,
    struct mime_text *value);
/* The first field of that name (no case), raw value. */
bool mime_find(
    const char *hdr, size_t n, const char *name, struct mime_text *value);

/* Size of p[n] when each bare LF is sent as CRLF. */
uint64_t mime_wire_size(const char *p, size_t n);
/* LFs in p[n] that no CR precedes; last is the byte before p. */
uint64_t mime_bare_lfs(const char *p, size_t n, char last);

#endif
