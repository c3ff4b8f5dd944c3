/*
 * The PAM process: a warmed parent that takes questions from auth, forks one
 * child for each, and hands on what the child answered. It calls no module
 * itself. A child that dies, hangs or garbles its answer makes that one login
 * unavailable.
 */
#include "auth/auth.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "auth/child.h"
#include "auth/pam.h"
#include "auth/pool.h"
#include "shm/limits.h"
#include "shm/log.h"

#define ANSWER_MS 1000 /* auth never blocks: it takes an answer at once */

struct pamd {
	struct child child;
	int auth; /* channel, -1: none yet */
	struct pool pool;
};

struct work { /* what a child needs */
	const struct settings *set;
	const struct pam_question *question;
};

static void serve(struct pamd *);
static int from_master(struct pamd *);
static void take_auth(struct pamd *, struct ipc_msg *);
static void drop_auth(struct pamd *, const char *);
static void from_auth(struct pamd *);
static int read_question(const struct ipc_msg *, struct pam_question *);
static bool is_text(const char *, size_t);
static void ask(struct pamd *, const struct pam_question *);
static int ask_in_child(const void *, void *);
static void collect(struct pamd *);
static void answer(struct pamd *, const struct pam_answer *);

int
pam_main(struct boot *boot)
{
	static struct pamd d;

	if (child_begin(&d.child, boot) == -1)
		return 1;
	d.auth = -1;
	pool_init(&d.pool, sizeof(struct pam_answer), PAM_MS);
	pam_warm(&boot->set);
	serve(&d);
	pool_stop(&d.pool);
	return 0;
}

static void
serve(struct pamd *d)
{
	struct pollfd p[2 + POOL_MAX];
	uint64_t until, now;
	size_t n;

	for (;;) {
		now = child_now();
		if (d->child.stopping &&
		    (d->pool.running == 0 || now >= d->child.stop_at))
			return;
		until = pool_deadline(&d->pool);
		if (d->child.stopping && d->child.stop_at < until)
			until = d->child.stop_at;
		p[0] = (struct pollfd){.fd = BOOT_FD_PARENT, .events = POLLIN};
		p[1] = (struct pollfd){.fd = d->auth, .events = POLLIN};
		n = 2 + pool_poll(&d->pool, p + 2);
		if (poll(p, (nfds_t)n, child_timeout(until, now)) == -1 &&
		    errno != EINTR)
			return;
		if (from_master(d) == -1)
			return;
		from_auth(d);
		collect(d);
	}
}

/* -1 when the master has gone. */
static int
from_master(struct pamd *d)
{
	struct ipc_msg msg = {.nfds = 0};
	int r;

	while (
	    (r = ipc_recv(BOOT_FD_PARENT, BOOT_PAM, BOOT_MASTER, &msg)) == 1) {
		if (msg.type == IPC_PEER)
			take_auth(d, &msg);
		else if (child_message(&d->child, &msg) == -1)
			log_line(LOG_LEVEL_ERR, "%s from the master is broken",
			    ipc_name(msg.type));
	}
	ipc_drop(&msg);
	return r == 0 || errno != EAGAIN ? -1 : 0;
}

static void
take_auth(struct pamd *d, struct ipc_msg *msg)
{
	struct child_peer peer;

	if (child_peer(msg, &peer) == -1)
		return;
	if (peer.role != BOOT_AUTH) {
		(void)close(peer.fd);
		return;
	}
	drop_auth(d, NULL);
	d->auth = peer.fd;
}

/* Nobody waits any more for what its children would say. */
static void
drop_auth(struct pamd *d, const char *why)
{
	if (d->auth == -1)
		return;
	if (why != NULL)
		log_line(LOG_LEVEL_ERR, "auth dropped: %s", why);
	(void)close(d->auth);
	d->auth = -1;
	pool_stop(&d->pool);
}

static void
from_auth(struct pamd *d)
{
	struct ipc_msg msg = {.nfds = 0};
	struct pam_question q;
	int r = 1;

	while (d->auth != -1 && r == 1) {
		r = ipc_recv(d->auth, BOOT_PAM, BOOT_AUTH, &msg);
		if (r == 0)
			drop_auth(d, NULL);
		else if (r == -1 && errno != EAGAIN)
			drop_auth(d, strerror(errno));
		if (r != 1)
			break;
		if (read_question(&msg, &q) == 0)
			ask(d, &q);
		else
			drop_auth(d, "malformed question");
		explicit_bzero(&q, sizeof(q));
		ipc_wipe();
	}
	ipc_drop(&msg);
}

static int
read_question(const struct ipc_msg *msg, struct pam_question *q)
{
	struct ipc_get g;
	const uint8_t *bytes;
	size_t n;

	if (msg->type != IPC_QUESTION)
		return -1;
	ipc_open(&g, msg);
	bytes = ipc_get_bytes(&g, &n, sizeof(*q));
	if (ipc_done(&g) == -1 || bytes == NULL || n != sizeof(*q))
		return -1;
	memcpy(q, bytes, sizeof(*q));
	if (q->kind > PAM_ACCOUNT || !is_text(q->user, sizeof(q->user)) ||
	    !is_text(q->password, sizeof(q->password)) ||
	    !is_text(q->rhost, sizeof(q->rhost)) ||
	    !is_text(q->service, sizeof(q->service)))
		return -1;
	return sasl_is_name(q->user) ? 0 : -1;
}

static bool
is_text(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static void
ask(struct pamd *d, const struct pam_question *q)
{
	struct work work = {&d->child.boot->set, q};
	struct pam_answer none;

	if (pool_start(&d->pool, q->id, ask_in_child, &work, child_now()) == 0)
		return;
	log_line(LOG_LEVEL_ERR, "cannot ask: %s", strerror(errno));
	memset(&none, 0, sizeof(none));
	none.id = q->id;
	none.verdict = PAM_IS_UNAVAILABLE;
	answer(d, &none);
}

static int
ask_in_child(const void *question, void *record)
{
	const struct work *work = question;

	pam_ask(work->set, work->question, record);
	return 0;
}

static void
collect(struct pamd *d)
{
	struct pam_answer a;
	enum pool_end end;
	uint64_t id;

	while ((end = pool_take(&d->pool, child_now(), &id, &a)) != POOL_NONE) {
		if (end == POOL_FAILED || a.id != id ||
		    a.verdict >= PAM_VERDICTS) {
			log_line(LOG_LEVEL_ERR,
			    "a child died, hung or garbled its answer");
			memset(&a, 0, sizeof(a));
			a.id = id;
			a.verdict = PAM_IS_UNAVAILABLE;
		}
		answer(d, &a);
	}
}

static void
answer(struct pamd *d, const struct pam_answer *a)
{
	struct ipc_put m;

	if (d->auth == -1)
		return;
	ipc_begin(&m, IPC_ANSWER);
	ipc_put_bytes(&m, a, sizeof(*a));
	if (ipc_send_wait(d->auth, &m, NULL, 0, ANSWER_MS) == -1)
		drop_auth(d, strerror(errno));
}
