/*
 * The settings files: no text crashes the reader, all that is refused is told
 * with its line, and what is set reads the same when written back in quotes.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "master/conf.h"
#include "master/settings.h"

#define MUST(cond)                                                             \
	do {                                                                   \
		if (!(cond))                                                   \
			abort();                                               \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Writes an entry so that the grammar gives the same value again. */
static void
write_back(const struct conf_entry *e, FILE *f)
{
	fprintf(f, "%s='", e->name);
	for (const char *p = e->value; *p != '\0'; p++)
		if (*p == '\'')
			fputs("'\\''", f);
		else
			fputc(*p, f);
	fputs("'\n", f);
}

static void
round_trip(const struct conf *conf)
{
	struct notes notes = {.n = 0};
	struct conf *again = conf_new(&notes);
	const struct conf_entry *e, *same;
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	MUST(again != NULL && f != NULL);
	for (size_t i = 0; (e = conf_at(conf, i)) != NULL; i++)
		write_back(e, f);
	fclose(f);
	conf_parse(again, "again", text, len);
	MUST(notes.errors == 0);
	for (size_t i = 0; (e = conf_at(conf, i)) != NULL; i++) {
		same = conf_find(again, e->name);
		MUST(same != NULL && strcmp(same->value, e->value) == 0);
	}
	free(text);
	conf_free(again);
	note_done(&notes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct settings set;
	struct notes notes = {.n = 0};
	struct conf *conf = conf_new(&notes);
	const struct conf *const views[2] = {conf, conf};

	MUST(conf != NULL);
	conf_parse(conf, "f", (const char *)data, size);
	for (size_t i = 0; i < notes.n; i++)
		MUST(strncmp(notes.v[i].text, "f:", 2) == 0);
	round_trip(conf);
	(void)settings_apply(views, "/etc/imapd", &set, &notes);
	conf_free(conf);
	note_done(&notes);
	return 0;
}
