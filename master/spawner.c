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
 *   account  not more than MAXPERUSER clients
 *
 * A worker that lies is told "ticket" and a line of the log says why; it keeps
 * its channel, since all that it can have this way is a refusal.
 *
 * Spares are forked ahead by the template, one for each used. The BECOME
 * message for one may be sent before it was even forked: it waits in the
 * channel. After a reload there is a new template, executed from the installed
 * file; the old one ends after its last session.
 */
#include "master/spawner.h"

#include <bsd/sys/tree.h>
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
#include "master/indexdir.h"
#include "master/notbefore.h"
#include "master/role.h"
#include "master/spawn.h"
#include "shm/ipc.h"
#include "shm/jail.h"
#include "shm/log.h"

#define ACCOUNT    16
#define SPARES_MAX 64
#define SLICE      64 /* messages of one worker per round */
#define SKEW       5  /* s: a ticket may be so far in the future */

struct account {
	RB_ENTRY(account) node;
	uint8_t id[ACCOUNT];
	uint32_t count; /* of clients */
};

struct client {
	RB_ENTRY(client) node;
	uint64_t conn;
	uint32_t worker;
	struct account *account;
};

RB_HEAD(account_tree, account);
RB_HEAD(client_tree, client);

struct peer {
	int channel; /* -1: no such worker */
	uint64_t incarnation;
};

