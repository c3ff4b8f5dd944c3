/*
 * The template has the processes, we have the names: a spare's serial goes out
 * with FORK and comes back with DIED, and living sessions are kept by it. What
 * a retired template's sessions die of is only in their worker's log.
 */
#include "master/nursery.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/holdoff.h"
#include "master/indexdir.h"
#include "shm/ipc.h"
#include "shm/log.h"

struct crew { /* the sessions of an account */
	RB_ENTRY(crew) node;
	uint8_t account[HOLDOFF_ID];
	uint32_t n;
};

struct living { /* a session */
	RB_ENTRY(living) node;
	uint64_t serial;
	struct crew *crew;
	char user[];
};

static void start_template(struct nursery *, uint64_t now);
static void take_died(struct nursery *, struct ipc_msg *, uint64_t now);
static void died(struct nursery *, uint64_t serial, int status, uint64_t now);
static void reap(const struct nursery *);
static void refill(struct nursery *);
static int new_spare(struct nursery *);
static bool is_crowded(struct nursery *, const struct owner *);
static struct crew *crew_of(struct nursery *, const struct owner *);
static void born(struct nursery *, uint64_t serial, const struct owner *);
static void bury(struct nursery *, struct living *);

static int
compare(const struct living *a, const struct living *b)
{
	return a->serial < b->serial ? -1 : a->serial > b->serial;
}

static int
compare_crew(const struct crew *a, const struct crew *b)
{
	return memcmp(a->account, b->account, sizeof(a->account));
}

#define LOCAL static __attribute__((unused))
RB_PROTOTYPE_INTERNAL(living_tree, living, node, compare, LOCAL)
RB_GENERATE_INTERNAL(living_tree, living, node, compare, LOCAL)
RB_PROTOTYPE_INTERNAL(crew_tree, crew, node, compare_crew, LOCAL)
RB_GENERATE_INTERNAL(crew_tree, crew, node, compare_crew, LOCAL)

void
nursery_open(struct nursery *n, const struct boot *boot,
    pid_t (*start)(const struct boot *, int channel))
{
	*n = (struct nursery){.boot = boot, .start = start, .channel = -1};
	RB_INIT(&n->living);
	RB_INIT(&n->crews);
}

void
nursery_close(struct nursery *n)
{
	struct living *l;

	if (n->channel != -1)
		close(n->channel);
	n->channel = -1;
	while (n->nspares > 0)
		close(n->spares[--n->nspares].channel);
	/* No DIED comes of these any more. */
	while ((l = RB_ROOT(&n->living)) != NULL)
		bury(n, l);
}

void
nursery_renew(struct nursery *n, uint64_t now)
{
	nursery_close(n);
	start_template(n, now);
}

void
nursery_turn(struct nursery *n, uint64_t now)
{
	reap(n);
	if (n->channel == -1 && now >= n->retry)
		start_template(n, now);
	refill(n);
}

int
nursery_wait(const struct nursery *n, uint64_t now)
{
	/* A retired template may want to be reaped. */
	if (n->channel != -1)
		return 10000;
	return n->retry <= now ? 0 : (int)(n->retry - now);
}

static void
start_template(struct nursery *n, uint64_t now)
{
	static struct boot boot;
	int pair[2];

	n->started = now;
	n->retry = now + 1000;
	if (ipc_pair(pair) == -1)
		return;
	boot = *n->boot;
	boot.role = BOOT_TEMPLATE;
	n->template = n->start(&boot, pair[1]);
	close(pair[1]);
	if (n->template == -1) {
		log_line(LOG_LEVEL_ERR, "cannot start the template: %s",
		    strerror(errno));
		close(pair[0]);
		return;
	}
	n->channel = pair[0];
	refill(n);
}

void
nursery_hear(struct nursery *n, uint64_t now)
{
	static struct ipc_msg msg;
	int got;

	while ((got = ipc_recv(
		    n->channel, BOOT_SPAWNER, BOOT_TEMPLATE, &msg)) == 1)
		if (msg.type == IPC_DIED)
			take_died(n, &msg, now);
	if (got == -1 && errno == EAGAIN)
		return;
	n->failures = now - n->started < 10000 ? n->failures + 1 : 1;
	if (n->failures > 7)
		n->failures = 7;
	n->retry = now;
	if (n->failures > 1)
		n->retry += n->failures == 7 ? 60000 : 500u << n->failures;
	log_line(LOG_LEVEL_ERR, "template %d has gone, another one is started",
	    (int)n->template);
	nursery_close(n);
}

static void
take_died(struct nursery *n, struct ipc_msg *msg, uint64_t now)
{
	struct ipc_get get;
	uint64_t serial;
	uint32_t pid;
	int status;

	ipc_open(&get, msg);
	pid = ipc_get_u32(&get);
	status = (int)ipc_get_u32(&get);
	serial = ipc_get_u64(&get);
	if (ipc_done(&get) == -1)
		return;
	if (WIFSIGNALED(status))
		log_line(LOG_LEVEL_ERR, "session %u died of signal %d (%s)",
		    pid, WTERMSIG(status), strsignal(WTERMSIG(status)));
	else if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
		log_line(LOG_LEVEL_WARN, "session %u ended with status %d", pid,
		    WEXITSTATUS(status));
	died(n, serial, status, now);
}

