/*
 * The connection table: who is connected, for imapctl. Each worker has a table
 * of its own, made by the master, written by that worker alone, read by whom
 * the master gives a read-only descriptor. A record is written under a sequence
 * number; nothing that is read is trusted: texts are cut and terminated,
 * numbers that name something are checked.
 */
#ifndef SHM_CONNTAB_H
#define SHM_CONNTAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONNTAB_USER   64 /* bytes with terminator; longer texts are cut */
#define CONNTAB_ADDR   46
#define CONNTAB_DEVICE 48
#define CONNTAB_FOLDER 64
#define CONNTAB_MOST   1100000u /* records that a table may have */
#define CONNTAB_NONE   UINT32_MAX

enum conntab_state {
	CONNTAB_FREE,
	CONNTAB_LOGIN,    /* before login */
	CONNTAB_AUTH,     /* logged in, no folder selected */
	CONNTAB_SELECTED, /* a folder is */
	CONNTAB_IDLE,     /* in IDLE */
	CONNTAB_PARKED,   /* waits without a session */
	CONNTAB_CLOSING,
	CONNTAB_STATES
};

#define CONNTAB_TLS      1u
#define CONNTAB_COMPRESS 2u
#define CONNTAB_SSLPORT  4u

struct conntab_entry {
	uint64_t conn;
	uint64_t since;   /* of the connection, CLOCK_REALTIME, s */
	uint64_t login;   /* s, 0: not logged in */
	uint64_t in, out; /* bytes, as far as the worker has been told */
	uint32_t state;   /* enum conntab_state */
	uint16_t flags;   /* CONNTAB_* bits */
	uint16_t port;    /* the client's */
	char user[CONNTAB_USER], addr[CONNTAB_ADDR];
	char device[CONNTAB_DEVICE], folder[CONNTAB_FOLDER];
};

/* Counters of a worker since its start: name, what it counts. */
#define CONNTAB_COUNTERS(X)                                                    \
	X(CONNECTIONS, connections, "Connections that were given a worker.")   \
	X(LOGINS, logins, "Logins.")                                           \
	X(FAILED, failed_logins, "Logins that failed.")                        \
	X(RECEIVED, received_bytes, "Bytes from clients that have gone.")      \
	X(SENT, sent_bytes, "Bytes to clients that have gone.")                \
	X(POSTS, posts, "Changes that sessions posted on the board.")          \
	X(WAKES, wakes, "Notices to sessions and parked clients.")             \
	X(KICKED, kicked, "Connections ended by imapctl kick.")                \
	X(UNLISTED, unlisted, "Connections without a place in the table.")

#define CONNTAB_ENUM(name, text, help) CONNTAB_##name,
enum conntab_counter {
	CONNTAB_COUNTERS(CONNTAB_ENUM) CONNTAB_COUNTS
};

struct conntab;

/*
 * Memory for a table of so many records, of fixed size, not to be opened by
 * anybody but its owner; the descriptor, or -1 with errno.
 */
int conntab_create(uint32_t records);
/* The same opened for reading only: no map of it can be written. -1. */
int conntab_reopen(int fd);
/*
 * Maps it, for its writer or a reader; fd stays the caller's. NULL with errno:
 * EPROTO if size and header do not fit.
 */
struct conntab *conntab_map(int fd, bool writer);
void conntab_unmap(struct conntab *);

/* The writer's. A free record, or CONNTAB_NONE: all are taken. */
uint32_t conntab_take(struct conntab *);
void conntab_write(struct conntab *, uint32_t, const struct conntab_entry *);
void conntab_release(struct conntab *, uint32_t);
void conntab_count(struct conntab *, enum conntab_counter, uint64_t add);

/* How many records a reader has to look at. */
uint32_t conntab_used(const struct conntab *);
/* 1: *out is a whole record; 0: it is free, or always being written. */
int conntab_read(const struct conntab *, uint32_t, struct conntab_entry *out);
uint64_t conntab_counter(const struct conntab *, enum conntab_counter);

#endif
