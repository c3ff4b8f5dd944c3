/*
 * What the library that is loaded before a program under test (shim.c) and the
 * programs that make something of it agree on.
 */
#ifndef T_CRASH_SHIM_H
#define T_CRASH_SHIM_H

#include <stdint.h>

/*
 * Environment:
 *   SHIM_START  calls count from a write to descriptor 1 on that has this text
 *               at the start of a line, unset: from the first
 *   SHIM_END    and to one that has this; only SHIM_KILL goes on behind it
 *   SHIM_FAULT  "CLASS N WHAT", numbers: at the N-th call of the class do it;
 *               N 0: at each, see shim_what
 *   SHIM_COUNT  file to map, struct shim_count: the calls made so far
 *   SHIM_LOG    file to append struct shim_record to, one for each change
 */
enum shim_class {
	SHIM_CHANGE, /* calls that change the disk or make a change last */
	SHIM_FAIL,   /* those of them that can fail for want of space or luck */
	SHIM_LOOK,   /* calls that read it */
	SHIM_ALLOC,  /* memory */
	SHIM_WAIT,   /* calls that a signal can interrupt */
	SHIM_CLASSES
};

enum shim_what { /* what is not one of these is an errno */
	SHIM_KILL = 1000,
	SHIM_SHORT, /* reads and writes do half, and less and less */
	SHIM_SKIP,  /* says it did it; to see that the tests see it */
	SHIM_STOP,  /* stops the process there, as SIGSTOP does */
	SHIM_TWICE  /* syncs twice, likewise */
};

struct shim_count {
	uint32_t n[SHIM_CLASSES];
	uint32_t done; /* the fault was met */
};

enum shim_op {
	SHIM_MAKE,  /* a file, in dir as name */
	SHIM_MKDIR, /* a directory */
	SHIM_WRITE, /* data at off */
	SHIM_TRUNC, /* to off */
	SHIM_RENAME,
	SHIM_LINK,
	SHIM_UNLINK,
	SHIM_SYNC, /* a file or a directory */
	SHIM_SYNC_ALL,
	SHIM_SAY /* data, to descriptor 1 */
};

struct shim_record { /* followed by name, name2 and data, not terminated */
	uint32_t op;
	uint32_t nname, nname2, ndata;
	uint64_t ino;       /* what it is about */
	uint64_t dir, dir2; /* from and to */
	int64_t off;
};

#endif
