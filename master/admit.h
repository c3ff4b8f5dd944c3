/*
 * Who may come in: connections counted in all, per address and per worker, and
 * the rate per address. Pure: no sockets, the time is passed in. The addresses
 * are kept in a balanced tree, so that no choice of addresses makes it slow,
 * and their number is bounded.
 */
#ifndef MASTER_ADMIT_H
#define MASTER_ADMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/limits.h"
#include "shm/settings.h"

struct admit;

enum admit_verdict {
	ADMIT_OK,
	ADMIT_DAEMONS,      /* MAXDAEMONS of this view */
	ADMIT_PERIP,        /* MAXPERIP of this view, or ask->maxperip */
	ADMIT_PERC,         /* TCPDOPTS -maxperc of this view */
	ADMIT_RATE,         /* MAXRATE_PERIP */
	ADMIT_UNAUTH,       /* MAXUNAUTH, and nobody makes place */
	ADMIT_UNAUTH_PERIP, /* MAXUNAUTH_PERIP */
	ADMIT_NO_MEMORY,
	ADMIT_HELD, /* workers that served it have crashed: holdoff.h */
};

enum conn_state {
	CONN_FREE,
	CONN_UNAUTH,
	CONN_IN,      /* logged in */
	CONN_REFUSED, /* a worker tells it so */
	CONN_EVICTED, /* not logged in, its worker was told to drop it */
};

enum source_kind {
	SOURCE_ADDRESS,
	SOURCE_WIDE,   /* a network of -maxperc */
	SOURCE_BEHIND, /* all those that a balancer has not named yet */
};

struct admit_ask {
	uint8_t addr[16];  /* IPv4 as ::ffff:a.b.c.d */
	bool behind;       /* a balancer's: its client is not known yet */
	unsigned view;     /* 0 PORT, 1 SSLPORT */
	uint64_t now;      /* ms, rising */
	uint32_t chance;   /* random, 0 to UINT32_MAX */
	uint32_t maxperip; /* instead of MAXPERIP; 0: that */
};

struct admit_answer {
	enum admit_verdict verdict;
	uint64_t conn; /* its number if ADMIT_OK */
	bool trusted;  /* the address is in TRUSTED_NETS */
	bool extra;    /* one of ADMIT_EXTRA, in a parked one's place only */
	uint32_t count, limit; /* of the limit that refused */
	uint8_t net[16];       /* what counts as its address ... */
	unsigned bits;         /* ... and so many bits of it */
	bool tell;             /* worth a log line: one per second, net, view */
	uint32_t untold;       /* refusals since the last line */
	uint64_t evict;        /* not 0: this one makes place for it ... */
	unsigned evict_worker; /* ... and is that worker's */
};

struct admit *admit_new(void); /* NULL without memory */
void admit_free(struct admit *);

/*
 * Decides and, if OK, counts the connection until admit_leave. From the half of
 * MAXUNAUTH on one has to go, by a chance that rises to certainty: the oldest
 * that has not logged in, unless it is younger than ADMIT_GRACE; else the
 * newcomer. The caller tells the worker of out->evict, then calls admit_evict;
 * where it cannot, it gives the newcomer up.
 */
void admit_enter(struct admit *, const struct settings *,
    const struct admit_ask *, struct admit_answer *);
/*
 * A connection of ask.behind has got its client's address: decides what there
 * is to decide of an address. If not OK it still counts, until admit_leave. -1
 * if it is not that worker's or has an address (out is untouched then).
 */
int admit_name(struct admit *, const struct settings *,
    const struct admit_ask *, uint64_t conn, unsigned worker,
    struct admit_answer *out);
/*
 * A number for a refused socket that a worker is to tell so; 0 if there are
 * ADMIT_REFUSE of them.
 */
uint64_t admit_refuse(struct admit *);
/* Its worker was told to drop it: it counts as unauthenticated no more. */
void admit_evict(struct admit *, uint64_t conn);
/*
 * The connection is now that worker's: of a newcomer (from BOOT_WORKERS), or of
 * one that is logged in and was from's until now. -1: it is no such one.
 */
int admit_give(struct admit *, uint64_t conn, unsigned from, unsigned worker);
/*
 * What worker says of a connection: it is gone, it has logged in. -1 if it is
 * not that worker's (nothing changes then).
 */
int admit_leave(struct admit *, uint64_t conn, unsigned worker);
int admit_login(struct admit *, uint64_t conn, unsigned worker);
/* A connection that could not be given to anybody. */
void admit_undo(struct admit *, uint64_t conn);
/* A worker is gone and with it all its connections. */
void admit_drop(struct admit *, unsigned worker);
/* The view of a connection, -1 if there is none of that number. */
int admit_view(const struct admit *, uint64_t conn);
/* Connections of a worker; of a view. */
uint32_t admit_load(const struct admit *, unsigned worker);
uint32_t admit_count(const struct admit *, unsigned view);

/* One connection, for a master that executes itself anew. */
struct admit_saved {
	uint64_t conn;
	uint32_t state, trusted, view, worker; /* state: enum conn_state */
	uint32_t kind;                         /* of net: enum source_kind */
	uint8_t net[16];                       /* what counts as its address */
	uint8_t wide[16]; /* its network of -maxperc, if has_wide */
	uint32_t has_wide;
};
/* From *at on, which begins at 0: false, that was the last one. */
bool admit_save(const struct admit *, uint32_t *at, struct admit_saved *out);
/* Counts it again, under its number; -1: it cannot be one, or no memory. */
int admit_restore(struct admit *, const struct admit_saved *);

#endif
