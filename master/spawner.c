/*
 * The spawner. What a worker says is checked here and nowhere else on the way
 * to a session:
 *
 *   ticket   sealed by auth (the key is auth's and ours), for this worker by
 *            number and incarnation, for this connection; when the connection
 *            is not counted yet, not older than TICKET_AGE. One that is counted
 *            may have another session (it was parked), and counts as before;
 *            what a spawner before us counted is forgotten, so a worker older
 *            than we are may show it at any age
 *   owner    not uid 0, not below MINUID (a ticket of a captured auth process
 *            is not the end of the house)
 *   account  not more than MAXPERUSER clients; beyond it the oldest that is
 *            parked gives way (places.c)
 *
 * A parked client of the generation before, moved to a worker of this one, is
 * counted and its ticket sealed again (RESEAL): the old ticket must have been
 * sealed by the old auth for the very worker that the master says has offered
 * this connection (heirs.c), and pass as any other but for its age.
 *
 * A worker that lies is told "ticket" and a line of the log says why; it keeps
 * its channel, since all that it can have this way is a refusal.
 *
 * Nor is there a session for an account whose sessions crash (holdoff.h); what
 * it is told is "unavailable", and who is parked keeps its place.
 */
#include "master/spawner.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "auth/ticket.h"
#include "master/heirs.h"
#include "master/notbefore.h"
#include "master/nursery.h"
#include "master/places.h"
#include "master/role.h"
#include "master/spawn.h"
#include "shm/ipc.h"
#include "shm/jail.h"
#include "shm/log.h"

#define SLICE 64 /* messages of one worker per round */
#define SKEW  5  /* s: a ticket may be so far in the future */

struct peer {
	int channel; /* -1: no such worker */
	uint64_t incarnation;
	bool full; /* it does not take its answers: nothing of it is read */
	uint32_t refusals; /* of tickets, that were told in the log */
};

struct spawner {
	struct boot boot;
	struct nursery nursery;
	int parent;
	uint8_t key[TICKET_KEY];
	uint8_t old_key[TICKET_KEY]; /* of the generation before */
	bool has_key, has_old_key;
	struct peer workers[BOOT_WORKERS];
	bool stopped;
};

static int start(struct spawner *, const struct boot *, int parent);
static pid_t exec_template(const struct boot *, int channel);
static void turn(struct spawner *);
static int wait_ms(const struct spawner *);
static void from_master(struct spawner *);
static void master_says(struct spawner *, struct ipc_msg *);
static void take_key(struct spawner *, struct ipc_msg *);
static void new_worker(struct spawner *, struct ipc_msg *);
static void new_settings(struct spawner *, int fd);
static void from_worker(struct spawner *, uint32_t worker);
static bool takes_answers(struct peer *);
static void drop_worker(struct spawner *, uint32_t worker);
static const char *worker_says(
    struct spawner *, uint32_t worker, struct ipc_msg *);
static const char *take_start(
    struct spawner *, uint32_t worker, struct ipc_msg *);
static const char *check_claim(const struct spawner *, uint32_t worker,
    uint64_t conn, const struct ticket *);
static const char *check_ticket(
    struct spawner *, uint32_t worker, uint64_t conn, const struct ticket *);
static const char *check_owner(const struct spawner *, const struct ticket *);
static bool seat(struct spawner *, const struct newcomer *);
static void grant(struct spawner *, struct newcomer *);
static void make_place(struct spawner *);
static void reply(struct spawner *, uint32_t worker, struct ipc_put *);
static void refuse(struct spawner *, uint32_t worker, uint64_t conn,
    enum ipc_refused why, uint32_t count);
static const char *take_ended(uint32_t worker, struct ipc_msg *);
static const char *take_reseal(
    struct spawner *, uint32_t worker, struct ipc_msg *);
static size_t reseal(struct spawner *, const uint8_t *, size_t, struct ticket *,
    uint8_t sealed[TICKET_MAX]);
static uint64_t now_ms(void);

int
spawner_serve(const struct boot *boot)
{
	spawn_held();
	return spawner_run(boot, BOOT_FD_PARENT, exec_template);
}

