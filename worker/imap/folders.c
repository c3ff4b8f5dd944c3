/*
 * Names from three sources (folders, subscriptions, the levels above both) are
 * sorted with the separator as the lowest byte, merged, and then related to
 * each other in one pass with the line of ancestors at hand. RFC 3501 6.3.8,
 * RFC 3348, RFC 5258, RFC 6154.
 */
#include "worker/imap/folders.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "worker/imap/namespace.h"

#define ANCESTORS_MAX 512 /* levels that a name of a wire line can have */

static const struct {
	uint32_t bit;
	const char *name;
} uses[] = {
    {MAILDIR_USE_ALL, "\\All"},
    {MAILDIR_USE_ARCHIVE, "\\Archive"},
    {MAILDIR_USE_DRAFTS, "\\Drafts"},
    {MAILDIR_USE_FLAGGED, "\\Flagged"},
    {MAILDIR_USE_JUNK, "\\Junk"},
    {MAILDIR_USE_SENT, "\\Sent"},
    {MAILDIR_USE_TRASH, "\\Trash"},
};

struct gather {
	struct session *s;
	struct folders_entry *entries;
	size_t n, room;
};

static int reserve(struct gather *, size_t);
static int add_folders(struct gather *);
static int add_subscriptions(struct gather *);
static int add_name(
    struct gather *, const char *, const char *, struct folders_entry **);
static void merge(struct folders *);
static int compare(const void *, const void *);
static void apply_settings(struct session *, struct folders *);
static void claim(struct folders *, const char *, uint32_t);
static bool is_below(
    const struct folders_entry *, const struct folders_entry *);

int
folders_gather(struct session *s, struct folders *out)
{
	struct gather g = {.s = s};

	if (add_folders(&g) == -1 || add_subscriptions(&g) == -1) {
		free(g.entries);
		return -1;
	}
	out->entries = arena_array(s->arena, g.n, sizeof(*g.entries));
	out->n = g.n;
	if (out->entries != NULL && g.n > 0)
		memcpy(out->entries, g.entries, g.n * sizeof(*g.entries));
	free(g.entries);
	if (out->entries == NULL) {
		errno = ENOMEM;
		return -1;
	}
	merge(out);
	apply_settings(s, out);
	return 0;
}

void
folders_relate(struct folders *f)
{
	struct folders_entry *above[ANCESTORS_MAX], *e;
	size_t depth = 0, i, k;

	for (i = 0; i < f->n; i++) {
		e = &f->entries[i];
		while (depth > 0 && !is_below(e, above[depth - 1]))
			depth--;
		for (k = 0; k < depth; k++) {
			above[k]->children |= e->folder != NULL;
			above[k]->below_hidden |= e->subscribed && !e->match;
		}
		if (depth < ANCESTORS_MAX)
			above[depth++] = e;
	}
}

const char *
folders_use_name(uint32_t bit)
{
	size_t i;

	for (i = 0; i < sizeof(uses) / sizeof(uses[0]); i++)
		if (uses[i].bit == bit)
			return uses[i].name;
	return NULL;
}

/* Heap while it grows: an arena would keep every size it had. */
static int
reserve(struct gather *g, size_t n)
{
	struct folders_entry *p;
	size_t room = g->room < 64 ? 64 : g->room;

	if (g->n + n <= g->room)
		return 0;
	while (room < g->n + n)
		room *= 2;
	p = reallocarray(g->entries, room, sizeof(*p));
	if (p == NULL)
		return -1;
	g->entries = p;
	g->room = room;
	return 0;
}

static int
add_folders(struct gather *g)
{
	char name[SESSION_MAX_NAME];
	const struct folder_info *list;
	struct folders_entry *e;
	ssize_t i, n;

	n = maildir_list(g->s->maildir, &list);
	for (i = 0; i < n; i++) {
		if (namespace_name(
			g->s->set, list[i].name, name, sizeof(name)) == -1)
			continue;
		if (add_name(g, name, list[i].name, &e) == -1)
			return -1;
		e->use = list[i].use;
	}
	return n == -1 ? -1 : 0;
}

