/*
 * The life of a question:
 *
 *	ASK -> name and password read -> modules in turn
 *	  WAITING   for a place with PAM, for a hash, with authdaemond
 *	  ASKED     the PAM process or a forked child works on it
 *	  DECIDED   the answer is known and is sent when it is due
 *
 * A yes is due at once; a refusal not before floor and the source's own delay
 * have passed since the question, so that text and time tell nothing.
 */
#include "auth/desk.h"

#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "auth/child.h"
#include "auth/module.h"
#include "auth/owner.h"
#include "auth/recheck.h"
#include "shm/log.h"

static void open_userdb(struct desk *);
static void report_userdb(const char *, unsigned, const char *);
static int take_ask(struct desk *, unsigned, const struct ipc_msg *);
static void insert(struct desk *, struct request *);
static bool has_room(const struct desk *, unsigned);
static void refuse_full(struct desk *, unsigned, const struct request *);
static int take_forget(struct desk *, unsigned, const struct ipc_msg *);
static struct request *find_conn(struct desk *, int, uint64_t);
static void forget(struct desk *, struct request *);
static void release(struct desk *, struct request *);
static void run(struct desk *, struct request *);
static void wait_for(struct desk *, struct request *);
static void too_many(struct desk *, struct request *);
static void start_waiting(struct desk *);
static void start(struct desk *, struct request *);
static void settle(struct desk *, struct request *, enum outcome);
static void accept_owner(struct desk *, struct request *);
static void fail(struct desk *, struct request *);
static void decide(struct request *, enum ipc_no);
static void collect_hashes(struct desk *);
static void collect_daemon(struct desk *);
static enum request_rank rank(struct desk *, const struct request *);
static struct request *find_asked(struct desk *, enum request_work, uint64_t);
static void expire(struct desk *, struct request *);
static void deliver(struct desk *, struct request *);
static int put_yes(struct desk *, const struct request *, struct ipc_put *);

