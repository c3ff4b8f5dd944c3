/*
 * One sum of bytes, for records of the index, base names and tables by name. It
 * finds what has gone wrong by itself, not what somebody made wrong with care.
 */
#ifndef MAILDIR_SUM_H
#define MAILDIR_SUM_H

#include <stddef.h>
#include <stdint.h>

/* Of p[n] behind what h stands for; the length counts. */
uint64_t sum_add(uint64_t h, const void *p, size_t n);

#endif
