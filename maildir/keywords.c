/*
 * Keywords in memory: a short list of names, and sets of them that are stored
 * once however many messages have them.
 */
#include "maildir/keywords.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "maildir/maildir.h"

#define NAMES_LIMIT 65535 /* numbers are 16 bits */

static bool is_keyword_byte(unsigned char);
static int add_name(struct keywords *, const char *, size_t);
static int by_number(const void *, const void *);
static uint64_t hash_of(const uint16_t *, size_t);
static int grow_table(struct keywords *);
static uint32_t add_set(struct keywords *, const uint16_t *, size_t);

int
keywords_init(struct keywords *k)
{
	memset(k, 0, sizeof(*k));
	if (keywords_set(k, NULL, 0) != 0) {
		keywords_done(k);
		return -1;
	}
	return 0;
}

void
keywords_done(struct keywords *k)
{
	size_t i;

	for (i = 0; i < k->nnames; i++)
		free(k->names[i]);
	free(k->names);
	free(k->members);
	free(k->sets);
	free(k->table);
	memset(k, 0, sizeof(*k));
}

int
keywords_number(struct keywords *k, const char *name, size_t len, bool limited)
{
	size_t i;

	for (i = 0; i < k->nnames; i++)
		/* a name from a file may have a NUL in it */
		if (strncasecmp(k->names[i], name, len) == 0 &&
		    strlen(k->names[i]) == len)
			return (int)i;
	errno = 0;
	if (limited && len > MAILDIR_KEYWORD_LEN)
		errno = ENAMETOOLONG;
	else if (limited && k->nnames >= MAILDIR_KEYWORDS_MAX)
		errno = EMLINK;
	else if (len == 0)
		errno = EINVAL;
	else if (k->nnames >= NAMES_LIMIT)
		errno = EMLINK;
	for (i = 0; limited && errno == 0 && i < len; i++)
		if (!is_keyword_byte((unsigned char)name[i]))
			errno = EINVAL;
	return errno != 0 ? -1 : add_name(k, name, len);
}

/* COURIER 3.4: anything but these may be in a keyword. */
static bool
is_keyword_byte(unsigned char c)
{
	return c > ' ' && c != 127 && strchr("(){%*\"\\]", c) == NULL;
}

static int
add_name(struct keywords *k, const char *name, size_t len)
{
	char **names, *copy;
	size_t i;

	names = reallocarray(k->names, k->nnames + 1, sizeof(*names));
	if (names == NULL)
		return -1;
	k->names = names;
	if ((copy = malloc(len + 1)) == NULL)
		return -1;
	for (i = 0; i < len; i++)
		copy[i] =
		    is_keyword_byte((unsigned char)name[i]) ? name[i] : '_';
	copy[len] = '\0';
	/* What was replaced may have made it one that is there. */
	for (i = 0; i < k->nnames; i++)
		if (strcasecmp(names[i], copy) == 0) {
			free(copy);
			return (int)i;
		}
	names[k->nnames] = copy;
	return (int)k->nnames++;
}

uint32_t
keywords_set(struct keywords *k, uint16_t *v, size_t n)
{
	const struct kwset *set;
	size_t i, m, at;

	if (n > 1)
		qsort(v, n, sizeof(*v), by_number);
	for (i = m = 0; i < n; i++)
		if (m == 0 || v[i] != v[m - 1])
			v[m++] = v[i];
	if (k->nsets * 2 >= k->table_size && grow_table(k) == -1)
		return UINT32_MAX;
	at = (size_t)hash_of(v, m) & (k->table_size - 1);
	for (; k->table[at] != 0; at = (at + 1) & (k->table_size - 1)) {
		set = &k->sets[k->table[at] - 1];
		if (set->n == m && (m == 0 || memcmp(k->members + set->first, v,
						  m * sizeof(*v)) == 0))
			return k->table[at] - 1;
	}
	if (add_set(k, v, m) == UINT32_MAX)
		return UINT32_MAX;
	k->table[at] = (uint32_t)k->nsets;
	return (uint32_t)k->nsets - 1;
}

static int
by_number(const void *a, const void *b)
{
	const uint16_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static uint64_t
hash_of(const uint16_t *v, size_t n)
{
	uint64_t h = 14695981039346656037ull;
	size_t i;

	for (i = 0; i < n; i++) {
		h = (h ^ v[i]) * 1099511628211ull;
		h ^= h >> 29;
	}
	return h;
}

static int
grow_table(struct keywords *k)
{
	size_t i, at, size = k->table_size == 0 ? 64 : k->table_size * 2;
	uint32_t *table;

	if ((table = calloc(size, sizeof(*table))) == NULL)
		return -1;
	for (i = 0; i < k->nsets; i++) {
		at = (size_t)hash_of(
			 k->members + k->sets[i].first, k->sets[i].n) &
		     (size - 1);
		while (table[at] != 0)
			at = (at + 1) & (size - 1);
		table[at] = (uint32_t)i + 1;
	}
	free(k->table);
	k->table = table;
	k->table_size = size;
	return 0;
}

static uint32_t
add_set(struct keywords *k, const uint16_t *v, size_t n)
{
	size_t room;
	void *p;

	if (k->nsets == k->sets_room) {
		room = k->sets_room == 0 ? 16 : k->sets_room * 2;
		p = reallocarray(k->sets, room, sizeof(*k->sets));
		if (p == NULL)
			return UINT32_MAX;
		k->sets = p;
		k->sets_room = room;
	}
	if (k->nmembers + n > k->members_room || k->members == NULL) {
		room = (k->members_room + n + 8) * 2;
		p = reallocarray(k->members, room, sizeof(*v));
		if (p == NULL || room > UINT32_MAX)
			return UINT32_MAX;
		k->members = p;
		k->members_room = room;
	}
	k->sets[k->nsets].first = (uint32_t)k->nmembers;
	k->sets[k->nsets].n = (uint32_t)n;
	if (n > 0)
		memcpy(k->members + k->nmembers, v, n * sizeof(*v));
	k->nmembers += n;
	return (uint32_t)k->nsets++;
}

size_t
keywords_members(const struct keywords *k, uint32_t set, const uint16_t **out)
{
	if (set >= k->nsets) {
		*out = NULL;
		return 0;
	}
	*out = k->members + k->sets[set].first;
	return k->sets[set].n;
}

int
kwlines_add(struct kwlines *lines, const char *base, size_t len, uint32_t set)
{
	size_t room;
	void *p;

	if (lines->n == lines->room) {
		room = lines->room == 0 ? 16 : lines->room * 2;
		p = reallocarray(lines->v, room, sizeof(*lines->v));
		if (p == NULL)
			return -1;
		lines->v = p;
		lines->room = room;
	}
	lines->v[lines->n].base = base;
	lines->v[lines->n].len = len;
	lines->v[lines->n++].set = set;
	return 0;
}
