/*
 * Pacing of failed logins. A source is a 64-bit keyed hash (SipHash-2-4), so
 * the table holds no name and a stranger cannot aim at another's place. Each
 * has PACE_WAYS neighbouring places to lie in; a failure fades every
 * PACE_DECAY_MS.
 */
#include "auth/pace.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct place {
	uint64_t id;
	uint64_t since; /* ms: the level was true then */
	uint32_t level; /* 0: empty */
};

struct pace {
	uint64_t key[2];
	uint32_t mask;
	struct place place[];
};

static uint64_t siphash(const uint64_t[2], const uint8_t *, size_t);
static void sip_round(uint64_t v[4]);
static uint64_t load64(const uint8_t *, size_t);
static unsigned faded(const struct place *, uint64_t);
static uint32_t first_place(const struct pace *, uint64_t);

struct pace *
pace_new(uint32_t entries, const uint64_t key[2])
{
	struct pace *p;

	assert(entries >= PACE_WAYS && (entries & (entries - 1)) == 0);
	p = calloc(1, sizeof(*p) + entries * sizeof(p->place[0]));
	if (p == NULL)
		return NULL;
	memcpy(p->key, key, sizeof(p->key));
	p->mask = entries - 1;
	return p;
}

void
pace_free(struct pace *p)
{
	free(p);
}

uint64_t
pace_id_address(const struct pace *p, const uint8_t address[16], unsigned bits)
{
	uint8_t cut[17] = {0};
	unsigned i;

	assert(bits <= 128);
	for (i = 0; i < bits / 8; i++)
		cut[i] = address[i];
	if (bits % 8 != 0)
		cut[i] = (uint8_t)(address[i] & (0xff00u >> (bits % 8)));
	cut[16] = (uint8_t)bits;
	return siphash(p->key, cut, sizeof(cut));
}

uint64_t
pace_id_name(const struct pace *p, const char *name)
{
	return siphash(p->key, (const uint8_t *)name, strlen(name));
}

/* SipHash-2-4 (Aumasson, Bernstein): 64 bits of n bytes under a key. */
static uint64_t
siphash(const uint64_t key[2], const uint8_t *p, size_t n)
{
	uint64_t v[4] = {key[0] ^ 0x736f6d6570736575u,
	    key[1] ^ 0x646f72616e646f6du, key[0] ^ 0x6c7967656e657261u,
	    key[1] ^ 0x7465646279746573u};
	uint64_t m;
	size_t i;

	for (i = 0; i + 8 <= n; i += 8) {
		m = load64(p + i, 8);
		v[3] ^= m;
		sip_round(v);
		sip_round(v);
		v[0] ^= m;
	}
	m = load64(p + i, n - i) | (uint64_t)n << 56;
	v[3] ^= m;
	sip_round(v);
	sip_round(v);
	v[0] ^= m;
	v[2] ^= 0xff;
	for (i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = (v[1] << 13 | v[1] >> 51) ^ v[0];
	v[0] = v[0] << 32 | v[0] >> 32;
	v[2] += v[3];
	v[3] = (v[3] << 16 | v[3] >> 48) ^ v[2];
	v[0] += v[3];
	v[3] = (v[3] << 21 | v[3] >> 43) ^ v[0];
	v[2] += v[1];
	v[1] = (v[1] << 17 | v[1] >> 47) ^ v[2];
	v[2] = v[2] << 32 | v[2] >> 32;
}

static uint64_t
load64(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

unsigned
pace_level(const struct pace *p, uint64_t id, uint64_t now_ms)
{
	const struct place *place = &p->place[first_place(p, id)];

	for (unsigned i = 0; i < PACE_WAYS; i++)
		if (place[i].id == id && place[i].level != 0)
			return faded(&place[i], now_ms);
	return 0;
}

static uint32_t
first_place(const struct pace *p, uint64_t id)
{
	return (uint32_t)id & p->mask & ~(PACE_WAYS - 1);
}

/* The level of a place as of now. */
static unsigned
faded(const struct place *place, uint64_t now_ms)
{
	uint64_t gone;

	if (now_ms <= place->since)
		return place->level;
	gone = (now_ms - place->since) / PACE_DECAY_MS;
	return gone < place->level ? place->level - (unsigned)gone : 0;
}

void
pace_fail(struct pace *p, uint64_t id, uint64_t now_ms)
{
	struct place *place = &p->place[first_place(p, id)];
	struct place *best = place;
	unsigned level;

	for (unsigned i = 0; i < PACE_WAYS; i++) {
		if (place[i].id == id && place[i].level != 0) {
			best = &place[i];
			break;
		}
		if (faded(&place[i], now_ms) < faded(best, now_ms))
			best = &place[i];
	}
	level = best->id == id ? faded(best, now_ms) : 0;
	if (level == 0) {
		*best = (struct place){id, now_ms, 1};
		return;
	}
	/* Keep the begun interval, else steady failures would never fade. */
	if (now_ms > best->since)
		best->since = now_ms - (now_ms - best->since) % PACE_DECAY_MS;
	best->level = level < PACE_LEVEL_MAX ? level + 1 : PACE_LEVEL_MAX;
}

uint32_t
pace_delay(unsigned level, uint32_t floor_ms)
{
	uint64_t ms = floor_ms + (uint64_t)floor_ms * level / 2;
	uint64_t most = (uint64_t)floor_ms * 15 / 2;

	if (ms > most)
		ms = most;
	return ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}
