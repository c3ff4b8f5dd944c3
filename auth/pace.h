/*
 * Pacing of failed logins: how often a source (an address, an account) failed
 * lately, and how long a refusal waits for it. Pure arithmetic over a bounded
 * table; the time is passed in. Nobody is ever locked out by it: it delays
 * refusals only.
 */
#ifndef AUTH_PACE_H
#define AUTH_PACE_H

#include <stdint.h>

#include "shm/limits.h"

#define PACE_WAYS     4u     /* places that one source may take */
#define PACE_DECAY_MS 45000u /* one failure is forgotten after so long */

struct pace;

/*
 * A table of so many entries (a power of 2, at least PACE_WAYS), keyed with two
 * secret random numbers. NULL without memory. Ends with pace_free.
 */
struct pace *pace_new(uint32_t entries, const uint64_t key[2]);
void pace_free(struct pace *);

/* The id of an address of which the first bits (0 to 128) count. */
uint64_t pace_id_address(
    const struct pace *, const uint8_t address[16], unsigned bits);
/* The id of an account's name. */
uint64_t pace_id_name(const struct pace *, const char *name);

/* Failures of this source that are not forgotten, 0 to PACE_LEVEL_MAX. */
unsigned pace_level(const struct pace *, uint64_t id, uint64_t now_ms);
/*
 * One more failure. Where its places are all taken the source that failed
 * least is forgotten.
 */
void pace_fail(struct pace *, uint64_t id, uint64_t now_ms);

/*
 * How long after its question a refusal is told, given the failures before
 * this one: floor, and half of it more for each, at most 7.5 times floor.
 */
uint32_t pace_delay(unsigned level, uint32_t floor_ms);

#endif