static void
died(struct nursery *n, uint64_t serial, int status, uint64_t now)
{
	char name[SETTINGS_PATH];
	struct living key = {.serial = serial};
	struct living *l = RB_FIND(living_tree, &n->living, &key);

	if (l == NULL) /* a spare */
		return;
	if (holdoff_crashed(status)) {
		snprintf(name, sizeof(name), "user=%s", l->user);
		holdoff_crash(l->crew->account, name, now);
	}
	bury(n, l);
}

static void
reap(const struct nursery *n)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (WIFSIGNALED(status))
			log_line(LOG_LEVEL_ERR, "template %d%s: signal %d",
			    (int)pid, pid == n->template ? "" : " (retired)",
			    WTERMSIG(status));
}

static void
refill(struct nursery *n)
{
	uint32_t want = n->boot->set.spares;

	if (want > NURSERY_SPARES)
		want = NURSERY_SPARES;
	while (n->channel != -1 && n->nspares < want)
		if (new_spare(n) == -1)
			return;
}

/* Asks for one more; its channel is usable at once. */
static int
new_spare(struct nursery *n)
{
	struct ipc_put put;
	int pair[2], ret, saved;

	if (n->channel == -1) {
		errno = ENOENT;
		return -1;
	}
	if (n->nspares == NURSERY_SPARES || ipc_pair(pair) == -1)
		return -1;
	ipc_begin(&put, IPC_FORK);
	ipc_put_u64(&put, ++n->serial);
	ret = ipc_send(n->channel, &put, &pair[1], 1);
	saved = errno;
	close(pair[1]);
	if (ret == -1)
		close(pair[0]);
	else
		n->spares[n->nspares++] = (struct spare){pair[0], n->serial};
	errno = saved;
	return ret;
}

int
nursery_become(struct nursery *n, const struct owner *owner, int control)
{
	const struct boot *boot = n->boot;
	struct ipc_put put;
	struct spare spare;
	int ret;

	if (is_crowded(n, owner)) {
		errno = EUSERS;
		return -1;
	}
	/* Without one the session works, slower. */
	if (indexdir_make(&boot->set, owner, boot->privileged != 0) == -1)
		log_line(LOG_LEVEL_WARN, "INDEXDIR: uid %u: %s", owner->uid,
		    strerror(errno));
	/* A spare that has died meanwhile is passed over. */
	do {
		if (n->nspares == 0 && new_spare(n) == -1)
			return -1;
		spare = n->spares[--n->nspares];
		ipc_begin(&put, IPC_BECOME);
		ipc_put_bytes(&put, owner, sizeof(*owner));
		ret = ipc_send(spare.channel, &put, &control, 1);
		close(spare.channel);
	} while (ret == -1 && (errno == EPIPE || errno == ECONNRESET) &&
		 n->channel != -1);
	if (ret == 0)
		born(n, spare.serial, owner);
	return ret;
}

/*
 * A client has one session at a time, and another may still be at its end; some
 * linger in each worker. One that was taken over need not stop there: a ticket
 * is good as long as its client counts.
 */
static bool
is_crowded(struct nursery *n, const struct owner *owner)
{
	uint64_t most = n->boot->set.maxperuser * UINT64_C(2) + NURSERY_MORE;
	struct crew key;
	const struct crew *c;

	ticket_owner_account(owner, key.account);
	c = RB_FIND(crew_tree, &n->crews, &key);
	return c != NULL && c->n >= most;
}

/* Without memory it would count for nobody, nor its crash: that is all. */
static void
born(struct nursery *n, uint64_t serial, const struct owner *owner)
{
	size_t size = strlen(owner->user) + 1;
	struct living *l = calloc(1, sizeof(*l) + size);

	if (l == NULL)
		return;
	if ((l->crew = crew_of(n, owner)) == NULL) {
		free(l);
		return;
	}
	l->crew->n++;
	l->serial = serial;
	(void)log_text(l->user, size, owner->user);
	RB_INSERT(living_tree, &n->living, l);
}

/* Made if need be; NULL: no memory. */
static struct crew *
crew_of(struct nursery *n, const struct owner *owner)
{
	struct crew *c = calloc(1, sizeof(*c)), *other;

	if (c == NULL)
		return NULL;
	ticket_owner_account(owner, c->account);
	if ((other = RB_INSERT(crew_tree, &n->crews, c)) == NULL)
		return c;
	free(c);
	return other;
}

static void
bury(struct nursery *n, struct living *l)
{
	RB_REMOVE(living_tree, &n->living, l);
	if (--l->crew->n == 0) {
		RB_REMOVE(crew_tree, &n->crews, l->crew);
		free(l->crew);
	}
	free(l);
}

bool
nursery_held(const struct owner *owner, uint64_t now)
{
	uint8_t account[HOLDOFF_ID];

	ticket_owner_account(owner, account);
	return holdoff_left(account, now) > 0;
}
