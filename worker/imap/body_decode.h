/*
 * Content-Transfer-Encoding undone, piece by piece (RFC 2045 section 6).
 * Lenient: bytes that cannot be are passed over or kept as they are.
 */
#ifndef IMAP_BODY_DECODE_H
#define IMAP_BODY_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "maildir/mime.h"

enum body_encoding {
	BODY_ENCODING_NONE, /* 7bit, 8bit, binary */
	BODY_ENCODING_BASE64,
	BODY_ENCODING_QUOTED,
	BODY_ENCODING_UNKNOWN
};

struct body_decoder {
	enum body_encoding encoding;
	uint32_t bits; /* base64: of the group that is not complete */
	unsigned nbits;
};

enum body_encoding body_encoding_of(const struct mime_text *);
void body_decoder_init(struct body_decoder *, enum body_encoding);
/*
 * Decodes in[n] to out, which must hold mime_wire_size(in, n) bytes (2 * n are
 * always enough); returns how many came. *used: how much was taken, the rest
 * must come again with more behind it; of 4096 bytes some are always taken, and
 * all if they are the last. BASE64 and QUOTED only. Line ends of
 * quoted-printable come out as CRLF.
 */
size_t body_decoder_run(struct body_decoder *, const char *in, size_t n,
    bool last, char *out, size_t *used);

#endif
