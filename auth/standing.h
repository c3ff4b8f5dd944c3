/*
 * Accounts that were let in, so that it can be asked later whether they still
 * may be: by which module, under which name, and what their entry looked like.
 * Pure bookkeeping over a bounded list; the time is passed in. Nobody tells
 * auth when an account's last client goes, so an account stays in it until
 * there are too many.
 */
#ifndef AUTH_STANDING_H
#define AUTH_STANDING_H

#include <bsd/sys/tree.h>
#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include "auth/sasl.h"
#include "shm/settings.h"

#define STANDING_MOST  65536u /* accounts; who would be asked next goes */
#define STANDING_PRINT 16     /* bytes: what an account's entry looked like */

struct account { /* lent by the functions below */
	RB_ENTRY(account) node;
	TAILQ_ENTRY(account) age;
	char login[SASL_NAME];          /* the name that was asked about */
	char service[SETTINGS_SERVICE]; /* ... and for which service */
	uint8_t module;                 /* enum settings_auth that said yes */
	char user[SASL_NAME];           /* canonical: whose clients these are */
	uint8_t print[STANDING_PRINT]; /* of its entry; zero if there is none */
	uint64_t next;                 /* s: when to ask again */
	bool asked;                    /* the question is out */
	unsigned failed;               /* answers in a row that said no */
	bool gone;                     /* its clients were ended ... */
	uint64_t ended;                /* ... at this time (s, the clock's) */
};

struct standing;

/* NULL without memory. Ends with standing_free. */
struct standing *standing_new(uint32_t most);
void standing_free(struct standing *);
/*
 * An account was let in; of *a the login, service, module, user, print and next
 * count. Its record; *changed if it was known with another print, and its
 * clients have not been ended since: they came in by an entry that is no more.
 * NULL without memory.
 */
struct account *standing_in(
    struct standing *, const struct account *a, bool *changed);
/* The one of that login, service and module, or NULL. */
struct account *standing_find(struct standing *, const struct account *key);
/* All of them, in some order: NULL begins, NULL ends. */
struct account *standing_each(struct standing *, const struct account *);
/* The one that is to be asked about first and is not being so; or NULL. */
struct account *standing_first(struct standing *);
/* It is to be asked about again at that time (s). */
void standing_later(struct standing *, struct account *, uint64_t next);
void standing_drop(struct standing *, struct account *);

#endif
