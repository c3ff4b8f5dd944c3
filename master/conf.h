/*
 * The grammar of the settings files: Bourne shell assignments, read without a
 * shell. NAME=value with sh's quoting, $NAME and ${NAME} of earlier settings,
 * comments, several assignments on a line; the last one wins. Anything else
 * that a shell would do is refused with file and line, never guessed at.
 */
#ifndef MASTER_CONF_H
#define MASTER_CONF_H

#include <stddef.h>

#include "master/note.h"

#define CONF_FILE_MAX  (1u << 20) /* bytes of one file */
#define CONF_NAME_MAX  64
#define CONF_VALUE_MAX 4096
#define CONF_ENTRIES   2048

struct conf;

struct conf_entry { /* lent for the conf's life */
	const char *name;
	const char *value;
	const char *file; /* NULL: preset */
	unsigned line;
};

/*
 * An empty table that tells what is wrong to notes (which must outlive it),
 * with prefix, exec_prefix, bindir, sbindir and libexecdir preset. NULL without
 * memory.
 */
struct conf *conf_new(struct notes *notes);
void conf_free(struct conf *);
/* Reads text as the next file; file is its name for the notes, copied. */
void conf_parse(struct conf *, const char *file, const char *text, size_t len);
/*
 * Reads a file. 0, or -1 with errno if it cannot be read (nothing is noted).
 * EFBIG: larger than CONF_FILE_MAX.
 */
int conf_load(struct conf *, const char *file);
/* Notes an error about a file as a whole. */
void conf_note(struct conf *, const char *file, const char *what);
/* A setting's last assignment, or NULL. */
const struct conf_entry *conf_find(const struct conf *, const char *name);
/* The i-th of all settings in order of first assignment, or NULL. */
const struct conf_entry *conf_at(const struct conf *, size_t i);

#endif
