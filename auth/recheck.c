/* Asking again, and ending the clients of accounts that may not stay. */
#include "auth/recheck.h"

#include <bsd/string.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "auth/child.h"
#include "auth/owner.h"
#include "shm/log.h"

static void look(struct desk *, uint64_t now);
static bool still_there(struct desk *, struct account *);
static void begin(struct desk *, struct account *, uint64_t now);
static bool is_asked_of(const struct desk *, uint8_t module);
static bool is_busy(const struct desk *, const struct request *);
static void key_of(const struct request *, struct account *);
static int end_clients(const char *user, const char *why);
static void ended(struct account *);

static const char changed_entry[] = "its entry in userdb has changed";

void
recheck_print(const struct userdb_account *a, const char *service,
    uint8_t print[STANDING_PRINT])
{
	static const char *const fields[] = {
	    "uid", "gid", "home", "mail", "options"};
	char text[sizeof(fields) / sizeof(fields[0]) * TICKET_TEXT +
		  PASSWORD_TEXT];
	char *p = text, *end = text + sizeof(text);
	uint8_t hash[EVP_MAX_MD_SIZE] = {0};

	/* Each with its terminator, so that no two entries read alike. */
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		(void)userdb_field(a->fields, fields[i], p, TICKET_TEXT);
		p += strlen(p) + 1;
	}
	(void)userdb_secret(a, service, p);
	p += strlen(p) + 1;
	if (EVP_Digest(
		text, (size_t)(p - text), hash, NULL, EVP_sha256(), NULL) != 1)
		memset(hash, 0, sizeof(hash));
	memcpy(print, hash, STANDING_PRINT);
	explicit_bzero(text, (size_t)(end - text));
}

void
recheck_in(struct desk *d, struct request *r)
{
	struct account key, *a;
	bool changed;

	key_of(r, &key);
	key.next = child_now() / 1000 + d->boot->set.auth_recheck;
	(void)strlcpy(key.user, r->owner.user, sizeof(key.user));
	memcpy(key.print, r->print, sizeof(key.print));
	if ((a = standing_in(d->standing, &key, &changed)) == NULL)
		return;
	d->by_userdb = d->by_userdb || a->module == SETTINGS_AUTH_USERDB;
	if (changed && end_clients(a->user, changed_entry) == 0) {
		/* This one stays: it comes when the others have gone. */
		ended(a);
		a->gone = false;
		r->due += RECHECK_KICK_MS;
	}
	r->ended = a->ended;
}

static void
key_of(const struct request *r, struct account *out)
{
	memset(out, 0, sizeof(*out));
	(void)strlcpy(out->login, r->user, sizeof(out->login));
	(void)strlcpy(out->service, r->service, sizeof(out->service));
	out->module = r->modules[r->module];
}

void
recheck_tick(struct desk *d, uint64_t now)
{
	struct account *a = standing_each(d->standing, NULL);

	if (a == NULL)
		return;
	if (now >= d->look)
		look(d, now);
	a = standing_first(d->standing);
	if (!d->rechecking && a != NULL && a->next * 1000 <= now)
		begin(d, a, now);
}

uint64_t
recheck_next(const struct desk *d)
{
	const struct account *a = standing_first(d->standing);

	if (a == NULL)
		return d->rechecking ? d->look : UINT64_MAX;
	if (!d->rechecking && a->next * 1000 < d->look)
		return a->next * 1000;
	return d->look;
}

/* Who came in by userdb, against what userdb says now. */
static void
look(struct desk *d, uint64_t now)
{
	unsigned readings, n = 0;
	struct account *a = NULL;

	d->look = now + (d->boot->set.auth_recheck * 1000u < RECHECK_LOOK_MS
				? d->boot->set.auth_recheck * 1000u
				: RECHECK_LOOK_MS);
	readings = d->by_userdb ? userdb_settled(d->userdb) : 0;
	if (readings == 0 || readings == d->looked)
		return;
	while ((a = standing_each(d->standing, a)) != NULL) {
		if (a->module != SETTINGS_AUTH_USERDB || a->gone ||
		    still_there(d, a))
			continue;
		if (n++ == RECHECK_AT_ONCE ||
		    end_clients(a->user, changed_entry) == -1) {
			d->look = now + RECHECK_GO_MS;
			return;
		}
		ended(a);
	}
	d->looked = readings;
}