struct spawner {
	struct boot boot;
	pid_t (*start_template)(const struct boot *, int);
	int parent;
	uint8_t key[TICKET_KEY];
	bool has_key;
	struct peer workers[BOOT_WORKERS];
	struct account_tree accounts;
	struct client_tree clients;
	pid_t template;
	int channel;      /* to the template, -1: none */
	uint64_t retry;   /* ms: when to start one again */
	uint64_t started; /* ms */
	unsigned failures;
	int spares[SPARES_MAX];
	uint32_t nspares;
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
static void drop_worker(struct spawner *, uint32_t worker);
static const char *worker_says(
    struct spawner *, uint32_t worker, struct ipc_msg *);
static const char *take_start(
    struct spawner *, uint32_t worker, struct ipc_msg *);
static const char *check_claim(const struct spawner *, uint32_t worker,
    uint64_t conn, const struct ticket *);
static const char *check_ticket(
    struct spawner *, uint32_t worker, uint64_t conn, const struct ticket *);
static bool is_known(
    struct spawner *, uint32_t worker, uint64_t conn, const struct owner *);
static bool take_place(struct spawner *, uint32_t worker, uint64_t conn,
    const struct owner *, uint32_t *count);
static int become(struct spawner *, const struct owner *, int control);
static void reply(struct spawner *, uint32_t worker, struct ipc_put *);
static void refuse(struct spawner *, uint32_t worker, uint64_t conn,
    enum ipc_refused why, uint32_t count);
static const char *take_ended(
    struct spawner *, uint32_t worker, struct ipc_msg *);
static void end_client(struct spawner *, struct client *);
static struct client *find_client(
    struct spawner *, uint32_t worker, uint64_t conn);
static void start_template(struct spawner *);
static void end_template(struct spawner *);
static void from_template(struct spawner *);
static void take_died(struct ipc_msg *);
static void reap(struct spawner *);
static void refill(struct spawner *);
static int new_spare(struct spawner *);
static uint64_t now_ms(void);

static int
compare_account(const struct account *a, const struct account *b)
{
	return memcmp(a->id, b->id, ACCOUNT);
}

static int
compare_client(const struct client *a, const struct client *b)
{
	if (a->conn != b->conn)
		return a->conn < b->conn ? -1 : 1;
	return a->worker < b->worker ? -1 : a->worker > b->worker;
}

#define LOCAL static __attribute__((unused))
RB_PROTOTYPE_INTERNAL(account_tree, account, node, compare_account, LOCAL)
RB_GENERATE_INTERNAL(account_tree, account, node, compare_account, LOCAL)
RB_PROTOTYPE_INTERNAL(client_tree, client, node, compare_client, LOCAL)
RB_GENERATE_INTERNAL(client_tree, client, node, compare_client, LOCAL)

int
spawner_serve(const struct boot *boot)
{
	return spawner_run(boot, BOOT_FD_PARENT, exec_template);
}

int
spawner_run(const struct boot *boot, int parent,
    pid_t (*start_one)(const struct boot *, int))
{
	static struct spawner s;
	struct ipc_put put;

	s.start_template = start_one;
	if (start(&s, boot, parent) == -1) {
		log_line(LOG_LEVEL_ERR, "jail: %s", strerror(errno));
		return 1;
	}
	ipc_begin(&put, IPC_HELLO);
	ipc_put_u32(&put, IPC_VERSION);
	ipc_put_u32(&put, BOOT_SPAWNER);
	if (ipc_send(parent, &put, NULL, 0) == -1)
		return 1;
	start_template(&s);
	while (!s.stopped)
		turn(&s);
	end_template(&s);
	return 0;
}

static int
start(struct spawner *s, const struct boot *boot, int parent)
{
	s->boot = *boot;
	s->parent = parent;
	s->channel = -1;
	for (int i = 0; i < BOOT_WORKERS; i++)
		s->workers[i].channel = -1;
	RB_INIT(&s->accounts);
	RB_INIT(&s->clients);
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
		p[i] = (struct pollfd){
		    .fd = s->workers[i].channel, .events = POLLIN};
	p[BOOT_WORKERS] = (struct pollfd){.fd = s->parent, .events = POLLIN};
	p[BOOT_WORKERS + 1] =
	    (struct pollfd){.fd = s->channel, .events = POLLIN};
	n = poll(p, BOOT_WORKERS + 2, wait_ms(s));
	if (n == -1 && errno != EINTR)
		log_fatal("poll: %s", strerror(errno));
	reap(s);
	if (n > 0 && p[BOOT_WORKERS].revents != 0)
		from_master(s);
	if (n > 0 && p[BOOT_WORKERS + 1].revents != 0 && s->channel != -1)
		from_template(s);
	for (uint32_t i = 0; n > 0 && i < BOOT_WORKERS; i++)
		if (p[i].revents != 0 && s->workers[i].channel == p[i].fd)
			from_worker(s, i);
	if (s->channel == -1 && now_ms() >= s->retry)
		start_template(s);
	refill(s);
}

static int
wait_ms(const struct spawner *s)
{
	uint64_t now = now_ms();

	if (s->channel != -1)
		return 10000; /* a retired template may want to be reaped */
	return s->retry <= now ? 0 : (int)(s->retry - now);
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
	const uint8_t *key;
	size_t n;

	ipc_open(&get, msg);
	key = ipc_get_bytes(&get, &n, sizeof(s->key));
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
	s->workers[number].channel = ipc_take_fd(msg, 0);
	s->workers[number].incarnation = incarnation;
}

/* A reload: from now on sessions are born with the new settings. */
static void
new_settings(struct spawner *s, int fd)
{
	static struct boot boot;

	if (fd == -1 || boot_read(fd, &boot) == -1)
		return;
	s->boot.set = boot.set;
	end_template(s);
	start_template(s);
}

static void
from_worker(struct spawner *s, uint32_t worker)
{
	static struct ipc_msg msg;
	const char *wrong = NULL;
	int n = 0;

	for (int i = 0; i < SLICE && s->workers[worker].channel != -1; i++) {
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

/* NULL, or what no worker of ours would have sent. */
static const char *
worker_says(struct spawner *s, uint32_t worker, struct ipc_msg *msg)
{
	switch (msg->type) {
	case IPC_START:
		return take_start(s, worker, msg);
	case IPC_ENDED:
		return take_ended(s, worker, msg);
	default:
		return ipc_name(msg->type);
	}
}

static void
drop_worker(struct spawner *s, uint32_t worker)
{
	struct client *c, *next;

	if (s->workers[worker].channel != -1)
		close(s->workers[worker].channel);
	s->workers[worker].channel = -1;
	RB_FOREACH_SAFE (c, client_tree, &s->clients, next)
		if (c->worker == worker)
			end_client(s, c);
}

/* What no worker of ours would have asked, as worker_says. */
static const char *
take_start(struct spawner *s, uint32_t worker, struct ipc_msg *msg)
{
	static struct ticket ticket;
	int control = ipc_take_fd(msg, 0);
	const char *crime = "not a ticket of ours", *wrong;
	const uint8_t *sealed;
	struct ipc_get get;
	struct ipc_put put;
	uint32_t fresh, count;
	uint64_t conn;
	bool known;
	size_t len;

	ipc_open(&get, msg);
	conn = ipc_get_u64(&get);
	fresh = ipc_get_u32(&get);
	sealed = ipc_get_bytes(&get, &len, TICKET_MAX);
	if (ipc_done(&get) == -1 || fresh > 1 ||
	    (control != -1) != (fresh == 1))
		crime = "malformed";
	else if (!s->has_key)
		crime = NULL;
	else if (ticket_open(sealed, len, s->key, &ticket) == 0)
		crime = check_claim(s, worker, conn, &ticket);
	wrong = crime == NULL ? check_ticket(s, worker, conn, &ticket) : crime;
	if (wrong != NULL) {
		log_line(LOG_LEVEL_ERR, "worker %u: ticket refused: %s", worker,
		    wrong);
		refuse(s, worker, conn, IPC_REFUSED_TICKET, 0);
	} else if (!(known = is_known(s, worker, conn, &ticket.owner)) &&
		   !take_place(s, worker, conn, &ticket.owner, &count))
		refuse(s, worker, conn,
		    count > 0 ? IPC_REFUSED_LIMIT : IPC_REFUSED_UNAVAILABLE,
		    count);
	else if (fresh == 1 && become(s, &ticket.owner, control) == -1) {
		if (!known)
			end_client(s, find_client(s, worker, conn));
		refuse(s, worker, conn, IPC_REFUSED_UNAVAILABLE, 0);
	} else {
		ipc_begin(&put, IPC_STARTED);
		ipc_put_u64(&put, conn);
		reply(s, worker, &put);
	}
	if (control != -1)
		close(control);
	return crime;
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
	    t->incarnation > s->boot.incarnation &&
	    find_client(s, worker, conn) == NULL)
		return "too old";
	if (notbefore_voids(t->owner.user, t->time))
		return "sealed before its account was ended";
	if (s->boot.privileged != 0 &&
	    (t->owner.uid == 0 || t->owner.uid < s->boot.set.minuid))
		return "owner below MINUID";
	return t->owner.maildir[0] != '/' ? "no Maildir" : NULL;
}

/* Counted already, as this account's: parked, and now it wants a session. */
static bool
is_known(struct spawner *s, uint32_t worker, uint64_t conn,
    const struct owner *owner)
{
	const struct client *c = find_client(s, worker, conn);
	uint8_t id[ACCOUNT];

	ticket_owner_account(owner, id);
	return c != NULL && memcmp(c->account->id, id, ACCOUNT) == 0;
}

/*
 * Counts a client of an account; false: no place (*count clients are there, 0
 * for another reason: no memory, or the connection has a session already).
 */
static bool
take_place(struct spawner *s, uint32_t worker, uint64_t conn,
    const struct owner *owner, uint32_t *count)
{
	struct account key, *account;
	struct client *client;

	*count = 0;
	ticket_owner_account(owner, key.id);
	account = RB_FIND(account_tree, &s->accounts, &key);
	if (account != NULL && account->count >= s->boot.set.maxperuser) {
		*count = account->count;
		return false;
	}
	if (find_client(s, worker, conn) != NULL)
		return false;
	client = calloc(1, sizeof(*client));
	if (client == NULL)
		return false;
	if (account == NULL) {
		account = calloc(1, sizeof(*account));
		if (account == NULL) {
			free(client);
			return false;
		}
		memcpy(account->id, key.id, ACCOUNT);
		RB_INSERT(account_tree, &s->accounts, account);
	}
	account->count++;
	client->conn = conn;
	client->worker = worker;
	client->account = account;
	RB_INSERT(client_tree, &s->clients, client);
	return true;
}

static int
become(struct spawner *s, const struct owner *owner, int control)
{
	struct ipc_put put;
	int spare, ret;

	/* Without one the session works, slower. */
	if (indexdir_make(&s->boot.set, owner, s->boot.privileged != 0) == -1)
		log_line(LOG_LEVEL_WARN, "INDEXDIR: uid %u: %s", owner->uid,
		    strerror(errno));
	/* A spare that has died meanwhile is passed over. */
	do {
		if (s->nspares == 0 && new_spare(s) == -1)
			return -1;
		spare = s->spares[--s->nspares];
		ipc_begin(&put, IPC_BECOME);
		ipc_put_bytes(&put, owner, sizeof(*owner));
		ret = ipc_send(spare, &put, &control, 1);
		close(spare);
	} while (ret == -1 && (errno == EPIPE || errno == ECONNRESET) &&
		 s->channel != -1);
	return ret;
}

/* A worker that takes no answer is given up. */
static void
reply(struct spawner *s, uint32_t worker, struct ipc_put *put)
{
	if (s->workers[worker].channel == -1 ||
	    ipc_send_wait(s->workers[worker].channel, put, NULL, 0, 1000) == 0)
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

static const char *
take_ended(struct spawner *s, uint32_t worker, struct ipc_msg *msg)
{
	struct ipc_get get;
	struct client *client;
	uint64_t conn;

	ipc_open(&get, msg);
	conn = ipc_get_u64(&get);
	if (ipc_done(&get) == -1)
		return "malformed ENDED";
	client = find_client(s, worker, conn);
	if (client != NULL)
		end_client(s, client);
	return NULL;
}

static void
end_client(struct spawner *s, struct client *client)
{
	struct account *account = client->account;

	RB_REMOVE(client_tree, &s->clients, client);
	free(client);
	if (--account->count > 0)
		return;
	RB_REMOVE(account_tree, &s->accounts, account);
	free(account);
}

static struct client *
find_client(struct spawner *s, uint32_t worker, uint64_t conn)
{
	struct client key;

	key.worker = worker;
	key.conn = conn;
	return RB_FIND(client_tree, &s->clients, &key);
}

static void
start_template(struct spawner *s)
{
	int pair[2];

	s->started = now_ms();
	s->retry = s->started + 1000;
	if (ipc_pair(pair) == -1)
		return;
	s->boot.role = BOOT_TEMPLATE;
	s->template = s->start_template(&s->boot, pair[1]);
	s->boot.role = BOOT_SPAWNER;
	close(pair[1]);
	if (s->template == -1) {
		log_line(LOG_LEVEL_ERR, "cannot start the template: %s",
		    strerror(errno));
		close(pair[0]);
		return;
	}
	s->channel = pair[0];
	refill(s);
}

/* Spares go; sessions stay, and the template until the last has gone. */
static void
end_template(struct spawner *s)
{
	if (s->channel != -1)
		close(s->channel);
	s->channel = -1;
	while (s->nspares > 0)
		close(s->spares[--s->nspares]);
}

static void
from_template(struct spawner *s)
{
	static struct ipc_msg msg;
	uint64_t lived;
	int n;

	while (
	    (n = ipc_recv(s->channel, BOOT_SPAWNER, BOOT_TEMPLATE, &msg)) == 1)
		if (msg.type == IPC_DIED)
			take_died(&msg);
	if (n == -1 && errno == EAGAIN)
		return;
	lived = now_ms() - s->started;
	s->failures = lived < 10000 ? s->failures + 1 : 1;
	if (s->failures > 7)
		s->failures = 7;
	s->retry =
	    s->failures == 1
		? now_ms()
		: now_ms() + (s->failures == 7 ? 60000 : 500u << s->failures);
	log_line(LOG_LEVEL_ERR, "template %d has gone, another one is started",
	    (int)s->template);
	end_template(s);
}

static void
take_died(struct ipc_msg *msg)
{
	struct ipc_get get;
	uint32_t pid;
	int status;

	ipc_open(&get, msg);
	pid = ipc_get_u32(&get);
	status = (int)ipc_get_u32(&get);
	if (ipc_done(&get) == -1)
		return;
	if (WIFSIGNALED(status))
		log_line(LOG_LEVEL_ERR, "session %u died of signal %d (%s)",
		    pid, WTERMSIG(status), strsignal(WTERMSIG(status)));
	else if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
		log_line(LOG_LEVEL_WARN, "session %u ended with status %d", pid,
		    WEXITSTATUS(status));
}

static void
reap(struct spawner *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (WIFSIGNALED(status))
			log_line(LOG_LEVEL_ERR, "template %d%s: signal %d",
			    (int)pid, pid == s->template ? "" : " (retired)",
			    WTERMSIG(status));
}

static void
refill(struct spawner *s)
{
	uint32_t want = s->boot.set.spares;

	if (want > SPARES_MAX)
		want = SPARES_MAX;
	while (s->channel != -1 && s->nspares < want)
		if (new_spare(s) == -1)
			return;
}

/* Asks for one more; its channel is usable at once. */
static int
new_spare(struct spawner *s)
{
	struct ipc_put put;
	int pair[2], ret, saved;

	if (s->channel == -1) {
		errno = ENOENT;
		return -1;
	}
	if (s->nspares == SPARES_MAX || ipc_pair(pair) == -1)
		return -1;
	ipc_begin(&put, IPC_FORK);
	ret = ipc_send(s->channel, &put, &pair[1], 1);
	saved = errno;
	close(pair[1]);
	if (ret == -1)
		close(pair[0]);
	else
		s->spares[s->nspares++] = pair[0];
	errno = saved;
	return ret;
}

static uint64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}
