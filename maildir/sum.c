/*
 * Each step is a bijection in h and in the word: no one word can be wrong
 * unseen. Long values go in four lanes, of which none waits for another; they
 * are written out, for a compiler that sees a loop takes vectors, which have no
 * multiplication of 64 bits.
 */
#include "maildir/sum.h"

#include <string.h>

static uint64_t mix(uint64_t);
static uint64_t word(const unsigned char *);
static uint64_t rest(const unsigned char *, size_t);

uint64_t
sum_add(uint64_t h, const void *bytes, size_t n)
{
	uint64_t a = h + n, b = a + 1, c = a + 2, d = a + 3;
	const unsigned char *p = bytes;

	h = a;
	if (n >= 32) {
		for (; n >= 32; p += 32, n -= 32) {
			a = mix(a ^ word(p));
			b = mix(b ^ word(p + 8));
			c = mix(c ^ word(p + 16));
			d = mix(d ^ word(p + 24));
		}
		h = mix(mix(mix(a) ^ b) ^ c) ^ d;
	}
	for (; n >= 8; p += 8, n -= 8)
		h = mix(h ^ word(p));
	return mix(h ^ rest(p, n));
}

static uint64_t
mix(uint64_t h)
{
	h *= 0x9e3779b97f4a7c15ull;
	return h ^ h >> 32;
}

static uint64_t
word(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Less than eight bytes; some of them twice, which is quicker than a loop. */
static uint64_t
rest(const unsigned char *p, size_t n)
{
	uint32_t low, high;

	if (n == 0)
		return 0;
	if (n < 4)
		return p[0] | (uint32_t)p[n / 2] << 8 |
		       (uint32_t)p[n - 1] << 16;
	memcpy(&low, p, sizeof(low));
	memcpy(&high, p + n - sizeof(high), sizeof(high));
	return low | (uint64_t)high << 32;
}