static bool
still_there(struct desk *d, struct account *a)
{
	uint8_t print[STANDING_PRINT];
	struct userdb_account entry;

	switch (userdb_find(d->userdb, a->login, &entry)) {
	case 0:
		return false;
	case 1:
		recheck_print(&entry, a->service, print);
		return memcmp(print, a->print, sizeof(print)) == 0;
	}
	return true; /* it cannot be said */
}

/* As a certificate's login: is there such an account, and may it come in? */
static void
begin(struct desk *d, struct account *a, uint64_t now)
{
	struct request *r = NULL;

	if (!is_asked_of(d, a->module)) {
		/* userdb tells of itself, a module switched off of nothing. */
		standing_later(
		    d->standing, a, now / 1000 + d->boot->set.auth_recheck);
		return;
	}
	if ((r = calloc(1, sizeof(*r))) != NULL) {
		r->worker = -1;
		r->recheck = true;
		r->begun = now;
		r->rank = REQUEST_SUSPECT;
		r->modules[0] = a->module;
		r->login.external = true;
		(void)strlcpy(r->user, a->login, sizeof(r->user));
		(void)strlcpy(r->service, a->service, sizeof(r->service));
		r->name = pace_id_name(d->names, r->user);
	}
	if (r == NULL || is_busy(d, r)) {
		free(r);
		standing_later(d->standing, a, now / 1000 + RECHECK_WAIT_S);
		return;
	}
	a->asked = d->rechecking = true;
	desk_ask_again(d, r);
}

static bool
is_asked_of(const struct desk *d, uint8_t module)
{
	return module != SETTINGS_AUTH_USERDB &&
	       memchr(d->boot->set.authmodules, module,
		   sizeof(d->boot->set.authmodules)) != NULL;
}

/* Those who log in come first. */
static bool
is_busy(const struct desk *d, const struct request *r)
{
	const struct request *o;

	if (r->modules[0] == SETTINGS_AUTH_PAM && d->pam == -1)
		return true;
	TAILQ_FOREACH (o, &d->requests, entry)
		if (o->state == REQUEST_WAITING)
			return true;
	return !queue_may_start(&d->requests, r);
}

void
recheck_settled(struct desk *d, const struct request *r, enum outcome outcome)
{
	const struct settings *set = &d->boot->set;
	uint64_t now = child_now() / 1000;
	struct account key, *a;
	const char *why = NULL;

	d->rechecking = false;
	key_of(r, &key);
	key.module = r->modules[0];
	if ((a = standing_find(d->standing, &key)) == NULL)
		return;
	a->asked = false;
	if (outcome == EXPIRED)
		why = "it has expired";
	else if (outcome == WRONG)
		why = "there is no such account, or it may not come in";
	else if (outcome == RIGHT &&
		 (r->owner.uid == 0 || r->owner.uid < set->minuid))
		why = "its uid is refused";
	else if (outcome == RIGHT && owner_option(&r->owner, "disableimap"))
		why = "disableimap";
	if (why == NULL) {
		a->failed = outcome == RIGHT ? 0 : a->failed;
		standing_later(d->standing, a, now + set->auth_recheck);
	} else if (a->failed++ == 0) {
		/* A directory that is away for a moment is no answer. */
		standing_later(d->standing, a,
		    now + (set->auth_recheck < RECHECK_WAIT_S
				  ? set->auth_recheck
				  : RECHECK_WAIT_S));
	} else {
		(void)end_clients(a->user, why);
		standing_drop(d->standing, a);
	}
}

/* The master's second may be the next one. */
static void
ended(struct account *a)
{
	a->gone = true;
	a->ended = (uint64_t)time(NULL) + 1;
}

static int
end_clients(const char *user, const char *why)
{
	char text[SASL_NAME];
	struct ipc_put m;

	ipc_begin(&m, IPC_KICK);
	ipc_put_u64(&m, 0);
	ipc_put_str(&m, user);
	if (ipc_send_wait(BOOT_FD_PARENT, &m, NULL, 0, 1000) == -1)
		return -1;
	log_line(LOG_LEVEL_NOTICE, "user=%s: %s, its clients are ended",
	    log_text(text, sizeof(text), user), why);
	return 0;
}
