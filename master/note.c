/*
 * The list of errors and warnings of one look at the settings files.
 */
#include "master/note.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
note_add(struct notes *notes, enum note_kind kind, const char *file,
    unsigned line, const char *fmt, ...)
{
	char *text = NULL, *whole = NULL;
	struct note note;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) == -1)
		text = NULL;
	va_end(ap);
	if (text == NULL || file == NULL)
		whole = text;
	else if (asprintf(&whole, "%s:%u: %s", file, line, text) == -1)
		whole = NULL;
	if (whole != text)
		free(text);
	note = (struct note){kind, whole};
	if (whole != NULL && note_has(notes, &note)) {
		free(whole);
		return;
	}
	if (kind == NOTE_ERROR)
		notes->errors++;
	if (whole != NULL && notes->n < NOTES_MAX)
		notes->v[notes->n++] = note;
	else
		free(whole);
}

int
note_has(const struct notes *notes, const struct note *note)
{
	for (size_t i = 0; i < notes->n; i++)
		if (notes->v[i].kind == note->kind &&
		    strcmp(notes->v[i].text, note->text) == 0)
			return 1;
	return 0;
}

void
note_done(struct notes *notes)
{
	for (size_t i = 0; i < notes->n; i++)
		free(notes->v[i].text);
	memset(notes, 0, sizeof(*notes));
}