int
spawner_run(const struct boot *boot, int parent,
    pid_t (*start_one)(const struct boot *, int))
{
	static struct spawner s;
	struct ipc_put put;

	if (start(&s, boot, parent) == -1) {
		log_line(LOG_LEVEL_ERR, "jail: %s", strerror(errno));
		return 1;
	}
	ipc_begin(&put, IPC_HELLO);
	ipc_put_u32(&put, IPC_VERSION);
	ipc_put_u32(&put, BOOT_SPAWNER);
	if (ipc_send(parent, &put, NULL, 0) == -1)
		return 1;
	nursery_open(&s.nursery, &s.boot, start_one);
	while (!s.stopped)
		turn(&s);
	nursery_close(&s.nursery);
	return 0;
}

static int
start(struct spawner *s, const struct boot *boot, int parent)
{
	s->boot = *boot;
	s->parent = parent;
	for (int i = 0; i < BOOT_WORKERS; i++)
		s->workers[i].channel = -1;
	return jail_enter(boot);
}

static pid_t
exec_template(const struct boot *boot, int channel)
{
	const struct role *role = role_find(BOOT_TEMPLATE);
	char path[4096];
	struct spawn spawn = {.program = path,
	    .option = role->option,
	    .boot = boot,
	    .parent = channel,
	    .log = BOOT_FD_LOG,
	    .board = -1};

	if (spawn_path(role->program, path, sizeof(path)) == -1)
		return -1;
	return spawn_start(&spawn);
}

static void
turn(struct spawner *s)
{
	struct pollfd p[BOOT_WORKERS + 2];
	int n;

	for (int i = 0; i < BOOT_WORKERS; i++)
		p[i] = (struct pollfd){.fd = s->workers[i].channel,
		    .events = s->workers[i].full ? POLLOUT : POLLIN};
	p[BOOT_WORKERS] = (struct pollfd){.fd = s->parent, .events = POLLIN};
	p[BOOT_WORKERS + 1] =
	    (struct pollfd){.fd = s->nursery.channel, .events = POLLIN};
	n = poll(p, BOOT_WORKERS + 2, wait_ms(s));
	if (n == -1 && errno != EINTR)
		log_fatal("poll: %s", strerror(errno));
	if (n > 0 && p[BOOT_WORKERS].revents != 0)
		from_master(s);
	if (n > 0 && p[BOOT_WORKERS + 1].revents != 0 &&
	    s->nursery.channel == p[BOOT_WORKERS + 1].fd)
		nursery_hear(&s->nursery, now_ms());
	for (uint32_t i = 0; n > 0 && i < BOOT_WORKERS; i++)
		if (p[i].revents != 0 && s->workers[i].channel == p[i].fd)
			from_worker(s, i);
	make_place(s);
	nursery_turn(&s->nursery, now_ms());
}

static int
wait_ms(const struct spawner *s)
{
	uint64_t now = now_ms();
	int ms = places_patience(now);
	int more = nursery_wait(&s->nursery, now);

	return ms != -1 && ms < more ? ms : more;
}

static void
from_master(struct spawner *s)
{
	static struct ipc_msg msg;
	int n;

	while ((n = ipc_recv(s->parent, BOOT_SPAWNER, BOOT_MASTER, &msg)) == 1)
		master_says(s, &msg);
	if (n == 0 || errno != EAGAIN)
		s->stopped = true;
}

static void
master_says(struct spawner *s, struct ipc_msg *msg)
{
	switch (msg->type) {
	case IPC_PEER:
		new_worker(s, msg);
		return;
	case IPC_SETTINGS:
		new_settings(s, ipc_take_fd(msg, 0));
		return;
	case IPC_KEY:
		take_key(s, msg);
		return;
	case IPC_NOTBEFORE:
		notbefore_take(msg);
		return;
	case IPC_HEIR:
		heirs_take(msg);
		return;
	case IPC_STOP:
		s->stopped = true;
		return;
	default:
		return;
	}
}

static void
take_key(struct spawner *s, struct ipc_msg *msg)
{
	struct ipc_get get;
	const uint8_t *key, *old;
	size_t n, nold;

	ipc_open(&get, msg);
	key = ipc_get_bytes(&get, &n, sizeof(s->key));
	if (n == sizeof(s->key) && get.p != get.end) {
		old = ipc_get_bytes(&get, &nold, sizeof(s->old_key));
		s->has_old_key = nold == sizeof(s->old_key);
		if (s->has_old_key)
			memcpy(s->old_key, old, nold);
	}
	if (ipc_done(&get) == 0 && n == sizeof(s->key)) {
		memcpy(s->key, key, n);
		s->has_key = true;
	}
	ipc_wipe();
}

