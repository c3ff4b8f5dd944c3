/*
 * Names of message files: BASE[:2,LETTERS[,MORE]]. The base name is the
 * message's for life; what follows the first colon is its info. Pure, but for
 * the clock and a counter in the making of new names.
 */
#ifndef MAILDIR_FILENAME_H
#define MAILDIR_FILENAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define FILENAME_MAX_LEN 255 /* bytes of a name in a directory */

/* Length of the base name, up to the first colon. */
size_t filename_base(const char *name, size_t len);
/* Flags (MESSAGE_*) in an info, "" or ":2,...". */
uint8_t filename_flags(const char *info);
/*
 * The info for new flags: letters sorted, letters unknown to us and what
 * follows them kept. -1 with ENAMETOOLONG if it does not fit.
 */
int filename_info(const char *old, uint8_t flags, char *out, size_t);
/* The leading number of a name, as far as it goes; the sort key of new mail. */
uint64_t filename_number(const char *name);
/* A name for tmp/ that was not used before: "SEC.MuPpid_N.HOST". */
void filename_temp(const char *host, char *out, size_t);
/*
 * A base name that was not used before, for the file that st describes:
 * "SEC.MuPpidVdevIino_N.HOST,S=SIZE".
 */
void filename_unique(
    const char *host, const struct stat *st, char *out, size_t);

#endif
