/*
 * Good logins of the last 30 days. Each pair has KNOWN_WAYS neighbouring places
 * to lie in; one that is too old makes way first.
 */
#include "auth/known.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

struct place {
	uint64_t id;
	uint64_t until; /* s; 0: empty */
};

struct known {
	uint32_t mask;
	struct place place[];
};

static uint64_t mix(uint64_t, uint64_t);
static size_t first_place(const struct known *, uint64_t);

struct known *
known_new(uint32_t entries)
{
	struct known *k;

	assert(entries >= KNOWN_WAYS && (entries & (entries - 1)) == 0);
	k = calloc(1, sizeof(*k) + entries * sizeof(k->place[0]));
	if (k != NULL)
		k->mask = entries - 1;
	return k;
}

void
known_free(struct known *k)
{
	free(k);
}

void
known_good(struct known *k, uint64_t name, uint64_t address, uint64_t now_s)
{
	uint64_t id = mix(name, address);
	struct place *place = &k->place[first_place(k, id)];
	struct place *best = place;

	for (unsigned i = 0; i < KNOWN_WAYS; i++) {
		if (place[i].id == id && place[i].until != 0) {
			best = &place[i];
			break;
		}
		if (place[i].until < best->until)
			best = &place[i];
	}
	*best = (struct place){id, now_s + KNOWN_S};
}

bool
known_is(const struct known *k, uint64_t name, uint64_t address, uint64_t now_s)
{
	uint64_t id = mix(name, address);
	const struct place *place = &k->place[first_place(k, id)];

	for (unsigned i = 0; i < KNOWN_WAYS; i++)
		if (place[i].id == id && place[i].until != 0)
			return now_s <= place[i].until;
	return false;
}

/* Both are secret hashes already; order must count, and all bits. */
static uint64_t
mix(uint64_t a, uint64_t b)
{
	uint64_t v = a * UINT64_C(0x9e3779b97f4a7c15) + b;

	v = (v ^ v >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	v = (v ^ v >> 27) * UINT64_C(0x94d049bb133111eb);
	return v ^ v >> 31;
}

static size_t
first_place(const struct known *k, uint64_t id)
{
	return (size_t)id & k->mask & ~(size_t)(KNOWN_WAYS - 1);
}