int
desk_init(struct desk *d, const struct boot *boot)
{
	struct timespec now;
	uint64_t key[2];

	memset(d, 0, sizeof(*d));
	d->boot = boot;
	d->pam = -1;
	for (size_t i = 0; i < BOOT_WORKERS; i++)
		d->worker[i].channel = -1;
	TAILQ_INIT(&d->requests);
	pool_init(&d->hash, sizeof(uint32_t), DESK_HASH_MS);
	pool_init(&d->daemon, sizeof(struct authdaemon_answer), DESK_DAEMON_MS);
	arc4random_buf(key, sizeof(key));
	d->addresses = pace_new(PACE_ENTRIES, key);
	d->names = pace_new(PACE_ENTRIES, key);
	d->known = known_new(KNOWN_ENTRIES);
	d->standing = standing_new(STANDING_MOST);
	(void)clock_gettime(CLOCK_REALTIME, &now);
	d->serial =
	    (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	open_userdb(d);
	if (d->addresses == NULL || d->names == NULL || d->known == NULL ||
	    d->standing == NULL || d->userdb == NULL) {
		desk_done(d);
		return -1;
	}
	return 0;
}

static void
open_userdb(struct desk *d)
{
	const struct settings *set = &d->boot->set;

	(void)strlcpy(d->userdb_path, set->userdb, sizeof(d->userdb_path));
	d->userdb =
	    userdb_open(set->userdb, d->boot->privileged != 0, report_userdb);
}

static void
report_userdb(const char *file, unsigned line, const char *why)
{
	if (line == 0)
		log_line(LOG_LEVEL_ERR, "%s: %s", file, why);
	else
		log_line(LOG_LEVEL_ERR, "%s:%u: %s; this account is left out",
		    file, line, why);
}

void
desk_done(struct desk *d)
{
	struct request *r;

	while ((r = TAILQ_FIRST(&d->requests)) != NULL)
		release(d, r);
	pool_stop(&d->hash);
	pool_stop(&d->daemon);
	userdb_close(d->userdb);
	pace_free(d->addresses);
	pace_free(d->names);
	known_free(d->known);
	standing_free(d->standing);
	explicit_bzero(d->key, sizeof(d->key));
}

void
desk_settings(struct desk *d)
{
	struct userdb *old = d->userdb;

	d->plain_until = 0; /* perhaps another daemon */
	if (strcmp(d->userdb_path, d->boot->set.userdb) == 0)
		return;
	open_userdb(d);
	d->looked = 0;
	if (d->userdb != NULL)
		userdb_close(old);
	else
		d->userdb = old;
}

void
desk_worker(struct desk *d, unsigned number, int fd, uint64_t incarnation)
{
	desk_drop_worker(d, number);
	d->worker[number] =
	    (struct desk_worker){.channel = fd, .incarnation = incarnation};
}

void
desk_drop_worker(struct desk *d, unsigned number)
{
	struct request *r, *next;

	if (d->worker[number].channel == -1)
		return;
	(void)close(d->worker[number].channel);
	d->worker[number] = (struct desk_worker){.channel = -1};
	for (r = TAILQ_FIRST(&d->requests); r != NULL; r = next) {
		next = TAILQ_NEXT(r, entry);
		if (r->worker == (int)number)
			forget(d, r);
	}
}

int
desk_message(struct desk *d, unsigned number, const struct ipc_msg *msg)
{
	if (msg->type == IPC_ASK)
		return take_ask(d, number, msg);
	if (msg->type == IPC_FORGET)
		return take_forget(d, number, msg);
	return -1;
}

static int
take_ask(struct desk *d, unsigned number, const struct ipc_msg *msg)
{
	struct request *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return -1;
	r->worker = (int)number;
	r->begun = child_now();
	if (request_read(r, &d->boot->set, msg) == -1 ||
	    find_conn(d, r->worker, r->conn) != NULL) {
		freezero(r, sizeof(*r));
		return -1;
	}
	if (!has_room(d, number)) {
		refuse_full(d, number, r);
		freezero(r, sizeof(*r));
		return 0;
	}
	r->name = pace_id_name(d->names, r->user);
	r->source = pace_id_address(d->addresses, r->address, r->bits);
	r->rank = rank(d, r);
	memcpy(r->modules, d->boot->set.authmodules, sizeof(r->modules));
	insert(d, r);
	if (r->user[0] == '\0')
		fail(d, r);
	else
		run(d, r);
	return 0;
}

static void
insert(struct desk *d, struct request *r)
{
	r->id = ++d->serial;
	TAILQ_INSERT_TAIL(&d->requests, r, entry);
	d->nrequests++;
}

void
desk_ask_again(struct desk *d, struct request *r)
{
	insert(d, r);
	run(d, r);
}

/* Whom to serve first while there are more questions than places. */
static enum request_rank
rank(struct desk *d, const struct request *r)
{
	uint64_t now = child_now();
	unsigned level;

	/* Behind a trusted peer that names nobody all look the same. */
	if (!r->paced)
		return REQUEST_NEW;
	level = pace_level(d->addresses, r->source, now);
	if (level < DESK_KNOWN_FAILS &&
	    known_is(d->known, r->name, r->source, now / 1000))
		return REQUEST_KNOWN;
	return level == 0 ? REQUEST_NEW : REQUEST_SUSPECT;
}

/* As many as are left: a worker that was taken over leaves room for others. */
static bool
has_room(const struct desk *d, unsigned number)
{
	const struct request *r;
	unsigned own = 0;

	TAILQ_FOREACH (r, &d->requests, entry)
		own += r->worker == (int)number;
	return own + d->nrequests < DESK_REQUESTS;
}

/* No place for one more: said at once, and not remembered. */
static void
refuse_full(struct desk *d, unsigned number, const struct request *r)
{
	struct ipc_put m;

	request_put_no(r, IPC_NO_UNAVAILABLE, &m);
	(void)ipc_send(d->worker[number].channel, &m, NULL, 0);
	if (log_rare(&d->worker[number].refusals))
		log_line(LOG_LEVEL_WARN,
		    "%u questions in hand: user=%s refused", d->nrequests,
		    r->user);
}

static int
take_forget(struct desk *d, unsigned number, const struct ipc_msg *msg)
{
	struct request *r;
	struct ipc_get g;
	uint64_t conn;

	ipc_open(&g, msg);
	conn = ipc_get_u64(&g);
	if (ipc_done(&g) == -1)
		return -1;
	/* The answer may have been on its way already. */
	if ((r = find_conn(d, (int)number, conn)) != NULL)
		forget(d, r);
	return 0;
}

static struct request *
find_conn(struct desk *d, int worker, uint64_t conn)
{
	struct request *r;

	TAILQ_FOREACH (r, &d->requests, entry)
		if (r->worker == worker && r->conn == conn)
			return r;
	return NULL;
}

/*
 * Nobody wants the answer any more. What is under way is seen to its end: it
 * holds its place, and a failure counts, so that hanging up early gains
 * nothing.
 */
static void
forget(struct desk *d, struct request *r)
{
	if (r->state == REQUEST_ASKED)
		r->worker = -1;
	else
		release(d, r);
}

static void
release(struct desk *d, struct request *r)
{
	TAILQ_REMOVE(&d->requests, r, entry);
	d->nrequests--;
	freezero(r, sizeof(*r));
}

/* Asks the modules from the current one on; rejected means the next. */
static void
run(struct desk *d, struct request *r)
{
	enum outcome outcome = WRONG;

	while (r->module < sizeof(r->modules) &&
	       r->modules[r->module] != SETTINGS_AUTH_NONE) {
		outcome = module_ask(d, r);
		if (outcome != WRONG)
			break;
		r->module++;
	}
	if (outcome == LATER)
		wait_for(d, r);
	else
		settle(d, r, outcome);
}

/* Starts it, or puts it into the queue if there is room for its rank. */
static void
wait_for(struct desk *d, struct request *r)
{
	struct request *other;

	r->state = REQUEST_WAITING;
	r->due = child_now() +
		 (r->rank == REQUEST_SUSPECT ? DESK_WAIT_MS : DESK_NEW_WAIT_MS);
	if (queue_may_start(&d->requests, r)) {
		start(d, r);
		return;
	}
	switch (queue_enter(&d->requests, r, &other)) {
	case 1:
		break;
	case 0:
		too_many(d, other);
		break;
	default:
		too_many(d, r);
	}
}

static void
too_many(struct desk *d, struct request *r)
{
	log_line(LOG_LEVEL_WARN, "user=%s ip=[%s]: too many wait", r->user,
	    r->rhost);
	settle(d, r, UNAVAILABLE);
}

static void
start_waiting(struct desk *d)
{
	struct request *r;

	/* It is WAITING no more: started, or settled. */
	while ((r = queue_next(&d->requests)) != NULL)
		start(d, r);
}

static void
start(struct desk *d, struct request *r)
{
	uint64_t now = child_now();

	if (module_start(d, r, now) == -1) {
		log_line(LOG_LEVEL_ERR, "user=%s: cannot ask: %s", r->user,
		    strerror(errno));
		settle(d, r, UNAVAILABLE);
		return;
	}
	/* The copy that is needed has gone to the child. */
	explicit_bzero(r->secret, sizeof(r->secret));
	r->state = REQUEST_ASKED;
	r->due = now + DESK_PAM_MS;
	if (r->work == REQUEST_WORK_DAEMON)
		r->due = now + DESK_DAEMON_MS + 1000;
}

/* A module, or the last of them, has spoken. */
static void
settle(struct desk *d, struct request *r, enum outcome outcome)
{
	if (r->recheck) {
		recheck_settled(d, r, outcome);
		decide(r, IPC_NO_FAILED); /* and nobody is told */
		return;
	}
	switch (outcome) {
	case RIGHT:
		accept_owner(d, r);
		break;
	case WRONG:
		fail(d, r);
		break;
	case EXPIRED:
		decide(r, IPC_NO_EXPIRED);
		break;
	case UNAVAILABLE:
	case LATER:
		decide(r, IPC_NO_UNAVAILABLE);
		break;
	}
}

/* The password was right; may this account come in, and this way? */
static void
accept_owner(struct desk *d, struct request *r)
{
	struct owner *o = &r->owner;

	if (owner_defaults(o, d->boot->set.defaultoptions) == -1) {
		log_line(LOG_LEVEL_ERR, "user=%s: options too long", o->user);
		decide(r, IPC_NO_UNAVAILABLE);
		return;
	}
	if (o->uid == 0 || o->uid < d->boot->set.minuid) {
		log_line(LOG_LEVEL_WARN,
		    "user=%s ip=[%s]: right password, but uid %u is refused "
		    "(MINUID %u)",
		    o->user, r->rhost, o->uid, d->boot->set.minuid);
		fail(d, r);
	} else if (owner_option(o, "disableimap")) {
		decide(r, IPC_NO_DISABLED);
	} else if (owner_option(o, "disableinsecureimap") &&
		   (r->flags & IPC_ASK_TLS) == 0) {
		decide(r, IPC_NO_INSECURE);
	} else if (!d->has_key) {
		log_line(LOG_LEVEL_ERR, "user=%s: no key yet", o->user);
		decide(r, IPC_NO_UNAVAILABLE);
	} else {
		if (r->paced)
			known_good(
			    d->known, r->name, r->source, child_now() / 1000);
		r->yes = true;
		decide(r, IPC_NO_FAILED);
		recheck_in(d, r);
	}
}

/* As a wrong password: counted, and told when it is time. */
static void
fail(struct desk *d, struct request *r)
{
	uint64_t now = child_now();
	unsigned level = 0, other;

	if (r->user[0] != '\0') {
		/* What strangers did is not the owner's fault. */
		if (r->rank != REQUEST_KNOWN)
			level = pace_level(d->names, r->name, now);
		pace_fail(d->names, r->name, now);
	}
	if (r->paced) {
		other = pace_level(d->addresses, r->source, now);
		pace_fail(d->addresses, r->source, now);
		if (other > level)
			level = other;
	}
	decide(r, IPC_NO_FAILED);
	r->due = r->begun + pace_delay(level, d->boot->set.auth_floor_ms);
}

static void
decide(struct request *r, enum ipc_no why)
{
	explicit_bzero(r->login.password, sizeof(r->login.password));
	explicit_bzero(r->secret, sizeof(r->secret));
	r->state = REQUEST_DECIDED;
	r->work = REQUEST_WORK_NONE;
	r->why = why;
	r->due = child_now();
}

void
desk_pam(struct desk *d, int fd)
{
	struct request *r;

	if (d->pam != -1)
		(void)close(d->pam);
	d->pam = fd;
	TAILQ_FOREACH (r, &d->requests, entry)
		if (r->work == REQUEST_WORK_PAM &&
		    (r->state == REQUEST_ASKED || fd == -1))
			settle(d, r, UNAVAILABLE);
}

int
desk_pam_answer(struct desk *d, const struct ipc_msg *msg)
{
	struct pam_answer a;
	struct request *r;
	struct ipc_get g;
	const uint8_t *p;
	size_t n;

	ipc_open(&g, msg);
	p = ipc_get_bytes(&g, &n, sizeof(a));
	if (msg->type != IPC_ANSWER || p == NULL || n != sizeof(a) ||
	    ipc_done(&g) == -1)
		return -1;
	memcpy(&a, p, sizeof(a));
	if ((r = find_asked(d, REQUEST_WORK_PAM, a.id)) == NULL)
		return 0; /* given up meanwhile */
	r->work = REQUEST_WORK_NONE;
	if (a.verdict == PAM_IS_WRONG) {
		r->module++;
		run(d, r);
		return 0;
	}
	settle(d, r, module_pam(d, r, &a));
	return 0;
}

static struct request *
find_asked(struct desk *d, enum request_work work, uint64_t id)
{
	struct request *r;

	TAILQ_FOREACH (r, &d->requests, entry)
		if (r->state == REQUEST_ASKED && r->work == work && r->id == id)
			return r;
	return NULL;
}

void
desk_tick(struct desk *d, uint64_t now)
{
	struct request *r, *next;

	collect_hashes(d);
	collect_daemon(d);
	for (r = TAILQ_FIRST(&d->requests); r != NULL; r = next) {
		next = TAILQ_NEXT(r, entry);
		if (r->state != REQUEST_DECIDED && r->due <= now)
			expire(d, r);
	}
	start_waiting(d);
	recheck_tick(d, now);
	for (r = TAILQ_FIRST(&d->requests); r != NULL; r = next) {
		next = TAILQ_NEXT(r, entry);
		if (r->state == REQUEST_DECIDED &&
		    (r->due <= now || r->worker == -1))
			deliver(d, r);
	}
}

static void
collect_hashes(struct desk *d)
{
	struct request *r;
	enum pool_end end;
	uint32_t word;
	uint64_t id;

	while (
	    (end = pool_take(&d->hash, child_now(), &id, &word)) != POOL_NONE) {
		if ((r = find_asked(d, REQUEST_WORK_HASH, id)) == NULL)
			continue;
		r->work = REQUEST_WORK_NONE;
		if (end == POOL_ANSWER && word == MODULE_HASH_RIGHT &&
		    !r->decoy) {
			settle(d, r, RIGHT);
		} else if (end == POOL_ANSWER &&
			   (word == MODULE_HASH_RIGHT ||
			       word == MODULE_HASH_WRONG)) {
			r->module++;
			run(d, r);
		} else {
			log_line(LOG_LEVEL_ERR,
			    "user=%s: a child died over a password hash",
			    r->user);
			settle(d, r, UNAVAILABLE);
		}
	}
}

static void
collect_daemon(struct desk *d)
{
	static struct authdaemon_answer a;
	struct request *r;
	enum pool_end end;
	uint64_t id, now;

	while ((now = child_now()),
	    (end = pool_take(&d->daemon, now, &id, &a)) != POOL_NONE) {
		if (end == POOL_ANSWER && a.plain == 1)
			d->plain_until = now + DESK_PLAIN_MS;
		if ((r = find_asked(d, REQUEST_WORK_DAEMON, id)) == NULL)
			continue;
		r->work = REQUEST_WORK_NONE;
		if (end == POOL_FAILED) {
			memset(&a, 0, sizeof(a));
			(void)strlcpy(a.why,
			    "no answer in time, or a child "
			    "died over it",
			    sizeof(a.why));
		}
		if (a.verdict == AUTHDAEMON_WRONG) {
			r->module++;
			run(d, r);
		} else {
			settle(d, r, module_daemon(d, r, &a));
		}
	}
}

/* No place came free in time, or no answer. */
static void
expire(struct desk *d, struct request *r)
{
	log_line(LOG_LEVEL_WARN, "user=%s ip=[%s]: %s", r->user, r->rhost,
	    r->state == REQUEST_WAITING ? "waited too long"
					: "no answer in time");
	settle(d, r, UNAVAILABLE);
}

/* Sends the answer; where the channel is full it waits for POLLOUT. */
static void
deliver(struct desk *d, struct request *r)
{
	struct desk_worker *w;
	struct ipc_put m;

	if (r->worker == -1) {
		release(d, r);
		return;
	}
	w = &d->worker[r->worker];
	if (w->full)
		return;
	if (!r->yes)
		request_put_no(r, r->why, &m);
	else if (put_yes(d, r, &m) == -1)
		request_put_no(r, IPC_NO_UNAVAILABLE, &m);
	if (ipc_send(w->channel, &m, NULL, 0) == 0) {
		release(d, r);
	} else if (errno == EAGAIN) {
		w->full = true;
	} else {
		/* The channel's end is noticed, and the worker dropped, later.
		 */
		log_line(LOG_LEVEL_ERR, "answer to worker %d: %s", r->worker,
		    strerror(errno));
		release(d, r);
	}
}

static int
put_yes(struct desk *d, const struct request *r, struct ipc_put *m)
{
	static struct ticket t;

	t.owner = r->owner;
	t.time = (uint64_t)time(NULL);
	if (t.time <= r->ended) /* those up to then are void */
		t.time = r->ended + 1;
	t.serial = ++d->serial;
	t.worker = (uint32_t)r->worker;
	t.incarnation = d->worker[r->worker].incarnation;
	t.conn = r->conn;
	return request_put_yes(r, &t, d->key, m);
}

uint64_t
desk_next(const struct desk *d)
{
	uint64_t next = pool_deadline(&d->hash), other;
	const struct request *r;

	if ((other = pool_deadline(&d->daemon)) < next)
		next = other;
	if ((other = recheck_next(d)) < next)
		next = other;
	TAILQ_FOREACH (r, &d->requests, entry) {
		if (r->state == REQUEST_DECIDED && r->worker != -1 &&
		    d->worker[r->worker].full)
			continue;
		if (r->due < next)
			next = r->due;
	}
	return next;
}