static void
new_worker(struct spawner *s, struct ipc_msg *msg)
{
	struct ipc_get get;
	uint32_t role, number;
	uint64_t incarnation;

	ipc_open(&get, msg);
	role = ipc_get_u32(&get);
	number = ipc_get_u32(&get);
	incarnation = ipc_get_u64(&get);
	if (ipc_done(&get) == -1 || role != BOOT_WORKER ||
	    number >= BOOT_WORKERS)
		return;
	/* The number's old owner is gone, or it would not be given again. */
	if (s->workers[number].channel != -1)
		drop_worker(s, number);
	s->workers[number] = (struct peer){
	    .channel = ipc_take_fd(msg, 0), .incarnation = incarnation};
}

/* A reload: from now on sessions are born with the new settings. */
static void
new_settings(struct spawner *s, int fd)
{
	static struct boot boot;

	if (fd == -1 || boot_read(fd, &boot) == -1)
		return;
	s->boot.set = boot.set;
	nursery_renew(&s->nursery, now_ms());
}

static void
from_worker(struct spawner *s, uint32_t worker)
{
	static struct ipc_msg msg;
	const char *wrong = NULL;
	int n = 0;

	for (int i = 0; i < SLICE && s->workers[worker].channel != -1; i++) {
		if (!takes_answers(&s->workers[worker]))
			return;
		n = ipc_recv(s->workers[worker].channel, BOOT_SPAWNER,
		    BOOT_WORKER, &msg);
		if (n != 1)
			break;
		wrong = worker_says(s, worker, &msg);
		if (wrong != NULL)
			break;
	}
	if (wrong == NULL && (n == 1 || (n == -1 && errno == EAGAIN)))
		return;
	if (wrong == NULL && n == -1)
		wrong = strerror(errno);
	if (wrong != NULL) {
		log_line(LOG_LEVEL_ERR, "worker %u dropped: %s", worker, wrong);
		ipc_blame(s->parent, worker, s->workers[worker].incarnation);
	}
	drop_worker(s, worker);
}

/*
 * Asked before each message of its: the answer finds room, and those that are
 * owed to newcomers who wait. Whoever does not read its answers asks nothing
 * more, and nobody waits for it.
 */
static bool
takes_answers(struct peer *worker)
{
	struct pollfd p = {.fd = worker->channel, .events = POLLOUT};

	worker->full = poll(&p, 1, 0) == 0;
	return !worker->full;
}

/* NULL, or what no worker of ours would have sent. */
static const char *
worker_says(struct spawner *s, uint32_t worker, struct ipc_msg *msg)
{
	switch (msg->type) {
	case IPC_START:
		return take_start(s, worker, msg);
	case IPC_RESEAL:
		return take_reseal(s, worker, msg);
	case IPC_ENDED:
	case IPC_KEPT:
		return take_ended(worker, msg);
	default:
		return ipc_name(msg->type);
	}
}

static void
drop_worker(struct spawner *s, uint32_t worker)
{
	if (s->workers[worker].channel != -1)
		close(s->workers[worker].channel);
	s->workers[worker].channel = -1;
	places_drop(worker);
}

/* What no worker of ours would have asked, as worker_says. */
static const char *
take_start(struct spawner *s, uint32_t worker, struct ipc_msg *msg)
{
	static struct ticket ticket;
	static struct newcomer n;
	const char *crime = "not a ticket of ours", *wrong;
	const uint8_t *sealed;
	struct ipc_get get;
	uint32_t flags;
	size_t len;

	n.control = ipc_take_fd(msg, 0);
	ipc_open(&get, msg);
	n.worker = worker;
	n.conn = ipc_get_u64(&get);
	flags = ipc_get_u32(&get);
	n.instead = (flags & IPC_START_INSTEAD) != 0;
	sealed = ipc_get_bytes(&get, &len, TICKET_MAX);
	if (ipc_done(&get) == -1 ||
	    (flags & ~(IPC_START_NEW | IPC_START_INSTEAD)) != 0 ||
	    (n.control != -1) != ((flags & IPC_START_NEW) != 0))
		crime = "malformed";
	else if (!s->has_key)
		crime = NULL;
	else if (ticket_open(sealed, len, s->key, &ticket) == 0)
		crime = check_claim(s, worker, n.conn, &ticket);
	wrong =
	    crime == NULL ? check_ticket(s, worker, n.conn, &ticket) : crime;
	n.owner = ticket.owner;
	if (wrong != NULL) {
		if (log_rare(&s->workers[worker].refusals))
			log_line(LOG_LEVEL_ERR, "worker %u: ticket refused: %s",
			    worker, wrong);
		refuse(s, worker, n.conn, IPC_REFUSED_TICKET, 0);
	} else if (n.control != -1 && nursery_held(&n.owner, now_ms())) {
		refuse(s, worker, n.conn, IPC_REFUSED_UNAVAILABLE, 0);
	} else if (!seat(s, &n)) {
		return NULL; /* it waits, with its descriptor */
	}
	if (n.control != -1)
		close(n.control);
	return crime;
}

