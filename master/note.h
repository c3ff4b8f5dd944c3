/*
 * What is wrong with the settings: every error and warning with file and line,
 * collected so that all are told in one go.
 */
#ifndef MASTER_NOTE_H
#define MASTER_NOTE_H

#include <stddef.h>

#define NOTES_MAX 200 /* kept; more are only counted */

enum note_kind {
	NOTE_ERROR, /* the settings cannot be used */
	NOTE_WARN,
	NOTE_UNSET, /* a name that was used before it was set, in this view */
};

struct note {
	enum note_kind kind;
	char *text; /* "file:line: what", or without a place */
};

struct notes { /* begin with all zeros */
	struct note v[NOTES_MAX];
	size_t n;
	size_t errors; /* all of them, also those not kept */
};

/*
 * Adds one, unless the same text is there already. file may be NULL: no place.
 * Without memory the text is lost, an error still counts.
 */
void note_add(struct notes *, enum note_kind, const char *file, unsigned line,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* Whether a note of this kind and text is there. */
int note_has(const struct notes *, const struct note *);
/* Frees all texts; the struct may be used again. */
void note_done(struct notes *);

#endif
