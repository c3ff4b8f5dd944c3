/*
 * The mark in corkboard/modseq is one decimal number. It is read when an index
 * is made and when a number would pass it, and then set one hour ahead, under
 * the index's lock. Somebody with another index (this one was replaced under
 * its user) may have raised it meanwhile: then numbers go on above that.
 */
#include "maildir/modseq.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "maildir/account.h"
#include "maildir/index.h"
#include "maildir/private.h"
#include "maildir/util.h"

#define MARK_FILE "modseq"
#define MARK_SIZE 64
#define LOST      (24 * MODSEQ_AHEAD) /* beyond now where a mark was garbage */

struct numbers {       /* the index's record "N" */
	uint64_t last; /* given */
	uint64_t mark; /* as this index believes it to be */
};

struct raise {
	struct numbers seen, set;
};

static uint64_t clock_us(void);
static bool parse(const char *, size_t, uint64_t *);
static int raise_locked(struct maildir *);
static int get_numbers(struct index_txn *, void *);
static int set_numbers(struct index_txn *, void *);

int
modseq_begin(struct maildir *md, struct index_txn *txn)
{
	struct numbers numbers;

	if (modseq_mark(md, &numbers.mark) == -1)
		return -1;
	numbers.last = numbers.mark;
	index_put(txn, "N", 1, &numbers, sizeof(numbers));
	return 0;
}

int
modseq_take(struct index_txn *txn, uint64_t *out)
{
	struct numbers numbers;
	uint64_t n = clock_us();

	(void)get_numbers(txn, &numbers);
	if (n <= numbers.last)
		n = numbers.last + 1;
	if (n > numbers.mark)
		return MODSEQ_RAISE;
	numbers.last = n;
	index_put(txn, "N", 1, &numbers, sizeof(numbers));
	*out = n;
	return 0;
}

int
modseq_raise(struct maildir *md)
{
	int fd, r;

	if (index_lock(md, &fd) == -1)
		return -1;
	if ((r = raise_locked(md)) == -1 && index_hopeful(md) &&
	    !md->told_numbers) {
		md->told_numbers = true;
		maildir_note(
		    md, "no change numbers can be given: %s", strerror(errno));
	}
	index_unlock(md, fd);
	return r;
}

static int
raise_locked(struct maildir *md)
{
	struct raise raise;
	uint64_t mark, next;
	char text[32];
	int cork, n, r;

	if (index_read(md, get_numbers, &raise.seen) != 0 ||
	    modseq_mark(md, &mark) == -1)
		return -1;
	next = raise.seen.last + 1;
	/* Numbers up to a mark that is not ours were given by others. */
	if (mark != raise.seen.mark && next <= mark)
		next = mark + 1;
	if (next < clock_us())
		next = clock_us();
	if (next >= MODSEQ_LIMIT - MODSEQ_AHEAD) {
		errno = EOVERFLOW;
		return -1;
	}
	raise.set.last = next - 1;
	raise.set.mark = next + MODSEQ_AHEAD;
	if ((cork = account_look(md)) == -1)
		return -1;
	n = snprintf(text, sizeof(text), "%" PRIu64 "\n", raise.set.mark);
	r = util_replace_file(cork, MARK_FILE, text, (size_t)n);
	util_close(cork);
	if (r == -1)
		return -1;
	/* Else it is another index by now, which knows the new mark. */
	return index_write(md, set_numbers, &raise) == -1 ? -1 : 0;
}

static int
get_numbers(struct index_txn *txn, void *arg)
{
	struct index_bytes v;

	if (!index_get(txn, "N", 1, &v) || v.n != sizeof(struct numbers))
		index_distrust(txn, "it has no numbers");
	memcpy(arg, v.p, v.n);
	return 0;
}

static int
set_numbers(struct index_txn *txn, void *arg)
{
	struct raise *raise = arg;
	struct numbers have;

	(void)get_numbers(txn, &have);
	if (have.mark != raise->seen.mark)
		return 1;
	if (have.last < raise->set.last)
		have.last = raise->set.last;
	have.mark = raise->set.mark;
	index_put(txn, "N", 1, &have, sizeof(have));
	return 0;
}

int
modseq_mark(struct maildir *md, uint64_t *out)
{
	char *text;
	size_t n;
	bool good;
	int cork, r;

	if ((cork = account_look(md)) == -1)
		return -1;
	r = util_read_file(cork, MARK_FILE, MARK_SIZE, &text, &n);
	if (r == -1 && errno == ENOENT) {
		*out = 0;
		r = 0;
	} else if (r == 0) {
		good = parse(text, n, out);
		free(text);
		if (!good) {
			*out = clock_us() + LOST;
			r = account_set_aside(md, cork, MARK_FILE, "no number");
		}
	}
	util_close(cork);
	return r;
}

static bool
parse(const char *p, size_t n, uint64_t *out)
{
	uint64_t v = 0;
	size_t i;

	if (n < 2 || n > 18 || p[n - 1] != '\n')
		return false;
	for (i = 0; i < n - 1; i++) {
		if (p[i] < '0' || p[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(p[i] - '0');
	}
	*out = v;
	return v < MODSEQ_LIMIT;
}

static uint64_t
clock_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec < 0
		   ? 1
		   : (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}
