/*
 * LIST patterns by bit-parallel dynamic programming. State i is alive when the
 * bytes so far match the first i tokens. Neighbouring wildcards are merged, so
 * a wildcard is stepped over at most once per byte.
 */
#include "worker/imap/match.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#define SEPARATOR '.'
#define STATES    (2 * MATCH_LITERAL_MAX + 2) /* between any two a wildcard */
#define WORDS     ((STATES + 63) / 64)

struct set {
	uint64_t w[WORDS];
};

struct match {
	bool hopeless; /* more literal bytes than a name can have */
	size_t ntokens;
	size_t words; /* of a set that are in use */
	struct set literal[256];
	struct set any;   /* "*" */
	struct set level; /* "%" */
};

static void add_literal(struct match *, unsigned char, size_t *);
static void add_wildcard(struct match *, char);
static bool has(const struct set *, size_t);
static void put(struct set *, size_t);
static void step(const struct match *, struct set *, unsigned char, bool);
static void slip(const struct match *, struct set *);

struct match *
match_new(struct arena *a, const char *reference, const char *pattern)
{
	const char *const parts[2] = {reference, pattern};
	struct match *m;
	size_t literals = 0, i;
	const char *p;

	m = arena_alloc(a, sizeof(*m));
	if (m == NULL)
		return NULL;
	for (i = 0; i < 2; i++)
		for (p = parts[i]; *p != '\0' && !m->hopeless; p++) {
			if (*p == '*' || *p == '%')
				add_wildcard(m, *p);
			else
				add_literal(m, (unsigned char)*p, &literals);
		}
	m->words = m->ntokens / 64 + 1;
	return m;
}

bool
match_name(const struct match *m, const char *name, size_t n)
{
	struct set alive = {{1}};
	bool inbox;
	size_t i;

	if (m->hopeless)
		return false;
	inbox = n >= 5 && strncasecmp(name, "INBOX", 5) == 0 &&
		(n == 5 || name[5] == SEPARATOR);
	slip(m, &alive);
	for (i = 0; i < n; i++)
		step(m, &alive, (unsigned char)name[i], inbox && i < 5);
	return has(&alive, m->ntokens);
}

static void
add_literal(struct match *m, unsigned char c, size_t *literals)
{
	if (++*literals > MATCH_LITERAL_MAX) {
		m->hopeless = true;
		return;
	}
	put(&m->literal[c], m->ntokens++);
}

/* "**" is "*", "%%" is "%", and a "*" beside a "%" swallows it. */
static void
add_wildcard(struct match *m, char c)
{
	size_t last = m->ntokens - 1;

	if (m->ntokens > 0 && has(&m->any, last))
		return;
	if (m->ntokens > 0 && has(&m->level, last)) {
		if (c == '*') {
			m->level.w[last / 64] &= ~(UINT64_C(1) << last % 64);
			put(&m->any, last);
		}
		return;
	}
	put(c == '*' ? &m->any : &m->level, m->ntokens++);
}

static bool
has(const struct set *s, size_t i)
{
	return (s->w[i / 64] >> i % 64 & 1) != 0;
}

static void
put(struct set *s, size_t i)
{
	s->w[i / 64] |= UINT64_C(1) << i % 64;
}

/* One byte of the name: literals advance, wildcards stay where they are. */
static void
step(const struct match *m, struct set *s, unsigned char c, bool fold)
{
	const struct set *lower = &m->literal[c], *upper = lower;
	uint64_t carry = 0, moved, stay;
	size_t i;

	if (fold) {
		lower = &m->literal[c | 0x20];
		upper = &m->literal[c & ~0x20u];
	}
	for (i = 0; i < m->words; i++) {
		moved = s->w[i] & (lower->w[i] | upper->w[i]);
		stay = s->w[i] &
		       (m->any.w[i] | (c == SEPARATOR ? 0 : m->level.w[i]));
		s->w[i] = moved << 1 | carry | stay;
		carry = moved >> 63;
	}
	slip(m, s);
}

/* A wildcard may also match nothing. */
static void
slip(const struct match *m, struct set *s)
{
	uint64_t carry = 0, wild;
	size_t i;

	for (i = 0; i < m->words; i++) {
		wild = s->w[i] & (m->any.w[i] | m->level.w[i]);
		s->w[i] |= wild << 1 | carry;
		carry = wild >> 63;
	}
}
