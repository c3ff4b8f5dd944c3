/* Mailbox names: modified UTF-7 (RFC 3501 5.1.3) and UTF-8. Pure. */
#ifndef IMAP_UTF7_H
#define IMAP_UTF7_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Modified UTF-7 in[n] to UTF-8 in out[size], terminated. The length, or -1:
 * not valid or not canonical (a shift that was not needed, 8-bit bytes, lone
 * surrogates, a NUL), or too long.
 */
int utf7_decode(const char *in, size_t n, char *out, size_t size);
/* The other way; -1: not UTF-8 or too long. */
int utf7_encode(const char *in, size_t n, char *out, size_t size);
/* Whether p[n] is well-formed UTF-8 without NUL. */
bool utf8_valid(const char *p, size_t n);

#endif