/* False: it waits for a place. */
static bool
seat(struct spawner *s, const struct newcomer *n)
{
	uint32_t limit = n->instead ? 0 : s->boot.set.maxperuser, count;
	bool known = places_have_owner(n->worker, n->conn, &n->owner);
	struct newcomer copy = *n;

	if (known) { /* parked, and now it wants a session */
		grant(s, &copy);
		return true;
	}
	switch (places_take(n->worker, n->conn, &n->owner, limit, &count)) {
	case PLACES_TAKEN:
		grant(s, &copy);
		return true;
	case PLACES_NONE:
		refuse(s, n->worker, n->conn, IPC_REFUSED_UNAVAILABLE, 0);
		return true;
	case PLACES_FULL:
		break;
	}
	if (s->boot.set.park_yield == 0 || count == 0 ||
	    places_wait(n, now_ms()) == -1) {
		refuse(s, n->worker, n->conn, IPC_REFUSED_LIMIT, count);
		return true;
	}
	return false;
}

/* It has its place: a session, if it needs one, and the word. */
static void
grant(struct spawner *s, struct newcomer *n)
{
	struct ipc_put put;

	if (n->control != -1 &&
	    nursery_become(&s->nursery, &n->owner, n->control) == -1) {
		places_leave(n->worker, n->conn);
		refuse(s, n->worker, n->conn, IPC_REFUSED_UNAVAILABLE, 0);
		return;
	}
	ipc_begin(&put, IPC_STARTED);
	ipc_put_u64(&put, n->conn);
	reply(s, n->worker, &put);
}

/* Asks those who may be parked, and tells newcomers what came of it. */
static void
make_place(struct spawner *s)
{
	static struct newcomer n;
	uint32_t worker, count;
	struct ipc_put put;
	uint64_t conn;
	bool granted;

	while (places_ask(&worker, &conn)) {
		ipc_begin(&put, IPC_YIELD);
		ipc_put_u64(&put, conn);
		if (takes_answers(&s->workers[worker]))
			reply(s, worker, &put);
		else
			places_kept(worker, conn);
	}
	while (places_next(now_ms(), &n, &granted, &count)) {
		if (!granted) {
			refuse(s, n.worker, n.conn, IPC_REFUSED_LIMIT, count);
		} else {
			n.instead = false;
			if (!seat(s, &n))
				continue;
		}
		if (n.control != -1)
			close(n.control);
	}
}

/* NULL, or whose ticket it is instead. */
static const char *
check_claim(const struct spawner *s, uint32_t worker, uint64_t conn,
    const struct ticket *t)
{
	if (t->worker != worker ||
	    t->incarnation != s->workers[worker].incarnation)
		return "another worker's";
	return t->conn != conn ? "another connection's" : NULL;
}

/*
 * NULL, or what is wrong with a ticket that auth has given: a slow machine, a
 * reload that auth has not heard of, an account that was ended meanwhile.
 */
static const char *
check_ticket(
    struct spawner *s, uint32_t worker, uint64_t conn, const struct ticket *t)
{
	uint64_t now = (uint64_t)time(NULL);

	if (!s->has_key)
		return "there is no key yet";
	if (t->time > now + SKEW)
		return "too old";
	/* We are younger than a worker if we were restarted. */
	if (now > t->time + TICKET_AGE &&
	    t->incarnation > s->boot.incarnation && !places_have(worker, conn))
		return "too old";
	return check_owner(s, t);
}

