/*
 * The high-water mark of UIDVALIDITY values: corkboard/uidvalidity, one decimal
 * number. A value given once is never given again in this account, whatever
 * the clock does and whatever was deleted (RFC 3501 2.3.1.1). All calls want
 * corkboard/'s descriptor with the lock held (account_lock).
 */
#ifndef MAILDIR_HIGHWATER_H
#define MAILDIR_HIGHWATER_H

#include <stdint.h>
#include <time.h>

struct maildir;

/* The next value: above the mark, near Courier's base. 0: there is none. */
uint32_t highwater_next(uint32_t mark, time_t now);
/*
 * Takes a new value; the mark is durable when it returns. Without a mark the
 * folders are asked for theirs. 0 with errno: EOVERFLOW, or the system's.
 */
uint32_t highwater_take(struct maildir *, int corkfd);
/*
 * Raises the mark to a folder's value, before its name becomes free. A value of
 * 0 and one too near the end to be of use change nothing. 0 or -1.
 */
int highwater_raise(struct maildir *, int corkfd, uint32_t value);
/*
 * The UIDVALIDITY in the UID file (without one: in Dovecot's) of a directory
 * under root, 0 if none.
 */
uint32_t highwater_of(int rootfd, const char *dir);

#endif
