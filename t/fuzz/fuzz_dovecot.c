/*
 * Dovecot's files in a Maildir that we are to serve: no text crashes what takes
 * them apart; UIDs rise and lie below the next one, names can be files' names;
 * a subscription can be looked for; a name that decodes is decoded for good.
 * The first byte says what the rest is.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "maildir/import_dovecot.h"
#include "maildir/name.h"
#include "maildir/name_utf7.h"

#define MUST(cond)                                                             \
	do {                                                                   \
		if (!(cond))                                                   \
			abort();                                               \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
uids(const char *text, size_t n)
{
	struct uidlines lines;
	uint32_t uidvalidity, next;
	size_t i;

	if (import_dovecot_uids(text, n, &uidvalidity, &next, &lines) == 1) {
		MUST(uidvalidity != 0 && next != 0 && next <= UIDLIST_LIMIT);
		for (i = 0; i < lines.n; i++) {
			MUST(
			    lines.v[i].uid > (i == 0 ? 0 : lines.v[i - 1].uid));
			MUST(lines.v[i].uid < next);
			MUST(lines.v[i].len > 0 && lines.v[i].len <= 255);
			MUST(lines.v[i].name >= text &&
			     lines.v[i].name + lines.v[i].len < text + n);
			MUST(memchr(lines.v[i].name, '/', lines.v[i].len) ==
			     NULL);
		}
	}
	free(lines.v);
}

static void
letters(const char *text, size_t n)
{
	int numbers[DOVECOT_LETTERS], i;
	struct keywords kw;

	MUST(keywords_init(&kw) == 0);
	MUST(import_dovecot_letters(&kw, text, n, numbers) == 0);
	for (i = 0; i < DOVECOT_LETTERS; i++)
		MUST(numbers[i] >= -1 && numbers[i] < (int)kw.nnames);
	keywords_done(&kw);
}

static void
names(const char *text, size_t n, bool version2)
{
	char name[NAME_DIR_MAX], out[2 * NAME_DIR_MAX];

	if (!import_dovecot_subscription(text, n, version2, name, sizeof(name)))
		return;
	MUST(name[0] != '\0' && name_check(name) == 0);
	if (name_is_unconverted(name, out, sizeof(out)))
		MUST(strlen(out) <= 2 * strlen(name));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;

	if (size == 0)
		return 0;
	switch (data[0]) {
	case 'u':
		uids(text, size - 1);
		break;
	case 'k':
		letters(text, size - 1);
		break;
	default:
		names(text, size - 1, data[0] == '2');
	}
	return 0;
}
