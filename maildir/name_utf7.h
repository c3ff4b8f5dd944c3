/*
 * Modified UTF-7 (RFC 3501 5.1.3) as it is found on disk: in the directories of
 * Dovecot and of Courier before 5.0. Only this direction: what we write is
 * UTF-8.
 */
#ifndef MAILDIR_NAME_UTF7_H
#define MAILDIR_NAME_UTF7_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Decodes in[n] to UTF-8 in out[size], NUL-terminated. The length; -1: not
 * canonical modified UTF-7 (a NUL, control or 8-bit byte, a shift that was not
 * needed, half a character), or too long.
 */
int name_decode(const char *in, size_t n, char *out, size_t size);
/*
 * Does a folder's name look unconverted: a level of it is ASCII with a shift,
 * canonical? Then out[size] has what it means. "R&D" is not, "R&-D" is.
 */
bool name_is_unconverted(const char *name, char *out, size_t size);

#endif
