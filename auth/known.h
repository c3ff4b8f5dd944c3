/*
 * Who came in from where: pairs of account and address that had a good login in
 * the last 30 days. While strangers guess on an account, its owner is served
 * before them. Pure arithmetic over a bounded table of keyed hashes: it holds
 * no name and no address. The time is passed in.
 */
#ifndef AUTH_KNOWN_H
#define AUTH_KNOWN_H

#include <stdbool.h>
#include <stdint.h>

#define KNOWN_ENTRIES 131072u           /* pairs that are remembered at most */
#define KNOWN_WAYS    8u                /* places that one pair may take */
#define KNOWN_S       (30u * 24 * 3600) /* s that a good login counts */

struct known;

/*
 * A table of so many entries (a power of 2, at least KNOWN_WAYS). NULL without
 * memory. Ends with known_free.
 */
struct known *known_new(uint32_t entries);
void known_free(struct known *);
/*
 * A good login of an account from an address: ids of pace_id_name and
 * pace_id_address, whose key a stranger does not know. Where its places are all
 * taken the pair that was good longest ago is forgotten.
 */
void known_good(
    struct known *, uint64_t name, uint64_t address, uint64_t now_s);
/* Whether that pair had one not longer than KNOWN_S ago. */
bool known_is(
    const struct known *, uint64_t name, uint64_t address, uint64_t now_s);

#endif
