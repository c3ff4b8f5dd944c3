/*
 * Folders that sessions of this worker idle on, in one tree ordered by slot.
 * The order is law: enter the mask, then read the counter, then GO; the session
 * looks once more after GO. A post that came before the mask was entered is in
 * that look, one that came after it makes the slot dirty and rings our bell.
 * Accounts share no record: whether descriptors are the folder's that a session
 * names only watch can see, and what one account's session makes up is not to
 * be another's loss.
 */
#include "worker/net/notice.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shm/log.h"
#include "worker/net/park.h"
#include "worker/net/roster.h"
#include "worker/net/wake.h"

#define TAKE 256u /* dirty slots at a time; board_take wants 64 at least */

static bool may_post(const struct worker *, struct lease *, uint32_t);
static int read_folder(struct ipc_msg *, uint64_t *, uint64_t *, uint64_t *);
static struct folder *folder_get(
    struct worker *, const struct account *, uint64_t, uint64_t);
static void folder_take(struct worker *, struct folder *, struct ipc_msg *);
static void folder_drop(struct worker *, struct folder *);
static bool is_wanted(const struct folder *);
static bool slot_used(struct worker *, uint32_t);
static struct folder *first_of(struct worker *, uint32_t);
static int go(struct worker *, struct lease *);
static void stir(struct worker *, uint32_t);
static void stir_folder(struct worker *, struct folder *, uint64_t);

RB_GENERATE(folder_tree, folder, byslot, folder_compare)

int
folder_compare(const struct folder *a, const struct folder *b)
{
	if (a->slot != b->slot)
		return a->slot < b->slot ? -1 : 1;
	if (a->dev != b->dev)
		return a->dev < b->dev ? -1 : 1;
	if (a->ino != b->ino)
		return a->ino < b->ino ? -1 : 1;
	return memcmp(a->account, b->account, sizeof(a->account));
}

int
notice_post(struct worker *w, struct lease *k, struct ipc_msg *msg)
{
	uint64_t dev, ino, stamp;
	uint32_t slot;

	if (read_folder(msg, &dev, &ino, &stamp) == -1)
		return -1;
	slot = board_slot(w->board, dev, ino);
	if (!may_post(w, k, slot))
		return 0;
	roster_count(w, CONNTAB_POSTS, 1);
	board_post(w->board, slot, stamp, w->bells);
	return 0;
}

/*
 * A session posts what it changes: few folders, again and again. One that was
 * taken over could post them all, and whoever is parked on any is given a
 * session to look. What is not posted here watch sees itself.
 */
static bool
may_post(const struct worker *w, struct lease *k, uint32_t slot)
{
	for (unsigned i = 0; i < LEASE_POSTS; i++)
		if (k->posted[i] == slot + 1)
			return true;
	if (k->posts < w->now)
		k->posts = w->now;
	if (k->posts - w->now > (NOTICE_BURST - 1) * NOTICE_STEP)
		return false;
	k->posts += NOTICE_STEP;
	k->posted[k->nposted++ % LEASE_POSTS] = slot + 1;
	return true;
}

int
notice_watch(struct worker *w, struct lease *k, struct ipc_msg *msg)
{
	uint64_t dev, ino, stamp;
	struct folder *f;

	if (read_folder(msg, &dev, &ino, &stamp) == -1 ||
	    k->state != LEASE_SERVING)
		return -1;
	notice_leave(w, k);
	f = folder_get(w, k->account, dev, ino);
	if (f == NULL)
		return -1;
	k->folder = f;
	TAILQ_INSERT_TAIL(&f->watching, k, watching);
	if (f->nfds == 0 || msg->nfds > f->nfds) {
		f->stamp = stamp;
		folder_take(w, f, msg);
	}
	return go(w, k);
}

int
notice_unwatch(struct worker *w, struct lease *k, struct ipc_msg *msg)
{
	struct ipc_get g;

	ipc_open(&g, msg);
	(void)ipc_get_u64(&g);
	(void)ipc_get_u64(&g);
	if (ipc_done(&g) == -1)
		return -1;
	notice_leave(w, k);
	return 0;
}

void
notice_leave(struct worker *w, struct lease *k)
{
	struct folder *f = k->folder;

	if (f == NULL)
		return;
	k->folder = NULL;
	k->owes = false;
	TAILQ_REMOVE(&f->watching, k, watching);
	if (!is_wanted(f))
		folder_drop(w, f);
}

void
notice_join(struct folder *f, struct parked *p)
{
	p->folder = f;
	TAILQ_INSERT_TAIL(&f->parked, p, infolder);
}

void
notice_part(struct worker *w, struct parked *p)
{
	struct folder *f = p->folder;

	if (f == NULL)
		return;
	p->folder = NULL;
	TAILQ_REMOVE(&f->parked, p, infolder);
	if (!is_wanted(f))
		folder_drop(w, f);
}

struct folder *
notice_follow(struct worker *w, const struct account *a, const uint64_t id[2],
    uint64_t stamp, struct ipc_msg *msg)
{
	struct folder *f = folder_get(w, a, id[0], id[1]);

	if (f == NULL)
		return NULL;
	f->followers++;
	if (f->nfds == 0 || msg->nfds > f->nfds) {
		f->stamp = stamp;
		folder_take(w, f, msg);
	}
	return f;
}

void
notice_unfollow(struct worker *w, struct folder *f)
{
	f->followers--;
	if (!is_wanted(f))
		folder_drop(w, f);
}

static bool
is_wanted(const struct folder *f)
{
	return !TAILQ_EMPTY(&f->watching) || !TAILQ_EMPTY(&f->parked) ||
	       f->followers > 0;
}

