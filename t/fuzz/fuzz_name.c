/*
 * Names of folders, both kinds of UTF, and of message files: what may be
 * created may be looked for, a directory's name and its folder are each
 * other's, flags survive, and nothing is written beyond its room.
 */
#include "maildir/filename.h"
#include "maildir/maildir.h"
#include "maildir/name.h"
#include "maildir/name_utf7.h"
#include "t/fuzz/world.h"

static void
folder(const char *name)
{
	char dir[NAME_DIR_MAX], out[1024];
	const char *back;

	if (name_check_new(name) == 0) {
		MUST(name_check(name) == 0 && name_is_shown(name));
		MUST(strlen(name) <= MAILDIR_NAME_MAX);
	}
	if (name_check(name) == 0) {
		name_to_dir(dir, name);
		MUST(strchr(dir, '/') == NULL);
		back = name_of_dir(dir);
		MUST(
		    name[0] == '\0' || back == NULL || strcmp(back, name) == 0);
		if (name_is_unconverted(name, out, sizeof(out)))
			MUST(strlen(out) < sizeof(out));
	}
}

static void
file(const char *name)
{
	char out[FILENAME_MAX_LEN * 3];
	size_t base = filename_base(name, strlen(name));
	uint8_t flags = filename_flags(name + base);

	MUST(base <= strlen(name) && (flags & ~MESSAGE_FLAGS) == 0);
	(void)filename_number(name);
	if (filename_info(name + base, MESSAGE_SEEN, out, sizeof(out)) == 0) {
		MUST(filename_flags(out) == MESSAGE_SEEN);
		MUST(strlen(out) < sizeof(out));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[600], out[600];
	int n;

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	folder(text);
	file(text);
	n = name_decode(text, size, out, sizeof(out));
	if (n != -1)
		MUST((size_t)n == strlen(out));
	return 0;
}
