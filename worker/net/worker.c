/*
 * The loop of a worker: epoll over clients, relays, sessions, peers and its
 * bell. What a handler closes is freed only when the tick is over, since later
 * events of the same tick may still point at it. Deadlines are looked at twice
 * a second.
 */
#include "worker/net/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shm/capability.h"
#include "shm/log.h"
#include "worker/net/client.h"
#include "worker/net/deflate.h"
#include "worker/net/lease.h"
#include "worker/net/move.h"
#include "worker/net/net.h"
#include "worker/net/notice.h"
#include "worker/net/park.h"
#include "worker/net/relay.h"
#include "worker/net/roster.h"
#include "worker/net/tls.h"
#include "worker/net/wake.h"

#define EVENTS   64
#define SWEEP_MS 500

static void peer_init(struct peer *, enum boot_role);
static int bell_init(struct worker *);
static uint64_t clock_ms(void);
static int patience(const struct worker *, int);
static int sooner(int, int);
static void dispatch(struct worker *, struct source *, uint32_t);
static void turns(struct worker *);
static void sweep(struct worker *);
static void bury_all(struct worker *);
static void free_source(struct source *);

struct worker *
worker_new(const struct boot *boot, int parent, int boardfd, const int *bells)
{
	struct worker *w = calloc(1, sizeof(*w));

	if (w == NULL) {
		(void)close(parent);
		return NULL;
	}
	w->boot = *boot;
	w->bells = bells;
	w->bell.fd = -1;
	RB_INIT(&w->clients);
	RB_INIT(&w->accounts);
	RB_INIT(&w->resting);
	TAILQ_INIT(&w->hungry);
	TAILQ_INIT(&w->held);
	TAILQ_INIT(&w->slow);
	RB_INIT(&w->folders);
	TAILQ_INIT(&w->early);
	TAILQ_INIT(&w->again);
	TAILQ_INIT(&w->leases);
	SLIST_INIT(&w->grave);
	peer_init(&w->master, BOOT_MASTER);
	peer_init(&w->auth, BOOT_AUTH);
	peer_init(&w->spawner, BOOT_SPAWNER);
	peer_init(&w->watch, BOOT_WATCH);
	w->now = w->swept = clock_ms();
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	w->board = board_map(boardfd, boot->board_key);
	if (w->epoll == -1 || w->board == NULL) {
		(void)close(parent);
		worker_free(w);
		return NULL;
	}
	if (peer_open(w, &w->master, parent) == -1 || bell_init(w) == -1) {
		worker_free(w);
		return NULL;
	}
	worker_settle(w, &boot->set);
	return w;
}

static void
peer_init(struct peer *p, enum boot_role role)
{
	p->src.kind = SOURCE_PEER;
	p->src.fd = -1;
	p->role = role;
}