static const char *
check_owner(const struct spawner *s, const struct ticket *t)
{
	if (notbefore_voids(t->owner.user, t->time))
		return "sealed before its account was ended";
	if (s->boot.privileged != 0 &&
	    (t->owner.uid == 0 || t->owner.uid < s->boot.set.minuid))
		return "owner below MINUID";
	return t->owner.maildir[0] != '/' ? "no Maildir" : NULL;
}

/* Never waits: see takes_answers. */
static void
reply(struct spawner *s, uint32_t worker, struct ipc_put *put)
{
	if (s->workers[worker].channel == -1 ||
	    ipc_send(s->workers[worker].channel, put, NULL, 0) == 0)
		return;
	log_line(LOG_LEVEL_WARN, "worker %u takes no answer: %s", worker,
	    strerror(errno));
	drop_worker(s, worker);
}

static void
refuse(struct spawner *s, uint32_t worker, uint64_t conn, enum ipc_refused why,
    uint32_t count)
{
	struct ipc_put put;

	ipc_begin(&put, IPC_REFUSED);
	ipc_put_u64(&put, conn);
	ipc_put_u32(&put, why);
	ipc_put_u32(&put, count);
	ipc_put_u32(&put, s->boot.set.maxperuser);
	reply(s, worker, &put);
}

/* ENDED and KEPT. */
static const char *
take_ended(uint32_t worker, struct ipc_msg *msg)
{
	struct ipc_get get;
	uint64_t conn;

	ipc_open(&get, msg);
	conn = ipc_get_u64(&get);
	if (ipc_done(&get) == -1)
		return "malformed ENDED";
	if (msg->type == IPC_ENDED)
		places_leave(worker, conn);
	else
		places_kept(worker, conn);
	return NULL;
}

/* What no worker of ours would have asked, as worker_says. */
static const char *
take_reseal(struct spawner *s, uint32_t worker, struct ipc_msg *msg)
{
	static uint8_t old[TICKET_MAX], sealed[TICKET_MAX];
	static struct ticket t;
	const uint8_t *ticket;
	struct ipc_get get;
	struct ipc_put put;
	size_t len, n;

	memset(&t, 0, sizeof(t));
	ipc_open(&get, msg);
	t.conn = ipc_get_u64(&get);
	t.worker = worker;
	t.incarnation = s->workers[worker].incarnation;
	ticket = ipc_get_bytes(&get, &len, TICKET_MAX);
	if (ipc_done(&get) == -1)
		return "malformed RESEAL";
	if (len > 0)
		memcpy(old, ticket, len);
	/* HEIR was sent before the client: it is there, if unread. */
	from_master(s);
	/* So may be its number's next owner: then nobody asks any more. */
	if (s->workers[worker].incarnation != t.incarnation)
		return NULL;
	n = reseal(s, old, len, &t, sealed);
	ipc_begin(&put, IPC_RESEALED);
	ipc_put_u64(&put, t.conn);
	ipc_put_str(&put, n > 0 ? t.owner.user : "");
	ipc_put_bytes(&put, sealed, n);
	reply(s, worker, &put);
	ipc_wipe();
	return NULL;
}

/*
 * The length of the new ticket; 0: refused. The client is counted whatever the
 * limit: it was before.
 */
static size_t
reseal(struct spawner *s, const uint8_t *old, size_t len, struct ticket *t,
    uint8_t sealed[TICKET_MAX])
{
	const char *wrong = "there is no key of the generation before";
	uint32_t count;
	size_t n = 0;

	if (s->has_key && s->has_old_key &&
	    (wrong = heirs_open(old, len, s->old_key, t)) == NULL)
		wrong = check_owner(s, t);
	if (wrong == NULL &&
	    (n = ticket_seal(t, s->key, sealed, TICKET_MAX)) == 0)
		wrong = "cannot be sealed";
	if (wrong == NULL && places_take(t->worker, t->conn, &t->owner,
				 UINT32_MAX, &count) != PLACES_TAKEN)
		wrong = "it has no place";
	if (wrong == NULL)
		return n;
	if (log_rare(&s->workers[t->worker].refusals))
		log_line(LOG_LEVEL_ERR,
		    "worker %u: an inherited ticket is refused: %s", t->worker,
		    wrong);
	return 0;
}

static uint64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}
