/*
 * Tickets: auth's sealed word that this connection of this worker brought the
 * right password of this account. Sealed with HMAC-SHA256 under a key that
 * only auth and spawner have; a worker carries it and cannot change it.
 */
#ifndef AUTH_TICKET_H
#define AUTH_TICKET_H

#include <stddef.h>
#include <stdint.h>

#define TICKET_KEY    32
#define TICKET_GROUPS 64   /* supplementary groups that travel */
#define TICKET_TEXT   1024 /* longest path, name or option text */
#define TICKET_MAX    8192 /* bytes of a sealed ticket at most */
#define TICKET_AGE    60   /* s between seal and first use */

struct owner { /* an account: everything a session needs to know of it */
	char user[256]; /* canonical login name, for logs and ACLs */
	uint32_t uid, gid;
	uint32_t ngroups;
	uint32_t groups[TICKET_GROUPS];
	char home[TICKET_TEXT];    /* absolute */
	char maildir[TICKET_TEXT]; /* absolute */
	char options[TICKET_TEXT]; /* Courier's account options */
};

struct ticket {
	struct owner owner;
	uint64_t time;        /* CLOCK_REALTIME, s, when sealed */
	uint64_t serial;      /* rises with each ticket */
	uint32_t worker;      /* whose client it is, by number ... */
	uint64_t incarnation; /* ... and by incarnation */
	uint64_t conn;        /* the client */
};

/*
 * Seals t into out[size]; the length, or 0 if it does not fit.
 */
size_t ticket_seal(const struct ticket *t, const uint8_t key[TICKET_KEY],
    uint8_t *out, size_t size);
/*
 * Opens a sealed ticket. 0: *out is what auth sealed. -1: anything else; *out
 * is untouched. Age, worker and connection are the caller's to compare.
 */
int ticket_open(const uint8_t *sealed, size_t len,
    const uint8_t key[TICKET_KEY], struct ticket *out);
/*
 * The account of a sealed ticket as 16 bytes: equal for equal owner structs.
 * Unsealed and unchecked: for a worker to find its own lingering session. 0, or
 * -1 if the bytes cannot be a ticket.
 */
int ticket_account(const uint8_t *sealed, size_t len, uint8_t account[16]);
/* The same for an owner struct. */
void ticket_owner_account(const struct owner *, uint8_t account[16]);

#endif
