/*
 * courierimapuiddb, whatever is in it: UIDs that are read rise and lie below
 * the next one, and what is added gets UIDs above all that, there again when it
 * is read anew.
 */
#include "maildir/uidlist.h"
#include "t/fuzz/world.h"

static void
check(const struct uidlist *list, const struct uidlines *lines)
{
	size_t i;

	for (i = 0; i < lines->n; i++) {
		MUST(lines->v[i].uid > (i == 0 ? 0 : lines->v[i - 1].uid));
		MUST(lines->v[i].uid < list->next);
		MUST(lines->v[i].uid <= list->max);
		MUST(lines->v[i].len > 0);
		MUST(memchr(lines->v[i].name, '/', lines->v[i].len) == NULL);
	}
}

static void
add(struct uidlist *list)
{
	struct uidline line = {.name = "added", .len = 5};
	struct uidlines again = {0};
	struct uidlist other;
	uint32_t next = list->next;
	size_t i;

	if (uidlist_append(list, &line, 1) == -1)
		return;
	MUST(line.uid >= next);
	uidlist_init(&other, world());
	MUST(uidlist_read(&other, &again) == 0);
	MUST(other.uidvalidity == list->uidvalidity && other.next > line.uid);
	check(&other, &again);
	for (i = 0; i < again.n && again.v[i].uid != line.uid; i++)
		;
	MUST(i < again.n && again.v[i].len == 5);
	uidlines_free(&again);
	uidlist_done(&other);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct uidlines lines = {0};
	struct uidlist list;

	world_put(UIDLIST_FILE, data, size);
	uidlist_init(&list, world());
	if (uidlist_read(&list, &lines) == 0) {
		check(&list, &lines);
		if (list.uidvalidity != 0 && !list.broken && list.fixed)
			add(&list);
	}
	uidlines_free(&lines);
	uidlist_done(&list);
	return 0;
}