/* Lines of other namespaces are kept and not shown. */
static int
add_subscriptions(struct gather *g)
{
	char folder[SESSION_MAX_NAME], name[SESSION_MAX_NAME];
	const char *const *lines;
	struct folders_entry *e;
	ssize_t i, n;

	n = maildir_subscriptions(g->s->maildir, &lines);
	for (i = 0; i < n; i++) {
		if (namespace_of_line(lines[i], folder, sizeof(folder)) == -1 ||
		    namespace_name(g->s->set, folder, name, sizeof(name)) == -1)
			continue;
		if (add_name(g, name, NULL, &e) == -1)
			return -1;
		e->subscribed = true;
	}
	return n == -1 ? -1 : 0;
}

/* Adds a name and the levels above it, which share its bytes. */
static int
add_name(struct gather *g, const char *name, const char *folder,
    struct folders_entry **out)
{
	struct folders_entry *e;
	size_t n = strlen(name), i, levels = 1;
	const char *copy, *kept = NULL;

	for (i = 1; i + 1 < n; i++)
		levels += name[i] == '.';
	copy = arena_text(g->s->arena, name, n);
	if (folder != NULL)
		kept = arena_text(g->s->arena, folder, strlen(folder));
	if (copy == NULL || (folder != NULL && kept == NULL) ||
	    reserve(g, levels) == -1) {
		errno = ENOMEM;
		return -1;
	}
	for (i = 1; i + 1 < n; i++)
		if (name[i] == '.')
			g->entries[g->n++] =
			    (struct folders_entry){.name = copy, .n = i};
	e = &g->entries[g->n++];
	*e = (struct folders_entry){.name = copy, .n = n, .folder = kept};
	*out = e;
	return 0;
}

static void
merge(struct folders *f)
{
	struct folders_entry *last, *e;
	size_t i, n = 0;

	if (f->n == 0)
		return;
	qsort(f->entries, f->n, sizeof(*f->entries), compare);
	for (i = 1; i < f->n; i++) {
		last = &f->entries[n];
		e = &f->entries[i];
		if (compare(last, e) != 0) {
			f->entries[++n] = *e;
			continue;
		}
		if (last->folder == NULL)
			last->folder = e->folder;
		last->use |= e->use;
		last->subscribed |= e->subscribed;
	}
	f->n = n + 1;
}

/* "a", "a.b", "a-b": what is below a name comes right after it. */
static int
compare(const void *va, const void *vb)
{
	const struct folders_entry *a = va, *b = vb;
	size_t i, n = a->n < b->n ? a->n : b->n;

	for (i = 0; i < n; i++) {
		int x = a->name[i] == '.' ? -1 : (unsigned char)a->name[i];
		int y = b->name[i] == '.' ? -1 : (unsigned char)b->name[i];

		if (x != y)
			return x - y;
	}
	return (a->n > b->n) - (a->n < b->n);
}

/*
 * "Sent=\Sent Drafts=\Drafts": for each use that no folder was created for,
 * the folder of that name has it, if there is one.
 */
static void
apply_settings(struct session *s, struct folders *f)
{
	const char *p = s->set->special_use, *eq, *end;
	char folder[SESSION_MAX_NAME];
	uint32_t taken = 0;
	size_t i;

	for (i = 0; i < f->n; i++)
		taken |= f->entries[i].use;
	for (; *p != '\0'; p = end) {
		p += strspn(p, " \t");
		end = p + strcspn(p, " \t");
		eq = memchr(p, '=', (size_t)(end - p));
		if (eq == NULL || (size_t)(eq - p) >= sizeof(folder))
			continue;
		memcpy(folder, p, (size_t)(eq - p));
		folder[eq - p] = '\0';
		for (i = 0; i < sizeof(uses) / sizeof(uses[0]); i++)
			if ((taken & uses[i].bit) == 0 &&
			    strlen(uses[i].name) == (size_t)(end - eq - 1) &&
			    strncasecmp(eq + 1, uses[i].name,
				(size_t)(end - eq - 1)) == 0)
				claim(f, folder, uses[i].bit);
	}
}

static void
claim(struct folders *f, const char *folder, uint32_t bit)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (f->entries[i].folder != NULL &&
		    strcmp(f->entries[i].folder, folder) == 0)
			f->entries[i].use |= bit;
}

static bool
is_below(const struct folders_entry *e, const struct folders_entry *above)
{
	return e->n > above->n && e->name[above->n] == '.' &&
	       memcmp(e->name, above->name, above->n) == 0;
}
