/* What PAM, userdb and authdaemond say of a request. */
#include "auth/module.h"

#include <bsd/string.h>
#include <string.h>

#include "auth/owner.h"
#include "auth/recheck.h"
#include "shm/log.h"

struct hash_question {
	const char *secret, *password;
};

static enum outcome later(struct request *, enum request_work);
static enum outcome ask_userdb(struct desk *, struct request *);
static enum outcome check_secret(struct request *);
static int send_question(struct desk *, const struct request *);
static int hash_in_child(const void *, void *);
static int start_daemon(struct desk *, const struct request *, uint64_t);
static int daemon_in_child(const void *, void *);

enum outcome
module_ask(struct desk *d, struct request *r)
{
	switch (r->modules[r->module]) {
	case SETTINGS_AUTH_PAM:
		if (d->pam != -1)
			return later(r, REQUEST_WORK_PAM);
		log_line(LOG_LEVEL_ERR, "user=%s: no PAM process", r->user);
		return UNAVAILABLE;
	case SETTINGS_AUTH_USERDB:
		return ask_userdb(d, r);
	case SETTINGS_AUTH_DAEMON:
		return later(r, REQUEST_WORK_DAEMON);
	default:
		log_line(LOG_LEVEL_ERR, "user=%s: there is no module %u",
		    r->user, r->modules[r->module]);
		return UNAVAILABLE;
	}
}

static enum outcome
later(struct request *r, enum request_work work)
{
	r->work = work;
	return LATER;
}

static enum outcome
ask_userdb(struct desk *d, struct request *r)
{
	const char *maildir = d->boot->set.view[r->view].maildirpath;
	struct userdb_account a;
	int found = userdb_find(d->userdb, r->user, &a);

	if (found == -1)
		return UNAVAILABLE;
	if (found == 1 && owner_from_userdb(&a, maildir, &r->owner) == -1) {
		log_line(LOG_LEVEL_ERR, "user=%s: path too long", r->user);
		return UNAVAILABLE;
	}
	if (found == 1)
		recheck_print(&a, r->service, r->print);
	if (r->login.external)
		return found == 1 ? RIGHT : WRONG;
	/* An unknown user costs what a known one does. */
	r->decoy = found == 0 || !userdb_secret(&a, r->service, r->secret);
	if (r->decoy &&
	    !userdb_decoy(d->userdb, r->user, r->service, r->secret))
		return WRONG;
	if (password_is_slow(r->secret))
		return later(r, REQUEST_WORK_HASH);
	return check_secret(r);
}

/* Here and now: a fast one. */
static enum outcome
check_secret(struct request *r)
{
	int ok = password_verify(r->secret, r->login.password);

	explicit_bzero(r->secret, sizeof(r->secret));
	if (ok == -1)
		return UNAVAILABLE;
	return ok == 1 && !r->decoy ? RIGHT : WRONG;
}

int
module_start(struct desk *d, const struct request *r, uint64_t now)
{
	struct hash_question q = {r->secret, r->login.password};

	if (r->work == REQUEST_WORK_PAM)
		return send_question(d, r);
	if (r->work == REQUEST_WORK_DAEMON)
		return start_daemon(d, r, now);
	return pool_start(&d->hash, r->id, hash_in_child, &q, now);
}

static int
send_question(struct desk *d, const struct request *r)
{
	struct pam_question q;
	struct ipc_put m;
	int ok;

	memset(&q, 0, sizeof(q));
	q.id = r->id;
	q.kind = r->login.external ? PAM_ACCOUNT : PAM_PASSWORD;
	(void)strlcpy(q.user, r->user, sizeof(q.user));
	(void)strlcpy(q.password, r->login.password, sizeof(q.password));
	(void)strlcpy(q.rhost, r->rhost, sizeof(q.rhost));
	if (strcmp(r->service, "imap") != 0)
		(void)strlcpy(q.service, r->service, sizeof(q.service));
	ipc_begin(&m, IPC_QUESTION);
	ipc_put_bytes(&m, &q, sizeof(q));
	ok = ipc_send(d->pam, &m, NULL, 0);
	explicit_bzero(&q, sizeof(q));
	ipc_wipe();
	return ok;
}

static int
hash_in_child(const void *question, void *record)
{
	const struct hash_question *q = question;
	uint32_t word;

	switch (password_verify(q->secret, q->password)) {
	case 1:
		word = MODULE_HASH_RIGHT;
		break;
	case 0:
		word = MODULE_HASH_WRONG;
		break;
	default:
		return -1;
	}
	memcpy(record, &word, sizeof(word));
	return 0;
}

static int
start_daemon(struct desk *d, const struct request *r, uint64_t now)
{
	struct authdaemon_question q = {.socket = d->boot->set.authdaemonsocket,
	    .service = r->service,
	    .user = r->user,
	    .password = r->login.password,
	    .rhost = r->rhost,
	    .external = r->login.external,
	    .plain = now < d->plain_until,
	    .connect_ms = AUTHDAEMON_CONNECT_MS,
	    .write_ms = AUTHDAEMON_WRITE_MS,
	    .read_ms = AUTHDAEMON_READ_MS};

	return pool_start(&d->daemon, r->id, daemon_in_child, &q, now);
}

static int
daemon_in_child(const void *question, void *record)
{
	authdaemon_ask(question, record);
	return 0;
}

enum outcome
module_pam(struct desk *d, struct request *r, const struct pam_answer *a)
{
	const char *maildir = d->boot->set.view[r->view].maildirpath;

	if (a->verdict == PAM_IS_EXPIRED)
		return EXPIRED;
	if (a->verdict != PAM_IS_RIGHT) {
		log_line(LOG_LEVEL_ERR, "user=%s: PAM is not available: %s",
		    r->user, pam_text(a->code));
		return UNAVAILABLE;
	}
	if (owner_from_pam(a, maildir, &r->owner) == -1) {
		log_line(LOG_LEVEL_ERR,
		    "user=%s: account data that cannot be used", r->user);
		return UNAVAILABLE;
	}
	if (a->allgroups > a->ngroups)
		log_line(LOG_LEVEL_WARN, "user=%s: %u groups, only %u are used",
		    r->user, a->allgroups, a->ngroups);
	return RIGHT;
}

enum outcome
module_daemon(
    struct desk *d, struct request *r, const struct authdaemon_answer *a)
{
	const struct settings *set = &d->boot->set;

	if (a->verdict != AUTHDAEMON_RIGHT) {
		log_line(LOG_LEVEL_ERR, "user=%s: authdaemond at %s: %s",
		    r->user, set->authdaemonsocket, a->why);
		return UNAVAILABLE;
	}
	if (owner_from_daemon(a, set->view[r->view].maildirpath, &r->owner) ==
	    0)
		return RIGHT;
	log_line(LOG_LEVEL_ERR, "user=%s: account data that cannot be used",
	    r->user);
	return UNAVAILABLE;
}