static int
bell_init(struct worker *w)
{
	int fd = w->bells[w->boot.number], flags = fcntl(fd, F_GETFL);

	/* board_take reads it to see that nothing is there. */
	if (flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
		return -1;
	board_begin(w->board, w->boot.number);
	w->bell.kind = SOURCE_BELL;
	w->bell.fd = fd;
	return loop_want(w, &w->bell, EPOLLIN);
}

void
worker_settle(struct worker *w, const struct settings *set)
{
	enum capability_stage stage;

	if (set != &w->boot.set)
		w->boot.set = *set;
	w->starttls = w->boot.set.starttls;
	if (w->tls == NULL)
		w->boot.set.starttls = 0;
	for (int tls = 0; tls < 2; tls++)
		for (int cert = 0; cert < 2; cert++) {
			stage = tls ? CAPABILITY_LOGIN_TLS : CAPABILITY_LOGIN;
			capability_print(&w->boot.set, stage, cert != 0,
			    w->caps[tls][cert], NET_CAPS);
		}
}

bool
worker_tick(struct worker *w, int ms)
{
	struct epoll_event events[EVENTS];
	int n;

	n = epoll_wait(w->epoll, events, EVENTS, patience(w, ms));
	w->now = clock_ms();
	for (int i = 0; i < n; i++)
		dispatch(w, events[i].data.ptr, events[i].events);
	turns(w);
	park_tick(w);
	wake_tick(w);
	move_tick(w);
	if (w->now - w->swept >= SWEEP_MS)
		sweep(w);
	if (w->state == WORKER_STOPPING &&
	    (RB_EMPTY(&w->clients) || w->now >= w->stop_by))
		worker_stop(w, true, 0);
	bury_all(w);
	return w->state != WORKER_DONE;
}

/* Nobody with a deadline, nobody with a turn: sleep until something happens. */
static int
patience(const struct worker *w, int ms)
{
	if (!TAILQ_EMPTY(&w->again))
		return 0;
	ms = sooner(sooner(ms, wake_patience(w)), park_patience(w));
	ms = sooner(ms, move_patience(w));
	if ((!TAILQ_EMPTY(&w->early) || w->state == WORKER_STOPPING) &&
	    (ms < 0 || ms > SWEEP_MS))
		return SWEEP_MS;
	return ms;
}

/* -1: never. */
static int
sooner(int a, int b)
{
	return b >= 0 && (a < 0 || b < a) ? b : a;
}

static void
dispatch(struct worker *w, struct source *s, uint32_t events)
{
	if (s->fd == -1)
		return;
	switch (s->kind) {
	case SOURCE_PEER:
		peer_ready(w, (struct peer *)(void *)s, events);
		break;
	case SOURCE_CLIENT:
		client_ready(w, (struct client *)(void *)s, events);
		break;
	case SOURCE_RELAY:
		relay_ready(w, (struct relay *)(void *)s, events);
		break;
	case SOURCE_LEASE:
		lease_ready(w, (struct lease *)(void *)s, events);
		break;
	case SOURCE_BELL:
		notice_bell(w);
		break;
	}
}

/* One turn each for those who have input that epoll knows nothing of. */
static void
turns(struct worker *w)
{
	struct client_list list = TAILQ_HEAD_INITIALIZER(list);
	struct client *c;

	TAILQ_CONCAT(&list, &w->again, again);
	while ((c = TAILQ_FIRST(&list)) != NULL) {
		TAILQ_REMOVE(&list, c, again);
		c->is_again = false;
		client_ready(w, c, EPOLLIN);
	}
}

static void
sweep(struct worker *w)
{
	struct client *c, *next;

	w->swept = w->now;
	TAILQ_FOREACH_SAFE (c, &w->early, early, next)
		if (w->now >= c->deadline)
			client_late(w, c);
}

void
worker_stop(struct worker *w, bool fast, uint32_t seconds)
{
	struct client *c, *next;
	struct lease *k, *after;

	if (w->state == WORKER_DONE || (w->state != WORKER_RUNNING && !fast))
		return;
	w->state = WORKER_STOPPING;
	w->stop_by = w->now + seconds * UINT64_C(1000);
	RB_FOREACH_SAFE (c, client_tree, &w->clients, next)
		client_stop(w, c, fast);
	TAILQ_FOREACH_SAFE (k, &w->leases, all, after)
		if (k->state == LEASE_LINGERING)
			lease_close(w, k);
	if (fast)
		w->state = WORKER_DONE;
}

int
loop_want(struct worker *w, struct source *s, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = s};
	int op = EPOLL_CTL_MOD;

	if (s->fd == -1 || s->events == events)
		return 0;
	if (s->events == 0)
		op = EPOLL_CTL_ADD;
	else if (events == 0)
		op = EPOLL_CTL_DEL;
	s->events = events;
	return epoll_ctl(w->epoll, op, s->fd, &ev);
}

void
loop_bury(struct worker *w, struct source *s)
{
	if (s->fd != -1) {
		/* A session may hold the same socket: closing is not enough. */
		(void)loop_want(w, s, 0);
		(void)close(s->fd);
		s->fd = -1;
	}
	SLIST_INSERT_HEAD(&w->grave, s, grave);
}

static void
bury_all(struct worker *w)
{
	struct source *s;

	while ((s = SLIST_FIRST(&w->grave)) != NULL) {
		SLIST_REMOVE_HEAD(&w->grave, grave);
		free_source(s);
	}
}

static void
free_source(struct source *s)
{
	switch (s->kind) {
	case SOURCE_CLIENT:
		client_free((struct client *)(void *)s);
		break;
	case SOURCE_RELAY:
		relay_free((struct relay *)(void *)s);
		break;
	case SOURCE_LEASE:
		lease_free((struct lease *)(void *)s);
		break;
	case SOURCE_PEER:
	case SOURCE_BELL:
		break;
	}
}

static uint64_t
clock_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void
worker_free(struct worker *w)
{
	struct client *c;
	struct lease *k;

	if (w == NULL)
		return;
	while ((c = RB_MIN(client_tree, &w->clients)) != NULL)
		client_end(w, c);
	while ((k = TAILQ_FIRST(&w->leases)) != NULL)
		lease_close(w, k);
	bury_all(w);
	peer_done(&w->master);
	peer_done(&w->auth);
	peer_done(&w->spawner);
	peer_done(&w->watch);
	tls_forget(w->tls);
	deflate_packer_free(w->packer);
	board_unmap(w->board);
	roster_close(w);
	if (w->epoll != -1)
		(void)close(w->epoll);
	free(w);
}
