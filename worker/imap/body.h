/*
 * Prints a parsed message the way FETCH wants it: ENVELOPE, BODY,
 * BODYSTRUCTURE (wire-ready bytes, the same for every client, so an index can
 * keep them) and the bytes of sections. RFC 3501 7.4.2, 6.4.5; RFC 3516.
 */
#ifndef IMAP_BODY_H
#define IMAP_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "maildir/mime.h"
#include "worker/imap/arena.h"
#include "worker/imap/buf.h"
#include "worker/imap/parse.h"

/* ENVELOPE of a header hdr[n]. Address lists are cut at the limit. */
void body_envelope(struct buf *, const char *hdr, size_t n);
/* BODY (extended false) or BODYSTRUCTURE of the message msg. */
void body_structure(
    struct buf *, const char *msg, const struct mime *, bool extended);

struct body_slice {    /* what a section is: stored bytes or made ones */
	const char *p; /* inside the message or the arena */
	size_t n;
	bool stored;   /* bare LFs go out as CRLF; else as they are */
	uint64_t size; /* octets on the wire */
};
/*
 * Finds a section of the message. 0; 1: there is no such part (answer NIL or
 * ""), -1: memory. Header field subsets are made in the arena.
 */
int body_section(struct arena *, const char *msg, const struct mime *,
    const struct parse_section *, struct body_slice *out);
/* BINARY[...]: transfer encoding undone; 2: unknown encoding. */
int body_binary(struct arena *, const char *msg, const struct mime *,
    const struct parse_section *, struct body_slice *out);
/*
 * Octets [from, from + count) of the slice as sent, handed to emit in pieces.
 */
void body_emit(const struct body_slice *, uint64_t from, uint64_t count,
    void (*emit)(void *, const char *, size_t), void *arg);

#endif
