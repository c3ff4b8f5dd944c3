/*
 * Sorting. A message is a row of 64-bit values, one for each criterion: a
 * number, or where its text is. Most comparisons are decided by the first 64
 * bits of the first criterion, which stand in the item itself.
 */
#include "worker/imap/sort.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "worker/imap/buf.h"

#define TEXTS_MAX (512u << 20) /* bytes of all texts */
#define LENGTH    13           /* bits: KEYS_TEXT_MAX and all below it */

_Static_assert(KEYS_TEXT_MAX < 1 << LENGTH, "a text's length has its bits");

struct sort_item {
	uint64_t prefix;
	uint32_t i, seq; /* its row, in the order of seq */
};

struct sort {
	const struct parse_sort *request;
	struct sort_item *items;
	uint64_t *rows;
	size_t n, room;
	struct buf texts;
};

static enum keys_text text_of(enum parse_sort_key);
static uint64_t number_of(enum parse_sort_key, const struct keys *);
static uint64_t prefix_of(const struct mime_text *);
static int reserve(struct sort *);
static int compare(const void *, const void *, void *);
static int compare_value(
    const struct sort *, enum parse_sort_key, uint64_t, uint64_t);

struct sort *
sort_new(const struct parse_sort *request)
{
	struct sort *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->request = request;
	buf_init(&s->texts, TEXTS_MAX);
	return s;
}

void
sort_free(struct sort *s)
{
	if (s == NULL)
		return;
	buf_done(&s->texts);
	free(s->items);
	free(s->rows);
	free(s);
}

unsigned
sort_wants(const struct parse_sort *request)
{
	enum parse_sort_key key;
	unsigned want = 0;
	size_t i;

	for (i = 0; i < request->n; i++) {
		key = request->criteria[i].key;
		if (key == PARSE_SORT_ARRIVAL)
			want |= KEYS_ARRIVAL;
		else if (key == PARSE_SORT_DATE)
			want |= KEYS_SENT;
		else if (key == PARSE_SORT_SIZE)
			want |= KEYS_SIZE;
		else
			want |= 1u << text_of(key);
	}
	return want;
}

int
sort_add(struct sort *s, uint32_t seq, const struct keys *k)
{
	const struct parse_sort *r = s->request;
	struct sort_item item = {0, (uint32_t)s->n, seq};
	uint64_t *row;
	size_t i;

	if (reserve(s) == -1)
		return -1;
	row = s->rows + s->n * r->n;
	for (i = 0; i < r->n; i++) {
		enum keys_text text = text_of(r->criteria[i].key);

		if (text == KEYS_TEXTS) {
			row[i] = number_of(r->criteria[i].key, k);
		} else {
			row[i] =
			    (uint64_t)s->texts.n << LENGTH | k->text[text].n;
			buf_bytes(&s->texts, k->text[text].p, k->text[text].n);
		}
		if (i == 0)
			item.prefix = text == KEYS_TEXTS
					  ? row[0]
					  : prefix_of(&k->text[text]);
	}
	if (s->texts.failed)
		return -1;
	if (r->criteria[0].reverse)
		item.prefix = ~item.prefix;
	s->items[s->n++] = item;
	return 0;
}

size_t
sort_finish(struct sort *s, uint32_t *seqs)
{
	size_t i;

	if (s->n > 0)
		qsort_r(s->items, s->n, sizeof(*s->items), compare, s);
	for (i = 0; i < s->n; i++)
		seqs[i] = s->items[i].seq;
	return s->n;
}

/* KEYS_TEXTS: it is a number. */
static enum keys_text
text_of(enum parse_sort_key key)
{
	switch (key) {
	case PARSE_SORT_CC:
		return KEYS_CC;
	case PARSE_SORT_DISPLAYFROM:
		return KEYS_DISPLAYFROM;
	case PARSE_SORT_DISPLAYTO:
		return KEYS_DISPLAYTO;
	case PARSE_SORT_FROM:
		return KEYS_FROM;
	case PARSE_SORT_SUBJECT:
		return KEYS_SUBJECT;
	case PARSE_SORT_TO:
		return KEYS_TO;
	case PARSE_SORT_ARRIVAL:
	case PARSE_SORT_DATE:
	case PARSE_SORT_SIZE:
	case PARSE_SORT_KEYS:
		break;
	}
	return KEYS_TEXTS;
}

/* Dates before 1970 come before those after it. */
static uint64_t
number_of(enum parse_sort_key key, const struct keys *k)
{
	int64_t date = key == PARSE_SORT_DATE ? k->sent : k->arrival;

	return key == PARSE_SORT_SIZE ? k->size
				      : (uint64_t)date ^ UINT64_C(1) << 63;
}

/* Compares as the first bytes do. */
static uint64_t
prefix_of(const struct mime_text *t)
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < sizeof(v); i++)
		v = v << 8 | (i < t->n ? (unsigned char)t->p[i] : 0);
	return v;
}

static int
reserve(struct sort *s)
{
	size_t room = s->room == 0 ? 256 : 2 * s->room;
	struct sort_item *items;
	uint64_t *rows;

	if (s->n < s->room)
		return 0;
	items = reallocarray(s->items, room, sizeof(*items));
	if (items == NULL)
		return -1;
	s->items = items;
	rows = reallocarray(s->rows, room, s->request->n * sizeof(*rows));
	if (rows == NULL)
		return -1;
	s->rows = rows;
	s->room = room;
	return 0;
}

static int
compare(const void *a, const void *b, void *arg)
{
	const struct sort_item *x = a, *y = b;
	const struct sort *s = arg;
	const struct parse_sort *r = s->request;
	size_t i;
	int c;

	if (x->prefix != y->prefix)
		return x->prefix < y->prefix ? -1 : 1;
	for (i = 0; i < r->n; i++) {
		c = compare_value(s, r->criteria[i].key,
		    s->rows[x->i * r->n + i], s->rows[y->i * r->n + i]);
		if (c != 0)
			return r->criteria[i].reverse ? -c : c;
	}
	/* REVERSE leaves the order of sequence numbers as it is. */
	return x->i < y->i ? -1 : x->i > y->i;
}

static int
compare_value(
    const struct sort *s, enum parse_sort_key key, uint64_t x, uint64_t y)
{
	const uint64_t mask = (UINT64_C(1) << LENGTH) - 1;
	size_t nx = x & mask, ny = y & mask, n = nx < ny ? nx : ny;
	int c;

	if (text_of(key) == KEYS_TEXTS)
		return x < y ? -1 : x > y;
	c = n == 0 ? 0
		   : memcmp(s->texts.p + (x >> LENGTH),
			 s->texts.p + (y >> LENGTH), n);
	if (c != 0)
		return c < 0 ? -1 : 1;
	return nx < ny ? -1 : nx > ny;
}