static int
read_folder(struct ipc_msg *msg, uint64_t *dev, uint64_t *ino, uint64_t *stamp)
{
	struct ipc_get g;

	ipc_open(&g, msg);
	*dev = ipc_get_u64(&g);
	*ino = ipc_get_u64(&g);
	*stamp = ipc_get_u64(&g);
	return ipc_done(&g);
}

/* The folder, entered on the board; NULL: out of memory. */
static struct folder *
folder_get(
    struct worker *w, const struct account *a, uint64_t dev, uint64_t ino)
{
	struct folder key = {.dev = dev, .ino = ino}, *f;

	key.slot = board_slot(w->board, dev, ino);
	memcpy(key.account, a->id, sizeof(key.account));
	if ((f = RB_FIND(folder_tree, &w->folders, &key)) != NULL)
		return f;
	if ((f = calloc(1, sizeof(*f))) == NULL)
		return NULL;
	f->slot = key.slot;
	f->dev = dev;
	f->ino = ino;
	memcpy(f->account, a->id, sizeof(f->account));
	f->number = ++w->watches;
	TAILQ_INIT(&f->watching);
	TAILQ_INIT(&f->parked);
	if (!slot_used(w, f->slot))
		board_enter(w->board, f->slot, w->boot.number);
	(void)RB_INSERT(folder_tree, &w->folders, f);
	return f;
}

static void
folder_take(struct worker *w, struct folder *f, struct ipc_msg *msg)
{
	/* A keywords folder was made: watch must let go of the old ones. */
	for (; f->sent > 0; f->sent--)
		peer_owe(w, &w->watch, IPC_UNWATCH, f->number, 0);
	for (int i = 0; i < f->nfds; i++)
		(void)close(f->fds[i]);
	f->nfds = msg->nfds;
	for (int i = 0; i < f->nfds; i++)
		f->fds[i] = ipc_take_fd(msg, i);
	peer_owe(w, &w->watch, IPC_WATCH, f->number, f->slot);
}

/* Its last client here has left. */
static void
folder_drop(struct worker *w, struct folder *f)
{
	(void)RB_REMOVE(folder_tree, &w->folders, f);
	if (!slot_used(w, f->slot))
		board_leave(w->board, f->slot, w->boot.number);
	for (; f->sent > 0; f->sent--)
		peer_owe(w, &w->watch, IPC_UNWATCH, f->number, 0);
	for (int i = 0; i < f->nfds; i++)
		(void)close(f->fds[i]);
	free(f);
}

static bool
slot_used(struct worker *w, uint32_t slot)
{
	struct folder *f = first_of(w, slot);

	return f != NULL && f->slot == slot;
}

static struct folder *
first_of(struct worker *w, uint32_t slot)
{
	struct folder key = {.slot = slot};

	return RB_NFIND(folder_tree, &w->folders, &key);
}

/* In the mask: remember where the counter stood, and let the session look. */
static int
go(struct worker *w, struct lease *k)
{
	struct ipc_put put;

	k->told = board_counter(w->board, k->folder->slot);
	k->changes = 0;
	ipc_begin(&put, IPC_GO);
	ipc_put_u64(&put, k->folder->dev);
	ipc_put_u64(&put, k->folder->ino);
	return ipc_send(k->src.fd, &put, NULL, 0);
}

void
notice_bell(struct worker *w)
{
	uint32_t slots[TAKE];
	size_t n;

	do {
		n = board_take(w->board, w->boot.number,
		    w->bells[w->boot.number], slots, TAKE);
		for (size_t i = 0; i < n; i++)
			stir(w, slots[i]);
	} while (n > 0);
}

/* A session that has looked since the counter stood here need not again. */
static void
stir(struct worker *w, uint32_t slot)
{
	uint64_t now = board_counter(w->board, slot);
	struct folder *f, *next;

	for (f = first_of(w, slot); f != NULL && f->slot == slot; f = next) {
		next = RB_NEXT(folder_tree, &w->folders, f);
		stir_folder(w, f, now);
	}
}

static void
stir_folder(struct worker *w, struct folder *f, uint64_t now)
{
	struct parked *p, *next;
	struct lease *k;

	TAILQ_FOREACH (k, &f->watching, watching) {
		if (k->told == now)
			continue;
		k->told = now;
		lease_changed(w, k);
	}
	/* One that ends meanwhile takes only itself out of the list. */
	TAILQ_FOREACH_SAFE (p, &f->parked, infolder, next)
		if (p->told != now)
			park_stirred(w, p);
}

void
notice_again(struct worker *w)
{
	struct folder *f;

	RB_FOREACH (f, folder_tree, &w->folders) {
		f->sent = 0;
		peer_owe(w, &w->watch, IPC_WATCH, f->number, f->slot);
	}
}

int
notice_tell(struct worker *w, uint64_t number, uint64_t slot)
{
	struct folder *f = first_of(w, (uint32_t)slot);
	struct ipc_put put;

	while (f != NULL && f->slot == slot && f->number != number)
		f = RB_NEXT(folder_tree, &w->folders, f);
	if (f == NULL || f->number != number || f->nfds == 0)
		return 0;
	ipc_begin(&put, IPC_WATCH);
	ipc_put_u64(&put, f->dev);
	ipc_put_u64(&put, f->ino);
	/* Old to a new watch process: it posts, and what it missed is seen. */
	ipc_put_u64(&put, f->stamp);
	ipc_put_u64(&put, f->number);
	if (ipc_send(w->watch.src.fd, &put, f->fds, f->nfds) == -1)
		return -1;
	f->sent++;
	return 0;
}
