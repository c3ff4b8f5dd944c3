/*
 * Many clients of one folder wait for the same news, and most of them know the
 * same: their records are equal to the byte. What a session has told one of
 * these holds for all. The worker says it to those who still wait for a
 * session, and they are parked again without having left.
 */
#ifndef NET_LIKEWISE_H
#define NET_LIKEWISE_H

#include "worker/net/park.h"

#define LIKEWISE_MOST                                                          \
	64u /* at a time; the next of them asks a session again                \
	     */

struct likewise {
	struct client *clients[LIKEWISE_MOST];
	size_t n;
};

/*
 * The last of the clients that the session tells news knows the same as this
 * one: what it is told will do.
 */
bool likewise_soon(const struct lease *, const struct client *);
/*
 * Who had the record "was" waits no more: it has n bytes to hear and the record
 * and counter of "now". Nothing is written yet.
 */
void likewise_take(struct worker *, struct account *, const struct parked *was,
    const struct parked *now, const uint8_t *said, size_t n, struct likewise *);
/* They are written to, and parked. */
void likewise_settle(struct worker *, const struct likewise *);

#endif
