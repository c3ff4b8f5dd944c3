/*
 * Our own small files in corkboard/, which belong to the user: special uses and
 * a RENAME's intent. What is understood is printed and understood again. The
 * first byte says which.
 */
#include "maildir/folder_intent.h"
#include "maildir/name.h"
#include "maildir/special.h"
#include "t/fuzz/world.h"

static void
specials(const char *text, size_t n)
{
	struct special s = {0}, again = {0};
	char *printed;
	size_t len, i;

	if (special_parse(&s, text, n) == -1)
		return;
	printed = special_print(&s, &len);
	MUST(printed != NULL && special_parse(&again, printed, len) == 0);
	MUST(again.n == s.n);
	for (i = 0; i < s.n; i++) {
		MUST(s.lines[i].use != 0 &&
		     (s.lines[i].use & ~SPECIAL_ALL_USES) == 0);
		MUST(special_get(&again, s.lines[i].folder) == s.lines[i].use);
	}
	free(printed);
	special_done(&s);
	special_done(&again);
}

static void
intents(const char *text, size_t n)
{
	struct intent in, again;
	char *printed;
	size_t len, i;

	if (intent_parse(&in, text, n) == -1)
		return;
	printed = intent_print(&in, &len);
	MUST(printed != NULL && intent_parse(&again, printed, len) == 0);
	MUST(again.n == in.n);
	for (i = 0; i < in.n; i++) {
		MUST(in.moves[i].ino == again.moves[i].ino);
		MUST(strcmp(in.moves[i].to, again.moves[i].to) == 0);
		MUST(strchr(in.moves[i].to, '/') == NULL);
		MUST(strchr(in.moves[i].from, '/') == NULL);
	}
	free(printed);
	intent_done(&in);
	intent_done(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size == 0)
		return 0;
	text = malloc(size);
	MUST(text != NULL);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	if (data[0] == 's')
		specials(text, size - 1);
	else
		intents(text, size - 1);
	free(text);
	return 0;
}
