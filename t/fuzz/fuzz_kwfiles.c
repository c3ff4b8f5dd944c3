/*
 * Courier's keyword files: ":list" as a whole, an update file, and the names of
 * update files. The first byte says which. Sets hold numbers of names that are
 * there.
 */
#include "maildir/keywords.h"
#include "t/fuzz/world.h"

static void
check_set(const struct keywords *kw, uint32_t set)
{
	const uint16_t *v;
	size_t i, n;

	MUST(set < kw->nsets);
	n = keywords_members(kw, set, &v);
	for (i = 0; i < n; i++)
		MUST(v[i] < kw->nnames && (i == 0 || v[i] > v[i - 1]));
}

static int
take(void *arg, const struct kwline *line)
{
	const struct keywords *kw = arg;

	check_set(kw, line->set);
	MUST(line->len > 0 && memchr(line->base, '\n', line->len) == NULL);
	return 0;
}

static void
update_name(const uint8_t *data, size_t size)
{
	char name[300];
	const char *base;
	uint64_t age;

	if (size >= sizeof(name))
		return;
	memcpy(name, data, size);
	name[size] = '\0';
	if (keywords_update_name(name, &base, &age))
		MUST(base >= name && base <= name + strlen(name));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct keywords kw;
	char *text;
	uint32_t set;

	if (size == 0)
		return 0;
	MUST(keywords_init(&kw) == 0);
	switch (data[0]) {
	case 'l':
		text = malloc(size);
		MUST(text != NULL);
		memcpy(text, data + 1, size - 1);
		text[size - 1] = '\0';
		(void)keywords_list_parse(&kw, text, size - 1, take, &kw);
		free(text);
		break;
	case 'u':
		world_put("update", data + 1, size - 1);
		set = keywords_update_read(&kw, world(), "update");
		if (set != UINT32_MAX)
			check_set(&kw, set);
		break;
	default:
		update_name(data + 1, size - 1);
	}
	keywords_done(&kw);
	return 0;
}
